/* SPDX-License-Identifier: ISC
 * parse_step.c - the lines of the trace proper: octets, http heads, events, when (docs/pxt.5, "Lines"). */
#include "parse.h"

static const char *
trim(struct px_lex *x, const char *from, const char *to)
{
	while (from < to && px_is_blank(*from))
		from++;
	while (to > from && px_is_blank(to[-1]))
		to--;
	return px_dup(x->a, from, (size_t)(to - from));
}

/* Where the value of a header line ends: before a comment or a last [LEVEL]. */
static const char *
value_end(const struct px_lex *x, const char *from)
{
	const char *p, *e = x->end;
	bool quote = false;

	for (p = from; p < x->end; p++) {
		if (*p == '"')
			quote = !quote;
		if (!quote && *p == ';' && (p == from || px_is_blank(p[-1]))) {
			e = p;
			break;
		}
	}
	while (e > from && px_is_blank(e[-1]))
		e--;
	if (e > from && e[-1] == ']') {
		for (p = e - 1; p > from && *p != '['; p--)
			continue;
		if (*p == '[' && p > from && px_is_blank(p[-1]) &&
			px_level_of(p + 1, (size_t)(e - p - 2)) != PX_L_NONE)
			e = p;
	}
	while (e > from && px_is_blank(e[-1]))
		e--;
	return e;
}

/* The spec of a header line: as an item's, but a value may have blanks and ends at "~" or the line's end. */
static void
hdr_spec(struct px_lex *x, struct px_hdr *h)
{
	const char *e, *q;

	px_lex_blank(x);
	if (x->p < x->end && (*x->p == '/' || *x->p == '!' || *x->p == '*')) {
		h->spec = px_lex_spec(x, "");
		e = value_end(x, x->p);
	} else {
		e = value_end(x, x->p);
		for (q = x->p; q < e && *q != '~'; q++)
			continue;
		h->spec = px_alloc(x->a, sizeof *h->spec);
		h->spec->kind = PX_VALUE;
		px_lex_template(x, x->p, (size_t)(q - x->p), &h->spec->a);
		if (q - x->p == 6 && memcmp(x->p, "absent", 6) == 0)
			h->spec->kind = PX_ABSENT;
		x->p = q;
	}
	if (h->spec == NULL)
		return;
	if (x->p < e && *x->p == '~') {
		h->has_canon = true;
		px_lex_template(x, x->p + 1, (size_t)(e - x->p - 1), &h->canon);
		x->p = e;
	}
	px_lex_blank(x);
	px_lex_level(x, &h->level);
	if (!px_lex_end(x))
		px_lex_error(x, "\"%.*s\" is not understood", (int)(x->end - x->p), x->p);
}

static bool
hdr(struct px_lex *x, struct px_hdr *h)
{
	const char *from = x->p;

	h->line = x->line;
	if (px_lex_is(x, "*")) {
		h->name = "*";
		return px_lex_end(x);
	}
	while (x->p < x->end && (px_is_name(*x->p, false) || *x->p == '-'))
		x->p++;
	h->name = px_dup(x->a, from, (size_t)(x->p - from));
	if (x->p < x->end && *x->p == '?') {
		h->optional = true;
		x->p++;
	}
	if (h->name[0] == '\0' || x->p == x->end || *x->p != ':')
		return false;
	x->p++;
	hdr_spec(x, h);
	h->note = px_lex_comment(x);
	return true;
}

void
px_parse_hdrs(struct px_lines *l, struct px_step *s)
{
	struct px_hdr **end = &s->hdrs;

	while (px_line(l)) {
		struct px_hdr *h;

		if (l->cur.p == l->cur.end || !px_is_blank(*l->cur.p)) {
			l->held = true;
			return;
		}
		if (px_lex_end(&l->cur)) {
			if (l->cur.p == l->cur.end)
				return;
			continue;
		}
		h = px_alloc(l->a, sizeof *h);
		if (!hdr(&l->cur, h))
			px_lex_error(&l->cur, "a header line is start: ..., Name: ..., Name?: ... or *");
		*end = h;
		end = &h->next;
	}
}

static void
exit_event(struct px_lex *x, struct px_step *s)
{
	int v = 0;

	px_lex_blank(x);
	if (x->p < x->end && *x->p == '!') {
		s->negated = true;
		x->p++;
	}
	if (x->p == x->end || *x->p < '0' || *x->p > '9')
		px_lex_error(x, "exit wants 0, !0 or a number");
	for (; x->p < x->end && *x->p >= '0' && *x->p <= '9' && v < 1000; x->p++)
		v = v * 10 + (*x->p - '0');
	s->status = v;
}

static void
event_args(struct px_lex *x, struct px_step *s)
{
	switch (s->event) {
	case PX_E_WAIT:
	case PX_E_SILENT:
		s->ms = px_lex_duration(x);
		break;
	case PX_E_NONE:
		if (!px_lex_end(x) && *x->p >= '0' && *x->p <= '9')
			s->ms = px_lex_duration(x);
		break;
	case PX_E_EXIT:
		exit_event(x, s);
		break;
	case PX_E_STDERR:
		s->spec = px_lex_spec(x, "");
		break;
	case PX_E_SKIP:
	case PX_E_GOT:
		px_lex_blank(x);
		px_lex_string(x, &s->arg);
		break;
	case PX_E_CONNECT:
		px_lex_blank(x);
		px_lex_value(x, "", &s->arg);
		break;
	default:
		break;
	}
}

void
px_parse_event(struct px_lex *x, struct px_step *s)
{
	s->kind = PX_EVENT;
	s->ms = -1;
	for (unsigned e = PX_E_CLOSE; e <= PX_E_STDOUT_CLOSE; e++)
		if (px_lex_is(x, px_event_name((enum px_event)e))) {
			s->event = (enum px_event)e;
			event_args(x, s);
			return;
		}
	px_lex_error(x, "unknown event \"%.*s\"", (int)(x->end - x->p), x->p);
}

static void
heading(struct px_lex *x, struct px_step *s)
{
	const char *p = x->p + 3, *q;

	s->kind = PX_HEADING;
	for (q = p; q + 2 < x->end; q++)
		if (q > p + 1 && px_is_blank(q[0]) && px_is_blank(q[1]) && px_is_blank(q[2]))
			break;
	if (q + 2 >= x->end)
		q = x->end;
	s->heading = trim(x, p, q);
	s->section = trim(x, q, x->end);
	x->p = x->end;
}

static bool
when(struct px_lines *l, struct px_case *c, struct px_step *s)
{
	struct px_lex *x = &l->cur;
	struct px_tpl name;
	const char *from;

	s->kind = PX_WHEN;
	px_lex_blank(x);
	from = x->p;
	while (x->p < x->end && !px_is_blank(*x->p))
		x->p++;
	px_lex_template(x, from, (size_t)(x->p - from), &name);
	if (name.first == NULL || name.first->var == NULL || name.first->next != NULL) {
		px_lex_error(x, "when wants $NAME == VALUE {");
		return false;
	}
	s->var = name.first->var;
	if (px_lex_is(x, "!="))
		s->negated = true;
	else if (!px_lex_is(x, "=="))
		px_lex_error(x, "when compares with == or !=");
	px_lex_blank(x);
	if (px_lex_is(x, "absent"))
		s->absent = true;
	else
		px_lex_value(x, "", &s->arg);
	if (!px_lex_is(x, "{") || !px_lex_end(x))
		px_lex_error(x, "when ends with {");
	s->note = px_lex_comment(x);
	if (l->depth == PX_NEST_MAX) { /* which } ends what is not worth knowing */
		px_lex_error(x, "a when within %d others", PX_NEST_MAX);
		l->p = l->end;
		return false;
	}
	l->depth++;
	s->body = px_parse_steps(l, c, true);
	if (l->cur.p < l->cur.end && px_lex_is(&l->cur, "else")) {
		if (!px_lex_is(&l->cur, "{"))
			px_lex_error(&l->cur, "} else wants {");
		s->other = px_parse_steps(l, c, true);
	}
	l->depth--;
	return true;
}

static void
octet_line(struct px_lines *l, struct px_step *s)
{
	struct px_lex *x = &l->cur;
	bool http = false, oneof = false;

	if (s->kind == PX_BYTES && px_lex_is(x, "http")) {
		s->kind = PX_HTTP;
		http = true;
		px_lex_blank(x);
		px_lex_string(x, &s->start);
	} else if (s->kind == PX_BYTES && px_lex_is(x, "oneof")) {
		s->kind = PX_ONEOF;
		oneof = true;
	} else {
		s->items = px_parse_items(x, false);
		if (s->items == NULL)
			px_lex_error(x, "octets are wanted here");
	}
	while (!x->failed && !px_lex_end(x) && px_parse_option(x, s))
		continue;
	if (!px_lex_end(x))
		px_lex_error(x, "\"%.*s\" is not understood", (int)(x->end - x->p), x->p);
	s->note = px_lex_comment(x);
	if (http)
		px_parse_hdrs(l, s);
	if (oneof)
		px_parse_alts(l, s);
}

/* "C>" "C>!" "C>>" "C:" at the start of the line. */
static bool
actor_line(struct px_lines *l, struct px_step *s)
{
	struct px_lex *x = &l->cur;
	size_t n = (size_t)(x->end - x->p);

	if (n < 2 || strchr("CPT", *x->p) == NULL || (x->p[1] != '>' && x->p[1] != ':'))
		return false;
	s->actor = *x->p == 'C' ? PX_C : *x->p == 'P' ? PX_P : PX_T;
	if (x->p[1] == ':') {
		x->p += 2;
		px_parse_event(x, s);
		while (!x->failed && !px_lex_end(x) && px_parse_option(x, s))
			continue;
		if (!px_lex_end(x))
			px_lex_error(x, "\"%.*s\" is not understood", (int)(x->end - x->p), x->p);
		s->note = px_lex_comment(x);
		return true;
	}
	x->p += 2;
	s->kind = PX_BYTES;
	if (x->p < x->end && *x->p == '>') {
		s->kind = PX_PAYLOAD;
		x->p++;
	} else if (x->p < x->end && *x->p == '!') {
		s->illegal = true;
		x->p++;
	}
	if ((s->kind == PX_PAYLOAD) ? s->actor == PX_P : s->actor == PX_T)
		px_lex_error(x, "%s",
			s->kind == PX_PAYLOAD ? "payload is C>> or T>>" : "octets are C> or P>; T sends T>>");
	octet_line(l, s);
	return true;
}

struct px_step *
px_parse_steps(struct px_lines *l, struct px_case *c, bool in_when)
{
	struct px_step *first = NULL, **end = &first;
	unsigned from = l->line;

	while (px_line(l)) {
		struct px_step *s;

		if (px_lex_end(&l->cur))
			continue;
		if (in_when && px_lex_is(&l->cur, "}"))
			return first;
		s = px_alloc(l->a, sizeof *s);
		s->line = l->line;
		s->within_ms = -1;
		if (l->cur.end - l->cur.p >= 3 && memcmp(l->cur.p, "---", 3) == 0)
			heading(&l->cur, s);
		else if (px_lex_is(&l->cur, "when"))
			when(l, c, s);
		else if (!actor_line(l, s))
			px_lex_error(&l->cur, "a line starts with C> P> C>> T>> C: P: T: --- when or ;");
		*end = s;
		end = &s->next;
	}
	if (in_when) {
		px_error(l->errs, l->file, from, "the block of this when has no }");
		l->cur = (struct px_lex){l->a, l->errs, l->file, l->line, l->end, l->end, false, 0};
	}
	return first;
}
