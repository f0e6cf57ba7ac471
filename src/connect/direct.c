/* SPDX-License-Identifier: ISC
 * direct.c - see direct.h.
 * One thing to know: the first entry that matches the name or one of its addresses decides, and what matches none is relayed. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <strings.h>

#include "direct_entry.h"
#include "say.h"

struct direct_entry *
direct_append(struct direct *d)
{
	struct direct_entry *e = realloc(d->e, (d->n + 1) * sizeof *e);

	if (e == NULL) {
		say_fatal("out of memory");
		exit(ST_IO);
	}
	d->e = e;
	memset(&e[d->n], 0, sizeof *e);
	return &e[d->n++];
}

static bool
addr_octets(const struct sockaddr *sa, uint8_t *out, bool *v6)
{
	if (sa->sa_family == AF_INET) {
		memcpy(out, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
		*v6 = false;
		return true;
	}
	if (sa->sa_family != AF_INET6)
		return false;
	memcpy(out, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
	*v6 = !ip4_inside(out);
	if (!*v6)
		memmove(out, out + 12, 4);
	return true;
}

void
direct_add_interfaces(struct direct *d)
{
	struct ifaddrs *all, *i;
	bool v6;

	if (getifaddrs(&all) < 0)
		return;
	for (i = all; i != NULL; i = i->ifa_next) {
		struct direct_entry e = {.no = false};

		if (i->ifa_addr == NULL || i->ifa_netmask == NULL || !addr_octets(i->ifa_addr, e.addr, &v6))
			continue;
		addr_octets(i->ifa_netmask, e.mask, &(bool){false});
		e.kind = v6 ? E_IP6 : E_IP4;
		*direct_append(d) = e;
		say_debug("adding direct addr entry of interface %s", i->ifa_name);
	}
	freeifaddrs(all);
}

static bool
octets_match(const struct direct_entry *e, const uint8_t *a, bool v6)
{
	size_t n = v6 ? 16 : 4, k = 0;

	if (e->kind != (v6 ? E_IP6 : E_IP4))
		return false;
	while (k < n && (a[k] & e->mask[k]) == (e->addr[k] & e->mask[k]))
		k++;
	return k == n;
}

static bool
name_matches(const char *name, const char *entry)
{
	size_t n = strlen(name), len = strlen(entry);

	if (n > 0 && name[n - 1] == '.')
		n--;
	if (n < len || strncasecmp(name + n - len, entry, len) != 0)
		return false;
	return n == len || name[n - len - 1] == '.';
}

/* The octets of a host that is an address; false if it is a name. */
static bool
host_octets(const char *host, uint8_t *a, bool *v6)
{
	struct sockaddr_in6 s6 = {.sin6_family = AF_INET6};
	struct in_addr a4;
	char bare[INET6_ADDRSTRLEN];
	size_t n = strcspn(host, "%"); /* the zone is no part of the network */

	*v6 = false;
	if (inet_aton(host, &a4) != 0) {
		memcpy(a, &a4, 4);
		return true;
	}
	if (n >= sizeof bare)
		return false;
	memcpy(bare, host, n);
	bare[n] = '\0';
	return inet_pton(AF_INET6, bare, &s6.sin6_addr) == 1 &&
	       addr_octets((const struct sockaddr *)&s6, a, v6);
}

static bool
any_addr_matches(const struct direct_entry *e, const struct net_addr *addrs, size_t n)
{
	uint8_t a[16];
	bool v6;

	for (size_t i = 0; i < n; i++)
		if (addr_octets((const struct sockaddr *)&addrs[i].ss, a, &v6) && octets_match(e, a, v6))
			return true;
	return false;
}

enum direct_answer
direct_decide(const struct direct *d, const char *host, const struct net_addr *addrs, size_t n)
{
	uint8_t a[16];
	bool v6, is_addr = host_octets(host, a, &v6);

	for (size_t i = 0; i < d->n; i++) {
		const struct direct_entry *e = &d->e[i];

		if (e->kind == E_ALL || (is_addr && octets_match(e, a, v6)) ||
			(!is_addr && e->kind == E_NAME && name_matches(host, e->name)) ||
			any_addr_matches(e, addrs, n))
			return e->no ? DIRECT_NO : DIRECT_YES;
	}
	return DIRECT_NO_MATCH;
}

void
direct_free(struct direct *d)
{
	free(d->e);
	d->e = NULL;
	d->n = 0;
}
