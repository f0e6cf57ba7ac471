/* SPDX-License-Identifier: ISC
 * fake_literals.c - octets of the HTTP server that only these requests show: base64's last two digits (RFC 4648
 * section 4, RFC 7617 section 2) and the Allow of a 405 (RFC 9110 section 15.5.6).
 * One thing to know: each row is here because an error seeded in the server (tests/mutants) passed all other tests. */
#include "fake/serve.h"

#define CONNECT "CONNECT target.example:22 HTTP/1.1\r\nHost: target.example:22\r\n"
#define GET "GET / HTTP/1.1\r\nHost: target.example\r\n\r\n"

static struct served got;

static const struct row {
	const char *id;
	struct span in;
	enum peer_want want;
	const char *begins, *has;
} rows[] = {
	{"+ and / are digits", TEXT(CONNECT "Proxy-Authorization: Basic YWI6eHk+eHk/\r\n\r\n"), PEER_OPEN,
		"HTTP/1.1 200 ", "\r\n\r\n"},
	{"- and _ are none", TEXT(CONNECT "Proxy-Authorization: Basic YWI6eHk-eHk_\r\n\r\n"), PEER_MORE,
		"HTTP/1.1 407 ", "\r\nProxy-Authenticate: Basic realm=\""},
	{"405 says what is allowed", TEXT(GET), PEER_FAIL, "HTTP/1.1 405 ", "\r\nAllow: CONNECT\r\n"},
};

START_TEST(rare_octets)
{
	const struct row *r = &rows[_i];

	serve_defaults();
	serve_user("ab:xy>xy?");
	serve_every(r->id, &got, ROLE_HTTP, r->in, false);
	ck_assert_int_eq(got.want, r->want);
	ck_assert_uint_ge(got.n, strlen(r->begins));
	ck_assert_mem_eq(got.out, r->begins, strlen(r->begins));
	ck_assert_msg(
		serve_contains(&got, r->has), "%s: not in %.*s", r->id, (int)got.n, (const char *)got.out);
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, rare_octets, rows);
}

int
main(void)
{
	return unit_run("fake_literals", fill);
}
