/* SPDX-License-Identifier: ISC
 * sandbox_landlock.c - Landlock (Documentation/userspace-api/landlock.rst of Linux): no path can be opened, made or
 * removed, no TCP port bound or connected to, no process outside signalled.
 * One thing to know: what is open already is not touched, and a rule set without rules allows nothing of what it handles. */
#include "sandbox.h"

#ifdef SANDBOX_LANDLOCK
#include <sys/syscall.h>
#endif

#if defined(SANDBOX_LANDLOCK) && defined(SYS_landlock_create_ruleset) && defined(SYS_landlock_restrict_self)

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* struct landlock_ruleset_attr; the headers of many systems have its beginning only.
 *
 *   ABI  1            2        3             4                    5              6
 *   fs   bits 0-12    REFER    TRUNCATE                           IOCTL_DEV
 *   net                                      BIND, CONNECT TCP
 *   scoped                                                                       abstract sockets, signals */
struct ruleset {
	uint64_t fs, net, scoped;
};

#define VERSION_ONLY 1U /* LANDLOCK_CREATE_RULESET_VERSION */

static struct ruleset
everything(long abi, size_t *size)
{
	static const unsigned fs_bits[] = {0, 13, 14, 15, 15, 16};
	struct ruleset r = {0, 0, 0};
	unsigned bits = fs_bits[abi < 5 ? abi : 5];

	r.fs = (UINT64_C(1) << bits) - 1;
	r.net = abi >= 4 ? 3 : 0;
	r.scoped = abi >= 6 ? 3 : 0;
	*size = abi >= 6   ? sizeof r
		: abi >= 4 ? offsetof(struct ruleset, scoped)
			   : offsetof(struct ruleset, net);
	return r;
}

const char *
sandbox_landlock(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, VERSION_ONLY);
	struct ruleset r;
	size_t size;
	int fd, err = 0;

	if (abi < 1)
		return strerror(errno);
	r = everything(abi, &size);
	fd = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0U);
	if (fd < 0)
		return strerror(errno);
	if (syscall(SYS_landlock_restrict_self, fd, 0U) < 0)
		err = errno;
	close(fd);
	return err != 0 ? strerror(err) : NULL;
}

#else

const char *
sandbox_landlock(void)
{
	return "not known when this was compiled";
}

#endif
