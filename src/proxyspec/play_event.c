/* SPDX-License-Identifier: ISC
 * play_event.c - events: an act of an actor that the runner plays, an expectation of the other side (docs/pxt.5,
 * "Events").
 * One thing to know: in a client casting T has no connection of its own; its end is passed on by the proxy's own line
 * further down, or, when there is none, as it is. */
#include "play.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLOSE_MS 5000
#define EXIT_MS 10000
#define NONE_MS 60 /* how long "none" listens when the trace does not say */
#define GRACE_MS 300

static const char *
name_of(enum px_actor a)
{
	return a == PX_C ? "the client" : a == PX_P ? "the proxy" : "the target";
}

static int
within(const struct px_step *s, int ms)
{
	return s->within_ms >= 0 ? s->within_ms : ms;
}

void
px_end_input(struct px_play *p)
{
	int64_t end = px_until(p, 2000);

	while (p->sin.out.n > p->sin.sent && !p->sin.unsent && !p->exited && net_now() < end)
		px_pump(p, end);
	px_leg_close(&p->sin, false);
}

/* Wait for the end of a leg's input; octets in front of it are told. */
void
px_expect_end(struct px_play *p, const struct px_step *s, struct px_leg *l, enum px_event how)
{
	int64_t end = px_until(p, within(s, CLOSE_MS));
	enum px_level level = px_step_level(p, s, PX_L_NONE);
	const char *who =
		l == &p->sout ? "the client (stdout)" : name_of(p->how.cast == PX_CAST_SERVER ? PX_P : PX_C);

	if (!px_leg_there(l) && !l->eof && !px_reach(p, l, end)) {
		px_find(p, s->line, level, "", "", "", "%s never connected", who);
		return;
	}
	while (!l->eof && px_unread(l).n == 0 && net_now() < end)
		px_pump(p, end);
	if (px_unread(l).n != 0) {
		struct px_buf got = {NULL, 0, 0};

		px_put_octets(&got, px_unread(l), 64);
		px_put(&got, "", 1);
		px_find(p, s->line, level, "", "the end of the stream", (char *)got.p, "%s sent more octets",
			who);
		l->at = l->in.n;
		px_buf_free(&got);
		return;
	}
	if (!l->eof) {
		if (l == &p->cp)
			p->late = "late";
		px_find(p, s->line, level, "", "the end of the stream", "a connection that is still open",
			"%s did not close in time", who);
	} else if (how == PX_E_FIN && l->rst) {
		px_find(p, s->line, level, "", "FIN", "RST", "%s reset the connection", who);
	} else if (how == PX_E_RST && !l->rst) {
		px_find(p, s->line, level, "", "RST", "FIN", "%s closed the connection without a reset", who);
	}
}

static void
send_all(struct px_play *p, struct px_leg *l)
{
	int64_t end = px_until(p, 5000);

	while (l->out.n > l->sent && !l->unsent && net_now() < end)
		px_pump(p, end);
}

static void
act_end(struct px_play *p, const struct px_step *s, struct px_leg *l)
{
	px_flush(p, l, s, PX_FLUSH_FORCE);
	if (p->how.cast == PX_CAST_CLIENT && s->actor == PX_P && !px_leg_there(l) && !l->eof)
		px_reach(p, l, px_until(p, CLOSE_MS)); /* it must connect before it can be turned away */
	if (!px_leg_there(l))
		return;
	send_all(p, l);
	if (s->event == PX_E_FIN) {
		shutdown(l->wfd, SHUT_WR);
		return;
	}
	px_pump(p, net_now() + 1); /* octets that nobody has read would turn a close into a reset */
	px_leg_close(l, s->event == PX_E_RST);
	l->at = l->in.n; /* what came meanwhile is gone with the connection */
}

static void
client_input_end(struct px_play *p, const struct px_step *s)
{
	px_end_input(p);
	if (s->event == PX_E_FIN && px_leg_there(&p->cp))
		px_expect_end(p, s, &p->cp, PX_E_CLOSE);
}

/* Does a later line say how the proxy ends its side? */
static bool
proxy_ends(const struct px_step *s)
{
	for (; s != NULL; s = s->next)
		if ((s->kind == PX_EVENT && s->actor == PX_P &&
			    (s->event == PX_E_CLOSE || s->event == PX_E_FIN || s->event == PX_E_RST)) ||
			proxy_ends(s->body) || proxy_ends(s->other))
			return true;
	return false;
}

static void
ending(struct px_play *p, const struct px_step *s)
{
	if (p->how.cast == PX_CAST_CLIENT) {
		if (s->actor == PX_T && proxy_ends(s->next))
			return;
		if (s->actor == PX_T && s->event == PX_E_CLOSE) { /* the other half may still be in use */
			struct px_step fin = *s;

			fin.event = PX_E_FIN;
			act_end(p, &fin, &p->cp);
			return;
		}
		if (s->actor == PX_T || s->actor == PX_P)
			act_end(p, s, &p->cp);
		else if (s->event == PX_E_FIN && p->sin.wfd >= 0)
			client_input_end(p, s);
		else
			px_expect_end(p, s, &p->cp, s->event);
		return;
	}
	if (s->actor == PX_P)
		px_expect_end(p, s, &p->cp, s->event);
	else
		act_end(p, s, s->actor == PX_C ? &p->cp : &p->pt);
}

static void
accept_target(struct px_play *p, const struct px_step *s)
{
	int64_t end = px_until(p, within(s, 10000)), answered = 0;

	if (p->how.cast == PX_CAST_CLIENT)
		return;
	p->wanted = true;
	while (!px_leg_there(&p->pt) && net_now() < end) {
		if (px_again(p))
			return;
		if (answered == 0 && (px_unread(&p->cp).n != 0 || p->cp.eof)) {
			answered = px_until(p, GRACE_MS);
			if (answered < end && p->cp.eof)
				end = answered; /* nothing more can follow */
		}
		px_pump(p, end);
		if (answered != 0 && px_unread(&p->cp).n != 0 && end > answered + px_ms(p, 1500))
			end = answered + px_ms(p, 1500);
	}
	if (!px_leg_there(&p->pt)) {
		struct px_buf got = {NULL, 0, 0};

		if (px_unread(&p->cp).n != 0)
			px_put_octets(&got, px_unread(&p->cp), 64);
		px_put(&got, "", 1);
		px_find(p, s->line, px_step_level(p, s, PX_L_NONE), "", "a connection to the target",
			(char *)got.p, "the target was never reached; the proxy %s",
			got.n > 1   ? "answered"
			: p->cp.eof ? "closed"
				    : "said nothing");
		px_lost(p, &p->cp);
		px_buf_free(&got);
		p->stop = true;
	}
}

static void
quiet(struct px_play *p, const struct px_step *s, bool may_close)
{
	struct px_leg *l = px_in_leg(p, s->actor, false);
	int64_t end = px_until(p, s->ms >= 0 ? s->ms : NONE_MS);
	bool may = s->actor != PX_T || p->wanted; /* a connection nobody asked for is a violation by itself */
	struct px_buf got = {NULL, 0, 0};

	if (p->how.cast == PX_CAST_CLIENT ? s->actor != PX_C : s->actor == PX_C) {
		if (s->ms > 0) /* ours: we say nothing for so long */
			while (net_now() < end)
				px_pump(p, end);
		return;
	}
	while (net_now() < end && px_unread(l).n == 0 && (may_close || !l->eof) && (may || !px_leg_there(l)))
		px_pump(p, end);
	if (px_unread(l).n != 0) {
		px_put_octets(&got, px_unread(l), 64);
		px_put(&got, "", 1);
		px_find(p, s->line, px_step_level(p, s, PX_L_NONE), "", "nothing", (char *)got.p, "%s",
			s->actor == PX_T ? "octets reached the target" : "octets came where none are due");
	} else if (!may_close && l->eof) {
		px_find(p, s->line, px_step_level(p, s, PX_L_NONE), "", "an open connection",
			l->rst ? "RST" : "FIN", "%s ended the connection", name_of(s->actor));
	} else if (!may && (px_leg_there(l) || l->eof)) {
		px_find(p, s->line, px_step_level(p, s, PX_L_NONE), "", "no connection", "a connection",
			"the target was reached");
	}
	px_buf_free(&got);
}

static void
wait_for(struct px_play *p, const struct px_step *s)
{
	int64_t end = px_until(p, s->ms);

	while (net_now() < end)
		px_pump(p, end);
}

static void
skip_or_got(struct px_play *p, const struct px_step *s)
{
	struct px_leg *in = px_in_leg(p, s->actor, false), *out = px_out_leg(p, s->actor, false);
	struct px_buf b = {NULL, 0, 0};
	const char *missing = "";

	if (!px_expand(&p->env, &s->arg, &b, &missing))
		px_trouble(p, PX_O_ERROR, s->line, "no value for $%s", missing);
	else if (s->event == PX_E_GOT && s->actor == PX_C && p->how.cast == PX_CAST_CLIENT)
		px_expect_text(p, s, &p->sout, span_of(b.p, b.n));
	else if (s->event == PX_E_GOT && s->actor == PX_T && p->how.cast == PX_CAST_CLIENT)
		; /* they were matched where the client sent them */
	else if (s->event == PX_E_GOT && in != NULL)
		px_expect_text(p, s, in, span_of(b.p, b.n));
	else if (s->event == PX_E_SKIP && px_is_ours(p, s->actor) && out != NULL) {
		px_put(&out->pend, b.p, b.n);
		px_flush(p, out, s, PX_FLUSH_FORCE);
	} else if (s->event == PX_E_SKIP && in != NULL)
		px_skip(p, s, in);
	px_buf_free(&b);
}

void
px_event(struct px_play *p, const struct px_step *s)
{
	switch (s->event) {
	case PX_E_CLOSE:
	case PX_E_FIN:
	case PX_E_RST:
		ending(p, s);
		break;
	case PX_E_WAIT:
		wait_for(p, s);
		break;
	case PX_E_SILENT:
		quiet(p, s, false);
		break;
	case PX_E_NONE:
		quiet(p, s, true);
		break;
	case PX_E_RETRY:
		px_retry(p, s);
		break;
	case PX_E_SKIP:
	case PX_E_GOT:
		skip_or_got(p, s);
		break;
	case PX_E_ACCEPT:
		accept_target(p, s);
		break;
	case PX_E_CLOSED:
		if (p->how.cast == PX_CAST_SERVER)
			px_expect_end(p, s, s->actor == PX_T ? &p->pt : &p->cp, PX_E_CLOSE);
		else if (s->actor != PX_C)
			px_expect_end(p, s, &p->cp, PX_E_CLOSE);
		break;
	case PX_E_CONNECT:
		px_connect_out(p, s);
		break;
	case PX_E_REFUSE:
		break; /* so since the start */
	default:
		if (p->how.cast == PX_CAST_CLIENT)
			px_client_event(p, s);
		break;
	}
}
