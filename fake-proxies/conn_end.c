/* SPDX-License-Identifier: ISC
 * conn_end.c - the ends of a connection: at once, by a reset, or staged so that the last answer is read.
 * The one thing to know: a close with unread input makes a RST, and a RST may destroy what was sent before it
 * (RFC 9112 9.6); so FIN first, then read to the other side's end. */
#include "record.h"
#include "sock.h"
#include "tap.h"
#include "wipe.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define END_MS 5000 /* for the last answer to be read; RFC 1928 6 allows ten seconds */
#define LATE_MS 12000

void
conn_free_srv(struct conn *c)
{
	if (c->srv != NULL && c->fp->cf->n_user != 0)
		wipe(c->srv, sizeof *c->srv);
	free(c->srv);
	c->srv = NULL;
}

void
conn_free_in(struct conn *c)
{
	if (c->in != NULL && c->fp->cf->n_user != 0)
		wipe(c->in, c->in_n);
	free(c->in);
	c->in = NULL;
	c->in_n = 0;
}

static void
bury(struct conn *c, const char *how, bool reset)
{
	struct fp *fp = c->fp;

	if (c->state == C_DEAD)
		return;
	c->how = how;
	log_closed(c);
	trace_close(c);
	c->state = C_DEAD;
	dial_drop(c);
	side_close(c, &c->tg, reset);
	side_close(c, &c->cl, reset);
	timer_stop(&fp->timers, &c->deadline);
	timer_stop(&fp->timers, &c->pause);
	conn_free_srv(c);
	conn_free_in(c);
	free(c->up.buf);
	free(c->down.buf);
	tap_free(c->tap);
	*(c->prev != NULL ? &c->prev->next : &fp->all) = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	c->next = fp->dead;
	fp->dead = c;
	fp->live--;
}

void
conn_over(struct conn *c, const char *how)
{
	bury(c, how, false);
}

void
conn_reset(struct conn *c, const char *how)
{
	bury(c, how, true);
}

void
conn_sweep(struct fp *fp)
{
	while (fp->dead != NULL) {
		struct conn *c = fp->dead;

		fp->dead = c->next;
		free(c);
	}
}

void
conn_drain(struct conn *c)
{
	while (c->cl.rd && c->state == C_DRAIN) {
		long r = side_recv(&c->cl, c->fp->scratch, SCRATCH);

		if (r == 0 || (r < 0 && errno != EAGAIN))
			conn_over(c, c->how);
	}
}

/* The last answer: when it is out, end as end says. */
void
conn_ending(struct conn *c)
{
	if (!client_flush(c)) {
		if (c->state == C_LAST)
			conn_over(c, c->how);
		return;
	}
	if (!client_idle(c) || c->state != C_LAST)
		return;
	switch ((enum fp_end)c->end) {
	case END_RESET:
		conn_reset(c, c->how);
		return;
	case END_OPEN:
		c->state = C_STUCK;
		sock_probe(c->cl.ev.fd);
		timer_stop(&c->fp->timers, &c->deadline);
		return;
	case END_LATE:
		c->end = END_STAGED;
		if (!timer_set(&c->fp->timers, &c->deadline, c->fp->now + LATE_MS + END_MS) ||
			!timer_set(&c->fp->timers, &c->pause, c->fp->now + LATE_MS))
			conn_over(c, c->how);
		return;
	case END_STAGED:
		break;
	}
	if (c->pause.index != 0)
		return; /* END_LATE: not yet */
	/* | answer | FIN, then read to the client's FIN: a close with unread input would be a RST */
	if (shutdown(c->cl.ev.fd, SHUT_WR) < 0 ||
		!timer_set(&c->fp->timers, &c->deadline, c->fp->now + END_MS)) {
		conn_over(c, c->how);
		return;
	}
	c->state = C_DRAIN;
	c->cl.rd = true;
	conn_drain(c);
}

void
conn_last(struct conn *c, enum fp_end end, const char *how)
{
	c->end = (uint8_t)end;
	c->how = how;
	c->state = C_LAST;
	if (strcmp(how, "fault") == 0 && c->tap != NULL) {
		trace_wire(c);
		tap_free(c->tap); /* what it still holds is not sent */
		c->tap = NULL;
	}
	dial_drop(c);
	side_close(c, &c->tg, false);
	timer_set(&c->fp->timers, &c->deadline, c->fp->now + END_MS);
	conn_ending(c);
}

/* A send failed, or a fault ended it. */
void
conn_client_gone(struct conn *c)
{
	if (c->state != C_DEAD && c->state != C_LAST && c->state != C_DRAIN)
		conn_over(c, "reset");
}
