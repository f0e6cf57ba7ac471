/* SPDX-License-Identifier: ISC
 * settle.c - puts the command line, the environment and the parameter files together; see opts.h.
 * One thing to know: the last method option decides method and server, so "-S x -h" does not use x. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "conf.h"
#include "given.h"
#include "resolve.h"
#include "say.h"

void
given_phrase(struct given *g, const char *option, const char **list, size_t *n, const char *s)
{
	if (*s == '\0' || *n == CLIENT_PHRASES) {
		say_error("option %s: %s", option, *s == '\0' ? "the phrase is empty" : "too many phrases");
		g->errors++;
		return;
	}
	list[(*n)++] = s;
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
	if (n == 0 || n >= sizeof service || (n == 5 && memcmp(base, "proxy", 5) == 0))
		return 0;
	memcpy(service, base, n);
	service[n] = '\0';
	return port_parse(service);
}

void
settle_target(struct given *g)
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

	if (g->auth == NULL && (g->cfg->method != METHOD_SOCKS || g->cfg->socks_version != 5))
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
	const char *why;
	size_t n;

	cfg->command = g->command != NULL ? g->command : "telnet %h %p";
	why = expand(cfg->command, cfg->host, cfg->port, NULL, &n);
	if (why != NULL) {
		say_error("option -c: '%s': %s", safe(cfg->command), why);
		g->errors++;
	}
	if (g->ngood == 0)
		given_phrase(g, "--good-phrase", cfg->good, &g->ngood, "connected to");
	for (size_t i = 0; g->nbad == i && i < 4; i++)
		given_phrase(g, "--bad-phrase", cfg->bad, &g->nbad, bad[i]);
}

static void
take_local(struct given *g)
{
	char spec[96], *colon;
	const char *s = g->local;
	bool port_only, any;
	int n;

	if (s == NULL)
		return;
	port_only = strcmp(s, "0") == 0 || port_parse(s) != 0;
	n = snprintf(spec, sizeof spec, "%s%s", port_only ? "127.0.0.1:" : "", s);
	colon = n > 0 && (size_t)n < sizeof spec ? strrchr(spec, ':') : NULL;
	any = colon != NULL && strcmp(colon, ":0") == 0; /* the kernel chooses; for a server 0 is no port */
	if (any)
		*colon = '\0';
	if (colon != NULL && addr_parse(spec, 0, &g->cfg->local) && (any || net_port(&g->cfg->local) != 0))
		return;
	say_error("option -%c: '%s' is neither a port nor ADDRESS:PORT", g->cfg->hold ? 'P' : 'p', safe(s));
	g->errors++;
}

/* -F: ssh waits for a descriptor, on a Unix socket; the session is its own then. */
static void
take_pass(struct given *g)
{
	struct net_addr out;

	if (!g->cfg->pass)
		return;
	if (g->cfg->listening || g->cfg->idle_ms > 0) {
		say_error(
			"option -F does not go with %s", g->cfg->listening ? "-p and -P" : "--idle-timeout");
		g->errors++;
	}
	if (net_addr_of(STDOUT_FILENO, true, &out) < 0 || out.ss.ss_family != AF_UNIX) {
		say_error("option -F: standard output is no Unix socket (in ssh_config: ProxyUseFdpass yes)");
		g->errors++;
	}
}

void
settle(struct given *g)
{
	take_auth(g);
	take_resolve(g);
	take_server(g);
	take_direct(g);
	take_local(g);
	take_telnet(g);
	if (g->cfg->forever && (!g->cfg->listening || g->cfg->hold)) {
		say_error("option --forever goes with -p");
		g->errors++;
	}
	if (g->cfg->pipeline &&
		(g->cfg->method != METHOD_SOCKS || g->cfg->socks_version != 5 || g->cfg->nauth != 1)) {
		say_error("option --pipeline goes with SOCKS5 and -a with one method");
		g->errors++;
	}
	take_pass(g);
}
