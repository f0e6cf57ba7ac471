/* SPDX-License-Identifier: ISC
 * resolve.c - see resolve.h.
 * One thing to know: getaddrinfo cannot be given a deadline, so a thread waits for it, and is left behind if it takes too long. */
#include "resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

void
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

/* One question to the system.  The asker and the thread that waits for the answer both hold it; who lets go last, frees it. */
struct question {
	pthread_mutex_t lock;
	int done[2]; /* a pipe whose writing end the thread closes */
	int holders;
	int error, err; /* getaddrinfo's, and errno */
	struct addrinfo *list;
	char service[8], host[HOST_MAX];
};

static void
let_go(struct question *q)
{
	bool last;

	pthread_mutex_lock(&q->lock);
	last = --q->holders == 0;
	pthread_mutex_unlock(&q->lock);
	if (!last)
		return;
	if (q->list != NULL)
		freeaddrinfo(q->list);
	close(q->done[0]);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

static void
ask(struct question *q)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};

	q->error = getaddrinfo(q->host, q->service, &hints, &q->list);
	q->err = errno;
	if (q->error != 0)
		q->list = NULL;
}

static void *
ask_thread(void *arg)
{
	struct question *q = arg;
	int done = q->done[1];

	ask(q);
	close(done);
	let_go(q);
	return NULL;
}

static struct question *
new_question(const char *host, uint16_t port)
{
	struct question *q = calloc(1, sizeof *q);

	if (q == NULL || pipe(q->done) < 0) {
		free(q);
		return NULL;
	}
	net_cloexec(q->done[0]);
	net_cloexec(q->done[1]);
	pthread_mutex_init(&q->lock, NULL);
	q->holders = 2;
	snprintf(q->service, sizeof q->service, "%u", (unsigned)port);
	snprintf(q->host, sizeof q->host, "%s", host);
	return q;
}

static const char *
take_answer(const struct question *q, struct addrs *out)
{
	const struct addrinfo *i;

	if (q->error != 0)
		return q->error == EAI_SYSTEM ? strerror(q->err) : gai_strerror(q->error);
	for (i = q->list; i != NULL && out->n < ADDRS_MAX; i = i->ai_next) {
		struct net_addr *a = &out->a[out->n];

		if (i->ai_family != AF_INET && i->ai_family != AF_INET6)
			continue;
		memset(a, 0, sizeof *a);
		memcpy(&a->ss, i->ai_addr, i->ai_addrlen);
		a->len = i->ai_addrlen;
		out->n++;
	}
	return out->n == 0 ? "the name has no address" : NULL;
}

static const char *
by_system(const char *host, uint16_t port, int64_t deadline, struct addrs *out)
{
	const char *why = "timed out";
	struct question *q;
	pthread_t t;
	int r;

	if (deadline != 0 && net_left(deadline) == 0)
		return why;
	q = new_question(host, port);
	if (q == NULL)
		return strerror(errno);
	r = deadline == 0 ? -1 : pthread_create(&t, NULL, ask_thread, q);
	if (r != 0) { /* no limit, or no thread: this one waits */
		ask(q);
		close(q->done[1]);
		q->holders = 1;
		why = take_answer(q, out);
	} else {
		pthread_detach(t);
		if (net_wait(q->done[0], POLLIN, deadline) > 0)
			why = take_answer(q, out);
	}
	let_go(q);
	return why;
}

void
addrs_interleave(struct addrs *l)
{
	for (size_t i = 1; i < l->n; i++) {
		size_t j = i;
		struct net_addr a;

		while (j < l->n && l->a[j].ss.ss_family == l->a[i - 1].ss.ss_family)
			j++;
		if (j == l->n)
			return;
		a = l->a[j];
		memmove(&l->a[i + 1], &l->a[i], (j - i) * sizeof a);
		l->a[i] = a;
	}
}

const char *
resolve(const char *host, uint16_t port, const struct net_addr *ns, int64_t deadline, struct addrs *out)
{
	uint8_t addr[16];
	int kind = literal(host, addr);
	const char *why;

	out->n = 0;
	if (kind != 0) {
		addr_set(&out->a[out->n++], kind, addr, port);
		return NULL;
	}
	say_debug("resolving host by name: %s", safe(host));
	why = ns != NULL ? nsq_lookup(ns, host, port, deadline, out) : by_system(host, port, deadline, out);
	addrs_interleave(out);
	return why;
}
