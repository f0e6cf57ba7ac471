/* SPDX-License-Identifier: ISC
 * http_note.c - what the HTTP client tells for -d, in connect.c's words.
 * One thing to know: credentials are left out here, before anything can be printed. */
#include "http_note.h"

#include "http_head.h"

/* Every line of the request as connect.c shows it, the credentials hidden. */
void
http_note_request(struct client *c, struct span s)
{
	size_t n;

	while ((n = head_line(s)) != 0) {
		if (n > 20 && memcmp(s.p, "Proxy-Authorization:", 20) == 0)
			note_quoted(c, ">>>", span_str("Proxy-Authorization: Basic xxxxx\r\n"));
		else
			note_quoted(c, ">>>", span_of(s.p, n));
		span_eat(&s, n);
	}
}

/* After the line of a challenge field, a line for each of its schemes but Basic. */
static void
note_unusable(struct client *c, const char *field, struct span line)
{
	struct obuf *o = c->peer.notes;
	size_t n = strlen(field);
	char names[120];
	struct obuf list = ob_over(names, sizeof names);
	struct span schemes;

	if (o == NULL || line.n <= n || line.p[n] != ':' || !same_nocase(span_of(line.p, n), field))
		return;
	challenge_in_value(head_trim(span_of(line.p + n + 1, line.n - n - 1)), &list);
	schemes = span_of(names, list.n);

	for (; schemes.n > 0; span_eat(&schemes, n)) {
		const uint8_t *comma = memchr(schemes.p, ',', schemes.n);
		size_t len = comma == NULL ? schemes.n : (size_t)(comma - schemes.p);

		n = comma == NULL ? len : len + 2;
		if (same_nocase(span_of(schemes.p, len), "basic"))
			continue;
		ob_str(o, "Unsupported authentication type: ");
		for (size_t i = 0; i < len; i++)
			ob_u8(o, schemes.p[i] >= 'A' && schemes.p[i] <= 'Z' ? schemes.p[i] + 32u
									    : schemes.p[i]);
		ob_u8(o, '\n');
	}
}

/* Does the line hold credentials?  A proxy may send our request back, in any field. */
static bool
is_credentials(const struct client *c, struct span line)
{
	const uint8_t *colon = memchr(line.p, ':', line.n);
	struct span name = span_of(line.p, colon == NULL ? 0 : (size_t)(colon - line.p));

	return same_nocase(name, "Proxy-Authorization") || same_nocase(name, "Authorization") ||
	       client_hide(c, line).p != line.p;
}

void
http_note_head(struct client *c, struct span head, const char *field)
{
	size_t n;
	bool opens = c->u.http.status / 100 == 2;

	for (bool first = true; c->peer.notes != NULL && (n = head_line(head)) != 0; first = false) {
		note_quoted(c, "<<<",
			is_credentials(c, span_of(head.p, n)) ? span_str("(credentials)\r\n")
							      : span_of(head.p, n));
		if (c->u.http.status / 100 == 4)
			note_unusable(c, field, span_of(head.p, n));
		if (first && opens)
			note(c, "connected, start user session.");
		span_eat(&head, n);
	}
}

void
http_note_missing(struct client *c, const char *field)
{
	note_part(c, "Can't find ");
	note_part(c, field);
	note(c, ": in response header.");
}
