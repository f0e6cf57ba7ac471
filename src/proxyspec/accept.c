/* SPDX-License-Identifier: ISC
 * accept.c - whether a spec accepts a value, and what is sent where a trace names no value; see value.h. */
#include "value.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char why_room[300];

static const char *
whyf(const char *what, const char *name)
{
	snprintf(why_room, sizeof why_room, "%s%s", what, name);
	return why_room;
}

static bool
text_of(const struct px_env *e, const struct px_tpl *t, struct px_buf *b, const char **why)
{
	const char *missing;

	if (px_expand(e, t, b, &missing))
		return true;
	*why = whyf("no value for $", missing);
	return false;
}

/* The octets that a template stands for in a field of type t. */
static bool
octets_of(const struct px_env *e, enum px_type t, const struct px_tpl *tpl, struct px_buf *out,
	const char **why)
{
	struct px_buf text = {NULL, 0, 0};
	bool ok = text_of(e, tpl, &text, why) &&
		  px_value_write(t, span_of(text.p, text.n), tpl->quoted || (tpl->first && tpl->first->var),
			  out, why);

	px_buf_free(&text);
	return ok;
}

/* Are the two the same value?  Compared as octets, so that 127.0.0.1 and a captured address meet. */
static bool
same(const struct px_env *e, enum px_type t, const struct px_tpl *tpl, struct span value, const char **why)
{
	struct px_buf a = {NULL, 0, 0}, b = {NULL, 0, 0};
	const char *not_written;
	bool ok = octets_of(e, t, tpl, &a, why);

	if (ok) {
		*why = NULL;
		ok = px_value_write(t, value, true, &b, &not_written) &&
		     span_eq(span_of(a.p, a.n), span_of(b.p, b.n));
	}

	px_buf_free(&a);
	px_buf_free(&b);
	return ok;
}

static bool
in_range(const struct px_env *e, const struct px_spec *s, struct span value, const char **why)
{
	struct px_buf lo = {NULL, 0, 0}, hi = {NULL, 0, 0};
	unsigned long l, h, v;
	bool ok = false;

	if (text_of(e, &s->a, &lo, why) && text_of(e, &s->b, &hi, why)) {
		if (!px_number(span_of(lo.p, lo.n), &l) || !px_number(span_of(hi.p, hi.n), &h))
			*why = "the ends of a range are numbers";
		else
			ok = px_number(value, &v) && v >= l && v <= h;
	}
	px_buf_free(&lo);
	px_buf_free(&hi);
	return ok;
}

/* has(v): one of the octets is v. */
static bool
contains(const struct px_env *e, const struct px_spec *s, struct span value, const char **why)
{
	struct px_buf t = {NULL, 0, 0};
	unsigned long v;
	bool ok = false;

	if (text_of(e, &s->a, &t, why)) {
		if (!px_number(span_of(t.p, t.n), &v) || v > 255)
			*why = "has() wants an octet as a number from 0 to 255";
		else
			ok = value.n != 0 && memchr(value.p, (int)v, value.n) != NULL;
	}
	px_buf_free(&t);
	return ok;
}

/* A value is matched up to its first NUL, if it has one: POSIX expressions work on C strings.  A value with a NUL
 * is never accepted by an expression, so nothing hides behind one. */
static bool
matches(const struct px_env *e, const struct px_spec *s, struct span value, const char **why)
{
	struct px_buf src = {NULL, 0, 0}, text = {NULL, 0, 0};
	const char *missing;
	regex_t re;
	int err;
	bool ok = false;

	if (!px_expand_regex(e, &s->a, &src, &missing)) {
		*why = whyf("no value for $", missing);
		goto out;
	}
	px_put(&src, "", 1);
	err = regcomp(&re, (const char *)src.p, REG_EXTENDED | REG_NOSUB | (s->icase ? REG_ICASE : 0));
	if (err != 0) {
		char m[200];

		regerror(err, &re, m, sizeof m);
		*why = whyf("the regular expression: ", m);
		goto out;
	}
	px_put(&text, value.p, value.n);
	px_put(&text, "", 1);
	ok = strlen((const char *)text.p) == value.n && regexec(&re, (const char *)text.p, 0, NULL, 0) == 0;
	regfree(&re);
out:
	px_buf_free(&src);
	px_buf_free(&text);
	return ok;
}

bool
px_accepts(
	const struct px_env *e, enum px_type t, const struct px_spec *s, struct span value, const char **why)
{
	*why = NULL;
	if (s == NULL)
		return true;
	switch (s->kind) {
	case PX_ANY:
		return true;
	case PX_VALUE:
		return same(e, t, &s->a, value, why);
	case PX_SET:
		for (const struct px_spec *m = s->sub; m != NULL; m = m->next) {
			if (px_accepts(e, t, m, value, why))
				return true;
			if (*why != NULL)
				return false;
		}
		return false;
	case PX_RANGE:
		return in_range(e, s, value, why);
	case PX_NOT: {
		bool yes = px_accepts(e, t, s->sub, value, why);

		return !yes && *why == NULL;
	}
	case PX_HAS:
		return contains(e, s, value, why);
	case PX_REGEX:
		return matches(e, s, value, why);
	case PX_ABSENT:
		return false;
	}
	return false;
}

static bool
zero_of(enum px_type t, struct px_buf *text)
{
	switch (t) {
	case PX_U8:
	case PX_U16:
		px_puts(text, "0");
		return true;
	case PX_IP4:
		px_puts(text, "0.0.0.0");
		return true;
	case PX_IP6:
		px_puts(text, "::");
		return true;
	case PX_ADDR5:
		px_puts(text, "ip4:0.0.0.0:0");
		return true;
	case PX_RAW: /* its length is filled with zeros by the caller */
	default:
		return true;
	}
}

bool
px_default(const struct px_env *e, enum px_type t, const struct px_spec *s, struct px_buf *text, bool *quoted,
	const char **why)
{
	*why = NULL;
	*quoted = false;
	switch (s->kind) {
	case PX_ANY:
		*quoted = true;
		return zero_of(t, text);
	case PX_VALUE:
	case PX_RANGE:
		*quoted = s->a.quoted || (s->a.first != NULL && s->a.first->var != NULL);
		return text_of(e, &s->a, text, why);
	case PX_HAS: {
		struct px_buf b = {NULL, 0, 0};
		unsigned long v;
		bool ok = text_of(e, &s->a, &b, why) && px_number(span_of(b.p, b.n), &v) && v < 256;

		if (ok)
			px_put(text, (uint8_t[1]){(uint8_t)v}, 1);
		*quoted = true;
		px_buf_free(&b);
		return ok;
	}
	case PX_SET:
		return px_default(e, t, s->sub, text, quoted, why);
	default:
		*why = "this pattern does not say what to send; add ~VALUE";
		return false;
	}
}
