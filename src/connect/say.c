/* SPDX-License-Identifier: ISC
 * say.c - see say.h. */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "hex.h"

int debug_level;

static void
say(const char *label, const char *fmt, va_list ap)
{
	char line[2048];
	size_t n = strlen(label);
	int r;

	memcpy(line, label, n);
	r = vsnprintf(line + n, sizeof line - n - 1, fmt, ap);
	if (r > 0)
		n = (size_t)r < sizeof line - n - 1 ? n + (size_t)r : sizeof line - 2;
	line[n++] = '\n';
	(void)!write(STDERR_FILENO, line, n);
}

void
say_debug(const char *fmt, ...)
{
	va_list ap;

	if (debug_level == 0)
		return;
	va_start(ap, fmt);
	say("DEBUG: ", fmt, ap);
	va_end(ap);
}

void
say_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("ERROR: ", fmt, ap);
	va_end(ap);
}

void
say_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("FATAL: ", fmt, ap);
	va_end(ap);
}

void
say_plain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

const char *
safe_span(struct span s)
{
	static char ring[4][256];
	static unsigned next;
	char *buf = ring[next++ % 4];
	struct obuf o = ob_over(buf, sizeof ring[0] - 4);

	for (size_t i = 0; i < s.n && !o.over; i++)
		hex_text(&o, span_of(s.p + i, 1), 0);
	memcpy(buf + o.n, o.over ? "..." : "", o.over ? 4 : 1);
	return buf;
}

const char *
safe(const char *s)
{
	return safe_span(span_str(s));
}
