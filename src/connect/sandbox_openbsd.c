/* SPDX-License-Identifier: ISC
 * sandbox_openbsd.c - pledge(2) of OpenBSD.
 * One thing to know: "stdio" opens no file, so there is nothing to unveil; "tty" is for tcgetattr on standard input. */
#include "sandbox.h"

#ifdef __OpenBSD__

#include <errno.h>
#include <string.h>
#include <unistd.h>

const char *
sandbox_pledge(bool accepting)
{
	return pledge(accepting ? "stdio tty inet" : "stdio tty", NULL) < 0 ? strerror(errno) : NULL;
}

#else

const char *
sandbox_pledge(bool accepting)
{
	(void)accepting;
	return "not OpenBSD";
}

#endif
