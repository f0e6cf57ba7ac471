/* SPDX-License-Identifier: ISC
 * http_resp.c - see http_resp.h.
 * The one thing to know: a 2xx to CONNECT has no Content-Length, no Transfer-Encoding and no body (RFC 9110 9.3.6);
 * every other answer has a body whose end can be told. */
#include "http_resp.h"

#include <stdio.h>

#define BODY_MAX 60000
#define HEAD_MAX \
	(64 * 1024) /* 40,000 of added fields (knobs.c), 32 challenges, a realm, a reason: all that can be asked for */

static uint8_t head_room[HEAD_MAX], body_room[BODY_MAX + 64];

const char *
http_reason(int status)
{
	static const struct {
		int status;
		const char *text;
	} t[] = {{100, "Continue"}, {102, "Processing"}, {103, "Early Hints"},
		{200, "Connection established"}, {204, "No Content"}, {301, "Moved Permanently"},
		{302, "Found"}, {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"},
		{404, "Not Found"}, {405, "Method Not Allowed"}, {407, "Proxy Authentication Required"},
		{408, "Request Timeout"}, {414, "URI Too Long"}, {429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
		{501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"},
		{504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"}};

	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
		if (t[i].status == status)
			return t[i].text;
	return status < 200 ? "Interim" : status < 300 ? "OK" : status < 400 ? "Elsewhere" : "Refused";
}

static void
line_end(struct srv *s, struct obuf *o)
{
	ob_str(o, srv_bug(s, BUG_HTTP_BARE_LF) ? "\n" : "\r\n");
}

static void
put_field(struct srv *s, struct obuf *o, const char *name, const char *value)
{
	ob_str(o, name);
	ob_str(o, ": ");
	ob_str(o, value);
	line_end(s, o);
}

/* status-line = HTTP-version SP 3DIGIT SP [ reason-phrase ] (RFC 9112 4) */
static void
status_line(struct srv *s, struct obuf *o, int status)
{
	const char *reason = s->cf->http.reason != NULL ? s->cf->http.reason : http_reason(status);
	char text[32];

	if (srv_bug(s, BUG_HTTP_VERSION_ICY))
		ob_str(o, "ICY");
	else if (srv_bug(s, BUG_HTTP_VERSION_LOWER))
		ob_str(o, "http/1.1");
	else
		ob_str(o, s->cf->http.minor == 0 ? "HTTP/1.0" : "HTTP/1.1");
	snprintf(text, sizeof text, " %03d%s", status, srv_bug(s, BUG_HTTP_STATUS_FOUR) ? "0" : "");
	ob_str(o, text);
	if (!srv_bug(s, BUG_HTTP_STATUS_NO_SP)) {
		ob_u8(o, ' ');
		ob_str(o, reason);
	}
	line_end(s, o);
}

/* The end of the head: fields that were asked for, the empty line. */
static void
head_end(struct srv *s, struct obuf *o)
{
	for (int i = 0; i < s->cf->http.n_header; i++) {
		ob_str(o, s->cf->http.header[i]);
		line_end(s, o);
	}
	if (srv_bug(s, BUG_HTTP_NUL)) {
		ob_put(o, "X-Note: a\0b", 11);
		line_end(s, o);
	}
}

static void
send_head(struct srv *s, const struct obuf *o, struct obuf *out)
{
	note_title(s, "response", "RFC9112 §4");
	note_head(s, s->bugged ? "P>!" : "P>", span_of(o->p, o->n));
	ob_put(out, o->p, o->n);
	s->bugged = false;
}

static void
interim(struct srv *s, int status, struct obuf *out)
{
	struct obuf o = ob_over(head_room, sizeof head_room);

	status_line(s, &o, status);
	line_end(s, &o);
	send_head(s, &o, out);
}

static void
interims(struct srv *s, struct obuf *out)
{
	if (!s->u.http.v10) /* RFC 9110 15.2: none to an HTTP/1.0 client */
		for (int i = 0; i < s->cf->http.n_interim; i++)
			interim(s, s->cf->http.interim[i], out);
	else if (srv_bug(s, BUG_HTTP_1XX_TO_10))
		interim(s, 100, out);
}

void
http_resp_open(struct srv *s, struct obuf *out)
{
	struct obuf o;
	int status = s->cf->http.status != FP_ANY ? s->cf->http.status : 200;

	interims(s, out);
	o = ob_over(head_room, sizeof head_room);
	status_line(s, &o, status);
	if (srv_bug(s, BUG_HTTP_2XX_LENGTH))
		put_field(s, &o, "Content-Length", "5");
	if (srv_bug(s, BUG_HTTP_2XX_CHUNKED))
		put_field(s, &o, "Transfer-Encoding", "chunked");
	head_end(s, &o);
	if (!srv_bug(s, BUG_HTTP_NO_EMPTY_LINE))
		line_end(s, &o);
	send_head(s, &o, out);
	srv_answered(s, status, "tunnel open");
}

/* The body as it is sent, framed as asked for; its field goes to o. */
static void
framing(struct srv *s, struct obuf *o, size_t n, enum fp_framing how, bool challenge)
{
	char text[32];

	if (how == FRAME_CLOSE)
		return;
	if (how == FRAME_CHUNKED) {
		put_field(s, o, "Transfer-Encoding", "chunked");
		if (!challenge || !srv_bug(s, BUG_HTTP_TE_AND_CL))
			return;
	}
	snprintf(text, sizeof text, "%zu", n);
	if (challenge && srv_bug(s, BUG_HTTP_LENGTH_SHORT))
		snprintf(text, sizeof text, "%zu", n - 2);
	else if (challenge && srv_bug(s, BUG_HTTP_LENGTH_LONG))
		snprintf(text, sizeof text, "%zu", n + 2);
	else if (challenge && srv_bug(s, BUG_HTTP_LENGTH_BAD))
		snprintf(text, sizeof text, "1x");
	put_field(s, o, "Content-Length", text);
	if (challenge && how != FRAME_CHUNKED && srv_bug(s, BUG_HTTP_TE_AND_CL))
		put_field(s, o, "Transfer-Encoding", "chunked");
}

static struct obuf
make_body(struct srv *s, int status, const char *why)
{
	struct obuf b = ob_over(body_room, sizeof body_room);
	char text[160];
	int want = s->cf->http.body;

	snprintf(text, sizeof text, "%d %s: %s\n", status, http_reason(status), why);
	if (want == FP_ANY)
		ob_str(&b, text);
	for (int i = 0; i < want; i++)
		ob_u8(&b, i == want - 1 ? '\n' : (unsigned char)text[(size_t)i % (strlen(text) - 1)]);
	return b;
}

static void
send_body(struct srv *s, const struct obuf *b, bool chunked, bool challenge, struct obuf *out)
{
	char size[32];

	if (s->peer.notes != NULL && b->n != 0) {
		uint8_t line[600];
		struct obuf t = ob_over(line, sizeof line);

		note_str(&t, "BODY", "httpbody", span_of(b->p, b->n < 120 ? b->n : 120));
		ob_str(s->peer.notes, "P>");
		ob_put(s->peer.notes, line, t.n);
		snprintf(size, sizeof size, " ; %zu octets\n", b->n);
		ob_str(s->peer.notes, size);
	}
	if (!chunked) {
		ob_put(out, b->p, b->n);
		return;
	}
	/* chunk-size CRLF chunk-data CRLF "0" CRLF CRLF (RFC 9112 7.1) */
	snprintf(size, sizeof size, "%zx\r\n", b->n);
	if (b->n != 0) {
		ob_str(out, challenge && srv_bug(s, BUG_HTTP_CHUNK_BAD) ? "xyz\r\n" : size);
		ob_put(out, b->p, b->n);
		ob_str(out, "\r\n");
	}
	ob_str(out, "0\r\n\r\n");
}

/* One challenge for each scheme, in a field of its own or all in one (RFC 9110 11.6.1, 11.7.1). */
static void
challenges(struct srv *s, struct obuf *o)
{
	const struct fp_http *k = &s->cf->http;
	const char *field = k->use_401 ? "WWW-Authenticate: " : "Proxy-Authenticate: ";
	const char *realm = k->realm != NULL ? k->realm : "fakeproxy";

	if (srv_bug(s, k->use_401 ? BUG_HTTP_401_BARE : BUG_HTTP_407_BARE))
		return;
	ob_str(o, field);
	for (int i = 0; i < k->n_challenge; i++) {
		ob_str(o, k->challenge[i]);
		if (k->one_line) {
			ob_str(o, ", ");
		} else {
			line_end(s, o);
			ob_str(o, field);
		}
	}
	ob_str(o, "Basic");
	if (!srv_bug(s, BUG_HTTP_NO_REALM)) {
		bool token = srv_bug(s, BUG_HTTP_REALM_TOKEN);

		ob_str(o, srv_bug(s, BUG_HTTP_BWS) ? " realm = " : " realm=");
		if (!token)
			ob_u8(o, '"');
		for (const char *c = realm; *c != '\0'; c++) {
			if (!token && (*c == '"' || *c == '\\'))
				ob_u8(o, '\\');
			ob_u8(o, (unsigned char)*c);
		}
		if (!token)
			ob_u8(o, '"');
	}
	line_end(s, o);
}

/* A final answer with a body.  Returns whether the connection is kept. */
static bool
answer(struct srv *s, int status, const char *why, const char *proxy_error, bool challenge, struct obuf *out)
{
	const struct fp_http *k = &s->cf->http;
	enum fp_framing how = k->framing == FRAME_CHUNKED && s->u.http.v10 ? FRAME_LENGTH : k->framing;
	bool keep = challenge && s->u.http.keeps && !k->close_after && how != FRAME_CLOSE;
	struct obuf o, b = make_body(s, status, why);
	char text[80];

	if (challenge && s->bugs->on[BUG_HTTP_CHUNK_BAD] && !s->u.http.v10)
		how = FRAME_CHUNKED;
	if (keep && srv_bug(s, BUG_HTTP_CLOSE_UNSAID))
		keep = false;
	interims(s, out);
	o = ob_over(head_room, sizeof head_room);
	status_line(s, &o, status);
	if (challenge)
		challenges(s, &o);
	if (status == 405)
		put_field(s, &o, "Allow", "CONNECT");
	if (proxy_error != NULL) {
		snprintf(text, sizeof text, "fakeproxy; error=%s", proxy_error);
		put_field(s, &o, "Proxy-Status", text);
	}
	put_field(s, &o, "Content-Type", "text/plain");
	framing(s, &o, b.n, how, challenge);
	if (!keep && !s->bugs->on[BUG_HTTP_CLOSE_UNSAID])
		put_field(s, &o, "Connection", "close");
	else if (s->u.http.v10)
		put_field(s, &o, "Connection", "keep-alive");
	head_end(s, &o);
	line_end(s, &o);
	send_head(s, &o, out);
	send_body(s, &b, how == FRAME_CHUNKED, challenge, out);
	srv_answered(s, status, why);
	return keep;
}

enum peer_want
http_resp_error(struct srv *s, int status, const char *why, const char *proxy_error, struct obuf *out)
{
	answer(s, status, why, proxy_error, false, out);
	if (srv_bug(s, BUG_HTTP_FAIL_RESET))
		s->end = END_RESET;
	return srv_fail(s, FAIL_REFUSED, why);
}

enum peer_want
http_resp_challenge(struct srv *s, struct obuf *out)
{
	int status = s->cf->http.use_401 ? 401 : 407;

	if (srv_bug(s, BUG_HTTP_403_FOR_407))
		return http_resp_error(s, 403, "credentials are wanted", NULL, out);
	if (answer(s, status, "name and password are wanted", NULL, true, out)) {
		srv_go(s, srv_http_start, "another try");
		return PEER_MORE;
	}
	return srv_fail(s, FAIL_AUTH, "name and password are wanted");
}
