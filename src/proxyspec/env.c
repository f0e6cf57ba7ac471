/* SPDX-License-Identifier: ISC
 * env.c - see env.h. */
#include "env.h"
#include "hex.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static void *
grow(void *p, size_t n)
{
	p = realloc(p, n);
	if (p == NULL) {
		fputs("proxyspec: out of memory\n", stderr);
		exit(3);
	}
	return p;
}

void
px_put(struct px_buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	if (n > b->cap - b->n) {
		size_t cap = b->cap < 64 ? 64 : b->cap;

		while (cap - b->n < n)
			cap *= 2;
		b->p = grow(b->p, cap);
		b->cap = cap;
	}
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void
px_puts(struct px_buf *b, const char *s)
{
	px_put(b, s, strlen(s));
}

void
px_printf(struct px_buf *b, const char *fmt, ...)
{
	char small[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof small, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n < sizeof small) {
		px_put(b, small, (size_t)n);
		return;
	}
	char *big = grow(NULL, (size_t)n + 1);

	va_start(ap, fmt);
	vsnprintf(big, (size_t)n + 1, fmt, ap);
	va_end(ap);
	px_put(b, big, (size_t)n);
	free(big);
}

void
px_buf_free(struct px_buf *b)
{
	free(b->p);
	*b = (struct px_buf){NULL, 0, 0};
}

static void
put_cut(struct px_buf *b, struct span s, size_t max, void (*put)(struct obuf *, struct span))
{
	char room[4096];
	struct obuf o;
	size_t n = s.n > max ? max : s.n;

	if (n > sizeof room / 4)
		n = sizeof room / 4;
	o = ob_over(room, sizeof room);
	put(&o, span_of(s.p, n));
	px_put(b, room, o.n);
	if (n < s.n)
		px_printf(b, " ... (%zu octets)", s.n);
}

void
px_put_octets(struct px_buf *b, struct span s, size_t max)
{
	put_cut(b, s, max, hex_spaced);
}

static void
put_text(struct obuf *o, struct span s)
{
	ob_u8(o, '"');
	hex_text(o, s, '"');
	ob_u8(o, '"');
}

void
px_put_text(struct px_buf *b, struct span s, size_t max)
{
	put_cut(b, s, max, put_text);
}

void
px_env_back(struct px_env *e, size_t mark)
{
	while (e->n > mark) {
		e->n--;
		free(e->v[e->n].name);
		free(e->v[e->n].p);
	}
}

void
px_env_free(struct px_env *e)
{
	px_env_back(e, 0);
	free(e->v);
	*e = (struct px_env){NULL, 0, 0};
}

void
px_env_set(struct px_env *e, const char *name, struct span value)
{
	size_t len = strlen(name) + 1;
	struct px_var *v;

	if (e->n == e->cap) {
		e->cap = e->cap == 0 ? 32 : e->cap * 2;
		e->v = grow(e->v, e->cap * sizeof *e->v);
	}
	v = &e->v[e->n++];
	v->name = grow(NULL, len);
	memcpy(v->name, name, len);
	v->p = grow(NULL, value.n + 1);
	if (value.n != 0)
		memcpy(v->p, value.p, value.n);
	v->p[value.n] = 0;
	v->n = value.n;
}

void
px_env_head(struct px_env *e)
{
	px_env_set(e, "http.", span_of("", 0));
}

bool
px_env_get(const struct px_env *e, const char *name, struct span *value)
{
	bool http = strncasecmp(name, "http.", 5) == 0;

	for (size_t i = e->n; i-- > 0;) {
		if (http && strcmp(e->v[i].name, "http.") == 0)
			return false;
		if ((http ? strcasecmp : strcmp)(e->v[i].name, name) == 0) {
			*value = span_of(e->v[i].p, e->v[i].n);
			return true;
		}
	}
	return false;
}

static bool
expand(const struct px_env *e, const struct px_tpl *t, struct px_buf *out, const char **missing, bool regex)
{
	for (const struct px_part *p = t->first; p != NULL; p = p->next) {
		struct span s = p->lit;

		if (p->var != NULL && !px_env_get(e, p->var, &s)) {
			*missing = p->var;
			return false;
		}
		if (p->var == NULL || !regex) {
			px_put(out, s.p, s.n);
			continue;
		}
		for (size_t i = 0; i < s.n; i++) {
			if (strchr("\\^$.[]|()*+?{}", s.p[i]) != NULL && s.p[i] != 0)
				px_put(out, "\\", 1);
			px_put(out, s.p + i, 1);
		}
	}
	return true;
}

bool
px_expand(const struct px_env *e, const struct px_tpl *t, struct px_buf *out, const char **missing)
{
	return expand(e, t, out, missing, false);
}

bool
px_expand_regex(const struct px_env *e, const struct px_tpl *t, struct px_buf *out, const char **missing)
{
	return expand(e, t, out, missing, true);
}

/* RFC 4648 section 4. */
void
px_base64(struct px_buf *b, struct span s)
{
	static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < s.n; i += 3) {
		size_t left = s.n - i;
		unsigned v = (unsigned)s.p[i] << 16 | (left > 1 ? (unsigned)s.p[i + 1] << 8 : 0) |
			     (left > 2 ? (unsigned)s.p[i + 2] : 0);
		char q[4] = {abc[v >> 18], abc[v >> 12 & 63], left > 1 ? abc[v >> 6 & 63] : '=',
			left > 2 ? abc[v & 63] : '='};

		px_put(b, q, 4);
	}
}
