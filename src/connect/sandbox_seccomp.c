/* SPDX-License-Identifier: ISC
 * sandbox_seccomp.c - a filter of system calls (Documentation/userspace-api/seccomp_filter.rst of Linux).
 * One thing to know: the list holds what the C libraries make of our calls, and they differ; tests/e2e/test_sandbox.py
 * traces the relay and compares.  A call that is not in it fails with EPERM: the C library and the relay have an answer to
 * an error (a plain read where splice is refused, the error line), and whoever got into the process gains nothing by
 * trying again.  A call of another ABI is nothing that a library does, and ends the process. */
#include "sandbox.h"

#ifdef SANDBOX_SECCOMP

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <termios.h>
#include <ucontext.h>
#include <unistd.h>

#include "say.h"

#ifdef __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#else
#define ARCH AUDIT_ARCH_AARCH64
#endif
#define NEWEST 450	     /* of Linux 5.17; from 424 on the numbers are those of every processor */
#define BY_FILTER 1	     /* SYS_SECCOMP of the kernel, which not every C library names */
#define TCGETS2_ 0x802c542aU /* <asm/termbits.h>, which <termios.h> does not get on with */

enum check { ALWAYS, ACCEPTING, ON_FCNTL, ON_IOCTL, ON_MMAP };

/* In the order of how often they are made. */
static const struct {
	uint16_t nr, check;
} calls[] = {
#ifdef SYS_poll
	{SYS_poll, ALWAYS},
#else
	{SYS_ppoll, ALWAYS},
#endif
	{SYS_recvfrom, ALWAYS}, {SYS_sendto, ALWAYS}, {SYS_read, ALWAYS}, {SYS_write, ALWAYS},
	{SYS_pwritev2, ALWAYS}, {SYS_splice, ALWAYS},
	/* the beginning of bulk */
	{SYS_fcntl, ON_FCNTL}, {SYS_fstat, ALWAYS}, {SYS_newfstatat, ALWAYS}, /* glibc's fstat */
	{SYS_getsockname, ALWAYS}, {SYS_getsockopt, ALWAYS}, {SYS_pipe2, ALWAYS},
	/* the ends of a session */
	{SYS_shutdown, ALWAYS}, {SYS_close, ALWAYS}, {SYS_ioctl, ON_IOCTL},
#ifdef SYS_dup2
	{SYS_dup2, ALWAYS},
#else
	{SYS_dup3, ALWAYS},
#endif
	{SYS_exit_group, ALWAYS},
	/* -P: the next local connection */
	{SYS_accept, ACCEPTING}, {SYS_setsockopt, ACCEPTING},
	/* stopped and continued; a handler of a signal; a processor without a clock for user programs */
	{SYS_restart_syscall, ALWAYS}, {SYS_rt_sigreturn, ALWAYS}, {SYS_clock_gettime, ALWAYS},
	/* the C library's memory and locks, and the end of a thread that still waits for a name server */
	{SYS_brk, ALWAYS}, {SYS_mmap, ON_MMAP}, {SYS_munmap, ALWAYS}, {SYS_madvise, ALWAYS},
	{SYS_futex, ALWAYS}, {SYS_rt_sigprocmask, ALWAYS}, {SYS_exit, ALWAYS}};

#define NCALLS (sizeof calls / sizeof calls[0])

static const uint32_t fcntls[] = {F_GETFL, F_GETPIPE_SZ, F_SETPIPE_SZ, F_SETFL, F_SETFD};
static const uint32_t ioctls[] = {TCGETS, TCGETS2_};

struct program {
	struct sock_filter *f;
	size_t n;
	uint32_t refuse;
};

static size_t
emit(struct program *p, uint16_t code, uint32_t k)
{
	p->f[p->n] = (struct sock_filter){.code = code, .k = k};
	return p->n++;
}

static void
emit_load(struct program *p, size_t offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

static size_t
emit_ret(struct program *p, uint32_t k)
{
	return emit(p, BPF_RET | BPF_K, k);
}

/* The jump at goes to target, which comes later, if its comparison holds. */
static void
lead(struct program *p, size_t at, size_t target)
{
	p->f[at].jt = (uint8_t)(target - at - 1);
}

static size_t
emit_equal(struct program *p, uint32_t k)
{
	return emit(p, BPF_JMP | BPF_JEQ | BPF_K, k);
}

/* An argument must be one of these values.  Commands are 32 bits to the kernel, too, so its lower half is all there is. */
static size_t
emit_values(struct program *p, size_t arg, const uint32_t *v, size_t n)
{
	size_t begin = p->n;

	emit_load(p, offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t));
	for (size_t i = 0; i < n; i++)
		lead(p, emit_equal(p, v[i]), begin + n + 2);
	emit_ret(p, p->refuse);
	emit_ret(p, SECCOMP_RET_ALLOW);
	return begin;
}

/* Memory must not become a program. */
static size_t
emit_map(struct program *p)
{
	size_t begin = p->n;

	emit_load(p, offsetof(struct seccomp_data, args) + 2 * sizeof(uint64_t));
	lead(p, emit(p, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC), begin + 3);
	emit_ret(p, SECCOMP_RET_ALLOW);
	emit_ret(p, p->refuse);
	return begin;
}

/*   arch? --other--> kill
 *   number = each of calls? --yes--> allow, or a look at the argument --> allow, refuse
 *   newer than the list? --> ENOSYS, so that the C library takes the older call
 *   refuse
 *
 * A kernel that keeps a map of what is always allowed asks the filter about each of its calls beforehand, which would be
 * most of what the sandbox costs.  It gives up where an argument is looked at, so that comes first. */
static void
build(struct program *p, bool accepting)
{
	size_t at[NCALLS], target[ON_MMAP + 1], arch, newer;

	p->n = 0;
	emit_load(p, offsetof(struct seccomp_data, args));
	emit_load(p, offsetof(struct seccomp_data, arch));
	arch = emit_equal(p, ARCH);
	emit_ret(p, SECCOMP_RET_KILL_PROCESS);
	lead(p, arch, p->n);
	emit_load(p, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < NCALLS; i++)
		if (calls[i].check != ACCEPTING || accepting)
			at[i] = emit_equal(p, calls[i].nr);
	newer = emit(p, BPF_JMP | BPF_JGT | BPF_K, NEWEST);
	emit_ret(p, p->refuse);
	lead(p, newer, emit_ret(p, SECCOMP_RET_ERRNO | ENOSYS));
	target[ALWAYS] = target[ACCEPTING] = emit_ret(p, SECCOMP_RET_ALLOW);
	target[ON_FCNTL] = emit_values(p, 1, fcntls, sizeof fcntls / sizeof fcntls[0]);
	target[ON_IOCTL] = emit_values(p, 1, ioctls, sizeof ioctls / sizeof ioctls[0]);
	target[ON_MMAP] = emit_map(p);
	for (size_t i = 0; i < NCALLS; i++)
		if (calls[i].check != ACCEPTING || accepting)
			lead(p, at[i], target[calls[i].check]);
}

/* --- with -d a refused call is told, and then fails as it does without -d ------------------------------------- */

static const char *
name_of(int nr)
{
	static const struct {
		int nr;
		const char *name;
	} names[] = {{SYS_openat, "openat"}, {SYS_socket, "socket"}, {SYS_connect, "connect"},
		{SYS_bind, "bind"}, {SYS_clone, "clone"}, {SYS_clone3, "clone3"}, {SYS_execve, "execve"},
		{SYS_ioctl, "ioctl"}, {SYS_fcntl, "fcntl"}, {SYS_mmap, "mmap"}, {SYS_mprotect, "mprotect"},
		{SYS_mremap, "mremap"}, {SYS_kill, "kill"}, {SYS_tgkill, "tgkill"},
		{SYS_rt_sigaction, "rt_sigaction"}, {SYS_accept, "accept"},
#ifdef SYS_open
		{SYS_open, "open"}, {SYS_fork, "fork"},
#endif
		{SYS_setsockopt, "setsockopt"}, {SYS_sendmsg, "sendmsg"}, {SYS_writev, "writev"}};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].nr == nr)
			return names[i].name;
	return "see asm/unistd.h";
}

static void
on_refused(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;

	(void)sig;
	if (info->si_code != BY_FILTER)
		return;
	say_debug("the sandbox refused system call %d (%s)", info->si_syscall, name_of(info->si_syscall));
#ifdef __x86_64__
	u->uc_mcontext.gregs[REG_RAX] = -EPERM;
#else
	u->uc_mcontext.regs[0] = (unsigned long long)-EPERM;
#endif
}

static void
listen_for_refusals(void)
{
	struct sigaction sa = {.sa_sigaction = on_refused, .sa_flags = SA_SIGINFO | SA_RESTART};
	sigset_t set;

	sigemptyset(&sa.sa_mask);
	sigaction(SIGSYS, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

size_t
sandbox_filter(struct sock_filter *out, bool accepting, bool tell)
{
	struct program p = {.f = out, .refuse = tell ? SECCOMP_RET_TRAP : SECCOMP_RET_ERRNO | EPERM};

	build(&p, accepting);
	return p.n;
}

const char *
sandbox_seccomp(bool accepting, bool tell)
{
	struct sock_filter f[SANDBOX_FILTER];
	struct sock_fprog prog = {.filter = f};

	if (tell)
		listen_for_refusals();
	prog.len = (unsigned short)sandbox_filter(f, accepting, tell);
	/* TSYNC: the thread that still waits for a name server is in it, too. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog) != 0)
		return strerror(errno);
	return NULL;
}

#else

const char *
sandbox_seccomp(bool accepting, bool tell)
{
	(void)accepting;
	(void)tell;
	return "not known when this was compiled";
}

#endif
