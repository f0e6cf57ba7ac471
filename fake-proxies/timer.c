/* SPDX-License-Identifier: ISC
 * timer.c - see timer.h; a binary heap whose members know their place.
 * The one thing to know: every move goes through put(), which keeps index true. */
#include "timer.h"

#include <limits.h>
#include <stdlib.h>

static void
put(struct timers *h, size_t i, struct timer *t)
{
	h->heap[i] = t;
	t->index = i + 1;
}

static void
up(struct timers *h, size_t i)
{
	struct timer *t = h->heap[i];

	while (i != 0 && h->heap[(i - 1) / 2]->at > t->at) {
		put(h, i, h->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(h, i, t);
}

static void
down(struct timers *h, size_t i)
{
	struct timer *t = h->heap[i];

	for (;;) {
		size_t kid = 2 * i + 1;

		if (kid + 1 < h->n && h->heap[kid + 1]->at < h->heap[kid]->at)
			kid++;
		if (kid >= h->n || h->heap[kid]->at >= t->at)
			break;
		put(h, i, h->heap[kid]);
		i = kid;
	}
	put(h, i, t);
}

bool
timer_set(struct timers *h, struct timer *t, int64_t at)
{
	if (t->index == 0) {
		if (h->n == h->cap) {
			size_t cap = h->cap != 0 ? h->cap * 2 : 64;
			struct timer **more = realloc(h->heap, cap * sizeof(struct timer *));

			if (more == NULL)
				return false;
			h->heap = more;
			h->cap = cap;
		}
		put(h, h->n++, t);
	}
	t->at = at;
	up(h, t->index - 1);
	down(h, t->index - 1);
	return true;
}

void
timer_stop(struct timers *h, struct timer *t)
{
	size_t i = t->index - 1;

	if (t->index == 0)
		return;
	t->index = 0;
	if (--h->n == i)
		return;
	put(h, i, h->heap[h->n]);
	up(h, i);
	down(h, h->heap[i]->index - 1);
}

void
timers_run(struct timers *h, int64_t now)
{
	while (h->n != 0 && h->heap[0]->at <= now) {
		struct timer *t = h->heap[0];

		timer_stop(h, t);
		t->fire(t);
	}
}

int
timers_left(const struct timers *h, int64_t now)
{
	int64_t left;

	if (h->n == 0)
		return -1;
	left = h->heap[0]->at - now;
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}
