/* SPDX-License-Identifier: ISC
 * play_text.c - given octets on a leg (got), octets up to a mark (skip), and what is asked of a client program
 * besides its connection: stdout, stderr, exit status. */
#include "play.h"

#include <stdio.h>
#include <strings.h>

#define DEFAULT_MS 10000

void
px_expect_text(struct px_play *p, const struct px_step *s, struct px_leg *l, struct span want)
{
	int64_t end = px_until(p, s->within_ms >= 0 ? s->within_ms : DEFAULT_MS);
	struct px_buf w = {NULL, 0, 0}, g = {NULL, 0, 0};
	struct span got;

	px_reach(p, l, end);
	for (;;) {
		got = px_unread(l);
		if (got.n >= want.n || (got.n != 0 && memcmp(got.p, want.p, got.n) != 0) || l->eof ||
			net_now() >= end)
			break;
		px_pump(p, end);
	}
	if (got.n >= want.n && memcmp(got.p, want.p, want.n) == 0) {
		l->at += want.n;
		return;
	}
	px_put_octets(&w, want, 64);
	px_put_octets(&g, got, 64);
	px_put(&w, "", 1);
	px_put(&g, "", 1);
	px_find(p, s->line, px_step_level(p, s, PX_L_NONE), "", (char *)w.p,
		got.n == 0 ? "nothing" : (char *)g.p, "the octets did not arrive (%s)", l->name);
	p->stop = true;
	px_buf_free(&w);
	px_buf_free(&g);
}

void
px_skip(struct px_play *p, const struct px_step *s, struct px_leg *l)
{
	int64_t end = px_until(p, s->within_ms >= 0 ? s->within_ms : DEFAULT_MS);
	struct px_buf mark = {NULL, 0, 0}, w = {NULL, 0, 0}, g = {NULL, 0, 0};
	const char *missing;

	px_expand(&p->env, &s->arg, &mark, &missing);
	for (;;) {
		struct span in = px_unread(l);

		for (size_t i = 0; mark.n != 0 && i + mark.n <= in.n; i++)
			if (memcmp(in.p + i, mark.p, mark.n) == 0) {
				l->at += i + mark.n;
				px_buf_free(&mark);
				return;
			}
		if (l->eof || net_now() >= end || (p->exited && !px_leg_there(l)))
			break;
		px_pump(p, end);
	}
	px_put_text(&w, span_of(mark.p, mark.n), 64);
	px_put_text(&g, px_unread(l), 120);
	px_put(&w, "", 1);
	px_put(&g, "", 1);
	px_find(p, s->line, px_step_level(p, s, PX_L_NONE), "", (char *)w.p, (char *)g.p,
		"the mark did not come%s", l->eof ? " before the end" : " in time");
	p->stop = true;
	px_buf_free(&mark);
	px_buf_free(&w);
	px_buf_free(&g);
}

static bool
wait_exit(struct px_play *p, const struct px_step *s)
{
	int64_t end = px_until(p, s->within_ms >= 0 ? s->within_ms : DEFAULT_MS);

	px_end_input(p);
	while (!p->exited && net_now() < end)
		px_pump(p, end);
	return p->exited;
}

static void
exit_status(struct px_play *p, const struct px_step *s)
{
	enum px_level level = px_step_level(p, s, PX_L_NONE);
	struct px_buf w = {NULL, 0, 0}, g = {NULL, 0, 0};
	int st;

	if (!wait_exit(p, s)) {
		px_find(p, s->line, level, "", "the end of the program", "a program that still runs",
			"the client did not end in time");
		return;
	}
	st = p->status & 127 ? 128 + (p->status & 127) : p->status >> 8 & 255;
	if ((st == s->status) != s->negated)
		return;
	px_printf(&w, "exit status %s%d", s->negated ? "other than " : "", s->status);
	if (p->status & 127)
		px_printf(&g, "signal %d", p->status & 127);
	else
		px_printf(&g, "exit status %d", st);
	px_put(&w, "", 1);
	px_put(&g, "", 1);
	px_find(p, s->line, level, "", (char *)w.p, (char *)g.p, "the exit status is wrong");
	px_buf_free(&w);
	px_buf_free(&g);
}

static void
stdout_empty(struct px_play *p, const struct px_step *s)
{
	int64_t end = px_until(p, s->within_ms >= 0 ? s->within_ms : 3000);
	struct px_buf g = {NULL, 0, 0};

	px_end_input(p);
	while (!p->sout.eof && px_unread(&p->sout).n == 0 && net_now() < end)
		px_pump(p, end);
	if (px_unread(&p->sout).n == 0)
		return;
	px_put_text(&g, px_unread(&p->sout), 120);
	px_put(&g, "", 1);
	px_find(p, s->line, px_step_level(p, s, PX_L_NONE), "", "nothing on stdout", (char *)g.p,
		"the client wrote to stdout");
	px_buf_free(&g);
}

static bool
said(struct px_play *p, const struct px_step *s, const char **why)
{
	struct px_buf t = {NULL, 0, 0};
	bool ok;

	px_put(&t, p->serr.in.p, p->serr.in.n);
	for (size_t i = 0; i < t.n; i++)
		if (t.p[i] == 0)
			t.p[i] = ' ';
	ok = px_accepts(&p->env, PX_REST, s->spec, span_of(t.p, t.n), why);
	px_buf_free(&t);
	return ok;
}

static void
stderr_says(struct px_play *p, const struct px_step *s)
{
	int64_t end = px_until(p, s->within_ms >= 0 ? s->within_ms : 15000);
	struct px_buf w = {NULL, 0, 0}, g = {NULL, 0, 0};
	const char *why = NULL;
	bool ok;

	px_end_input(p);
	/* a word may come at any time; that a word never comes is known at the end only */
	while (!(p->exited && p->serr.eof) && net_now() < end &&
		(s->spec->kind == PX_NOT || !said(p, s, &why)))
		px_pump(p, p->exited ? (end < net_now() + 200 ? end : net_now() + 200) : end);
	ok = said(p, s, &why);
	if (why != NULL)
		px_trouble(p, PX_O_ERROR, s->line, "the trace is wrong: %s", why);
	if (ok || why != NULL)
		return;
	px_put_spec(&w, &p->env, s->spec);
	px_put_text(&g, span_of(p->serr.in.p, p->serr.in.n), 200);
	px_put(&w, "", 1);
	px_put(&g, "", 1);
	px_find(p, s->line, px_step_level(p, s, PX_L_NONE), "stderr", (char *)w.p, (char *)g.p,
		"the client's message is not what is wanted");
	px_buf_free(&w);
	px_buf_free(&g);
}

static bool
more_input(const struct px_step *s)
{
	for (s = s->next; s != NULL; s = s->next)
		if (s->kind == PX_PAYLOAD && s->actor == PX_C)
			return true;
	return false;
}

/* A client that ends its output while its input is open is fine; one that waits for the end of its input is, too. */
static void
output_end(struct px_play *p, const struct px_step *s)
{
	int64_t end = px_until(p, 500);

	while (!p->sout.eof && px_unread(&p->sout).n == 0 && net_now() < end)
		px_pump(p, end);
	if (!p->sout.eof && !more_input(s))
		px_end_input(p);
	px_expect_end(p, s, &p->sout, PX_E_CLOSE);
}

void
px_client_event(struct px_play *p, const struct px_step *s)
{
	switch (s->event) {
	case PX_E_EXIT:
		exit_status(p, s);
		break;
	case PX_E_STDOUT_EMPTY:
		stdout_empty(p, s);
		break;
	case PX_E_STDERR:
		stderr_says(p, s);
		break;
	case PX_E_STDOUT_CLOSE: /* whoever reads the client's output is gone: its next write finds a broken pipe */
		px_leg_close(&p->sout, false);
		p->sout.eof = true;
		break;
	case PX_E_EOF:
		output_end(p, s);
		break;
	default:
		break;
	}
}
