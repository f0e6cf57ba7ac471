/* SPDX-License-Identifier: ISC
 * server_end.c - see pair.h. */
#include "server.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "pair.h"

static struct srv srv;
static struct fp_conf conf;
static struct fp_bugs bugs;
static struct fp_user user;

struct peer *
pair_server(enum pair_proto p)
{
	static const enum fp_role roles[] = {
		ROLE_SOCKS4, ROLE_SOCKS4, ROLE_SOCKS5, ROLE_SOCKS5, ROLE_HTTP, ROLE_HTTP, ROLE_TELNET};

	fp_conf_init(&conf);
	memset(&bugs, 0, sizeof bugs);
	memset(&srv, 0, sizeof srv);
	if (p == PAIR_SOCKS5_PASS || p == PAIR_HTTP_PASS) {
		user.name = span_str(PAIR_USER);
		user.pass = span_str(PAIR_PASS);
		conf.user = &user;
		conf.n_user = 1;
	}
	srv_init(&srv, &conf, &bugs, roles[p]);
	return &srv.peer;
}

bool
pair_server_understood(enum pair_proto p)
{
	uint8_t addr[4];

	if (srv.dst.port != PAIR_PORT)
		return false;
	inet_pton(AF_INET, PAIR_ADDR, addr);
	if (p == PAIR_SOCKS4)
		return srv.dst.kind == DST_IP4 && memcmp(srv.dst.ip, addr, 4) == 0 &&
		       strcmp(srv.user, PAIR_USER) == 0;
	if (p == PAIR_SOCKS4A && strcmp(srv.user, PAIR_USER) != 0)
		return false;
	return srv.dst.kind == DST_NAME && strcmp(srv.dst.host, PAIR_HOST) == 0;
}

void
pair_server_dialled(int err)
{
	struct sockaddr_in *a = (struct sockaddr_in *)&srv.got.local.ss;

	srv.got.err = err;
	a->sin_family = AF_INET;
	a->sin_port = htons(49152);
	a->sin_addr.s_addr = htonl(0xc0000201);
	srv.got.local.len = sizeof *a;
	srv.got.remote = srv.got.local;
	srv.got.has_local = srv.got.has_remote = err == 0;
}
