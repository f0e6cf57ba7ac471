/* SPDX-License-Identifier: ISC
 * report_json.c - JSON lines: one object (RFC 8259) a line; docs/CI/proxyspec.schema.json says which.
 * One thing to know: a key is never taken away or given another meaning while "format" stays the same. */
#include "report.h"

#define FORMAT 1

static void
key(FILE *f, const char *name, const char *text)
{
	fprintf(f, ",\"%s\":", name);
	px_print_quoted(f, text);
}

static void
run(FILE *f, const struct px_done *d, const struct px_job *j)
{
	char mode[24];

	fputs("{\"type\":\"run\"", f);
	key(f, "case", d->c->id);
	key(f, "file", d->c->file);
	key(f, "protocol", px_protocol(d->c));
	key(f, "level", px_level_name(d->c->level));
	key(f, "delivery", px_mode_text(&j->how, mode));
	key(f, "verdict", px_outcome_name(j->res.outcome));
	key(f, "closed", j->res.closed);
	fprintf(f, ",\"ms\":%u,\"findings\":[", j->res.ms);
	for (size_t i = 0; i < j->res.n; i++) {
		const struct px_finding *x = &j->res.v[i];

		fprintf(f, "%s{\"line\":%u", i ? "," : "", x->line);
		key(f, "level", px_level_name(x->level));
		key(f, "verdict", px_outcome_name(x->outcome));
		key(f, "field", x->field);
		key(f, "what", x->what);
		key(f, "wanted", x->wanted);
		key(f, "got", x->got);
		key(f, "legs", x->legs);
		putc('}', f);
	}
	fputs("]}\n", f);
}

static void
one_case(FILE *f, const struct px_report *r, const struct px_done *d)
{
	struct px_buf b = {NULL, 0, 0};

	fputs("{\"type\":\"case\"", f);
	key(f, "case", d->c->id);
	key(f, "title", d->c->title);
	fputs(",\"spec\":[", f);
	for (const struct px_text *t = d->c->spec; t != NULL; t = t->next) {
		fputs(t == d->c->spec ? "" : ",", f);
		px_print_quoted(f, t->s);
	}
	putc(']', f);
	key(f, "why", d->c->why);
	key(f, "verdict", px_outcome_name(d->outcome));
	key(f, "reason", d->reason);
	key(f, "held_by", d->held_by != NULL ? d->held_by->id : "");
	fprintf(f, ",\"depends_on_delivery\":%s", d->differs ? "true" : "false");
	px_again_command(&b, r, d);
	px_put(&b, "", 1);
	key(f, "again", (const char *)b.p);
	fputs("}\n", f);
	px_buf_free(&b);
}

void
px_report_json(FILE *f, const struct px_report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < r->v[i].n; k++)
			run(f, &r->v[i], &r->v[i].jobs[k]);
		one_case(f, r, &r->v[i]);
	}
	fprintf(f, "{\"type\":\"summary\",\"format\":%d", FORMAT);
	key(f, "command", r->o->command);
	key(f, "subject", r->subject);
	fprintf(f, ",\"cases\":%zu,\"ms\":%u", r->n, r->ms);
	for (unsigned o = PX_O_PASS; o <= PX_O_XPASS; o++)
		fprintf(f, ",\"%s\":%u", px_outcome_name((enum px_outcome)o), r->count[o]);
	fputs("}\n", f);
}
