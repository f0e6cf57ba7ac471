/* SPDX-License-Identifier: ISC
 * shim.c - what MemorySanitizer of clang 14 does not know of glibc (make msan; tests/msan/link puts it in the way).
 * One thing to know: each function tells only what the C library really wrote, and only when it said that it did; nothing
 * is exempted from being looked at. */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64

#include <netdb.h>
#include <poll.h>
#include <regex.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <sanitizer/msan_interface.h>

int __real_stat64(const char *, struct stat *);
int __real_fstat64(int, struct stat *);
int __wrap_stat64(const char *, struct stat *);
int __wrap_fstat64(int, struct stat *);
struct servent *__real_getservbyname(const char *, const char *);
struct servent *__wrap_getservbyname(const char *, const char *);
int __real_res_mkquery(
	int, const char *, int, int, const unsigned char *, int, const unsigned char *, unsigned char *, int);
int __wrap_res_mkquery(
	int, const char *, int, int, const unsigned char *, int, const unsigned char *, unsigned char *, int);
size_t __real_regerror(int, const regex_t *, char *, size_t);
size_t __wrap_regerror(int, const regex_t *, char *, size_t);
long __real_syscall(long, ...);
long __wrap_syscall(long, ...);
const char *__msan_default_options(void);

/* Programs are started without an environment and their standard error is not always read: a report goes to a file, which
 * ci/msan looks for, and the status is none of ours. */
const char *
__msan_default_options(void)
{
	return "exitcode=86:log_path=" MSAN_REPORTS "/report";
}

/* Since glibc 2.33 these are functions; clang 14 knows the inline ones of before. */
int
__wrap_stat64(const char *path, struct stat *st)
{
	int r = __real_stat64(path, st);

	if (r == 0)
		__msan_unpoison(st, sizeof *st);
	return r;
}

int
__wrap_fstat64(int fd, struct stat *st)
{
	int r = __real_fstat64(fd, st);

	if (r == 0)
		__msan_unpoison(st, sizeof *st);
	return r;
}

/* Not known at all; what it returns is the C library's, allocated by malloc, which poisons. */
struct servent *
__wrap_getservbyname(const char *name, const char *proto)
{
	struct servent *s = __real_getservbyname(name, proto);

	if (s == NULL)
		return NULL;
	__msan_unpoison(s, sizeof *s);
	__msan_unpoison_string(s->s_name);
	__msan_unpoison_string(s->s_proto);
	for (char **a = s->s_aliases;; a++) {
		__msan_unpoison(a, sizeof *a);
		if (*a == NULL)
			return s;
		__msan_unpoison_string(*a);
	}
}

/* Not known at all. */
int
__wrap_res_mkquery(int op, const char *name, int class, int type, const unsigned char *data, int len,
	const unsigned char *rr, unsigned char *buf, int cap)
{
	int n = __real_res_mkquery(op, name, class, type, data, len, rr, buf, cap);

	if (n > 0)
		__msan_unpoison(buf, (size_t)n);
	return n;
}

/* clang takes a regex_t as written by a regcomp that succeeded only, and looks at it here, where an error of regcomp is to
 * be told.  glibc does not read it. */
size_t
__wrap_regerror(int code, const regex_t *re, char *buf, size_t cap)
{
	regex_t none;

	(void)re;
	memset(&none, 0, sizeof none);
	return __real_regerror(code, &none, buf, cap);
}

/* The unit tests' own poll() and uname() ask the kernel (tests/unit/lib/relaying.h). */
long
__wrap_syscall(long what, ...)
{
	long a[6], r;
	va_list ap;

	va_start(ap, what);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	r = __real_syscall(what, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (what == SYS_ppoll && r >= 0)
		for (long i = 0; i < a[1]; i++)
			__msan_unpoison(&((struct pollfd *)a[0])[i].revents, sizeof(short));
	if (what == SYS_uname && r == 0)
		__msan_unpoison((void *)a[0], sizeof(struct utsname));
	return r;
}
