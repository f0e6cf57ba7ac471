/* SPDX-License-Identifier: ISC
 * lex.c - see lex.h. */
#include "lex.h"
#include "hex.h"

#include <stdarg.h>
#include <stdio.h>

void
px_lex_error(struct px_lex *x, const char *fmt, ...)
{
	char buf[400];
	va_list ap;

	if (x->failed) /* one error a line; what follows is mostly its consequence */
		return;
	x->failed = true;
	va_start(ap, fmt);
	vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	px_error(x->errs, x->file, x->line, "%s", buf);
}

void
px_lex_blank(struct px_lex *x)
{
	while (x->p < x->end && px_is_blank(*x->p))
		x->p++;
}

bool
px_lex_end(struct px_lex *x)
{
	px_lex_blank(x);
	return x->p == x->end || *x->p == ';';
}

const char *
px_lex_comment(struct px_lex *x)
{
	const char *p, *e = x->end;

	if (!px_lex_end(x) || x->p == x->end)
		return NULL;
	p = x->p + 1;
	while (p < e && px_is_blank(*p))
		p++;
	while (e > p && px_is_blank(e[-1]))
		e--;
	x->p = x->end;
	return px_dup(x->a, p, (size_t)(e - p));
}

bool
px_lex_is(struct px_lex *x, const char *word)
{
	size_t n = strlen(word);

	px_lex_blank(x);
	if ((size_t)(x->end - x->p) < n || memcmp(x->p, word, n) != 0)
		return false;
	if (x->p + n < x->end && !px_is_blank(x->p[n]))
		return false;
	x->p += n;
	return true;
}

bool
px_lex_level(struct px_lex *x, enum px_level *l)
{
	const char *q;
	enum px_level got;

	if (x->p == x->end || *x->p != '[')
		return false;
	for (q = x->p + 1; q < x->end && *q != ']'; q++)
		continue;
	if (q == x->end || (got = px_level_of(x->p + 1, (size_t)(q - x->p - 1))) == PX_L_NONE)
		return false;
	*l = got;
	x->p = q + 1;
	return true;
}

struct builder {
	struct px_lex *x;
	struct px_part **end;
	char *lit; /* literal octets so far */
	size_t n;
};

static void
flush(struct builder *b)
{
	struct px_part *p;

	if (b->n == 0)
		return;
	p = px_alloc(b->x->a, sizeof *p);
	p->lit = span_of(px_dup(b->x->a, b->lit, b->n), b->n);
	*b->end = p;
	b->end = &p->next;
	b->n = 0;
}

/* "$name", "${name}" or "$http.field-name" at p: the length of it all, 0 if there is none. */
static size_t
variable(struct builder *b, const char *p, const char *end)
{
	const char *q = p + 1, *from;
	bool brace = q < end && *q == '{';
	struct px_part *part;
	size_t n;

	if (brace)
		q++;
	from = q;
	if (q == end || !px_is_name(*q, true))
		return 0;
	while (q < end && px_is_name(*q, false))
		q++;
	if (q - from == 4 && memcmp(from, "http", 4) == 0 && q + 1 < end && *q == '.' &&
		px_is_name(q[1], true))
		for (q++; q < end && (px_is_name(*q, false) || *q == '-'); q++)
			continue;
	n = (size_t)(q - from);
	if (brace && (q == end || *q++ != '}'))
		return 0;
	flush(b);
	part = px_alloc(b->x->a, sizeof *part);
	part->var = px_dup(b->x->a, from, n);
	*b->end = part;
	b->end = &part->next;
	return (size_t)(q - p);
}

static struct builder
build(struct px_lex *x, struct px_tpl *t, size_t room)
{
	struct builder b = {x, &t->first, px_alloc(x->a, room + 1), 0};

	t->first = NULL;
	t->quoted = false;
	return b;
}

void
px_lex_template(struct px_lex *x, const char *p, size_t n, struct px_tpl *t)
{
	struct builder b = build(x, t, n);
	const char *end = p + n;

	while (p < end) {
		size_t v = *p == '$' ? variable(&b, p, end) : 0;

		if (v == 0)
			b.lit[b.n++] = *p;
		p += v == 0 ? 1 : v;
	}
	flush(&b);
}

/* The octet of an escape at *p (behind the backslash); moves *p behind it. */
static int
escape(struct px_lex *x, const char **p)
{
	int c = (unsigned char)*(*p)++, hi, lo;

	switch (c) {
	case 'r':
		return '\r';
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '0':
		return 0;
	case '\\':
	case '"':
	case '$':
		return c;
	case 'x':
		if (x->end - *p >= 2 && (hi = hex_digit((*p)[0])) >= 0 && (lo = hex_digit((*p)[1])) >= 0) {
			*p += 2;
			return hi << 4 | lo;
		}
		px_lex_error(x, "\\x takes two hexadecimal digits");
		return 0;
	default:
		px_lex_error(x, "unknown escape \\%c in a string", c);
		return 0;
	}
}

bool
px_lex_string(struct px_lex *x, struct px_tpl *t)
{
	struct builder b = build(x, t, (size_t)(x->end - x->p));
	const char *p = x->p;

	if (p == x->end || *p++ != '"') {
		px_lex_error(x, "a string is wanted here");
		return false;
	}
	while (p < x->end && *p != '"') {
		if (*p == '\\' && p + 1 < x->end) {
			p++;
			b.lit[b.n++] = (char)escape(x, &p);
			continue;
		}
		size_t v = *p == '$' ? variable(&b, p, x->end) : 0;

		if (v == 0)
			b.lit[b.n++] = *p;
		p += v == 0 ? 1 : v;
	}
	flush(&b);
	t->quoted = true;
	if (p == x->end) {
		px_lex_error(x, "the string has no end");
		return false;
	}
	x->p = p + 1;
	return !x->failed;
}

int
px_lex_duration(struct px_lex *x)
{
	static const struct {
		const char *unit;
		long ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}};
	long v = 0;
	const char *p;

	px_lex_blank(x);
	for (p = x->p; p < x->end && *p >= '0' && *p <= '9' && v < 100000000; p++)
		v = v * 10 + (*p - '0');
	if (p != x->p) {
		x->p = p;
		for (size_t i = 0; i < sizeof units / sizeof *units; i++)
			if (px_lex_is(x, units[i].unit) && v * units[i].ms <= 86400000)
				return (int)(v * units[i].ms);
	}
	px_lex_error(x, "a duration is wanted here: a number with ms, s or m, one day at most");
	return -1;
}
