/* SPDX-License-Identifier: ISC
 * tn_text.c - what the telnet gateways say, and the lines that they understand; there is no standard, the dialects
 * follow what DeleGate and the TIS firewall toolkit are known to do.
 * The one thing to know: a prompt has no end of line. */
#include "srv_telnet.h"
#include "hex.h"
#include "nvt.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

static const struct {
	const char *banner, *prompt, *success;
} dialect[] = {
	[TN_PLAIN] = {"", "", "Connected to %h."},
	[TN_DELEGATE] = {"-- This is a telnet gateway: tell it the host, or a command.\r\n",
		">> Host name: ", "-- Connected to %h."},
	[TN_FWTK] = {"fakeproxy telnet proxy (Version V1.0) ready:\r\n", "tn-gw-> ", "Connected to %h."},
};

/* What stands in out from there on was said. */
static void
tell(struct srv *s, size_t from, const struct obuf *out)
{
	note_text(s, s->bugged ? "P>!" : "P>", span_of(out->p + from, out->n - from));
	s->bugged = false;
}

static void
emit(struct srv *s, const void *p, size_t n, struct obuf *out)
{
	size_t from = out->n;

	ob_put(out, p, n);
	tell(s, from, out);
}

void
tn_say(struct srv *s, const char *text, struct obuf *out)
{
	emit(s, text, strlen(text), out);
}

/* Escapes and %h %p; the end of the line is CR LF (RFC 854). */
static void
expand(struct srv *s, const char *text, bool line, struct obuf *out)
{
	size_t from = out->n;
	char port[8];

	snprintf(port, sizeof port, "%u", s->dst.port);
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '%' && c[1] == 'h')
			ob_str(out, s->dst.host), c++;
		else if (*c == '%' && c[1] == 'p')
			ob_str(out, port), c++;
		else if (*c == '%' && c[1] == '%')
			ob_u8(out, '%'), c++;
		else if (*c == '\\' && c[1] != '\0')
			ob_u8(out, c[1] == 'r'	 ? '\r'
				   : c[1] == 'n' ? '\n'
				   : c[1] == 't' ? '\t'
						 : (unsigned char)c[1]),
				c++;
		else
			ob_u8(out, (unsigned char)*c);
	}
	if (line && srv_bug(s, BUG_TN_LF_ONLY))
		ob_str(out, "\n");
	else if (line && srv_bug(s, BUG_TN_CR_ONLY))
		ob_str(out, "\r");
	else if (line)
		ob_str(out, "\r\n");
	tell(s, from, out);
}

void
tn_line(struct srv *s, const char *text, struct obuf *out)
{
	expand(s, text, true, out);
}

static bool
offers_options(const struct fp_telnet *k)
{
	return k->iac == FP_ANY ? k->dialect == TN_FWTK : k->iac != 0;
}

void
tn_greet(struct srv *s, struct obuf *out)
{
	const struct fp_telnet *k = &s->cf->telnet;
	uint8_t room[16];
	struct obuf o = ob_over(room, sizeof room);

	if (k->dialect == TN_DELEGATE)
		ob_put(&o, "\377\361", 2); /* IAC NOP tells a telnet client from others */
	if (offers_options(k)) {
		nvt_put(&o, WILL, OPTION_ECHO);
		nvt_put(&o, WILL, OPTION_SGA);
		s->u.tn.echo = s->u.tn.sga = OPT_WANTYES;
	}
	if (srv_bug(s, BUG_TN_SB_UNASKED))
		ob_put(&o, "\377\372\030\001\377\360", 6); /* SB TERMINAL-TYPE SEND SE */
	if (o.n != 0)
		emit(s, room, o.n, out);
	if (k->banner != NULL)
		expand(s, k->banner, false, out);
	else if (dialect[k->dialect].banner[0] != '\0')
		tn_say(s, dialect[k->dialect].banner, out);
}

void
tn_prompt(struct srv *s, struct obuf *out)
{
	const struct fp_telnet *k = &s->cf->telnet;
	const char *prompt = k->prompt != NULL ? k->prompt : dialect[k->dialect].prompt;

	if (*prompt != '\0')
		expand(s, prompt, false, out);
}

void
tn_trying(struct srv *s, struct obuf *out)
{
	if (s->cf->telnet.dialect == TN_FWTK)
		tn_line(s, "Trying %h port %p...", out);
}

/* DeleGate tells the address, so it speaks when that is known: "-- Trying H [A:P] ..." */
static void
delegate_trying(struct srv *s, struct obuf *out)
{
	char line[NET_ADDRSTR + 40], a[NET_ADDRSTR];

	if (s->cf->telnet.dialect != TN_DELEGATE || !s->got.has_remote)
		return;
	snprintf(line, sizeof line, "-- Trying %%h [%s] ...", net_str(&s->got.remote, a));
	tn_line(s, line, out);
}

/* tn-gw takes its options back before it hands the line over, unless the target is a telnet server: IAC WONT ECHO, IAC WONT
 * SUPPRESS-GO-AHEAD, IAC WONT TERMINAL-TYPE. */
static void
fwtk_reset(struct srv *s, struct obuf *out)
{
	uint8_t room[9];
	struct obuf o = ob_over(room, sizeof room);

	if (s->cf->telnet.dialect != TN_FWTK || !offers_options(&s->cf->telnet) || s->dst.port == 23)
		return;
	nvt_put(&o, WONT, OPTION_ECHO);
	nvt_put(&o, WONT, OPTION_SGA);
	nvt_put(&o, WONT, OPTION_TTYPE);
	s->u.tn.echo = s->u.tn.sga = OPT_NO;
	emit(s, room, o.n, out);
}

void
tn_connected(struct srv *s, struct obuf *out)
{
	const struct fp_telnet *k = &s->cf->telnet;

	delegate_trying(s, out);
	fwtk_reset(s, out);
	if (!srv_bug(s, BUG_TN_NO_SUCCESS))
		tn_line(s, k->success != NULL ? k->success : dialect[k->dialect].success, out);
}

static const char *
failure(const struct srv *s)
{
	bool delegate = s->cf->telnet.dialect == TN_DELEGATE;

	switch (s->got.err) {
	case FP_ERULE:
		return delegate ? "!!!!!!!! HOST <%h> not permitted by DeleGate"
				: "Connection to %h port %p rejected by rule.";
	case ECONNREFUSED:
		return "Connection to %h port %p refused.";
	case FP_ENOTFOUND:
		return "Connection to %h port %p failed: unknown host.";
	case ETIMEDOUT:
		return "Connection to %h port %p failed: timed out.";
	case ENETUNREACH:
	case EHOSTUNREACH:
		return "Connection to %h port %p failed: unreachable.";
	default:
		return "Connection to %h port %p failed.";
	}
}

void
tn_failed(struct srv *s, struct obuf *out)
{
	delegate_trying(s, out);
	fwtk_reset(s, out);
	tn_line(s, s->cf->telnet.failure != NULL ? s->cf->telnet.failure : failure(s), out);
}

static struct span
next_word(struct span *line)
{
	struct span w;

	while (line->n != 0 && (line->p[0] == ' ' || line->p[0] == '\t'))
		span_eat(line, 1);
	w = span_of(line->p, 0);
	while (line->n != 0 && line->p[0] != ' ' && line->p[0] != '\t') {
		w.n++;
		span_eat(line, 1);
	}
	return w;
}

static bool
is_one_of(struct span w, const char *const *list)
{
	for (; *list != NULL; list++)
		if (w.n == strlen(*list) && strncasecmp((const char *)w.p, *list, w.n) == 0)
			return true;
	return false;
}

/* Decimal, 1 to 65535; 0 if it is not. */
static unsigned
port_number(struct span w)
{
	unsigned v = 0;

	for (size_t i = 0; i < w.n; i++) {
		if (w.p[i] < '0' || w.p[i] > '9' || (v = v * 10 + (unsigned)(w.p[i] - '0')) > 65535)
			return 0;
	}
	return v;
}

/* HOST:PORT in one word: at the only colon, or behind a bracket. */
static void
split_port(struct span *host, struct span *port)
{
	const uint8_t *colon = memchr(host->p, ':', host->n), *bracket = memchr(host->p, ']', host->n);

	if (host->p[0] == '[' && bracket != NULL) {
		size_t n = (size_t)(bracket - host->p);

		if (n + 1 < host->n && bracket[1] == ':')
			*port = span_of(bracket + 2, host->n - n - 2);
		*host = span_of(host->p + 1, n - 1);
	} else if (colon != NULL && memchr(colon + 1, ':', host->n - (size_t)(colon - host->p) - 1) == NULL) {
		*port = span_of(colon + 1, host->n - (size_t)(colon - host->p) - 1);
		host->n = (size_t)(colon - host->p);
	}
}

enum tn_ask
tn_read(struct srv *s, struct span line)
{
	static const char *const connect[] = {"telnet", "t", "connect", "c", "open", NULL};
	static const char *const quit[] = {"quit", "q", "exit", NULL};
	static const char *const help[] = {"help", "?", NULL};
	struct span host = next_word(&line), port = span_of(NULL, 0);
	unsigned number = 23; /* RFC 854 */

	if (host.n == 0)
		return ASK_EMPTY;
	if (is_one_of(host, quit))
		return ASK_QUIT;
	if (is_one_of(host, help))
		return ASK_HELP;
	if (is_one_of(host, connect)) {
		host = next_word(&line);
		if (host.n == 0)
			return ASK_BAD;
	}
	split_port(&host, &port);
	if (port.p == NULL)
		port = next_word(&line);
	if (port.n != 0)
		number = port_number(port);
	if (next_word(&line).n != 0 || number == 0 || !srv_dst_name(s, host, number))
		return ASK_BAD;
	return ASK_CONNECT;
}
