/* SPDX-License-Identifier: ISC
 * pump.c - see pump.h. */
#include "pump.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "net.h"
#include "wipe.h"

#define OUT_MAX 4096 /* more than any message of any client here */

static int64_t
limit(const struct pump *p)
{
	return net_sooner(p->deadline, p->silence_ms > 0 ? net_now() + p->silence_ms : 0);
}

/* One message, one write, as far as the socket takes it.  A peer that is gone is no error yet: what it said
 * before it went is still to be read. */
static enum pump_end
send_out(struct pump *p, struct span s)
{
	int64_t until = limit(p);

	while (s.n > 0 && !p->unsent) {
		ssize_t r = net_send(p->fd, s.p, s.n);

		if (r >= 0) {
			span_eat(&s, (size_t)r);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			int w = net_wait(p->fd, POLLOUT, until);

			if (w == 0)
				return PUMP_TIMEOUT;
			if (w < 0) {
				p->err = errno;
				return PUMP_ERROR;
			}
		} else {
			p->err = errno;
			p->unsent = true;
		}
	}
	return PUMP_WANT;
}

/* More input, or peer->waited if that is what the peer asked for. */
static enum pump_end
receive(struct pump *p, struct peer *peer)
{
	bool waiting = p->want == PEER_WAIT;
	int64_t until = waiting ? net_sooner(p->deadline, net_now() + peer->wait_ms) : limit(p);
	ssize_t r;

	for (;;) {
		int w = net_wait(p->fd, POLLIN, until);

		if (w == 0 && waiting && (p->deadline == 0 || net_left(p->deadline) > 0)) {
			peer->waited = true;
			return PUMP_WANT;
		}
		if (w == 0)
			return PUMP_TIMEOUT;
		if (w > 0) {
			r = (p->peek ? net_peek : net_recv)(p->fd, p->win + p->have, p->cap - p->have);
			if (r >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
				break;
		} else {
			p->err = errno;
			return PUMP_ERROR;
		}
	}
	if (r > 0) {
		p->have += (size_t)r;
		p->peeked = p->peek ? (size_t)r : 0;
		return PUMP_WANT;
	}
	p->eof = true;
	if (r < 0)
		p->err = errno;
	return PUMP_WANT;
}

/* What the peer has eaten is taken from the socket, and so is the beginning of a message that it waits for the rest of:
 * a handshake that goes on has not reached the tunnel.  That way the next wait is for octets that are new. */
static void
take_peeked(struct pump *p, size_t left)
{
	size_t keep = p->want == PEER_MORE || p->want == PEER_WAIT ? 0 : left < p->peeked ? left : p->peeked;

	while (p->peeked > keep) {
		ssize_t r = net_recv(p->fd, p->win + p->have - p->peeked, p->peeked - keep);

		if (r <= 0) /* reset in the meantime, which the next wait will tell */
			break;
		p->peeked -= (size_t)r;
	}
	p->peeked = keep;
}

static enum pump_end
step(struct pump *p, struct peer *peer)
{
	uint8_t room[OUT_MAX];
	struct obuf out = ob_over(room, sizeof room);
	struct span in = span_of(p->win, p->have);
	enum pump_end end;
	size_t used;

	p->want = peer->step(peer, &in, p->eof, &out);
	peer->waited = false;
	used = out.n;
	if (out.over) {
		p->want = PEER_FAIL;
		peer->fail.why = FAIL_INPUT;
		peer->fail.text = "the message to be sent is too long";
		out.n = 0;
	}
	take_peeked(p, in.n);
	if (in.n > 0 && in.n < p->have)
		memmove(p->win, in.p, in.n);
	p->have = in.n;
	if (p->told != NULL)
		p->told(p->ctx, peer);
	end = send_out(p, span_of(room, out.n));
	wipe(room, used); /* a password may be in it, also if it is not sent */
	return end;
}

static void
fail(struct pump *p, struct peer *peer, enum fail_why why, const char *text)
{
	p->want = PEER_FAIL;
	peer->fail.why = why;
	peer->fail.code = -1;
	peer->fail.text = text;
}

enum pump_end
pump_run(struct pump *p, struct peer *peer)
{
	for (;;) {
		enum pump_end end = step(p, peer);

		if (end != PUMP_WANT || (p->want != PEER_MORE && p->want != PEER_WAIT))
			return end;
		if (p->eof) {
			fail(p, peer, FAIL_EOF, "the connection ended too early");
			return PUMP_WANT;
		}
		if (p->have == p->cap) {
			fail(p, peer, FAIL_PROTOCOL, "message too long");
			return PUMP_WANT;
		}
		end = receive(p, peer);
		if (end != PUMP_WANT)
			return end;
	}
}

void
pump_renew(struct pump *p, int fd)
{
	p->fd = fd;
	p->have = p->peeked = 0;
	p->eof = p->unsent = false;
	p->err = 0;
}
