/* SPDX-License-Identifier: ISC
 * opts.c - see opts.h.  The letters and their parsing are connect.c's, the long options ours.
 * One thing to know: every error of the command line is reported before the usage, not only the first. */
#include "opts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf.h"
#include "resolve.h"
#include "say.h"

#define SECONDS_MAX (24 * 24 * 3600) /* fits milliseconds in an int */

/* While parsing: what was given, before it is put together. */
struct given {
	struct config *cfg;
	int errors;
	const char *method; /* "-S" ... of the last method option */
	const char *spec;   /* its server, NULL for -s -h -t -n */
	const char *resolve, *auth, *command, *local;
	bool interfaces; /* -D */
	size_t ngood, nbad;
	char **word; /* the next word of the command line, ended by NULL */
	char *name;  /* argv[0] */
};

static void
usage(const char *name)
{
	say_plain("usage: %s [-dnhst45DV] [-p [addr:]port] [-P [addr:]port] [-R resolve] [-w timeout]\n"
		  "          [-H [user@]proxy-server[:port]] [-S [user@]socks-server[:port]]\n"
		  "          [-T proxy-server[:port]] [-a auth-methods] [-c telnet-proxy-command]\n"
		  "          [--http1.0] [--no-half-close] [--forever] [--connect-timeout sec]\n"
		  "          [--handshake-timeout sec] [--idle-timeout sec]\n"
		  "          [--good-phrase text] [--bad-phrase text] [--help] [--version]\n"
		  "          host port",
		safe(name));
}

static int
seconds(struct given *g, const char *option, const char *s)
{
	int v = 0;
	const char *p;

	for (p = s; isdigit((unsigned char)*p) && v <= SECONDS_MAX; p++)
		v = v * 10 + (*p - '0');
	if (p == s || *p != '\0' || v > SECONDS_MAX) {
		say_error("option %s: '%s' is not a number of seconds from 0 to %d", option, safe(s),
			SECONDS_MAX);
		g->errors++;
		return 0;
	}
	return v;
}

static void
phrase(struct given *g, const char *option, const char **list, size_t *n, const char *s)
{
	if (*s == '\0' || *n == CLIENT_PHRASES) {
		say_error("option %s: %s", option, *s == '\0' ? "the phrase is empty" : "too many phrases");
		g->errors++;
		return;
	}
	list[(*n)++] = s;
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
		g->cfg->wait_s = seconds(g, option, argument(g, option));
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
			cfg->connect_s = seconds(g, option, value);
		else if (i == 1)
			cfg->handshake_s = seconds(g, option, value);
		else if (i == 2)
			cfg->idle_s = seconds(g, option, value);
		else if (i == 3)
			phrase(g, option, cfg->good, &g->ngood, value);
		else
			phrase(g, option, cfg->bad, &g->nbad, value);
	} else if (value == NULL && strcmp(s, "http1.0") == 0) {
		cfg->http10 = true;
	} else if (value == NULL && strcmp(s, "no-half-close") == 0) {
		cfg->half_close = false;
	} else if (value == NULL && strcmp(s, "forever") == 0) {
		cfg->forever = true;
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
			usage(g->name);
			return ST_OK;
		}
		if (strcmp(w, "--version") == 0) {
			printf("connect " VERSION "\n");
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

uint16_t
opts_name_port(const char *argv0)
{
	const char *base = strrchr(argv0, '/'), *dot;
	char service[64];
	size_t n;

	if (base == NULL)
		base = strrchr(argv0, '\\');
	base = base == NULL ? argv0 : base + 1;
	if (strncmp(base, "connect-", 8) != 0)
		return 0;
	base += 8;
	dot = strchr(base, '.');
	n = dot == NULL ? strlen(base) : (size_t)(dot - base);
	if (n == 0 || n >= sizeof service || strncmp(base, "proxy", n) == 0)
		return 0;
	memcpy(service, base, n);
	service[n] = '\0';
	return port_parse(service);
}

static void
take_target(struct given *g)
{
	const char *host = *g->word++, *port = *g->word, *why;

	why = host_parse(host, g->cfg->host);
	if (why != NULL) {
		say_error("target '%s': %s", safe(host), why);
		g->errors++;
	}
	if (port != NULL)
		g->word++;
	g->cfg->port = port != NULL ? port_parse(port) : opts_name_port(g->name);
	if (g->cfg->port == 0) {
		if (port != NULL)
			say_error("'%s' is neither a port from 1 to 65535 nor a service name", safe(port));
		say_error("You must specify the destination port correctly.");
		g->errors++;
	}
	if (*g->word != NULL)
		say_plain("WARNING: words after the port are ignored: '%s'...", safe(*g->word));
}

const char *
opts_auth(const char *list, struct config *cfg, struct span *name)
{
	static const char *const names[] = {"none", "gssapi", "userpass", "chap"};

	cfg->nauth = 0;
	for (;;) {
		size_t n = strcspn(list, ","), skip = strspn(list, " \t"), end = n, m;

		while (end > skip && (list[end - 1] == ' ' || list[end - 1] == '\t'))
			end--;
		*name = span_of(list + skip, end > skip ? end - skip : 0);
		if (name->n == 0)
			return "an authentication method is missing";
		for (m = 0; m < 4; m++)
			if (name->n <= strlen(names[m]) && memcmp(names[m], name->p, name->n) == 0)
				break;
		if (m == 4)
			return "Unknown auth method";
		if (m == 1 || m == 3)
			return "this authentication method is not supported";
		if (cfg->nauth == CLIENT_METHODS)
			return "Too much auth method";
		cfg->auth[cfg->nauth++] = (uint8_t)m;
		if (list[n] == '\0')
			return NULL;
		list += n + 1;
	}
}

static void
take_auth(struct given *g)
{
	const char *list = g->auth != NULL ? g->auth : conf_get("SOCKS5_AUTH"), *why;
	struct span name;

	if (g->cfg->method != METHOD_SOCKS || g->cfg->socks_version != 5)
		return;
	if (list == NULL)
		list = "none,userpass";
	why = opts_auth(list, g->cfg, &name);
	if (why != NULL) {
		say_error(
			"%s: %s: '%s'", g->auth != NULL ? "option -a" : "SOCKS5_AUTH", why, safe_span(name));
		g->errors++;
	}
}

static void
take_resolve(struct given *g)
{
	static const char *const socks5[] = {"SOCKS5_RESOLVE", "SOCKS_RESOLVE", NULL};
	static const char *const socks4[] = {"SOCKS4_RESOLVE", "SOCKS_RESOLVE", NULL};
	struct config *cfg = g->cfg;
	const char *from = "option -R", *word = g->resolve;

	if (word == NULL && cfg->method == METHOD_SOCKS)
		word = conf_first(cfg->socks_version == 4 ? socks4 : socks5, &from);
	cfg->resolving_given = word != NULL;
	if (word == NULL) {
		cfg->resolving = cfg->method == METHOD_SOCKS && cfg->socks_version == 4 ? RESOLVE_LOCAL
											: RESOLVE_REMOTE;
	} else if (strcasecmp(word, "local") == 0) {
		cfg->resolving = RESOLVE_LOCAL;
	} else if (strcasecmp(word, "remote") == 0) {
		cfg->resolving = RESOLVE_REMOTE;
	} else if (strcasecmp(word, "both") == 0) {
		cfg->resolving = RESOLVE_BOTH;
	} else if (addr_parse(word, 53, &cfg->ns)) {
		cfg->resolving = RESOLVE_LOCAL;
		cfg->has_ns = true;
	} else {
		say_error("%s: '%s' is neither local, remote, both nor the address of a name server", from,
			safe(word));
		g->errors++;
	}
}

static void
take_server(struct given *g)
{
	static const char *const socks5[] = {"SOCKS5_SERVER", "SOCKS_SERVER", NULL};
	static const char *const socks4[] = {"SOCKS4_SERVER", "SOCKS_SERVER", NULL};
	static const char *const http[] = {"HTTP_PROXY", "http_proxy", NULL};
	static const char *const telnet[] = {"TELNET_PROXY", NULL};
	static const uint16_t ports[] = {0, 0, 1080, 80, 23};
	enum method m = g->cfg->method;
	const char *spec = g->spec, *from = g->method, *why;

	if (m == METHOD_DIRECT)
		return;
	if (spec == NULL && m == METHOD_SOCKS)
		spec = conf_first(g->cfg->socks_version == 4 ? socks4 : socks5, &from);
	else if (spec == NULL)
		spec = conf_first(m == METHOD_HTTP ? http : telnet, &from);
	if (spec == NULL || *spec == '\0') {
		say_fatal("%s", m == METHOD_SOCKS  ? "Failed to determine SOCKS server."
				: m == METHOD_HTTP ? "You must specify http proxy server"
						   : "You must specify telnet proxy server");
		g->errors++;
		return;
	}
	why = server_parse(spec, ports[m], &g->cfg->proxy);
	if (why != NULL) {
		say_error("%s: proxy server '%s': %s", from, safe(spec), why);
		g->errors++;
	}
}

static void
take_direct(struct given *g)
{
	static const char *const socks5[] = {"SOCKS5_DIRECT", "SOCKS_DIRECT", "CONNECT_DIRECT", NULL};
	static const char *const socks4[] = {"SOCKS4_DIRECT", "SOCKS_DIRECT", "CONNECT_DIRECT", NULL};
	static const char *const http[] = {"HTTP_DIRECT", "CONNECT_DIRECT", NULL};
	static const char *const other[] = {"CONNECT_DIRECT", NULL};
	struct config *cfg = g->cfg;
	const char *const *names = other, *from = NULL, *list;

	if (cfg->method == METHOD_SOCKS)
		names = cfg->socks_version == 4 ? socks4 : socks5;
	else if (cfg->method == METHOD_HTTP)
		names = http;
	list = conf_first(names, &from);
	if (list != NULL && !direct_parse(&cfg->direct, list, from))
		g->errors++;
	if (g->interfaces)
		direct_add_interfaces(&cfg->direct);
	if (cfg->direct.n == 0)
		say_debug("No direct address are specified.");
}

static void
put_char(char *buf, size_t *n, char c)
{
	if (buf != NULL)
		buf[*n] = c;
	++*n;
}

/* %h host, %p port, %% and \r \n \t \\; into buf if it is not NULL.  Returns what is wrong, or NULL. */
static const char *
expand(const char *fmt, const char *host, uint16_t port, char *buf, size_t *n)
{
	char digits[8];

	snprintf(digits, sizeof digits, "%u", (unsigned)port);
	for (*n = 0; *fmt != '\0'; fmt++) {
		const char *insert = NULL;

		if (*fmt != '%' && *fmt != '\\') {
			put_char(buf, n, *fmt);
			continue;
		}
		switch (*fmt++) {
		case '%':
			insert = *fmt == 'h' ? host : *fmt == 'p' ? digits : *fmt == '%' ? "%" : NULL;
			break;
		default:
			insert = *fmt == 'r'	? "\r"
				 : *fmt == 'n'	? "\n"
				 : *fmt == 't'	? "\t"
				 : *fmt == '\\' ? "\\"
						: NULL;
			break;
		}
		if (insert == NULL)
			return "only %h %p %% and \\r \\n \\t \\\\ have a meaning";
		for (; *insert != '\0'; insert++)
			put_char(buf, n, *insert);
	}
	put_char(buf, n, '\0');
	return *n == 1 ? "the command is empty" : NULL;
}

const char *
opts_expand(const char *fmt, const char *host, uint16_t port, char **out)
{
	size_t n;
	const char *why = expand(fmt, host, port, NULL, &n);

	if (why != NULL)
		return why;
	*out = malloc(n);
	if (*out == NULL)
		return "out of memory";
	return expand(fmt, host, port, *out, &n);
}

static void
take_telnet(struct given *g)
{
	static const char *const bad[] = {" failed", " refused", " rejected", " closed"};
	struct config *cfg = g->cfg;
	const char *fmt = g->command != NULL ? g->command : "telnet %h %p", *why;

	why = opts_expand(fmt, cfg->host, cfg->port, &cfg->command);
	if (why != NULL) {
		say_error("option -c: '%s': %s", safe(fmt), why);
		g->errors++;
	}
	if (g->ngood == 0)
		phrase(g, "--good-phrase", cfg->good, &g->ngood, "connected to");
	for (size_t i = 0; g->nbad == i && i < 4; i++)
		phrase(g, "--bad-phrase", cfg->bad, &g->nbad, bad[i]);
}

static void
take_local(struct given *g)
{
	char spec[96];
	const char *s = g->local;
	uint16_t port;

	if (s == NULL)
		return;
	port = port_parse(s);
	if (port != 0 || strcmp(s, "0") == 0)
		snprintf(spec, sizeof spec, "127.0.0.1:%u", (unsigned)port);
	else
		snprintf(spec, sizeof spec, "%s", s);
	if (strchr(spec, ':') != NULL) {
		char *colon = strrchr(spec, ':');

		if (strcmp(colon, ":0") == 0) { /* the kernel chooses; not a port for server_parse */
			*colon = '\0';
			if (addr_parse(spec, 1, &g->cfg->local)) {
				net_set_port(&g->cfg->local, 0);
				return;
			}
		} else if (addr_parse(spec, 0, &g->cfg->local) && net_port(&g->cfg->local) != 0) {
			return;
		}
	}
	say_error("option -%c: '%s' is neither a port nor ADDRESS:PORT", g->cfg->hold ? 'P' : 'p', safe(s));
	g->errors++;
}

static int
check_combination(struct given *g)
{
	if (g->cfg->forever && (!g->cfg->listening || g->cfg->hold)) {
		say_error("option --forever goes with -p");
		g->errors++;
	}
	return g->errors;
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
	cfg->half_close = true;
	cfg->connect_s = cfg->handshake_s = 30;
	status = parse_words(&g);
	if (status >= 0)
		return status;
	if (*g.word == NULL && g.errors == 0) {
		say_plain("connect --- simple relaying command via proxy.\nVersion " VERSION);
		usage(g.name);
		return ST_OK;
	}
	if (*g.word == NULL) {
		usage(g.name);
		return ST_USAGE;
	}
	take_target(&g);
	status = conf_load();
	if (status != 0)
		return status;
	take_auth(&g);
	take_resolve(&g);
	take_server(&g);
	take_direct(&g);
	take_local(&g);
	if (cfg->method == METHOD_TELNET && cfg->port != 0)
		take_telnet(&g);
	if (check_combination(&g) == 0)
		return -1;
	usage(g.name);
	return ST_USAGE;
}

void
opts_free(struct config *cfg)
{
	free(cfg->command);
	direct_free(&cfg->direct);
}
