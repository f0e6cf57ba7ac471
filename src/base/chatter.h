/* SPDX-License-Identifier: ISC
 * chatter.h - the first line of a session, when a proxy talks where the target should. */
#ifndef BASE_CHATTER_H
#define BASE_CHATTER_H

#include "relay.h"

/* The first line from remote, as far as it has come: drop it, keep waiting for its end (true), or deliver it. */
bool chatter_holds(struct relay *);

#endif
