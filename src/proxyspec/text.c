/* SPDX-License-Identifier: ISC
 * text.c - see text.h.
 * One thing to know: the direction marks of Unicode are escaped as well, they change what a reader sees. */
#include "text.h"

static bool
obeyed(unsigned long c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200e && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff ||
	       (c & 0xfffe) == 0xfffe;
}

size_t
px_char(const char *s, unsigned long *which)
{
	static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)s;
	size_t n = p[0] < 0x80			 ? 1
		   : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
		   : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
		   : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
						 : 0;
	unsigned long c = n == 1 ? p[0] : p[0] & (0x7fu >> n);

	for (size_t i = 1; i < n; i++) { /* the NUL at the end is no continuation */
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (n == 0 || c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) || obeyed(c))
		return 0;
	*which = c;
	return n;
}

void
px_put_safe(struct px_buf *b, const char *s, size_t n)
{
	unsigned long c;

	for (size_t i = 0; i < n;) {
		size_t k = px_char(s + i, &c);

		if (k != 0)
			px_put(b, s + i, k);
		else if (s[i] == '\t')
			px_puts(b, " ");
		else
			px_printf(b, "\\x%02x", (unsigned char)s[i]);
		i += k != 0 ? k : 1;
	}
}

void
px_print_safe(FILE *f, const char *s)
{
	struct px_buf b = {NULL, 0, 0};

	px_put_safe(&b, s, strlen(s));
	if (b.n != 0)
		fwrite(b.p, 1, b.n, f);
	px_buf_free(&b);
}

void
px_say(FILE *f, const char *s)
{
	px_print_safe(f, s);
	putc('\n', f);
}

void
px_print_quoted(FILE *f, const char *s)
{
	unsigned long c;

	putc('"', f);
	while (s != NULL && *s != '\0') {
		size_t n = px_char(s, &c);

		if (*s == '\n')
			fputs("\\n", f);
		else if (n == 0)
			fprintf(f, "\\\\x%02x", (unsigned char)*s);
		else if (c == '"' || c == '\\')
			fprintf(f, "\\%c", (int)c);
		else
			fwrite(s, 1, n, f);
		s += n == 0 ? 1 : n;
	}
	putc('"', f);
}
