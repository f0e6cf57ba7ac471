/* SPDX-License-Identifier: ISC
 * report_junit.c - JUnit XML, in the elements that Jenkins, GitLab and Surefire's readers share
 * (docs/CI/junit.xsd; characters: XML 1.0 section 2.2).
 * One thing to know: LOOSE, INFO and XFAIL pass there, and say what they are in system-out. */
#include "report.h"

static void
xml(FILE *f, const char *s)
{
	unsigned long c;

	while (s != NULL && *s != '\0') {
		size_t n = px_char(s, &c);

		if (*s == '\n')
			putc('\n', f);
		else if (n == 0)
			fprintf(f, "\\x%02x", (unsigned char)*s);
		else if (c == '<' || c == '>' || c == '&' || c == '"')
			fprintf(f, "&#%lu;", c);
		else
			fwrite(s, 1, n, f);
		s += n == 0 ? 1 : n;
	}
}

static void
part(FILE *f, const char *label, const char *text)
{
	if (text == NULL || *text == '\0')
		return;
	fputs(label, f);
	xml(f, text);
	putc('\n', f);
}

static void
findings(FILE *f, const struct px_report *r, const struct px_done *d)
{
	struct px_buf b = {NULL, 0, 0};

	part(f, "is: ", d->c->title);
	for (const struct px_text *t = d->c->spec; t != NULL; t = t->next)
		part(f, "spec: ", t->s);
	part(f, "why: ", d->c->why);
	for (size_t i = 0; i < d->worst->res.n; i++) {
		const struct px_finding *x = &d->worst->res.v[i];

		xml(f, (d->held_by != NULL ? d->held_by : d->c)->file);
		fprintf(f, ":%u: %s ", x->line, px_level_name(x->level));
		xml(f, x->field);
		fputs(x->field[0] ? ": " : "", f);
		part(f, "", x->what);
		part(f, "wanted: ", x->wanted);
		part(f, "got: ", x->got);
		part(f, "legs: ", x->legs);
	}
	px_again_command(&b, r, d);
	px_put(&b, "", 1);
	part(f, "again: ", (const char *)b.p);
	px_buf_free(&b);
}

static void
testcase(FILE *f, const struct px_report *r, const struct px_done *d)
{
	const char *what = d->outcome == PX_O_XPASS	? "passes, although the baseline says otherwise"
			   : px_main_finding(d) != NULL ? px_main_finding(d)->what
							: "";
	const char *tag = d->outcome == PX_O_ERROR   ? "error"
			  : px_failed(r, d->outcome) ? "failure"
						     : "system-out";

	if (d->outcome == PX_O_PASS)
		return;
	if (d->outcome == PX_O_SKIP) {
		fputs("<skipped message=\"", f);
		xml(f, d->reason);
		fputs("\"/>", f);
		return;
	}
	fprintf(f, "<%s", tag);
	if (tag[0] != 's') {
		fprintf(f, " type=\"%s\" message=\"", px_outcome_name(d->outcome));
		xml(f, what);
		putc('"', f);
	}
	fprintf(f, ">%s\n", px_outcome_name(d->outcome));
	part(f, "known: ", d->reason);
	if (d->worst != NULL)
		findings(f, r, d);
	fprintf(f, "</%s>", tag);
}

void
px_report_junit(FILE *f, const struct px_report *r)
{
	unsigned fails = 0;

	for (size_t i = 0; i < r->n; i++)
		fails += px_failed(r, r->v[i].outcome) && r->v[i].outcome != PX_O_ERROR ? 1 : 0;
	fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"proxyspec ");
	xml(f, r->subject);
	fprintf(f, "\" tests=\"%zu\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" time=\"%u.%03u\">\n", r->n,
		fails, r->count[PX_O_ERROR], r->count[PX_O_SKIP], r->ms / 1000, r->ms % 1000);
	fputs("<properties>\n", f);
	for (unsigned o = PX_O_PASS; o <= PX_O_XPASS; o++)
		fprintf(f, "<property name=\"%s\" value=\"%u\"/>\n", px_outcome_name((enum px_outcome)o),
			r->count[o]);
	fputs("</properties>\n", f);
	for (size_t i = 0; i < r->n; i++) {
		const struct px_done *d = &r->v[i];
		unsigned ms = d->worst != NULL ? d->worst->res.ms : 0;

		fputs("<testcase classname=\"", f);
		xml(f, px_protocol(d->c));
		fputs("\" name=\"", f);
		xml(f, d->c->id);
		fprintf(f, "\" time=\"%u.%03u\">", ms / 1000, ms % 1000);
		testcase(f, r, d);
		fputs("</testcase>\n", f);
	}
	fputs("</testsuite>\n</testsuites>\n", f);
}
