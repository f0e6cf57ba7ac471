/* SPDX-License-Identifier: ISC
 * opts.h - what the command line, the environment and the parameter files say, taken together.
 * One thing to know: the argument of an option is the next word, also inside a cluster: "-Sd proxy". */
#ifndef CONNECT_OPTS_H
#define CONNECT_OPTS_H

#include "client.h"
#include "direct.h"
#include "net.h"
#include "server.h"

#define VERSION "2.0"

enum method {
	METHOD_DIRECT = 1,
	METHOD_SOCKS,
	METHOD_HTTP,
	METHOD_TELNET
}; /* connect.c's numbers, shown by -d */
enum resolving { RESOLVE_DEFAULT, RESOLVE_LOCAL, RESOLVE_REMOTE, RESOLVE_BOTH };

struct config {
	enum method method;
	int socks_version;
	struct server proxy;
	enum resolving resolving;
	bool resolving_given; /* by -R or a parameter: then a failure of "local" is an error */
	bool has_ns;
	struct net_addr ns; /* -R ADDRESS */
	uint8_t auth[CLIENT_METHODS];
	size_t nauth;
	struct direct direct;

	const char *user_given; /* to the proxy; NULL = look further */
	char host[HOST_MAX];
	uint16_t port;

	bool listening, hold, forever;
	struct net_addr local; /* -p, -P */
	bool half_close, end_with_remote, http10;
	const char *command; /* to a telnet proxy, with %h and %p */
	const char *good[CLIENT_PHRASES + 1], *bad[CLIENT_PHRASES + 1];
	int wait_ms, connect_ms, handshake_ms, idle_ms; /* 0 = none */
	bool pass;     /* -F: hand the connection to the program behind standard output */
	bool sandbox;  /* while relaying */
	bool pipeline; /* SOCKS5: do not wait for the answers between the messages */
};

/* Fill cfg.  Returns -1 to go on, else the exit status: errors, usage and version were printed. */
int opts_parse(struct config *cfg, int argc, char **argv);

/* What opts_parse allocated. */
void opts_free(struct config *cfg);

/* For tests: the port in a program name like "connect-25.exe", 0 if there is none. */
uint16_t opts_name_port(const char *argv0);

/* Expand a telnet proxy's command.  Returns NULL, or what is wrong; *out is from malloc. */
const char *opts_expand(const char *fmt, const char *host, uint16_t port, char **out);

/* For tests: a comma list of SOCKS5 method names.  Returns NULL, or what is wrong; a name it is about in *name. */
const char *opts_auth(const char *list, struct config *cfg, struct span *name);

#endif
