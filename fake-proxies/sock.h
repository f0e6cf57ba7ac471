/* SPDX-License-Identifier: ISC
 * sock.h - the few calls that make a connection's sockets, each in as few system calls as the system offers. */
#ifndef FP_SOCK_H
#define FP_SOCK_H

#include "net.h"

/* Begin to connect; the descriptor is writable when it is done, SO_ERROR says how.  -1: errno. */
int sock_dial(const struct net_addr *);

/* Non-blocking, close-on-exec.  -1: errno. */
int sock_accept(int listener, struct net_addr *peer);

void sock_nodelay(int fd);
/* Ask the other side every few seconds whether it is there: one that has gone without a word resets. */
void sock_probe(int fd);

#endif
