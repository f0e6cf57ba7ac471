/* SPDX-License-Identifier: ISC
 * connect_route.c - what the proxy is asked for, and what is reached without it.
 * One thing to know: only names of the hosts file and names that cannot exist are looked up here, and only where the
 * case is about local resolution. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "route.h"
#include "say.h"

static struct config cfg;
static struct route route;

/* The method 5, 4, H, T or D; resolving l, r, b, L (local, asked for) or R. */
static void
configure(const char *how, const char *host, const char *direct)
{
	memset(&cfg, 0, sizeof cfg);
	cfg.method = how[0] == 'H'   ? METHOD_HTTP
		     : how[0] == 'T' ? METHOD_TELNET
		     : how[0] == 'D' ? METHOD_DIRECT
				     : METHOD_SOCKS;
	cfg.socks_version = how[0] == '4' ? 4 : 5;
	cfg.resolving = how[1] == 'l' || how[1] == 'L' ? RESOLVE_LOCAL
			: how[1] == 'b'		       ? RESOLVE_BOTH
						       : RESOLVE_REMOTE;
	cfg.resolving_given = how[1] == 'L' || how[1] == 'R' || how[1] == 'b';
	snprintf(cfg.host, sizeof cfg.host, "%s", host);
	cfg.port = 22;
	if (direct != NULL)
		ck_assert(direct_parse(&cfg.direct, direct, "X"));
}

static const struct {
	const char *how, *host, *direct;
	bool is_direct;
	enum dst_kind kind;
} routes[] = {
	{"5r", "target.example", NULL, false, DST_NAME}, {"4r", "target.example", NULL, false, DST_NAME},
	{"Hr", "target.example", NULL, false, DST_NAME}, {"Tr", "target.example", NULL, false, DST_NAME},
	{"5r", "192.0.2.7", NULL, false, DST_IP4}, {"5r", "2001:db8::7", NULL, false, DST_IP6},
	{"4l", "192.0.2.7", NULL, false, DST_IP4}, {"4r", "2001:db8::7", NULL, false, DST_IP6},
	{"Hr", "192.0.2.7", NULL, false, DST_IP4}, {"5r", "127.1", NULL, false, DST_NAME},
	{"Dr", "target.example", NULL, true, DST_NAME}, {"Dr", "192.0.2.7", NULL, true, DST_IP4},
	{"5r", "www.example.test", "example.test", true, DST_NAME},
	{"5r", "www.example.test", "!www.example.test,*", false, DST_NAME},
	{"5r", "192.0.2.7", "192.0.2.0/24", true, DST_IP4},
	{"5r", "192.0.2.7", "!192.0.2.7,192.0.2.0/24", false, DST_IP4},
	{"5r", "192.0.3.7", "192.0.2.0/24", false, DST_IP4},
	{"5r", "2001:db8::7", "2001:db8::/32", true, DST_IP6}, {"Hr", "127.1", "127.0.0.0/8", true, DST_NAME},
	{"4l", "192.0.2.7", "192.0.2.", true, DST_IP4}, {"Tr", "a.b", "*", true, DST_NAME},
	{"5l", "localhost", "localhost", true, DST_IP4}, /* the name entry counts, though it is resolved */
	{"5l", "localhost", "!localhost,*", false, DST_IP4},
	{"4l", "localhost", "127.0.0.0/8", true, DST_IP4}, /* and so does the address */
	{"4l", "localhost", NULL, false, DST_IP4}, {"4L", "localhost", NULL, false, DST_IP4},
	{"5r", "localhost", "127.0.0.0/8,::1", false, DST_NAME}, /* with remote resolution nobody asks */
};

START_TEST(found)
{
	bool resolved = strcmp(routes[_i].host, "localhost") == 0 && routes[_i].how[1] != 'r';
	uint8_t octets[16];
	int kind = literal(routes[_i].host, octets);

	configure(routes[_i].how, routes[_i].host, routes[_i].direct);
	catch_stderr();
	ck_assert_int_eq(route_find(&cfg, net_now() + 5000, &route), 0);
	ck_assert_str_eq(caught(), "");
	ck_assert_msg(route.direct == routes[_i].is_direct, "%s, %s", routes[_i].how, routes[_i].host);
	if (resolved && routes[_i].how[0] == '5') /* localhost may be ::1 first */
		ck_assert(route.dst.kind == DST_IP4 || route.dst.kind == DST_IP6);
	else
		ck_assert_int_eq(route.dst.kind, routes[_i].kind);
	ck_assert_uint_eq(route.dst.port, 22);
	if (!resolved)
		ck_assert_str_eq(route.dst.host, routes[_i].host);
	if (kind != 0)
		ck_assert(memcmp(route.dst.addr, octets, kind == 4 ? 4 : 16) == 0);
	if (resolved && routes[_i].how[0] == '4') {
		ck_assert(route.dst.addr[0] == 127);
		ck_assert_str_eq(route.dst.host, "127.0.0.1");
	}
	direct_free(&cfg.direct);
}
END_TEST

/* A name that no resolver may know, RFC 6761 section 6.4.  A deadline that has passed takes the resolver's place: nothing
 * is sent anywhere, and the resolution fails. */
static const struct {
	const char *how;
	int status;
} failing[] = {{"4l", 0}, {"5b", 0}, {"4b", 0}, {"Hb", 0}, {"5L", ST_DEADLINE}, {"4L", ST_DEADLINE}};

START_TEST(local_resolution_that_fails)
{
	const char *says;

	configure(failing[_i].how, "name.invalid", NULL);
	catch_stderr();
	ck_assert_int_eq(route_find(&cfg, net_now() - 1, &route), failing[_i].status);
	says = caught();
	if (failing[_i].status == 0) { /* the name goes to the proxy */
		ck_assert_int_eq(route.dst.kind, DST_NAME);
		ck_assert_str_eq(route.dst.host, "name.invalid");
		ck_assert(!route.direct);
		ck_assert_str_eq(says, "");
	} else {
		ck_assert_msg(strstr(says, "name.invalid") != NULL, "%s", says);
	}
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, found, routes);
	LOOP(tc, local_resolution_that_fails, failing);
}

int
main(void)
{
	return unit_run("connect route", fill);
}
