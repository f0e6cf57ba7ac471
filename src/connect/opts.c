/* SPDX-License-Identifier: ISC
 * opts.c - see opts.h.  The letters and their parsing are connect.c's, the long options ours.
 * One thing to know: every error of the command line is reported before the usage, not only the first. */
#include "opts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "given.h"
#include "sandbox.h"
#include "say.h"

#define SECONDS_MAX (24 * 24 * 3600) /* fits milliseconds in an int */

static void
usage(int fd, const char *name)
{
	dprintf(fd,
		"usage: %s [-dnhst45DFV] [-p [addr:]port] [-P [addr:]port] [-R resolve] [-w timeout]\n"
		"          [-H [user@]proxy-server[:port]] [-S [user@]socks-server[:port]]\n"
		"          [-T proxy-server[:port]] [-a auth-methods] [-c telnet-proxy-command]\n"
		"          [--http1.0] [--no-half-close] [--forever] [--pipeline] [--connect-timeout sec]\n"
		"          [--handshake-timeout sec] [--idle-timeout sec] [--end-with-remote] "
		"[--no-sandbox]\n"
		"          [--good-phrase text] [--bad-phrase text] [--help] [--version]\n"
		"          host port\n",
		safe(name));
}

/* "30" or "0.25" in milliseconds.  More than three decimals are an error: 0.0001 must not become 0, which is for ever. */
static int
seconds(struct given *g, const char *option, const char *s)
{
	int v = 0, scale = 1000;
	const char *p;

	for (p = s; isdigit((unsigned char)*p) && v <= SECONDS_MAX; p++)
		v = v * 10 + (*p - '0');
	if (p != s && v <= SECONDS_MAX) {
		v *= 1000;
		if (*p == '.' && isdigit((unsigned char)p[1]))
			for (p++; isdigit((unsigned char)*p) && scale > 1; p++)
				v += (*p - '0') * (scale /= 10);
		if (*p == '\0')
			return v;
	}
	say_error("option %s: '%s' is not a number of seconds from 0 to %d with at most three decimals",
		option, safe(s), SECONDS_MAX);
	g->errors++;
	return 0;
}

static void
set_method(struct given *g, enum method m, const char *option, const char *spec)
{
	g->cfg->method = m;
	g->method = option;
	g->spec = spec;
}

/* The argument of an option: the next word.  An empty string stands in for a missing one, which is an error. */
static const char *
argument(struct given *g, const char *option)
{
	if (*g->word != NULL)
		return *g->word++;
	say_error("option '%s' needs argument.", option);
	g->errors++;
	return "";
}

static void
letter(struct given *g, char c)
{
	char option[3] = {'-', c, '\0'};

	switch (c) {
	case 'n':
		set_method(g, METHOD_DIRECT, "-n", NULL);
		break;
	case 's':
		set_method(g, METHOD_SOCKS, "-s", NULL);
		break;
	case 'h':
		set_method(g, METHOD_HTTP, "-h", NULL);
		break;
	case 't':
		set_method(g, METHOD_TELNET, "-t", NULL);
		break;
	case 'S':
		set_method(g, METHOD_SOCKS, "-S", argument(g, option));
		break;
	case 'H':
		set_method(g, METHOD_HTTP, "-H", argument(g, option));
		break;
	case 'T':
		set_method(g, METHOD_TELNET, "-T", argument(g, option));
		break;
	case '4':
	case '5':
		g->cfg->socks_version = c - '0';
		break;
	case 'R':
		g->resolve = argument(g, option);
		break;
	case 'a':
		g->auth = argument(g, option);
		break;
	case 'w':
		g->cfg->wait_ms = seconds(g, option, argument(g, option));
		break;
	case 'p':
	case 'P':
		g->cfg->listening = true;
		g->cfg->hold = c == 'P';
		g->local = argument(g, option);
		break;
	case 'c':
		g->command = argument(g, option);
		break;
	case 'd':
		debug_level++;
		break;
	case 'D':
		g->interfaces = true;
		break;
	case 'F':
		g->cfg->pass = true;
		break;
	default:
		say_error("unknown option '-%s'", safe_span(span_of(&c, 1)));
		g->errors++;
		break;
	}
}

/* --name, --name=value or --name value */
static void
long_option(struct given *g, const char *s)
{
	static const char *const valued[] = {
		"connect-timeout", "handshake-timeout", "idle-timeout", "good-phrase", "bad-phrase", NULL};
	struct config *cfg = g->cfg;
	char option[64];
	size_t n = strcspn(s, "="), i = 0;
	const char *value = s[n] == '=' ? s + n + 1 : NULL;

	snprintf(option, sizeof option, "--%.*s", (int)(n < 60 ? n : 60), s);
	while (valued[i] != NULL && strcmp(option + 2, valued[i]) != 0)
		i++;
	if (valued[i] != NULL) {
		if (value == NULL)
			value = argument(g, option);
		if (i == 0)
			cfg->connect_ms = seconds(g, option, value);
		else if (i == 1)
			cfg->handshake_ms = seconds(g, option, value);
		else if (i == 2)
			cfg->idle_ms = seconds(g, option, value);
		else if (i == 3)
			given_phrase(g, option, cfg->good, &g->ngood, value);
		else
			given_phrase(g, option, cfg->bad, &g->nbad, value);
	} else if (value == NULL && strcmp(s, "http1.0") == 0) {
		cfg->http10 = true;
	} else if (value == NULL && strcmp(s, "no-half-close") == 0) {
		cfg->half_close = false;
	} else if (value == NULL && strcmp(s, "no-sandbox") == 0) {
		cfg->sandbox = false;
	} else if (value == NULL && strcmp(s, "end-with-remote") == 0) {
		cfg->end_with_remote = true;
	} else if (value == NULL && strcmp(s, "forever") == 0) {
		cfg->forever = true;
	} else if (value == NULL && strcmp(s, "pipeline") == 0) {
		cfg->pipeline = true;
	} else {
		say_error("unknown option '%s'", safe(option));
		g->errors++;
	}
}

/* Options up to HOST.  Returns -1 to go on, else an exit status. */
static int
parse_words(struct given *g)
{
	while (*g->word != NULL && (*g->word)[0] == '-') {
		const char *w = *g->word++;

		if (strcmp(w, "--") == 0)
			break;
		if (strcmp(w, "--help") == 0) {
			usage(STDOUT_FILENO, g->name);
			return ST_OK;
		}
		if (strcmp(w, "--version") == 0) {
			printf("connect " VERSION "\nsandbox: " SANDBOX_IS "\n");
			return fflush(stdout) == 0 ? ST_OK : ST_IO;
		}
		if (w[1] == '-') {
			long_option(g, w + 2);
			continue;
		}
		for (w++; *w != '\0'; w++) {
			if (*w == 'V') {
				say_plain("connect --- simple relaying command via proxy.\nVersion " VERSION);
				return ST_OK;
			}
			letter(g, *w);
		}
	}
	return -1;
}

int
opts_parse(struct config *cfg, int argc, char **argv)
{
	static char no_name[] = "connect";
	struct given g = {.cfg = cfg, .word = argv + (argc > 0), .name = argc > 0 ? argv[0] : no_name};
	int status;

	memset(cfg, 0, sizeof *cfg);
	cfg->method = METHOD_DIRECT;
	cfg->socks_version = 5;
	cfg->half_close = cfg->sandbox = true;
	cfg->connect_ms = cfg->handshake_ms = 30 * 1000;
	status = parse_words(&g);
	if (status >= 0)
		return status;
	if (*g.word == NULL && g.errors == 0) {
		say_plain("connect --- simple relaying command via proxy.\nVersion " VERSION);
		usage(STDERR_FILENO, g.name);
		return ST_OK;
	}
	if (*g.word == NULL) {
		usage(STDERR_FILENO, g.name);
		return ST_USAGE;
	}
	settle_target(&g);
	status = conf_load();
	if (status != 0)
		return status;
	settle(&g);
	if (g.errors == 0)
		return -1;
	usage(STDERR_FILENO, g.name);
	return ST_USAGE;
}

void
opts_free(struct config *cfg)
{
	direct_free(&cfg->direct);
}
