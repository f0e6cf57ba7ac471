/* SPDX-License-Identifier: ISC
 * local.h - sessions with local TCP connections instead of standard input and output: -p, -P, --forever. */
#ifndef CONNECT_LOCAL_H
#define CONNECT_LOCAL_H

#include "opts.h"

struct session;

/* Listen as cfg says and serve.  Returns the exit status. */
int local_serve(struct session *, const struct config *cfg);

#endif
