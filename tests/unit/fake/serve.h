/* SPDX-License-Identifier: ISC
 * serve.h - plays a client's octets to a server role in memory, in every way in which a network may deliver them.
 * One thing to know: each step is given a block of exactly the octets that there are, so reading past them is seen;
 * the target is 127.0.0.1:22 and the outgoing address 127.0.0.1:40663, unless a test says otherwise. */
#ifndef UNIT_FAKE_SERVE_H
#define UNIT_FAKE_SERVE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "../lib/unit.h"
#include "server.h"

#define OCTETS(...) \
	{ \
		(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}) \
	}
#define TEXT(s) \
	{ \
		(const uint8_t *)(s), sizeof(s) - 1 \
	}

#define SERVE_OUT 131072

/* What came of it. */
struct served {
	struct srv srv;
	enum peer_want want; /* PEER_MORE: it waits for more */
	int dials;
	struct fp_dst dst; /* of the last dial */
	size_t left;	   /* octets of the input that were not taken */
	size_t n;
	uint8_t out[SERVE_OUT], notes_room[65536];
	struct obuf notes;
};

static struct fp_conf conf;
static struct fp_bugs bugs;
static int dial_err; /* the outcome of every dial */
static bool with_notes;

static inline void
serve_defaults(void)
{
	fp_conf_free(&conf);
	fp_conf_init(&conf);
	memset(&bugs, 0, sizeof bugs);
	dial_err = 0;
	with_notes = false;
}

static inline void
serve_user(const char *line)
{
	ck_assert_int_eq(setenv("FAKEPROXY_USER", line, 1), 0);
	ck_assert(fp_users_env(&conf));
}

static inline void
serve_dialled(struct srv *s)
{
	memset(&s->got, 0, sizeof s->got);
	s->got.err = dial_err;
	s->got.has_remote = !s->ident && fp_addr("127.0.0.1", 22, &s->got.remote);
	if (dial_err == 0 && !s->ident)
		s->got.has_local = fp_addr("127.0.0.1", 40663, &s->got.local);
}

static inline void
serve_step(struct served *e, struct span *held, const uint8_t *more, size_t n, bool eof)
{
	size_t had = held->n;
	uint8_t *rest = NULL, *exact = had + n != 0 ? malloc(had + n) : NULL;
	struct span in = span_of(exact, had + n);
	struct obuf out = ob_over(e->out + e->n, sizeof e->out - e->n);

	if (had != 0)
		memcpy(exact, held->p, had);
	if (n != 0)
		memcpy(exact + had, more, n);
	e->want = e->srv.peer.step(&e->srv.peer, &in, eof, &out);
	ck_assert(!out.over);
	e->n += out.n;
	if (in.n != 0) {
		rest = malloc(in.n);
		memcpy(rest, in.p, in.n);
	}
	free(exact);
	free((void *)(uintptr_t)held->p);
	*held = span_of(rest, in.n);
}

/* The input in pieces: the first of `first` octets, the others of `piece`. */
static inline void
serve(struct served *e, enum fp_role role, struct span in, size_t first, size_t piece, bool eof)
{
	struct span held = {NULL, 0};
	size_t at = 0, n = first;
	bool told = false;

	srv_init(&e->srv, &conf, &bugs, role);
	e->want = PEER_MORE;
	e->dials = 0;
	e->n = 0;
	e->notes = ob_over(e->notes_room, sizeof e->notes_room);
	e->srv.peer.notes = with_notes ? &e->notes : NULL;
	if (role == ROLE_TELNET || role == ROLE_PASS)
		serve_step(e, &held, NULL, 0, false);
	while (e->want == PEER_DIAL || (e->want == PEER_MORE && (at < in.n || (eof && !told)))) {
		if (e->want == PEER_DIAL) {
			e->dials++;
			e->dst = e->srv.dst;
			serve_dialled(&e->srv);
			serve_step(e, &held, NULL, 0, false);
			told = false; /* a FIN is read again by who comes next */
			continue;
		}
		if (n > in.n - at)
			n = in.n - at;
		told = eof && at + n == in.n;
		serve_step(e, &held, in.p + at, n, told);
		at += n;
		n = piece;
	}
	e->left = held.n + (in.n - at);
	free((void *)(uintptr_t)held.p);
}

static inline void
serve_same(const char *id, const struct served *a, const struct served *b, size_t cut, size_t piece)
{
	ck_assert_msg(a->want == b->want && a->n == b->n && memcmp(a->out, b->out, a->n) == 0 &&
			      a->dials == b->dials && a->srv.peer.fail.why == b->srv.peer.fail.why &&
			      a->srv.end == b->srv.end,
		"%s: cut at %zu, then pieces of %zu: want %d, %zu octets sent, not %d, %zu", id, cut, piece,
		(int)b->want, b->n, (int)a->want, a->n);
	if (a->dials != 0)
		ck_assert_msg(a->dst.port == b->dst.port && strcmp(a->dst.host, b->dst.host) == 0,
			"%s: cut at %zu: %s", id, cut, b->dst.host);
	if (a->want != PEER_FAIL)
		ck_assert_msg(a->left == b->left, "%s: cut at %zu: %zu octets left, not %zu", id, cut,
			b->left, a->left);
}

/* Whole, at every cut, in pieces of every size: e is what comes of it, always the same. */
static inline void
serve_every(const char *id, struct served *e, enum fp_role role, struct span in, bool eof)
{
	static struct served other;

	serve(e, role, in, in.n, in.n, eof);
	for (size_t cut = 1; cut < in.n && cut < 400; cut++) {
		serve(&other, role, in, cut, in.n, eof);
		serve_same(id, e, &other, cut, in.n);
	}
	for (size_t piece = 1; piece < in.n && piece < 70; piece++) {
		serve(&other, role, in, piece, piece, eof);
		serve_same(id, e, &other, piece, piece);
	}
}

static inline void
serve_sent(const char *id, const struct served *e, struct span want)
{
	char hex[2048] = "";

	for (size_t i = 0; i < e->n && i < 600; i++)
		snprintf(hex + 3 * i, 4, "%02x ", e->out[i]);
	ck_assert_msg(e->n == want.n && (want.n == 0 || memcmp(e->out, want.p, want.n) == 0),
		"%s: %zu octets sent, not the %zu wanted: %s", id, e->n, want.n, hex);
}

static inline bool
serve_contains(const struct served *e, const char *text)
{
	return memmem(e->out, e->n, text, strlen(text)) != NULL;
}

#endif
