/* SPDX-License-Identifier: ISC
 * drive.c - see drive.h. */
#include "drive.h"

#include <check.h>
#include <stdlib.h>

#define CUTS_MAX 1500 /* longer scripts are cut at some hundred places, not at each */

enum way { WHOLE, PIECES, CUT, EARLY };

struct run {
	const struct drive *d;
	struct drive_end *e;
	enum way way;
	size_t n;    /* octets in a piece, or before the cut */
	size_t conn; /* CUT: the connection that is cut */
	struct peer *peer;
	size_t *trace; /* with PIECES of 1: octets taken after each octet of the last connection */
	size_t *sent;  /*   and octets sent */
};

static size_t
conns(const struct drive *d)
{
	return d->conns == 0 ? 1 : d->conns;
}

static size_t
all_sent(const struct drive_end *e)
{
	size_t n = 0;

	for (size_t i = 0; i < DRIVE_CONNS; i++)
		n += e->nout[i];
	return n;
}

/* One step with the unread octets in a block of their own. */
static enum peer_want
step(struct run *r, bool eof)
{
	struct drive_end *e = r->e;
	size_t n = e->fed - e->eaten;
	static uint8_t room[DRIVE_OUT];
	uint8_t *block = malloc(n + 1);
	struct span in;
	struct obuf out = ob_over(room, DRIVE_OUT);

	ck_assert_ptr_nonnull(block);
	if (n > 0)
		memcpy(block + 1, r->d->in[e->conn].p + e->eaten, n);
	in = span_of(block + 1, n);
	e->want = r->peer->step(r->peer, &in, eof, &out);
	r->peer->waited = false;
	ck_assert_msg(in.n <= n && (in.n == 0 || in.p == block + 1 + (n - in.n)),
		"%s: what is left is not the end of what there was", r->d->name);
	ck_assert_msg(!out.over, "%s: a message did not fit", r->d->name);
	ck_assert(e->nout[e->conn] + out.n <= DRIVE_OUT);
	if (out.n > 0)
		memcpy(e->out[e->conn] + e->nout[e->conn], room, out.n);
	e->nout[e->conn] += out.n;
	e->eaten += n - in.n;
	free(block);
	return e->want;
}

/* How many octets come next, of those that are left. */
static size_t
next_piece(const struct run *r, size_t left)
{
	size_t n = left;

	if (r->e->want == PEER_WAIT && left > r->d->greeting - r->e->fed)
		left = r->d->greeting - r->e->fed;
	if (r->way == PIECES)
		n = r->n;
	else if (r->way == CUT && r->e->conn == r->conn && r->e->fed < r->n)
		n = r->n - r->e->fed;
	return n < left ? n : left;
}

static void
note_progress(struct run *r)
{
	struct drive_end *e = r->e;
	bool last = e->conn + 1 == conns(r->d);

	if (r->trace != NULL && last) {
		r->trace[e->fed] = e->eaten;
		r->sent[e->fed] = all_sent(e);
	}
	if (r->way == CUT && last && e->fed == r->n) {
		e->middle = e->eaten;
		e->middle_sent = all_sent(e);
	}
}

/* The peer wants more: give it, or the end of it.  False if there is nothing more to give. */
static bool
feed(struct run *r, bool *eof)
{
	struct drive_end *e = r->e;
	size_t left = r->d->in[e->conn].n - e->fed, n = next_piece(r, left), room;

	if (e->want == PEER_WAIT && e->fed >= r->d->greeting && !*eof) {
		r->peer->waited = true;
		return true;
	}
	if (*eof) {
		ck_assert_msg(0, "%s: wants more after the end", r->d->name);
		return false;
	}
	if (left == 0) {
		*eof = r->d->eof || e->conn + 1 < conns(r->d);
		return *eof;
	}
	room = DRIVE_WINDOW - (e->fed - e->eaten);
	if (room == 0) {
		e->too_long = true;
		return false;
	}
	e->fed += n < room ? n : room;
	return true;
}

static void converse(struct run *r);

static void
run(const struct drive *d, enum way way, size_t n, struct drive_end *e, size_t *trace, size_t *sent)
{
	struct run r = {
		.d = d, .e = e, .way = way, .n = n, .conn = conns(d) - 1, .trace = trace, .sent = sent};

	converse(&r);
}

static void
cut(const struct drive *d, size_t conn, size_t at, struct drive_end *e)
{
	struct run r = {.d = d, .e = e, .way = CUT, .n = at, .conn = conn};

	converse(&r);
}

static void
converse(struct run *r)
{
	const struct drive *d = r->d;
	struct drive_end *e = r->e;
	bool eof = false;

	memset(e, 0, offsetof(struct drive_end, out));
	r->peer = d->fresh(d->arg);
	if (r->way == EARLY)
		e->fed = d->in[0].n < DRIVE_WINDOW ? d->in[0].n : DRIVE_WINDOW;
	if (r->way == EARLY && d->waits)
		e->fed = d->greeting < d->in[0].n ? d->greeting : d->in[0].n;
	for (;;) {
		enum peer_want want = step(r, eof);

		note_progress(r);
		if (want == PEER_ASK && d->ask != NULL && e->asked < 3) {
			e->asked++;
			d->ask(r->peer, d->arg);
		} else if (want == PEER_REDIAL) {
			ck_assert_msg(e->conn + 1 < conns(d), "%s: dials once too often", d->name);
			e->conn++;
			e->fed = e->eaten = 0;
			eof = false;
		} else if ((want != PEER_MORE && want != PEER_WAIT) || !feed(r, &eof)) {
			break;
		}
	}
	e->why = r->peer->fail.why;
	e->code = r->peer->fail.code;
	e->text = r->peer->fail.text;
	e->at = r->peer->at;
}

void
drive_whole(const struct drive *d, struct drive_end *e)
{
	run(d, WHOLE, 0, e, NULL, NULL);
}

void
drive_pieces(const struct drive *d, size_t n, struct drive_end *e)
{
	run(d, PIECES, n, e, NULL, NULL);
}

void
drive_cut(const struct drive *d, size_t at, struct drive_end *e)
{
	cut(d, conns(d) - 1, at, e);
}

void
drive_early(const struct drive *d, struct drive_end *e)
{
	run(d, EARLY, 0, e, NULL, NULL);
}

static const char *
want_name(enum peer_want w)
{
	static const char *const names[] = {
		"MORE", "OPEN", "FAIL", "ASK", "REDIAL", "DIAL", "WAIT", "FIN", "RESET"};

	return (unsigned)w < sizeof names / sizeof names[0] ? names[w] : "?";
}

static void
expect_out(const struct drive *d, const struct drive_end *e, const char *how)
{
	for (size_t i = 0; i < DRIVE_CONNS; i++) {
		if (d->out[i].p == NULL)
			continue;
		ck_assert_msg(span_eq(span_of(e->out[i], e->nout[i]), d->out[i]),
			"%s, %s: connection %zu: sent %zu octets \"%.*s\", expected %zu", d->name, how, i,
			e->nout[i], (int)e->nout[i], (const char *)e->out[i], d->out[i].n);
	}
	if (d->quiet)
		ck_assert_msg(all_sent(e) == 0, "%s, %s: something was sent", d->name, how);
}

static void
expect(const struct drive *d, const struct drive_end *e, const char *how)
{
	ck_assert_msg(e->want == d->want, "%s, %s: ended with %s (%s), expected %s", d->name, how,
		want_name(e->want), e->text == NULL ? "no text" : e->text, want_name(d->want));
	ck_assert_msg(e->conn + 1 == conns(d), "%s, %s: %zu connections", d->name, how, e->conn + 1);
	if (d->want == PEER_FAIL) {
		ck_assert_msg(e->why == d->why, "%s, %s: failed for reason %d (%s), expected %d", d->name,
			how, (int)e->why, e->text == NULL ? "no text" : e->text, (int)d->why);
		ck_assert_msg(
			e->code == d->code, "%s, %s: code %d, expected %d", d->name, how, e->code, d->code);
		ck_assert_msg(e->text != NULL && e->text[0] != '\0', "%s, %s: no text", d->name, how);
		if (d->text != NULL)
			ck_assert_str_eq(e->text, d->text);
	} else {
		ck_assert_msg(e->why == FAIL_NONE, "%s, %s: a reason to fail without failing", d->name, how);
	}
	ck_assert_msg(e->at != NULL && e->at[0] != '\0', "%s, %s: awaits nothing by name", d->name, how);
	ck_assert_msg(e->eaten == d->eaten, "%s, %s: took %zu octets, expected %zu", d->name, how, e->eaten,
		d->eaten);
	expect_out(d, e, how);
}

/* Property 1: the same end, whatever the cut. */
static void
same(const struct drive *d, const struct drive_end *a, const struct drive_end *b, const char *how, size_t at)
{
	ck_assert_msg(a->want == b->want && a->why == b->why && a->code == b->code && a->conn == b->conn &&
			      a->asked == b->asked && a->too_long == b->too_long && a->text == b->text,
		"%s, %s %zu: %s (%s) instead of %s (%s)", d->name, how, at, want_name(b->want),
		b->text == NULL ? "" : b->text, want_name(a->want), a->text == NULL ? "" : a->text);
	ck_assert_msg(a->eaten == b->eaten, "%s, %s %zu: took %zu octets instead of %zu", d->name, how, at,
		b->eaten, a->eaten);
	for (size_t i = 0; i < DRIVE_CONNS; i++)
		ck_assert_msg(span_eq(span_of(a->out[i], a->nout[i]), span_of(b->out[i], b->nout[i])),
			"%s, %s %zu: other octets sent on connection %zu", d->name, how, at, i);
}

/* Property 2: before the end only whole messages are taken. */
static void
check_marks(const struct drive *d, const size_t *trace)
{
	if (d->mark[0] == 0)
		return;
	for (size_t k = 0; k < d->decided; k++) {
		size_t m = 0;

		while (m < DRIVE_MARKS && d->mark[m] != 0 && d->mark[m] <= k)
			m++;
		ck_assert_msg(trace[k] == (m == 0 ? 0 : d->mark[m - 1]),
			"%s: %zu octets taken when %zu had come", d->name, trace[k], k);
	}
}

static void
check_cuts(const struct drive *d, const struct drive_end *whole, const size_t *trace, const size_t *sent)
{
	size_t n = d->in[conns(d) - 1].n, by = n > CUTS_MAX ? n / 300 : 1;
	struct drive_end *e = malloc(sizeof *e);

	ck_assert_ptr_nonnull(e);
	for (size_t k = 0; k <= n; k += by) {
		drive_cut(d, k, e);
		same(d, whole, e, "cut at", k);
		if (trace == NULL || k >= d->decided)
			continue;
		ck_assert_msg(e->middle == trace[k],
			"%s: of the first %zu octets %zu are taken in one piece, %zu one by one", d->name, k,
			e->middle, trace[k]);
		ck_assert_msg(e->middle_sent == sent[k],
			"%s: after %zu octets the cut matters to what is sent", d->name, k);
	}
	for (size_t c = 0; c + 1 < conns(d); c++) {
		for (size_t k = 0; k <= d->in[c].n; k += d->in[c].n > CUTS_MAX ? 499 : 1) {
			cut(d, c, k, e);
			same(d, whole, e, "an earlier connection cut at", k);
		}
	}
	free(e);
}

/* Property 3: known with this octet, not with the one before, and not one later. */
static void
check_prompt(const struct drive *d, const struct drive_end *by_one)
{
	if (d->want != PEER_OPEN && d->want != PEER_FAIL)
		return;
	ck_assert_msg(by_one->fed == d->decided, "%s: decided after %zu octets, expected %zu", d->name,
		by_one->fed, d->decided);
}

static void
check_eof(const struct drive *d)
{
	struct drive_end *e = malloc(sizeof *e);
	struct drive part = *d;
	size_t last = conns(d) - 1, by = d->decided > CUTS_MAX ? d->decided / 300 : 1;

	ck_assert_ptr_nonnull(e);
	part.eof = true;
	for (size_t k = 0; k < d->decided; k += by) {
		part.in[last].n = k;
		drive_whole(&part, e);
		ck_assert_msg(e->want == PEER_FAIL && e->why == FAIL_EOF && e->code == -1,
			"%s: closed after %zu octets: %s, reason %d", d->name, k, want_name(e->want),
			(int)e->why);
		drive_pieces(&part, 1, e);
		ck_assert_msg(e->want == PEER_FAIL && e->why == FAIL_EOF,
			"%s: closed after %zu single octets", d->name, k);
	}
	free(e);
}

/* With the first octets of the tunnel, or anything else, right behind. */
static void
check_joined(const struct drive *d, struct drive_end *e)
{
	static const uint8_t tail[] = "SSH-2.0-x\r\n\0\xff\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
	size_t last = conns(d) - 1, n = d->in[last].n;
	uint8_t *text = malloc(n + sizeof tail);
	struct drive more = *d;

	ck_assert_ptr_nonnull(text);
	if (n > 0)
		memcpy(text, d->in[last].p, n);
	memcpy(text + n, tail, sizeof tail);
	more.in[last] = span_of(text, n + sizeof tail);
	drive_whole(&more, e);
	expect(d, e, "joined");
	drive_early(&more, e);
	expect(d, e, "joined, before the first step");
	drive_pieces(&more, 7, e);
	expect(d, e, "joined, in sevens");
	for (size_t k = d->decided > 3 ? d->decided - 3 : 0; k <= d->decided + 3; k++) {
		drive_cut(&more, k, e);
		expect(d, e, "joined and cut near the end");
	}
	free(text);
}

static void
check(const struct drive *d, bool cuts)
{
	size_t n = d->in[conns(d) - 1].n;
	struct drive_end *whole = malloc(sizeof *whole), *e = malloc(sizeof *e);
	size_t *trace = NULL, *sent = NULL;
	bool over = d->want == PEER_OPEN || (d->want == PEER_FAIL && !d->eof);

	ck_assert(whole != NULL && e != NULL);
	drive_whole(d, whole);
	expect(d, whole, "whole");
	drive_early(d, e);
	same(d, whole, e, "before the first step,", 0);
	if (n <= CUTS_MAX) {
		trace = calloc(n + 2, sizeof *trace);
		sent = calloc(n + 2, sizeof *sent);
		ck_assert(trace != NULL && sent != NULL);
		run(d, PIECES, 1, e, trace, sent);
		same(d, whole, e, "in pieces of", 1);
		check_prompt(d, e);
		check_marks(d, trace);
	}
	drive_pieces(d, n > CUTS_MAX ? 509 : 3, e);
	same(d, whole, e, "in pieces of", n > CUTS_MAX ? 509 : 3);
	if (cuts)
		check_cuts(d, whole, trace, sent);
	if (cuts && !d->eof_elsewhere && over)
		check_eof(d);
	if (over)
		check_joined(d, e);
	free(trace);
	free(sent);
	free(whole);
	free(e);
}

void
drive_check(const struct drive *d)
{
	check(d, true);
}

void
drive_quick(const struct drive *d)
{
	check(d, false);
}
