/* SPDX-License-Identifier: ISC
 * connect_socks4.c - the client of SOCKS4 ("SOCKS: A protocol for TCP proxy across firewalls", section 1) and SOCKS4A,
 * octet by octet.
 * One thing to know: the octets here are typed from the documents, none is made by our code. */
#include <stdio.h>

#include "client.h"
#include "lib/drive.h"
#include "lib/unit.h"

struct who {
	struct dst dst;
	const char *user;
};

static struct client client;

static struct peer *
fresh(const void *arg)
{
	const struct who *w = arg;

	memset(&client, 0, sizeof client);
	client.dst = w->dst;
	client.user = w->user;
	socks4_start(&client);
	return &client.peer;
}

static const struct who loopback = {{DST_IP4, "127.0.0.1", {127, 0, 0, 1}, 22}, ""};
static const struct who fred = {{DST_IP4, "127.0.0.1", {127, 0, 0, 1}, 22}, "fred"};
static const struct who name = {{DST_NAME, "target.example", {0}, 22}, ""};
static const struct who fred_name = {{DST_NAME, "target.example", {0}, 22}, "fred"};
static const struct who zero = {{DST_IP4, "0.0.0.0", {0, 0, 0, 0}, 22}, ""};
static const struct who ports = {{DST_IP4, "1.2.3.4", {1, 2, 3, 4}, 258}, ""};
static const struct who high_port = {{DST_IP4, "255.254.253.252", {255, 254, 253, 252}, 65535}, "\xfe\xff"};
static const struct who ip6 = {{DST_IP6, "::1", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 22}, ""};
static const struct who marker = {{DST_IP4, "0.0.0.1", {0, 0, 0, 1}, 22}, ""};
static const struct who marker255 = {{DST_IP4, "0.0.0.255", {0, 0, 0, 255}, 22}, ""};
static const struct who not_marker = {{DST_IP4, "0.0.1.0", {0, 0, 1, 0}, 22}, ""};

#define REQUEST_LOOPBACK OCTETS(0x04, 0x01, 0x00, 0x16, 0x7f, 0x00, 0x00, 0x01, 0x00)
#define GRANTED OCTETS(0x00, 0x5a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00)

#define OPENS .want = PEER_OPEN, .eaten = 8, .decided = 8, .mark = {8}
#define REFUSED(c, t) \
	.want = PEER_FAIL, .why = FAIL_REFUSED, .code = (c), .text = (t), .decided = 2, .mark = {8}

static const struct drive cases[] = {
	/* What the client sends: C>S vectors. */
	{"S4-V01 smallest request", fresh, NULL, &loopback, {GRANTED}, OPENS, .out = {REQUEST_LOOPBACK}},
	{"S4-V02 request with USERID", fresh, NULL, &fred, {GRANTED}, OPENS,
		.out = {OCTETS(
			0x04, 0x01, 0x00, 0x16, 0x7f, 0x00, 0x00, 0x01, 0x66, 0x72, 0x65, 0x64, 0x00)}},
	{"S4-V10 SOCKS4A request with USERID", fresh, NULL, &fred_name, {GRANTED}, OPENS,
		.out = {OCTETS(0x04, 0x01, 0x00, 0x16, 0x00, 0x00, 0x00, 0x01, 0x66, 0x72, 0x65, 0x64, 0x00,
			0x74, 0x61, 0x72, 0x67, 0x65, 0x74, 0x2e, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65,
			0x00)}},
	{"S4-V11 SOCKS4A request, empty USERID", fresh, NULL, &name, {GRANTED}, OPENS,
		.out = {OCTETS(0x04, 0x01, 0x00, 0x16, 0x00, 0x00, 0x00, 0x01, 0x00, 0x74, 0x61, 0x72, 0x67,
			0x65, 0x74, 0x2e, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x00)}},
	{"S4-V13 0.0.0.0 is an address, no name follows", fresh, NULL, &zero, {GRANTED}, OPENS,
		.out = {OCTETS(0x04, 0x01, 0x00, 0x16, 0x00, 0x00, 0x00, 0x00, 0x00)}},
	{"DSTPORT in network order", fresh, NULL, &ports, {GRANTED}, OPENS,
		.out = {OCTETS(0x04, 0x01, 0x01, 0x02, 0x01, 0x02, 0x03, 0x04, 0x00)}},
	{"all bits of DSTPORT, DSTIP and USERID", fresh, NULL, &high_port, {GRANTED}, OPENS,
		.out = {OCTETS(0x04, 0x01, 0xff, 0xff, 0xff, 0xfe, 0xfd, 0xfc, 0xfe, 0xff, 0x00)}},
	{"0.0.1.0 is an address", fresh, NULL, &not_marker, {GRANTED}, OPENS,
		.out = {OCTETS(0x04, 0x01, 0x00, 0x16, 0x00, 0x00, 0x01, 0x00, 0x00)}},
	{"an IPv6 target is refused before anything is sent", fresh, NULL, &ip6, {GRANTED}, .want = PEER_FAIL,
		.why = FAIL_INPUT, .code = -1, .quiet = true},
	{"0.0.0.1 cannot be asked for", fresh, NULL, &marker, {GRANTED}, .want = PEER_FAIL, .why = FAIL_INPUT,
		.code = -1, .quiet = true},
	{"0.0.0.255 cannot be asked for", fresh, NULL, &marker255, {GRANTED}, .want = PEER_FAIL,
		.why = FAIL_INPUT, .code = -1, .quiet = true},

	/* What it makes of replies: S>C vectors. */
	{"S4-V04 granted", fresh, NULL, &loopback, {GRANTED}, OPENS},
	{"S4-V05 granted, the address filled in", fresh, NULL, &loopback,
		{OCTETS(0x00, 0x5a, 0xbc, 0x47, 0x7f, 0x00, 0x00, 0x01)}, OPENS},
	{"S4-V06 rejected or failed", fresh, NULL, &loopback,
		{OCTETS(0x00, 0x5b, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00)},
		REFUSED(91, "request rejected or failed")},
	{"S4-V07 no identd", fresh, NULL, &loopback, {OCTETS(0x00, 0x5c, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00)},
		REFUSED(92, "cannot connect identd")},
	{"S4-V08 another user", fresh, NULL, &loopback,
		{OCTETS(0x00, 0x5d, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00)}, REFUSED(93, "user id not matched")},
	{"S4-V09 a reply like BIND's first", fresh, NULL, &loopback,
		{OCTETS(0x00, 0x5a, 0xe4, 0xa3, 0x00, 0x00, 0x00, 0x00)}, OPENS},
	{"S4-M01 VN 4 is tolerated", fresh, NULL, &loopback,
		{OCTETS(0x04, 0x5a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00)}, OPENS},
	{"VN 4 and a refusal", fresh, NULL, &loopback,
		{OCTETS(0x04, 0x5b, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00)},
		REFUSED(91, "request rejected or failed")},
	{"S4-M02 CD 0", fresh, NULL, &loopback, {OCTETS(0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00)},
		REFUSED(0, "(unknown)")},
	{"S4-M03 CD 94", fresh, NULL, &loopback, {OCTETS(0x00, 0x5e, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00)},
		REFUSED(94, "(unknown)")},
	{"S4-M04 closed after two octets of a grant", fresh, NULL, &loopback, {OCTETS(0x00, 0x5a)},
		.eof = true, .want = PEER_FAIL, .why = FAIL_EOF, .code = -1, .decided = 2},
	{"a refusal of two octets", fresh, NULL, &loopback, {OCTETS(0x00, 0x5b)}, .eof = true,
		REFUSED(91, "request rejected or failed")},
	{"S4-M10 octets of the tunnel behind the reply", fresh, NULL, &loopback,
		{OCTETS(0x00, 0x5a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x53, 0x53, 0x48, 0x2d, 0x32, 0x2e,
			0x30, 0x2d, 0x78, 0x0d, 0x0a)},
		OPENS},
	{"a SOCKS5 server", fresh, NULL, &loopback, {OCTETS(0x05, 0xff)}, .want = PEER_FAIL,
		.why = FAIL_PROTOCOL, .code = -1, .decided = 1},
	{"an HTTP proxy", fresh, NULL, &loopback, {TEXT("HTTP/1.1 400 Bad Request\r\n\r\n")},
		.want = PEER_FAIL, .why = FAIL_PROTOCOL, .code = -1, .decided = 1},
	{"closed at once", fresh, NULL, &loopback, {TEXT("")}, .eof = true, .want = PEER_FAIL,
		.why = FAIL_EOF, .code = -1},
};

START_TEST(conversation)
{
	drive_check(&cases[_i]);
}
END_TEST

START_TEST(every_cd)
{
	static const uint8_t rest[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	uint8_t reply[8] = {0};
	struct drive d = {.name = "CD", .fresh = fresh, .arg = &loopback, .in = {{reply, 8}}, .mark = {8}};
	char detail[64];

	memcpy(reply + 2, rest, 6);
	for (int cd = 0; cd < 256; cd++) {
		reply[1] = (uint8_t)cd;
		d.want = cd == 90 ? PEER_OPEN : PEER_FAIL;
		d.why = cd == 90 ? FAIL_NONE : FAIL_REFUSED;
		d.code = cd;
		d.eaten = cd == 90 ? 8 : 0;
		d.decided = cd == 90 ? 8 : 2;
		drive_quick(&d);
		snprintf(detail, sizeof detail, "SOCKS4 reply %d", cd);
		if (cd != 90)
			ck_assert_str_eq(client.detail, detail);
	}
}
END_TEST

START_TEST(every_vn)
{
	uint8_t reply[8] = {0, 90};
	struct drive d = {.name = "VN", .fresh = fresh, .arg = &loopback, .in = {{reply, 8}}, .mark = {8}};

	for (int vn = 0; vn < 256; vn++) {
		bool good = vn == 0 || vn == 4;

		reply[0] = (uint8_t)vn;
		d.want = good ? PEER_OPEN : PEER_FAIL;
		d.why = good ? FAIL_NONE : FAIL_PROTOCOL;
		d.code = -1;
		d.eaten = good ? 8 : 0;
		d.decided = good ? 8 : 1;
		drive_quick(&d);
	}
}
END_TEST

START_TEST(any_octets_in_the_ignored_fields)
{
	uint8_t reply[8] = {0, 90};
	struct drive d = {
		.name = "ignored fields", .fresh = fresh, .arg = &loopback, .in = {{reply, 8}}, OPENS};

	for (int v = 0; v < 256; v += 5) {
		memset(reply + 2, v, 6);
		drive_quick(&d);
	}
}
END_TEST

START_TEST(long_names_and_users)
{
	char host[300], user[1100];
	struct who w = {{DST_NAME, host, {0}, 0x1234}, user};
	struct drive d = {.name = "long", .fresh = fresh, .arg = &w, .in = {GRANTED}, OPENS};
	uint8_t sent[1500] = {0x04, 0x01, 0x12, 0x34, 0x00, 0x00, 0x00, 0x01};

	memset(host, 'h', 255);
	host[255] = '\0';
	for (size_t u = 0; u < sizeof user; u += 64) {
		memset(user, 'u', u);
		user[u] = '\0';
		memcpy(sent + 8, user, u + 1);
		memcpy(sent + 9 + u, host, 256);
		d.out[0] = span_of(sent, 9 + u + 256);
		drive_check(&d);
	}
}
END_TEST

/* SOCKS4A itself has no limit, but a name has at most 255 octets, RFC 1035 section 2.3.4: nothing of it is sent. */
START_TEST(a_name_of_256_octets_is_refused)
{
	char host[257];
	struct who w = {{DST_NAME, host, {0}, 22}, ""};
	struct drive d = {.name = "256 octets",
		.fresh = fresh,
		.arg = &w,
		.in = {GRANTED},
		.want = PEER_FAIL,
		.why = FAIL_INPUT,
		.code = -1,
		.quiet = true};

	memset(host, 'h', 256);
	host[256] = '\0';
	drive_check(&d);
}
END_TEST

/* What does not fit is not sent in part: the room says so, and the driver fails the peer. */
START_TEST(a_small_room_overflows_as_a_whole)
{
	for (size_t room = 0; room < 13; room++) {
		uint8_t buf[13];
		struct obuf out = ob_over(buf, room);
		struct span in = {NULL, 0};
		struct peer *p = fresh(&fred);

		(void)p->step(p, &in, false, &out);
		ck_assert_msg(out.over, "%zu octets of room are said to be enough", room);
	}
}
END_TEST

START_TEST(what_debugging_shows)
{
	char text[2048];
	struct obuf notes = ob_over(text, sizeof text - 1);
	uint8_t buf[64];
	struct obuf out = ob_over(buf, sizeof buf);
	struct span in = {NULL, 0};
	static const uint8_t reply[] = {0x04, 0x5a, 0, 0, 0, 0, 0, 0};

	memset(&client, 0, sizeof client);
	client.peer.notes = &notes;
	client.dst = fred.dst;
	client.user = fred.user;
	socks4_start(&client);
	ck_assert_int_eq(client.peer.step(&client.peer, &in, false, &out), PEER_MORE);
	in = span_of(reply, sizeof reply);
	ck_assert_int_eq(client.peer.step(&client.peer, &in, false, &out), PEER_OPEN);
	text[notes.n] = '\0';
	ck_assert_str_eq(text, "begin_socks_relay()\n"
			       "atomic_out()  [13 bytes]\n>>> 04 01 00 16 7f 00 00 01 66 72 65 64 00\n"
			       "atomic_in() [8 bytes]\n<<< 04 5a 00 00 00 00 00 00\n"
			       "VN is 4 where SOCKS4 says 0\n");
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, conversation, cases);
	tcase_add_test(tc, every_cd);
	tcase_add_test(tc, every_vn);
	tcase_add_test(tc, any_octets_in_the_ignored_fields);
	tcase_add_test(tc, long_names_and_users);
	tcase_add_test(tc, a_name_of_256_octets_is_refused);
	tcase_add_test(tc, a_small_room_overflows_as_a_whole);
	tcase_add_test(tc, what_debugging_shows);
}

int
main(void)
{
	return unit_run("connect socks4", fill);
}
