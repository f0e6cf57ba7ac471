/* SPDX-License-Identifier: ISC
 * client_end.c - see pair.h. */
#include "client.h"

#include <arpa/inet.h>

#include "pair.h"

static struct client client;

static void
target(struct client *c, bool by_address)
{
	c->dst.kind = by_address ? DST_IP4 : DST_NAME;
	c->dst.host = by_address ? PAIR_ADDR : PAIR_HOST;
	c->dst.port = PAIR_PORT;
	if (by_address)
		inet_pton(AF_INET, PAIR_ADDR, c->dst.addr);
}

struct peer *
pair_client(enum pair_proto p)
{
	struct client *c = &client;

	memset(c, 0, sizeof *c);
	target(c, p == PAIR_SOCKS4);
	switch (p) {
	case PAIR_SOCKS4:
	case PAIR_SOCKS4A:
		c->user = PAIR_USER;
		socks4_start(c);
		break;
	case PAIR_SOCKS5:
	case PAIR_SOCKS5_PASS:
		c->u.s5.method[0] = 0;
		c->u.s5.method[1] = 2;
		c->u.s5.n = 2;
		socks5_start(c);
		break;
	case PAIR_HTTP:
	case PAIR_HTTP_PASS:
		http_start(c);
		break;
	case PAIR_TELNET:
		c->u.tel.command = "telnet " PAIR_HOST " 7022";
		c->u.tel.good[0] = "connected to";
		c->u.tel.bad[0] = " failed";
		c->u.tel.bad[1] = " refused";
		telnet_start(c);
		break;
	}
	return &c->peer;
}

void
pair_client_password(void)
{
	client.user = PAIR_USER;
	client.pass = PAIR_PASS;
}
