/* SPDX-License-Identifier: ISC
 * relay.c - see relay.h.
 * One thing to know: no write may block, or one direction would hold up the other and two ends that both write
 * before they read would wait for ever. */
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "chatter.h"
#include "net.h"
#include "output.h"
#include "splice.h"

#define CHATTER_WAIT_MS 500 /* how long a first line may stay unfinished before it is delivered as it is */

enum { IN, REMOTE_OUT, REMOTE_IN, OUT, NFDS };

static void
flow_begin(const struct relay *r, struct flow *f, int from, int to)
{
	f->from = from;
	f->to = to;
	f->from_sock = from == r->remote || out_is_socket(from);
	f->to_sock = to == r->remote || out_is_socket(to);
	f->from_tty = !f->from_sock && isatty(from) == 1;
	f->over = f->lost = f->nowait = false;
	f->chunk = f->to_sock ? 0 : out_prepare(to, &f->nowait);
	bulk_begin(f, !r->plain && !r->hold && r->event == NULL, r->much);
}

void
relay_begin(struct relay *r)
{
	flow_begin(r, &r->up, r->in, r->remote);
	flow_begin(r, &r->down, r->remote, r->out);
	r->err = 0;
	r->what = NULL;
}

static void
tell(struct relay *r, enum relay_event e, const uint8_t *p, size_t n)
{
	if (r->event != NULL)
		r->event(r->ctx, e, p, n);
}

static void
note_error(struct relay *r, const char *what)
{
	if (r->err == 0) {
		r->err = errno;
		r->what = what;
	}
}

static bool
would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK;
}

/* Tell the reader of f that no more will come. */
static void
pass_end(struct relay *r, struct flow *f)
{
	f->over = true;
	if (f->lost)
		return;
	if (f == &r->up) {
		if (r->half_close)
			shutdown(f->to, SHUT_WR);
	} else if (f->to_sock) {
		shutdown(f->to, SHUT_WR);
	} else if (f->to == STDOUT_FILENO && !r->up.over) {
		/* A descriptor that stays open, so that the number is not given to something else; nothing can be
		 * opened any more. */
		if (dup2(STDERR_FILENO, f->to) < 0)
			close(f->to);
	} else {
		close(f->to);
	}
}

static void
end_of_input(struct relay *r, struct flow *f)
{
	f->from = -1;
	tell(r, f == &r->up ? RELAY_LOCAL_EOF : RELAY_REMOTE_EOF, NULL, 0);
	if (f->n == 0 && !(r->hold && f == &r->up))
		pass_end(r, f);
}

/* A reset, or the network gave the connection up: there is nobody to send to either. */
static void
connection_lost(struct relay *r)
{
	note_error(r, "receiving from the remote side");
	r->up.from = -1;
	r->up.n = 0;
	r->up.over = true;
}

/* Nobody takes what is written.  A local reader that is gone took the session with it: a program in a pipe ends then (and
 * ssh that was killed must not leave its proxy command behind); what was read of its words still goes out. */
static void
cannot_write(struct relay *r, struct flow *f)
{
	bool gone = errno == EPIPE && f == &r->down && !r->hold;

	f->lost = true;
	bulk_end(f);
	if (r->hold && f == &r->down)
		return; /* kept for the next local side */
	note_error(r, f == &r->up ? "sending to the remote side" : "writing to the local side");
	f->n = 0;
	if (f == &r->up) { /* stop reading, go on delivering */
		f->from = -1;
		f->over = true;
	} else if (f->from < 0) {
		f->over = true;
	}
	if (gone && r->up.from >= 0) {
		r->up.from = -1;
		if (r->up.n == 0)
			pass_end(r, &r->up);
	}
}

static void
flow_read(struct relay *r, struct flow *f)
{
	ssize_t got;

	f->at = 0;
	if (f->bulk) {
		got = bulk_read(f);
		if (got > 0)
			return;
		if (got < 0 && errno == EPIPE) {
			cannot_write(r, f);
			return;
		}
	} else if (f->from_sock) {
		got = recv(f->from, f->buf, f->cap, MSG_DONTWAIT);
	} else {
		got = read(f->from, f->buf, f->cap);
	}
	if (got > 0) {
		if (f->lost)
			return;
		f->n = (size_t)got;
		bulk_notice(f, f->n);
		tell(r, f == &r->up ? RELAY_SENT : RELAY_RECEIVED, f->buf, f->n);
		return;
	}
	if (got < 0 && (would_block() || errno == EINTR))
		return;
	if (got < 0 && f == &r->down)
		connection_lost(r);
	else if (got < 0 && !(errno == EIO && f->from_tty)) /* the terminal was closed */
		note_error(r, "reading the local side");
	end_of_input(r, f);
}

static void
flow_write(struct relay *r, struct flow *f)
{
	size_t n = f->chunk != 0 && f->n > f->chunk ? f->chunk : f->n;
	ssize_t put;

	if (f->piped)
		put = bulk_write(f);
	else if (f->to_sock)
		put = send(f->to, f->buf + f->at, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (f->nowait)
		put = out_nowait(f->to, f->buf + f->at, n, &f->nowait, &f->chunk);
	else
		put = write(f->to, f->buf + f->at, n);
	if (put < 0) {
		if (would_block() || errno == EINTR)
			return;
		cannot_write(r, f);
		return;
	}
	f->at += (size_t)put;
	f->n -= (size_t)put;
	if (f->n == 0 && f->from < 0)
		pass_end(r, f);
}

/* More of the first line: what is there stays in front. */
static void
chatter_read(struct relay *r)
{
	struct flow *f = &r->down;
	ssize_t got;

	if (f->at > 0)
		memmove(f->buf, f->buf + f->at, f->n);
	f->at = 0;
	got = recv(f->from, f->buf + f->n, f->cap - f->n, MSG_DONTWAIT);
	if (got > 0) {
		tell(r, RELAY_RECEIVED, f->buf + f->n, (size_t)got);
		f->n += (size_t)got;
	} else if (got == 0 || !(would_block() || errno == EINTR)) {
		if (got < 0)
			connection_lost(r);
		f->from = -1;
		r->chatter = NULL;
		tell(r, RELAY_REMOTE_EOF, NULL, 0);
		if (f->n == 0)
			pass_end(r, f);
	}
}

static void
want(struct pollfd *p, const struct flow *f, int in, int out, bool holding)
{
	bool read = !f->over && f->from >= 0 && (f->n == 0 || holding) && !f->full;
	bool write = !f->over && (f->n > 0 || f->full) && !f->lost && !holding;

	p[in].fd = read ? f->from : -1;
	p[in].events = POLLIN;
	p[out].fd = write ? f->to : -1;
	p[out].events = POLLOUT;
}

/* A person at a terminal who has read the last line of a closed session waits for nothing more, nor does a program
 * that keeps our input open as long as we run. */
static bool
reader_waits(const struct relay *r)
{
	struct termios t;

	if (!r->down.over || r->up.from < 0 || r->up.n > 0)
		return false;
	return r->end_with_remote || (tcgetattr(r->up.from, &t) == 0 && (t.c_lflag & ICANON));
}

static bool
is_ready(const struct pollfd *p)
{
	return p->fd >= 0 && p->revents != 0;
}

/* Nobody can read what remote may still send: the local side has ended and its reader is gone.  What it has sent already is
 * another matter: that is lost. */
static bool
reader_gone(const struct pollfd *p)
{
	return p[OUT].fd >= 0 && (p[OUT].revents & (POLLERR | POLLHUP)) != 0 && !is_ready(&p[REMOTE_IN]);
}

static bool
over(const struct relay *r)
{
	return r->up.over && (r->down.over || r->down.lost);
}

static int
timeout(const struct relay *r, bool holding)
{
	if (holding)
		return CHATTER_WAIT_MS;
	return r->idle_ms > 0 ? r->idle_ms : -1;
}

/* Has poll() said so?  Where no write can block it need not be asked first. */
static bool
may_write(const struct flow *f, const struct pollfd *p)
{
	if (f->n == 0 || f->over || f->lost)
		return false;
	return p->fd >= 0 ? p->revents != 0 : (f->piped ? f->most : f->chunk) == 0;
}

static void
move(struct relay *r, const struct pollfd *p, bool holding)
{
	if (is_ready(&p[IN]) || (r->up.full && is_ready(&p[REMOTE_OUT])))
		flow_read(r, &r->up);
	if (may_write(&r->up, &p[REMOTE_OUT]))
		flow_write(r, &r->up);
	if (is_ready(&p[REMOTE_IN]) && holding)
		chatter_read(r);
	else if (is_ready(&p[REMOTE_IN]) || (r->down.full && is_ready(&p[OUT])))
		flow_read(r, &r->down);
	if (r->chatter != NULL && r->down.n > 0 && chatter_holds(r))
		return;
	if (may_write(&r->down, &p[OUT]))
		flow_write(r, &r->down);
}

static enum relay_end
run(struct relay *r)
{
	struct pollfd p[NFDS];

	if (r->chatter != NULL && r->down.n > 0)
		(void)chatter_holds(r);
	while (!over(r) && !reader_waits(r)) {
		bool holding = r->chatter != NULL && r->down.n > 0;
		bool watch = r->up.over && !r->down.over && r->down.n == 0 && !r->down.full;
		int ready;

		if (r->hold && (r->up.from < 0 || r->down.lost) && r->up.n == 0) {
			if (r->down.over)
				break;
			return RELAY_LOCAL_LOST;
		}
		want(p, &r->up, IN, REMOTE_OUT, false);
		want(p, &r->down, REMOTE_IN, OUT, holding);
		if (watch) {
			p[OUT].fd = r->down.to;
			p[OUT].events = 0;
		}
		ready = poll(p, NFDS, timeout(r, holding));
		if (ready < 0 && errno != EINTR) {
			note_error(r, "waiting");
			return RELAY_ERROR;
		}
		if (ready < 0)
			continue;
		if (ready == 0 && holding)
			r->chatter = NULL;
		else if (ready == 0)
			return RELAY_IDLE;
		if (watch && reader_gone(p))
			break;
		if (watch)
			p[OUT].fd = -1;
		move(r, p, holding);
	}
	return r->err != 0 ? RELAY_ERROR : RELAY_OVER;
}

enum relay_end
relay_run(struct relay *r)
{
	enum relay_end end = run(r);

	bulk_end(&r->up);
	bulk_end(&r->down);
	return end;
}
