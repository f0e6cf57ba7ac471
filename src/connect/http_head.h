/* SPDX-License-Identifier: ISC
 * http_head.h - the head of an HTTP response taken apart (RFC 9112 sections 2.2, 4 and 5; RFC 9110 section 11).
 * One thing to know: everything points into the head, which the caller keeps. */
#ifndef CONNECT_HTTP_HEAD_H
#define CONNECT_HTTP_HEAD_H

#include "span.h"

/* Octets of the first line with its end, LF or CR LF; 0 if it is not whole. */
size_t head_line(struct span s);

/* Octets of the head, its empty line included; 0 if it is not whole. */
size_t head_size(struct span s);

/* The line without its LF or CR LF. */
struct span head_trim(struct span line);

/* Can s be the beginning of a status line "HTTP/1."?  False as soon as it cannot. */
bool status_possible(struct span s);

/* status-line = "HTTP/1." DIGIT SP 3DIGIT [SP reason-phrase]; several blanks are tolerated.
 * Returns the status, or -1.  minor and reason are filled in. */
int status_parse(struct span line, int *minor, struct span *reason);

/* The next field of a head, after obs-fold has been taken into the value (the line ends are still in it).  at: where
 * to go on, 0 = at the first field.  False at the end. */
bool field_next(struct span head, size_t *at, struct span *name, struct span *value);

/* Does any field of this name contain the token in its list?  Both without regard to case. */
bool field_has(struct span head, const char *name, const char *token);

/* Value of the first field of this name, blanks trimmed; n = 0 if there is none.  count: how many there are. */
struct span field_get(struct span head, const char *name, unsigned *count);

/* Is Basic among the challenges of the fields of this name?  schemes: the schemes named, for an error message; it has
 * cap octets. */
bool challenge_basic(struct span head, const char *name, struct obuf *schemes);

/* The same for the value of one field. */
bool challenge_in_value(struct span value, struct obuf *schemes);

uint8_t lower(uint8_t c);
bool same_nocase(struct span a, const char *b);

#endif
