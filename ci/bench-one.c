/* SPDX-License-Identifier: ISC
 * bench-one.c - one measurement of one tool: both ends of its session are here, so only what is between them differs.
 * One thing to know: the proxy answers with fixed octets and the target is in the same process, so that the tool's work is
 * all that is measured.  WHAT is start, down, up, ping or idle; STDIO is pipe, pair, pass (the tool hands its socket over,
 * as for ssh's ProxyUseFdpass) or direct (no tool); COUNT is octets, round trips or sessions.  Prints one line of JSON.
 *
 *   here --stdin--> tool --TCP--> responder (a child of ours: proxy and target)
 *        <-stdout--
 *        <===== control: "go", "all has come", end =====> */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench-one.h"

extern char **environ;

enum stdio_kind { PIPE, PAIR, PASS, DIRECT };

static char block[BLOCK];
static pid_t tool, responder;
static int to_tool, from_tool, control;

void
fail(const char *what)
{
	fprintf(stderr, "bench-one: %s: %s\n", what, strerror(errno));
	if (tool > 0)
		kill(tool, SIGKILL);
	if (responder > 0)
		kill(responder, SIGKILL);
	exit(1);
}

static void
on_alarm(int sig)
{
	(void)sig;
	if (tool > 0)
		kill(tool, SIGKILL);
	if (responder > 0)
		kill(responder, SIGKILL);
	_exit(3);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
cpu(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

static void
local_pair(int *ours, int *theirs)
{
	int s[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) < 0)
		fail("socketpair");
	*ours = s[0];
	*theirs = s[1];
}

static int
take_descriptor(int fd)
{
	char room[CMSG_SPACE(sizeof(int))], octet;
	struct iovec v = {&octet, 1};
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
	struct cmsghdr *c;
	int got;

	if (recvmsg(fd, &m, MSG_CMSG_CLOEXEC) < 0 || (c = CMSG_FIRSTHDR(&m)) == NULL ||
		c->cmsg_type != SCM_RIGHTS)
		fail("no descriptor came");
	memcpy(&got, CMSG_DATA(c), sizeof got);
	fcntl(got, F_SETFL, fcntl(got, F_GETFL) & ~O_NONBLOCK); /* the reads here wait */
	return got;
}

/* The tool with its standard input and output at our to_tool and from_tool; or our own connection. */
static void
begin(enum stdio_kind kind, unsigned short port, char **argv)
{
	posix_spawn_file_actions_t a;
	int in, out, p[2], q[2];

	if (kind == DIRECT) {
		struct sockaddr_in to = {.sin_family = AF_INET,
			.sin_port = htons(port),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		int on = 1;

		to_tool = from_tool = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (to_tool < 0 || connect(to_tool, (struct sockaddr *)&to, sizeof to) < 0)
			fail("connect");
		setsockopt(to_tool, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		return;
	}
	if (kind == PIPE) {
		if (pipe2(p, O_CLOEXEC) < 0 || pipe2(q, O_CLOEXEC) < 0)
			fail("pipe");
		in = p[0];
		to_tool = p[1];
		from_tool = q[0];
		out = q[1];
	} else {
		local_pair(&to_tool, &in);
		from_tool = to_tool;
		out = in;
	}
	posix_spawn_file_actions_init(&a);
	posix_spawn_file_actions_adddup2(&a, in, 0);
	posix_spawn_file_actions_adddup2(&a, out, 1);
	errno = posix_spawnp(&tool, argv[0], &a, NULL, argv, environ);
	if (errno != 0)
		fail(argv[0]);
	posix_spawn_file_actions_destroy(&a);
	close(in);
	if (out != in)
		close(out);
	if (kind == PASS) {
		int fd = take_descriptor(from_tool);

		close(from_tool);
		to_tool = from_tool = fd;
	}
}

static void
get(int fd, size_t n, const char *what)
{
	char some[256];

	while (n > 0) {
		ssize_t r = read(fd, some, n < sizeof some ? n : sizeof some);

		if (r <= 0)
			fail(what);
		n -= (size_t)r;
	}
}

static void
put_all(int fd, long long n)
{
	while (n > 0) {
		ssize_t r = write(fd, block, n < BLOCK ? (size_t)n : BLOCK);

		if (r <= 0)
			fail("write");
		n -= r;
	}
}

static void
get_all(int fd, long long n)
{
	while (n > 0) {
		ssize_t r = read(fd, block, BLOCK);

		if (r <= 0)
			fail("the end came too early");
		n -= r;
	}
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
ping(int n)
{
	double *took = calloc((size_t)n, sizeof *took);
	char some[PING] = {0};

	if (took == NULL)
		fail("memory");
	for (int i = -WARM; i < n; i++) {
		double from = now();

		if (write(to_tool, some, PING) != PING)
			fail("write");
		get(from_tool, PING, "the echo");
		if (i >= 0)
			took[i] = now() - from;
	}
	qsort(took, (size_t)n, sizeof *took, by_size);
	printf("\"median_us\": %.2f, \"p99_us\": %.2f, ", took[n / 2] * 1e6, took[n / 100 * 99] * 1e6);
	free(took);
}

/* Everybody is told that it is over; what the tool used. */
static void
end(double began, enum stdio_kind kind)
{
	struct rusage used = {0}, mine, theirs;
	int status = 0;

	close(to_tool);
	shutdown(control, SHUT_WR);
	if (from_tool != to_tool) {
		while (read(from_tool, block, BLOCK) > 0)
			;
		close(from_tool);
	}
	if (kind != DIRECT && wait4(tool, &status, 0, &used) != tool)
		fail("wait");
	if (kind != DIRECT)
		printf("\"total_us\": %.1f, ", (now() - began) * 1e6);
	tool = 0;
	if (wait4(responder, NULL, 0, &theirs) != responder)
		fail("wait");
	responder = 0;
	getrusage(RUSAGE_SELF, &mine);
	printf("\"cpu\": %.6f, \"all_cpu\": %.6f, \"switches\": %ld, \"rss_kb\": %ld, \"faults\": %ld, "
	       "\"status\": %d}\n",
		cpu(&used), cpu(&used) + cpu(&mine) + cpu(&theirs), used.ru_nvcsw + used.ru_nivcsw,
		used.ru_maxrss, used.ru_minflt, WIFEXITED(status) ? WEXITSTATUS(status) : 255);
}

static void
measure(enum what what, enum stdio_kind kind, unsigned short port, long long n, char **argv)
{
	double began = now(), from;

	begin(kind, port, argv);
	get(from_tool, sizeof GREETING - 1, "the greeting");
	printf("{\"greeting_us\": %.1f, ", (now() - began) * 1e6);
	from = now();
	if (what == DOWN) {
		if (write(control, "g", 1) != 1)
			fail("control");
		get_all(from_tool, n);
		printf("\"seconds\": %.6f, ", now() - from);
	} else if (what == UP) {
		put_all(to_tool, n);
		get(control, 1, "the responder");
		printf("\"seconds\": %.6f, ", now() - from);
	} else if (what == PINGS) {
		ping((int)n);
	} else if (what == IDLE) {
		printf("\"pid\": %d}\n", (int)tool);
		fflush(stdout);
		get(STDIN_FILENO, 1, "the word to end");
		printf("{");
	}
	end(began, kind);
}

static int
index_of(const char *word, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	errno = EINVAL;
	fail(word);
	return -1;
}

/* "{port}" in the tool's arguments is the responder's. */
static void
fill_in(char **argv, unsigned short port)
{
	static char room[16][256];

	for (int i = 0; i < 16 && argv[i] != NULL; i++) {
		char *at = strstr(argv[i], "{port}");

		if (at == NULL)
			continue;
		snprintf(room[i], sizeof room[i], "%.*s%u%s", (int)(at - argv[i]), argv[i], (unsigned)port,
			at + 6);
		argv[i] = room[i];
	}
}

int
main(int argc, char **argv)
{
	static const char *const whats[] = {"start", "down", "up", "ping", "idle", NULL};
	static const char *const kinds[] = {"pipe", "pair", "pass", "direct", NULL};
	static const char *const protos[] = {"socks5", "socks4", "http", NULL};
	struct respond r = {.what = START};
	enum stdio_kind kind;
	int theirs;

	if (argc < 5)
		return 2;
	r.what = (enum what)index_of(argv[1], whats);
	kind = (enum stdio_kind)index_of(argv[2], kinds);
	r.proto = kind == DIRECT ? NO_PROXY : (enum proto)index_of(argv[3], protos);
	r.n = strtoll(argv[4], NULL, 10);
	if (r.what == PINGS) { /* all on one processor: else the scheduler is what is measured */
		cpu_set_t one;

		CPU_ZERO(&one);
		CPU_SET((size_t)sched_getcpu(), &one);
		sched_setaffinity(0, sizeof one, &one);
	}
	signal(SIGALRM, on_alarm);
	alarm(r.what == IDLE ? 600 : 120);
	r.listener = respond_listen(&r.port);
	local_pair(&control, &theirs);
	responder = fork();
	if (responder < 0)
		fail("fork");
	if (responder == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(control);
		r.control = theirs;
		respond(&r);
	}
	close(theirs);
	close(r.listener);
	fill_in(argv + 5, r.port);
	measure(r.what, kind, r.port, r.n, argv + 5);
	return 0;
}
