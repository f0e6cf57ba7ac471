/* SPDX-License-Identifier: ISC
 * subject.c - the URL of a proxy, what a subject can do, and one run; see cast.h.
 * One thing to know: a host that is not loopback or private is refused unless the user says that it may be tested. */
#include "cast.h"
#include "self.h"

#include <arpa/inet.h>
#include <fnmatch.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

static char room[300];

static const char *
whyf(const char *a, const char *b)
{
	snprintf(room, sizeof room, "%s%s", a, b);
	return room;
}

static void
can(struct px_arena *a, struct px_text **list, const char *word)
{
	struct px_text *t;

	if (px_has_word(*list, word))
		return;
	t = px_alloc(a, sizeof *t);
	t->s = word;
	t->next = *list;
	*list = t;
}

/* RFC 1918, RFC 4193, RFC 3927, RFC 4291 section 2.5.3, RFC 6890. */
static bool
is_private(const struct net_addr *n)
{
	if (n->ss.ss_family == AF_INET) {
		uint32_t v = ntohl(((const struct sockaddr_in *)&n->ss)->sin_addr.s_addr);

		return v >> 24 == 127 || v >> 24 == 10 || v >> 20 == 0xac1 || v >> 16 == 0xc0a8 ||
		       v >> 16 == 0xa9fe;
	}
	if (n->ss.ss_family == AF_INET6) {
		const struct in6_addr *i = &((const struct sockaddr_in6 *)&n->ss)->sin6_addr;

		return IN6_IS_ADDR_LOOPBACK(i) || IN6_IS_ADDR_LINKLOCAL(i) || (i->s6_addr[0] & 0xfe) == 0xfc;
	}
	return false;
}

static const struct scheme {
	const char *name, *caps[3];
	const char *port;
} schemes[] = {
	{"socks4", {"socks4", NULL}, "1080"},
	{"socks4a", {"socks4", "socks4a", NULL}, "1080"},
	{"socks5", {"socks5", NULL}, "1080"},
	{"http", {"http", NULL}, "80"},
	{"telnet", {"telnet", NULL}, "23"},
};

static int
hex1(int c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* RFC 3986 section 2.1. */
static char *
unescape(struct px_arena *a, const char *p, size_t n)
{
	char *s = px_alloc(a, n + 1), *o = s;

	for (size_t i = 0; i < n; i++)
		if (p[i] == '%' && i + 2 < n && hex1(p[i + 1]) >= 0 && hex1(p[i + 2]) >= 0) {
			*o++ = (char)(hex1(p[i + 1]) << 4 | hex1(p[i + 2]));
			i += 2;
		} else {
			*o++ = p[i];
		}
	return s;
}

/* getaddrinfo takes ports modulo 65536. */
static bool
is_port(const char *s)
{
	unsigned long n = 0;

	if (strlen(s) > 5 || strspn(s, "0123456789") != strlen(s))
		return false;
	for (; *s != '\0'; s++)
		n = n * 10 + (unsigned long)(*s - '0');
	return n >= 1 && n <= 65535;
}

static bool
resolve(struct px_subject *sub, const char *host, const char *port, bool any_host, const char **why)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *ai;
	int e;

	if (host[0] == '\0' || !is_port(port)) {
		*why = host[0] == '\0' ? "the URL names no host" : "a port is a number from 1 to 65535";
		return false;
	}
	e = getaddrinfo(host, port, &hints, &ai);
	if (e != 0) {
		*why = whyf("cannot resolve the proxy: ", gai_strerror(e));
		return false;
	}
	memset(&sub->proxy, 0, sizeof sub->proxy);
	memcpy(&sub->proxy.ss, ai->ai_addr, ai->ai_addrlen);
	sub->proxy.len = ai->ai_addrlen;
	/* a name with several addresses: the one that answers */
	for (const struct addrinfo *i = ai->ai_next; i != NULL && !px_alive(sub); i = i->ai_next) {
		memcpy(&sub->proxy.ss, i->ai_addr, i->ai_addrlen);
		sub->proxy.len = i->ai_addrlen;
	}
	freeaddrinfo(ai);
	if (!any_host && !is_private(&sub->proxy)) {
		*why = "the proxy's address is not loopback or private; --i-may-test-this-host says that you "
		       "may";
		return false;
	}
	return true;
}

bool
px_subject_url(struct px_arena *a, struct px_subject *sub, const char *url, bool any_host, const char **why)
{
	const char *p = strstr(url, "://"), *at, *colon, *end, *host, *port;
	const struct scheme *s = NULL;

	for (unsigned i = 0; p != NULL && i < sizeof schemes / sizeof *schemes; i++)
		if (strlen(schemes[i].name) == (size_t)(p - url) &&
			strncmp(url, schemes[i].name, (size_t)(p - url)) == 0)
			s = &schemes[i];
	if (s == NULL) {
		*why = "the URL begins with socks4:// socks4a:// socks5:// http:// or telnet://";
		return false;
	}
	for (unsigned i = 0; s->caps[i] != NULL; i++)
		can(a, &sub->can, s->caps[i]);
	p += 3;
	end = p + strcspn(p, "/");
	for (at = end; at > p && at[-1] != '@'; at--)
		continue;
	if (at > p) {
		colon = memchr(p, ':', (size_t)(at - 1 - p));
		sub->user = unescape(a, p, (size_t)((colon == NULL ? at - 1 : colon) - p));
		if (colon != NULL)
			sub->pass = unescape(a, colon + 1, (size_t)(at - 1 - colon - 1));
		p = at;
	}
	if (strcmp(s->name, "socks5") == 0)
		can(a, &sub->can, sub->pass != NULL ? "userpass" : "noauth");
	if (strcmp(s->name, "http") == 0)
		can(a, &sub->can, sub->pass != NULL ? "basic" : "noauth");
	for (colon = end; colon > p && colon[-1] != ':' && colon[-1] != ']'; colon--)
		continue;
	if (colon > p && colon[-1] == ':' &&
		!(p[0] != '[' && memchr(p, ':', (size_t)(colon - 1 - p)) != NULL)) {
		port = px_dup(a, colon, (size_t)(end - colon));
		host = px_dup(a, p, (size_t)(colon - 1 - p));
	} else {
		port = s->port;
		host = px_dup(a, p, (size_t)(end - p));
	}
	if (host[0] == '[' && host[strlen(host) - 1] == ']')
		host = px_dup(a, host + 1, strlen(host) - 2);
	sub->proxy_text = url;
	return resolve(sub, host, port, any_host, why);
}

/* Words that say how much a case costs, or what the runner does, not what the subject can do. */
static bool
runners_word(const char *w)
{
	return strcmp(w, "bulk") == 0 || strcmp(w, "parallel") == 0 || strcmp(w, "alone") == 0;
}

static const struct px_not *
named(const struct px_subject *sub, const struct px_case *c, bool but)
{
	const struct px_not *n = sub->profile != NULL ? sub->profile->nots : NULL;

	while (n != NULL && (n->but != but || fnmatch(n->glob, c->id, 0) != 0))
		n = n->next;
	return n;
}

bool
px_but(const struct px_subject *sub, const struct px_case *c)
{
	return named(sub, c, true) != NULL;
}

const char *
px_cannot(struct px_arena *a, const struct px_subject *sub, const struct px_case *c)
{
	char *text;
	const struct px_not *not = named(sub, c, false);

	if (not != NULL && !px_but(sub, c))
		return not ->why;
	for (const struct px_text *n = c->needs; n != NULL; n = n->next) {
		size_t len;

		if (px_has_word(sub->can, n->s) || runners_word(n->s))
			continue;
		if (sub->profile != NULL && px_has_word(sub->profile->can, n->s))
			continue;
		len = strlen(n->s) + 40;
		text = px_alloc(a, len);
		snprintf(text, len, "needs %s, which was not declared", n->s);
		return text;
	}
	if (sub->cast == PX_CAST_SERVER && px_needs_name(sub, c))
		return "needs a name by which the proxy reaches the target: --target-name";
	if (sub->cast == PX_CAST_CLIENT && sub->command == NULL && px_way_for(sub->profile, c) == NULL)
		return "the profile has no command for it";
	return NULL;
}

/* Returns whether lines were sent ahead of the answers before them. */
static bool
run_once(const struct px_subject *sub, const struct px_case *c, struct px_how how, struct px_result *res)
{
	struct px_play p;
	int64_t start = net_now();
	bool ok, ahead;

	px_play_init(&p, c, how, res);
	px_case_env(&p.env, c);
	ok = how.cast == PX_CAST_SERVER ? px_server_setup(&p, sub) : px_client_setup(&p, sub);
	px_set_derived(&p.env);
	if (ok)
		px_play_steps(&p, c->steps);
	res->closed = p.late != NULL ? p.late : p.cp.rst ? "rst" : p.cp.eof ? "fin" : "none";
	if (p.exited && (p.status & 127) == 0 && (p.status >> 8 & 255) == 89) {
		px_result_free(res);
		px_trouble(&p, PX_O_SKIP, 0, "the client says that it has no such thing (exit status 89)");
		res->closed = "none";
	}
	if (how.cast == PX_CAST_CLIENT)
		px_client_end(&p);
	if (how.cast == PX_CAST_SERVER && c->malformed && ok) {
		px_leg_close(&p.cp, false);
		if (!px_alive(sub))
			px_trouble(&p, PX_O_CRASH, 0,
				"the proxy accepted connections before this case, and does not any more");
	}
	res->ms = (unsigned)(net_now() - start);
	ahead = p.nearly != 0;
	px_play_free(&p);
	return ahead;
}

/* Octets that were sent ahead of the answer before them and are gone: no specification lets a client send them then, so
 * that alone is a violation of no MUST.  It is that alone when no octet came that should not have come, and when the
 * case does not fail once nothing is sent ahead. */
static void
sent_ahead(const struct px_subject *sub, const struct px_case *c, struct px_how how, struct px_result *res)
{
	struct px_result whole = {.outcome = PX_O_PASS};
	struct px_result told = {.outcome = PX_O_PASS, .closed = res->closed, .ms = res->ms};

	for (size_t i = 0; i < res->n; i++)
		if (res->v[i].outcome == PX_O_FAIL && !res->v[i].lost)
			return;
	how.delivery = PX_D_WHOLE;
	run_once(sub, c, how, &whole);
	if (whole.outcome <= PX_O_LOOSE) {
		for (size_t i = 0; i < res->n; i++) {
			struct px_finding f = res->v[i];

			if (f.outcome == PX_O_FAIL) {
				f.outcome = PX_O_LOOSE;
				f.level = PX_ROBUST;
			}
			px_result_add(&told, &f);
		}
		px_result_free(res);
		*res = told;
	}
	px_result_free(&whole);
}

void
px_run(const struct px_subject *sub, const struct px_case *c, struct px_how how, struct px_result *res)
{
	bool ahead = run_once(sub, c, how, res);

	if (ahead && res->outcome == PX_O_FAIL && how.cast == PX_CAST_SERVER)
		sent_ahead(sub, c, how, res);
}
