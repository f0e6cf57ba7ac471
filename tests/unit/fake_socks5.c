/* SPDX-License-Identifier: ISC
 * fake_socks5.c - the server of SOCKS5 (RFC 1928) and username/password (RFC 1929) against octets typed from them.
 * One thing to know: the ids are those of the byte vectors; each runs whole, at every cut, in pieces of every size. */
#include <errno.h>

#include "fake/serve.h"

#define NAME 14, 't', 'a', 'r', 'g', 'e', 't', '.', 'e', 'x', 'a', 'm', 'p', 'l', 'e'
#define GREET 5, 1, 0
#define NONE 5, 0
#define OK 5, 0, 0, 1, 127, 0, 0, 1, 0x9e, 0xd7
#define NO(rep) 5, rep, 0, 1, 0, 0, 0, 0, 0, 0

static struct served got;

struct vector {
	const char *id;
	struct span in, out;
	enum peer_want want;
	const char *host;
	unsigned port;
	size_t left;
};

static const struct vector vectors[] = {
	{"S5-V01 none", OCTETS(5, 1, 0), OCTETS(5, 0), PEER_MORE, NULL, 0, 0},
	{"S5-V02 none and userpass", OCTETS(5, 2, 0, 2), OCTETS(5, 0), PEER_MORE, NULL, 0, 0},
	{"S5-V03 curl with credentials", OCTETS(5, 3, 0, 1, 2), OCTETS(5, 0), PEER_MORE, NULL, 0, 0},
	{"S5-V04 curl without", OCTETS(5, 2, 0, 1), OCTETS(5, 0), PEER_MORE, NULL, 0, 0},
	{"S5-V05 userpass only", OCTETS(5, 1, 2), OCTETS(5, 255), PEER_FAIL, NULL, 0, 0},
	{"none is the last", OCTETS(5, 3, 0x80, 2, 0), OCTETS(5, 0), PEER_MORE, NULL, 0, 0},
	{"FF offered", OCTETS(5, 1, 255), OCTETS(5, 255), PEER_FAIL, NULL, 0, 0},
	{"S5-V10 IPv4", OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22), OCTETS(NONE, OK), PEER_OPEN,
		"127.0.0.1", 22, 0},
	{"S5-V11 name", OCTETS(GREET, 5, 1, 0, 3, NAME, 0, 22), OCTETS(NONE, OK), PEER_OPEN, "target.example",
		22, 0},
	{"S5-V12 IPv6",
		OCTETS(GREET, 5, 1, 0, 4, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 22),
		OCTETS(NONE, OK), PEER_OPEN, "2001:db8::1", 22, 0},
	{"S5-V13 BIND", OCTETS(GREET, 5, 2, 0, 1, 198, 51, 100, 7, 0, 21), OCTETS(NONE, NO(7)), PEER_FAIL,
		NULL, 0, 0},
	{"S5-V14 UDP", OCTETS(GREET, 5, 3, 0, 1, 0, 0, 0, 0, 0, 0), OCTETS(NONE, NO(7)), PEER_FAIL, NULL, 0,
		0},
	{"S5-V15 RESOLVE", OCTETS(GREET, 5, 0xf0, 0, 3, NAME, 0, 0), OCTETS(NONE, NO(7)), PEER_FAIL, NULL, 0,
		0},
	{"S5-V16 RESOLVE_PTR", OCTETS(GREET, 5, 0xf1, 0, 1, 198, 51, 100, 7, 0, 0), OCTETS(NONE, NO(7)),
		PEER_FAIL, NULL, 0, 0},
	{"S5-V34 joined, with payload", OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22, 'X', 5, 1),
		OCTETS(NONE, OK), PEER_OPEN, "127.0.0.1", 22, 3},
	{"S5-M01 NMETHODS 0", OCTETS(5, 0), OCTETS(5, 255), PEER_FAIL, NULL, 0, 0},
	{"S5-M02 four more", OCTETS(5, 5, 0), {NULL, 0}, PEER_MORE, NULL, 0, 3},
	{"S5-M03 VER 6", OCTETS(6, 1, 0), {NULL, 0}, PEER_FAIL, NULL, 0, 0},
	{"S5-M04 GET", TEXT("GET / HTTP/1.0\r\n\r\n"), {NULL, 0}, PEER_FAIL, NULL, 0, 0},
	{"S5-M08 RSV 1", OCTETS(GREET, 5, 1, 1, 1, 127, 0, 0, 1, 0, 22), OCTETS(NONE, OK), PEER_OPEN,
		"127.0.0.1", 22, 0},
	{"S5-M09 CMD 9", OCTETS(GREET, 5, 9, 0, 1, 127, 0, 0, 1, 0, 22), OCTETS(NONE, NO(7)), PEER_FAIL, NULL,
		0, 0},
	{"S5-M10 ATYP 2", OCTETS(GREET, 5, 1, 0, 2, 127, 0, 0, 1, 0, 22), OCTETS(NONE, NO(8)), PEER_FAIL,
		NULL, 0, 0},
	{"S5-M11 empty name", OCTETS(GREET, 5, 1, 0, 3, 0, 0, 22), OCTETS(NONE, NO(4)), PEER_FAIL, NULL, 0,
		0},
	{"S5-M12 NUL in a name",
		OCTETS(GREET, 5, 1, 0, 3, 11, 'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't', 0, 'x', 0xaf,
			0xc8),
		OCTETS(NONE, NO(4)), PEER_FAIL, NULL, 0, 0},
	{"S5-M13 IPv6 text as a name", OCTETS(GREET, 5, 1, 0, 3, 3, ':', ':', '1', 0, 22), OCTETS(NONE, OK),
		PEER_OPEN, "::1", 22, 0},
	{"S5-M14 brackets", OCTETS(GREET, 5, 1, 0, 3, 5, '[', ':', ':', '1', ']', 0, 22), OCTETS(NONE, NO(4)),
		PEER_FAIL, NULL, 0, 0},
	{"S5-M15 port 0", OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 0), OCTETS(NONE, NO(1)), PEER_FAIL, NULL,
		0, 0},
	{"S5-M16 VER 4", OCTETS(GREET, 4, 1, 0, 1, 127, 0, 0, 1, 0, 22), OCTETS(NONE, NO(1)), PEER_FAIL, NULL,
		0, 0},
	{"0x7f.1 is no address", OCTETS(GREET, 5, 1, 0, 3, 6, '0', 'x', '7', 'f', '.', '1', 0, 22),
		OCTETS(NONE, NO(4)), PEER_FAIL, NULL, 0, 0},
	{"127.1 is no address", OCTETS(GREET, 5, 1, 0, 3, 5, '1', '2', '7', '.', '1', 0, 22),
		OCTETS(NONE, NO(4)), PEER_FAIL, NULL, 0, 0},
};

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
	serve_defaults();
	check_vector(&vectors[_i], ROLE_SOCKS5);
	check_vector(&vectors[_i], ROLE_SOCKS);
}
END_TEST

#define UP 5, 1, 2
#define ASK 5, 2

/* With one user, alice:s3cret. */
static const struct vector logins[] = {
	{"method 2 is selected", OCTETS(5, 2, 0, 2), OCTETS(5, 2), PEER_MORE, NULL, 0, 0},
	{"none is not acceptable", OCTETS(5, 1, 0), OCTETS(5, 255), PEER_FAIL, NULL, 0, 0},
	{"right", OCTETS(UP, 1, 5, 'a', 'l', 'i', 'c', 'e', 6, 's', '3', 'c', 'r', 'e', 't'),
		OCTETS(ASK, 1, 0), PEER_MORE, NULL, 0, 0},
	{"UP-V01 user, pass", OCTETS(UP, 1, 4, 'u', 's', 'e', 'r', 4, 'p', 'a', 's', 's'), OCTETS(ASK, 1, 1),
		PEER_FAIL, NULL, 0, 0},
	{"UP-V05 UTF-8", OCTETS(UP, 1, 6, 0xe7, 0x94, 0xa8, 0xe6, 0x88, 0xb7, 3, 0xe5, 0xaf, 0x86),
		OCTETS(ASK, 1, 1), PEER_FAIL, NULL, 0, 0},
	{"UP-M01 empty", OCTETS(UP, 1, 0, 0), OCTETS(ASK, 1, 1), PEER_FAIL, NULL, 0, 0},
	{"UP-M02 empty password", OCTETS(UP, 1, 4, 'u', 's', 'e', 'r', 0), OCTETS(ASK, 1, 1), PEER_FAIL, NULL,
		0, 0},
	{"UP-M03 VER 5", OCTETS(UP, 5, 4, 'u', 's', 'e', 'r', 4, 'p', 'a', 's', 's'), OCTETS(ASK, 1, 1),
		PEER_FAIL, NULL, 0, 0},
	{"prefix of the password", OCTETS(UP, 1, 5, 'a', 'l', 'i', 'c', 'e', 5, 's', '3', 'c', 'r', 'e'),
		OCTETS(ASK, 1, 1), PEER_FAIL, NULL, 0, 0},
	{"right, then a request",
		OCTETS(UP, 1, 5, 'a', 'l', 'i', 'c', 'e', 6, 's', '3', 'c', 'r', 'e', 't', 5, 1, 0, 1, 127, 0,
			0, 1, 0, 22, 'X'),
		OCTETS(ASK, 1, 0, OK), PEER_OPEN, "127.0.0.1", 22, 1},
};

START_TEST(test_login)
{
	serve_defaults();
	serve_user("alice:s3cret");
	check_vector(&logins[_i], ROLE_SOCKS5);
}
END_TEST

START_TEST(test_cut_by_eof)
{
	const struct span in = OCTETS(GREET, 5, 1, 0, 3, NAME, 0, 22);

	serve_defaults();
	for (size_t n = 0; n < in.n; n++) {
		serve(&got, ROLE_SOCKS5, span_of(in.p, n), n, n, true);
		ck_assert_int_eq(got.want, PEER_FAIL);
		ck_assert_int_eq(got.srv.peer.fail.why, FAIL_EOF);
		ck_assert_uint_eq(got.n, n >= 3 ? 2 : 0);
		ck_assert_int_eq(got.dials, 0);
	}
}
END_TEST

/* RFC 1928, 6. */
static const struct rep {
	int err;
	uint8_t rep;
} reps[] = {{ECONNREFUSED, 5}, {ECONNRESET, 5}, {ENETUNREACH, 3}, {ENETDOWN, 3}, {EHOSTUNREACH, 4},
	{FP_ENOTFOUND, 4}, {FP_ENAMETIME, 4}, {FP_ERULE, 2}, {EACCES, 2}, {EPERM, 2}, {ETIMEDOUT, 6},
	{EAFNOSUPPORT, 8}, {EMFILE, 1}, {EINVAL, 1}};

START_TEST(test_rep)
{
	uint8_t want[] = {NONE, NO(0)};

	serve_defaults();
	dial_err = reps[_i].err;
	want[3] = reps[_i].rep;
	serve_every("rep", &got, ROLE_SOCKS5, vectors[7].in, false);
	serve_sent("rep", &got, span_of(want, sizeof want));
	ck_assert_int_eq(got.want, PEER_FAIL);
	ck_assert_int_eq(got.srv.peer.fail.code, reps[_i].rep);
	ck_assert_int_eq(got.srv.end, END_STAGED);
}
END_TEST

static const struct knob {
	const char *knob;
	struct span in, out;
	enum peer_want want;
} knobs[] = {
	{"rep=5", OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22), OCTETS(NONE, NO(5)), PEER_FAIL},
	{"rep=0xff", OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22), OCTETS(NONE, NO(255)), PEER_FAIL},
	{"rsv=1", OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22),
		OCTETS(NONE, 5, 0, 1, 1, 127, 0, 0, 1, 0x9e, 0xd7), PEER_OPEN},
	{"ver=4", OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22),
		OCTETS(4, 0, 4, 0, 0, 1, 127, 0, 0, 1, 0x9e, 0xd7), PEER_OPEN},
	{"atyp=ip6", OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22),
		OCTETS(NONE, 5, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), PEER_OPEN},
	{"atyp=domain", OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22),
		OCTETS(NONE, 5, 0, 0, 3, 9, 'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't', 0, 0), PEER_OPEN},
	{"atyp=ip4", OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22), OCTETS(NONE, OK), PEER_OPEN},
	{"bnd=a.b:22", OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22),
		OCTETS(NONE, 5, 0, 0, 3, 3, 'a', '.', 'b', 0, 22), PEER_OPEN},
	{"bnd=[::1]:45000", OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22),
		OCTETS(NONE, 5, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xaf, 0xc8),
		PEER_OPEN},
	{"method=userpass,none", OCTETS(5, 2, 0, 2), OCTETS(5, 2), PEER_MORE},
	{"method=none,userpass", OCTETS(5, 2, 2, 0), OCTETS(5, 0), PEER_MORE},
	{"method=3", OCTETS(5, 2, 0, 3), OCTETS(5, 3), PEER_MORE},
	{"method=3", OCTETS(5, 2, 0, 2), OCTETS(5, 255), PEER_FAIL},
	{"method=!1", OCTETS(5, 1, 0), OCTETS(5, 1), PEER_MORE},
	{"method=!255", OCTETS(5, 1, 0), OCTETS(5, 255), PEER_FAIL},
	{"up-status=2", OCTETS(5, 1, 0), OCTETS(5, 0), PEER_MORE},
};

START_TEST(test_knob)
{
	char text[64];

	serve_defaults();
	conf.role[0] = ROLE_SOCKS5;
	conf.n_role = 1;
	snprintf(text, sizeof text, "%s", knobs[_i].knob);
	ck_assert(fp_knob(&conf, text));
	serve_every(text, &got, ROLE_SOCKS5, knobs[_i].in, false);
	serve_sent(text, &got, knobs[_i].out);
	ck_assert_int_eq(got.want, knobs[_i].want);
}
END_TEST

static const struct bug {
	enum fp_bug bug;
	int err;
	struct span in, out;
	enum peer_want want;
	const char *host;
	unsigned port;
} bug_table[] = {
	{BUG_S5_METHOD_FOREIGN, 0, OCTETS(5, 1, 0), OCTETS(5, 3), PEER_MORE, NULL, 0},
	{BUG_S5_FIRST_METHOD, 0, OCTETS(5, 2, 2, 0), OCTETS(5, 255), PEER_FAIL, NULL, 0},
	{BUG_S5_SELECT_VER4, 0, OCTETS(5, 1, 0), OCTETS(4, 0), PEER_MORE, NULL, 0},
	{BUG_S5_SELECT_VER0, 0, OCTETS(5, 1, 0), OCTETS(0, 0), PEER_MORE, NULL, 0},
	{BUG_S5_SELECT_LONG, 0, OCTETS(5, 1, 0), OCTETS(5, 0, 0), PEER_MORE, NULL, 0},
	{BUG_S5_FF_SILENT, 0, OCTETS(5, 1, 2), {NULL, 0}, PEER_FAIL, NULL, 0},
	{BUG_S5_ANY_VERSION, 0, OCTETS(6, 1, 0), OCTETS(5, 0), PEER_MORE, NULL, 0},
	{BUG_S5_NMETHODS_ZERO, 0, OCTETS(5, 0), OCTETS(5, 0), PEER_MORE, NULL, 0},
	{BUG_S5_CMD_AS_CONNECT, 0, OCTETS(GREET, 5, 2, 0, 1, 127, 0, 0, 1, 0, 22), OCTETS(NONE, OK),
		PEER_OPEN, "127.0.0.1", 22},
	{BUG_S5_CMD_SILENT, 0, OCTETS(GREET, 5, 2, 0, 1, 127, 0, 0, 1, 0, 22), OCTETS(NONE), PEER_FAIL, NULL,
		0},
	{BUG_S5_ATYP_SILENT, 0, OCTETS(GREET, 5, 1, 0, 2), OCTETS(NONE), PEER_FAIL, NULL, 0},
	{BUG_S5_NAME_NUL, 0, OCTETS(GREET, 5, 1, 0, 3, 4, 'a', 'b', 0, 'c', 0, 22), OCTETS(NONE, OK),
		PEER_OPEN, "ab", 22},
	{BUG_S5_PORT_SWAPPED, 0, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22), OCTETS(NONE, OK), PEER_OPEN,
		"127.0.0.1", 5632},
	{BUG_S5_V4_AFTER_V5, 0, OCTETS(GREET, 4, 1, 0, 1, 127, 0, 0, 1, 0, 22), OCTETS(NONE, OK), PEER_OPEN,
		"127.0.0.1", 22},
	{BUG_S5_PORT_ZERO, 0, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 0), OCTETS(NONE, NO(0)), PEER_FAIL,
		NULL, 0},
	{BUG_S5_EARLY_REPLY, ECONNREFUSED, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22),
		OCTETS(NONE, NO(0)), PEER_FAIL, "127.0.0.1", 22},
	{BUG_S5_REPLY_VER4, 0, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22),
		OCTETS(NONE, 4, 0, 0, 1, 127, 0, 0, 1, 0x9e, 0xd7), PEER_OPEN, "127.0.0.1", 22},
	{BUG_S5_REPLY_VER1, 0, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22),
		OCTETS(NONE, 1, 0, 0, 1, 127, 0, 0, 1, 0x9e, 0xd7), PEER_OPEN, "127.0.0.1", 22},
	{BUG_S5_REPLY_RSV, 0, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22),
		OCTETS(NONE, 5, 0, 1, 1, 127, 0, 0, 1, 0x9e, 0xd7), PEER_OPEN, "127.0.0.1", 22},
	{BUG_S5_REPLY_ATYP2, 0, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22),
		OCTETS(NONE, 5, 0, 0, 2, 0, 0, 0, 0, 0, 0), PEER_OPEN, "127.0.0.1", 22},
	{BUG_S5_REPLY_SHORT, 0, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22),
		OCTETS(NONE, 5, 0, 0, 1, 127, 0, 0, 1, 0x9e), PEER_OPEN, "127.0.0.1", 22},
	{BUG_S5_REPLY_LONG, 0, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22), OCTETS(NONE, OK, 0), PEER_OPEN,
		"127.0.0.1", 22},
	{BUG_S5_REPLY_TWICE, 0, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22), OCTETS(NONE, OK, OK),
		PEER_OPEN, "127.0.0.1", 22},
	{BUG_S5_REPLY_NAME_LEN, 0, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22),
		OCTETS(NONE, 5, 0, 0, 3, 10, 'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't', 0, 0), PEER_OPEN,
		"127.0.0.1", 22},
	{BUG_S5_REPLY_NAME_NUL, 0, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22),
		OCTETS(NONE, 5, 0, 0, 3, 9, 'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't', 0, 0, 0), PEER_OPEN,
		"127.0.0.1", 22},
	{BUG_S5_BND_SWAPPED, 0, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22),
		OCTETS(NONE, 5, 0, 0, 1, 127, 0, 0, 1, 0xd7, 0x9e), PEER_OPEN, "127.0.0.1", 22},
	{BUG_S5_BND_ZERO, 0, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22), OCTETS(NONE, NO(0)), PEER_OPEN,
		"127.0.0.1", 22},
	{BUG_S5_BND_DST, 0, OCTETS(GREET, 5, 1, 0, 3, 2, 'a', 'b', 0, 22),
		OCTETS(NONE, 5, 0, 0, 3, 2, 'a', 'b', 0, 22), PEER_OPEN, "ab", 22},
	{BUG_S5_REP_UNASSIGNED, ECONNREFUSED, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22),
		OCTETS(NONE, NO(0x7f)), PEER_FAIL, "127.0.0.1", 22},
	{BUG_S5_REP_ONE, ECONNREFUSED, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22), OCTETS(NONE, NO(1)),
		PEER_FAIL, "127.0.0.1", 22},
	{BUG_S5_REP_ZERO, ECONNREFUSED, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22), OCTETS(NONE, NO(0)),
		PEER_FAIL, "127.0.0.1", 22},
	{BUG_S5_FAIL_SILENT, ECONNREFUSED, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22), OCTETS(NONE),
		PEER_FAIL, "127.0.0.1", 22},
	{BUG_S5_FAIL_TWO, ECONNREFUSED, OCTETS(GREET, 5, 1, 0, 1, 127, 0, 0, 1, 0, 22), OCTETS(NONE, 5, 5),
		PEER_FAIL, "127.0.0.1", 22},
	{BUG_S5_NAME_SHORT, 0, OCTETS(GREET, 5, 1, 0, 3, 3, 'a', 'b', 'c', 0, 22), OCTETS(NONE, OK),
		PEER_OPEN, "ab", 0x6300},
};

START_TEST(test_bug)
{
	const struct bug *b = &bug_table[_i];

	serve_defaults();
	bugs.on[b->bug] = true;
	dial_err = b->err;
	serve_every(fp_bug_name(b->bug), &got, ROLE_SOCKS5, b->in, false);
	serve_sent(fp_bug_name(b->bug), &got, b->out);
	ck_assert_msg(got.want == b->want, "%s: want %d", fp_bug_name(b->bug), (int)got.want);
	ck_assert(bugs.shown[b->bug]);
	if (b->host != NULL) {
		ck_assert_str_eq(got.dst.host, b->host);
		ck_assert_uint_eq(got.dst.port, b->port);
	}
}
END_TEST

START_TEST(test_bugs_of_ends)
{
	static const struct {
		enum fp_bug bug;
		enum fp_end end;
	} t[] = {{BUG_S5_FAIL_OPEN, END_OPEN}, {BUG_S5_FAIL_LATE, END_LATE}, {BUG_S5_FAIL_RESET, END_RESET}};
	const struct span no_method = OCTETS(5, 1, 2);

	for (size_t i = 0; i < COUNT(t); i++) {
		serve_defaults();
		bugs.on[t[i].bug] = true;
		dial_err = ECONNREFUSED;
		serve(&got, ROLE_SOCKS5, vectors[7].in, 3, 100, false);
		ck_assert_int_eq(got.srv.end, t[i].end);
	}
	serve_defaults();
	bugs.on[BUG_S5_FF_OPEN] = true;
	serve(&got, ROLE_SOCKS5, no_method, 3, 100, false);
	ck_assert_int_eq(got.srv.end, END_OPEN);
}
END_TEST

START_TEST(test_bugs_of_login)
{
	static const struct {
		enum fp_bug bug;
		int login;
		uint8_t ver, status;
		size_t n;
	} t[] = {{BUG_UP_REPLY_VER5, 2, 5, 0, 4}, {BUG_UP_REPLY_LONG, 2, 1, 0, 5},
		{BUG_UP_STATUS_ZERO, 3, 1, 0, 4}, {BUG_UP_ANY, 3, 1, 0, 4}, {BUG_UP_FAIL_OPEN, 3, 1, 1, 4},
		{BUG_UP_ANY_VERSION, 7, 1, 1, 4}};

	for (size_t i = 0; i < COUNT(t); i++) {
		serve_defaults();
		serve_user("alice:s3cret");
		bugs.on[t[i].bug] = true;
		serve_every(fp_bug_name(t[i].bug), &got, ROLE_SOCKS5, logins[t[i].login].in, false);
		ck_assert_uint_eq(got.n, t[i].n);
		ck_assert_uint_eq(got.out[2], t[i].ver);
		ck_assert_uint_eq(got.out[3], t[i].status);
		ck_assert(bugs.shown[t[i].bug]);
	}
	serve_defaults();
	serve_user("alice:s3cret");
	bugs.on[BUG_UP_ONE_READ] = true;
	serve(&got, ROLE_SOCKS5, logins[2].in, 6, 100, false);
	ck_assert_uint_eq(got.out[3], 1);
	serve(&got, ROLE_SOCKS5, logins[2].in, 3, 100, false);
	ck_assert_uint_eq(got.out[3], 0);
}
END_TEST

START_TEST(test_bugs_of_delivery)
{
	const struct span none_last = OCTETS(5, 2, 2, 0);

	serve_defaults();
	bugs.on[BUG_S5_ONE_READ] = true;
	serve(&got, ROLE_SOCKS5, none_last, 3, 100, false);
	ck_assert_uint_eq(got.out[1], 255);
	serve_defaults();
	bugs.on[BUG_S5_GREETING_EATS] = true;
	serve(&got, ROLE_SOCKS5, vectors[7].in, 100, 100, false);
	ck_assert_int_eq(got.want, PEER_MORE);
	ck_assert_uint_eq(got.n, 2);
	serve_defaults();
	bugs.on[BUG_S5_EARLY_LOST] = true;
	serve(&got, ROLE_SOCKS5, vectors[14].in, 100, 100, false);
	ck_assert_int_eq(got.want, PEER_OPEN);
	ck_assert_uint_eq(got.left, 0);
}
END_TEST

START_TEST(test_trace)
{
	static const char want[] =
		"--- method selection                               RFC1928 \302\2473\n"
		"C> VER:u8=5 NMETHODS:u8=1 METHODS:raw(1)=02 ; 05 01 02\n"
		"P> VER:u8=5 METHOD:u8=2 ; 05 02\n"
		"--- username/password                              RFC1929 \302\2472\n"
		"C> VER:u8=1 UNAME:str8=\"alice\" PASSWD:str8=\"***\" ; 01 05 61 6c 69 63 65 06 ** ** ** ** "
		"** **\n"
		"P> VER:u8=1 STATUS:u8=0 ; 01 00\n"
		"--- request                                        RFC1928 \302\2474\n"
		"C> VER:u8=5 CMD:u8=1 RSV:u8=0 DST:addr5=ip4:127.0.0.1:22 ; 05 01 00 01 7f 00 00 01 00 16\n"
		"T: accept ; 127.0.0.1:22 from 127.0.0.1:40663\n"
		"--- reply                                          RFC1928 \302\2476\n"
		"P>! VER:u8=5 REP:u8=0 RSV:u8=1 BND:addr5=ip4:127.0.0.1:40663 ; 05 00 01 01 7f 00 00 01 9e "
		"d7\n";

	serve_defaults();
	serve_user("alice:s3cret");
	with_notes = true;
	bugs.on[BUG_S5_REPLY_RSV] = true;
	serve(&got, ROLE_SOCKS5, logins[9].in, 1, 1, false);
	got.notes_room[got.notes.n] = '\0';
	ck_assert_str_eq((char *)got.notes_room, want);
	conf.show_secrets = true;
	serve(&got, ROLE_SOCKS5, logins[9].in, 1, 1, false);
	got.notes_room[got.notes.n] = '\0';
	ck_assert_ptr_nonnull(
		strstr((char *)got.notes_room, "PASSWD:str8=\"s3cret\" ; 01 05 61 6c 69 63 65 06 73 33 63"));
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, test_vector, vectors);
	LOOP(tc, test_login, logins);
	LOOP(tc, test_rep, reps);
	LOOP(tc, test_knob, knobs);
	LOOP(tc, test_bug, bug_table);
	tcase_add_test(tc, test_cut_by_eof);
	tcase_add_test(tc, test_bugs_of_ends);
	tcase_add_test(tc, test_bugs_of_login);
	tcase_add_test(tc, test_bugs_of_delivery);
	tcase_add_test(tc, test_trace);
}

int
main(void)
{
	return unit_run("fake_socks5", fill);
}
