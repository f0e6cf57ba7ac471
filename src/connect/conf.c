/* SPDX-License-Identifier: ISC
 * conf.c - see conf.h.
 * One thing to know: the environment goes before the files, variable by variable. */
#include "conf.h"

#include <ctype.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf_param.h"
#include "wipe.h"

extern char **environ; /* POSIX leaves the declaration to the program */

struct conf_param conf_params[] = {
	{"SOCKS_SERVER", false, NULL},
	{"SOCKS5_SERVER", false, NULL},
	{"SOCKS4_SERVER", false, NULL},
	{"SOCKS_RESOLVE", false, NULL},
	{"SOCKS5_RESOLVE", false, NULL},
	{"SOCKS4_RESOLVE", false, NULL},
	{"SOCKS5_USER", false, NULL},
	{"SOCKS4_USER", false, NULL},
	{"SOCKS_USER", false, NULL},
	{"SOCKS5_PASSWD", true, NULL},
	{"SOCKS5_PASSWORD", true, NULL},
	{"SOCKS_PASSWORD", true, NULL},
	{"SOCKS5_AUTH", false, NULL},
	{"HTTP_PROXY", false, NULL},
	{"http_proxy", false, NULL},
	{"HTTP_PROXY_USER", false, NULL},
	{"HTTP_PROXY_PASSWORD", true, NULL},
	{"TELNET_PROXY", false, NULL},
	{"CONNECT_USER", false, NULL},
	{"CONNECT_PASSWORD", true, NULL},
	{"SSH_ASKPASS", false, NULL},
	{"SOCKS5_DIRECT", false, NULL},
	{"SOCKS4_DIRECT", false, NULL},
	{"SOCKS_DIRECT", false, NULL},
	{"HTTP_DIRECT", false, NULL},
	{"CONNECT_DIRECT", false, NULL},
};

const size_t conf_nparams = sizeof conf_params / sizeof conf_params[0];

struct conf_param *
conf_find(const char *name, size_t n)
{
	for (size_t i = 0; i < conf_nparams; i++)
		if (strlen(conf_params[i].name) == n && memcmp(conf_params[i].name, name, n) == 0)
			return &conf_params[i];
	return NULL;
}

const char *
conf_get(const char *name)
{
	const char *env = getenv(name);
	const struct conf_param *p;

	if (env != NULL)
		return env;
	p = conf_find(name, strlen(name));
	return p == NULL ? NULL : p->value;
}

const char *
conf_first(const char *const *names, const char **found)
{
	for (; *names != NULL; names++) {
		const char *v = conf_get(*names);

		if (v == NULL)
			continue;
		if (found != NULL)
			*found = *names;
		return v;
	}
	return NULL;
}

bool
conf_env_secret(void)
{
	for (size_t i = 0; i < conf_nparams; i++)
		if (conf_params[i].secret && getenv(conf_params[i].name) != NULL)
			return true;
	return false;
}

void
conf_wipe(const char *name)
{
	struct conf_param *p = conf_find(name, strlen(name));
	size_t n = strlen(name);

	for (char **env = environ; env != NULL && *env != NULL; env++) /* it may stand there twice */
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			wipe(*env + n + 1, strlen(*env + n + 1));
	if (p != NULL && p->value != NULL)
		wipe(p->value, strlen(p->value));
}

void
conf_wipe_all(void)
{
	for (size_t i = 0; i < conf_nparams; i++)
		if (conf_params[i].secret)
			conf_wipe(conf_params[i].name);
}

uint16_t
port_parse(const char *s)
{
	unsigned v = 0;
	const char *p = s;
	const struct servent *se;

	while (isdigit((unsigned char)*p) && v <= 65535)
		v = v * 10 + (unsigned)(*p++ - '0');
	if (p != s && *p == '\0')
		return v <= 65535 ? (uint16_t)v : 0;
	if (p != s || *s == '\0')
		return 0;
	se = getservbyname(s, "tcp");
	return se == NULL ? 0 : ntohs((uint16_t)se->s_port);
}
