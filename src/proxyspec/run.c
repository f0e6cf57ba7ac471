/* SPDX-License-Identifier: ISC
 * run.c - see run.h.
 * One thing to know: a run that brings down its own process is an ERROR of that one case and of no other. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_AT_ONCE 200u
#define LIMIT_MS 1200000 /* a run that takes longer is ended: no trace asks for so much */

struct slot {
	pid_t pid;
	int fd;
	struct px_buf got;
	struct px_job *job;
	int64_t end;
};

const char *
px_mode_text(const struct px_how *h, char room[24])
{
	static const char *const names[] = {"whole", "bytes", "split", "coalesce"};

	if (h->delivery == PX_D_SPLIT)
		snprintf(room, 24, "split:%u", h->split);
	else
		snprintf(room, 24, "%s", names[h->delivery]);
	return room;
}

static void
error_result(struct px_job *j, const char *what)
{
	struct px_finding f = {.outcome = PX_O_ERROR, .level = j->c->level, .what = (char *)(uintptr_t)what};

	memset(&j->res, 0, sizeof j->res);
	j->res.closed = "none";
	px_result_add(&j->res, &f);
}

static void
work(const struct px_subject *sub, struct px_job *j, int fd)
{
	struct px_buf b = {NULL, 0, 0};
	size_t at = 0;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	px_run(sub, j->c, j->how, &j->res);
	px_result_pack(&j->res, &b);
	while (at < b.n) {
		ssize_t n = write(fd, b.p + at, b.n - at);

		if (n < 0 && errno != EINTR)
			break;
		at += n > 0 ? (size_t)n : 0;
	}
	_exit(0);
}

static bool
start(const struct px_subject *sub, struct slot *s, struct px_job *j)
{
	int f[2];

	if (pipe2(f, O_CLOEXEC) < 0) {
		error_result(j, "the runner has no descriptors left");
		return false;
	}
	fflush(NULL);
	s->pid = fork();
	if (s->pid == 0) {
		close(f[0]);
		work(sub, j, f[1]);
	}
	close(f[1]);
	if (s->pid < 0) {
		close(f[0]);
		error_result(j, "the runner cannot start a process");
		return false;
	}
	s->fd = f[0];
	s->job = j;
	s->got = (struct px_buf){NULL, 0, 0};
	s->end = net_now() + (int64_t)(LIMIT_MS * (j->how.scale > 1 ? j->how.scale : 1));
	return true;
}

static void
finish(struct slot *s)
{
	int st = 0;
	char what[80];

	close(s->fd);
	while (waitpid(s->pid, &st, 0) < 0 && errno == EINTR)
		continue;
	px_put(&s->got, "", 1);
	if (!px_result_unpack(&s->job->res, span_of(s->got.p, s->got.n - 1))) {
		px_result_free(&s->job->res);
		snprintf(what, sizeof what, "the runner's process ended with %s %d before its verdict",
			st & 127 ? "signal" : "status", st & 127 ? st & 127 : st >> 8 & 255);
		error_result(s->job, what);
	}
	px_buf_free(&s->got);
	s->pid = 0;
}

/* One wait over all slots.  Returns the slot that ended, or NULL. */
static struct slot *
wait_one(struct slot *slots, unsigned n)
{
	struct pollfd f[MAX_AT_ONCE];
	struct slot *of[MAX_AT_ONCE];
	nfds_t k = 0;

	for (unsigned i = 0; i < n; i++)
		if (slots[i].pid > 0) {
			f[k] = (struct pollfd){slots[i].fd, POLLIN, 0};
			of[k++] = &slots[i];
		}
	if (poll(f, k, 1000) < 0)
		return NULL;
	for (nfds_t i = 0; i < k; i++) {
		char room[8192];
		ssize_t r;

		if (net_now() > of[i]->end) {
			kill(of[i]->pid, SIGTERM);
			return of[i];
		}
		if (f[i].revents == 0)
			continue;
		r = read(of[i]->fd, room, sizeof room);
		if (r > 0)
			px_put(&of[i]->got, room, (size_t)r);
		else if (r == 0 || errno != EINTR)
			return of[i];
	}
	return NULL;
}

/* Two runs cannot have one port of the trace at once. */
static bool
port_is_taken(const struct px_subject *sub, const struct slot *slots, unsigned n, const struct px_job *j)
{
	unsigned port = sub->cast == PX_CAST_SERVER ? px_fixed_port(j->c) : 0;

	for (unsigned i = 0; port != 0 && i < n; i++)
		if (slots[i].pid > 0 && px_fixed_port(slots[i].job->c) == port)
			return true;
	return false;
}

static bool
is_alone(const struct px_job *j)
{
	return px_has_word(j->c->needs, "alone");
}

/* What one run does to the subject's memory of a user must not meet another run. */
static bool
must_wait(const struct slot *slots, unsigned n, const struct px_job *j)
{
	for (unsigned i = 0; i < n; i++)
		if (slots[i].pid > 0 && (is_alone(j) || is_alone(slots[i].job)))
			return true;
	return false;
}

/* The next job that can start now; *first is where those that have not begun start. */
static struct px_job *
startable(const struct px_subject *sub, const struct slot *slots, unsigned at_once, struct px_job *jobs,
	size_t n, size_t *first)
{
	while (*first < n && (jobs[*first].done || jobs[*first].begun))
		++*first;
	for (size_t i = *first; i < n; i++)
		if (!jobs[i].done && !jobs[i].begun && !must_wait(slots, at_once, &jobs[i]) &&
			!port_is_taken(sub, slots, at_once, &jobs[i]))
			return &jobs[i];
	return NULL;
}

void
px_run_jobs(const struct px_subject *sub, struct px_job *jobs, size_t n, unsigned at_once,
	void (*told)(void *, const struct px_job *), void *ctx)
{
	struct slot slots[MAX_AT_ONCE] = {{0}};
	size_t next = 0;
	unsigned busy = 0;

	if (at_once > MAX_AT_ONCE)
		at_once = MAX_AT_ONCE;
	while (next < n || busy > 0) {
		struct slot *s;

		for (unsigned i = 0; i < at_once; i++) {
			struct px_job *j =
				slots[i].pid > 0 ? NULL : startable(sub, slots, at_once, jobs, n, &next);

			if (j == NULL)
				continue;
			j->begun = true;
			if (start(sub, &slots[i], j))
				busy++;
			else
				j->done = true;
		}
		s = busy > 0 ? wait_one(slots, at_once) : NULL;
		if (s == NULL)
			continue;
		finish(s);
		busy--;
		s->job->done = true;
		if (told != NULL)
			told(ctx, s->job);
	}
}
