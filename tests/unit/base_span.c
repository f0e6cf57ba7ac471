/* SPDX-License-Identifier: ISC
 * base_span.c - borrowed bytes, bounded output, the read cursor, wiping.
 * One thing to know: overflow and shortage are for good; what did not fit or was not there leaves no trace. */
#include "lib/unit.h"
#include "span.h"
#include "wipe.h"

START_TEST(spans)
{
	struct span s = span_str("abc"), t = span_of("abcd", 3), none = {NULL, 0};

	ck_assert_uint_eq(s.n, 3);
	ck_assert(span_eq(s, t));
	ck_assert(!span_eq(s, span_of("abd", 3)));
	ck_assert(!span_eq(s, span_of("abc", 2)));
	ck_assert(span_eq(none, span_str("")));
	span_eat(&s, 0);
	ck_assert(span_eq(s, t));
	span_eat(&s, 2);
	ck_assert(span_eq(s, span_str("c")));
	span_eat(&s, 1);
	ck_assert_uint_eq(s.n, 0);
	span_eat(&none, 0);
	ck_assert_ptr_null(none.p);
}
END_TEST

START_TEST(output_is_bounded_and_overflow_sticks)
{
	uint8_t room[5] = {9, 9, 9, 9, 9};
	struct obuf o = ob_over(room, 4);

	ob_put(&o, "ab", 2);
	ob_str(&o, "c");
	ck_assert(!o.over);
	ob_put(&o, "de", 2); /* does not fit: nothing of it is stored */
	ck_assert(o.over);
	ck_assert_uint_eq(o.n, 3);
	ck_assert_uint_eq(room[3], 9);
	ob_u8(&o, 'd'); /* would fit, but the text has a hole already */
	ck_assert_uint_eq(o.n, 3);
	ck_assert(o.over);
	ck_assert_uint_eq(room[4], 9);
}
END_TEST

START_TEST(output_may_be_filled_exactly)
{
	uint8_t room[4];
	struct obuf o = ob_over(room, 4), empty = ob_over(NULL, 0);

	ob_u8(&o, 0x1ff); /* one octet of it */
	ob_span(&o, span_of("xyz", 3));
	ck_assert(!o.over);
	ck_assert(span_eq(span_of(room, 4), span_of("\xffxyz", 4)));
	ob_put(&o, NULL, 0);
	ck_assert(!o.over);
	ob_u8(&o, 0);
	ck_assert(o.over);
	ob_str(&empty, "");
	ck_assert(!empty.over);
	ob_put(&empty, "a", 1);
	ck_assert(empty.over);
}
END_TEST

START_TEST(a_huge_count_overflows_nothing_else)
{
	static volatile size_t huge = SIZE_MAX; /* out of the compiler's sight, which would warn */
	uint8_t room[4];
	struct obuf o = ob_over(room, 4);
	struct rd r = rd_over(span_of("abcd", 4));

	ob_put(&o, "a", 1);
	ob_put(&o, room, huge);
	ck_assert(o.over);
	ck_assert_uint_eq(o.n, 1);
	rd_u8(&r);
	ck_assert_uint_eq(rd_take(&r, huge).n, 0);
	ck_assert(r.lack);
}
END_TEST

START_TEST(reading_and_shortage_that_sticks)
{
	struct rd r = rd_over(span_of("\x80\xff"
				      "abc",
		5));
	struct span s;

	ck_assert_uint_eq(rd_u8(&r), 0x80);
	ck_assert_uint_eq(rd_u8(&r), 0xff);
	s = rd_take(&r, 2);
	ck_assert(span_eq(s, span_str("ab")));
	ck_assert(!r.lack);
	s = rd_take(&r, 2); /* one is left */
	ck_assert_uint_eq(s.n, 0);
	ck_assert(r.lack);
	ck_assert_uint_eq(r.at, 4);
	ck_assert_uint_eq(rd_u8(&r), 0); /* there is one, but not where it is looked for */
	ck_assert(r.lack);
	ck_assert_uint_eq(r.at, 4);
}
END_TEST

START_TEST(reading_to_the_end_is_no_shortage)
{
	struct rd r = rd_over(span_of("ab", 2)), empty = rd_over(span_of(NULL, 0));

	ck_assert_uint_eq(rd_take(&r, 2).n, 2);
	ck_assert_uint_eq(rd_take(&r, 0).n, 0);
	ck_assert(!r.lack);
	rd_u8(&r);
	ck_assert(r.lack);
	rd_take(&empty, 0);
	ck_assert(!empty.lack);
	ck_assert_uint_eq(rd_u8(&empty), 0);
	ck_assert(empty.lack);
}
END_TEST

START_TEST(wiping)
{
	char secret[8] = "1234567";

	wipe(secret + 1, 5);
	ck_assert(memcmp(secret,
			  "1\0\0\0\0\0"
			  "7",
			  8) == 0);
	wipe(NULL, 0);
}
END_TEST

static void
fill(TCase *tc)
{
	tcase_add_test(tc, spans);
	tcase_add_test(tc, output_is_bounded_and_overflow_sticks);
	tcase_add_test(tc, output_may_be_filled_exactly);
	tcase_add_test(tc, a_huge_count_overflows_nothing_else);
	tcase_add_test(tc, reading_and_shortage_that_sticks);
	tcase_add_test(tc, reading_to_the_end_is_no_shortage);
	tcase_add_test(tc, wiping);
}

int
main(void)
{
	return unit_run("base span", fill);
}
