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
new_socket(int family)
{
	int fd = socket(family, SOCK_STREAM, 0);

	if (fd >= 0 && (net_cloexec(fd) < 0 || net_nonblock(fd, true) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
fail_close(int fd, int err)
{
	close(fd);
	errno = err;
	return -1;
}

int
net_dial(const struct net_addr *a, int64_t deadline)
{
	int fd = new_socket(a->ss.ss_family), err = 0, r;
	socklen_t len = sizeof err;

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&a->ss, a->len) == 0)
		return fd;
	if (errno != EINPROGRESS && errno != EINTR)
		return fail_close(fd, errno);
	r = net_wait(fd, POLLOUT, deadline);
	if (r == 0)
		return fail_close(fd, ETIMEDOUT);
	if (r < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return fail_close(fd, errno);
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

void
net_tune(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

ssize_t
net_recv(int fd, void *buf, size_t n)
{
	ssize_t r;

	do {
		r = recv(fd, buf, n, 0);
	} while (r < 0 && errno == EINTR);
	return r;
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
