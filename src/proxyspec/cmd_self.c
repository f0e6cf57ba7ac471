/* SPDX-License-Identifier: ISC
 * cmd_self.c - self and lint: every trace is parsed, and its canonical octets are held against its own lines. */
#include "opts.h"
#include "pcapng.h"
#include "self.h"
#include "text.h"

#include <stdio.h>

static void
load(const struct px_opts *o, struct px_set *s)
{
	bool files = strcmp(o->command, "lint") == 0;

	for (const struct px_text *t = o->fixtures; t != NULL; t = t->next)
		px_load(s, t->s);
	for (const struct px_text *t = files ? o->args : NULL; t != NULL; t = t->next)
		px_load(s, t->s);
	if (o->fixtures == NULL && (!files || o->args == NULL))
		px_load_builtin(s);
}

int
px_cmd_self(struct px_opts *o, struct px_arena *a)
{
	struct px_set s;
	struct px_pcapng *pcap = NULL;
	unsigned played = 0;
	int rc = PX_EXIT_OK;

	(void)a;
	px_set_init(&s);
	load(o, &s);
	px_lint(s.first, &s.errs, o->strict);
	if (o->pcap != NULL && (pcap = px_pcapng_open(o->pcap)) == NULL) {
		perror(o->pcap);
		rc = PX_EXIT_ERROR;
	}
	for (const struct px_case *c = s.first; c != NULL; c = c->next) {
		if (strcmp(o->command, "self") == 0 && !px_selected(o, c))
			continue;
		struct px_self self = {.errs = &s.errs};
		bool shown = pcap != NULL && !px_has_word(c->needs, "bulk"); /* megabytes that show nothing */

		if (shown)
			px_pcapng_case(pcap, c, &self);
		px_self_play(&self, c);
		if (shown)
			px_pcapng_case_end(pcap);
		played++;
	}
	if (pcap != NULL && !px_pcapng_close(pcap)) {
		perror(o->pcap);
		rc = PX_EXIT_ERROR;
	}
	for (const struct px_error *e = s.errs.first; e != NULL; e = e->next)
		px_say(stdout, e->text);
	printf("%u file%s, %u case%s, %u error%s\n", s.files, s.files == 1 ? "" : "s", played,
		played == 1 ? "" : "s", s.errs.n, s.errs.n == 1 ? "" : "s");
	if (s.errs.n != 0)
		rc = PX_EXIT_FAIL;
	else if (played == 0)
		rc = PX_EXIT_SKIP;
	px_set_free(&s);
	return rc;
}
