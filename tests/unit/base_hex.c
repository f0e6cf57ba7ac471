/* SPDX-License-Identifier: ISC
 * base_hex.c - bytes as hexadecimal and as text that is safe to print. */
#include <stdio.h>

#include "hex.h"
#include "lib/unit.h"

static const char *
text_of(struct span s, char quote, bool spaced)
{
	static char text[4096];
	struct obuf o = ob_over(text, sizeof text - 1);

	if (spaced)
		hex_spaced(&o, s);
	else
		hex_text(&o, s, quote);
	ck_assert(!o.over);
	text[o.n] = '\0';
	return text;
}

START_TEST(spaced)
{
	ck_assert_str_eq(text_of(span_of("", 0), 0, true), "");
	ck_assert_str_eq(text_of(span_of("\x05", 1), 0, true), "05");
	ck_assert_str_eq(text_of(span_of("\x05\x02\x00\xff\xa0\x0a", 6), 0, true), "05 02 00 ff a0 0a");
}
END_TEST

START_TEST(every_octet_as_text)
{
	char want[8];

	for (unsigned c = 0; c < 256; c++) {
		uint8_t b = (uint8_t)c;

		if (c == '\t' || c == '\r' || c == '\n' || c == '\\')
			snprintf(want, sizeof want, "\\%c",
				c == '\t'   ? 't'
				: c == '\r' ? 'r'
				: c == '\n' ? 'n'
					    : '\\');
		else if (c >= 0x20 && c <= 0x7e)
			snprintf(want, sizeof want, "%c", (char)c);
		else
			snprintf(want, sizeof want, "\\x%02x", c);
		ck_assert_str_eq(text_of(span_of(&b, 1), 0, false), want);
	}
}
END_TEST

START_TEST(quotes)
{
	ck_assert_str_eq(text_of(span_str("a\"b'c"), 0, false), "a\"b'c");
	ck_assert_str_eq(text_of(span_str("a\"b'c"), '"', false), "a\\\"b'c");
	ck_assert_str_eq(text_of(span_str("a\"b'c\\"), '\'', false), "a\"b\\'c\\\\");
}
END_TEST

START_TEST(digits)
{
	for (int c = -1; c < 256; c++) {
		int want = c >= '0' && c <= '9'	  ? c - '0'
			   : c >= 'a' && c <= 'f' ? c - 'a' + 10
			   : c >= 'A' && c <= 'F' ? c - 'A' + 10
						  : -1;

		ck_assert_int_eq(hex_digit(c), want);
	}
}
END_TEST

static void
fill(TCase *tc)
{
	tcase_add_test(tc, spaced);
	tcase_add_test(tc, every_octet_as_text);
	tcase_add_test(tc, quotes);
	tcase_add_test(tc, digits);
}

int
main(void)
{
	return unit_run("base hex", fill);
}
