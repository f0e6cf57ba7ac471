/* SPDX-License-Identifier: ISC
 * conn.c - the life of a connection; see conn.h.
 * The one thing to know: everything below conn_run may end the connection; who goes on after a call looks at state. */
#include "record.h"
#include "tap.h"
#include "wipe.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define TALK_READ 4096 /* octets read at once while the role talks */
#define NOTES (512 * 1024)

static uint8_t notes_room[NOTES];

static void
tell(void *ctx, struct srv *s, enum fp_event e)
{
	struct conn *c = ctx;

	(void)s;
	if (e == EV_REQUEST)
		log_request(c);
	else
		log_reply(c);
}

static bool
keep_input(struct conn *c, struct span in)
{
	uint8_t *copy = NULL;

	if (in.n != 0) {
		copy = malloc(in.n);
		if (copy == NULL)
			return false;
		memcpy(copy, in.p, in.n);
	}
	conn_free_in(c);
	c->in = copy;
	c->in_n = in.n;
	return true;
}

static const char *
how_failed(const struct srv *s)
{
	if (s->expired)
		return "timeout";
	switch (s->peer.fail.why) {
	case FAIL_EOF:
		return "eof";
	case FAIL_REFUSED:
	case FAIL_AUTH:
		return "refused";
	default:
		return "protocol";
	}
}

static void
open_tunnel(struct conn *c)
{
	bool ok;

	c->state = C_TUNNEL;
	timer_stop(&c->fp->timers, &c->deadline);
	trace_tunnel(c);
	conn_free_srv(c);
	c->up.count = c->in_n;
	if (c->in_n != 0)
		trace_payload(c, TRACE_UP, c->in, c->in_n);
	ok = c->in_n == 0 || side_send(&c->tg, &c->up, c->in, c->in_n);
	conn_free_in(c);
	if (!ok)
		conn_reset(c, "reset");
	else
		tunnel_run(c);
}

/* One step of the role with this input. */
static void
step(struct conn *c, struct span in, bool eof)
{
	struct srv *s = c->srv;
	struct obuf out = ob_over(c->fp->out, 2 * SCRATCH), notes = ob_over(notes_room, NOTES);
	enum peer_want w;

	s->peer.notes = c->trace != NULL ? &notes : NULL;
	w = s->peer.step(&s->peer, &in, eof, &out);
	trace_text(c, notes.p, notes.n);
	if (!keep_input(c, in) || out.over) {
		conn_over(c, "protocol");
		return;
	}
	if (out.n != 0 && !client_send(c, out.p, out.n, w == PEER_OPEN)) {
		conn_client_gone(c);
		return;
	}
	if (client_idle(c))
		trace_wire(c);
	if (c->state == C_STUCK)
		return;
	if (w == PEER_DIAL) {
		c->state = C_DIAL;
		timer_set(&c->fp->timers, &c->deadline, c->fp->now + c->fp->cf->dial_timeout * 1000);
	} else if (w == PEER_OPEN) {
		open_tunnel(c);
	} else if (w == PEER_FAIL) {
		conn_last(c, s->end, how_failed(s));
	}
}

static void
set_patience(struct conn *c)
{
	if (c->fp->cf->handshake_timeout != 0)
		timer_set(&c->fp->timers, &c->deadline, c->fp->now + c->fp->cf->handshake_timeout * 1000);
	else
		timer_stop(&c->fp->timers, &c->deadline);
}

/* The outcome of a dial is there. */
static void
dialled(struct conn *c)
{
	c->state = C_TALK;
	if (c->cl.end)
		c->cl.rd = true; /* a FIN that was read before makes no new edge; it can be read again */
	set_patience(c);
	step(c, span_of(c->in, c->in_n), false);
}

/* Dials that end at once, one after the other. */
static void
dial_all(struct conn *c)
{
	while (c->state == C_DIAL && c->dial == NULL && dial_begin(c))
		dialled(c);
}

static void
talk(struct conn *c)
{
	dial_all(c);
	while (c->state == C_TALK && c->cl.rd) {
		uint8_t *buf = c->fp->scratch;
		size_t had = c->in_n;
		long r;

		if (had != 0)
			memcpy(buf, c->in, had);
		r = side_recv(&c->cl, buf + had, TALK_READ);
		if (r < 0 && errno == EAGAIN)
			break;
		if (r < 0) {
			conn_over(c, "reset");
			return;
		}
		step(c, span_of(buf, had + (size_t)r), r == 0);
		if (c->fp->cf->n_user != 0)
			wipe(buf, had + (size_t)r);
		dial_all(c);
	}
}

static void
talk_flush(struct conn *c)
{
	if (!client_flush(c))
		conn_client_gone(c);
	else if (c->state == C_TALK)
		talk(c);
}

void
conn_run(struct conn *c)
{
	switch ((enum conn_state)c->state) {
	case C_TALK:
		talk_flush(c);
		break;
	case C_DIAL:
		if (c->cl.reset) {
			conn_over(c, "reset");
		} else if (!client_flush(c)) {
			conn_client_gone(c);
		} else if (c->state == C_DIAL && dial_event(c)) {
			dialled(c);
			talk(c);
		}
		break;
	case C_TUNNEL:
		tunnel_run(c);
		break;
	case C_LAST:
		conn_ending(c);
		break;
	case C_DRAIN:
		conn_drain(c);
		break;
	case C_STUCK:
		if (c->cl.end || c->cl.reset)
			conn_over(c, c->how);
		break;
	case C_DEAD:
		return;
	}
	conn_interest(c);
}

void
conn_resolved(struct conn *c, struct resolve *q)
{
	if (dial_answer(c, q)) {
		dialled(c);
		talk(c);
	}
	conn_interest(c);
}

static void
deadline(struct timer *t)
{
	struct conn *c = (struct conn *)((char *)t - offsetof(struct conn, deadline));

	if (c->state == C_DIAL) {
		dial_expired(c);
		dialled(c);
		talk(c);
	} else if (c->state == C_TALK) {
		c->srv->expired = true;
		step(c, span_of(c->in, c->in_n), false);
	} else if (c->state == C_LAST || c->state == C_DRAIN) {
		conn_over(c, c->how);
	}
	conn_interest(c);
}

static void
pause_over(struct timer *t)
{
	conn_run((struct conn *)((char *)t - offsetof(struct conn, pause)));
}

void
conn_later(struct conn *c)
{
	if (c->queued)
		return;
	c->queued = true;
	c->ready_next = NULL;
	*c->fp->ready_end = c;
	c->fp->ready_end = &c->ready_next;
}

struct conn *
conn_new(struct fp *fp, int fd, enum fp_role role, const struct net_addr *peer)
{
	struct conn *c = calloc(1, sizeof *c);

	if (c == NULL || (c->srv = malloc(sizeof *c->srv)) == NULL) {
		free(c);
		close(fd);
		return NULL;
	}
	srv_init(c->srv, fp->cf, &fp->cf->bugs, role);
	c->srv->tell = tell;
	c->srv->ctx = c;
	c->fp = fp;
	c->role = (uint8_t)role;
	c->id = ++fp->accepted;
	c->since = fp->now;
	c->peer = *peer;
	c->deadline.fire = deadline;
	c->pause.fire = pause_over;
	c->tg.ev.fd = -1;
	c->next = fp->all;
	if (fp->all != NULL)
		fp->all->prev = c;
	fp->all = c;
	fp->live++;
	log_accept(c);
	if (fp->cf->trace_dir != NULL && trace_new(c) == NULL)
		fp->failed = true;
	if (!side_add(c, &c->cl, fd)) {
		conn_over(c, "reset");
		return NULL;
	}
	c->cl.wr = true;
	set_patience(c);
	if (role == ROLE_TELNET || role == ROLE_PASS) { /* they begin */
		step(c, span_of(NULL, 0), false);
		talk(c);
		conn_interest(c);
	}
	return c;
}
