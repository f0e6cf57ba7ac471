/* SPDX-License-Identifier: ISC
 * connect_socks5.c - any replies to the SOCKS5 client (RFC 1928, RFC 1929).
 * Input: 1 octet: bit 0 the end follows, bit 1 a password is there, bit 2 it is given when asked for, bits 3-4 the
 * offer, bits 5-6 the kind of destination; then what the proxy says. */
#include "lib/asked.h"

static struct peer *
fresh(const void *arg)
{
	static const uint8_t offers[4][3] = {{0, 2}, {0}, {2}, {2, 0}};
	static const size_t offered[4] = {2, 1, 1, 2};
	static const struct dst dsts[4] = {{DST_NAME, "target.example", {0}, 22},
		{DST_IP4, "192.0.2.7", {192, 0, 2, 7}, 65535},
		{DST_IP6, "2001:db8::1", {0x20, 1, 0xd, 0xb8, [15] = 1}, 1}, {DST_NAME, "a", {0}, 443}};
	unsigned set = *(const unsigned *)arg;

	client_afresh(&dsts[set >> 5 & 3], set);
	memcpy(client.u.s5.method, offers[set >> 3 & 3], 3);
	client.u.s5.n = offered[set >> 3 & 3];
	socks5_start(&client);
	return &client.peer;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = span_of(p, n);
	unsigned set = fuzz_u8(&in);
	struct talk t = {.fresh = fresh,
		.serve = serve,
		.arg = &set,
		.eof = set & 1,
		.prompt = true,
		.window = 65536,
		.part = {in},
		.parts = 1};

	talk_check(&t);
	return 0;
}
