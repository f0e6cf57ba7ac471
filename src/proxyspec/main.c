/* SPDX-License-Identifier: ISC
 * main.c - proxyspec: plays .pxt traces against proxies and clients (docs/proxyspec.1, docs/pxt.5). */
#include "opts.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int
command(struct px_opts *o, struct px_arena *a)
{
	static const struct {
		const char *name;
		int (*run)(struct px_opts *, struct px_arena *);
	} commands[] = {
		{"server", px_cmd_run},
		{"client", px_cmd_run},
		{"self", px_cmd_self},
		{"lint", px_cmd_self},
		{"list", px_cmd_list},
		{"explain", px_cmd_list},
		{"coverage", px_cmd_list},
		{"wire", px_cmd_wire},
	};

	for (unsigned i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, o->command) == 0)
			return commands[i].run(o, a);
	if (strcmp(o->command, "help") == 0) {
		px_usage();
		return PX_EXIT_OK;
	}
	fprintf(stderr, "proxyspec: unknown command %s\n", o->command);
	px_usage();
	return PX_EXIT_USAGE;
}

/* A closed descriptor 0 to 2 would be given to the next file that is opened, and the report would land in it.  What
 * takes its place cannot be written to, so that the error shows. */
static void
keep_standard_descriptors(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDONLY)) >= 0 && fd <= 2)
		continue;
	if (fd > 2)
		close(fd);
}

int
main(int argc, char **argv)
{
	struct px_arena *a = px_arena_new();
	struct px_opts o;
	const char *why = "";
	int rc;

	keep_standard_descriptors();
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		px_usage();
		rc = PX_EXIT_OK;
	} else if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("proxyspec 1.0");
		rc = PX_EXIT_OK;
	} else if (!px_opts_read(a, &o, argc, argv, &why)) {
		fputs("proxyspec: ", stderr);
		px_say(stderr, why);
		px_usage();
		rc = PX_EXIT_USAGE;
	} else {
		rc = command(&o, a);
	}
	px_arena_free(a);
	if (ferror(stdout) || fclose(stdout) != 0) {
		fprintf(stderr, "proxyspec: standard output cannot be written: %s\n", strerror(errno));
		rc = PX_EXIT_ERROR;
	}
	return rc;
}
