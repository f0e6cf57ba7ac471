/* SPDX-License-Identifier: ISC
 * timer.h - deadlines on the monotonic clock, in a heap.
 * One thing to know: a timer is part of its owner; it must be stopped before that is freed. */
#ifndef FP_TIMER_H
#define FP_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
	int64_t at;   /* milliseconds of net_now() */
	size_t index; /* place in the heap plus one; 0: not running */
	void (*fire)(struct timer *);
};

struct timers {
	struct timer **heap;
	size_t n, cap;
};

/* Start, or move, to at.  False: no memory. */
bool timer_set(struct timers *, struct timer *, int64_t at);
void timer_stop(struct timers *, struct timer *);

/* Fire all that are due. */
void timers_run(struct timers *, int64_t now);

/* Milliseconds until the next one, -1 without any. */
int timers_left(const struct timers *, int64_t now);

#endif
