/* SPDX-License-Identifier: ISC
 * shim.c - loaded before the C library: the Nth call of one function fails (make faults).
 * FAULT=PROGRAM:FUNCTION:N:HOW, HOW an errno by name, or "short" (half of the octets, at least one); FAULT_HIT names a
 * file that gets an octet when it happened.
 * One thing to know: only calls of the program itself are seen; what the C library does inside is not. */
/* open and open64 are two names here, whatever the program was built with. */
#undef _FILE_OFFSET_BITS
#undef _TIME_BITS

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#define SHORT (-1)

static const struct {
	const char *name;
	int value;
} names[] = {{"EINTR", EINTR}, {"EAGAIN", EAGAIN}, {"ECONNRESET", ECONNRESET}, {"EPIPE", EPIPE}, {"EIO", EIO},
	{"ENOMEM", ENOMEM}, {"EMFILE", EMFILE}, {"ENOENT", ENOENT}, {"EACCES", EACCES}, {"ENOBUFS", ENOBUFS},
	{"ECONNREFUSED", ECONNREFUSED}, {"ENETUNREACH", ENETUNREACH}, {"ENOSPC", ENOSPC}, {"EINVAL", EINVAL},
	{"ECONNABORTED", ECONNABORTED}, {"EAI_AGAIN", EAI_AGAIN}, {"EAI_MEMORY", EAI_MEMORY},
	{"EAI_NONAME", EAI_NONAME}, {"short", SHORT}};

static char function[32];
static long count = -1;
static int how, hit_fd;
static atomic_long calls;

__attribute__((constructor)) static void
begin(void)
{
	const char *f = getenv("FAULT"), *file = getenv("FAULT_HIT"), *p;
	size_t n;

	if (f == NULL || file == NULL)
		return;
	n = strcspn(f, ":");
	if (strlen(program_invocation_short_name) != n || strncmp(f, program_invocation_short_name, n) != 0)
		return;
	p = f + n + 1;
	n = strcspn(p, ":");
	if (n >= sizeof function)
		return;
	memcpy(function, p, n);
	count = strtol(p + n + 1, NULL, 10);
	p = strrchr(f, ':') + 1;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i].name, p) == 0)
			how = names[i].value;
	n = (size_t)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT, 0600);
	hit_fd = (int)syscall(SYS_fcntl, (int)n, F_DUPFD_CLOEXEC, 500); /* out of the way */
	syscall(SYS_close, (int)n);
	unsetenv("FAULT"); /* children are left alone */
}

/* Is this the call?  Returns 0, or what it shall fail with. */
static int
due(const char *name)
{
	if (count < 0 || strcmp(name, function) != 0 || atomic_fetch_add(&calls, 1) + 1 != count)
		return 0;
	syscall(SYS_write, hit_fd, "!", 1); /* the sandbox of connect opens no file any more */
	return how;
}

#define REAL(ret, name, ...) \
	static ret (*real)(__VA_ARGS__); \
	if (real == NULL) { \
		void *sym_ = dlsym(RTLD_NEXT, #name); \
		memcpy(&real, &sym_, sizeof real); \
	} \
	(void)0
#define FAIL(name, bad) \
	do { \
		int e_ = due(#name); \
		if (e_ != 0) { \
			errno = e_; \
			return bad; \
		} \
	} while (0)
/* As FAIL; "short" makes n smaller.  A connection that is said to be lost is lost from then on, and one that is said to
 * have nothing now will say when it has. */
#define SHORTEN(name, fd, n) \
	do { \
		int e_ = due(#name); \
		if (e_ == SHORT) { \
			n = n > 1 ? n / 2 : n; \
		} else if (e_ != 0) { \
			if (e_ == ECONNRESET || e_ == EPIPE) \
				syscall(SYS_shutdown, fd, SHUT_RDWR); \
			if (e_ == EAGAIN) \
				edge(fd); \
			errno = e_; \
			return -1; \
		} \
	} while (0)

/* Descriptors that are watched for edges.  "Try again" is followed by an edge once there is something; said falsely, the
 * edge has been before, and a program that trusts the system would wait for ever.  Setting the same interest again makes
 * the kernel look, and report what is there. */
static struct {
	int set;
	struct epoll_event e;
} watched[1024];

static void
edge(int fd)
{
	if (fd >= 0 && fd < 1024 && watched[fd].set > 0)
		syscall(SYS_epoll_ctl, watched[fd].set - 1, EPOLL_CTL_MOD, fd, &watched[fd].e);
}

ssize_t
read(int fd, void *p, size_t n)
{
	SHORTEN(read, fd, n);
	return syscall(SYS_read, fd, p, n);
}

ssize_t
__read_chk(int fd, void *p, size_t n, size_t room)
{
	(void)room;
	return read(fd, p, n);
}

ssize_t
write(int fd, const void *p, size_t n)
{
	SHORTEN(write, fd, n);
	return syscall(SYS_write, fd, p, n);
}

/* What connect writes to a pipe with, an array of one. */
ssize_t
pwritev2(int fd, const struct iovec *v, int pieces, off_t at, int flags)
{
	struct iovec one = *v;

	SHORTEN(write, fd, one.iov_len);
	if (pieces != 1 || at != -1)
		return -1;
	return syscall(SYS_pwritev2, fd, &one, 1L, -1L, -1L, flags);
}

ssize_t
recv(int fd, void *p, size_t n, int flags)
{
	SHORTEN(recv, fd, n);
	return syscall(SYS_recvfrom, fd, p, n, flags, NULL, NULL);
}

ssize_t
__recv_chk(int fd, void *p, size_t n, size_t room, int flags)
{
	(void)room;
	return recv(fd, p, n, flags);
}

ssize_t
send(int fd, const void *p, size_t n, int flags)
{
	SHORTEN(send, fd, n);
	return syscall(SYS_sendto, fd, p, n, flags, NULL, 0);
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	FAIL(sendmsg, -1);
	return syscall(SYS_sendmsg, fd, m, flags);
}

ssize_t
splice(int in, off64_t *at_in, int out, off64_t *at_out, size_t n, unsigned flags)
{
	SHORTEN(splice, in, n);
	return syscall(SYS_splice, in, at_in, out, at_out, n, flags);
}

int
poll(struct pollfd *p, nfds_t n, int ms)
{
	REAL(int, poll, struct pollfd *, nfds_t, int);
	FAIL(poll, -1);
	return real(p, n, ms);
}

int
__poll_chk(struct pollfd *p, nfds_t n, int ms, size_t room)
{
	(void)room;
	return poll(p, n, ms);
}

int
ppoll(struct pollfd *p, nfds_t n, const struct timespec *t, const sigset_t *mask)
{
	REAL(int, ppoll, struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
	FAIL(ppoll, -1);
	return real(p, n, t, mask);
}

int
epoll_wait(int fd, struct epoll_event *e, int n, int ms)
{
	REAL(int, epoll_wait, int, struct epoll_event *, int, int);
	FAIL(epoll_wait, -1);
	return real(fd, e, n, ms);
}

int
epoll_ctl(int fd, int op, int to, struct epoll_event *e)
{
	FAIL(epoll_ctl, -1);
	if (to >= 0 && to < 1024) {
		watched[to].set = e != NULL && (e->events & EPOLLET) ? fd + 1 : 0;
		if (watched[to].set > 0)
			watched[to].e = *e;
	}
	return (int)syscall(SYS_epoll_ctl, fd, op, to, e);
}

int
epoll_create1(int flags)
{
	FAIL(epoll_create1, -1);
	return (int)syscall(SYS_epoll_create1, flags);
}

int
socket(int family, int type, int protocol)
{
	FAIL(socket, -1);
	return (int)syscall(SYS_socket, family, type, protocol);
}

int
connect(int fd, __CONST_SOCKADDR_ARG a, socklen_t n)
{
	int e = due("connect");

	/* an interrupted one goes on by itself */
	if (e == 0 || e == EINTR)
		e = syscall(SYS_connect, fd, a.__sockaddr__, n) == 0 ? e : errno;
	if (e == 0)
		return 0;
	errno = e;
	return -1;
}

int
bind(int fd, __CONST_SOCKADDR_ARG a, socklen_t n)
{
	FAIL(bind, -1);
	return (int)syscall(SYS_bind, fd, a.__sockaddr__, n);
}

int
listen(int fd, int n)
{
	FAIL(listen, -1);
	return (int)syscall(SYS_listen, fd, n);
}

int
accept(int fd, __SOCKADDR_ARG a, socklen_t *n)
{
	FAIL(accept, -1);
	return (int)syscall(SYS_accept4, fd, a.__sockaddr__, n, 0);
}

int
accept4(int fd, __SOCKADDR_ARG a, socklen_t *n, int flags)
{
	FAIL(accept, -1);
	return (int)syscall(SYS_accept4, fd, a.__sockaddr__, n, flags);
}

int
shutdown(int fd, int which)
{
	FAIL(shutdown, -1);
	return (int)syscall(SYS_shutdown, fd, which);
}

int
setsockopt(int fd, int level, int name, const void *v, socklen_t n)
{
	FAIL(setsockopt, -1);
	return (int)syscall(SYS_setsockopt, fd, level, name, v, n);
}

int
getsockopt(int fd, int level, int name, void *v, socklen_t *n)
{
	FAIL(getsockopt, -1);
	return (int)syscall(SYS_getsockopt, fd, level, name, v, n);
}

int
getsockname(int fd, __SOCKADDR_ARG a, socklen_t *n)
{
	FAIL(getsockname, -1);
	return (int)syscall(SYS_getsockname, fd, a.__sockaddr__, n);
}

int
pipe2(int fd[2], int flags)
{
	FAIL(pipe2, -1);
	return (int)syscall(SYS_pipe2, fd, flags);
}

int
pipe(int fd[2])
{
	FAIL(pipe, -1);
	return (int)syscall(SYS_pipe2, fd, 0);
}

int
open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	FAIL(open, -1);
	va_start(ap, flags);
	mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

int
__open_2(const char *path, int flags)
{
	return open(path, flags);
}

int
dup2(int from, int to)
{
	FAIL(dup2, -1);
	return (int)(from == to ? from : syscall(SYS_dup3, from, to, 0));
}

int
fcntl(int fd, int cmd, ...)
{
	va_list ap;
	long arg;

	FAIL(fcntl, -1);
	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	return (int)syscall(SYS_fcntl, fd, cmd, arg);
}

int fcntl64(int fd, int cmd, ...) __attribute__((alias("fcntl")));

int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	int e = due("getaddrinfo");
	REAL(int, getaddrinfo, const char *, const char *, const struct addrinfo *, struct addrinfo **);

	return e != 0 ? e : real(node, service, hints, res);
}

int
pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *arg)
{
	int e = due("pthread_create");
	REAL(int, pthread_create, pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

	return e != 0 ? e : real(t, a, f, arg);
}

pid_t
fork(void)
{
	REAL(pid_t, fork, void);
	FAIL(fork, -1);
	return real();
}

int
tcsetattr(int fd, int when, const struct termios *t)
{
	REAL(int, tcsetattr, int, int, const struct termios *);
	FAIL(tcsetattr, -1);
	return real(fd, when, t);
}

int
tcgetattr(int fd, struct termios *t)
{
	REAL(int, tcgetattr, int, struct termios *);
	FAIL(tcgetattr, -1);
	return real(fd, t);
}

/* The program's own code, which is what the first object is. */
static int
own_code(struct dl_phdr_info *info, size_t size, void *address)
{
	uintptr_t a = (uintptr_t)address;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

		if (info->dlpi_phdr[i].p_type == PT_LOAD && a >= from &&
			a < from + info->dlpi_phdr[i].p_memsz)
			return 1;
	}
	return 2; /* no other object is looked at */
}

/* The C library's resolver aborts, or reads through NULL, when it has no memory: that is not ours to mend. */
#define FAIL_OWN(name, bad) \
	do { \
		if (count >= 0 && strcmp(#name, function) == 0 && \
			dl_iterate_phdr(own_code, __builtin_return_address(0)) == 1) \
			FAIL(name, bad); \
	} while (0)

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);

void *
malloc(size_t n)
{
	FAIL_OWN(malloc, NULL);
	return __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	FAIL_OWN(malloc, NULL);
	return __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	FAIL_OWN(malloc, NULL);
	return __libc_realloc(p, n);
}
