/* SPDX-License-Identifier: ISC
 * fake_timer.c - deadlines fire in their order, each once, whatever was moved or stopped in between.
 * One thing to know: a plain array that is searched through says what is right. */
#include "fake/serve.h"
#include "timer.h"

#define N 300

static struct timers heap;
static struct timer timer[N];
static int64_t due[N], last, now; /* due: 0 = not running */
static int fired;

static void
fire(struct timer *t)
{
	size_t i = (size_t)(t - timer);

	ck_assert_int_ne(due[i], 0);
	ck_assert_int_eq(due[i], t->at);
	ck_assert_int_le(due[i], now);
	ck_assert_int_ge(due[i], last);
	last = due[i];
	due[i] = 0;
	fired++;
	if (i % 7 == 0) { /* one may start itself again */
		due[i] = now + 5;
		ck_assert(timer_set(&heap, t, due[i]));
	}
}

static int64_t
first_due(void)
{
	int64_t first = 0;

	for (int i = 0; i < N; i++)
		if (due[i] != 0 && (first == 0 || due[i] < first))
			first = due[i];
	return first;
}

START_TEST(test_order)
{
	unsigned x = 12345;

	for (int i = 0; i < N; i++)
		timer[i].fire = fire;
	for (now = 1; now < 3000; now++) {
		for (int k = 0; k < 5; k++) {
			size_t i = (x = x * 1103515245u + 12345u) / 65536u % N;

			if (x % 3 == 0) {
				timer_stop(&heap, &timer[i]);
				due[i] = 0;
			} else {
				due[i] = now + x / 256u % 100u + 1;
				ck_assert(timer_set(&heap, &timer[i], due[i]));
			}
		}
		ck_assert_int_eq(timers_left(&heap, now), first_due() == 0 ? -1 : first_due() - now);
		last = 0;
		timers_run(&heap, now);
		ck_assert(first_due() == 0 || first_due() > now);
	}
	ck_assert_int_gt(fired, 1000);
	for (int i = 0; i < N; i++)
		timer_stop(&heap, &timer[i]);
	ck_assert_int_eq(timers_left(&heap, now), -1);
	free(heap.heap);
}
END_TEST

static void
fill(TCase *tc)
{
	tcase_add_test(tc, test_order);
}

int
main(void)
{
	return unit_run("fake_timer", fill);
}
