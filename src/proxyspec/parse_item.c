/* SPDX-License-Identifier: ISC
 * parse_item.c - items, the fields of an HTTP head, and alternatives (docs/pxt.5, "Items", "http", "oneof").
 * One thing to know: a word of hexadecimal digits only is octets, a word with a colon is a field. */
#include "parse.h"
#include "hex.h"

static size_t
word_len(const struct px_lex *x)
{
	const char *p = x->p;

	while (p < x->end && !px_is_blank(*p))
		p++;
	return (size_t)(p - x->p);
}

static bool
octets(struct px_lex *x, size_t n, struct px_item *it)
{
	struct px_part *part = px_alloc(x->a, sizeof *part);
	char *b = px_alloc(x->a, n / 2 + 1);

	if (n % 2 != 0) {
		px_lex_error(x, "\"%.*s\" has an odd number of hexadecimal digits", (int)n, x->p);
		return false;
	}
	for (size_t i = 0; i < n / 2; i++)
		b[i] = (char)(hex_digit(x->p[2 * i]) << 4 | hex_digit(x->p[2 * i + 1]));
	part->lit = span_of(b, n / 2);
	it->text.first = part;
	x->p += n;
	return true;
}

static bool
type_of(struct px_lex *x, struct px_item *it)
{
	const char *from = x->p;
	size_t n;

	while (x->p < x->end && ((*x->p >= 'a' && *x->p <= 'z') || (*x->p >= '0' && *x->p <= '9')))
		x->p++;
	n = (size_t)(x->p - from);
	for (unsigned t = PX_U8; t <= PX_REST; t++) {
		if (strlen(px_type_name((enum px_type)t)) != n ||
			memcmp(px_type_name((enum px_type)t), from, n) != 0)
			continue;
		it->type = (enum px_type)t;
		if (t != PX_RAW)
			return true;
		if (x->p < x->end && *x->p == '(') {
			x->p++;
			if (!px_lex_value(x, ")", &it->len) || x->p == x->end || *x->p++ != ')') {
				px_lex_error(x, "raw(N) or raw($NAME) is wanted");
				return false;
			}
			return true;
		}
		px_lex_error(x, "raw wants its length: raw(N) or raw($NAME)");
		return false;
	}
	px_lex_error(x, "unknown type \"%.*s\"", (int)(n == 0 ? word_len(x) : n), from);
	return false;
}

static bool
field(struct px_lex *x, size_t name, struct px_item *it)
{
	it->kind = PX_FIELD;
	it->name = px_dup(x->a, x->p, name);
	x->p += name + 1;
	if (!type_of(x, it))
		return false;
	if (x->p < x->end && *x->p == '=') {
		x->p++;
		it->spec = px_lex_spec(x, "");
		if (it->spec == NULL)
			return false;
	} else {
		it->spec = px_alloc(x->a, sizeof *it->spec);
	}
	if (x->p < x->end && *x->p == '~') {
		x->p++;
		it->has_canon = true;
		if (!px_lex_value(x, "", &it->canon))
			return false;
	}
	px_lex_level(x, &it->level);
	if (x->p < x->end && !px_is_blank(*x->p)) {
		px_lex_error(x, "\"%.*s\" behind the field %s is not understood", (int)word_len(x), x->p,
			it->name);
		return false;
	}
	return true;
}

static bool
item(struct px_lex *x, struct px_item *it)
{
	size_t n = 0, w = word_len(x);

	it->line = x->line;
	if (*x->p == '"')
		return px_lex_string(x, &it->text);
	if (*x->p == '|') {
		it->kind = PX_BAR;
		x->p++;
		return true;
	}
	if (*x->p == '$') {
		px_lex_template(x, x->p, w, &it->text);
		if (it->text.first->var == NULL || it->text.first->next != NULL)
			px_lex_error(x, "\"%.*s\" is no variable", (int)w, x->p);
		x->p += w;
		return !x->failed;
	}
	while (n < w && hex_digit(x->p[n]) >= 0)
		n++;
	if (n == w)
		return octets(x, w, it);
	for (n = 0; n < w && (px_is_name(x->p[n], n == 0) || (n > 0 && (x->p[n] == '-' || x->p[n] == '.')));)
		n++;
	if (n > 0 && n < w && x->p[n] == ':')
		return field(x, n, it);
	px_lex_error(x, "\"%.*s\" is neither octets nor a string nor NAME:type", (int)w, x->p);
	return false;
}

static bool
option_here(const struct px_lex *x)
{
	struct px_lex look = *x;
	enum px_level l;

	return px_lex_is(&look, "within") || *x->p == '&' || (*x->p == '[' && px_lex_level(&look, &l));
}

struct px_item *
px_parse_items(struct px_lex *x, bool in_alt)
{
	struct px_item *first = NULL, **end = &first;

	while (!px_lex_end(x) && !option_here(x)) {
		struct px_item *it;

		if (in_alt && (*x->p == ',' || (*x->p == '-' && x->p + 1 < x->end && x->p[1] == '>')))
			break;
		it = px_alloc(x->a, sizeof *it);
		if (!item(x, it))
			return NULL;
		*end = it;
		end = &it->next;
	}
	return first;
}

bool
px_parse_option(struct px_lex *x, struct px_step *s)
{
	px_lex_blank(x);
	if (px_lex_is(x, "within")) {
		s->within_ms = px_lex_duration(x);
		return true;
	}
	if (px_lex_level(x, &s->level))
		return true;
	if (px_lex_is(x, "&")) {
		s->amp = true;
		return true;
	}
	return false;
}

static bool
ending(struct px_lex *x, struct px_alt *a)
{
	static const char *const names[] = {"close", "fin", "rst", "silence"};

	for (unsigned i = 0; i < 4; i++)
		if (px_lex_is(x, names[i])) {
			if (a->ending != PX_END_NONE)
				px_lex_error(x, "an alternative ends once");
			a->ending = (enum px_ending)(PX_END_CLOSE + i);
			return true;
		}
	return false;
}

static bool
verdict(struct px_lex *x, struct px_alt *a)
{
	static const struct {
		const char *name;
		enum px_verdict v;
	} names[] = {{"pass", PX_PASS}, {"loose", PX_LOOSE}, {"info", PX_V_INFO}, {"fail", PX_FAIL}};

	for (unsigned i = 0; i < 4; i++)
		if (px_lex_is(x, names[i].name)) {
			a->verdict = names[i].v;
			return true;
		}
	px_lex_error(x, "the verdict is pass, loose, info or fail");
	return false;
}

/* "| items , close -> verdict "why"" behind the bar. */
static void
alternative(struct px_lex *x, struct px_alt *a)
{
	struct px_item **end = &a->items;

	a->line = x->line;
	do {
		if (ending(x, a))
			continue;
		*end = px_parse_items(x, true);
		if (*end == NULL) {
			px_lex_error(x, "octets, fields, close, fin, rst or silence are wanted here");
			return;
		}
		while (*end != NULL)
			end = &(*end)->next;
	} while (px_lex_is(x, ","));
	if (!px_lex_is(x, "->")) {
		px_lex_error(x, "an alternative ends with -> and its verdict");
		return;
	}
	if (!verdict(x, a))
		return;
	px_lex_blank(x);
	if (x->p < x->end && *x->p == '"') {
		struct px_tpl t;

		if (!px_lex_string(x, &t))
			return;
		if (t.first != NULL)
			a->why = px_dup(x->a, (const char *)t.first->lit.p, t.first->lit.n);
	}
	if (!px_lex_end(x))
		px_lex_error(x, "\"%.*s\" behind the verdict is not understood", (int)(x->end - x->p), x->p);
}

void
px_parse_alts(struct px_lines *l, struct px_step *s)
{
	struct px_alt **end = &s->alts;

	while (px_line(l)) {
		struct px_alt *a;

		if (px_lex_end(&l->cur) && l->cur.p != l->cur.end)
			continue; /* a comment line */
		if (l->cur.p == l->cur.end || *l->cur.p != '|') {
			l->held = true;
			break;
		}
		l->cur.p++;
		a = px_alloc(l->a, sizeof *a);
		alternative(&l->cur, a);
		*end = a;
		end = &a->next;
	}
	if (s->alts == NULL)
		px_error(l->errs, l->file, s->line,
			"oneof has no alternatives; they stand below it, each behind a \"|\"");
}
