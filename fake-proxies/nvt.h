/* SPDX-License-Identifier: ISC
 * nvt.h - the octets of a network virtual terminal, one unit at a time (RFC 854, RFC 855).
 * One thing to know: a unit that is not whole is left in the input. */
#ifndef FP_NVT_H
#define FP_NVT_H

#include "server.h"

#define SB_MAX 512 /* the octets of a sub-negotiation; one that is longer ends here */

enum { IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, GA = 249, NOP = 241, SE = 240 };
enum { OPTION_ECHO = 1, OPTION_SGA = 3, OPTION_TTYPE = 24 };

enum nvt_kind {
	NVT_LACKS,  /* the unit is not whole */
	NVT_OCTET,  /* value */
	NVT_END,    /* CR LF, CR NUL, LF, or CR before anything else */
	NVT_OPTION, /* verb and value: WILL, WONT, DO or DONT */
	NVT_OTHER   /* any other command, a sub-negotiation included: nothing to do */
};

struct nvt_unit {
	enum nvt_kind kind;
	uint8_t verb, value;
	struct span octets; /* the unit itself */
};

/* Take the first unit of *in; eof: nothing follows. */
struct nvt_unit nvt_take(struct srv *s, struct span *in, bool eof);

/* Answer an option request; out may get one command (RFC 1143 for the two options that we offer). */
void nvt_option(struct srv *s, const struct nvt_unit *u, bool offer, struct obuf *out);

/* IAC verb option */
void nvt_put(struct obuf *out, unsigned verb, unsigned option);

#endif
