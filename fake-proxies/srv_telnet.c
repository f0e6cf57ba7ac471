/* SPDX-License-Identifier: ISC
 * srv_telnet.c - the dialogue of a telnet gateway: greeting, login, command, outcome, tunnel (RFC 854 for the octets).
 * The one thing to know: after the line of success the tunnel is transparent; no octet is a command any more. */
#include "srv_telnet.h"
#include "nvt.h"
#include "wipe.h"

#include <stdio.h>

#define LOGIN_TRIES 3

static srv_state await_user, await_password, await_command, await_target;

static bool
offers(const struct srv *s)
{
	const struct fp_telnet *k = &s->cf->telnet;

	return k->iac == FP_ANY ? k->dialect != TN_PLAIN || k->echo == ECHO_AGREED : k->iac != 0;
}

static bool
echoes(const struct srv *s)
{
	static const enum fp_echo usual[] = {
		[TN_PLAIN] = ECHO_NEVER, [TN_DELEGATE] = ECHO_AGREED, [TN_FWTK] = ECHO_ALWAYS};
	enum fp_echo e =
		s->cf->telnet.echo != ECHO_DEFAULT ? s->cf->telnet.echo : usual[s->cf->telnet.dialect];

	if (s->u.tn.secret)
		return false;
	return e == ECHO_ALWAYS || (e == ECHO_AGREED && s->u.tn.echo == OPT_YES);
}

static void
tell_line(struct srv *s)
{
	struct srv_telnet *t = &s->u.tn;
	uint8_t all[sizeof t->line + 2];
	struct obuf o = ob_over(all, sizeof all);

	if (s->peer.notes == NULL)
		return;
	if (t->secret && !s->cf->show_secrets)
		ob_str(&o, "***");
	else
		ob_put(&o, t->line, t->n);
	ob_put(&o, t->end, t->end_n);
	note_text(s, "C>", span_of(all, o.n));
	wipe(all, sizeof all);
}

/* Collect a line; options are answered, and what is typed is sent back, on the way.  False: more input is wanted. */
static bool
read_line(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	struct srv_telnet *t = &s->u.tn;
	size_t from = out->n;

	for (;;) {
		struct nvt_unit u = nvt_take(s, in, eof);
		size_t before = out->n;

		switch (u.kind) {
		case NVT_LACKS:
			return false;
		case NVT_OCTET:
			t->line[t->n++] = u.value;
			if (echoes(s))
				ob_u8(out, u.value);
			if (t->n == sizeof t->line)
				return false; /* too long, whatever follows */
			break;
		case NVT_OPTION:
			note_text(s, "C>", u.octets);
			nvt_option(s, &u, offers(s), out);
			note_text(s, s->bugged ? "P>!" : "P>", span_of(out->p + before, out->n - before));
			s->bugged = false;
			break;
		case NVT_OTHER:
			note_text(s, "C>", u.octets);
			break;
		case NVT_END:
			memcpy(t->end, u.octets.p, u.octets.n);
			t->end_n = (uint8_t)u.octets.n;
			tell_line(s);
			if (echoes(s)) {
				ob_str(out, "\r\n");
				note_text(s, "P>", span_of(out->p + from, out->n - from));
			}
			return true;
		}
	}
}

/* The line has no end yet, or is too long for any. */
static enum peer_want
no_line(struct srv *s)
{
	if (s->u.tn.n == sizeof s->u.tn.line)
		return srv_fail(s, FAIL_PROTOCOL, "the line is too long");
	return PEER_MORE;
}

/* A line is done with. */
static void
forget(struct srv *s)
{
	wipe(s->u.tn.line, s->u.tn.n);
	s->u.tn.n = 0;
}

static struct span
line_of(struct srv *s)
{
	return span_of(s->u.tn.line, s->u.tn.n);
}

static void
ask_user(struct srv *s, struct obuf *out)
{
	tn_say(s, "Username: ", out);
	srv_go(s, await_user, "a name at Username:");
}

static void
ask_command(struct srv *s, struct obuf *out)
{
	tn_prompt(s, out);
	srv_go(s, await_command, "the command that names the target");
}

static enum peer_want
await_user(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	struct srv_telnet *t = &s->u.tn;

	if (!read_line(s, in, eof, out))
		return no_line(s);
	t->user_n = t->n < sizeof t->user ? t->n : sizeof t->user;
	memcpy(t->user, t->line, t->user_n);
	snprintf(s->user, sizeof s->user, "%.*s", (int)t->user_n, (const char *)t->user);
	forget(s);
	if (s->cf->telnet.dialect ==
		TN_DELEGATE) { /* nothing typed shall be seen: we say that we echo, and do not */
		tn_say(s, "\377\373\001\377\373\003", out);
		t->echo = t->sga = OPT_WANTYES;
	}
	tn_say(s, "Password: ", out);
	t->secret = true;
	srv_go(s, await_password, "a password at Password:");
	return PEER_MORE;
}

static enum peer_want
await_password(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	struct srv_telnet *t = &s->u.tn;
	bool ok;

	if (!read_line(s, in, eof, out))
		return no_line(s);
	ok = srv_known(s, span_of(t->user, t->user_n), line_of(s));
	t->secret = false;
	forget(s);
	if (s->cf->telnet.dialect == TN_DELEGATE) {
		tn_say(s, "\377\374\001\377\374\003", out);
		t->echo = t->sga = OPT_NO;
	}
	tn_line(s, "", out);
	if (ok) {
		tn_line(s, "Login Accepted", out);
		ask_command(s, out);
		return PEER_MORE;
	}
	tn_line(s, "Login failed.", out);
	if (++t->tries < LOGIN_TRIES) {
		ask_user(s, out);
		return PEER_MORE;
	}
	srv_answered(s, 1, "login failed");
	return srv_fail(s, FAIL_AUTH, "wrong name or password");
}

/* After a failure: the gateways with a prompt go on, the plain one ends. */
static enum peer_want
again_or_end(struct srv *s, struct obuf *out, const char *why)
{
	if (s->cf->telnet.dialect == TN_PLAIN)
		return srv_fail(s, FAIL_REFUSED, why);
	if (srv_bug(s, BUG_TN_NO_PROMPT))
		srv_go(s, await_command, "the command that names the target");
	else
		ask_command(s, out);
	return PEER_MORE;
}

static enum peer_want
await_target(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	(void)in;
	(void)eof;
	note_target(s);
	if (s->got.err == 0) {
		tn_connected(s, out);
		srv_answered(s, 0, "connected");
		return PEER_OPEN;
	}
	if (srv_bug(s, BUG_TN_SUCCESS_FAILED)) {
		tn_connected(s, out);
		return srv_fail(s, FAIL_REFUSED, "the target was not reached");
	}
	tn_failed(s, out);
	srv_answered(s, 1, "not connected");
	return again_or_end(s, out, "the target was not reached");
}

static enum peer_want
await_command(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	enum tn_ask ask;

	if (!read_line(s, in, eof, out))
		return no_line(s);
	ask = tn_read(s, line_of(s));
	forget(s);
	switch (ask) {
	case ASK_CONNECT:
		srv_asked(s);
		tn_trying(s, out);
		srv_go(s, await_target, "the connection to the target");
		return PEER_DIAL;
	case ASK_EMPTY:
		if (s->cf->telnet.dialect == TN_DELEGATE)
			return srv_fail(s, FAIL_EOF, "the client ended the dialogue");
		tn_prompt(s, out);
		srv_go(s, await_command, s->peer.at);
		return PEER_MORE;
	case ASK_QUIT:
		tn_line(s, "Bye.", out);
		return srv_fail(s, FAIL_EOF, "the client ended the dialogue");
	case ASK_HELP:
		tn_line(s, "connect HOST [PORT], or HOST:PORT, or quit", out);
		ask_command(s, out);
		return PEER_MORE;
	case ASK_BAD:
		break;
	}
	tn_line(s, "The command failed: connect HOST [PORT] is wanted.", out);
	srv_answered(s, 1, "not understood");
	return again_or_end(s, out, "the command was not understood");
}

enum peer_want
srv_telnet_start(struct srv *s, struct span *in, bool eof, struct obuf *out)
{
	int login = s->cf->telnet.login;

	(void)in;
	(void)eof;
	note_title(s, "dialogue", "RFC854");
	tn_greet(s, out);
	if (login == FP_ANY ? s->cf->n_user != 0 : login != 0)
		ask_user(s, out);
	else
		ask_command(s, out);
	return PEER_MORE;
}
