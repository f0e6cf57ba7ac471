/* SPDX-License-Identifier: ISC
 * say.h - the only place that writes to standard error, and the exit statuses.
 * One thing to know: text that came from elsewhere goes through safe() first, so no control byte reaches a terminal. */
#ifndef CONNECT_SAY_H
#define CONNECT_SAY_H

#include "span.h"

enum status {
	ST_OK = 0,
	ST_USAGE = 2,	 /* command line or configuration */
	ST_RESOLVE = 3,	 /* a name cannot be resolved */
	ST_REACH = 4,	 /* the proxy, or the direct target, cannot be reached */
	ST_PROTOCOL = 5, /* the proxy broke the protocol or closed early */
	ST_AUTH = 6,	 /* credentials are missing or were not accepted */
	ST_REFUSED = 7,	 /* the proxy refused the target, or could not reach it */
	ST_DEADLINE = 8, /* a deadline passed */
	ST_IO = 9	 /* an error in the session, or of the system */
};

extern int debug_level; /* -d once or twice */

#if defined(__GNUC__)
#define SAY_FMT __attribute__((format(printf, 1, 2)))
#else
#define SAY_FMT
#endif

/* One line each, in one write, with connect.c's labels "DEBUG: ", "ERROR: ", "FATAL: " (say_plain: none). */
void say_debug(const char *fmt, ...) SAY_FMT;
void say_error(const char *fmt, ...) SAY_FMT;
void say_fatal(const char *fmt, ...) SAY_FMT;
void say_plain(const char *fmt, ...) SAY_FMT;

/* s as printable text, cut to some 250 characters.  The result is good until the fourth call after this one. */
const char *safe(const char *s);
const char *safe_span(struct span s);

#endif
