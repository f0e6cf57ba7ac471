/* SPDX-License-Identifier: ISC
 * srv_socks5_request.c - the request of SOCKS5 and the reply to it (RFC 1928 4-6).
 * The one thing to know: a request of unknown ATYP has no known length, so it is refused at that octet. */
#include "srv_socks5.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

/* | VER=5 | CMD | RSV=0 | ATYP | DST.ADDR | DST.PORT |;  DST.ADDR: 4 octets, 1 + n, or 16 */
struct req5 {
	struct span all, addr;
	unsigned ver, cmd, rsv, atyp, port;
};

enum part { PART_LACKS, PART_WHOLE, PART_BAD_VER, PART_BAD_ATYP };

unsigned
srv_socks5_rep(int err)
{
	switch (err) {
	case 0:
		return 0;
	case FP_ERULE:
	case EACCES:
	case EPERM:
		return 2;
	case ENETUNREACH:
	case ENETDOWN:
		return 3;
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case FP_ENOTFOUND:
	case FP_ENAMETIME:
		return 4;
	case ECONNREFUSED:
	case ECONNRESET:
		return 5;
	case ETIMEDOUT:
		return 6;
	case EAFNOSUPPORT:
		return 8;
	default:
		return 1;
	}
}

static const char *
rep_text(unsigned rep)
{
	static const char *const t[] = {"succeeded", "general SOCKS server failure",
		"connection not allowed by ruleset", "network unreachable", "host unreachable",
		"connection refused", "TTL expired", "command not supported", "address type not supported"};

	return rep < sizeof t / sizeof t[0] ? t[rep] : "unassigned";
}

/* What BND shall be: kind and octets. */
struct bnd {
	unsigned atyp, port;
	struct span host;
	uint8_t ip[16];
};

static void
bnd_of_addr(struct bnd *b, const struct net_addr *a)
{
	if (a->ss.ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->ss;

		b->atyp = 4;
		memcpy(b->ip, &in6->sin6_addr, 16);
		b->port = ntohs(in6->sin6_port);
	} else {
		const struct sockaddr_in *in = (const struct sockaddr_in *)&a->ss;

		b->atyp = 1;
		memcpy(b->ip, &in->sin_addr, 4);
		b->port = ntohs(in->sin_port);
	}
	b->host = span_of(b->ip, b->atyp == 4 ? 16 : 4);
}

static void
bnd_none(struct bnd *b, unsigned atyp)
{
	memset(b, 0, sizeof *b);
	b->atyp = atyp;
	b->host = atyp == 3 ? span_str("localhost") : span_of(b->ip, atyp == 4 ? 16 : 4);
}

static void
choose_bnd(struct srv *s, struct bnd *b, unsigned rep)
{
	const struct fp_socks *k = &s->cf->socks;

	bnd_none(b, 1);
	if (k->bnd.set && k->bnd.is_name) {
		b->atyp = 3;
		b->host = span_str(k->bnd.host);
		b->port = k->bnd.port;
	} else if (k->bnd.set) {
		bnd_of_addr(b, &k->bnd.addr);
	} else if (s->got.has_local) {
		bnd_of_addr(b, &s->got.local);
		if (rep == 0 && srv_bug(s, BUG_S5_BND_ZERO))
			bnd_none(b, 1);
	}
	if (k->atyp != FP_ANY && (unsigned)k->atyp != b->atyp)
		bnd_none(b, (unsigned)k->atyp);
	if (rep == 0 && srv_bug(s, BUG_S5_BND_DST)) {
		b->atyp = s->dst.kind == DST_IP4 ? 1 : s->dst.kind == DST_IP6 ? 4 : 3;
		b->host = b->atyp == 3 ? span_str(s->dst.host) : span_of(s->dst.ip, b->atyp == 4 ? 16 : 4);
		b->port = s->dst.port;
	}
	if (srv_bug(s, BUG_S5_BND_SWAPPED))
		b->port = (b->port >> 8 | b->port << 8) & 0xffffu;
	if (srv_bug(s, BUG_S5_REPLY_NAME_LEN) || srv_bug(s, BUG_S5_REPLY_NAME_NUL))
		bnd_none(b, 3);
}

/* | VER=5 | REP | RSV=0 | ATYP | BND.ADDR | BND.PORT | */
static void
build(struct srv *s, struct msg *m, unsigned rep)
{
	const struct fp_socks *k = &s->cf->socks;
	unsigned ver = k->ver != FP_ANY ? (unsigned)k->ver : 5, rsv = k->rsv != FP_ANY ? (unsigned)k->rsv : 0;
	struct bnd b;

	if (ver == 5 && srv_bug(s, BUG_S5_REPLY_VER4))
		ver = 4;
	else if (ver == 5 && srv_bug(s, BUG_S5_REPLY_VER1))
		ver = 1;
	if (rsv == 0 && srv_bug(s, BUG_S5_REPLY_RSV))
		rsv = 1;
	choose_bnd(s, &b, rep);
	msg_begin(m, s);
	msg_u8(m, "VER", ver);
	msg_u8(m, "REP", rep);
	if (rep != 0 && srv_bug(s, BUG_S5_FAIL_TWO))
		return;
	msg_u8(m, "RSV", rsv);
	if (b.atyp == 3 && s->bugs->on[BUG_S5_REPLY_NAME_LEN]) {
		/* | 3 | 10 | localhost | port | */
		msg_hex(m, "\003\012localhost\0\0", 13);
	} else if (b.atyp == 3 && s->bugs->on[BUG_S5_REPLY_NAME_NUL]) {
		/* | 3 | 9 | localhost | 0 | port | */
		msg_hex(m, "\003\011localhost\0\0\0", 14);
	} else if (srv_bug(s, BUG_S5_REPLY_ATYP2)) {
		msg_hex(m, "\2\0\0\0\0\0\0", 7);
	} else {
		msg_addr5(m, "BND", b.atyp, b.host, b.port);
	}
	if (srv_bug(s, BUG_S5_REPLY_SHORT))
		m->o.n--;
	if (srv_bug(s, BUG_S5_REPLY_LONG))
		msg_hex(m, "", 1);
}

static void
reply(struct srv *s, unsigned rep, struct obuf *out)
{
	struct msg m;

	build(s, &m, rep);
	note_title(s, "reply", "RFC1928 §6");
	msg_send(&m, out);
	if (rep == 0 && srv_bug(s, BUG_S5_REPLY_TWICE))
		msg_send(&m, out);
	srv_answered(s, (int)rep, rep_text(rep));
}

static enum peer_want
refuse(struct srv *s, unsigned rep, struct obuf *out, const char *why)
{
	if (s->cf->socks.rep == FP_ANY) {
		if (srv_bug(s, BUG_S5_REP_UNASSIGNED))
			rep = 0x7f;
		else if (rep != 1 && srv_bug(s, BUG_S5_REP_ONE))
			rep = 1;
		else if (srv_bug(s, BUG_S5_REP_ZERO))
			rep = 0;
	}
	if (srv_bug(s, BUG_S5_FAIL_OPEN))
		s->end = END_OPEN;
	else if (srv_bug(s, BUG_S5_FAIL_LATE))
		s->end = END_LATE;
	else if (srv_bug(s, BUG_S5_FAIL_RESET))
		s->end = END_RESET;
	reply(s, rep, out);
	return srv_fail(s, FAIL_REFUSED, why);
}

static enum peer_want
await_target(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	(void)in;
	(void)eof;
	note_target(s);
	if (s->u.s5.early)
		return s->got.err == 0 ? PEER_OPEN : srv_fail(s, FAIL_REFUSED, "the target was not reached");
	if (s->got.err != 0) {
		if (srv_bug(s, BUG_S5_FAIL_SILENT))
			return srv_fail(s, FAIL_REFUSED, "the target was not reached");
		return refuse(s, srv_socks5_rep(s->got.err), out, "the target was not reached");
	}
	reply(s, 0, out);
	return PEER_OPEN;
}

static enum part
parse(struct srv *s, struct span in, struct req5 *q)
{
	struct rd r = rd_over(in);
	struct span port;

	q->ver = rd_u8(&r);
	if (r.lack)
		return PART_LACKS;
	if (q->ver != 5 && !(q->ver == 4 && srv_bug(s, BUG_S5_V4_AFTER_V5)))
		return PART_BAD_VER;
	q->cmd = rd_u8(&r);
	q->rsv = rd_u8(&r); /* not looked at: tolerated whatever it is */
	q->atyp = rd_u8(&r);
	if (r.lack)
		return PART_LACKS;
	if (q->atyp == 1) {
		q->addr = rd_take(&r, 4);
	} else if (q->atyp == 4) {
		q->addr = rd_take(&r, 16);
	} else if (q->atyp == 3) {
		unsigned n = rd_u8(&r);

		if (!r.lack && n != 0 && srv_bug(s, BUG_S5_NAME_SHORT))
			n--;
		q->addr = rd_take(&r, n);
	} else {
		return PART_BAD_ATYP;
	}
	port = rd_take(&r, 2);
	if (r.lack)
		return PART_LACKS;
	q->port = port.p[0] * 256u + port.p[1];
	if (port.p[0] != port.p[1] && srv_bug(s, BUG_S5_PORT_SWAPPED))
		q->port = port.p[1] * 256u + port.p[0];
	q->all = span_of(in.p, r.at);
	return PART_WHOLE;
}

static void
tell_request(struct srv *s, const struct req5 *q)
{
	struct msg m; /* only its text is wanted */

	if (s->peer.notes == NULL)
		return;
	note_title(s, "request", "RFC1928 §4");
	msg_begin(&m, s);
	msg_u8(&m, "VER", q->ver);
	msg_u8(&m, "CMD", q->cmd);
	msg_u8(&m, "RSV", q->rsv);
	msg_addr5(&m, "DST", q->atyp, q->addr, q->all.p[q->all.n - 2] * 256u + q->all.p[q->all.n - 1]);
	note_client(s, &m.t, q->all, (struct hidden){0, 0});
}

static bool
take_dst(struct srv *s, const struct req5 *q)
{
	struct span name = q->addr;
	const uint8_t *nul;

	if (q->atyp != 3) {
		srv_dst_ip(s, q->addr.p, q->addr.n, q->port);
		return true;
	}
	nul = name.n != 0 ? memchr(name.p, 0, name.n) : NULL;
	if (nul != NULL && srv_bug(s, BUG_S5_NAME_NUL))
		name.n = (size_t)(nul - name.p);
	return srv_dst_name(s, name, q->port);
}

/* The request is whole: may it pass? */
static enum peer_want
decide(struct srv *s, const struct req5 *q, struct span *in, struct obuf *out)
{
	bool host_ok = take_dst(s, q);
	int forced = s->cf->socks.rep;

	srv_asked(s);
	if (q->cmd != 1 && !srv_bug(s, BUG_S5_CMD_AS_CONNECT)) {
		if (srv_bug(s, BUG_S5_CMD_SILENT))
			return srv_fail(s, FAIL_REFUSED, "only CONNECT is offered");
		return refuse(s, 7, out, "only CONNECT is offered");
	}
	if (!host_ok)
		return refuse(s, 4, out, "no such host can exist");
	if (q->port == 0) {
		if (srv_bug(s, BUG_S5_PORT_ZERO)) {
			reply(s, 0, out);
			return srv_fail(s, FAIL_REFUSED, "port 0");
		}
		return refuse(s, 1, out, "port 0");
	}
	if (forced > 0)
		return refuse(s, (unsigned)forced, out, "asked to refuse");
	if (in->n != 0 && srv_bug(s, BUG_S5_EARLY_LOST))
		span_eat(in, in->n);
	s->bugged = false; /* the reply is as it should be */
	if (srv_bug(s, BUG_S5_EARLY_REPLY)) {
		reply(s, 0, out);
		s->u.s5.early = true;
	}
	srv_go(s, await_target, "the connection to the target");
	return PEER_DIAL;
}

enum peer_want
srv_socks5_await_request(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	struct req5 q;

	(void)eof;
	switch (parse(s, *in, &q)) {
	case PART_LACKS:
		return PEER_MORE;
	case PART_BAD_VER:
		note_bad(s, *in, 4);
		span_eat(in, in->n);
		return refuse(s, 1, out, "VER of the request is not 5");
	case PART_BAD_ATYP:
		note_bad(s, *in, 4);
		span_eat(in, in->n);
		if (srv_bug(s, BUG_S5_ATYP_SILENT))
			return srv_fail(s, FAIL_REFUSED, "unknown ATYP");
		return refuse(s, 8, out, "unknown ATYP");
	case PART_WHOLE:
		break;
	}
	span_eat(in, q.all.n);
	s->bugged = false;
	tell_request(s, &q);
	return decide(s, &q, in, out);
}
