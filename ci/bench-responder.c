/* SPDX-License-Identifier: ISC
 * bench-responder.c - a proxy that answers with fixed octets, and the target behind it; one connection.
 * SOCKS5: RFC 1928 sections 3, 4, 6.  SOCKS4: SOCKS.TXT, CONNECT; SOCKS4A.TXT.  HTTP: RFC 9110 section 9.3.6.
 * One thing to know: only as much is looked at as tells where a request ends. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench-one.h"

static char window[BLOCK];
static size_t have;

int
respond_listen(unsigned short *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) < 0 || listen(fd, 64) < 0 ||
		getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		fail("listen");
	*port = ntohs(a.sin_port);
	return fd;
}

static void
put(int fd, const char *p, size_t n)
{
	/* cppcheck-suppress invalidFunctionArg ; fail() does not return */
	if (send(fd, p, n, MSG_NOSIGNAL) != (ssize_t)n)
		fail("send");
}

/* Octets of the request, 0 while it is not whole. */
static size_t
socks5_greeting(void)
{
	size_t n = have < 2 ? 0 : 2 + (unsigned char)window[1];

	return n > 0 && have >= n ? n : 0;
}

static size_t
socks5_request(void)
{
	size_t n;

	if (have < 5)
		return 0;
	n = window[3] == 1 ? 10 : window[3] == 4 ? 22 : 7 + (size_t)(unsigned char)window[4];
	return have >= n ? n : 0;
}

static size_t
socks4_request(void)
{
	const char *nul = have < 9 ? NULL : memchr(window + 8, '\0', have - 8);
	bool named = have > 8 && memcmp(window + 4, "\0\0\0", 3) == 0 && window[7] != 0;

	if (nul != NULL && named)
		nul = memchr(nul + 1, '\0', have - (size_t)(nul + 1 - window));
	return nul != NULL ? (size_t)(nul + 1 - window) : 0;
}

static size_t
http_request(void)
{
	const char *end = memmem(window, have, "\r\n\r\n", 4);

	return end != NULL ? (size_t)(end + 4 - window) : 0;
}

static void
await(int fd, size_t (*whole)(void))
{
	size_t n;

	while ((n = whole()) == 0) {
		ssize_t r = recv(fd, window + have, sizeof window - have, 0);

		if (r <= 0)
			fail("the request did not come");
		have += (size_t)r;
	}
	memmove(window, window + n, have - n);
	have -= n;
}

static void
shake_hands(int fd, enum proto proto)
{
	static const char http[] = "HTTP/1.1 200 Connection established\r\n\r\n";

	if (proto == SOCKS5) {
		await(fd, socks5_greeting);
		put(fd, "\5\0", 2);
		await(fd, socks5_request);
		put(fd, "\5\0\0\1\0\0\0\0\0\0", 10);
	} else if (proto == SOCKS4) {
		await(fd, socks4_request);
		put(fd, "\0\x5a\0\0\0\0\0\0", 8);
	} else if (proto == HTTP) {
		await(fd, http_request);
		put(fd, http, sizeof http - 1);
	}
}

static void
wait_for_end(const struct respond *r, int fd)
{
	struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = r->control, .events = POLLIN}};

	do {
		if (poll(p, 2, -1) < 0)
			fail("poll");
		if (p[0].revents && recv(fd, window, sizeof window, 0) <= 0)
			break;
	} while (!p[1].revents);
}

void
respond(const struct respond *r)
{
	int fd = accept(r->listener, NULL, NULL), on = 1;
	long long left = r->n;
	ssize_t got;

	if (fd < 0)
		fail("accept");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	shake_hands(fd, r->proto);
	put(fd, GREETING, sizeof GREETING - 1);
	if (r->what == DOWN) {
		if (read(r->control, window, 1) != 1)
			fail("control");
		for (; left > 0; left -= got) {
			got = send(fd, window, left < BLOCK ? (size_t)left : BLOCK, MSG_NOSIGNAL);
			if (got <= 0)
				fail("send");
		}
	} else if (r->what == UP) {
		for (left -= (long long)have; left > 0; left -= got) {
			got = recv(fd, window, sizeof window, 0);
			if (got <= 0)
				fail("the end came too early");
		}
		if (write(r->control, "e", 1) != 1)
			fail("control");
	} else if (r->what == PINGS) {
		/* So many and no more: a tool that keeps its side open when its input ends would be waited for, as we by it. */
		for (left = (r->n + WARM) * PING; left > 0; left -= got) {
			got = recv(fd, window, sizeof window, 0);
			if (got <= 0)
				fail("the end came too early");
			put(fd, window, (size_t)got);
		}
	}
	wait_for_end(r, fd);
	exit(0);
}
