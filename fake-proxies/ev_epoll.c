/* SPDX-License-Identifier: ISC
 * ev_epoll.c - ev.h by Linux's epoll(7), edge-triggered for connections: one system call for each in its life.
 * The one thing to know: closing a descriptor takes it out of the set, so ev_del makes no call. */
#if defined(__linux__) && !defined(FP_POLL)

#include "ev.h"
#include "net.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BATCH 256

struct ev {
	int fd;
	struct epoll_event got[BATCH];
};

struct ev *
ev_new(void)
{
	struct ev *e = calloc(1, sizeof *e);

	if (e != NULL && (e->fd = epoll_create1(EPOLL_CLOEXEC)) < 0) {
		free(e);
		return NULL;
	}
	return e;
}

void
ev_free(struct ev *e)
{
	close(e->fd);
	free(e);
}

static uint32_t
mask_of(unsigned want)
{
	return ((want & EV_READ) ? EPOLLIN | EPOLLRDHUP : 0u) | ((want & EV_WRITE) ? EPOLLOUT : 0u);
}

bool
ev_add(struct ev *e, struct ev_src *s, bool edge)
{
	struct epoll_event x = {.events = mask_of(s->want), .data.ptr = s};

	if (edge)
		x.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
	return epoll_ctl(e->fd, EPOLL_CTL_ADD, s->fd, &x) == 0;
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
	struct epoll_event x = {.events = mask_of(want), .data.ptr = s};

	s->want = want;
	epoll_ctl(e->fd, EPOLL_CTL_MOD, s->fd, &x);
}

void
ev_del(struct ev *e, struct ev_src *s)
{
	(void)e;
	s->fd = -1;
}

bool
ev_wait(struct ev *e, int ms, int64_t *now)
{
	int n = epoll_wait(e->fd, e->got, BATCH, ms);

	*now = net_now();

	if (n < 0)
		return ev_again();
	for (int i = 0; i < n; i++) {
		struct ev_src *s = e->got[i].data.ptr;
		uint32_t g = e->got[i].events;

		if (s->fd >= 0)
			s->ready(s, ((g & EPOLLIN) ? EV_READ : 0u) | ((g & EPOLLOUT) ? EV_WRITE : 0u) |
					    ((g & (EPOLLRDHUP | EPOLLHUP)) ? EV_END : 0u) |
					    ((g & EPOLLERR) ? EV_ERROR : 0u));
	}
	return true;
}

#else
typedef int fp_ev_epoll_is_not_used; /* a translation unit may not be empty */
#endif
