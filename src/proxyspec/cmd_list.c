/* SPDX-License-Identifier: ISC
 * cmd_list.c - list the cases, and explain one: the trace as a document, each field with its octets. */
#include "opts.h"
#include "self.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>

static const char *
tests_name(unsigned t)
{
	return t == PX_TESTS_BOTH ? "both" : t == PX_TESTS_SERVER ? "server" : "client";
}

static void
list_one(const struct px_case *c)
{
	printf("%-52s %-6s %-10s", c->id, tests_name(c->tests), px_level_name(c->level));
	for (const struct px_text *t = c->needs; t != NULL; t = t->next)
		printf(" %s", t->s);
	printf("\n");
}

static void
put(const struct px_buf *b)
{
	if (b->n != 0)
		fwrite(b->p, 1, b->n, stdout);
}

static void
tpl_text(struct px_buf *b, const struct px_env *e, const struct px_tpl *t)
{
	struct px_spec s = {.kind = PX_VALUE, .a = *t};

	px_put_spec(b, e, &s);
}

static const char *const actors[] = {"client", "proxy", "target"};

/* "05            VER  u8 = "5"" */
static void
item_line(struct px_env *e, const struct px_item *it)
{
	struct px_item one = *it;
	struct px_buf o = {NULL, 0, 0}, hex = {NULL, 0, 0}, t = {NULL, 0, 0};
	unsigned line;
	const char *why = "";

	if (it->kind == PX_BAR) {
		printf("      --- a segment ends here\n");
		return;
	}
	one.next = NULL;
	if (px_encode_items(e, &one, &o, NULL, &line, &why))
		px_put_octets(&hex, span_of(o.p, o.n), 16);
	px_put(&hex, "", 1);
	if (it->kind == PX_FIELD) {
		px_printf(&t, "%s  %s, accepted: ", it->name, px_type_name(it->type));
		px_put_spec(&t, e, it->spec);
		if (it->level != PX_L_NONE)
			px_printf(&t, " [%s]", px_level_name(it->level));
	} else {
		px_put_text(&t, span_of(o.p, o.n), 60);
	}
	px_put(&t, "", 1);
	printf("      %-24s %s\n", (const char *)hex.p, (const char *)t.p);
	px_buf_free(&o);
	px_buf_free(&hex);
	px_buf_free(&t);
}

static void
head_lines(struct px_env *e, const struct px_step *s)
{
	struct px_buf o = {NULL, 0, 0}, t = {NULL, 0, 0};
	unsigned line;
	const char *why;

	if (px_encode_head(e, s, &o, &line, &why))
		for (size_t i = 0; i < o.n;) {
			const uint8_t *lf = memchr(o.p + i, '\n', o.n - i);
			size_t n = (size_t)(lf - (o.p + i)) + 1;

			px_puts(&t, "      ");
			px_put_text(&t, span_of(o.p + i, n), 100);
			px_puts(&t, "\n");
			i += n;
		}
	for (const struct px_hdr *h = s->hdrs; h != NULL; h = h->next) {
		if (strcmp(h->name, "*") == 0) {
			px_puts(&t, "        other fields may stand there\n");
			continue;
		}
		px_printf(&t, "        %s%s: accepted: ", h->name, h->optional ? " (need not be there)" : "");
		px_put_spec(&t, e, h->spec);
		px_printf(&t, "%s%s%s\n", h->level != PX_L_NONE ? " [" : "", px_level_name(h->level),
			h->level != PX_L_NONE ? "]" : "");
	}
	put(&t);
	px_buf_free(&o);
	px_buf_free(&t);
}

static void
alternatives(struct px_env *e, const struct px_step *s)
{
	static const char *const endings[] = {"", "then it closes", "then FIN", "then a reset", "silence"};
	static const char *const verdicts[] = {"PASS", "INFO", "LOOSE", "FAIL"};
	size_t mark = px_env_mark(e), keep = mark;

	for (const struct px_alt *a = s->alts; a != NULL; a = a->next) {
		printf("    %s -> %s%s",
			a->items == NULL && a->ending != PX_END_SILENCE ? "no octets" : "either",
			verdicts[a->verdict], a->why ? ": " : "");
		px_say(stdout, a->why ? a->why : "");
		for (const struct px_item *it = a->items; it != NULL; it = it->next)
			item_line(e, it);
		if (a->ending != PX_END_NONE)
			printf("      %s\n", endings[a->ending]);
		if (a == s->alts)
			keep = px_env_mark(e);
		px_env_back(e, keep);
	}
}

static void
event_line(struct px_env *e, const struct px_step *s)
{
	struct px_buf t = {NULL, 0, 0};

	px_printf(&t, "  %s: %s", actors[s->actor], px_event_name(s->event));
	if (s->arg.first != NULL) {
		px_puts(&t, " ");
		tpl_text(&t, e, &s->arg);
	}
	if (s->spec != NULL) {
		px_puts(&t, " ");
		px_put_spec(&t, e, s->spec);
	}
	if (s->ms >= 0)
		px_printf(&t, " %d ms", s->ms);
	if (s->event == PX_E_EXIT)
		px_printf(&t, " %s%d", s->negated ? "other than " : "", s->status);
	if (s->within_ms >= 0)
		px_printf(&t, ", within %d ms", s->within_ms);
	if (s->level != PX_L_NONE)
		px_printf(&t, " [%s]", px_level_name(s->level));
	if (s->note != NULL) {
		px_puts(&t, "  - ");
		px_put_safe(&t, s->note, strlen(s->note));
	}
	px_puts(&t, "\n");
	put(&t);
	px_buf_free(&t);
}

static void
when_line(struct px_env *e, const struct px_step *s)
{
	struct px_buf t = {NULL, 0, 0};

	px_printf(&t, "  when $%s is %s", s->var, s->negated ? "not " : "");
	if (s->absent)
		px_puts(&t, "absent");
	else
		tpl_text(&t, e, &s->arg);
	px_puts(&t, px_when_true(e, s) ? ":\n" : " (so otherwise):\n");
	put(&t);
	px_buf_free(&t);
}

static void
explain_steps(struct px_env *e, const struct px_step *s)
{
	for (; s != NULL; s = s->next) {
		switch (s->kind) {
		case PX_HEADING:
			printf("\n");
			px_print_safe(stdout, s->heading);
			fputs(s->section[0] ? "  -- " : "", stdout);
			px_say(stdout, s->section);
			break;
		case PX_EVENT:
			event_line(e, s);
			break;
		case PX_WHEN:
			when_line(e, s);
			explain_steps(e, px_when_true(e, s) ? s->body : s->other);
			printf("  (end of the condition)\n");
			break;
		default:
			printf("  %s sends%s%s%s%s", actors[s->actor],
				s->kind == PX_PAYLOAD ? " through the tunnel" : "",
				s->illegal ? " (against the specification, on purpose)" : "",
				s->amp ? " (in one segment with what follows)" : "", s->note ? "  - " : "");
			px_say(stdout, s->note ? s->note : "");
			if (s->kind == PX_HTTP)
				head_lines(e, s);
			else if (s->kind == PX_ONEOF)
				alternatives(e, s);
			else
				for (const struct px_item *it = s->items; it != NULL; it = it->next)
					item_line(e, it);
			break;
		}
	}
}

static void
label_line(const char *label, const char *s)
{
	printf("%-8s", label);
	px_say(stdout, s);
}

static void
texts(const char *label, const struct px_text *t)
{
	for (; t != NULL; t = t->next)
		label_line(label, t->s);
}

static void
explain(const struct px_case *c)
{
	struct px_env e = {NULL, 0, 0};

	px_case_env(&e, c);
	px_say(stdout, c->id);
	px_say(stdout, c->title != NULL ? c->title : "");
	printf("\n");
	texts("spec", c->spec);
	printf("%-8s%s\n", "level", px_level_name(c->level));
	if (c->why != NULL)
		label_line("why", c->why);
	texts("note", c->note);
	texts("see", c->see);
	printf("%-8s", "needs");
	for (const struct px_text *t = c->needs; t != NULL; t = t->next)
		printf("%s ", t->s);
	printf("\n");
	label_line("tests", tests_name(c->tests));
	label_line("file", c->file);
	explain_steps(&e, c->steps);
	printf("\n");
	px_env_free(&e);
}

int px_coverage(const struct px_opts *, const struct px_set *);

int
px_cmd_list(struct px_opts *o, struct px_arena *a)
{
	struct px_set s;
	unsigned n = 0;
	int rc;

	(void)a;
	px_set_init(&s);
	for (struct px_text *t = o->args, *next; t != NULL; t = next) { /* ids may stand without --case */
		next = t->next;
		t->next = o->cases;
		o->cases = t;
	}
	if (!px_opts_load(o, &s)) {
		px_set_free(&s);
		return PX_EXIT_ERROR;
	}
	if (strcmp(o->command, "coverage") == 0) {
		rc = px_coverage(o, &s);
		px_set_free(&s);
		return rc;
	}
	for (const struct px_case *c = s.first; c != NULL; c = c->next) {
		if (!px_selected(o, c))
			continue;
		if (strcmp(o->command, "list") == 0)
			list_one(c);
		else
			explain(c);
		n++;
	}
	if (n == 0)
		fputs("proxyspec: no case matches the selection\n", stderr);
	px_set_free(&s);
	return n == 0 ? PX_EXIT_SKIP : PX_EXIT_OK;
}
