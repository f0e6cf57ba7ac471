/* SPDX-License-Identifier: ISC
 * output.c - see output.h. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

bool
out_is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

#ifdef __GLIBC__
typedef unsigned long ioctl_request;
#else
typedef int ioctl_request; /* POSIX, and musl */
#endif

/* The master side of a pseudo terminal: opening it once more would make another terminal. */
static bool
is_pty_master(int fd)
{
#ifdef TIOCGPTN
	unsigned n;

	return ioctl(fd, (ioctl_request)TIOCGPTN, &n) == 0;
#else
	(void)fd;
	return true;
#endif
}

#if defined(__linux__) && defined(SYS_pwritev2)

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8 /* <linux/fs.h>; musl does not have it */
#endif

/* Pipes heed it since Linux 6.4, and the number is the only way to know before the first octet. */
static bool
knows_nowait(void)
{
	struct utsname u;
	unsigned long major, minor;
	char *rest;

	if (uname(&u) < 0)
		return false;
	major = strtoul(u.release, &rest, 10);
	minor = *rest == '.' ? strtoul(rest + 1, NULL, 10) : 0;
	return major > 6 || (major == 6 && minor >= 4);
}

static ssize_t
write_nowait(int fd, const void *p, size_t n)
{
	struct iovec v = {(void *)(uintptr_t)p, n};

#ifdef __GLIBC__
	return pwritev2(fd, &v, 1, -1, RWF_NOWAIT);
#else
	return syscall(SYS_pwritev2, fd, &v, 1L, -1L, -1L, RWF_NOWAIT);
#endif
}

#else

static bool
knows_nowait(void)
{
	return false;
}

static ssize_t
write_nowait(int fd, const void *p, size_t n)
{
	(void)fd;
	(void)p;
	(void)n;
	errno = EOPNOTSUPP;
	return -1;
}

#endif

ssize_t
out_nowait(int fd, const void *p, size_t n, bool *nowait, size_t *chunk)
{
	ssize_t put = write_nowait(fd, p, n);

	if (put < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL || errno == EPERM)) {
		*nowait = false;
		*chunk = PIPE_BUF;
		errno = EAGAIN;
	}
	return put;
}

size_t
out_prepare(int fd, bool *nowait)
{
	char path[32];
	struct stat st;
	int flags = fcntl(fd, F_GETFL), mine;

	*nowait = false;
	if (fstat(fd, &st) < 0 || flags < 0 || (flags & O_NONBLOCK) || S_ISREG(st.st_mode))
		return 0;
	if (S_ISCHR(st.st_mode) && !isatty(fd))
		return 0;
	*nowait = S_ISFIFO(st.st_mode) && knows_nowait();
	if (*nowait)
		return 0;
	if (S_ISFIFO(st.st_mode) || !is_pty_master(fd)) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		mine = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (mine >= 0) {
			int done = dup2(mine, fd);

			close(mine);
			if (done == fd)
				return 0;
		}
	}
	return S_ISFIFO(st.st_mode) ? PIPE_BUF : 1;
}
