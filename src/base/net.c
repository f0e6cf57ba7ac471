/* SPDX-License-Identifier: ISC
 * net.c - see net.h. */
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* the programs ignore SIGPIPE there */
#endif

int64_t
net_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int
net_left(int64_t deadline)
{
	int64_t left;

	if (deadline == 0)
		return -1;
	left = deadline - net_now();
	if (left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

int64_t
net_sooner(int64_t a, int64_t b)
{
	if (a == 0 || b == 0)
		return a == 0 ? b : a;
	return a < b ? a : b;
}

int
net_wait(int fd, short events, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = events};
	int r;

	do {
		r = poll(&p, 1, net_left(deadline));
	} while (r < 0 && errno == EINTR);
	return r;
}

char *
net_str(const struct net_addr *a, char *buf)
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (a->ss.ss_family == AF_INET6) {
		const struct sockaddr_in6 *s = (const struct sockaddr_in6 *)&a->ss;

		inet_ntop(AF_INET6, &s->sin6_addr, host, sizeof host);
		snprintf(buf, NET_ADDRSTR, "[%s]:%u", host, (unsigned)ntohs(s->sin6_port));
	} else {
		const struct sockaddr_in *s = (const struct sockaddr_in *)&a->ss;

		inet_ntop(AF_INET, &s->sin_addr, host, sizeof host);
		snprintf(buf, NET_ADDRSTR, "%s:%u", host, (unsigned)ntohs(s->sin_port));
	}
	return buf;
}

unsigned
net_port(const struct net_addr *a)
{
	if (a->ss.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)&a->ss)->sin6_port);
	return ntohs(((const struct sockaddr_in *)&a->ss)->sin_port);
}

void
net_set_port(struct net_addr *a, unsigned port)
{
	if (a->ss.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&a->ss)->sin6_port = htons((uint16_t)port);
	else
		((struct sockaddr_in *)&a->ss)->sin_port = htons((uint16_t)port);
}

int
net_addr_of(int fd, bool local, struct net_addr *out)
{
	memset(out, 0, sizeof *out);
	out->len = sizeof out->ss;
	if (local)
		return getsockname(fd, (struct sockaddr *)&out->ss, &out->len);
	return getpeername(fd, (struct sockaddr *)&out->ss, &out->len);
}

int
net_nonblock(int fd, bool on)
{
	int f = fcntl(fd, F_GETFL);

	if (f < 0)
		return -1;
	return fcntl(fd, F_SETFL, on ? f | O_NONBLOCK : f & ~O_NONBLOCK);
}

int
net_cloexec(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int
fail_close(int fd, int err)
{
	close(fd);
	errno = err;
	return -1;
}

static int
new_socket(int family)
{
#if defined(SOCK_NONBLOCK) && defined(SOCK_CLOEXEC)
	return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
#else
	int fd = socket(family, SOCK_STREAM, 0);

	if (fd >= 0 && (net_cloexec(fd) < 0 || net_nonblock(fd, true) < 0))
		return fail_close(fd, errno);
	return fd;
#endif
}

int
net_dial_begin(const struct net_addr *a)
{
	int fd = new_socket(a->ss.ss_family);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&a->ss, a->len) == 0 || errno == EINPROGRESS ||
		errno == EINTR)
		return fd;
	return fail_close(fd, errno);
}

int
net_dial_outcome(int fd)
{
	int err = 0;
	socklen_t len = sizeof err;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 ? errno : err;
}

int
net_dial(const struct net_addr *a, int64_t deadline)
{
	int fd = net_dial_begin(a), r, err;

	if (fd < 0)
		return -1;
	r = net_wait(fd, POLLOUT, deadline);
	err = r > 0 ? net_dial_outcome(fd) : r == 0 ? ETIMEDOUT : errno;
	return err == 0 ? fd : fail_close(fd, err);
}

int
net_listen(const struct net_addr *a, int backlog)
{
	int fd = new_socket(a->ss.ss_family), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (const struct sockaddr *)&a->ss, a->len) < 0 || listen(fd, backlog) < 0)
		return fail_close(fd, errno);
	return fd;
}

static void
set_option(int fd, int level, int name, int value)
{
	(void)setsockopt(fd, level, name, &value, sizeof value);
}

/* A silent session is probed every two minutes, which also keeps the address translators on the way awake; one whose other
 * end does not answer is over after a quarter of an hour, as one that waits for an acknowledgement. */
void
net_tune(int fd)
{
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
#if defined(TCP_KEEPIDLE) && defined(TCP_KEEPINTVL) && defined(TCP_KEEPCNT)
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 120);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 60);
	set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 13);
#endif
}

static ssize_t
receive(int fd, void *buf, size_t n, int flags)
{
	ssize_t r;

	do {
		r = recv(fd, buf, n, flags);
	} while (r < 0 && errno == EINTR);
	return r;
}

ssize_t
net_recv(int fd, void *buf, size_t n)
{
	return receive(fd, buf, n, 0);
}

ssize_t
net_peek(int fd, void *buf, size_t n)
{
	return receive(fd, buf, n, MSG_PEEK);
}

ssize_t
net_send(int fd, const void *buf, size_t n)
{
	ssize_t r;

	do {
		r = send(fd, buf, n, MSG_NOSIGNAL);
	} while (r < 0 && errno == EINTR);
	return r;
}

void
net_reset(int fd)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
}
