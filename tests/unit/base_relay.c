/* SPDX-License-Identifier: ISC
 * base_relay.c - the relay between a local side and a remote socket, over socket pairs and pipes; each test with every octet
 * through our buffers, and once more with every octet after the first ones moved by the kernel (splice.h).
 * One thing to know: see lib/relaying.h for the stage. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "lib/relaying.h"

START_TEST(both_ways_in_order)
{
	prepare((enum local)_i);
	start();
	for (int i = 0; i < 20; i++) {
		put(to_in, "to the remote side");
		get(remote, "to the remote side", false);
		put(remote, "and back");
		get(from_out, "and back", false);
	}
	end_local((enum local)_i);
	get(remote, "", true);
	close(remote);
	ck_assert_int_eq(finish(), RELAY_OVER);
	get(from_out, "", true);
	if (by_kernel) {
		ck_assert_int_ge(splices, 20);
	} else {
		ck_assert_int_eq(splices, 0);
		ck_assert_uint_eq(sent, 20 * 18);
		ck_assert_uint_eq(received, 20 * 8);
		ck_assert_int_eq(local_eof, 1);
		ck_assert_int_eq(remote_eof, 1);
	}
	ck_assert_ptr_null(relay.what);
	ck_assert_int_eq(longest_wait, 0);
	ck_assert_int_gt(waits_for_ever, 0);
}
END_TEST

START_TEST(local_end_first_and_the_answer_still_comes)
{
	prepare((enum local)_i);
	start();
	put(to_in, "question");
	end_local((enum local)_i);
	get(remote, "question", true);
	put(remote, "late answer");
	get(from_out, "late answer", false);
	shutdown(remote, SHUT_WR);
	get(from_out, "", true);
	ck_assert_int_eq(finish(), RELAY_OVER);
}
END_TEST

START_TEST(remote_end_first_and_what_is_sent_still_goes)
{
	prepare((enum local)_i);
	start();
	put(remote, "all I say");
	shutdown(remote, SHUT_WR);
	get(from_out, "all I say", true);
	put(to_in, "but listen");
	get(remote, "but listen", false);
	end_local((enum local)_i);
	get(remote, "", true);
	ck_assert_int_eq(finish(), RELAY_OVER);
}
END_TEST

START_TEST(no_half_close_keeps_the_sending_side_open)
{
	struct pollfd p;

	prepare(PIPES);
	relay.half_close = false;
	start();
	put(to_in, "question");
	close(to_in);
	get(remote, "question", false);
	p = (struct pollfd){.fd = remote, .events = POLLIN};
	ck_assert_int_eq(poll(&p, 1, 30), 0); /* no end of file */
	put(remote, "answer");
	get(from_out, "answer", false);
	shutdown(remote, SHUT_WR);
	get(from_out, "", true);
	ck_assert_int_eq(finish(), RELAY_OVER);
}
END_TEST

START_TEST(early_octets_come_first)
{
	prepare(PIPES);
	memcpy(down_buf, "xxearly ", 8);
	relay.down.at = 2;
	relay.down.n = 6;
	put(remote, "late");
	close(to_in);
	shutdown(remote, SHUT_WR);
	ck_assert_int_eq(run(), RELAY_OVER);
	get(from_out, "early late", true);
}
END_TEST

START_TEST(early_octets_and_nothing_more)
{
	prepare(PIPES);
	memcpy(down_buf, "early", 5);
	relay.down.n = 5;
	close(to_in);
	close(remote);
	ck_assert_int_eq(run(), RELAY_OVER);
	get(from_out, "early", true);
}
END_TEST

static void
write_before_reading(enum local kind)
{
	pthread_t a, b;
	void *why;

	prepare(kind);
	start();
	ck_assert_int_eq(pthread_create(&a, NULL, write_much, &to_in), 0);
	ck_assert_int_eq(pthread_create(&b, NULL, write_much, &remote), 0);
	/* The local end reads all before the remote end reads anything: neither direction holds up the other. */
	ck_assert_ptr_null(read_much(from_out, 7001));
	ck_assert_int_eq(pthread_join(b, &why), 0);
	ck_assert_ptr_null(why);
	ck_assert_ptr_null(read_much(remote, 60000));
	ck_assert_int_eq(pthread_join(a, &why), 0);
	ck_assert_ptr_null(why);
	end_local(kind);
	shutdown(remote, SHUT_WR);
	ck_assert_int_eq(finish(), RELAY_OVER);
	ck_assert_uint_eq(sent, by_kernel ? 0 : MUCH);
	ck_assert_uint_eq(received, by_kernel ? 0 : MUCH);
	ck_assert_int_eq(splices > 0, by_kernel);
}

START_TEST(both_ends_write_before_they_read)
{
	write_before_reading((enum local)_i);
}
END_TEST

START_TEST(each_kind_of_pipe_takes_all)
{
	pipes = (enum pipes)_i;
	no_proc = pipes == BLOCKING;
	write_before_reading(PIPES);
}
END_TEST

/* A pipe of one page takes a buffer in many writes. */
START_TEST(an_output_that_is_non_blocking_already)
{
	pthread_t b;
	void *why;

	prepare(PIPES);
	ck_assert_int_eq(net_nonblock(relay.out, true), 0);
	ck_assert_int_ge(fcntl(relay.out, F_SETPIPE_SZ, 4096), 4096);
	start();
	ck_assert_int_eq(pthread_create(&b, NULL, write_much, &remote), 0);
	ck_assert_ptr_null(read_much(from_out, 977));
	ck_assert_int_eq(pthread_join(b, &why), 0);
	ck_assert_ptr_null(why);
	close(to_in);
	close(remote);
	ck_assert_int_eq(finish(), RELAY_OVER);
}
END_TEST

/* The other direction must not wait for a pipe that is full, whichever way it is written. */
START_TEST(a_full_output)
{
	static char room[PIPE_BUF];
	int there = 0;

	pipes = (enum pipes)_i;
	no_proc = pipes == BLOCKING;
	prepare(PIPES);
	start();
	for (int i = 0; i < 65536 / PIPE_BUF; i++) {
		ck_assert_int_eq(write(remote, room, PIPE_BUF), PIPE_BUF);
		while (there < (i + 1) * PIPE_BUF)
			ck_assert_int_eq(ioctl(from_out, FIONREAD, &there), 0);
	}
	for (int i = 0; i < 5; i++) {
		put(remote, "no room for this");
		put(to_in, "to the remote side");
		get(remote, "to the remote side", false);
	}
	close(to_in);
	get(remote, "", true);
	close(remote);
	for (int i = 0; i < 65536 / PIPE_BUF; i++)
		ck_assert_int_eq(read(from_out, room, PIPE_BUF), PIPE_BUF);
	for (int i = 0; i < 5; i++)
		get(from_out, "no room for this", i == 4);
	ck_assert_int_eq(finish(), RELAY_OVER);
	ck_assert_int_eq(opens_refused, pipes == BLOCKING);
#ifdef __GLIBC__
	if (pipes == NOWAIT && !is_nowait_known()) /* it is asked once at most */
		ck_assert_int_le(nowaits, 1);
	else if (pipes == NOWAIT)
		ck_assert_int_gt(nowaits, by_kernel ? 0 : 16);
	else
		ck_assert_int_eq(nowaits, pipes == NOWAIT_REFUSED);
#endif
}
END_TEST

/* ssh and the shell share the pipe: it must not become non-blocking for them. */
START_TEST(a_shared_output_stays_blocking)
{
	int other;

	prepare(PIPES);
	other = dup(relay.out);
	put(remote, "text");
	close(to_in);
	close(remote);
	ck_assert_int_eq(run(), RELAY_OVER);
	get(from_out, "text", false);
	ck_assert(!(fcntl(other, F_GETFL) & O_NONBLOCK));
	ck_assert(!(fcntl(relay.in, F_GETFL) & O_NONBLOCK));
}
END_TEST

START_TEST(a_regular_file_as_input_and_output)
{
	char text[32];
	int out;

	prepare(PIPES);
	relay.in = open(unit_file("in", "from a file", 11, 0600), O_RDONLY);
	out = open(unit_file("out", "", 0, 0600), O_RDWR);
	relay.out = dup(out);
	put(remote, "to a file");
	shutdown(remote, SHUT_WR);
	ck_assert_int_eq(run(), RELAY_OVER);
	get(remote, "from a file", true);
	ck_assert_int_eq(pread(out, text, sizeof text, 0), 9);
	ck_assert(memcmp(text, "to a file", 9) == 0);
}
END_TEST

/* What has arrived is delivered though nothing can be sent any more, and it is an error in the end. */
START_TEST(a_send_error_loses_nothing_that_came)
{
	prepare(PIPES);
	put(remote, "came before");
	shutdown(remote, SHUT_RD);
	put(to_in, "cannot be sent");
	start();
	get(from_out, "came before", false);
	put(remote, ", and after");
	get(from_out, ", and after", false);
	close(remote);
	ends_broken(EPIPE, "sending to the remote side");
	get(from_out, "", true);
}
END_TEST

START_TEST(a_reset_is_an_error)
{
	prepare(PIPES);
	put(relay.remote, "unread"); /* closing a Unix socket with unread octets resets it */
	put(remote, "last words");
	start();
	get(from_out, "last words", false);
	close(remote);
	ends_broken(ECONNRESET, "receiving from the remote side");
	get(from_out, "", true);
}
END_TEST

START_TEST(nobody_reads_what_comes)
{
	prepare(PIPES);
	close(from_out);
	start();
	put(to_in, "still goes");
	get(remote, "still goes", false);
	put(remote, "for nobody"); /* from here on the session is over, though to_in is open */
	get(remote, "", true);
	close(remote);
	ends_broken(EPIPE, "writing to the local side");
}
END_TEST

/* The local side has ended, its reader is gone: what remote may still say is not waited for. */
START_TEST(nobody_is_left)
{
	prepare(PIPES);
	start();
	close(to_in);
	get(remote, "", true);
	close(from_out);
	(void)finish(); /* it comes back at all */
	ck_assert_int_eq(outcome, RELAY_OVER);
}
END_TEST

/* But what it has said is lost. */
START_TEST(nobody_is_left_for_what_came)
{
	prepare(PIPES);
	close(to_in);
	shutdown(relay.remote, SHUT_WR);
	close(from_out);
	put(remote, "for nobody");
	ck_assert_int_eq(run(), RELAY_ERROR);
	ck_assert_int_eq(relay.err, EPIPE);
	ck_assert_str_eq(relay.what, "writing to the local side");
}
END_TEST

START_TEST(idle_only_when_asked)
{
	int64_t from;

	prepare(PIPES);
	relay.idle_ms = 40;
	put(to_in, "x");
	from = net_now();
	ck_assert_int_eq(run(), RELAY_IDLE);
	ck_assert(net_now() - from >= 39);
	get(remote, "x", false);
	ck_assert_int_eq(longest_wait, 40);
	ck_assert_int_eq(waits_for_ever, 0);
}
END_TEST

/* Octets that move are no silence: for the next one the whole time is waited again. */
START_TEST(traffic_is_not_idle)
{
	prepare(PIPES);
	relay.idle_ms = 40;
	time_stands_still = true;
	start();
	for (int i = 0; i < 20; i++) {
		put(i % 2 ? to_in : remote, "x");
		get(i % 2 ? remote : from_out, "x", false);
	}
	close(to_in);
	close(remote);
	ck_assert_int_eq(finish(), RELAY_OVER);
	ck_assert_int_eq(longest_wait, 40);
	ck_assert_int_eq(shortest_wait, 40);
}
END_TEST

/* --- hold: the local side comes and goes --------------------------------------------------------------------- */

START_TEST(a_held_session_outlives_its_local_sides)
{
	prepare(SOCKET);
	relay.hold = true;
	for (int i = 0; i < 3; i++) {
		start();
		put(to_in, "from here");
		get(remote, "from here", false);
		put(remote, "from there");
		get(from_out, "from there", false);
		close(to_in);
		ck_assert_int_eq(finish(), RELAY_LOCAL_LOST);
		close(relay.in);
		pair(&relay.in, &to_in);
		relay.out = relay.in;
		from_out = to_in;
	}
	start();
	close(remote);
	get(from_out, "", true);
	shutdown(to_in, SHUT_WR); /* until then the local side may still send */
	ck_assert_int_eq(finish(), RELAY_OVER);
}
END_TEST

START_TEST(what_a_local_side_did_not_take_is_for_the_next)
{
	char got[4096];
	size_t all = 0, next = 0;

	prepare(SOCKET);
	relay.hold = true;
	put(remote, "kept");
	close(to_in);
	ck_assert_int_eq(run(), RELAY_LOCAL_LOST);
	all = relay.down.n;
	close(relay.in);
	pair(&relay.in, &to_in);
	relay.out = relay.in;
	put(remote, ", and new");
	start();
	while (next < (all == 0 ? 9 : 13)) {
		ssize_t r = read(to_in, got + next, sizeof got - next);

		ck_assert_int_gt(r, 0);
		next += (size_t)r;
	}
	ck_assert(memcmp(got, all == 0 ? ", and new" : "kept, and new", next) == 0);
	close(to_in);
	ck_assert_int_eq(finish(), RELAY_LOCAL_LOST);
	ck_assert_uint_eq(all, 4);
}
END_TEST

/* --- the line "Escape character is ..." ---------------------------------------------------------------------- */

static const struct {
	const char *comes, *is_delivered;
} chatter[] = {
	{"Escape character is '^]'.\r\nSSH-2.0-x\r\n", "SSH-2.0-x\r\n"},
	{"ESCAPE CHARACTER IS none\nSSH-2.0-x\r\n", "SSH-2.0-x\r\n"},
	{"escape character is\n", ""},
	{"Escape character is '^]'.\r\nEscape character is '^]'.\r\n", "Escape character is '^]'.\r\n"},
	{"Escape character was\r\n", "Escape character was\r\n"},
	{"SSH-2.0-x\r\nEscape character is '^]'.\r\n", "SSH-2.0-x\r\nEscape character is '^]'.\r\n"},
	{"\r\nEscape character is '^]'.\r\n", "\r\nEscape character is '^]'.\r\n"},
	{"Escape character is without end", "Escape character is without end"},
	{"Esc", "Esc"},
	{"E", "E"},
	{"", ""},
};

/* At each split: the first octets are there already, or come before the others. */
START_TEST(a_line_of_chatter_is_dropped_at_every_split)
{
	const char *text = chatter[_i].comes;
	size_t n = strlen(text);

	for (size_t cut = 0; cut <= n; cut++) {
		for (int early = 0; early < 2; early++) {
			prepare(PIPES);
			relay.chatter = "Escape character is";
			if (early) {
				memcpy(down_buf, text, cut);
				relay.down.n = cut;
			} else {
				ck_assert_int_eq(write(remote, text, cut), (ssize_t)cut);
			}
			start();
			if (!early && cut > 0) {
				int left = 1;

				for (int i = 0; i < 1000 && left > 0; i++)
					ck_assert_int_eq(ioctl(relay.remote, FIONREAD, &left), 0);
			}
			ck_assert_int_eq(write(remote, text + cut, n - cut), (ssize_t)(n - cut));
			shutdown(remote, SHUT_WR);
			close(to_in);
			ck_assert_int_eq(finish(), RELAY_OVER);
			get(from_out, chatter[_i].is_delivered, true);
			close(from_out);
			close(remote);
			close(relay.in);
			close(relay.remote);
		}
	}
}
END_TEST

/* What cannot be the line is delivered at once, not when the moment is over. */
START_TEST(no_chatter_is_not_kept_at_all)
{
	static const char *const text[] = {
		"SSH-2.0-x", "Escape character w", "\r", "Escape character is '^]'.\r\nS"};
	static const char *const want[] = {"SSH-2.0-x", "Escape character w", "\r", "S"};

	prepare(PIPES);
	relay.chatter = "Escape character is";
	time_stands_still = true;
	start();
	put(remote, text[_i]);
	get(from_out, want[_i], false);
	close(to_in);
	close(remote);
	ck_assert_int_eq(finish(), RELAY_OVER);
}
END_TEST

/* A first line that stays unfinished is delivered as it is after a moment, here made short. */
START_TEST(unfinished_chatter_is_not_kept_for_ever)
{
	prepare(PIPES);
	hurried = true;
	relay.chatter = "Escape character is";
	start();
	put(remote, "Escape cha");
	get(from_out, "Escape cha", false);
	put(remote, "racter is '^]'.\r\n");
	get(from_out, "racter is '^]'.\r\n", false);
	close(to_in);
	close(remote);
	ck_assert_int_eq(finish(), RELAY_OVER);
	ck_assert(longest_wait > 60 && longest_wait <= 5000);
}
END_TEST

START_TEST(chatter_longer_than_the_buffer)
{
	static char text[sizeof down_buf + 100];

	prepare(PIPES);
	relay.chatter = "Escape character is";
	memset(text, 'x', sizeof text - 1);
	memcpy(text, "Escape character is", 19);
	put(remote, text);
	shutdown(remote, SHUT_WR);
	close(to_in);
	ck_assert_int_eq(run(), RELAY_OVER);
	ck_assert_uint_eq(received, by_kernel ? 0 : sizeof text - 1);
	for (size_t n = 0; n < sizeof text - 1;) {
		char buf[1000];
		ssize_t r = read(from_out, buf, sizeof buf);

		ck_assert_int_gt(r, 0);
		ck_assert(memcmp(buf, text + n, (size_t)r) == 0);
		n += (size_t)r;
	}
}
END_TEST

START_TEST(chatter_behind_what_was_there)
{
	prepare(PIPES);
	relay.chatter = "Escape character is";
	memcpy(down_buf, "xxEscape c", 10);
	relay.down.at = 2;
	relay.down.n = 8;
	put(remote, "haracter is none\r\nSSH-2.0-x");
	close(to_in);
	shutdown(remote, SHUT_WR);
	ck_assert_int_eq(run(), RELAY_OVER);
	get(from_out, "SSH-2.0-x", true);
}
END_TEST

START_TEST(a_reset_in_the_middle_of_chatter)
{
	int left = 1;

	prepare(PIPES);
	relay.chatter = "Escape character is";
	time_stands_still = true;
	put(relay.remote, "unread");
	put(remote, "Escape cha");
	start();
	while (left > 0)
		ck_assert_int_eq(ioctl(relay.remote, FIONREAD, &left), 0);
	close(remote);
	ck_assert_int_eq(finish(), RELAY_ERROR);
	get(from_out, "Escape cha", true);
	ck_assert_int_eq(relay.err, ECONNRESET);
	ck_assert_str_eq(relay.what, "receiving from the remote side");
}
END_TEST

/* --- what the system may do --------------------------------------------------------------------------------------- */

static void
nothing(int sig)
{
	(void)sig;
}

START_TEST(a_signal_that_is_caught_ends_no_wait)
{
	struct sigaction sa = {.sa_handler = nothing};
	int before;

	sigaction(SIGUSR1, &sa, NULL);
	prepare(PIPES);
	start();
	put(to_in, "before");
	get(remote, "before", false);
	before = __atomic_load_n(&waits_for_ever, __ATOMIC_RELAXED);
	while (__atomic_load_n(&waits_for_ever, __ATOMIC_RELAXED) < before + 2) /* it waits again and again */
		ck_assert_int_eq(pthread_kill(relaying, SIGUSR1), 0);
	put(to_in, "behind");
	get(remote, "behind", false);
	close(to_in);
	close(remote);
	ck_assert_int_eq(finish(), RELAY_OVER);
}
END_TEST

START_TEST(an_input_that_cannot_be_read)
{
	prepare(PIPES);
	close(relay.in);
	relay.in = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(remote, "comes all the same");
	shutdown(remote, SHUT_WR);
	ck_assert_int_eq(run(), RELAY_ERROR);
	get(from_out, "comes all the same", true);
	get(remote, "", true);
	ck_assert_int_eq(relay.err, EISDIR);
	ck_assert_str_eq(relay.what, "reading the local side");
}
END_TEST

static void
fill(TCase *tc)
{
	tcase_add_loop_test(tc, both_ways_in_order, PIPES, KINDS);
	tcase_add_loop_test(tc, local_end_first_and_the_answer_still_comes, PIPES, KINDS);
	tcase_add_loop_test(tc, remote_end_first_and_what_is_sent_still_goes, PIPES, KINDS);
	tcase_add_test(tc, no_half_close_keeps_the_sending_side_open);
	tcase_add_test(tc, early_octets_come_first);
	tcase_add_test(tc, early_octets_and_nothing_more);
	tcase_add_loop_test(tc, both_ends_write_before_they_read, PIPES, KINDS);
	tcase_add_test(tc, an_output_that_is_non_blocking_already);
	tcase_add_loop_test(tc, a_full_output, NOWAIT, PIPES_KINDS);
	tcase_add_loop_test(tc, each_kind_of_pipe_takes_all, NOWAIT, PIPES_KINDS);
	tcase_add_test(tc, a_shared_output_stays_blocking);
	tcase_add_test(tc, a_regular_file_as_input_and_output);
	tcase_add_test(tc, a_send_error_loses_nothing_that_came);
	tcase_add_test(tc, a_reset_is_an_error);
	tcase_add_test(tc, nobody_reads_what_comes);
	tcase_add_test(tc, nobody_is_left);
	tcase_add_test(tc, nobody_is_left_for_what_came);
	tcase_add_test(tc, idle_only_when_asked);
	tcase_add_test(tc, traffic_is_not_idle);
	tcase_add_test(tc, a_held_session_outlives_its_local_sides);
	tcase_add_test(tc, what_a_local_side_did_not_take_is_for_the_next);
	LOOP(tc, a_line_of_chatter_is_dropped_at_every_split, chatter);
	tcase_add_loop_test(tc, no_chatter_is_not_kept_at_all, 0, 4);
	tcase_add_test(tc, unfinished_chatter_is_not_kept_for_ever);
	tcase_add_test(tc, chatter_longer_than_the_buffer);
	tcase_add_test(tc, chatter_behind_what_was_there);
	tcase_add_test(tc, a_reset_in_the_middle_of_chatter);
	tcase_add_test(tc, a_signal_that_is_caught_ends_no_wait);
	tcase_add_test(tc, an_input_that_cannot_be_read);
}

int
main(void)
{
	int failed;

	seen = true;
	failed = unit_run("base relay, through our buffers", fill);
	by_kernel = true;
	return unit_run("base relay, by the kernel", fill) | failed;
}
