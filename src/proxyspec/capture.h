/* SPDX-License-Identifier: ISC
 * capture.h - TCP connections out of a capture file: pcap, or pcapng (draft-ietf-opsawg-pcapng).
 * One thing to know: each direction is put in order by its sequence numbers; what was captured twice counts once. */
#ifndef PX_CAPTURE_H
#define PX_CAPTURE_H

#include "env.h"

struct px_flow {
	uint8_t ip[2][16]; /* 0 the side that opened the connection; IPv4 in the first four octets */
	bool v6;
	uint16_t port[2];
	struct px_buf data[2]; /* what side 0, side 1 sent */
	size_t turns[2][64];   /* how much of it there was when the other side began to speak */
	unsigned nturns[2];
	int speaker;	  /* who spoke last; -1 nobody */
	uint32_t next[2]; /* the next sequence number */
	bool begun[2], fin[2], rst[2];
	char *comment; /* of the first packet that has one, or NULL */
	struct px_flow *nextflow;
};
struct px_capture {
	struct px_flow *first, **end;
	unsigned packets, gaps; /* gaps: octets that the capture lacks */
	unsigned strange;	/* frames of a link layer that is not known */
	unsigned link;		/* its number, of the first one */
};
/* False: *why says what is wrong. */
bool px_capture_read(struct px_capture *, struct span file, const char **why);
void px_capture_free(struct px_capture *);

/* One IP packet, for the reader. */
void px_capture_ip(struct px_capture *, struct span ip, struct span comment);

#endif
