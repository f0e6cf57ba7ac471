/* SPDX-License-Identifier: ISC
 * serve.h - any octets to a server role of fakeproxy.
 * One thing to know: input: 1 octet: bit 0 the end follows, bit 1 users are wanted, bits 2-4 what comes of a dial,
 * bit 5 notes are taken; 1 octet: 0, or a bug that is shown (then only memory and the walls of a step are looked at);
 * then what the client says. */
#ifndef FUZZ_SERVE_H
#define FUZZ_SERVE_H

#include <errno.h>

#include "server.h"
#include "talk.h"

static struct fp_conf conf;
static struct fp_bugs bugs;
static struct srv srv;
static struct fp_user user;
static struct obuf notes;
static uint8_t notes_room[TALK_OUT];

struct serving {
	enum fp_role role;
	unsigned set;
};

static inline struct peer *
serve_fresh(const void *arg)
{
	const struct serving *s = arg;

	srv_init(&srv, &conf, &bugs, s->role);
	notes = ob_over(notes_room, sizeof notes_room);
	srv.peer.notes = s->set & 32 ? &notes : NULL;
	return &srv.peer;
}

static inline bool
serve_dial(struct peer *peer, enum peer_want want, const void *arg)
{
	static const int outcome[8] = {0, 0, 0, 0, ECONNREFUSED, ETIMEDOUT, FP_ENOTFOUND, FP_ERULE};
	const struct serving *s = arg;

	CLAIM(peer == &srv.peer && want == PEER_DIAL, "a server wants %d", (int)want);
	CLAIM(srv.ident || memchr(srv.dst.host, '\0', sizeof srv.dst.host) != NULL, "the host has no end");
	CLAIM(srv.ident || srv.dst.kind != DST_NAME || srv.dst.host[0] != '\0', "an empty host");
	memset(&srv.got, 0, sizeof srv.got);
	srv.got.err = outcome[s->set >> 2 & 7];
	srv.got.has_remote = !srv.ident && fp_addr("127.0.0.1", 22, &srv.got.remote);
	if (srv.got.err == 0 && !srv.ident)
		srv.got.has_local = fp_addr("127.0.0.1", 40663, &srv.got.local);
	return true;
}

static inline int
serve_any(enum fp_role role, const uint8_t *p, size_t n)
{
	struct span in = span_of(p, n);
	struct serving s = {.role = role, .set = fuzz_u8(&in)};
	unsigned bug = fuzz_u8(&in) % (BUG_COUNT + 1);
	struct talk t = {.fresh = serve_fresh,
		.serve = serve_dial,
		.arg = &s,
		.eof = s.set & 1,
		.server = true,
		.window = 1 << 20,
		.part = {in},
		.parts = 1};

	fp_conf_init(&conf);
	conf.role[0] = role;
	conf.n_role = 1;
	memset(&bugs, 0, sizeof bugs);
	if (s.set & 2) {
		user.name = span_str("alice");
		user.pass = span_str("s3cret");
		conf.user = &user;
		conf.n_user = 1;
	}
	if (bug != 0) {
		bugs.on[bug - 1] = true;
		t.faulty = true;
	}
	talk_check(&t);
	return 0;
}

#endif
