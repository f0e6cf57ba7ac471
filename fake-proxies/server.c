/* SPDX-License-Identifier: ISC
 * server.c - what the server roles share; see server.h.
 * The one thing to know: srv_go is the only place that changes a state. */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

static enum peer_want
srv_step(struct peer *p, struct span *in, bool eof, struct obuf *out)
{
	struct srv *s = (struct srv *)p;
	enum peer_want w;

	do {
		s->again = false;
		w = s->await(s, in, eof, out);
	} while (w == PEER_MORE && s->again);
	/* cppcheck-suppress uninitvar ; a do loop has run once */
	if (w == PEER_MORE && s->expired)
		return srv_fail(s, FAIL_PROTOCOL, "the handshake took too long");
	if (w == PEER_MORE && eof)
		return srv_fail(s, FAIL_EOF, "the client left before its message was whole");
	return w;
}

void
srv_init(struct srv *s, const struct fp_conf *cf, struct fp_bugs *bugs, enum fp_role role)
{
	static srv_state *const start[ROLE_COUNT] = {srv_socks4_start, srv_socks5_start, srv_socks_start,
		srv_http_start, srv_telnet_start, srv_pass_start};

	memset(s, 0, sizeof *s);
	s->peer.step = srv_step;
	s->peer.at = "the first octet";
	s->cf = cf;
	s->bugs = bugs;
	s->role = role;
	s->await = start[role];
}

void
srv_go(struct srv *s, srv_state *next, const char *at)
{
	s->await = next;
	s->peer.at = at;
	s->again = true;
}

enum peer_want
srv_fail(struct srv *s, enum fail_why why, const char *text)
{
	s->peer.fail.why = why;
	s->peer.fail.code = s->code;
	s->peer.fail.text = text;
	return PEER_FAIL;
}

void
srv_asked(struct srv *s)
{
	if (s->tell != NULL)
		s->tell(s->ctx, s, EV_REQUEST);
}

void
srv_answered(struct srv *s, int code, const char *text)
{
	s->code = code;
	s->text = text;
	if (s->tell != NULL)
		s->tell(s->ctx, s, EV_REPLY);
}

bool
srv_bug(struct srv *s, enum fp_bug b)
{
	if (!s->bugs->on[b])
		return false;
	s->bugs->shown[b] = true;
	s->bugged = true;
	return true;
}

void
srv_dst_ip(struct srv *s, const uint8_t *ip, size_t n, unsigned port)
{
	s->dst.kind = n == 4 ? DST_IP4 : DST_IP6;
	s->dst.port = (uint16_t)port;
	memcpy(s->dst.ip, ip, n);
	inet_ntop(n == 4 ? AF_INET : AF_INET6, ip, s->dst.host, sizeof s->dst.host);
}

/* A name is made of printable ASCII but the marks of other syntaxes; what the resolver makes of it is its business.
 * NUL and control octets would make us and the resolver see two different names. */
static bool
name_octet(uint8_t c)
{
	return c > 0x20 && c != 0x7f && strchr("[]/\\@?#\"<>,;", c) == NULL;
}

/* Text such as 127.1 or 0x7f.0.0.1, which some resolvers take for an address and RFC 3986 does not. */
static bool
odd_number(const char *host)
{
	const char *last = strrchr(host, '.');
	struct in_addr a;

	last = last != NULL && last[1] != '\0' ? last + 1 : host;
	return *last >= '0' && *last <= '9' && inet_aton(host, &a) == 1;
}

bool
srv_dst_name(struct srv *s, struct span name, unsigned port)
{
	struct fp_dst *d = &s->dst;
	uint8_t ip[16];

	d->kind = DST_NAME;
	d->port = (uint16_t)port;
	d->host[0] = '\0';
	if (name.n == 0 || name.n >= sizeof d->host)
		return false;
	memcpy(d->host, name.p, name.n); /* for the log also if it is refused */
	d->host[name.n] = '\0';
	for (size_t i = 0; i < name.n; i++)
		if (!name_octet(name.p[i]))
			return false;
	if (inet_pton(AF_INET, d->host, ip) == 1)
		srv_dst_ip(s, ip, 4, port);
	else if (inet_pton(AF_INET6, d->host, ip) == 1)
		srv_dst_ip(s, ip, 16, port);
	else
		return !odd_number(d->host);
	return true;
}

const char *
srv_err_name(int err)
{
	static const struct {
		int err;
		const char *name;
	} t[] = {{FP_ENOTFOUND, "ENOTFOUND"}, {FP_ERULE, "ERULE"}, {FP_ENAMETIME, "ENAMETIME"},
		{ECONNREFUSED, "ECONNREFUSED"}, {ECONNRESET, "ECONNRESET"}, {ENETUNREACH, "ENETUNREACH"},
		{ENETDOWN, "ENETDOWN"}, {EHOSTUNREACH, "EHOSTUNREACH"}, {ETIMEDOUT, "ETIMEDOUT"},
		{EACCES, "EACCES"}, {EPERM, "EPERM"}, {EAFNOSUPPORT, "EAFNOSUPPORT"},
		{EADDRNOTAVAIL, "EADDRNOTAVAIL"}, {EMFILE, "EMFILE"}, {ENFILE, "ENFILE"}, {ENOMEM, "ENOMEM"},
		{EINVAL, "EINVAL"}};
	static char other[24];

	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
		if (t[i].err == err)
			return t[i].name;
	snprintf(other, sizeof other, "E%d", err);
	return other;
}

bool
srv_same(struct span a, struct span b)
{
	size_t n = a.n > b.n ? a.n : b.n, differ = a.n ^ b.n;

	for (size_t i = 0; i < n; i++) {
		unsigned x = i < a.n ? a.p[i] : 0u, y = i < b.n ? b.p[i] : 0u;

		differ |= x ^ y;
	}
	return differ == 0;
}

bool
srv_known(const struct srv *s, struct span name, struct span pass)
{
	bool known = false;

	for (size_t i = 0; i < s->cf->n_user; i++) {
		bool n = srv_same(s->cf->user[i].name, name), p = srv_same(s->cf->user[i].pass, pass);

		known |= n & p;
	}
	return known;
}

enum peer_want
srv_socks_start(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	(void)eof;
	(void)out;
	if (in->n == 0)
		return PEER_MORE;
	/* | 04 ... SOCKS4 | 05 ... SOCKS5 |: the first octet is the version (SOCKS4 1, RFC 1928 3) */
	if (in->p[0] == 4)
		srv_go(s, srv_socks4_start, "a SOCKS4 request");
	else if (in->p[0] == 5)
		srv_go(s, srv_socks5_start, "a SOCKS5 greeting");
	else
		return srv_fail(s, FAIL_PROTOCOL, "neither SOCKS4 nor SOCKS5");
	return PEER_MORE;
}

static enum peer_want
pass_outcome(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	(void)in;
	(void)eof;
	(void)out;
	srv_answered(s, s->got.err == 0 ? 0 : 1, s->got.err == 0 ? "connected" : "not connected");
	if (s->got.err == 0)
		return PEER_OPEN;
	return srv_fail(s, FAIL_REFUSED, "the proxy behind could not be reached");
}

enum peer_want
srv_pass_start(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	const struct fp_hostport *to = &s->cf->to;

	(void)in;
	(void)eof;
	(void)out;
	if (!srv_dst_name(s, span_str(to->host), to->port))
		return srv_fail(s, FAIL_INPUT, "no destination");
	srv_asked(s);
	srv_go(s, pass_outcome, "the connection to the proxy behind");
	return PEER_DIAL;
}
