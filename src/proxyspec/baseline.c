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

bool
px_baseline(const char *path, struct px_done *v, size_t n, struct px_arena *a)
{
	size_t len;
	char *text = px_slurp(path, &len), *p, *end;
	unsigned line = 0;
	bool ok = true;

	if (text == NULL) {
		fprintf(stderr, "proxyspec: the baseline %s cannot be read: %s\n", path, strerror(errno));
		return false;
	}
	for (p = text; p < text + len; p = end + 1) {
		size_t id, w, gap;
		enum px_outcome o;
		struct px_done *d;

		end = memchr(p, '\n', (size_t)(text + len - p));
		if (end == NULL)
			end = text + len;
		*end = '\0';
		line++;
		id = strcspn(p, " \t");
		if (p[0] == '#' || p[strspn(p, " \t\r")] == '\0')
			continue;
		gap = strspn(p + id, " \t");
		w = strcspn(p + id + gap, " \t\r");
		if (!verdict_of(p + id + gap, w, &o)) {
			fprintf(stderr,
				"%s:%u: a line is ID VERDICT reason; the verdict is FAIL, LOOSE, INFO or "
				"CRASH\n",
				path, line);
			ok = false;
			continue;
		}
		d = find(v, n, p, id);
		if (d == NULL)
			continue;
		p += id + gap + w;
		p += strspn(p, " \t");
		apply(d, o, px_dup(a, p, strlen(p)));
	}
	free(text);
	return ok;
}
