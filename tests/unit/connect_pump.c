/* SPDX-License-Identifier: ISC
 * connect_pump.c - the clients driven by the pump over a socket pair: what memory cannot show, the order of sending,
 * asking, dialling again and reading, and where the tunnel begins.
 * One thing to know: the far end has said everything before the client begins, in one segment. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "lib/unit.h"
#include "net.h"
#include "pump.h"

static struct client client;
static struct pump pump;
static uint8_t window[64 * 1024];
static int far_end;

static const struct dst dst = {DST_NAME, "target.example", {0}, 22};

static void
connection(int *fd)
{
	int s[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s), 0);
	*fd = s[0];
	far_end = s[1];
}

static void
begin(void (*start)(struct client *))
{
	int fd;

	memset(&client, 0, sizeof client);
	client.dst = dst;
	client.u.s5.method[1] = 2;
	client.u.s5.n = 2;
	if (start != socks5_start)
		memset(&client.u, 0, sizeof client.u);
	connection(&fd);
	pump = (struct pump){.fd = fd, .win = window, .cap = sizeof window, .deadline = net_now() + 10000};
	start(&client);
}

static void
says(const void *p, size_t n)
{
	ck_assert_int_eq(write(far_end, p, n), (ssize_t)n);
}

static void
heard(const void *p, size_t n)
{
	uint8_t buf[1024];

	ck_assert_int_eq(read(far_end, buf, sizeof buf), (ssize_t)n);
	ck_assert(memcmp(buf, p, n) == 0);
}

static void
run(enum peer_want want)
{
	ck_assert_int_eq(pump_run(&pump, &client.peer), PUMP_WANT);
	ck_assert_msg(pump.want == want, "want %d, %s", (int)pump.want, client.peer.fail.text);
}

static void
tunnel(const char *text)
{
	ck_assert_uint_eq(pump.have, strlen(text));
	ck_assert(memcmp(window, text, pump.have) == 0);
}

START_TEST(socks5_all_at_once)
{
	static const uint8_t said[] = {5, 2, 1, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 'S', 'S', 'H'};
	static const uint8_t sent[] = {5, 2, 0, 2, 1, 1, 'u', 1, 'p', 5, 1, 0, 3, 14, 't', 'a', 'r', 'g', 'e',
		't', '.', 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 22};

	begin(socks5_start);
	says(said, sizeof said);
	run(PEER_ASK);
	client.user = "u";
	client.pass = "p";
	run(PEER_OPEN);
	tunnel("SSH");
	heard(sent, sizeof sent);
}
END_TEST

START_TEST(socks4_refuses_and_closes)
{
	static const uint8_t said[] = {0, 91, 0, 0, 0, 0, 0, 0};

	begin(socks4_start);
	client.user = "";
	says(said, sizeof said);
	close(far_end); /* the request cannot be sent any more, the refusal is read all the same */
	run(PEER_FAIL);
	ck_assert_int_eq(client.peer.fail.why, FAIL_REFUSED);
	ck_assert_int_eq(client.peer.fail.code, 91);
}
END_TEST

#define LEN(s) (sizeof(s) - 1)
#define CHALLENGE "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 4\r\n\r\nbody"
#define REQUEST "CONNECT target.example:22 HTTP/1.1\r\nHost: target.example:22\r\nUser-Agent: connect\r\n"
#define AGAIN REQUEST "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n"
#define OPENS_ONLY "HTTP/1.1 200 OK\r\n\r\n"
#define OPENS "HTTP/1.1 200 OK\r\n\r\nSSH-2.0-x\r\n"

START_TEST(http_over_the_kept_connection)
{
	begin(http_start);
	says(CHALLENGE OPENS, LEN(CHALLENGE OPENS));
	run(PEER_ASK);
	client.user = "user";
	client.pass = "pass";
	run(PEER_OPEN);
	tunnel("SSH-2.0-x\r\n");
	heard(REQUEST "\r\n" AGAIN, LEN(REQUEST "\r\n" AGAIN));
}
END_TEST

/* The proxy keeps the connection until the password is typed, and closes it then: nobody has done wrong. */
START_TEST(http_when_the_kept_connection_is_closed)
{
	int fd;

	begin(http_start);
	says(CHALLENGE, LEN(CHALLENGE));
	run(PEER_ASK);
	client.user = "user";
	client.pass = "pass";
	if (_i == 0)
		close(far_end); /* with the first request unread: a reset; the second cannot be sent */
	else
		ck_assert_int_eq(shutdown(far_end, SHUT_WR), 0);
	run(PEER_REDIAL);
	close(pump.fd);
	connection(&fd);
	pump_renew(&pump, fd);
	says(OPENS, LEN(OPENS));
	run(PEER_OPEN);
	tunnel("SSH-2.0-x\r\n");
	heard(AGAIN, LEN(AGAIN));
}
END_TEST

START_TEST(http_head_longer_than_the_window)
{
	static char head[sizeof window + 100];
	size_t at = 0;

	memset(head, 'x', sizeof head);
	memcpy(head, "HTTP/1.1 200 OK\r\nX: ", 20);
	begin(http_start);
	while (at < sizeof head) {
		ssize_t r = write(far_end, head + at, sizeof head - at);

		if (r <= 0)
			break;
		at += (size_t)r;
	}
	ck_assert_uint_eq(at, sizeof head);
	run(PEER_FAIL);
	ck_assert_int_eq(client.peer.fail.why, FAIL_PROTOCOL);
	ck_assert_str_eq(client.peer.fail.text, "message too long");
}
END_TEST

START_TEST(a_request_longer_than_can_be_sent)
{
	static char user[6000];
	uint8_t c;

	memset(user, 'u', sizeof user - 1);
	begin(socks4_start);
	client.user = user;
	run(PEER_FAIL);
	ck_assert_int_eq(client.peer.fail.why, FAIL_INPUT);
	ck_assert_int_eq(read(far_end, &c, 1), -1);
	ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

/* --- descriptor passing: however the octets arrive, what is left in the socket is the tunnel, whole -------------------- */

#define TUNNEL "SSH-2.0-x\r\n\0\377end"
#define S5(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})
#define S(text) (const uint8_t *)(text), LEN(text)
#define BND4 5, 0, 0, 1, 127, 0, 0, 1, 0, 22

static const struct exact {
	void (*start)(struct client *);
	const uint8_t *said;
	size_t n;
} exact[] = {
	{socks4_start, S5(0, 90, 0, 0, 0, 0, 0, 0)},
	{socks5_start, S5(5, 0, BND4)},
	{socks5_start, S5(5, 0, 5, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 22)},
	{socks5_start, S5(5, 0, 5, 0, 0, 3, 4, 'n', 'a', 'm', 'e', 0, 22)},
	{socks5_start, S5(5, 2, 1, 0, BND4)},
	{http_start, S("HTTP/1.1 200 OK\r\n\r\n")},
	{http_start, S("HTTP/1.0 200 OK\nContent-Length: 5\n\n")},
	{http_start, S("HTTP/1.1 100 x\r\n\r\n" OPENS_ONLY)},
	{http_start, S(CHALLENGE OPENS_ONLY)},
	{http_start,
		S("HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=x\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "4\r\nbody\r\n0\r\n\r\n" OPENS_ONLY)},
	{telnet_start, S("welcome\r\nTrying...\r\nConnected to target.example.\r\n")},
};

/* Feeds the rest when the pump has seen the first part, at each of its steps. */
struct later {
	const uint8_t *p;
	size_t n;
};

static void
say_later(void *ctx, struct peer *p)
{
	struct later *l = ctx;

	(void)p;
	if (l->n > 0)
		says(l->p, l->n);
	l->n = 0;
}

static void
left_in_the_socket(const char *text, size_t n)
{
	char got[64];

	ck_assert_int_eq(recv(pump.fd, got, sizeof got, 0), (ssize_t)n);
	ck_assert(memcmp(got, text, n) == 0);
}

static void
pass_cut(const struct exact *x, size_t cut)
{
	uint8_t all[512];
	size_t n = x->n + LEN(TUNNEL);
	struct later rest = {all + cut, n - cut};

	memcpy(all, x->said, x->n);
	memcpy(all + x->n, TUNNEL, LEN(TUNNEL));
	begin(x->start);
	if (x->start == telnet_start) {
		client.u.tel.command = "telnet x 22";
		client.u.tel.good[0] = "connected to";
	}
	client.user = "user";
	client.pass = cut % 2 == 0 ? "pass" : NULL;
	pump.peek = true;
	pump.told = say_later;
	pump.ctx = &rest;
	if (cut > 0)
		says(all, cut);
	ck_assert_int_eq(pump_run(&pump, &client.peer), PUMP_WANT);
	if (pump.want == PEER_ASK) {
		client.pass = "pass";
		ck_assert_int_eq(pump_run(&pump, &client.peer), PUMP_WANT);
	}
	ck_assert_msg(
		pump.want == PEER_OPEN, "cut %zu: want %d: %s", cut, (int)pump.want, client.peer.fail.text);
	if (rest.n > 0)
		says(rest.p, rest.n);
	left_in_the_socket(TUNNEL, LEN(TUNNEL));
	close(pump.fd);
	close(far_end);
}

START_TEST(nothing_of_the_tunnel_is_read)
{
	for (size_t cut = 0; cut <= exact[_i].n + LEN(TUNNEL); cut++)
		pass_cut(&exact[_i], cut);
}
END_TEST

static void
fill(TCase *tc)
{
	tcase_add_test(tc, socks5_all_at_once);
	tcase_add_test(tc, socks4_refuses_and_closes);
	tcase_add_test(tc, http_over_the_kept_connection);
	tcase_add_loop_test(tc, http_when_the_kept_connection_is_closed, 0, 2);
	tcase_add_test(tc, http_head_longer_than_the_window);
	tcase_add_test(tc, a_request_longer_than_can_be_sent);
	LOOP(tc, nothing_of_the_tunnel_is_read, exact);
}

int
main(void)
{
	return unit_run("connect pump", fill);
}
