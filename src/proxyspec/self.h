/* SPDX-License-Identifier: ISC
 * self.h - a trace played with nobody under test: its canonical octets in order, each checked against its own line. */
#ifndef PX_SELF_H
#define PX_SELF_H

#include "match.h"

struct px_self {
	/* Called for each message: the octets of one line, or an event without octets (s.p == NULL). */
	void (*emit)(
		void *ctx, const struct px_step *, enum px_actor, bool payload, struct span, enum px_ending);
	void *ctx;
	struct px_errors *errs; /* what does not fit itself */
};
void px_self_play(struct px_self *, const struct px_case *);

/* The variables of a case before its first line: those of given:, and px_set_derived's. */
void px_case_env(struct px_env *, const struct px_case *);
bool px_when_true(const struct px_env *, const struct px_step *);
void px_set_derived(struct px_env *); /* $basic from $user and $pass; $host in pieces */

/* Check what can be checked without playing: headers, expressions. */
struct px_lint_seen; /* ids met so far */
void px_lint(const struct px_case *all, struct px_errors *errs, bool strict);

#endif
