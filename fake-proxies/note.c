/* SPDX-License-Identifier: ISC
 * note.c - see note.h; the text is in the grammar of the .pxt traces.
 * The one thing to know: a secret is masked here and nowhere else. */
#include "note.h"
#include "hex.h"

#include <stdio.h>

static void
put_num(struct obuf *o, unsigned v)
{
	char text[16];

	snprintf(text, sizeof text, "%u", v);
	ob_str(o, text);
}

void
note_title(struct srv *s, const char *title, const char *section)
{
	char line[128];

	if (s->peer.notes == NULL)
		return;
	snprintf(line, sizeof line, "--- %-46s %s\n", title, section);
	ob_str(s->peer.notes, line);
}

void
msg_begin(struct msg *m, struct srv *s)
{
	m->s = s;
	m->o = ob_over(m->octets, sizeof m->octets);
	m->t = ob_over(m->text, sizeof m->text);
}

static void
field(struct obuf *t, const char *name, const char *type, unsigned v)
{
	ob_u8(t, ' ');
	ob_str(t, name);
	ob_u8(t, ':');
	ob_str(t, type);
	ob_u8(t, '=');
	put_num(t, v);
}

void
note_u8(struct obuf *t, const char *name, unsigned v)
{
	field(t, name, "u8", v);
}

void
note_u16(struct obuf *t, const char *name, unsigned v)
{
	field(t, name, "u16", v);
}

void
note_str(struct obuf *t, const char *name, const char *type, struct span v)
{
	ob_u8(t, ' ');
	ob_str(t, name);
	ob_u8(t, ':');
	ob_str(t, type);
	ob_str(t, "=\"");
	hex_text(t, v, '"');
	ob_u8(t, '"');
}

void
msg_u8(struct msg *m, const char *name, unsigned v)
{
	ob_u8(&m->o, v);
	note_u8(&m->t, name, v & 255u);
}

static void
put_u16(struct obuf *o, unsigned v)
{
	ob_u8(o, v >> 8 & 255u);
	ob_u8(o, v & 255u);
}

void
msg_u16(struct msg *m, const char *name, unsigned v)
{
	put_u16(&m->o, v);
	note_u16(&m->t, name, v & 0xffffu);
}

static void
put_ip4(struct obuf *t, const uint8_t ip[4])
{
	char text[16];

	snprintf(text, sizeof text, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
	ob_str(t, text);
}

void
msg_ip4(struct msg *m, const char *name, const uint8_t ip[4])
{
	ob_put(&m->o, ip, 4);
	ob_u8(&m->t, ' ');
	ob_str(&m->t, name);
	ob_str(&m->t, ":ip4=");
	put_ip4(&m->t, ip);
}

void
msg_hex(struct msg *m, const void *p, size_t n)
{
	ob_put(&m->o, p, n);
	ob_u8(&m->t, ' ');
	hex_spaced(&m->t, span_of(p, n));
}

static void
put_ip6(struct obuf *t, struct span ip)
{
	char group[8];

	ob_u8(t, '[');
	for (size_t i = 0; i + 1 < ip.n; i += 2) {
		snprintf(group, sizeof group, "%s%x", i == 0 ? "" : ":", ip.p[i] * 256u + ip.p[i + 1]);
		ob_str(t, group);
	}
	ob_u8(t, ']');
}

/* As it is, or in quotes where it could be taken for grammar. */
static void
put_name(struct obuf *t, struct span name)
{
	bool plain = name.n != 0;

	for (size_t i = 0; i < name.n; i++)
		plain &= name.p[i] > 0x20 && name.p[i] < 0x7f && strchr("\"\\:;|", name.p[i]) == NULL;
	if (!plain)
		ob_u8(t, '"');
	hex_text(t, name, plain ? 0 : '"');
	if (!plain)
		ob_u8(t, '"');
}

/* ATYP 1: | 4 octets |, ATYP 4: | 16 octets |, ATYP 3: | length | name |; then | port | (RFC 1928, 4 to 6) */
void
msg_addr5(struct msg *m, const char *name, unsigned atyp, struct span host, unsigned port)
{
	ob_u8(&m->o, atyp);
	if (atyp == 3)
		ob_u8(&m->o, (unsigned)host.n & 255u);
	ob_span(&m->o, host);
	put_u16(&m->o, port);
	ob_u8(&m->t, ' ');
	ob_str(&m->t, name);
	ob_str(&m->t, atyp == 4 ? ":addr5=ip6:" : atyp == 3 ? ":addr5=name:" : ":addr5=ip4:");
	if (atyp == 4)
		put_ip6(&m->t, host);
	else if (atyp == 3)
		put_name(&m->t, host);
	else
		put_ip4(&m->t, host.p);
	ob_u8(&m->t, ':');
	put_num(&m->t, port & 0xffffu);
}

/* What ends every line of octets: "; 05 00" */
static void
octets(struct obuf *n, struct span o, struct hidden secret)
{
	ob_str(n, " ; ");
	if (secret.n == 0) {
		hex_spaced(n, o);
	} else {
		hex_spaced(n, span_of(o.p, secret.at));
		for (size_t i = 0; i < secret.n; i++)
			ob_str(n, " **");
		ob_u8(n, ' ');
		hex_spaced(n, span_of(o.p + secret.at + secret.n, o.n - secret.at - secret.n));
		while (n->n != 0 && n->p[n->n - 1] == ' ')
			n->n--;
	}
	ob_u8(n, '\n');
}

void
msg_send(struct msg *m, struct obuf *out)
{
	struct obuf *n = m->s->peer.notes;

	ob_put(out, m->octets, m->o.n);
	if (n != NULL) {
		ob_str(n, m->s->bugged ? "P>!" : "P>");
		ob_put(n, m->text, m->t.n);
		octets(n, span_of(m->octets, m->o.n), (struct hidden){0, 0});
	}
	m->s->bugged = false;
}

void
note_client(struct srv *s, struct obuf *text, struct span o, struct hidden secret)
{
	if (s->peer.notes == NULL)
		return;
	if (s->cf->show_secrets)
		secret.n = 0;
	ob_str(s->peer.notes, "C>");
	ob_put(s->peer.notes, text->p, text->n);
	octets(s->peer.notes, o, secret);
}

void
note_bad(struct srv *s, struct span o, size_t shown)
{
	struct obuf *n = s->peer.notes;
	char more[64];

	if (n == NULL || o.n == 0)
		return;
	if (s->cf->show_secrets)
		shown = 256;
	ob_str(n, shown != 0 ? "C>! " : ";");
	hex_spaced(n, span_of(o.p, o.n < shown ? o.n : shown));
	if (o.n > shown) {
		snprintf(more, sizeof more, "%s %zu octets more, not shown", shown != 0 ? " ;" : "",
			o.n - shown);
		ob_str(n, more);
	}
	ob_u8(n, '\n');
}

void
note_text(struct srv *s, const char *actor, struct span o)
{
	struct obuf *n = s->peer.notes;

	while (n != NULL && o.n != 0) {
		const uint8_t *lf = memchr(o.p, '\n', o.n);
		size_t len = lf != NULL ? (size_t)(lf - o.p) + 1 : o.n;

		ob_str(n, actor);
		if (o.p[0] == 255) { /* IAC ... : a command of telnet, not a text */
			for (len = 1; len < o.n && (len < 3 || o.p[len] == 255 || o.p[len] < 32) &&
				      o.p[len] != '\r';)
				len++;
			ob_u8(n, ' ');
			hex_spaced(n, span_of(o.p, len));
			ob_u8(n, '\n');
		} else {
			const uint8_t *iac = memchr(o.p, 255, len);

			if (iac != NULL)
				len = (size_t)(iac - o.p);
			ob_str(n, " \"");
			hex_text(n, span_of(o.p, len), '"');
			ob_str(n, "\"\n");
		}
		span_eat(&o, len);
	}
}

void
note_target(struct srv *s)
{
	char line[2 * NET_ADDRSTR + 40], a[NET_ADDRSTR], b[NET_ADDRSTR];

	if (s->peer.notes == NULL)
		return;
	if (s->got.err != 0)
		snprintf(line, sizeof line, "T: refuse ; %s\n", srv_err_name(s->got.err));
	else if (s->got.has_remote && s->got.has_local)
		snprintf(line, sizeof line, "T: accept ; %s from %s\n", net_str(&s->got.remote, a),
			net_str(&s->got.local, b));
	else
		snprintf(line, sizeof line, "T: accept\n");
	ob_str(s->peer.notes, line);
}
