/* SPDX-License-Identifier: ISC
 * connect_text.c - base64 (RFC 4648 section 4), text that is safe on a terminal, lines on standard error, and the parts
 * of an HTTP head (RFC 9112 sections 2.2, 4, 5). */
#include <stdio.h>
#include <stdlib.h>

#include "base64.h"
#include "http_head.h"
#include "lib/unit.h"
#include "say.h"

static const char *
base64(struct span a, struct span b)
{
	static char text[2048];
	struct obuf o = ob_over(text, sizeof text - 1);

	base64_pair(&o, a, b);
	ck_assert(!o.over);
	text[o.n] = '\0';
	return text;
}

/* RFC 4648 section 10's words with the colon in the middle; the rest by the table of its section 4. */
START_TEST(base64_words)
{
	static const struct {
		const char *a, *b, *want;
	} t[] = {{"", "", "Og=="}, {"f", "", "Zjo="}, {"fo", "", "Zm86"}, {"", "f", "OmY="},
		{"", "fo", "OmZv"}, {"f", "o", "Zjpv"},
		{"Aladdin", "open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
		{"test", "123\xc2\xa3", "dGVzdDoxMjPCow=="}, {"\xff\xff", "\xff\xff\xff", "//86////"},
		{"\xfb\xef", "\xbe\xfb\xef", "++86vvvv"}};

	for (size_t i = 0; i < COUNT(t); i++)
		ck_assert_str_eq(base64(span_str(t[i].a), span_str(t[i].b)), t[i].want);
	ck_assert_str_eq(base64(span_of("\0\0", 2), span_of("\0\0\0", 3)), "AAA6AAAA");
}
END_TEST

/* Each of the 64 letters at each of the four places. */
START_TEST(base64_alphabet)
{
	static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (unsigned v = 0; v < 64; v++) {
		uint8_t b[3] = {(uint8_t)(v << 2), 0, 0};
		char want[5] = {abc[v], 'A', 'A', 'A', '\0'};

		ck_assert_str_eq(base64(span_of("ab", 2), span_of(b, 3)) + 4, want);
		b[0] = (uint8_t)(v >> 4);
		b[1] = (uint8_t)(v << 4);
		snprintf(want, sizeof want, "A%cAA", abc[v]);
		ck_assert_str_eq(base64(span_of("ab", 2), span_of(b, 3)) + 4, want);
		b[0] = 0;
		b[1] = (uint8_t)(v >> 2);
		b[2] = (uint8_t)(v << 6);
		snprintf(want, sizeof want, "AA%cA", abc[v]);
		ck_assert_str_eq(base64(span_of("ab", 2), span_of(b, 3)) + 4, want);
		b[1] = 0;
		b[2] = (uint8_t)v;
		snprintf(want, sizeof want, "AAA%c", abc[v]);
		ck_assert_str_eq(base64(span_of("ab", 2), span_of(b, 3)) + 4, want);
	}
}
END_TEST

START_TEST(safe_text)
{
	char all[256] = {0}, longer[1000];
	const char *s;

	for (int c = 1; c < 256; c++)
		all[c - 1] = (char)c;
	for (size_t from = 0; from < 255; from += 40) {
		char part[41];

		snprintf(part, sizeof part, "%.40s", all + from);
		for (s = safe(part); *s != '\0'; s++)
			ck_assert(*s >= 0x20 && *s <= 0x7e);
	}
	ck_assert_str_eq(safe("a\x1b[31mb\r\n\t\\"), "a\\x1b[31mb\\r\\n\\t\\\\");
	ck_assert_str_eq(safe_span(span_of("a\0b\xe9", 4)), "a\\x00b\\xe9");
	ck_assert_str_eq(safe(""), "");
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	s = safe(longer);
	ck_assert_uint_ge(strlen(s), 200);
	ck_assert_uint_le(strlen(s), 255);
	ck_assert_str_eq(s + strlen(s) - 3, "...");
	for (size_t n = 240; n < 262; n++) {
		memset(longer, 'x', n);
		memcpy(longer + n, "\x01\x01\x01", 4);
		s = safe(longer);
		ck_assert_uint_le(strlen(s), 255);
		for (; *s != '\0'; s++)
			ck_assert(*s >= 0x20 && *s <= 0x7e);
	}
}
END_TEST

START_TEST(four_safe_texts_at_once)
{
	const char *a = safe("one"), *b = safe("two"), *c = safe("three"), *d = safe("four");

	ck_assert_str_eq(a, "one");
	ck_assert_str_eq(b, "two");
	ck_assert_str_eq(c, "three");
	ck_assert_str_eq(d, "four");
}
END_TEST

START_TEST(lines_on_standard_error)
{
	char longer[5000];
	const char *text;

	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	debug_level = 0;
	catch_stderr();
	say_debug("not shown %d", 1);
	say_error("%s %d", "an error", 2);
	say_fatal("the last %c", 'x');
	say_plain("plain");
	debug_level = 1;
	say_debug("shown %d", 3);
	text = caught();
	ck_assert_str_eq(text, "ERROR: an error 2\nFATAL: the last x\nplain\nDEBUG: shown 3\n");
	catch_stderr();
	say_error("%s", longer); /* one line, whatever is in it */
	text = caught();
	ck_assert_uint_gt(strlen(text), 1000);
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
}
END_TEST

/* --- the head of a response ---------------------------------------------------------------------------------- */

START_TEST(lines_and_heads)
{
	ck_assert_uint_eq(head_line(span_str("")), 0);
	ck_assert_uint_eq(head_line(span_of(NULL, 0)), 0);
	ck_assert_uint_eq(head_line(span_str("abc\r")), 0);
	ck_assert_uint_eq(head_line(span_str("abc\r\nd")), 5);
	ck_assert_uint_eq(head_line(span_str("\n")), 1);
	ck_assert(span_eq(head_trim(span_str("abc\r\n")), span_str("abc")));
	ck_assert(span_eq(head_trim(span_str("abc\n")), span_str("abc")));
	ck_assert(span_eq(head_trim(span_str("abc")), span_str("abc")));
	ck_assert(span_eq(head_trim(span_str("\r\r\n")), span_str("\r")));
	ck_assert_uint_eq(head_trim(span_str("\r\n")).n, 0);
	ck_assert_uint_eq(head_size(span_str("S\r\nA: b\r\n")), 0);
	ck_assert_uint_eq(head_size(span_str("S\r\nA: b\r\n\r")), 0);
	ck_assert_uint_eq(head_size(span_str("S\r\nA: b\r\n\r\nbody")), 11);
	ck_assert_uint_eq(head_size(span_str("S\n\n\n")), 3);
	ck_assert_uint_eq(head_size(span_str("S\r\n\n")), 4);
	ck_assert_uint_eq(head_size(span_str("S\n \n\r\n")), 6); /* a line of a blank is no empty line */
}
END_TEST

START_TEST(status_lines)
{
	static const struct {
		const char *line;
		int status, minor;
		const char *reason;
	} t[] = {{"HTTP/1.1 200 OK\r\n", 200, 1, "OK"},
		{"HTTP/1.0 407 Proxy Auth  needed \r\n", 407, 0, "Proxy Auth  needed"},
		{"HTTP/1.9 999\n", 999, 9, ""}, {"HTTP/1.1 200 \r\n", 200, 1, ""},
		{"HTTP/1.1\t  301\tx\r\n", 301, 1, "x"}, {"HTTP/1.1 2000\r\n", -1, 0, NULL},
		{"HTTP/1.1 20\r\n", -1, 0, NULL}, {"HTTP/1.1 \r\n", -1, 0, NULL},
		{"HTTP/1.1\r\n", -1, 0, NULL}, {"HTTP/1.1200\r\n", -1, 0, NULL},
		{"HTTP/1.a 200\r\n", -1, 0, NULL}, {"HTTP/1.11 200\r\n", -1, 0, NULL},
		{"HTTP/2.0 200\r\n", -1, 0, NULL}, {"ICY 200 OK\r\n", -1, 0, NULL},
		{"HTTP/1.1 -20\r\n", -1, 0, NULL}, {"HTTP/1.1 200OK\r\n", -1, 0, NULL}, {"", -1, 0, NULL},
		{"\r\n", -1, 0, NULL}, {"HTTP/1.1 2:0 x\r\n", -1, 0, NULL},
		{"HTTP/1.1 2/0 x\r\n", -1, 0, NULL}};

	for (size_t i = 0; i < COUNT(t); i++) {
		struct span reason;
		int minor;

		ck_assert_msg(
			status_parse(span_str(t[i].line), &minor, &reason) == t[i].status, "%s", t[i].line);
		if (t[i].status < 0)
			continue;
		ck_assert_int_eq(minor, t[i].minor);
		ck_assert(span_eq(reason, span_str(t[i].reason)));
	}
	for (size_t n = 0; n <= 7; n++) {
		ck_assert(status_possible(span_of("HTTP/1.", n)));
		ck_assert(n == 0 || !status_possible(span_of("HTTP/1,X", 8)));
		ck_assert(!status_possible(span_of("xTTP/1.", n)) || n == 0);
	}
	ck_assert(status_possible(span_str("HTTP/1.whatever")));
	ck_assert(!status_possible(span_str("HTTQ")));
	ck_assert(!status_possible(span_str("http/1.")));
}
END_TEST

START_TEST(fields)
{
	static const char head[] =
		"HTTP/1.1 200 OK\r\nA: b\r\nEmpty:\r\nFold:  one\r\n\ttwo\r\n  three \r\nno colon\r\n"
		"a:second\nB\t: \t c \t\r\n\r\nX: not a field\r\n";
	static const struct {
		const char *name, *value;
	} want[] = {{"A", "b"}, {"Empty", ""}, {"Fold", "one\r\n\ttwo\r\n  three"}, {"no colon", ""},
		{"a", "second"}, {"B", "c"}};
	struct span name, value;
	size_t at = 0;
	unsigned n;

	for (size_t i = 0; i < COUNT(want); i++) {
		ck_assert(field_next(span_str(head), &at, &name, &value));
		ck_assert(span_eq(name, span_str(want[i].name)));
		ck_assert(span_eq(value, span_str(want[i].value)));
	}
	ck_assert(!field_next(span_str(head), &at, &name, &value));
	ck_assert(span_eq(field_get(span_str(head), "A", &n), span_str("b")));
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(field_get(span_str(head), "X", &n).n, 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_uint_eq(field_get(span_str(head), "EMPTY", &n).n, 0);
	ck_assert_uint_eq(n, 1);
}
END_TEST

START_TEST(tokens_in_lists)
{
	static const char head[] =
		"S\r\nConnection: keep-alive, Foo ,close-not\r\nconnection:\tBAR\r\nOther: close\r\n\r\n";

	ck_assert(field_has(span_str(head), "Connection", "keep-alive"));
	ck_assert(field_has(span_str(head), "Connection", "Keep-Alive"));
	ck_assert(field_has(span_str(head), "CONNECTION", "foo"));
	ck_assert(field_has(span_str(head), "Connection", "bar"));
	ck_assert(field_has(span_str(head), "Connection", "close-not"));
	ck_assert(!field_has(span_str(head), "Connection", "close"));
	ck_assert(!field_has(span_str(head), "Connection", "keep"));
	ck_assert(!field_has(span_str(head), "Connect", "keep-alive"));
	ck_assert(same_nocase(span_str("aZ-9"), "Az-9"));
	ck_assert(!same_nocase(span_str("aZ-9"), "Az-"));
	ck_assert(!same_nocase(span_str("@"), "`")); /* 0x40 and 0x60 are no letters */
	ck_assert(!same_nocase(span_str("["), "{"));
}
END_TEST

/* Reading stops at the end of what there is. */
START_TEST(heads_cut_anywhere)
{
	static const char head[] =
		"HTTP/1.1 407 x\r\nProxy-Authenticate: Digest a=\"b\\\",\"\r\n , Basic realm=x\r\nA:\r\n\r\n";

	for (size_t n = 0; n < sizeof head; n++) {
		char *copy = malloc(n + 1);
		struct span s, reason;
		int minor;

		ck_assert_ptr_nonnull(copy);
		memcpy(copy + 1, head, n);
		s = span_of(copy + 1, n);
		ck_assert_uint_eq(head_size(s), n < sizeof head - 1 ? 0 : sizeof head - 1);
		ck_assert_int_eq(status_parse(s, &minor, &reason), n < 12 ? -1 : 407);
		free(copy);
	}
}
END_TEST

/* What is too long for the list of schemes is left out; the answer stays right. */
START_TEST(a_small_room_for_schemes)
{
	static const char value[] = "Negotiate, Digest realm=\"x\", NTLM, Basic realm=\"y\"";

	for (size_t cap = 0; cap < 40; cap++) {
		char *names = malloc(cap + 1);
		struct obuf o = ob_over(names, cap);

		ck_assert_ptr_nonnull(names);
		ck_assert(challenge_in_value(span_str(value), &o));
		ck_assert(!o.over);
		free(names);
	}
}
END_TEST

static void
fill(TCase *tc)
{
	tcase_add_test(tc, base64_words);
	tcase_add_test(tc, base64_alphabet);
	tcase_add_test(tc, safe_text);
	tcase_add_test(tc, four_safe_texts_at_once);
	tcase_add_test(tc, lines_on_standard_error);
	tcase_add_test(tc, lines_and_heads);
	tcase_add_test(tc, status_lines);
	tcase_add_test(tc, fields);
	tcase_add_test(tc, tokens_in_lists);
	tcase_add_test(tc, heads_cut_anywhere);
	tcase_add_test(tc, a_small_room_for_schemes);
}

int
main(void)
{
	return unit_run("connect text", fill);
}
