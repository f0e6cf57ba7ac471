/* SPDX-License-Identifier: ISC
 * connect_socks5.c - any replies to the SOCKS5 client (RFC 1928, RFC 1929).
 * Input: 1 octet: bit 0 the end follows, bit 1 a password is there, bit 2 it is given when asked for, bits 3-4 the
 * offer, bits 5-6 the kind of destination; then what the proxy says. */
#include "client.h"
#include "lib/talk.h"

static struct client client;

static struct peer *
fresh(const void *arg)
{
	static const uint8_t offers[4][3] = {{0, 2}, {0}, {2}, {2, 0}};
	static const size_t offered[4] = {2, 1, 1, 2};
	static const struct dst dsts[4] = {{DST_NAME, "target.example", {0}, 22},
		{DST_IP4, "192.0.2.7", {192, 0, 2, 7}, 65535},
		{DST_IP6, "2001:db8::1", {0x20, 1, 0xd, 0xb8, [15] = 1}, 1}, {DST_NAME, "a", {0}, 443}};
	unsigned set = *(const unsigned *)arg;

	memset(&client, 0, sizeof client);
	client.dst = dsts[set >> 5 & 3];
	memcpy(client.u.s5.method, offers[set >> 3 & 3], 3);
	client.u.s5.n = offered[set >> 3 & 3];
	client.user = set & 2 ? "alice" : NULL;
	client.pass = set & 2 ? "s3cret" : NULL;
	socks5_start(&client);
	return &client.peer;
}

static bool
serve(struct peer *peer, enum peer_want want, const void *arg)
{
	(void)peer;
	client.user = "alice";
	client.pass = "s3cret";
	return want == PEER_ASK && (*(const unsigned *)arg & 4) != 0;
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
