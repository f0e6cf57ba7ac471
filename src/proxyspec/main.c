/* SPDX-License-Identifier: ISC
 * main.c - proxyspec: plays .pxt traces against proxies and clients (docs/proxyspec.1). */
#include "load.h"
#include "self.h"
#include <stdio.h>
int
main(int argc, char **argv)
{
	struct px_set s;
	bool strict = false;
	unsigned played = 0;
	px_set_init(&s);
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--strict") == 0) {
			strict = true;
			continue;
		}
		if (strcmp(argv[i], "--fixtures") == 0)
			continue;
		px_load(&s, argv[i]);
	}
	px_lint(s.first, &s.errs, strict);
	for (const struct px_case *c = s.first; c != NULL; c = c->next) {
		struct px_self self = {.errs = &s.errs};
		px_self_play(&self, c);
		played++;
	}
	for (const struct px_error *e = s.errs.first; e; e = e->next)
		puts(e->text);
	printf("%u files, %u cases, %u errors\n", s.files, played, s.errs.n);
	int rc = s.errs.n != 0;
	px_set_free(&s);
	return rc;
}
