/* SPDX-License-Identifier: ISC
 * cred.c - see cred.h.
 * One thing to know: the two prompts are an interface, expect scripts wait for them word for word. */
#include "cred.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "conf.h"
#include "say.h"
#include "wipe.h"

#define SECRET_MAX 1024

static char secret[SECRET_MAX];

static const char *
login_name(void)
{
	const struct passwd *pw = getpwuid(getuid());
	const char *name = pw != NULL ? pw->pw_name : getenv("LOGNAME");

	if (name == NULL)
		name = getenv("USER");
	return name != NULL ? name : "";
}

const char *
cred_user(const struct config *cfg)
{
	static const char *const socks5[] = {"SOCKS5_USER", "SOCKS_USER", "CONNECT_USER", NULL};
	static const char *const socks4[] = {"SOCKS4_USER", "SOCKS_USER", "CONNECT_USER", NULL};
	static const char *const http[] = {"HTTP_PROXY_USER", "CONNECT_USER", NULL};
	static const char *const other[] = {"CONNECT_USER", NULL};
	const char *const *names = other, *user;

	if (cfg->proxy.has_user)
		return cfg->proxy.user;
	if (cfg->method == METHOD_SOCKS)
		names = cfg->socks_version == 4 ? socks4 : socks5;
	else if (cfg->method == METHOD_HTTP)
		names = http;
	user = conf_first(names, NULL);
	return user != NULL ? user : login_name();
}

const char *
cred_password(const struct config *cfg)
{
	static const char *const socks[] = {
		"SOCKS5_PASSWD", "SOCKS5_PASSWORD", "SOCKS_PASSWORD", "CONNECT_PASSWORD", NULL};
	static const char *const http[] = {"HTTP_PROXY_PASSWORD", "CONNECT_PASSWORD", NULL};

	return conf_first(cfg->method == METHOD_HTTP ? http : socks, NULL);
}

void
cred_wipe(void)
{
	wipe(secret, sizeof secret);
	conf_wipe_all();
}

/* --- the terminal ------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t caught;

static void
on_signal(int sig)
{
	caught = sig;
}

/* The first six are held back but while a character is waited for, so that none is lost; a background job's two must come
 * at once. */
static const int signals[] = {SIGINT, SIGHUP, SIGQUIT, SIGTERM, SIGALRM, SIGTSTP, SIGTTIN, SIGTTOU};

#define NSIGNALS (sizeof signals / sizeof signals[0])

#define NHELD 6

static sigset_t waiting_mask; /* signals that are held back while a character is waited for */

static void
catch_signals(struct sigaction *old)
{
	struct sigaction sa = {.sa_handler = on_signal};
	sigset_t held;

	sigemptyset(&sa.sa_mask);
	sigemptyset(&held);
	for (size_t i = 0; i < NHELD; i++)
		sigaddset(&held, signals[i]);
	sigprocmask(SIG_BLOCK, &held, &waiting_mask);
	for (size_t i = 0; i < NSIGNALS; i++) {
		sigaction(signals[i], NULL, &old[i]);
		if (old[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &sa, NULL);
	}
}

static void
release_signals(const struct sigaction *old)
{
	sigprocmask(SIG_SETMASK, &waiting_mask, NULL); /* what is pending is caught now */
	for (size_t i = 0; i < NSIGNALS; i++)
		sigaction(signals[i], &old[i], NULL);
}

static ssize_t
read_char(int tty, char *c)
{
	struct pollfd p = {.fd = tty, .events = POLLIN};

	if (ppoll(&p, 1, NULL, &waiting_mask) < 0)
		return -1;
	return read(tty, c, 1);
}

static void
tty_write(int tty, const char *s)
{
	size_t n = strlen(s);

	while (n > 0) {
		ssize_t r = write(tty, s, n);

		if (r <= 0)
			return;
		s += r;
		n -= (size_t)r;
	}
}

/* Characters up to the end of the line into secret.  0 done, -1 nothing or a failure, 1 a signal was caught. */
static int
read_line(int tty)
{
	size_t n = 0;
	char c;

	for (;;) {
		ssize_t r = read_char(tty, &c);

		if (caught != 0 || (r < 0 && errno == EINTR)) {
			wipe(secret, sizeof secret);
			return 1;
		}
		if (r <= 0) {
			if (n > 0)
				break;
			say_error("no password was typed");
			return -1;
		}
		if (c == '\n' || c == '\r')
			break;
		if (n + 1 < sizeof secret)
			secret[n++] = c;
		else
			n = sizeof secret; /* too long; go on to the end of the line */
		if (n == sizeof secret)
			n = sizeof secret - 1;
	}
	if (n + 1 == sizeof secret) {
		say_error("the password is longer than %d characters", SECRET_MAX - 2);
		return -1;
	}
	secret[n] = '\0';
	return 0;
}

/* Once: prompt, read without echo, give the terminal back whatever happens. */
static int
ask_once(int tty, const char *prompt)
{
	struct sigaction old[NSIGNALS];
	struct termios before, quiet;
	int r;

	caught = 0;
	if (tcgetattr(tty, &before) < 0) {
		say_error("the terminal cannot be used: %s", strerror(errno));
		return -1;
	}
	catch_signals(old);
	quiet = before;
	quiet.c_lflag &= (tcflag_t) ~(ECHO | ECHOE | ECHOK | ECHONL);
	quiet.c_lflag |= ICANON | ISIG;
	quiet.c_iflag |= ICRNL;
	do {
		r = tcsetattr(tty, TCSAFLUSH, &quiet);
	} while (r < 0 && errno == EINTR && caught == 0);
	r = 1;
	if (caught == 0) {
		tty_write(tty, prompt);
		r = read_line(tty);
		tty_write(tty, "\n");
	}
	while (tcsetattr(tty, TCSAFLUSH, &before) < 0 && errno == EINTR && caught != SIGTTOU)
		;
	release_signals(old);
	return r;
}

static int
ask_terminal(int tty, const char *prompt)
{
	int r;

	do {
		r = ask_once(tty, prompt);
		if (caught != 0)
			kill(getpid(), caught); /* the default: ends us, or stops us until SIGCONT */
	} while (r == 1);
	return r;
}

/* --- the askpass program ------------------------------------------------------------------------------------ */

static void
exec_askpass(const char *program, const char *prompt, int out)
{
	char *const argv[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)prompt, NULL};
	int null = open("/dev/null", O_RDONLY); /* our standard input is the session's */

	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	signal(SIGPIPE, SIG_DFL);
	execvp(program, argv);
	say_error("the askpass program %s cannot be run: %s", safe(program), strerror(errno));
	_exit(127);
}

/* One more piece of what the program prints into secret, which has n octets; 0 at its end.  What is too much is dropped. */
static size_t
read_piece(int fd, size_t n)
{
	char rest[64];
	bool full = n == sizeof secret;
	ssize_t r;

	do {
		r = full ? read(fd, rest, sizeof rest) : read(fd, secret + n, sizeof secret - n);
	} while (r < 0 && errno == EINTR);
	wipe(rest, sizeof rest);
	return r <= 0 ? 0 : full ? n : n + (size_t)r;
}

static size_t
line_end(size_t n)
{
	size_t end = 0;

	while (end < n && secret[end] != '\n' && secret[end] != '\r')
		end++;
	return end;
}

/* What the program prints, up to the end of its first line, into secret.  A process that it leaves behind may hold its
 * output open, so its own end is waited for.  1 + the length; 0 if it printed nothing at all, -1 if it is too long. */
static ssize_t
read_askpass(int fd, pid_t pid, int *status)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t n = 0, more, end;
	bool ended = false;

	while (!ended) {
		if (line_end(n) < n)
			ended = waitpid(pid, status, WNOHANG) == pid;
		if (ended || (line_end(n) < n && poll(&p, 1, 20) <= 0))
			continue;
		more = read_piece(fd, n);
		if (more == 0)
			break;
		n = more;
	}
	while (!ended && waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	end = line_end(n);
	if (end == sizeof secret)
		return -1;
	secret[end] = '\0';
	return n == 0 ? 0 : (ssize_t)end + 1;
}

static int
ask_program(const char *program, const char *prompt)
{
	int fd[2], status = -1;
	ssize_t n;
	pid_t pid;

	if (pipe(fd) < 0) {
		say_error("the askpass program cannot be started: %s", strerror(errno));
		return -1;
	}
	pid = fork();
	if (pid < 0) {
		say_error("the askpass program cannot be started: %s", strerror(errno));
		close(fd[0]);
		close(fd[1]);
		return -1;
	}
	if (pid == 0) {
		close(fd[0]);
		exec_askpass(program, prompt, fd[1]);
	}
	close(fd[1]);
	n = read_askpass(fd[0], pid, &status);
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

static int
obtain(const char *prompt)
{
	const char *program = conf_get("SSH_ASKPASS"), *require = getenv("SSH_ASKPASS_REQUIRE");
	bool has_program = program != NULL && program[0] != '\0';
	int tty, r;

	if (require == NULL)
		require = "";
	if (has_program && (strcmp(require, "force") == 0 || strcmp(require, "prefer") == 0))
		return ask_program(program, prompt);
	tty = strcmp(require, "force") == 0 ? -1 : open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty >= 0) {
		r = ask_terminal(tty, prompt);
		close(tty);
		return r;
	}
	if (has_program && strcmp(require, "never") != 0)
		return ask_program(program, prompt);
	say_error("there is no terminal and no askpass program to ask for the password");
	return -1;
}

const char *
cred_ask(const struct config *cfg, const char *user)
{
	char prompt[2200];

	snprintf(prompt, sizeof prompt, "Enter %s for %s@%s: ",
		cfg->method == METHOD_HTTP ? "proxy authentication password" : "SOCKS5 password", user,
		cfg->proxy.host);
	for (char *p = prompt; *p != '\0'; p++) /* the words are the user's own, but may come from a file */
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	if (obtain(prompt) == 0)
		return secret;
	wipe(secret, sizeof secret);
	return NULL;
}
