/* SPDX-License-Identifier: ISC
 * modes.c - in which segments a case is played: whole, octet by octet, split at each place, joined.
 * One thing to know: a case that takes long by its nature is played whole only. */
#include "batch.h"
#include "self.h"

#include <stdio.h>
#include <stdlib.h>

void *
px_grow(void *p, size_t n)
{
	p = realloc(p, n);
	if (p == NULL) {
		fputs("proxyspec: out of memory\n", stderr);
		exit(PX_EXIT_ERROR);
	}
	return p;
}

static void
add_job(struct px_batch *b, const struct px_case *c, struct px_how how)
{
	if (b->njobs == b->jobcap) {
		b->jobcap = b->jobcap == 0 ? 256 : b->jobcap * 2;
		b->jobs = px_grow(b->jobs, b->jobcap * sizeof *b->jobs);
	}
	b->jobs[b->njobs] = (struct px_job){.c = c, .how = how};
	b->jobs[b->njobs++].res.closed = "none";
}

/* Where the runner's messages of a case can be cut: after each of the first 32 octets, around line ends, before the
 * last octet. */
struct cuts {
	bool at[4096];
	size_t n, message;
	const struct px_step *last;
	enum px_cast cast;
};

static void
note_message(
	void *ctx, const struct px_step *s, enum px_actor a, bool payload, struct span o, enum px_ending e)
{
	struct cuts *c = ctx;

	(void)e;
	if (s->kind == PX_HEADING)
		return;
	if (payload || o.p == NULL || a != (c->cast == PX_CAST_SERVER ? PX_C : PX_P)) {
		c->message = 0;
		return;
	}
	for (size_t i = 0; i < o.n; i++) {
		size_t at = c->message + i;

		if (at == 0 || at >= sizeof c->at)
			continue;
		if (at <= 32 || o.p[i] == '\r' || o.p[i] == '\n' || (i > 0 && o.p[i - 1] == '\n') ||
			i + 1 == o.n)
			c->at[at] = true;
	}
	c->message += o.n;
}

static void
add_splits(struct px_batch *b, const struct px_case *c, struct px_how how)
{
	struct cuts *cuts = calloc(1, sizeof *cuts);
	struct px_arena *a = px_arena_new();
	struct px_errors errs;
	struct px_self self = {.emit = note_message, .ctx = cuts, .errs = &errs};

	px_errors_init(&errs, a);
	if (cuts != NULL) {
		cuts->cast = how.cast;
		px_self_play(&self, c);
		for (unsigned i = 1; i < sizeof cuts->at / sizeof *cuts->at; i++)
			if (cuts->at[i]) {
				how.split = i;
				add_job(b, c, how);
			}
	}
	free(cuts);
	px_arena_free(a);
}

static bool
once_is_enough(const struct px_case *c)
{
	return px_has_word(c->needs, "bulk") || px_has_word(c->needs, "slow") ||
	       px_has_word(c->needs, "parallel");
}

void
px_add_runs(struct px_batch *b, const struct px_opts *o, const struct px_case *c, enum px_cast cast)
{
	size_t before = b->njobs;

	for (const struct px_text *m = o->modes; m != NULL; m = m->next) {
		struct px_how how = {.cast = cast, .delivery = PX_D_WHOLE, .scale = o->scale};

		if (strcmp(m->s, "bytes") == 0)
			how.delivery = PX_D_BYTES;
		else if (strcmp(m->s, "coalesce") == 0)
			how.delivery = PX_D_COALESCE;
		else if (strncmp(m->s, "split", 5) == 0)
			how.delivery = PX_D_SPLIT;
		if (how.delivery != PX_D_WHOLE && once_is_enough(c))
			continue;
		if (strncmp(m->s, "split:", 6) == 0)
			how.split = (unsigned)strtoul(m->s + 6, NULL, 10);
		if (how.delivery == PX_D_SPLIT && how.split == 0)
			add_splits(b, c, how);
		else
			add_job(b, c, how);
	}
	if (b->njobs == before)
		add_job(b, c, (struct px_how){.cast = cast, .delivery = PX_D_WHOLE, .scale = o->scale});
}
