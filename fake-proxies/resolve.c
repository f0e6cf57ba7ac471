/* SPDX-License-Identifier: ISC
 * resolve.c - see resolve.h.
 * The one thing to know: a question belongs to the queue, then to a thread, then to the answers, under one mutex. */
#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS 64 /* so many names may be slow at once before others have to wait */
#define STACK (256 * 1024)
#define TRIES 100

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct resolve *asked, **asked_end = &asked, *answered, **answered_end = &answered;
static int waiting, queued, threads, wake[2] = {-1, -1};

static void
look_up(struct resolve *q)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL;

	q->err = getaddrinfo(q->host, NULL, &hints, &list);
	if (q->err != 0)
		return;
	for (struct addrinfo *a = list; a != NULL && q->n < RESOLVE_MAX; a = a->ai_next) {
		struct net_addr *to = &q->addr[q->n];

		if ((a->ai_family != AF_INET && a->ai_family != AF_INET6) || a->ai_addrlen > sizeof to->ss)
			continue;
		memset(to, 0, sizeof *to);
		memcpy(&to->ss, a->ai_addr, a->ai_addrlen);
		to->len = a->ai_addrlen;
		net_set_port(to, q->port);
		q->n++;
	}
	freeaddrinfo(list);
}

/* A full pipe wakes as well; anything else is tried again, for who asked waits. */
static void
wake_up(void)
{
	for (int i = 0; i < TRIES && write(wake[1], "", 1) < 0 && errno != EAGAIN; i++)
		;
}

static void *
work(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&lock);
	for (;;) {
		struct resolve *q;

		waiting++;
		while (asked == NULL)
			pthread_cond_wait(&more, &lock);
		waiting--;
		queued--;
		q = asked;
		asked = q->next;
		if (asked == NULL)
			asked_end = &asked;
		pthread_mutex_unlock(&lock);
		look_up(q);
		pthread_mutex_lock(&lock);
		q->next = NULL;
		*answered_end = q;
		answered_end = &q->next;
		wake_up();
	}
	return NULL;
}

int
resolve_open(void)
{
	if (pipe(wake) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		if (net_nonblock(wake[i], true) < 0 || net_cloexec(wake[i]) < 0)
			return -1;
	return wake[0];
}

static void
new_thread(void)
{
	pthread_attr_t attr;
	pthread_t id;
	sigset_t all, old;

	if (pthread_attr_init(&attr) != 0)
		return;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are the main thread's */
	if (pthread_create(&id, &attr, work, NULL) == 0)
		threads++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
}

struct resolve *
resolve_ask(const char *host, uint16_t port, void *owner)
{
	struct resolve *q = calloc(1, sizeof *q);
	size_t n = strlen(host);

	if (q == NULL || n >= sizeof q->host) {
		free(q);
		return NULL;
	}
	memcpy(q->host, host, n);
	q->port = port;
	q->owner = owner;
	pthread_mutex_lock(&lock);
	if (queued >= waiting && threads < THREADS)
		new_thread();
	if (threads == 0) {
		pthread_mutex_unlock(&lock);
		free(q);
		return NULL;
	}
	queued++;
	*asked_end = q;
	asked_end = &q->next;
	pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
	return q;
}

struct resolve *
resolve_answer(void)
{
	struct resolve *q;
	char drop[64];

	(void)!read(wake[0], drop, sizeof drop);
	pthread_mutex_lock(&lock);
	for (;;) {
		q = answered;
		if (q == NULL)
			break;
		answered = q->next;
		if (answered == NULL)
			answered_end = &answered;
		if (q->owner != NULL)
			break;
		free(q);
	}
	pthread_mutex_unlock(&lock);
	return q;
}

void
resolve_forget(struct resolve *q)
{
	pthread_mutex_lock(&lock);
	q->owner = NULL;
	pthread_mutex_unlock(&lock);
}
