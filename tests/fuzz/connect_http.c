/* SPDX-License-Identifier: ISC
 * connect_http.c - any responses to the client of HTTP CONNECT (RFC 9110, RFC 9112, RFC 7617).
 * Input: 1 octet: bit 0 the end follows, bit 1 a password is there, bit 2 it is given when asked for, bit 3 the
 * HTTP/1.0 form, bit 4 notes are taken, bit 5 an IPv6 target; then what the proxy says, a part for each connection. */
#include "lib/asked.h"

static struct obuf notes;
static char notes_room[16384];

static struct peer *
fresh(const void *arg)
{
	static const struct dst dsts[2] = {{DST_NAME, "target.example", {0}, 22},
		{DST_IP6, "2001:db8::1", {0x20, 1, 0xd, 0xb8, [15] = 1}, 22}};
	unsigned set = *(const unsigned *)arg;

	client_afresh(&dsts[set >> 5 & 1], set);
	client.u.http.http10 = set & 8;
	notes = ob_over(notes_room, sizeof notes_room);
	client.peer.notes = set & 16 ? &notes : NULL;
	http_start(&client);
	return &client.peer;
}

/* The password, as it is or in base64, is in no note (docs/connect.1, -d). */
static void
no_secret(void)
{
	CLAIM(memmem(notes.p, notes.n, "s3cret", 6) == NULL, "the password is in the notes");
	CLAIM(memmem(notes.p, notes.n, "YWxpY2U6czNjcmV0", 16) == NULL, "the credentials are in the notes");
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = span_of(p, n);
	unsigned set = fuzz_u8(&in);
	struct talk t = {
		.fresh = fresh, .serve = serve, .arg = &set, .eof = set & 1, .prompt = true, .window = 65536};

	notes.n = 0;
	talk_parts(&t, in);
	talk_check(&t);
	if (memmem(p, n, "s3cret", 6) == NULL && memmem(p, n, "YWxpY2U6czNjcmV0", 16) == NULL &&
		(set & 16) != 0)
		no_secret();
	return 0;
}
