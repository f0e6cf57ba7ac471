/* SPDX-License-Identifier: ISC
 * lex_spec.c - what a field may hold: "*", values, sets, ranges, negations, has(), regular expressions.
 * POSIX 1003.1 extended regular expressions, with \d for [0-9] and \/ for a slash. */
#include "lex.h"

static bool
stops(struct px_lex *x, const char *p, const char *stop)
{
	struct px_lex look = *x;
	enum px_level l;

	if (px_is_blank(*p) || *p == '~' || strchr(stop, *p) != NULL)
		return true;
	look.p = p;
	return *p == '[' && px_lex_level(&look, &l);
}

bool
px_lex_value(struct px_lex *x, const char *stop, struct px_tpl *t)
{
	const char *from = x->p;

	if (from < x->end && *from == '"')
		return px_lex_string(x, t);
	while (x->p < x->end && !stops(x, x->p, stop))
		x->p++;
	if (x->p == from) {
		px_lex_error(x, "a value is wanted here");
		return false;
	}
	px_lex_template(x, from, (size_t)(x->p - from), t);
	return true;
}

bool
px_lex_regex(struct px_lex *x, struct px_spec *s)
{
	size_t room = 2 * (size_t)(x->end - x->p) + 16, n = 0;
	char *src = px_alloc(x->a, room);
	const char *p = x->p + 1;
	bool inset = false;

	s->kind = PX_REGEX;
	for (; p < x->end && *p != '/'; p++) {
		if (*p == '\\' && p + 1 < x->end) {
			p++;
			if (*p == '/') {
				src[n++] = '/';
			} else if (*p == 'd') {
				size_t k = inset ? 3 : 5;

				memcpy(src + n, inset ? "0-9" : "[0-9]", k);
				n += k;
			} else {
				src[n++] = '\\';
				src[n++] = *p;
			}
			continue;
		}
		inset = *p == '[' ? true : *p == ']' ? false : inset;
		src[n++] = *p;
	}
	if (p >= x->end) {
		px_lex_error(x, "the regular expression has no end");
		return false;
	}
	x->p = p + 1;
	if (x->p < x->end && *x->p == 'i') {
		s->icase = true;
		x->p++;
	}
	px_lex_template(x, src, n, &s->a);
	return true;
}

/* lo..hi, or one value. */
static bool
value_or_range(struct px_lex *x, const char *stop, struct px_spec *s)
{
	const char *from = x->p, *q;
	struct px_lex part = *x;

	s->kind = PX_VALUE;
	if (!px_lex_value(x, stop, &s->a))
		return false;
	if (s->a.quoted)
		return true;
	for (q = from; q + 2 < x->p; q++)
		if (q[0] == '.' && q[1] == '.')
			break;
	if (q == from || q + 2 >= x->p)
		return true;
	s->kind = PX_RANGE;
	px_lex_template(&part, from, (size_t)(q - from), &s->a);
	px_lex_template(&part, q + 2, (size_t)(x->p - q - 2), &s->b);
	return true;
}

static bool
set(struct px_lex *x, struct px_spec *s)
{
	struct px_spec **end = &s->sub;

	s->kind = PX_SET;
	for (x->p++;; x->p++) {
		*end = px_lex_spec(x, ",}");
		if (*end == NULL)
			return false;
		end = &(*end)->next;
		px_lex_blank(x);
		if (x->p == x->end || (*x->p != ',' && *x->p != '}')) {
			px_lex_error(x, "a set ends with }, its members are parted by commas");
			return false;
		}
		if (*x->p == '}')
			break;
	}
	x->p++;
	return true;
}

static bool
has(struct px_lex *x, struct px_spec *s)
{
	s->kind = PX_HAS;
	x->p += 4;
	if (!px_lex_value(x, ")", &s->a))
		return false;
	if (x->p == x->end || *x->p != ')') {
		px_lex_error(x, "has( is not closed");
		return false;
	}
	x->p++;
	return true;
}

struct px_spec *
px_lex_spec(struct px_lex *x, const char *stop)
{
	struct px_spec *s;
	bool ok = true;

	if (x->depth == PX_NEST_MAX) {
		px_lex_error(x, "a pattern within %d patterns", PX_NEST_MAX);
		return NULL;
	}
	x->depth++;
	s = px_alloc(x->a, sizeof *s);
	px_lex_blank(x);
	if (x->p == x->end) {
		px_lex_error(x, "a value is wanted here");
		return NULL;
	}
	if (*x->p == '*') {
		s->kind = PX_ANY;
		x->p++;
	} else if (*x->p == '!') {
		s->kind = PX_NOT;
		x->p++;
		s->sub = px_lex_spec(x, stop);
		ok = s->sub != NULL;
	} else if (*x->p == '{') {
		ok = set(x, s);
	} else if (*x->p == '/') {
		ok = px_lex_regex(x, s);
	} else if (x->end - x->p >= 4 && memcmp(x->p, "has(", 4) == 0) {
		ok = has(x, s);
	} else {
		ok = value_or_range(x, stop, s);
	}
	x->depth--;
	return ok ? s : NULL;
}
