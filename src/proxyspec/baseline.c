/* SPDX-License-Identifier: ISC
 * baseline.c - known verdicts: lines of "ID VERDICT reason"; "#" begins a comment.
 * One thing to know: a FAIL where the baseline says LOOSE is a FAIL still. */
#include "report.h"

#include <errno.h>
#include <stdlib.h>

static struct px_done *
find(struct px_done *v, size_t n, const char *id, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(v[i].c->id) == len && strncmp(v[i].c->id, id, len) == 0)
			return &v[i];
	return NULL;
}

static bool
verdict_of(const char *p, size_t n, enum px_outcome *o)
{
	static const enum px_outcome known[] = {PX_O_FAIL, PX_O_LOOSE, PX_O_CRASH, PX_O_INFO};

	for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
		if (strlen(px_outcome_name(known[i])) == n && strncmp(px_outcome_name(known[i]), p, n) == 0) {
			*o = known[i];
			return true;
		}
	return false;
}

static void
apply(struct px_done *d, enum px_outcome expected, const char *reason)
{
	d->reason = reason;
	if (d->outcome == expected)
		d->outcome = PX_O_XFAIL;
	else if (d->outcome == PX_O_PASS)
		d->outcome = PX_O_XPASS;
}

struct entry {
	const char *id, *reason;
	enum px_outcome verdict;
};

/* One line, without its end.  1: an entry; 0: nothing in it; -1: it cannot be one. */
static int
entry(char *p, struct entry *e)
{
	size_t id = strcspn(p, " \t\r"), gap = strspn(p + id, " \t"), w = strcspn(p + id + gap, " \t\r");
	char *r = p + id + gap + w;

	if (p[0] == '#' || p[strspn(p, " \t\r")] == '\0')
		return 0;
	if (id == 0 || !verdict_of(p + id + gap, w, &e->verdict))
		return -1;
	p[id] = '\0';
	e->id = p;
	r += strspn(r, " \t");
	r[strcspn(r, "\r")] = '\0';
	e->reason = r;
	return 1;
}

/* Each entry to told; false: the file cannot be read, or a line is wrong. */
static bool
each(const char *path, void (*told)(void *, const struct entry *, unsigned line), void *ctx)
{
	size_t len;
	char *text = px_slurp(path, &len), *end;
	unsigned line = 0;
	bool ok = true;

	if (text == NULL) {
		fprintf(stderr, "proxyspec: the baseline %s cannot be read: %s\n", path, strerror(errno));
		return false;
	}
	for (char *p = text; p < text + len; p = end + 1) {
		struct entry e;
		int is;

		end = memchr(p, '\n', (size_t)(text + len - p));
		if (end == NULL)
			end = text + len;
		*end = '\0';
		line++;
		is = entry(p, &e);
		if (is < 0)
			fprintf(stderr,
				"%s:%u: a line is ID VERDICT reason; the verdict is FAIL, LOOSE, INFO or "
				"CRASH\n",
				path, line);
		ok = ok && is >= 0;
		if (is > 0)
			told(ctx, &e, line);
	}
	free(text);
	return ok;
}

struct applied {
	struct px_done *v;
	size_t n;
	struct px_arena *a;
};

static void
apply_entry(void *ctx, const struct entry *e, unsigned line)
{
	struct applied *x = ctx;
	struct px_done *d = find(x->v, x->n, e->id, strlen(e->id));

	(void)line;
	if (d != NULL)
		apply(d, e->verdict, px_dup(x->a, e->reason, strlen(e->reason)));
}

bool
px_baseline(const char *path, struct px_done *v, size_t n, struct px_arena *a)
{
	struct applied x = {v, n, a};

	return each(path, apply_entry, &x);
}

struct checked {
	const char *path;
	const struct px_case *all;
};

static void
check_entry(void *ctx, const struct entry *e, unsigned line)
{
	const struct checked *x = ctx;
	const struct px_case *c = x->all;

	while (c != NULL && strcmp(c->id, e->id) != 0)
		c = c->next;
	if (c == NULL)
		fprintf(stderr, "%s:%u: no trace has this id, the line does nothing: %s\n", x->path, line,
			e->id);
}

bool
px_baseline_check(const char *path, const struct px_case *all)
{
	struct checked x = {path, all};

	return each(path, check_entry, &x);
}
