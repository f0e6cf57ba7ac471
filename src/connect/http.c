/* SPDX-License-Identifier: ISC
 * http.c - client of an HTTP proxy: CONNECT (RFC 9110 section 9.3.6, RFC 9112), Basic (RFC 7617) after a challenge by
 * 407, or by 401 as old proxies do.
 * One thing to know: credentials are never sent before they were asked for, and the answer to a challenge goes over
 * the same connection if the proxy keeps it and the rest of its response can be skipped, else over a new one. */
#include "client.h"

#include "base64.h"
#include "http_body.h"
#include "http_head.h"
#include "http_note.h"

#define INTERIM_MAX 16 /* 1xx responses before the final one */
#define USER_AGENT "connect"

static client_state send_request, await_status, await_head, await_body, answer_challenge;

void
http_start(struct client *c)
{
	c->u.http.authorize = c->u.http.kept = false;
	c->u.http.interim = 0;
	client_begin(c, send_request, "HTTP response", NULL);
}

static void
put_port(struct obuf *out, unsigned port)
{
	char d[5];
	size_t n = sizeof d;

	do {
		d[--n] = (char)('0' + port % 10);
		port /= 10;
	} while (port != 0);
	ob_put(out, d + n, sizeof d - n);
}

/* authority-form = host ":" port, RFC 9112 section 3.2.3; an IPv6 address stands in brackets, RFC 3986 section 3.2.2 */
static void
put_authority(struct obuf *out, const struct dst *d)
{
	if (d->kind == DST_IP6)
		ob_u8(out, '[');
	ob_str(out, d->host);
	if (d->kind == DST_IP6)
		ob_u8(out, ']');
	ob_u8(out, ':');
	put_port(out, d->port);
}

/* A word of the request: no control characters and no blanks, which would end the line or the word. */
static bool
is_word(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return false;
	return true;
}

/*  CONNECT host:port HTTP/1.1            RFC 9112 section 3
 *  Host: host:port                       RFC 9112 section 3.2
 *  User-Agent: connect                   RFC 9110 section 10.1.5
 *  Proxy-Authorization: Basic dTpw       RFC 9110 section 11.7.2, RFC 7617 section 2
 *  (empty line) */
static int
send_request(struct client *c, struct span *in, bool eof, struct obuf *out)
{
	size_t from = out->n;

	(void)in;
	(void)eof;
	note(c, "begin_http_relay()");
	if (!is_word(c->dst.host) || c->dst.host[0] == '\0')
		return client_fail(c, FAIL_INPUT, -1, "a host name cannot have blanks or control characters");
	ob_str(out, "CONNECT ");
	put_authority(out, &c->dst);
	if (c->u.http.http10) {
		ob_str(out, " HTTP/1.0\r\n");
	} else {
		ob_str(out, " HTTP/1.1\r\nHost: ");
		put_authority(out, &c->dst);
		ob_str(out, "\r\nUser-Agent: " USER_AGENT "\r\n");
	}
	if (c->u.http.authorize) {
		ob_str(out, "Proxy-Authorization: Basic ");
		base64_pair(out, span_str(c->user), span_str(c->pass));
		ob_str(out, "\r\n");
	}
	ob_str(out, "\r\n");
	if (!out->over)
		http_note_request(c, span_of(out->p + from, out->n - from));
	return client_enter(c, await_status, "HTTP status line");
}

static int
refuse(struct client *c, struct span reason, const char *text)
{
	client_detail(c, "HTTP status", c->u.http.status, reason);
	return client_fail(c, FAIL_REFUSED, c->u.http.status, text);
}

/* The kept connection was closed by the proxy in the meantime: that is its right (RFC 9112 section 9.3.1). */
static int
redial(struct client *c)
{
	c->u.http.kept = false;
	client_enter(c, send_request, "HTTP response");
	return PEER_REDIAL;
}

static int
await_status(struct client *c, struct span *in, bool eof, struct obuf *out)
{
	size_t n = head_line(*in);
	struct span reason, line;
	int minor;

	(void)out;
	if (eof && in->n == 0 && c->u.http.kept)
		return redial(c);
	if (n == 0 && status_possible(*in))
		return PEER_MORE;
	if (n == 0)
		n = in->n;
	c->u.http.status = status_parse(span_of(in->p, n), &minor, &reason);
	if (c->u.http.status < 100 &&
		c->u.http.kept) /* what follows a body is no response: give the connection up */
		return redial(c);
	if (c->u.http.status < 100) {
		note_quoted(c, "<<<", span_of(in->p, n));
		line = client_hide(c, span_of(in->p, n));
		client_detail(c, "got", -1, head_trim(span_of(line.p, line.n < 80 ? line.n : 80)));
		return client_fail(c, FAIL_PROTOCOL, -1, "this is not an HTTP/1 status line");
	}
	if (c->u.http.status == 408 && c->u.http.kept) /* it was tired of waiting: RFC 9110 section 15.5.9 */
		return redial(c);
	if (c->u.http.status >= 400 && c->u.http.status != 401 && c->u.http.status != 407) {
		note_quoted(c, "<<<", span_of(in->p, n));
		note(c, "http proxy is not allowed.");
		return refuse(c, reason, "the tunnel was not opened");
	}
	return client_enter(c, await_head, "rest of the HTTP response's header");
}

/* RFC 9112 section 9.3: does the connection persist after this response? */
static bool
persists(struct span head, int minor)
{
	if (field_has(head, "Connection", "close") || field_has(head, "Proxy-Connection", "close"))
		return false;
	if (minor >= 1)
		return true;
	return field_has(head, "Connection", "keep-alive") ||
	       field_has(head, "Proxy-Connection", "keep-alive");
}

/* RFC 9110 sections 11.6.1, 11.7.1 */
static const char *
challenge_field(const struct client *c)
{
	return c->u.http.status == 401 ? "WWW-Authenticate" : "Proxy-Authenticate";
}

static int
challenged(struct client *c, struct span head, struct span reason, int minor)
{
	const char *field = challenge_field(c);
	char names[120];
	struct obuf schemes = ob_over(names, sizeof names);

	if (c->u.http.authorize) {
		client_detail(c, "HTTP status", c->u.http.status, reason);
		return client_fail(c, FAIL_AUTH, c->u.http.status, "authentication failed");
	}
	if (!challenge_basic(head, field, &schemes)) {
		http_note_missing(c, field);
		client_detail(c, schemes.n > 0 ? "it offers" : field, -1,
			schemes.n > 0 ? span_of(names, schemes.n) : span_str("is missing"));
		return client_fail(c, FAIL_AUTH, c->u.http.status,
			"it wants authentication, and Basic is not among what it offers");
	}
	c->u.http.authorize = true;
	c->u.http.kept = persists(head, minor) && http_body_framing(c, head, minor);
	return client_enter(
		c, c->u.http.kept ? await_body : answer_challenge, "rest of the HTTP response's body");
}

static int
head_done(struct client *c, struct span head, struct span reason, int minor)
{
	unsigned count;

	switch (c->u.http.status / 100) {
	case 1:
		if (++c->u.http.interim > INTERIM_MAX)
			return client_fail(c, FAIL_PROTOCOL, -1, "too many interim (1xx) responses");
		return client_enter(c, await_status, "HTTP status line");
	case 2:
		return PEER_OPEN;
	case 3: {
		struct span to = client_hide(c, field_get(head, "Location", &count));

		client_detail(c, "HTTP status", c->u.http.status, count > 0 ? span_str("Location:") : reason);
		if (count > 0) {
			struct obuf o = ob_over(c->detail, sizeof c->detail - 1);

			o.n = strlen(c->detail);
			ob_u8(&o, ' ');
			ob_put(&o, to.p, to.n < o.cap - o.n ? to.n : o.cap - o.n);
			c->detail[o.n] = '\0';
		}
		return client_fail(
			c, FAIL_REFUSED, c->u.http.status, "it redirects, which is never followed");
	}
	default:
		return challenged(c, head, reason, minor);
	}
}

static int
await_head(struct client *c, struct span *in, bool eof, struct obuf *out)
{
	size_t n = head_size(*in);
	struct span head = span_of(in->p, n), reason;
	int minor = 0;

	(void)eof;
	(void)out;
	if (n == 0)
		return PEER_MORE;
	status_parse(span_of(in->p, head_line(*in)), &minor, &reason);
	http_note_head(c, head, challenge_field(c));
	span_eat(in, n);
	return head_done(c, head, reason, minor);
}

static int
await_body(struct client *c, struct span *in, bool eof, struct obuf *out)
{
	enum body_state b = http_body_skip(c, in);

	(void)out;
	if (b == BODY_MORE && !eof)
		return PEER_MORE;
	c->u.http.kept = b == BODY_DONE;
	return client_enter(c, answer_challenge, "password");
}

/* RFC 7617 section 2: no control characters in either, and the first colon ends the user. */
static bool
has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return true;
	return false;
}

static int
answer_challenge(struct client *c, struct span *in, bool eof, struct obuf *out)
{
	(void)in;
	(void)eof;
	(void)out;
	if (c->pass == NULL)
		return PEER_ASK;
	if (!is_word(c->user) || has_control(c->pass))
		return client_fail(c, FAIL_INPUT, -1, "user and password cannot have control characters");
	if (strchr(c->user, ':') != NULL)
		return client_fail(c, FAIL_INPUT, -1, "a user name for Basic cannot have a colon");
	return c->u.http.kept ? client_enter(c, send_request, "HTTP response") : redial(c);
}
