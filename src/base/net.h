/* SPDX-License-Identifier: ISC
 * net.h - sockets with deadlines: dial a list of addresses, listen, send and receive without SIGPIPE.
 * One thing to know: every descriptor made here is non-blocking and close-on-exec. */
#ifndef BASE_NET_H
#define BASE_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#define NET_ADDRSTR 64 /* "[v6%scope]:port" fits */

struct net_addr {
	struct sockaddr_storage ss;
	socklen_t len;
};

/* Milliseconds of the monotonic clock. */
int64_t net_now(void);

/* Milliseconds from now until deadline, 0 if it has passed; -1 (poll's "for ever") if deadline is 0. */
int net_left(int64_t deadline);

/* The earlier of two deadlines, of which 0 is none. */
int64_t net_sooner(int64_t a, int64_t b);

/* Wait until fd is ready for any of events or deadline (0 = none) passes.
 * Returns 1 ready, 0 deadline passed, -1 error (errno). */
int net_wait(int fd, short events, int64_t deadline);

/* Numeric text "1.2.3.4:80" or "[::1]:80" of a; returns buf, which has NET_ADDRSTR bytes. */
char *net_str(const struct net_addr *a, char *buf);

/* The port of an address in host order. */
unsigned net_port(const struct net_addr *a);
void net_set_port(struct net_addr *a, unsigned port);

/* Turn a socket's address into net_addr; local picks getsockname, else getpeername. */
int net_addr_of(int fd, bool local, struct net_addr *out);

/* Connect to one address.  Returns a descriptor, or -1 with errno (ETIMEDOUT when deadline passed). */
int net_dial(const struct net_addr *a, int64_t deadline);

/* The same in two steps: a descriptor that becomes writable when there is an outcome, or -1 with errno; and the outcome,
 * 0 or an errno. */
int net_dial_begin(const struct net_addr *a);
int net_dial_outcome(int fd);

/* Listen on one address.  Returns a descriptor, or -1 with errno. */
int net_listen(const struct net_addr *a, int backlog);

/* The tunnel's socket options: TCP_NODELAY and SO_KEEPALIVE with its times; no error on sockets that lack them. */
void net_tune(int fd);

int net_nonblock(int fd, bool on);
int net_cloexec(int fd);

/* recv and send that never raise SIGPIPE and retry EINTR; EAGAIN is returned.  net_peek leaves the bytes in the socket. */
ssize_t net_recv(int fd, void *buf, size_t n);
ssize_t net_peek(int fd, void *buf, size_t n);
ssize_t net_send(int fd, const void *buf, size_t n);

/* Close so that the peer sees RST instead of FIN. */
void net_reset(int fd);

#endif
