/* SPDX-License-Identifier: ISC
 * server.c - see server.h.
 * One thing to know: the user ends at the last "@", because user names like name@realm are common. */
#include "server.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "conf.h"

static bool
is_ip6(const char *s)
{
	unsigned char b[16];

	return inet_pton(AF_INET6, s, b) == 1;
}

const char *
host_parse(const char *text, char *host)
{
	size_t n = strlen(text);

	if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
		text++;
		n -= 2;
		if (n > 0 && memchr(text, ':', n) == NULL)
			return "only an IPv6 address stands in brackets";
	}
	if (n == 0)
		return "the host is empty";
	if (n >= HOST_MAX)
		return "the host is too long";
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
			return "a host cannot have blanks or control characters";
	memcpy(host, text, n);
	host[n] = '\0';
	return NULL;
}

/* "host", "host:port", "[v6]", "[v6]:port", "v6" in s, which is changed. */
static const char *
split_port(char *s, uint16_t default_port, struct server *out)
{
	char *colon = strrchr(s, ':'), *close = strrchr(s, ']');

	out->port = default_port;
	if (s[0] == '[' && close == NULL)
		return "the closing bracket is missing";
	if (close != NULL && close[1] != '\0' && close[1] != ':')
		return "after the bracket there is something else than a port";
	if (colon != NULL && (close == NULL || colon > close) && !is_ip6(s)) {
		*colon = '\0';
		out->port = port_parse(colon + 1);
		if (out->port == 0)
			return "the port is neither 1 to 65535 nor a service name";
		if (strchr(s, ':') != NULL && s[0] != '[')
			return "an IPv6 address with a port stands in brackets: [::1]:1080";
	}
	return host_parse(s, out->host);
}

const char *
server_parse(const char *spec, uint16_t default_port, struct server *out)
{
	char s[2048], *at, *slash;
	const char *host = s;

	if (strncasecmp(spec, "http://", 7) == 0)
		spec += 7;
	else if (strstr(spec, "://") != NULL)
		return "only http:// may stand before a server";
	if (strlen(spec) >= sizeof s)
		return "it is too long";
	memcpy(s, spec, strlen(spec) + 1);
	slash = strchr(s, '/');
	if (slash != NULL)
		*slash = '\0';
	at = strrchr(s, '@');
	out->has_user = at != NULL;
	out->user[0] = '\0';
	if (at != NULL) {
		*at = '\0';
		host = at + 1;
		if (strlen(s) >= sizeof out->user)
			return "the user is too long";
		memcpy(out->user, s, strlen(s) + 1);
	}
	return split_port(s + (host - s), default_port, out);
}
