/* SPDX-License-Identifier: ISC
 * parse.c - the lines of a trace and its headers (docs/pxt.5, "Headers").
 * One thing to know: header texts have no comments; a semicolon there is text. */
#include "parse.h"

bool
px_line(struct px_lines *l)
{
	const char *nl, *e;

	if (l->held) {
		l->held = false;
		return true;
	}
	if (l->p == l->end)
		return false;
	nl = memchr(l->p, '\n', (size_t)(l->end - l->p));
	e = nl == NULL ? l->end : nl;
	l->line++;
	l->cur = (struct px_lex){l->a, l->errs, l->file, l->line, l->p, e, false, 0};
	if (e > l->p && e[-1] == '\r')
		l->cur.end--;
	l->p = nl == NULL ? l->end : nl + 1;
	return true;
}

static void
add_text(struct px_arena *a, struct px_text **list, const char *s, unsigned line)
{
	struct px_text *t = px_alloc(a, sizeof *t);

	t->s = s;
	t->line = line;
	while (*list != NULL)
		list = &(*list)->next;
	*list = t;
}

static void
words(struct px_lex *x, struct px_text **list)
{
	for (px_lex_blank(x); x->p < x->end; px_lex_blank(x)) {
		const char *from = x->p;

		while (x->p < x->end && !px_is_blank(*x->p))
			x->p++;
		add_text(x->a, list, px_dup(x->a, from, (size_t)(x->p - from)), x->line);
	}
}

static void
given(struct px_lex *x, struct px_given **list)
{
	while (*list != NULL)
		list = &(*list)->next;
	for (px_lex_blank(x); x->p < x->end && !x->failed; px_lex_blank(x)) {
		struct px_given *g = px_alloc(x->a, sizeof *g);
		const char *from = x->p;

		while (x->p < x->end && px_is_name(*x->p, x->p == from))
			x->p++;
		if (x->p == from || x->p == x->end || *x->p != '=') {
			px_lex_error(x, "given: wants NAME=VALUE");
			return;
		}
		g->name = px_dup(x->a, from, (size_t)(x->p - from));
		g->line = x->line;
		x->p++;
		from = x->p;
		if (from < x->end && *from == '"') {
			px_lex_string(x, &g->value);
		} else {
			while (x->p < x->end && !px_is_blank(*x->p))
				x->p++;
			px_lex_template(x, from, (size_t)(x->p - from), &g->value);
		}
		*list = g;
		list = &g->next;
	}
}

static void
tests(struct px_lex *x, struct px_case *c, const char *s)
{
	if (strcmp(s, "server") == 0)
		c->tests = PX_TESTS_SERVER;
	else if (strcmp(s, "client") == 0)
		c->tests = PX_TESTS_CLIENT;
	else if (strcmp(s, "both") == 0)
		c->tests = PX_TESTS_BOTH;
	else
		px_lex_error(x, "tests: is server, client or both, not \"%s\"", s);
}

static void
once(struct px_lex *x, const char **slot, const char *name, const char *text)
{
	if (*slot != NULL)
		px_lex_error(x, "%s: stands here a second time", name);
	*slot = text;
}

static void
header(struct px_lex *x, struct px_case *c)
{
	const char *from = x->p, *colon = memchr(x->p, ':', (size_t)(x->end - x->p)), *s, *e = x->end;
	char name[16] = "";

	if (colon == NULL || (size_t)(colon - from) >= sizeof name) {
		px_lex_error(x, "a header wants NAME: text (or is the empty line before the trace missing?)");
		return;
	}
	memcpy(name, from, (size_t)(colon - from));
	x->p = colon + 1;
	px_lex_blank(x);
	while (e > x->p && px_is_blank(e[-1]))
		e--;
	s = px_dup(x->a, x->p, (size_t)(e - x->p));
	if (strcmp(name, "case") == 0)
		once(x, &c->id, name, s);
	else if (strcmp(name, "title") == 0)
		once(x, &c->title, name, s);
	else if (strcmp(name, "goal") == 0)
		once(x, &c->goal, name, s);
	else if (strcmp(name, "why") == 0)
		c->why = s;
	else if (strcmp(name, "spec") == 0)
		add_text(x->a, &c->spec, s, x->line);
	else if (strcmp(name, "note") == 0)
		add_text(x->a, &c->note, s, x->line);
	else if (strcmp(name, "see") == 0)
		add_text(x->a, &c->see, s, x->line);
	else if (strcmp(name, "needs") == 0)
		words(x, &c->needs);
	else if (strcmp(name, "req") == 0)
		words(x, &c->req);
	else if (strcmp(name, "given") == 0)
		given(x, &c->given);
	else if (strcmp(name, "tests") == 0)
		tests(x, c, s);
	else if (strcmp(name, "level") == 0) {
		c->level = px_level_of(s, strlen(s));
		if (c->level == PX_L_NONE)
			px_lex_error(x, "level: \"%s\" is no level", s);
	} else
		px_lex_error(x, "unknown header \"%s:\"", name);
}

void
px_parse_headers(struct px_lines *l, struct px_case *c)
{
	while (px_line(l)) {
		struct px_lex look = l->cur;

		px_lex_blank(&look);
		if (look.p == look.end)
			break;
		if (*look.p == ';')
			continue;
		header(&l->cur, c);
	}
	if (c->id == NULL || c->id[0] == '\0')
		px_error(l->errs, l->file, 1, "the header case: is missing");
	if (c->tests == 0)
		px_error(l->errs, l->file, 1, "the header tests: is missing");
}

static bool
any_illegal(const struct px_step *s)
{
	for (; s != NULL; s = s->next)
		if ((s->illegal && s->actor == PX_C) || any_illegal(s->body) || any_illegal(s->other))
			return true;
	return false;
}

struct px_case *
px_parse(struct px_arena *a, const char *file, struct span text, struct px_errors *errs)
{
	struct px_case *c = px_alloc(a, sizeof *c);
	const char *p = (const char *)text.p;
	struct px_lines l = {.a = a, .errs = errs, .file = file, .p = p, .end = p + text.n};
	unsigned before = errs->n;

	c->file = file;
	if (text.n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		l.p += 3;
	px_parse_headers(&l, c);
	if (c->level == PX_L_NONE)
		c->level = PX_MUST;
	c->steps = px_parse_steps(&l, c, false);
	c->malformed = any_illegal(c->steps);
	if (errs->n == before && c->steps == NULL)
		px_error(errs, file, l.line, "there are headers, but no trace");
	return errs->n == before ? c : NULL;
}
