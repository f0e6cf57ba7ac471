/* SPDX-License-Identifier: ISC
 * base_net.c - sockets with deadlines, over Unix sockets only: nothing here needs a network.
 * One thing to know: every descriptor made is non-blocking and close-on-exec. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/unit.h"
#include "net.h"

static struct net_addr
address4(const char *text, unsigned port)
{
	struct net_addr a = {.len = sizeof(struct sockaddr_in)};
	struct sockaddr_in *s = (struct sockaddr_in *)&a.ss;

	s->sin_family = AF_INET;
	s->sin_port = htons((uint16_t)port);
	ck_assert_int_eq(inet_pton(AF_INET, text, &s->sin_addr), 1);
	return a;
}

static struct net_addr
address6(const char *text, unsigned port)
{
	struct net_addr a = {.len = sizeof(struct sockaddr_in6)};
	struct sockaddr_in6 *s = (struct sockaddr_in6 *)&a.ss;

	s->sin6_family = AF_INET6;
	s->sin6_port = htons((uint16_t)port);
	ck_assert_int_eq(inet_pton(AF_INET6, text, &s->sin6_addr), 1);
	return a;
}

/* A name in the temporary directory. */
static struct net_addr
address_unix(const char *name)
{
	struct net_addr a = {.len = sizeof(struct sockaddr_un)};
	struct sockaddr_un *s = (struct sockaddr_un *)&a.ss;

	s->sun_family = AF_UNIX;
	snprintf(s->sun_path, sizeof s->sun_path, "%s/%s-%ld", unit_dir(), name, (long)getpid());
	return a;
}

START_TEST(numeric_text)
{
	char buf[NET_ADDRSTR];
	struct net_addr a = address4("192.0.2.7", 80);

	ck_assert_str_eq(net_str(&a, buf), "192.0.2.7:80");
	ck_assert_uint_eq(net_port(&a), 80);
	net_set_port(&a, 65535);
	ck_assert_str_eq(net_str(&a, buf), "192.0.2.7:65535");
	a = address6("2001:db8::1", 258);
	ck_assert_str_eq(net_str(&a, buf), "[2001:db8::1]:258");
	ck_assert_uint_eq(net_port(&a), 258);
	net_set_port(&a, 1);
	ck_assert_uint_eq(net_port(&a), 1);
	a = address6("1111:2222:3333:4444:5555:6666:7777:8888", 65535);
	ck_assert_str_eq(net_str(&a, buf), "[1111:2222:3333:4444:5555:6666:7777:8888]:65535");
}
END_TEST

START_TEST(time_left)
{
	int64_t now = net_now();
	int left;

	ck_assert_int_eq(net_left(0), -1);
	ck_assert_int_eq(net_left(1), 0);
	ck_assert_int_eq(net_left(now - 5), 0);
	left = net_left(now + 10000);
	ck_assert(left > 9000 && left <= 10000);
	ck_assert_int_eq(net_left(now + (int64_t)INT_MAX * 3), INT_MAX);
	ck_assert(net_now() >= now);
}
END_TEST

START_TEST(waiting)
{
	int s[2];
	int64_t from;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	ck_assert_int_eq(net_wait(s[0], POLLOUT, 0), 1);
	from = net_now();
	ck_assert_int_eq(net_wait(s[0], POLLIN, from + 30), 0);
	ck_assert(net_now() - from >= 29 && net_now() - from < 1000);
	ck_assert_int_eq(net_wait(s[0], POLLIN, from), 0); /* passed already */
	ck_assert_int_eq(write(s[1], "x", 1), 1);
	ck_assert_int_eq(net_wait(s[0], POLLIN, 0), 1);
	ck_assert_int_eq(net_wait(s[0], POLLIN, from), 1); /* what is there counts, deadline or not */
	close(s[1]);
	ck_assert_int_eq(net_wait(s[0], POLLIN, 0), 1);
	close(s[0]);
}
END_TEST

START_TEST(listening_and_dialling)
{
	struct net_addr a = address_unix("listen"), got;
	int l = net_listen(&a, 4), c, s;
	char buf[4];

	ck_assert_int_ge(l, 0);
	c = net_dial(&a, net_now() + 5000);
	ck_assert_int_ge(c, 0);
	ck_assert_int_eq(net_wait(l, POLLIN, net_now() + 5000), 1);
	s = accept(l, NULL, NULL);
	ck_assert_int_ge(s, 0);
	for (int i = 0; i < 2; i++) {
		int fd = i == 0 ? l : c;

		ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
		ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
	ck_assert_int_eq(net_send(c, "abc", 3), 3);
	ck_assert_int_eq(net_recv(s, buf, sizeof buf), 3);
	ck_assert_int_eq(net_recv(c, buf, sizeof buf), -1);
	ck_assert(errno == EAGAIN || errno == EWOULDBLOCK);
	ck_assert_int_eq(net_addr_of(l, true, &got), 0);
	ck_assert_int_eq(got.ss.ss_family, AF_UNIX);
	ck_assert_int_eq(net_listen(&a, 1), -1);
	ck_assert_int_eq(errno, EADDRINUSE);
	net_tune(c); /* no error where there are no such options */
	close(c);
	close(s);
	close(l);
}
END_TEST

START_TEST(dialling_where_nobody_listens)
{
	struct net_addr a = address_unix("nobody");

	errno = 0;
	ck_assert_int_eq(net_dial(&a, net_now() + 5000), -1);
	ck_assert_int_eq(errno, ENOENT);
	a.ss.ss_family = 0xfff;
	ck_assert_int_eq(net_dial(&a, 0), -1);
	ck_assert_int_eq(errno, EAFNOSUPPORT);
}
END_TEST

START_TEST(dialling_in_two_steps)
{
	struct net_addr a = address_unix("two-steps");
	int l = net_listen(&a, 4), c;

	ck_assert_int_ge(l, 0);
	c = net_dial_begin(&a);
	ck_assert_int_ge(c, 0);
	ck_assert_int_eq(net_wait(c, POLLOUT, net_now() + 5000), 1);
	ck_assert_int_eq(net_dial_outcome(c), 0);
	close(c);
	ck_assert_int_eq(net_dial_outcome(c), EBADF);
	a.ss.ss_family = 0xfff;
	ck_assert_int_eq(net_dial_begin(&a), -1);
	ck_assert_int_eq(errno, EAFNOSUPPORT);
	close(l);
}
END_TEST

static int
option(int fd, int level, int name)
{
	int v = -1;
	socklen_t len = sizeof v;

	ck_assert_int_eq(getsockopt(fd, level, name, &v, &len), 0);
	return v;
}

/* A socket that is not connected has its options too. */
START_TEST(options_of_the_tunnel)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	net_tune(fd);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	ck_assert_int_eq(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 120);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 60);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 13);
	close(fd);
}
END_TEST

START_TEST(looking_takes_nothing)
{
	int s[2];
	char buf[8];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s), 0);
	ck_assert_int_eq(net_peek(s[0], buf, sizeof buf), -1);
	ck_assert(errno == EAGAIN || errno == EWOULDBLOCK);
	ck_assert_int_eq(net_send(s[1], "abc", 3), 3);
	ck_assert_int_eq(net_peek(s[0], buf, 2), 2);
	ck_assert_int_eq(net_peek(s[0], buf, sizeof buf), 3);
	ck_assert_int_eq(net_recv(s[0], buf, sizeof buf), 3);
	ck_assert(memcmp(buf, "abc", 3) == 0);
	close(s[1]);
	ck_assert_int_eq(net_peek(s[0], buf, sizeof buf), 0);
	close(s[0]);
}
END_TEST

START_TEST(sending_to_nobody_raises_no_signal)
{
	int s[2];

	signal(SIGPIPE, SIG_DFL);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	close(s[1]);
	ck_assert_int_eq(net_send(s[0], "x", 1), -1);
	ck_assert_int_eq(errno, EPIPE);
	ck_assert_int_eq(net_recv(s[0], &(char){0}, 1), 0);
	close(s[0]);
}
END_TEST

START_TEST(blocking_or_not)
{
	int s[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	ck_assert_int_eq(net_nonblock(s[0], true), 0);
	ck_assert(fcntl(s[0], F_GETFL) & O_NONBLOCK);
	ck_assert_int_eq(net_nonblock(s[0], false), 0);
	ck_assert(!(fcntl(s[0], F_GETFL) & O_NONBLOCK));
	ck_assert_int_eq(net_cloexec(s[0]), 0);
	ck_assert(fcntl(s[0], F_GETFD) & FD_CLOEXEC);
	net_reset(s[0]);
	ck_assert_int_eq(fcntl(s[0], F_GETFD), -1);
	ck_assert_int_eq(net_nonblock(s[0], true), -1);
	close(s[1]);
}
END_TEST

static void
fill(TCase *tc)
{
	tcase_add_test(tc, numeric_text);
	tcase_add_test(tc, time_left);
	tcase_add_test(tc, waiting);
	tcase_add_test(tc, listening_and_dialling);
	tcase_add_test(tc, dialling_where_nobody_listens);
	tcase_add_test(tc, dialling_in_two_steps);
	tcase_add_test(tc, options_of_the_tunnel);
	tcase_add_test(tc, looking_takes_nothing);
	tcase_add_test(tc, sending_to_nobody_raises_no_signal);
	tcase_add_test(tc, blocking_or_not);
}

int
main(void)
{
	return unit_run("base net", fill);
}
