/* SPDX-License-Identifier: ISC
 * report.c - the terminal report: grouped by cause, with what was wanted, what came, and how to repeat it. */
#include "report.h"

#include <stdlib.h>

#define SHOWN 6 /* cases of one cause that are shown in full */

void
px_print_safe(FILE *f, const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f && c < 0x80))
			putc(c, f);
		else if (c >= 0xa0 || (c >= 0x80 && s[0] != '\0'))
			putc(c, f); /* UTF-8 of a trace's own words */
		else
			fprintf(f, "\\x%02x", c);
	}
}

static bool
plain(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@,%+{}",
			    *s) == NULL)
			return false;
	return true;
}

static void
put_word(struct px_buf *b, const char *s)
{
	px_puts(b, " ");
	if (plain(s)) {
		px_puts(b, s);
		return;
	}
	px_puts(b, "'");
	for (; *s != '\0'; s++)
		if (*s == '\'')
			px_puts(b, "'\\''");
		else
			px_put(b, s, 1);
	px_puts(b, "'");
}

/* Options that select or report are replaced; those that say what is tested stay. */
static bool
dropped(const char *arg, bool *value)
{
	static const char *const names[] = {"--case", "--protocol", "--section", "--level", "--delivery",
		"--baseline", "--tap", "--junit", "--json", "--jobs"};
	size_t n = strcspn(arg, "=");

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == n && strncmp(names[i], arg, n) == 0) {
			*value = arg[n] != '=';
			return true;
		}
	*value = false;
	return false;
}

void
px_again_command(struct px_buf *b, const struct px_report *r, const struct px_done *d)
{
	char mode[24];
	bool value, told = false;

	px_puts(b, r->o->self);
	for (int i = 1; i < r->o->argc; i++) {
		const char *a = r->o->argv[i];

		if (strcmp(a, "--") == 0 && !told) {
			px_printf(b, " --case %s", d->c->id);
			if (d->worst != NULL && d->worst->how.delivery != PX_D_WHOLE)
				px_printf(b, " --delivery %s", px_mode_text(&d->worst->how, mode));
			told = true;
		}
		if (!told && dropped(a, &value)) {
			i += value ? 1 : 0;
			continue;
		}
		put_word(b, a);
	}
	if (!told) {
		px_printf(b, " --case %s", d->c->id);
		if (d->worst != NULL && d->worst->how.delivery != PX_D_WHOLE)
			px_printf(b, " --delivery %s", px_mode_text(&d->worst->how, mode));
	}
}

static const struct px_finding *
main_finding(const struct px_done *d)
{
	const struct px_result *r;

	if (d->worst == NULL || d->worst->res.n == 0)
		return NULL;
	r = &d->worst->res;
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].outcome == r->outcome)
			return &r->v[i];
	return &r->v[0];
}

static bool
same_cause(const struct px_done *a, const struct px_done *b)
{
	const struct px_finding *x = main_finding(a), *y = main_finding(b);

	return a->outcome == b->outcome && x != NULL && y != NULL && strcmp(x->what, y->what) == 0 &&
	       strcmp(x->field, y->field) == 0;
}

static void
labelled(FILE *f, const char *label, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	fprintf(f, "        %-8s", label);
	px_print_safe(f, text);
	putc('\n', f);
}

static void
one_finding(FILE *f, const struct px_done *d, const struct px_finding *x)
{
	fprintf(f, "      %s:%u  %s%s%s\n", d->c->file, x->line, px_level_name(x->level),
		x->field[0] ? "  " : "", x->field);
	labelled(f, "", x->what);
	labelled(f, "wanted", x->wanted);
	labelled(f, "got", x->got);
	if (x->legs[0] != '\0') {
		fputs("        else on the legs:\n", f);
		for (const char *p = x->legs; *p != '\0';) {
			size_t n = strcspn(p, "\n");

			fprintf(f, "        %.*s\n", (int)n, p);
			p += n + (p[n] == '\n' ? 1 : 0);
		}
	}
}

static void
one_case(FILE *f, const struct px_report *r, const struct px_done *d)
{
	struct px_buf b = {NULL, 0, 0};
	char mode[24];

	fprintf(f, "    %s", d->c->id);
	if (d->n > 1 || d->worst->how.delivery != PX_D_WHOLE)
		fprintf(f, "  (delivery %s%s)", px_mode_text(&d->worst->how, mode),
			d->differs ? "; the verdict depends on it" : "");
	fprintf(f, "  closed: %s\n", d->worst->res.closed);
	labelled(f, "is", d->c->title);
	for (const struct px_text *t = d->c->spec; t != NULL; t = t->next)
		labelled(f, "spec", t->s);
	labelled(f, "why", d->c->why);
	for (const struct px_text *t = d->c->note; t != NULL; t = t->next)
		labelled(f, "note", t->s);
	for (size_t i = 0; i < d->worst->res.n; i++)
		one_finding(f, d, &d->worst->res.v[i]);
	px_again_command(&b, r, d);
	px_put(&b, "", 1);
	labelled(f, "again", (const char *)b.p);
	px_buf_free(&b);
}

static void
group(FILE *f, const struct px_report *r, enum px_outcome o)
{
	bool *told = calloc(r->n + 1, sizeof *told);

	for (size_t i = 0; told != NULL && i < r->n; i++) {
		const struct px_finding *x = main_finding(&r->v[i]);
		unsigned shown = 0, all = 0;

		if (told[i] || r->v[i].outcome != o || x == NULL)
			continue;
		for (size_t k = i; k < r->n; k++)
			all += same_cause(&r->v[i], &r->v[k]) ? 1 : 0;
		fprintf(f, "\n%s  %s%s%s  (%u case%s)\n", px_outcome_name(o), x->field,
			x->field[0] ? ": " : "", x->what, all, all == 1 ? "" : "s");
		for (size_t k = i; k < r->n; k++) {
			if (told[k] || !same_cause(&r->v[i], &r->v[k]))
				continue;
			told[k] = true;
			if (shown++ < SHOWN || r->o->verbose)
				one_case(f, r, &r->v[k]);
			else
				fprintf(f, "    %s\n", r->v[k].c->id);
		}
	}
	free(told);
}

static void
skipped(FILE *f, const struct px_report *r)
{
	bool *told = calloc(r->n + 1, sizeof *told);

	for (size_t i = 0; told != NULL && i < r->n; i++) {
		unsigned all = 0;

		if (told[i] || r->v[i].outcome != PX_O_SKIP || r->v[i].reason == NULL)
			continue;
		for (size_t k = i; k < r->n; k++)
			if (r->v[k].outcome == PX_O_SKIP && r->v[k].reason != NULL &&
				strcmp(r->v[k].reason, r->v[i].reason) == 0) {
				told[k] = true;
				all++;
			}
		fprintf(f, "SKIP  %u: %s\n", all, r->v[i].reason);
	}
	free(told);
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
		PX_O_INFO, PX_O_LOOSE, PX_O_XFAIL, PX_O_XPASS, PX_O_ERROR, PX_O_CRASH, PX_O_FAIL};
	unsigned runs = 0;

	for (size_t i = 0; i < r->n; i++)
		runs += (unsigned)r->v[i].n;
	if (!r->o->quiet) {
		skipped(f, r);
		for (size_t i = 0; i < sizeof told / sizeof *told; i++)
			group(f, r, told[i]);
	}
	fprintf(f, "\n%s %s: %zu cases, %u runs, %u.%03u s\n ", r->o->command, r->subject, r->n, runs,
		r->ms / 1000, r->ms % 1000);
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
