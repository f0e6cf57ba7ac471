/* SPDX-License-Identifier: ISC
 * ask_program.c - a password from the program that SSH_ASKPASS names; see ask.h.
 * One thing to know: it is executed without a shell, and its exit status counts. */
#include "ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard.h"
#include "net.h"
#include "say.h"
#include "wipe.h"

static void
exec_askpass(const char *program, const char *prompt, int out)
{
	char *const argv[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)prompt, NULL};
	int null = open("/dev/null", O_RDONLY); /* our standard input is the session's */

	/* It must not read the session, nor print the password into it. */
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0) {
		say_error("the askpass program cannot be started: %s", strerror(errno));
		_exit(127);
	}
	signal(SIGPIPE, SIG_DFL);
	guard_leave();
	execvp(program, argv);
	say_error("the askpass program %s cannot be run: %s", safe(program), strerror(errno));
	_exit(127);
}

/* One more piece of what the program prints into secret, which has n octets; 0 at its end.  What is too much is dropped. */
static size_t
read_piece(int fd, char *secret, size_t n)
{
	char rest[64];
	bool full = n == SECRET_MAX;
	ssize_t r;

	do {
		r = full ? read(fd, rest, sizeof rest) : read(fd, secret + n, SECRET_MAX - n);
	} while (r < 0 && errno == EINTR);
	wipe(rest, sizeof rest);
	return r <= 0 ? 0 : full ? n : n + (size_t)r;
}

static size_t
line_end(const char *secret, size_t n)
{
	size_t end = 0;

	while (end < n && secret[end] != '\n' && secret[end] != '\r')
		end++;
	return end;
}

/* What the program prints, up to the end of its first line, into secret.  A process that it leaves behind may hold its
 * output open, so its own end is waited for.  1 + the length; 0 if it printed nothing at all, -1 if it is too long. */
static ssize_t
read_askpass(int fd, pid_t pid, int *status, char *secret)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t n = 0, more, end;
	bool ended = false;

	while (!ended) {
		if (line_end(secret, n) < n)
			ended = waitpid(pid, status, WNOHANG) == pid;
		if (ended || (line_end(secret, n) < n && poll(&p, 1, 20) <= 0))
			continue;
		more = read_piece(fd, secret, n);
		if (more == 0)
			break;
		n = more;
	}
	while (!ended && waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	end = line_end(secret, n);
	if (end == SECRET_MAX)
		return -1;
	secret[end] = '\0';
	return n == 0 ? 0 : (ssize_t)end + 1;
}

int
ask_program(const char *program, const char *prompt, char *secret)
{
	int fd[2], status = -1;
	ssize_t n;
	pid_t pid;

	if (pipe(fd) < 0) {
		say_error("the askpass program cannot be started: %s", strerror(errno));
		return -1;
	}
	/* The program has the writing end as its standard output alone: what it leaves behind must not hold another. */
	net_cloexec(fd[0]);
	net_cloexec(fd[1]);
	pid = fork();
	if (pid < 0) {
		say_error("the askpass program cannot be started: %s", strerror(errno));
		close(fd[0]);
		close(fd[1]);
		return -1;
	}
	if (pid == 0)
		exec_askpass(program, prompt, fd[1]);
	close(fd[1]);
	n = read_askpass(fd[0], pid, &status, secret);
	close(fd[0]);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		say_error("the askpass program %s gave no password (it ended with %s %d)", safe(program),
			WIFEXITED(status) ? "status" : "signal",
			WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
		return -1;
	}
	if (n == 0) {
		say_error("the askpass program %s gave no password", safe(program));
		return -1;
	}
	if (n < 0) {
		say_error(
			"the askpass program %s gave more than %d characters", safe(program), SECRET_MAX - 1);
		return -1;
	}
	return 0;
}
