/* SPDX-License-Identifier: ISC
 * coverage_exit.c - linked into the programs of make coverage, so that no counter is lost.
 * One thing to know: gcov writes its counters in exit() only.  Here they are written as well by _exit, by a signal that ends
 * the process, before exec and before a sandbox in which no file can be opened.  A process that is killed while it writes
 * spoils what all others have counted, so writing and SIGKILL take turns. */
#ifndef _GNU_SOURCE /* compiled as the programs are linked, without the Makefile's CPPFLAGS */
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TEXT(x) TEXT_(x)
#define TEXT_(x) #x
#define ERRORS TEXT(COVERAGE_DIR) "/gcov-errors"

void __gcov_dump(void);	 /* NOLINT: gcov's name */
void __gcov_reset(void); /* NOLINT */

static long (*real_syscall)(long, ...);
static int (*real_execvp)(const char *, char *const[]);
static int confined;

static int
turn(void)
{
	int fd = open(TEXT(COVERAGE_DIR) "/turn", O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && flock(fd, LOCK_EX) < 0 && errno == EINTR)
		continue;
	return fd;
}

static void
dump(void)
{
	int e = errno, fd;
	sigset_t all, before;

	if (confined)
		return;
	sigfillset(&all); /* a second call, from on_end, would wait for the first one's turn */
	sigprocmask(SIG_BLOCK, &all, &before);
	fd = turn();
	/* Standard error is what tests look at.  Another user may write neither counters nor complaints. */
	setenv("GCOV_ERROR_FILE", access(ERRORS, W_OK) == 0 ? ERRORS : "/dev/null", 1);
	__gcov_dump();
	unsetenv("GCOV_ERROR_FILE"); /* the program may live on, or another one take its place */
	if (fd >= 0)
		close(fd);
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = e;
}

void
_exit(int status)
{
	dump();
	for (;;)
		syscall(SYS_exit_group, status);
}

static void __attribute__((destructor)) at_exit(void)
{
	dump();
}

static void
on_end(int sig)
{
	dump();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void
swap_handlers(void (*from)(int), void (*to)(int))
{
	static const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct sigaction sa;

		if (sigaction(ends[i], NULL, &sa) < 0 || sa.sa_handler != from)
			continue;
		sa.sa_handler = to;
		sa.sa_flags = to == SIG_DFL ? 0 : SA_NODEFER | (int)SA_RESETHAND;
		sigaction(ends[i], &sa, NULL);
	}
}

static void __attribute__((constructor)) at_start(void)
{
	/* Not when they are called: the look-up leaves on the stack what was in registers, which may be a password. */
	*(void **)&real_syscall = dlsym(RTLD_NEXT, "syscall");
	*(void **)&real_execvp = dlsym(RTLD_NEXT, "execvp");
	swap_handlers(SIG_DFL, on_end);
}

int
kill(pid_t pid, int sig)
{
	int fd = sig == SIGKILL ? turn() : -1;
	int r = (int)syscall(SYS_kill, pid, sig);

	if (fd >= 0)
		close(fd);
	return r;
}

int
execvp(const char *file, char *const argv[])
{
	dump();
	real_execvp(file, argv);
	__gcov_reset();
	return -1;
}

/* connect cannot write its counters in its sandbox.  It is told that it is in one; as connect-confined it is. */
static int
pretend(void)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe);

	return n > 8 && n < (ssize_t)sizeof exe && memcmp(exe + n - 8, "/connect", 8) == 0;
}

long
syscall(long nr, ...)
{
	long a[6], r;
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (nr == SYS_seccomp || nr == SYS_landlock_restrict_self) {
		if (pretend())
			return 0;
		dump();
		swap_handlers(on_end, SIG_DFL); /* a process in a sandbox may not signal itself */
		r = real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		if (r == 0)
			confined = 1;
		else if (!confined)
			__gcov_reset();
		return r;
	}
	return real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}
