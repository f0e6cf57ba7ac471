/* SPDX-License-Identifier: ISC
 * self.c - see self.h. */
#include "self.h"

#include <stdio.h>
#include <strings.h>

/* For a trace that cuts the name: which name it is is known only when the case runs. */
static void
set_pieces(struct px_env *e)
{
	struct px_buf b = {NULL, 0, 0};
	struct span host = {NULL, 0};
	char length[24];

	if (!px_env_get(e, "host", &host) || host.n == 0)
		return;
	px_put(&b, host.p, host.n);
	snprintf(length, sizeof length, "%zu", b.n);
	px_env_set(e, "host_length", span_str(length));
	px_env_set(e, "host_head", span_of(b.p, b.n / 2));
	px_env_set(e, "host_tail", span_of(b.p + b.n / 2, b.n - b.n / 2));
	px_buf_free(&b);
}

void
px_set_derived(struct px_env *e)
{
	struct px_buf up = {NULL, 0, 0}, b64 = {NULL, 0, 0};
	struct span user = {NULL, 0}, pass = {NULL, 0};

	set_pieces(e);
	if (!px_env_get(e, "user", &user))
		return;
	px_env_get(e, "pass", &pass);
	px_put(&up, user.p, user.n);
	px_puts(&up, ":");
	px_put(&up, pass.p, pass.n);
	px_base64(&b64, span_of(up.p, up.n));
	px_env_set(e, "basic", span_of(b64.p, b64.n));
	px_buf_free(&up);
	px_buf_free(&b64);
}

void
px_case_env(struct px_env *e, const struct px_case *c)
{
	for (const struct px_given *g = c->given; g != NULL; g = g->next) {
		struct px_buf b = {NULL, 0, 0};
		const char *missing;

		if (px_expand(e, &g->value, &b, &missing))
			px_env_set(e, g->name, span_of(b.p, b.n));
		px_buf_free(&b);
	}
	px_set_derived(e);
}

bool
px_when_true(const struct px_env *e, const struct px_step *s)
{
	struct px_buf b = {NULL, 0, 0};
	struct span v;
	const char *missing;
	unsigned long x, y;
	bool there = px_env_get(e, s->var, &v), equal = false;

	if (s->absent) {
		equal = !there;
	} else if (there && px_expand(e, &s->arg, &b, &missing)) {
		struct span w = span_of(b.p, b.n);

		if (px_number(v, &x) && px_number(w, &y))
			equal = x == y;
		else if (strncasecmp(s->var, "http.", 5) == 0)
			equal = v.n == w.n && strncasecmp((const char *)v.p, (const char *)w.p, v.n) == 0;
		else
			equal = span_eq(v, w);
	}
	px_buf_free(&b);
	return equal != s->negated;
}

struct walk {
	struct px_self *self;
	const struct px_case *c;
	struct px_env env;
};

static void
complain(struct walk *w, unsigned line, const struct px_diffs *d)
{
	if (d->broken != NULL)
		px_error(w->self->errs, w->c->file, line, "%s", d->broken);
	for (unsigned i = 0; i < d->n; i++)
		px_error(w->self->errs, w->c->file, d->v[i].line,
			"%s%sthe canonical value does not fit: wanted %s, is %s", d->v[i].name,
			d->v[i].name[0] ? ": " : "", d->v[i].wanted, d->v[i].got);
}

/* The octets against the line they were made from, with the variables as they were before. */
static void
check(struct walk *w, const struct px_step *s, size_t mark, struct span octets)
{
	struct px_diffs d = {.n = 0};
	struct px_in in = {octets, true, true};
	size_t used = 0;
	enum px_match m;

	px_env_back(&w->env, mark);
	if (s->kind == PX_HTTP)
		m = px_match_head(&w->env, s, in, &used, &d);
	else
		m = px_match_items(&w->env, s->items, in, &used, &d);
	complain(w, s->line, &d);
	if (m == PX_M_MORE || (m == PX_M_OK && used != octets.n))
		px_error(w->self->errs, w->c->file, s->line,
			"the canonical octets are not exactly one such line");
	px_diffs_free(&d);
}

/* Does the runner ever send this line?  One that is only expected may do without a canonical value. */
static bool
played(const struct px_case *c, const struct px_step *s)
{
	return s->actor == PX_T || (c->tests & (s->actor == PX_C ? PX_TESTS_SERVER : PX_TESTS_CLIENT)) != 0;
}

static void
octets_line(struct walk *w, const struct px_step *s)
{
	struct px_buf b = {NULL, 0, 0};
	size_t mark = px_env_mark(&w->env);
	unsigned line = s->line;
	const char *why = "";
	bool ok;

	if (s->kind == PX_HTTP)
		ok = px_encode_head(&w->env, s, &b, &line, &why);
	else
		ok = px_encode_items(&w->env, s->items, &b, NULL, &line, &why);
	if (!ok && played(w->c, s))
		px_error(w->self->errs, w->c->file, line, "%s", why);
	else if (ok && s->kind != PX_PAYLOAD)
		check(w, s, mark, span_of(b.p, b.n));
	if (ok && w->self->emit != NULL)
		w->self->emit(
			w->self->ctx, s, s->actor, s->kind == PX_PAYLOAD, span_of(b.p, b.n), PX_END_NONE);
	px_buf_free(&b);
}

/* The first alternative is what the runner plays; it must be the one that is recognised. */
static void
oneof(struct walk *w, const struct px_step *s)
{
	struct px_buf b = {NULL, 0, 0};
	size_t mark = px_env_mark(&w->env), used;
	const struct px_alt *first = s->alts;
	enum px_ending end = first->ending;
	struct px_close c = {end == PX_END_CLOSE || end == PX_END_FIN, end == PX_END_RST, true};
	unsigned line = s->line;
	const char *why = "";

	if (!px_encode_items(&w->env, first->items, &b, NULL, &line, &why)) {
		px_error(w->self->errs, w->c->file, line, "%s", why);
		px_buf_free(&b);
		return;
	}
	if (first->verdict == PX_FAIL)
		px_error(w->self->errs, w->c->file, first->line,
			"the first alternative is what is played, and it is a fail");
	px_env_back(&w->env, mark);
	for (const struct px_alt *a = s->alts; a != NULL; a = a->next) {
		struct px_diffs d = {.n = 0};
		struct px_in in = {span_of(b.p, b.n), c.eof || c.rst, true};
		enum px_alt_state st = px_match_alt(&w->env, a, in, c, &used, &d);

		if (a == first && st != PX_A_YES) {
			complain(w, a->line, &d);
			px_error(w->self->errs, w->c->file, a->line,
				"the first alternative does not recognise itself");
		}
		if (d.broken != NULL && a != first)
			complain(w, a->line, &d);
		if (a == first && st == PX_A_YES)
			mark = px_env_mark(&w->env);
		px_env_back(&w->env, mark);
		px_diffs_free(&d);
	}
	if (w->self->emit != NULL)
		w->self->emit(w->self->ctx, s, s->actor, false, span_of(b.p, b.n), end);
	px_buf_free(&b);
}

static void
event(struct walk *w, const struct px_step *s)
{
	struct px_buf b = {NULL, 0, 0};
	const char *missing = "";
	enum px_ending end = s->event == PX_E_CLOSE ? PX_END_CLOSE
			     : s->event == PX_E_FIN ? PX_END_FIN
			     : s->event == PX_E_RST ? PX_END_RST
						    : PX_END_NONE;

	if (!px_expand(&w->env, &s->arg, &b, &missing))
		px_error(w->self->errs, w->c->file, s->line, "no value for $%s", missing);
	else if (s->event == PX_E_SKIP && w->self->emit != NULL && b.n != 0)
		w->self->emit(w->self->ctx, s, s->actor, false, span_of(b.p, b.n), end);
	else if (w->self->emit != NULL)
		w->self->emit(w->self->ctx, s, s->actor, false, span_of(NULL, 0), end);
	px_buf_free(&b);
}

static void
steps(struct walk *w, const struct px_step *s)
{
	for (; s != NULL; s = s->next) {
		switch (s->kind) {
		case PX_HEADING:
			if (w->self->emit != NULL)
				w->self->emit(
					w->self->ctx, s, s->actor, false, span_of(NULL, 0), PX_END_NONE);
			break;
		case PX_BYTES:
		case PX_HTTP:
		case PX_PAYLOAD:
			octets_line(w, s);
			break;
		case PX_ONEOF:
			oneof(w, s);
			break;
		case PX_EVENT:
			event(w, s);
			break;
		case PX_WHEN:
			steps(w, px_when_true(&w->env, s) ? s->body : s->other);
			break;
		}
	}
}

void
px_self_play(struct px_self *self, const struct px_case *c)
{
	struct walk w = {self, c, {NULL, 0, 0}};

	px_case_env(&w.env, c);
	steps(&w, c->steps);
	px_env_free(&w.env);
}
