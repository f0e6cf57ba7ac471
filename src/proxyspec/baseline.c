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
	if (d->outcome != expected && d->outcome != PX_O_PASS)
		return;
	d->reason = reason;
	if (d->outcome == expected)
		d->outcome = PX_O_XFAIL;
	else
		d->outcome = PX_O_XPASS;
}

/* One line, without its end.  1: an entry; 0: nothing in it; -1: it cannot be one. */
static int
entry(const char *p, struct px_known *e, struct px_arena *a)
{
	size_t id = strcspn(p, " \t\r"), gap = strspn(p + id, " \t"), w = strcspn(p + id + gap, " \t\r");
	const char *r = p + id + gap + w;

	if (p[0] == '#' || p[strspn(p, " \t\r")] == '\0')
		return 0;
	if (id == 0 || !verdict_of(p + id + gap, w, &e->verdict))
		return -1;
	e->id = px_dup(a, p, id);
	r += strspn(r, " \t");
	e->reason = px_dup(a, r, strcspn(r, "\r"));
	return 1;
}

bool
px_baseline_read(const char *path, struct px_known **list, struct px_arena *a)
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
		struct px_known *e = px_alloc(a, sizeof *e);
		int is;

		end = memchr(p, '\n', (size_t)(text + len - p));
		if (end == NULL)
			end = text + len;
		*end = '\0';
		e->line = ++line;
		is = entry(p, e, a);
		if (is < 0)
			fprintf(stderr,
				"%s:%u: a line is ID VERDICT reason; the verdict is FAIL, LOOSE, INFO or "
				"CRASH\n",
				path, line);
		ok = ok && is >= 0;
		if (is > 0) {
			*list = e;
			list = &e->next;
		}
	}
	free(text);
	return ok;
}

void
px_baseline_warn(const char *path, const struct px_known *list, const struct px_case *all)
{
	for (; list != NULL; list = list->next) {
		const struct px_case *c = all;

		while (c != NULL && strcmp(c->id, list->id) != 0)
			c = c->next;
		if (c != NULL)
			continue;
		fprintf(stderr, "%s:%u: no trace has this id, the line does nothing: ", path, list->line);
		px_say(stderr, list->id);
	}
}

void
px_baseline(const struct px_known *list, struct px_done *v, size_t n)
{
	for (; list != NULL; list = list->next) {
		struct px_done *d = find(v, n, list->id, strlen(list->id));

		if (d != NULL)
			apply(d, list->verdict, list->reason);
	}
}
