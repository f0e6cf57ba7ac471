/* SPDX-License-Identifier: ISC
 * cmd_wire.c - wire CAPTURE: which traces a recorded conversation with a proxy follows.
 * One thing to know: a connection to port 7007 or 7001 is the target's side, as in the traces; --proxy-port names the
 * proxy's port where that does not hold. */
#include "opts.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool
proxy_side(const struct px_opts *o, const struct px_flow *f)
{
	if (o->proxy_port != 0)
		return f->port[1] == o->proxy_port;
	return f->port[1] != 7007 && f->port[1] != 7001;
}

/* "case-id line ..." of a capture that self wrote: that case and no other. */
static bool
named(const struct px_flow *f, const struct px_case *c)
{
	size_t n = strlen(c->id);

	return f->comment != NULL && strncmp(f->comment, c->id, n) == 0 && f->comment[n] == ' ';
}

static bool
any_named(const struct px_flow *f, const struct px_set *s)
{
	for (const struct px_case *c = s->first; c != NULL; c = c->next)
		if (named(f, c))
			return true;
	return false;
}

static void
print_flow(const struct px_flow *f)
{
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];

	inet_ntop(f->v6 ? AF_INET6 : AF_INET, f->ip[0], a, sizeof a);
	inet_ntop(f->v6 ? AF_INET6 : AF_INET, f->ip[1], b, sizeof b);
	printf("%s %u > %s %u: %zu and %zu octets\n", a, f->port[0], b, f->port[1], f->data[0].n,
		f->data[1].n);
}

static void
print_findings(const struct px_case *c, const struct px_result *r)
{
	for (size_t i = 0; i < r->n; i++)
		printf("      %s:%u  %s  %s %s\n        wanted %s\n        got    %s\n", c->file,
			r->v[i].line, px_level_name(r->v[i].level), r->v[i].field, r->v[i].what,
			r->v[i].wanted, r->v[i].got);
}

/* All selected traces against one connection.  Returns how many it follows.  What is only LOOSE or INFO, and what
 * does not match, is told when one case is asked for, or with --verbose. */
static unsigned
one_flow(const struct px_opts *o, const struct px_set *s, const struct px_flow *f, const struct px_env *given)
{
	bool by_name = o->cases == NULL && any_named(f, s);
	bool told = o->verbose || by_name || (o->cases != NULL && o->cases->next == NULL);
	unsigned matched = 0;

	print_flow(f);
	for (const struct px_case *c = s->first; c != NULL; c = c->next) {
		struct px_result r;
		size_t left;
		bool ok;

		if (!px_selected(o, c) || (by_name && !named(f, c)))
			continue;
		px_wire_match(c, f, given, &r, &left);
		ok = r.outcome != PX_O_FAIL && left == 0;
		matched += ok ? 1 : 0;
		if (told || (ok && r.outcome == PX_O_PASS)) {
			printf("  %-5s %s", ok ? px_outcome_name(r.outcome) : "FAIL", c->id);
			printf(left != 0 ? "  (%zu octets more than the trace has)\n" : "\n", left);
			print_findings(c, &r);
		}
		px_result_free(&r);
	}
	if (matched == 0)
		printf("  no trace is followed\n");
	return matched;
}

static void
set_given(struct px_env *e, const struct px_text *t)
{
	for (; t != NULL; t = t->next) {
		char name[64] = "";
		size_t n = strcspn(
			t->s, "="); /* there is one, and less than 64 before it: px_opts_read looked */

		memcpy(name, t->s, n);
		px_env_set(e, name, span_str(t->s + n + 1));
	}
}

/* A connection that continues another one (a second try) is matched with that one. */
static bool
continues(const struct px_capture *c, const struct px_flow *f)
{
	for (const struct px_flow *b = c->first; b != f; b = b->nextflow)
		if (b->port[1] == f->port[1] && memcmp(b->ip[0], f->ip[0], 16) == 0 &&
			memcmp(b->ip[1], f->ip[1], 16) == 0 && f->comment != NULL && b->comment != NULL)
			return true;
	return false;
}

static int
one_file(const struct px_opts *o, const struct px_set *s, const char *path, const struct px_env *given)
{
	struct px_capture cap = {.first = NULL};
	size_t n;
	char *file = px_slurp(path, &n);
	const char *why = "";
	unsigned flows = 0, followed = 0;

	if (file == NULL || !px_capture_read(&cap, span_of(file, n), &why)) {
		fprintf(stderr, "proxyspec: %s: %s\n", path, file == NULL ? strerror(errno) : why);
		px_capture_free(&cap);
		free(file);
		return PX_EXIT_ERROR;
	}
	for (const struct px_flow *f = cap.first; f != NULL; f = f->nextflow) {
		if (!proxy_side(o, f) || f->data[0].n + f->data[1].n == 0 || continues(&cap, f))
			continue;
		flows++;
		followed += one_flow(o, s, f, given) != 0 ? 1 : 0;
	}
	printf("%s: %u connections to a proxy, %u follow a trace%s", path, flows, followed,
		cap.gaps != 0 ? "; the capture has gaps" : "");
	if (cap.strange != 0)
		printf("; %u frames of link layer %u, which is not known", cap.strange, cap.link);
	putchar('\n');
	px_capture_free(&cap);
	free(file);
	return flows == 0 ? PX_EXIT_SKIP : followed == flows ? PX_EXIT_OK : PX_EXIT_FAIL;
}

int
px_cmd_wire(struct px_opts *o, struct px_arena *a)
{
	struct px_set s;
	struct px_env given = {NULL, 0, 0};
	int rc = PX_EXIT_OK;

	(void)a;
	px_set_init(&s);
	if (o->args == NULL) {
		fputs("proxyspec: wire wants a capture file\n", stderr);
		rc = PX_EXIT_USAGE;
	} else if (!px_opts_load(o, &s)) {
		rc = PX_EXIT_ERROR;
	}
	set_given(&given, o->given);
	for (const struct px_text *t = o->args; t != NULL && rc != PX_EXIT_USAGE && rc != PX_EXIT_ERROR;
		t = t->next) {
		int one = one_file(o, &s, t->s, &given);

		if (one != PX_EXIT_OK &&
			rc != PX_EXIT_FAIL) /* a capture without a proxy excuses no other one */
			rc = one;
		if (one == PX_EXIT_ERROR)
			rc = one;
	}
	px_env_free(&given);
	px_set_free(&s);
	return rc;
}
