/* SPDX-License-Identifier: ISC
 * log.c - one line for each event, as text or as JSON; the keys are in docs/fakeproxy.1, THE LOG.
 * The one thing to know: what comes from a client is escaped in both forms, and no secret comes here. */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static enum fp_log form;
static int fd = STDERR_FILENO;
static bool broken;
static const char *name = "on standard error";

struct line {
	struct obuf o;
	uint8_t room[4096];
};

bool
log_open(const struct fp_conf *cf)
{
	form = cf->log;
	if (cf->log_file == NULL)
		return true;
	name = cf->log_file;
	fd = open(cf->log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	return fd >= 0 || fp_complain("--log-file %s: %s", cf->log_file, strerror(errno));
}

bool
log_wanted(void)
{
	return form != LOG_OFF;
}

bool
log_broken(void)
{
	return broken;
}

static void
put_json(struct obuf *o, struct span s)
{
	char u[8];

	ob_u8(o, '"');
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (c == '"' || c == '\\') {
			ob_u8(o, '\\');
			ob_u8(o, c);
		} else if (c < 0x20 || c > 0x7e) {
			snprintf(u, sizeof u, "\\u%04x", c);
			ob_str(o, u);
		} else {
			ob_u8(o, c);
		}
	}
	ob_u8(o, '"');
}

static void
put_text(struct obuf *o, struct span s)
{
	bool plain = s.n != 0;

	for (size_t i = 0; i < s.n; i++)
		plain &= s.p[i] != ' ';
	if (!plain)
		ob_u8(o, '"');
	for (size_t i = 0; i < s.n; i++) {
		char x[8];

		if (s.p[i] < 0x20 || s.p[i] > 0x7e || s.p[i] == '"' || s.p[i] == '\\') {
			snprintf(x, sizeof x, "\\x%02x", s.p[i]);
			ob_str(o, x);
		} else {
			ob_u8(o, s.p[i]);
		}
	}
	if (!plain)
		ob_u8(o, '"');
}

static void
key(struct line *l, const char *k)
{
	ob_str(&l->o, form == LOG_JSON ? ",\"" : " ");
	ob_str(&l->o, k);
	ob_str(&l->o, form == LOG_JSON ? "\":" : "=");
}

static void
put(struct line *l, const char *k, const char *value)
{
	key(l, k);
	if (form == LOG_JSON)
		put_json(&l->o, span_str(value));
	else
		put_text(&l->o, span_str(value));
}

static void
put_number(struct line *l, const char *k, int64_t value)
{
	char text[32];

	key(l, k);
	snprintf(text, sizeof text, "%" PRId64, value);
	ob_str(&l->o, text);
}

static void
put_addr(struct line *l, const char *k, const struct net_addr *a)
{
	char text[NET_ADDRSTR];

	put(l, k, net_str(a, text));
}

static void
begin(struct line *l, const char *event)
{
	struct timespec t;
	struct tm tm;
	char stamp[40], ms[32];

	clock_gettime(CLOCK_REALTIME, &t);
	gmtime_r(&t.tv_sec, &tm);
	strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ms, sizeof ms, ".%03ldZ", t.tv_nsec / 1000000);
	l->o = ob_over(l->room, sizeof l->room - 4);
	ob_str(&l->o, form == LOG_JSON ? "{\"time\":\"" : "");
	ob_str(&l->o, stamp);
	ob_str(&l->o, ms);
	ob_str(&l->o, form == LOG_JSON ? "\",\"event\":\"" : " ");
	ob_str(&l->o, event);
	ob_str(&l->o, form == LOG_JSON ? "\"" : "");
}

static void
end(struct line *l)
{
	size_t at = 0;

	l->o.cap = sizeof l->room;
	l->o.over = false;
	ob_str(&l->o, form == LOG_JSON ? "}\n" : "\n");
	while (at < l->o.n) {
		ssize_t r = write(fd, l->o.p + at, l->o.n - at);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			if (!broken)
				fp_complain("cannot write the log %s: %s", name, strerror(errno));
			broken = true;
			return;
		}
		at += (size_t)r;
	}
}

void
log_listening(const struct fp *fp, enum fp_role role, const struct net_addr *a)
{
	struct line l;
	char text[NET_ADDRSTR], host[NET_ADDRSTR];
	const char *port;
	(void)fp;

	if (form == LOG_OFF || !fp_split(net_str(a, text), host, sizeof host, &port))
		return;
	begin(&l, "listening");
	put(&l, "role", fp_role_name(role));
	put(&l, "address", host);
	key(&l, "port");
	ob_str(&l.o, port);
	end(&l);
}

void
log_accept(const struct conn *c)
{
	struct line l;

	if (form == LOG_OFF)
		return;
	begin(&l, "accept");
	put_number(&l, "conn", c->id);
	put(&l, "role", fp_role_name((enum fp_role)c->role));
	put_addr(&l, "client", &c->peer);
	end(&l);
}

void
log_request(const struct conn *c)
{
	struct line l;

	if (form == LOG_OFF)
		return;
	begin(&l, "request");
	put_number(&l, "conn", c->id);
	put(&l, "host", c->srv->dst.host);
	put_number(&l, "port", c->srv->dst.port);
	if (c->srv->user[0] != '\0')
		put(&l, "user", c->srv->user);
	end(&l);
}

void
log_reply(const struct conn *c)
{
	const struct srv *s = c->srv;
	struct line l;

	if (form == LOG_OFF)
		return;
	begin(&l, "reply");
	put_number(&l, "conn", c->id);
	put_number(&l, "code", s->code);
	put(&l, "text", s->text);
	if (s->got.has_remote)
		put_addr(&l, "target", &s->got.remote);
	if (s->got.has_local)
		put_addr(&l, "local", &s->got.local);
	if (s->got.err != 0)
		put(&l, "errno", srv_err_name(s->got.err));
	end(&l);
}

void
log_closed(const struct conn *c)
{
	struct line l;

	if (form == LOG_OFF)
		return;
	begin(&l, "closed");
	put_number(&l, "conn", c->id);
	put_number(&l, "up", (int64_t)c->up.count);
	put_number(&l, "down", (int64_t)c->down.count);
	put_number(&l, "ms", c->fp->now - c->since);
	put(&l, "how", c->how);
	end(&l);
}
