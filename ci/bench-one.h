/* SPDX-License-Identifier: ISC
 * bench-one.h - what the two halves of bench-one share: what is measured, and the responder. */
#ifndef BENCH_ONE_H
#define BENCH_ONE_H

#define BLOCK (256 * 1024)
#define PING 64
#define WARM 200 /* round trips before those that count */
#define GREETING "SSH-2.0-x\r\n"

enum what { START, DOWN, UP, PINGS, IDLE };
enum proto { SOCKS5, SOCKS4, HTTP, NO_PROXY };

struct respond {
	enum what what;
	enum proto proto;
	long long n; /* octets */
	int listener, control;
	unsigned short port;
};

/* A listening socket on loopback. */
int respond_listen(unsigned short *port);

/* The proxy and the target behind it, for one connection.  Does not return. */
_Noreturn void respond(const struct respond *);

_Noreturn void fail(const char *what);

#endif
