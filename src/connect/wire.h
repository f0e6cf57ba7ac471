/* SPDX-License-Identifier: ISC
 * wire.h - the byte order of the client's messages: most significant octet first (RFC 1928 section 2 shows it by
 * its field widths, SOCKS4 section 1 by its figure; every server reads it so). */
#ifndef CONNECT_WIRE_H
#define CONNECT_WIRE_H

#include "span.h"

static inline void
put_u16(struct obuf *o, unsigned v)
{
	ob_u8(o, v >> 8 & 0xff);
	ob_u8(o, v & 0xff);
}

#endif
