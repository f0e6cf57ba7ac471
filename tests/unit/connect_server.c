/* SPDX-License-Identifier: ISC
 * connect_server.c - the specification of a proxy, hosts, ports, and addresses as text. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "conf.h"
#include "lib/unit.h"
#include "resolve.h"
#include "server.h"

static const struct {
	const char *spec, *user, *host; /* user NULL: none given; host NULL: refused */
	unsigned port;
} specs[] = {
	{"px", NULL, "px", 1080},
	{"px:99", NULL, "px", 99},
	{"px:65535", NULL, "px", 65535},
	{"192.0.2.1:8080", NULL, "192.0.2.1", 8080},
	{"user@px", "user", "px", 1080},
	{"user@px:99", "user", "px", 99},
	{"@px", "", "px", 1080},
	{"name@realm@px:99", "name@realm", "px", 99},
	{"user:pass@px:99", "user:pass", "px", 99},
	{"DOMAIN\\user@px", "DOMAIN\\user", "px", 1080},
	{"user%40x@px", "user%40x", "px", 1080},
	{"http://px", NULL, "px", 1080},
	{"http://px:3128/", NULL, "px", 3128},
	{"HTTP://px:3128/a/path", NULL, "px", 3128},
	{"http://user@px:3128/a@b", "user", "px", 3128},
	{"px/path", NULL, "px", 1080},
	{"[::1]", NULL, "::1", 1080},
	{"[::1]:99", NULL, "::1", 99},
	{"user@[2001:db8::1]:99", "user", "2001:db8::1", 99},
	{"http://[::1]:99/", NULL, "::1", 99},
	{"::1", NULL, "::1", 1080},
	{"2001:db8::1", NULL, "2001:db8::1", 1080},
	{"user@2001:db8::1", "user", "2001:db8::1", 1080},
	{"px.", NULL, "px.", 1080},
	{"", NULL, NULL, 0},
	{"http://", NULL, NULL, 0},
	{"user@", NULL, NULL, 0},
	{":99", NULL, NULL, 0},
	{"user@:99", NULL, NULL, 0},
	{"px:", NULL, NULL, 0},
	{"px:0", NULL, NULL, 0},
	{"px:65536", NULL, NULL, 0},
	{"px:66616", NULL, NULL, 0},
	{"px:-1", NULL, NULL, 0},
	{"px:1080junk", NULL, NULL, 0},
	{"px: 80", NULL, NULL, 0},
	{"px:no-such-service", NULL, NULL, 0},
	{"https://px", NULL, NULL, 0},
	{"socks5://px", NULL, NULL, 0},
	{"[::1", NULL, NULL, 0},
	{"[::1]99", NULL, NULL, 0},
	{"[::1]:", NULL, NULL, 0},
	{"[px]", NULL, NULL, 0},
	{"[]", NULL, NULL, 0},
	{"a:b:c", NULL, NULL, 0},
	{"px :99", NULL, NULL, 0},
	{" px", NULL, NULL, 0},
	{"p\tx", NULL, NULL, 0},
	{"px\r\n", NULL, NULL, 0},
	{"p\x7fx", NULL, NULL, 0},
};

START_TEST(server)
{
	struct server s;
	const char *why;

	memset(&s, 0x55, sizeof s);
	why = server_parse(specs[_i].spec, 1080, &s);
	if (specs[_i].host == NULL) {
		ck_assert_msg(why != NULL && why[0] != '\0', "'%s' is accepted", specs[_i].spec);
		return;
	}
	ck_assert_msg(why == NULL, "'%s': %s", specs[_i].spec, why);
	ck_assert_str_eq(s.host, specs[_i].host);
	ck_assert_uint_eq(s.port, specs[_i].port);
	ck_assert_uint_eq(s.has_user, specs[_i].user != NULL);
	ck_assert_str_eq(s.user, specs[_i].user == NULL ? "" : specs[_i].user);
}
END_TEST

START_TEST(long_ones)
{
	static char text[5000];
	static struct server s;

	for (size_t n = 1000; n < 1060; n++) {
		memset(text, 'h', n);
		text[n] = '\0';
		ck_assert_uint_eq(server_parse(text, 1, &s) == NULL, n < HOST_MAX);
		ck_assert_uint_eq(host_parse(text, s.host) == NULL, n < HOST_MAX);
	}
	for (size_t n = 500; n < 520; n++) {
		memset(text, 'u', n);
		memcpy(text + n, "@px", 4);
		ck_assert_uint_eq(server_parse(text, 1, &s) == NULL, n < sizeof s.user);
	}
	memset(text, 'x', sizeof text - 1);
	ck_assert_ptr_nonnull(server_parse(text, 1, &s));
}
END_TEST

START_TEST(ports)
{
	static const struct {
		const char *text;
		unsigned port;
	} t[] = {{"1", 1}, {"22", 22}, {"00022", 22}, {"65535", 65535}, {"0", 0}, {"65536", 0}, {"65558", 0},
		{"4294967318", 0}, {"18446744073709551638", 0}, {"-1", 0}, {"+1", 0}, {"22x", 0}, {"x22", 0},
		{" 22", 0}, {"22 ", 0}, {"0x16", 0}, {"2 2", 0}, {"", 0}, {"no-such-service", 0},
		{"22.0", 0}};
	const struct servent *se;

	for (size_t i = 0; i < COUNT(t); i++)
		ck_assert_msg(port_parse(t[i].text) == t[i].port, "'%s'", t[i].text);
	for (unsigned v = 1; v < 65536; v += 251) {
		char text[8];

		snprintf(text, sizeof text, "%u", v);
		ck_assert_uint_eq(port_parse(text), v);
	}
	se = getservbyname("ssh", "tcp"); /* where there is a table of services */
	ck_assert_uint_eq(port_parse("ssh"), se == NULL ? 0 : 22);
}
END_TEST

START_TEST(literals)
{
	static const struct {
		const char *text;
		int kind;
		uint8_t addr[16];
	} t[] = {{"127.0.0.1", 4, {127, 0, 0, 1}}, {"255.254.253.252", 4, {255, 254, 253, 252}},
		{"::1", 6, {[15] = 1}}, {"2001:DB8:0:0:0:0:0:1", 6, {0x20, 1, 0x0d, 0xb8, [15] = 1}},
		{"::ffff:192.0.2.1", 6, {[10] = 0xff, 0xff, 192, 0, 2, 1}},
		{"64:ff9b::192.0.2.33", 6, {0, 0x64, 0xff, 0x9b, [12] = 192, 0, 2, 33}}, {"127.1", 0, {0}},
		{"0x7f.1", 0, {0}}, {"2130706433", 0, {0}}, {"1.2.3.256", 0, {0}}, {"1.2.3.4 ", 0, {0}},
		{"1.2.3", 0, {0}}, {"1.2.3.4.5", 0, {0}}, {"[::1]", 0, {0}}, {"fe80::1%lo", 0, {0}},
		{":", 0, {0}}, {"", 0, {0}}, {"name", 0, {0}}, {"1.2.3.4.", 0, {0}}};

	for (size_t i = 0; i < COUNT(t); i++) {
		uint8_t addr[16] = {0};

		ck_assert_msg(literal(t[i].text, addr) == t[i].kind, "'%s'", t[i].text);
		if (t[i].kind != 0)
			ck_assert_msg(
				memcmp(addr, t[i].addr, t[i].kind == 4 ? 4 : 16) == 0, "'%s'", t[i].text);
	}
}
END_TEST

START_TEST(addresses)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
	} t[] = {{"192.0.2.1", "192.0.2.1:53"}, {"192.0.2.1:5353", "192.0.2.1:5353"}, {"::1", "[::1]:53"},
		{"[::1]", "[::1]:53"}, {"[::1]:5353", "[::1]:5353"}, {"name", NULL}, {"192.0.2.1:0", NULL},
		{"192.0.2.1:x", NULL}, {"u@192.0.2.1", NULL}, {"192.0.2.1/24", NULL}, {"", NULL},
		{"1.2.3", NULL}, {"127.1", NULL}, {"http://192.0.2.1", NULL}};

	for (size_t i = 0; i < COUNT(t); i++) {
		struct net_addr a;
		char buf[NET_ADDRSTR];
		bool good = addr_parse(t[i].text, 53, &a);

		ck_assert_msg(good == (t[i].want != NULL), "'%s'", t[i].text);
		if (good)
			ck_assert_str_eq(net_str(&a, buf), t[i].want);
	}
}
END_TEST

START_TEST(literals_ask_nobody)
{
	static struct addrs list;
	uint8_t addr[16];

	ck_assert_ptr_null(
		resolve("192.0.2.7", 22, NULL, 1, &list)); /* the deadline has passed: nothing can be asked */
	ck_assert_uint_eq(list.n, 1);
	ck_assert_uint_eq(net_port(&list.a[0]), 22);
	ck_assert_int_eq(addr_bytes(&list.a[0], addr), 4);
	ck_assert(memcmp(addr, "\xc0\0\2\7", 4) == 0);
	ck_assert_ptr_null(resolve("2001:db8::7", 443, NULL, 1, &list));
	ck_assert_uint_eq(list.n, 1);
	ck_assert_int_eq(addr_bytes(&list.a[0], addr), 6);
	ck_assert(addr[0] == 0x20 && addr[15] == 7 && net_port(&list.a[0]) == 443);
	ck_assert_str_eq(resolve("a-name", 22, NULL, 1, &list), "timed out");
	ck_assert_uint_eq(list.n, 0);
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, server, specs);
	tcase_add_test(tc, long_ones);
	tcase_add_test(tc, ports);
	tcase_add_test(tc, literals);
	tcase_add_test(tc, addresses);
	tcase_add_test(tc, literals_ask_nobody);
}

int
main(void)
{
	return unit_run("connect server", fill);
}
