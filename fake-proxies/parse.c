/* SPDX-License-Identifier: ISC
 * parse.c - the values of options: numbers, addresses, HOST:PORT.  See conf.h.
 * The one thing to know: nothing is guessed; what is not wholly a value is no value. */
#include "conf.h"
#include "hex.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

bool
fp_complain(const char *fmt, ...)
{
	char text[1024];
	uint8_t line[4200];
	struct obuf o = ob_over(line, sizeof line - 1);
	size_t at = 0;
	ssize_t r;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	ob_str(&o, "fakeproxy: ");
	hex_text(&o, span_str(text), 0);
	o.p[o.n++] = '\n';
	while (at < o.n && ((r = write(STDERR_FILENO, o.p + at, o.n - at)) > 0 || (r < 0 && errno == EINTR)))
		at += r > 0 ? (size_t)r : 0;
	return false;
}

bool
fp_number(const char *text, int64_t min, int64_t max, int64_t *out)
{
	int64_t v = 0;
	int base = 10;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		int d = hex_digit((unsigned char)*text);

		if (d < 0 || d >= base || d > max || v > (max - d) / base)
			return false;
		v = v * base + d;
	}
	if (v < min)
		return false;
	*out = v;
	return true;
}

bool
fp_addr(const char *host, uint16_t port, struct net_addr *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&out->ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&out->ss;

	memset(out, 0, sizeof *out);
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		out->len = sizeof *in;
		return true;
	}
	if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		out->len = sizeof *in6;
		return true;
	}
	return false;
}

bool
fp_split(const char *text, char *host, size_t cap, const char **port)
{
	const char *colon = strrchr(text, ':');
	size_t n;

	if (colon == NULL)
		return false;
	n = (size_t)(colon - text);
	if (n >= 2 && text[0] == '[' && colon[-1] == ']') {
		text++;
		n -= 2;
	} else if (memchr(text, ':', n) != NULL) {
		return false; /* IPv6 needs brackets */
	}
	if (n == 0 || n >= cap)
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	*port = colon + 1;
	return true;
}

bool
fp_hostport(const char *text, struct fp_hostport *out)
{
	const char *port;
	int64_t n;

	if (!fp_split(text, out->host, sizeof out->host, &port) || !fp_number(port, 0, 65535, &n))
		return false;
	out->port = (uint16_t)n;
	out->is_name = !fp_addr(out->host, out->port, &out->addr);
	out->set = true;
	return true;
}

bool
fp_rule(const char *text, struct fp_rule *out)
{
	const char *port;
	int64_t n = 0;

	if (!fp_split(text, out->host, sizeof out->host, &port))
		return false;
	if (strcmp(port, "*") != 0 && !fp_number(port, 1, 65535, &n))
		return false;
	out->port = (uint16_t)n;
	return true;
}
