/* SPDX-License-Identifier: ISC
 * fake_telnet.c - the telnet gateway: octets of RFC 854 and 855, the dialogues of its dialects.
 * One thing to know: there is no standard for a gateway's words; the texts are those of docs/fakeproxy.1. */
#include <errno.h>

#include "fake/serve.h"

#define IAC 255
#define WILL 251
#define WONT 252
#define DO 253
#define DONT 254
#define FWTK "fakeproxy telnet proxy (Version V1.0) ready:\r\ntn-gw-> "

static struct served got;

static void
knob(const char *text)
{
	static char kept[16][256];
	static int n;
	char *k = kept[n++ % 16];

	conf.role[0] = ROLE_TELNET;
	conf.n_role = 1;
	snprintf(k, sizeof kept[0], "%s", text);
	ck_assert(fp_knob(&conf, k));
}

static const struct command {
	const char *id;
	struct span in;
	const char *host; /* NULL: not understood */
	unsigned port;
	size_t left;
} commands[] = {
	{"TN-V11 telnet H P CR LF", TEXT("telnet target.example 22\r\nX"), "target.example", 22, 1},
	{"TN-V12 H:P LF", TEXT("target.example:22\nX"), "target.example", 22, 1},
	{"TN-V13 connect H P LF", TEXT("connect target.example 22\nX"), "target.example", 22, 1},
	{"c", TEXT("c a 65535\r\n"), "a", 65535, 0},
	{"t", TEXT("T a 1\r\n"), "a", 1, 0},
	{"H P", TEXT("  a\t 22  \r\n"), "a", 22, 0},
	{"port 23 if none is given", TEXT("telnet a\r\n"), "a", 23, 0},
	{"IPv6", TEXT("telnet 2001:db8::1 22\r\n"), "2001:db8::1", 22, 0},
	{"IPv6 in brackets", TEXT("[2001:db8::1]:22\r\n"), "2001:db8::1", 22, 0},
	{"CR NUL ends a line", OCTETS('c', ' ', 'a', ' ', '2', '2', '\r', 0, 'X'), "a", 22, 1},
	{"CR before something else", TEXT("c a 22\rX"), "a", 22, 1},
	{"commands in between",
		OCTETS('c', IAC, 241, ' ', 'a', IAC, WONT, 1, ' ', '2', IAC, DONT, 3, '2', '\r', '\n'), "a",
		22, 0},
	{"sub-negotiation with a doubled 255 in between",
		OCTETS('c', ' ', IAC, 250, 24, 0, IAC, IAC, 'x', IAC, 240, 'a', ' ', '2', '2', '\n'), "a", 22,
		0},
	{"port 0", TEXT("telnet a 0\r\n"), NULL, 0, 0},
	{"port 65536", TEXT("telnet a 65536\r\n"), NULL, 0, 0},
	{"three words", TEXT("a 22 33\r\n"), NULL, 0, 0},
	{"a command without a host", TEXT("telnet\r\n"), NULL, 0, 0},
	{"a 255 in a name is doubled", OCTETS('c', ' ', IAC, IAC, ' ', '2', '2', '\n'), "\377", 22, 0},
};

START_TEST(test_command)
{
	const struct command *c = &commands[_i];

	serve_defaults();
	serve_every(c->id, &got, ROLE_TELNET, c->in, false);
	if (c->host == NULL) {
		ck_assert_int_eq(got.want, PEER_FAIL);
		ck_assert_int_eq(got.dials, 0);
		ck_assert(serve_contains(&got, " failed"));
		return;
	}
	ck_assert_msg(got.want == PEER_OPEN, "%s: want %d", c->id, (int)got.want);
	ck_assert_str_eq(got.dst.host, c->host);
	ck_assert_uint_eq(got.dst.port, c->port);
	ck_assert_uint_eq(got.left, c->left);
	ck_assert(serve_contains(&got, "Connected to "));
}
END_TEST

static const struct option {
	const char *id;
	bool offer; /* -o iac=yes: WILL ECHO, WILL SGA begin */
	struct span in, out;
} options[] = {
	{"DO TERMINAL-TYPE is refused", false, OCTETS(IAC, DO, 24), OCTETS(IAC, WONT, 24)},
	{"WILL NAWS is refused", false, OCTETS(IAC, WILL, 31), OCTETS(IAC, DONT, 31)},
	{"DO ECHO is refused", false, OCTETS(IAC, DO, 1), OCTETS(IAC, WONT, 1)},
	{"TN-V02 DONT ECHO: nothing", false, OCTETS(IAC, DONT, 1), {NULL, 0}},
	{"TN-V04 WONT TERMINAL-TYPE: nothing", false, OCTETS(IAC, WONT, 24), {NULL, 0}},
	{"NOP, GA: nothing", false, OCTETS(IAC, 241, IAC, 249), {NULL, 0}},
	{"TN-M01 half a command: nothing", false, OCTETS(IAC), {NULL, 0}},
	{"agreed: nothing more", true, OCTETS(IAC, DO, 1, IAC, DO, 3), {NULL, 0}},
	{"agreed twice: nothing more", true, OCTETS(IAC, DO, 1, IAC, DO, 1), {NULL, 0}},
	{"refused: nothing", true, OCTETS(IAC, DONT, 1, IAC, DONT, 1), {NULL, 0}},
	{"agreed, then taken back: acknowledged", true, OCTETS(IAC, DO, 1, IAC, DONT, 1, IAC, DONT, 1),
		OCTETS(IAC, WONT, 1)},
	{"refused, then wanted: agreed", true, OCTETS(IAC, DONT, 3, IAC, DO, 3), OCTETS(IAC, WILL, 3)},
};

START_TEST(test_option)
{
	const struct option *o = &options[_i];
	const uint8_t begin[] = {IAC, WILL, 1, IAC, WILL, 3};
	uint8_t want[32];
	size_t n = 0;

	serve_defaults();
	knob(o->offer ? "iac=yes" : "iac=no");
	if (o->offer) {
		memcpy(want, begin, sizeof begin);
		n = sizeof begin;
	}
	if (o->out.n != 0)
		memcpy(want + n, o->out.p, o->out.n);
	serve_every(o->id, &got, ROLE_TELNET, o->in, false);
	serve_sent(o->id, &got, span_of(want, n + o->out.n));
	ck_assert_int_eq(got.want, PEER_MORE);
}
END_TEST

static const struct dialogue {
	const char *id, *knobs[4], *user;
	int err;
	struct span in, out;
	enum peer_want want;
} dialogues[] = {
	{"plain", {NULL}, NULL, 0, TEXT("telnet a 22\r\n"), TEXT("Connected to a.\r\n"), PEER_OPEN},
	{"plain, refused", {NULL}, NULL, ECONNREFUSED, TEXT("telnet a 22\r\n"),
		TEXT("Connection to a port 22 refused.\r\n"), PEER_FAIL},
	{"plain, by rule", {NULL}, NULL, FP_ERULE, TEXT("telnet a 22\r\n"),
		TEXT("Connection to a port 22 rejected by rule.\r\n"), PEER_FAIL},
	{"plain, no such host", {NULL}, NULL, FP_ENOTFOUND, TEXT("telnet a 22\r\n"),
		TEXT("Connection to a port 22 failed: unknown host.\r\n"), PEER_FAIL},
	{"fwtk", {"dialect=fwtk", "iac=no", "echo=never"}, NULL, 0, TEXT("c a 22\r\n"),
		TEXT(FWTK "Trying a port 22...\r\nConnected to a.\r\n"), PEER_OPEN},
	{"fwtk with options and echo", {"dialect=fwtk"}, NULL, 0, TEXT("c a 22\r\n"),
		TEXT("\377\373\001\377\373\003" FWTK "c a 22\r\nTrying a port 22...\r\n"
		     "\377\374\001\377\374\003\377\374\030"
		     "Connected to a.\r\n"),
		PEER_OPEN},
	{"fwtk asks again", {"dialect=fwtk", "iac=no", "echo=never"}, NULL, ECONNREFUSED, TEXT("c a 22\r\n"),
		TEXT(FWTK "Trying a port 22...\r\nConnection to a port 22 refused.\r\ntn-gw-> "), PEER_MORE},
	{"delegate", {"dialect=delegate", "banner=B\\r\\n"}, NULL, 0, TEXT("a:22\r\n"),
		TEXT("\377\361"
		     "B\r\n>> Host name: -- Trying a [127.0.0.1:22] ...\r\n-- Connected to a.\r\n"),
		PEER_OPEN},
	{"delegate, by rule", {"dialect=delegate", "banner="}, NULL, FP_ERULE, TEXT("a:22\r\n"),
		TEXT("\377\361>> Host name: -- Trying a [127.0.0.1:22] ...\r\n!!!!!!!! HOST <a> not "
		     "permitted by "
		     "DeleGate\r\n>> Host name: "),
		PEER_MORE},
	{"delegate ends at an empty line", {"dialect=delegate", "banner="}, NULL, 0, TEXT("\r\n"),
		TEXT("\377\361>> Host name: "), PEER_FAIL},
	{"echo once it is agreed", {"iac=yes", "echo=agreed"}, NULL, 0, TEXT("a\377\375\001b 1\r\n"),
		TEXT("\377\373\001\377\373\003"
		     "b 1\r\nConnected to ab.\r\n"),
		PEER_OPEN},
	{"own words", {"banner=hi\\t%%\\r\\n", "prompt=go> ", "success=Up: %h %p"}, NULL, 0,
		TEXT("c a 22\r\n"), TEXT("hi\t%\r\ngo> Up: a 22\r\n"), PEER_OPEN},
	{"login", {NULL}, "alice:s3cret", 0, TEXT("alice\r\ns3cret\r\nc a 22\r\n"),
		TEXT("Username: Password: \r\nLogin Accepted\r\nConnected to a.\r\n"), PEER_OPEN},
	{"login, the third try", {NULL}, "alice:s3cret", 0,
		TEXT("alice\r\nx\r\nbob\r\ns3cret\r\nalice\r\ns3cret\r\n"),
		TEXT("Username: Password: \r\nLogin failed.\r\nUsername: Password: \r\nLogin failed.\r\n"
		     "Username: Password: \r\nLogin Accepted\r\n"),
		PEER_MORE},
	{"a password is not sent back", {"echo=always"}, "alice:s3cret", 0, TEXT("alice\r\ns3cret\r\n"),
		TEXT("Username: alice\r\nPassword: \r\nLogin Accepted\r\n"), PEER_MORE},
	{"login, three failures", {NULL}, "a:b", 0, TEXT("a\nc\na\nd\na\ne\n"),
		TEXT("Username: Password: \r\nLogin failed.\r\nUsername: Password: \r\nLogin failed.\r\n"
		     "Username: Password: \r\nLogin failed.\r\n"),
		PEER_FAIL},
	{"quit", {"dialect=fwtk", "iac=no", "echo=never"}, NULL, 0, TEXT("quit\r\n"), TEXT(FWTK "Bye.\r\n"),
		PEER_FAIL},
};

START_TEST(test_dialogue)
{
	const struct dialogue *d = &dialogues[_i];

	serve_defaults();
	if (d->user != NULL)
		serve_user(d->user);
	for (int i = 0; i < 4 && d->knobs[i] != NULL; i++)
		knob(d->knobs[i]);
	dial_err = d->err;
	serve_every(d->id, &got, ROLE_TELNET, d->in, false);
	ck_assert_msg(got.n == d->out.n && memcmp(got.out, d->out.p, d->out.n) == 0, "%s: %.*s", d->id,
		(int)got.n, got.out);
	ck_assert_msg(got.want == d->want, "%s: want %d", d->id, (int)got.want);
}
END_TEST

static const struct bug {
	enum fp_bug bug;
	const char *knob;
	int err;
	struct span in, out;
	enum peer_want want;
} bug_table[] = {
	{BUG_TN_UNKNOWN_AGREED, "iac=no", 0, OCTETS(IAC, DO, 24, IAC, WILL, 31),
		OCTETS(IAC, WILL, 24, IAC, DO, 31), PEER_MORE},
	{BUG_TN_UNANSWERED, "iac=no", 0, OCTETS(IAC, DO, 24, IAC, WILL, 31), {NULL, 0}, PEER_MORE},
	{BUG_TN_ACK_LOOP, "iac=yes", 0, OCTETS(IAC, DONT, 1, IAC, DONT, 1),
		OCTETS(IAC, WILL, 1, IAC, WILL, 3, IAC, WILL, 1, IAC, WILL, 1), PEER_MORE},
	{BUG_TN_ANNOUNCE, "iac=yes", 0, OCTETS(IAC, DO, 3), OCTETS(IAC, WILL, 1, IAC, WILL, 3, IAC, WILL, 3),
		PEER_MORE},
	{BUG_TN_SB_UNASKED, "iac=no", 0, TEXT("x"), OCTETS(IAC, 250, 24, 1, IAC, 240), PEER_MORE},
	{BUG_TN_SB_IAC, "iac=no", 0, OCTETS('a', IAC, 250, 24, 0, IAC, IAC, 'b', '\n'),
		TEXT("Connected to ab.\r\n"), PEER_OPEN},
	{BUG_TN_IAC_AS_TEXT, "iac=no", 0, OCTETS('a', IAC, 241, '\n'), TEXT("Connected to a\377\361.\r\n"),
		PEER_OPEN},
	{BUG_TN_NUL_KEPT, "iac=no", 0, OCTETS('a', '\r', 0), TEXT("Connected to a.\r\n"), PEER_OPEN},
	{BUG_TN_LF_ONLY, "iac=no", 0, TEXT("a\n"), TEXT("Connected to a.\n"), PEER_OPEN},
	{BUG_TN_CR_ONLY, "iac=no", 0, TEXT("a\n"), TEXT("Connected to a.\r"), PEER_OPEN},
	{BUG_TN_NO_SUCCESS, "iac=no", 0, TEXT("a\n"), {NULL, 0}, PEER_OPEN},
	{BUG_TN_SUCCESS_FAILED, "iac=no", ECONNREFUSED, TEXT("a\n"), TEXT("Connected to a.\r\n"), PEER_FAIL},
};

START_TEST(test_bug)
{
	const struct bug *b = &bug_table[_i];

	serve_defaults();
	knob(b->knob);
	bugs.on[b->bug] = true;
	dial_err = b->err;
	serve_every(fp_bug_name(b->bug), &got, ROLE_TELNET, b->in, false);
	serve_sent(fp_bug_name(b->bug), &got, b->out);
	ck_assert_int_eq(got.want, b->want);
	ck_assert(bugs.shown[b->bug]);
}
END_TEST

/* A text that names the host a hundred times still has its end. */
START_TEST(test_long_text)
{
	char text[256] = "success=", in[256];
	size_t host = 200;

	serve_defaults();
	for (int i = 0; i < 100; i++)
		memcpy(text + 8 + 2 * i, "%h", 3);
	knob(text);
	memset(in, 'a', host);
	in[host] = '\n';
	serve(&got, ROLE_TELNET, span_of(in, host + 1), 10, 100, false);
	ck_assert_int_eq(got.want, PEER_OPEN);
	ck_assert_uint_eq(got.n, 100 * host + 2);
	ck_assert_int_eq(memcmp(got.out + got.n - 3, "a\r\n", 3), 0);
}
END_TEST

/* The whole name is compared, not as much of it as was kept. */
START_TEST(test_name)
{
	static const char *const after[] = {"", "u", "\0"};

	for (size_t i = 0; i < COUNT(after); i++) {
		char user[260], in[270];
		size_t n = 255, more = i == 0 ? 0 : 1;

		memset(user, 'u', n);
		memcpy(user + n, ":p", 3);
		serve_defaults();
		serve_user(user);
		memset(in, 'u', n);
		memcpy(in + n, after[i], more);
		memcpy(in + n + more, "\r\np\r\n", 5);
		serve(&got, ROLE_TELNET, span_of(in, n + more + 5), 100, 1, false);
		ck_assert_int_eq(serve_contains(&got, "Login Accepted"), i == 0);
		ck_assert_int_eq(serve_contains(&got, "Login failed"), i != 0);
	}
}
END_TEST

START_TEST(test_trace)
{
	static const char want[] = "--- dialogue                                       RFC854\n"
				   "P> \"Username: \"\n"
				   "C> \"alice\\r\\n\"\n"
				   "P> \"Password: \"\n"
				   "C> \"***\\r\\n\"\n"
				   "P> \"\\r\\n\"\n"
				   "P> \"Login Accepted\\r\\n\"\n"
				   "C> ff fd 18\n"
				   "P> ff fc 18\n"
				   "C> \"c a 22\\n\"\n"
				   "T: accept ; 127.0.0.1:22 from 127.0.0.1:40663\n"
				   "P> \"Connected to a.\\r\\n\"\n";
	const struct span in = TEXT("alice\r\ns3cret\r\n\377\375\030c a 22\n");

	serve_defaults();
	serve_user("alice:s3cret");
	with_notes = true;
	serve(&got, ROLE_TELNET, in, 3, 2, false);
	got.notes_room[got.notes.n] = '\0';
	ck_assert_str_eq((char *)got.notes_room, want);
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, test_command, commands);
	LOOP(tc, test_option, options);
	LOOP(tc, test_dialogue, dialogues);
	LOOP(tc, test_bug, bug_table);
	tcase_add_test(tc, test_long_text);
	tcase_add_test(tc, test_name);
	tcase_add_test(tc, test_trace);
}

int
main(void)
{
	return unit_run("fake_telnet", fill);
}
