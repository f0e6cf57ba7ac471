/* SPDX-License-Identifier: ISC
 * cmd_run.c - server and client: choose the cases, play the sanity cases, then all, and report.
 * One thing to know: a case whose sanity case fails is an ERROR of the configuration, never a FAIL. */
#include "batch.h"
#include "report.h"

#include <signal.h>
#include <stdlib.h>

static struct px_done *
add_case(struct px_batch *b, const struct px_case *c)
{
	if (b->n == b->cap) {
		b->cap = b->cap == 0 ? 128 : b->cap * 2;
		b->v = px_grow(b->v, b->cap * sizeof *b->v);
	}
	b->v[b->n] = (struct px_done){.c = c};
	return &b->v[b->n++];
}

/* Whose width progress has: a terminal that can go back to the beginning of a line and erase it. */
static unsigned
progress_columns(const struct px_opts *o)
{
	const char *term = getenv("TERM");

	return o->quiet || term == NULL || strcmp(term, "dumb") == 0 ? 0 : px_columns(2);
}

static void
progress(void *ctx, const struct px_job *j)
{
	struct px_batch *b = ctx;

	char line[200];

	b->told++;
	if (b->columns == 0)
		return;
	snprintf(line, sizeof line, "%zu/%zu %s %s", b->told, b->njobs, px_outcome_name(j->res.outcome),
		j->c->id);
	fprintf(stderr, "\r\033[K%.*s", (int)b->columns - 1, line);
}

/* A case that its sanity case holds up: what that one saw is the evidence. */
static void
hold(struct px_done *d, struct px_job *j, const struct px_sane *s)
{
	struct px_finding f = {
		.outcome = PX_O_ERROR, .level = d->c->level, .what = (char *)(uintptr_t)s->why};

	for (size_t i = 0; i < s->res.n; i++)
		if (s->res.v[i].outcome == s->res.outcome) {
			f.line = s->res.v[i].line;
			f.level = s->res.v[i].level;
			f.wanted = s->res.v[i].wanted;
			f.got = s->res.v[i].got;
			f.legs = s->res.v[i].legs;
			break;
		}
	d->held_by = s->c;
	j->res.closed = s->res.closed;
	px_result_add(&j->res, &f);
	j->done = true;
}

/* The runs of each case lie one behind the other. */
static void
settle(struct px_batch *b)
{
	size_t at = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct px_done *d = &b->v[i];

		if (d->outcome == PX_O_SKIP)
			continue;
		d->jobs = b->jobs + at;
		while (at < b->njobs && b->jobs[at].c == d->c) {
			struct px_job *j = &b->jobs[at++];
			static const unsigned char w[] = {0, 1, 3, 5, 2, 4, 6, 0, 0};

			d->n++;
			if (d->worst == NULL || w[j->res.outcome] > w[d->worst->res.outcome])
				d->worst = j;
			d->differs = d->differs || j->res.outcome != d->jobs[0].res.outcome;
		}
		if (d->worst != NULL)
			d->outcome = d->worst->res.outcome;
		if (d->outcome == PX_O_SKIP && d->worst->res.n != 0)
			d->reason = d->worst->res.v[0].what;
	}
}

static int
verdict(const struct px_report *r)
{
	if (r->count[PX_O_ERROR] != 0)
		return PX_EXIT_ERROR;
	if (r->count[PX_O_FAIL] + r->count[PX_O_CRASH] + r->count[PX_O_XPASS] != 0)
		return PX_EXIT_FAIL;
	if (r->o->strict && r->count[PX_O_LOOSE] != 0)
		return PX_EXIT_FAIL;
	return r->count[PX_O_SKIP] == r->n ? PX_EXIT_SKIP : PX_EXIT_OK;
}

static int
report(struct px_batch *b, struct px_opts *o, const struct px_subject *sub, struct px_report_files *files,
	const struct px_known *known, unsigned ms)
{
	struct px_report r = {.o = o, .sub = sub, .v = b->v, .n = b->n, .ms = ms, .width = px_columns(1)};
	bool ok;

	r.subject = sub->cast == PX_CAST_SERVER ? sub->proxy_text
		    : sub->profile != NULL	? sub->profile->name
						: sub->command->s;
	px_baseline(known, b->v, b->n);
	for (size_t i = 0; i < b->n; i++)
		r.count[b->v[i].outcome]++;
	ok = px_report_write(files, &r);
	if (b->n == 0)
		fputs("proxyspec: no case matches the selection\n", stderr);
	return !ok ? PX_EXIT_ERROR : b->n == 0 ? PX_EXIT_SKIP : verdict(&r);
}

static bool
subject(struct px_opts *o, struct px_arena *a, struct px_subject *sub, struct px_errors *errs)
{
	const char *why = "";

	memset(sub, 0, sizeof *sub);
	sub->cast = strcmp(o->command, "server") == 0 ? PX_CAST_SERVER : PX_CAST_CLIENT;
	sub->can = o->can;
	sub->target_host = o->target_host;
	sub->target_name = o->target_name;
	if (sub->cast == PX_CAST_SERVER) {
		if (o->args == NULL) {
			fputs("proxyspec: server wants the URL of a proxy\n", stderr);
			return false;
		}
		if (px_subject_url(a, sub, o->args->s, o->any_host, &why)) {
			o->args = o->args->next;
			return true;
		}
		fputs("proxyspec: ", stderr);
		px_print_safe(stderr, o->args->s);
		fprintf(stderr, ": %s\n", why);
		return false;
	}
	sub->command = o->template;
	if (o->profile != NULL)
		sub->profile = px_profile_read(a, px_find_profile(a, o->profile), errs);
	for (const struct px_error *e = errs->first; e != NULL; e = e->next)
		px_say(stderr, e->text);
	if (errs->n != 0)
		return false;
	if (sub->profile == NULL && (sub->command == NULL || sub->can == NULL)) {
		fputs("proxyspec: client wants --profile FILE, or -- COMMAND and --can with what it can do\n",
			stderr);
		return false;
	}
	return true;
}

static void
run_parallel(const struct px_subject *sub, struct px_job *j)
{
	enum { COPIES = 100 };
	struct px_job *v = calloc(COPIES, sizeof *v);

	for (unsigned i = 0; v != NULL && i < COPIES; i++)
		v[i] = (struct px_job){.c = j->c, .how = j->how};
	if (v != NULL)
		px_run_jobs(sub, v, COPIES, COPIES, NULL, NULL);
	for (unsigned i = 0; v != NULL && i < COPIES; i++) {
		if (i == 0 || v[i].res.outcome > j->res.outcome) {
			px_result_free(&j->res);
			j->res = v[i].res;
		} else {
			px_result_free(&v[i].res);
		}
	}
	j->done = true;
	free(v);
}

static void
choose(struct px_batch *b, const struct px_opts *o, const struct px_subject *sub, struct px_sanity *known,
	const struct px_case *all, const struct px_case *c, struct px_arena *a)
{
	struct px_done *d = add_case(b, c);
	size_t from = b->njobs;
	const struct px_sane *insane;

	d->reason = px_cannot(a, sub, c);
	if (d->reason != NULL) {
		d->outcome = PX_O_SKIP;
		return;
	}
	px_add_runs(b, o, c, sub->cast);
	insane = px_sanity(known, sub, o, all, c);
	for (size_t i = from; i < b->njobs && insane != NULL; i++)
		hold(d, &b->jobs[i], insane);
}

int
px_cmd_run(struct px_opts *o, struct px_arena *a)
{
	struct px_set set;
	struct px_subject sub;
	struct px_batch b = {.columns = progress_columns(o)};
	struct px_report_files files;
	struct px_known *known = NULL;
	struct px_sanity plain = {.n = 0};
	int64_t start = net_now();
	const char *after;
	unsigned cast;
	int rc;

	px_set_init(&set);
	signal(SIGPIPE, SIG_IGN);
	if (!subject(o, a, &sub, &set.errs)) {
		px_set_free(&set);
		return PX_EXIT_USAGE;
	}
	cast = sub.cast == PX_CAST_SERVER ? PX_TESTS_SERVER : PX_TESTS_CLIENT;
	for (const struct px_text *t = o->args; t != NULL; t = t->next)
		fprintf(stderr, "proxyspec: \"%s\" is not understood; cases are named with --case\n", t->s);
	rc = PX_EXIT_OK;
	if (o->args != NULL || (o->baseline != NULL && !px_baseline_read(o->baseline, &known, a)))
		rc = PX_EXIT_USAGE;
	else if (!px_opts_load(o, &set) || !px_report_open(&files, o))
		rc = PX_EXIT_ERROR;
	if (rc != PX_EXIT_OK) {
		px_set_free(&set);
		return rc;
	}
	px_baseline_warn(o->baseline, known, set.first);
	for (const struct px_case *c = set.first; c != NULL; c = c->next)
		if ((c->tests & cast) != 0 && px_selected(o, c))
			choose(&b, o, &sub, &plain, set.first, c, a);
	for (size_t i = 0; i < b.njobs; i++)
		if (!b.jobs[i].done && px_has_word(b.jobs[i].c->needs, "parallel"))
			run_parallel(&sub, &b.jobs[i]);
	px_run_jobs(&sub, b.jobs, b.njobs, o->jobs, progress, &b);
	after = px_sanity_again(&plain, &sub, o);
	if (b.columns != 0)
		fputs("\r\033[K", stderr);
	settle(&b);
	if (after != NULL)
		fprintf(stderr, "proxyspec: after the run %s\n", after);
	rc = report(&b, o, &sub, &files, known, (unsigned)(net_now() - start));
	if (after != NULL && rc != PX_EXIT_ERROR)
		rc = PX_EXIT_FAIL;
	for (size_t i = 0; i < b.njobs; i++)
		px_result_free(&b.jobs[i].res);
	free(b.jobs);
	free(b.v);
	px_sanity_free(&plain);
	px_set_free(&set);
	return rc;
}
