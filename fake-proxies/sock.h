/* SPDX-License-Identifier: ISC
 * sock.h - what a connection's sockets need beside net.h, in as few system calls as the system offers. */
#ifndef FP_SOCK_H
#define FP_SOCK_H

#include "net.h"

/* Non-blocking, close-on-exec.  -1: errno. */
int sock_accept(int listener, struct net_addr *peer);

void sock_nodelay(int fd);
/* Ask the other side every few seconds whether it is there: one that has gone without a word resets. */
void sock_probe(int fd);

#endif
