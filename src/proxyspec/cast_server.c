/* SPDX-License-Identifier: ISC
 * cast_server.c - a proxy server is under test: the runner is client and target.
 * One thing to know: port 7007 in a trace stands for a listener of the runner on a port of the kernel's choice, 7001
 * for a port that refuses; any other port is meant as it is.  The host localhost stands for any name of ours. */
#include "cast.h"
#include "self.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOCAL_NAME "localhost"
#define OPEN_PORT 7007
#define REFUSING_PORT 7001
#define PORT_WAIT_MS 20000

static bool
refuses(const struct px_step *s)
{
	for (; s != NULL; s = s->next)
		if ((s->kind == PX_EVENT && s->event == PX_E_REFUSE) || refuses(s->body) || refuses(s->other))
			return true;
	return false;
}

static bool
numeric(const char *host, unsigned port, struct net_addr *a)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *ai;

	if (getaddrinfo(host, NULL, &hints, &ai) != 0)
		return false;
	memset(a, 0, sizeof *a);
	memcpy(&a->ss, ai->ai_addr, ai->ai_addrlen);
	a->len = ai->ai_addrlen;
	freeaddrinfo(ai);
	net_set_port(a, port);
	return true;
}

/* A port that is taken and has no listener refuses, and nobody else can get it meanwhile.  One that the trace names may
 * have been used a moment ago: connections to it linger in TIME-WAIT. */
static int
open_port(const struct net_addr *a, bool refuse)
{
	int fd = socket(a->ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), e,
	    on = !refuse || net_port(a) != 0;

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (fd >= 0 && a->ss.ss_family == AF_INET6) /* :: beside 0.0.0.0 */
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int));
	if (fd >= 0 &&
		(bind(fd, (const struct sockaddr *)&a->ss, a->len) < 0 || (!refuse && listen(fd, 64) < 0))) {
		e = errno;
		close(fd);
		errno = e;
		return -1;
	}
	return fd;
}

/* A port that a trace names: another play of it may have it still.  Nothing tells when a port is free. */
static int
open_named_port(const struct net_addr *a, bool refuse)
{
	int64_t end = net_now() + (net_port(a) != 0 ? PORT_WAIT_MS : 0);
	int fd;

	while ((fd = open_port(a, refuse)) < 0 && errno == EADDRINUSE && net_now() < end)
		poll(NULL, 0, 20);
	return fd;
}

/* IPv4 and IPv6 with one port number, for a name: nobody knows which of its addresses the proxy takes. */
static bool
open_both(struct px_play *p, const char *name, unsigned port, bool refuse)
{
	bool here = strcmp(name, LOCAL_NAME) == 0;
	struct net_addr a4, a6, got;

	for (unsigned i = 0; i < 20; i++) {
		if (!numeric(here ? "127.0.0.1" : "0.0.0.0", port, &a4) ||
			(p->listen[0] = open_named_port(&a4, refuse)) < 0)
			return false;
		if (net_addr_of(p->listen[0], true, &got) == 0 &&
			numeric(here ? "::1" : "::", net_port(&got), &a6)) {
			p->listen[1] = open_port(&a6, refuse);
			if (p->listen[1] >= 0 || errno != EADDRINUSE || port != 0)
				return true;
		} else {
			return true;
		}
		close(p->listen[0]);
		p->listen[0] = -1;
	}
	errno = EADDRINUSE;
	return false;
}

static bool
is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

static void
set_port(struct px_play *p)
{
	struct net_addr a;
	char text[8];
	int fd = p->listen[0];

	if (fd < 0 || net_addr_of(fd, true, &a) < 0)
		return;
	snprintf(text, sizeof text, "%u", net_port(&a));
	px_env_set(&p->env, "port", span_str(text));
}

static const char *
env_text(const struct px_env *e, const char *name)
{
	struct span s;

	return px_env_get(e, name, &s) ? (const char *)s.p : "";
}

/* Name and password of the URL stand for alice and s3cret of the traces; other names are meant as they are. */
static void
credentials(struct px_play *p, const struct px_subject *sub)
{
	const char *user = env_text(&p->env, "user"), *pass = env_text(&p->env, "pass");

	if (sub->user == NULL || strcmp(user, "alice") != 0 ||
		(pass[0] != '\0' && strcmp(pass, "s3cret") != 0))
		return;
	px_env_set(&p->env, "user", span_str(sub->user));
	if (pass[0] != '\0' && sub->pass != NULL)
		px_env_set(&p->env, "pass", span_str(sub->pass));
}

unsigned
px_fixed_port(const struct px_case *c)
{
	struct px_env e = {NULL, 0, 0};
	const char *host;
	unsigned port = 0;

	px_case_env(&e, c);
	host = env_text(&e, "host");
	if (strcmp(host, LOCAL_NAME) == 0 || is_loopback(host))
		port = (unsigned)strtoul(env_text(&e, "port"), NULL, 10);
	px_env_free(&e);
	return port == OPEN_PORT || port == REFUSING_PORT ? 0 : port;
}

/* A proxy elsewhere takes localhost for itself, and nothing of ours listens there. */
bool
px_needs_name(const struct px_subject *sub, const struct px_case *c)
{
	struct px_env e = {NULL, 0, 0};
	bool name;

	px_case_env(&e, c);
	name = strcmp(env_text(&e, "host"), LOCAL_NAME) == 0;
	px_env_free(&e);
	return name && sub->target_host != NULL && sub->target_name == NULL;
}

static bool
listening(struct px_play *p, const struct px_subject *sub)
{
	const char *host = env_text(&p->env, "host");
	unsigned long given = strtoul(env_text(&p->env, "port"), NULL, 10);
	bool ours = given == OPEN_PORT || given == REFUSING_PORT, name = strcmp(host, LOCAL_NAME) == 0,
	     ok = true;
	struct net_addr a;

	p->refuse = given == REFUSING_PORT || refuses(p->c->steps);
	if (!name && !is_loopback(host))
		return true; /* somewhere else: nobody of ours is there */
	if (sub->target_host != NULL && !name && strchr(host, ':') == NULL) {
		if (!numeric(sub->target_host, 0, &a))
			numeric("0.0.0.0", 0, &a);
		net_set_port(&a, ours ? 0 : (unsigned)given);
		p->listen[0] = open_named_port(&a, p->refuse);
		if (p->listen[0] < 0 && numeric("0.0.0.0", ours ? 0 : (unsigned)given, &a))
			p->listen[0] = open_port(&a, p->refuse);
		ok = p->listen[0] >= 0;
		px_env_set(&p->env, "host", span_str(sub->target_host));
	} else if (name) {
		host = sub->target_name != NULL ? sub->target_name : LOCAL_NAME;
		ok = open_both(p, host, ours ? 0 : (unsigned)given, p->refuse);
		px_env_set(&p->env, "host", span_str(host));
	} else if (numeric(host, ours ? 0 : (unsigned)given, &a)) {
		p->listen[0] = open_named_port(&a, p->refuse);
		ok = p->listen[0] >= 0;
	}
	if (!ok)
		px_trouble(p, PX_O_SKIP, 0, "the runner cannot listen on %s port %lu: %s", host,
			ours ? 0 : given, strerror(errno));
	set_port(p);
	return ok;
}

bool
px_server_setup(struct px_play *p, const struct px_subject *sub)
{
	p->proxy = sub->proxy;
	credentials(p, sub);
	return listening(p, sub) && px_dial(p);
}

bool
px_alive(const struct px_subject *sub)
{
	for (unsigned i = 0; i < 3; i++) {
		int fd = net_dial(&sub->proxy, net_now() + 3000);

		if (fd >= 0) {
			close(fd);
			return true;
		}
		if (errno != ECONNREFUSED)
			continue;
	}
	return false;
}
