/* SPDX-License-Identifier: ISC
 * resolve.h - names to addresses by getaddrinfo(3), in threads of its own so that nobody waits for another's name.
 * One thing to know: the threads start with the first name; numeric addresses never come here. */
#ifndef FP_RESOLVE_H
#define FP_RESOLVE_H

#include "net.h"

#define RESOLVE_MAX 8 /* addresses of one name that are tried */

struct resolve {
	struct resolve *next;
	char host[256];
	uint16_t port;
	void *owner; /* NULL: nobody waits any more */
	struct net_addr addr[RESOLVE_MAX];
	int n, err; /* err: 0 or an EAI_ code */
};

/* Make the queue.  Returns a descriptor that is readable when answers are there, or -1. */
int resolve_open(void);

/* Ask.  NULL: no memory, no thread. */
struct resolve *resolve_ask(const char *host, uint16_t port, void *owner);

/* The next answer that somebody waits for, or NULL; it belongs to the caller (free). */
struct resolve *resolve_answer(void);

/* The owner goes away. */
void resolve_forget(struct resolve *);

#endif
