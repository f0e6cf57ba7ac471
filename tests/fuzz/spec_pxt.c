/* SPDX-License-Identifier: ISC
 * spec_pxt.c - any text as a trace (docs/pxt.5): the parser; then each line of octets against itself and against any
 * octets. What a line is sent as, it accepts; and more octets do not change an answer that was given.
 * Input: the trace; then the octets. */
#include "lib/fuzz.h"
#include "match.h"

/* The expressions are the C library's, and its time is its own: long ones are left out. */
static bool
heavy(struct span text)
{
	unsigned marks = 0;

	for (size_t i = 0; i < text.n; i++)
		marks += text.p[i] == '*' || text.p[i] == '+' || text.p[i] == '{' || text.p[i] == '(' ||
			 text.p[i] == '|' || text.p[i] == '?';
	return marks > 24 && memchr(text.p, '/', text.n) != NULL;
}

static void
cuts(struct px_env *env, const struct px_step *s, struct span octets)
{
	size_t mark = px_env_mark(env), used = 0, part_used;
	struct px_diffs d = {.n = 0};
	enum px_match whole = px_match_items(env, s->items, (struct px_in){octets, true, true}, &used, &d), m;

	CLAIM(used <= octets.n, "more used than there is");
	px_diffs_free(&d);
	px_env_back(env, mark);
	for (size_t cut = 0; cut < octets.n && cut < 40; cut++) {
		uint8_t *exact = fuzz_exact(span_of(octets.p, cut));

		d = (struct px_diffs){.n = 0};
		part_used = 0;
		m = px_match_items(
			env, s->items, (struct px_in){span_of(exact, cut), false, false}, &part_used, &d);
		if (d.broken == NULL && m == PX_M_BAD)
			CLAIM(whole == PX_M_BAD, "line %u: bad after %zu octets, not bad after all", s->line,
				cut);
		if (d.broken == NULL && m == PX_M_OK)
			CLAIM(whole == PX_M_OK && used == part_used,
				"line %u: whole after %zu octets (%zu used), with all %zu used", s->line, cut,
				part_used, used);
		px_diffs_free(&d);
		px_env_back(env, mark);
		free(exact);
	}
}

static void
itself(struct px_env *env, const struct px_step *s)
{
	static struct px_cuts at;
	struct px_buf out = {0};
	struct px_diffs d = {.n = 0};
	size_t mark = px_env_mark(env), used = 0;
	unsigned line = 0;
	const char *why = NULL;

	at.n = 0;
	if (px_encode_items(env, s->items, &out, &at, &line, &why)) {
		enum px_match m;

		px_env_back(env, mark);
		m = px_match_items(
			env, s->items, (struct px_in){span_of(out.p, out.n), true, true}, &used, &d);
		/* A canonical value that the field itself does not accept is the lint's business. */
		CLAIM(m != PX_M_MORE || d.broken != NULL, "line %u: not whole", s->line);
	}
	px_diffs_free(&d);
	px_buf_free(&out);
	px_env_back(env, mark);
}

static void
steps(struct px_env *env, const struct px_step *s, struct span octets, unsigned depth)
{
	for (; s != NULL; s = s->next) {
		if (s->kind == PX_BYTES || s->kind == PX_PAYLOAD) {
			itself(env, s);
			cuts(env, s, octets);
		}
		if (s->kind == PX_WHEN && depth < 8) {
			steps(env, s->body, octets, depth + 1);
			steps(env, s->other, octets, depth + 1);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = span_of(p, n), first = fuzz_part(&in);
	struct px_arena *arena = px_arena_new();
	struct px_errors errs;
	struct px_env env = {0};
	char *text = fuzz_string(first);
	struct px_case *c = NULL;

	px_errors_init(&errs, arena);
	if (!heavy(first))
		c = px_parse(arena, "fuzz", span_of(text, first.n), &errs);
	px_env_set(&env, "host", span_str("127.0.0.1"));
	px_env_set(&env, "port", span_str("7007"));
	px_env_set(&env, "user", span_str("alice"));
	for (unsigned k = 0; c != NULL && k < 4; c = c->next, k++)
		steps(&env, c->steps, in, 0);
	px_env_free(&env);
	px_arena_free(arena);
	free(text);
	return 0;
}
