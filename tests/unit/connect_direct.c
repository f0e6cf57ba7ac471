/* SPDX-License-Identifier: ISC
 * connect_direct.c - the lists of targets that are reached without the proxy.
 * One thing to know: names meet name entries, addresses address entries, and the first that matches decides. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "direct.h"
#include "lib/unit.h"

#define Y DIRECT_YES
#define N DIRECT_NO
#define X DIRECT_NO_MATCH

static const struct {
	const char *list, *host;
	enum direct_answer answer;
} lists[] = {
	/* IPv4 networks in all forms. */
	{"10.0.0.0/8", "10.1.2.3", Y},
	{"10.0.0.0/8", "11.1.2.3", X},
	{"10.0.0.0/8", "9.255.255.255", X},
	{"10.0.0.0/255.0.0.0", "10.255.255.255", Y},
	{"10.0.0.0/255.0.0.0", "11.0.0.0", X},
	{"10", "10.200.1.1", Y},
	{"10.", "10.200.1.1", Y},
	{"10.", "100.1.1.1", X},
	{"127.0", "127.0.255.1", Y},
	{"127.0", "127.1.0.1", X},
	{"127.0.", "127.0.0.1", Y},
	{"192.168.1", "192.168.1.5", Y},
	{"192.168.1", "192.168.2.5", X},
	{"192.168.1.", "192.168.1.5", Y},
	{"1.2.3.4", "1.2.3.4", Y},
	{"1.2.3.4", "1.2.3.5", X},
	{"1.2.3.4.", "1.2.3.4", Y},
	{"1.2.3.4/32", "1.2.3.4", Y},
	{"1.2.3.4/32", "1.2.3.5", X},
	{"1.2.3.4/31", "1.2.3.5", Y},
	{"1.2.3.4/31", "1.2.3.6", X},
	{"1.2.3.4/0", "200.1.1.1", Y},
	{"0.0.0.0/0", "1.2.3.4", Y},
	{"10/8", "10.3.2.1", Y},
	{"172.16/12", "172.31.255.255", Y},
	{"172.16/12", "172.32.0.0", X},
	{"192.168/255.255.0.0", "192.168.9.9", Y},
	{"10.1.2.3/8", "10.9.9.9", Y}, /* host bits are masked off */
	{"0.0.0.1/0.0.0.255", "9.9.9.1", Y},
	{"0.0.0.1/0.0.0.255", "9.9.9.2", X},

	/* Addresses as they may be given. */
	{"127.0.0.0/8", "127.1", Y},
	{"127.0.0.0/8", "0x7f.1", Y},
	{"127.0.0.0/8", "2130706433", Y},
	{"127.0.0.0/8", "0177.0.0.1", Y},
	{"127.0.0.0/8", "0x7f000001", Y},
	{"255.255.255.255", "255.255.255.255", Y},
	{"127.0.0.1", "1.2.3.256", X},
	{"10.0.0.0/8", "10.example", X},
	{"10.0.0.0/8", "ten", X},

	/* IPv6. */
	{"2001:db8::/32", "2001:db8:ffff::1", Y},
	{"2001:db8::/32", "2001:db9::1", X},
	{"::1", "::1", Y},
	{"::1", "::2", X},
	{"::1", "0:0:0:0:0:0:0:1", Y},
	{"::/0", "2001:db8::1", Y},
	{"::/0", "10.0.0.1", X},
	{"0.0.0.0/0", "::1", X},
	{"[2001:db8::]/32", "2001:db8::1", Y},
	{"[::1]", "::1", Y},
	{"fe80::/10", "fe80::1%eth0", Y},
	{"fe80::/10", "febf::1", Y},
	{"fe80::/10", "fec0::1", X},
	{"2001:db8::1/128", "2001:db8::1", Y},
	{"2001:db8::1/127", "2001:db8::", Y},
	{"2001:db8::8000/113", "2001:db8::ffff", Y},
	{"2001:db8::8000/113", "2001:db8::7fff", X},
	{"10.0.0.0/8", "::ffff:10.1.2.3", Y},
	{"::ffff:10.1.2.3", "::ffff:10.1.2.3", Y},
	{"!2001:db8::1, ::/0", "2001:db8::1", N},
	{"::1", "::x", X},

	/* Names. */
	{"example.test", "example.test", Y},
	{"example.test", "www.example.test", Y},
	{"example.test", "notexample.test", X},
	{"example.test", "example.test.org", X},
	{".example.test", "example.test", Y},
	{".example.test", "a.b.example.test", Y},
	{"*.example.test", "www.example.test", Y},
	{"*.example.test", "example.test", Y},
	{"*example.test", "x.example.test", Y},
	{"*example.test", "xexample.test", X},
	{"EXAMPLE.test", "example.TEST", Y},
	{"example.test.", "example.test", Y},
	{"example.test", "example.test.", Y},
	{"example.test", "WWW.EXAMPLE.TEST.", Y},
	{"localhost", "127.0.0.1", X},
	{"host", "host", Y},
	{"host", "ghost", X},
	{"host", "a.host", Y},
	{"a-b_c.test", "a-b_c.test", Y},
	{"example.test", "", X},
	{"example.test", ".", X},
	{"example.test", "test", X},

	/* The star. */
	{"*", "anything.test", Y},
	{"*", "10.1.2.3", Y},
	{"*", "2001:db8::1", Y},
	{"!*", "anything", N},
	{"!*", "::1", N},

	/* Order and "!". */
	{"!10.1.0.0/16,10.0.0.0/8", "10.1.2.3", N},
	{"!10.1.0.0/16,10.0.0.0/8", "10.2.2.3", Y},
	{"10.0.0.0/8,!10.1.0.0/16", "10.1.2.3", Y},
	{"!www.example.test,example.test", "www.example.test", N},
	{"!www.example.test,example.test", "ftp.example.test", Y},
	{"example.test,!www.example.test", "www.example.test", Y},
	{"!10.0.0.0/8", "11.0.0.1", X},
	{"!.example.test,*", "a.example.test", N},
	{"!.example.test,*", "other", Y},

	/* Blanks and empty entries. */
	{" example.test ", "example.test", Y},
	{"\texample.test\t,\t10.\t", "10.1.1.1", Y},
	{"a.test, b.test", "b.test", Y},
	{"", "10.1.1.1", X},
	{",", "10.1.1.1", X},
	{",,a.test,,", "a.test", Y},
	{" , ,", "10.1.1.1", X},
	{"a.test,", "10.1.1.1", X},
	{",10.", "10.1.1.1", Y},
};

static struct direct list;

static enum direct_answer
decide(const char *host)
{
	return direct_decide(&list, host, NULL, 0);
}

START_TEST(decided)
{
	memset(&list, 0, sizeof list);
	catch_stderr();
	ck_assert(direct_parse(&list, lists[_i].list, "X_DIRECT"));
	ck_assert_str_eq(caught(), "");
	ck_assert_msg(
		decide(lists[_i].host) == lists[_i].answer, "'%s' in '%s'", lists[_i].host, lists[_i].list);
	direct_free(&list);
	ck_assert_ptr_null(list.e);
}
END_TEST

/* Errors name the variable and the entry; the others of the list are read on. */
static const char *const faulty[] = {
	"256.1.1.1",
	"383.0.0.1",
	"1.2.3.4.5",
	"1..2",
	".1.2",
	"1.2.3.4..",
	"10.0.0.0/33",
	"10.0.0.0/255",
	"10.0.0.0/",
	"10.0.0.0/-1",
	"10.0.0.0/8junk",
	"10.0.0.0/8/8",
	"/8",
	"10.0.0.0/255.255.256.0",
	"10.0.0.0/255.255",
	"99999999999",
	"10.0.0.0/255.0.0.0.0",
	"!",
	"!!10.",
	"::/129",
	"2001:db8::/",
	"2001:db8::/x",
	"::1::",
	"1:2",
	"[::1",
	"::/-1",
	"2001:db8::/32/1",
	"*.",
	".",
	"ex*mple.test",
	"**",
	"a b",
	"www.*.test",
	"host/8",
	"a/b",
	"a-name-that-is-longer-than-most-and-stands-whole-in-the-message.example.test/64",
	"\x01",
};

START_TEST(refused)
{
	char text[200];
	const char *says;

	snprintf(text, sizeof text, "a.test,%s,b.test,bad/1", faulty[_i]);
	memset(&list, 0, sizeof list);
	catch_stderr();
	ck_assert(!direct_parse(&list, text, "SOCKS5_DIRECT"));
	says = caught();
	ck_assert_msg(strstr(says, "SOCKS5_DIRECT") != NULL, "%s", says);
	if (faulty[_i][0] != '\x01')
		ck_assert_msg(strstr(says, faulty[_i]) != NULL, "'%s': %s", faulty[_i], says);
	ck_assert_ptr_nonnull(strstr(says, "bad/1"));
	ck_assert_ptr_null(strchr(says, '\x01'));
	ck_assert_int_eq(decide("b.test"), DIRECT_YES);
	ck_assert_uint_eq(list.n, 2);
	direct_free(&list);
}
END_TEST

START_TEST(long_entries)
{
	static char text[3000];

	for (size_t n = 1; n < 2900; n += n < 240 || n > 520 ? 61 : 1) {
		bool good;

		memset(text, 'n', n);
		memcpy(text + n, ",end", 5);
		memset(&list, 0, sizeof list);
		catch_stderr();
		good = direct_parse(&list, text, "X");
		(void)caught();
		ck_assert_msg(n > 255 ? !good : good, "%zu", n);
		ck_assert_int_eq(decide("end"), DIRECT_YES);
		text[n] = '\0';
		ck_assert_int_eq(decide(text), n > 255 ? DIRECT_NO_MATCH : DIRECT_YES);
		direct_free(&list);
	}
}
END_TEST

START_TEST(many_entries)
{
	char one[40], host[40];

	memset(&list, 0, sizeof list);
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(one, sizeof one, "%s10.%u.%u.1", i % 2 ? "!" : "", i / 256, i % 256);
		ck_assert(direct_parse(&list, one, "X"));
	}
	for (unsigned i = 0; i < 3000; i += 7) {
		snprintf(host, sizeof host, "10.%u.%u.1", i / 256, i % 256);
		ck_assert_int_eq(decide(host), i % 2 ? DIRECT_NO : DIRECT_YES);
	}
	direct_free(&list);
}
END_TEST

static struct net_addr
address(int family, const char *text)
{
	struct net_addr a;

	memset(&a, 0, sizeof a);
	a.ss.ss_family = (sa_family_t)family;
	if (family == AF_INET)
		ck_assert_int_eq(inet_pton(AF_INET, text, &((struct sockaddr_in *)&a.ss)->sin_addr), 1);
	else if (family == AF_INET6)
		ck_assert_int_eq(inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&a.ss)->sin6_addr), 1);
	return a;
}

static enum direct_answer
by_addr(const struct net_addr *a)
{
	return direct_decide(&list, "name.invalid", a, 1);
}

/* The addresses found for a name are tested too. */
START_TEST(socket_addresses)
{
	struct net_addr a = address(AF_INET, "10.1.2.3"), b = address(AF_INET6, "2001:db8::1"),
			c = address(AF_INET6, "::ffff:10.1.2.3"), d = address(AF_INET, "11.1.2.3"),
			e = address(AF_UNIX, "");

	memset(&list, 0, sizeof list);
	ck_assert(direct_parse(&list, "some.test,10.,!2001:db8::/32", "X"));
	ck_assert_int_eq(by_addr(&a), DIRECT_YES);
	ck_assert_int_eq(by_addr(&b), DIRECT_NO);
	ck_assert_int_eq(by_addr(&c), DIRECT_YES);
	ck_assert_int_eq(by_addr(&d), DIRECT_NO_MATCH);
	ck_assert_int_eq(by_addr(&e), DIRECT_NO_MATCH);
	ck_assert(direct_parse(&list, "*", "X"));
	ck_assert_int_eq(by_addr(&d), DIRECT_YES);
	direct_free(&list);
}
END_TEST

/* The order of the entries decides, not whether name or address is looked at first. */
START_TEST(names_and_addresses_in_one_order)
{
	struct net_addr a[2] = {address(AF_INET, "192.0.2.9"), address(AF_INET, "10.1.2.3")};

	memset(&list, 0, sizeof list);
	ck_assert(direct_parse(&list, "!10.0.0.0/8, a.test", "X"));
	ck_assert_int_eq(direct_decide(&list, "a.test", a, 2), DIRECT_NO);
	ck_assert_int_eq(direct_decide(&list, "a.test", a, 1), DIRECT_YES);
	ck_assert_int_eq(direct_decide(&list, "b.test", a, 2), DIRECT_NO);
	ck_assert_int_eq(direct_decide(&list, "b.test", a, 1), DIRECT_NO_MATCH);
	ck_assert_int_eq(direct_decide(&list, "b.test", NULL, 0), DIRECT_NO_MATCH);
	direct_free(&list);
	ck_assert(direct_parse(&list, "a.test, !10.0.0.0/8", "X"));
	ck_assert_int_eq(direct_decide(&list, "a.test", a, 2), DIRECT_YES);
	direct_free(&list);
}
END_TEST

/* -D: what this machine's interfaces reach is direct, but an entry before them goes first. */
START_TEST(interfaces)
{
	struct ifaddrs *all, *i;
	char host[INET6_ADDRSTRLEN], first[INET6_ADDRSTRLEN + 2] = "";

	ck_assert_int_eq(getifaddrs(&all), 0);
	memset(&list, 0, sizeof list);
	direct_add_interfaces(&list);
	for (i = all; i != NULL; i = i->ifa_next) {
		const void *at;

		if (i->ifa_addr == NULL || i->ifa_netmask == NULL)
			continue;
		if (i->ifa_addr->sa_family == AF_INET)
			at = &((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr;
		else if (i->ifa_addr->sa_family == AF_INET6)
			at = &((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr;
		else
			continue;
		ck_assert_ptr_nonnull(inet_ntop(i->ifa_addr->sa_family, at, host, sizeof host));
		ck_assert_msg(decide(host) == DIRECT_YES, "%s", host);
		snprintf(first, sizeof first, "!%s", host);
	}
	ck_assert_int_eq(decide("a.name"), DIRECT_NO_MATCH);
	direct_free(&list);
	if (first[0] != '\0') {
		ck_assert(direct_parse(&list, first, "X"));
		direct_add_interfaces(&list);
		ck_assert_int_eq(decide(first + 1), DIRECT_NO);
		direct_free(&list);
	}
	freeifaddrs(all);
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, decided, lists);
	LOOP(tc, refused, faulty);
	tcase_add_test(tc, long_entries);
	tcase_add_test(tc, many_entries);
	tcase_add_test(tc, socket_addresses);
	tcase_add_test(tc, names_and_addresses_in_one_order);
	tcase_add_test(tc, interfaces);
}

int
main(void)
{
	return unit_run("connect direct", fill);
}
