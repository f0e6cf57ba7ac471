/* SPDX-License-Identifier: ISC
 * base_splice.c - bulk that the kernel moves for the relay: when, what it needs, and what happens when it cannot.
 * One thing to know: see lib/relaying.h for the stage; here a flow is bulk when it is in the programs, too. */
#include <dirent.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "lib/relaying.h"

static void
much_both_ways(void)
{
	pthread_t a, b;
	void *why;

	ck_assert_int_eq(pthread_create(&a, NULL, write_much, &to_in), 0);
	ck_assert_int_eq(pthread_create(&b, NULL, write_much, &remote), 0);
	ck_assert_ptr_null(read_much(from_out, 30000));
	ck_assert_ptr_null(read_much(remote, 30000));
	ck_assert_int_eq(pthread_join(a, &why), 0);
	ck_assert_ptr_null(why);
	ck_assert_int_eq(pthread_join(b, &why), 0);
	ck_assert_ptr_null(why);
}

static void
much_down(void)
{
	pthread_t b;
	void *why;

	ck_assert_int_eq(pthread_create(&b, NULL, write_much, &remote), 0);
	ck_assert_ptr_null(read_much(from_out, 30000));
	ck_assert_int_eq(pthread_join(b, &why), 0);
	ck_assert_ptr_null(why);
}

static void
end_both(enum local kind)
{
	end_local(kind);
	get(remote, "", true);
	close(remote);
	get(from_out, "", true);
	ck_assert_int_eq(finish(), RELAY_OVER);
}

static int
open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

START_TEST(what_is_typed_goes_the_plain_way)
{
	prepare((enum local)_i);
	start();
	for (int i = 0; i < 20; i++) {
		put(to_in, "to the remote side");
		get(remote, "to the remote side", false);
		put(remote, "and back");
		get(from_out, "and back", false);
	}
	if (_i == PIPES) {
		ck_assert_int_eq(fcntl(to_in, F_GETPIPE_SZ), 65536);
		ck_assert_int_eq(fcntl(from_out, F_GETPIPE_SZ), 65536);
	}
	end_both((enum local)_i);
	ck_assert_int_eq(splices, 0);
}
END_TEST

START_TEST(bulk_is_left_to_the_kernel)
{
	prepare((enum local)_i);
	start();
	much_both_ways();
	if (_i == PIPES) { /* less than what was asked for is all right, it depends on the system's limits */
		ck_assert_int_gt(fcntl(to_in, F_GETPIPE_SZ), 65536);
		ck_assert_int_gt(fcntl(from_out, F_GETPIPE_SZ), 65536);
	}
	end_both((enum local)_i);
	ck_assert_int_gt(splices, 1);
}
END_TEST

START_TEST(small_octets_after_bulk_and_bulk_once_more)
{
	prepare((enum local)_i);
	start();
	for (int i = 0; i < 3; i++) {
		int before;

		much_both_ways();
		put(remote, "the last that is spliced");
		get(from_out, "the last that is spliced", false);
		put(to_in, "this way, too");
		get(remote, "this way, too", false);
		before = splices;
		for (int k = 0; k < 5; k++) {
			put(remote, "small");
			get(from_out, "small", false);
			put(to_in, "small");
			get(remote, "small", false);
		}
		ck_assert_int_eq(splices, before);
	}
	end_both((enum local)_i);
}
END_TEST

START_TEST(not_when_somebody_wants_to_see_it)
{
	prepare(PIPES);
	relay.plain = _i == 0;
	relay.hold = _i == 1;
	relay.event = _i == 2 ? on_event : NULL;
	start();
	much_both_ways();
	close(to_in);
	if (_i != 1)
		close(remote);
	ck_assert_int_eq(finish(), _i == 1 ? RELAY_LOCAL_LOST : RELAY_OVER);
	ck_assert_int_eq(splices, 0);
}
END_TEST

/* A wait inside the kernel would hold up the other direction. */
START_TEST(not_with_a_tcp_socket_that_blocks)
{
	prepare(TCP);
	ck_assert_int_eq(net_nonblock(relay.in, false), 0);
	start();
	much_both_ways();
	end_both(TCP);
	ck_assert_int_eq(splices, 0);
}
END_TEST

START_TEST(not_from_a_unix_socket_to_a_socket)
{
	prepare(SOCKET);
	ck_assert_int_eq(net_nonblock(relay.in, true), 0);
	close(relay.remote);
	close(remote);
	pair(&relay.remote, &remote);
	ck_assert_int_eq(net_nonblock(relay.remote, true), 0);
	start();
	much_both_ways();
	end_both(SOCKET);
	ck_assert_int_eq(splices, 0);
}
END_TEST

START_TEST(a_pipe_that_was_made_small_stays_small)
{
	int out;

	prepare(PIPES);
	ck_assert_int_eq(fcntl(to_in, F_SETPIPE_SZ, 4096), 4096);
	ck_assert_int_eq(fcntl(relay.out, F_SETPIPE_SZ, 4096), 4096);
	out = dup(from_out);
	start();
	much_down();
	ck_assert_int_eq(fcntl(to_in, F_GETPIPE_SZ), 4096);
	ck_assert_int_eq(fcntl(out, F_GETPIPE_SZ), 4096);
	end_both(PIPES);
}
END_TEST

START_TEST(our_own_pipes_are_closed)
{
	int before;

	prepare(TCP);
	before = open_descriptors();
	start();
	much_both_ways();
	ck_assert_int_eq(open_descriptors(), before + 4);
	shutdown(to_in, SHUT_WR);
	get(remote, "", true);
	shutdown(remote, SHUT_WR);
	get(from_out, "", true);
	ck_assert_int_eq(finish(), RELAY_OVER);
	ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

/* A kernel that does not do it, or a filter of system calls: at any moment, and nothing is lost. */
START_TEST(a_splice_that_is_refused)
{
	static const int why[] = {EINVAL, ENOSYS, EPERM};

	for (refuse_from = 1; refuse_from < 8; refuse_from++) {
		refuse_with = why[refuse_from % 3];
		splices = 0;
		prepare((enum local)_i);
		start();
		much_both_ways();
		end_both((enum local)_i);
		ck_assert_int_le(splices, refuse_from + 1); /* each direction asks once more at most */
		close(relay.in);
		close(relay.remote);
		if (from_out != to_in)
			close(from_out);
	}
}
END_TEST

START_TEST(a_splice_that_finds_nothing)
{
	for (eagain_at = 1; eagain_at < 8; eagain_at++) {
		splices = 0;
		prepare((enum local)_i);
		start();
		much_both_ways();
		end_both((enum local)_i);
		ck_assert_int_ge(splices, eagain_at);
		close(relay.in);
		close(relay.remote);
		if (from_out != to_in)
			close(from_out);
	}
}
END_TEST

static const char *
fill_up(int fd)
{
	static uint8_t some[100000];
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	ssize_t r;

	/* until it has been full for a moment: what is between takes no more */
	while (poll(&p, 1, 200) == 1) {
		r = send(fd, some, sizeof some, MSG_DONTWAIT);
		if (r < 0 && errno != EAGAIN)
			return "a write failed";
	}
	return NULL;
}

/* Nobody reads what comes: what is sent still goes, and nothing spins meanwhile. */
START_TEST(a_direction_that_is_full_holds_up_nothing)
{
	int before;

	prepare((enum local)_i);
	start();
	ck_assert_ptr_null(fill_up(remote));
	ck_assert_int_gt(splices, 0);
	before = waits_for_ever;
	for (int i = 0; i < 20; i++) {
		put(to_in, "to the remote side");
		get(remote, "to the remote side", false);
	}
	ck_assert_int_le(waits_for_ever - before, 50);
	end_local((enum local)_i);
	get(remote, "", true);
	if (_i == PIPES)
		close(from_out);
	else
		close(to_in);
	ck_assert_int_eq(finish(), RELAY_ERROR);
	ck_assert_str_eq(relay.what, _i == TCP ? relay.what : "writing to the local side");
}
END_TEST

START_TEST(the_reader_goes_away_in_the_middle_of_bulk)
{
	prepare((enum local)_i);
	start();
	ck_assert_ptr_null(fill_up(remote));
	put(to_in, "still goes");
	get(remote, "still goes", false);
	if (_i == PIPES)
		close(from_out);
	else
		shutdown(to_in, SHUT_RD);
	put(remote, "for nobody");
	end_local((enum local)_i);
	get(remote, "", true);
	close(remote);
	ends_broken(EPIPE, "writing to the local side");
}
END_TEST

/* No splice gets past an urgent octet, though there is always something to read. */
START_TEST(an_urgent_octet_in_bulk)
{
	prepare_tcp((enum local)_i);
	start();
	much_down();
	ck_assert_int_gt(splices, 0);
	ck_assert_int_eq(send(remote, "!", 1, MSG_OOB), 1);
	much_down();
	put(remote, "after it");
	get(from_out, "after it", false);
	end_both((enum local)_i);
}
END_TEST

/* The kernel calls it the end. */
START_TEST(an_urgent_octet_with_the_end_behind_it)
{
	static const char
		text[sizeof down_buf + 6000]; /* more than the first read, and all of it fits the window */
	char got[4096];
	size_t n = 0;
	ssize_t r;
	int there = 0;

	prepare_tcp((enum local)_i);
	ck_assert_int_eq(write(remote, text, sizeof text), sizeof text);
	ck_assert_int_eq(send(remote, "!", 1, MSG_OOB), 1);
	ck_assert_int_eq(write(remote, text, 4000), 4000);
	shutdown(remote, SHUT_WR);
	while (ioctl(remote, SIOCOUTQ, &there) == 0 && there > 0)
		continue;
	start();
	while ((r = read(from_out, got, sizeof got)) > 0)
		n += (size_t)r;
	ck_assert_uint_eq(n, sizeof text + 4000);
	end_local((enum local)_i);
	ck_assert_int_eq(finish(), RELAY_OVER);
	ck_assert_int_gt(splices, 0);
}
END_TEST

START_TEST(a_reset_in_bulk)
{
	prepare_tcp((enum local)_i);
	start();
	much_down();
	ck_assert_int_gt(splices, 0);
	net_reset(remote);
	ends_broken(ECONNRESET, "receiving from the remote side");
	get(from_out, "", true);
}
END_TEST

static void
fill(TCase *tc)
{
	tcase_add_loop_test(tc, what_is_typed_goes_the_plain_way, PIPES, KINDS);
	tcase_add_loop_test(tc, bulk_is_left_to_the_kernel, PIPES, KINDS);
	tcase_add_loop_test(tc, small_octets_after_bulk_and_bulk_once_more, PIPES, KINDS);
	tcase_add_loop_test(tc, not_when_somebody_wants_to_see_it, 0, 3);
	tcase_add_test(tc, not_with_a_tcp_socket_that_blocks);
	tcase_add_test(tc, not_from_a_unix_socket_to_a_socket);
	tcase_add_test(tc, a_pipe_that_was_made_small_stays_small);
	tcase_add_test(tc, our_own_pipes_are_closed);
	tcase_add_loop_test(tc, a_splice_that_is_refused, PIPES, KINDS);
	tcase_add_loop_test(tc, a_splice_that_finds_nothing, PIPES, KINDS);
	tcase_add_loop_test(tc, a_direction_that_is_full_holds_up_nothing, PIPES, KINDS);
	tcase_add_loop_test(tc, the_reader_goes_away_in_the_middle_of_bulk, PIPES, SOCKET + 1);
	tcase_add_loop_test(tc, an_urgent_octet_in_bulk, PIPES, KINDS);
	tcase_add_loop_test(tc, an_urgent_octet_with_the_end_behind_it, PIPES, KINDS);
	tcase_add_loop_test(tc, a_reset_in_bulk, PIPES, KINDS);
}

int
main(void)
{
	return unit_run("base splice", fill);
}
