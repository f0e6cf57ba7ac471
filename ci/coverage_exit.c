/* SPDX-License-Identifier: ISC
 * coverage_exit.c - linked into the programs of make coverage: counts what processes did that end with _exit, as the plays of
 * proxyspec and what connect forks do.
 * One thing to know: gcov writes its counters in exit() only; this takes the C library's place for _exit. */
#include <sys/syscall.h>
#include <unistd.h>

void __gcov_dump(void); /* NOLINT: gcov's name */

void
_exit(int status)
{
	__gcov_dump();
	for (;;)
		syscall(SYS_exit_group, status);
}
