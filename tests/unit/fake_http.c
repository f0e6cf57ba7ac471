/* SPDX-License-Identifier: ISC
 * fake_http.c - the server of HTTP CONNECT (RFC 9110, 9112, 7617) against requests typed from them.
 * One thing to know: the ids are those of the byte vectors; each runs whole, at every cut, in pieces of every size. */
#include <errno.h>

#include "fake/serve.h"

#define OK "HTTP/1.1 200 Connection established\r\n\r\n"
#define CONNECT(host) "CONNECT target.example:22 HTTP/1.1\r\nHost: " host "\r\n"

static struct served got;

static const struct vector {
	const char *id;
	struct span in;
	const char *begins; /* what is sent begins so */
	enum peer_want want;
	const char *host;
	unsigned port;
	size_t left;
} vectors[] = {
	{"HT-V01", TEXT("CONNECT target.example:22 HTTP/1.0\r\n\r\n"), OK, PEER_OPEN, "target.example", 22,
		0},
	{"HT-V02", TEXT(CONNECT("target.example:22") "\r\n"), OK, PEER_OPEN, "target.example", 22, 0},
	{"HT-V03", TEXT("CONNECT [2001:db8::1]:22 HTTP/1.1\r\nHost: [2001:db8::1]:22\r\n\r\n"), OK, PEER_OPEN,
		"2001:db8::1", 22, 0},
	{"HT-V04",
		TEXT("CONNECT server.example.com:443 HTTP/1.1\r\nHost: server.example.com:443\r\n"
		     "Proxy-Authorization: basic aGVsbG86d29ybGQ=\r\n\r\n"),
		OK, PEER_OPEN, "server.example.com", 443, 0},
	{"HT-M09 no port", TEXT("CONNECT target.example HTTP/1.1\r\nHost: target.example\r\n\r\n"),
		"HTTP/1.1 400 ", PEER_FAIL, NULL, 0, 0},
	{"HT-M10 port 0", TEXT("CONNECT 127.0.0.1:0 HTTP/1.1\r\nHost: 127.0.0.1:0\r\n\r\n"), "HTTP/1.1 400 ",
		PEER_FAIL, NULL, 0, 0},
	{"HT-M11 port 99999", TEXT("CONNECT 127.0.0.1:99999 HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 400 ",
		PEER_FAIL, NULL, 0, 0},
	{"HT-M12 userinfo", TEXT("CONNECT u:p@127.0.0.1:45000 HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 400 ",
		PEER_FAIL, NULL, 0, 0},
	{"HT-M13 blank before the colon", TEXT("CONNECT 127.0.0.1:45000 HTTP/1.1\r\nHost : a\r\n\r\n"),
		"HTTP/1.1 400 ", PEER_FAIL, NULL, 0, 0},
	{"HT-M14 no Host", TEXT("CONNECT 127.0.0.1:45000 HTTP/1.1\r\n\r\n"), "HTTP/1.1 400 ", PEER_FAIL, NULL,
		0, 0},
	{"HT-M15 HTTP/2.0", TEXT("CONNECT 127.0.0.1:45000 HTTP/2.0\r\nHost: a\r\n\r\n"), "HTTP/1.1 505 ",
		PEER_FAIL, NULL, 0, 0},
	{"HT-M16 early data", TEXT("CONNECT 127.0.0.1:45000 HTTP/1.1\r\nHost: a\r\n\r\nEARLY"), OK, PEER_OPEN,
		"127.0.0.1", 45000, 5},
	{"empty lines in front", TEXT("\r\n\r\n" CONNECT("a") "\r\n"), OK, PEER_OPEN, "target.example", 22,
		0},
	{"LF alone", TEXT("CONNECT a:1 HTTP/1.1\nHost: a:1\n\n"), OK, PEER_OPEN, "a", 1, 0},
	{"two Hosts", TEXT(CONNECT("a") "Host: a\r\n\r\n"), "HTTP/1.1 400 ", PEER_FAIL, NULL, 0, 0},
	{"two Hosts in 1.0", TEXT("CONNECT a:1 HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n"), "HTTP/1.1 400 ",
		PEER_FAIL, NULL, 0, 0},
	{"Host is no host", TEXT(CONNECT("a b") "\r\n"), "HTTP/1.1 400 ", PEER_FAIL, NULL, 0, 0},
	{"obs-fold", TEXT(CONNECT("a") "X: y\r\n z\r\n\r\n"), "HTTP/1.1 400 ", PEER_FAIL, NULL, 0, 0},
	{"bare CR", TEXT(CONNECT("a") "X: y\rz\r\n\r\n"), "HTTP/1.1 400 ", PEER_FAIL, NULL, 0, 0},
	{"NUL", TEXT(CONNECT("a") "X: y\0z\r\n\r\n"), "HTTP/1.1 400 ", PEER_FAIL, NULL, 0, 0},
	{"no colon", TEXT(CONNECT("a") "nonsense\r\n\r\n"), "HTTP/1.1 400 ", PEER_FAIL, NULL, 0, 0},
	{"port with a letter", TEXT("CONNECT a:22x HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 400 ", PEER_FAIL,
		NULL, 0, 0},
	{"huge port", TEXT("CONNECT a:18446744073709551638 HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 400 ",
		PEER_FAIL, NULL, 0, 0},
	{"IPv6 without brackets", TEXT("CONNECT ::1:22 HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 400 ",
		PEER_FAIL, NULL, 0, 0},
	{"brackets around a name", TEXT("CONNECT [a]:22 HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 400 ",
		PEER_FAIL, NULL, 0, 0},
	{"no version", TEXT("CONNECT a:22\r\n\r\n"), "HTTP/1.1 400 ", PEER_FAIL, NULL, 0, 0},
	{"four words", TEXT("CONNECT a:22 HTTP/1.1 x\r\nHost: a\r\n\r\n"), "HTTP/1.1 400 ", PEER_FAIL, NULL,
		0, 0},
	{"GET", TEXT("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 405 ", PEER_FAIL, NULL, 0, 0},
	{"lower case", TEXT("connect a:22 HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 501 ", PEER_FAIL, NULL, 0,
		0},
	{"SOCKS5", OCTETS(5, 1, 0), "HTTP/1.1 400 ", PEER_FAIL, NULL, 0, 0},
	{"half a head", TEXT("CONNECT a:22 HTTP/1.1\r\nHost: a\r\n"), "", PEER_MORE, NULL, 0, 32},
};

static void
check(const char *id, struct span in, const char *begins, enum peer_want want, const char *host,
	unsigned port, size_t left)
{
	serve_every(id, &got, ROLE_HTTP, in, false);
	ck_assert_msg(got.want == want, "%s: want %d", id, (int)got.want);
	ck_assert_msg(got.n >= strlen(begins) && memcmp(got.out, begins, strlen(begins)) == 0, "%s: %.*s", id,
		(int)got.n, got.out);
	ck_assert_int_eq(got.dials, host != NULL);
	if (host != NULL) {
		ck_assert_str_eq(got.dst.host, host);
		ck_assert_uint_eq(got.dst.port, port);
	}
	if (want != PEER_FAIL)
		ck_assert_uint_eq(got.left, left);
	if (want == PEER_FAIL) { /* its end is told, and there is a body of that length */
		const char *body = memmem(got.out, got.n, "\r\n\r\n", 4),
			   *at = strstr((char *)got.out, "Content-Length: ");

		ck_assert(serve_contains(&got, "Connection: close\r\n"));
		ck_assert_ptr_nonnull(body);
		ck_assert_ptr_nonnull(at);
		ck_assert_uint_eq(strtoul(at + 16, NULL, 10), got.n - (size_t)(body + 4 - (char *)got.out));
	}
	if (want == PEER_OPEN)
		ck_assert_uint_eq(got.n, strlen(begins));
}

START_TEST(test_vector)
{
	const struct vector *v = &vectors[_i];

	serve_defaults();
	check(v->id, v->in, v->begins, v->want, v->host, v->port, v->left);
}
END_TEST

START_TEST(test_cut_by_eof)
{
	const struct span in = vectors[1].in;

	serve_defaults();
	for (size_t n = 0; n < in.n; n++) {
		serve(&got, ROLE_HTTP, span_of(in.p, n), n, n, true);
		ck_assert_int_eq(got.want, PEER_FAIL);
		ck_assert_int_eq(got.dials, 0);
		ck_assert(n == 0 ? got.n == 0 : memcmp(got.out, "HTTP/1.1 400 ", 13) == 0);
	}
}
END_TEST

static const struct status {
	int err;
	const char *begins, *proxy_status;
} statuses[] = {{ECONNREFUSED, "HTTP/1.1 502 ", "error=connection_refused\r\n"},
	{ETIMEDOUT, "HTTP/1.1 504 ", "error=connection_timeout\r\n"},
	{ENETUNREACH, "HTTP/1.1 502 ", "error=destination_ip_unroutable\r\n"},
	{EHOSTUNREACH, "HTTP/1.1 502 ", "error=destination_ip_unroutable\r\n"},
	{FP_ENOTFOUND, "HTTP/1.1 502 ", "error=dns_error\r\n"},
	{FP_ENAMETIME, "HTTP/1.1 504 ", "error=dns_timeout\r\n"},
	{FP_ERULE, "HTTP/1.1 403 ", "error=http_request_denied\r\n"},
	{EMFILE, "HTTP/1.1 503 ", "error=connection_limit_reached\r\n"}};

START_TEST(test_not_reached)
{
	serve_defaults();
	dial_err = statuses[_i].err;
	check("not reached", vectors[1].in, statuses[_i].begins, PEER_FAIL, "target.example", 22, 0);
	ck_assert(serve_contains(&got, statuses[_i].proxy_status));
}
END_TEST

static void
ask(const char *credentials, struct span *in)
{
	static char text[512];

	snprintf(text, sizeof text, CONNECT("target.example:22") "%s\r\n", credentials);
	*in = span_str(text);
}

static const struct credentials {
	const char *user, *field;
	bool ok;
} credentials[] = {
	{"Aladdin:open sesame", "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n",
		true}, /* HT-V16 */
	{"Aladdin:open sesame", "proxy-AUTHORIZATION:   bASIC   QWxhZGRpbjpvcGVuIHNlc2FtZQ==  \r\n", true},
	{"test:123\302\243", "Proxy-Authorization: Basic dGVzdDoxMjPCow==\r\n", true}, /* HT-V17 */
	{"hello:world", "Proxy-Authorization: basic aGVsbG86d29ybGQ=\r\n", true},      /* HT-V04 */
	{"user:", "Proxy-Authorization: Basic dXNlcjo=\r\n", true},
	{"hello:worl", "Proxy-Authorization: basic aGVsbG86d29ybGQ=\r\n", false},
	{"hello:world!", "Proxy-Authorization: basic aGVsbG86d29ybGQ=\r\n", false},
	{"hello:world", "Proxy-Authorization: Basic aGVsbG86d29ybGQ\r\n", false}, /* padding is no ornament */
	{"hello:world", "Proxy-Authorization: Basic a*VsbG86d29ybGQ=\r\n", false},
	{"hello:world", "Proxy-Authorization: Basic\r\n", false},
	{"hello:world", "Proxy-Authorization: Digest x=\"y\"\r\n", false},
	{"hello:world", "Authorization: basic aGVsbG86d29ybGQ=\r\n", false},
	{"hello:world", "", false},
	{"hello:world",
		"Proxy-Authorization: basic aGVsbG86d29ybGQ=\r\nProxy-Authorization: basic "
		"aGVsbG86d29ybGQ=\r\n",
		false},
};

START_TEST(test_basic)
{
	const struct credentials *c = &credentials[_i];
	struct span in;

	serve_defaults();
	serve_user(c->user);
	ask(c->field, &in);
	serve_every(c->field, &got, ROLE_HTTP, in, false);
	if (c->ok) {
		ck_assert_int_eq(got.want, PEER_OPEN);
		return;
	}
	ck_assert_int_eq(got.want, PEER_MORE); /* kept, for another try */
	ck_assert_int_eq(memcmp(got.out, "HTTP/1.1 407 ", 13), 0);
	ck_assert(serve_contains(&got, "\r\nProxy-Authenticate: Basic realm=\"fakeproxy\"\r\n"));
	ck_assert(!serve_contains(&got, "Connection: close"));
}
END_TEST

START_TEST(test_second_try)
{
	const struct span in =
		TEXT(CONNECT("a") "\r\n" CONNECT("a") "Proxy-Authorization: Basic dXNlcjo=\r\n\r\nX");

	serve_defaults();
	serve_user("user:");
	serve_every("second try", &got, ROLE_HTTP, in, false);
	ck_assert_int_eq(got.want, PEER_OPEN);
	ck_assert_uint_eq(got.left, 1);
	ck_assert_int_eq(memcmp(got.out + got.n - sizeof OK + 1, OK, sizeof OK - 1), 0);
}
END_TEST

static const struct knob {
	const char *knob[3];
	const char *request; /* fields of it */
	const char *has[3], *has_not;
	enum peer_want want;
} knobs[] = {
	{{"after-challenge=close"}, "", {"HTTP/1.1 407 ", "Connection: close\r\n"}, NULL, PEER_FAIL},
	{{"auth=401"}, "", {"HTTP/1.1 401 ", "WWW-Authenticate: Basic realm="}, "Proxy-Authenticate",
		PEER_MORE},
	{{"auth=401"}, "Authorization: Basic dXNlcjo=\r\n", {"HTTP/1.1 200 "}, "401", PEER_OPEN},
	{{"realm=a \"b\\"}, "", {"realm=\"a \\\"b\\\\\"\r\n"}, NULL, PEER_MORE},
	{{"challenge=Negotiate", "challenge=NTLM"}, "",
		{"Proxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Basic "
		 "realm="},
		NULL, PEER_MORE},
	{{"challenge=Negotiate", "challenges=one-line"}, "", {"Proxy-Authenticate: Negotiate, Basic realm="},
		NULL, PEER_MORE},
	{{"framing=chunked"}, "",
		{"Transfer-Encoding: chunked\r\n", "\r\n\r\n40\r\n407 Proxy", "\n\r\n0\r\n\r\n"},
		"Content-Length", PEER_MORE},
	{{"framing=close"}, "", {"Connection: close\r\n"}, "Content-Length", PEER_FAIL},
	{{"body=0"}, "", {"Content-Length: 0\r\n"}, NULL, PEER_MORE},
	{{"body=1000"}, "", {"Content-Length: 1000\r\n"}, NULL, PEER_MORE},
	{{"version=1.0"}, "", {"HTTP/1.0 407 "}, NULL, PEER_MORE},
	{{"reason=No Way"}, "", {"HTTP/1.1 407 No Way\r\n"}, NULL, PEER_MORE},
	{{"header=X-A: b", "header=X-C: d"}, "", {"\r\nX-A: b\r\nX-C: d\r\n"}, NULL, PEER_MORE},
	{{"status=503"}, "Proxy-Authorization: Basic dXNlcjo=\r\n", {"HTTP/1.1 503 Service Unavailable\r\n"},
		NULL, PEER_FAIL},
	{{"status=204"}, "Proxy-Authorization: Basic dXNlcjo=\r\n", {"HTTP/1.1 204 No Content\r\n\r\n"}, NULL,
		PEER_OPEN},
	{{"interim=102", "interim=103"}, "Proxy-Authorization: Basic dXNlcjo=\r\n",
		{"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 "}, NULL,
		PEER_OPEN},
};

START_TEST(test_knob)
{
	const struct knob *k = &knobs[_i];
	struct span in;
	char text[64];

	serve_defaults();
	serve_user("user:");
	conf.role[0] = ROLE_HTTP;
	conf.n_role = 1;
	for (int i = 0; i < 3 && k->knob[i] != NULL; i++) {
		static char kept[3][64]; /* the configuration points into it */

		snprintf(kept[i], sizeof kept[i], "%s", k->knob[i]);
		ck_assert(fp_knob(&conf, kept[i]));
	}
	snprintf(text, sizeof text, "%s", k->knob[0]);
	ask(k->request, &in);
	serve_every(text, &got, ROLE_HTTP, in, false);
	ck_assert_msg(got.want == k->want, "%s: want %d", text, (int)got.want);
	for (int i = 0; i < 3 && k->has[i] != NULL; i++)
		ck_assert_msg(serve_contains(&got, k->has[i]), "%s: %.*s", text, (int)got.n, got.out);
	ck_assert(k->has_not == NULL || !serve_contains(&got, k->has_not));
}
END_TEST

/* RFC 9112, 3: at least 8000 octets of request-line; far beyond that there is an end of patience. */
START_TEST(test_sizes)
{
	static char text[200000];
	size_t n;

	serve_defaults();
	n = (size_t)snprintf(text, sizeof text, CONNECT("a") "X: %08000d\r\n\r\n", 0);
	serve(&got, ROLE_HTTP, span_of(text, n), 4096, 4096, false);
	ck_assert_int_eq(got.want, PEER_OPEN);
	n = (size_t)snprintf(text, sizeof text, CONNECT("a") "X: %0100000d\r\n\r\n", 0);
	serve(&got, ROLE_HTTP, span_of(text, n), 4096, 4096, false);
	ck_assert_int_eq(memcmp(got.out, "HTTP/1.1 431 ", 13), 0);
	serve(&got, ROLE_HTTP, span_of(text, n), n, n, false);
	ck_assert_int_eq(memcmp(got.out, "HTTP/1.1 431 ", 13), 0);
	n = (size_t)snprintf(text, sizeof text, "CONNECT %020000d:1 HTTP/1.1\r\nHost: a\r\n\r\n", 0);
	serve(&got, ROLE_HTTP, span_of(text, n), 4096, 4096, false);
	ck_assert_int_eq(memcmp(got.out, "HTTP/1.1 414 ", 13), 0);
}
END_TEST

/* As many fields as can be asked for are sent whole. */
START_TEST(test_added_fields)
{
	static char field[8000];
	static const char end[] = "\r\n\r\n403 Forbidden: asked to refuse\n";
	size_t tail = sizeof end - 1;

	serve_defaults();
	conf.role[0] = ROLE_HTTP;
	conf.n_role = 1;
	ck_assert(fp_knob(&conf, (char[]){"status=403"}));
	snprintf(field, sizeof field, "header=A: %07980d", 1);
	for (int i = 0; i < 5; i++)
		ck_assert(fp_knob(&conf, field));
	serve(&got, ROLE_HTTP, span_str(CONNECT("a") "\r\n"), 1000, 1000, false);
	ck_assert_uint_gt(got.n, 5 * 7983);
	ck_assert_int_eq(memcmp(got.out + got.n - tail, end, tail), 0);
	catch_stderr();
	ck_assert(!fp_knob(&conf, field));
	ck_assert_ptr_nonnull(strstr(caught(), "header cannot be that"));
}
END_TEST

static const struct bug {
	enum fp_bug bug;
	const char *user, *request, *has, *has_not;
	enum peer_want want;
} bug_table[] = {
	{BUG_HTTP_NO_HOST, NULL, "CONNECT a:1 HTTP/1.1\r\n\r\n", OK, NULL, PEER_OPEN},
	{BUG_HTTP_TWO_HOSTS, NULL, CONNECT("a") "Host: a\r\n\r\n", OK, NULL, PEER_OPEN},
	{BUG_HTTP_SPACE_COLON, NULL, "CONNECT a:1 HTTP/1.1\r\nHost : a\r\n\r\n", OK, NULL, PEER_OPEN},
	{BUG_HTTP_FIELD_CASE, NULL, "CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n", "HTTP/1.1 400 ", NULL,
		PEER_FAIL},
	{BUG_HTTP_PORT_MODULO, NULL, "CONNECT a:65558 HTTP/1.1\r\nHost: a\r\n\r\n", OK, NULL, PEER_OPEN},
	{BUG_HTTP_PORT_DEFAULT, NULL, "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", OK, NULL, PEER_OPEN},
	{BUG_HTTP_USERINFO, NULL, "CONNECT u:p@a:1 HTTP/1.1\r\nHost: a\r\n\r\n", OK, NULL, PEER_OPEN},
	{BUG_HTTP_2XX_LENGTH, NULL, CONNECT("a") "\r\n", "\r\nContent-Length: 5\r\n\r\n", NULL, PEER_OPEN},
	{BUG_HTTP_2XX_CHUNKED, NULL, CONNECT("a") "\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n", NULL,
		PEER_OPEN},
	{BUG_HTTP_NO_EMPTY_LINE, NULL, CONNECT("a") "\r\n", "established\r\n", "\r\n\r\n", PEER_OPEN},
	{BUG_HTTP_STATUS_NO_SP, NULL, CONNECT("a") "\r\n", "HTTP/1.1 200\r\n\r\n", NULL, PEER_OPEN},
	{BUG_HTTP_STATUS_FOUR, NULL, CONNECT("a") "\r\n", "HTTP/1.1 2000 ", NULL, PEER_OPEN},
	{BUG_HTTP_VERSION_LOWER, NULL, CONNECT("a") "\r\n", "http/1.1 200 ", NULL, PEER_OPEN},
	{BUG_HTTP_VERSION_ICY, NULL, CONNECT("a") "\r\n", "ICY 200 ", NULL, PEER_OPEN},
	{BUG_HTTP_BARE_LF, NULL, CONNECT("a") "\r\n", "established\n\n", "\r", PEER_OPEN},
	{BUG_HTTP_NUL, NULL, CONNECT("a") "\r\n", "X-Note: a", NULL, PEER_OPEN},
	{BUG_HTTP_1XX_TO_10, NULL, "CONNECT a:1 HTTP/1.0\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ", NULL, PEER_OPEN},
	{BUG_HTTP_407_BARE, "u:p", CONNECT("a") "\r\n", "HTTP/1.1 407 ", "Authenticate", PEER_MORE},
	{BUG_HTTP_403_FOR_407, "u:p", CONNECT("a") "\r\n", "HTTP/1.1 403 ", "Authenticate", PEER_FAIL},
	{BUG_HTTP_NO_REALM, "u:p", CONNECT("a") "\r\n", "Proxy-Authenticate: Basic\r\n", NULL, PEER_MORE},
	{BUG_HTTP_REALM_TOKEN, "u:p", CONNECT("a") "\r\n", "Basic realm=fakeproxy\r\n", NULL, PEER_MORE},
	{BUG_HTTP_BWS, "u:p", CONNECT("a") "\r\n", "Basic realm = \"fakeproxy\"\r\n", NULL, PEER_MORE},
	{BUG_HTTP_BASIC_CASE, "user:", CONNECT("a") "Proxy-Authorization: basic dXNlcjo=\r\n\r\n",
		"HTTP/1.1 407 ", NULL, PEER_MORE},
	{BUG_HTTP_BASIC_ANY, "u:p", CONNECT("a") "Proxy-Authorization: Basic dXNlcjo=\r\n\r\n", OK, NULL,
		PEER_OPEN},
	{BUG_HTTP_CHALLENGE_LOOP, "user:", CONNECT("a") "Proxy-Authorization: Basic dXNlcjo=\r\n\r\n",
		"HTTP/1.1 407 ", NULL, PEER_MORE},
	{BUG_HTTP_LENGTH_SHORT, "u:p", CONNECT("a") "\r\n", "Content-Length: 62\r\n", NULL, PEER_MORE},
	{BUG_HTTP_LENGTH_LONG, "u:p", CONNECT("a") "\r\n", "Content-Length: 66\r\n", NULL, PEER_MORE},
	{BUG_HTTP_LENGTH_BAD, "u:p", CONNECT("a") "\r\n", "Content-Length: 1x\r\n", NULL, PEER_MORE},
	{BUG_HTTP_CHUNK_BAD, "u:p", CONNECT("a") "\r\n", "\r\n\r\nxyz\r\n407 ", NULL, PEER_MORE},
	{BUG_HTTP_TE_AND_CL, "u:p", CONNECT("a") "\r\n",
		"Content-Length: 64\r\nTransfer-Encoding: chunked\r\n", NULL, PEER_MORE},
	{BUG_HTTP_CLOSE_UNSAID, "u:p", CONNECT("a") "\r\n", "HTTP/1.1 407 ", "Connection: close", PEER_FAIL},
};

START_TEST(test_bug)
{
	const struct bug *b = &bug_table[_i];
	const char *name = fp_bug_name(b->bug);

	serve_defaults();
	if (b->user != NULL)
		serve_user(b->user);
	bugs.on[b->bug] = true;
	serve_every(name, &got, ROLE_HTTP, span_str(b->request), false);
	ck_assert_msg(got.want == b->want, "%s: want %d", name, (int)got.want);
	ck_assert_msg(serve_contains(&got, b->has), "%s: %.*s", name, (int)got.n, got.out);
	ck_assert_msg(b->has_not == NULL || !serve_contains(&got, b->has_not), "%s: %.*s", name, (int)got.n,
		got.out);
	ck_assert(bugs.shown[b->bug]);
	bugs.on[b->bug] = false;
	serve(&got, ROLE_HTTP, span_str(b->request), 7, 9, false);
	if (got.want != b->want)
		return;
	ck_assert_msg(
		!serve_contains(&got, b->has) || (b->has_not != NULL && serve_contains(&got, b->has_not)),
		"%s: the same without it", name);
}
END_TEST

START_TEST(test_trace_masks)
{
	static const char *const heads[] = {
		CONNECT("a") "Proxy-Authorization: Basic dXNlcjpzM2NyZXQ=\r\n\r\n",
		CONNECT("a") "proxy-authorization:Basic dXNlcjpzM2NyZXQ=\r\n\r\n",
		CONNECT("a") "Authorization: Basic dXNlcjpzM2NyZXQ=\r\n\r\n",
		CONNECT("a") "Proxy-Authorization : Basic dXNlcjpzM2NyZXQ=\r\n\r\n",
		CONNECT("a") "Proxy-Authorization: Basic\r\n dXNlcjpzM2NyZXQ=\r\n\r\n",
		"CONNECT u:dXNlcjpzM2NyZXQ=@a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
		"NONSENSE\r\nProxy-Authorization: Basic dXNlcjpzM2NyZXQ=\r\n\r\n"};

	for (size_t i = 0; i < COUNT(heads); i++) {
		serve_defaults();
		with_notes = true;
		serve(&got, ROLE_HTTP, span_str(heads[i]), 1000, 1000, false);
		got.notes_room[got.notes.n] = '\0';
		ck_assert_ptr_null(strstr((char *)got.notes_room, "dXNl"));
		ck_assert_ptr_null(strstr((char *)got.notes_room, "64 58 4e")); /* nor as octets */
		conf.show_secrets = true;
		serve(&got, ROLE_HTTP, span_str(heads[i]), 1000, 1000, false);
		got.notes_room[got.notes.n] = '\0';
		ck_assert(strstr((char *)got.notes_room, "dXNl") != NULL || i == COUNT(heads) - 1);
	}
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, test_vector, vectors);
	LOOP(tc, test_not_reached, statuses);
	LOOP(tc, test_basic, credentials);
	LOOP(tc, test_knob, knobs);
	LOOP(tc, test_bug, bug_table);
	tcase_add_test(tc, test_cut_by_eof);
	tcase_add_test(tc, test_second_try);
	tcase_add_test(tc, test_sizes);
	tcase_add_test(tc, test_added_fields);
	tcase_add_test(tc, test_trace_masks);
}

int
main(void)
{
	return unit_run("fake_http", fill);
}
