/* SPDX-License-Identifier: ISC
 * base64.c - see base64.h. */
#include "base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The octet at position i of a ":" b. */
static unsigned
octet(struct span a, struct span b, size_t i)
{
	if (i < a.n)
		return a.p[i];
	return i == a.n ? ':' : b.p[i - a.n - 1];
}

void
base64_pair(struct obuf *o, struct span a, struct span b)
{
	size_t n = a.n + 1 + b.n;

	for (size_t i = 0; i < n; i += 3) {
		size_t have = n - i < 3 ? n - i : 3;
		unsigned v = octet(a, b, i) << 16;

		if (have > 1)
			v |= octet(a, b, i + 1) << 8;
		if (have > 2)
			v |= octet(a, b, i + 2);
		ob_u8(o, (unsigned char)alphabet[v >> 18 & 63]);
		ob_u8(o, (unsigned char)alphabet[v >> 12 & 63]);
		ob_u8(o, have > 1 ? (unsigned char)alphabet[v >> 6 & 63] : '=');
		ob_u8(o, have > 2 ? (unsigned char)alphabet[v & 63] : '=');
	}
}
