/* SPDX-License-Identifier: ISC
 * direct.c - see direct.h.
 * Entries: [!]*  [!]name  [!]*.name  [!]10.  [!]192.168.0/24  [!]10.0.0.0/255.0.0.0  [!]2001:db8::/32 */
#include "direct.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <ifaddrs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "say.h"

struct direct_entry {
	bool no; /* "!" */
	enum { E_ALL, E_NAME, E_IP4, E_IP6 } kind;
	uint8_t addr[16], mask[16];
	char name[256];
};

/* RFC 4291 section 2.5.5.2: an IPv4 address as an IPv6 one. */
static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void
mask_bits(uint8_t *mask, unsigned bits)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned here = bits > 8 * i ? bits - 8 * i : 0;
		unsigned octet = here >= 8 ? 0xffu : 0xff00u >> here & 0xffu;

		mask[i] = (uint8_t)octet;
	}
}

/* A decimal number up to max at *s, which moves behind it; -1 if there is none. */
static int
number(const char **s, int max)
{
	int v = 0;
	const char *p = *s;

	if (!isdigit((unsigned char)*p))
		return -1;
	for (; isdigit((unsigned char)*p); p++) {
		v = v * 10 + (*p - '0');
		if (v > max)
			return -1;
	}
	*s = p;
	return v;
}

/* One to four numbers with dots, a final dot allowed; returns how many there are, 0 if malformed. */
static unsigned
octets(const char **s, uint8_t *out)
{
	unsigned n = 0;

	for (;;) {
		int v = number(s, 255);

		if (v < 0 || n == 4)
			return 0;
		out[n++] = (uint8_t)v;
		if (**s != '.')
			return n;
		++*s;
		if (!isdigit((unsigned char)**s))
			return n;
	}
}

static const char *
parse_ip4(const char *s, struct direct_entry *e)
{
	unsigned n = octets(&s, e->addr);
	int bits;

	e->kind = E_IP4;
	if (n == 0)
		return "this is not an IPv4 network";
	mask_bits(e->mask, 8 * n);
	if (*s == '\0')
		return NULL;
	if (*s++ != '/')
		return "this is not an IPv4 network";
	if (strchr(s, '.') != NULL) {
		if (octets(&s, e->mask) != 4 || *s != '\0')
			return "the mask is malformed";
		return NULL;
	}
	bits = number(&s, 32);
	if (bits < 0 || *s != '\0')
		return "the mask is not 0 to 32";
	mask_bits(e->mask, (unsigned)bits);
	return NULL;
}

static const char *
parse_ip6(char *s, struct direct_entry *e)
{
	char *slash = strchr(s, '/'), *end;
	const char *bits_at = slash;
	int bits = 128;

	e->kind = E_IP6;
	if (slash != NULL) {
		*slash = '\0';
		bits_at = slash + 1;
		bits = number(&bits_at, 128);
		if (bits < 0 || *bits_at != '\0')
			return "the prefix length is not 0 to 128";
	}
	end = s + strlen(s);
	if (s[0] == '[' && end[-1] == ']') {
		end[-1] = '\0';
		s++;
	}
	if (inet_pton(AF_INET6, s, e->addr) != 1)
		return "this is not an IPv6 network";
	if (bits >= 96 &&
		memcmp(e->addr, mapped, sizeof mapped) == 0) { /* ::ffff:10.0.0.0/104 is 10.0.0.0/8 */
		e->kind = E_IP4;
		memmove(e->addr, e->addr + sizeof mapped, 4);
		bits -= 96;
	}
	mask_bits(e->mask, (unsigned)bits);
	return NULL;
}

static const char *
parse_name(const char *s, struct direct_entry *e)
{
	size_t n;

	if (strcmp(s, "*") == 0) {
		e->kind = E_ALL;
		return NULL;
	}
	e->kind = E_NAME;
	if (*s == '*')
		s++;
	if (*s == '.')
		s++;
	n = strlen(s);
	if (n > 0 && s[n - 1] == '.')
		n--;
	if (n == 0)
		return "the name is empty";
	if (n >= sizeof e->name)
		return "the name is too long";
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c <= ' ' || c == 0x7f || c == '/' || c == '*' || c == '!')
			return "this is neither a network nor a name";
		e->name[i] = (char)tolower(c);
	}
	return NULL;
}

static struct direct_entry *
append(struct direct *d)
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
parse_entry(struct direct *d, char *s, const char *from)
{
	struct direct_entry *e = append(d);
	char whole[64];
	const char *why;

	snprintf(whole, sizeof whole, "%.63s", s); /* s is changed by the parsers */
	if (*s == '!') {
		e->no = true;
		s++;
	}
	if (*s == '\0')
		why = "nothing follows the !";
	else if (strchr(s, ':') != NULL)
		why = parse_ip6(s, e);
	else if (strspn(s, "0123456789./") == strlen(s))
		why = parse_ip4(s, e);
	else
		why = parse_name(s, e);
	if (why != NULL) {
		d->n--;
		say_error("%s: bad entry '%s': %s", from, safe(whole), why);
		return false;
	}
	say_debug("adding direct %s entry: %s", e->kind == E_NAME || e->kind == E_ALL ? "name" : "addr",
		safe(whole));
	return true;
}

bool
direct_parse(struct direct *d, const char *list, const char *from)
{
	char item[512];
	bool good = true;

	while (*list != '\0') {
		size_t n = strcspn(list, ","), skip = strspn(list, " \t"), end = n;

		while (end > skip && (list[end - 1] == ' ' || list[end - 1] == '\t'))
			end--;
		if (skip < end && end - skip < sizeof item) {
			memcpy(item, list + skip, end - skip);
			item[end - skip] = '\0';
			good &= parse_entry(d, item, from);
		} else if (skip < end) {
			say_error("%s: an entry of %zu characters is too long", from, end - skip);
			good = false;
		}
		list += n + (list[n] == ',');
	}
	return good;
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
	*v6 = memcmp(out, mapped, sizeof mapped) != 0;
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
		*append(d) = e;
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
