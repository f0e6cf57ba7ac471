/* SPDX-License-Identifier: ISC
 * report.c - the terminal report: grouped by cause, with what was wanted, what came, and how to repeat it. */
#include "report.h"

#include <stdlib.h>

#define SHOWN 3	  /* cases of one cause that are shown in full */
#define INDENT 16 /* of the texts, behind their labels */

/* Words at p, at most up to the width of the terminal a line. */
static void
wrapped(FILE *f, const struct px_report *r, const char *p, size_t n)
{
	struct px_buf b = {NULL, 0, 0};
	size_t col = INDENT;

	px_put_safe(&b, p, n);
	for (size_t i = 0; i < b.n;) {
		size_t k = i, chars = 0;
		bool blank = b.p[i] == ' ';

		while (k < b.n && (b.p[k] != ' ' || blank)) { /* blanks, then a word */
			chars += (b.p[k] & 0xc0) != 0x80 ? 1 : 0;
			k++;
			blank = blank && k < b.n && b.p[k] == ' ';
		}
		if (r->width > INDENT + 20 && col + chars > r->width && col > INDENT) {
			fprintf(f, "\n%*s", INDENT, "");
			for (; i < k && b.p[i] == ' '; i++)
				chars--;
			col = INDENT;
		}
		fwrite(b.p + i, 1, k - i, f);
		col += chars;
		i = k;
	}
	putc('\n', f);
	px_buf_free(&b);
}

/* A text may have several lines; those after the first one stand below it. */
static void
labelled(FILE *f, const struct px_report *r, const char *label, const char *text)
{
	const char *first = text;

	while (text != NULL && *text != '\0') {
		size_t n = strcspn(text, "\n");

		fprintf(f, "        %-8s", text == first ? label : "");
		wrapped(f, r, text, n);
		text += n + (text[n] == '\n' ? 1 : 0);
	}
}

static void
one_finding(FILE *f, const struct px_report *r, const struct px_done *d, const struct px_finding *x)
{
	struct px_buf b = {NULL, 0, 0};

	px_puts(&b, (d->held_by != NULL ? d->held_by : d->c)->file);
	if (x->line != 0)
		px_printf(&b, ":%u", x->line);
	px_printf(&b, "  %s  %s%s%s", px_level_name(x->level), x->field, x->field[0] ? ": " : "", x->what);
	px_put(&b, "", 1);
	labelled(f, r, "at", (const char *)b.p);
	labelled(f, r, "wanted", x->wanted);
	labelled(f, r, "got", x->got);
	labelled(f, r, "legs", x->legs);
	px_buf_free(&b);
}

static void
again(FILE *f, const struct px_report *r, const struct px_done *d)
{
	struct px_buf b = {NULL, 0, 0};

	px_again_command(&b, r, d);
	px_put(&b, "", 1);
	fputs("        again   ", f); /* never broken: it is there to be copied */
	px_print_safe(f, (const char *)b.p);
	putc('\n', f);
	px_buf_free(&b);
}

static void
one_case(FILE *f, const struct px_report *r, const struct px_done *d)
{
	char mode[24];

	fprintf(f, "    %s", d->c->id);
	if (d->n > 1 || d->worst->how.delivery != PX_D_WHOLE)
		fprintf(f, "  (delivery %s%s)", px_mode_text(&d->worst->how, mode),
			d->differs ? "; the verdict depends on it" : "");
	fprintf(f, "  closed: %s\n", d->worst->res.closed);
	labelled(f, r, "is", d->c->title);
	for (const struct px_text *t = d->c->spec; t != NULL; t = t->next)
		labelled(f, r, "spec", t->s);
	labelled(f, r, "why", d->c->why);
	for (const struct px_text *t = d->c->note; t != NULL; t = t->next)
		labelled(f, r, "note", t->s);
	if (d->outcome == PX_O_XFAIL)
		labelled(f, r, "known", d->reason);
	for (size_t i = 0; i < d->worst->res.n; i++)
		one_finding(f, r, d, &d->worst->res.v[i]);
	again(f, r, d);
}

static bool
same_cause(const struct px_done *a, const struct px_done *b)
{
	const struct px_finding *x = px_main_finding(a), *y = px_main_finding(b);

	return a->outcome == b->outcome && x != NULL && y != NULL && strcmp(x->what, y->what) == 0 &&
	       strcmp(x->field, y->field) == 0;
}

/* Cases that were not played share what the sanity case saw: it is told once. */
static void
held(FILE *f, const struct px_report *r, const struct px_done *d)
{
	labelled(f, r, "is", "not played: without the plain case no other verdict means anything");
	one_finding(f, r, d, px_main_finding(d));
	again(f, r, d);
}

static void
group(FILE *f, const struct px_report *r, enum px_outcome o)
{
	bool *told = calloc(r->n + 1, sizeof *told);

	for (size_t i = 0; told != NULL && i < r->n; i++) {
		const struct px_done *d = &r->v[i];
		const struct px_finding *x = px_main_finding(d);
		unsigned shown = 0, all = 0;

		if (told[i] || d->outcome != o || x == NULL)
			continue;
		for (size_t k = i; k < r->n; k++)
			all += same_cause(d, &r->v[k]) ? 1 : 0;
		fprintf(f, "\n%s  ", px_outcome_name(o));
		px_print_safe(f, x->field);
		fputs(x->field[0] ? ": " : "", f);
		px_print_safe(f, x->what);
		fprintf(f, "  (%u case%s)\n", all, all == 1 ? "" : "s");
		if (d->held_by != NULL)
			held(f, r, d);
		for (size_t k = i; k < r->n; k++) {
			if (told[k] || !same_cause(d, &r->v[k]))
				continue;
			told[k] = true;
			if (d->held_by == NULL && (shown++ < SHOWN || r->o->verbose))
				one_case(f, r, &r->v[k]);
			else
				fprintf(f, "    %s\n", r->v[k].c->id);
		}
	}
	free(told);
}

/* Cases that pass although the baseline knows better have no finding. */
static void
passed_after_all(FILE *f, const struct px_report *r)
{
	if (r->count[PX_O_XPASS] != 0)
		fputs("\nXPASS  passes, although the baseline says otherwise: its line can go\n", f);
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].outcome == PX_O_XPASS) {
			fprintf(f, "    %s\n", r->v[i].c->id);
			labelled(f, r, "known", r->v[i].reason);
		}
}

static unsigned
skips(const struct px_report *r, const char *reason)
{
	unsigned n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].outcome == PX_O_SKIP && r->v[i].reason != NULL &&
			strcmp(r->v[i].reason, reason) == 0)
			n++;
	return n;
}

/* The reasons, that with the most cases first. */
static void
skipped(FILE *f, const struct px_report *r)
{
	unsigned below = (unsigned)r->n + 1;

	while (below > 1) {
		unsigned most = 0;

		for (size_t i = 0; i < r->n; i++) {
			unsigned k = r->v[i].outcome == PX_O_SKIP && r->v[i].reason != NULL
					     ? skips(r, r->v[i].reason)
					     : 0;

			most = k < below && k > most ? k : most;
		}
		for (size_t i = 0; i < r->n && most != 0; i++) {
			bool before = false;

			if (r->v[i].outcome != PX_O_SKIP || r->v[i].reason == NULL ||
				skips(r, r->v[i].reason) != most)
				continue;
			for (size_t k = 0; k < i; k++)
				before = before || (r->v[k].outcome == PX_O_SKIP && r->v[k].reason != NULL &&
							   strcmp(r->v[k].reason, r->v[i].reason) == 0);
			if (before)
				continue;
			fprintf(f, "SKIP  %4u: ", most);
			px_print_safe(f, r->v[i].reason);
			putc('\n', f);
		}
		below = most;
	}
	if (r->count[PX_O_SKIP] != 0)
		fputs("      --can WORD declares what the subject has besides\n", f);
}

static void
by_level(FILE *f, const struct px_report *r)
{
	for (unsigned l = PX_MUST; l <= PX_INFO; l++) {
		unsigned n[PX_O_XPASS + 1] = {0}, all = 0;

		for (size_t i = 0; i < r->n; i++)
			if (r->v[i].c->level == (enum px_level)l && r->v[i].outcome != PX_O_SKIP) {
				n[r->v[i].outcome]++;
				all++;
			}
		if (all == 0)
			continue;
		fprintf(f, "  %-11s%4u played", px_level_name((enum px_level)l), all);
		for (unsigned o = PX_O_PASS; o <= PX_O_XPASS; o++)
			if (n[o] != 0)
				fprintf(f, "  %s %u", px_outcome_name((enum px_outcome)o), n[o]);
		putc('\n', f);
	}
}

static void
closings(FILE *f, const struct px_report *r)
{
	static const char *const names[] = {"fin", "rst", "late", "none"};

	fputs("  how the other side closed:", f);
	for (unsigned k = 0; k < 4; k++) {
		unsigned n = 0;

		for (size_t i = 0; i < r->n; i++)
			for (size_t j = 0; j < r->v[i].n; j++)
				n += r->v[i].jobs[j].res.closed != NULL &&
						     strcmp(r->v[i].jobs[j].res.closed, names[k]) == 0
					     ? 1
					     : 0;
		fprintf(f, "  %s %u", names[k], n);
	}
	putc('\n', f);
}

/* A FAIL that almost everybody shares must not hide the others. */
static unsigned
widely_unmet(const struct px_report *r)
{
	unsigned n = 0;

	for (size_t i = 0; i < r->n; i++)
		for (const struct px_text *t = r->v[i].c->note; t != NULL; t = t->next)
			if (r->v[i].outcome == PX_O_FAIL && strstr(t->s, "widely-unmet") != NULL) {
				n++;
				break;
			}
	return n;
}

void
px_report_terminal(FILE *f, const struct px_report *r)
{
	static const enum px_outcome told[] = {
		PX_O_INFO, PX_O_LOOSE, PX_O_XFAIL, PX_O_ERROR, PX_O_CRASH, PX_O_FAIL};
	unsigned runs = 0;

	for (size_t i = 0; i < r->n; i++)
		runs += (unsigned)r->v[i].n;
	if (!r->o->quiet) {
		skipped(f, r);
		for (size_t i = 0; i < sizeof told / sizeof *told; i++)
			group(f, r, told[i]);
		passed_after_all(f, r);
	}
	fprintf(f, "\n%s ", r->o->command);
	px_print_safe(f, r->subject);
	fprintf(f, ": %zu case%s, %u run%s, %u.%03u s\n ", r->n, r->n == 1 ? "" : "s", runs,
		runs == 1 ? "" : "s", r->ms / 1000, r->ms % 1000);
	for (unsigned o = PX_O_PASS; o <= PX_O_XPASS; o++)
		if (r->count[o] != 0 || o <= PX_O_SKIP)
			fprintf(f, " %s %u", px_outcome_name((enum px_outcome)o), r->count[o]);
	if (widely_unmet(r) != 0)
		fprintf(f, "  (%u of the FAILs widely unmet)", widely_unmet(r));
	putc('\n', f);
	if (!r->o->quiet) {
		by_level(f, r);
		closings(f, r);
	}
}
