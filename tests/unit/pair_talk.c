/* SPDX-License-Identifier: ISC
 * pair_talk.c - connect's clients and fakeproxy's servers in memory: every protocol, every chunk size both ways.
 * One thing to know: that two ends of one project agree proves only that they understand each other; what is right is
 * for the literal octets of the other tests to say. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/pair/pair.h"

#define ROOM 65536

/* One end with its input: what has come and is not eaten, and what is still on the wire. */
struct end {
	struct peer *peer;
	uint8_t in[ROOM], wire[ROOM];
	size_t n_in, n_wire;
	enum peer_want want;
	bool stepped;
};

static struct end client, server;
static const char early[] = "first octets of the tunnel";

static void
reset(struct end *e, struct peer *p)
{
	e->peer = p;
	e->n_in = e->n_wire = 0;
	e->want = PEER_MORE;
	e->stepped = false;
}

/* Deliver up to chunk octets and step if there is something new.  Returns whether anything happened. */
static bool
turn(struct end *e, struct end *other, size_t chunk)
{
	uint8_t room[8192];
	struct obuf out = ob_over(room, sizeof room);
	size_t n = e->n_wire < chunk ? e->n_wire : chunk;
	struct span in;

	if (e->want == PEER_OPEN || e->want == PEER_FAIL || (e->stepped && n == 0 && e->want != PEER_WAIT))
		return false;
	e->peer->waited = e->want == PEER_WAIT && n == 0;
	memcpy(e->in + e->n_in, e->wire, n);
	memmove(e->wire, e->wire + n, e->n_wire - n);
	e->n_wire -= n;
	e->n_in += n;
	in = span_of(e->in, e->n_in);
	e->want = e->peer->step(e->peer, &in, false, &out);
	e->stepped = true;
	ck_assert(!out.over);
	memmove(e->in, in.p, in.n);
	e->n_in = in.n;
	ck_assert_uint_le(other->n_wire + out.n, ROOM);
	memcpy(other->wire + other->n_wire, room, out.n);
	other->n_wire += out.n;
	return true;
}

static void
talk(enum pair_proto p, size_t to_client, size_t to_server, int dial_err)
{
	bool busy = true;

	reset(&client, pair_client(p));
	reset(&server, pair_server(p));
	while (busy) {
		busy = turn(&client, &server, to_client);
		if (client.want == PEER_ASK) {
			pair_client_password();
			client.stepped = false;
			busy = true;
		}
		ck_assert_int_ne(client.want, PEER_REDIAL);
		busy |= turn(&server, &client, to_server);
		if (server.want == PEER_DIAL) {
			ck_assert(pair_server_understood(p));
			pair_server_dialled(dial_err);
			server.stepped = false;
			busy = true;
		}
		if (server.want == PEER_OPEN &&
			server.stepped) { /* the target speaks at once, in the same segment */
			memcpy(client.wire + client.n_wire, early, sizeof early);
			client.n_wire += sizeof early;
			server.stepped = false;
		}
	}
}

START_TEST(test_opens)
{
	static const size_t chunks[] = {1, 2, 3, 5, 7, 11, 64, ROOM};

	for (size_t a = 0; a < sizeof chunks / sizeof chunks[0]; a++) {
		for (size_t b = 0; b < sizeof chunks / sizeof chunks[0]; b++) {
			talk((enum pair_proto)_i, chunks[a], chunks[b], 0);
			ck_assert_int_eq(client.want, PEER_OPEN);
			ck_assert_int_eq(server.want, PEER_OPEN);
			memcpy(client.in + client.n_in, client.wire, client.n_wire);
			ck_assert_uint_eq(client.n_in + client.n_wire, sizeof early);
			ck_assert_mem_eq(client.in, early, sizeof early);
			ck_assert_uint_eq(server.n_in + server.n_wire, 0);
		}
	}
}
END_TEST

START_TEST(test_refused)
{
	static const int codes[] = {91, 91, 5, 5, 502, 502, -1};

	for (size_t chunk = 1; chunk < 40; chunk++) {
		talk((enum pair_proto)_i, chunk, 40 - chunk, ECONNREFUSED);
		ck_assert_int_eq(client.want, PEER_FAIL);
		ck_assert_int_eq(client.peer->fail.why, FAIL_REFUSED);
		ck_assert_int_eq(client.peer->fail.code, codes[_i]);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pair");
	TCase *t = tcase_create("talk");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, test_opens, PAIR_SOCKS4, PAIR_TELNET + 1);
	tcase_add_loop_test(t, test_refused, PAIR_SOCKS4, PAIR_TELNET + 1);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
