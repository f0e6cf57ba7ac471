/* SPDX-License-Identifier: ISC
 * base64.h - base64 with padding (RFC 4648 section 4).  Own code of a dozen lines: the platform has none, and a
 * library would cost more start-up than the whole program (docs/DESIGN). */
#ifndef CONNECT_BASE64_H
#define CONNECT_BASE64_H

#include "span.h"

/* The encoding of a, ":" and b into o, without a copy of the three together. */
void base64_pair(struct obuf *o, struct span a, struct span b);

#endif
