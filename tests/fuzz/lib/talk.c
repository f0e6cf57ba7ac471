/* SPDX-License-Identifier: ISC
 * talk.c - see talk.h. */
#include "talk.h"

#define ASKED_MAX 4

enum way { WHOLE, PIECES, CUT, EARLY };

struct result {
	enum peer_want want;
	enum fail_why why;
	int code;
	const char *text;
	bool too_long;
	unsigned asked;
	size_t part; /* index of the last part */
	size_t fed, eaten;
	size_t nout; /* over all connections */
	uint8_t out[TALK_OUT];
};

struct run {
	const struct talk *t;
	struct result *r;
	enum way way;
	size_t n; /* octets in a piece, or before the cut */
	struct peer *peer;
	struct span all; /* of the connection */
	size_t pause;	 /* octets of it that come before the pause */
	bool eof;
};

static struct result one, other;
static uint8_t joined[1 << 17];

static enum peer_want
step(struct run *run, bool eof)
{
	struct result *r = run->r;
	size_t n = r->fed - r->eaten;
	uint8_t *block = fuzz_exact(span_of(run->all.n == 0 ? NULL : run->all.p + r->eaten, n));
	struct span in = span_of(block, n);
	struct obuf out = ob_over(r->out + r->nout, TALK_OUT - r->nout);

	r->want = run->peer->step(run->peer, &in, eof, &out);
	run->peer->waited = false;
	CLAIM(in.n <= n && (in.n == 0 || in.p == block + (n - in.n)), "what is left is not the end");
	CLAIM(!out.over, "a message does not fit");
	r->nout += out.n;
	r->eaten += n - in.n;
	free(block);
	return r->want;
}

static void
connection(struct run *run)
{
	const struct talk *t = run->t;
	struct result *r = run->r;
	size_t n = 0;

	r->fed = r->eaten = 0;
	run->eof = false;
	run->all = t->part[r->part];
	run->pause = 0;
	if (!t->pauses)
		return;
	for (size_t i = 0; i < t->parts; i++) {
		if (t->part[i].n > sizeof joined - n)
			break;
		memcpy(joined + n, t->part[i].p, t->part[i].n);
		n += t->part[i].n;
		if (i == 0)
			run->pause = n;
	}
	run->all = span_of(joined, n);
}

static bool
last(const struct run *run)
{
	return run->t->pauses || run->r->part + 1 >= run->t->parts;
}

static bool
feed(struct run *run)
{
	struct result *r = run->r;
	size_t left = run->all.n - r->fed, n, room = run->t->window - (r->fed - r->eaten);

	if (r->want == PEER_WAIT) {
		if (r->fed >= run->pause) {
			run->peer->waited = true;
			return true;
		}
		left = run->pause - r->fed;
	}
	if (run->eof)
		return false;
	if (left == 0) {
		run->eof = run->t->eof || !last(run);
		return run->eof;
	}
	n = run->way == PIECES ? run->n : run->way == CUT && r->fed < run->n ? run->n - r->fed : left;
	if (room == 0) {
		r->too_long = true;
		return false;
	}
	n = n < left ? n : left;
	r->fed += n < room ? n : room;
	return true;
}

static void
converse(struct run *run)
{
	struct result *r = run->r;
	const struct talk *t = run->t;

	memset(r, 0, offsetof(struct result, out));
	run->peer = t->fresh(t->arg);
	connection(run);
	if (run->way == EARLY) {
		size_t n = t->pauses ? run->pause : run->all.n;

		r->fed = n < t->window ? n : t->window;
	}
	for (;;) {
		enum peer_want want = step(run, run->eof);

		if ((want == PEER_ASK || want == PEER_DIAL) && t->serve != NULL && r->asked < ASKED_MAX) {
			r->asked++;
			if (!t->serve(run->peer, want, t->arg))
				break;
			if (t->server)
				run->eof = false; /* who comes next reads the end again */
		} else if (want == PEER_REDIAL) {
			CLAIM(!t->server, "a server dials nobody anew");
			if (last(run))
				break;
			r->part++;
			connection(run);
		} else if ((want != PEER_MORE && want != PEER_WAIT) || !feed(run)) {
			break;
		}
	}
	r->why = run->peer->fail.why;
	r->code = run->peer->fail.code;
	r->text = run->peer->fail.text;
	CLAIM(run->peer->at != NULL && run->peer->at[0] != '\0', "awaits nothing by name");
	CLAIM(t->faulty || (r->want == PEER_FAIL) == (r->why != FAIL_NONE), "want %d, why %d", (int)r->want,
		(int)r->why);
	CLAIM(r->want != PEER_FAIL || r->text != NULL, "fails without a word");
}

static void
same(const struct talk *t, const char *how, size_t n)
{
	if (t->faulty)
		return;
	CLAIM(one.want == other.want && one.why == other.why && one.code == other.code &&
			one.part == other.part && one.asked == other.asked && one.too_long == other.too_long,
		"%s %zu: want %d, why %d, code %d, connection %zu, not %d, %d, %d, %zu", how, n,
		(int)other.want, (int)other.why, other.code, other.part, (int)one.want, (int)one.why,
		one.code, one.part);
	CLAIM(one.text == other.text || strcmp(one.text, other.text) == 0, "%s %zu: \"%s\", not \"%s\"", how,
		n, other.text, one.text);
	CLAIM(one.eaten == other.eaten || (t->server && one.want == PEER_FAIL),
		"%s %zu: %zu octets taken, not %zu", how, n, other.eaten, one.eaten);
	CLAIM(span_eq(span_of(one.out, one.nout), span_of(other.out, other.nout)),
		"%s %zu: other octets sent", how, n);
}

static void
again(const struct talk *t, enum way way, size_t n, const char *how)
{
	struct run run = {.t = t, .r = &other, .way = way, .n = n};

	converse(&run);
	if (way == PIECES && n == 1 && t->prompt && other.want == PEER_OPEN)
		CLAIM(other.fed == other.eaten, "opened %zu octets late", other.fed - other.eaten);
	same(t, how, n);
}

void
talk_check(const struct talk *t)
{
	struct run run = {.t = t, .r = &one, .way = WHOLE};
	size_t n = t->part[0].n;

	converse(&run);
	again(t, PIECES, 1, "in pieces of");
	again(t, PIECES, 7, "in pieces of");
	again(t, EARLY, 0, "before the first step");
	again(t, CUT, n == 0 ? 0 : fuzz_hash(t->part[0]) % (n + 1), "cut at");
}

void
talk_parts(struct talk *t, struct span in)
{
	for (t->parts = 0; t->parts < TALK_PARTS && (t->parts == 0 || in.n > 0); t->parts++)
		t->part[t->parts] = fuzz_part(&in);
}
