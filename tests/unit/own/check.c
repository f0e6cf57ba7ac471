/* SPDX-License-Identifier: ISC
 * check.c - see check.h.
 * One thing to know: a test has failed when its process has not ended with 0, however it ended. */
#include <check.h>

#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

struct test {
	const char *name;
	own_test *run;
	int from, to;
};

/* One suite of one case at a time: that is what unit_run makes. */
static struct tcase {
	const char *name;
	struct test test[128];
	size_t n;
	void (*before)(void), (*after)(void);
	unsigned seconds;
	int ran, failed;
} the;

TCase *
tcase_create(const char *name)
{
	the = (struct tcase){.name = name};
	return &the;
}

void
own_add(TCase *tc, const char *name, own_test *run, int from, int to)
{
	if (tc->n == sizeof tc->test / sizeof tc->test[0]) {
		fprintf(stderr, "%s: more than %zu tests\n", tc->name, tc->n);
		exit(1);
	}
	tc->test[tc->n++] = (struct test){name, run, from, to};
}

void
tcase_add_checked_fixture(TCase *tc, void (*before)(void), void (*after)(void))
{
	tc->before = before;
	tc->after = after;
}

void
tcase_set_timeout(TCase *tc, double seconds)
{
	tc->seconds = (unsigned)seconds;
}

Suite *
suite_create(const char *name)
{
	(void)name;
	return &the;
}

void
suite_add_tcase(Suite *s, TCase *tc)
{
	(void)s;
	(void)tc;
}

SRunner *
srunner_create(Suite *s)
{
	return s;
}

static void
one(struct tcase *tc, const struct test *t, int i)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		alarm(tc->seconds * 10); /* an emulated processor is slow */
		if (tc->before != NULL)
			tc->before();
		t->run(i);
		if (tc->after != NULL)
			tc->after();
		fflush(NULL);
		_exit(0);
	}
	tc->ran++;
	if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0)
		return;
	tc->failed++;
	printf("%s: %s [%d]: ended with status 0x%x\n", tc->name, t->name, i, (unsigned)status);
}

void
srunner_run_all(SRunner *sr, int how)
{
	(void)how;
	for (size_t k = 0; k < sr->n; k++)
		for (int i = sr->test[k].from; i < sr->test[k].to; i++)
			one(sr, &sr->test[k], i);
	printf("%s: %d checks, %d failures\n", sr->name, sr->ran, sr->failed);
}

int
srunner_ntests_failed(const SRunner *sr)
{
	return sr->failed;
}

int
srunner_ntests_run(const SRunner *sr)
{
	return sr->ran;
}

void
srunner_free(SRunner *sr)
{
	(void)sr;
}

void
own_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("%s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(NULL);
	_exit(1);
}
