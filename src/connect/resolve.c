/* SPDX-License-Identifier: ISC
 * resolve.c - see resolve.h.
 * One thing to know: getaddrinfo cannot be given a deadline, so a timer ends the process in its stead. */
#include "resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "conf.h"
#include "say.h"
#include "server.h"

int
literal(const char *host, uint8_t addr[16])
{
	if (inet_pton(AF_INET, host, addr) == 1)
		return 4;
	return inet_pton(AF_INET6, host, addr) == 1 ? 6 : 0;
}

int
addr_bytes(const struct net_addr *a, uint8_t addr[16])
{
	if (a->ss.ss_family == AF_INET) {
		memcpy(addr, &((const struct sockaddr_in *)&a->ss)->sin_addr, 4);
		return 4;
	}
	memcpy(addr, &((const struct sockaddr_in6 *)&a->ss)->sin6_addr, 16);
	return 6;
}

static void
addr_set(struct net_addr *out, int kind, const uint8_t *addr, uint16_t port)
{
	memset(out, 0, sizeof *out);
	if (kind == 4) {
		struct sockaddr_in *s = (struct sockaddr_in *)&out->ss;

		s->sin_family = AF_INET;
		s->sin_port = htons(port);
		memcpy(&s->sin_addr, addr, 4);
		out->len = sizeof *s;
	} else {
		struct sockaddr_in6 *s = (struct sockaddr_in6 *)&out->ss;

		s->sin6_family = AF_INET6;
		s->sin6_port = htons(port);
		memcpy(&s->sin6_addr, addr, 16);
		out->len = sizeof *s;
	}
}

bool
addr_parse(const char *s, uint16_t default_port, struct net_addr *out)
{
	struct server v;
	uint8_t addr[16];
	int kind;

	if (strpbrk(s, "@/") != NULL || server_parse(s, default_port, &v) != NULL)
		return false;
	kind = literal(v.host, addr);
	if (kind == 0)
		return false;
	addr_set(out, kind, addr, v.port);
	return true;
}

static const char *timed_host;

static void
on_alarm(int sig)
{
	static const char a[] = "ERROR: timed out while the name was resolved: ", b[] = "\n";
	size_t n = strlen(timed_host);

	(void)sig;
	(void)!write(STDERR_FILENO, a, sizeof a - 1);
	(void)!write(STDERR_FILENO, timed_host, n);
	(void)!write(STDERR_FILENO, b, 1);
	_exit(ST_DEADLINE);
}

static void
timer(const char *host, int ms)
{
	struct itimerval t = {.it_value = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000}};
	struct sigaction sa = {.sa_handler = host != NULL ? on_alarm : SIG_DFL};

	if (host != NULL) {
		timed_host = safe(host);
		sigaction(SIGALRM, &sa, NULL);
	}
	setitimer(ITIMER_REAL, &t, NULL);
	if (host == NULL)
		sigaction(SIGALRM, &sa, NULL);
}

static const char *
by_system(const char *host, uint16_t port, int64_t deadline, struct addrs *out)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *list, *i;
	char service[8];
	int r, left = net_left(deadline);

	snprintf(service, sizeof service, "%u", (unsigned)port);
	if (left == 0)
		return "timed out";
	if (left > 0)
		timer(host, left);
	r = getaddrinfo(host, service, &hints, &list);
	if (left > 0)
		timer(NULL, 0);
	if (r != 0)
		return r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r);
	for (i = list; i != NULL && out->n < ADDRS_MAX; i = i->ai_next) {
		struct net_addr *a = &out->a[out->n];

		if (i->ai_family != AF_INET && i->ai_family != AF_INET6)
			continue;
		memset(a, 0, sizeof *a);
		memcpy(&a->ss, i->ai_addr, i->ai_addrlen);
		a->len = i->ai_addrlen;
		out->n++;
	}
	freeaddrinfo(list);
	return out->n == 0 ? "the name has no address" : NULL;
}

const char *
resolve(const char *host, uint16_t port, const struct net_addr *ns, int64_t deadline, struct addrs *out)
{
	uint8_t addr[16];
	int kind = literal(host, addr);

	out->n = 0;
	if (kind != 0) {
		addr_set(&out->a[out->n++], kind, addr, port);
		return NULL;
	}
	say_debug("resolving host by name: %s", safe(host));
	if (ns != NULL)
		return nsq_lookup(ns, host, port, deadline, out);
	return by_system(host, port, deadline, out);
}
