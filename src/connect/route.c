/* SPDX-License-Identifier: ISC
 * route.c - see route.h.
 * One thing to know: with remote resolution the target's name is given to no local resolver. */
#include "route.h"

#include <arpa/inet.h>
#include <string.h>

#include "say.h"

static void
set_dst(struct dst *d, const struct config *cfg, int kind, const uint8_t *addr)
{
	d->kind = kind == 4 ? DST_IP4 : kind == 6 ? DST_IP6 : DST_NAME;
	if (kind != 0)
		memcpy(d->addr, addr, kind == 4 ? 4 : 16);
	d->host = cfg->host;
	d->port = cfg->port;
}

/* The address that replaces the name in the request, as text too: HTTP and telnet write it. */
static void
dst_from(struct route *r, const struct config *cfg, const struct net_addr *a)
{
	static char text[INET6_ADDRSTRLEN];
	uint8_t addr[16];
	int kind = addr_bytes(a, addr);

	set_dst(&r->dst, cfg, kind, addr);
	inet_ntop(kind == 4 ? AF_INET : AF_INET6, addr, text, sizeof text);
	r->dst.host = text;
	say_debug("resolved: %s (%s)", safe(cfg->host), text);
}

static const struct net_addr *
pick(const struct config *cfg, const struct addrs *list)
{
	bool only4 = cfg->method == METHOD_SOCKS && cfg->socks_version == 4;

	for (size_t i = 0; i < list->n; i++)
		if (!only4 || list->a[i].ss.ss_family == AF_INET)
			return &list->a[i];
	return NULL;
}

/* Local resolution of a name that goes to a proxy.  Where it is only a preference, a failure leaves the name. */
static int
resolve_target(const struct config *cfg, int64_t deadline, struct route *r, struct addrs *found)
{
	bool needed = cfg->resolving == RESOLVE_LOCAL && cfg->resolving_given;
	const char *why;
	const struct net_addr *a;

	if (!needed && deadline != 0) /* leave half of the time to the proxy, which can resolve it too */
		deadline = net_now() + net_left(deadline) / 2;
	why = resolve(cfg->host, cfg->port, cfg->has_ns ? &cfg->ns : NULL, deadline, found);
	a = why == NULL ? pick(cfg, found) : NULL;

	if (a != NULL) {
		dst_from(r, cfg, a);
		return 0;
	}
	found->n = 0;
	say_debug("failed to resolve locally.");
	if (!needed)
		return 0;
	say_error("cannot resolve target %s: %s", safe(cfg->host),
		why != NULL ? why : "it has no IPv4 address, and SOCKS4 has no other");
	return why != NULL && strcmp(why, "timed out") == 0 ? ST_DEADLINE : ST_RESOLVE;
}

static bool
is_direct(const struct config *cfg, const struct addrs *found, bool is_literal)
{
	enum direct_answer a = direct_decide(&cfg->direct, cfg->host, found->a, found->n);
	char text[NET_ADDRSTR];
	const char *what = safe(cfg->host);

	if (found->n > 0 && !is_literal) {
		net_str(&found->a[0], text);
		*strrchr(text, ':') = '\0';
		what = text;
	}
	if (found->n > 0 && a == DIRECT_NO_MATCH)
		say_debug("not matched, addr to be relayed: %s", what);
	else if (found->n == 0)
		say_debug("checking %s is for direct?", what);
	say_debug("%s is for %sdirect.", what, a == DIRECT_YES ? "" : "not ");
	return a == DIRECT_YES;
}

int
route_find(const struct config *cfg, int64_t deadline, struct route *r)
{
	struct addrs found = {.n = 0};
	uint8_t addr[16];
	int kind = literal(cfg->host, addr), status = 0;

	memset(r, 0, sizeof *r);
	set_dst(&r->dst, cfg, kind, addr);
	if (cfg->method == METHOD_DIRECT) {
		r->direct = true;
		return 0;
	}
	if (kind != 0)
		(void)resolve(cfg->host, cfg->port, NULL, 0, &found);
	else if (cfg->resolving == RESOLVE_LOCAL || cfg->resolving == RESOLVE_BOTH)
		status = resolve_target(cfg, deadline, r, &found);
	if (status != 0)
		return status;
	r->direct = is_direct(cfg, &found, kind != 0);
	if (r->direct)
		r->first = found;
	return 0;
}
