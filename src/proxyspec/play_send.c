/* SPDX-License-Identifier: ISC
 * play_send.c - what the runner sends, and in which segments.
 * One thing to know: TCP has no messages; a segment is a write with TCP_NODELAY, followed by a wait until the other
 * host has acknowledged it, a pause in which the other program can read it, and, where that can be known, a wait until it
 * has: on a busy machine no pause is long enough. */
#include "play.h"
#include "self.h"

#include <linux/sockios.h>
#include <stdio.h>
#include <sys/ioctl.h>

#define PAUSE_BAR 4	/* milliseconds behind a boundary that the trace or a split asks for */
#define READ_LIMIT 300	/* until then, once a connection: it may want more octets before it takes any */
#define SLOW_OCTETS 600 /* octet by octet: only that many get a pause, the rest go as separate writes */

void
px_push(struct px_leg *l, struct span s)
{
	if (!l->unsent)
		px_put(&l->out, s.p, s.n);
}

bool
px_early(struct px_play *p, const struct px_step *s)
{
	for (unsigned i = 0; i < p->nearly; i++)
		if (p->early[i] == s) {
			p->early[i] = NULL;
			return true;
		}
	return false;
}

static bool
encode(struct px_play *p, struct px_leg *l, const struct px_step *s, bool tell)
{
	struct px_cuts cuts = {.n = 0};
	struct px_buf b = {NULL, 0, 0};
	unsigned line = s->line;
	const char *why = "";
	bool ok;

	if (s->kind == PX_HTTP)
		ok = px_encode_head(&p->env, s, &b, &line, &why);
	else
		ok = px_encode_items(&p->env, s->items, &b, &cuts, &line, &why);
	if (!ok && tell)
		px_trouble(p, PX_O_ERROR, line, "cannot be sent: %s", why);
	for (size_t i = 0; ok && i < cuts.n && l->cuts.n < sizeof l->cuts.v / sizeof *l->cuts.v; i++)
		l->cuts.v[l->cuts.n++] = l->pend.n + cuts.v[i];
	if (ok)
		px_put(&l->pend, b.p, b.n);
	px_buf_free(&b);
	return ok;
}

void
px_queue(struct px_play *p, struct px_leg *l, const struct px_step *s)
{
	encode(p, l, s, true);
	l->amp = s->amp;
}

/* Write what is in out and wait until the peer's host has it; answers are read meanwhile. */
static void
segment(struct px_play *p, struct px_leg *l, struct span s, bool pause, int ms)
{
	int64_t end = px_until(p, 10000), until;
	int left;

	px_push(l, s);
	while (l->out.n > l->sent && net_now() < end && !l->unsent)
		px_pump(p, end);
	if (!pause || l->wfd < 0 || l->unsent)
		return;
	until = net_now() + ms;
	while (ioctl(l->wfd, SIOCOUTQ, &left) == 0 && left > 0 && net_now() < end)
		px_pump(p, net_now() + 1);
	while (net_now() < until)
		px_pump(p, until);
	until = net_now() + READ_LIMIT;
	while (!l->lazy && l->wfd >= 0 && px_left_unread(l->wfd)) {
		px_pump(p, net_now() + 1);
		l->lazy = net_now() >= until;
	}
}

static bool
is_cut(const struct px_play *p, const struct px_leg *l, size_t at)
{
	for (size_t i = 0; i < l->cuts.n; i++)
		if (l->cuts.v[i] == at)
			return true;
	if (p->how.delivery == PX_D_BYTES)
		return true;
	return p->how.delivery == PX_D_SPLIT && at == p->how.split;
}

/* All of pend, in its segments; the last one is left in out when more is to join it. */
static void
deliver(struct px_play *p, struct px_leg *l, bool more)
{
	struct px_buf b = l->pend;
	size_t from = 0;

	l->pend = (struct px_buf){NULL, 0, 0};
	for (size_t at = 1; at <= b.n && !p->stop; at++) {
		bool last = at == b.n;

		if (!last && !is_cut(p, l, at))
			continue;
		if (last && more) {
			px_push(l, span_of(b.p + from, at - from));
		} else {
			bool bytes = p->how.delivery == PX_D_BYTES;

			segment(p, l, span_of(b.p + from, at - from),
				(!last || is_cut(p, l, at)) && at < SLOW_OCTETS, bytes ? 1 : PAUSE_BAR);
		}
		from = at;
	}
	l->cuts.n = 0;
	px_buf_free(&b);
}

/* The step that is played after s ends, whatever list it is in. */
static const struct px_step *
after(const struct px_step *s, const struct px_frame **in)
{
	s = s->next;
	while (s == NULL && *in != NULL) {
		s = (*in)->after;
		*in = (*in)->around;
	}
	return s;
}

/* Was the variable set since mark, by a line of ours?  Then no answer that is still to come decides the branch. */
static bool
known(const struct px_play *p, const char *var, size_t mark)
{
	for (size_t i = p->env.n; i > mark; i--)
		if (strcmp(p->env.v[i - 1].name, var) == 0)
			return true;
	return false;
}

/* Lines of this actor that could go out now, because only answers stand between: the optimistic client. */
static void
look_ahead(
	struct px_play *p, struct px_leg *l, const struct px_step *s, const struct px_frame *in, size_t mark)
{
	for (; s != NULL; s = after(s, &in)) {
		if (s->kind == PX_HEADING || (s->kind == PX_EVENT && s->event == PX_E_ACCEPT))
			continue;
		if (s->kind == PX_WHEN && known(p, s->var, mark)) {
			const struct px_step *list = px_when_true(&p->env, s) ? s->body : s->other;
			struct px_frame f = {s->next, in};

			if (list == NULL)
				continue;
			look_ahead(p, l, list, &f, mark);
			return;
		}
		if (s->kind != PX_BYTES && s->kind != PX_HTTP)
			return;
		if (!px_is_ours(p, s->actor)) {
			mark = px_env_mark(&p->env);
			continue;
		}
		if (p->nearly == PX_EARLY || !encode(p, l, s, false))
			return;
		p->early[p->nearly++] = s;
	}
}

/* Does T's payload come next, so that it may share the segment of the proxy's reply? */
static bool
payload_next(const struct px_play *p, const struct px_step *s)
{
	const struct px_frame *in = p->in;

	while (s != NULL && (s->kind == PX_HEADING || (s->kind == PX_EVENT && s->event == PX_E_ACCEPT)))
		s = after(s, &in);
	return s != NULL && s->kind == PX_PAYLOAD && s->actor == PX_T;
}

void
px_flush(struct px_play *p, struct px_leg *l, const struct px_step *next, enum px_flush_how how)
{
	if (l->pend.n == 0)
		return;
	if (how == PX_FLUSH && l->amp)
		return; /* kept for this actor's next octets */
	if (how == PX_FLUSH && p->how.delivery == PX_D_COALESCE && p->how.cast == PX_CAST_CLIENT &&
		payload_next(p, next))
		return; /* kept for the payload */
	if (!px_reach(p, l, px_until(p, 10000))) {
		px_trouble(p, p->how.cast == PX_CAST_SERVER ? PX_O_ERROR : PX_O_FAIL,
			next == NULL ? 0 : next->line, "there is no connection to send on");
		l->pend.n = 0;
		return;
	}
	if (p->how.delivery == PX_D_COALESCE && p->how.cast == PX_CAST_SERVER)
		look_ahead(p, l, next, p->in, px_env_mark(&p->env));
	deliver(p, l, how == PX_FLUSH_JOIN && (l->amp || p->how.delivery == PX_D_COALESCE));
	l->amp = false;
}

void
px_flush_all(struct px_play *p, const struct px_step *next)
{
	px_flush(p, &p->cp, next, next == NULL ? PX_FLUSH_FORCE : PX_FLUSH);
	px_flush(p, &p->pt, next, next == NULL ? PX_FLUSH_FORCE : PX_FLUSH);
}
