/* SPDX-License-Identifier: ISC
 * fake_tap.c - the faults of delivery, as decisions: which octets, in which pieces, when, and what happened.
 * One thing to know: time is a number here; nothing waits. */
#include "fake/serve.h"
#include "tap.h"

/* What the tap did with messages that came at times of their own. */
struct told {
	char text[600]; /* "0:0500 2:05" - the time and the octets of each piece; "cut", "reset", "stall" */
	struct fp_happened did;
};

static struct fp_faults faults;

static void
no_faults(void)
{
	struct fp_conf c;

	fp_conf_init(&c);
	faults = c.fault;
	faults.any = true;
}

static void
say(struct told *t, int64_t now, struct span piece)
{
	size_t n = strlen(t->text);

	n += (size_t)snprintf(t->text + n, sizeof t->text - n, "%s%d:", n != 0 ? " " : "", (int)now);
	for (size_t i = 0; i < piece.n; i++)
		n += (size_t)snprintf(t->text + n, sizeof t->text - n, "%02x", piece.p[i]);
}

static void
word(struct told *t, const char *text)
{
	size_t n = strlen(t->text);

	snprintf(t->text + n, sizeof t->text - n, "%s", text);
}

/* Give out what may be given out until time end; true: it is over. */
static bool
run(struct tap *t, struct told *told, int64_t *now, int64_t end)
{
	struct span piece;
	int64_t until;

	for (;;) {
		switch (tap_next(t, *now, &piece, &until)) {
		case TAP_IDLE:
			return false;
		case TAP_SEND:
			say(told, *now, piece);
			tap_sent(t, piece.n, *now);
			break;
		case TAP_WAIT:
			if (until > end)
				return false;
			*now = until;
			break;
		case TAP_STALL:
			word(told, " stall");
			return true;
		case TAP_CUT:
			word(told, " cut");
			return true;
		case TAP_RESET:
			word(told, " reset");
			return true;
		}
	}
}

struct message {
	int64_t at;
	struct span octets;
	bool payload;
};

static struct told told;

static void
play(const struct message *m, size_t n, bool whole, bool holding)
{
	struct tap *t;
	int64_t now = 0;
	bool over = false;

	memset(&told, 0, sizeof told);
	t = tap_new(&faults, &told.did);
	ck_assert_ptr_nonnull(t);
	t->whole = whole;
	for (size_t i = 0; i < n && !over; i++) {
		over = run(t, &told, &now, m[i].at);
		if (m[i].at > now)
			now = m[i].at;
		if (holding && i == 1)
			t->holding = true;
		if (!over)
			ck_assert(tap_push(t, m[i].octets.p, m[i].octets.n, now, m[i].payload));
	}
	if (!over)
		run(t, &told, &now, 1000000);
	tap_free(t);
}

/* A SOCKS5 negotiation and the first payload of the target. */
static const struct message talk[] = {
	{0, OCTETS(5, 0), false},
	{10, OCTETS(5, 0, 0, 1, 127, 0, 0, 1, 0x9e, 0xd7), false},
	{20, TEXT("hi"), true},
};

static const struct fault {
	const char *id;
	int64_t split, delay, stall, cut, reset;
	bool bytes, whole;
	uint64_t flip_at;
	uint8_t flip_by;
	const char *want;
	bool happened;
} table[] = {
	{"none", -1, -1, -1, -1, -1, false, false, 0, 0, "0:0500 10:050000017f0000019ed7 20:6869", true},
	{"split 1", 1, -1, -1, -1, -1, false, false, 0, 0, "0:05 2:00 10:050000017f0000019ed7 20:6869", true},
	{"split 5", 5, -1, -1, -1, -1, false, false, 0, 0, "0:0500 10:050000 12:017f0000019ed7 20:6869",
		true},
	{"split 5, delay 100", 5, 100, -1, -1, -1, false, false, 0, 0,
		"100:0500 200:050000 300:017f0000019ed7 400:6869", true},
	{"split 12: payload is what follows", 12, -1, -1, -1, -1, false, false, 0, 0,
		"0:0500 10:050000017f0000019ed7 20:6869", true},
	{"split 15 never", 15, -1, -1, -1, -1, false, false, 0, 0, "0:0500 10:050000017f0000019ed7 20:6869",
		false},
	{"bytes", -1, -1, -1, -1, -1, true, false, 0, 0,
		"0:05 2:00 10:05 12:00 14:00 16:01 18:7f 20:00 22:00 24:01 26:9e 28:d7 30:6869", true},
	{"bytes, whole stream", -1, -1, -1, -1, -1, true, true, 0, 0,
		"0:05 2:00 10:05 12:00 14:00 16:01 18:7f 20:00 22:00 24:01 26:9e 28:d7 30:68 32:69", true},
	{"delay", -1, 50, -1, -1, -1, false, false, 0, 0, "50:0500 100:050000017f0000019ed7 150:6869", true},
	{"stall 3", -1, -1, 3, -1, -1, false, false, 0, 0, "0:0500 10:05 stall", true},
	{"stall 0", -1, -1, 0, -1, -1, false, false, 0, 0, " stall", true},
	{"stall 100 never", -1, -1, 100, -1, -1, false, false, 0, 0, "0:0500 10:050000017f0000019ed7 20:6869",
		false},
	{"cut 2", -1, -1, -1, 2, -1, false, false, 0, 0, "0:0500 cut", true},
	{"cut 0", -1, -1, -1, 0, -1, false, false, 0, 0, " cut", true},
	{"reset 5", -1, -1, -1, -1, 5, false, false, 0, 0, "0:0500 10:050000 reset", true},
	{"reset 13, in the payload", -1, -1, -1, -1, 13, false, true, 0, 0,
		"0:0500 10:050000017f0000019ed7 20:68 reset", true},
	{"flip", -1, -1, -1, -1, -1, false, false, 3, 0xff, "0:0500 10:05ff00017f0000019ed7 20:6869", true},
	{"flip in the payload, whole stream", -1, -1, -1, -1, -1, false, true, 12, 1,
		"0:0500 10:050000017f0000019ed7 20:6969", true},
	{"flip does not reach the payload", -1, -1, -1, -1, -1, false, false, 12, 1,
		"0:0500 10:050000017f0000019ed7 20:6869", false},
};

START_TEST(test_fault)
{
	const struct fault *f = &table[_i];

	no_faults();
	faults.split = f->split;
	faults.delay = f->delay;
	faults.stall = f->stall;
	faults.cut = f->cut;
	faults.reset = f->reset;
	faults.bytes = f->bytes;
	if (f->flip_by != 0)
		faults.flip[faults.n_flip++] = (struct fp_flip){f->flip_at, f->flip_by};
	play(talk, COUNT(talk), f->whole, false);
	ck_assert_msg(strcmp(told.text, f->want) == 0, "%s: %s", f->id, told.text);
	catch_stderr();
	ck_assert_msg(tap_all_happened(&faults, &told.did) == f->happened, "%s", f->id);
	ck_assert_int_eq(caught()[0] == '\0', f->happened);
}
END_TEST

/* The answer and the target's first octets in one piece; without any, the answer after a second. */
START_TEST(test_coalesce)
{
	no_faults();
	faults.coalesce = true;
	play(talk, 3, false, true);
	ck_assert_str_eq(told.text, "0:0500 20:050000017f0000019ed76869");
	ck_assert(told.did.coalesce);
	play(talk, 2, false, true);
	ck_assert_str_eq(told.text, "0:0500 1010:050000017f0000019ed7");
	ck_assert(!told.did.coalesce);
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, test_fault, table);
	tcase_add_test(tc, test_coalesce);
}

int
main(void)
{
	return unit_run("fake_tap", fill);
}
