/* SPDX-License-Identifier: ISC
 * wire.h - a recorded connection against a trace: both sides are matched, nobody is played. */
#ifndef PX_WIRE_H
#define PX_WIRE_H

#include "capture.h"
#include "match.h"
#include "result.h"

/* flow and those behind it: a client that tries again opens the next one to the same port.  given overrides the
 * trace's variables.  left: octets of both sides that the trace says nothing about, without the payload of an
 * open tunnel and the rest of the HTTP response that its last line begins. */
void px_wire_match(const struct px_case *, const struct px_flow *, const struct px_env *given,
	struct px_result *, size_t *left);

#endif
