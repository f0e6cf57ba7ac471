/* SPDX-License-Identifier: ISC
 * resolve.h - names to addresses, by the system's resolver or by asking one name server.
 * One thing to know: a literal never asks anybody. */
#ifndef CONNECT_RESOLVE_H
#define CONNECT_RESOLVE_H

#include "net.h"

#define ADDRS_MAX 32

struct addrs {
	struct net_addr a[ADDRS_MAX];
	size_t n;
};

/* All addresses of host, in the order in which they are to be tried.  ns: the name server to ask, or NULL.
 * Returns NULL, or why not, in words; a wait that reaches deadline is "timed out". */
const char *resolve(
	const char *host, uint16_t port, const struct net_addr *ns, int64_t deadline, struct addrs *out);

/* RFC 8305 section 4: the families take turns, beginning with that of the first address.  Part of resolve(). */
void addrs_interleave(struct addrs *);

/* host is an address in full form: its octets and kind (4 or 6), else 0. */
int literal(const char *host, uint8_t addr[16]);

/* Is a an IPv4 (4) or IPv6 (6) address?  Its octets. */
int addr_bytes(const struct net_addr *a, uint8_t addr[16]);

/* The socket address of 4 octets (kind 4) or 16. */
void addr_set(struct net_addr *out, int kind, const uint8_t *addr, uint16_t port);

/* "ADDR", "ADDR:PORT", "[V6]:PORT" as a socket address; false if it is none. */
bool addr_parse(const char *s, uint16_t default_port, struct net_addr *out);

/* nsq.c: the addresses of this type in a DNS message of n >= 12 octets (RFC 1035 section 4). */
void nsq_collect(const uint8_t *m, size_t n, int type, uint16_t port, struct addrs *out);

/* nsq.c: ask the name server ns for the addresses of host; as resolve(). */
const char *nsq_lookup(
	const struct net_addr *ns, const char *host, uint16_t port, int64_t deadline, struct addrs *out);

#endif
