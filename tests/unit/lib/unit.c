/* SPDX-License-Identifier: ISC
 * unit.c - see unit.h. */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64], text[64 * 1024];
static int saved = -1, file = -1;

static void
remove_dir(void)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	char path[512];

	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		(void)unlink(path);
	}
	if (d != NULL)
		closedir(d);
	(void)rmdir(dir);
}

const char *
unit_dir(void)
{
	return dir;
}

int
unit_run(const char *name, void (*fill)(TCase *))
{
	Suite *s = suite_create(name);
	TCase *tc = tcase_create(name);
	SRunner *sr;
	int failed;

	snprintf(dir, sizeof dir, "/tmp/unit-XXXXXX");
	if (mkdtemp(dir) == NULL) {
		perror("mkdtemp");
		return 1;
	}
	fill(tc);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	if (srunner_ntests_run(sr) == 0) {
		printf("%s: no test ran\n", name);
		failed = 1;
	}
	srunner_free(sr);
	remove_dir();
	return failed == 0 ? 0 : 1;
}

void
catch_stderr(void)
{
	char path[128];

	snprintf(path, sizeof path, "%s/stderr-%ld", dir, (long)getpid());
	fflush(stderr);
	if (saved < 0)
		saved = dup(STDERR_FILENO);
	if (file >= 0)
		close(file);
	file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(saved, 0);
	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(dup2(file, STDERR_FILENO), STDERR_FILENO);
}

const char *
caught(void)
{
	ssize_t n;

	ck_assert_int_ge(file, 0);
	fflush(stderr);
	ck_assert_int_eq(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	n = pread(file, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	close(file);
	file = -1;
	return text;
}

const char *
unit_file(const char *name, const void *content, size_t n, mode_t mode)
{
	static char path[256];
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, n), (ssize_t)n);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
	return path;
}
