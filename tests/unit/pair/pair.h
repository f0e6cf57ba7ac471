/* SPDX-License-Identifier: ISC
 * pair.h - a client peer of connect and a server peer of fakeproxy, for tests that let them talk in memory.
 * One thing to know: neither side's headers are seen here, so the test knows both only as peers. */
#ifndef PAIR_H
#define PAIR_H

#include "peer.h"

enum pair_proto {
	PAIR_SOCKS4,
	PAIR_SOCKS4A,
	PAIR_SOCKS5,
	PAIR_SOCKS5_PASS,
	PAIR_HTTP,
	PAIR_HTTP_PASS,
	PAIR_TELNET
};

#define PAIR_HOST "target.example"
#define PAIR_ADDR "198.51.100.7"
#define PAIR_PORT 7022
#define PAIR_USER "alice"
#define PAIR_PASS "s3cret"

/* A fresh end; one of each at a time, static storage. */
struct peer *pair_client(enum pair_proto);
struct peer *pair_server(enum pair_proto);

/* The client wants a password. */
void pair_client_password(void);

/* The server wants the target dialled: did it understand what the client asked for?  Then it is told the outcome. */
bool pair_server_understood(enum pair_proto);
void pair_server_dialled(int err);

#endif
