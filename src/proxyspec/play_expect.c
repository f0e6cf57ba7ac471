/* SPDX-License-Identifier: ISC
 * play_expect.c - octets that the tested side owes: lines, heads, alternatives. */
#include "play.h"

#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_MS 10000 /* how long an answer may take when the trace does not say */
#define QUIET_MS 150	 /* `rest` ends when nothing comes for so long */

static bool
gone(const struct px_play *p)
{
	return p->how.cast == PX_CAST_CLIENT && p->exited;
}

/* Nothing more can come on this leg.  A client that was told to try again may come on a new connection. */
static bool
ended(const struct px_play *p, const struct px_leg *l)
{
	if (p->how.cast == PX_CAST_CLIENT && l == &p->cp && p->redial && px_unread(l).n == 0)
		return gone(p);
	return l->eof;
}

/* Diffs of a line into findings.  False: the case is over. */
static bool
tell(struct px_play *p, const struct px_step *s, struct px_diffs *d, const char *what)
{
	if (d->broken != NULL) {
		px_trouble(p, PX_O_ERROR, s->line, "the trace is wrong: %s", d->broken);
		return false;
	}
	for (unsigned i = 0; i < d->n; i++) {
		const struct px_diff *x = &d->v[i];

		px_find(p, x->line, px_step_level(p, s, x->level), x->name, x->wanted, x->got, "%s", what);
	}
	return !p->stop;
}

static void
missing(struct px_play *p, const struct px_step *s, const struct px_leg *l)
{
	struct px_buf got = {NULL, 0, 0}, want = {NULL, 0, 0};
	const char *who = s->actor == PX_P ? "the proxy" : "the client";
	enum px_level level = px_step_level(p, s, PX_L_NONE);

	for (const struct px_hdr *h = s->hdrs; h != NULL; h = h->next)
		if (strcmp(h->name, "start") == 0) /* the start line is the message */
			level = px_step_level(p, s, h->level);
	if (px_unread(l).n != 0)
		px_put_octets(&got, px_unread(l), 64);
	else
		px_puts(&got, "nothing");
	px_put(&got, "", 1);
	px_put_wanted(&want, &p->env, s);
	px_put(&want, "", 1);
	if (!px_leg_there(l) && !l->eof)
		px_find(p, s->line, level, "", (char *)want.p, "", "%s never connected", who);
	else if (l->rst || l->eof)
		px_find(p, s->line, level, "", (char *)want.p, (char *)got.p,
			"%s %s before its message was whole", who,
			l->rst ? "reset the connection" : "closed");
	else
		px_find(p, s->line, level, "", (char *)want.p, (char *)got.p,
			"%s did not send its message in time", who);
	px_lost(p, l);
	p->stop = true;
	px_buf_free(&got);
	px_buf_free(&want);
}

void
px_expect_octets(struct px_play *p, const struct px_step *s)
{
	struct px_leg *l = px_in_leg(p, s->actor, false);
	int64_t end = px_until(p, s->within_ms >= 0 ? s->within_ms : DEFAULT_MS), from = net_now();

	for (;;) {
		struct px_diffs d = {.n = 0};
		int64_t quiet = (l->last > from ? l->last : from) + px_ms(p, QUIET_MS), wake = end;
		struct px_in in = {px_unread(l), ended(p, l), net_now() >= quiet};
		size_t mark = px_env_mark(&p->env), used = 0;
		enum px_match m = s->kind == PX_HTTP ? px_match_head(&p->env, s, in, &used, &d)
						     : px_match_items(&p->env, s->items, in, &used, &d);

		if (m != PX_M_MORE) {
			bool ok = tell(p, s, &d,
				m == PX_M_OK ? "the value is not accepted" : "other octets were expected");

			l->at += m == PX_M_OK ? used : 0;
			p->stop = p->stop || !ok || m == PX_M_BAD;
			px_diffs_free(&d);
			return;
		}
		px_env_back(&p->env, mark);
		if (d.want_quiet && in.s.n != 0 && quiet < end)
			wake = quiet > net_now() ? quiet : net_now() + 1;
		px_diffs_free(&d);
		if (px_again(p))
			return;
		if (ended(p, l) || net_now() >= end || (gone(p) && !px_leg_there(l))) {
			missing(p, s, l);
			return;
		}
		px_pump(p, wake);
	}
}

static void
chosen(struct px_play *p, const struct px_step *s, const struct px_alt *a)
{
	static const enum px_level levels[] = {
		[PX_PASS] = PX_INFO, [PX_V_INFO] = PX_INFO, [PX_LOOSE] = PX_ROBUST, [PX_FAIL] = PX_MUST};
	enum px_level file = px_step_level(p, s, PX_L_NONE), level = levels[a->verdict];
	struct px_leg *l = px_in_leg(p, s->actor, false);
	struct px_buf got = {NULL, 0, 0}, want = {NULL, 0, 0};

	if (a->verdict == PX_PASS)
		return;
	if (a->verdict != PX_V_INFO)
		px_put_wanted(&want, &p->env, s);
	px_put(&want, "", 1);
	if (px_level_verdict(file) == px_level_verdict(level))
		level = file; /* name the level that the file names */
	px_put_octets(&got, span_of(l->in.p + (l->at > 64 ? l->at - 64 : 0), l->at > 64 ? 64 : l->at), 64);
	px_put(&got, "", 1);
	px_find(p, a->line, level, "", (char *)want.p, l->at == 0 ? "nothing" : (char *)got.p, "%s",
		a->why != NULL ? a->why : "a discouraged alternative");
	if (a->items == NULL && a->ending == PX_END_SILENCE)
		px_lost(p, l);
	px_buf_free(&got);
	px_buf_free(&want);
}

static void
no_alternative(struct px_play *p, const struct px_step *s, const struct px_leg *l)
{
	struct px_buf got = {NULL, 0, 0}, want = {NULL, 0, 0};

	if (px_unread(l).n != 0)
		px_put_octets(&got, px_unread(l), 64);
	else
		px_puts(&got, "nothing");
	px_put_wanted(&want, &p->env, s);
	px_put(&want, "", 1);
	px_puts(&got, l->rst ? ", then reset" : l->eof ? ", then closed" : "");
	px_put(&got, "", 1);
	px_find(p, s->line, px_step_level(p, s, PX_L_NONE), "", (char *)want.p, (char *)got.p,
		"none of the alternatives came");
	px_lost(p, l);
	p->stop = true;
	px_buf_free(&got);
	px_buf_free(&want);
}

/* One look at all alternatives.  The first that has come is taken when all before it can no longer come. */
static const struct px_alt *
look(struct px_play *p, const struct px_step *s, struct px_in in, struct px_close c, size_t *used, bool *open,
	bool *quiet)
{
	*open = *quiet = false;
	for (const struct px_alt *a = s->alts; a != NULL; a = a->next) {
		struct px_diffs d = {.n = 0};
		size_t mark = px_env_mark(&p->env);
		enum px_alt_state st = px_match_alt(&p->env, a, in, c, used, &d);

		if (d.broken != NULL)
			px_trouble(p, PX_O_ERROR, a->line, "the trace is wrong: %s", d.broken);
		*quiet = *quiet || (st == PX_A_OPEN && d.want_quiet);
		px_diffs_free(&d);
		if (st == PX_A_YES && !*open)
			return a;
		*open = *open || st == PX_A_OPEN;
		px_env_back(&p->env, mark);
	}
	return NULL;
}

void
px_expect_oneof(struct px_play *p, const struct px_step *s)
{
	struct px_leg *l = px_in_leg(p, s->actor, false);
	int64_t end = px_until(p, s->within_ms >= 0 ? s->within_ms : DEFAULT_MS), from = net_now();

	while (!p->stop) {
		int64_t calm = (l->last > from ? l->last : from) + px_ms(p, QUIET_MS), wake = end;
		struct px_in in = {px_unread(l), l->eof, net_now() >= calm};
		bool there = px_leg_there(l), open, quiet;
		struct px_close c = {
			l->eof && !l->rst, l->rst, net_now() >= end || (gone(p) && (!there || l->eof))};
		size_t used = 0;
		const struct px_alt *a = look(p, s, in, c, &used, &open, &quiet);

		if (p->stop)
			return;
		if (a != NULL) {
			l->at += used;
			chosen(p, s, a);
			return;
		}
		if (!open) {
			if (px_again(p))
				return;
			no_alternative(p, s, l);
			return;
		}
		if (quiet && in.s.n != 0)
			wake = calm > net_now() ? calm : net_now() + 1;
		px_pump(p, wake < end ? wake : end);
	}
}

/* The runner plays the first alternative. */
void
px_act_oneof(struct px_play *p, const struct px_step *s)
{
	struct px_leg *l = px_out_leg(p, s->actor, false);
	struct px_step act = {.kind = PX_BYTES, .actor = s->actor, .line = s->line, .within_ms = -1};

	if (l == NULL)
		return;
	if (s->alts->items != NULL) {
		act.items = s->alts->items;
		px_queue(p, l, &act);
		px_flush(p, l, s, PX_FLUSH_FORCE);
	}
	if (s->alts->ending == PX_END_NONE || s->alts->ending == PX_END_SILENCE)
		return;
	act.kind = PX_EVENT;
	act.items = NULL;
	act.event = s->alts->ending == PX_END_RST   ? PX_E_RST
		    : s->alts->ending == PX_END_FIN ? PX_E_FIN
						    : PX_E_CLOSE;
	px_event(p, &act);
}
