/* SPDX-License-Identifier: ISC
 * spec_parse.c - the grammar of docs/pxt.5: each construct, and each error with its file and line. */
#include "lib/unit.h"
#include "load.h"
#include "self.h"

#include <stdio.h>
#include <stdlib.h>

#define HEAD \
	"case: a/b\ntitle: t\nspec: X MUST\ntests: both\nneeds: socks5\ngiven: host=127.0.0.1 port=7007\n\n"

static struct px_arena *arena;
static struct px_errors errs;

static void
setup(void)
{
	arena = px_arena_new();
	px_errors_init(&errs, arena);
}

static void
teardown(void)
{
	px_arena_free(arena);
}

static struct px_case *
parse(const char *text)
{
	return px_parse(arena, "f.pxt", span_str(px_dup(arena, text, strlen(text))), &errs);
}

static struct px_case *
good(const char *body)
{
	char text[4000];
	struct px_case *c;

	snprintf(text, sizeof text, "%s%s", HEAD, body);
	c = parse(text);
	if (c == NULL)
		ck_abort_msg("%s: %s", body, errs.first->text);
	return c;
}

static const char *
lit(const struct px_tpl *t)
{
	ck_assert_ptr_nonnull(t->first);
	return px_dup(arena, (const char *)t->first->lit.p, t->first->lit.n);
}

START_TEST(headers)
{
	struct px_case *c = parse(
		"case: x/y\r\ntitle:  two words \r\nspec: A MUST\nspec: B ; not a comment FMT\n; comment\n"
		"tests: client\nneeds: socks5 userpass\ngiven: host=h port=1 pass=\"a b\\x00\" empty=\n"
		"level: SHOULD\ngoal: refuse\nwhy: w\nnote: n\nsee: s\nreq: A-1 A-2\n\nP> 05\n");

	ck_assert_ptr_nonnull(c);
	ck_assert_str_eq(c->id, "x/y");
	ck_assert_str_eq(c->title, "two words");
	ck_assert_str_eq(c->spec->next->s, "B ; not a comment FMT");
	ck_assert_uint_eq(c->tests, PX_TESTS_CLIENT);
	ck_assert(px_has_word(c->needs, "userpass") && !px_has_word(c->needs, "user"));
	ck_assert(px_has_word(c->req, "A-2"));
	ck_assert_int_eq(c->level, PX_SHOULD);
	ck_assert_str_eq(c->goal, "refuse");
	ck_assert_uint_eq(c->given->next->next->value.first->lit.n, 4);
	ck_assert_ptr_null(c->given->next->next->next->value.first);
	ck_assert(!c->malformed);
}
END_TEST

START_TEST(octet_lines)
{
	struct px_step *s = good("C>! 05 0100 \"a\\r\\n\\\\\\\"\\$\" $host | N:u8=1..255~2[SHOULD] within 3s "
				 "[CONV] & ; note\n")
				    ->steps;
	struct px_item *i = s->items;

	ck_assert_int_eq(s->kind, PX_BYTES);
	ck_assert(s->illegal && s->amp && s->actor == PX_C);
	ck_assert_int_eq(s->within_ms, 3000);
	ck_assert_int_eq(s->level, PX_CONV);
	ck_assert_str_eq(s->note, "note");
	ck_assert_uint_eq(s->line, 8);
	ck_assert_uint_eq(i->text.first->lit.n, 1);
	i = i->next;
	ck_assert_mem_eq(i->text.first->lit.p, "\x01\x00", 2);
	i = i->next;
	ck_assert_str_eq(lit(&i->text), "a\r\n\\\"$");
	i = i->next;
	ck_assert_str_eq(i->text.first->var, "host");
	i = i->next;
	ck_assert_int_eq(i->kind, PX_BAR);
	i = i->next;
	ck_assert_str_eq(i->name, "N");
	ck_assert_int_eq(i->spec->kind, PX_RANGE);
	ck_assert_str_eq(lit(&i->spec->b), "255");
	ck_assert_str_eq(lit(&i->canon), "2");
	ck_assert_int_eq(i->level, PX_SHOULD);
	ck_assert_ptr_null(i->next);
}
END_TEST

START_TEST(types_and_patterns)
{
	static const char *const names[] = {
		"u8", "u16", "ip4", "ip6", "str8", "strz", "raw", "line", "addr5", "httpbody", "rest"};
	struct px_step *s =
		good("P> A:u8=* B:u16={1,2..3,$port} C:ip4=$host D:ip6=!:: E:str8=\"x\" F:strz=*~\"y z\" "
		     "G:raw($A)=has(2)~0002 H:line=/^a\\/[\\d]b\\d$/i~\"a/1b2\" I:addr5=ip4:$host:$port "
		     "J:httpbody=* K:rest\n")
			->steps;
	struct px_item *i = s->items;

	for (size_t k = 0; k < COUNT(names); k++, i = i->next)
		ck_assert_str_eq(px_type_name(i->type), names[k]);
	i = s->items->next;
	ck_assert_int_eq(i->spec->kind, PX_SET);
	ck_assert_int_eq(i->spec->sub->next->kind, PX_RANGE);
	ck_assert_str_eq(i->spec->sub->next->next->a.first->var, "port");
	i = i->next->next;
	ck_assert_int_eq(i->spec->kind, PX_NOT);
	ck_assert_str_eq(lit(&i->spec->sub->a), "::");
	i = i->next->next->next;
	ck_assert_int_eq(i->spec->kind, PX_HAS);
	ck_assert_str_eq(i->len.first->var, "A");
	i = i->next;
	ck_assert_int_eq(i->spec->kind, PX_REGEX);
	ck_assert(i->spec->icase);
	ck_assert_str_eq(lit(&i->spec->a), "^a/[0-9]b[0-9]$");
}
END_TEST

START_TEST(http_heads)
{
	struct px_step *s = good("C> http \"CONNECT $host HTTP/1.1\"\n"
				 "     start: /^CONNECT /  [FMT]\n"
				 "     Host?: $host:$port~$host:$port   [SHOULD] ; which host\n"
				 "     X-Y: *~a=\"1 ; 2\"; b\n"
				 "     Content-Length: absent [MUST-NOT]\n"
				 "     V: [::1]:80~[::1]:80\n"
				 "     *\n"
				 "P> 00\n")
				    ->steps;
	struct px_hdr *h = s->hdrs;

	ck_assert_int_eq(s->kind, PX_HTTP);
	ck_assert_str_eq(h->name, "start");
	ck_assert_int_eq(h->level, PX_FMT);
	h = h->next;
	ck_assert(h->optional && h->has_canon);
	ck_assert_int_eq(h->level, PX_SHOULD);
	ck_assert_str_eq(h->note, "which host");
	h = h->next;
	ck_assert_str_eq(lit(&h->canon), "a=\"1 ; 2\"; b");
	h = h->next;
	ck_assert_int_eq(h->spec->kind, PX_ABSENT);
	ck_assert_int_eq(h->level, PX_MUST_NOT);
	h = h->next;
	ck_assert_str_eq(lit(&h->canon), "[::1]:80");
	ck_assert_str_eq(h->next->name, "*");
	ck_assert_int_eq(s->next->kind, PX_BYTES);
}
END_TEST

START_TEST(alternatives)
{
	struct px_step *s = good("P> oneof within 500ms\n"
				 "   | VER:u8=5 01 , close -> pass\n"
				 "   ; a comment\n"
				 "   | rst -> loose \"why not\"\n"
				 "   | silence -> fail\n"
				 "C: retry\n")
				    ->steps;
	struct px_alt *a = s->alts;

	ck_assert_int_eq(s->kind, PX_ONEOF);
	ck_assert_int_eq(s->within_ms, 500);
	ck_assert_int_eq(a->ending, PX_END_CLOSE);
	ck_assert_int_eq(a->verdict, PX_PASS);
	ck_assert_ptr_nonnull(a->items->next);
	a = a->next;
	ck_assert_int_eq(a->ending, PX_END_RST);
	ck_assert_str_eq(a->why, "why not");
	a = a->next;
	ck_assert_int_eq(a->ending, PX_END_SILENCE);
	ck_assert_int_eq(a->verdict, PX_FAIL);
	ck_assert_int_eq(s->next->event, PX_E_RETRY);
}
END_TEST

START_TEST(events)
{
	static const struct {
		const char *text;
		enum px_event e;
		int ms, status;
		bool neg;
	} t[] = {{"C: close", PX_E_CLOSE, -1, 0, 0}, {"P: fin within 2s", PX_E_FIN, -1, 0, 0},
		{"T: rst", PX_E_RST, -1, 0, 0}, {"C: wait 60s", PX_E_WAIT, 60000, 0, 0},
		{"P: silent 250ms [SHOULD]", PX_E_SILENT, 250, 0, 0}, {"C: retry ; x", PX_E_RETRY, -1, 0, 0},
		{"C: eof", PX_E_EOF, -1, 0, 0}, {"C: exit !0", PX_E_EXIT, -1, 0, 1},
		{"C: exit 7 [INFO]", PX_E_EXIT, -1, 7, 0}, {"C: stdout-empty", PX_E_STDOUT_EMPTY, -1, 0, 0},
		{"C: stderr !/x y/i [ROBUST]", PX_E_STDERR, -1, 0, 0},
		{"P: skip \"-> \"", PX_E_SKIP, -1, 0, 0}, {"T: accept", PX_E_ACCEPT, -1, 0, 0},
		{"T: refuse", PX_E_REFUSE, -1, 0, 0}, {"T: got \"a\"", PX_E_GOT, -1, 0, 0},
		{"T: closed within 10s", PX_E_CLOSED, -1, 0, 0}, {"T: none", PX_E_NONE, -1, 0, 0},
		{"T: none 2m", PX_E_NONE, 120000, 0, 0}, {"T: connect $host:$port", PX_E_CONNECT, -1, 0, 0}};

	for (size_t i = 0; i < COUNT(t); i++) {
		char line[100];
		struct px_step *s;

		snprintf(line, sizeof line, "%s\n", t[i].text);
		s = good(line)->steps;
		ck_assert_int_eq(s->event, t[i].e);
		ck_assert_int_eq(s->ms, t[i].ms);
		ck_assert_int_eq(s->status, t[i].status);
		ck_assert_int_eq(s->negated, t[i].neg);
	}
}
END_TEST

START_TEST(when_and_headings)
{
	struct px_step *s = good("--- a heading, and more                RFC1928 §3\n"
				 "when $METHOD == 2 {\nC> 01\nwhen $http.a-b != absent {\nP> 02\n}\n} else "
				 "{\nC> 03\n}\nT: accept")
				    ->steps;

	ck_assert_str_eq(s->heading, "a heading, and more");
	ck_assert_str_eq(s->section, "RFC1928 §3");
	s = s->next;
	ck_assert_str_eq(s->var, "METHOD");
	ck_assert(!s->negated);
	ck_assert_str_eq(s->body->next->var, "http.a-b");
	ck_assert(s->body->next->negated && s->body->next->absent);
	ck_assert_uint_eq(s->other->line, 15);
	ck_assert_int_eq(s->next->event, PX_E_ACCEPT);
	ck_assert_ptr_null(s->next->next);
}
END_TEST

#define WHEN1 "when $A == 1 {\n"
#define WHEN4 WHEN1 WHEN1 WHEN1 WHEN1
#define WHEN16 WHEN4 WHEN4 WHEN4 WHEN4

static const struct {
	const char *body, *want;
} wrong[] = {
	{"C> 051", "f.pxt:8: \"051\" has an odd number"},
	{"C> VER", "f.pxt:8: \"VER\" is neither octets nor a string"},
	{"\nC> X:u9=1", "f.pxt:9: unknown type"},
	{"C> X:u9=1\nP> Y:u7", "f.pxt:9: unknown type"}, /* the second error is told, too */
	{"C> X:raw=00", "f.pxt:8: raw wants its length"},
	{"C> X:u8={1,2", "f.pxt:8: a set ends with }"},
	{"C> X:u8=", "f.pxt:8: a value is wanted"},
	{"C> X:u8=1]", "f.pxt:8: a u8 is a number from 0 to 255"},
	{"C> X:line=/abc", "f.pxt:8: the regular expression has no end"},
	{"C> X:raw(1)=has(2", "f.pxt:8: has( is not closed"},
	{"C> \"abc", "f.pxt:8: the string has no end"},
	{"C> \"\\q\"", "f.pxt:8: unknown escape \\q"},
	{"C> \"\\xg0\"", "f.pxt:8: \\x takes two"},
	{"C> 05 within 3", "f.pxt:8: a duration is wanted"},
	{"C> 05 within 999999h", "f.pxt:8: a duration is wanted"},
	{"C>", "f.pxt:8: octets are wanted"},
	{"T> 05", "f.pxt:8: octets are C> or P>"},
	{"P>> 05", "f.pxt:8: payload is C>> or T>>"},
	{"X> 05", "f.pxt:8: a line starts with"},
	{"C: dance", "f.pxt:8: unknown event \"dance\""},
	{"C: exit", "f.pxt:8: exit wants"},
	{"C: wait", "f.pxt:8: a duration is wanted"},
	{"C: close now", "f.pxt:8: \"now\" is not understood"},
	{"P: skip x", "f.pxt:8: a string is wanted"},
	{"P> oneof", "f.pxt:8: oneof has no alternatives"},
	{"P> oneof\n | close", "f.pxt:9: an alternative ends with ->"},
	{"P> oneof\n | close -> maybe", "f.pxt:9: the verdict is pass, loose, info or fail"},
	{"P> oneof\n | close , fin -> pass", "f.pxt:9: an alternative ends once"},
	{"P> oneof\n | -> pass", "f.pxt:9: octets, fields, close"},
	{"P> http \"X\"\n   nonsense", "f.pxt:9: a header line is"},
	{"when $A == 1 {\nC> 05", "f.pxt:8: the block of this when has no }"},
	{"when A == 1 {\n}", "f.pxt:8: when wants $NAME"},
	{"when $A = 1 {\n}", "f.pxt:8: when compares with"},
	{WHEN16 WHEN1 "C> 05", "f.pxt:24: a when within 16 others"},
	{"P> X:u8=!!!!!!!!!!!!!!!!5", "f.pxt:8: a pattern within 16 patterns"},
	{"P> X:u8={{{{{{{{{{{{{{{{5", "f.pxt:8: a pattern within 16 patterns"},
	{"; nothing", "there are headers, but no trace"},
	{"P> X:line=/[/", "f.pxt:8: the regular expression /[/"},
	{"P> $NOPE", "f.pxt:8: no value for $NOPE"},
	{"P> X:u8=!5", "f.pxt:8: this pattern does not say what to send"},
	{"P> X:u8=1..3~7", "f.pxt:8: X: the canonical value does not fit: wanted 1..3, is 7"},
	{"P> X:u8=300", "f.pxt:8: a u8 is a number from 0 to 255"},
	{"P> X:raw(2)=05", "f.pxt:8: the octets are not as many"},
	{"P> http \"HTTP/1.1 200 OK\"\n  start: /^HTTP\\/1.1 407/\n  *",
		"f.pxt:9: start: the canonical value does not fit"},
	{"P> oneof\n | X:u8=1..2~3 -> pass", "f.pxt:9: the first alternative does not recognise itself"},
	{"P> oneof\n | close -> fail", "f.pxt:9: the first alternative is what is played"},
};

START_TEST(errors)
{
	char text[2000];
	struct px_set s;
	const struct px_error *e;

	px_set_init(&s);
	snprintf(text, sizeof text, "%s%s\n", HEAD, wrong[_i].body);
	s.first = px_parse(s.a, "f.pxt", span_str(text), &s.errs);
	if (s.first != NULL) {
		struct px_self self = {.errs = &s.errs};

		px_lint(s.first, &s.errs, false);
		px_self_play(&self, s.first);
	}
	for (e = s.errs.first; e != NULL; e = e->next)
		if (strstr(e->text, wrong[_i].want) != NULL)
			break;
	if (e == NULL)
		ck_abort_msg("%s: wanted %s, first is %s", wrong[_i].body, wrong[_i].want,
			s.errs.first ? s.errs.first->text : "no error");
	ck_assert_uint_ne(s.errs.n, 0);
	px_set_free(&s);
}
END_TEST

START_TEST(header_errors)
{
	static const struct {
		const char *text, *want;
	} t[] = {{"title: x\ntests: both\n\nC> 05\n", "f.pxt:1: the header case: is missing"},
		{"case: a\n\nC> 05\n", "f.pxt:1: the header tests: is missing"},
		{"case: a\ncase: b\ntests: both\n\nC> 05\n", "f.pxt:2: case: stands here a second time"},
		{"case: a\ntests: all\n\nC> 05\n", "f.pxt:2: tests: is server, client or both"},
		{"case: a\ntests: both\nlevel: HIGH\n\nC> 05\n", "f.pxt:3: level: \"HIGH\" is no level"},
		{"case: a\ntests: both\ncolour: x\n\nC> 05\n", "f.pxt:3: unknown header \"colour:\""},
		{"case: a\ntests: both\ngiven: x\n\nC> 05\n", "f.pxt:3: given: wants NAME=VALUE"},
		{"case: a\ntests: both\nC> 05\n", "f.pxt:3: a header wants NAME"}};

	for (size_t i = 0; i < COUNT(t); i++) {
		px_errors_init(&errs, arena);
		ck_assert_ptr_null(parse(t[i].text));
		ck_assert_ptr_nonnull(strstr(errs.first->text, t[i].want));
	}
}
END_TEST

/* The files of the first hour run as they are; their octets are the specification's, typed here once more. */
struct seen {
	struct px_buf c, p;
};
static void
note(void *ctx, const struct px_step *s, enum px_actor a, bool payload, struct span o, enum px_ending e)
{
	struct seen *x = ctx;

	(void)s;
	(void)e;
	if (!payload && o.n != 0)
		px_put(a == PX_C ? &x->c : &x->p, o.p, o.n);
}

START_TEST(examples)
{
	static const uint8_t want_c[] = {5, 2, 0, 2, 1, 5, 'a', 'l', 'i', 'c', 'e', 6, 's', '3', 'c', 'r',
		'e', 't', 5, 1, 0, 3, 9, 'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't', 0x1b, 0x5f};
	static const uint8_t want_p[] = {5, 2, 1, 0, 5, 0, 0, 1, 192, 0, 2, 1, 0xc0, 0};
	struct px_set s;
	bool met = false;

	px_set_init(&s);
	ck_assert(px_load(&s, "tests/proxyspec/examples"));
	ck_assert_uint_eq(s.n, 12);
	px_lint(s.first, &s.errs, false);
	for (const struct px_case *c = s.first; c != NULL; c = c->next) {
		struct seen x = {{NULL, 0, 0}, {NULL, 0, 0}};
		struct px_self self = {.emit = note, .ctx = &x, .errs = &s.errs};

		px_self_play(&self, c);
		if (strcmp(c->id, "socks5/userpass/connect-name") == 0) {
			met = true;
			ck_assert_uint_eq(x.c.n, sizeof want_c);
			ck_assert_mem_eq(x.c.p, want_c, sizeof want_c);
			ck_assert_uint_eq(x.p.n, sizeof want_p);
			ck_assert_mem_eq(x.p.p, want_p, sizeof want_p);
		}
		px_buf_free(&x.c);
		px_buf_free(&x.p);
	}
	if (s.errs.n != 0)
		ck_abort_msg("%s", s.errs.first->text);
	ck_assert(met);
	px_set_free(&s);
}
END_TEST

static void
fill(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, headers);
	tcase_add_test(tc, octet_lines);
	tcase_add_test(tc, types_and_patterns);
	tcase_add_test(tc, http_heads);
	tcase_add_test(tc, alternatives);
	tcase_add_test(tc, events);
	tcase_add_test(tc, when_and_headings);
	LOOP(tc, errors, wrong);
	tcase_add_test(tc, header_errors);
	tcase_add_test(tc, examples);
}

int
main(void)
{
	return unit_run("proxyspec parser", fill);
}
