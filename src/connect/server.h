/* SPDX-License-Identifier: ISC
 * server.h - the specification of a proxy: [http://][user@]host[:port][/path], an IPv6 address in brackets. */
#ifndef CONNECT_SERVER_H
#define CONNECT_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#define HOST_MAX 1025 /* longest host name of the resolver (NI_MAXHOST) */

struct server {
	char user[512];
	bool has_user; /* "@host" has an empty one */
	char host[HOST_MAX];
	uint16_t port;
};

/* Returns NULL, or what is wrong with the specification, in static words. */
const char *server_parse(const char *spec, uint16_t default_port, struct server *out);

/* A name or address without blanks and control characters, brackets of an IPv6 address taken off, into host, which has
 * HOST_MAX bytes.  Returns NULL, or what is wrong. */
const char *host_parse(const char *text, char *host);

#endif
