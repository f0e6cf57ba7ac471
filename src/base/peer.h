/* SPDX-License-Identifier: ISC
 * peer.h - one end of a conversation as a function from bytes to bytes (docs/DESIGN, "The peer").
 * One thing to know: a peer never reads, writes, sleeps, resolves, prompts, prints or allocates. */
#ifndef BASE_PEER_H
#define BASE_PEER_H

#include "span.h"

enum peer_want {
	PEER_MORE,   /* send out, then call again with more input (or eof) */
	PEER_OPEN,   /* handshake over; what is left in *in is tunnel data */
	PEER_FAIL,   /* over; see fail (out is still to be sent) */
	PEER_ASK,    /* a credential is missing: fill it in, call again */
	PEER_REDIAL, /* drop the connection and its unread input, dial again, call with no input */
	PEER_DIAL,   /* (servers) connect to the destination, store the outcome, call again */
	PEER_WAIT, /* send out, then call again with more input, or with waited set after wait_ms without any */
	PEER_FIN,  /* (scripts, faults) send out, then half-close */
	PEER_RESET /* (scripts, faults) send out, then reset */
};

enum fail_why {
	FAIL_NONE,
	FAIL_REFUSED,  /* the other end said no; code is its code */
	FAIL_AUTH,     /* credentials missing or not accepted */
	FAIL_PROTOCOL, /* the other end broke the protocol */
	FAIL_EOF,      /* the other end closed before its message was whole */
	FAIL_INPUT     /* what we were asked to send cannot be expressed */
};

struct peer {
	/* Consume whole messages from the front of *in (advance it), leave an unfinished one in place, append
	 * replies to out.  eof: nothing will follow what is in *in.  Any split of the same bytes does the same.
	 * Not called again after PEER_OPEN or PEER_FAIL.  The contract, each line a property test:
	 *  1. Split invariance: any cut of the input gives the same final want, output and left-over.
	 *  2. Nothing of an unfinished message is eaten on MORE or ASK; on OPEN exactly the handshake is eaten.
	 *  3. Promptness: OPEN comes with the last byte of the reply; FAIL as early as the bytes allow.
	 *  4. Errors are sticky, checked once.
	 *  5. Finite: a full window that yields MORE with nothing eaten is "message too long". */
	enum peer_want (*step)(struct peer *, struct span *in, bool eof, struct obuf *out);

	const char *at; /* the message awaited, in words, for -d and for errors; static */
	struct {
		enum fail_why why;
		int code;	  /* the other end's code, or -1 */
		const char *text; /* what happened, in words; static */
	} fail;

	struct obuf *notes; /* where the peer tells what it does, one line of text each, or NULL */
	unsigned wait_ms;   /* with PEER_WAIT */
	bool waited;	    /* set by the driver: wait_ms passed and nothing came */
};

#endif
