/* SPDX-License-Identifier: ISC
 * pcapng.h - the traces as a capture file (draft-ietf-opsawg-pcapng), a comment on every packet. */
#ifndef PX_PCAPNG_H
#define PX_PCAPNG_H

#include "self.h"

struct px_pcapng;
struct px_pcapng *px_pcapng_open(const char *path); /* NULL: errno */
/* The connections of one case; self's emit is set so that its messages go here. */
void px_pcapng_case(struct px_pcapng *, const struct px_case *, struct px_self *);
void px_pcapng_case_end(struct px_pcapng *);
bool px_pcapng_close(struct px_pcapng *); /* false: something was not written */

#endif
