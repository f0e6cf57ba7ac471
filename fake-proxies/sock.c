/* SPDX-License-Identifier: ISC
 * sock.c - see sock.h.
 * The one thing to know: accepted sockets have the listener's TCP_NODELAY on Linux, so it is set there. */
#include "sock.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

int
sock_accept(int listener, struct net_addr *peer)
{
	int fd;

	memset(peer, 0, sizeof *peer);
	peer->len = sizeof peer->ss;
#ifdef __linux__
	fd = accept4(listener, (struct sockaddr *)&peer->ss, &peer->len, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
	fd = accept(listener, (struct sockaddr *)&peer->ss, &peer->len);
	if (fd >= 0) {
		(void)net_cloexec(fd);
		(void)net_nonblock(fd, true);
	}
#endif
	return fd;
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
