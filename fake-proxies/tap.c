/* SPDX-License-Identifier: ISC
 * tap.c - see tap.h.
 * The one thing to know: a fault is noted in did at the moment when it can no longer fail to happen. */
#include "tap.h"
#include "hex.h"

#include <inttypes.h>
#include <stdlib.h>

#define PAUSE 2	      /* ms between pieces, so that they arrive one by one */
#define BEFORE_RST 20 /* ms for what was sent to be read: a RST may overtake it at the reader */
#define HOLD 1000     /* ms for --coalesce to wait for the target */
#define SILENCE 50    /* ms that end a gathering */
#define GATHER_MAX 65536

struct tap *
tap_new(const struct fp_faults *f, struct fp_happened *did)
{
	struct tap *t = calloc(1, sizeof *t);

	if (t != NULL) {
		t->f = f;
		t->did = did;
	}
	return t;
}

void
tap_free(struct tap *t)
{
	if (t != NULL)
		free(t->q);
	free(t);
}

static bool
make_room(struct tap *t, size_t n)
{
	uint8_t *more;
	size_t cap = t->cap != 0 ? t->cap : 1024;

	if (t->at != 0 && t->n != 0)
		memmove(t->q, t->q + t->at, t->n);
	t->at = 0;
	while (cap < t->n + n)
		cap *= 2;
	if (cap == t->cap)
		return true;
	more = realloc(t->q, cap);
	if (more == NULL)
		return false;
	t->q = more;
	t->cap = cap;
	return true;
}

static void
flip(struct tap *t, size_t from, size_t n)
{
	uint64_t first = t->off + (from - t->at);

	for (int i = 0; i < t->f->n_flip; i++) {
		uint64_t at = t->f->flip[i].at;

		if (at >= first && at - first < n) {
			t->q[from + (size_t)(at - first)] ^= t->f->flip[i].by;
			t->did->flip[i] = true;
		}
	}
}

bool
tap_push(struct tap *t, const uint8_t *p, size_t n, int64_t now, bool payload)
{
	if (n == 0)
		return true;
	if (!make_room(t, n))
		return false;
	memcpy(t->q + t->at + t->n, p, n);
	if (!payload || t->whole) {
		flip(t, t->at + t->n, n);
		t->counted = t->off + t->n + n;
	}
	if (t->f->delay > 0) {
		if (t->n == 0)
			t->not_before = now + t->f->delay;
		t->did->delay = true;
		if (t->n_ends == TAP_MESSAGES)
			t->n_ends--; /* joined with the last one */
		t->ends[t->n_ends++] = t->off + t->n + n;
	}
	if (t->gather) {
		t->not_before = now + (t->n + n < GATHER_MAX ? SILENCE : 0);
		t->did->coalesce = true;
	} else if (t->holding && !payload) {
		t->not_before = now + HOLD;
	} else if (t->holding) {
		t->holding = false;
		t->not_before = 0;
		t->did->coalesce = true;
	}
	t->n += n;
	return true;
}

static int64_t
boundary(const struct fp_faults *f)
{
	return f->cut >= 0 ? f->cut : f->reset >= 0 ? f->reset : f->stall;
}

bool
tap_idle(const struct tap *t)
{
	return t->n == 0 && (t->f->reset <= 0 || t->off != (uint64_t)t->f->reset);
}

enum tap_do
tap_next(struct tap *t, int64_t now, struct span *piece, int64_t *until)
{
	const struct fp_faults *f = t->f;
	int64_t stop = boundary(f);
	size_t n = t->n;

	if (stop >= 0 && t->off == (uint64_t)stop && (n != 0 || (stop != 0 && f->stall < 0))) {
		if (f->reset > 0 && t->not_before > now) {
			*until = t->not_before;
			return TAP_WAIT;
		}
		t->did->cut |= f->cut >= 0;
		t->did->reset |= f->reset >= 0;
		t->did->stall |= f->stall >= 0;
		return f->cut >= 0 ? TAP_CUT : f->reset >= 0 ? TAP_RESET : TAP_STALL;
	}
	if (n == 0)
		return TAP_IDLE;
	if (t->not_before > now) {
		*until = t->not_before;
		return TAP_WAIT;
	}
	t->holding = false;
	if (stop >= 0 && t->off < (uint64_t)stop && n > (uint64_t)stop - t->off)
		n = (size_t)((uint64_t)stop - t->off);
	if (f->bytes && t->off < t->counted)
		n = 1;
	if (f->split >= 0 && t->off < (uint64_t)f->split && n > (uint64_t)f->split - t->off)
		n = (size_t)((uint64_t)f->split - t->off);
	if (t->n_ends != 0 && !t->gather && !f->coalesce && n > t->ends[0] - t->off)
		n = (size_t)(t->ends[0] - t->off);
	*piece = span_of(t->q + t->at, n);
	return TAP_SEND;
}

static void
note_wire(struct tap *t, struct span piece)
{
	struct obuf o = ob_over(t->wire, sizeof t->wire);

	o.n = t->wire_n;
	if (o.n != 0)
		ob_str(&o, " | ");
	hex_spaced(&o, piece);
	if (!o.over)
		t->wire_n = o.n;
}

void
tap_sent(struct tap *t, size_t n, int64_t now)
{
	const struct fp_faults *f = t->f;
	uint64_t before = t->off;
	int64_t pause;
	bool cut;

	note_wire(t, span_of(t->q + t->at, n));
	t->off += n;
	t->at += n;
	t->n -= n;
	if (t->off > t->did->most)
		t->did->most = t->off;
	if (f->bytes && before >= 1)
		t->did->bytes = true;
	cut = f->split >= 0 && t->off == (uint64_t)f->split;
	if (f->split >= 0 && before == (uint64_t)f->split && before != 0)
		t->did->split = true;
	t->not_before = f->reset >= 0 && t->off == (uint64_t)f->reset ? now + BEFORE_RST : 0;
	while (t->n_ends != 0 && t->ends[0] <= t->off) {
		memmove(t->ends, t->ends + 1, (size_t)--t->n_ends * sizeof t->ends[0]);
		cut = true;
	}
	pause = now + (f->delay > 0 ? f->delay : PAUSE);
	if ((f->bytes || cut) && t->not_before < pause)
		t->not_before = pause;
}

static bool
missing(const char *name, int64_t value, const struct fp_happened *d)
{
	if (value >= 0)
		return fp_complain("--%s %" PRId64 " did not happen (most octets to one client: %" PRIu64 ")",
			name, value, d->most);
	return fp_complain("--%s did not happen", name);
}

bool
tap_all_happened(const struct fp_faults *f, const struct fp_happened *d)
{
	bool ok = true;

	if (f->split >= 0 && !d->split)
		ok = missing("split", f->split, d);
	if (f->bytes && !d->bytes)
		ok = missing("bytes", -1, d);
	if (f->coalesce && !d->coalesce)
		ok = missing("coalesce", -1, d);
	if (f->delay > 0 && !d->delay)
		ok = missing("delay", f->delay, d);
	if (f->stall >= 0 && !d->stall)
		ok = missing("stall-after", f->stall, d);
	if (f->cut >= 0 && !d->cut)
		ok = missing("cut-after", f->cut, d);
	if (f->reset >= 0 && !d->reset)
		ok = missing("reset-after", f->reset, d);
	for (int i = 0; i < f->n_flip; i++)
		if (!d->flip[i])
			ok = missing("flip", (int64_t)f->flip[i].at, d);
	return ok;
}
