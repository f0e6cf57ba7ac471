/* SPDX-License-Identifier: ISC
 * run.h - many runs, each in a process of its own. */
#ifndef PX_RUN_H
#define PX_RUN_H

#include "cast.h"

struct px_job { /* one run */
	const struct px_case *c;
	struct px_how how;
	struct px_result res;
	bool done, begun;
};
/* Run all, so many at a time; told is called after each, in the order they end. */
void px_run_jobs(const struct px_subject *, struct px_job *, size_t n, unsigned at_once,
	void (*told)(void *, const struct px_job *), void *ctx);

struct px_done { /* a case, in all deliveries */
	const struct px_case *c;
	struct px_job *jobs;
	size_t n;
	enum px_outcome outcome; /* the heaviest */
	const struct px_job *worst;
	bool differs;	    /* the verdict depends on the delivery */
	const char *reason; /* of a baseline, or of a SKIP */
	const struct px_case
		*held_by; /* the sanity case that did not pass, so that this one was not played */
};

const char *px_mode_text(const struct px_how *, char room[24]);

#endif
