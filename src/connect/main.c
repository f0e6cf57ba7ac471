/* SPDX-License-Identifier: ISC
 * main.c - connect: relays its standard input and output, or local connections, through a proxy. */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "conf.h"
#include "cred.h"
#include "guard.h"
#include "local.h"
#include "say.h"
#include "session.h"

static struct config config;
static struct session session;

/* A socket must not become descriptor 0, 1 or 2.  What is closed reads as empty and swallows what is written. */
static void
fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
			return;
}

static void
show_settings(const struct config *c)
{
	static const char *const methods[] = {"", "DIRECT", "SOCKS", "HTTP", "TELNET"};
	static const char *const ways[] = {"", "LOCAL", "REMOTE", "BOTH"};

	if (debug_level == 0)
		return;
	say_debug("relay_method = %s (%d)", methods[c->method], (int)c->method);
	if (c->method != METHOD_DIRECT) {
		say_debug("relay_host=%s", safe(c->proxy.host));
		say_debug("relay_port=%u", (unsigned)c->proxy.port);
		say_debug("relay_user=%s", safe(cred_user(c)));
	}
	if (c->method == METHOD_SOCKS) {
		say_debug("socks_version=%d", c->socks_version);
		say_debug("socks_resolve=%s (%d)", ways[c->resolving], (int)c->resolving);
	}
	say_debug("local_type=%s", c->listening ? "socket" : "stdio");
	if (c->listening)
		say_debug("local_port=%u", net_port(&c->local));
	say_debug("dest_host=%s", safe(c->host));
	say_debug("dest_port=%u", (unsigned)c->port);
}

int
main(int argc, char **argv)
{
	int status;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* may be inherited as ignored, and then no child's end is told */
	fill_standard_descriptors();
	if (conf_env_secret())
		guard_close();
	status = opts_parse(&config, argc, argv);
	if (status < 0) {
		show_settings(&config);
		if (config.listening) {
			status = local_serve(&session, &config);
		} else {
			status = session_open(&session, &config);
			if (status == 0)
				status = config.pass ? session_pass(&session)
						     : session_relay(
							       &session, STDIN_FILENO, STDOUT_FILENO, false);
			session_close(&session);
		}
		if (status == 0)
			say_debug("that's all, bye.");
	}
	cred_wipe();
	opts_free(&config);
	return status;
}
