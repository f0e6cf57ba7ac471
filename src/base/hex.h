/* SPDX-License-Identifier: ISC
 * hex.h - bytes as hexadecimal, as a dump, and as text that is safe to print. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include "span.h"

/* "05 02 00" into o, without an end mark. */
void hex_spaced(struct obuf *o, struct span s);

/* Text with \t \r \n \\ and \xNN for every other byte outside 0x20..0x7e, into o, without an end mark.  A quoting
 * mark `quote` (0 for none) is escaped with a backslash too. */
void hex_text(struct obuf *o, struct span s, char quote);

/* The value of one hexadecimal digit, or -1. */
int hex_digit(int c);

#endif
