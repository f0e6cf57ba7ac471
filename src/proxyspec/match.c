/* SPDX-License-Identifier: ISC
 * match.c - see match.h: items and alternatives. */
#include "match.h"

#include <stdio.h>
#include <stdlib.h>

#define SHOW 64 /* octets of a disagreement that are shown */

void
px_diffs_free(struct px_diffs *d)
{
	for (unsigned i = 0; i < d->n; i++) {
		free(d->v[i].wanted);
		free(d->v[i].got);
	}
	free(d->broken);
	memset(d, 0, sizeof *d);
}

void
px_diff_add(struct px_diffs *d, unsigned line, const char *name, enum px_level level, struct px_buf *wanted,
	struct px_buf *got)
{
	px_put(wanted, "", 1);
	px_put(got, "", 1);
	if (d->n == sizeof d->v / sizeof *d->v) {
		px_buf_free(wanted);
		px_buf_free(got);
		return;
	}
	d->v[d->n++] = (struct px_diff){line, name, level, (char *)wanted->p, (char *)got->p};
	*wanted = *got = (struct px_buf){NULL, 0, 0};
}

void
px_broken(struct px_diffs *d, unsigned line, const char *what)
{
	struct px_buf b = {NULL, 0, 0};

	if (d->broken != NULL)
		return;
	px_printf(&b, "line %u: %s", line, what);
	px_put(&b, "", 1);
	d->broken = (char *)b.p;
}

static void
put_tpl(struct px_buf *b, const struct px_tpl *t)
{
	for (const struct px_part *p = t->first; p != NULL; p = p->next)
		if (p->var != NULL)
			px_printf(b, "$%s", p->var);
		else
			px_put(b, p->lit.p, p->lit.n);
}

/* A spec in the words of the trace, with what its variables hold. */
void
px_put_spec(struct px_buf *b, const struct px_env *e, const struct px_spec *s)
{
	const char *missing;
	struct px_buf v = {NULL, 0, 0};

	switch (s->kind) {
	case PX_ANY:
		px_puts(b, "anything");
		break;
	case PX_VALUE:
		if (px_expand(e, &s->a, &v, &missing))
			px_put_text(b, span_of(v.p, v.n), SHOW);
		else
			put_tpl(b, &s->a);
		break;
	case PX_SET:
		px_puts(b, "one of");
		for (const struct px_spec *m = s->sub; m != NULL; m = m->next) {
			px_puts(b, m == s->sub ? " " : ", ");
			px_put_spec(b, e, m);
		}
		break;
	case PX_RANGE:
		put_tpl(b, &s->a);
		px_puts(b, "..");
		put_tpl(b, &s->b);
		break;
	case PX_NOT:
		px_puts(b, "not ");
		px_put_spec(b, e, s->sub);
		break;
	case PX_HAS:
		px_puts(b, "octets with ");
		put_tpl(b, &s->a);
		break;
	case PX_REGEX:
		px_puts(b, "/");
		put_tpl(b, &s->a);
		px_puts(b, s->icase ? "/i" : "/");
		break;
	case PX_ABSENT:
		px_puts(b, "absent");
		break;
	}
	px_buf_free(&v);
}

static enum px_match
match_octets(struct px_env *e, const struct px_item *it, struct px_in in, size_t *used, struct px_diffs *d)
{
	struct px_buf want = {NULL, 0, 0}, w = {NULL, 0, 0}, g = {NULL, 0, 0};
	const char *missing;
	enum px_match m = PX_M_OK;
	size_t n, i;

	if (!px_expand(e, &it->text, &want, &missing)) {
		px_broken(d, it->line, "a variable that is not set is used");
		px_buf_free(&want);
		return PX_M_BAD;
	}
	n = want.n < in.s.n ? want.n : in.s.n;
	for (i = 0; i < n && want.p[i] == in.s.p[i]; i++)
		continue;
	if (i < n) {
		px_put_octets(&w, span_of(want.p, want.n), SHOW);
		px_put_octets(&g, in.s, SHOW);
		px_diff_add(d, it->line, "", it->level, &w, &g);
		m = PX_M_BAD;
	} else if (n < want.n) {
		m = PX_M_MORE;
	}
	*used = want.n;
	px_buf_free(&want);
	return m;
}

static bool
raw_len(struct px_env *e, const struct px_item *it, size_t *n, struct px_diffs *d)
{
	struct px_buf b = {NULL, 0, 0};
	const char *missing;
	unsigned long v = 0;
	bool ok = px_expand(e, &it->len, &b, &missing) && px_number(span_of(b.p, b.n), &v);

	if (!ok)
		px_broken(d, it->line, "the length of raw() is no number");
	*n = v;
	px_buf_free(&b);
	return ok;
}

static enum px_got
read_field(struct px_env *e, const struct px_item *it, bool first, struct px_in in, size_t *used,
	struct px_buf *value, struct px_diffs *d)
{
	size_t raw = 0;

	if (it->type == PX_HTTPBODY)
		return px_body(e, in, used, value);
	if (it->type == PX_REST && (!(in.quiet || in.eof) || (first && in.s.n == 0))) {
		d->want_quiet = true;
		return PX_GOT_MORE;
	}
	if (it->type == PX_RAW && !raw_len(e, it, &raw, d))
		return PX_GOT_BAD;
	return px_value_read(it->type, in.s, raw, used, value);
}

enum px_match
px_match_item(struct px_env *e, const struct px_item *it, bool first, struct px_in in, size_t *used,
	struct px_diffs *d)
{
	struct px_buf value = {NULL, 0, 0}, w = {NULL, 0, 0}, g = {NULL, 0, 0};
	const char *why = NULL;
	enum px_got got;
	bool text = it->type >= PX_STR8 && it->type != PX_RAW && it->type != PX_ADDR5;

	*used = 0;
	if (it->kind == PX_BAR)
		return PX_M_OK;
	if (it->kind == PX_OCTETS)
		return match_octets(e, it, in, used, d);
	got = read_field(e, it, first, in, used, &value, d);
	if (got == PX_GOT_MORE) {
		px_buf_free(&value);
		return PX_M_MORE;
	}
	if (got == PX_GOT_OK && px_accepts(e, it->type, it->spec, span_of(value.p, value.n), &why)) {
		px_env_set(e, it->name, span_of(value.p, value.n));
		px_buf_free(&value);
		return PX_M_OK;
	}
	if (why != NULL)
		px_broken(d, it->line, why);
	px_put_spec(&w, e, it->spec);
	if (got == PX_GOT_BAD)
		px_printf(&w, " (%s)", px_type_name(it->type));
	if (text && got == PX_GOT_OK)
		px_put_text(&g, span_of(value.p, value.n), SHOW);
	else if (got == PX_GOT_OK && it->type != PX_RAW)
		px_printf(&g, "%.*s, octets ", (int)value.n, (const char *)value.p);
	if (!text || got != PX_GOT_OK)
		px_put_octets(&g, span_of(in.s.p, *used != 0 ? *used : in.s.n), SHOW);
	px_diff_add(d, it->line, it->name, it->level, &w, &g);
	if (got == PX_GOT_OK)
		px_env_set(e, it->name, span_of(value.p, value.n));
	px_buf_free(&value);
	return got == PX_GOT_OK ? PX_M_OK : PX_M_BAD;
}

enum px_match
px_match_items(
	struct px_env *e, const struct px_item *items, struct px_in in, size_t *used, struct px_diffs *d)
{
	size_t at = 0, n;

	for (const struct px_item *it = items; it != NULL; it = it->next) {
		struct px_in rest = in;
		enum px_match m;

		span_eat(&rest.s, at);
		m = px_match_item(e, it, it == items, rest, &n, d);
		if (m != PX_M_OK)
			return m;
		at += n;
	}
	*used = at;
	return PX_M_OK;
}

static enum px_alt_state
ending_state(enum px_ending e, struct px_in left, struct px_close c)
{
	if (left.s.n != 0)
		return PX_A_NO; /* something else came first */
	switch (e) {
	case PX_END_NONE:
		return PX_A_YES;
	case PX_END_SILENCE:
		return c.eof || c.rst ? PX_A_NO : c.over ? PX_A_YES : PX_A_OPEN;
	case PX_END_CLOSE:
		if (c.eof || c.rst)
			return PX_A_YES;
		break;
	case PX_END_FIN:
		if (c.rst)
			return PX_A_NO;
		if (c.eof)
			return PX_A_YES;
		break;
	case PX_END_RST:
		if (c.rst)
			return PX_A_YES;
		if (c.eof)
			return PX_A_NO;
		break;
	}
	return c.over ? PX_A_NO : PX_A_OPEN;
}

enum px_alt_state
px_match_alt(struct px_env *e, const struct px_alt *a, struct px_in in, struct px_close c, size_t *used,
	struct px_diffs *d)
{
	enum px_match m = PX_M_OK;
	struct px_in left = in;

	*used = 0;
	in.quiet = in.quiet || c.over;
	in.eof = in.eof || c.eof || c.rst;
	if (a->items != NULL)
		m = px_match_items(e, a->items, in, used, d);
	if (m == PX_M_BAD || d->n != 0)
		return PX_A_NO;
	if (m == PX_M_MORE)
		return in.eof || c.over ? PX_A_NO : PX_A_OPEN;
	if (a->ending == PX_END_NONE)
		return PX_A_YES;
	left.s = *used == 0 ? in.s : span_of(in.s.p + *used, in.s.n - *used);
	return ending_state(a->ending, left, c);
}
