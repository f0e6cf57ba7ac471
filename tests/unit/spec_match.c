/* SPDX-License-Identifier: ISC
 * spec_match.c - the matcher: every type, at every cut of its octets; patterns; heads; bodies; alternatives.
 * Octets are typed from SOCKS4.protocol, RFC 1928, RFC 1929 and RFC 9112. */
#include "lib/unit.h"
#include "match.h"

#include <stdio.h>
#include <stdlib.h>

static struct px_arena *arena;
static struct px_env env;

static void
setup(void)
{
	arena = px_arena_new();
	px_env_set(&env, "host", span_str("127.0.0.1"));
	px_env_set(&env, "port", span_str("7007"));
	px_env_set(&env, "n", span_str("3"));
	px_env_set(&env, "plus", span_str("a+b."));
}

static void
teardown(void)
{
	px_env_free(&env);
	px_arena_free(arena);
}

static struct px_step *
step(const char *body)
{
	struct px_errors errs;
	char text[3000];
	struct px_case *c;

	px_errors_init(&errs, arena);
	snprintf(text, sizeof text, "case: a\ntests: both\n\n%s\n", body);
	c = px_parse(arena, "f", span_str(px_dup(arena, text, strlen(text))), &errs);
	if (c == NULL)
		ck_abort_msg("%s: %s", body, errs.first->text);
	return c->steps;
}

static const struct {
	const char *line;
	const char *octets;
	size_t n;
	const char *value; /* of X */
	bool lazy;	   /* ends by itself only when it is quiet */
} fields[] = {
	{"P> X:u8=*", "\xff", 1, "255", 0},
	{"P> X:u16=$port", "\x1b\x5f", 2, "7007", 0},
	{"P> X:ip4=$host", "\x7f\x00\x00\x01", 4, "127.0.0.1", 0},
	{"P> X:ip6=::1", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16, "::1", 0},
	{"P> X:str8=\"alice\"", "\5alice", 6, "alice", 0},
	{"P> X:str8=*", "\0", 1, "", 0},
	{"P> X:strz=\"bob\"", "bob", 4, "bob", 0},
	{"P> X:strz=*", "", 1, "", 0},
	{"P> X:raw($n)=has(2)", "\0\1\2", 3, "\0\1\2", 0},
	{"P> X:raw(2)=0102", "\1\2", 2, "\1\2", 0},
	{"P> X:line=/^open [a-z]+$/", "open sesame\r\n", 13, "open sesame", 0},
	{"P> X:line=*", "lf only\n", 8, "lf only", 0},
	{"P> X:line=$plus", "a+b.\r\n", 6, "a+b.", 0},
	{"P> X:line=/^$plus$/", "a+b.\r\n", 6, "a+b.", 0},
	{"P> X:addr5=ip4:$host:$port", "\1\x7f\0\0\1\x1b\x5f", 7, "ip4:127.0.0.1:7007", 0},
	{"P> X:addr5=*", "\3\2gw\0\x50", 6, "name:gw:80", 0},
	{"P> X:addr5=*", "\3\0\0\x50", 4, "name::80", 0},
	{"P> X:addr5={ip4:$host:1,ip6:::1:22}", "\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\x16", 19, "ip6:::1:22",
		0},
	{"P> X:rest=*", "all of it", 9, "all of it", 1},
	{"P> 05 X:u8=0 \"end\"", "\5\0end", 5, "0", 0},
	{"P> X:u8={1,5..7} Y:u8=!0", "\6\1", 2, "6", 0},
	{"P> X:u8=3 Z:raw($X)=\"abc\"", "\3abc", 4, "3", 0},
};

START_TEST(at_every_cut)
{
	struct px_step *s = step(fields[_i].line);
	size_t mark = px_env_mark(&env);

	for (size_t cut = 0; cut <= fields[_i].n; cut++) {
		struct px_diffs d = {.n = 0};
		uint8_t *room =
			malloc(cut + 1); /* so that a read behind the cut is caught by a checker of memory */
		struct px_in in = {span_of(room, cut), false, false};
		size_t used = 99;
		enum px_match m;

		memcpy(room, fields[_i].octets, cut);
		m = px_match_items(&env, s->items, in, &used, &d);
		ck_assert_uint_eq(d.n, 0);
		ck_assert_ptr_null(d.broken);
		if (cut < fields[_i].n || fields[_i].lazy) {
			ck_assert_int_eq(m, PX_M_MORE);
			ck_assert_int_eq(d.want_quiet, fields[_i].lazy);
		} else {
			ck_assert_int_eq(m, PX_M_OK);
			ck_assert_uint_eq(used, fields[_i].n);
		}
		px_env_back(&env, mark);
		free(room);
	}
}
END_TEST

/* Octets behind the field stay where they are, and the variable is set. */
START_TEST(what_follows_is_not_eaten)
{
	struct px_step *s = step(fields[_i].line);
	struct px_diffs d = {.n = 0};
	uint8_t room[64];
	struct px_in in = {span_of(room, fields[_i].n + 2), false, fields[_i].lazy};
	size_t used = 0, n = strlen(fields[_i].value);
	struct span v;

	memset(room, 'z', sizeof room);
	memcpy(room, fields[_i].octets, fields[_i].n);
	ck_assert_int_eq(px_match_items(&env, s->items, in, &used, &d), PX_M_OK);
	if (fields[_i].lazy)
		return;
	ck_assert_uint_eq(used, fields[_i].n);
	ck_assert(px_env_get(&env, "X", &v));
	if (s->items->type != PX_RAW)
		ck_assert(v.n == n && memcmp(v.p, fields[_i].value, n) == 0);
}
END_TEST

/* What is sent is what is accepted, and gives the same variable. */
START_TEST(sent_and_received)
{
	static const char *const lines[] = {"C> X:u8=2..9", "C> X:u16={258,513}", "C> X:raw(3)=*",
		"C> X:raw(1)=has(7)", "C> X:str8=*~\"u\\x00v\"", "C> X:line=\"a b\"",
		"C> X:addr5=name:$host:$port", "C> X:ip4=*", "C> X:strz=\"\"", "C> X:addr5=*~ip6:[::1]:80"};

	for (size_t i = 0; i < COUNT(lines); i++) {
		struct px_step *s = step(lines[i]);
		struct px_buf b = {NULL, 0, 0};
		struct px_diffs d = {.n = 0};
		struct span v;
		char *sent;
		unsigned line;
		size_t used, n;
		const char *why = "";

		ck_assert_msg(
			px_encode_items(&env, s->items, &b, NULL, &line, &why), "%s: %s", lines[i], why);
		ck_assert(px_env_get(&env, "X", &v));
		n = v.n;
		sent = px_dup(arena, (const char *)v.p, n);
		ck_assert_int_eq(px_match_items(&env, s->items,
					 (struct px_in){span_of(b.p, b.n), false, false}, &used, &d),
			PX_M_OK);
		ck_assert_uint_eq(d.n, 0);
		ck_assert_uint_eq(used, b.n);
		ck_assert(px_env_get(&env, "X", &v) && v.n == n && memcmp(v.p, sent, n) == 0);
		px_buf_free(&b);
	}
}
END_TEST

static const struct {
	const char *line, *octets;
	size_t n;
	enum px_match m;
	const char *field, *wanted, *got;
} mismatches[] = {
	{"P> 05 02", "\5\xff", 2, PX_M_BAD, "", "02", "ff"},
	{"P> 05 02", "\4", 1, PX_M_BAD, "", "05", "04"}, /* at the first octet, not at the last */
	{"P> VER:u8=5 REP:u8=0", "\5\7", 2, PX_M_OK, "REP", "\"0\"", "7, octets 07"},
	{"P> P:u16=1..9", "\1\0", 2, PX_M_OK, "P", "1..9", "256, octets 01 00"},
	{"P> M:raw(2)=has(2)", "\0\1", 2, PX_M_OK, "M", "octets with 2", "00 01"},
	{"P> U:str8=\"bob\"", "\3bab", 4, PX_M_OK, "U", "\"bob\"", "\"bab\""},
	{"P> A:addr5=*", "\2", 1, PX_M_BAD, "A", "anything (addr5)", "02"},
	{"P> A:addr5=name:$host:80", "\1\x7f\0\0\1\0\x50", 7, PX_M_OK, "A", "\"name:127.0.0.1:80\"",
		"ip4:127.0.0.1:80"},
	{"P> L:line=/^a$/i", "b\r\n", 3, PX_M_OK, "L", "/^a$/i", "\"b\""},
	{"P> L:line=/^a/", "a\0b\n", 4, PX_M_OK, "L", "/^a/", "\"a\\x00b\""}, /* nothing hides behind a NUL */
	{"P> N:u8=!{1,2}", "\2", 1, PX_M_OK, "N", "not one of \"1\", \"2\"", "2, octets 02"},
};

START_TEST(mismatch)
{
	struct px_step *s = step(mismatches[_i].line);
	struct px_diffs d = {.n = 0};
	size_t used = 0;
	struct px_in in = {span_of(mismatches[_i].octets, mismatches[_i].n), false, false};

	ck_assert_int_eq(px_match_items(&env, s->items, in, &used, &d), mismatches[_i].m);
	ck_assert_uint_eq(d.n, 1);
	ck_assert_uint_eq(d.v[0].line, 4);
	ck_assert_str_eq(d.v[0].name, mismatches[_i].field);
	ck_assert_str_eq(d.v[0].wanted, mismatches[_i].wanted);
	ck_assert_ptr_nonnull(strstr(d.v[0].got, mismatches[_i].got));
	px_diffs_free(&d);
}
END_TEST

#define RESPONSE \
	"HTTP/1.1 407 Auth\r\nProxy-Authenticate: Newauth\r\nproxy-authenticate:  Basic \r\nX-Fold: " \
	"a\r\n\t b\r\n\r\n"

START_TEST(head_at_every_cut)
{
	struct px_step *s = step("P> http \"HTTP/1.1 407 x\"\n start: /^HTTP\\/1.1 407/\n "
				 "Proxy-Authenticate: Newauth, Basic\n *");
	size_t n = strlen(RESPONSE), used;
	struct span v;

	for (size_t cut = 0; cut <= n; cut++) {
		struct px_diffs d = {.n = 0};
		struct px_in in = {span_of(RESPONSE, cut), false, false};
		enum px_match m = px_match_head(&env, s, in, &used, &d);

		ck_assert_int_eq(m, cut < n ? PX_M_MORE : PX_M_OK);
		ck_assert_uint_eq(d.n, 0);
	}
	ck_assert_uint_eq(used, n);
	ck_assert(px_env_get(&env, "http.x-fold", &v) && span_eq(v, span_str("a b")));
	ck_assert(px_env_get(&env, "http.Proxy-Authenticate", &v) && span_eq(v, span_str("Newauth, Basic")));
	px_env_head(&env);
	ck_assert(!px_env_get(&env, "http.x-fold", &v)); /* a new head forgets the old one */
	ck_assert(px_env_get(&env, "host", &v));
}
END_TEST

START_TEST(head_differences)
{
	static const struct {
		const char *hdrs, *head, *field;
		enum px_level level;
	} t[] = {{"start: /^HTTP\\/1.1 200/\n *", "HTTP/1.1 404 No\r\n\r\n", "start", PX_L_NONE},
		{"*", "HTTP/1.1 201 OK\r\n\r\n", "start",
			PX_L_NONE}, /* without start: the string is meant exactly */
		{"start: /200/\n A: x [SHOULD]\n *", "HTTP/1.1 200 OK\r\n\r\n", "A", PX_SHOULD},
		{"start: /200/\n A: absent [MUST-NOT]\n *", "HTTP/1.1 200 OK\r\na: 1\r\n\r\n", "A",
			PX_MUST_NOT},
		{"start: /200/\n A?: x\n *", "HTTP/1.1 200 OK\r\nA: y\r\n\r\n", "A", PX_L_NONE},
		{"start: /200/\n A?: x", "HTTP/1.1 200 OK\r\nB: y\r\n\r\n", "head", PX_L_NONE},
		{"start: /200/\n A: /^[^,]*$/\n *", "HTTP/1.1 200 OK\r\nA: y\r\nA: z\r\n\r\n", "A",
			PX_L_NONE},
		{"start: /200/\n *", "HTTP/1.1 200 OK\r\nA: y\n\r\n", "line end", PX_ROBUST}};

	for (size_t i = 0; i < COUNT(t); i++) {
		char text[300];
		struct px_diffs d = {.n = 0};
		size_t used;
		struct px_step *s;

		snprintf(text, sizeof text, "P> http \"HTTP/1.1 200 OK\"\n %s", t[i].hdrs);
		s = step(text);
		ck_assert_int_eq(
			px_match_head(&env, s, (struct px_in){span_str(t[i].head), false, false}, &used, &d),
			PX_M_OK);
		ck_assert_uint_eq(d.n, 1);
		ck_assert_str_eq(d.v[0].name, t[i].field);
		ck_assert_int_eq(d.v[0].level, t[i].level);
		px_diffs_free(&d);
	}
}
END_TEST

/* RFC 9112 section 6.3: chunked, Content-Length, until close, none. */
START_TEST(bodies)
{
	static const struct {
		const char *head, *body, *value;
		bool eof;
	} t[] = {{"HTTP/1.1 407 A\r\nContent-Length: 5\r\n\r\n", "abcde", "abcde", 0},
		{"HTTP/1.1 407 A\r\nContent-Length: 0\r\n\r\n", "", "", 0},
		{"HTTP/1.1 407 A\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
			"3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n", "abc0123456789", 0},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "", "", 0},
		{"HTTP/1.1 204 No\r\n\r\n", "", "", 0},
		{"HTTP/1.0 400 No\r\n\r\n", "until the end", "until the end", 1}};
	struct px_step *s = step("P> X:httpbody=*");

	for (size_t i = 0; i < COUNT(t); i++) {
		size_t n = strlen(t[i].body), used;
		struct span v;

		ck_assert(px_head_vars(&env, span_str(t[i].head), &used));
		for (size_t cut = 0; cut <= n; cut++) {
			struct px_diffs d = {.n = 0};
			bool all = cut == n;
			struct px_in in = {span_of(t[i].body, cut), all && t[i].eof, false};

			ck_assert_int_eq(
				px_match_items(&env, s->items, in, &used, &d), all ? PX_M_OK : PX_M_MORE);
		}
		ck_assert_uint_eq(used, n);
		ck_assert(px_env_get(&env, "X", &v) && span_eq(v, span_str(t[i].value)));
	}
}
END_TEST

/* Each alternative against each way the stream can be. */
START_TEST(alternatives)
{
	static const struct {
		const char *alt, *octets;
		bool eof, rst, over;
		enum px_alt_state want;
	} t[] = {
		{"05 07 , close -> pass", "\5", 0, 0, 0, PX_A_OPEN},
		{"05 07 , close -> pass", "\5\7", 0, 0, 0, PX_A_OPEN},
		{"05 07 , close -> pass", "\5\7", 1, 0, 0, PX_A_YES},
		{"05 07 , close -> pass", "\5\7", 0, 1, 0, PX_A_YES},
		{"05 07 , close -> pass", "\5\7", 0, 0, 1, PX_A_NO},
		{"05 07 , close -> pass", "\5\7x", 1, 0, 0, PX_A_NO},
		{"05 07 , close -> pass", "\5", 1, 0, 0, PX_A_NO},
		{"05 07 , close -> pass", "\4", 0, 0, 0, PX_A_NO},
		{"05 07 -> pass", "\5\7more", 0, 0, 0, PX_A_YES},
		{"05 R:u8=1..3 -> pass", "\5\7", 0, 0, 0, PX_A_NO},
		{"close -> pass", "", 0, 0, 0, PX_A_OPEN},
		{"close -> pass", "x", 1, 0, 0, PX_A_NO},
		{"fin -> pass", "", 1, 0, 0, PX_A_YES},
		{"fin -> pass", "", 0, 1, 0, PX_A_NO},
		{"rst -> pass", "", 0, 1, 0, PX_A_YES},
		{"rst -> pass", "", 1, 0, 0, PX_A_NO},
		{"silence -> pass", "", 0, 0, 0, PX_A_OPEN},
		{"silence -> pass", "", 0, 0, 1, PX_A_YES},
		{"silence -> pass", "x", 0, 0, 1, PX_A_NO},
		{"silence -> pass", "", 1, 0, 1, PX_A_NO},
		{"S:line=/^HTTP/ F:rest=* -> pass", "HTTP\r\nab", 0, 0, 0, PX_A_OPEN},
		{"S:line=/^HTTP/ F:rest=* -> pass", "HTTP\r\nab", 0, 0, 1, PX_A_YES},
		{"S:line=/^HTTP/ F:rest=!/a/ -> pass", "HTTP\r\nab", 0, 0, 1, PX_A_NO},
	};

	for (size_t i = 0; i < COUNT(t); i++) {
		char text[200];
		struct px_diffs d = {.n = 0};
		struct px_close c = {t[i].eof, t[i].rst, t[i].over};
		size_t used, mark = px_env_mark(&env);
		struct px_step *s;

		snprintf(text, sizeof text, "P> oneof\n | %s", t[i].alt);
		s = step(text);
		ck_assert_msg(
			px_match_alt(&env, s->alts, (struct px_in){span_str(t[i].octets), t[i].eof, false}, c,
				&used, &d) == t[i].want,
			"%zu: %s", i, t[i].alt);
		px_diffs_free(&d);
		px_env_back(&env, mark);
	}
}
END_TEST

START_TEST(cuts_of_a_line)
{
	struct px_step *s = step("C> 01 | 02 03 | \"ab\" |");
	struct px_buf b = {NULL, 0, 0};
	struct px_cuts cuts = {.n = 0};
	unsigned line;
	const char *why;

	ck_assert(px_encode_items(&env, s->items, &b, &cuts, &line, &why));
	ck_assert_uint_eq(b.n, 5);
	ck_assert_uint_eq(cuts.n, 3);
	ck_assert(cuts.v[0] == 1 && cuts.v[1] == 3 && cuts.v[2] == 5);
	px_buf_free(&b);
}
END_TEST

/* Fields with two patterns for one name are sent once; those that are optional and have no value, not at all. */
START_TEST(heads_are_sent)
{
	struct px_step *s = step("P> http \"HTTP/1.1 407 A\"\n start: /407/\n A: *~1\n A: /1/~1\n B?: *\n "
				 "C?: *~3\n D: absent\n"
				 " E: $host:$port\n *");
	static const char want[] = "HTTP/1.1 407 A\r\nA: 1\r\nC: 3\r\nE: 127.0.0.1:7007\r\n\r\n";
	struct px_buf b = {NULL, 0, 0};
	unsigned line;
	const char *why;

	ck_assert(px_encode_head(&env, s, &b, &line, &why));
	ck_assert(span_eq(span_of(b.p, b.n), span_str(want)));
	px_buf_free(&b);
}
END_TEST

/* RFC 4648 section 10. */
START_TEST(base64)
{
	static const char *const t[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
		{"foobar", "Zm9vYmFy"}, {"Aladdin:open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}};

	for (size_t i = 0; i < COUNT(t); i++) {
		struct px_buf b = {NULL, 0, 0};

		px_base64(&b, span_str(t[i][0]));
		ck_assert(span_eq(span_of(b.p, b.n), span_str(t[i][1])));
		px_buf_free(&b);
	}
}
END_TEST

static void
fill(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	LOOP(tc, at_every_cut, fields);
	LOOP(tc, what_follows_is_not_eaten, fields);
	tcase_add_test(tc, sent_and_received);
	LOOP(tc, mismatch, mismatches);
	tcase_add_test(tc, head_at_every_cut);
	tcase_add_test(tc, head_differences);
	tcase_add_test(tc, bodies);
	tcase_add_test(tc, alternatives);
	tcase_add_test(tc, cuts_of_a_line);
	tcase_add_test(tc, heads_are_sent);
	tcase_add_test(tc, base64);
}

int
main(void)
{
	return unit_run("proxyspec matcher", fill);
}
