/* SPDX-License-Identifier: ISC
 * conn_io.c - the sockets of a connection; see conn.h.
 * The one thing to know: rd and wr are what an edge told and no EAGAIN has taken back since. */
#include "conn.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void
side_ready(struct ev_src *ev, unsigned events)
{
	struct side *s = (struct side *)ev; /* ev is the first member */

	if (events & (EV_READ | EV_END | EV_ERROR))
		s->rd = true;
	if (events & (EV_WRITE | EV_ERROR))
		s->wr = true;
	if (events & EV_END)
		s->end = true;
	if (events & EV_ERROR)
		s->reset = true;
	conn_run(s->conn);
}

bool
side_add(struct conn *c, struct side *s, int fd)
{
	memset(s, 0, sizeof *s);
	s->conn = c;
	s->ev.fd = fd;
	s->ev.ready = side_ready;
	s->ev.want = EV_READ | EV_WRITE;
	return ev_add(c->fp->ev, &s->ev, true);
}

void
side_close(struct conn *c, struct side *s, bool reset)
{
	int fd = s->ev.fd;

	if (fd < 0)
		return;
	ev_del(c->fp->ev, &s->ev);
	if (reset)
		net_reset(fd);
	else
		close(fd);
}

long
side_recv(struct side *s, void *buf, size_t n)
{
	ssize_t r = net_recv(s->ev.fd, buf, n);

	if (r < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		errno = EAGAIN;
		s->rd = false;
	} else if (r == 0) {
		s->rd = false;
		s->end = true;
	} /* fewer than n may stand before an urgent octet (RFC 9293 3.8.5): more can be there without an edge */
	return (long)r;
}

/* Send as much as goes.  Returns the number, -1 if the side is broken. */
static long
send_some(struct side *s, const uint8_t *p, size_t n)
{
	size_t done = 0;

	while (done < n && s->wr) {
		ssize_t r = net_send(s->ev.fd, p + done, n - done);

		if (r < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			s->wr = false;
		else if (r < 0)
			return -1;
		else
			done += (size_t)r;
	}
	return (long)done;
}

bool
side_flush(struct side *s, struct flow *f)
{
	long r;

	if (f->n == 0)
		return true;
	r = send_some(s, f->buf + f->at, f->n);
	if (r < 0)
		return false;
	f->at += (size_t)r;
	f->n -= (size_t)r;
	if (f->n == 0) {
		free(f->buf);
		f->buf = NULL;
		f->at = 0;
	}
	return true;
}

bool
side_send(struct side *s, struct flow *f, const uint8_t *p, size_t n)
{
	uint8_t *more;
	long r = 0;

	if (!side_flush(s, f))
		return false;
	if (f->n == 0 && (r = send_some(s, p, n)) < 0)
		return false;
	p += r;
	n -= (size_t)r;
	if (n == 0)
		return true;
	more = malloc(f->n + n);
	if (more == NULL)
		return false;
	if (f->n != 0)
		memcpy(more, f->buf + f->at, f->n);
	memcpy(more + f->n, p, n);
	free(f->buf);
	f->buf = more;
	f->at = 0;
	f->n += n;
	return true;
}

/* For a backend that is not edge-triggered: what still matters. */
void
conn_interest(struct conn *c)
{
	unsigned cl = 0, tg = 0;
	bool tunnel = c->state == C_TUNNEL;

	if (c->state == C_DEAD)
		return;
	if (!c->cl.rd && !c->cl.end)
		cl |= EV_READ;
	if (!c->cl.end)
		cl |= EV_END;
	if (!c->cl.wr)
		cl |= EV_WRITE;
	if (!c->tg.rd && !c->tg.end)
		tg |= EV_READ;
	if (!c->tg.end)
		tg |= EV_END;
	if (!c->tg.wr)
		tg |= EV_WRITE;
	if (tunnel && c->up.n != 0)
		cl &= ~(unsigned)EV_READ;
	if (tunnel && c->down.n != 0)
		tg &= ~(unsigned)EV_READ;
	ev_want(c->fp->ev, &c->cl.ev, cl);
	ev_want(c->fp->ev, &c->tg.ev, tg);
}
