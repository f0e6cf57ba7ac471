/* SPDX-License-Identifier: ISC
 * report_tap.c - TAP version 14 (testanything.org, "TAP 14 specification").
 * One thing to know: XFAIL is "not ok # TODO", which harnesses count as known; LOOSE and INFO are "ok", and the YAML
 * below each line has the verdict. */
#include "report.h"

static void
key(FILE *f, const char *indent, const char *name, const char *text)
{
	fprintf(f, "%s%s: ", indent, name);
	px_print_quoted(f, text);
	putc('\n', f);
}

/* "#" begins a directive in a description, and a backslash escapes. */
static void
words(FILE *f, const char *s)
{
	unsigned long c;

	while (s != NULL && *s != '\0') {
		size_t n = px_char(s, &c);

		if (n == 0) {
			fprintf(f, "\\\\x%02x", (unsigned char)*s++);
			continue;
		}
		if (c == '#' || c == '\\')
			putc('\\', f);
		fwrite(s, 1, n, f);
		s += n;
	}
}

static void
findings(FILE *f, const struct px_done *d)
{
	fputs("  findings:\n", f);
	for (size_t i = 0; i < d->worst->res.n; i++) {
		const struct px_finding *x = &d->worst->res.v[i];

		fprintf(f, "    - line: %u\n      level: %s\n      verdict: %s\n", x->line,
			px_level_name(x->level), px_outcome_name(x->outcome));
		key(f, "      ", "what", x->what);
		key(f, "      ", "field", x->field);
		key(f, "      ", "wanted", x->wanted);
		key(f, "      ", "got", x->got);
		key(f, "      ", "legs", x->legs);
	}
}

static void
diagnostics(FILE *f, const struct px_report *r, const struct px_done *d)
{
	struct px_buf b = {NULL, 0, 0};

	fprintf(f, "  ---\n  verdict: %s\n", px_outcome_name(d->outcome));
	key(f, "  ", "file", (d->held_by != NULL ? d->held_by : d->c)->file);
	if (d->reason != NULL)
		key(f, "  ", "reason", d->reason);
	if (d->worst != NULL && d->worst->res.n != 0) {
		px_again_command(&b, r, d);
		px_put(&b, "", 1);
		key(f, "  ", "again", (const char *)b.p);
		px_buf_free(&b);
		findings(f, d);
	}
	fputs("  ...\n", f);
}

void
px_report_tap(FILE *f, const struct px_report *r)
{
	fprintf(f, "TAP version 14\n1..%zu\n", r->n);
	for (size_t i = 0; i < r->n; i++) {
		const struct px_done *d = &r->v[i];
		bool known = d->outcome == PX_O_XFAIL;

		fprintf(f, "%s %zu - ", known || px_failed(r, d->outcome) ? "not ok" : "ok", i + 1);
		words(f, d->c->id);
		if (known || d->outcome == PX_O_SKIP) {
			fputs(known ? " # TODO " : " # SKIP ", f);
			words(f, d->reason);
		}
		putc('\n', f);
		if (d->outcome != PX_O_PASS && d->outcome != PX_O_SKIP)
			diagnostics(f, r, d);
	}
	putc('#', f);
	for (unsigned o = PX_O_PASS; o <= PX_O_XPASS; o++)
		fprintf(f, " %s %u", px_outcome_name((enum px_outcome)o), r->count[o]);
	putc('\n', f);
}
