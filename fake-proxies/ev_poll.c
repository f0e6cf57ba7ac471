/* SPDX-License-Identifier: ISC
 * ev_poll.c - ev.h by poll(2), for systems without epoll.
 * The one thing to know: slower with many connections, the same otherwise; -DFP_POLL builds it on Linux too. */
#if !defined(__linux__) || defined(FP_POLL)

#include "ev.h"
#include "net.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#ifndef POLLRDHUP
#define POLLRDHUP 0 /* the end is seen when all before it was read */
#endif

struct ev {
	struct ev_src **src;
	struct pollfd *fds;
	size_t n, cap;
};

struct ev *
ev_new(void)
{
	return calloc(1, sizeof(struct ev));
}

void
ev_free(struct ev *e)
{
	free(e->src);
	free(e->fds);
	free(e);
}

bool
ev_add(struct ev *e, struct ev_src *s, bool edge)
{
	(void)edge;
	if (e->n == e->cap) {
		size_t cap = e->cap != 0 ? e->cap * 2 : 64;
		struct ev_src **src = realloc(e->src, cap * sizeof(struct ev_src *));
		struct pollfd *fds;

		if (src == NULL)
			return false;
		e->src = src;
		fds = realloc(e->fds, cap * sizeof *fds);
		if (fds == NULL)
			return false;
		e->fds = fds;
		e->cap = cap;
	}
	e->src[e->n++] = s;
	return true;
}

void
ev_want(struct ev *e, struct ev_src *s, unsigned want)
{
	(void)e;
	s->want = want;
}

void
ev_want_level(struct ev *e, struct ev_src *s, unsigned want)
{
	ev_want(e, s, want);
}

void
ev_del(struct ev *e, struct ev_src *s)
{
	s->fd = -1;
	for (size_t i = 0; i < e->n; i++)
		if (e->src[i] == s)
			e->src[i] = NULL; /* taken out by the next round */
}

bool
ev_wait(struct ev *e, int ms, int64_t *now)
{
	size_t n = 0;
	int r;

	for (size_t i = 0; i < e->n; i++)
		if (e->src[i] != NULL)
			e->src[n++] = e->src[i];
	e->n = n;
	for (size_t i = 0; i < n; i++) {
		unsigned w = e->src[i]->want;

		e->fds[i].fd = e->src[i]->fd;
		e->fds[i].events = (short)(((w & EV_READ) ? POLLIN : 0) | ((w & EV_WRITE) ? POLLOUT : 0) |
					   ((w & EV_END) ? POLLRDHUP : 0));
		e->fds[i].revents = 0;
	}
	r = poll(e->fds, (nfds_t)n, ms);
	*now = net_now();
	if (r < 0)
		return ev_again();
	for (size_t i = 0; i < n; i++) {
		struct ev_src *s = e->src[i];
		short g = e->fds[i].revents;

		if (g != 0 && s != NULL && s->fd >= 0)
			s->ready(s, ((g & POLLIN) ? EV_READ : 0u) | ((g & POLLOUT) ? EV_WRITE : 0u) |
					    ((g & (POLLHUP | POLLRDHUP)) ? EV_END | EV_READ : 0u) |
					    ((g & (POLLERR | POLLNVAL)) ? EV_ERROR : 0u));
	}
	return true;
}

#else
typedef int fp_ev_poll_is_not_used; /* a translation unit may not be empty */
#endif
