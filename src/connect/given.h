/* SPDX-License-Identifier: ISC
 * given.h - between opts.c, which reads the words, and settle.c, which puts them together with the parameters. */
#ifndef CONNECT_GIVEN_H
#define CONNECT_GIVEN_H

#include "opts.h"

struct given {
	struct config *cfg;
	int errors;
	const char *method; /* "-S" ... of the last method option */
	const char *spec;   /* its server, NULL for -s -h -t -n */
	const char *resolve, *auth, *command, *local;
	bool interfaces; /* -D */
	size_t ngood, nbad;
	char **word; /* the next word of the command line, ended by NULL */
	char *name;  /* argv[0] */
};

/* Append a phrase for a telnet proxy. */
void given_phrase(struct given *, const char *option, const char **list, size_t *n, const char *s);

/* HOST and PORT, after the options. */
void settle_target(struct given *);

/* Everything else, after the parameter files were read.  Errors are said and counted. */
void settle(struct given *);

#endif
