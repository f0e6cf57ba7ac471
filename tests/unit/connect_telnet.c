/* SPDX-License-Identifier: ISC
 * connect_telnet.c - the client of a telnet proxy: the command, phrases, prompts, and the octets of RFC 854, 855, 1143.
 * One thing to know: no standard says how such proxies talk; the dialogues are those of DeleGate and the TIS gateway. */
#include <stdio.h>
#include <stdlib.h>

#include "client.h"
#include "lib/drive.h"
#include "lib/unit.h"

struct who {
	const char *host, *command;
	const char *good, *bad;
};

static struct client client;

static struct peer *
fresh(const void *arg)
{
	const struct who *w = arg;
	static const char *const bad[] = {" failed", " refused", " rejected", " closed"};

	memset(&client, 0, sizeof client);
	client.dst.host = w->host;
	client.dst.port = 22;
	client.u.tel.command = w->command;
	client.u.tel.good[0] = w->good == NULL ? "connected to" : w->good;
	for (size_t i = 0; i < 4; i++)
		client.u.tel.bad[i] = bad[i];
	if (w->bad != NULL) {
		client.u.tel.bad[0] = w->bad;
		client.u.tel.bad[1] = NULL;
	}
	telnet_start(&client);
	return &client.peer;
}

#define LEN(s) (sizeof(s) - 1)
#define COMMAND "telnet target.example 22\r\n"
#define GOOD "-- Connected to target.example.\r\n"

static const struct who target = {"target.example", "telnet target.example 22", NULL, NULL};
static const struct who delegate = {"target.example", "target.example:22", NULL, NULL};
static const struct who own = {"target.example", "c target.example", "go ahead", "no way"};
static const struct who phrase_good = {"connected to.example", "telnet connected to.example 22", NULL, NULL};
static const struct who phrase_bad = {"x refused.example", "telnet x refused.example 22", NULL, NULL};
static const struct who echoes = {"h", "say connected to h", NULL, NULL};
static const struct who short_t = {"t", "telnet t 22", NULL, NULL};
static const struct who short_c = {"c", "telnet c 22", NULL, NULL};
static const struct who short_to = {"to", "telnet to 22", NULL, NULL};
static const struct who short_e = {"e", "telnet e 22", NULL, NULL};
static const struct who short_connected = {"connected", "telnet connected 22", NULL, NULL};
static const struct who with_iac = {"a\xff\xf4z", "telnet a\xff\xf4z 22", NULL, NULL};

#define TARGET fresh, NULL, &target
#define TALK(greeting_, s, answers) \
	.in = {TEXT(greeting_ s)}, .waits = true, .greeting = LEN(greeting_), .want = PEER_OPEN, \
	.eaten = LEN(greeting_ s), .decided = LEN(greeting_ s), .out = {TEXT(answers COMMAND)}
#define OPENS(s) TALK("", s, "")
/* Closed before the line's end, the phrase may stand there already: then it counts too. */
#define REFUSED(s) \
	.in = {TEXT(s)}, .waits = true, .want = PEER_FAIL, .why = FAIL_REFUSED, .code = -1, .eaten = LEN(s), \
	.decided = LEN(s), .out = {TEXT(COMMAND)}, .eof_elsewhere = true
#define WAITS(s) .in = {TEXT(s)}, .waits = true, .want = PEER_MORE, .eaten = LEN(s), .out = {TEXT(COMMAND)}
#define ENDS(s) \
	.in = {TEXT(s)}, .waits = true, .eof = true, .want = PEER_FAIL, .why = FAIL_EOF, .code = -1, \
	.eaten = LEN(s), .decided = LEN(s), .out = {TEXT(COMMAND)}
static const struct drive cases[] = {
	/* Dialogues. */
	{"TN-V11 V16 the default command; the line of success", TARGET, OPENS(GOOD)},
	{"TN-V12 another command", fresh, NULL, &delegate, .waits = true, .in = {TEXT(GOOD)},
		.want = PEER_OPEN, .eaten = LEN(GOOD), .decided = LEN(GOOD),
		.out = {TEXT("target.example:22\r\n")}},
	{"TN-V14 a prompt without line end, silence", TARGET, WAITS(">> Host name: ")},
	{"TN-V15 progress is no success", TARGET, WAITS("-- Trying target.example [192.0.2.7:22] ...\r\n")},
	{"DeleGate, from banner to success", TARGET,
		OPENS("DeleGate/9.9\r\n\r\n>> Host name: telnet target.example 22\r\n-- Trying "
		      "target.example [192.0.2.7:22] ...\r\n" GOOD)},
	{"TN-V18 tn-gw's prompt before the line of success", TARGET,
		OPENS("gw telnet proxy (Version V1.0) ready:\r\ntn-gw-> Trying 192.0.2.7 port "
		      "22...\r\nConnected to 192.0.2.7.\r\n")},
	{"prompt and success in one line", TARGET, OPENS("tn-gw-> Connected to x\n")},
	{"LF only", TARGET, OPENS("hello\nconnected to x\n")},
	{"capitals", TARGET, OPENS("CONNECTED TO TARGET.EXAMPLE\r\n")},
	{"empty lines", TARGET, OPENS("\r\n\r\n\n" GOOD)},
	{"the line of Escape character is not waited for", TARGET, .waits = true,
		.in = {TEXT(GOOD "Escape character is '^]'.\r\n")}, .want = PEER_OPEN, .eaten = LEN(GOOD),
		.decided = LEN(GOOD)},
	{"CR NUL inside a line", TARGET, OPENS("one\r\0two\r\n" GOOD)},
	{"NUL inside the phrase", TARGET, OPENS("con\0nected\0 to x\r\n")},

	/* Not connected. */
	{"failed", TARGET, REFUSED("connect to x failed\r\n")},
	{"refused", TARGET, REFUSED("hello\r\nx: connection refused.\r\n")},
	{"rejected", TARGET, REFUSED("Request REJECTED by rule\n")},
	{"closed", TARGET, REFUSED("Connection closed by foreign host.\r\n")},
	{"without a blank before it", TARGET, REFUSED("Failed!\r\n")},
	{"behind punctuation", TARGET, REFUSED("error:refused\r\n")},
	{"inside a word it is none", TARGET, WAITS("it is disclosed and unrefused\r\n")},
	{"not connected to", TARGET, WAITS("not connected to target.example\r\n")},
	{"Not Connected To, and why", TARGET, REFUSED("Not Connected To target.example: refused\r\n")},
	{"not connected to, then connected to, in one line", TARGET,
		OPENS("not connected to a; connected to b\r\n")},
	{"knot connected to", TARGET, .waits = true, .in = {TEXT("not really connected to x\r\n")},
		.want = PEER_OPEN, .eaten = 27, .decided = 27},
	{"good and bad in one line is good", TARGET, OPENS("Connected to proxy refused.example\r\n")},
	{"bad, then good, in lines", TARGET, .waits = true, .in = {TEXT("x refused\r\n" GOOD)},
		.want = PEER_FAIL, .why = FAIL_REFUSED, .code = -1, .eaten = 11, .decided = 11,
		.eof_elsewhere = true},
	{"TN-V17 closed after DeleGate's refusal", TARGET,
		ENDS("!!!!!!!! HOST <192.0.2.1> not permitted by DeleGate\r\n")},
	{"closed at once", TARGET, ENDS("")},
	{"closed inside a line", TARGET, ENDS("hello")},
	{"closed with a bad phrase, no line end", TARGET, .waits = true, .in = {TEXT("connection refused")},
		.eof = true, .want = PEER_FAIL, .why = FAIL_REFUSED, .code = -1, .eaten = 18, .decided = 18},
	{"closed with the good phrase, no line end", TARGET, ENDS("connected to x")},

	/* Phrases of one's own. */
	{"--good-phrase", fresh, NULL, &own, .waits = true,
		.in = {TEXT("connected to x\r\nwell, GO AHEAD then\r\n")}, .want = PEER_OPEN, .eaten = 37,
		.decided = 37, .out = {TEXT("c target.example\r\n")}},
	{"--bad-phrase", fresh, NULL, &own, .waits = true, .in = {TEXT("it is refused\r\nNo Way\r\n")},
		.want = PEER_FAIL, .why = FAIL_REFUSED, .code = -1, .eaten = 23, .decided = 23,
		.eof_elsewhere = true},

	/* What the proxy repeats is not its opinion. */
	{"echo of a command with the phrase", fresh, NULL, &echoes, .waits = true,
		.in = {TEXT("say connected to h\r\nnothing\r\n")}, .want = PEER_MORE, .eaten = 29},
	{"a host whose name holds the good phrase", fresh, NULL, &phrase_good, .waits = true,
		.in = {TEXT(">> telnet connected to.example 22\r\nTrying connected to.example\r\nConnected "
			    "to connected to.example\r\n")},
		.want = PEER_OPEN, .eaten = 99, .decided = 99},
	{"a host whose name holds the good phrase, failing", fresh, NULL, &phrase_good, .waits = true,
		.in = {TEXT("connected to.example: failed\r\n")}, .want = PEER_FAIL, .why = FAIL_REFUSED,
		.code = -1, .eaten = 30, .decided = 30, .eof_elsewhere = true},
	{"a host whose name holds a bad phrase", fresh, NULL, &phrase_bad, .waits = true,
		.in = {TEXT("Trying x refused.example\r\nConnected to x refused.example\r\n")},
		.want = PEER_OPEN, .eaten = 58, .decided = 58, .eof_elsewhere = true},
	{"host t", fresh, NULL, &short_t, .waits = true, .in = {TEXT("Trying t\r\nConnected to t.\r\n")},
		.want = PEER_OPEN, .eaten = 27, .decided = 27},
	{"host c", fresh, NULL, &short_c, .waits = true, .in = {TEXT("Connected to c.\r\n")},
		.want = PEER_OPEN, .eaten = 17, .decided = 17},
	{"host to", fresh, NULL, &short_to, .waits = true, .in = {TEXT("Connected to to.\r\n")},
		.want = PEER_OPEN, .eaten = 18, .decided = 18},
	{"host connected", fresh, NULL, &short_connected, .waits = true,
		.in = {TEXT("Connected to connected.\r\n")}, .want = PEER_OPEN, .eaten = 25, .decided = 25},
	{"host e, failing", fresh, NULL, &short_e, .waits = true, .in = {TEXT("e: connection refused\r\n")},
		.want = PEER_FAIL, .why = FAIL_REFUSED, .code = -1, .eaten = 23, .decided = 23,
		.eof_elsewhere = true},

	/* Telnet commands: those of the greeting are answered before the command goes out. */
	{"TN-V01 V02 WILL is answered by DONT", TARGET, TALK("\xff\xfb\x01", GOOD, "\xff\xfe\x01")},
	{"TN-V03 V04 DO is answered by WONT", TARGET, TALK("\xff\xfd\x18", GOOD, "\xff\xfc\x18")},
	{"WONT and DONT are not answered", TARGET, TALK("\xff\xfc\x01", "\xff\xfe\x18" GOOD, "")},
	{"a greeting with options and a prompt", TARGET,
		TALK("\xff\xfd\x18\xff\xfb\x01Welcome\r\n\xff\xf9tn-gw-> ", "Trying\r\n" GOOD,
			"\xff\xfc\x18\xff\xfe\x01")},
	{"a greeting of lines", TARGET, TALK("one\r\ntwo\r\n>> Host name: ", GOOD, "")},
	{"a refusal in the greeting", TARGET, .in = {TEXT("too many users: connection closed\r\n")},
		.waits = true, .greeting = 35, .want = PEER_FAIL, .why = FAIL_REFUSED, .code = -1,
		.eaten = 35, .decided = 35, .eof_elsewhere = true, .quiet = true},
	{"closed in the greeting", TARGET, .in = {TEXT("hello")}, .waits = true, .greeting = 6, .eof = true,
		.want = PEER_FAIL, .why = FAIL_EOF, .code = -1, .eaten = 5, .decided = 5, .quiet = true},
	{"TN-V05 IAC IAC is data", TARGET, TALK("", "\xff\xff\r\nconnected\xff\xff to\r\n" GOOD, "")},
	{"TN-V06 a sub-negotiation is skipped", TARGET, TALK("\xff\xfa\x18\x01\xff\xf0", GOOD, "")},
	{"TN-V07 with IAC IAC in it", TARGET, TALK("", "\xff\xfa\x18\x00\xff\xff\xff\xf0" GOOD, "")},
	{"with IAC IAC SE in it", TARGET,
		TALK("", "\xff\xfa\x18\xff\xff\xf0 connected to x\r\n\xff\xf0" GOOD, "")},
	{"TN-V08 NOP, and the other commands of two octets", TARGET,
		TALK("\xff\xf1",
			"\xff\xf2\xff\xf3\xff\xf4\xff\xf5\xff\xf6\xff\xf7\xff\xf8\xff\xf9\xff\xf0\xff\x00\xff"
			"\x0a" GOOD,
			"")},
	{"TN-M01 IAC at the end", TARGET, .in = {TEXT("hello\xff")}, .waits = true, .want = PEER_MORE,
		.eaten = 5, .out = {TEXT(COMMAND)}},
	{"IAC WILL at the end", TARGET, .in = {TEXT("hello\xff\xfb")}, .waits = true, .want = PEER_MORE,
		.eaten = 5, .out = {TEXT(COMMAND)}},
	{"TN-M02 a sub-negotiation without end, then closed", TARGET, .in = {TEXT("\xff\xfa\x18\x01")},
		.waits = true, .eof = true, .want = PEER_FAIL, .why = FAIL_EOF, .code = -1, .decided = 4,
		.out = {TEXT(COMMAND)}},
	{"an option asked for twice is refused once", TARGET,
		TALK("\xff\xfb\x01\xff\xfb\x01\xff\xfd\x01\xff\xfd\x01", GOOD, "\xff\xfe\x01\xff\xfc\x01")},
	{"option 255", TARGET, TALK("\xff\xfb\xff\xff\xfd\xff", GOOD, "\xff\xfe\xff\xff\xfc\xff")},
	{"options 13 and 10 end no line", TARGET,
		TALK("connected t\xff\xfb\x0a\xff\xfd\x0d", "o x\r\n", "\xff\xfe\x0a\xff\xfc\x0d")},
	{"options after the command are not answered: it could be the tunnel's first octets", TARGET,
		TALK("", "\xff\xfb\x01\xff\xfd\x18one\r\n" GOOD, "")},
	{"commands inside the phrase", TARGET,
		TALK("",
			"conn\xff\xfb\x01"
			"ected\xff\xf1 to\xff\xfa\x18\n\xff\xf0 x\r\xff\xf9\n",
			"")},
};

START_TEST(conversation)
{
	drive_check(&cases[_i]);
}
END_TEST

/* A NOP, an option and a sub-negotiation at each place of a line: not part of it, and never torn. */
START_TEST(telnet_commands_in_every_position)
{
	static const struct span cmds[] = {
		TEXT("\xff\xf1"), TEXT("\xff\xfb\x03"), TEXT("\xff\xfa\x1f\x00\xff\xff\x0a\xff\xf0")};
	static const char line[] = "Hi\r\nConnected to x\r\n";
	uint8_t text[64];
	struct drive d = {.name = "command in a line",
		.fresh = fresh,
		.arg = &target,
		.waits = true,
		.want = PEER_OPEN,
		.out = {TEXT(COMMAND)}};

	for (size_t at = 0; at < LEN(line); at++) {
		struct span cmd = cmds[_i];

		memcpy(text, line, at);
		memcpy(text + at, cmd.p, cmd.n);
		memcpy(text + at + cmd.n, line + at, LEN(line) - at);
		d.in[0] = span_of(text, LEN(line) + cmd.n);
		d.eaten = d.decided = d.in[0].n;
		drive_check(&d);
	}
}
END_TEST

START_TEST(every_option_is_refused_once)
{
	uint8_t text[256 * 6 + 2 * 6];
	struct drive d = {.name = "options", .fresh = fresh, .arg = &target};
	struct drive_end e;
	uint8_t *want = malloc(256 * 6);
	struct obuf o = ob_over(text, sizeof text), a = ob_over(want, 256 * 6);

	ck_assert_ptr_nonnull(want);
	for (unsigned opt = 0; opt < 256; opt++) {
		ob_put(&o, (const uint8_t[]){0xff, 0xfb, (uint8_t)opt, 0xff, 0xfd, (uint8_t)opt}, 6);
		ob_put(&a, (const uint8_t[]){0xff, 0xfe, (uint8_t)opt, 0xff, 0xfc, (uint8_t)opt}, 6);
	}
	ob_put(&o, "\xff\xfb\x01\xff\xfd\xff\xff\xfb\x80\xff\xfd\x7f", 12); /* again: no answer */
	ck_assert(!o.over);
	d.in[0] = span_of(text, o.n);
	d.waits = true;
	d.greeting = o.n;
	for (size_t by = 1; by < 9; by++) {
		drive_pieces(&d, by, &e);
		ck_assert_int_eq(e.want, PEER_MORE);
		ck_assert_uint_eq(e.eaten, o.n);
		ck_assert(span_eq(span_of(e.out[0], e.nout[0] - LEN(COMMAND)), span_of(want, a.n)));
	}
	free(want);
}
END_TEST

/* The phrase at each place of a line of 6000 octets, good and bad. */
START_TEST(phrases_in_a_very_long_line)
{
	enum { LONG = 6000 };
	static char text[LONG + 2];
	static const char *const phrase[] = {" connected to ", " refused "};
	struct drive d = {.name = "long line",
		.fresh = fresh,
		.arg = &target,
		.in = {{(const uint8_t *)text, LONG + 2}}};
	struct drive_end e;

	for (size_t at = 0; at < LONG - 20; at += at % 500 < 20 ? 1 : 13) {
		memset(text, 'x', LONG);
		memcpy(text + LONG, "\r\n", 2);
		memcpy(text + at, phrase[_i], strlen(phrase[_i]));
		drive_pieces(&d, 1500, &e);
		ck_assert_msg(e.want == (_i == 0 ? PEER_OPEN : PEER_FAIL),
			"the phrase at %zu of the line is not seen", at);
		if (_i == 1)
			ck_assert_int_eq(e.why, FAIL_REFUSED);
	}
}
END_TEST

/* "not connected to" is no success, wherever a long line is taken apart. */
START_TEST(the_contrary_in_a_very_long_line)
{
	enum { LONG = 3000 };
	static char text[LONG + 2];
	struct drive d = {.name = "long line",
		.fresh = fresh,
		.arg = &target,
		.in = {{(const uint8_t *)text, LONG + 2}}};
	struct drive_end e;

	for (size_t at = 0; at < LONG - 20; at++) {
		memset(text, 'x', LONG);
		memcpy(text + LONG, "\r\n", 2);
		memcpy(text + at, " not connected to ", 18);
		drive_whole(&d, &e);
		ck_assert_msg(e.want == PEER_MORE, "taken for success at %zu of the line", at);
	}
}
END_TEST

/* Talk without end and without result is given up, with lines and without. */
START_TEST(endless_talk_is_bounded)
{
	enum { MUCH = 3 * 1024 * 1024 };
	char *text = malloc(MUCH);
	struct drive d = {.name = "endless", .fresh = fresh, .arg = &target};
	struct drive_end e;

	ck_assert_ptr_nonnull(text);
	for (int lines = 0; lines < 2; lines++) {
		for (size_t i = 0; i < MUCH; i++)
			text[i] = lines && i % 70 == 69 ? '\n' : 'x';
		d.in[0] = span_of(text, MUCH);
		drive_pieces(&d, 4093, &e);
		ck_assert_int_eq(e.want, PEER_FAIL);
		ck_assert_int_eq(e.why, FAIL_PROTOCOL);
		ck_assert_uint_ge(e.fed, 16 * 1024);
	}
	memcpy(text, "\xff\xfa\x18", 3); /* a sub-negotiation */
	drive_pieces(&d, 4093, &e);
	ck_assert(e.too_long || (e.want == PEER_FAIL && e.why == FAIL_PROTOCOL));
	free(text);
}
END_TEST

/* RFC 854: an octet 255 of data is sent twice; once it is the beginning of a command to the proxy.  Or refuse it. */
START_TEST(no_telnet_command_gets_into_the_request)
{
	uint8_t buf[128];
	struct obuf out = ob_over(buf, sizeof buf);
	struct span in = {NULL, 0};
	struct peer *p = fresh(&with_iac);
	enum peer_want want = p->step(p, &in, false, &out);

	if (want == PEER_WAIT) {
		p->waited = true;
		want = p->step(p, &in, false, &out);
	}
	if (want == PEER_FAIL) {
		ck_assert_int_eq(p->fail.why, FAIL_INPUT);
		ck_assert_uint_eq(out.n, 0);
		return;
	}
	for (size_t i = 0; i < out.n; i++) {
		if (out.p[i] != 0xff)
			continue;
		ck_assert(i + 1 < out.n);
		ck_assert_uint_eq(out.p[i + 1], 0xff);
		i++;
	}
}
END_TEST

/* If the time runs out, what the proxy said last is all there is to tell. */
START_TEST(the_last_words_are_kept)
{
	struct drive d = {
		.name = "last words", .fresh = fresh, .arg = &target, .in = {TEXT("one\r\nPassword: ")}};
	struct drive_end e;

	drive_pieces(&d, 1, &e);
	ck_assert_int_eq(e.want, PEER_MORE);
	ck_assert_ptr_nonnull(strstr(client.detail, "Password: "));
	d.in[0] = span_str("Sorry, x refused\r\n");
	drive_pieces(&d, 1, &e);
	ck_assert_str_eq(client.detail, "it said: Sorry, x refused");
}
END_TEST

/* Quiet for a moment is not the end of time: the command goes out soon, greeting or not. */
START_TEST(the_command_does_not_wait_long)
{
	uint8_t buf[64];
	struct obuf out = ob_over(buf, sizeof buf);
	struct span in = {NULL, 0};
	struct peer *p = fresh(&target);

	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(p->step(p, &in, false, &out), PEER_WAIT);
		ck_assert(p->wait_ms > 0 && p->wait_ms <= 1000);
		ck_assert_uint_eq(out.n, 0);
		in = span_str("> ");
	}
	p->waited = true;
	in.n = 0;
	ck_assert_int_eq(p->step(p, &in, false, &out), PEER_MORE);
	ck_assert(span_eq(span_of(out.p, out.n), span_str(COMMAND)));
}
END_TEST

START_TEST(what_debugging_shows)
{
	char text[4096];
	struct obuf notes = ob_over(text, sizeof text - 1);
	uint8_t buf[512];
	struct obuf out = ob_over(buf, sizeof buf);
	struct span in = {NULL, 0};

	(void)fresh(&target);
	client.peer.notes = &notes;
	telnet_start(&client);
	ck_assert_int_eq(client.peer.step(&client.peer, &in, false, &out), PEER_WAIT);
	client.peer.waited = true;
	ck_assert_int_eq(client.peer.step(&client.peer, &in, false, &out), PEER_MORE);
	client.peer.waited = false;
	in = span_str("Hi\r\n" GOOD);
	ck_assert_int_eq(client.peer.step(&client.peer, &in, false, &out), PEER_OPEN);
	text[notes.n] = '\0';
	ck_assert_str_eq(text, "begin_telnet_relay()\ngood phrase: 'connected to'\n"
			       "bad phrases: ' failed', ' refused', ' rejected', ' closed'\n"
			       ">>> \"telnet target.example 22\\r\\n\"\n"
			       "<<< \"Hi\\r\\n\"\n<<< \"-- Connected to target.example.\\r\\n\"\n"
			       "good phrase is detected: 'connected to'\n");
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, conversation, cases);
	tcase_add_loop_test(tc, telnet_commands_in_every_position, 0, 3);
	tcase_add_test(tc, every_option_is_refused_once);
	tcase_add_loop_test(tc, phrases_in_a_very_long_line, 0, 2);
	tcase_add_test(tc, the_contrary_in_a_very_long_line);
	tcase_add_test(tc, endless_talk_is_bounded);
	tcase_add_test(tc, no_telnet_command_gets_into_the_request);
	tcase_add_test(tc, the_last_words_are_kept);
	tcase_add_test(tc, the_command_does_not_wait_long);
	tcase_add_test(tc, what_debugging_shows);
}

int
main(void)
{
	return unit_run("connect telnet", fill);
}
