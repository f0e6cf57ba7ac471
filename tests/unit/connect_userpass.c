/* SPDX-License-Identifier: ISC
 * connect_userpass.c - user name and password in the client of SOCKS5 (RFC 1929), octet by octet.
 * One thing to know: a password goes out only after METHOD 2 was offered and chosen, and is in no note. */
#include <stdio.h>

#include "client.h"
#include "lib/drive.h"
#include "lib/unit.h"

struct who {
	const char *user, *pass;
	bool known; /* before it is asked for */
};

static struct client client;

static struct peer *
fresh(const void *arg)
{
	const struct who *w = arg;
	static const struct dst dst = {DST_IP4, "127.0.0.1", {127, 0, 0, 1}, 22};

	memset(&client, 0, sizeof client);
	client.dst = dst;
	client.u.s5.method[1] = 2;
	client.u.s5.n = 2;
	if (w->known) {
		client.user = w->user;
		client.pass = w->pass;
	}
	socks5_start(&client);
	return &client.peer;
}

static void
answer(struct peer *p, const void *arg)
{
	const struct who *w = arg;

	ck_assert_ptr_eq(p, &client.peer);
	client.user = w->user;
	client.pass = w->pass;
}

static const struct who userpass = {"user", "pass", false};
static const struct who preset = {"user", "pass", true};
static const struct who utf8 = {"\xe7\x94\xa8\xe6\x88\xb7", "\xe5\xaf\x86", false};
static const struct who no_pass = {"user", "", false};
static const struct who nothing = {"", "", false};
static const struct who high = {"\xff\x01", "\xfe\x02\x80", false};

#define GREETING 0x05, 0x02, 0x00, 0x02
#define REQUEST 0x05, 0x01, 0x00, 0x01, 0x7f, 0x00, 0x00, 0x01, 0x00, 0x16
#define UP_V01 0x01, 0x04, 0x75, 0x73, 0x65, 0x72, 0x04, 0x70, 0x61, 0x73, 0x73
#define SUCCESS 0x05, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00
#define DIALOGUE \
	{ \
		OCTETS(0x05, 0x02, 0x01, 0x00, SUCCESS) \
	}
#define OPENS .want = PEER_OPEN, .eaten = 14, .decided = 14, .mark = {2, 4, 14}
#define DENIED(c) \
	.want = PEER_FAIL, .why = FAIL_AUTH, .code = (c), .text = "authentication failed", .eaten = 2, \
	.decided = 4, .mark = {2}, .out = {OCTETS(GREETING, UP_V01)}

static const struct drive cases[] = {
	{"UP-V01 user and pass", fresh, answer, &userpass, DIALOGUE, OPENS,
		.out = {OCTETS(GREETING, UP_V01, REQUEST)}},
	{"UP-V01 known before", fresh, NULL, &preset, DIALOGUE, OPENS,
		.out = {OCTETS(GREETING, UP_V01, REQUEST)}},
	{"UP-V05 UTF-8 as given, lengths in octets", fresh, answer, &utf8, DIALOGUE, OPENS,
		.out = {OCTETS(GREETING, 0x01, 0x06, 0xe7, 0x94, 0xa8, 0xe6, 0x88, 0xb7, 0x03, 0xe5, 0xaf,
			0x86, REQUEST)}},
	{"octets from 1 to FF as given", fresh, answer, &high, DIALOGUE, OPENS,
		.out = {OCTETS(GREETING, 0x01, 0x02, 0xff, 0x01, 0x03, 0xfe, 0x02, 0x80, REQUEST)}},
	{"UP-M02 an empty password has length 0", fresh, answer, &no_pass, DIALOGUE, OPENS,
		.out = {OCTETS(GREETING, 0x01, 0x04, 0x75, 0x73, 0x65, 0x72, 0x00, REQUEST)}},
	{"UP-M01 user and password empty", fresh, answer, &nothing, DIALOGUE, OPENS,
		.out = {OCTETS(GREETING, 0x01, 0x00, 0x00, REQUEST)}},
	{"S5-V07 the password is asked for after METHOD 2 only", fresh, NULL, &userpass, {OCTETS(0x05, 0x02)},
		.want = PEER_ASK, .eaten = 2, .mark = {2}, .out = {OCTETS(GREETING)}},
	{"METHOD 0: no password is sent", fresh, NULL, &preset, {OCTETS(0x05, 0x00, SUCCESS)},
		.want = PEER_OPEN, .eaten = 12, .decided = 12, .mark = {2, 12},
		.out = {OCTETS(GREETING, REQUEST)}},
	{"UP-V02 accepted, then silence", fresh, answer, &userpass, {OCTETS(0x05, 0x02, 0x01, 0x00)},
		.want = PEER_MORE, .eaten = 4, .mark = {2, 4}, .out = {OCTETS(GREETING, UP_V01, REQUEST)}},
	{"UP-V03 STATUS 1", fresh, answer, &userpass, {OCTETS(0x05, 0x02, 0x01, 0x01)}, DENIED(1)},
	{"UP-V04 STATUS FF", fresh, answer, &userpass, {OCTETS(0x05, 0x02, 0x01, 0xff)}, DENIED(255)},
	{"STATUS 1, then closed", fresh, answer, &userpass, {OCTETS(0x05, 0x02, 0x01, 0x01)}, .eof = true,
		DENIED(1)},
	{"UP-M04 VER 5 in the status is tolerated", fresh, answer, &userpass,
		{OCTETS(0x05, 0x02, 0x05, 0x00, SUCCESS)}, OPENS, .out = {OCTETS(GREETING, UP_V01, REQUEST)}},
	{"UP-M05 VER 0 in the status is tolerated", fresh, answer, &userpass,
		{OCTETS(0x05, 0x02, 0x00, 0x00, SUCCESS)}, OPENS, .out = {OCTETS(GREETING, UP_V01, REQUEST)}},
	{"closed where the status is due", fresh, answer, &userpass, {OCTETS(0x05, 0x02)}, .eof = true,
		.want = PEER_FAIL, .why = FAIL_EOF, .code = -1, .eaten = 2, .decided = 2,
		.out = {OCTETS(GREETING, UP_V01)}},
};

START_TEST(conversation)
{
	drive_check(&cases[_i]);
}
END_TEST

START_TEST(every_status)
{
	uint8_t text[14] = {0x05, 0x02, 0x01, 0x00, SUCCESS};
	struct drive d = {
		.name = "STATUS", .fresh = fresh, .ask = answer, .arg = &userpass, .in = {{text, 14}}};
	char detail[64];

	for (int status = 0; status < 256; status++) {
		text[3] = (uint8_t)status;
		d.want = status == 0 ? PEER_OPEN : PEER_FAIL;
		d.why = status == 0 ? FAIL_NONE : FAIL_AUTH;
		d.code = status;
		d.eaten = status == 0 ? 14 : 2;
		d.decided = status == 0 ? 14 : 4;
		drive_quick(&d);
		snprintf(detail, sizeof detail, "STATUS %d", status);
		if (status != 0)
			ck_assert_str_eq(client.detail, detail);
	}
}
END_TEST

static const size_t lengths[] = {1, 2, 127, 128, 254, 255};

START_TEST(lengths_up_to_255)
{
	char user[256], pass[256];
	struct who w = {user, pass, false};
	uint8_t sent[4 + 3 + 510 + 10];
	struct drive d = {.name = "length", .fresh = fresh, .ask = answer, .arg = &w, .in = DIALOGUE, OPENS};
	struct obuf o;

	for (size_t i = 0; i < COUNT(lengths); i++) {
		size_t u = lengths[(size_t)_i], p = lengths[i];

		memset(user, 'u', u);
		memset(pass, 'p', p);
		user[u] = pass[p] = '\0';
		o = ob_over(sent, sizeof sent);
		ob_put(&o, (const uint8_t[]){GREETING, 0x01, (uint8_t)u}, 6);
		ob_put(&o, user, u);
		ob_u8(&o, (unsigned)p);
		ob_put(&o, pass, p);
		ob_put(&o, (const uint8_t[]){REQUEST}, 10);
		ck_assert(!o.over);
		d.out[0] = span_of(sent, o.n);
		drive_check(&d);
	}
}
END_TEST

/* An octet cannot count 256; nothing of it is sent, least of all a length of 0 before the password. */
START_TEST(more_than_255_octets_are_refused)
{
	char text[1000];
	struct who long_user = {text, "pass", false}, long_pass = {"user", text, false};
	struct drive d = {.name = "too long",
		.fresh = fresh,
		.ask = answer,
		.in = DIALOGUE,
		.want = PEER_FAIL,
		.why = FAIL_INPUT,
		.code = -1,
		.eaten = 2,
		.decided = 2,
		.out = {OCTETS(GREETING)}};

	for (size_t n = 256; n < sizeof text; n += 128) {
		memset(text, 'x', n);
		text[n] = '\0';
		d.arg = &long_user;
		drive_check(&d);
		d.arg = &long_pass;
		drive_check(&d);
	}
}
END_TEST

START_TEST(no_note_holds_the_password)
{
	static const struct who w = {"joe-user", "S3cret-Word", false};
	char text[4096];
	struct obuf notes = ob_over(text, sizeof text - 1);
	static const uint8_t replies[] = {0x05, 0x02, 0x01, 0x00, SUCCESS};
	uint8_t buf[128];
	struct obuf out = ob_over(buf, sizeof buf);
	struct span in = {NULL, 0};

	(void)fresh(&w);
	client.peer.notes = &notes;
	socks5_start(&client);
	ck_assert_int_eq(client.peer.step(&client.peer, &in, false, &out), PEER_MORE);
	in = span_of(replies, sizeof replies);
	ck_assert_int_eq(client.peer.step(&client.peer, &in, false, &out), PEER_ASK);
	answer(&client.peer, &w);
	ck_assert_int_eq(client.peer.step(&client.peer, &in, false, &out), PEER_OPEN);
	text[notes.n] = '\0';
	ck_assert_ptr_null(strstr(text, "S3cret"));
	ck_assert_ptr_null(strstr(text, "53 33 63")); /* in hexadecimal */
	ck_assert_ptr_nonnull(strstr(text, "auth method: USERPASS\n"
					   "atomic_out()  [some bytes]\n>>> xx xx xx xx ...\n"
					   "atomic_in() [2 bytes]\n<<< 01 00\n"));
	ck_assert_ptr_null(strstr(client.detail, "S3cret"));
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, conversation, cases);
	tcase_add_test(tc, every_status);
	LOOP(tc, lengths_up_to_255, lengths);
	tcase_add_test(tc, more_than_255_octets_are_refused);
	tcase_add_test(tc, no_note_holds_the_password);
}

int
main(void)
{
	return unit_run("connect userpass", fill);
}
