/* SPDX-License-Identifier: ISC
 * output.c - see output.h. */
#include "output.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
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

size_t
out_prepare(int fd)
{
	char path[32];
	struct stat st;
	int flags = fcntl(fd, F_GETFL), mine;

	if (fstat(fd, &st) < 0 || flags < 0 || (flags & O_NONBLOCK) || S_ISREG(st.st_mode))
		return 0;
	if (S_ISCHR(st.st_mode) && !isatty(fd))
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
