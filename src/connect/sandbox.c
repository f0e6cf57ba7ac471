/* SPDX-License-Identifier: ISC
 * sandbox.c - see sandbox.h.
 * One thing to know: seccomp comes last, since it refuses the calls that the others are made of. */
#include "sandbox.h"

#include <errno.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "say.h"

#if defined(SANDBOX_SECCOMP) || defined(SANDBOX_LANDLOCK)

static void
without(const char *what, const char *why)
{
	if (why != NULL)
		say_debug("sandbox: no %s: %s", what, why);
}

static void
enter(bool accepting)
{
	/* Without this promise the other two are for root only: they would confuse a set-user-id program. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) < 0) {
		without("sandbox", strerror(errno));
		return;
	}
	without("Landlock", sandbox_landlock());
	without("seccomp", sandbox_seccomp(accepting, debug_level > 0));
}

#elif defined(__OpenBSD__)

static void
enter(bool accepting)
{
	const char *why = sandbox_pledge(accepting);

	if (why != NULL)
		say_debug("sandbox: no pledge: %s", why);
}

#else

static void
enter(bool accepting)
{
	(void)accepting;
	say_debug("sandbox: " SANDBOX_IS);
}

#endif

void
sandbox_enter(bool accepting)
{
	static bool done;

	if (!done)
		enter(accepting);
	done = true;
}
