/* SPDX-License-Identifier: ISC
 * asked.h - a client that is alice with the password s3cret, from the start, when it is asked for, or never.
 * One thing to know: bit 1 of the settings says that the password is there, bit 2 that it is given when asked for. */
#ifndef FUZZ_ASKED_H
#define FUZZ_ASKED_H

#include "client.h"
#include "talk.h"

static struct client client;

static inline void
client_afresh(const struct dst *dst, unsigned set)
{
	memset(&client, 0, sizeof client);
	client.dst = *dst;
	client.user = set & 2 ? "alice" : NULL;
	client.pass = set & 2 ? "s3cret" : NULL;
}

static inline bool
serve(struct peer *peer, enum peer_want want, const void *arg)
{
	(void)peer;
	client.user = "alice";
	client.pass = "s3cret";
	return want == PEER_ASK && (*(const unsigned *)arg & 4) != 0;
}

#endif
