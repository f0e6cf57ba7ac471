/* SPDX-License-Identifier: ISC
 * http_body.c - skips the body of a response by its framing (RFC 9112 sections 6.3 and 7.1).
 * One thing to know: octets of a body are dropped as they come, so its length is not bounded by the window. */
#include "http_body.h"

#include "hex.h"
#include "http_head.h"

#define LINE_MAX_OCTETS (16 * 1024) /* longest line of the chunked coding */
#define BODY_MAX (1024 * 1024)	    /* longest body that is skipped; a new connection is cheaper than more */

bool
http_body_framing(struct client *c, struct span head, int minor)
{
	unsigned te, cl;
	struct span coding = field_get(head, "Transfer-Encoding", &te);
	struct span length = field_get(head, "Content-Length", &cl);

	c->u.http.chunked = c->u.http.in_trailer = c->u.http.chunk_end = false;
	c->u.http.left = c->u.http.skipped = 0;
	if (te > 0) {
		c->u.http.chunked = true;
		return te == 1 && cl == 0 && minor >= 1 && same_nocase(coding, "chunked");
	}
	if (cl != 1 || length.n == 0 || length.n > 9)
		return false;
	for (size_t i = 0; i < length.n; i++) {
		if (length.p[i] < '0' || length.p[i] > '9')
			return false;
		c->u.http.left = c->u.http.left * 10 + (uint64_t)(length.p[i] - '0');
	}
	return c->u.http.left <= BODY_MAX;
}

static void
skip(struct client *c, struct span *in)
{
	size_t n = in->n < c->u.http.left ? in->n : (size_t)c->u.http.left;

	span_eat(in, n);
	c->u.http.left -= n;
	c->u.http.skipped += n;
}

/* chunk-size [ chunk-ext ] CRLF, RFC 9112 section 7.1; -1 if it is none */
static int64_t
chunk_size(struct span line)
{
	int64_t v = 0;
	size_t i;

	for (i = 0; i < line.n && hex_digit(line.p[i]) >= 0; i++) {
		v = v * 16 + hex_digit(line.p[i]);
		if (v > BODY_MAX)
			return -1;
	}
	if (i == 0)
		return -1;
	while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'))
		i++;
	return i == line.n || line.p[i] == ';' ? v : -1;
}

/* One line of the chunked coding: 1 go on, 0 the body is over, -1 nonsense. */
static int
chunk_line(struct client *c, struct span line)
{
	int64_t v;

	if (c->u.http.in_trailer)
		return line.n == 0 ? 0 : 1;
	if (c->u.http.chunk_end) {
		c->u.http.chunk_end = false;
		return line.n == 0 ? 1 : -1;
	}
	v = chunk_size(line);
	if (v < 0)
		return -1;
	c->u.http.in_trailer = v == 0;
	c->u.http.chunk_end = v > 0;
	c->u.http.left = (uint64_t)v;
	return 1;
}

enum body_state
http_body_skip(struct client *c, struct span *in)
{
	for (;;) {
		size_t n;
		int more;

		skip(c, in);
		if (c->u.http.left == 0 && !c->u.http.chunked)
			return BODY_DONE;
		if (c->u.http.skipped > BODY_MAX)
			return BODY_BROKEN;
		n = c->u.http.left > 0 ? 0 : head_line(*in);
		if ((n == 0 ? in->n : n) > LINE_MAX_OCTETS)
			return BODY_BROKEN;
		if (n == 0)
			return BODY_MORE;
		more = chunk_line(c, head_trim(span_of(in->p, n)));
		span_eat(in, n);
		c->u.http.skipped += n;
		if (more <= 0)
			return more == 0 ? BODY_DONE : BODY_BROKEN;
	}
}
