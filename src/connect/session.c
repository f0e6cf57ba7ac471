/* SPDX-License-Identifier: ISC
 * session.c - see session.h. */
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "conf.h"
#include "cred.h"
#include "hex.h"
#include "sandbox.h"
#include "say.h"

#define WINDOW (64 * 1024) /* longest message of a handshake; bounds an HTTP header */
#define HANGUP_MS 500

static uint8_t up_buf[RELAY_BUF], down_buf[RELAY_BUF];

static void
name_party(struct session *s)
{
	const char *host = s->route.direct ? s->cfg->host : s->cfg->proxy.host;
	uint16_t port = s->route.direct ? s->cfg->port : s->cfg->proxy.port;
	bool v6 = strchr(host, ':') != NULL;

	snprintf(s->party, sizeof s->party, "%s %s%s%s:%u", s->route.direct ? "target" : "proxy",
		v6 ? "[" : "", safe(host), v6 ? "]" : "", (unsigned)port);
}

static int
reach_and_shake(struct session *s, const struct config *cfg)
{
	int status;

	memset(s, 0, sizeof *s);
	s->cfg = cfg;
	s->fd = -1;
	if (cfg->wait_ms > 0)
		s->deadline = net_now() + cfg->wait_ms;
	s->relay.up.buf = up_buf;
	s->relay.down.buf = down_buf;
	s->relay.up.cap = s->relay.down.cap = RELAY_BUF;
	status = route_find(cfg, session_connect_deadline(s), &s->route);
	if (status != 0) {
		session_say_last(s);
		return status;
	}
	name_party(s);
	status = session_dial(s);
	if (status != 0)
		return status;
	s->pump = (struct pump){.fd = s->fd,
		.win = down_buf,
		.cap = WINDOW,
		.silence_ms = cfg->handshake_ms,
		.peek = cfg->pass};
	if (!s->route.direct) {
		status = session_shake(s);
		if (status != 0)
			session_say_last(s);
	}
	return status;
}

int
session_open(struct session *s, const struct config *cfg)
{
	int status = reach_and_shake(s, cfg);

	cred_wipe(); /* on every way out: what follows may look at /proc/self */
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
	say_error("the session with %s was idle for %.10g s", s->party, s->cfg->idle_ms / 1000.0);
}

/* ssh closes its ends of the pipes a moment before it tells its proxy command to go (SIGHUP).  What arrives in between is
 * written to nobody, and is nothing that a person need read of behind a session that went well. */
static void
await_hangup(const struct relay *r)
{
	if (r->err == EPIPE && r->down.lost && r->out == STDOUT_FILENO)
		(void)poll(NULL, 0, HANGUP_MS);
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
	r->end_with_remote = s->cfg->end_with_remote;
	r->hold = hold;
	r->idle_ms = s->cfg->idle_ms;
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
	if (s->cfg->sandbox)
		sandbox_enter(hold);
	end = relay_run(r);
	say_debug("relaying done.");
	if (end == RELAY_LOCAL_LOST)
		return -1;
	if (end == RELAY_IDLE) {
		session_say_idle(s);
		return ST_DEADLINE;
	}
	if (end == RELAY_ERROR) {
		await_hangup(r);
		say_error("the session with %s broke: %s: %s", s->party, r->what, strerror(r->err));
		return ST_IO;
	}
	return ST_OK;
}

int
session_pass(struct session *s)
{
	union {
		struct cmsghdr head; /* for its alignment */
		uint8_t room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec octet = {(char[]){0}, 1};
	struct msghdr m = {.msg_iov = &octet,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	ssize_t r;

	memset(&control, 0, sizeof control);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &s->fd, sizeof(int));
	net_nonblock(s->fd, false);
	do {
		r = sendmsg(STDOUT_FILENO, &m, 0);
	} while (r < 0 && errno == EINTR);
	if (r < 0) {
		say_error("cannot pass the connection to standard output: %s", strerror(errno));
		return ST_IO;
	}
	say_debug("passed the connection on.");
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
