/* SPDX-License-Identifier: ISC
 * play_io.c - the one wait over all connections, the listeners and the program; see play.h. */
#include "play.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_MAX 512u /* octets kept of each direction for reports */

static void
keep(struct px_buf *b, const void *p, size_t n)
{
	if (b->n < LOG_MAX)
		px_put(b, p, n < LOG_MAX - b->n ? n : LOG_MAX - b->n);
}

static void
leg_read(struct px_leg *l)
{
	uint8_t room[65536];
	ssize_t n = l->rfd == l->wfd ? net_recv(l->rfd, room, sizeof room) : read(l->rfd, room, sizeof room);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0 && errno == ECONNRESET)
		l->rst = true;
	if (n <= 0) {
		l->eof = true;
		l->last = net_now();
		return;
	}
	if (l->at > 1u << 20) { /* a long stream: what was used need not be kept */
		memmove(l->in.p, l->in.p + l->at, l->in.n - l->at);
		l->in.n -= l->at;
		l->at = 0;
	}
	px_put(&l->in, room, (size_t)n);
	keep(&l->seen, room, (size_t)n);
	l->total += (size_t)n;
	l->last = net_now();
}

static void
leg_write(struct px_leg *l)
{
	size_t left = l->out.n - l->sent;
	ssize_t n;

	n = l->rfd == l->wfd ? net_send(l->wfd, l->out.p + l->sent, left)
			     : write(l->wfd, l->out.p + l->sent, left);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		if (errno == ECONNRESET)
			l->rst = l->eof = true;
		l->unsent = true;
		l->out.n = l->sent = 0;
		return;
	}
	keep(&l->said, l->out.p + l->sent, (size_t)n);
	l->said_total += (size_t)n;
	l->sent += (size_t)n;
	if (l->sent == l->out.n)
		l->out.n = l->sent = 0;
}

static void
take(struct px_play *p, int lfd)
{
	struct px_leg *l = p->how.cast == PX_CAST_SERVER ? &p->pt : &p->cp;
	int fd = accept(lfd, NULL, NULL);

	if (fd < 0)
		return;
	net_nonblock(fd, true);
	net_cloexec(fd);
	net_tune(fd);
	if (px_leg_there(l))
		px_leg_close(l, false);
	l->rfd = l->wfd = fd;
	l->eof = l->rst = l->unsent = false;
	l->at = l->in.n = 0;
	l->last = net_now();
	p->redial = false;
}

/* A new connection is taken when there is none, or when the script said that there may be another. */
static bool
taking(const struct px_play *p)
{
	if (p->how.cast == PX_CAST_SERVER)
		return !p->refuse && !px_leg_there(&p->pt) && !p->pt.eof;
	return !px_leg_there(&p->cp) || (p->redial && p->cp.in.n == p->cp.at);
}

void
px_pump(struct px_play *p, int64_t deadline)
{
	struct px_leg *legs[] = {&p->cp, &p->pt, &p->sin, &p->sout, &p->serr};
	struct pollfd f[10];
	struct px_leg *of[10];
	int kind[10]; /* 0 read, 1 write, 2 listener, 3 program */
	nfds_t n = 0;

	for (unsigned i = 0; i < 5; i++) {
		struct px_leg *l = legs[i];

		if (l->rfd >= 0 && !l->eof && !l->hold) {
			f[n] = (struct pollfd){l->rfd, POLLIN, 0};
			of[n] = l;
			kind[n++] = 0;
		}
		if (l->wfd >= 0 && l->out.n > l->sent) {
			f[n] = (struct pollfd){l->wfd, POLLOUT, 0};
			of[n] = l;
			kind[n++] = 1;
		}
	}
	for (unsigned i = 0; i < 2 && taking(p); i++)
		if (p->listen[i] >= 0) {
			f[n] = (struct pollfd){p->listen[i], POLLIN, 0};
			of[n] = NULL;
			kind[n++] = 2;
		}
	if (p->pidfd >= 0 && !p->exited && n < 10) {
		f[n] = (struct pollfd){p->pidfd, POLLIN, 0};
		of[n] = NULL;
		kind[n++] = 3;
	}
	if (poll(f, n, net_left(deadline)) < 0)
		return;
	for (nfds_t i = 0; i < n; i++) {
		if (f[i].revents == 0)
			continue;
		if (kind[i] == 0 && of[i]->rfd >= 0)
			leg_read(of[i]);
		else if (kind[i] == 1 && of[i]->out.n > of[i]->sent)
			leg_write(of[i]);
		else if (kind[i] == 2 && taking(p))
			take(p, f[i].fd);
		else if (kind[i] == 3 && waitpid(p->pid, &p->status, WNOHANG) == p->pid)
			p->exited = true;
	}
}

bool
px_dial(struct px_play *p)
{
	struct px_leg *l = &p->cp;
	char text[NET_ADDRSTR];
	int fd;

	px_leg_close(l, false);
	fd = net_dial(&p->proxy, px_until(p, 10000));
	if (fd < 0) {
		px_trouble(p, PX_O_ERROR, 0, "cannot connect to the proxy at %s: %s",
			net_str(&p->proxy, text), strerror(errno));
		return false;
	}
	net_tune(fd);
	l->rfd = l->wfd = fd;
	l->eof = l->rst = l->unsent = l->lazy = false;
	l->at = l->in.n = 0;
	l->last = net_now();
	return true;
}

bool
px_reach(struct px_play *p, struct px_leg *l, int64_t deadline)
{
	while (!px_leg_there(l) && net_now() < deadline) {
		if (p->how.cast == PX_CAST_CLIENT && p->exited)
			break;
		px_pump(p, deadline);
	}
	return px_leg_there(l);
}
