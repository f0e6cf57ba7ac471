/* SPDX-License-Identifier: ISC
 * connect_socks4.c - any reply to the SOCKS4 and 4A client (SOCKS4.protocol, SOCKS4A.protocol).
 * Input: 1 octet: bit 0 the end follows, bit 1 by name; then what the proxy says. */
#include "client.h"
#include "lib/talk.h"

static struct client client;

static struct peer *
fresh(const void *arg)
{
	const unsigned *set = arg;

	memset(&client, 0, sizeof client);
	client.dst = (struct dst){
		*set & 2 ? DST_NAME : DST_IP4, *set & 2 ? "target.example" : "192.0.2.7", {192, 0, 2, 7}, 22};
	client.user = "alice";
	socks4_start(&client);
	return &client.peer;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = span_of(p, n);
	unsigned set = fuzz_u8(&in);
	struct talk t = {.fresh = fresh,
		.arg = &set,
		.eof = set & 1,
		.prompt = true,
		.window = 65536,
		.part = {in},
		.parts = 1};

	talk_check(&t);
	return 0;
}
