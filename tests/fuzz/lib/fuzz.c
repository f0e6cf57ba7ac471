/* SPDX-License-Identifier: ISC
 * fuzz.c - see fuzz.h. */
#include "fuzz.h"

#include <stdarg.h>

void
fuzz_broken(const char *file, int line, const char *what, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: does not hold: %s: ", file, line, what);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

unsigned
fuzz_u8(struct span *in)
{
	unsigned v = in->n > 0 ? in->p[0] : 0;

	if (in->n > 0)
		span_eat(in, 1);
	return v;
}

struct span
fuzz_part(struct span *in)
{
	const uint8_t *sep = in->n < 3 ? NULL : memmem(in->p, in->n, "\xfe\xfd\xfe", 3);
	struct span s = *in;

	if (sep == NULL) {
		*in = span_of(NULL, 0);
		return s;
	}
	s.n = (size_t)(sep - in->p);
	span_eat(in, s.n + 3);
	return s;
}

char *
fuzz_string(struct span s)
{
	char *text = malloc(s.n + 1);

	if (text == NULL)
		abort();
	if (s.n > 0)
		memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return text;
}

uint8_t *
fuzz_exact(struct span s)
{
	uint8_t *p = malloc(s.n > 0 ? s.n : 1);

	if (p == NULL)
		abort();
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return p;
}

uint32_t
fuzz_hash(struct span s)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ s.p[i]) * 16777619u;
	return h;
}
