/* SPDX-License-Identifier: ISC
 * result.c - see result.h. */
#include "result.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const closings[] = {"none", "fin", "rst", "late"};

static char *
copy(const char *s)
{
	size_t n = s == NULL ? 0 : strlen(s);
	char *p = malloc(n + 1);

	if (p == NULL) {
		fputs("proxyspec: out of memory\n", stderr);
		exit(3);
	}
	if (n != 0)
		memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

void
px_result_free(struct px_result *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].what);
		free(r->v[i].field);
		free(r->v[i].wanted);
		free(r->v[i].got);
		free(r->v[i].legs);
	}
	free(r->v);
	memset(r, 0, sizeof *r);
}

/* What counts more than what: an error of the runner says that no verdict of it can be trusted. */
static unsigned
weight(enum px_outcome o)
{
	static const unsigned char w[] = {[PX_O_PASS] = 0,
		[PX_O_INFO] = 1,
		[PX_O_LOOSE] = 2,
		[PX_O_FAIL] = 3,
		[PX_O_CRASH] = 4,
		[PX_O_SKIP] = 5,
		[PX_O_ERROR] = 6,
		[PX_O_XFAIL] = 0,
		[PX_O_XPASS] = 0};

	return w[o];
}

void
px_result_add(struct px_result *r, const struct px_finding *f)
{
	struct px_finding *v = realloc(r->v, (r->n + 1) * sizeof *v);

	if (v == NULL) {
		fputs("proxyspec: out of memory\n", stderr);
		exit(3);
	}
	r->v = v;
	v[r->n] = *f;
	v[r->n].what = copy(f->what);
	v[r->n].field = copy(f->field);
	v[r->n].wanted = copy(f->wanted);
	v[r->n].got = copy(f->got);
	v[r->n].legs = copy(f->legs);
	r->n++;
	if (weight(f->outcome) > weight(r->outcome))
		r->outcome = f->outcome;
}

const char *
px_outcome_name(enum px_outcome o)
{
	static const char *const names[] = {
		"PASS", "INFO", "LOOSE", "FAIL", "SKIP", "ERROR", "CRASH", "XFAIL", "XPASS"};

	return names[o];
}

static void
pack_str(struct px_buf *b, const char *s)
{
	px_put(b, s, strlen(s) + 1);
}

void
px_result_pack(const struct px_result *r, struct px_buf *b)
{
	px_printf(b, "%d %s %u %zu\n", (int)r->outcome, r->closed == NULL ? "none" : r->closed, r->ms, r->n);
	for (size_t i = 0; i < r->n; i++) {
		const struct px_finding *f = &r->v[i];

		px_printf(b, "%u %d %d\n", f->line, (int)f->level, (int)f->outcome);
		pack_str(b, f->what);
		pack_str(b, f->field);
		pack_str(b, f->wanted);
		pack_str(b, f->got);
		pack_str(b, f->legs);
	}
}

/* The numbers of a line at *s; moves it behind the newline. */
static bool
numbers(struct span *s, unsigned *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		v[i] = 0;
		if (s->n == 0 || s->p[0] < '0' || s->p[0] > '9')
			return false;
		for (; s->n != 0 && s->p[0] >= '0' && s->p[0] <= '9'; span_eat(s, 1))
			v[i] = v[i] * 10 + (unsigned)(s->p[0] - '0');
		if (s->n == 0)
			return false;
		span_eat(s, 1);
	}
	return true;
}

static const char *
text(struct span *s)
{
	const uint8_t *e = s->n == 0 ? NULL : memchr(s->p, 0, s->n);
	const char *t = (const char *)s->p;

	if (e == NULL)
		return NULL;
	span_eat(s, (size_t)(e - s->p) + 1);
	return t;
}

bool
px_result_unpack(struct px_result *r, struct span s)
{
	unsigned head[1], tail[2], f[3];

	memset(r, 0, sizeof *r);
	r->closed = closings[0];
	if (!numbers(&s, head, 1) || head[0] > PX_O_XPASS)
		return false;
	for (unsigned i = 0; i < sizeof closings / sizeof *closings; i++)
		if (s.n > strlen(closings[i]) && memcmp(s.p, closings[i], strlen(closings[i])) == 0) {
			r->closed = closings[i];
			span_eat(&s, strlen(closings[i]) + 1);
			break;
		}
	if (!numbers(&s, tail, 2))
		return false;
	for (unsigned i = 0; i < tail[1]; i++) {
		struct px_finding x = {.line = 0};

		if (!numbers(&s, f, 3) || f[1] > PX_INFO || f[2] > PX_O_XPASS)
			return false;
		x.line = f[0];
		x.level = (enum px_level)f[1];
		x.outcome = (enum px_outcome)f[2];
		x.what = (char *)(uintptr_t)text(&s);
		x.field = (char *)(uintptr_t)text(&s);
		x.wanted = (char *)(uintptr_t)text(&s);
		x.got = (char *)(uintptr_t)text(&s);
		x.legs = (char *)(uintptr_t)text(&s);
		if (x.legs == NULL)
			return false;
		px_result_add(r, &x);
	}
	r->outcome = (enum px_outcome)head[0];
	r->ms = tail[0];
	return true;
}
