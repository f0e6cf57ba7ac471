/* SPDX-License-Identifier: ISC
 * check.h - what the unit tests use of libcheck, for where there is none: another machine's (ci/cross), or one that
 * MemorySanitizer has instrumented (make msan).
 * One thing to know: as with libcheck each test is a process; CK_FORK=no has no meaning here. */
#ifndef UNIT_OWN_CHECK_H
#define UNIT_OWN_CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct tcase TCase;
typedef struct tcase Suite;
typedef struct tcase SRunner;
typedef void own_test(int);

enum { CK_ENV, CK_NORMAL };

#define START_TEST(name) static void name(__attribute__((unused)) int _i)
#define END_TEST

#define tcase_add_test(tc, f) own_add(tc, #f, f, 0, 1)
#define tcase_add_loop_test(tc, f, from, to) own_add(tc, #f, f, from, to)

TCase *tcase_create(const char *name);
void own_add(TCase *, const char *name, own_test *, int from, int to);
void tcase_add_checked_fixture(TCase *, void (*before)(void), void (*after)(void));
void tcase_set_timeout(TCase *, double seconds);

Suite *suite_create(const char *name);
void suite_add_tcase(Suite *, TCase *);
SRunner *srunner_create(Suite *);
void srunner_run_all(SRunner *, int how);
int srunner_ntests_failed(const SRunner *);
int srunner_ntests_run(const SRunner *);
void srunner_free(SRunner *);

_Noreturn void own_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define ck_abort_msg(...) own_fail(__FILE__, __LINE__, __VA_ARGS__)
#define ck_assert_msg(c, ...) ((c) ? (void)0 : own_fail(__FILE__, __LINE__, __VA_ARGS__))
#define ck_assert(c) ((c) ? (void)0 : own_fail(__FILE__, __LINE__, "%s", #c))

#define OWN_CMP(type, form, a, op, b) \
	do { \
		type a_ = (a), b_ = (b); \
		if (!(a_ op b_)) \
			own_fail(__FILE__, __LINE__, "%s %s %s: %" form ", %" form, #a, #op, #b, a_, b_); \
	} while (0)
#define ck_assert_int_eq(a, b) OWN_CMP(intmax_t, PRIdMAX, a, ==, b)
#define ck_assert_int_ne(a, b) OWN_CMP(intmax_t, PRIdMAX, a, !=, b)
#define ck_assert_int_lt(a, b) OWN_CMP(intmax_t, PRIdMAX, a, <, b)
#define ck_assert_int_le(a, b) OWN_CMP(intmax_t, PRIdMAX, a, <=, b)
#define ck_assert_int_gt(a, b) OWN_CMP(intmax_t, PRIdMAX, a, >, b)
#define ck_assert_int_ge(a, b) OWN_CMP(intmax_t, PRIdMAX, a, >=, b)
#define ck_assert_uint_eq(a, b) OWN_CMP(uintmax_t, PRIuMAX, a, ==, b)
#define ck_assert_uint_ne(a, b) OWN_CMP(uintmax_t, PRIuMAX, a, !=, b)
#define ck_assert_uint_lt(a, b) OWN_CMP(uintmax_t, PRIuMAX, a, <, b)
#define ck_assert_uint_le(a, b) OWN_CMP(uintmax_t, PRIuMAX, a, <=, b)
#define ck_assert_uint_gt(a, b) OWN_CMP(uintmax_t, PRIuMAX, a, >, b)
#define ck_assert_uint_ge(a, b) OWN_CMP(uintmax_t, PRIuMAX, a, >=, b)

#define OWN_STR(a, b, same, null) \
	do { \
		const char *a_ = (a), *b_ = (b); \
		bool same_ = a_ == NULL || b_ == NULL ? (null) && a_ == b_ : strcmp(a_, b_) == 0; \
		if (same_ != (same)) \
			own_fail(__FILE__, __LINE__, "%s, %s: \"%s\", \"%s\"", #a, #b, \
				a_ != NULL ? a_ : "(null)", b_ != NULL ? b_ : "(null)"); \
	} while (0)
#define ck_assert_str_eq(a, b) OWN_STR(a, b, true, false)
#define ck_assert_str_ne(a, b) OWN_STR(a, b, false, false)
#define ck_assert_pstr_eq(a, b) OWN_STR(a, b, true, true)
#define ck_assert_ptr_eq(a, b) ck_assert((const void *)(a) == (const void *)(b))
#define ck_assert_ptr_null(a) ck_assert((a) == NULL)
#define ck_assert_ptr_nonnull(a) ck_assert((a) != NULL)
#define ck_assert_mem_eq(a, b, n) ck_assert(memcmp(a, b, n) == 0)

#endif
