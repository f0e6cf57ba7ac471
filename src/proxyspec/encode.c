/* SPDX-License-Identifier: ISC
 * encode.c - the canonical octets of a line: what the runner sends; see match.h.
 * One thing to know: a field that was sent is a variable too, with the same text as one that was received. */
#include "match.h"

#include <stdio.h>
#include <strings.h>

static char why_room[200];

static bool
no_value(const char *name, const char **why)
{
	snprintf(why_room, sizeof why_room, "no value for $%s", name);
	*why = why_room;
	return false;
}

static bool
text_of(struct px_env *e, const struct px_item *it, struct px_buf *text, bool *quoted, const char **why)
{
	const char *missing;

	if (!it->has_canon)
		return px_default(e, it->type, it->spec, text, quoted, why);
	*quoted = it->canon.quoted || (it->canon.first != NULL && it->canon.first->var != NULL);
	return px_expand(e, &it->canon, text, &missing) || no_value(missing, why);
}

/* raw(N) that nobody gave octets for: N zeros.  And N octets it must be. */
static bool
fit_raw(struct px_env *e, const struct px_item *it, struct px_buf *octets, bool given, const char **why)
{
	struct px_buf n = {NULL, 0, 0};
	const char *missing;
	unsigned long len = 0;
	bool ok = px_expand(e, &it->len, &n, &missing) && px_number(span_of(n.p, n.n), &len);

	px_buf_free(&n);
	while (ok && !given && octets->n < len)
		px_put(octets, "", 1);
	if (ok && octets->n == len)
		return true;
	*why = "the octets are not as many as raw() says";
	return false;
}

static bool
encode_field(struct px_env *e, const struct px_item *it, struct px_buf *out, const char **why)
{
	struct px_buf text = {NULL, 0, 0}, octets = {NULL, 0, 0}, value = {NULL, 0, 0};
	bool quoted = false, given = it->has_canon || it->spec->kind != PX_ANY, ok;
	size_t used = 0;

	ok = text_of(e, it, &text, &quoted, why) &&
	     px_value_write(it->type, span_of(text.p, text.n), quoted, &octets, why) &&
	     (it->type != PX_RAW || fit_raw(e, it, &octets, given, why));
	if (ok) {
		if (px_value_read(it->type, span_of(octets.p, octets.n), octets.n, &used, &value) ==
			PX_GOT_OK)
			px_env_set(e, it->name, span_of(value.p, value.n));
		px_put(out, octets.p, octets.n);
	}
	px_buf_free(&text);
	px_buf_free(&octets);
	px_buf_free(&value);
	return ok;
}

bool
px_encode_items(struct px_env *e, const struct px_item *items, struct px_buf *out, struct px_cuts *cuts,
	unsigned *line, const char **why)
{
	const char *missing;

	for (const struct px_item *it = items; it != NULL; it = it->next) {
		*line = it->line;
		if (it->kind == PX_BAR) {
			if (cuts != NULL && cuts->n < sizeof cuts->v / sizeof *cuts->v)
				cuts->v[cuts->n++] = out->n;
		} else if (it->kind == PX_OCTETS) {
			if (!px_expand(e, &it->text, out, &missing))
				return no_value(missing, why);
		} else if (!encode_field(e, it, out, why)) {
			return false;
		}
	}
	return true;
}

static bool
hdr_value(struct px_env *e, const struct px_hdr *h, struct px_buf *v, const char **why)
{
	const char *missing;

	if (h->has_canon)
		return px_expand(e, &h->canon, v, &missing) || no_value(missing, why);
	if (h->spec->kind == PX_VALUE)
		return px_expand(e, &h->spec->a, v, &missing) || no_value(missing, why);
	*why = "this field has no canonical value; add ~VALUE, or ? if it need not be sent";
	return false;
}

static bool
same_tpl(const struct px_tpl *a, const struct px_tpl *b)
{
	const struct px_part *p = a->first, *q = b->first;

	for (; p != NULL && q != NULL; p = p->next, q = q->next)
		if ((p->var == NULL) != (q->var == NULL) || (p->var != NULL && strcmp(p->var, q->var) != 0) ||
			(p->var == NULL && !span_eq(p->lit, q->lit)))
			return false;
	return p == q;
}

/* The same name with the same value is written once: two patterns for one field are no two fields. */
static bool
said_before(const struct px_step *s, const struct px_hdr *h)
{
	for (const struct px_hdr *b = s->hdrs; b != h; b = b->next)
		if (strcasecmp(b->name, h->name) == 0 && b->has_canon && h->has_canon &&
			same_tpl(&b->canon, &h->canon))
			return true;
	return false;
}

bool
px_encode_head(
	struct px_env *e, const struct px_step *s, struct px_buf *out, unsigned *line, const char **why)
{
	const char *missing;
	size_t from = out->n, used;

	*line = s->line;
	if (!px_expand(e, &s->start, out, &missing))
		return no_value(missing, why);
	px_puts(out, "\r\n");
	for (const struct px_hdr *h = s->hdrs; h != NULL; h = h->next) {
		*line = h->line;
		if (strcmp(h->name, "start") == 0 || strcmp(h->name, "*") == 0 || h->spec->kind == PX_ABSENT)
			continue;
		if ((h->optional && !h->has_canon) || said_before(s, h))
			continue;
		px_printf(out, "%s: ", h->name);
		if (!hdr_value(e, h, out, why))
			return false;
		px_puts(out, "\r\n");
	}
	px_puts(out, "\r\n");
	px_head_vars(e, span_of(out->p + from, out->n - from), &used);
	return true;
}
