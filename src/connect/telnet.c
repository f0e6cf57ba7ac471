/* SPDX-License-Identifier: ISC
 * telnet.c - client of a telnet proxy: one command, then chatter until a line says that the target is reached.
 * No standard says how telnet proxies talk; the telnet octets are RFC 854, 855 and 1143's.
 * One thing to know: the command follows as soon as the proxy is quiet for a moment, whatever it said or did not say.
 * Its options are answered before the command only: later the answers could arrive when the tunnel is open already, and
 * would be the session's first octets. */
#include "client.h"

#include "http_head.h" /* lower, same_nocase */

#define CHATTER_MAX (1024 * 1024)
#define GREETING_MS 200 /* how long a first octet is waited for */
#define QUIET_MS 50	/* how long a silence ends the greeting */

enum { SE = 240, SB = 250, WILL, WONT, DO, DONT, IAC };

static client_state await_greeting, send_command, await_success;

static void
note_phrases(struct client *c, const char *label, const char *const *phrase)
{
	note_part(c, label);
	for (size_t i = 0; i < CLIENT_PHRASES && phrase[i] != NULL; i++) {
		note_part(c, i == 0 ? " '" : ", '");
		note_part(c, phrase[i]);
		note_part(c, "'");
	}
	note(c, "");
}

void
telnet_start(struct client *c)
{
	client_begin(c, await_greeting, "telnet proxy's answer", "begin_telnet_relay()");
	note_phrases(c, c->u.tel.good[1] == NULL ? "good phrase:" : "good phrases:", c->u.tel.good);
	note_phrases(c, "bad phrases:", c->u.tel.bad);
	memset(c->u.tel.refused, 0, sizeof c->u.tel.refused);
	c->u.tel.total = c->u.tel.n = c->u.tel.said = 0;
}

static int
send_command(struct client *c, struct span *in, bool eof, struct obuf *out)
{
	size_t from = out->n;

	(void)in;
	(void)eof;
	if (strchr(c->u.tel.command, IAC) != NULL)
		return client_fail(c, FAIL_INPUT, -1, "octet 255 would be a telnet command");
	ob_str(out, c->u.tel.command);
	ob_str(out, "\r\n");
	if (!out->over)
		note_quoted(c, ">>>", span_of(out->p + from, out->n - from));
	return client_enter(c, await_success, "telnet proxy's answer");
}

/* Where needle stands in s, without regard to case, at or after from; s.n if it does not. */
static size_t
find(struct span s, const char *needle, size_t from)
{
	size_t n = strlen(needle);

	for (size_t i = from; n > 0 && i + n <= s.n; i++) {
		size_t k = 0;

		while (k < n && lower(s.p[i + k]) == lower((uint8_t)needle[k]))
			k++;
		if (k == n)
			return i;
	}
	return s.n;
}

static bool
is_word_char(uint8_t ch)
{
	ch = lower(ch);
	return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9');
}

/* Does the host name or command that ends before, or begins behind, s.p[at] go on there? */
static bool
joins(struct span s, size_t at)
{
	uint8_t ch = at < s.n ? s.p[at] : ' ';

	if (ch == '.')
		return at + 1 < s.n && is_word_char(s.p[at + 1]);
	return ch == '-' || is_word_char(ch);
}

/* Are the n octets at `at` part of what, standing there as a whole? */
static bool
inside(struct span line, size_t at, size_t n, const char *what)
{
	size_t len = strlen(what);

	for (size_t i = find(line, what, 0); i <= at && i < line.n; i = find(line, what, i + 1))
		if (at + n <= i + len && (i == 0 || !joins(line, i - 1)) && !joins(line, i + len))
			return true;
	return false;
}

/* The proxy may echo our command, or name the host: a phrase in there is not its opinion.  Nor is one counted twice that
 * ends in the part of a very long line that was looked at before. */
static bool
is_echo(const struct client *c, struct span line, size_t at, size_t n)
{
	return at + n <= c->u.tel.looked || inside(line, at, n, c->u.tel.command) ||
	       inside(line, at, n, c->dst.host);
}

/* The good phrase, but "not connected to" is none. */
static const char *
good_phrase(const struct client *c, struct span line)
{
	for (size_t i = 0; i < CLIENT_PHRASES && c->u.tel.good[i] != NULL; i++) {
		const char *phrase = c->u.tel.good[i];

		for (size_t at = find(line, phrase, 0); at < line.n; at = find(line, phrase, at + 1))
			if ((at < 4 || !same_nocase(span_of(line.p + at - 4, 4), "not ")) &&
				!is_echo(c, line, at, strlen(phrase)))
				return phrase;
	}
	return NULL;
}

/* A bad phrase that begins with a blank also stands at the beginning of a line or behind punctuation: "Failed!" */
static const char *
bad_phrase(const struct client *c, struct span line)
{
	for (size_t i = 0; i < CLIENT_PHRASES && c->u.tel.bad[i] != NULL; i++) {
		const char *phrase = c->u.tel.bad[i], *word = phrase[0] == ' ' ? phrase + 1 : phrase;

		for (size_t at = find(line, word, 0); at < line.n; at = find(line, word, at + 1))
			if ((word == phrase || at == 0 || !is_word_char(line.p[at - 1])) &&
				!is_echo(c, line, at, strlen(word)))
				return phrase;
	}
	return NULL;
}

static void
note_phrase(struct client *c, const char *label, const char *phrase)
{
	note_part(c, label);
	note_part(c, " '");
	note_part(c, phrase);
	note(c, "'");
}

/* Look for phrases in what there is of the line; the good one counts first, whatever comes later in the line. */
static void
look(struct client *c, size_t n)
{
	struct span line = span_of(c->u.tel.line, n);

	if (c->u.tel.good_seen == NULL)
		c->u.tel.good_seen = good_phrase(c, line);
	if (c->u.tel.bad_seen == NULL)
		c->u.tel.bad_seen = bad_phrase(c, line);
}

/* A whole line has come, its end included. */
static int
judge_line(struct client *c)
{
	struct span line = span_of(c->u.tel.line, c->u.tel.n);
	const char *good, *bad;

	note_quoted(c, "<<<", line);
	while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	if (line.n > 0) {
		client_detail(c, "it said:", -1, line);
		c->u.tel.said = strlen(c->detail);
	}
	look(c, line.n);
	good = c->u.tel.good_seen;
	bad = c->u.tel.bad_seen;
	c->u.tel.n = c->u.tel.looked = 0;
	c->u.tel.good_seen = c->u.tel.bad_seen = NULL;
	if (good != NULL) {
		note_phrase(c, "good phrase is detected:", good);
		return PEER_OPEN;
	}
	if (bad != NULL) {
		note_phrase(c, "bad phrase is detected:", bad);
		return client_fail(c, FAIL_REFUSED, -1, "it could not reach the target");
	}
	return CLIENT_NEXT;
}

/* A line longer than its room is looked at, and keeps its end, so that a phrase at the seam is still seen. */
static void
append(struct client *c, uint8_t ch)
{
	size_t keep = sizeof c->u.tel.line / 2;

	if (c->u.tel.n == sizeof c->u.tel.line) {
		look(c, c->u.tel.n);
		memmove(c->u.tel.line, c->u.tel.line + sizeof c->u.tel.line - keep, keep);
		c->u.tel.n = c->u.tel.looked = keep;
	}
	c->u.tel.line[c->u.tel.n++] = (char)ch;
}

/* RFC 855: every option is refused; RFC 1143: once, or two ends that refuse each other never end. */
static void
refuse_option(struct client *c, unsigned verb, unsigned option, struct obuf *out)
{
	uint8_t *done = &c->u.tel.refused[verb == DO][option / 8], bit = (uint8_t)(1u << option % 8);

	if (*done & bit)
		return;
	*done |= bit;
	ob_u8(out, IAC);
	ob_u8(out, verb == WILL ? DONT : WONT);
	ob_u8(out, option);
}

/* Octets of the sub-negotiation IAC SB ... IAC SE at the front of s, or 0 if it is not whole. */
static size_t
subnegotiation(struct span s)
{
	for (size_t i = 2; i + 1 < s.n; i++) {
		if (s.p[i] != IAC)
			continue;
		if (s.p[i + 1] == SE)
			return i + 2;
		i++; /* IAC IAC is one octet 255 of data */
	}
	return 0;
}

/*  IAC command, RFC 854; IAC WILL|WONT|DO|DONT option; IAC SB option ... IAC SE, RFC 855; IAC IAC = 255
 * Returns the octets it has, 0 if it is not whole. */
static size_t
take_iac(struct client *c, struct span s, struct obuf *out)
{
	unsigned verb;

	if (s.n < 2)
		return 0;
	verb = s.p[1];
	if (verb == IAC) {
		append(c, IAC);
		return 2;
	}
	if (verb == SB)
		return subnegotiation(s);
	if (verb < WILL)
		return 2;
	if (s.n < 3)
		return 0;
	if (out != NULL && (verb == WILL || verb == DO))
		refuse_option(c, verb, s.p[2], out);
	return 3;
}

/* At the end of the input an unfinished line is a line too. */
static int
at_eof(struct client *c)
{
	int r = CLIENT_NEXT;

	if (c->u.tel.n > 0)
		r = judge_line(c);
	note(c, "error reading from telnet proxy");
	return r == PEER_FAIL ? r : PEER_MORE;
}

/* If nothing follows, the last line and what stands behind it, a prompt perhaps, is all there is to show. */
static void
show_last_words(struct client *c)
{
	struct obuf o = ob_over(c->detail, sizeof c->detail - 1);
	size_t room, n = c->u.tel.n;

	o.n = c->u.tel.said;
	if (n > 0)
		ob_str(&o, o.n == 0 ? "it said: " : " / ");
	room = o.cap - o.n;
	ob_put(&o, c->u.tel.line, n < room ? n : room);
	c->detail[o.n] = '\0';
}

/* Take what has come: lines are judged, commands are answered into out if it is not NULL. */
static int
take(struct client *c, struct span *in, struct obuf *out)
{
	int r = CLIENT_NEXT;

	while (in->n > 0 && r == CLIENT_NEXT) {
		uint8_t ch = in->p[0];
		size_t n;

		if (c->u.tel.total >= CHATTER_MAX)
			return client_fail(c, FAIL_PROTOCOL, -1, "it talks without end and names no result");
		n = ch == IAC ? take_iac(c, *in, out) : 1;

		if (n == 0)
			break;
		if (ch != IAC && ch != 0)
			append(c, ch);
		span_eat(in, n);
		c->u.tel.total += n;
		if (ch == '\n')
			r = judge_line(c);
	}
	if (r == CLIENT_NEXT)
		show_last_words(c);
	return r;
}

/* The greeting is over when the proxy is quiet.  Its lines are judged as any other: it may refuse to begin with. */
static int
await_greeting(struct client *c, struct span *in, bool eof, struct obuf *out)
{
	size_t before = in->n;
	int r = take(c, in, out);

	if (r == PEER_OPEN &&
		send_command(c, in, eof, out) == PEER_FAIL) /* all at once, unasked: it is still due */
		return PEER_FAIL;
	if (r != CLIENT_NEXT)
		return r;
	if (eof)
		return at_eof(c);
	if (c->peer.waited)
		return client_enter(c, send_command, "telnet proxy's answer");
	c->peer.wait_ms = before == 0 ? GREETING_MS : QUIET_MS;
	return PEER_WAIT;
}

/* After the command nothing is answered: the proxy may have connected in the meantime, and the answer would be octets of
 * the tunnel.  An option that is not agreed to stays off. */
static int
await_success(struct client *c, struct span *in, bool eof, struct obuf *out)
{
	int r = take(c, in, NULL);

	(void)out;
	if (r != CLIENT_NEXT)
		return r;
	return eof ? at_eof(c) : PEER_MORE;
}
