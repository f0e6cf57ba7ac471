/* SPDX-License-Identifier: ISC
 * srv_http.c - the server of HTTP CONNECT (RFC 9110 9.3.6, RFC 9112).
 * The one thing to know: the request-line is judged as soon as it is there, the fields when the empty line is. */
#include "http_req.h"
#include "http_resp.h"

#include <errno.h>

static enum peer_want
error(struct srv *s, struct span *in, size_t eat, int status, const char *why, struct obuf *out)
{
	note_bad(s, span_of(in->p, eat), 16);
	span_eat(in, eat);
	return http_resp_error(s, status, why, NULL, out);
}

/* RFC 9110 15.6 and the tokens of RFC 9209 2.3 */
static enum peer_want
unreached(struct srv *s, struct obuf *out)
{
	switch (s->got.err) {
	case FP_ERULE:
		return http_resp_error(s, 403, "forbidden by rule", "http_request_denied", out);
	case FP_ENOTFOUND:
		return http_resp_error(s, 502, "the name has no address", "dns_error", out);
	case FP_ENAMETIME:
		return http_resp_error(s, 504, "the name service did not answer", "dns_timeout", out);
	case ETIMEDOUT:
		return http_resp_error(
			s, 504, "the target did not answer in time", "connection_timeout", out);
	case ECONNREFUSED:
		return http_resp_error(
			s, 502, "the target refused the connection", "connection_refused", out);
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
		return http_resp_error(
			s, 502, "there is no way to the target", "destination_ip_unroutable", out);
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return http_resp_error(s, 503, "the proxy is out of means", "connection_limit_reached", out);
	default:
		return http_resp_error(s, 502, "the target was not reached", "destination_unavailable", out);
	}
}

static enum peer_want
await_target(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	(void)in;
	(void)eof;
	note_target(s);
	if (s->u.http.early)
		return s->got.err == 0 ? PEER_OPEN : srv_fail(s, FAIL_REFUSED, "the target was not reached");
	if (s->got.err != 0)
		return unreached(s, out);
	http_resp_open(s, out);
	return PEER_OPEN;
}

static bool
authorized(struct srv *s, const struct http_req *q)
{
	bool ok = false;

	if (s->cf->n_user == 0)
		return true;
	if (q->proxy_auths == 1)
		ok = http_basic(s, q->proxy_auth);
	else if (q->proxy_auths == 0 && s->cf->http.use_401 && q->auth.n != 0)
		ok = http_basic(s, q->auth);
	return ok && !srv_bug(s, BUG_HTTP_CHALLENGE_LOOP);
}

static bool
method_is(const struct http_req *q, const char *name)
{
	return span_eq(q->method, span_str(name));
}

static int
check_method(const struct http_req *q)
{
	static const char *const known[] = {
		"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"};

	if (method_is(q, "CONNECT"))
		return 0;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (method_is(q, known[i]))
			return 405;
	return 501;
}

static bool
check_host(struct srv *s, struct http_req *q)
{
	q->status = 400;
	if (q->hosts == 0 && q->minor >= 1 && !srv_bug(s, BUG_HTTP_NO_HOST)) {
		q->why = "no Host field";
		return false;
	}
	if (q->hosts > 1 && !srv_bug(s, BUG_HTTP_TWO_HOSTS)) {
		q->why = "more than one Host field";
		return false;
	}
	q->why = "the value of Host is no host";
	return http_host_ok(q->host);
}

/* The request is whole and well formed: may it pass? */
static enum peer_want
decide(struct srv *s, struct http_req *q, struct span *in, struct obuf *out)
{
	int forced = s->cf->http.status, refusal = check_method(q);

	if (refusal != 0)
		return http_resp_error(s, refusal, "only CONNECT is offered", NULL, out);
	if (!http_authority(s, q) || !check_host(s, q))
		return http_resp_error(s, q->status, q->why, NULL, out);
	s->u.http.v10 = q->minor == 0;
	/* RFC 9112 9.3; a request with content would have to be skipped, so it ends the connection */
	s->u.http.keeps = !q->close && !q->content && (q->minor >= 1 || q->keep_alive);
	s->user[0] = '\0';
	if (!authorized(s, q)) {
		srv_asked(s);
		return http_resp_challenge(s, out);
	}
	srv_asked(s);
	if (forced != FP_ANY && (forced < 200 || forced > 299))
		return http_resp_error(s, forced, "asked to refuse", NULL, out);
	if (in->n != 0 && srv_bug(s, BUG_HTTP_EARLY_LOST))
		span_eat(in, in->n);
	s->bugged = false; /* the response is as it should be */
	if (srv_bug(s, BUG_HTTP_EARLY_200)) {
		http_resp_open(s, out);
		s->u.http.early = true;
	}
	srv_go(s, await_target, "the connection to the target");
	return PEER_DIAL;
}

/* Look for the end of the head from where the last look ended.  Returns its length with the empty line, or 0. */
static size_t
head_length(struct srv *s, struct span in)
{
	struct span rest = span_of(in.p + s->u.http.scan, in.n - s->u.http.scan), line;

	while (http_line(&rest, &line)) {
		size_t at = in.n - rest.n;

		if (line.n == 0)
			return at;
		s->u.http.scan = at;
	}
	return 0;
}

static enum peer_want
unfinished(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	if (!s->u.http.line_done && in->n > HTTP_LINE_MAX)
		return error(s, in, in->n, 414, "the request-line is too long", out);
	if (in->n > HTTP_HEAD_MAX)
		return error(s, in, in->n, 431, "the head is too long", out);
	if (in->n != 0 && srv_bug(s, BUG_HTTP_ONE_READ))
		return error(s, in, in->n, 400, "the head came in pieces", out);
	if (s->expired && in->n != 0)
		return error(s, in, in->n, 408, "the request was not complete in time", out);
	if (eof && in->n != 0)
		return error(s, in, in->n, 400, "the request ends in its head", out);
	return PEER_MORE;
}

static enum peer_want
whole(struct srv *s, struct http_req *q, struct span *in, size_t n, struct obuf *out)
{
	struct span head = span_of(in->p, n), lines = head, line;
	bool ok;

	http_line(&lines, &line);
	http_request_line(q, line);
	ok = n <= HTTP_HEAD_MAX && http_fields(s, q, lines);
	if (n > HTTP_HEAD_MAX) {
		q->status = 431;
		q->why = "the head is too long";
	}
	s->u.http.scan = 0;
	s->u.http.line_done = false;
	note_title(s, "request", "RFC9112 §3");
	note_head(s, ok ? "C>" : "C>!", head);
	s->bugged = false;
	span_eat(in, n);
	if (!ok)
		return http_resp_error(s, q->status, q->why, NULL, out);
	return decide(s, q, in, out);
}

enum peer_want
srv_http_start(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	struct http_req q = {.status = 0};
	struct span rest, line;
	size_t n;

	s->peer.at = "a request";
	/* RFC 9112 2.2: an empty line in front of a request is ignored */
	while (s->u.http.scan == 0 && in->n >= 2 && in->p[0] == '\r' && in->p[1] == '\n')
		span_eat(in, 2);
	if (in->n == 0 || (in->n == 1 && in->p[0] == '\r' && !eof))
		return unfinished(s, in, false, out);
	if (!http_tchar(in->p[0])) /* no request begins so: answer before a line's end that may never come */
		return error(s, in, in->n, 400, "this is not HTTP", out);
	rest = *in;
	if (!s->u.http.line_done && http_line(&rest, &line)) {
		if (line.n > HTTP_LINE_MAX)
			return error(s, in, in->n - rest.n, 414, "the request-line is too long", out);
		if (!http_request_line(&q, line))
			return error(s, in, in->n - rest.n, q.status, q.why, out);
		s->u.http.line_done = true;
	}
	n = head_length(s, *in);
	return n == 0 ? unfinished(s, in, eof, out) : whole(s, &q, in, n, out);
}
