/* SPDX-License-Identifier: ISC
 * report_files.c - reports for other programs: TAP version 14 (testanything.org), JUnit XML (the schema that Jenkins
 * and GitLab read), JSON lines (RFC 8259, one object a line).
 * One thing to know: LOOSE, INFO and XFAIL are no failures there; with --strict LOOSE is. */
#include "report.h"

#include <stdlib.h>

static bool
failed(const struct px_report *r, enum px_outcome o)
{
	return o == PX_O_FAIL || o == PX_O_CRASH || o == PX_O_XPASS || o == PX_O_ERROR ||
	       (o == PX_O_LOOSE && r->o->strict);
}

/* A string of JSON, which is one of YAML too. */
static void
json_string(FILE *f, const char *s)
{
	putc('"', f);
	for (; s != NULL && *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", f);
		else if (c < 0x20 || c == 0x7f)
			fprintf(f, "\\u%04x", c);
		else
			putc(c, f);
	}
	putc('"', f);
}

static void
tap_finding(FILE *f, const struct px_finding *x)
{
	fprintf(f, "    - line: %u\n      level: %s\n      what: ", x->line, px_level_name(x->level));
	json_string(f, x->what);
	if (x->field[0] != '\0') {
		fputs("\n      field: ", f);
		json_string(f, x->field);
	}
	fputs("\n      wanted: ", f);
	json_string(f, x->wanted);
	fputs("\n      got: ", f);
	json_string(f, x->got);
	fputs("\n      legs: ", f);
	json_string(f, x->legs);
	putc('\n', f);
}

/* "#" begins a directive in a description. */
static void
tap_text(FILE *f, const char *s)
{
	for (; s != NULL && *s != '\0'; s++) {
		if (*s == '#' || *s == '\\')
			putc('\\', f);
		putc(*s == '\n' ? ' ' : *s, f);
	}
}

void
px_report_tap(FILE *f, const struct px_report *r)
{
	fprintf(f, "TAP version 14\n1..%zu\n", r->n);
	for (size_t i = 0; i < r->n; i++) {
		const struct px_done *d = &r->v[i];

		fprintf(f, "%s %zu - ", failed(r, d->outcome) ? "not ok" : "ok", i + 1);
		tap_text(f, d->c->id);
		if (d->outcome == PX_O_SKIP) {
			fputs(" # SKIP ", f);
			tap_text(f, d->reason);
		}
		putc('\n', f);
		if (d->worst == NULL || d->worst->res.n == 0 || d->outcome == PX_O_SKIP)
			continue;
		fprintf(f, "  ---\n  verdict: %s\n  findings:\n", px_outcome_name(d->outcome));
		for (size_t k = 0; k < d->worst->res.n; k++)
			tap_finding(f, &d->worst->res.v[k]);
		fputs("  ...\n", f);
	}
}

static void
xml(FILE *f, const char *s)
{
	for (; s != NULL && *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '<')
			fputs("&lt;", f);
		else if (c == '>')
			fputs("&gt;", f);
		else if (c == '&')
			fputs("&amp;", f);
		else if (c == '"')
			fputs("&quot;", f);
		else if (c < 0x20 && c != '\n' && c != '\t')
			fprintf(f, "\\x%02x", c);
		else
			putc(c, f);
	}
}

static void
xml_findings(FILE *f, const struct px_report *r, const struct px_done *d)
{
	struct px_buf b = {NULL, 0, 0};

	for (size_t i = 0; i < d->worst->res.n; i++) {
		const struct px_finding *x = &d->worst->res.v[i];

		xml(f, d->c->file);
		fprintf(f, ":%u: %s ", x->line, px_level_name(x->level));
		xml(f, x->field);
		fputs(" ", f);
		xml(f, x->what);
		fputs("\nwanted: ", f);
		xml(f, x->wanted);
		fputs("\ngot: ", f);
		xml(f, x->got);
		fputs("\n", f);
		xml(f, x->legs);
	}
	px_again_command(&b, r, d);
	px_put(&b, "", 1);
	fputs("again: ", f);
	xml(f, (const char *)b.p);
	putc('\n', f);
	px_buf_free(&b);
}

void
px_report_junit(FILE *f, const struct px_report *r)
{
	unsigned fails = 0, errors = r->count[PX_O_ERROR];

	for (size_t i = 0; i < r->n; i++)
		fails += failed(r, r->v[i].outcome) && r->v[i].outcome != PX_O_ERROR ? 1 : 0;
	fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"proxyspec ");
	xml(f, r->subject);
	fprintf(f, "\" tests=\"%zu\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" time=\"%u.%03u\">\n", r->n,
		fails, errors, r->count[PX_O_SKIP], r->ms / 1000, r->ms % 1000);
	for (size_t i = 0; i < r->n; i++) {
		const struct px_done *d = &r->v[i];
		unsigned ms = d->worst != NULL ? d->worst->res.ms : 0;

		fputs("<testcase classname=\"", f);
		xml(f, px_protocol(d->c));
		fputs("\" name=\"", f);
		xml(f, d->c->id);
		fprintf(f, "\" time=\"%u.%03u\">", ms / 1000, ms % 1000);
		if (d->outcome == PX_O_SKIP) {
			fputs("<skipped message=\"", f);
			xml(f, d->reason);
			fputs("\"/>", f);
		} else if (d->worst != NULL && d->worst->res.n != 0) {
			const char *tag = d->outcome == PX_O_ERROR ? "error"
					  : failed(r, d->outcome)  ? "failure"
								   : "system-out";

			fprintf(f, "<%s", tag);
			if (tag[0] != 's') {
				fprintf(f, " type=\"%s\" message=\"", px_outcome_name(d->outcome));
				xml(f, d->worst->res.v[0].what);
				putc('"', f);
			}
			putc('>', f);
			if (tag[0] == 's')
				fprintf(f, "%s\n", px_outcome_name(d->outcome));
			xml_findings(f, r, d);
			fprintf(f, "</%s>", tag);
		} else if (d->outcome == PX_O_XPASS) {
			fputs("<failure type=\"XPASS\" message=\"passes, although the baseline says "
			      "otherwise\"/>",
				f);
		}
		fputs("</testcase>\n", f);
	}
	fputs("</testsuite>\n</testsuites>\n", f);
}

static void
json_run(FILE *f, const struct px_done *d, const struct px_job *j)
{
	char mode[24];

	fputs("{\"type\":\"run\",\"case\":", f);
	json_string(f, d->c->id);
	fputs(",\"file\":", f);
	json_string(f, d->c->file);
	fprintf(f,
		",\"protocol\":\"%s\",\"level\":\"%s\",\"delivery\":\"%s\",\"verdict\":\"%s\",\"closed\":\"%"
		"s\",\"ms\":%u",
		px_protocol(d->c), px_level_name(d->c->level), px_mode_text(&j->how, mode),
		px_outcome_name(j->res.outcome), j->res.closed, j->res.ms);
	fputs(",\"findings\":[", f);
	for (size_t i = 0; i < j->res.n; i++) {
		const struct px_finding *x = &j->res.v[i];

		fprintf(f, "%s{\"line\":%u,\"level\":\"%s\",\"verdict\":\"%s\",\"field\":", i ? "," : "",
			x->line, px_level_name(x->level), px_outcome_name(x->outcome));
		json_string(f, x->field);
		fputs(",\"what\":", f);
		json_string(f, x->what);
		fputs(",\"wanted\":", f);
		json_string(f, x->wanted);
		fputs(",\"got\":", f);
		json_string(f, x->got);
		fputs(",\"legs\":", f);
		json_string(f, x->legs);
		putc('}', f);
	}
	fputs("]}\n", f);
}

void
px_report_json(FILE *f, const struct px_report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct px_done *d = &r->v[i];

		for (size_t k = 0; k < d->n; k++)
			json_run(f, d, &d->jobs[k]);
		fputs("{\"type\":\"case\",\"case\":", f);
		json_string(f, d->c->id);
		fprintf(f, ",\"verdict\":\"%s\",\"reason\":", px_outcome_name(d->outcome));
		json_string(f, d->reason);
		fprintf(f, ",\"depends_on_delivery\":%s}\n", d->differs ? "true" : "false");
	}
	fputs("{\"type\":\"summary\",\"subject\":", f);
	json_string(f, r->subject);
	fprintf(f, ",\"cases\":%zu,\"ms\":%u", r->n, r->ms);
	for (unsigned o = PX_O_PASS; o <= PX_O_XPASS; o++)
		fprintf(f, ",\"%s\":%u", px_outcome_name((enum px_outcome)o), r->count[o]);
	fputs("}\n", f);
}
