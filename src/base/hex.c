/* SPDX-License-Identifier: ISC
 * hex.c - see hex.h. */
#include "hex.h"

static const char digits[] = "0123456789abcdef";

static void
put_byte(struct obuf *o, uint8_t b)
{
	ob_u8(o, (unsigned char)digits[b >> 4]);
	ob_u8(o, (unsigned char)digits[b & 15]);
}

void
hex_spaced(struct obuf *o, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (i != 0)
			ob_u8(o, ' ');
		put_byte(o, s.p[i]);
	}
}

static void
put_escaped(struct obuf *o, uint8_t c)
{
	switch (c) {
	case '\t':
		ob_str(o, "\\t");
		break;
	case '\r':
		ob_str(o, "\\r");
		break;
	case '\n':
		ob_str(o, "\\n");
		break;
	case '\\':
		ob_str(o, "\\\\");
		break;
	default:
		ob_str(o, "\\x");
		put_byte(o, c);
		break;
	}
}

void
hex_text(struct obuf *o, struct span s, char quote)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (quote != 0 && c == (uint8_t)quote) {
			ob_u8(o, '\\');
			ob_u8(o, c);
		} else if (c < 0x20 || c > 0x7e || c == '\\') {
			put_escaped(o, c);
		} else {
			ob_u8(o, c);
		}
	}
}

int
hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}
