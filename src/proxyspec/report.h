/* SPDX-License-Identifier: ISC
 * report.h - what is told about a run: on a terminal, as TAP 14, JUnit XML and JSON lines. */
#ifndef PX_REPORT_H
#define PX_REPORT_H

#include "opts.h"
#include "run.h"

#include <stdio.h>

struct px_report {
	const struct px_opts *o;
	const struct px_subject *sub;
	const char *subject; /* the URL, or the client's name */
	struct px_done *v;
	size_t n;
	unsigned ms;
	unsigned count[PX_O_XPASS + 1];
};

void px_report_terminal(FILE *, const struct px_report *);
void px_report_tap(FILE *, const struct px_report *);
void px_report_junit(FILE *, const struct px_report *);
void px_report_json(FILE *, const struct px_report *);

/* The command that plays this case again. */
void px_again_command(struct px_buf *, const struct px_report *, const struct px_done *);

/* Escaped for a terminal: control octets as \xNN. */
void px_print_safe(FILE *, const char *s);

/* Apply a baseline file: known verdicts become XFAIL, better ones XPASS.  False: it cannot be read or used. */
bool px_baseline(const char *path, struct px_done *, size_t n, struct px_arena *);

#endif
