/* SPDX-License-Identifier: ISC
 * connect_flights.c - how often each client has to wait for an answer (a flight is what it sends before it does), and
 * --pipeline, where SOCKS5 (RFC 1928, RFC 1929) sends everything in one.
 * One thing to know: the far end says its next message only when the client cannot go on without it. */
#include <stdio.h>

#include "client.h"
#include "lib/drive.h"
#include "lib/unit.h"

struct who {
	struct dst dst;
	uint8_t method;
	const char *user, *pass; /* NULL: asked for */
};

static struct client client;

static struct peer *
fresh(const void *arg)
{
	const struct who *w = arg;

	memset(&client, 0, sizeof client);
	client.dst = w->dst;
	client.user = w->user;
	client.pass = w->pass;
	client.u.s5.method[0] = w->method;
	client.u.s5.n = 1;
	client.u.s5.ahead = true;
	socks5_start(&client);
	return &client.peer;
}

static void
answer(struct peer *p, const void *arg)
{
	(void)p;
	(void)arg;
	client.user = "user";
	client.pass = "pass";
}

#define IP4 \
	{ \
		DST_IP4, "127.0.0.1", {127, 0, 0, 1}, 22 \
	}
static const struct who none = {IP4, 0, NULL, NULL}, asked = {IP4, 2, NULL, NULL},
			known = {IP4, 2, "user", "pass"};

#define REQUEST 0x05, 0x01, 0x00, 0x01, 0x7f, 0x00, 0x00, 0x01, 0x00, 0x16
#define UP 0x01, 0x04, 0x75, 0x73, 0x65, 0x72, 0x04, 0x70, 0x61, 0x73, 0x73
#define SUCCESS 0x05, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00
#define SENT_NONE .out = {OCTETS(0x05, 0x01, 0x00, REQUEST)}
#define SENT_UP .out = {OCTETS(0x05, 0x01, 0x02, UP, REQUEST)}
#define ENDS(w, c) .want = PEER_FAIL, .why = (w), .code = (c)

static const struct drive cases[] = {
	{"no authentication", fresh, NULL, &none, {OCTETS(0x05, 0x00, SUCCESS)}, .want = PEER_OPEN,
		.eaten = 12, .decided = 12, .mark = {2, 12}, SENT_NONE},
	{"user and password", fresh, NULL, &known, {OCTETS(0x05, 0x02, 0x01, 0x00, SUCCESS)},
		.want = PEER_OPEN, .eaten = 14, .decided = 14, .mark = {2, 4, 14}, SENT_UP},
	{"user and password, asked for first", fresh, answer, &asked,
		{OCTETS(0x05, 0x02, 0x01, 0x00, SUCCESS)}, .want = PEER_OPEN, .eaten = 14, .decided = 14,
		.mark = {2, 4, 14}, SENT_UP},
	{"octets of the tunnel behind the reply", fresh, NULL, &known,
		{OCTETS(0x05, 0x02, 0x01, 0x00, SUCCESS, 0x53, 0x53, 0x48)}, .want = PEER_OPEN, .eaten = 14,
		.decided = 14, .mark = {2, 4, 14}, SENT_UP},
	{"another method than the one offered", fresh, NULL, &known, {OCTETS(0x05, 0x00)},
		ENDS(FAIL_PROTOCOL, 0), .decided = 2, SENT_UP},
	{"no acceptable method", fresh, NULL, &none, {OCTETS(0x05, 0xff)}, ENDS(FAIL_AUTH, 255), .decided = 2,
		SENT_NONE},
	{"a wrong password", fresh, NULL, &known, {OCTETS(0x05, 0x02, 0x01, 0x01)}, ENDS(FAIL_AUTH, 1),
		.eaten = 2, .decided = 4, .mark = {2}, SENT_UP},
	{"a refusal", fresh, NULL, &none, {OCTETS(0x05, 0x00, 0x05, 0x02)}, ENDS(FAIL_REFUSED, 2), .eaten = 2,
		.decided = 4, .mark = {2}, SENT_NONE},
	{"what came early was lost", fresh, NULL, &none, {OCTETS(0x05, 0x00)}, .want = PEER_MORE, .eaten = 2,
		.mark = {2}, SENT_NONE},
};

START_TEST(all_at_once)
{
	drive_check(&cases[_i]);
}
END_TEST

START_TEST(an_error_says_that_it_was_sent_ahead)
{
	struct drive d = cases[_i == 0 ? 5 : 8];
	struct drive_end e;

	d.eof = true;
	drive_whole(&d, &e);
	ck_assert_int_eq(e.want, PEER_FAIL);
	ck_assert_str_eq(client.detail, "--pipeline sent everything at once");
}
END_TEST

START_TEST(what_cannot_be_sent_is_not_sent_in_part)
{
	char word[300];
	struct who w = known;
	struct drive d = {.name = "too long", .fresh = fresh, .arg = &w, ENDS(FAIL_INPUT, -1), .quiet = true};

	memset(word, 'x', 256);
	word[256] = '\0';
	if (_i == 0)
		w.user = word;
	else if (_i == 1)
		w.pass = word;
	else
		w.dst = (struct dst){DST_NAME, word, {0}, 22};
	drive_quick(&d);
}
END_TEST

/* --- flights ---------------------------------------------------------------------------------------------------- */

#define CHALLENGE "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 4\r\n\r\nbody"

static const struct {
	const char *name;
	void (*start)(struct client *);
	const char *offer;
	bool ahead;
	unsigned flights;
	struct span said[4];
} flights[] = {
	{"SOCKS4", socks4_start, "", false, 1, {OCTETS(0, 90, 0, 0, 0, 0, 0, 0)}},
	{"SOCKS5, the default offer", socks5_start, "\0\2", false, 2, {OCTETS(5, 0), OCTETS(SUCCESS)}},
	{"SOCKS5 with a password", socks5_start, "\0\2", false, 3,
		{OCTETS(5, 2), OCTETS(1, 0), OCTETS(SUCCESS)}},
	{"SOCKS5, none, ahead", socks5_start, "\0", true, 1, {OCTETS(5, 0, SUCCESS)}},
	{"SOCKS5, password, ahead", socks5_start, "\2", true, 1, {OCTETS(5, 2, 1, 0, SUCCESS)}},
	{"CONNECT", http_start, "", false, 1, {TEXT("HTTP/1.1 200 OK\r\n\r\n")}},
	{"CONNECT, challenged", http_start, "", false, 2, {TEXT(CHALLENGE), TEXT("HTTP/1.1 200 OK\r\n\r\n")}},
};

START_TEST(counted)
{
	uint8_t room[1024];
	const struct span *said = flights[_i].said;
	enum peer_want want = PEER_MORE;
	unsigned count = 0;

	memset(&client, 0, sizeof client);
	client.dst = none.dst;
	if (flights[_i].start == socks5_start) {
		client.u.s5.n = flights[_i].offer[0] == 0 && flights[_i].offer[1] == 2 ? 2 : 1;
		memcpy(client.u.s5.method, flights[_i].offer, client.u.s5.n);
		client.u.s5.ahead = flights[_i].ahead;
	}
	client.user = "user";
	client.pass = "pass";
	flights[_i].start(&client);
	for (struct span in = {NULL, 0}; want == PEER_MORE; in = *said++) {
		struct obuf out = ob_over(room, sizeof room);

		want = client.peer.step(&client.peer, &in, false, &out);
		count += out.n > 0;
		ck_assert_msg(want == PEER_OPEN || out.n > 0, "%s: waits without having said anything",
			flights[_i].name);
	}
	ck_assert_int_eq(want, PEER_OPEN);
	ck_assert_uint_eq(count, flights[_i].flights);
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, all_at_once, cases);
	tcase_add_loop_test(tc, an_error_says_that_it_was_sent_ahead, 0, 2);
	tcase_add_loop_test(tc, what_cannot_be_sent_is_not_sent_in_part, 0, 3);
	LOOP(tc, counted, flights);
}

int
main(void)
{
	return unit_run("connect flights", fill);
}
