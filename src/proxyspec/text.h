/* SPDX-License-Identifier: ISC
 * text.h - text that is fit for a terminal and for any report (UTF-8: RFC 3629). */
#ifndef PX_TEXT_H
#define PX_TEXT_H

#include "env.h"

#include <stdio.h>

/* The character at s, which is not empty: how many octets, and which; 0: no UTF-8, or one that a terminal obeys. */
size_t px_char(const char *s, unsigned long *which);
/* One line: everything that is no plain character as \xNN. */
void px_print_safe(FILE *, const char *s);
void px_put_safe(struct px_buf *, const char *s, size_t n);
/* In double quotes, as JSON (RFC 8259 section 7) and YAML 1.2 both read it; NULL is empty. */
void px_print_quoted(FILE *, const char *s);
/* px_print_safe, and the line's end. */
void px_say(FILE *, const char *s);

#endif
