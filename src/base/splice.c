/* SPDX-License-Identifier: ISC
 * splice.c - see splice.h.
 * One thing to know: a splice that waits inside the kernel holds the pipe's lock, and then whoever reads that pipe waits
 * too and cannot be killed.  So nothing is spliced from a socket that is not non-blocking, however short it would take. */
#include "splice.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MUCH (16 * 1024)       /* a read of so much is bulk; a splice of less than a quarter of it no more */
#define USUAL_PIPE (64 * 1024) /* one that was made smaller was so on purpose */
#define IN_PIPE (256 * 1024)   /* larger ones push what is read out of the processor's cache */
#define OUT_PIPE (1024 * 1024) /* most that anybody may have (fs.pipe-max-size) */
#define MOST_AT_ONCE (1024 * 1024)

/* Whoever has many such pipes gets no more of them: then it stays as it is, or grows less. */
static void
widen(int pipe, int size)
{
#ifdef F_SETPIPE_SZ
	int is = fcntl(pipe, F_GETPIPE_SZ);

	if (is < USUAL_PIPE)
		return;
	while (size > is && fcntl(pipe, F_SETPIPE_SZ, size) < 0)
		size /= 2;
#else
	(void)pipe;
	(void)size;
#endif
}

void
bulk_begin(struct flow *f, bool allowed, size_t much)
{
	f->much = much != 0 ? much : MUCH;
	f->able = allowed;
	f->asked = f->bulk = f->full = f->piped = false;
	f->own[0] = f->own[1] = -1;
	f->most = 0;
}

void
bulk_end(struct flow *f)
{
	f->able = f->bulk = f->full = f->piped = false;
	for (int i = 0; i < 2; i++) {
		if (f->own[i] >= 0)
			close(f->own[i]);
		f->own[i] = -1;
	}
}

#ifdef SPLICE_F_NONBLOCK

static bool
nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_NONBLOCK);
}

static int
family(int sock)
{
	struct sockaddr_storage a = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof a;

	return getsockname(sock, (struct sockaddr *)&a, &len) < 0 ? AF_UNSPEC : a.ss_family;
}

/* A splice takes notice of O_NONBLOCK alone, which is not ours to set where others have the socket too.  But a Unix
 * socket that is writable has three quarters of its buffer free, so after poll() half of it cannot block. */
static bool
fits_socket(struct flow *f)
{
	int size = 0;
	socklen_t len = sizeof size;

	if (nonblocking(f->to))
		return true;
	if (family(f->to) != AF_UNIX || getsockopt(f->to, SOL_SOCKET, SO_SNDBUF, &size, &len) < 0)
		return false;
	f->most = (size_t)size / 2;
	return f->most > 0;
}

/* Can the kernel do it alone, without blocking, and is it faster?  From a Unix socket to any other socket it is not. */
static bool
prepare(struct flow *f)
{
	struct stat st;

	if (!f->from_sock || !nonblocking(f->from) || fstat(f->to, &st) < 0)
		return false;
	if (S_ISFIFO(st.st_mode)) {
		widen(f->to, OUT_PIPE);
		return true;
	}
	if (!f->to_sock || family(f->from) == AF_UNIX || !fits_socket(f))
		return false;
	if (pipe2(f->own, O_NONBLOCK | O_CLOEXEC) < 0) {
		f->own[0] = f->own[1] = -1;
		return false;
	}
	widen(f->own[1], OUT_PIPE);
	return true;
}

/* This kernel, or whoever watches over us, does not do it: the plain way will do, or will fail for the same reason. */
static bool
is_refused(void)
{
	return errno == EINVAL || errno == ENOSYS || errno == EBADF || errno == EPERM || errno == EACCES ||
	       errno == EOPNOTSUPP || errno == ENOMEM;
}

ssize_t
bulk_read(struct flow *f)
{
	bool direct = f->own[1] < 0;
	size_t most = direct || f->cap > MOST_AT_ONCE ? MOST_AT_ONCE : f->cap;
	ssize_t got = splice(
		f->from, NULL, direct ? f->to : f->own[1], NULL, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (got > 0) {
		f->bulk = (size_t)got >= f->much / 4;
		f->full = false;
		f->piped = !direct;
		f->n = direct ? 0 : (size_t)got;
	} else if (got == 0) {
		/* The end, or an urgent octet with the end behind it: the plain way knows which. */
		f->bulk = false;
		errno = EAGAIN;
		got = -1;
	} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
		/* There is something, and it cannot be moved: no room; or if there is room, an urgent octet, which
		 * no splice gets past. */
		f->full = direct && !f->full;
		f->bulk = f->full;
	} else if (is_refused()) {
		bulk_end(f);
		errno = EAGAIN;
	}
	return got;
}

/* What is in our own pipe fits into the buffer: bulk_read took no more than that. */
static void
take_back(struct flow *f)
{
	size_t n = 0;
	ssize_t r;

	while (n < f->n && (r = read(f->own[0], f->buf + n, f->n - n)) > 0)
		n += (size_t)r;
	f->at = 0;
	bulk_end(f);
}

ssize_t
bulk_write(struct flow *f)
{
	size_t n = f->most != 0 && f->n > f->most ? f->most : f->n;
	ssize_t put = splice(f->own[0], NULL, f->to, NULL, n, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (put < 0 && is_refused()) {
		take_back(f);
		errno = EAGAIN;
	}
	if (put >= 0 && (size_t)put == f->n)
		f->piped = false;
	return put;
}

#else /* no splice: nothing is bulk */

static bool
prepare(struct flow *f)
{
	(void)f;
	return false;
}

ssize_t
bulk_read(struct flow *f)
{
	bulk_end(f);
	errno = EAGAIN;
	return -1;
}

ssize_t
bulk_write(struct flow *f)
{
	return bulk_read(f);
}

#endif

void
bulk_notice(struct flow *f, size_t n)
{
	if (n < f->much)
		return;
	if (!f->asked) {
		f->asked = true;
		widen(f->from, IN_PIPE);
		f->able = f->able && prepare(f);
	}
	f->bulk = f->able;
}
