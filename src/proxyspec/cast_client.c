/* SPDX-License-Identifier: ISC
 * cast_client.c - a client program is under test: the runner is proxy and target, and holds the program's stdin,
 * stdout and stderr.
 * One thing to know: the program leads a process group of its own, and the group is ended with the case. */
#include "cast.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* RFC 3986 section 2.1, for a client that takes a URL: everything but the unreserved. */
static void
percent(struct px_buf *b, struct span v)
{
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			(c != 0 && strchr("-._~", c) != NULL))
			px_put(b, &c, 1);
		else
			px_printf(b, "%%%02X", (unsigned)c);
	}
}

/* One word of the template: {proxy_host} {proxy_port} {host} {port} {user} {pass} {timeout} and any variable; {user%} is
 * the variable as it stands in a URL. */
static char *
fill(const struct px_env *e, const char *word, bool *nul, bool *unset)
{
	struct px_buf b = {NULL, 0, 0};

	while (*word != '\0') {
		const char *end = *word == '{' ? strchr(word, '}') : NULL;
		char name[32] = "";
		struct span v;
		size_t n = end == NULL ? 0 : (size_t)(end - word - 1);
		bool url = n != 0 && end[-1] == '%';

		if (end != NULL && n < sizeof name) {
			memcpy(name, word + 1, n - (url ? 1 : 0));
			if (px_env_get(e, name, &v) && url) {
				percent(&b, v);
				word = end + 1;
				continue;
			}
			if (px_env_get(e, name, &v)) {
				*nul = *nul || (v.n != 0 && memchr(v.p, 0, v.n) != NULL);
				px_put(&b, v.p, v.n);
				word = end + 1;
				continue;
			}
			if (strcmp(name, "user") == 0 || strcmp(name, "pass") == 0) {
				*unset = true;
				word = end + 1;
				continue;
			}
		}
		px_put(&b, word++, 1);
	}
	px_put(&b, "", 1);
	return (char *)b.p;
}

static char **
fill_all(const struct px_env *e, const struct px_text *words, bool assignments, bool *nul)
{
	size_t n = 0;
	char **v;

	for (const struct px_text *w = words; w != NULL; w = w->next)
		n++;
	v = calloc(n + 1, sizeof *v);
	if (v == NULL)
		return NULL;
	n = 0;
	for (const struct px_text *w = words; w != NULL; w = w->next) {
		bool unset = false;

		v[n] = fill(e, w->s, nul, &unset);
		if (assignments && unset) { /* a password that the case does not have is not an empty one */
			free(v[n]);
			v[n] = NULL;
		} else {
			n++;
		}
	}
	return v;
}

static void
free_all(char **v)
{
	for (size_t i = 0; v != NULL && v[i] != NULL; i++)
		free(v[i]);
	free(v);
}

static void
set_env(char **assignments)
{
	for (size_t i = 0; assignments != NULL && assignments[i] != NULL; i++) {
		char *eq = strchr(assignments[i], '=');

		if (eq == NULL)
			continue;
		*eq = '\0';
		setenv(assignments[i], eq + 1, 1);
	}
}

static void
child(char **argv, char **env1, char **env2, const int in[2], const int out[2], const int err[2], int told)
{
	int e;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid(); /* a group of its own, and no terminal that it could ask for a password */
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0 || dup2(err[1], 2) < 0)
		_exit(127);
	set_env(env1);
	set_env(env2);
	execvp(argv[0], argv);
	e = errno;
	if (write(told, &e, sizeof e) < 0)
		_exit(126);
	_exit(127);
}

/* The child's end of told is closed by a successful exec.  What it says otherwise is why there is no program. */
static bool
runs(struct px_play *p, const char *program, const int told[2])
{
	ssize_t n;
	int e = 0;

	close(told[1]);
	while ((n = read(told[0], &e, sizeof e)) < 0 && errno == EINTR)
		continue;
	close(told[0]);
	if (n == 0)
		return true;
	px_trouble(p, PX_O_ERROR, 0, "cannot run %s: %s", program, strerror(e));
	return false;
}

static void
close_pair(const int f[2])
{
	if (f[0] >= 0)
		close(f[0]);
	if (f[1] >= 0)
		close(f[1]);
}

/* Whoever ends the runner ends the client's group, too. */
static volatile pid_t group;

static void
on_signal(int sig)
{
	if (group > 0)
		kill(-group, SIGKILL);
	_exit(128 + sig);
}

static bool
spawn(struct px_play *p, char **argv, char **env1, char **env2)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1}, told[2] = {-1, -1};

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 ||
		pipe2(told, O_CLOEXEC) < 0 || (p->pid = fork()) < 0) {
		px_trouble(p, PX_O_ERROR, 0, "cannot start the client: %s", strerror(errno));
		close_pair(in);
		close_pair(out);
		close_pair(err);
		close_pair(told);
		p->pid = 0;
		return false;
	}
	if (p->pid == 0)
		child(argv, env1, env2, in, out, err, told[1]);
	group = p->pid;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	net_nonblock(in[1], true);
	net_nonblock(out[0], true);
	net_nonblock(err[0], true);
	p->sin.wfd = in[1];
	p->sout.rfd = out[0];
	p->serr.rfd = err[0];
	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	if (p->pidfd < 0) {
		px_trouble(p, PX_O_ERROR, 0, "pidfd_open: %s", strerror(errno));
		close_pair(told);
		return false;
	}
	return runs(p, argv[0], told);
}

static bool
listener(struct px_play *p)
{
	struct net_addr a;
	struct sockaddr_in *in = (struct sockaddr_in *)&a.ss;
	char text[8];

	memset(&a, 0, sizeof a);
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.len = sizeof *in;
	p->listen[0] = net_listen(&a, 8);
	if (p->listen[0] < 0 || net_addr_of(p->listen[0], true, &a) < 0) {
		px_trouble(p, PX_O_ERROR, 0, "cannot listen on 127.0.0.1: %s", strerror(errno));
		return false;
	}
	snprintf(text, sizeof text, "%u", net_port(&a));
	px_env_set(&p->env, "proxy_host", span_str("127.0.0.1"));
	px_env_set(&p->env, "proxy_port", span_str(text));
	return true;
}

bool
px_client_setup(struct px_play *p, const struct px_subject *sub)
{
	const struct px_way *way = sub->command == NULL ? px_way_for(sub->profile, p->c) : NULL;
	const struct px_text *words = way != NULL ? way->words : sub->command;
	struct span timeout;
	bool nul = false, ok;
	char **argv, **env1, **env2;

	if (!listener(p))
		return false;
	if (!px_env_get(&p->env, "timeout", &timeout))
		px_env_set(&p->env, "timeout", span_str("5"));
	argv = fill_all(&p->env, words, false, &nul);
	env1 = fill_all(&p->env, sub->profile != NULL ? sub->profile->env : NULL, true, &nul);
	env2 = fill_all(&p->env, way != NULL ? way->env : NULL, true, &nul);
	if (nul)
		px_trouble(p, PX_O_SKIP, 0, "a value with a NUL cannot stand on a command line");
	ok = !nul && argv != NULL && argv[0] != NULL && spawn(p, argv, env1, env2);
	free_all(argv);
	free_all(env1);
	free_all(env2);
	return ok;
}

void
px_client_end(struct px_play *p)
{
	if (p->pid <= 0)
		return;
	kill(-p->pid, SIGKILL);
	group = 0;
	if (!p->exited)
		while (waitpid(p->pid, &p->status, 0) < 0 && errno == EINTR)
			continue;
	p->pid = 0;
}
