/* SPDX-License-Identifier: ISC
 * dial.c - reach the target: rules, names, addresses one after the other; or the client's identd (RFC 1413).
 * The one thing to know: the outcome goes to srv->got, with the errno of the last address that was tried. */
#include "record.h"
#include "sock.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

static bool
matches(const struct fp_rule *r, const char *host, unsigned port)
{
	return (r->port == 0 || r->port == port) &&
	       (strcmp(r->host, "*") == 0 || strcasecmp(r->host, host) == 0);
}

static bool
denied(const struct fp_conf *cf, const char *host, unsigned port)
{
	for (int i = 0; i < cf->n_deny; i++)
		if (matches(&cf->deny[i], host, port))
			return true;
	return false;
}

static bool
denied_addr(const struct fp_conf *cf, const struct net_addr *a, unsigned port)
{
	char text[NET_ADDRSTR], host[NET_ADDRSTR];
	const char *rest;

	return cf->n_deny != 0 && fp_split(net_str(a, text), host, sizeof host, &rest) &&
	       denied(cf, host, port);
}

void
dial_drop(struct conn *c)
{
	if (c->dial == NULL)
		return;
	if (c->dial->asked != NULL)
		resolve_forget(c->dial->asked);
	free(c->dial);
	c->dial = NULL;
}

static bool
done(struct conn *c, int err)
{
	struct srv *s = c->srv;
	bool socks = c->role == ROLE_SOCKS4 || c->role == ROLE_SOCKS5 || c->role == ROLE_SOCKS;

	s->got.err = err;
	if (err != 0)
		side_close(c, &c->tg, false);
	else if (!s->ident && (socks || log_wanted() || c->trace != NULL))
		s->got.has_local = net_addr_of(c->tg.ev.fd, true, &s->got.local) == 0;
	dial_drop(c);
	return true;
}

/* Try addresses until one is under way.  True: there is none left, or it was connected at once. */
static bool
try_next(struct conn *c)
{
	struct dial *d = c->dial;

	for (; d->i < d->n; d->i++) {
		const struct net_addr *a = &d->addr[d->i];
		int fd = net_dial_begin(a);

		c->srv->got.remote = *a;
		c->srv->got.has_remote = !d->ident;
		if (fd < 0) {
			d->err = errno;
			continue;
		}
		if (!side_add(c, &c->tg, fd)) {
			d->err = errno;
			c->tg.ev.fd = -1;
			close(fd);
			continue;
		}
		return false;
	}
	return done(c, d->err != 0 ? d->err : FP_ENOTFOUND);
}

/* Take the addresses that may be reached. */
static bool
take(struct conn *c, const struct net_addr *a, int n, bool check)
{
	struct dial *d = c->dial;

	for (int i = 0; i < n && d->n < RESOLVE_MAX; i++) {
		if (check && denied_addr(c->fp->cf, &a[i], c->srv->dst.port))
			d->err = FP_ERULE;
		else
			d->addr[d->n++] = a[i];
	}
	return try_next(c);
}

/* identd at the client's address (RFC 1413): it is asked by our ports. */
static bool
dial_ident(struct conn *c)
{
	struct net_addr a = c->peer;

	c->dial->ident = true;
	net_set_port(&a, (unsigned)c->fp->cf->socks.ident);
	return take(c, &a, 1, false);
}

static bool
by_table(struct conn *c, bool *found)
{
	const struct fp_conf *cf = c->fp->cf;
	const struct fp_dst *to = &c->srv->dst;
	struct net_addr list[RESOLVE_MAX];
	int n = 0;

	*found = true;
	for (int i = 0; i < cf->n_redirect; i++)
		if (matches(&cf->redirect[i], to->host, to->port))
			return take(c, &cf->redirect[i].to, 1, false);
	for (int i = 0; i < cf->n_resolve && n < RESOLVE_MAX; i++) {
		if (strcasecmp(cf->resolve[i].host, to->host) != 0)
			continue;
		list[n] = cf->resolve[i].to;
		net_set_port(&list[n++], to->port);
	}
	*found = n != 0;
	return n != 0 && take(c, list, n, true);
}

bool
dial_begin(struct conn *c)
{
	const struct fp_dst *to = &c->srv->dst;
	struct net_addr a;
	bool found, over;

	memset(&c->srv->got, 0, sizeof c->srv->got);
	c->dial = calloc(1, sizeof *c->dial);
	if (c->dial == NULL)
		return done(c, ENOMEM);
	if (c->srv->ident)
		return dial_ident(c);
	if (denied(c->fp->cf, to->host, to->port))
		return done(c, FP_ERULE);
	over = by_table(c, &found);
	if (found)
		return over;
	if (to->kind != DST_NAME)
		return fp_addr(to->host, to->port, &a) ? take(c, &a, 1, true) : done(c, EINVAL);
	c->dial->asked = resolve_ask(to->host, to->port, c);
	return c->dial->asked == NULL && done(c, ENOMEM);
}

bool
dial_answer(struct conn *c, struct resolve *q)
{
	c->dial->asked = NULL;
	if (q->err == EAI_AGAIN)
		c->dial->err = FP_ENAMETIME;
	else if (q->err == EAI_MEMORY)
		c->dial->err = ENOMEM;
	return take(c, q->addr, q->n, true);
}

/* "port there , port here" CR LF, ports as identd sees them (RFC 1413 3) */
static bool
ask_ident(struct conn *c)
{
	struct net_addr mine;
	char line[64], a[NET_ADDRSTR], b[NET_ADDRSTR];

	if (net_addr_of(c->cl.ev.fd, true, &mine) < 0)
		return done(c, errno);
	snprintf(line, sizeof line, "%s, %s\r\n", strrchr(net_str(&c->peer, a), ':') + 1,
		strrchr(net_str(&mine, b), ':') + 1);
	if (net_send(c->tg.ev.fd, line, strlen(line)) != (ssize_t)strlen(line))
		return done(c, errno != 0 ? errno : EPIPE);
	c->dial->i = c->dial->n; /* asked */
	return false;
}

/* ports ":" "USERID" ":" system ":" user-id CR LF */
static bool
ident_line(struct conn *c)
{
	struct dial *d = c->dial;
	long r = side_recv(&c->tg, d->line + d->line_n, sizeof d->line - 1 - d->line_n);
	char *user = d->line, *lf;

	if (r < 0 && errno == EAGAIN)
		return false;
	d->line_n += r > 0 ? (size_t)r : 0;
	d->line[d->line_n] = '\0';
	lf = strchr(d->line, '\n');
	if (lf == NULL && r > 0 && d->line_n < sizeof d->line - 1)
		return false;
	if (lf == NULL)
		return done(c, ECONNRESET);
	if (lf != d->line && lf[-1] == '\r')
		lf--;
	*lf = '\0';
	for (int i = 0; i < 3 && user != NULL; i++) {
		user = strchr(user, ':');
		if (user != NULL)
			user += 1 + strspn(user + 1, " \t");
		if (i == 0 && user != NULL && strncasecmp(user, "USERID", 6) != 0)
			user = NULL; /* ERROR: nobody is named */
	}
	if (user == NULL || strlen(user) >= sizeof c->srv->ident_user)
		user = lf; /* nobody, or a name that no USERID is compared with: half of it must not do */
	memcpy(c->srv->ident_user, user, strlen(user) + 1);
	side_close(c, &c->tg, false);
	return done(c, 0);
}

bool
dial_event(struct conn *c)
{
	struct dial *d = c->dial;
	int err;

	if (d == NULL || d->asked != NULL)
		return false;
	if (d->ident && d->i == d->n)
		return c->tg.rd && ident_line(c);
	if (!c->tg.wr && !c->tg.reset && !c->tg.end)
		return false;
	err = net_dial_outcome(c->tg.ev.fd);
	if (err == 0 && c->tg.wr && !c->tg.reset)
		return d->ident ? ask_ident(c) : (sock_nodelay(c->tg.ev.fd), done(c, 0));
	d->err = err != 0 ? err : ECONNRESET;
	side_close(c, &c->tg, false);
	d->i++;
	return try_next(c);
}

void
dial_expired(struct conn *c)
{
	done(c, ETIMEDOUT);
}
