/* SPDX-License-Identifier: ISC
 * srv_socks5.c - the server of SOCKS5: method selection, username/password, request (RFC 1928 3-5, RFC 1929 2).
 * The one thing to know: each state waits for one whole message; the reply is built in srv_socks5_request.c. */
#include "srv_socks5.h"
#include "wipe.h"

#include <errno.h>
#include <stdio.h>

/* ---- username/password:  | VER=1 | ULEN | UNAME | PLEN | PASSWD |  ->  | VER=1 | STATUS | (RFC 1929 2) */

static enum peer_want
login_result(struct srv *s, bool ok, unsigned status, struct obuf *out)
{
	struct msg m;
	unsigned ver = 1;

	if (srv_bug(s, BUG_UP_REPLY_VER5))
		ver = 5;
	if (!ok && s->cf->socks.up_status == FP_ANY && srv_bug(s, BUG_UP_STATUS_ZERO))
		status = 0;
	msg_begin(&m, s);
	msg_u8(&m, "VER", ver);
	msg_u8(&m, "STATUS", status);
	if (srv_bug(s, BUG_UP_REPLY_LONG))
		msg_hex(&m, "", 1);
	if (!ok && srv_bug(s, BUG_UP_FAIL_OPEN))
		s->end = END_OPEN;
	msg_send(&m, out);
	if (ok) {
		srv_go(s, srv_socks5_await_request, "a SOCKS5 request");
		return PEER_MORE;
	}
	srv_answered(s, (int)status, "username/password rejected");
	return srv_fail(s, FAIL_AUTH, "wrong name or password");
}

static void
tell_login(struct srv *s, struct span all, struct span uname, struct span passwd)
{
	uint8_t text[2600];
	struct obuf t = ob_over(text, sizeof text);

	if (s->peer.notes == NULL)
		return;
	note_title(s, "username/password", "RFC1929 §2");
	note_u8(&t, "VER", all.p[0]);
	note_str(&t, "UNAME", "str8", uname);
	note_str(&t, "PASSWD", "str8", s->cf->show_secrets ? passwd : span_str("***"));
	note_client(s, &t, all, (struct hidden){3 + uname.n, passwd.n});
	wipe(text, sizeof text);
}

static enum peer_want
await_login(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	struct rd r = rd_over(*in);
	unsigned ver = rd_u8(&r);
	struct span uname, passwd;
	bool ok;

	(void)eof;
	if (r.lack)
		return PEER_MORE;
	if (ver != 1 && !srv_bug(s, BUG_UP_ANY_VERSION)) {
		note_bad(s, *in, 1);
		span_eat(in, in->n);
		return login_result(s, false, 1, out);
	}
	uname = rd_take(&r, rd_u8(&r));
	passwd = rd_take(&r, rd_u8(&r));
	if (r.lack && srv_bug(s, BUG_UP_ONE_READ)) {
		span_eat(in, in->n);
		return login_result(s, false, 1, out);
	}
	if (r.lack)
		return PEER_MORE;
	tell_login(s, span_of(in->p, r.at), uname, passwd);
	if (uname.n != 0)
		snprintf(s->user, sizeof s->user, "%.*s", (int)uname.n, (const char *)uname.p);
	/* RFC 1929 2: ULEN and PLEN are 1 to 255 */
	ok = uname.n != 0 && passwd.n != 0 && srv_known(s, uname, passwd);
	if (!ok && srv_bug(s, BUG_UP_ANY))
		ok = true;
	span_eat(in, r.at);
	if (s->cf->socks.up_status != FP_ANY)
		return login_result(s, s->cf->socks.up_status == 0, (unsigned)s->cf->socks.up_status, out);
	return login_result(s, ok, ok ? 0 : 1, out);
}

/* ---- method selection:  | VER=5 | NMETHODS | METHODS |  ->  | VER=5 | METHOD | (RFC 1928 3) */

/* A method was selected whose dialogue is not known here: what the client says is taken, nothing is answered. */
static enum peer_want
await_nothing(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	(void)out;
	(void)eof;
	note_bad(s, *in, 0);
	span_eat(in, in->n);
	return PEER_MORE;
}

static unsigned
choose(struct srv *s, struct span methods)
{
	const struct fp_socks *k = &s->cf->socks;
	static const uint8_t open_house = 0, login = 2;
	struct span accept = span_of(s->cf->n_user != 0 ? &login : &open_house, 1);

	if (k->n_methods != 0)
		accept = span_of(k->methods, (size_t)k->n_methods);
	if (k->force_method != FP_ANY)
		return (unsigned)k->force_method;
	if (methods.n > 1 && methods.p[0] != accept.p[0] && srv_bug(s, BUG_S5_FIRST_METHOD))
		methods.n = 1;
	if (methods.n == 0 && srv_bug(s, BUG_S5_NMETHODS_ZERO))
		return 0;
	for (size_t i = 0; i < accept.n; i++)
		if (methods.n != 0 && memchr(methods.p, accept.p[i], methods.n) != NULL)
			return accept.p[i];
	return 255;
}

static unsigned
not_offered(struct span methods)
{
	for (unsigned m = 3; m < 255; m++)
		if (methods.n == 0 || memchr(methods.p, (int)m, methods.n) == NULL)
			return m;
	return 255;
}

static void
selection(struct srv *s, unsigned method, struct obuf *out)
{
	const struct fp_socks *k = &s->cf->socks;
	unsigned ver = k->ver != FP_ANY ? (unsigned)k->ver : 5;
	struct msg m;

	if (ver == 5 && srv_bug(s, BUG_S5_SELECT_VER4))
		ver = 4;
	else if (ver == 5 && srv_bug(s, BUG_S5_SELECT_VER0))
		ver = 0;
	msg_begin(&m, s);
	msg_u8(&m, "VER", ver);
	msg_u8(&m, "METHOD", method);
	if (srv_bug(s, BUG_S5_SELECT_LONG))
		msg_hex(&m, "", 1);
	msg_send(&m, out);
}

static enum peer_want
select_method(struct srv *s, struct span methods, struct obuf *out)
{
	unsigned method = choose(s, methods);

	if (method == 255) {
		if (srv_bug(s, BUG_S5_FF_SILENT))
			return srv_fail(s, FAIL_AUTH, "no acceptable method");
		if (srv_bug(s, BUG_S5_FF_OPEN))
			s->end = END_OPEN;
		selection(s, 255, out);
		srv_answered(s, 255, "no acceptable method");
		return srv_fail(s, FAIL_AUTH, "no acceptable method");
	}
	if (srv_bug(s, BUG_S5_METHOD_FOREIGN))
		method = not_offered(methods);
	selection(s, method, out);
	if (method == 0)
		srv_go(s, srv_socks5_await_request, "a SOCKS5 request");
	else if (method == 2)
		srv_go(s, await_login, "username and password");
	else
		srv_go(s, await_nothing, "nothing that is understood");
	return PEER_MORE;
}

static void
tell_greeting(struct srv *s, struct span all, struct span methods)
{
	uint8_t text[1200];
	char len[48];
	struct obuf t = ob_over(text, sizeof text);

	if (s->peer.notes == NULL)
		return;
	note_title(s, "method selection", "RFC1928 §3");
	note_u8(&t, "VER", all.p[0]);
	note_u8(&t, "NMETHODS", all.p[1]);
	if (methods.n != 0) {
		snprintf(len, sizeof len, " METHODS:raw(%zu)=", methods.n);
		ob_str(&t, len);
		for (size_t i = 0; i < methods.n; i++) {
			snprintf(len, sizeof len, "%02x", methods.p[i]);
			ob_str(&t, len);
		}
	}
	note_client(s, &t, all, (struct hidden){0, 0});
}

enum peer_want
srv_socks5_start(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	struct rd r = rd_over(*in);
	unsigned ver = rd_u8(&r), nmethods;
	struct span methods;

	(void)eof;
	if (r.lack)
		return PEER_MORE;
	if (ver != 5 && !srv_bug(s, BUG_S5_ANY_VERSION)) {
		note_bad(s, *in, 8);
		return srv_fail(s, FAIL_PROTOCOL, "VER is not 5");
	}
	s->peer.at = "a SOCKS5 greeting";
	nmethods = rd_u8(&r);
	methods = rd_take(&r, nmethods);
	if (r.lack && in->n >= 2 && srv_bug(s, BUG_S5_ONE_READ)) {
		r.lack = false;
		methods = span_of(in->p + 2, in->n - 2);
		r.at = in->n;
	}
	if (r.lack)
		return PEER_MORE;
	tell_greeting(s, span_of(in->p, r.at), methods);
	span_eat(in, r.at);
	if (in->n != 0 && srv_bug(s, BUG_S5_GREETING_EATS))
		span_eat(in, in->n);
	s->bugged = false;
	return select_method(s, methods, out);
}
