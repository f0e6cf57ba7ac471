/* SPDX-License-Identifier: ISC
 * direct_list.c - reads a list of entries for direct.c; see direct.h.
 * Entries: [!]*  [!]name  [!]*.name  [!]10.  [!]192.168.0/24  [!]10.0.0.0/255.0.0.0  [!]2001:db8::/32 */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "direct_entry.h"
#include "say.h"

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

static bool
copy_text(char *to, size_t cap, const char *from, size_t n)
{
	if (n >= cap)
		return false;
	memcpy(to, from, n);
	to[n] = '\0';
	return true;
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
parse_ip6(const char *s, struct direct_entry *e)
{
	size_t n = strcspn(s, "/");
	const char *slash = s + n;
	char bare[INET6_ADDRSTRLEN];
	int bits = 128;

	e->kind = E_IP6;
	if (*slash++ == '/') {
		bits = number(&slash, 128);
		if (bits < 0 || *slash != '\0')
			return "the prefix length is not 0 to 128";
	}
	if (n >= 2 && s[0] == '[' && s[n - 1] == ']') {
		s++;
		n -= 2;
	}
	if (!copy_text(bare, sizeof bare, s, n) || inet_pton(AF_INET6, bare, e->addr) != 1)
		return "this is not an IPv6 network";
	if (bits >= 96 && ip4_inside(e->addr)) { /* ::ffff:10.0.0.0/104 is 10.0.0.0/8 */
		e->kind = E_IP4;
		memmove(e->addr, e->addr + 12, 4);
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

static bool
parse_entry(struct direct *d, const char *whole, const char *from)
{
	struct direct_entry *e = direct_append(d);
	const char *s = whole, *why;

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
		if (skip < end && copy_text(item, sizeof item, list + skip, end - skip)) {
			good &= parse_entry(d, item, from);
		} else if (skip < end) {
			say_error("%s: an entry of %zu characters is too long", from, end - skip);
			good = false;
		}
		list += n + (list[n] == ',');
	}
	return good;
}
