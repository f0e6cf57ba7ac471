/* SPDX-License-Identifier: ISC
 * wanted.c - what a line of a trace asks for (docs/pxt.5), in words and octets, for a report when nothing that fits it
 * has come.
 * One thing to know: octets stand in hexadecimal as far as the line fixes them; a field stands as NAME=accepted. */
#include "match.h"

#include <stdio.h>

enum { SHOWN = 48 };

/* A field that takes one value only is its octets, too. */
static void
put_item(struct px_buf *b, const struct px_env *e, const struct px_item *it)
{
	struct px_buf v = {NULL, 0, 0}, o = {NULL, 0, 0};
	const char *missing, *why = "";
	bool one = it->kind == PX_FIELD && it->spec != NULL && it->spec->kind == PX_VALUE;

	if (it->kind == PX_OCTETS && px_expand(e, &it->text, &v, &missing)) {
		px_put_octets(b, span_of(v.p, v.n), SHOWN);
	} else if (one && px_expand(e, &it->spec->a, &v, &missing) &&
		   px_value_write(it->type, span_of(v.p, v.n), it->spec->a.quoted, &o, &why)) {
		px_put_octets(b, span_of(o.p, o.n), SHOWN);
		px_printf(b, " (%s)", it->name);
	} else if (it->kind == PX_FIELD) {
		px_printf(b, "%s=", it->name);
		if (it->spec == NULL || it->spec->kind == PX_ANY)
			px_printf(b, "any %s", px_type_name(it->type));
		else
			px_put_spec(b, e, it->spec);
	}
	px_buf_free(&v);
	px_buf_free(&o);
}

static void
put_items(struct px_buf *b, const struct px_env *e, const struct px_item *it)
{
	bool first = true;

	for (; it != NULL; it = it->next) {
		if (it->kind == PX_BAR)
			continue;
		px_puts(b, first ? "" : " ");
		put_item(b, e, it);
		first = false;
	}
}

static void
put_alternative(struct px_buf *b, const struct px_env *e, const struct px_alt *a)
{
	static const char *const endings[] = {"", "it closes", "FIN", "a reset", "silence"};

	put_items(b, e, a->items);
	if (a->ending != PX_END_NONE)
		px_printf(b, "%s%s", a->items != NULL ? ", then " : "", endings[a->ending]);
}

void
px_put_wanted(struct px_buf *b, const struct px_env *e, const struct px_step *s)
{
	enum px_verdict best = PX_FAIL;
	unsigned n = 0;

	if (s->kind == PX_HTTP) {
		px_puts(b, "a head");
		for (const struct px_hdr *h = s->hdrs; h != NULL; h = h->next)
			if (strcmp(h->name, "start") == 0) {
				px_puts(b, " that begins with ");
				px_put_spec(b, e, h->spec);
			}
		return;
	}
	put_items(b, e, s->items);
	for (const struct px_alt *a = s->alts; a != NULL; a = a->next)
		best = a->verdict < best ? a->verdict : best;
	for (const struct px_alt *a = s->alts; a != NULL; a = a->next)
		if (a->verdict == best) {
			px_puts(b, n++ != 0 ? "; or " : "");
			put_alternative(b, e, a);
		}
}
