/* SPDX-License-Identifier: ISC
 * srv_socks4.c - the server of SOCKS4 and SOCKS4a (Ying-Da Lee, SOCKS.protocol and SOCKS4A.protocol).
 * The one thing to know: a request has no length; USERID and the name of 4a each end at their NUL. */
#include "note.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#define USERID_MAX 1024 /* none is specified; other servers stop at 255 or 1024 */
#define NAME_MAX_4A 255

/* | VN=4 | CD | DSTPORT | DSTPORT | DSTIP x 4 | USERID ... | 00 | [ DOMAIN ... | 00 ] */
struct req4 {
	struct span all, userid, name;
	uint8_t ip[4];
	unsigned cd, port;
	bool named; /* DSTIP is 0.0.0.x, x not 0: a name follows */
};

enum part { PART_LACKS, PART_WHOLE, PART_TOO_LONG };

/* Octets up to the next NUL, at most max of them. */
static enum part
until_nul(struct srv *s, struct rd *r, size_t max, struct span *out)
{
	const uint8_t *p = r->p + r->at;
	size_t left = r->n - r->at;
	const uint8_t *nul = left != 0 ? memchr(p, 0, left) : NULL;
	size_t n = nul != NULL ? (size_t)(nul - p) : left;

	if (max == USERID_MAX && n > 8 && srv_bug(s, BUG_S4_USERID_8)) {
		*out = rd_take(r, 8);
		return PART_WHOLE;
	}
	if (n > max)
		return PART_TOO_LONG;
	if (nul == NULL)
		return PART_LACKS;
	*out = rd_take(r, n);
	rd_u8(r);
	return PART_WHOLE;
}

static bool
marker(struct srv *s, const uint8_t ip[4])
{
	bool zeros = ip[0] == 0 && ip[1] == 0 && ip[2] == 0;

	if (zeros && ip[3] == 0)
		return srv_bug(s, BUG_S4A_ZERO_MARKER);
	if (!zeros)
		return false;
	if (srv_bug(s, BUG_S4A_LITERAL))
		return false;
	return ip[3] == 1 || !srv_bug(s, BUG_S4A_MARKER_ONE);
}

static enum part
parse(struct srv *s, struct span in, struct req4 *q)
{
	struct rd r = rd_over(in);
	struct span port, ip;
	enum part got;

	rd_u8(&r); /* VN */
	q->cd = rd_u8(&r);
	port = rd_take(&r, 2);
	ip = rd_take(&r, 4);
	if (r.lack)
		return PART_LACKS;
	q->port = port.p[0] * 256u + port.p[1];
	if (port.p[0] != port.p[1] && srv_bug(s, BUG_S4_PORT_SWAPPED))
		q->port = port.p[1] * 256u + port.p[0];
	memcpy(q->ip, ip.p, 4);
	q->named = marker(s, q->ip);
	if (!q->named && srv_bug(s, BUG_S4_IP_SWAPPED))
		for (int i = 0; i < 4; i++)
			q->ip[i] = ip.p[3 - i];
	q->userid = q->name = span_of(NULL, 0);
	if (srv_bug(s, BUG_S4_NO_USERID)) {
		q->named = false;
		q->all = span_of(in.p, r.at);
		return PART_WHOLE;
	}
	got = until_nul(s, &r, USERID_MAX, &q->userid);
	if (got == PART_WHOLE && q->named) {
		got = until_nul(s, &r, NAME_MAX_4A, &q->name);
		if (got == PART_LACKS && srv_bug(s, BUG_S4A_SPLIT_NAME))
			got = PART_TOO_LONG;
	}
	q->all = span_of(in.p, r.at);
	return got;
}

static void
tell_request(struct srv *s, const struct req4 *q)
{
	uint8_t text[2800];
	struct obuf t = ob_over(text, sizeof text);
	const uint8_t *ip = q->all.p + 4;
	char dots[40];

	if (s->peer.notes == NULL)
		return;
	note_title(s, "request", q->named ? "SOCKS4A" : "SOCKS4 §1");
	note_u8(&t, "VN", q->all.p[0]);
	note_u8(&t, "CD", q->cd);
	note_u16(&t, "DSTPORT", q->all.p[2] * 256u + q->all.p[3]);
	snprintf(dots, sizeof dots, " DSTIP:ip4=%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
	ob_str(&t, dots);
	note_str(&t, "USERID", "strz", q->userid);
	if (q->named)
		note_str(&t, "DOMAIN", "strz", q->name);
	note_client(s, &t, q->all, (struct hidden){0, 0});
}

/* | VN=0 | CD | DSTPORT | DSTPORT | DSTIP x 4 | */
static void
reply(struct srv *s, unsigned cd, struct obuf *out)
{
	const struct fp_socks *k = &s->cf->socks;
	const struct net_addr *a = k->bnd.set && !k->bnd.is_name ? &k->bnd.addr : &s->got.local;
	unsigned vn = k->vn != FP_ANY ? (unsigned)k->vn : 0, port = 0;
	uint8_t ip[4] = {0, 0, 0, 0};
	struct msg m;

	if ((k->bnd.set || s->got.has_local) && a->ss.ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)&a->ss;

		memcpy(ip, &in->sin_addr, 4);
		port = ntohs(in->sin_port);
	}
	if (vn == 0 && srv_bug(s, BUG_S4_REPLY_VN4))
		vn = 4;
	msg_begin(&m, s);
	msg_u8(&m, "VN", vn);
	msg_u8(&m, "CD", cd);
	msg_u16(&m, "DSTPORT", port);
	if (srv_bug(s, BUG_S4_REPLY_SHORT))
		msg_hex(&m, ip, 3);
	else
		msg_ip4(&m, "DSTIP", ip);
	if (srv_bug(s, BUG_S4_REPLY_LONG))
		msg_hex(&m, "", 1);
	note_title(s, "reply", "SOCKS4 §1");
	msg_send(&m, out);
	if (srv_bug(s, BUG_S4_REPLY_TWICE))
		msg_send(&m, out);
}

static const char *
cd_text(unsigned cd)
{
	switch (cd) {
	case 90:
		return "request granted";
	case 91:
		return "request rejected or failed";
	case 92:
		return "cannot connect to identd on the client";
	case 93:
		return "client program and identd report different user-ids";
	default:
		return "undefined code";
	}
}

static enum peer_want
reject(struct srv *s, unsigned cd, struct obuf *out, const char *why)
{
	if (s->cf->socks.cd == FP_ANY && srv_bug(s, BUG_S4_CD_ZERO))
		cd = 0;
	else if (s->cf->socks.cd == FP_ANY && srv_bug(s, BUG_S4_CD_UNDEFINED))
		cd = 94;
	reply(s, cd, out);
	srv_answered(s, (int)cd, cd_text(cd));
	if (srv_bug(s, BUG_S4_REJECT_OPEN))
		s->end = END_OPEN;
	return srv_fail(s, FAIL_REFUSED, why);
}

static enum peer_want
grant(struct srv *s, struct obuf *out)
{
	reply(s, 90, out);
	srv_answered(s, 90, cd_text(90));
	return PEER_OPEN;
}

static enum peer_want
await_target(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	int err = s->got.err;

	(void)in;
	(void)eof;
	note_target(s);
	if (s->u.early)
		return err == 0 ? PEER_OPEN : srv_fail(s, FAIL_REFUSED, "the target was not reached");
	if (err == 0)
		return grant(s, out);
	if (srv_bug(s, BUG_S4_GRANT_FAILED)) {
		grant(s, out);
		return srv_fail(s, FAIL_REFUSED, "the target was not reached");
	}
	if (err == ETIMEDOUT && srv_bug(s, BUG_S4_TIMEOUT_SILENT))
		return srv_fail(s, FAIL_REFUSED, "the target did not answer");
	if ((err == FP_ENOTFOUND || err == FP_ENAMETIME) && srv_bug(s, BUG_S4A_UNRESOLVED_SILENT))
		return srv_fail(s, FAIL_REFUSED, "the name has no address");
	return reject(s, 91, out, "the target was not reached");
}

static enum peer_want
dial(struct srv *s, struct span *in, struct obuf *out)
{
	if (in->n != 0 && srv_bug(s, BUG_S4_EARLY_LOST))
		span_eat(in, in->n);
	s->bugged = false; /* the replies are as they should be */
	if (srv_bug(s, BUG_S4_GRANT_EARLY)) {
		grant(s, out);
		s->u.early = true;
	}
	srv_go(s, await_target, "the connection to the target");
	return PEER_DIAL;
}

static enum peer_want
await_identd(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	(void)eof;
	s->ident = false;
	if (s->got.err != 0)
		return reject(s, 92, out, "nobody answers for the client's identity");
	if (strcmp(s->ident_user, s->user) != 0)
		return reject(s, 93, out, "identd names another user");
	return dial(s, in, out);
}

static bool
userid_ok(const struct srv *s, struct span userid)
{
	bool known = s->cf->n_user == 0;

	for (size_t i = 0; i < s->cf->n_user; i++)
		known |= span_eq(s->cf->user[i].name, userid);
	if (s->cf->socks.userid_set)
		return span_eq(userid, span_str(s->cf->socks.userid));
	return known;
}

/* The request is whole: may it pass? */
static enum peer_want
decide(struct srv *s, const struct req4 *q, struct span *in, struct obuf *out)
{
	const struct fp_socks *k = &s->cf->socks;
	bool host_ok = true;

	if (!q->named)
		srv_dst_ip(s, q->ip, 4, q->port);
	else if (q->name.n == 0 && srv_bug(s, BUG_S4A_EMPTY_NAME))
		host_ok = srv_dst_name(s, span_str("localhost"), q->port);
	else
		host_ok = srv_dst_name(s, q->name, q->port);
	snprintf(s->user, sizeof s->user, "%.*s", (int)(q->userid.n < 255 ? q->userid.n : 255),
		q->userid.n != 0 ? (const char *)q->userid.p : "");
	srv_asked(s);
	if (q->cd != 1 && !srv_bug(s, BUG_S4_ANY_CD))
		return reject(s, 91, out, "only CONNECT is offered");
	if (!host_ok || q->port == 0)
		return reject(s, 91, out, "no such destination");
	if (!userid_ok(s, q->userid))
		return reject(s, 93, out, "USERID is not one of the users");
	if (k->cd != FP_ANY && k->cd != 90)
		return reject(s, (unsigned)k->cd, out, "asked to refuse");
	if (k->ident != FP_ANY && q->userid.n >= sizeof s->user)
		return reject(s, 93, out, "USERID is longer than a name that is compared");
	if (k->ident != FP_ANY) {
		s->ident = true;
		srv_go(s, await_identd, "identd's answer");
		return PEER_DIAL;
	}
	return dial(s, in, out);
}

enum peer_want
srv_socks4_start(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	struct req4 q;
	enum part got;

	(void)eof;
	if (in->n == 0)
		return PEER_MORE;
	if (in->p[0] != 4 && !srv_bug(s, BUG_S4_ANY_VN)) {
		note_bad(s, *in, 8);
		return srv_fail(s, FAIL_PROTOCOL, "VN is not 4");
	}
	s->peer.at = "a SOCKS4 request";
	got = parse(s, *in, &q);
	if (got == PART_LACKS && srv_bug(s, BUG_S4_ONE_READ))
		got = PART_TOO_LONG;
	if (got == PART_LACKS)
		return PEER_MORE;
	if (got == PART_TOO_LONG) {
		note_bad(s, *in, 8);
		span_eat(in, in->n);
		return reject(s, 91, out, "USERID or the name is too long");
	}
	span_eat(in, q.all.n);
	s->bugged = false;
	tell_request(s, &q);
	return decide(s, &q, in, out);
}
