/* SPDX-License-Identifier: ISC
 * connect_sandbox.c - what is refused in the sandbox, by the kernel itself and by the filter read as a program.
 * One thing to know: numbers of calls are literals here, from asm/unistd_64.h and asm-generic/unistd.h of Linux, for a list
 * that took the wrong name would be wrong on one processor only.  The filter is read by a small interpreter as well, so
 * that it is tested where no kernel takes it (user emulation of another processor). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/unit.h"
#include "sandbox.h"
#include "say.h"

#ifdef SANDBOX_SECCOMP

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

/* --- the filter as a program ---------------------------------------------------------------------------------- */

#ifdef __x86_64__
#define THIS AUDIT_ARCH_X86_64
#define OTHER AUDIT_ARCH_I386
#define NR(x86_64, aarch64) (x86_64)
#else
#define THIS AUDIT_ARCH_AARCH64
#define OTHER AUDIT_ARCH_ARM
#define NR(x86_64, aarch64) (aarch64)
#endif
#define NONE (-1) /* this processor has no such call */

static uint32_t
run_filter(const struct seccomp_data *d, bool accepting, bool tell)
{
	struct sock_filter f[SANDBOX_FILTER];
	size_t n = sandbox_filter(f, accepting, tell), at = 0;
	uint32_t a = 0;

	ck_assert_uint_le(n, SANDBOX_FILTER);
	for (; at < n; at++) {
		bool yes = false;

		if (BPF_CLASS(f[at].code) == BPF_RET)
			return f[at].k;
		if (f[at].code == (BPF_LD | BPF_W | BPF_ABS)) {
			ck_assert_uint_le(f[at].k + sizeof a, sizeof *d);
			memcpy(&a, (const char *)d + f[at].k, sizeof a);
			continue;
		}
		ck_assert_uint_eq(BPF_CLASS(f[at].code), BPF_JMP);
		switch (BPF_OP(f[at].code)) {
		case BPF_JEQ:
			yes = a == f[at].k;
			break;
		case BPF_JGT:
			yes = a > f[at].k;
			break;
		case BPF_JSET:
			yes = (a & f[at].k) != 0;
			break;
		default:
			ck_abort_msg("operation %u", (unsigned)f[at].code);
		}
		at += yes ? f[at].jt : f[at].jf;
	}
	ck_abort_msg("the filter has no end");
	return 0;
}

static uint32_t
judge(uint32_t arch, int nr, uint64_t arg1, uint64_t arg2, bool accepting)
{
	struct seccomp_data d = {.nr = nr, .arch = arch, .args = {0, arg1, arg2}};

	return run_filter(&d, accepting, false);
}

#define ALLOW SECCOMP_RET_ALLOW
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)

static const struct {
	const char *name;
	int nr;
	uint64_t arg1, arg2;
	uint32_t verdict, when_accepting;
} calls[] = {
	{"read", NR(0, 63), 0, 0, ALLOW, ALLOW},
	{"write", NR(1, 64), 0, 0, ALLOW, ALLOW},
	{"poll", NR(7, NONE), 0, 0, ALLOW, ALLOW},
	{"ppoll", NR(NONE, 73), 0, 0, ALLOW, ALLOW},
	{"recvfrom", NR(45, 207), 0, 0, ALLOW, ALLOW},
	{"sendto", NR(44, 206), 0, 0, ALLOW, ALLOW},
	{"pwritev2", NR(328, 287), 0, 0, ALLOW, ALLOW},
	{"splice", NR(275, 76), 0, 0, ALLOW, ALLOW},
	{"fcntl F_GETFL", NR(72, 25), 3, 0, ALLOW, ALLOW},
	{"fcntl F_SETFL", NR(72, 25), 4, 0, ALLOW, ALLOW},
	{"fcntl F_SETFD", NR(72, 25), 2, 0, ALLOW, ALLOW},
	{"fcntl F_SETPIPE_SZ", NR(72, 25), 1031, 0, ALLOW, ALLOW},
	{"fcntl F_GETPIPE_SZ", NR(72, 25), 1032, 0, ALLOW, ALLOW},
	{"fcntl F_SETOWN", NR(72, 25), 8, 0, REFUSE, REFUSE},
	{"fcntl F_DUPFD", NR(72, 25), 0, 0, REFUSE, REFUSE},
	{"fstat", NR(5, 80), 0, 0, ALLOW, ALLOW},
	{"newfstatat", NR(262, 79), 0, 0, ALLOW, ALLOW},
	{"getsockname", NR(51, 204), 0, 0, ALLOW, ALLOW},
	{"getsockopt", NR(55, 209), 0, 0, ALLOW, ALLOW},
	{"pipe2", NR(293, 59), 0, 0, ALLOW, ALLOW},
	{"shutdown", NR(48, 210), 0, 0, ALLOW, ALLOW},
	{"close", NR(3, 57), 0, 0, ALLOW, ALLOW},
	{"ioctl TCGETS", NR(16, 29), 0x5401, 0, ALLOW, ALLOW},
	{"ioctl TCGETS2", NR(16, 29), 0x802c542a, 0, ALLOW, ALLOW},
	{"ioctl TIOCSTI", NR(16, 29), 0x5412, 0, REFUSE, REFUSE},
	{"ioctl TIOCLINUX", NR(16, 29), 0x541c, 0, REFUSE, REFUSE},
	{"dup2", NR(33, NONE), 0, 0, ALLOW, ALLOW},
	{"dup3", NR(NONE, 24), 0, 0, ALLOW, ALLOW},
	{"exit_group", NR(231, 94), 0, 0, ALLOW, ALLOW},
	{"accept", NR(43, 202), 0, 0, REFUSE, ALLOW},
	{"setsockopt", NR(54, 208), 0, 0, REFUSE, ALLOW},
	{"restart_syscall", NR(219, 128), 0, 0, ALLOW, ALLOW},
	{"rt_sigreturn", NR(15, 139), 0, 0, ALLOW, ALLOW},
	{"clock_gettime", NR(228, 113), 0, 0, ALLOW, ALLOW},
	{"brk", NR(12, 214), 0, 0, ALLOW, ALLOW},
	{"mmap", NR(9, 222), 4096, PROT_READ | PROT_WRITE, ALLOW, ALLOW},
	{"mmap PROT_EXEC", NR(9, 222), 4096, PROT_READ | PROT_EXEC, REFUSE, REFUSE},
	{"munmap", NR(11, 215), 0, 0, ALLOW, ALLOW},
	{"madvise", NR(28, 233), 0, 0, ALLOW, ALLOW},
	{"futex", NR(202, 98), 0, 0, ALLOW, ALLOW},
	{"rt_sigprocmask", NR(14, 135), 0, 0, ALLOW, ALLOW},
	{"exit", NR(60, 93), 0, 0, ALLOW, ALLOW},
	{"open", NR(2, NONE), 0, 0, REFUSE, REFUSE},
	{"openat", NR(257, 56), 0, 0, REFUSE, REFUSE},
	{"socket", NR(41, 198), 0, 0, REFUSE, REFUSE},
	{"connect", NR(42, 203), 0, 0, REFUSE, REFUSE},
	{"bind", NR(49, 200), 0, 0, REFUSE, REFUSE},
	{"listen", NR(50, 201), 0, 0, REFUSE, REFUSE},
	{"accept4", NR(288, 242), 0, 0, REFUSE, REFUSE},
	{"sendmsg", NR(46, 211), 0, 0, REFUSE, REFUSE},
	{"recvmsg", NR(47, 212), 0, 0, REFUSE, REFUSE},
	{"clone", NR(56, 220), 0, 0, REFUSE, REFUSE},
	{"clone3", 435, 0, 0, REFUSE, REFUSE},
	{"fork", NR(57, NONE), 0, 0, REFUSE, REFUSE},
	{"execve", NR(59, 221), 0, 0, REFUSE, REFUSE},
	{"execveat", NR(322, 281), 0, 0, REFUSE, REFUSE},
	{"mprotect", NR(10, 226), 4096, PROT_READ, REFUSE, REFUSE},
	{"kill", NR(62, 129), 0, 0, REFUSE, REFUSE},
	{"ptrace", NR(101, 117), 0, 0, REFUSE, REFUSE},
	{"prctl", NR(157, 167), 0, 0, REFUSE, REFUSE},
	{"unlinkat", NR(263, 35), 0, 0, REFUSE, REFUSE},
	{"io_uring_setup", 425, 0, 0, REFUSE, REFUSE},
	{"pidfd_getfd", 438, 0, 0, REFUSE, REFUSE},
	{"the newest that is refused as known", 450, 0, 0, REFUSE, REFUSE},
	{"one that is newer", 451, 0, 0, SECCOMP_RET_ERRNO | ENOSYS, SECCOMP_RET_ERRNO | ENOSYS},
#ifdef __x86_64__
	{"read of x32", 0x40000000, 0, 0, SECCOMP_RET_ERRNO | ENOSYS, SECCOMP_RET_ERRNO | ENOSYS},
#endif
};

START_TEST(test_filter)
{
	if (calls[_i].nr == NONE)
		return;
	ck_assert_msg(judge(THIS, calls[_i].nr, calls[_i].arg1, calls[_i].arg2, false) == calls[_i].verdict,
		"%s", calls[_i].name);
	ck_assert_msg(
		judge(THIS, calls[_i].nr, calls[_i].arg1, calls[_i].arg2, true) == calls[_i].when_accepting,
		"%s, accepting", calls[_i].name);
	ck_assert_msg(judge(OTHER, calls[_i].nr, 0, 0, true) == SECCOMP_RET_KILL_PROCESS, "%s of another ABI",
		calls[_i].name);
}
END_TEST

/* Everything that is allowed is in the table above. */
START_TEST(test_filter_allows_nothing_else)
{
	for (int nr = 0; nr < 1000; nr++) {
		bool known = false;

		for (size_t i = 0; i < COUNT(calls); i++)
			known = known || (calls[i].nr == nr && calls[i].when_accepting == ALLOW);
		if (!known)
			ck_assert_msg(judge(THIS, nr, 0, 0, true) != ALLOW, "call %d", nr);
	}
}
END_TEST

START_TEST(test_filter_tells)
{
	struct seccomp_data d = {.nr = NR(257, 56), .arch = THIS};

	ck_assert_uint_eq(run_filter(&d, true, true), SECCOMP_RET_TRAP);
}
END_TEST

/* --- the kernel ----------------------------------------------------------------------------------------------- */

/* What act returns in a process of its own, 1000 and the signal that ended it, or -1. */
static int
in_child(int (*act)(int), int i)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(act(i));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int
try_seccomp(int i)
{
	(void)i;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) < 0)
		return 1;
	return sandbox_seccomp(false, false) != NULL;
}

static int
try_landlock(int i)
{
	(void)i;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) < 0)
		return 1;
	return sandbox_landlock() != NULL;
}

static const int refused[] = {SYS_openat, SYS_socket, SYS_connect, SYS_bind, SYS_listen, SYS_accept,
	SYS_sendmsg, SYS_clone, SYS_execve, SYS_mprotect, SYS_kill, SYS_ptrace, SYS_unlinkat, SYS_prctl,
	SYS_rt_sigaction};

/* With arguments that would fail otherwise, and not with EPERM. */
static int
try_refused(int i)
{
	sandbox_enter(false);
	errno = 0;
	return syscall(refused[i], -1L, -1L, -1L, -1L, -1L, -1L) == -1 && errno == EPERM ? 0 : 1;
}

START_TEST(test_refused)
{
	ck_assert_msg(in_child(try_refused, _i) == 0, "system call %d", refused[_i]);
}
END_TEST

static int
try_arguments(int i)
{
	void *p;

	(void)i;
	sandbox_enter(true);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || munmap(p, 4096) < 0)
		return 1;
	/* musl's mmap() makes ENOMEM of it */
	if (syscall(SYS_mmap, 0L, 4096L, (long)(PROT_READ | PROT_EXEC), (long)(MAP_PRIVATE | MAP_ANONYMOUS),
		    -1L, 0L) != -1 ||
		errno != EPERM)
		return 2;
	if (ioctl(STDIN_FILENO, TIOCSTI, "x") != -1 || errno != EPERM)
		return 3;
	if (accept(-1, NULL, NULL) != -1 || errno != EBADF)
		return 4;
	return 0;
}

START_TEST(test_arguments)
{
	ck_assert_int_eq(in_child(try_arguments, 0), 0);
}
END_TEST

static int
try_telling(int i)
{
	(void)i;
	debug_level = 1;
	sandbox_enter(false);
	/* not open(), which is another system call in some libraries */
	return openat(AT_FDCWD, "/dev/null", O_RDONLY) == -1 && errno == EPERM ? 0 : 1;
}

START_TEST(test_told_with_d)
{
	char line[80];

	snprintf(line, sizeof line, "DEBUG: the sandbox refused system call %d (openat)\n", NR(257, 56));
	catch_stderr();
	ck_assert_int_eq(in_child(try_telling, 0), 0);
	ck_assert_str_eq(caught(), line);
}
END_TEST

static int
open_under_landlock(int i)
{
	(void)i;
	if (try_landlock(0) != 0)
		return 1;
	if (open("/dev/null", O_RDONLY) != -1 || errno != EACCES)
		return 2;
	return 0;
}

START_TEST(test_landlock_opens_nothing)
{
	ck_assert_int_eq(in_child(open_under_landlock, 0), 0);
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, test_filter, calls);
	tcase_add_test(tc, test_filter_allows_nothing_else);
	tcase_add_test(tc, test_filter_tells);
	if (in_child(try_seccomp, 0) == 0) {
		LOOP(tc, test_refused, refused);
		tcase_add_test(tc, test_arguments);
		tcase_add_test(tc, test_told_with_d);
	} else {
		puts("connect_sandbox: skipped: this kernel takes no filter of system calls");
	}
	if (in_child(try_landlock, 0) == 0)
		tcase_add_test(tc, test_landlock_opens_nothing);
	else
		puts("connect_sandbox: skipped: this kernel has no Landlock, or it is off");
}

#else

START_TEST(test_going_on_without)
{
	debug_level = 1;
	catch_stderr();
	sandbox_enter(false);
	sandbox_enter(true);
#ifdef SANDBOX_LANDLOCK
	ck_assert_ptr_nonnull(
		strstr(caught(), "DEBUG: sandbox: no seccomp: not known when this was compiled\n"));
#else
	ck_assert_str_eq(caught(), "DEBUG: sandbox: " SANDBOX_IS "\n");
	ck_assert_int_ge(open("/dev/null", O_RDONLY), 0);
#endif
}
END_TEST

static void
fill(TCase *tc)
{
	tcase_add_test(tc, test_going_on_without);
}

#endif

int
main(void)
{
	return unit_run("sandbox", fill);
}
