/* SPDX-License-Identifier: ISC
 * connect_text.c - the small languages of the command line and the parameters: server specifications, ports, hosts,
 * addresses, methods, commands; base64 against a decoder of its own here (RFC 4648 section 4).
 * Input: 1 octet chooses one; then its text. */
#include "base64.h"
#include "conf.h"
#include "lib/fuzz.h"
#include "opts.h"
#include "resolve.h"

static void
server(const char *s)
{
	static struct server a, b;
	char text[2048];
	bool v6;

	memset(&a, 0, sizeof a);
	memset(&b, 0, sizeof b);
	if (server_parse(s, 1080, &a) != NULL)
		return;
	CLAIM(a.port != 0 && a.host[0] != '\0', "accepted without a host or port");
	CLAIM(memchr(a.host, '\0', sizeof a.host) != NULL && memchr(a.user, '\0', sizeof a.user) != NULL,
		"not ended");
	for (const char *p = a.host; *p != '\0'; p++)
		CLAIM((unsigned char)*p > ' ' && *p != 127, "a host with octet %d", *p);
	/* Written out again it means the same. */
	v6 = strchr(a.host, ':') != NULL;
	if (strchr(a.host, '/') != NULL || strlen(s) > 1500)
		return;
	snprintf(text, sizeof text, "%s%s%s%s%s:%u", a.user, a.has_user ? "@" : "", v6 ? "[" : "", a.host,
		v6 ? "]" : "", (unsigned)a.port);
	if (strstr(text, "://") != NULL)
		return;
	CLAIM(server_parse(text, 1, &b) == NULL, "\"%s\" is refused", text);
	CLAIM(strcmp(a.host, b.host) == 0 && a.port == b.port && strcmp(a.user, b.user) == 0 &&
			a.has_user == b.has_user,
		"\"%s\" means something else", text);
}

static unsigned
digit(uint8_t c)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = memchr(set, c, 64);

	CLAIM(p != NULL, "octet %d in base64", c);
	/* cppcheck-suppress nullPointerArithmeticRedundantCheck ; a broken claim does not return */
	return (unsigned)(p - set);
}

static void
base64(struct span s)
{
	struct span in = s, a = fuzz_part(&in), b = in;
	size_t want = (a.n + 1 + b.n + 2) / 3 * 4, at = 0, all = a.n + 1 + b.n;
	uint8_t *room = malloc(want + 1);
	struct obuf o = ob_over(room, want);

	if (room == NULL)
		abort();
	base64_pair(&o, a, b);
	CLAIM(!o.over && o.n == want, "%zu octets, not %zu", o.n, want);
	for (size_t i = 0; i < want; i += 4) {
		unsigned pad = room[i + 3] != '=' ? 0 : room[i + 2] != '=' ? 1 : 2;
		unsigned v = digit(room[i]) << 18 | digit(room[i + 1]) << 12 |
			     (pad > 1 ? 0 : digit(room[i + 2])) << 6 | (pad > 0 ? 0 : digit(room[i + 3]));

		CLAIM(pad == 0 || i + 4 == want, "padding in the middle");
		for (unsigned k = 0; k < 3 - pad; k++, at++) {
			uint8_t c = at < a.n ? a.p[at] : at == a.n ? ':' : b.p[at - a.n - 1];

			CLAIM(at < all && (v >> (16 - 8 * k) & 255) == c, "octet %zu", at);
		}
	}
	CLAIM(at == all, "%zu octets come back, not %zu", at, all);
	o = ob_over(room, want - 1);
	base64_pair(&o, a, b);
	CLAIM(o.over, "written into too little room");
	free(room);
}

static void
command(const char *s)
{
	char *out = NULL;

	if (opts_expand(s, "target.example", 22, &out) == NULL)
		CLAIM(out != NULL && strlen(out) <= 14 * strlen(s), "\"%s\"", s);
	free(out);
}

static void
address(const char *s)
{
	struct net_addr a, b;
	uint8_t octets[16];
	char text[NET_ADDRSTR];
	int kind = literal(s, octets);

	CLAIM(kind == 0 || kind == 4 || kind == 6, "%d", kind);
	if (!addr_parse(s, 53, &a))
		return;
	net_str(&a, text);
	if (strchr(text, '%') != NULL)
		return;
	CLAIM(addr_parse(text, 1, &b), "\"%s\" is refused", text);
	CLAIM(net_port(&a) == net_port(&b) && a.ss.ss_family == b.ss.ss_family, "\"%s\"", text);
}

static void
methods(const char *s)
{
	static struct config cfg;
	struct span name = span_of(NULL, 0);

	memset(&cfg, 0, sizeof cfg);
	(void)opts_auth(s, &cfg, &name);
	CLAIM(cfg.nauth <= CLIENT_METHODS, "%zu methods", cfg.nauth);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = span_of(p, n);
	unsigned which = fuzz_u8(&in) % 7;
	char *s = fuzz_string(in);
	static char host[HOST_MAX];

	if (which == 0)
		server(s);
	else if (which == 1)
		base64(in);
	else if (which == 2)
		command(s);
	else if (which == 3)
		address(s);
	else if (which == 4)
		methods(s);
	else if (which == 5 && host_parse(s, host) == NULL)
		CLAIM(host[0] != '\0' && strlen(host) < HOST_MAX, "an empty host");
	else if (which == 6)
		(void)opts_name_port(s);
	free(s);
	return 0;
}
