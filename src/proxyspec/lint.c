/* SPDX-License-Identifier: ISC
 * lint.c - what can be wrong in a trace that parses: see docs/pxt.5, "What lint looks at". */
#include "self.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

static void
check_spec(const struct px_case *c, unsigned line, const struct px_spec *s, struct px_errors *errs)
{
	struct px_buf b = {NULL, 0, 0};
	regex_t re;
	int err;

	for (; s != NULL; s = s->next) {
		check_spec(c, line, s->sub, errs);
		if (s->kind != PX_REGEX)
			continue;
		b.n = 0;
		for (const struct px_part *p = s->a.first; p != NULL; p = p->next)
			if (p->var != NULL)
				px_puts(&b, "x");
			else
				px_put(&b, p->lit.p, p->lit.n);
		px_put(&b, "", 1);
		err = regcomp(&re, (const char *)b.p, REG_EXTENDED | REG_NOSUB);
		if (err != 0) {
			char m[200];

			regerror(err, &re, m, sizeof m);
			px_error(
				errs, c->file, line, "the regular expression /%s/: %s", (const char *)b.p, m);
		} else {
			regfree(&re);
		}
	}
	px_buf_free(&b);
}

static void
check_steps(const struct px_case *c, const struct px_step *s, struct px_errors *errs)
{
	for (; s != NULL; s = s->next) {
		for (const struct px_item *i = s->items; i != NULL; i = i->next)
			check_spec(c, i->line, i->spec, errs);
		for (const struct px_hdr *h = s->hdrs; h != NULL; h = h->next)
			check_spec(c, h->line, h->spec, errs);
		for (const struct px_alt *a = s->alts; a != NULL; a = a->next)
			for (const struct px_item *i = a->items; i != NULL; i = i->next)
				check_spec(c, i->line, i->spec, errs);
		check_spec(c, s->line, s->spec, errs);
		check_steps(c, s->body, errs);
		check_steps(c, s->other, errs);
	}
}

/* The last word of a spec: line is its level. */
static bool
ends_with_level(const char *s)
{
	const char *w = strrchr(s, ' ');

	w = w == NULL ? s : w + 1;
	return px_level_of(w, strlen(w)) != PX_L_NONE || strcmp(w, "must") == 0 ||
	       strcmp(w, "MUST(draft)") == 0;
}

static void
check_name(const struct px_case *c, struct px_errors *errs)
{
	const char *base = strrchr(c->file, '/');
	size_t n = strlen(c->id);
	bool same;

	base = base == NULL ? c->file : base + 1;
	same = strlen(base) == n + 4 && strcmp(base + n, ".pxt") == 0;
	for (size_t i = 0; same && i < n; i++)
		same = base[i] == (c->id[i] == '/' ? '-' : c->id[i]);
	if (!same)
		px_error(errs, c->file, 1, "the file is not named like its case %s", c->id);
}

void
px_lint(const struct px_case *all, struct px_errors *errs, bool strict)
{
	for (const struct px_case *c = all; c != NULL; c = c->next) {
		if (c->title == NULL)
			px_error(errs, c->file, 1, "the header title: is missing");
		if (c->spec == NULL)
			px_error(errs, c->file, 1, "the header spec: is missing");
		for (const struct px_text *t = c->spec; t != NULL; t = t->next)
			if (strict && !ends_with_level(t->s))
				px_error(errs, c->file, t->line, "spec: ends with a level (MUST ... INFO)");
		for (const struct px_case *b = all; b != c; b = b->next)
			if (strcmp(b->id, c->id) == 0)
				px_error(errs, c->file, 1, "case %s is in %s too", c->id, b->file);
		if (strict)
			check_name(c, errs);
		check_steps(c, c->steps, errs);
	}
}
