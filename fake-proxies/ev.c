/* SPDX-License-Identifier: ISC
 * ev.c - what both ways to wait share; see ev.h.
 * The one thing to know: a system that has no memory now is asked again, so that it costs a pause and not the server. */
#include "ev.h"

#include <errno.h>
#include <time.h>

#define PAUSE_NS 10000000

bool
ev_again(void)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};

	if (errno == EINTR)
		return true;
	if (errno != ENOMEM && errno != EAGAIN)
		return false;
	nanosleep(&pause, NULL);
	return true;
}
