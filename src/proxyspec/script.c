/* SPDX-License-Identifier: ISC
 * script.c - the error list and the names of a trace's parts; see script.h. */
#include "script.h"

#include <stdarg.h>
#include <stdio.h>

char *
px_dup(struct px_arena *a, const char *p, size_t n)
{
	char *s = px_alloc(a, n + 1);

	if (n != 0)
		memcpy(s, p, n);
	return s;
}

void
px_errors_init(struct px_errors *e, struct px_arena *a)
{
	*e = (struct px_errors){.a = a};
	e->end = &e->first;
}

void
px_error(struct px_errors *e, const char *file, unsigned line, const char *fmt, ...)
{
	char buf[600];
	struct px_error *x = px_alloc(e->a, sizeof *x);
	int n = line != 0 ? snprintf(buf, sizeof buf, "%s:%u: ", file, line)
			  : snprintf(buf, sizeof buf, "%s: ", file);
	va_list ap;

	if (n > 0 && (size_t)n < sizeof buf) {
		va_start(ap, fmt);
		vsnprintf(buf + n, sizeof buf - (size_t)n, fmt, ap);
		va_end(ap);
	}
	x->text = px_dup(e->a, buf, strlen(buf));
	*e->end = x;
	e->end = &x->next;
	e->n++;
}

static const char *const levels[] = {
	[PX_L_NONE] = "",
	[PX_MUST] = "MUST",
	[PX_MUST_NOT] = "MUST-NOT",
	[PX_SHOULD] = "SHOULD",
	[PX_SHOULD_NOT] = "SHOULD-NOT",
	[PX_MAY] = "MAY",
	[PX_FMT] = "FMT",
	[PX_CONV] = "CONV",
	[PX_ROBUST] = "ROBUST",
	[PX_INFO] = "INFO",
};

const char *
px_level_name(enum px_level l)
{
	return levels[l];
}

enum px_level
px_level_of(const char *p, size_t n)
{
	for (unsigned i = PX_MUST; i <= PX_INFO; i++)
		if (strlen(levels[i]) == n && memcmp(levels[i], p, n) == 0)
			return (enum px_level)i;
	return PX_L_NONE;
}

enum px_verdict
px_level_verdict(enum px_level l)
{
	switch (l) {
	case PX_SHOULD:
	case PX_SHOULD_NOT:
	case PX_CONV:
	case PX_ROBUST:
		return PX_LOOSE;
	case PX_MAY:
	case PX_INFO:
		return PX_V_INFO;
	default:
		return PX_FAIL;
	}
}

const char *
px_type_name(enum px_type t)
{
	static const char *const names[] = {
		"u8", "u16", "ip4", "ip6", "str8", "strz", "raw", "line", "addr5", "httpbody", "rest"};

	return names[t];
}

const char *
px_event_name(enum px_event e)
{
	static const char *const names[] = {"close", "fin", "rst", "wait", "silent", "retry", "eof", "exit",
		"stdout-empty", "stderr", "skip", "accept", "refuse", "got", "closed", "none", "connect",
		"stdout-close"};

	return names[e];
}

bool
px_has_word(const struct px_text *t, const char *word)
{
	for (; t != NULL; t = t->next)
		if (strcmp(t->s, word) == 0)
			return true;
	return false;
}
