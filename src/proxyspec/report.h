/* SPDX-License-Identifier: ISC
 * report.h - what is told about a run: on a terminal, as TAP 14, JUnit XML and JSON lines.
 * One thing to know: file names, notes, baselines and commands may hold any octet; what is no UTF-8, or would move a
 * cursor, is written as \xNN in every report. */
#ifndef PX_REPORT_H
#define PX_REPORT_H

#include "opts.h"
#include "run.h"
#include "text.h"

#include <stdio.h>

struct px_report {
	const struct px_opts *o;
	const struct px_subject *sub;
	const char *subject; /* the URL, or the client's name */
	struct px_done *v;
	size_t n;
	unsigned ms;
	unsigned width; /* of the terminal; 0: it is none, and no line is broken */
	unsigned count[PX_O_XPASS + 1];
};

void px_report_terminal(FILE *, const struct px_report *);
void px_report_tap(FILE *, const struct px_report *);
void px_report_junit(FILE *, const struct px_report *);
void px_report_json(FILE *, const struct px_report *);

/* The files of the options, opened before anything is played: a report that cannot be written is told at once. */
struct px_report_files {
	FILE *f[3]; /* TAP, JUnit, JSON */
};
bool px_report_open(struct px_report_files *, const struct px_opts *);
/* False: something was not written; stderr says what.  The report for people goes to stdout when nothing else does. */
bool px_report_write(struct px_report_files *, const struct px_report *);
/* Columns of the terminal on that descriptor; 0: it is no terminal. */
unsigned px_columns(int fd);

/* A failure for a machine: LOOSE is one with --strict only, XFAIL never. */
bool px_failed(const struct px_report *, enum px_outcome);
/* The finding that decided the verdict, or NULL. */
const struct px_finding *px_main_finding(const struct px_done *);
/* The command that plays this case again, or the sanity case that held it up. */
void px_again_command(struct px_buf *, const struct px_report *, const struct px_done *);

struct px_known { /* a line of a baseline */
	const char *id, *reason;
	enum px_outcome verdict;
	unsigned line;
	struct px_known *next;
};
/* False: it cannot be read or used; stderr says why. */
bool px_baseline_read(const char *path, struct px_known **, struct px_arena *);
/* Tell the ids that no trace has. */
void px_baseline_warn(const char *path, const struct px_known *, const struct px_case *all);
/* Known verdicts become XFAIL, better ones XPASS. */
void px_baseline(const struct px_known *, struct px_done *, size_t n);

#endif
