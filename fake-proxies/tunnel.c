/* SPDX-License-Identifier: ISC
 * tunnel.c - octets as they are, each direction by itself, until both have ended.
 * The one thing to know: a direction that cannot be written is not read; so a tunnel holds at most one buffer's rest
 * each way. */
#include "record.h"
#include "tap.h"

#include <errno.h>
#include <sys/socket.h>

#define ROUNDS 8	 /* buffers moved before others have a turn */
#define TAP_FULL SCRATCH /* octets that may wait in the tap */

enum moved { MOVED, TURN_OVER, BROKEN };

/* The bugs that change what the target sent. */
static struct span
spoil(struct conn *c, struct span p)
{
	struct fp_bugs *b = &c->fp->cf->bugs;
	struct obuf o = ob_over(c->fp->scratch2, 2 * SCRATCH);

	for (size_t i = 0; i < p.n; i++) {
		uint8_t x = p.p[i];

		if (b->on[BUG_TUN_FIRST_LOST] && c->lost == 0) {
			c->lost = 1;
			b->shown[BUG_TUN_FIRST_LOST] = true;
			continue;
		}
		if (b->on[BUG_TUN_CRLF] && x == '\n') {
			ob_u8(&o, '\r');
			b->shown[BUG_TUN_CRLF] = true;
		}
		if (b->on[BUG_TUN_IAC_DOUBLED] && x == 255) {
			ob_u8(&o, 255);
			b->shown[BUG_TUN_IAC_DOUBLED] = true;
		}
		if (b->on[BUG_TUN_7BIT] && x > 127) {
			x &= 127;
			b->shown[BUG_TUN_7BIT] = true;
		}
		ob_u8(&o, x);
	}
	return span_of(o.p, o.n);
}

static bool
down_full(const struct conn *c)
{
	return c->down.n != 0 || (c->tap != NULL && c->tap->n >= TAP_FULL) ||
	       (c->tap != NULL && c->tap->n != 0 && !c->fp->cf->fault.whole_stream && c->role != ROLE_PASS &&
		       !c->tap->holding);
}

static bool
pass_on(struct conn *c, bool down, const uint8_t *p, size_t n)
{
	struct span s = span_of(p, n);

	if (!down) {
		c->up.count += n;
		trace_payload(c, TRACE_UP, p, n);
		return side_send(&c->tg, &c->up, p, n);
	}
	c->down.count += n;
	trace_payload(c, TRACE_DOWN, p, n);
	if (c->fp->cf->bugs.any_tunnel)
		s = spoil(c, s);
	return client_send(c, s.p, s.n, false);
}

/* The source ended: pass it on when all that came before is out. */
static bool
pass_end(struct conn *c, bool down, struct flow *f, struct side *to)
{
	if (f->fin || (down && !client_idle(c)))
		return true;
	if (f->rst)
		return false;
	if (shutdown(to->ev.fd, SHUT_WR) < 0)
		return false; /* it would wait for an end that never comes */
	f->fin = true;
	if (c->fp->cf->bugs.on[BUG_TUN_NO_HALF_CLOSE]) {
		c->fp->cf->bugs.shown[BUG_TUN_NO_HALF_CLOSE] = true;
		c->up.fin = c->down.fin = true;
	}
	return true;
}

static enum moved
move(struct conn *c, bool down)
{
	struct side *from = down ? &c->tg : &c->cl, *to = down ? &c->cl : &c->tg;
	struct flow *f = down ? &c->down : &c->up;

	for (int round = 0; round < ROUNDS; round++) {
		long r;

		if (down ? !client_flush(c) : !side_flush(to, f))
			return BROKEN;
		if (c->state != C_TUNNEL || (down ? down_full(c) : f->n != 0))
			return MOVED;
		if (f->eof)
			return pass_end(c, down, f, to) ? MOVED : BROKEN;
		if (!from->rd)
			return MOVED;
		r = side_recv(from, c->fp->scratch, SCRATCH);
		if (r < 0 && errno == EAGAIN)
			return MOVED;
		if (r <= 0) {
			f->eof = true;
			f->rst = r < 0;
			continue;
		}
		if (!pass_on(c, down, c->fp->scratch, (size_t)r))
			return BROKEN;
		if (c->state != C_TUNNEL)
			return MOVED;
	}
	return TURN_OVER;
}

void
tunnel_run(struct conn *c)
{
	enum moved up = move(c, false), down = BROKEN;

	if (up != BROKEN && c->state == C_TUNNEL)
		down = move(c, true);
	if (c->state != C_TUNNEL)
		return; /* a fault ended it */
	if (up == BROKEN || down == BROKEN)
		conn_reset(c, "reset");
	else if (c->up.fin && c->down.fin)
		conn_over(c, "done");
	else if (up == TURN_OVER || down == TURN_OVER)
		conn_later(c);
}
