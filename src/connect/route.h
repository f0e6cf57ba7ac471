/* SPDX-License-Identifier: ISC
 * route.h - where the first connection goes and what the proxy is asked for. */
#ifndef CONNECT_ROUTE_H
#define CONNECT_ROUTE_H

#include "opts.h"
#include "resolve.h"

struct route {
	bool direct;
	struct dst dst;	    /* what the proxy is asked for */
	struct addrs first; /* where we connect: the proxy or the target; n = 0: not resolved yet */
};

/* Resolve the target where that is wanted, and decide.  Returns 0, or an exit status after the reason was said. */
int route_find(const struct config *, int64_t deadline, struct route *);

#endif
