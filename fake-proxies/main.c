/* SPDX-License-Identifier: ISC
 * main.c - fakeproxy: listeners, the loop, the end.
 * The one thing to know: one thread serves all connections; only names are looked up elsewhere (resolve.c). */
#include "mem.h"
#include "record.h"
#include "sock.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define BACKLOG 4096
#define ACCEPTS 128	/* at once */
#define BREATHER_MS 100 /* when there are no descriptors left */

enum { EXIT_SYSTEM = 1, EXIT_FAULT = 4 };

struct listener {
	struct ev_src ev;
	struct fp *fp;
	enum fp_role role;
};

static struct listener listeners[FP_MAX];
static int n_listeners;
static struct timer breather, lifetime;
static struct ev_src stop_src, names_src;
static int stop_pipe[2];
static volatile sig_atomic_t signalled;
static struct fp fp;

static void
on_signal(int sig)
{
	int saved = errno;

	(void)sig;
	signalled = 1; /* also if the pipe, which ends a wait that begins just now, takes nothing */
	while (write(stop_pipe[1], "", 1) < 0 && errno == EINTR)
		;
	errno = saved;
}

static void
stop(struct ev_src *s, unsigned events)
{
	(void)s;
	(void)events;
	fp.over = true;
}

static void
life_over(struct timer *t)
{
	(void)t;
	fp.over = true;
}

static void
names(struct ev_src *s, unsigned events)
{
	struct resolve *q;

	(void)s;
	(void)events;
	while ((q = resolve_answer()) != NULL) {
		conn_resolved(q->owner, q);
		free(q);
	}
}

static void
listen_all(bool on)
{
	for (int i = 0; i < n_listeners; i++)
		if (listeners[i].ev.fd >= 0)
			ev_want_level(fp.ev, &listeners[i].ev, on ? EV_READ : 0u);
}

static void
breathed(struct timer *t)
{
	(void)t;
	listen_all(true);
}

static void
close_listeners(void)
{
	for (int i = 0; i < n_listeners; i++) {
		int fd = listeners[i].ev.fd;

		if (fd < 0)
			continue;
		ev_del(fp.ev, &listeners[i].ev);
		close(fd);
	}
	timer_stop(&fp.timers, &breather);
}

static void
acceptable(struct ev_src *s, unsigned events)
{
	struct listener *l = (struct listener *)s;
	struct net_addr peer;

	(void)events;
	for (int i = 0; i < ACCEPTS && s->fd >= 0; i++) {
		int fd = sock_accept(s->fd, &peer);

		if (fd >= 0) {
			conn_new(&fp, fd, l->role, &peer);
			if (fp.cf->max_connections != 0 && fp.accepted >= fp.cf->max_connections)
				close_listeners();
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			if (timer_set(&fp.timers, &breather, fp.now + BREATHER_MS))
				listen_all(false); /* who waits is served when others have gone */
		}
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

/* "127.0.0.1 4711" for the line on standard output */
static bool
announce(const struct net_addr *a)
{
	char text[NET_ADDRSTR], host[NET_ADDRSTR];
	const char *port;

	return fp_split(net_str(a, text), host, sizeof host, &port) &&
	       printf("listening %s %s\n", host, port) > 0 && fflush(stdout) == 0;
}

static bool
listen_one(int i)
{
	const struct net_addr *a = &fp.cf->listen[i];
	struct listener *l = &listeners[i];
	struct net_addr real;
	char text[NET_ADDRSTR];

	l->fp = &fp;
	l->role = fp.cf->role[i];
	l->ev.ready = acceptable;
	l->ev.want = EV_READ;
	l->ev.fd = net_listen(a, BACKLOG);
	if (l->ev.fd < 0)
		return fp_complain("cannot listen on %s: %s", net_str(a, text), strerror(errno));
	n_listeners++;
	sock_nodelay(l->ev.fd);
	if (net_addr_of(l->ev.fd, true, &real) < 0 || !ev_add(fp.ev, &l->ev, false))
		return fp_complain("cannot listen on %s: %s", net_str(a, text), strerror(errno));
	if (!announce(&real))
		return fp_complain("cannot write to standard output: %s", strerror(errno));
	log_listening(&fp, l->role, &real);
	return true;
}

static bool
watch(struct ev_src *s, int fd, void (*ready)(struct ev_src *, unsigned))
{
	s->fd = fd;
	s->ready = ready;
	s->want = EV_READ;
	return fd >= 0 && ev_add(fp.ev, s, false);
}

/* A closed 0, 1 or 2 would be given to a socket, and messages would go there. */
static bool
fill_standard(void)
{
	for (int i = 0; i < 3; i++)
		/* cppcheck-suppress leakReturnValNotUsed ; the descriptors are to stay open */
		if (fcntl(i, F_GETFD) < 0 && errno == EBADF &&
			open("/dev/null", i == 0 ? O_RDONLY : O_WRONLY) != i)
			return fp_complain("cannot open /dev/null: %s", strerror(errno));
	return true;
}

static bool
prepare(void)
{
	struct sigaction a = {.sa_handler = on_signal};
	struct rlimit r;
	int dir = -1;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
	fp.ev = ev_new();
	if (fp.ev == NULL)
		return fp_complain("cannot watch sockets: %s", strerror(errno));
	fp.scratch = malloc(SCRATCH);
	fp.scratch2 = malloc(2 * SCRATCH);
	fp.out = malloc(2 * SCRATCH);
	if (fp.scratch == NULL || fp.scratch2 == NULL || fp.out == NULL)
		return fp_complain("out of memory");
	if (pipe(stop_pipe) < 0 || net_cloexec(stop_pipe[0]) < 0 || net_cloexec(stop_pipe[1]) < 0 ||
		net_nonblock(stop_pipe[1], true) < 0)
		return fp_complain("cannot make a pipe: %s", strerror(errno));
	if (!watch(&stop_src, stop_pipe[0], stop) || !watch(&names_src, resolve_open(), names))
		return fp_complain("cannot watch a pipe: %s", strerror(errno));
	if (fp.cf->trace_dir != NULL &&
		(dir = open(fp.cf->trace_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return fp_complain("--trace %s: %s", fp.cf->trace_dir, strerror(errno));
	if (dir >= 0)
		close(dir);
	sigaction(SIGTERM, &a, NULL);
	sigaction(SIGINT, &a, NULL);
	a.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &a, NULL);
	sigaction(SIGHUP, &a, NULL);
	return true;
}

static void
run_ready(void)
{
	struct conn *c = fp.ready;

	fp.ready = NULL;
	fp.ready_end = &fp.ready;
	while (c != NULL) {
		struct conn *next = c->ready_next;

		c->queued = false;
		conn_run(c);
		c = next;
	}
}

static bool
serve(void)
{
	bool ok = true;

	while (!fp.over && !signalled && ok) {
		int ms = timers_left(&fp.timers, net_now());

		ok = ev_wait(fp.ev, fp.ready != NULL ? 0 : ms, &fp.now);
		timers_run(&fp.timers, fp.now);
		run_ready();
		conn_sweep(&fp);
		mem_live(fp.live);
		if (fp.cf->max_connections != 0 && fp.accepted >= fp.cf->max_connections && fp.live == 0)
			fp.over = true;
	}
	return ok || fp_complain("waiting for events: %s", strerror(errno));
}

static void
tidy_up(void)
{
	close_listeners();
	while (fp.all != NULL)
		conn_over(fp.all, "shutdown");
	run_ready();
	conn_sweep(&fp);
	timer_stop(&fp.timers, &lifetime);
	free(fp.timers.heap);
	ev_free(fp.ev);
	free(fp.scratch);
	free(fp.scratch2);
	free(fp.out);
}

static bool
bugs_shown(const struct fp_bugs *b)
{
	bool ok = true;

	for (int i = 0; i < BUG_COUNT; i++)
		if (b->on[i] && !b->shown[i])
			ok = fp_complain("--bug %s: no connection gave an occasion to show it",
				fp_bug_name((enum fp_bug)i));
	return ok;
}

int
main(int argc, char **argv)
{
	static struct fp_conf cf;
	int status;
	bool ok;

	if (!fill_standard())
		return EXIT_SYSTEM;
	fp_conf_init(&cf);
	status = fp_options(&cf, argc, argv);
	if (status >= 0) {
		fp_conf_free(&cf);
		return status;
	}
	fp.cf = &cf;
	fp.ready_end = &fp.ready;
	fp.now = net_now();
	breather.fire = breathed;
	lifetime.fire = life_over;
	if (!log_open(&cf) || !prepare())
		return EXIT_SYSTEM;
	ok = true;
	for (int i = 0; i < cf.n_role && ok; i++)
		ok = listen_one(i);
	if (ok && cf.lifetime != 0)
		timer_set(&fp.timers, &lifetime, fp.now + cf.lifetime * 1000);
	ok = ok && serve();
	tidy_up();
	if (!ok || fp.failed || log_broken())
		status = EXIT_SYSTEM;
	else if (!tap_all_happened(&cf.fault, &fp.did) || !bugs_shown(&cf.bugs))
		status = EXIT_FAULT;
	else
		status = 0;
	fp_conf_free(&cf);
	return status;
}
