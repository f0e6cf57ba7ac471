/* SPDX-License-Identifier: ISC
 * direct_entry.h - an entry of a list of direct targets, between direct_list.c, which reads it, and direct.c, which asks it. */
#ifndef CONNECT_DIRECT_ENTRY_H
#define CONNECT_DIRECT_ENTRY_H

#include "direct.h"

#include <stdint.h>
#include <string.h>

struct direct_entry {
	bool no; /* "!" */
	enum { E_ALL, E_NAME, E_IP4, E_IP6 } kind;
	uint8_t addr[16], mask[16];
	char name[256];
};

/* One more, zeroed; ends the program if there is no memory. */
struct direct_entry *direct_append(struct direct *);

/* RFC 4291 section 2.5.5.2: are the last four octets an IPv4 address that is written as an IPv6 one? */
static inline bool
ip4_inside(const uint8_t addr[16])
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	return memcmp(addr, mapped, sizeof mapped) == 0;
}

#endif
