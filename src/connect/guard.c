/* SPDX-License-Identifier: ISC
 * guard.c - see guard.h.
 * One thing to know: only what was open before is opened again; a program that is not readable for its user, or changes
 * its ids, is closed from the start. */
#include "guard.h"

#include <stdbool.h>
#include <sys/resource.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

static bool closed, limited;
static struct rlimit core; /* as it was */

#ifdef PR_SET_DUMPABLE
static bool was_dumpable;

/* prctl(2): not dumpable means that no core is written, not even into a pipe, which the limit does not stop, and that
 * ptrace(2), /proc/PID/mem and /proc/PID/environ are root's only. */
static void
hide(void)
{
	was_dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1;
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static void
show(void)
{
	if (was_dumpable)
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
#else
static void
hide(void)
{
}

static void
show(void)
{
}
#endif

void
guard_close(void)
{
	struct rlimit none;

	if (closed)
		return;
	closed = true;
	limited = getrlimit(RLIMIT_CORE, &core) == 0;
	none = core;
	none.rlim_cur = 0;
	if (limited)
		(void)setrlimit(RLIMIT_CORE, &none);
	hide();
}

void
guard_leave(void)
{
	if (closed && limited)
		(void)setrlimit(RLIMIT_CORE, &core);
}

void
guard_open(void)
{
	if (!closed)
		return;
	guard_leave();
	show();
	closed = false;
}
