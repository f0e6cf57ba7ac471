/* SPDX-License-Identifier: ISC
 * opts.h - the command line (docs/proxyspec.1). */
#ifndef PX_OPTS_H
#define PX_OPTS_H

#include "cast.h"
#include "load.h"

struct px_opts {
	const char *command, *self; /* "server", ...; the program's name */
	struct px_text *fixtures;   /* in place of the built-in traces */
	struct px_text *cases, *protocols, *sections, *levels;
	struct px_text *args;  /* what follows the command: URL, files, ids */
	struct px_text *modes; /* "whole", "bytes", "split", "split:3", "coalesce" */
	struct px_text *can;
	struct px_text *given; /* wire: NAME=VALUE */
	unsigned proxy_port;   /* wire */
	const char *profile, *baseline, *target_host, *target_name, *pcap, *tap, *junit, *json;
	bool strict, any_host, quiet, verbose;
	unsigned jobs;
	double scale;
	struct px_text *template; /* behind "--" */
	int argc;
	char **argv; /* for the command that repeats a case */
};

/* False: the usage is wrong; *why says so. */
bool px_opts_read(struct px_arena *, struct px_opts *, int argc, char **argv, const char **why);
void px_usage(void);

bool px_selected(const struct px_opts *, const struct px_case *);
const char *px_protocol(const struct px_case *);
/* The traces that the options name.  Errors are printed. */
bool px_opts_load(const struct px_opts *, struct px_set *);

int px_cmd_run(struct px_opts *, struct px_arena *);  /* server, client */
int px_cmd_self(struct px_opts *, struct px_arena *); /* self, lint */
int px_cmd_list(struct px_opts *, struct px_arena *); /* list, explain, coverage */
int px_cmd_wire(struct px_opts *, struct px_arena *);

enum { PX_EXIT_OK = 0, PX_EXIT_FAIL = 1, PX_EXIT_USAGE = 2, PX_EXIT_ERROR = 3, PX_EXIT_SKIP = 77 };

#endif
