/* SPDX-License-Identifier: ISC
 * splice.h - bulk: octets that the kernel moves from a socket to a pipe or a socket without showing them to us.
 *
 *     socket --splice--> pipe that somebody else reads
 *     socket --splice--> pipe of our own --splice--> socket
 *
 * One thing to know: only bulk goes this way.  A flow starts with plain reads and writes, is bulk once a read brought
 * much, and is plain again once a splice brought little: so what is typed costs nothing more, and descriptors,
 * larger pipes and whatever else bulk needs are never there in a session that only idles. */
#ifndef BASE_SPLICE_H
#define BASE_SPLICE_H

#include <sys/types.h>

#include "relay.h"

/* Before the first octet.  allowed: nobody has to see the octets, nor to have them back.  much: see relay.h. */
void bulk_begin(struct flow *, bool allowed, size_t much);

/* A plain read brought n octets. */
void bulk_notice(struct flow *, size_t n);

/* In place of the plain read, while f->bulk.  As recv, but after a return above 0 the octets have reached f->to
 * already, or are f->n octets in our own pipe.  Never 0:
 * EAGAIN can also mean that f->to has no room, then f->full is set, or that the plain read has to look.  EPIPE
 * is f->to's. */
ssize_t bulk_read(struct flow *);

/* In place of the plain write, while f->piped. */
ssize_t bulk_write(struct flow *);

/* Never again for this flow; what is in our own pipe is dropped. */
void bulk_end(struct flow *);

#endif
