/* SPDX-License-Identifier: ISC
 * to_client.c - all that is sent to a client goes through here, and through the tap if faults are asked for.
 * The one thing to know: without faults there is no tap and no copy. */
#include "record.h"
#include "sock.h"
#include "tap.h"

#include <errno.h>
#include <sys/socket.h>

/* An octet counts for the faults while the proxy speaks for itself, or always. */
static bool
in_scope(const struct conn *c)
{
	return c->fp->cf->fault.whole_stream || c->role == ROLE_PASS || c->state != C_TUNNEL;
}

bool
client_idle(const struct conn *c)
{
	return c->down.n == 0 && (c->tap == NULL || tap_idle(c->tap));
}

/* The end of the faults: what follows goes directly. */
static void
untap(struct conn *c)
{
	if (c->state == C_TUNNEL && !in_scope(c) && c->tap->n == 0 && c->trace == NULL) {
		tap_free(c->tap);
		c->tap = NULL;
	}
}

static bool
stuck(struct conn *c)
{
	c->state = C_STUCK;
	c->how = "eof";
	timer_stop(&c->fp->timers, &c->deadline);
	sock_probe(c->cl.ev.fd); /* what is not read may hold its FIN back for ever */
	if (c->cl.end)
		conn_later(c); /* its FIN has come: nothing more will tell that it has gone */
	return true;
}

/* Give out what the tap allows.  False: the connection is over or the client is gone. */
static bool
run_tap(struct conn *c)
{
	struct span piece;
	int64_t until = 0;

	for (;;) {
		switch (tap_next(c->tap, c->fp->now, &piece, &until)) {
		case TAP_IDLE:
			trace_wire(c);
			untap(c);
			return true;
		case TAP_WAIT:
			return timer_set(&c->fp->timers, &c->pause, until);
		case TAP_STALL:
			return stuck(c);
		case TAP_CUT:
			conn_last(c, END_STAGED, "fault");
			return false;
		case TAP_RESET:
			conn_reset(c, "fault");
			return false;
		case TAP_SEND:
			if (!side_send(&c->cl, &c->down, piece.p, piece.n))
				return false;
			tap_sent(c->tap, piece.n, c->fp->now);
			if (c->down.n != 0)
				return true; /* the client reads slowly; the rest waits in the tap */
			break;
		}
	}
}

bool
client_send(struct conn *c, const uint8_t *p, size_t n, bool opens)
{
	const struct fp_faults *f = &c->fp->cf->fault;

	if (c->state == C_STUCK || n == 0)
		return true;
	if (f->any && c->tap == NULL && in_scope(c) && (c->tap = tap_new(f, &c->fp->did)) == NULL)
		return false;
	if (c->tap == NULL || (!in_scope(c) && tap_idle(c->tap)))
		return side_send(&c->cl, &c->down, p, n);
	c->tap->whole = f->whole_stream || c->role == ROLE_PASS;
	if (f->coalesce) {
		c->tap->gather = c->role == ROLE_PASS;
		c->tap->holding |= opens && !c->tap->gather;
	}
	return tap_push(c->tap, p, n, c->fp->now, c->state == C_TUNNEL) && client_flush(c);
}

bool
client_flush(struct conn *c)
{
	if (!side_flush(&c->cl, &c->down))
		return false;
	if (c->down.n != 0 || c->tap == NULL || c->state == C_STUCK)
		return true;
	return run_tap(c);
}
