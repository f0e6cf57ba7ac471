/* SPDX-License-Identifier: ISC
 * session.c - see session.h. */
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "conf.h"
#include "cred.h"
#include "hex.h"
#include "say.h"

#define WINDOW (64 * 1024) /* longest message of a handshake; bounds an HTTP header */

static uint8_t up_buf[RELAY_BUF], down_buf[RELAY_BUF], notes_buf[16 * 1024];

/* --- the handshake -------------------------------------------------------------------------------------------- */

static void
print_notes(void *ctx, struct peer *peer)
{
	struct obuf *o = peer->notes;
	const uint8_t *p = o->p, *end = o->p + o->n, *lf;

	(void)ctx;
	for (; p < end && (lf = memchr(p, '\n', (size_t)(end - p))) != NULL; p = lf + 1)
		say_debug("%.*s", (int)(lf - p), (const char *)p);
	if (o->over)
		say_debug("(more was said than fits here)");
	o->n = 0;
	o->over = false;
}

static void
start_client(struct session *s)
{
	const struct config *cfg = s->cfg;
	struct client *c = &s->client;
	static struct obuf notes;

	memset(c, 0, sizeof *c);
	notes = ob_over(notes_buf, sizeof notes_buf);
	if (debug_level > 0)
		c->peer.notes = &notes;
	c->dst = s->route.dst;
	if (cfg->method == METHOD_HTTP) {
		c->u.http.http10 = cfg->http10;
		http_start(c);
	} else if (cfg->method == METHOD_TELNET) {
		free(s->command);
		s->command = NULL;
		if (opts_expand(cfg->command, c->dst.host, c->dst.port, &s->command) != NULL) {
			say_fatal("out of memory");
			exit(ST_IO);
		}
		c->u.tel.command = s->command;
		memcpy(c->u.tel.good, cfg->good, sizeof c->u.tel.good);
		memcpy(c->u.tel.bad, cfg->bad, sizeof c->u.tel.bad);
		telnet_start(c);
	} else if (cfg->socks_version == 4) {
		c->user = cred_user(cfg);
		socks4_start(c);
	} else {
		memcpy(c->u.s5.method, cfg->auth, sizeof c->u.s5.method);
		c->u.s5.n = cfg->nauth;
		socks5_start(c);
	}
}

static const char *
lost_how(int err)
{
	if (err == ECONNRESET || err == EPIPE)
		return "reset";
	return err == 0 ? "closed" : "lost";
}

/* "proxy px:1080 refused: connection not allowed by ruleset (SOCKS5 reply 2)" */
static int
say_failure(struct session *s)
{
	struct client *c = &s->client;
	const char *text = c->peer.fail.text, *open = "", *close = "", *detail = "";

	if (c->detail[0] != '\0') {
		open = " (";
		detail = safe(c->detail);
		close = ")";
	}
	switch (c->peer.fail.why) {
	case FAIL_REFUSED:
		say_error("%s refused: %s%s%s%s", s->party, text, open, detail, close);
		return ST_REFUSED;
	case FAIL_AUTH:
		say_error("%s: %s%s%s%s", s->party, text, open, detail, close);
		return ST_AUTH;
	case FAIL_EOF:
		say_error("%s %s the connection while the %s was awaited%s%s%s", s->party,
			lost_how(s->pump.err), c->peer.at, open, detail, close);
		return ST_PROTOCOL;
	case FAIL_INPUT:
		say_error("%s cannot be asked: %s%s%s%s", s->party, text, open, detail, close);
		return ST_USAGE;
	default:
		say_error("%s broke the protocol: %s%s%s%s", s->party, text, open, detail, close);
		return ST_PROTOCOL;
	}
}

static void
say_last(const struct session *s)
{
	if (s->cfg->method == METHOD_SOCKS)
		say_fatal("failed to begin relaying via SOCKS.");
	else
		say_fatal("failed to begin relaying via %s.",
			s->cfg->method == METHOD_HTTP ? "HTTP" : "telnet");
}

/* Fill in user and password.  The time it takes to type is not the proxy's. */
static int
provide(struct session *s)
{
	int64_t from = net_now();
	struct client *c = &s->client;

	c->user = cred_user(s->cfg);
	if (c->user[0] == '\0' && !s->cfg->proxy.has_user) {
		say_error("%s wants a user name, and there is none; give it as user@proxy", s->party);
		return ST_AUTH;
	}
	c->pass = cred_password(s->cfg);
	if (c->pass == NULL)
		c->pass = cred_ask(s->cfg, c->user);
	if (c->pass == NULL) {
		say_error("%s wants a password for user %s, and there is none", s->party, safe(c->user));
		return ST_AUTH;
	}
	if (s->deadline != 0) {
		s->deadline += net_now() - from;
		s->pump.deadline = s->deadline;
	}
	return 0;
}

static int
say_timeout(struct session *s)
{
	const char *detail = s->client.detail[0] != '\0' ? safe(s->client.detail) : "";

	say_error("timed out: %s did not send the %s in time%s%s%s", s->party, s->client.peer.at,
		detail[0] != '\0' ? " (" : "", detail, detail[0] != '\0' ? ")" : "");
	return ST_DEADLINE;
}

static int
shake_hands(struct session *s)
{
	for (;;) {
		enum pump_end end = pump_run(&s->pump, &s->client.peer);
		int status = 0;

		if (end == PUMP_TIMEOUT)
			return say_timeout(s);
		if (end == PUMP_ERROR) {
			say_error("%s: %s", s->party, strerror(s->pump.err));
			return ST_IO;
		}
		switch (s->pump.want) {
		case PEER_OPEN:
			return 0;
		case PEER_ASK:
			status = provide(s);
			break;
		case PEER_REDIAL:
			close(s->fd);
			s->fd = -1;
			status = session_dial(s);
			pump_renew(&s->pump, s->fd);
			break;
		default:
			return say_failure(s);
		}
		if (status != 0)
			return status;
	}
}

static void
name_party(struct session *s)
{
	const char *host = s->route.direct ? s->cfg->host : s->cfg->proxy.host;
	uint16_t port = s->route.direct ? s->cfg->port : s->cfg->proxy.port;
	bool v6 = strchr(host, ':') != NULL;

	snprintf(s->party, sizeof s->party, "%s %s%s%s:%u", s->route.direct ? "target" : "proxy",
		v6 ? "[" : "", safe(host), v6 ? "]" : "", (unsigned)port);
}

int
session_open(struct session *s, const struct config *cfg)
{
	int status;

	memset(s, 0, sizeof *s);
	s->cfg = cfg;
	s->fd = -1;
	if (cfg->wait_s > 0)
		s->deadline = net_now() + (int64_t)cfg->wait_s * 1000;
	s->relay.up.buf = up_buf;
	s->relay.down.buf = down_buf;
	s->relay.up.cap = s->relay.down.cap = RELAY_BUF;
	status = route_find(cfg, session_connect_deadline(s), &s->route);
	if (status != 0) {
		say_last(s);
		return status;
	}
	name_party(s);
	status = session_dial(s);
	if (status != 0)
		return status;
	s->pump = (struct pump){.fd = s->fd,
		.win = down_buf,
		.cap = WINDOW,
		.deadline = s->deadline,
		.silence_ms = cfg->handshake_s * 1000,
		.told = debug_level > 0 ? print_notes : NULL};
	if (!s->route.direct) {
		start_client(s);
		status = shake_hands(s);
		if (status != 0)
			say_last(s);
	}
	cred_wipe();
	if (status == 0)
		say_debug("connected");
	return status;
}

/* --- the tunnel ----------------------------------------------------------------------------------------------- */

static void
dump(const char *dir, const uint8_t *p, size_t n)
{
	char text[1024];

	while (n > 0) {
		size_t part = n < 128 ? n : 128;
		struct obuf o = ob_over(text, sizeof text);

		hex_text(&o, span_of(p, part), 0);
		say_debug("%s \"%.*s\"", dir, (int)o.n, text);
		p += part;
		n -= part;
	}
}

static void
on_event(void *ctx, enum relay_event e, const uint8_t *p, size_t n)
{
	(void)ctx;
	switch (e) {
	case RELAY_SENT:
		say_debug("sent %zu bytes", n);
		if (debug_level > 1)
			dump(">>>", p, n);
		break;
	case RELAY_RECEIVED:
		say_debug("recv %zu bytes", n);
		if (debug_level > 1)
			dump("<<<", p, n);
		break;
	case RELAY_LOCAL_EOF:
		say_debug("local input is EOF");
		break;
	case RELAY_REMOTE_EOF:
		say_debug("connection closed by peer");
		break;
	}
}

void
session_say_idle(const struct session *s)
{
	say_error("the session with %s was idle for %d s", s->party, s->cfg->idle_s);
}

int
session_relay(struct session *s, int in, int out, bool hold)
{
	struct relay *r = &s->relay;
	enum relay_end end;
	size_t early = 0;

	r->in = in;
	r->out = out;
	r->remote = s->fd;
	r->half_close = s->cfg->half_close;
	r->hold = hold;
	r->idle_ms = s->cfg->idle_s * 1000;
	if (s->pump.have > 0) { /* the beginning of the tunnel came with the end of the handshake */
		r->down.at = 0;
		r->down.n = s->pump.have;
		s->pump.have = 0;
		early = r->down.n;
	}
	if (!s->route.direct && s->cfg->method == METHOD_TELNET && !s->relayed)
		r->chatter = "Escape character is";
	s->relayed = true;
	if (debug_level > 0)
		r->event = on_event;
	say_debug("start relaying.");
	if (early > 0)
		on_event(NULL, RELAY_RECEIVED, down_buf, early);
	relay_begin(r);
	end = relay_run(r);
	say_debug("relaying done.");
	if (end == RELAY_LOCAL_LOST)
		return -1;
	if (end == RELAY_IDLE) {
		session_say_idle(s);
		return ST_DEADLINE;
	}
	if (end == RELAY_ERROR) {
		say_error("the session with %s broke: %s: %s", s->party, r->what, strerror(r->err));
		return ST_IO;
	}
	return ST_OK;
}

void
session_close(struct session *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	free(s->command);
	s->command = NULL;
}
