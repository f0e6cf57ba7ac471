/* SPDX-License-Identifier: ISC
 * connect_http_auth.c - the client of HTTP CONNECT when the proxy wants credentials: challenges (RFC 9110 section 11),
 * Basic (RFC 7617), the second request over the same connection or a new one (RFC 9112 sections 6.3 and 9).
 * One thing to know: a request is sent again on a connection only if the whole response before it was taken off. */
#include <stdio.h>
#include <stdlib.h>

#include "client.h"
#include "lib/drive.h"
#include "lib/unit.h"

struct who {
	const char *user, *pass;
	bool http10;
};

static struct client client;

static struct peer *
fresh(const void *arg)
{
	const struct who *w = arg;
	static const struct dst dst = {DST_NAME, "target.example", {0}, 22};

	memset(&client, 0, sizeof client);
	client.dst = dst;
	client.u.http.http10 = w->http10;
	http_start(&client);
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

static const struct who user = {"user", "pass", false};
static const struct who user10 = {"user", "pass", true};

#define LEN(s) (sizeof(s) - 1)
#define START "CONNECT target.example:22 HTTP/1.1\r\nHost: target.example:22\r\nUser-Agent: connect\r\n"
#define ASK START "\r\n"
#define AGAIN START "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\n\r\n"
#define BASIC "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
#define BASIC10 "HTTP/1.0 407 x\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
#define EMPTY "Content-Length: 0\r\n\r\n"

#define USER fresh, answer, &user
/* The second request goes over the same connection. */
#define KEPT(first) \
	.in = {TEXT(first OK)}, .want = PEER_OPEN, .eaten = LEN(first OK), .decided = LEN(first OK), \
	.out = {TEXT(ASK AGAIN)}, .eof_elsewhere = true
/* The second request goes over a new one. */
#define NEW(first) \
	.in = {TEXT(first), TEXT(OK)}, .conns = 2, .want = PEER_OPEN, .eaten = LEN(OK), .decided = LEN(OK), \
	.out = {TEXT(ASK), TEXT(AGAIN)}
#define DENIED(all, c) \
	.want = PEER_FAIL, .why = FAIL_AUTH, .code = (c), .eaten = LEN(all), .decided = LEN(all), \
	.eof_elsewhere = true

static const struct drive cases[] = {
	/* The connection is kept. */
	{"HT-V12 V16 no body", USER,
		KEPT("HTTP/1.1 407 Proxy Authentication Required\r\n"
		     "Proxy-Authenticate: Digest realm=\"specprobe\", "
		     "nonce=\"a91772fa442558dc54554cb1465cce91\", qop=\"auth\", "
		     "stale=false\r\nProxy-Authenticate: Basic realm=\"specprobe\"\r\n"
		     "Content-Length: 0\r\nConnection: keep-alive\r\n\r\n")},
	{"HT-V13", USER,
		KEPT("HTTP/1.1 407 Proxy Authentication Required\r\n"
		     "Proxy-Authenticate: Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", "
		     "Basic realm=\"simple\"\r\n"
		     "Content-Length: 0\r\n\r\n")},
	{"HT-M17 folded", USER,
		KEPT("HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\n  realm=\"folded\"\r\nContent-Length: "
		     "0\r\n\r\n")},
	{"a body of Content-Length", USER, KEPT(BASIC "Content-Length: 5\r\n\r\nHTTP/")},
	{"a body that looks like a response", USER,
		KEPT(BASIC "Content-Length: 19\r\n\r\nHTTP/1.1 500 x\r\n\r\n\n")},
	{"LF only, with a body", USER,
		KEPT("HTTP/1.1 407 x\nProxy-Authenticate: Basic realm=\"x\"\nContent-Length: 3\n\n\r\n\r")},
	{"chunks", USER, KEPT(BASIC "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")},
	{"chunks: extension, capitals, zeros, trailer", USER,
		KEPT(BASIC "transfer-encoding: "
			   "CHUNKED\r\n\r\n00A;x=\"y\"\r\n0123456789\r\nb\r\n\r\n0\r\n\r\nab\r\n\r\n"
			   "000;z\r\nTrailer: x\r\nOther: y\r\n\r\n")},
	{"no chunk but the last", USER, KEPT(BASIC "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
	{"100 before the second answer", USER, KEPT(BASIC EMPTY "HTTP/1.1 100 x\r\n\r\n")},
	{"HTTP/1.0 with keep-alive", USER, KEPT(BASIC10 "Connection: Keep-Alive\r\n" EMPTY)},
	{"HTTP/1.0 with Proxy-Connection: keep-alive", USER,
		KEPT(BASIC10 "Proxy-Connection: keep-alive\r\n" EMPTY)},
	{"401 as old proxies do", USER,
		KEPT("HTTP/1.1 401 x\r\nWWW-Authenticate: Basic realm=\"x\"\r\n" EMPTY)},
	{"the HTTP/1.0 form", fresh, answer, &user10, .in = {TEXT(BASIC EMPTY OK)}, .want = PEER_OPEN,
		.eaten = LEN(BASIC EMPTY OK), .decided = LEN(BASIC EMPTY OK), .eof_elsewhere = true,
		.out = {TEXT("CONNECT target.example:22 HTTP/1.0\r\n\r\n"
			     "CONNECT target.example:22 HTTP/1.0\r\nProxy-Authorization: Basic "
			     "dXNlcjpwYXNz\r\n\r\n")}},

	/* It is not. */
	{"HT-V14 401, closed", USER,
		NEW("HTTP/1.0 401 Unauthorized\r\nServer: tinyproxy/1.11.1\r\nContent-Type: text/html\r\n"
		    "WWW-Authenticate: Basic realm=\"Tinyproxy\"\r\nConnection: close\r\n\r\n<html>")},
	{"Connection: close", USER, NEW(BASIC "Connection: close\r\n" EMPTY)},
	{"Connection: a list with close in it", USER, NEW(BASIC "Connection: foo , Close\r\n" EMPTY)},
	{"Connection twice", USER, NEW(BASIC "Connection: keep-alive\r\nConnection: close\r\n" EMPTY)},
	{"Proxy-Connection: close", USER, NEW(BASIC "Proxy-Connection: close\r\n" EMPTY)},
	{"HTTP/1.0", USER, NEW(BASIC10 EMPTY)},
	{"HTTP/1.0 with Transfer-Encoding: faulty framing, RFC 9112 6.1", USER,
		NEW(BASIC10 "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
	{"a body up to the end of the connection", USER, NEW(BASIC "\r\nAccess denied")},
	{"closed with no body, length unknown", USER, NEW(BASIC "\r\n")},
	{"closed inside the body", USER, NEW(BASIC "Content-Length: 10\r\n\r\n12345")},
	{"closed inside a chunk", USER, NEW(BASIC "Transfer-Encoding: chunked\r\n\r\n5\r\nhel")},
	{"closed before the last chunk", USER, NEW(BASIC "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")},
	{"closed inside a chunk's size", USER, NEW(BASIC "Transfer-Encoding: chunked\r\n\r\n5")},
	{"closed inside the trailer", USER, NEW(BASIC "Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n")},
	{"Content-Length that is no number", USER, NEW(BASIC "Content-Length: 5x\r\n\r\n12345")},
	{"Content-Length with a sign", USER, NEW(BASIC "Content-Length: +5\r\n\r\n12345")},
	{"Content-Length of two values", USER,
		NEW(BASIC "Content-Length: 3\r\nContent-Length: 5\r\n\r\n12345")},
	{"Content-Length, empty", USER, NEW(BASIC "Content-Length:\r\n\r\n")},
	{"Content-Length beyond 64 bits", USER, NEW(BASIC "Content-Length: 18446744073709551616\r\n\r\n")},
	{"Content-Length that is not worth skipping", USER,
		NEW(BASIC "Content-Length: 999999999\r\n\r\n12345")},
	{"a coding that is not understood", USER,
		NEW(BASIC "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")},
	{"chunked and a length", USER,
		NEW(BASIC "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n")},
	{"chunked twice", USER,
		NEW(BASIC "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
	{"a chunk size that is none", USER, NEW(BASIC "Transfer-Encoding: chunked\r\n\r\nxyz\r\n")},
	{"a chunk size with something behind it", USER,
		NEW(BASIC "Transfer-Encoding: chunked\r\n\r\n5g\r\nhello\r\n0\r\n\r\n")},
	{"a chunk longer than its size", USER,
		NEW(BASIC "Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n")},
	{"a chunk size beyond all bounds", USER,
		NEW(BASIC "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nhello\r\n")},
	{"said to be kept, closed before the second answer", USER, .in = {TEXT(BASIC EMPTY), TEXT(OK)},
		.conns = 2, .want = PEER_OPEN, .eaten = LEN(OK), .decided = LEN(OK),
		.out = {TEXT(ASK AGAIN), TEXT(AGAIN)}},
	{"closed before the second answer, and once more", USER, .in = {TEXT(BASIC EMPTY), TEXT("")},
		.conns = 2, .eof = true, .want = PEER_FAIL, .why = FAIL_EOF, .code = -1,
		.out = {TEXT(ASK AGAIN), TEXT(AGAIN)}},
	{"closed inside the second answer", USER, .in = {TEXT(BASIC EMPTY "HTTP/1.1 2")}, .eof = true,
		.want = PEER_FAIL, .why = FAIL_EOF, .code = -1, .eaten = LEN(BASIC EMPTY),
		.decided = LEN(BASIC EMPTY "HTTP/1.1 2"), .out = {TEXT(ASK AGAIN)}},

	/* Failures. */
	{"HT-M07 no challenge", USER,
		.in = {TEXT("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")},
		DENIED("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", 407),
		.out = {TEXT(ASK)}},
	{"a second 407, kept", USER, .in = {TEXT(BASIC EMPTY BASIC EMPTY)},
		DENIED(BASIC EMPTY BASIC EMPTY, 407), .text = "authentication failed",
		.out = {TEXT(ASK AGAIN)}},
	{"a second 407, new connection", USER, .in = {TEXT(BASIC10 EMPTY), TEXT(BASIC10 EMPTY)}, .conns = 2,
		DENIED(BASIC10 EMPTY, 407), .text = "authentication failed", .out = {TEXT(ASK), TEXT(AGAIN)}},
	{"401 after 407", USER,
		.in = {TEXT(BASIC EMPTY "HTTP/1.0 401 x\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n")},
		DENIED(BASIC EMPTY "HTTP/1.0 401 x\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n", 401),
		.text = "authentication failed", .out = {TEXT(ASK AGAIN)}},
	{"403 to the credentials", USER, .in = {TEXT(BASIC EMPTY "HTTP/1.1 403 No\r\n\r\n")},
		.want = PEER_FAIL, .why = FAIL_REFUSED, .code = 403, .eaten = LEN(BASIC EMPTY),
		.decided = LEN(BASIC EMPTY "HTTP/1.1 403 No\r\n"), .eof_elsewhere = true,
		.out = {TEXT(ASK AGAIN)}},
	{"credentials are asked for only after a challenge", fresh, NULL, &user, .in = {TEXT(BASIC EMPTY)},
		.want = PEER_ASK, .eaten = LEN(BASIC EMPTY), .decided = LEN(BASIC EMPTY), .out = {TEXT(ASK)}},
};

START_TEST(conversation)
{
	drive_check(&cases[_i]);
}
END_TEST

/* RFC 9110 section 11.6.1: a scheme, or a parameter of the one before?  The lines of a 407 (a 401 with "401"). */
static const struct {
	bool basic;
	const char *lines, *offers; /* the schemes that are named if Basic is not among them */
} challenges[] = {
	{true, "Proxy-Authenticate: Basic realm=\"x\"", NULL},
	{true, "Proxy-Authenticate:Basic realm=\"x\"", NULL},
	{true, "Proxy-Authenticate:\tBasic\trealm=\"x\"", NULL},
	{true, "Proxy-Authenticate:   Basic   realm=\"x\"  ", NULL},
	{true, "proxy-authenticate: basic realm=\"x\"", NULL},
	{true, "PROXY-AUTHENTICATE: BASIC REALM=x", NULL},
	{true, "Proxy-Authenticate: Basic", NULL},
	{true, "Proxy-Authenticate: Basic realm = \"x\" , charset = \"UTF-8\"", NULL},
	{true, "Proxy-Authenticate: Basic realm=\"\", foo=bar, baz=\"1,2\"", NULL},
	{true, "Proxy-Authenticate: Digest realm=\"x\", nonce=\"y\", Basic realm=\"x\"", NULL},
	{true, "Proxy-Authenticate: Digest realm=\"x\"\r\nProxy-Authenticate: Basic realm=\"x\"", NULL},
	{true, "Proxy-Authenticate: Basic realm=\"x\"\r\nProxy-Authenticate: Digest realm=\"x\"", NULL},
	{true,
		"Proxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\nA: b\r\nProxy-Authenticate: "
		"Basic",
		NULL},
	{true, "Proxy-Authenticate: Negotiate, Basic realm=x", NULL},
	{true, "Proxy-Authenticate: Negotiate,Basic", NULL},
	{true, "Proxy-Authenticate: Negotiate YIIBvw==, Basic realm=\"x\"", NULL},
	{true, "Proxy-Authenticate: Basic realm=\"x\", Negotiate YIIBvw==", NULL},
	{true, "Proxy-Authenticate: , ,, Basic realm=\"x\",", NULL},
	{true, "Proxy-Authenticate: Digest realm=\"a, \\\"Digest\\\" b\", Basic realm=\"x\"", NULL},
	{true, "Proxy-Authenticate: Digest realm=\"x\\\\\", Basic realm=\"x\"", NULL},
	{true, "Proxy-Authenticate:\r\n Basic realm=\"x\"", NULL},
	{true, "Proxy-Authenticate: Digest realm=\"x\",\r\n\tBasic realm=\"x\"", NULL},
	{true, "Proxy-Authenticate: Digest\r\n realm=\"x\"\r\n , Basic realm=\"x\"", NULL},
	{true, "Proxy-Authenticate: Digest\r\nX: y\r\n z\r\nProxy-Authenticate: Basic realm=\"x\"", NULL},
	{true, "401 WWW-Authenticate: Basic realm=\"x\"", NULL},
	{true, "401 WWW-Authenticate: NTLM\r\nWWW-Authenticate: Basic realm=\"x\"", NULL},
	{false, "Proxy-Authenticate: BasicFoo realm=\"x\"", "BasicFoo"},
	{false, "Proxy-Authenticate: Foo-Basic realm=\"x\"", "Foo-Basic"},
	{false, "Proxy-Authenticate: Digest realm=\"Basic\"", "Digest"},
	{false, "Proxy-Authenticate: Digest realm=\"a, Basic realm=b\"", "Digest"},
	{false, "Proxy-Authenticate: Digest realm=\"a\\\", Basic realm=\\\"b\"", "Digest"},
	{false, "Proxy-Authenticate: Digest realm=\"x\", Basic=\"y\"", "Digest"},
	{false, "Proxy-Authenticate: Digest realm=\"x\", Basic = y", "Digest"},
	{false, "Proxy-Authenticate: Negotiate Basic", "Negotiate"},
	{false, "Proxy-Authenticate: Negotiate Basic==", "Negotiate"},
	{false, "Proxy-Authenticate: Basic;realm=\"x\"", NULL},
	{false, "Proxy-Authenticate: Digest realm=\"x\", Basic/1 realm=\"x\"", "Digest"},
	{false, "Proxy-Authenticate: Digest nonce=x, NTLM, Negotiate", "Digest, NTLM, Negotiate"},
	{false, "Proxy-Authenticate: NTLM\r\nProxy-Authenticate: Kerberos\r\nWWW-Authenticate: Basic",
		"NTLM, Kerberos"},
	{false, "Proxy-Authenticate:", NULL},
	{false, "X-Proxy-Authenticate: Basic realm=\"x\"", NULL},
	{false, "Proxy-Authenticate-Info: Basic realm=\"x\"", NULL},
	{false, "X: y\r\n Proxy-Authenticate: Basic realm=\"x\"", NULL},
	{false, "WWW-Authenticate: Basic realm=\"x\"", NULL},
	{false, "401 Proxy-Authenticate: Basic realm=\"x\"", NULL},
};

START_TEST(challenge)
{
	const char *lines = challenges[_i].lines;
	bool origin = strncmp(lines, "401 ", 4) == 0;
	char text[1024];
	struct drive d = {.name = lines, .fresh = fresh, .ask = answer, .arg = &user, .eof_elsewhere = true};
	int head = snprintf(text, sizeof text, "HTTP/1.1 %s x\r\n%s\r\n" EMPTY, origin ? "401" : "407",
		lines + (origin ? 4 : 0));
	size_t n = (size_t)head;

	memcpy(text + n, OK, LEN(OK));
	d.in[0] = span_of(text, n + LEN(OK));
	d.eaten = d.decided = n + (challenges[_i].basic ? LEN(OK) : 0);
	d.want = challenges[_i].basic ? PEER_OPEN : PEER_FAIL;
	d.why = challenges[_i].basic ? FAIL_NONE : FAIL_AUTH;
	d.code = origin ? 401 : 407;
	drive_check(&d);
	ck_assert_uint_eq(client.u.http.authorize, challenges[_i].basic);
	if (challenges[_i].offers != NULL) {
		ck_assert_ptr_nonnull(strstr(client.detail, challenges[_i].offers));
		ck_assert_str_eq(strstr(client.detail, challenges[_i].offers), challenges[_i].offers);
	}
}
END_TEST

/* RFC 7617 section 2, and the table of worked values: user, password, credentials; NULL: refused, nothing is sent. */
static const struct {
	const char *name, *user, *pass, *basic;
} credentials[] = {
	{"BA-V01", "Aladdin", "open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
	{"BA-V02 HT-V17 UTF-8", "test", "123\xc2\xa3", "dGVzdDoxMjPCow=="},
	{"BA-V03 HT-V04", "hello", "world", "aGVsbG86d29ybGQ="},
	{"BA-V04", "user", "pass", "dXNlcjpwYXNz"},
	{"BA-V05 empty password", "user", "", "dXNlcjo="},
	{"BA-V06 empty user", "", "pass", "OnBhc3M="},
	{"BA-V07 colon in the password", "user", "pa:ss", "dXNlcjpwYTpzcw=="},
	{"BA-V08 UTF-8 on both sides", "\xe7\x94\xa8\xe6\x88\xb7", "\xe5\xaf\x86", "55So5oi3OuWvhg=="},
	{"BA-V09", "fred", "a", "ZnJlZDph"},
	{"octets above 7F as given", "bob", "p\xc3\xa4ss", "Ym9iOnDDpHNz"},
	{"BA-M01 colon in the user", "us:er", "pass", NULL},
	{"BA-M02 LF in the user", "us\ner", "pass", NULL},
	{"BA-M02 CR in the user", "user\r", "pass", NULL},
	{"a control character in the user", "u\x07ser", "pass", NULL},
	{"DEL in the user", "user\x7f", "pass", NULL},
	{"a blank in the user", "us er", "pass", NULL},
	{"LF in the password", "user", "pass\n", NULL},
	{"CR LF and a field in the password", "user", "pass\r\nX: y", NULL},
	{"a control character in the password", "user", "pa\x07ss", NULL},
	{"DEL in the password", "user", "pass\x7f", NULL},
};

START_TEST(basic_credentials)
{
	struct who w = {credentials[_i].user, credentials[_i].pass, false};
	char sent[1024];
	struct drive d = {.name = credentials[_i].name,
		.fresh = fresh,
		.ask = answer,
		.arg = &w,
		.in = {TEXT(BASIC EMPTY OK)},
		.eof_elsewhere = true};
	int n = snprintf(sent, sizeof sent, ASK START "Proxy-Authorization: Basic %s\r\n\r\n",
		credentials[_i].basic == NULL ? "" : credentials[_i].basic);

	if (credentials[_i].basic == NULL) {
		d.want = PEER_FAIL;
		d.why = FAIL_INPUT;
		d.code = -1;
		d.eaten = d.decided = LEN(BASIC EMPTY);
		n = LEN(ASK);
	} else {
		d.want = PEER_OPEN;
		d.eaten = d.decided = LEN(BASIC EMPTY OK);
	}
	d.out[0] = span_of(sent, (size_t)n);
	drive_check(&d);
}
END_TEST

/* One line, whole, however long: every length modulo 3, and 300 octets. */
START_TEST(long_passwords_stay_one_line)
{
	char pass[600], all[700];
	struct who w = {"u", pass, false};
	struct drive d = {.name = "long password",
		.fresh = fresh,
		.ask = answer,
		.arg = &w,
		.in = {TEXT(BASIC EMPTY OK)}};
	struct drive_end e;
	size_t start = LEN(ASK START "Proxy-Authorization: Basic ");

	for (size_t n = 0; n < sizeof pass; n++) {
		size_t want = (2 + n + 2) / 3 * 4;

		memset(pass, 'A', n);
		pass[n] = '\0';
		drive_whole(&d, &e);
		ck_assert_int_eq(e.want, PEER_OPEN);
		ck_assert_uint_eq(e.nout[0], start + want + 4);
		memcpy(all, e.out[0] + start, want < 690 ? want : 690);
		for (size_t i = 8; i + 4 < want && i < 680;
			i++) /* "u:A" is dTpB, then "AAA" QUFB again and again */
			ck_assert_int_eq(all[i], "QUFB"[i % 4]);
	}
}
END_TEST

START_TEST(bodies_of_any_size_are_skipped_exactly_or_not_at_all)
{
	enum { MOST = 3 * 1024 * 1024 };
	char *text = malloc(MOST + 200), *p;
	struct drive d = {.name = "size", .fresh = fresh, .ask = answer, .arg = &user, .conns = 2};
	struct drive_end e;

	ck_assert_ptr_nonnull(text);
	for (size_t n = 1; n <= MOST; n = n * 3 + 1) {
		for (int chunked = 0; chunked < 2; chunked++) {
			int head = snprintf(text, 200,
				chunked ? BASIC "Transfer-Encoding: chunked\r\n\r\n%zx\r\n"
					: BASIC "Content-Length: %zu\r\n\r\n",
				n);

			p = text + head;
			memset(p, '\n', n);
			p += n;
			if (chunked) {
				memcpy(p, "\r\n0\r\n\r\n", 7);
				p += 7;
			}
			memcpy(p, OK, LEN(OK));
			d.in[0] = span_of(text, (size_t)(p - text) + LEN(OK));
			d.in[1] = span_of(OK, LEN(OK));
			d.conns = n > 1024 * 1024 ? 2 : 1;
			drive_pieces(&d, 60000, &e);
			ck_assert_msg(e.want == PEER_OPEN && e.conn + 1 == d.conns, "%zu octets, chunked %d",
				n, chunked);
			ck_assert_uint_eq(e.eaten, d.in[d.conns - 1].n);
		}
	}
	free(text);
}
END_TEST

START_TEST(no_note_and_no_detail_holds_the_credentials)
{
	char text[4096];
	struct obuf notes = ob_over(text, sizeof text - 1);
	uint8_t buf[1024];
	struct obuf out = ob_over(buf, sizeof buf);
	struct span in = {NULL, 0};

	(void)fresh(&user);
	client.peer.notes = &notes;
	ck_assert_int_eq(client.peer.step(&client.peer, &in, false, &out), PEER_MORE);
	in = span_str(BASIC EMPTY);
	ck_assert_int_eq(client.peer.step(&client.peer, &in, false, &out), PEER_ASK);
	client.user = "joe";
	client.pass = "S3cret-Word";
	ck_assert_int_eq(client.peer.step(&client.peer, &in, false, &out), PEER_MORE);
	in = span_str(BASIC EMPTY);
	ck_assert_int_eq(client.peer.step(&client.peer, &in, false, &out), PEER_FAIL);
	text[notes.n] = '\0';
	ck_assert_ptr_null(strstr(text, "S3cret"));
	ck_assert_ptr_null(strstr(text, "am9lOlMzY3JldC1Xb3Jk")); /* base64 of joe:S3cret-Word */
	ck_assert_ptr_null(strstr(client.detail, "S3cret"));
	ck_assert_ptr_nonnull(strstr(text, ">>> \"Proxy-Authorization: Basic xxxxx\\r\\n\"\n"));
	ck_assert_ptr_nonnull(memmem(buf, out.n, "am9lOlMzY3JldC1Xb3Jk", 20));
}
END_TEST

START_TEST(unusable_challenges_are_shown)
{
	char text[4096];
	struct obuf notes = ob_over(text, sizeof text - 1);
	uint8_t buf[1024];
	struct obuf out = ob_over(buf, sizeof buf);
	struct span in = {NULL, 0};

	(void)fresh(&user);
	client.peer.notes = &notes;
	ck_assert_int_eq(client.peer.step(&client.peer, &in, false, &out), PEER_MORE);
	in = span_str("HTTP/1.1 407 x\r\nProxy-Authenticate: Digest realm=\"x\"\r\n\r\n");
	ck_assert_int_eq(client.peer.step(&client.peer, &in, false, &out), PEER_FAIL);
	text[notes.n] = '\0';
	ck_assert_ptr_nonnull(strstr(text, "Unsupported authentication type: digest\n"));
	ck_assert_ptr_nonnull(strstr(text, "Can't find Proxy-Authenticate: in response header.\n"));
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, conversation, cases);
	LOOP(tc, challenge, challenges);
	LOOP(tc, basic_credentials, credentials);
	tcase_add_test(tc, long_passwords_stay_one_line);
	tcase_add_test(tc, bodies_of_any_size_are_skipped_exactly_or_not_at_all);
	tcase_add_test(tc, no_note_and_no_detail_holds_the_credentials);
	tcase_add_test(tc, unusable_challenges_are_shown);
}

int
main(void)
{
	return unit_run("connect http auth", fill);
}
