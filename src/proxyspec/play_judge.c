/* SPDX-License-Identifier: ISC
 * play_judge.c - findings, with what else arrived on every leg.
 * One thing to know: octets that never come, or cannot be the line, are judged by the line's level; a value in a
 * whole line by its field's. */
#include "play.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { LEG_SHOWN = 48 }; /* octets of each direction */

enum px_level
px_step_level(const struct px_play *p, const struct px_step *s, enum px_level l)
{
	if (l != PX_L_NONE)
		return l;
	return s->level != PX_L_NONE ? s->level : p->c->level;
}

/* "the proxy sent 2 octets: 05 ff "\x05\xff"". */
static void
put_stream(struct px_buf *b, const char *verb, const struct px_buf *log, size_t total)
{
	size_t n = log->n < LEG_SHOWN ? log->n : LEG_SHOWN;

	if (total == 0) {
		px_printf(b, "%s nothing", verb);
		return;
	}
	px_printf(b, "%s %zu octet%s%s: ", verb, total, total == 1 ? "" : "s",
		n < total ? ", which begin with" : "");
	px_put_octets(b, span_of(log->p, n), n);
	px_puts(b, " ");
	px_put_text(b, span_of(log->p, n), n);
}

/* A line for each direction. */
static void
leg_text(struct px_buf *b, const struct px_leg *l, const char *sent, const char *got)
{
	if (l->total == 0 && l->said_total == 0 && !px_leg_there(l) && !l->eof)
		return;
	if (sent != NULL) {
		px_printf(b, "%s: ", l->name);
		put_stream(b, sent, &l->said, l->said_total);
		px_puts(b, "\n");
	}
	if (got != NULL) {
		px_printf(b, "%s: ", l->name);
		put_stream(b, got, &l->seen, l->total);
		px_puts(b, l->rst ? ", then reset\n" : l->eof ? ", then closed\n" : ", still open\n");
	}
}

void
px_legs_text(struct px_play *p, struct px_buf *b)
{
	leg_text(b, &p->cp, "the runner sent",
		p->how.cast == PX_CAST_SERVER ? "the proxy sent" : "the client sent");
	if (p->how.cast == PX_CAST_SERVER) {
		if (!px_leg_there(&p->pt) && p->pt.total == 0 && !p->pt.eof)
			px_puts(b, "proxy - target: never connected\n");
		leg_text(b, &p->pt, "the runner sent", "the proxy sent");
		return;
	}
	leg_text(b, &p->sin, "the runner wrote", NULL);
	leg_text(b, &p->sout, NULL, "the client wrote");
	leg_text(b, &p->serr, NULL, "the client wrote");
	if (p->exited)
		px_printf(b, "the client ended with %s %d\n", (p->status & 127) != 0 ? "signal" : "status",
			(p->status & 127) != 0 ? p->status & 127 : p->status >> 8 & 255);
}

static void
add(struct px_play *p, struct px_finding *f, const char *fmt, va_list ap)
{
	char what[400];
	struct px_buf legs = {NULL, 0, 0};

	vsnprintf(what, sizeof what, fmt, ap);
	f->what = what;
	if (f->outcome != PX_O_INFO) {
		px_legs_text(p, &legs);
		px_put(&legs, "", 1);
		f->legs = (char *)legs.p;
	}
	px_result_add(p->res, f); /* which copies the text */
	f->what = f->legs = NULL;
	px_buf_free(&legs);
}

void
px_find(struct px_play *p, unsigned line, enum px_level level, const char *field, const char *wanted,
	const char *got, const char *fmt, ...)
{
	struct px_finding f = {.line = line,
		.level = level,
		.field = (char *)(uintptr_t)field,
		.wanted = (char *)(uintptr_t)wanted,
		.got = (char *)(uintptr_t)got};
	enum px_verdict v = px_level_verdict(level == PX_L_NONE ? p->c->level : level);
	va_list ap;

	if (level == PX_L_NONE)
		f.level = p->c->level;
	f.outcome = v == PX_FAIL ? PX_O_FAIL : v == PX_LOOSE ? PX_O_LOOSE : PX_O_INFO;
	va_start(ap, fmt);
	add(p, &f, fmt, ap);
	va_end(ap);
	if (v == PX_FAIL)
		p->stop = true;
}

void
px_lost(struct px_play *p, const struct px_leg *l)
{
	if (px_unread(l).n == 0 && p->res->n != 0)
		p->res->v[p->res->n - 1].lost = true;
}

void
px_trouble(struct px_play *p, enum px_outcome o, unsigned line, const char *fmt, ...)
{
	struct px_finding f = {.line = line, .level = p->c->level, .outcome = o};
	va_list ap;

	va_start(ap, fmt);
	add(p, &f, fmt, ap);
	va_end(ap);
	p->stop = true;
}
