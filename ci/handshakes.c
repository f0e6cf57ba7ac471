/* SPDX-License-Identifier: ISC
 * handshakes: how many handshakes a second a proxy serves, each with a real connection to a local target.
 * SOCKS5: RFC 1928 sections 3, 4, 6.  HTTP: RFC 9110 section 9.3.6.
 * One epoll loop keeps a fixed number of handshakes in flight; the target is a child that accepts and waits for the end.
 * A connection is given up with a reset, so that no port is held in TIME-WAIT on this side.
 *
 *   handshakes socks5|http PROXYPORT COUNT INFLIGHT   ->  one line of JSON
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAXFLIGHT = 1024, EVENTS = 256, LINE = 512, DEADLINE_MS = 20000 };

struct hand {
	int fd, step;
	size_t n;
	uint64_t start;
	char in[LINE];
};

static struct hand hands[MAXFLIGHT];
static struct sockaddr_in proxy;
static char request[LINE];
static size_t request_n;
static int http, ep;
static long count, started, done, failed;
static uint32_t *took;

static void
die(const char *what)
{
	fprintf(stderr, "handshakes: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static long
number(const char *s, long lo, long hi)
{
	char *end;
	long v = strtol(s, &end, 10);

	if (*s == 0 || *end != 0 || v < lo || v > hi) {
		fprintf(stderr, "handshakes: %s is not a number from %ld to %ld\n", s, lo, hi);
		exit(2);
	}
	return v;
}

/* The target: accepts everything, closes when the other side does. */
static void
target_loop(int listener)
{
	struct epoll_event ev[EVENTS], e = {.events = EPOLLIN, .data.fd = listener};
	int p = epoll_create1(0);

	if (p < 0 || epoll_ctl(p, EPOLL_CTL_ADD, listener, &e) < 0)
		_exit(1);
	for (;;) {
		int n = epoll_wait(p, ev, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			char sink[64];
			int fd = ev[i].data.fd;

			if (fd == listener) {
				while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
					e.events = EPOLLIN | EPOLLRDHUP;
					e.data.fd = fd;
					if (epoll_ctl(p, EPOLL_CTL_ADD, fd, &e) < 0)
						_exit(1);
				}
			} else if (read(fd, sink, sizeof sink) <= 0) {
				close(fd);
			}
		}
	}
}

static pid_t
start_target(struct sockaddr_in *at)
{
	socklen_t len = sizeof *at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	pid_t pid;

	at->sin_family = AF_INET;
	at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)at, sizeof *at) < 0 || listen(fd, 4096) < 0 ||
		getsockname(fd, (struct sockaddr *)at, &len) < 0)
		die("target");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		target_loop(fd);
	}
	close(fd);
	return pid;
}

static void
put(struct hand *h, const void *p, size_t n)
{
	if (send(h->fd, p, n, MSG_NOSIGNAL) != (ssize_t)n)
		failed++;
}

static void
begin(struct hand *h)
{
	struct epoll_event e = {.events = EPOLLOUT, .data.ptr = h};
	int one = 1;

	h->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (h->fd < 0)
		die("socket");
	setsockopt(h->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	h->step = 0;
	h->n = 0;
	h->start = now_ns();
	started++;
	if (connect(h->fd, (struct sockaddr *)&proxy, sizeof proxy) < 0 && errno != EINPROGRESS)
		die("connect to the proxy");
	if (epoll_ctl(ep, EPOLL_CTL_ADD, h->fd, &e) < 0)
		die("epoll");
}

static void
finish(struct hand *h, int ok)
{
	struct linger gone = {1, 0};

	took[done++] = (uint32_t)((now_ns() - h->start) / 1000);
	failed += !ok;
	setsockopt(h->fd, SOL_SOCKET, SO_LINGER, &gone, sizeof gone);
	close(h->fd);
	h->fd = -1;
	if (started < count)
		begin(h);
}

/* 0: connected  1: method awaited (SOCKS5)  2: reply awaited */
static void
step(struct hand *h)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = h};
	ssize_t r;

	if (h->step == 0) {
		if (epoll_ctl(ep, EPOLL_CTL_MOD, h->fd, &e) < 0)
			die("epoll");
		h->step = http ? 2 : 1;
		if (http)
			put(h, request, request_n);
		else
			put(h, "\x05\x01\x00", 3);
		return;
	}
	r = recv(h->fd, h->in + h->n, sizeof h->in - 1 - h->n, 0);
	if (r < 0 && errno == EAGAIN)
		return;
	if (r <= 0) {
		finish(h, 0);
		return;
	}
	h->n += (size_t)r;
	h->in[h->n] = 0;
	if (h->step == 1) {
		if (h->n < 2)
			return;
		if (memcmp(h->in, "\x05\x00", 3) != 0) {
			finish(h, 0);
			return;
		}
		h->n = 0;
		h->step = 2;
		put(h, request, request_n);
	} else if (http ? strstr(h->in, "\r\n\r\n") != NULL : h->n >= 10) {
		finish(h, http ? strncmp(h->in + 8, " 200 ", 5) == 0 : h->in[1] == 0);
	} else if (h->n == sizeof h->in - 1) {
		finish(h, 0);
	}
}

static void
make_request(const struct sockaddr_in *target)
{
	if (http) {
		int port = ntohs(target->sin_port);
		int n = snprintf(request, sizeof request,
			"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", port, port);
		request_n = (size_t)n;
	} else {
		/* VER CMD RSV ATYP=1 DST.ADDR DST.PORT */
		memcpy(request, "\x05\x01\x00\x01", 4);
		memcpy(request + 4, &target->sin_addr, 4);
		memcpy(request + 8, &target->sin_port, 2);
		request_n = 10;
	}
}

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in target = {0};
	struct epoll_event ev[EVENTS];
	long inflight;
	pid_t child;
	uint64_t t0, t1;

	if (argc != 5 || (strcmp(argv[1], "socks5") != 0 && strcmp(argv[1], "http") != 0)) {
		fprintf(stderr, "usage: handshakes socks5|http PROXYPORT COUNT INFLIGHT\n");
		return 2;
	}
	http = argv[1][0] == 'h';
	proxy.sin_family = AF_INET;
	proxy.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	proxy.sin_port = htons((uint16_t)number(argv[2], 1, 65535));
	count = number(argv[3], 1, 10000000);
	inflight = number(argv[4], 1, MAXFLIGHT);
	took = calloc((size_t)count, sizeof *took);
	ep = epoll_create1(0);
	if (took == NULL || ep < 0)
		die("start");
	child = start_target(&target);
	make_request(&target);

	t0 = now_ns();
	for (long i = 0; i < inflight && started < count; i++)
		begin(&hands[i]);
	while (done < count) {
		int n = epoll_wait(ep, ev, EVENTS, DEADLINE_MS);
		if (n == 0) {
			fprintf(stderr, "handshakes: %ld of %ld done, then nothing for %d ms\n", done, count,
				DEADLINE_MS);
			kill(child, SIGKILL);
			return 1;
		}
		for (int i = 0; i < n; i++)
			step(ev[i].data.ptr);
	}
	t1 = now_ns();
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	qsort(took, (size_t)count, sizeof *took, by_value);
	printf("{\"count\": %ld, \"failed\": %ld, \"seconds\": %.6f, \"median_us\": %u, \"p99_us\": %u}\n",
		count, failed, (double)(t1 - t0) / 1e9, took[count / 2], took[count * 99 / 100]);
	free(took);
	return 0;
}
