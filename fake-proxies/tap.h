/* SPDX-License-Identifier: ISC
 * tap.h - damages what is sent to a client: a queue that gives it out in pieces, late, altered, or not at all.
 * One thing to know: it decides only; who sends is to_client.c. */
#ifndef FP_TAP_H
#define FP_TAP_H

#include "conn.h"

#define TAP_MESSAGES 32

enum tap_do { TAP_IDLE, TAP_SEND, TAP_WAIT, TAP_STALL, TAP_CUT, TAP_RESET };

struct tap {
	const struct fp_faults *f;
	struct fp_happened *did;
	uint64_t off;	  /* octets given out */
	uint64_t counted; /* octets up to here count; later ones (payload that was joined) pass */
	uint8_t *q;
	size_t at, n, cap;
	int64_t not_before;	     /* 0: at once */
	bool whole;		     /* the tunnel counts too */
	bool holding;		     /* --coalesce: until the target has spoken */
	bool gather;		     /* ... in pass: until it is silent */
	uint64_t ends[TAP_MESSAGES]; /* where the messages in q end, for --delay */
	int n_ends;
	bool piece_open;    /* the last piece was cut off by --split or --bytes */
	uint8_t wire[2048]; /* the pieces, for the trace */
	size_t wire_n;
};

struct tap *tap_new(const struct fp_faults *, struct fp_happened *);
void tap_free(struct tap *);

/* Octets to be sent; payload: of the tunnel, not of the negotiation.  False: no memory. */
bool tap_push(struct tap *, const uint8_t *p, size_t n, int64_t now, bool payload);

/* Nothing waits in it, and no reset is due. */
bool tap_idle(const struct tap *);

/* What to do next; with TAP_SEND the piece, with TAP_WAIT the time. */
#define TAP_MESSAGES 32

enum tap_do tap_next(struct tap *, int64_t now, struct span *piece, int64_t *until);

/* n octets of the piece were sent. */
void tap_sent(struct tap *, size_t n, int64_t now);

/* Are all faults that were asked for in did?  Says which are not. */
bool tap_all_happened(const struct fp_faults *, const struct fp_happened *);

#endif
