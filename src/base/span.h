/* SPDX-License-Identifier: ISC
 * span.h - borrowed bytes, bounded output and a read cursor.  Knows no protocol and no byte order.
 * One thing to know: overflow and shortage are sticky, so a caller checks once, at the end. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes: the owner keeps them alive and unchanged while the span is in use. */
struct span {
	const uint8_t *p;
	size_t n;
};

/* Borrowed room: n of cap bytes are filled.  `over` is set, for good, by the first write that did not fit;
 * such a write stores nothing. */
struct obuf {
	uint8_t *p;
	size_t n, cap;
	bool over;
};

/* A cursor over a span.  `lack` is set, for good, by the first read that wanted more bytes than were left;
 * such a read yields zero or an empty span. */
struct rd {
	const uint8_t *p;
	size_t n, at;
	bool lack;
};

static inline struct span
span_of(const void *p, size_t n)
{
	return (struct span){(const uint8_t *)p, n};
}

static inline struct span
span_str(const char *s)
{
	return (struct span){(const uint8_t *)s, strlen(s)};
}

static inline bool
span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Drop the first n bytes; n <= s->n. */
static inline void
span_eat(struct span *s, size_t n)
{
	if (n == 0)
		return;
	s->p += n;
	s->n -= n;
}

static inline struct obuf
ob_over(void *p, size_t cap)
{
	return (struct obuf){(uint8_t *)p, 0, cap, false};
}

static inline void
ob_put(struct obuf *o, const void *p, size_t n)
{
	if (o->over || n > o->cap - o->n) {
		o->over = true;
		return;
	}
	if (n != 0)
		memcpy(o->p + o->n, p, n);
	o->n += n;
}

static inline void
ob_span(struct obuf *o, struct span s)
{
	ob_put(o, s.p, s.n);
}

static inline void
ob_u8(struct obuf *o, unsigned v)
{
	uint8_t b = (uint8_t)v;

	ob_put(o, &b, 1);
}

static inline void
ob_str(struct obuf *o, const char *s)
{
	ob_put(o, s, strlen(s));
}

static inline struct rd
rd_over(struct span s)
{
	return (struct rd){s.p, s.n, 0, false};
}

static inline struct span
rd_take(struct rd *r, size_t n)
{
	struct span s = {NULL, 0};

	if (r->lack || n > r->n - r->at) {
		r->lack = true;
		return s;
	}
	s.p = r->p + r->at;
	s.n = n;
	r->at += n;
	return s;
}

static inline unsigned
rd_u8(struct rd *r)
{
	struct span s = rd_take(r, 1);

	return s.n ? s.p[0] : 0;
}

#endif
