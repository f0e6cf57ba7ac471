/* SPDX-License-Identifier: ISC
 * socks4.c - client of SOCKS4 ("SOCKS: A protocol for TCP proxy across firewalls", section 1) and SOCKS4A.
 * One thing to know: the address 0.0.0.x, x not 0, is not an address but the mark "a name follows". */
#include "client.h"
#include "wire.h"

static client_state send_request, await_reply;

void
socks4_start(struct client *c)
{
	client_begin(c, send_request, "SOCKS4 reply", "begin_socks_relay()");
}

/*  request                                          SOCKS4 section 1, SOCKS4A
 *  +----+----+---------+-------------+--------+---+ - - - - + - +
 *  | VN | CD | DSTPORT |    DSTIP    | USERID | 0 | DOMAIN  | 0 |
 *  | 04 | 01 |  2 oct. | 4 oct. or   | any    |   | (4A)    |   |
 *  +----+----+---------+ 00 00 00 01 +--------+---+ - - - - + - + */
static int
send_request(struct client *c, struct span *in, bool eof, struct obuf *out)
{
	static const uint8_t name_follows[4] = {0, 0, 0, 1};
	const struct dst *d = &c->dst;

	(void)in;
	(void)eof;
	if (d->kind == DST_IP6)
		return client_fail(c, FAIL_INPUT, -1, "SOCKS4 has no IPv6 addresses");
	if (d->kind == DST_IP4 && d->addr[0] == 0 && d->addr[1] == 0 && d->addr[2] == 0 && d->addr[3] != 0)
		return client_fail(c, FAIL_INPUT, -1, "SOCKS4 cannot ask for an address 0.0.0.x");
	if (d->kind == DST_NAME && strlen(d->host) > 255)
		return client_fail(c, FAIL_INPUT, -1, "a name has at most 255 octets");
	ob_u8(out, 4);
	ob_u8(out, 1);
	put_u16(out, d->port);
	ob_put(out, d->kind == DST_IP4 ? d->addr : name_follows, 4);
	ob_put(out, c->user, strlen(c->user) + 1);
	if (d->kind == DST_NAME)
		ob_put(out, d->host, strlen(d->host) + 1);
	if (!out->over)
		note_bytes(c, "atomic_out() ", ">>>", span_of(out->p, out->n));
	return client_enter(c, await_reply, "SOCKS4 reply");
}

static const char *
cd_text(unsigned cd)
{
	switch (cd) {
	case 91:
		return "request rejected or failed";
	case 92:
		return "cannot connect identd";
	case 93:
		return "user id not matched";
	default:
		return "(unknown)";
	}
}

/*  reply                                            SOCKS4 section 1
 *  +----+----+---------+-------+
 *  | VN | CD | DSTPORT | DSTIP |   VN is 0 (some old servers send 4); CD 90 is granted;
 *  +----+----+---------+-------+   "the remaining fields are ignored"
 *    1    1       2        4
 * A refusal is known with its second octet, and is reported even if the rest never comes. */
static int
await_reply(struct client *c, struct span *in, bool eof, struct obuf *out)
{
	struct rd r = rd_over(*in);
	unsigned vn = rd_u8(&r), cd;

	(void)eof;
	(void)out;
	if (!r.lack && vn != 0 && vn != 4) {
		client_detail(c, "VN 0 expected, got", (int)vn, span_str(""));
		return client_fail(c, FAIL_PROTOCOL, -1, "this is not a SOCKS4 reply");
	}
	cd = rd_u8(&r);
	if (r.lack)
		return PEER_MORE;
	if (cd != 90) {
		note_bytes(c, "atomic_in()", "<<<", span_of(in->p, in->n < 8 ? in->n : 8));
		client_detail(c, "SOCKS4 reply", (int)cd, span_str(""));
		return client_fail(c, FAIL_REFUSED, (int)cd, cd_text(cd));
	}
	rd_take(&r, 6);
	if (r.lack)
		return PEER_MORE;
	note_bytes(c, "atomic_in()", "<<<", span_of(in->p, r.at));
	if (vn == 4)
		note(c, "VN is 4 where SOCKS4 says 0");
	span_eat(in, r.at);
	return PEER_OPEN;
}
