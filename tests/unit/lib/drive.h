/* SPDX-License-Identifier: ISC
 * drive.h - plays what the other end of a conversation says to a peer, in memory, in every way in which a network may
 * deliver it, and holds the peer to its contract (src/base/peer.h).
 * One thing to know: each step is given a block of exactly the octets that there are, so reading past them is seen. */
#ifndef UNIT_DRIVE_H
#define UNIT_DRIVE_H

#include "peer.h"

/* Octets and text as constant spans, also outside functions. */
#define OCTETS(...) \
	{ \
		(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}) \
	}
#define TEXT(s) \
	{ \
		(const uint8_t *)(s), sizeof(s) - 1 \
	}

#define DRIVE_CONNS 3
#define DRIVE_OUT 4096
#define DRIVE_MARKS 8
#define DRIVE_WINDOW (64 * 1024)

/* A conversation and what has to come of it. */
struct drive {
	const char *name;
	struct peer *(*fresh)(const void *arg);	     /* a new peer, before its first step */
	void (*ask)(struct peer *, const void *arg); /* answers PEER_ASK; NULL: to be asked ends the run */
	const void *arg;

	struct span in[DRIVE_CONNS]; /* what the other end says on each connection */
	size_t conns;		     /* 0 = 1 */
	bool waits;		     /* the peer waits for a pause before it speaks */
	size_t greeting; /* octets of in[0] that come before a pause as long as the peer waits for (PEER_WAIT) */
	bool eof;	 /* after that it closes; before another connection it always does */

	/* Expected.  NULL or an empty mark list: not looked at. */
	enum peer_want want;
	enum fail_why why;
	int code;
	const char *text;
	bool quiet;		      /* nothing is sent at all */
	struct span out[DRIVE_CONNS]; /* what the peer sends on each connection */
	size_t eaten;		      /* octets of the last connection that the peer has taken in the end */
	size_t decided;		      /* octets of the last connection after which it knows, not one later */
	size_t mark[DRIVE_MARKS]; /* the ends of messages: nothing else may be taken before the end; 0 ends */
	bool eof_elsewhere;	  /* closing in the middle is not simply FAIL_EOF here */
};

/* What came of one run. */
struct drive_end {
	enum peer_want want;
	enum fail_why why;
	int code;
	const char *text, *at;
	bool too_long;	    /* a full window, and nothing of it was taken */
	unsigned asked;	    /* times PEER_ASK was answered */
	size_t conn;	    /* index of the last connection */
	size_t fed, eaten;  /* of the last connection */
	size_t middle;	    /* drive_cut: octets taken before the second part came */
	size_t middle_sent; /*   and octets sent by then, over all connections */
	size_t nout[DRIVE_CONNS];
	uint8_t out[DRIVE_CONNS][DRIVE_OUT]; /* last: the octets behind nout are not cleared */
};

/* All of it in one piece; or in pieces of n octets; or cut once, at cut; or there before the first step. */
void drive_whole(const struct drive *, struct drive_end *);
void drive_pieces(const struct drive *, size_t n, struct drive_end *);
void drive_cut(const struct drive *, size_t at, struct drive_end *);
void drive_early(const struct drive *, struct drive_end *);

/* Every way, every property.  Ends the test if one does not hold. */
void drive_check(const struct drive *);

/* The same without the cuts and the ends of input, for long series of scripts that differ in one octet. */
void drive_quick(const struct drive *);

#endif
