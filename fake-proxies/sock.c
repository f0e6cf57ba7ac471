/* SPDX-License-Identifier: ISC
 * sock.c - see sock.h.
 * The one thing to know: accepted sockets have the listener's TCP_NODELAY on Linux, so it is set there. */
#include "sock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#ifndef SOCK_NONBLOCK
#define SOCK_NONBLOCK 0
#define SOCK_CLOEXEC 0
#endif

static int
tidy(int fd)
{
	if (SOCK_NONBLOCK == 0 && fd >= 0) {
		(void)net_cloexec(fd);
		(void)net_nonblock(fd, true);
	}
	return fd;
}

int
sock_dial(const struct net_addr *a)
{
	int fd = tidy(socket(a->ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)), err;

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&a->ss, a->len) == 0 || errno == EINPROGRESS ||
		errno == EINTR)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

int
sock_accept(int listener, struct net_addr *peer)
{
	memset(peer, 0, sizeof *peer);
	peer->len = sizeof peer->ss;
#ifdef __linux__
	return accept4(listener, (struct sockaddr *)&peer->ss, &peer->len, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
	return tidy(accept(listener, (struct sockaddr *)&peer->ss, &peer->len));
#endif
}

void
sock_nodelay(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void
sock_probe(int fd)
{
	int on = 1;
#if defined(TCP_KEEPIDLE) && defined(TCP_KEEPINTVL)
	int seconds = 5;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
#endif
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}
