/* SPDX-License-Identifier: ISC
 * value.c - see value.h.  SOCKS4.protocol section 1 (ip4, strz), RFC 1928 section 5 (addr5), RFC 1929 section 2
 * (str8).  Numbers are in network octet order. */
#include "value.h"
#include "hex.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

bool
px_number(struct span s, unsigned long *out)
{
	unsigned long v = 0;

	if (s.n == 0 || s.n > 9)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (unsigned long)(s.p[i] - '0');
	}
	*out = v;
	return true;
}

static bool
is_ip(int af, struct span s, uint8_t *b)
{
	char text[INET6_ADDRSTRLEN + 1] = "";

	if (s.n >= sizeof text)
		return false;
	if (s.n != 0)
		memcpy(text, s.p, s.n);
	return strlen(text) == s.n && inet_pton(af, text, b) == 1;
}

bool
px_is_ip4(struct span s, uint8_t b[4])
{
	return is_ip(AF_INET, s, b);
}

bool
px_is_ip6(struct span s, uint8_t b[16])
{
	return is_ip(AF_INET6, s, b);
}

static void
put_ip(struct px_buf *b, int af, const uint8_t *p)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(af, p, text, sizeof text);
	px_puts(b, text);
}

static unsigned
u16_at(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* ATYP, then 1: 4 octets, 3: a length octet and a name, 4: 16 octets; then the port.  RFC 1928 section 5. */
static enum px_got
read_addr5(struct span in, size_t *used, struct px_buf *value)
{
	size_t at = 1, n;

	if (in.n < 1)
		return PX_GOT_MORE;
	switch (in.p[0]) {
	case 1:
		n = 4;
		break;
	case 3:
		if (in.n < 2)
			return PX_GOT_MORE;
		n = in.p[1];
		at = 2;
		break;
	case 4:
		n = 16;
		break;
	default:
		return PX_GOT_BAD;
	}
	if (in.n < at + n + 2)
		return PX_GOT_MORE;
	px_puts(value, in.p[0] == 1 ? "ip4:" : in.p[0] == 3 ? "name:" : "ip6:");
	if (in.p[0] == 3)
		px_put(value, in.p + at, n);
	else
		put_ip(value, in.p[0] == 1 ? AF_INET : AF_INET6, in.p + at);
	px_printf(value, ":%u", u16_at(in.p + at + n));
	*used = at + n + 2;
	return PX_GOT_OK;
}

static enum px_got
read_ended(struct span in, char mark, size_t *used, struct px_buf *value)
{
	const uint8_t *e = in.n == 0 ? NULL : memchr(in.p, mark, in.n);
	size_t n;

	if (e == NULL)
		return PX_GOT_MORE;
	n = (size_t)(e - in.p);
	*used = n + 1;
	if (mark == '\n' && n > 0 && in.p[n - 1] == '\r')
		n--;
	px_put(value, in.p, n);
	return PX_GOT_OK;
}

static enum px_got
read_fixed(struct span in, size_t n, size_t *used)
{
	if (in.n < n)
		return PX_GOT_MORE;
	*used = n;
	return PX_GOT_OK;
}

enum px_got
px_value_read(enum px_type t, struct span in, size_t raw, size_t *used, struct px_buf *value)
{
	enum px_got g;

	switch (t) {
	case PX_U8:
		if ((g = read_fixed(in, 1, used)) == PX_GOT_OK)
			px_printf(value, "%u", in.p[0]);
		return g;
	case PX_U16:
		if ((g = read_fixed(in, 2, used)) == PX_GOT_OK)
			px_printf(value, "%u", u16_at(in.p));
		return g;
	case PX_IP4:
		if ((g = read_fixed(in, 4, used)) == PX_GOT_OK)
			put_ip(value, AF_INET, in.p);
		return g;
	case PX_IP6:
		if ((g = read_fixed(in, 16, used)) == PX_GOT_OK)
			put_ip(value, AF_INET6, in.p);
		return g;
	case PX_STR8:
		if (in.n < 1)
			return PX_GOT_MORE;
		if ((g = read_fixed(in, 1 + (size_t)in.p[0], used)) == PX_GOT_OK)
			px_put(value, in.p + 1, in.p[0]);
		return g;
	case PX_RAW:
		if ((g = read_fixed(in, raw, used)) == PX_GOT_OK)
			px_put(value, in.p, raw);
		return g;
	case PX_STRZ:
		return read_ended(in, 0, used, value);
	case PX_LINE:
		return read_ended(in, '\n', used, value);
	case PX_ADDR5:
		return read_addr5(in, used, value);
	case PX_HTTPBODY:
	case PX_REST:
		*used = in.n;
		px_put(value, in.p, in.n);
		return PX_GOT_OK;
	}
	return PX_GOT_BAD;
}

/* "ip4:1.2.3.4:80", "ip6:::1:80", "ip6:[::1]:80", "name:host:80". */
static bool
write_addr5(struct span s, struct px_buf *out, const char **why)
{
	const uint8_t *first = s.n == 0 ? NULL : memchr(s.p, ':', s.n), *last = s.p + s.n;
	struct span host;
	unsigned long port;
	uint8_t b[16];

	*why = "an addr5 is ip4:A:PORT, ip6:A:PORT or name:N:PORT";
	while (first != NULL && last > first && last[-1] != ':')
		last--;
	if (first == NULL || last <= first + 1)
		return false;
	if (!px_number(span_of(last, (size_t)(s.p + s.n - last)), &port) || port > 65535)
		return false;
	host = span_of(first + 1, (size_t)(last - 1 - (first + 1)));
	if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = span_of(host.p + 1, host.n - 2);
	if (first - s.p == 3 && memcmp(s.p, "ip4", 3) == 0) {
		if (!px_is_ip4(host, b))
			return false;
		px_put(out, "\1", 1);
		px_put(out, b, 4);
	} else if (first - s.p == 3 && memcmp(s.p, "ip6", 3) == 0) {
		if (!px_is_ip6(host, b))
			return false;
		px_put(out, "\4", 1);
		px_put(out, b, 16);
	} else if (first - s.p == 4 && memcmp(s.p, "name", 4) == 0 && host.n <= 255) {
		uint8_t h[2] = {3, (uint8_t)host.n};

		px_put(out, h, 2);
		px_put(out, host.p, host.n);
	} else {
		return false;
	}
	px_put(out, (uint8_t[2]){(uint8_t)(port >> 8), (uint8_t)port}, 2);
	return true;
}

static bool
write_number(enum px_type t, struct span s, struct px_buf *out, const char **why)
{
	unsigned long v;

	*why = t == PX_U8 ? "a u8 is a number from 0 to 255" : "a u16 is a number from 0 to 65535";
	if (!px_number(s, &v) || v > (t == PX_U8 ? 255 : 65535))
		return false;
	if (t == PX_U16)
		px_put(out, (uint8_t[1]){(uint8_t)(v >> 8)}, 1);
	px_put(out, (uint8_t[1]){(uint8_t)v}, 1);
	return true;
}

static bool
write_hex(struct span s, struct px_buf *out, const char **why)
{
	*why = "raw octets are pairs of hexadecimal digits, or a string";
	if (s.n % 2 != 0)
		return false;
	for (size_t i = 0; i < s.n; i += 2) {
		int hi = hex_digit(s.p[i]), lo = hex_digit(s.p[i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		px_put(out, (uint8_t[1]){(uint8_t)(hi << 4 | lo)}, 1);
	}
	return true;
}

bool
px_value_write(enum px_type t, struct span s, bool quoted, struct px_buf *out, const char **why)
{
	uint8_t b[16];

	switch (t) {
	case PX_U8:
	case PX_U16:
		return write_number(t, s, out, why);
	case PX_IP4:
		*why = "an ip4 is A.B.C.D";
		if (!px_is_ip4(s, b))
			return false;
		px_put(out, b, 4);
		return true;
	case PX_IP6:
		*why = "an ip6 is an IPv6 address";
		if (!px_is_ip6(s, b))
			return false;
		px_put(out, b, 16);
		return true;
	case PX_STR8:
		*why = "a str8 holds 255 octets at most";
		if (s.n > 255)
			return false;
		px_put(out, (uint8_t[1]){(uint8_t)s.n}, 1);
		px_put(out, s.p, s.n);
		return true;
	case PX_STRZ:
		*why = "a strz holds no NUL";
		if (s.n != 0 && memchr(s.p, 0, s.n) != NULL)
			return false;
		px_put(out, s.p, s.n);
		px_put(out, "", 1);
		return true;
	case PX_LINE:
		px_put(out, s.p, s.n);
		px_put(out, "\r\n", 2);
		return true;
	case PX_RAW:
		if (!quoted)
			return write_hex(s, out, why);
		px_put(out, s.p, s.n);
		return true;
	case PX_ADDR5:
		return write_addr5(s, out, why);
	case PX_HTTPBODY:
	case PX_REST:
		px_put(out, s.p, s.n);
		return true;
	}
	return false;
}
