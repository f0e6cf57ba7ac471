/* SPDX-License-Identifier: ISC
 * direct.h - lists of targets that are reached without the proxy: names, IPv4 and IPv6 networks, "!" for the contrary.
 * One thing to know: the first entry that matches decides; nothing is resolved to decide it. */
#ifndef CONNECT_DIRECT_H
#define CONNECT_DIRECT_H

#include <stdbool.h>
#include <stddef.h>

#include "net.h"

enum direct_answer { DIRECT_NO_MATCH, DIRECT_YES, DIRECT_NO };

struct direct_entry;

struct direct {
	struct direct_entry *e;
	size_t n;
};

/* Append the entries of a comma list.  Returns false after the faulty entry was said. */
bool direct_parse(struct direct *, const char *list, const char *from);

/* Append the networks of this machine's interfaces. */
void direct_add_interfaces(struct direct *);

/* host as the user gave it, and n addresses that it was resolved to here.  A name meets name entries, an address (also in
 * inet_aton's short forms) and those it was resolved to meet address entries, in the order of the entries. */
enum direct_answer direct_decide(
	const struct direct *, const char *host, const struct net_addr *addrs, size_t n);

void direct_free(struct direct *);

#endif
