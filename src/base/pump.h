/* SPDX-License-Identifier: ISC
 * pump.h - drives one peer over a connected socket until it wants something the pump cannot give.
 * One thing to know: the pump is the only reader of the socket; what it has read and the peer has not eaten
 * stays in the window, and after PEER_OPEN that is the beginning of the tunnel. */
#ifndef BASE_PUMP_H
#define BASE_PUMP_H

#include "peer.h"

enum pump_end {
	PUMP_WANT,    /* the peer wants something else than more input: see want */
	PUMP_TIMEOUT, /* a deadline passed */
	PUMP_ERROR    /* the system failed: see err */
};

struct pump {
	int fd;	      /* a connected, non-blocking socket; not owned */
	uint8_t *win; /* the window: cap bytes, the first have are unread input; owned by the caller */
	size_t cap, have;
	int64_t deadline; /* on net_now()'s clock, 0 = none */
	int silence_ms;	  /* longest wait for the next octet, 0 = none */
	bool peek; /* what follows the handshake stays in the socket: another program will read it there */
	void (*told)(
		void *ctx, struct peer *); /* called after each step, to print the peer's notes; or NULL */
	void *ctx;

	enum peer_want want;
	size_t peeked; /* with peek: octets at the end of the window that are still in the socket */
	bool eof;      /* the other end has closed, or reset the connection (then err is its errno) */
	bool unsent;   /* a send failed: nothing is sent any more, what arrives is still read */
	int err;       /* errno, 0 if none */
};

/* Step the peer until it wants something else than more input.  A peer that cannot go on after the end of its
 * input is failed with FAIL_EOF, one that eats nothing of a full window with FAIL_PROTOCOL. */
enum pump_end pump_run(struct pump *, struct peer *);

/* Forget the connection: before the next pump_run on another descriptor. */
void pump_renew(struct pump *, int fd);

#endif
