/* SPDX-License-Identifier: ISC
 * note_head.c - an HTTP head in a trace, its secrets masked; see note.h.
 * The one thing to know: it masks in heads that could not be parsed too, so it looks for words, not for fields. */
#include "hex.h"
#include "note.h"

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Where in a line of a head a secret begins, or the line's length: behind the scheme of credentials; behind the colon
 * of a user's password in a target. */
static size_t
secret_at(struct span line, bool first, bool *found)
{
	static const char word[] = "authorization";
	const size_t n = sizeof word - 1;
	size_t i = 0, k;

	*found = false;
	if (first) {
		const uint8_t *at = line.n != 0 ? memchr(line.p, '@', line.n) : NULL;
		const uint8_t *colon = at != NULL ? memchr(line.p, ':', (size_t)(at - line.p)) : NULL;

		return colon != NULL ? (size_t)(colon - line.p) + 1 : line.n;
	}
	for (; i + n <= line.n; i++) {
		for (k = 0; k < n && lower(line.p[i + k]) == (uint8_t)word[k];)
			k++;
		if (k == n)
			break;
	}
	if (i + n > line.n)
		return line.n;
	*found = true;
	for (i += n; i < line.n && (line.p[i] == ' ' || line.p[i] == ':' || line.p[i] == '\t');)
		i++;
	for (k = i; k < line.n && line.p[k] != ' ';)
		k++;
	return k < line.n ? k + 1 : i; /* without a scheme in front, all of it */
}

/* One line; the first one in quotes.  *hidden: the line before held a secret, of which this may be the rest. */
static void
head_line(struct srv *s, struct span line, bool first, bool *hidden)
{
	struct obuf *n = s->peer.notes;
	bool found, rest = !first && *hidden && (line.p[0] == ' ' || line.p[0] == '\t');
	size_t cut = rest ? 0 : secret_at(line, first, &found);

	*hidden = rest || found;
	if (s->cf->show_secrets)
		cut = line.n;
	ob_str(n, first ? " http \"" : "     ");
	hex_text(n, span_of(line.p, cut), first ? '"' : 0);
	if (cut < line.n)
		ob_str(n, "***");
	ob_str(n, first ? "\"\n" : "\n");
}

void
note_head(struct srv *s, const char *actor, struct span head)
{
	bool first = true, hidden = false;

	if (s->peer.notes == NULL)
		return;
	ob_str(s->peer.notes, actor);
	while (head.n != 0) {
		const uint8_t *lf = memchr(head.p, '\n', head.n);
		size_t all = lf != NULL ? (size_t)(lf - head.p) + 1 : head.n, len = all;

		while (len != 0 && (head.p[len - 1] == '\n' || head.p[len - 1] == '\r'))
			len--;
		if (first || len != 0)
			head_line(s, span_of(head.p, len), first, &hidden);
		first = false;
		span_eat(&head, all);
	}
}
