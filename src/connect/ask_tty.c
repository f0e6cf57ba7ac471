/* SPDX-License-Identifier: ISC
 * ask_tty.c - a password from the terminal; see ask.h.
 * One thing to know: whatever ends the prompt, a signal too, the terminal has its echo back first. */
#include "ask.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "say.h"
#include "wipe.h"

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
read_line(int tty, char *secret)
{
	size_t n = 0;
	char c;

	for (;;) {
		ssize_t r = read_char(tty, &c);

		if (caught != 0 || (r < 0 && errno == EINTR)) {
			wipe(secret, SECRET_MAX);
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
		if (n + 1 < SECRET_MAX) /* a longer one is read to the end of its line, too */
			secret[n++] = c;
	}
	if (n + 1 == SECRET_MAX) {
		say_error("the password is longer than %d characters", SECRET_MAX - 2);
		return -1;
	}
	secret[n] = '\0';
	return 0;
}

/* Once: prompt, read without echo, give the terminal back whatever happens. */
static int
ask_once(int tty, const char *prompt, char *secret)
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
		r = read_line(tty, secret);
		tty_write(tty, "\n");
	}
	while (tcsetattr(tty, TCSAFLUSH, &before) < 0 && errno == EINTR && caught != SIGTTOU)
		;
	release_signals(old);
	return r;
}

int
ask_terminal(int tty, const char *prompt, char *secret)
{
	int r;

	do {
		r = ask_once(tty, prompt, secret);
		if (caught != 0)
			kill(getpid(), caught); /* the default: ends us, or stops us until SIGCONT */
	} while (r == 1);
	return r;
}
