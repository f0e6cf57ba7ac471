/* SPDX-License-Identifier: ISC
 * shake.c - a session's handshake with the proxy; see session.h.
 * One thing to know: silence has a limit, and so has the whole, so that a proxy which sends an octet now and then does not
 * hold us for ever.  The time that a password takes to type counts for neither. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cred.h"
#include "say.h"
#include "session.h"

#define TOTAL 10 /* a connection's handshake may take so many times the longest silence */

static uint8_t notes_buf[16 * 1024];

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
	if (debug_level > 0) { /* else no page of it is ever there */
		notes = ob_over(notes_buf, sizeof notes_buf);
		c->peer.notes = &notes;
		s->pump.told = print_notes;
	}
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
		c->u.s5.ahead = cfg->pipeline;
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

void
session_say_last(const struct session *s)
{
	if (s->cfg->method == METHOD_SOCKS)
		say_fatal("failed to begin relaying via SOCKS.");
	else
		say_fatal("failed to begin relaying via %s.",
			s->cfg->method == METHOD_HTTP ? "HTTP" : "telnet");
}

/* Fill in user and password. */
static int
provide(struct session *s)
{
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

int
session_shake(struct session *s)
{
	int64_t whole = (int64_t)s->cfg->handshake_ms * TOTAL;

	start_client(s);
	for (;;) { /* at most a password and two more connections (http.c), then it is over */
		int64_t from = net_now();
		enum pump_end end;
		int status = 0;

		s->pump.deadline = net_sooner(s->deadline, whole > 0 ? from + whole : 0);
		end = pump_run(&s->pump, &s->client.peer);
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
			from = net_now();
			status = provide(s);
			if (s->deadline != 0)
				s->deadline += net_now() - from;
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
