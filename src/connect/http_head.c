/* SPDX-License-Identifier: ISC
 * http_head.c - see http_head.h.
 * One thing to know: after a comma in a challenge list only what follows a word tells whether it is a scheme
 * (a blank or the end) or a parameter of the scheme before ("="), RFC 9110 section 11.6.1. */
#include "http_head.h"

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* tchar, RFC 9110 section 5.6.2 */
static bool
is_token(uint8_t c)
{
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
		return true;
	return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool
same_nocase(struct span a, const char *b)
{
	size_t n = strlen(b);

	if (a.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (lower(a.p[i]) != lower((uint8_t)b[i]))
			return false;
	return true;
}

static struct span
trim(struct span s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		span_eat(&s, 1);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

size_t
head_line(struct span s)
{
	const uint8_t *lf = s.n > 0 ? memchr(s.p, '\n', s.n) : NULL;

	return lf == NULL ? 0 : (size_t)(lf - s.p) + 1;
}

struct span
head_trim(struct span line)
{
	if (line.n > 0 && line.p[line.n - 1] == '\n')
		line.n--;
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

size_t
head_size(struct span s)
{
	size_t at = 0, n;

	while ((n = head_line(span_of(s.p + at, s.n - at))) != 0) {
		at += n;
		if (head_trim(span_of(s.p + at - n, n)).n == 0 && at > n)
			return at;
	}
	return 0;
}

bool
status_possible(struct span s)
{
	static const char start[] = "HTTP/1.";
	size_t n = s.n < sizeof start - 1 ? s.n : sizeof start - 1;

	return n == 0 || memcmp(s.p, start, n) == 0;
}

int
status_parse(struct span line, int *minor, struct span *reason)
{
	struct span s = head_trim(line);
	int status = 0;

	if (s.n < 8 || !status_possible(s) || s.p[7] < '0' || s.p[7] > '9')
		return -1;
	*minor = s.p[7] - '0';
	span_eat(&s, 8);
	if (s.n == 0 || !is_blank(s.p[0]))
		return -1;
	s = trim(s);
	if (s.n < 3 || (s.n > 3 && !is_blank(s.p[3])))
		return -1;
	for (int i = 0; i < 3; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		status = status * 10 + (s.p[i] - '0');
	}
	span_eat(&s, 3);
	*reason = trim(s);
	return status;
}

bool
field_next(struct span head, size_t *at, struct span *name, struct span *value)
{
	size_t n, colon = 0;

	if (*at == 0)
		*at = head_line(head);
	n = head_line(span_of(head.p + *at, head.n - *at));
	if (n == 0 || head_trim(span_of(head.p + *at, n)).n == 0)
		return false;
	*name = span_of(head.p + *at, n);
	while (colon < n && name->p[colon] != ':')
		colon++;
	*at += n;
	while (*at < head.n && (head.p[*at] == ' ' || head.p[*at] == '\t')) { /* obs-fold */
		size_t more = head_line(span_of(head.p + *at, head.n - *at));

		if (more == 0) /* not whole: no head ends so */
			break;
		*at += more;
		n += more;
	}
	*value = colon < n ? trim(span_of(name->p + colon + 1, n - colon - 1)) : span_of(name->p, 0);
	name->n = colon;
	*name = trim(*name);
	return true;
}

struct span
field_get(struct span head, const char *name, unsigned *count)
{
	struct span first = {NULL, 0}, n, v;
	size_t at = 0;

	*count = 0;
	while (field_next(head, &at, &n, &v))
		if (same_nocase(n, name) && (*count)++ == 0)
			first = v;
	return first;
}

bool
field_has(struct span head, const char *name, const char *token)
{
	struct span n, v;
	size_t at = 0;

	while (field_next(head, &at, &n, &v)) {
		if (!same_nocase(n, name))
			continue;
		while (v.n > 0) {
			const uint8_t *comma = memchr(v.p, ',', v.n);
			size_t len = comma == NULL ? v.n : (size_t)(comma - v.p);

			if (same_nocase(trim(span_of(v.p, len)), token))
				return true;
			span_eat(&v, comma == NULL ? len : len + 1);
		}
	}
	return false;
}

/* Skip to behind the next comma that is not inside a quoted-string. */
static void
skip_item(struct span *v)
{
	bool quoted = false;

	while (v->n > 0) {
		uint8_t c = v->p[0];

		span_eat(v, 1);
		if (quoted && c == '\\' && v->n > 0)
			span_eat(v, 1);
		else if (c == '"')
			quoted = !quoted;
		else if (c == ',' && !quoted)
			return;
	}
}

/* Is the list item at the front of v the beginning of a challenge?  Then its scheme is the word. */
static bool
starts_challenge(struct span v, struct span *word)
{
	size_t n = 0, after;

	while (n < v.n && is_token(v.p[n]))
		n++;
	*word = span_of(v.p, n);
	after = n;
	while (after < v.n && is_blank(v.p[after]))
		after++;
	if (n == 0 || (after < v.n && v.p[after] == '='))
		return false;
	return n == v.n || is_blank(v.p[n]) || v.p[n] == ',';
}

bool
challenge_in_value(struct span v, struct obuf *schemes)
{
	bool found = false;

	while (v.n > 0) {
		struct span word;

		while (v.n > 0 && (is_blank(v.p[0]) || v.p[0] == ','))
			span_eat(&v, 1);
		if (starts_challenge(v, &word)) {
			if (same_nocase(word, "Basic"))
				found = true;
			if (schemes->n > 0 && schemes->n + word.n + 2 <= schemes->cap)
				ob_str(schemes, ", ");
			if (schemes->n + word.n <= schemes->cap)
				ob_span(schemes, word);
		}
		skip_item(&v);
	}
	return found;
}

bool
challenge_basic(struct span head, const char *name, struct obuf *schemes)
{
	struct span n, v;
	size_t at = 0;
	bool found = false;

	while (field_next(head, &at, &n, &v))
		if (same_nocase(n, name) && challenge_in_value(v, schemes))
			found = true;
	return found;
}
