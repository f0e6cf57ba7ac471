/* SPDX-License-Identifier: ISC
 * local.c - see local.h.
 * One thing to know: nothing here looks at standard input, except that its end ends the session of -P; an input that is at
 * its end from the start (/dev/null, cron, systemd) says nothing. */
#include "local.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"
#include "session.h"

static struct session *session; /* main's: a second one would take memory in every program */

static int
open_listener(const struct config *cfg)
{
	char text[NET_ADDRSTR];
	struct net_addr bound;
	int fd = net_listen(&cfg->local, 16);

	if (fd < 0 || net_addr_of(fd, true, &bound) < 0) {
		say_error("cannot listen on %s: %s", net_str(&cfg->local, text), strerror(errno));
		return -1;
	}
	say_plain("listening on %s", net_str(&bound, text));
	return fd;
}

/* A connection from the listener; -1 after the reason was said. */
static int
accept_one(int lfd)
{
	for (;;) {
		int fd = accept(lfd, NULL, NULL);

		if (fd >= 0) {
			net_cloexec(fd);
			net_nonblock(fd, true);
			net_tune(fd);
			return fd;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			(void)net_wait(lfd, POLLIN, 0);
		else if (errno != EINTR && errno != ECONNABORTED) {
			say_error("cannot accept a connection: %s", strerror(errno));
			return -1;
		}
	}
}

static int
one_session(const struct config *cfg, int fd)
{
	int status = session_open(session, cfg);

	if (status == 0)
		status = session_relay(session, fd, fd, false);
	session_close(session);
	close(fd);
	return status;
}

/* --- -P: one remote session, local connections one after another ---------------------------------------------- */

/* 0 the remote side lives, 1 it has ended, -1 it was reset. */
static int
remote_ended(int fd)
{
	char c;
	ssize_t r = recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);

	if (r == 0)
		return 1;
	return r > 0 || errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
}

/* Wait for the next local connection while remote lives, or as long as there is something of its to deliver.
 * -1: the session is over, *status tells how. */
static int
next_local(int lfd, const struct session *s, bool watch, int *status)
{
	struct pollfd p[3] = {{.fd = lfd, .events = POLLIN}, {.fd = s->fd}, {.fd = -1, .events = POLLIN}};
	char line[256];

#ifdef POLLRDHUP
	p[1].events = POLLRDHUP;
#endif
	if (watch)
		p[2].fd = STDIN_FILENO;
	for (;;) {
		int ready = poll(p, 3, s->cfg->idle_ms > 0 ? s->cfg->idle_ms : -1);

		if (ready == 0) {
			session_say_idle(s);
			*status = ST_DEADLINE;
			return -1;
		}
		if (ready < 0) {
			if (errno == EINTR)
				continue;
			say_error("waiting: %s", strerror(errno));
			*status = ST_IO;
			return -1;
		}
		if (p[2].revents && read(STDIN_FILENO, line, sizeof line) <= 0)
			return -1;
		if (p[0].revents) {
			int fd = accept_one(lfd);

			if (fd < 0)
				*status = ST_IO;
			return fd;
		}
		if (p[1].revents) {
			int ended = s->relay.down.n > 0 ? 0 : remote_ended(s->fd);

			if (ended < 0) {
				say_error("the session with %s broke: %s", s->party, strerror(errno));
				*status = ST_IO;
			}
			if (ended != 0)
				return -1;
			p[1].fd = -1; /* its last words wait for a local connection */
		}
	}
}

/* Can the end of standard input still come?  What is there already is dropped. */
static bool
stdin_is_open(void)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	char line[256];

	return poll(&p, 1, 0) == 0 || read(STDIN_FILENO, line, sizeof line) > 0;
}

static int
hold_session(const struct config *cfg, int lfd)
{
	bool watch = stdin_is_open();
	int fd = accept_one(lfd), status;

	if (fd < 0)
		return ST_IO;
	status = session_open(session, cfg);
	while (status == 0) {
		status = session_relay(session, fd, fd, true);
		close(fd);
		fd = -1;
		if (status != -1)
			break;
		status = 0;
		fd = next_local(lfd, session, watch, &status);
		if (fd < 0)
			break;
	}
	session_close(session);
	if (fd >= 0)
		close(fd);
	return status;
}

/* --- --forever: a process for each session -------------------------------------------------------------------- */

static void
reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void
on_child(int sig)
{
	(void)sig; /* its arrival interrupts the wait, that is all */
}

static int
serve_forever(const struct config *cfg, int lfd)
{
	struct sigaction sa = {.sa_handler = on_child, .sa_flags = SA_NOCLDSTOP};

	sigaction(SIGCHLD, &sa, NULL);
	for (;;) {
		struct pollfd p = {.fd = lfd, .events = POLLIN};
		int fd;
		pid_t pid;

		(void)poll(&p, 1, -1);
		reap();
		if (!p.revents)
			continue;
		fd = accept_one(lfd);
		if (fd < 0) { /* out of descriptors or memory: a session that ends makes room */
			(void)poll(NULL, 0, 200);
			continue;
		}
		pid = fork();
		if (pid == 0) {
			close(lfd);
			signal(SIGCHLD, SIG_DFL);
			exit(one_session(cfg, fd));
		}
		if (pid < 0)
			say_error("cannot start a session: %s", strerror(errno));
		close(fd);
	}
}

int
local_serve(struct session *s, const struct config *cfg)
{
	int lfd = open_listener(cfg), fd, status;

	session = s;
	if (lfd < 0)
		return ST_IO;
	if (cfg->forever)
		return serve_forever(cfg, lfd);
	if (cfg->hold) {
		status = hold_session(cfg, lfd);
		close(lfd);
		return status;
	}
	fd = accept_one(lfd);
	close(lfd); /* one connection: a second one is refused, not left waiting */
	return fd < 0 ? ST_IO : one_session(cfg, fd);
}
