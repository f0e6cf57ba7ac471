/* SPDX-License-Identifier: ISC
 * connect_socks5.c - the client of SOCKS5 (RFC 1928): greeting, selection, request, reply, octet by octet.
 * One thing to know: the octets here are typed from the RFC, none is made by our code. */
#include <stdio.h>

#include "client.h"
#include "lib/drive.h"
#include "lib/unit.h"

struct who {
	struct dst dst;
	const char *offer; /* octets, ended by 0xfe */
};

static struct client client;

static struct peer *
fresh(const void *arg)
{
	const struct who *w = arg;

	memset(&client, 0, sizeof client);
	client.dst = w->dst;
	for (const char *m = w->offer; (uint8_t)*m != 0xfe; m++)
		client.u.s5.method[client.u.s5.n++] = (uint8_t)*m;
	socks5_start(&client);
	return &client.peer;
}

#define NONE "\0\xfe"
#define NONE_USERPASS "\0\2\xfe"
#define V6 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1

static const struct who ip4 = {{DST_IP4, "127.0.0.1", {127, 0, 0, 1}, 22}, NONE};
static const struct who ip4_both = {{DST_IP4, "127.0.0.1", {127, 0, 0, 1}, 22}, NONE_USERPASS};
static const struct who name = {{DST_NAME, "target.example", {0}, 22}, NONE};
static const struct who ip6 = {{DST_IP6, "2001:db8::1", {V6}, 22}, NONE};
static const struct who ports = {{DST_IP4, "1.2.3.4", {1, 2, 3, 4}, 258}, NONE};
static const struct who bits = {{DST_IP4, "255.254.253.252", {255, 254, 253, 252}, 65279}, NONE};

#define GREETING 0x05, 0x01, 0x00
#define REQUEST_IP4 0x05, 0x01, 0x00, 0x01, 0x7f, 0x00, 0x00, 0x01, 0x00, 0x16
#define ALL_SENT .out = {OCTETS(GREETING, REQUEST_IP4)}
#define SELECTED 0x05, 0x00

#define OPENS(n) .want = PEER_OPEN, .eaten = 2 + (n), .decided = 2 + (n), .mark = {2, 2 + (n)}
#define REFUSED(c, t) \
	.want = PEER_FAIL, .why = FAIL_REFUSED, .code = (c), .text = (t), .eaten = 2, .decided = 4, \
	.mark = {2}, ALL_SENT
#define BROKEN(c, after) .want = PEER_FAIL, .why = FAIL_PROTOCOL, .code = (c), .decided = (after)
#define REP(r) \
	{ \
		OCTETS(SELECTED, 0x05, (r), 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00) \
	}
#define SUCCESS REP(0)

static const struct drive cases[] = {
	/* What the client sends: C>S vectors. */
	{"S5-V01 V10 greeting and request, IPv4", fresh, NULL, &ip4, SUCCESS, OPENS(10), ALL_SENT},
	{"S5-V02 the default offer", fresh, NULL, &ip4_both, SUCCESS, OPENS(10),
		.out = {OCTETS(0x05, 0x02, 0x00, 0x02, REQUEST_IP4)}},
	{"S5-V11 request with a name", fresh, NULL, &name, SUCCESS, OPENS(10),
		.out = {OCTETS(GREETING, 0x05, 0x01, 0x00, 0x03, 0x0e, 0x74, 0x61, 0x72, 0x67, 0x65, 0x74,
			0x2e, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x00, 0x16)}},
	{"S5-V12 request, IPv6", fresh, NULL, &ip6, SUCCESS, OPENS(10),
		.out = {OCTETS(GREETING, 0x05, 0x01, 0x00, 0x04, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00,
			0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x16)}},
	{"DST.PORT in network order", fresh, NULL, &ports, SUCCESS, OPENS(10),
		.out = {OCTETS(GREETING, 0x05, 0x01, 0x00, 0x01, 0x01, 0x02, 0x03, 0x04, 0x01, 0x02)}},
	{"all bits of DST.ADDR and DST.PORT", fresh, NULL, &bits, SUCCESS, OPENS(10),
		.out = {OCTETS(GREETING, 0x05, 0x01, 0x00, 0x01, 0xff, 0xfe, 0xfd, 0xfc, 0xfe, 0xff)}},

	/* Selections. */
	{"S5-V06 no authentication, then silence", fresh, NULL, &ip4, {OCTETS(SELECTED)}, .want = PEER_MORE,
		.eaten = 2, .mark = {2}, ALL_SENT},
	{"S5-V08 M06 a method that was not offered: GSSAPI", fresh, NULL, &ip4, {OCTETS(0x05, 0x01)},
		BROKEN(1, 2), .out = {OCTETS(GREETING)}},
	{"S5-V09 no acceptable methods", fresh, NULL, &ip4, {OCTETS(0x05, 0xff)}, .want = PEER_FAIL,
		.why = FAIL_AUTH, .code = 255, .decided = 2, .out = {OCTETS(GREETING)}},
	{"S5-M05 selection with VER 4", fresh, NULL, &ip4, {OCTETS(0x04, 0x00)}, BROKEN(-1, 1),
		.out = {OCTETS(GREETING)}},
	{"S5-M06 METHOD 3", fresh, NULL, &ip4, {OCTETS(0x05, 0x03)}, BROKEN(3, 2), .out = {OCTETS(GREETING)}},
	{"S5-M07 an HTTP proxy", fresh, NULL, &ip4, {TEXT("HTTP/1.1 400")}, BROKEN(-1, 1),
		.out = {OCTETS(GREETING)}},
	{"a SOCKS4 server", fresh, NULL, &ip4, {OCTETS(0x00, 0x5b, 0, 0, 0, 0, 0, 0)}, BROKEN(-1, 1),
		.out = {OCTETS(GREETING)}},
	{"an SSH server", fresh, NULL, &ip4, {TEXT("SSH-2.0-OpenSSH_9.2\r\n")}, BROKEN(-1, 1),
		.out = {OCTETS(GREETING)}},

	/* Replies. */
	{"S5-V20 success, zeros", fresh, NULL, &ip4, SUCCESS, OPENS(10), ALL_SENT},
	{"S5-V21 success, IPv4", fresh, NULL, &ip4,
		{OCTETS(SELECTED, 0x05, 0x00, 0x00, 0x01, 0x7f, 0x00, 0x00, 0x01, 0x9e, 0xd7)}, OPENS(10),
		ALL_SENT},
	{"S5-V22 success, IPv6", fresh, NULL, &ip4,
		{OCTETS(SELECTED, 0x05, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
			0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xaf, 0xc8)},
		OPENS(22), ALL_SENT},
	{"S5-V23 success, a name", fresh, NULL, &ip4,
		{OCTETS(SELECTED, 0x05, 0x00, 0x00, 0x03, 0x09, 0x6c, 0x6f, 0x63, 0x61, 0x6c, 0x68, 0x6f,
			0x73, 0x74, 0x00, 0x16)},
		OPENS(16), ALL_SENT},
	{"S5-V24", fresh, NULL, &ip4, REP(1), REFUSED(1, "general SOCKS server failure")},
	{"S5-V25", fresh, NULL, &ip4, REP(2), REFUSED(2, "connection not allowed by ruleset")},
	{"S5-V26", fresh, NULL, &ip4, REP(3), REFUSED(3, "Network unreachable")},
	{"S5-V27", fresh, NULL, &ip4, REP(4), REFUSED(4, "Host unreachable")},
	{"S5-V28", fresh, NULL, &ip4, REP(5), REFUSED(5, "connection refused")},
	{"S5-V29", fresh, NULL, &ip4, REP(6), REFUSED(6, "TTL expired")},
	{"S5-V30", fresh, NULL, &ip4, REP(7), REFUSED(7, "Command not supported")},
	{"S5-V31", fresh, NULL, &ip4, REP(8), REFUSED(8, "Address not supported")},
	{"S5-V32 a refusal that gives the name back", fresh, NULL, &ip4,
		{OCTETS(SELECTED, 0x05, 0x04, 0x00, 0x03, 0x13, 0x6e, 0x6f, 0x6e, 0x65, 0x78, 0x69, 0x73,
			0x74, 0x65, 0x6e, 0x74, 0x2e, 0x69, 0x6e, 0x76, 0x61, 0x6c, 0x69, 0x64, 0xaf, 0xc8)},
		REFUSED(4, "Host unreachable")},
	{"S5-V33 REP F6", fresh, NULL, &ip4, REP(0xf6), REFUSED(246, "(unknown)")},
	{"S5-M17 a name of no octets: seven octets", fresh, NULL, &ip4,
		{OCTETS(SELECTED, 0x05, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00)}, OPENS(7), ALL_SENT},
	{"S5-M18 unknown ATYP", fresh, NULL, &ip4,
		{OCTETS(SELECTED, 0x05, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00)}, BROKEN(2, 6),
		.eaten = 2, ALL_SENT},
	{"S5-M19 RSV 1", fresh, NULL, &ip4,
		{OCTETS(SELECTED, 0x05, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00)}, OPENS(10),
		ALL_SENT},
	{"S5-M20 VER 4 in the reply", fresh, NULL, &ip4,
		{OCTETS(SELECTED, 0x04, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00)}, BROKEN(-1, 3),
		.eaten = 2, ALL_SENT},
	{"S5-M21 REP 5, then closed", fresh, NULL, &ip4, {OCTETS(SELECTED, 0x05, 0x05)}, .eof = true,
		REFUSED(5, "connection refused")},
	{"S5-M22 closed inside BND.ADDR", fresh, NULL, &ip4,
		{OCTETS(SELECTED, 0x05, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00)}, .eof = true, .want = PEER_FAIL,
		.why = FAIL_EOF, .code = -1, .eaten = 2, .decided = 9, ALL_SENT},
	{"S5-M23 REP 9", fresh, NULL, &ip4, REP(9), REFUSED(9, "Invalid address")},
	{"octets of the tunnel behind the reply", fresh, NULL, &ip4,
		{OCTETS(SELECTED, 0x05, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x53, 0x53,
			0x48, 0x2d)},
		OPENS(10), ALL_SENT},
	{"closed at once", fresh, NULL, &ip4, {TEXT("")}, .eof = true, .want = PEER_FAIL, .why = FAIL_EOF,
		.code = -1, .out = {OCTETS(GREETING)}},
};

START_TEST(conversation)
{
	drive_check(&cases[_i]);
}
END_TEST

/* Each METHOD against each offer of none and user/password, in both orders; user/password: connect_userpass.c. */
START_TEST(every_method_against_every_offer)
{
	static const char *const offers[] = {
		"\0\xfe", "\2\xfe", "\0\2\xfe", "\2\0\xfe", "\0\0\xfe", "\0\1\2\3\xfe"};
	struct who w = ip4;
	uint8_t reply[2] = {5};
	struct drive d = {.name = "METHOD", .fresh = fresh, .arg = &w, .in = {{reply, 2}}, .mark = {2}};

	w.offer = offers[_i];
	for (int m = 0; m < 256; m++) {
		bool offered = false;

		for (const char *o = w.offer; (uint8_t)*o != 0xfe; o++)
			offered |= *o == m;
		reply[1] = (uint8_t)m;
		d.decided = 2;
		d.code = m;
		if (m == 0xff) {
			d.want = PEER_FAIL;
			d.why = FAIL_AUTH;
			d.eaten = 0;
		} else if (!offered) {
			d.want = PEER_FAIL;
			d.why = FAIL_PROTOCOL;
			d.eaten = 0;
		} else if (m == 0 || m == 2) {
			d.want = m == 0 ? PEER_MORE : PEER_ASK;
			d.why = FAIL_NONE;
			d.eaten = 2;
		} else {
			continue; /* offered, but our client speaks neither: not an offer it makes */
		}
		drive_quick(&d);
	}
}
END_TEST

START_TEST(every_ver_in_selection_and_reply)
{
	uint8_t text[12] = {5, 0, 5, 0, 0, 1};
	struct drive d = {.name = "VER", .fresh = fresh, .arg = &ip4, .in = {{text, 12}}};

	for (size_t at = 0; at <= 2; at += 2) {
		for (int ver = 0; ver < 256; ver++) {
			text[0] = text[2] = 5;
			text[at] = (uint8_t)ver;
			d.want = ver == 5 ? PEER_OPEN : PEER_FAIL;
			d.why = ver == 5 ? FAIL_NONE : FAIL_PROTOCOL;
			d.code = -1;
			d.eaten = ver == 5 ? 12 : at;
			d.decided = ver == 5 ? 12 : at + 1;
			drive_quick(&d);
		}
	}
}
END_TEST

START_TEST(every_rep)
{
	uint8_t text[12] = {5, 0, 5, 0, 0, 1};
	struct drive d = {
		.name = "REP", .fresh = fresh, .arg = &ip4, .in = {{text, 12}}, .mark = {2}, ALL_SENT};
	char detail[64];

	for (int rep = 0; rep < 256; rep++) {
		text[3] = (uint8_t)rep;
		d.want = rep == 0 ? PEER_OPEN : PEER_FAIL;
		d.why = rep == 0 ? FAIL_NONE : FAIL_REFUSED;
		d.code = rep;
		d.eaten = rep == 0 ? 12 : 2;
		d.decided = rep == 0 ? 12 : 4;
		drive_quick(&d);
		snprintf(detail, sizeof detail, "SOCKS5 reply %d", rep);
		if (rep != 0)
			ck_assert_str_eq(client.detail, detail);
		if (rep > 9)
			ck_assert_str_eq(client.peer.fail.text, "(unknown)");
	}
}
END_TEST

START_TEST(every_atyp)
{
	uint8_t text[2 + 4 + 1 + 255 + 2] = {5, 0, 5, 0, 0, 0};
	struct drive d = {.name = "ATYP",
		.fresh = fresh,
		.arg = &ip4,
		.in = {{text, sizeof text}},
		.mark = {2},
		ALL_SENT};

	for (int atyp = 0; atyp < 256; atyp++) {
		size_t n = atyp == 1 ? 10 : atyp == 4 ? 22 : 7; /* 3: the length is 0 here */
		bool good = atyp == 1 || atyp == 3 || atyp == 4;

		text[5] = (uint8_t)atyp;
		d.want = good ? PEER_OPEN : PEER_FAIL;
		d.why = good ? FAIL_NONE : FAIL_PROTOCOL;
		d.code = atyp;
		d.eaten = good ? 2 + n : 2;
		d.decided = good ? 2 + n : 6;
		drive_quick(&d);
	}
}
END_TEST

START_TEST(bnd_names_of_every_length)
{
	uint8_t text[2 + 4 + 1 + 255 + 2 + 4] = {5, 0, 5, 0, 0, 3};
	struct drive d = {.name = "BND name",
		.fresh = fresh,
		.arg = &ip4,
		.in = {{text, 0}},
		.want = PEER_OPEN,
		ALL_SENT};
	struct drive_end e;

	memset(text + 7, 0x05, sizeof text - 7);
	for (size_t n = 0; n < 256; n++) {
		text[6] = (uint8_t)n;
		d.in[0].n = d.eaten = d.decided = 2 + 7 + n;
		if (n < 3 || n == 249 || n == 250 || n > 253) {
			drive_check(&d);
			continue;
		}
		drive_pieces(&d, 1, &e);
		ck_assert_int_eq(e.want, PEER_OPEN);
		ck_assert_uint_eq(e.fed, d.eaten);
		ck_assert_uint_eq(e.eaten, d.eaten);
	}
}
END_TEST

START_TEST(every_rsv)
{
	uint8_t text[12] = {5, 0, 5, 0, 0, 1};
	struct drive d = {
		.name = "RSV", .fresh = fresh, .arg = &ip4, .in = {{text, 12}}, OPENS(10), ALL_SENT};

	for (int rsv = 0; rsv < 256; rsv += 15) {
		text[4] = (uint8_t)rsv;
		drive_quick(&d);
	}
}
END_TEST

START_TEST(target_names)
{
	static const size_t length[] = {1, 2, 249, 250, 253, 254, 255};
	char host[300];
	uint8_t sent[3 + 5 + 255 + 2] = {GREETING, 5, 1, 0, 3};
	struct who w = {{DST_NAME, host, {0}, 0x1234}, NONE};
	struct drive d = {.name = "name", .fresh = fresh, .arg = &w, .in = SUCCESS, OPENS(10)};
	size_t n = length[_i];

	memset(host, 'h', n);
	host[n] = '\0';
	sent[7] = (uint8_t)n;
	memcpy(sent + 8, host, n);
	sent[8 + n] = 0x12;
	sent[9 + n] = 0x34;
	d.out[0] = span_of(sent, 10 + n);
	drive_check(&d);
}
END_TEST

START_TEST(a_name_of_256_octets_is_refused_before_anything_is_sent)
{
	char host[1000];
	struct who w = {{DST_NAME, host, {0}, 22}, NONE};
	struct drive d = {.name = "long name",
		.fresh = fresh,
		.arg = &w,
		.in = SUCCESS,
		.want = PEER_FAIL,
		.why = FAIL_INPUT,
		.code = -1,
		.quiet = true};

	for (size_t n = 256; n < sizeof host; n += 128) {
		memset(host, 'h', n);
		host[n] = '\0';
		drive_quick(&d);
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
	static const uint8_t replies[] = {
		0x05, 0x00, 0x05, 0x00, 0x00, 0x01, 0xc0, 0x00, 0x02, 0x01, 0xc0, 0x00};

	(void)fresh(&ip4_both);
	client.peer.notes = &notes;
	socks5_start(&client);
	ck_assert_int_eq(client.peer.step(&client.peer, &in, false, &out), PEER_MORE);
	in = span_of(replies, sizeof replies);
	ck_assert_int_eq(client.peer.step(&client.peer, &in, false, &out), PEER_OPEN);
	text[notes.n] = '\0';
	ck_assert_str_eq(text, "begin_socks_relay()\n"
			       "available auth method[0] = NO-AUTH (0x00)\n"
			       "available auth method[1] = USERPASS (0x02)\n"
			       "atomic_out()  [4 bytes]\n>>> 05 02 00 02\n"
			       "atomic_in() [2 bytes]\n<<< 05 00\n"
			       "auth method: NO-AUTH\n"
			       "atomic_out()  [10 bytes]\n>>> 05 01 00 01 7f 00 00 01 00 16\n"
			       "atomic_in() [4 bytes]\n<<< 05 00 00 01\n"
			       "atomic_in() [6 bytes]\n<<< c0 00 02 01 c0 00\n");
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, conversation, cases);
	tcase_add_loop_test(tc, every_method_against_every_offer, 0, 6);
	tcase_add_test(tc, every_ver_in_selection_and_reply);
	tcase_add_test(tc, every_rep);
	tcase_add_test(tc, every_atyp);
	tcase_add_test(tc, bnd_names_of_every_length);
	tcase_add_test(tc, every_rsv);
	tcase_add_loop_test(tc, target_names, 0, 7);
	tcase_add_test(tc, a_name_of_256_octets_is_refused_before_anything_is_sent);
	tcase_add_test(tc, what_debugging_shows);
}

int
main(void)
{
	return unit_run("connect socks5", fill);
}
