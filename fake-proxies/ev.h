/* SPDX-License-Identifier: ISC
 * ev.h - who is ready: epoll where there is one, else poll.
 * One thing to know: events may be edges.  Who is told "readable" reads until there is nothing more, or remembers it;
 * ev_want tells a level-triggered backend what still matters, and costs nothing in the other. */
#ifndef FP_EV_H
#define FP_EV_H

#include <stdbool.h>
#include <stdint.h>

enum { EV_READ = 1, EV_WRITE = 2, EV_END = 4, EV_ERROR = 8 }; /* END: the other side sends no more */

struct ev_src {
	int fd; /* -1: not watched; events of this round that are left are dropped */
	unsigned want;
	void (*ready)(struct ev_src *, unsigned events);
};

struct ev;

struct ev *ev_new(void);
void ev_free(struct ev *);

/* Watch src->fd for src->want; edge: once for each change.  False: errno. */
bool ev_add(struct ev *, struct ev_src *, bool edge);
void ev_want(struct ev *, struct ev_src *, unsigned want);
/* The same for a source that was added without edge. */
void ev_want_level(struct ev *, struct ev_src *, unsigned want);
/* Before the descriptor is closed. */
void ev_del(struct ev *, struct ev_src *);

/* Wait at most ms (-1: for ever), set *now, and tell everybody who is ready.  False on an error that stays (errno). */
bool ev_wait(struct ev *, int ms, int64_t *now);
/* For the backends: is errno of a failed wait one that passes?  Then a moment has gone by, unless it was a signal. */
bool ev_again(void);

#endif
