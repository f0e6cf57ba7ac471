/* SPDX-License-Identifier: ISC
 * client.c - what the four protocols' clients have in common: the step loop, failing, and the notes for -d.
 * One thing to know: the words of the notes are connect.c's, because people and scripts read them. */
#include "client.h"

#include "base64.h"
#include "hex.h"
#include "wipe.h"

#define NOTE_MAX 512 /* octets of one message that a note shows */
#define HIDE_MIN 4   /* shorter passwords stand everywhere by chance, and hiding them would show them */

static enum peer_want
client_step(struct peer *p, struct span *in, bool eof, struct obuf *out)
{
	struct client *c = (struct client *)p;
	int want;

	do {
		want = c->state(c, in, eof, out);
	} while (want == CLIENT_NEXT);
	if (want == PEER_MORE && eof)
		want = client_fail(c, FAIL_EOF, -1, "closed the connection");
	return (enum peer_want)want;
}

void
client_begin(struct client *c, client_state *first, const char *awaited, const char *text)
{
	c->peer.step = client_step;
	c->peer.fail.code = -1;
	c->detail[0] = '\0';
	if (text != NULL)
		note(c, text);
	client_enter(c, first, awaited);
}

int
client_enter(struct client *c, client_state *s, const char *awaited)
{
	c->state = s;
	c->peer.at = awaited;
	return CLIENT_NEXT;
}

int
client_fail(struct client *c, enum fail_why why, int code, const char *text)
{
	c->peer.fail.why = why;
	c->peer.fail.code = code;
	c->peer.fail.text = text;
	return PEER_FAIL;
}

static void
put_number(struct obuf *o, int v)
{
	char d[12];
	size_t n = sizeof d;
	unsigned u = v < 0 ? 0u - (unsigned)v : (unsigned)v;

	do {
		d[--n] = (char)('0' + u % 10);
		u /= 10;
	} while (u != 0);
	if (v < 0)
		d[--n] = '-';
	ob_put(o, d + n, sizeof d - n);
}

static bool
holds(struct span s, const void *p, size_t n)
{
	for (size_t i = 0; n >= HIDE_MIN && i + n <= s.n; i++)
		if (memcmp(s.p + i, p, n) == 0)
			return true;
	return false;
}

/* A proxy may send back what it got, in an error page's words or to have it printed where others look. */
struct span
client_hide(const struct client *c, struct span text)
{
	char code[2300];
	struct obuf o = ob_over(code, sizeof code);
	bool found;

	if (c->pass == NULL)
		return text;
	base64_pair(&o, span_str(c->user), span_str(c->pass));
	found = holds(text, c->pass, strlen(c->pass)) || (!o.over && holds(text, code, o.n));
	wipe(code, sizeof code);
	return found ? span_str("(credentials)") : text;
}

/* detail = "label number text", cut to what fits; number < 0 and empty text are left out. */
void
client_detail(struct client *c, const char *label, int number, struct span text)
{
	struct obuf o = ob_over(c->detail, sizeof c->detail - 1);
	size_t room;

	text = client_hide(c, text);
	ob_str(&o, label);
	if (number >= 0) {
		ob_u8(&o, ' ');
		put_number(&o, number);
	}
	room = o.cap - o.n;
	if (text.n > 0 && room > 1) {
		ob_u8(&o, ' ');
		ob_put(&o, text.p, text.n < room - 1 ? text.n : room - 1);
	}
	c->detail[o.n] = '\0';
}

void
note_part(struct client *c, const char *text)
{
	if (c->peer.notes != NULL)
		ob_str(c->peer.notes, text);
}

void
note(struct client *c, const char *text)
{
	note_part(c, text);
	note_part(c, "\n");
}

/* "atomic_out()  [4 bytes]" and ">>> 05 02 00 02": what is atomic_out() or atomic_in(), with its blanks. */
void
note_bytes(struct client *c, const char *what, const char *dir, struct span s)
{
	struct obuf *o = c->peer.notes;

	if (o == NULL)
		return;
	ob_str(o, what);
	ob_str(o, " [");
	put_number(o, (int)s.n);
	ob_str(o, " bytes]\n");
	ob_str(o, dir);
	ob_u8(o, ' ');
	if (client_hide(c, s).p == s.p)
		hex_spaced(o, s);
	else
		ob_str(o, "xx xx xx xx ...");
	ob_u8(o, '\n');
}

/* ">>> "text\r\n"" */
void
note_quoted(struct client *c, const char *dir, struct span s)
{
	struct obuf *o = c->peer.notes;

	if (o == NULL)
		return;
	ob_str(o, dir);
	s = client_hide(c, s);
	ob_str(o, " \"");
	hex_text(o, span_of(s.p, s.n < NOTE_MAX ? s.n : NOTE_MAX), 0);
	ob_str(o, s.n > NOTE_MAX ? "\"...\n" : "\"\n");
}
