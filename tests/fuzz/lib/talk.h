/* SPDX-License-Identifier: ISC
 * talk.h - says any octets to a peer, in one piece, one by one, in sevens, cut once, and before its first step, and
 * holds it to the contract of src/base/peer.h: the same end each time.
 * One thing to know: each step is given a block of exactly the octets that there are. */
#ifndef FUZZ_TALK_H
#define FUZZ_TALK_H

#include "fuzz.h"
#include "peer.h"

#define TALK_PARTS 4
#define TALK_OUT (256 * 1024)

struct talk {
	struct peer *(*fresh)(const void *arg); /* a new peer, before its first step */
	/* Answers PEER_ASK or PEER_DIAL; false: the run ends there. */
	bool (*serve)(struct peer *, enum peer_want, const void *arg);
	const void *arg;
	struct span part[TALK_PARTS];
	size_t parts;
	bool pauses; /* the parts come on one connection, with a pause between; else each on one of its own */
	bool eof;    /* after the last part the other end closes; before another connection it always does */
	bool prompt; /* PEER_OPEN comes with the last octet of the message that opens */
	bool faulty; /* splits may matter: only memory and the walls of a step are looked at */
	bool server; /* what a failed peer leaves unread does not matter; it never redials */
	size_t window; /* most octets that may be unread */
};

/* Ends the program if a property does not hold. */
void talk_check(const struct talk *);

/* The parts of the input into t. */
void talk_parts(struct talk *t, struct span in);

#endif
