/* SPDX-License-Identifier: ISC
 * record.h - what is told: the log, one line an event, and the trace, one file a connection.
 * One thing to know: both are off unless asked for, and then cost one test each. */
#ifndef FP_RECORD_H
#define FP_RECORD_H

#include "conn.h"

/* Open the log.  False: said why. */
bool log_open(const struct fp_conf *);
void log_listening(const struct fp *, enum fp_role, const struct net_addr *);
void log_accept(const struct conn *);
void log_request(const struct conn *);
void log_reply(const struct conn *);
void log_closed(const struct conn *);
bool log_wanted(void);
bool log_broken(void); /* a line could not be written */

/* Octets of the tunnel; the trace keeps the first few. */
enum trace_side { TRACE_UP, TRACE_DOWN };

struct trace *trace_new(struct conn *);
void trace_text(struct conn *, const uint8_t *p, size_t n);
void trace_payload(struct conn *, enum trace_side, const uint8_t *p, size_t n);
void trace_wire(struct conn *); /* the pieces that the tap sent so far */
void trace_tunnel(struct conn *);
void trace_close(struct conn *);

#endif
