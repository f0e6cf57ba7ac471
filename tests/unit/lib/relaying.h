/* SPDX-License-Identifier: ISC
 * relaying.h - the stage for tests of the relay: it runs in a thread, both its ends are ours.
 * One thing to know: poll() and splice() are ours here, so that the relay's waits and what the kernel moves for it are seen, the
 * long wait is shortened, and a splice can fail when it is told to.  For one program; hence all in this file. */
#ifndef UNIT_RELAYING_H
#define UNIT_RELAYING_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "net.h"
#include "relay.h"
#include "unit.h"

static int longest_wait, shortest_wait, waits_for_ever;
static bool hurried;	       /* no wait of the relay is longer than 60 ms */
static bool time_stands_still; /* none ends */
static pthread_t relaying;
/* Set by the thread itself, which may be faster than pthread_create is to tell who it is. */
static _Thread_local bool is_relaying;

/* The system call that takes our struct timespec: with 32 bits it is a younger one.  glibc's ppoll is no way round it: with
 * _FORTIFY_SOURCE that of 2.36 takes the old struct whatever _TIME_BITS says. */
#ifdef SYS_ppoll_time64
#define SYS_ppoll_ SYS_ppoll_time64
#else
#define SYS_ppoll_ SYS_ppoll
#endif

/* As poll, but the relay's timeouts are noted, and may be changed.  Under this name, because the system's headers may have
 * an inline function called poll. */
int unit_poll(struct pollfd *, nfds_t, int) __asm__("poll");

int
unit_poll(struct pollfd *p, nfds_t n, int ms)
{
	struct timespec t;

	if (is_relaying) {
		longest_wait = ms > longest_wait ? ms : longest_wait;
		shortest_wait = ms >= 0 && (shortest_wait == 0 || ms < shortest_wait) ? ms : shortest_wait;
		waits_for_ever += ms < 0;
		ms = hurried && ms > 60 ? 60 : ms;
		ms = time_stands_still ? -1 : ms;
	}
	t = (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
	return (int)syscall(SYS_ppoll_, p, n, ms < 0 ? NULL : &t, NULL, 0);
}

static bool seen;			      /* each octet is counted, so no flow is ever bulk */
static bool by_kernel;			      /* every read but the first of each flow is a splice */
static int splices, refuse_from, refuse_with; /* from this one on each fails so */
static int eagain_at;			      /* this one finds nothing */

/* As splice, but counted, and refused when a test wants it. */
ssize_t unit_splice(int, off_t *, int, off_t *, size_t, unsigned) __asm__("splice");

ssize_t
unit_splice(int in, off_t *at_in, int out, off_t *at_out, size_t n, unsigned flags)
{
	splices++;
	if ((refuse_from > 0 && splices >= refuse_from) || splices == eagain_at) {
		errno = splices == eagain_at ? EAGAIN : refuse_with;
		return -1;
	}
	return syscall(SYS_splice, in, at_in, out, at_out, n, flags);
}

/* As open, but no file is opened once more.  glibc has another name for it where files may be large. */
#if defined __GLIBC__ && _FILE_OFFSET_BITS == 64
int unit_open(const char *, int, ...) __asm__("open64");
#else
int unit_open(const char *, int, ...) __asm__("open");
#endif
static bool no_proc;
static int opens_refused;

int
unit_open(const char *path, int flags, ...)
{
	va_list more;
	int mode;

	va_start(more, flags);
	mode = flags & O_CREAT ? va_arg(more, int) : 0;
	va_end(more);
	if (no_proc && strncmp(path, "/proc/", 6) == 0) {
		opens_refused++;
		errno = ENOENT;
		return -1;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* How a pipe can be written without waiting: the kernel is told with each write; it says that it does not know that of this
 * pipe; it is older, and the pipe is opened once more; and there is no /proc for that. */
enum pipes { NOWAIT, NOWAIT_REFUSED, OPENED_AGAIN, BLOCKING, PIPES_KINDS };
static enum pipes pipes;

int unit_uname(struct utsname *) __asm__("uname");

int
unit_uname(struct utsname *u)
{
	int r = (int)syscall(SYS_uname, u);

	if (pipes != NOWAIT)
		snprintf(
			u->release, sizeof u->release, "%s", pipes == NOWAIT_REFUSED ? "6.4.0-x" : "6.3.9-x");
	return r;
}

/* Does the kernel itself know it?  Linux does since 6.4; qemu-user (7.2) passes no such write on. */
static inline bool
is_nowait_known(void)
{
	struct iovec v = {(char[]){"x"}, 1};
	bool known;
	int p[2];

	ck_assert_int_eq(pipe(p), 0);
	known = syscall(SYS_pwritev2, p[1], &v, 1L, -1L, -1L, 8 /* RWF_NOWAIT */) == 1;
	close(p[0]);
	close(p[1]);
	return known;
}

#ifdef __GLIBC__
static int nowaits;
ssize_t unit_pwritev2(int, const struct iovec *, int, off_t, int) __asm__("pwritev64v2");

ssize_t
unit_pwritev2(int fd, const struct iovec *v, int n, off_t at, int flags)
{
	nowaits++;
	if (pipes == NOWAIT_REFUSED) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return syscall(SYS_pwritev2, fd, v, (long)n, (long)at, (long)at, flags);
}
#endif

static struct relay relay;
static enum relay_end outcome;
static int to_in, from_out, remote; /* our ends */
static size_t sent, received;
static int local_eof, remote_eof;
static uint8_t up_buf[50000], down_buf[50000]; /* more than a pipe takes at once */

static inline void
on_event(void *ctx, enum relay_event e, const uint8_t *p, size_t n)
{
	ck_assert_ptr_eq(ctx, &relay);
	ck_assert(p != NULL || n == 0);
	sent += e == RELAY_SENT ? n : 0;
	received += e == RELAY_RECEIVED ? n : 0;
	local_eof += e == RELAY_LOCAL_EOF;
	remote_eof += e == RELAY_REMOTE_EOF;
}

static inline void
pair(int *a, int *b)
{
	int s[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
	*a = s[0];
	*b = s[1];
}

static inline void
tcp_pair(int *a, int *b)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof to;
	int lfd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(lfd, (struct sockaddr *)&to, len), 0);
	ck_assert_int_eq(listen(lfd, 1), 0);
	ck_assert_int_eq(getsockname(lfd, (struct sockaddr *)&to, &len), 0);
	*b = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(*b, (struct sockaddr *)&to, len), 0);
	*a = accept(lfd, NULL, NULL);
	ck_assert_int_ge(*a, 0);
	close(lfd);
}

/* What standard input and output are; a TCP socket is non-blocking, as one that connect has accepted. */
enum local { PIPES, SOCKET, TCP, KINDS };

static inline void
prepare(enum local kind)
{
	int p[2], q[2];

	alarm(20);
	signal(SIGPIPE, SIG_IGN);
	relay = (struct relay){.half_close = true, .ctx = &relay};
	if (by_kernel)
		relay.much = 1;
	else if (seen)
		relay.event = on_event;
	relay.up.buf = up_buf;
	relay.down.buf = down_buf;
	relay.up.cap = relay.down.cap = sizeof up_buf;
	if (kind == PIPES)
		pair(&relay.remote, &remote);
	else /* bulk from a Unix socket to another socket is read */
		tcp_pair(&relay.remote, &remote);
	ck_assert_int_eq(net_nonblock(relay.remote, true), 0);
	if (kind == PIPES) {
		ck_assert_int_eq(pipe(p), 0);
		ck_assert_int_eq(pipe(q), 0);
		relay.in = p[0];
		to_in = p[1];
		from_out = q[0];
		relay.out = q[1];
	} else {
		if (kind == SOCKET)
			pair(&relay.in, &to_in);
		else
			tcp_pair(&relay.in, &to_in);
		ck_assert_int_eq(net_nonblock(relay.in, kind == TCP), 0);
		relay.out = relay.in;
		from_out = to_in;
	}
}

/* The remote side is a TCP connection, whatever the local side is. */
static inline void
prepare_tcp(enum local kind)
{
	prepare(kind);
	close(relay.remote);
	close(remote);
	tcp_pair(&relay.remote, &remote);
	ck_assert_int_eq(net_nonblock(relay.remote, true), 0);
}

static inline void *
relay_thread(void *arg)
{
	(void)arg;
	is_relaying = true;
	outcome = relay_run(&relay);
	return NULL;
}

static inline void
start(void)
{
	relay_begin(&relay);
	ck_assert_int_eq(pthread_create(&relaying, NULL, relay_thread, NULL), 0);
}

static inline enum relay_end
finish(void)
{
	ck_assert_int_eq(pthread_join(relaying, NULL), 0);
	return outcome;
}

static inline void
ends_broken(int err, const char *what)
{
	ck_assert_int_eq(finish(), RELAY_ERROR);
	ck_assert_int_eq(relay.err, err);
	ck_assert_str_eq(relay.what, what);
}

/* All at once, where everything is there already and nobody else has to move. */
static inline enum relay_end
run(void)
{
	start();
	return finish();
}

/* The local side has no more to say. */
static inline void
end_local(enum local kind)
{
	if (kind == PIPES)
		close(to_in);
	else
		shutdown(to_in, SHUT_WR);
}

static inline void
put(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Exactly this comes; and with end, then the end. */
static inline void
get(int fd, const char *want, bool end)
{
	char buf[1024];
	size_t n = 0, len = strlen(want);

	while (n < len) {
		ssize_t r = read(fd, buf + n, len - n);

		ck_assert_msg(r > 0, "only %zu of %zu octets came", n, len);
		n += (size_t)r;
	}
	ck_assert(memcmp(buf, want, len) == 0);
	if (end)
		ck_assert_int_eq(read(fd, buf, sizeof buf), 0);
}

/* A writer's and a reader's thread for each end: nobody reads before all is written, where the ends may. */
enum { MUCH = 3 * 1024 * 1024 };

static inline void *
write_much(void *arg)
{
	int fd = *(int *)arg;
	uint8_t buf[5000];
	size_t at = 0;

	while (at < MUCH) {
		size_t n = MUCH - at < sizeof buf ? MUCH - at : sizeof buf;
		ssize_t r;

		for (size_t i = 0; i < n; i++)
			buf[i] = (uint8_t)((at + i) % 251);
		r = write(fd, buf, n);
		if (r <= 0)
			return "a write failed";
		at += (size_t)r;
	}
	return NULL;
}

static inline const char *
read_much(int fd, size_t piece)
{
	static uint8_t buf[64 * 1024];
	size_t at = 0;

	while (at < MUCH) {
		ssize_t r = read(fd, buf, piece);

		if (r <= 0)
			return "the end came too early";
		for (ssize_t i = 0; i < r; i++)
			if (buf[i] != (uint8_t)((at + (size_t)i) % 251))
				return "a wrong octet";
		at += (size_t)r;
	}
	return NULL;
}

#endif
