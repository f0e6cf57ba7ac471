/* SPDX-License-Identifier: ISC
 * relay.h - moves bytes between a local side (one or two descriptors) and a remote socket until both directions
 * are over.
 * One thing to know: each direction is on its own; an error in one never drops bytes of the other. */
#ifndef BASE_RELAY_H
#define BASE_RELAY_H

#include "span.h"

#define RELAY_BUF (256 * 1024)

enum relay_event {
	RELAY_SENT,	 /* p, n: octets on their way from local to remote */
	RELAY_RECEIVED,	 /* p, n: octets on their way from remote to local */
	RELAY_LOCAL_EOF, /* the local side will send no more */
	RELAY_REMOTE_EOF /* the remote side will send no more */
};

enum relay_end {
	RELAY_OVER,	  /* both directions have ended, nothing was lost */
	RELAY_LOCAL_LOST, /* hold: the local side went away, the remote one is still there */
	RELAY_ERROR,	  /* err and what say what happened; all that could be delivered was */
	RELAY_IDLE	  /* idle_ms passed without an octet */
};

/* One direction.  n octets from at on in buf are on their way. */
struct flow {
	int from, to; /* -1 when that end is over */
	uint8_t *buf; /* cap octets; owned by the caller */
	size_t cap, at, n;
	size_t chunk; /* most octets one write may have after poll() so that it cannot block; 0 = no limit */
	bool from_sock, to_sock, from_tty;
	bool nowait; /* to is written with out_nowait */
	bool over;   /* nothing will be moved any more */
	bool lost;   /* the writing end failed: what still comes is dropped */

	/* splice.c's */
	bool able; /* the kernel may move octets by itself; asked: what it needs for that is there */
	bool asked;
	bool bulk;   /* it does so now */
	bool full;   /* ... straight into to, which has no room */
	bool piped;  /* the n octets are in own, not in buf */
	int own[2];  /* a pipe, or -1 */
	size_t much; /* ... from a read of so many octets on */
	size_t most; /* most octets that one splice to to may have after poll(), 0 = no limit */
};

struct relay {
	/* Set by the caller.  Descriptors are not owned, but made non-blocking where that harms nobody else,
	 * and shut down or closed to pass an end of file on. */
	int in, out; /* local: what is to be sent is read from in, what arrives is written to out */
	int remote;
	bool half_close;      /* pass the local end of file on to remote */
	bool end_with_remote; /* do not wait for the local end of file after the remote one */
	bool hold;   /* the local side may come and go: its end is RELAY_LOCAL_LOST, remote is not told */
	bool plain;  /* every octet goes through buf; so it does with hold, and with event */
	size_t much; /* a read of so many octets is bulk, which the kernel moves; 0 = the usual number */
	int idle_ms; /* 0 = no limit */
	const char *
		chatter; /* a first line from remote that begins so (no regard to case) is dropped; or NULL */
	void (*event)(void *ctx, enum relay_event, const uint8_t *p, size_t n); /* or NULL */
	void *ctx;
	struct flow up, down; /* only buf and cap are set by the caller, and at, n for octets already there */

	/* Results. */
	int err;	  /* errno of the first failure */
	const char *what; /* what failed: "sending to the remote side", ...; static */
};

/* Prepare flows and descriptors.  Once for each local side; what is in down stays for the next one. */
void relay_begin(struct relay *);

enum relay_end relay_run(struct relay *);

#endif
