/* SPDX-License-Identifier: ISC
 * pair_tap.c - connect's client and fakeproxy's server in memory with a tap between them that changes octets: both
 * come to an end, and to the same end however the octets are cut.
 * Input: 1 octet the protocol, 1 octet the outcome of the dial, 2 octets the sizes of the pieces each way; then
 * changes of 4 octets: direction and kind, position (2), value. */
#include <errno.h>

#include "lib/fuzz.h"
#include "tests/unit/pair/pair.h"

#define ROOM 65536
#define TURNS 20000
#define CHANGES 16

struct end {
	struct peer *peer;
	uint8_t in[ROOM], wire[ROOM];
	size_t n_in, n_wire;
	size_t said; /* octets that came out of it, before changes */
	enum peer_want want;
	bool fresh, closed; /* closed: the other end says no more */
	bool told;	    /* and it was told so */
};

struct change {
	bool to_client;
	unsigned kind, at, value;
};

static struct end client, server;
static struct change change[CHANGES];
static size_t n_change;

static void
reset(struct end *e, struct peer *p)
{
	memset(e, 0, offsetof(struct end, in));
	e->peer = p;
	e->n_in = e->n_wire = e->said = 0;
	e->want = PEER_MORE;
	e->fresh = true;
	e->closed = e->told = false;
}

/* One octet on its way: changed, doubled or dropped. */
static void
carry(struct end *to, struct end *from, uint8_t c)
{
	unsigned copies = 1;

	for (size_t i = 0; i < n_change; i++) {
		const struct change *k = &change[i];

		if (k->to_client != (to == &client) || k->at != from->said)
			continue;
		if (k->kind == 0)
			c = (uint8_t)k->value;
		else if (k->kind == 1)
			c ^= (uint8_t)k->value;
		else if (k->kind == 2)
			copies = 0;
		else
			copies = 1 + k->value % 8;
	}
	from->said++;
	while (copies-- > 0 && to->n_wire < ROOM)
		to->wire[to->n_wire++] = c;
}

static bool
over(const struct end *e)
{
	return e->want == PEER_OPEN || e->want == PEER_FAIL || e->want == PEER_ASK || e->want == PEER_REDIAL;
}

static bool
turn(struct end *e, struct end *to, size_t piece)
{
	uint8_t room[8192], *block;
	struct obuf out = ob_over(room, sizeof room);
	size_t n = e->n_wire < piece ? e->n_wire : piece;
	bool eof = e->closed && e->n_wire == 0 && !e->told;
	struct span in;

	if (n > ROOM - e->n_in)
		n = ROOM - e->n_in;
	if (over(e) || (!e->fresh && n == 0 && !eof && e->want != PEER_WAIT))
		return false;
	e->peer->waited = e->want == PEER_WAIT && n == 0;
	memcpy(e->in + e->n_in, e->wire, n);
	memmove(e->wire, e->wire + n, e->n_wire - n);
	e->n_wire -= n;
	e->n_in += n;
	block = fuzz_exact(span_of(e->in, e->n_in));
	in = span_of(block, e->n_in);
	e->told |= eof;
	e->fresh = false;
	e->want = e->peer->step(e->peer, &in, eof, &out);
	CLAIM(!out.over && in.n <= e->n_in, "%zu of %zu left", in.n, e->n_in);
	if (in.n > 0)
		memcpy(e->in, in.p, in.n);
	e->n_in = in.n;
	free(block);
	for (size_t i = 0; i < out.n; i++)
		carry(to, e, room[i]);
	if (e->want == PEER_FAIL)
		to->closed = true;
	return true;
}

static void
talk(enum pair_proto p, int outcome, size_t to_client, size_t to_server)
{
	unsigned turns = 0;
	bool busy = true;

	reset(&client, pair_client(p));
	reset(&server, pair_server(p));
	while (busy) {
		CLAIM(turns++ < TURNS, "no end");
		busy = turn(&client, &server, to_client);
		if (client.want == PEER_ASK) {
			pair_client_password();
			client.want = PEER_MORE;
			busy = client.fresh = true;
		}
		busy |= turn(&server, &client, to_server);
		if (server.want == PEER_DIAL) {
			(void)pair_server_understood(p);
			pair_server_dialled(outcome);
			server.want = PEER_MORE;
			server.told = false;
			busy = server.fresh = true;
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = span_of(p, n);
	enum pair_proto proto = (enum pair_proto)(fuzz_u8(&in) % (PAIR_TELNET + 1));
	int outcome = fuzz_u8(&in) & 1 ? ECONNREFUSED : 0;
	size_t to_client = fuzz_u8(&in) % 40 + 1, to_server = fuzz_u8(&in) % 40 + 1;
	enum peer_want wants[2];

	for (n_change = 0; n_change < CHANGES && in.n >= 4; n_change++) {
		unsigned how = fuzz_u8(&in), at = fuzz_u8(&in) << 8;

		at |= fuzz_u8(&in);
		change[n_change] = (struct change){how & 1, how >> 1 & 3, at % 2048, fuzz_u8(&in)};
	}
	talk(proto, outcome, ROOM, ROOM);
	wants[0] = client.want;
	wants[1] = server.want;
	talk(proto, outcome, to_client, to_server);
	/* What a gateway says, and so what its client takes for the answer, depends on pauses, not on octets alone. */
	if (proto != PAIR_TELNET)
		CLAIM(client.want == wants[0] && server.want == wants[1],
			"in pieces the client wants %d, the server %d; whole %d, %d", (int)client.want,
			(int)server.want, (int)wants[0], (int)wants[1]);
	return 0;
}
