/* SPDX-License-Identifier: ISC
 * batch.h - the cases and runs of one call, and the sanity cases in front of them. */
#ifndef PX_BATCH_H
#define PX_BATCH_H

#include "opts.h"
#include "run.h"

struct px_batch {
	struct px_done *v;
	size_t n, cap;
	struct px_job *jobs; /* the runs of one case lie one behind the other */
	size_t njobs, jobcap;
	size_t told;
	unsigned columns; /* of the terminal that progress is shown on; 0: it is not shown */
};
void *px_grow(void *, size_t); /* realloc that ends the program when memory is out */
/* The runs of a case in the deliveries that the options ask for. */
void px_add_runs(struct px_batch *, const struct px_opts *, const struct px_case *, enum px_cast);

struct px_sane {
	const struct px_case *c;
	struct px_result res;
	char why[200];
};
struct px_sanity {
	struct px_sane v[64];
	size_t n;
};
/* NULL: the sanity case of a case has passed, or it has none; else the one that did not. */
const struct px_sane *px_sanity(struct px_sanity *, const struct px_subject *, const struct px_opts *,
	const struct px_case *all, const struct px_case *);
/* Those that passed once more.  NULL, or what the first one that fails now says. */
const char *px_sanity_again(struct px_sanity *, const struct px_subject *, const struct px_opts *);
void px_sanity_free(struct px_sanity *);

#endif
