/* SPDX-License-Identifier: ISC
 * socks5.c - client of SOCKS5 (RFC 1928) with no authentication or user name and password (RFC 1929).
 * One thing to know: a method that was not offered is an error, so a password is only sent where it was offered. */
#include "client.h"
#include "wire.h"

static client_state send_greeting, send_ahead, await_method, send_userpass, await_status, send_request,
	await_reply;

void
socks5_start(struct client *c)
{
	client_begin(c, c->u.s5.ahead ? send_ahead : send_greeting, "SOCKS5 method selection",
		"begin_socks_relay()");
}

static const char *
method_name(unsigned m)
{
	switch (m) {
	case 0:
		return "NO-AUTH";
	case 1:
		return "GSSAPI";
	case 2:
		return "USERPASS";
	case 3:
		return "CHAP";
	default:
		return "(unknown)";
	}
}

static void
note_offer(struct client *c, size_t i)
{
	static const char hex[] = "0123456789abcdef";
	struct obuf *o = c->peer.notes;
	uint8_t m = c->u.s5.method[i];

	if (o == NULL)
		return;
	ob_str(o, "available auth method[");
	ob_u8(o, (unsigned)('0' + i));
	ob_str(o, "] = ");
	ob_str(o, method_name(m));
	ob_str(o, " (0x");
	ob_u8(o, (unsigned char)hex[m >> 4]);
	ob_u8(o, (unsigned char)hex[m & 15]);
	ob_str(o, ")\n");
}

/*  greeting                RFC 1928 section 3
 *  +-----+----------+----------+
 *  | VER | NMETHODS | METHODS  |
 *  | 05  |    n     | n octets |
 *  +-----+----------+----------+ */
static int
send_greeting(struct client *c, struct span *in, bool eof, struct obuf *out)
{
	(void)in;
	(void)eof;
	if (c->dst.kind == DST_NAME && strlen(c->dst.host) > 255)
		return client_fail(c, FAIL_INPUT, -1, "a name in a SOCKS5 request has at most 255 octets");
	for (size_t i = 0; i < c->u.s5.n; i++)
		note_offer(c, i);
	ob_u8(out, 5);
	ob_u8(out, (unsigned)c->u.s5.n);
	ob_put(out, c->u.s5.method, c->u.s5.n);
	note_bytes(c, "atomic_out() ", ">>>", span_of(out->p, out->n));
	return client_enter(c, await_method, "SOCKS5 method selection");
}

/* Greeting, user and password, request: nothing of the answers decides what comes next if one method is offered.  RFC 1928
 * section 3 has the client wait for the selection all the same. */
static int
send_ahead(struct client *c, struct span *in, bool eof, struct obuf *out)
{
	int r;

	if (c->u.s5.method[0] == 2 && c->pass == NULL)
		return PEER_ASK;
	r = send_greeting(c, in, eof, out);
	if (r != PEER_FAIL && c->u.s5.method[0] == 2)
		r = send_userpass(c, in, eof, out);
	if (r != PEER_FAIL)
		r = send_request(c, in, eof, out);
	if (r == PEER_FAIL) {
		out->n = 0;
		return r;
	}
	client_detail(c, "--pipeline sent everything at once", -1, span_str(""));
	return client_enter(c, await_method, "SOCKS5 method selection");
}

static int
bad_version(struct client *c, unsigned got, const char *text)
{
	client_detail(c, "VER 5 expected, got", (int)got, span_str(""));
	return client_fail(c, FAIL_PROTOCOL, -1, text);
}

static bool
offered(const struct client *c, unsigned m)
{
	return memchr(c->u.s5.method, (int)m, c->u.s5.n) != NULL;
}

/*  selection               RFC 1928 section 3
 *  +-----+--------+
 *  | VER | METHOD |        FF = no acceptable methods
 *  +-----+--------+ */
static int
await_method(struct client *c, struct span *in, bool eof, struct obuf *out)
{
	struct rd r = rd_over(*in);
	unsigned ver = rd_u8(&r), method;

	(void)eof;
	(void)out;
	if (!r.lack && ver != 5)
		return bad_version(c, ver, "this is not a SOCKS5 method selection");
	method = rd_u8(&r);
	if (r.lack)
		return PEER_MORE;
	note_bytes(c, "atomic_in()", "<<<", span_of(in->p, r.at));
	if (method == 0xff)
		return client_fail(
			c, FAIL_AUTH, 0xff, "no offered authentication method is acceptable to it");
	if (!offered(c, method)) {
		client_detail(c, "METHOD", (int)method, span_str(method_name(method)));
		return client_fail(c, FAIL_PROTOCOL, (int)method,
			"it chose an authentication method that was not offered");
	}
	span_eat(in, r.at);
	note_part(c, "auth method: ");
	note(c, method_name(method));
	if (method == 2 && !c->u.s5.ahead)
		return client_enter(c, send_userpass, "password");
	if (method == 2)
		return client_enter(c, await_status, "SOCKS5 authentication status");
	return client_enter(c, c->u.s5.ahead ? await_reply : send_request, "SOCKS5 reply");
}

/*  user name and password  RFC 1929 section 2
 *  +-----+------+-------+------+--------+
 *  | VER | ULEN | UNAME | PLEN | PASSWD |    VER is the sub-negotiation's: 1
 *  | 01  |  1   | 1-255 |  1   | 1-255  |
 *  +-----+------+-------+------+--------+ */
static int
send_userpass(struct client *c, struct span *in, bool eof, struct obuf *out)
{
	size_t ulen, plen;

	(void)in;
	(void)eof;
	if (c->pass == NULL)
		return PEER_ASK;
	ulen = strlen(c->user);
	plen = strlen(c->pass);
	if (ulen > 255)
		return client_fail(c, FAIL_INPUT, -1, "a SOCKS5 user name has at most 255 octets");
	if (plen > 255)
		return client_fail(c, FAIL_INPUT, -1, "a SOCKS5 password has at most 255 octets");
	ob_u8(out, 1);
	ob_u8(out, (unsigned)ulen);
	ob_put(out, c->user, ulen);
	ob_u8(out, (unsigned)plen);
	ob_put(out, c->pass, plen);
	note(c, "atomic_out()  [some bytes]");
	note(c, ">>> xx xx xx xx ...");
	return client_enter(c, await_status, "SOCKS5 authentication status");
}

/*  status                  RFC 1929 section 2
 *  +-----+--------+
 *  | VER | STATUS |        STATUS 0 is success.  VER is the sub-negotiation's, 1; servers that send 5 or 0
 *  +-----+--------+        here are common, so it decides nothing */
static int
await_status(struct client *c, struct span *in, bool eof, struct obuf *out)
{
	struct rd r = rd_over(*in);
	unsigned ver = rd_u8(&r), status;

	(void)eof;
	(void)out;
	status = rd_u8(&r);
	if (r.lack)
		return PEER_MORE;
	note_bytes(c, "atomic_in()", "<<<", span_of(in->p, r.at));
	if (ver != 1)
		note(c, "VER of the status is not 1, as RFC 1929 says");
	if (status != 0) {
		client_detail(c, "STATUS", (int)status, span_str(""));
		return client_fail(c, FAIL_AUTH, (int)status, "authentication failed");
	}
	span_eat(in, r.at);
	return client_enter(c, c->u.s5.ahead ? await_reply : send_request, "SOCKS5 reply");
}

/*  request                 RFC 1928 section 4
 *  +-----+-----+-----+------+----------+----------+
 *  | VER | CMD | RSV | ATYP | DST.ADDR | DST.PORT |   ATYP 1: 4 octets, 4: 16 octets,
 *  | 05  | 01  | 00  |  1   | variable |    2     |        3: a length octet and a name
 *  +-----+-----+-----+------+----------+----------+ */
static int
send_request(struct client *c, struct span *in, bool eof, struct obuf *out)
{
	const struct dst *d = &c->dst;
	size_t from = out->n, len = strlen(d->host);

	(void)in;
	(void)eof;
	ob_put(out, "\005\001", 3);
	if (d->kind == DST_IP4) {
		ob_u8(out, 1);
		ob_put(out, d->addr, 4);
	} else if (d->kind == DST_IP6) {
		ob_u8(out, 4);
		ob_put(out, d->addr, 16);
	} else {
		if (len > 255)
			return client_fail(
				c, FAIL_INPUT, -1, "a name in a SOCKS5 request has at most 255 octets");
		ob_u8(out, 3);
		ob_u8(out, (unsigned)len); /* at most 255, seen to before the greeting */
		ob_put(out, d->host, len);
	}
	put_u16(out, d->port);
	note_bytes(c, "atomic_out() ", ">>>", span_of(out->p + from, out->n - from));
	return client_enter(c, await_reply, "SOCKS5 reply");
}

static const char *
rep_text(unsigned rep)
{
	switch (rep) {
	case 1:
		return "general SOCKS server failure";
	case 2:
		return "connection not allowed by ruleset";
	case 3:
		return "Network unreachable";
	case 4:
		return "Host unreachable";
	case 5:
		return "connection refused";
	case 6:
		return "TTL expired";
	case 7:
		return "Command not supported";
	case 8:
		return "Address not supported";
	case 9:
		return "Invalid address";
	default:
		return "(unknown)";
	}
}

static void
note_reply(struct client *c, struct span s)
{
	size_t n = s.n < 4 ? s.n : 4;

	note_bytes(c, "atomic_in()", "<<<", span_of(s.p, n));
	if (s.n > n)
		note_bytes(c, "atomic_in()", "<<<", span_of(s.p + n, s.n - n));
}

/* BND.ADDR by its ATYP; false if there is no such type.  A shortage is left in r. */
static bool
skip_bnd_addr(struct rd *r, unsigned atyp)
{
	if (atyp == 1)
		rd_take(r, 4);
	else if (atyp == 4)
		rd_take(r, 16);
	else if (atyp == 3)
		rd_take(r, rd_u8(r));
	else
		return r->lack;
	return true;
}

/*  reply                   RFC 1928 section 6
 *  +-----+-----+-----+------+----------+----------+
 *  | VER | REP | RSV | ATYP | BND.ADDR | BND.PORT |
 *  +-----+-----+-----+------+----------+----------+
 * A refusal is known with REP, and is reported even if the rest never comes. */
static int
await_reply(struct client *c, struct span *in, bool eof, struct obuf *out)
{
	struct rd r = rd_over(*in);
	unsigned ver = rd_u8(&r), rep, atyp;

	(void)eof;
	(void)out;
	if (!r.lack && ver != 5)
		return bad_version(c, ver, "this is not a SOCKS5 reply");
	rep = rd_u8(&r);
	if (r.lack)
		return PEER_MORE;
	if (rep != 0) {
		note_reply(c, span_of(in->p, in->n < 4 ? in->n : 4));
		client_detail(c, "SOCKS5 reply", (int)rep, span_str(""));
		return client_fail(c, FAIL_REFUSED, (int)rep, rep_text(rep));
	}
	rd_u8(&r);
	atyp = rd_u8(&r);
	if (!skip_bnd_addr(&r, atyp)) {
		note_reply(c, span_of(in->p, 4));
		client_detail(c, "ATYP 1, 3 or 4 expected, got", (int)atyp, span_str(""));
		return client_fail(c, FAIL_PROTOCOL, (int)atyp, "its reply has an unknown address type");
	}
	rd_take(&r, 2);
	if (r.lack)
		return PEER_MORE;
	note_reply(c, span_of(in->p, r.at));
	span_eat(in, r.at);
	return PEER_OPEN;
}
