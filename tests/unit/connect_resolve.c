/* SPDX-License-Identifier: ISC
 * connect_resolve.c - the order in which addresses are tried: RFC 8305 section 4, the families take turns.
 * One thing to know: within a family the order is the resolver's, and the first address stays the first. */
#include <netinet/in.h>
#include <string.h>

#include "lib/unit.h"
#include "resolve.h"

/* Each address is a character: its family by its case, lower is IPv4. */
static struct addrs
addresses(const char *s)
{
	struct addrs l = {.n = 0};

	for (; *s != '\0'; s++) {
		l.a[l.n].ss.ss_family = *s >= 'a' ? AF_INET : AF_INET6;
		l.a[l.n++].len = (socklen_t)*s;
	}
	return l;
}

static const char *const orders[][2] = {
	{"", ""},
	{"a", "a"},
	{"abc", "abc"},
	{"ABC", "ABC"},
	{"aB", "aB"},
	{"Ab", "Ab"},
	{"ABcd", "AcBd"},
	{"abCD", "aCbD"},
	{"aBCDEf", "aBfCDE"},
	{"ABCDe", "AeBCD"},
	{"abcDefG", "aDbGcef"},
	{"AbCdEf", "AbCdEf"},
	{"ABCDEFGHIJKLMNOPqrstuvwxyz", "AqBrCsDtEuFvGwHxIyJzKLMNOP"},
};

START_TEST(families_take_turns)
{
	struct addrs l = addresses(orders[_i][0]), want = addresses(orders[_i][1]);

	addrs_interleave(&l);
	ck_assert_uint_eq(l.n, want.n);
	for (size_t i = 0; i < l.n; i++)
		ck_assert_int_eq(l.a[i].len, want.a[i].len);
}
END_TEST

START_TEST(a_full_list)
{
	struct addrs l = {.n = ADDRS_MAX};

	for (size_t i = 0; i < l.n; i++) {
		l.a[i].ss.ss_family = i < ADDRS_MAX / 2 ? AF_INET6 : AF_INET;
		l.a[i].len = (socklen_t)i;
	}
	addrs_interleave(&l);
	for (size_t i = 0; i < l.n; i++)
		ck_assert_uint_eq(l.a[i].len, i / 2 + i % 2 * (ADDRS_MAX / 2));
}
END_TEST

START_TEST(a_literal_asks_nobody)
{
	struct addrs l;
	char text[NET_ADDRSTR];

	ck_assert_ptr_null(resolve(_i == 0 ? "192.0.2.7" : "2001:db8::7", 80, NULL, 1, &l));
	ck_assert_uint_eq(l.n, 1);
	ck_assert_str_eq(net_str(&l.a[0], text), _i == 0 ? "192.0.2.7:80" : "[2001:db8::7]:80");
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, families_take_turns, orders);
	tcase_add_test(tc, a_full_list);
	tcase_add_loop_test(tc, a_literal_asks_nobody, 0, 2);
}

int
main(void)
{
	return unit_run("connect resolve", fill);
}
