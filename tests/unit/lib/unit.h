/* SPDX-License-Identifier: ISC
 * unit.h - what the unit tests share: running a suite, catching what is said on standard error, temporary files. */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include <check.h>
#include <stddef.h>
#include <sys/types.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define LOOP(tc, test, table) tcase_add_loop_test(tc, test, 0, (int)COUNT(table))

/* Run one test case of this name; fill adds its tests.  For main() to return. */
int unit_run(const char *name, void (*fill)(TCase *));

/* From here on standard error goes to a file, until caught() gives its text (good until the next catch). */
void catch_stderr(void);
const char *caught(void);

/* A new directory, removed with what is in it when the program ends; the path of a file in it, with this content. */
const char *unit_dir(void);
const char *unit_file(const char *name, const void *text, size_t n, mode_t mode);

#endif
