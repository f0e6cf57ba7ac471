/* SPDX-License-Identifier: ISC
 * connect_telnet.c - any chatter of a telnet proxy to its client (RFC 854; docs/PROTOCOL).
 * Input: 1 octet: bit 0 the end follows, bits 1-2 the phrases; then the greeting; then, after a pause, the rest. */
#include "client.h"
#include "lib/talk.h"

static struct client client;

static struct peer *
fresh(const void *arg)
{
	static const char *const good[4] = {"connected to", "ok", "a", "connected to"};
	static const char *const bad[4][3] = {
		{" failed", " refused"}, {"not ok", "no"}, {"b", "aa"}, {" failed", "timed out"}};
	unsigned set = *(const unsigned *)arg >> 1 & 3;

	memset(&client, 0, sizeof client);
	client.dst = (struct dst){DST_NAME, "target.example", {0}, 22};
	client.u.tel.command = "telnet target.example 22";
	client.u.tel.good[0] = good[set];
	client.u.tel.bad[0] = bad[set][0];
	client.u.tel.bad[1] = bad[set][1];
	telnet_start(&client);
	return &client.peer;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = span_of(p, n);
	unsigned set = fuzz_u8(&in);
	struct talk t = {
		.fresh = fresh, .arg = &set, .eof = set & 1, .pauses = true, .prompt = true, .window = 65536};

	talk_parts(&t, in);
	talk_check(&t);
	return 0;
}
