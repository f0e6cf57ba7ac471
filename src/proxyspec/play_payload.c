/* SPDX-License-Identifier: ISC
 * play_payload.c - octets through the tunnel.
 * One thing to know: lines of one actor that follow one another are one write.  Where C's and T's are 64 KiB or
 * more each, both directions run at once: a relay that cannot do that stops for ever. */
#include "play.h"

#include <stdio.h>

#define BULK 65536u
#define DEFAULT_MS 10000

struct flow {
	const struct px_step *first, *end; /* the lines, end excluded */
	struct px_leg *out, *in;
	struct px_buf octets;
	size_t done;
	int within;
};

/* The lines from s on that are one write of one actor. */
static void
gather(struct px_play *p, struct flow *f, const struct px_step *s)
{
	unsigned line = s->line;
	const char *why = "";

	*f = (struct flow){.first = s, .within = -1};
	f->out = px_out_leg(p, s->actor, true);
	f->in = px_in_leg(p, s->actor, true);
	for (; s != NULL && (s->kind == PX_HEADING || (s->kind == PX_PAYLOAD && s->actor == f->first->actor));
		s = s->next) {
		if (s->kind == PX_HEADING)
			continue;
		if (!px_encode_items(&p->env, s->items, &f->octets, NULL, &line, &why))
			px_trouble(p, PX_O_ERROR, line, "cannot be sent: %s", why);
		if (s->within_ms > f->within)
			f->within = s->within_ms;
	}
	f->end = s;
}

/* Compare what has come with what was sent.  False: it differs. */
static bool
compare(struct px_play *p, struct flow *f)
{
	struct span s = px_unread(f->in);
	size_t left = f->octets.n - f->done, n = s.n < left ? s.n : left, i;

	for (i = 0; i < n && s.p[i] == f->octets.p[f->done + i]; i++)
		continue;
	f->done += i;
	f->in->at += i;
	if (i < n) {
		struct px_buf w = {NULL, 0, 0}, g = {NULL, 0, 0};

		px_put_octets(&w, span_of(f->octets.p + f->done, f->octets.n - f->done), 48);
		px_put_octets(&g, span_of(s.p + i, s.n - i), 48);
		px_put(&w, "", 1);
		px_put(&g, "", 1);
		px_find(p, f->first->line, px_step_level(p, f->first, PX_L_NONE), "", (char *)w.p,
			(char *)g.p, "payload differs after %zu octets (%s)", f->done, f->in->name);
		px_buf_free(&w);
		px_buf_free(&g);
		p->stop = true;
		return false;
	}
	return true;
}

static void
lost(struct px_play *p, struct flow *f, bool late)
{
	struct px_buf w = {NULL, 0, 0};

	px_put_octets(&w, span_of(f->octets.p + f->done, f->octets.n - f->done), 48);
	px_put(&w, "", 1);
	px_find(p, f->first->line, px_step_level(p, f->first, PX_L_NONE), "", (char *)w.p, "nothing",
		"payload did not arrive%s: %zu of %zu octets came (%s%s)", late ? " in time" : "", f->done,
		f->octets.n, f->in->name,
		f->in->rst   ? ", reset"
		: f->in->eof ? ", closed"
			     : "");
	px_buf_free(&w);
	p->stop = true;
}

/* "T: wait 2s" behind C>>: T does not read for so long. */
static const struct px_step *
reader_waits(struct px_play *p, const struct px_step *next, const struct flow *f, int64_t *until)
{
	*until = 0;
	while (next != NULL && next->kind == PX_HEADING)
		next = next->next;
	if (next == NULL || next->kind != PX_EVENT || next->event != PX_E_WAIT ||
		next->actor == f->first->actor)
		return NULL;
	*until = px_until(p, next->ms);
	return next;
}

static bool
ready(struct px_play *p, struct flow *f)
{
	p->wanted = true;
	if (px_reach(p, f->out, px_until(p, DEFAULT_MS)) && px_reach(p, f->in, px_until(p, DEFAULT_MS)))
		return true;
	px_find(p, f->first->line, px_step_level(p, f->first, PX_L_NONE), "", "", "",
		"there is no tunnel to send through");
	p->stop = true;
	return false;
}

/* Run one flow, or two at once. */
static void
run(struct px_play *p, struct flow *f, unsigned n, int64_t hold)
{
	size_t most = f[0].octets.n > f[n - 1].octets.n ? f[0].octets.n : f[n - 1].octets.n;
	int ms = f[0].within > f[n - 1].within ? f[0].within : f[n - 1].within;
	int64_t end = px_until(p, ms >= 0 ? ms : DEFAULT_MS + (int)(most / 1000));

	if (hold != 0)
		end += hold - net_now();
	f[0].in->hold = hold != 0;
	while (!p->stop) {
		bool all = true;

		for (unsigned i = 0; i < n; i++) {
			if (!f[i].in->hold && !compare(p, &f[i]))
				return;
			all = all && f[i].done == f[i].octets.n;
		}
		if (all && hold == 0)
			return;
		if (hold != 0 && net_now() >= hold) {
			hold = 0;
			f[0].in->hold = false;
			continue;
		}
		for (unsigned i = 0; i < n; i++)
			if (f[i].done < f[i].octets.n && !f[i].in->hold &&
				(f[i].in->eof || net_now() >= end)) {
				lost(p, &f[i], !f[i].in->eof);
				return;
			}
		px_pump(p, hold != 0 && hold < end ? hold : end);
	}
}

const struct px_step *
px_payload(struct px_play *p, const struct px_step *s)
{
	struct flow f[2];
	const struct px_step *next, *waits;
	unsigned n = 1;
	int64_t hold;

	gather(p, &f[0], s);
	f[1] = (struct flow){.within = -1};
	next = f[0].end;
	if (next != NULL && next->kind == PX_PAYLOAD && f[0].octets.n >= BULK) {
		gather(p, &f[1], next);
		if (f[1].octets.n >= BULK) {
			n = 2;
			next = f[1].end;
		} else {
			px_buf_free(&f[1].octets);
		}
	}
	waits = n == 1 ? reader_waits(p, next, &f[0], &hold) : NULL;
	if (waits != NULL)
		next = waits->next;
	else
		hold = 0;
	if (!p->stop) /* what was to be sent before goes out first, on both legs */
		px_flush(p, px_out_leg(p, s->actor, true) == &p->cp ? &p->pt : &p->cp, s, PX_FLUSH);
	for (unsigned i = 0; i < n && !p->stop; i++)
		if (ready(p, &f[i])) {
			px_flush(p, f[i].out, s, PX_FLUSH_JOIN);
			px_push(f[i].out, span_of(f[i].octets.p, f[i].octets.n));
		}
	if (!p->stop)
		run(p, f, n, hold);
	px_buf_free(&f[0].octets);
	px_buf_free(&f[1].octets);
	return next;
}
