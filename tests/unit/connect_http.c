/* SPDX-License-Identifier: ISC
 * connect_http.c - the client of HTTP CONNECT (RFC 9110 section 9.3.6, RFC 9112): its request, and what it makes of
 * responses that ask for no credentials.
 * One thing to know: the texts here are typed from the RFCs, none is made by our code. */
#include <stdio.h>
#include <stdlib.h>

#include "client.h"
#include "lib/drive.h"
#include "lib/unit.h"

struct who {
	struct dst dst;
	bool http10;
};

static struct client client;

static struct peer *
fresh(const void *arg)
{
	const struct who *w = arg;

	memset(&client, 0, sizeof client);
	client.dst = w->dst;
	client.u.http.http10 = w->http10;
	http_start(&client);
	return &client.peer;
}

#define LEN(s) (sizeof(s) - 1)
#define REQUEST "CONNECT target.example:22 HTTP/1.1\r\nHost: target.example:22\r\nUser-Agent: connect\r\n\r\n"

static const struct who name = {{DST_NAME, "target.example", {0}, 22}, false};
static const struct who name10 = {{DST_NAME, "target.example", {0}, 22}, true};
static const struct who ip6 = {{DST_IP6, "2001:db8::1", {0x20, 1, 0x0d, 0xb8, [15] = 1}, 22}, false};
static const struct who ip610 = {{DST_IP6, "2001:db8::1", {0x20, 1, 0x0d, 0xb8, [15] = 1}, 22}, true};
static const struct who ip4 = {{DST_IP4, "192.0.2.7", {192, 0, 2, 7}, 80}, false};
static const struct who port443 = {{DST_NAME, "server.example.com", {0}, 443}, false};
static const struct who port1 = {{DST_NAME, "a", {0}, 1}, false};
static const struct who port65535 = {{DST_NAME, "a", {0}, 65535}, false};

#define OPENS(s) .in = {TEXT(s)}, .want = PEER_OPEN, .eaten = LEN(s), .decided = LEN(s), .mark = {LEN(s)}
#define OPENS_AFTER(first, s) \
	.in = {TEXT(first s)}, .want = PEER_OPEN, .eaten = LEN(first s), .decided = LEN(first s), \
	.mark = {LEN(first), LEN(first s)}
/* Known with the status line; the rest is not waited for. */
#define REFUSED(line, rest, c) \
	.in = {TEXT(line rest)}, .want = PEER_FAIL, .why = FAIL_REFUSED, .code = (c), .decided = LEN(line)
#define NO_STATUS(s, n) .in = {TEXT(s)}, .want = PEER_FAIL, .why = FAIL_PROTOCOL, .code = -1, .decided = (n)
#define NAME fresh, NULL, &name
#define OK "HTTP/1.1 200 OK\r\n\r\n"

static const struct drive cases[] = {
	/* What the client sends: C>S vectors. */
	{"HT-V02 request with a name", NAME, OPENS(OK), .out = {TEXT(REQUEST)}},
	{"HT-V01 the HTTP/1.0 form", fresh, NULL, &name10, OPENS(OK),
		.out = {TEXT("CONNECT target.example:22 HTTP/1.0\r\n\r\n")}},
	{"HT-V03 IPv6 in brackets", fresh, NULL, &ip6, OPENS(OK),
		.out = {TEXT("CONNECT [2001:db8::1]:22 HTTP/1.1\r\nHost: [2001:db8::1]:22\r\nUser-Agent: "
			     "connect\r\n\r\n")}},
	{"IPv6 in brackets, HTTP/1.0", fresh, NULL, &ip610, OPENS(OK),
		.out = {TEXT("CONNECT [2001:db8::1]:22 HTTP/1.0\r\n\r\n")}},
	{"IPv4, and port 80 is sent", fresh, NULL, &ip4, OPENS(OK),
		.out = {TEXT("CONNECT 192.0.2.7:80 HTTP/1.1\r\nHost: 192.0.2.7:80\r\nUser-Agent: "
			     "connect\r\n\r\n")}},
	{"HT-V04's target: port 443 is sent", fresh, NULL, &port443, OPENS(OK),
		.out = {TEXT("CONNECT server.example.com:443 HTTP/1.1\r\nHost: server.example.com:443\r\n"
			     "User-Agent: connect\r\n\r\n")}},
	{"port 1", fresh, NULL, &port1, OPENS(OK),
		.out = {TEXT("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nUser-Agent: connect\r\n\r\n")}},
	{"port 65535", fresh, NULL, &port65535, OPENS(OK),
		.out = {TEXT("CONNECT a:65535 HTTP/1.1\r\nHost: a:65535\r\nUser-Agent: connect\r\n\r\n")}},

	/* Success. */
	{"HT-V05", NAME, OPENS("HTTP/1.1 200 OK\r\n\r\n"), .out = {TEXT(REQUEST)}},
	{"HT-V06", NAME, OPENS("HTTP/1.1 200 Connection established\r\n\r\n")},
	{"HT-V07", NAME,
		OPENS("HTTP/1.0 200 Connection established\r\nProxy-agent: tinyproxy/1.11.1\r\n\r\n")},
	{"HT-V08 no reason", NAME, OPENS("HTTP/1.1 200 \r\n\r\n")},
	{"HT-V09 any 2xx", NAME, OPENS("HTTP/1.1 204 No Content\r\n\r\n")},
	{"299", NAME, OPENS("HTTP/1.1 299 Odd\r\n\r\n")},
	{"HT-V10 100 before 200", NAME,
		OPENS_AFTER("HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"),
		.out = {TEXT(REQUEST)}},
	{"103 with fields before 200", NAME,
		OPENS_AFTER("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n y\r\n\r\n",
			"HTTP/1.1 200 OK\r\nA: b\r\n\r\n")},
	{"HT-V11 the length of a 2xx is ignored", NAME,
		OPENS("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")},
	{"HT-M01 LF only", NAME, OPENS("HTTP/1.1 200 OK\n\n")},
	{"LF only, with fields", NAME, OPENS("HTTP/1.1 200 OK\nA: b\nC: d\n\n")},
	{"CR LF and LF mixed", NAME, OPENS("HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\n")},
	{"LF, then CR LF", NAME, OPENS("HTTP/1.1 200 OK\nA: b\r\n\r\n")},
	{"HT-M02 no blank behind the status", NAME, OPENS("HTTP/1.1 200\r\n\r\n")},
	{"two blanks in the status line", NAME, OPENS("HTTP/1.1  200  OK\r\n\r\n")},
	{"HTTP/1.9", NAME, OPENS("HTTP/1.9 200 OK\r\n\r\n")},
	{"a reason of all kinds of octets", NAME, OPENS("HTTP/1.1 200 \xc3\xa4\xff\t!\r\n\r\n")},
	{"folded fields, fields without a colon", NAME,
		OPENS("HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\n d\r\nnonsense\r\n\r\n")},
	{"octets of the tunnel that look like a head", NAME, .in = {TEXT(OK "HTTP/1.1 500 x\r\n\r\n")},
		.want = PEER_OPEN, .eaten = LEN(OK), .decided = LEN(OK), .mark = {LEN(OK)}},

	/* Refusals. */
	{"HT-V15 503", NAME,
		REFUSED("HTTP/1.1 503 Service Unavailable\r\n",
			"X-Squid-Error: ERR_CONNECT_FAIL 111\r\nContent-Length: 0\r\n\r\n", 503),
		.out = {TEXT(REQUEST)}},
	{"HT-M05 600 is taken as 5xx", NAME, REFUSED("HTTP/1.1 600 x\r\n", "\r\n", 600)},
	{"403 with a body", NAME,
		REFUSED("HTTP/1.0 403 Forbidden\r\n", "\r\n<html>HTTP/1.1 200 OK\r\n\r\n", 403)},
	{"400 and nothing more", NAME, REFUSED("HTTP/1.1 400\n", "", 400), .eof = true},
	{"502 after 100", NAME, .in = {TEXT("HTTP/1.1 100 x\r\n\r\nHTTP/1.1 502 Bad Gateway\r\n\r\n")},
		.want = PEER_FAIL, .why = FAIL_REFUSED, .code = 502, .eaten = 18, .decided = 18 + 26,
		.mark = {18}},

	/* What is no status line. */
	{"HT-M03 four digits", NAME, NO_STATUS("HTTP/1.1 2000 x\r\n\r\n", 17)},
	{"HT-M04 ICY", NAME, NO_STATUS("ICY 200 OK\r\n\r\n", 1)},
	{"HT-M08 an SSH server", NAME, NO_STATUS("SSH-2.0-foo\r\n", 1), .out = {TEXT(REQUEST)}},
	{"a SOCKS5 server", NAME, .in = {OCTETS(0x05, 0xff)}, .want = PEER_FAIL, .why = FAIL_PROTOCOL,
		.code = -1, .decided = 1},
	{"a SOCKS4 server", NAME, .in = {OCTETS(0x00, 0x5b, 0, 0, 0, 0, 0, 0)}, .want = PEER_FAIL,
		.why = FAIL_PROTOCOL, .code = -1, .decided = 1},
	{"HTTP/2", NAME, NO_STATUS("HTTP/2 200\r\n\r\n", 6)},
	{"HTTP/0.9", NAME, NO_STATUS("HTTP/0.9 200 OK\r\n\r\n", 6)},
	{"HTTP/1,1", NAME, NO_STATUS("HTTP/1,1 200 OK\r\n\r\n", 7)},
	{"lower case", NAME, NO_STATUS("http/1.1 200 OK\r\n\r\n", 1)},
	{"an empty line first", NAME, NO_STATUS("\r\nHTTP/1.1 200 OK\r\n\r\n", 1)},
	{"two digits", NAME, NO_STATUS("HTTP/1.1 20\r\n\r\n", 13)},
	{"letters", NAME, NO_STATUS("HTTP/1.1 2xx OK\r\n\r\n", 17)},
	{"no status", NAME, NO_STATUS("HTTP/1.1 \r\n\r\n", 11)},
	{"nothing behind the version", NAME, NO_STATUS("HTTP/1.1\r\n\r\n", 10)},
	{"000", NAME, NO_STATUS("HTTP/1.1 000 x\r\n\r\n", 16)},
	{"099", NAME, NO_STATUS("HTTP/1.1 099 x\r\n\r\n", 16)},
	{"no minor version", NAME, NO_STATUS("HTTP/1. 200 OK\r\n\r\n", 16)},
	{"minor version of two digits", NAME, NO_STATUS("HTTP/1.10 200 OK\r\n\r\n", 18)},
	{"no blank before the status", NAME, NO_STATUS("HTTP/1.1200 OK\r\n\r\n", 16)},
	{"no blank between status and reason", NAME, NO_STATUS("HTTP/1.1 200OK\r\n\r\n", 16)},
	{"a signed status", NAME, NO_STATUS("HTTP/1.1 +20 OK\r\n\r\n", 17)},
	{"NUL behind the status", NAME, NO_STATUS("HTTP/1.1 200\0OK\r\n\r\n", 17)},
	{"nonsense after 100", NAME, .in = {TEXT("HTTP/1.1 100 x\r\n\r\nX")}, .want = PEER_FAIL,
		.why = FAIL_PROTOCOL, .code = -1, .eaten = 18, .decided = 19, .mark = {18}},

	/* The end comes too early. */
	{"HT-M06 closed inside the head", NAME, .in = {TEXT("HTTP/1.1 200 OK\r\nX: y\r\n")}, .eof = true,
		.want = PEER_FAIL, .why = FAIL_EOF, .code = -1, .decided = 23, .out = {TEXT(REQUEST)}},
	{"closed at once", NAME, .in = {TEXT("")}, .eof = true, .want = PEER_FAIL, .why = FAIL_EOF,
		.code = -1},
	{"closed after 100", NAME, .in = {TEXT("HTTP/1.1 100 x\r\n\r\n")}, .eof = true, .want = PEER_FAIL,
		.why = FAIL_EOF, .code = -1, .eaten = 18, .decided = 18},
	{"101 is no tunnel", NAME, .in = {TEXT("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")},
		.eof = true, .want = PEER_FAIL, .why = FAIL_EOF, .code = -1, .eaten = 48, .decided = 48},
};

START_TEST(conversation)
{
	drive_check(&cases[_i]);
}
END_TEST

START_TEST(every_status)
{
	char text[64];
	struct drive d = {.name = text, .fresh = fresh, .arg = &name};

	for (int status = _i * 100; status < _i * 100 + 100; status++) {
		size_t line, all;

		snprintf(text, sizeof text, "HTTP/1.1 %03d reason\r\n\r\n", status);
		all = strlen(text);
		line = all - 2;
		d.in[0] = span_of(text, all);
		d.want = _i == 1 ? PEER_MORE : _i == 2 ? PEER_OPEN : PEER_FAIL;
		d.why = _i == 0 ? FAIL_PROTOCOL : _i > 2 ? FAIL_REFUSED : FAIL_NONE;
		d.code = _i == 0 ? -1 : status;
		d.eaten = _i == 0 || _i > 3 ? 0 : all;
		d.decided = _i == 0 || _i > 3 ? line : all;
		if (status == 401 || status == 407) {
			d.why = FAIL_AUTH;
			d.eaten = d.decided = all;
		}
		drive_quick(&d);
		if (_i > 3 && status != 401 && status != 407)
			ck_assert_ptr_nonnull(strstr(client.detail, "reason"));
	}
}
END_TEST

/* Not without end: nothing but interim responses is no answer. */
START_TEST(interim_responses_are_bounded)
{
	static const char one[] = "HTTP/1.1 102 Processing\r\n\r\n";
	enum { MANY = 2000 };
	char *text = malloc(MANY * LEN(one) + LEN(OK));
	struct drive d = {.name = "1xx", .fresh = fresh, .arg = &name};
	struct drive_end e;

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < MANY; i++)
		memcpy(text + i * LEN(one), one, LEN(one));
	memcpy(text + 5 * LEN(one), OK, LEN(OK));
	d.in[0] = span_of(text, 5 * LEN(one) + LEN(OK));
	drive_whole(&d, &e);
	ck_assert_int_eq(e.want, PEER_OPEN);
	memcpy(text + 5 * LEN(one), one, LEN(one));
	d.in[0] = span_of(text, MANY * LEN(one));
	drive_pieces(&d, 1, &e);
	ck_assert_int_eq(e.want, PEER_FAIL);
	ck_assert_int_eq(e.why, FAIL_PROTOCOL);
	ck_assert_uint_lt(e.fed, 1000 * LEN(one));
	free(text);
}
END_TEST

static const struct {
	const char *text, *detail;
	int code;
} redirects[] = {
	{"HTTP/1.1 302 Found\r\nLocation: http://other.example:8080/\r\n\r\n",
		"HTTP status 302 Location: http://other.example:8080/", 302},
	{"HTTP/1.1 301 Moved\r\nServer: x\r\nlocation:\thttp://a/ \r\n\r\n",
		"HTTP status 301 Location: http://a/", 301},
	{"HTTP/1.1 307\nLOCATION:b\n\n", "HTTP status 307 Location: b", 307},
	{"HTTP/1.1 303 See Other\r\n\r\n", "HTTP status 303 See Other", 303},
	{"HTTP/1.0 300 Multiple\r\nX-Location: c\r\n\r\n", "HTTP status 300 Multiple", 300},
};

START_TEST(a_redirect_is_named_and_never_followed)
{
	size_t n = strlen(redirects[_i].text);
	struct drive d = {.name = redirects[_i].text,
		.fresh = fresh,
		.arg = &name,
		.in = {{NULL, n}},
		.want = PEER_FAIL,
		.why = FAIL_REFUSED,
		.code = redirects[_i].code,
		.eaten = n,
		.decided = n,
		.mark = {n},
		.out = {TEXT(REQUEST)}};

	d.in[0].p = (const uint8_t *)redirects[_i].text;
	drive_check(&d);
	ck_assert_str_eq(client.detail, redirects[_i].detail);
}
END_TEST

START_TEST(a_long_location_is_cut_not_overrun)
{
	char text[3000];
	struct drive d = {.name = "long Location", .fresh = fresh, .arg = &name};
	struct drive_end e;

	for (size_t n = 200; n < 2900; n += 7) {
		int k = snprintf(text, sizeof text, "HTTP/1.1 302 x\r\nLocation: %0*d\r\n\r\n", (int)n, 7);

		d.in[0] = span_of(text, (size_t)k);
		drive_whole(&d, &e);
		ck_assert_int_eq(e.want, PEER_FAIL);
		ck_assert_uint_lt(strlen(client.detail), CLIENT_DETAIL);
		ck_assert_uint_gt(strlen(client.detail), 200);
	}
}
END_TEST

/* In one field, or in many. */
static size_t
big_head(char *text, size_t n, bool many)
{
	size_t at = LEN("HTTP/1.1 200 OK\r\n");

	memset(text, 'x', n);
	memcpy(text, "HTTP/1.1 200 OK\r\n", at);
	for (; at + 6 < n; at += many ? 6 : n)
		memcpy(text + at, "A: b\r\n", 6);
	memcpy(text + n - 4, "\r\n\r\n", 4);
	return n;
}

START_TEST(a_head_of_64_kib_is_the_longest)
{
	char *text = malloc(DRIVE_WINDOW + 1);
	struct drive d = {.name = "64 KiB", .fresh = fresh, .arg = &name};
	struct drive_end e;

	ck_assert_ptr_nonnull(text);
	for (int many = 0; many < 2; many++) {
		d.in[0] = span_of(text, big_head(text, DRIVE_WINDOW, many));
		drive_whole(&d, &e);
		ck_assert_int_eq(e.want, PEER_OPEN);
		ck_assert_uint_eq(e.eaten, DRIVE_WINDOW);
		drive_pieces(&d, 1021, &e);
		ck_assert_int_eq(e.want, PEER_OPEN);
		d.in[0] = span_of(text, big_head(text, DRIVE_WINDOW + 1, many));
		drive_whole(&d, &e);
		ck_assert(e.too_long && e.want == PEER_MORE && e.eaten == 0);
		drive_pieces(&d, 4096, &e);
		ck_assert(e.too_long && e.want == PEER_MORE && e.eaten == 0);
	}
	free(text);
}
END_TEST

/* CR, LF, NUL and blanks would end the line or the word: nothing is sent. */
START_TEST(no_line_end_or_blank_gets_into_the_request)
{
	char host[] = "target?example";
	struct who w = {{DST_NAME, host, {0}, 22}, false};
	struct drive d = {.name = "injection",
		.fresh = fresh,
		.arg = &w,
		.in = {TEXT(OK)},
		.want = PEER_FAIL,
		.why = FAIL_INPUT,
		.code = -1,
		.quiet = true};

	for (int c = 1; c < 0x80; c++) {
		if (c > ' ' && c != 0x7f)
			continue;
		host[6] = (char)c;
		w.http10 = c & 1;
		drive_check(&d);
	}
	host[0] = '\0';
	drive_check(&d);
}
END_TEST

START_TEST(what_debugging_shows)
{
	char text[4096];
	struct obuf notes = ob_over(text, sizeof text - 1);
	uint8_t buf[512];
	struct obuf out = ob_over(buf, sizeof buf);
	struct span in = {NULL, 0};

	(void)fresh(&name10);
	client.peer.notes = &notes;
	ck_assert_int_eq(client.peer.step(&client.peer, &in, false, &out), PEER_MORE);
	in = span_str("HTTP/1.0 200 OK\r\nX: \x01\r\n\r\n");
	ck_assert_int_eq(client.peer.step(&client.peer, &in, false, &out), PEER_OPEN);
	text[notes.n] = '\0';
	ck_assert_str_eq(text, "begin_http_relay()\n"
			       ">>> \"CONNECT target.example:22 HTTP/1.0\\r\\n\"\n>>> \"\\r\\n\"\n"
			       "<<< \"HTTP/1.0 200 OK\\r\\n\"\nconnected, start user session.\n"
			       "<<< \"X: \\x01\\r\\n\"\n<<< \"\\r\\n\"\n");
}
END_TEST

START_TEST(a_small_room_overflows_as_a_whole)
{
	for (size_t room = 0; room < LEN(REQUEST); room++) {
		uint8_t buf[LEN(REQUEST)];
		struct obuf out = ob_over(buf, room);
		struct span in = {NULL, 0};
		struct peer *p = fresh(&name);

		(void)p->step(p, &in, false, &out);
		ck_assert_msg(out.over, "%zu octets of room are said to be enough", room);
	}
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, conversation, cases);
	tcase_add_loop_test(tc, every_status, 0, 10);
	tcase_add_test(tc, interim_responses_are_bounded);
	LOOP(tc, a_redirect_is_named_and_never_followed, redirects);
	tcase_add_test(tc, a_long_location_is_cut_not_overrun);
	tcase_add_test(tc, a_head_of_64_kib_is_the_longest);
	tcase_add_test(tc, no_line_end_or_blank_gets_into_the_request);
	tcase_add_test(tc, what_debugging_shows);
	tcase_add_test(tc, a_small_room_overflows_as_a_whole);
}

int
main(void)
{
	return unit_run("connect http", fill);
}
