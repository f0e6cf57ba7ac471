/* SPDX-License-Identifier: ISC
 * http_req.c - see http_req.h.
 * The one thing to know: what the standard lets a server repair (obs-fold, bare CR, blanks before the colon) is
 * refused with 400 here; a lone LF ends a line (RFC 9112 2.2 MAY). */
#include "http_req.h"

#include <arpa/inet.h>

static bool
bad(struct http_req *q, int status, const char *why)
{
	q->status = status;
	q->why = why;
	return false;
}

bool
http_line(struct span *in, struct span *line)
{
	const uint8_t *lf = in->n != 0 ? memchr(in->p, '\n', in->n) : NULL;

	if (lf == NULL)
		return false;
	*line = span_of(in->p, (size_t)(lf - in->p));
	span_eat(in, line->n + 1);
	if (line->n != 0 && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

/* RFC 9110 5.6.2 */
bool
http_tchar(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool
same_word(struct span a, const char *b)
{
	size_t i = 0;

	for (; i < a.n && b[i] != '\0'; i++)
		if (lower(a.p[i]) != lower((uint8_t)b[i]))
			return false;
	return i == a.n && b[i] == '\0';
}

/* The part of *line before the next SP, which is dropped; without an SP all of it. */
static struct span
word(struct span *line)
{
	const uint8_t *sp = line->n != 0 ? memchr(line->p, ' ', line->n) : NULL;
	struct span w = span_of(line->p, sp != NULL ? (size_t)(sp - line->p) : line->n);

	span_eat(line, w.n + (sp != NULL ? 1 : 0));
	return w;
}

/* method SP request-target SP HTTP-version (RFC 9112 3) */
bool
http_request_line(struct http_req *q, struct span line)
{
	struct span rest = line, version;

	q->method = word(&rest);
	q->target = word(&rest);
	version = rest;
	if (q->method.n == 0 || q->target.n == 0 || version.n == 0)
		return bad(q, 400, "the request-line is not method, target, version");
	for (size_t i = 0; i < q->method.n; i++)
		if (!http_tchar(q->method.p[i]))
			return bad(q, 400, "the method is not a token");
	for (size_t i = 0; i < q->target.n; i++)
		if (q->target.p[i] <= 0x20 || q->target.p[i] == 0x7f)
			return bad(q, 400, "the target has a control octet");
	/* HTTP-version = "HTTP/" DIGIT "." DIGIT, case-sensitive (RFC 9112 2.3) */
	if (version.n != 8 || memcmp(version.p, "HTTP/", 5) != 0 || version.p[6] != '.' ||
		version.p[5] < '0' || version.p[5] > '9' || version.p[7] < '0' || version.p[7] > '9')
		return bad(q, 400, "the version is not HTTP/DIGIT.DIGIT");
	if (version.p[5] != '1')
		return bad(q, 505, "only HTTP/1.x is spoken");
	q->minor = version.p[7] - '0';
	return true;
}

static void
connection_options(struct http_req *q, struct span v)
{
	while (v.n != 0) {
		const uint8_t *comma = memchr(v.p, ',', v.n);
		struct span item = span_of(v.p, comma != NULL ? (size_t)(comma - v.p) : v.n);

		span_eat(&v, item.n + (comma != NULL ? 1 : 0));
		while (item.n != 0 && (item.p[0] == ' ' || item.p[0] == '\t'))
			span_eat(&item, 1);
		while (item.n != 0 && (item.p[item.n - 1] == ' ' || item.p[item.n - 1] == '\t'))
			item.n--;
		q->close |= same_word(item, "close");
		q->keep_alive |= same_word(item, "keep-alive");
	}
}

static void
take_field(struct srv *s, struct http_req *q, struct span name, struct span value)
{
	if (same_word(name, "host") && (memcmp(name.p, "Host", 4) == 0 || !srv_bug(s, BUG_HTTP_FIELD_CASE))) {
		q->host = value;
		q->hosts++;
	} else if (same_word(name, "proxy-authorization")) {
		q->proxy_auth = value;
		q->proxy_auths++;
	} else if (same_word(name, "authorization")) {
		q->auth = value;
	} else if (same_word(name, "connection") || same_word(name, "proxy-connection")) {
		connection_options(q, value);
	} else if (same_word(name, "content-length") || same_word(name, "transfer-encoding")) {
		q->content = true;
	}
}

/* field-line = field-name ":" OWS field-value OWS (RFC 9112 5) */
static bool
one_field(struct srv *s, struct http_req *q, struct span line)
{
	struct span name, value;
	const uint8_t *colon = memchr(line.p, ':', line.n);

	if (line.p[0] == ' ' || line.p[0] == '\t')
		return bad(q, 400, "white space before a field line");
	if (colon == NULL || colon == line.p)
		return bad(q, 400, "a field line without a name and a colon");
	name = span_of(line.p, (size_t)(colon - line.p));
	value = span_of(colon + 1, line.n - name.n - 1);
	if (name.p[name.n - 1] == ' ' && srv_bug(s, BUG_HTTP_SPACE_COLON))
		while (name.n != 0 && name.p[name.n - 1] == ' ')
			name.n--;
	for (size_t i = 0; i < name.n; i++)
		if (!http_tchar(name.p[i]))
			return bad(q, 400, "a field name is not a token");
	while (value.n != 0 && (value.p[0] == ' ' || value.p[0] == '\t'))
		span_eat(&value, 1);
	while (value.n != 0 && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t'))
		value.n--;
	for (size_t i = 0; i < value.n; i++)
		if ((value.p[i] < 0x20 && value.p[i] != '\t') || value.p[i] == 0x7f)
			return bad(q, 400, "a field value has a control octet");
	take_field(s, q, name, value);
	return true;
}

bool
http_fields(struct srv *s, struct http_req *q, struct span lines)
{
	struct span line;

	while (http_line(&lines, &line))
		if (line.n != 0 && !one_field(s, q, line))
			return false;
	return true;
}

/* port = *DIGIT; here 1 to 65535.  0: it is none. */
static unsigned
port_of(struct srv *s, struct span text)
{
	unsigned long long v = 0;

	if (text.n == 0)
		return 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return 0;
		v = v * 10 + (unsigned)(text.p[i] - '0');
		if (v > 65535) {
			if (!srv_bug(s, BUG_HTTP_PORT_MODULO))
				return 0;
			v %= 65536;
		}
	}
	return (unsigned)v;
}

/* "[" IPv6 "]" or a name without ":"; what is left begins behind it. */
static bool
take_host(struct span *t, struct span *host, bool *literal)
{
	const uint8_t *end;

	*literal = t->n != 0 && t->p[0] == '[';
	if (*literal) {
		end = memchr(t->p, ']', t->n);
		if (end == NULL)
			return false;
		*host = span_of(t->p + 1, (size_t)(end - t->p) - 1);
		span_eat(t, host->n + 2);
		return true;
	}
	end = t->n != 0 ? memchr(t->p, ':', t->n) : NULL;
	*host = span_of(t->p, end != NULL ? (size_t)(end - t->p) : t->n);
	span_eat(t, host->n);
	return true;
}

static bool
is_ip6(struct span host)
{
	char text[64];
	uint8_t ip[16];

	if (host.n == 0 || host.n >= sizeof text)
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	return strlen(text) == host.n && inet_pton(AF_INET6, text, ip) == 1;
}

/* authority-form = uri-host ":" port (RFC 9112 3.2.3); userinfo is no part of it */
bool
http_authority(struct srv *s, struct http_req *q)
{
	struct span t = q->target, host;
	const uint8_t *at = memchr(t.p, '@', t.n);
	unsigned port;
	bool literal;

	if (at != NULL) {
		if (!srv_bug(s, BUG_HTTP_USERINFO))
			return bad(q, 400, "userinfo in the target");
		span_eat(&t, (size_t)(at - t.p) + 1);
	}
	if (!take_host(&t, &host, &literal) || host.n == 0)
		return bad(q, 400, "no host in the target");
	if (t.n == 0 && srv_bug(s, BUG_HTTP_PORT_DEFAULT))
		t = span_str(":80");
	if (t.n == 0 || t.p[0] != ':')
		return bad(q, 400, "no port in the target");
	span_eat(&t, 1);
	port = port_of(s, t);
	if (port == 0)
		return bad(q, 400, "the port is not a number from 1 to 65535");
	if (literal ? !is_ip6(host) : false)
		return bad(q, 400, "no IPv6 address between the brackets");
	if (!srv_dst_name(s, host, port))
		return bad(q, 400, "the target's host is no host");
	return true;
}

/* uri-host characters (RFC 3986 3.2.2): unreserved, sub-delims, and % for encoded octets */
bool
http_host_ok(struct span v)
{
	struct span host;
	bool literal;

	if (v.n == 0)
		return true;
	if (!take_host(&v, &host, &literal) || (literal && !is_ip6(host)))
		return false;
	for (size_t i = 0; i < host.n && !literal; i++)
		if (!http_tchar(host.p[i]) && strchr("(),;=", host.p[i]) == NULL)
			return false;
	if (v.n != 0 && v.p[0] != ':')
		return false;
	for (size_t i = 1; i < v.n; i++)
		if (v.p[i] < '0' || v.p[i] > '9')
			return false;
	return true;
}
