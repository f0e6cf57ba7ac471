/* SPDX-License-Identifier: ISC
 * sanity.c - plain cases that must pass before any other verdict means something. */
#include "batch.h"

#include <stdio.h>

#define SANITY "sanity/first-and-last/"

/* The sanity case that asks for most of what this one asks for, and for nothing else. */
static const struct px_case *
sanity_of(const struct px_case *all, const struct px_case *c, unsigned cast)
{
	const struct px_case *best = NULL;
	unsigned most = 0;

	for (const struct px_case *s = all; s != NULL; s = s->next) {
		unsigned n = 0;

		if (strncmp(s->id, SANITY, strlen(SANITY)) != 0 || (s->tests & cast) == 0)
			continue;
		for (const struct px_text *t = s->needs; t != NULL; t = t->next) {
			if (!px_has_word(c->needs, t->s)) {
				n = 0;
				break;
			}
			n++;
		}
		if (n > most) {
			most = n;
			best = s;
		}
	}
	return best;
}

static bool
sane_enough(const struct px_sane *s)
{
	enum px_outcome o = s->res.outcome;

	/* a client that has no such thing says so in each case again */
	return o == PX_O_PASS || o == PX_O_INFO || o == PX_O_LOOSE || o == PX_O_SKIP;
}

static void
play(const struct px_subject *sub, const struct px_opts *o, struct px_sane *x)
{
	struct px_job j = {.c = x->c, .how = {.cast = sub->cast, .scale = o->scale}};

	px_run_jobs(sub, &j, 1, 1, NULL, NULL);
	px_result_free(&x->res);
	x->res = j.res;
	snprintf(x->why, sizeof x->why, "its sanity case %s ends with %s%s%s", x->c->id,
		px_outcome_name(j.res.outcome), j.res.n ? ": " : "", j.res.n ? j.res.v[0].what : "");
}

const struct px_sane *
px_sanity(struct px_sanity *k, const struct px_subject *sub, const struct px_opts *o,
	const struct px_case *all, const struct px_case *c)
{
	const struct px_case *s =
		sanity_of(all, c, sub->cast == PX_CAST_SERVER ? PX_TESTS_SERVER : PX_TESTS_CLIENT);
	struct px_arena *a = px_arena_new();
	const char *cannot = s == NULL ? "" : px_cannot(a, sub, s);
	struct px_sane *x;

	px_arena_free(a);
	if (s == NULL || s == c || cannot != NULL || px_but(sub, c))
		return NULL;
	for (size_t i = 0; i < k->n; i++)
		if (k->v[i].c == s)
			return sane_enough(&k->v[i]) ? NULL : &k->v[i];
	if (k->n == sizeof k->v / sizeof *k->v)
		return NULL;
	x = &k->v[k->n++];
	x->c = s;
	play(sub, o, x);
	return sane_enough(x) ? NULL : x;
}

const char *
px_sanity_again(struct px_sanity *k, const struct px_subject *sub, const struct px_opts *o)
{
	for (size_t i = 0; i < k->n; i++) {
		if (!sane_enough(&k->v[i]))
			continue;
		play(sub, o, &k->v[i]);
		if (!sane_enough(&k->v[i]))
			return k->v[i].why;
	}
	return NULL;
}

void
px_sanity_free(struct px_sanity *k)
{
	for (size_t i = 0; i < k->n; i++)
		px_result_free(&k->v[i].res);
	k->n = 0;
}
