/* SPDX-License-Identifier: ISC
 * spec_verdict.c - levels and verdicts, results through a pipe, baselines, variables, selection, reports. */
#include "lib/unit.h"
#include "report.h"
#include "self.h"

#include <stdio.h>
#include <stdlib.h>

static struct px_arena *arena;

static void
setup(void)
{
	arena = px_arena_new();
}

static void
teardown(void)
{
	px_arena_free(arena);
}

START_TEST(levels)
{
	static const struct {
		const char *name;
		enum px_verdict v;
	} t[] = {{"MUST", PX_FAIL}, {"MUST-NOT", PX_FAIL}, {"FMT", PX_FAIL}, {"SHOULD", PX_LOOSE},
		{"SHOULD-NOT", PX_LOOSE}, {"ROBUST", PX_LOOSE}, {"CONV", PX_LOOSE}, {"MAY", PX_V_INFO},
		{"INFO", PX_V_INFO}};

	for (size_t i = 0; i < COUNT(t); i++) {
		enum px_level l = px_level_of(t[i].name, strlen(t[i].name));

		ck_assert_str_eq(px_level_name(l), t[i].name);
		ck_assert_int_eq(px_level_verdict(l), t[i].v);
	}
	ck_assert_int_eq(px_level_of("must", 4), PX_L_NONE);
	ck_assert_int_eq(px_level_of("MUS", 3), PX_L_NONE);
}
END_TEST

static void
add(struct px_result *r, enum px_outcome o)
{
	struct px_finding f = {.line = 7,
		.level = PX_SHOULD,
		.outcome = o,
		.what = (char *)(uintptr_t) "what",
		.got = (char *)(uintptr_t) "two\nlines"};

	px_result_add(r, &f);
}

/* The heaviest finding is the outcome, whatever its place. */
START_TEST(the_heaviest_counts)
{
	static const enum px_outcome order[] = {
		PX_O_PASS, PX_O_INFO, PX_O_LOOSE, PX_O_FAIL, PX_O_CRASH, PX_O_SKIP, PX_O_ERROR};

	for (size_t i = 1; i < COUNT(order); i++)
		for (size_t k = 1; k < COUNT(order); k++) {
			struct px_result r = {.outcome = PX_O_PASS};

			add(&r, order[i]);
			add(&r, order[k]);
			ck_assert_int_eq(r.outcome, order[i > k ? i : k]);
			px_result_free(&r);
		}
}
END_TEST

START_TEST(through_a_pipe)
{
	struct px_result r = {.outcome = PX_O_PASS, .closed = "late", .ms = 1234}, back;
	struct px_buf b = {NULL, 0, 0};

	add(&r, PX_O_LOOSE);
	add(&r, PX_O_INFO);
	px_result_pack(&r, &b);
	px_put(&b, "", 1);
	ck_assert(px_result_unpack(&back, span_of(b.p, b.n - 1)));
	ck_assert_int_eq(back.outcome, PX_O_LOOSE);
	ck_assert_str_eq(back.closed, "late");
	ck_assert_uint_eq(back.ms, 1234);
	ck_assert_uint_eq(back.n, 2);
	ck_assert_uint_eq(back.v[0].line, 7);
	ck_assert_str_eq(back.v[1].got, "two\nlines");
	ck_assert_str_eq(back.v[1].wanted, "");
	px_result_free(&back);
	for (size_t cut = 0; cut + 1 < b.n; cut++) { /* a process that died in the middle */
		uint8_t *p = malloc(cut + 1);

		memcpy(p, b.p, cut);
		p[cut] = 0;
		ck_assert(!px_result_unpack(&back, span_of(p, cut)));
		px_result_free(&back);
		free(p);
	}
	px_result_free(&r);
	px_buf_free(&b);
}
END_TEST

START_TEST(baselines)
{
	static const char text[] = "# known\na/one FAIL since 2005\na/two\tLOOSE x\na/three FAIL y\na/four "
				   "FAIL z\na/six LOOSE\nnot/there FAIL\n";
	static const struct {
		const char *id;
		enum px_outcome is, want;
	} t[] = {{"a/one", PX_O_FAIL, PX_O_XFAIL}, {"a/two", PX_O_FAIL, PX_O_FAIL},
		{"a/three", PX_O_PASS, PX_O_XPASS}, {"a/four", PX_O_LOOSE, PX_O_LOOSE},
		{"a/five", PX_O_FAIL, PX_O_FAIL}, {"a/six", PX_O_LOOSE, PX_O_XFAIL}};
	const char *path = unit_file("baseline", text, strlen(text), 0600);
	struct px_case c[COUNT(t)];
	struct px_done d[COUNT(t)];
	struct px_known *known = NULL;

	memset(c, 0, sizeof c);
	memset(d, 0, sizeof d);
	for (size_t i = 0; i < COUNT(t); i++) {
		c[i].id = t[i].id;
		d[i] = (struct px_done){.c = &c[i], .outcome = t[i].is};
	}
	ck_assert(px_baseline_read(path, &known, arena));
	px_baseline(known, d, COUNT(t));
	for (size_t i = 0; i < COUNT(t); i++)
		ck_assert_int_eq(d[i].outcome, t[i].want);
	ck_assert_str_eq(d[0].reason, "since 2005");
	ck_assert_ptr_null(d[3].reason); /* neither as expected nor passed: the line says nothing of it */
	catch_stderr();
	ck_assert(!px_baseline_read(unit_file("bad", "a/one PASS\n", 11, 0600), &known, arena));
	ck_assert_ptr_nonnull(strstr(caught(), "bad:1: a line is ID VERDICT reason"));
}
END_TEST

static struct px_case *
parse(const char *text)
{
	struct px_errors errs;
	struct px_case *c;

	px_errors_init(&errs, arena);
	c = px_parse(arena, "f.pxt", span_str(px_dup(arena, text, strlen(text))), &errs);
	if (c == NULL)
		ck_abort_msg("%s", errs.first->text);
	return c;
}

START_TEST(conditions)
{
	static const struct {
		const char *when;
		bool want;
	} t[] = {{"$A == 2", 1}, {"$A == 02", 1}, {"$A != 2", 0}, {"$B == absent", 1}, {"$A == absent", 0},
		{"$A != absent", 1}, {"$B == 2", 0}, {"$B != 2", 1}, {"$http.connection == close", 1},
		{"$S == close", 0}, {"$S == Close", 1}};

	for (size_t i = 0; i < COUNT(t); i++) {
		char text[200];
		struct px_env e = {NULL, 0, 0};

		snprintf(text, sizeof text, "case: a\ntests: both\n\nwhen %s {\nC> 01\n}\n", t[i].when);
		px_env_set(&e, "A", span_str("2"));
		px_env_set(&e, "S", span_str("Close"));
		px_env_set(&e, "http.connection", span_str("Close"));
		ck_assert_msg(px_when_true(&e, parse(text)->steps) == t[i].want, "%s", t[i].when);
		px_env_free(&e);
	}
}
END_TEST

START_TEST(options_and_selection)
{
	static char *argv[] = {(char *)(uintptr_t) "proxyspec", (char *)(uintptr_t) "server",
		(char *)(uintptr_t) "--case=socks5/*", (char *)(uintptr_t) "--protocol",
		(char *)(uintptr_t) "socks5,http", (char *)(uintptr_t) "--section",
		(char *)(uintptr_t) "RFC1928 §3", (char *)(uintptr_t) "--level",
		(char *)(uintptr_t) "MUST,FMT", (char *)(uintptr_t) "--strict", (char *)(uintptr_t) "url",
		(char *)(uintptr_t) "--", (char *)(uintptr_t) "--case"};
	static const char good[] =
		"case: socks5/a/b\nspec: RFC1928 §3 FMT\ntests: both\nneeds: socks5\nlevel: FMT\n\nC> 01\n";
	struct px_opts o;
	const char *why = "";

	ck_assert_msg(px_opts_read(arena, &o, (int)COUNT(argv), argv, &why), "%s", why);
	ck_assert(o.strict && o.jobs == 4);
	ck_assert_str_eq(o.args->s, "url");
	ck_assert_str_eq(o.template->s, "--case");
	ck_assert(px_selected(&o, parse(good)));
	ck_assert(!px_selected(&o, parse("case: socks5/a\nspec: RFC1928 §4 FMT\ntests: both\nneeds: "
					 "socks5\nlevel: FMT\n\nC> 01\n")));
	ck_assert(!px_selected(&o, parse("case: socks4/a\nspec: RFC1928 §3 FMT\ntests: both\nneeds: "
					 "socks5\nlevel: FMT\n\nC> 01\n")));
	ck_assert(!px_selected(&o, parse("case: socks5/a\nspec: RFC1928 §3 FMT\ntests: both\nneeds: "
					 "telnet\nlevel: FMT\n\nC> 01\n")));
	ck_assert(!px_selected(&o, parse("case: socks5/a\nspec: RFC1928 §3 FMT\ntests: both\nneeds: "
					 "socks5\nlevel: INFO\n\nC> 01\n")));
}
END_TEST

START_TEST(wrong_options)
{
	static const struct {
		const char *arg, *value, *want;
	} t[] = {{"--nonsense", NULL, "unknown option --nonsense"}, {"--jobs", "0", "a number from 1"},
		{"--jobs", NULL, "a value is missing"}, {"--strict=1", NULL, "no value is wanted"},
		{"--delivery", "fast", "unknown delivery: fast"},
		{"--delivery", "split:0", "unknown delivery"}, {"--level", "must", "unknown level: must"},
		{"--time-scale", "-1", "a factor above 0"}};

	for (size_t i = 0; i < COUNT(t); i++) {
		char *argv[] = {(char *)(uintptr_t) "proxyspec", (char *)(uintptr_t) "list",
			(char *)(uintptr_t)t[i].arg, (char *)(uintptr_t)t[i].value};
		struct px_opts o;
		const char *why = "";

		ck_assert(!px_opts_read(arena, &o, t[i].value ? 4 : 3, argv, &why));
		ck_assert_ptr_nonnull(strstr(why, t[i].want));
	}
}
END_TEST

/* What a subject lacks is told by name; the way with the most words is taken. */
START_TEST(capabilities)
{
	static const char text[] = "# p\nname: prog\ncan: socks5 noauth\nenv: A=1\nsocks5: one "
				   "{host}\nsocks5 noauth: B={pass} two \"x y\"\nnot b/*: it never asks\n";
	struct px_errors errs;
	struct px_profile *f;
	struct px_subject s = {.cast = PX_CAST_CLIENT};
	const struct px_way *w;

	px_errors_init(&errs, arena);
	f = px_profile_read(arena, unit_file("p.profile", text, strlen(text), 0600), &errs);
	ck_assert_uint_eq(errs.n, 0);
	s.profile = f;
	ck_assert_str_eq(f->name, "prog");
	ck_assert_str_eq(f->env->s, "A=1");
	w = px_way_for(f, parse("case: a\ntests: client\nneeds: socks5 noauth\n\nC> 01\n"));
	ck_assert_str_eq(w->words->s, "two");
	ck_assert_str_eq(w->words->next->s, "x y");
	ck_assert_str_eq(w->env->s, "B={pass}");
	ck_assert_ptr_null(
		px_cannot(arena, &s, parse("case: a\ntests: client\nneeds: socks5 noauth bulk\n\nC> 01\n")));
	ck_assert_str_eq(
		px_cannot(arena, &s, parse("case: a\ntests: client\nneeds: socks5 gssapi\n\nC> 01\n")),
		"needs gssapi, which was not declared");
	ck_assert_str_eq(px_cannot(arena, &s, parse("case: a\ntests: client\nneeds: noauth\n\nC> 01\n")),
		"the profile has no command for it");
	ck_assert_str_eq(
		px_cannot(arena, &s, parse("case: b/c/d\ntests: client\nneeds: socks5 noauth\n\nC> 01\n")),
		"it never asks");
}
END_TEST

static void
fill(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, levels);
	tcase_add_test(tc, the_heaviest_counts);
	tcase_add_test(tc, through_a_pipe);
	tcase_add_test(tc, baselines);
	tcase_add_test(tc, conditions);
	tcase_add_test(tc, options_and_selection);
	tcase_add_test(tc, wrong_options);
	tcase_add_test(tc, capabilities);
}

int
main(void)
{
	return unit_run("proxyspec verdicts", fill);
}
