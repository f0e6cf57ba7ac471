/* SPDX-License-Identifier: ISC
 * result.h - what one run of one case came to. */
#ifndef PX_RESULT_H
#define PX_RESULT_H

#include "env.h"

enum px_outcome {
	PX_O_PASS,
	PX_O_INFO,
	PX_O_LOOSE,
	PX_O_FAIL,
	PX_O_SKIP,
	PX_O_ERROR,
	PX_O_CRASH,
	PX_O_XFAIL,
	PX_O_XPASS
};

struct px_finding {
	unsigned line;
	enum px_level level;
	enum px_outcome outcome; /* INFO, LOOSE, FAIL, ERROR, SKIP or CRASH */
	char *what;		 /* one sentence */
	char *field;		 /* or "" */
	char *wanted, *got;	 /* or "" */
	char *legs;		 /* what arrived on each leg, lines; or "" */
	bool lost;		 /* no octets came; not in the packed form */
};

struct px_result {
	enum px_outcome outcome;
	const char *closed; /* how the other side ended its stream: "fin", "rst", "late", "none" */
	unsigned ms;
	struct px_finding *v;
	size_t n;
};
void px_result_free(struct px_result *);
/* Takes over no strings.  The outcome becomes the heaviest one. */
void px_result_add(struct px_result *, const struct px_finding *);
const char *px_outcome_name(enum px_outcome);

/* As octets, for a pipe. */
void px_result_pack(const struct px_result *, struct px_buf *);
bool px_result_unpack(struct px_result *, struct span);

#endif
