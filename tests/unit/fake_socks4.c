/* SPDX-License-Identifier: ISC
 * fake_socks4.c - the server of SOCKS4 and 4a (SOCKS.protocol, SOCKS4A.protocol) against octets typed from them.
 * One thing to know: the ids are those of the byte vectors; each runs whole, at every cut, in pieces of every size. */
#include <errno.h>

#include "fake/serve.h"

#define GRANTED OCTETS(0, 90, 0x9e, 0xd7, 127, 0, 0, 1)
#define REJECTED OCTETS(0, 91, 0, 0, 0, 0, 0, 0)
#define NAME 't', 'a', 'r', 'g', 'e', 't', '.', 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0

static const struct vector {
	const char *id;
	struct span in;
	struct span out;
	enum peer_want want;
	const char *host; /* dialled, or NULL */
	unsigned port;
	size_t left;
} vectors[] = {
	{"S4-V01 smallest", OCTETS(4, 1, 0, 22, 127, 0, 0, 1, 0), GRANTED, PEER_OPEN, "127.0.0.1", 22, 0},
	{"S4-V02 fred", OCTETS(4, 1, 0, 22, 127, 0, 0, 1, 'f', 'r', 'e', 'd', 0), GRANTED, PEER_OPEN,
		"127.0.0.1", 22, 0},
	{"S4-V03 BIND", OCTETS(4, 2, 0, 21, 198, 51, 100, 7, 'f', 'r', 'e', 'd', 0), REJECTED, PEER_FAIL,
		NULL, 0, 0},
	{"S4-V10 4a, fred", OCTETS(4, 1, 0, 22, 0, 0, 0, 1, 'f', 'r', 'e', 'd', 0, NAME), GRANTED, PEER_OPEN,
		"target.example", 22, 0},
	{"S4-V11 4a", OCTETS(4, 1, 0, 22, 0, 0, 0, 1, 0, NAME), GRANTED, PEER_OPEN, "target.example", 22, 0},
	{"S4-V12 0.0.0.255", OCTETS(4, 1, 0, 22, 0, 0, 0, 255, 0, NAME), GRANTED, PEER_OPEN, "target.example",
		22, 0},
	{"S4-V13 0.0.0.0", OCTETS(4, 1, 0, 22, 0, 0, 0, 0, 0), GRANTED, PEER_OPEN, "0.0.0.0", 22, 0},
	{"S4-M05 no NUL", OCTETS(4, 1, 0, 22, 127, 0, 0, 1, 'a', 'b', 'c'), {NULL, 0}, PEER_MORE, NULL, 0,
		11},
	{"S4-M06 empty name", OCTETS(4, 1, 0, 22, 0, 0, 0, 1, 0, 0), REJECTED, PEER_FAIL, NULL, 0, 0},
	{"S4-M07 CD 3", OCTETS(4, 3, 0, 22, 127, 0, 0, 1, 0), REJECTED, PEER_FAIL, NULL, 0, 0},
	{"S4-M08 VER 5", OCTETS(5, 1, 0, 22, 127, 0, 0, 1, 0), {NULL, 0}, PEER_FAIL, NULL, 0, 0},
	{"S4-M09 early data", OCTETS(4, 1, 0, 22, 127, 0, 0, 1, 0, 'E', 'A', 'R', 'L', 'Y'), GRANTED,
		PEER_OPEN, "127.0.0.1", 22, 5},
	{"4a, early data with NUL", OCTETS(4, 1, 0, 22, 0, 0, 0, 1, 0, NAME, 'E', 0, 4), GRANTED, PEER_OPEN,
		"target.example", 22, 3},
	{"port in network order", OCTETS(4, 1, 0xaf, 0xc8, 127, 0, 0, 1, 0), GRANTED, PEER_OPEN, "127.0.0.1",
		45000, 0},
	{"port 0", OCTETS(4, 1, 0, 0, 127, 0, 0, 1, 0), REJECTED, PEER_FAIL, NULL, 0, 0},
	{"CD 0", OCTETS(4, 0, 0, 22, 127, 0, 0, 1, 0), REJECTED, PEER_FAIL, NULL, 0, 0},
	{"0.0.1.0 is an address", OCTETS(4, 1, 0, 22, 0, 0, 1, 0, 0), GRANTED, PEER_OPEN, "0.0.1.0", 22, 0},
	{"LF in a name", OCTETS(4, 1, 0, 22, 0, 0, 0, 1, 0, 'a', '\n', 0), REJECTED, PEER_FAIL, NULL, 0, 0},
	{"VN 3", OCTETS(3, 1, 0, 22, 127, 0, 0, 1, 0), {NULL, 0}, PEER_FAIL, NULL, 0, 0},
};

static struct served got;

static void
check_vector(const struct vector *v, enum fp_role role)
{
	serve_every(v->id, &got, role, v->in, false);
	serve_sent(v->id, &got, v->out);
	ck_assert_msg(got.want == v->want, "%s: want %d", v->id, (int)got.want);
	ck_assert_int_eq(got.dials, v->host != NULL);
	if (v->host != NULL) {
		ck_assert_str_eq(got.dst.host, v->host);
		ck_assert_uint_eq(got.dst.port, v->port);
	}
	if (v->want != PEER_FAIL)
		ck_assert_uint_eq(got.left, v->left);
}

START_TEST(test_vector)
{
	const struct vector *v = &vectors[_i];

	serve_defaults();
	check_vector(v, ROLE_SOCKS4);
	if (v->in.p[0] == 4)
		check_vector(v, ROLE_SOCKS);
}
END_TEST

/* Every shorter part of a request, then the client's end: no answer, and nothing is connected. */
START_TEST(test_cut_by_eof)
{
	const struct span in = OCTETS(4, 1, 0, 22, 0, 0, 0, 1, 'f', 0, NAME);

	serve_defaults();
	for (size_t n = 0; n < in.n; n++) {
		serve(&got, ROLE_SOCKS4, span_of(in.p, n), n, n, true);
		ck_assert_int_eq(got.want, PEER_FAIL);
		ck_assert_int_eq(got.srv.peer.fail.why, FAIL_EOF);
		ck_assert_uint_eq(got.n, 0);
		ck_assert_int_eq(got.dials, 0);
	}
}
END_TEST

/* SOCKS4 has one code for all of it. */
START_TEST(test_not_reached)
{
	static const int errs[] = {
		ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, ETIMEDOUT, FP_ENOTFOUND, FP_ERULE, EMFILE};
	const struct span rejected = REJECTED;

	for (size_t i = 0; i < COUNT(errs); i++) {
		serve_defaults();
		dial_err = errs[i];
		serve_every("not reached", &got, ROLE_SOCKS4, vectors[2 + 1].in, false);
		serve_sent("not reached", &got, rejected);
		ck_assert_int_eq(got.want, PEER_FAIL);
		ck_assert_int_eq(got.srv.peer.fail.why, FAIL_REFUSED);
		ck_assert_int_eq(got.srv.peer.fail.code, 91);
	}
}
END_TEST

START_TEST(test_long_fields)
{
	static uint8_t in[4096] = {4, 1, 0, 22, 127, 0, 0, 1};
	const struct span rejected = REJECTED, granted = GRANTED;

	serve_defaults();
	memset(in + 8, 'u', sizeof in - 8);
	serve(&got, ROLE_SOCKS4, span_of(in, sizeof in), 1000, 7, false);
	serve_sent("endless USERID", &got, rejected);
	in[8 + 1024] = 0;
	serve(&got, ROLE_SOCKS4, span_of(in, 8 + 1025), 1000, 7, false);
	serve_sent("USERID of 1024", &got, granted);
	memcpy(in + 4, "\0\0\0\1\0", 5);
	serve(&got, ROLE_SOCKS4, span_of(in, 9 + 256), 9, 1, false);
	serve_sent("name of 256", &got, rejected);
	in[9 + 255] = 0;
	serve(&got, ROLE_SOCKS4, span_of(in, 9 + 256), 9, 1, false);
	serve_sent("name of 255", &got, granted);
	ck_assert_uint_eq(strlen(got.dst.host), 255);
}
END_TEST

START_TEST(test_userid)
{
	const struct span mismatch = OCTETS(0, 93, 0, 0, 0, 0, 0, 0), granted = GRANTED;

	serve_defaults();
	ck_assert(fp_role_of("socks4", &conf.role[0]));
	conf.n_role = 1;
	ck_assert(fp_knob(&conf, (char[]){"userid=alice"}));
	serve_every("fred is not alice", &got, ROLE_SOCKS4, vectors[1].in, false);
	serve_sent("fred is not alice", &got, mismatch);
	ck_assert(fp_knob(&conf, (char[]){"userid=fred"}));
	serve_every("fred", &got, ROLE_SOCKS4, vectors[1].in, false);
	serve_sent("fred", &got, granted);
	serve_defaults();
	serve_user("fred:secret");
	serve_every("a user", &got, ROLE_SOCKS4, vectors[1].in, false);
	serve_sent("a user", &got, granted);
	serve_every("no user", &got, ROLE_SOCKS4, vectors[0].in, false);
	serve_sent("no user", &got, mismatch);
}
END_TEST

/* RFC 1413: the client's identd is asked before the target is dialled. */
START_TEST(test_ident)
{
	static uint8_t in[8 + 257] = {4, 1, 0, 22, 127, 0, 0, 1};
	const struct span none = OCTETS(0, 92, 0, 0, 0, 0, 0, 0), other = OCTETS(0, 93, 0, 0, 0, 0, 0, 0);

	serve_defaults();
	conf.socks.ident = 113;
	dial_err = ECONNREFUSED;
	serve_every("no identd", &got, ROLE_SOCKS4, vectors[1].in, false);
	serve_sent("no identd", &got, none);
	ck_assert_int_eq(got.dials, 1);
	dial_err = 0; /* it answers, and names nobody */
	serve_every("identd names another", &got, ROLE_SOCKS4, vectors[1].in, false);
	serve_sent("identd names another", &got, other);
	serve_every("identd agrees", &got, ROLE_SOCKS4, vectors[0].in, false);
	ck_assert_int_eq(got.want, PEER_OPEN);
	ck_assert_int_eq(got.dials, 2);
	memset(in + 8, 'u', 256);
	serve(&got, ROLE_SOCKS4, span_of(in, 8 + 257), 8, 1, false);
	serve_sent("a USERID that no name is compared with", &got, other);
	ck_assert_int_eq(got.dials, 0);
}
END_TEST

static const struct knob {
	const char *knob;
	struct span out;
	enum peer_want want;
} knobs[] = {
	{"vn=4", OCTETS(4, 90, 0x9e, 0xd7, 127, 0, 0, 1), PEER_OPEN},
	{"cd=91", REJECTED, PEER_FAIL},
	{"cd=92", OCTETS(0, 92, 0, 0, 0, 0, 0, 0), PEER_FAIL},
	{"cd=0xff", OCTETS(0, 255, 0, 0, 0, 0, 0, 0), PEER_FAIL},
	{"cd=90", GRANTED, PEER_OPEN},
	{"bnd=192.0.2.1:258", OCTETS(0, 90, 1, 2, 192, 0, 2, 1), PEER_OPEN},
};

START_TEST(test_knob)
{
	char text[64];

	serve_defaults();
	conf.role[0] = ROLE_SOCKS4;
	conf.n_role = 1;
	snprintf(text, sizeof text, "%s", knobs[_i].knob);
	ck_assert(fp_knob(&conf, text));
	serve_every(text, &got, ROLE_SOCKS4, vectors[0].in, false);
	serve_sent(text, &got, knobs[_i].out);
	ck_assert_int_eq(got.want, knobs[_i].want);
}
END_TEST

static const struct bug {
	enum fp_bug bug;
	int vector, err;
	struct span out;
	enum peer_want want;
	const char *host;
	unsigned port;
} bug_table[] = {
	{BUG_S4_REPLY_VN4, 0, 0, OCTETS(4, 90, 0x9e, 0xd7, 127, 0, 0, 1), PEER_OPEN, "127.0.0.1", 22},
	{BUG_S4_REPLY_SHORT, 0, 0, OCTETS(0, 90, 0x9e, 0xd7, 127, 0, 0), PEER_OPEN, "127.0.0.1", 22},
	{BUG_S4_REPLY_LONG, 0, 0, OCTETS(0, 90, 0x9e, 0xd7, 127, 0, 0, 1, 0), PEER_OPEN, "127.0.0.1", 22},
	{BUG_S4_REPLY_TWICE, 0, 0, OCTETS(0, 90, 0x9e, 0xd7, 127, 0, 0, 1, 0, 90, 0x9e, 0xd7, 127, 0, 0, 1),
		PEER_OPEN, "127.0.0.1", 22},
	{BUG_S4_GRANT_EARLY, 0, ECONNREFUSED, OCTETS(0, 90, 0, 0, 0, 0, 0, 0), PEER_FAIL, "127.0.0.1", 22},
	{BUG_S4_GRANT_FAILED, 0, ECONNREFUSED, OCTETS(0, 90, 0, 0, 0, 0, 0, 0), PEER_FAIL, "127.0.0.1", 22},
	{BUG_S4_CD_ZERO, 2, 0, OCTETS(0, 0, 0, 0, 0, 0, 0, 0), PEER_FAIL, NULL, 0},
	{BUG_S4_CD_UNDEFINED, 2, 0, OCTETS(0, 94, 0, 0, 0, 0, 0, 0), PEER_FAIL, NULL, 0},
	{BUG_S4_PORT_SWAPPED, 0, 0, GRANTED, PEER_OPEN, "127.0.0.1", 5632},
	{BUG_S4_IP_SWAPPED, 0, 0, GRANTED, PEER_OPEN, "1.0.0.127", 22},
	{BUG_S4_ANY_CD, 9, 0, GRANTED, PEER_OPEN, "127.0.0.1", 22},
	{BUG_S4_ANY_VN, 18, 0, GRANTED, PEER_OPEN, "127.0.0.1", 22},
	{BUG_S4_TIMEOUT_SILENT, 0, ETIMEDOUT, {NULL, 0}, PEER_FAIL, "127.0.0.1", 22},
	{BUG_S4A_LITERAL, 4, 0, GRANTED, PEER_OPEN, "0.0.0.1", 22},
	{BUG_S4A_MARKER_ONE, 5, 0, GRANTED, PEER_OPEN, "0.0.0.255", 22},
	{BUG_S4A_EMPTY_NAME, 8, 0, GRANTED, PEER_OPEN, "localhost", 22},
	{BUG_S4A_UNRESOLVED_SILENT, 4, FP_ENOTFOUND, {NULL, 0}, PEER_FAIL, "target.example", 22},
};

START_TEST(test_bug)
{
	const struct bug *b = &bug_table[_i];

	serve_defaults();
	bugs.on[b->bug] = true;
	dial_err = b->err;
	serve_every(fp_bug_name(b->bug), &got, ROLE_SOCKS4, vectors[b->vector].in, false);
	serve_sent(fp_bug_name(b->bug), &got, b->out);
	ck_assert_int_eq(got.want, b->want);
	ck_assert(bugs.shown[b->bug]);
	if (b->host != NULL) {
		ck_assert_str_eq(got.dst.host, b->host);
		ck_assert_uint_eq(got.dst.port, b->port);
	}
}
END_TEST

START_TEST(test_bugs_of_delivery)
{
	const struct span rejected = REJECTED, granted = GRANTED;

	serve_defaults();
	bugs.on[BUG_S4_ONE_READ] = true;
	serve(&got, ROLE_SOCKS4, vectors[0].in, 4, 100, false);
	serve_sent("in two reads", &got, rejected);
	serve(&got, ROLE_SOCKS4, vectors[0].in, 9, 100, false);
	serve_sent("in one read", &got, granted);
	serve_defaults();
	bugs.on[BUG_S4A_SPLIT_NAME] = true;
	serve(&got, ROLE_SOCKS4, vectors[4].in, 9, 100, false);
	serve_sent("the name in a second read", &got, rejected);
	serve_defaults();
	bugs.on[BUG_S4_EARLY_LOST] = true;
	serve(&got, ROLE_SOCKS4, vectors[11].in, 100, 100, false);
	serve_sent("early data lost", &got, granted);
	ck_assert_uint_eq(got.left, 0);
	ck_assert(bugs.shown[BUG_S4_EARLY_LOST]);
	serve_defaults();
	bugs.on[BUG_S4_REJECT_OPEN] = true;
	serve(&got, ROLE_SOCKS4, vectors[2].in, 100, 100, false);
	ck_assert_int_eq(got.srv.end, END_OPEN);
}
END_TEST

START_TEST(test_trace)
{
	static const char want[] =
		"--- request                                        SOCKS4A\n"
		"C> VN:u8=4 CD:u8=1 DSTPORT:u16=22 DSTIP:ip4=0.0.0.1 USERID:strz=\"fred\" "
		"DOMAIN:strz=\"target.example\" ; "
		"04 01 00 16 00 00 00 01 66 72 65 64 00 74 61 72 67 65 74 2e 65 78 61 6d 70 6c 65 00\n"
		"T: accept ; 127.0.0.1:22 from 127.0.0.1:40663\n"
		"--- reply                                          SOCKS4 \302\2471\n"
		"P> VN:u8=0 CD:u8=90 DSTPORT:u16=40663 DSTIP:ip4=127.0.0.1 ; 00 5a 9e d7 7f 00 00 01\n";

	serve_defaults();
	with_notes = true;
	serve(&got, ROLE_SOCKS4, vectors[3].in, 5, 3, false);
	got.notes_room[got.notes.n] = '\0';
	ck_assert_str_eq((char *)got.notes_room, want);
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, test_vector, vectors);
	LOOP(tc, test_knob, knobs);
	LOOP(tc, test_bug, bug_table);
	tcase_add_test(tc, test_cut_by_eof);
	tcase_add_test(tc, test_not_reached);
	tcase_add_test(tc, test_long_fields);
	tcase_add_test(tc, test_userid);
	tcase_add_test(tc, test_ident);
	tcase_add_test(tc, test_bugs_of_delivery);
	tcase_add_test(tc, test_trace);
}

int
main(void)
{
	return unit_run("fake_socks4", fill);
}
