/* SPDX-License-Identifier: ISC
 * http_basic.c - Basic credentials (RFC 7617 2): "Basic" 1*SP base64(user-id ":" password).
 * The one thing to know: name and password are compared with every user in a time that tells nothing. */
#include "http_req.h"
#include "wipe.h"

#define PAIR_MAX 768

/* RFC 4648 4, with padding; returns the length or -1. */
static int
decode(struct span in, uint8_t *out, size_t cap)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = 0, pad = 0;
	uint32_t group = 0;

	if (in.n % 4 != 0 || in.n / 4 * 3 > cap)
		return -1;
	while (pad < 2 && in.n != 0 && in.p[in.n - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < in.n; i++) {
		const char *d = in.p[i] != 0 ? strchr(digit, in.p[i]) : NULL;

		if (i >= in.n - pad)
			d = digit; /* a padding mark counts as six zero bits */
		if (d == NULL)
			return -1;
		group = group << 6 | (uint32_t)(d - digit);
		if (i % 4 == 3) {
			out[n++] = (uint8_t)(group >> 16);
			out[n++] = (uint8_t)(group >> 8);
			out[n++] = (uint8_t)group;
			group = 0;
		}
	}
	return (int)(n - pad);
}

bool
http_basic(struct srv *s, struct span v)
{
	uint8_t pair[PAIR_MAX];
	const uint8_t *colon;
	bool ok = false;
	int n;

	/* the scheme's name has no case (RFC 9110 11.1) */
	if (v.n < 6 || (v.p[0] | 32) != 'b' || (v.p[1] | 32) != 'a' || (v.p[2] | 32) != 's' ||
		(v.p[3] | 32) != 'i' || (v.p[4] | 32) != 'c' || v.p[5] != ' ')
		return srv_bug(s, BUG_HTTP_BASIC_ANY);
	if (memcmp(v.p, "Basic", 5) != 0 && srv_bug(s, BUG_HTTP_BASIC_CASE))
		return false;
	span_eat(&v, 5);
	while (v.n != 0 && v.p[0] == ' ')
		span_eat(&v, 1);
	n = decode(v, pair, sizeof pair);
	colon = n > 0 ? memchr(pair, ':', (size_t)n) : NULL;
	if (colon != NULL) {
		size_t name = (size_t)(colon - pair);

		ok = srv_known(s, span_of(pair, name), span_of(colon + 1, (size_t)n - name - 1));
		if (name < sizeof s->user) {
			memcpy(s->user, pair, name);
			s->user[name] = '\0';
		}
	}
	wipe(pair, sizeof pair);
	if (!ok && srv_bug(s, BUG_HTTP_BASIC_ANY))
		ok = true;
	return ok;
}
