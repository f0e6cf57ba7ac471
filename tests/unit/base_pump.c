/* SPDX-License-Identifier: ISC
 * base_pump.c - the pump drives a peer over a socket pair.
 * One thing to know: the peer here is a script; what it is shown and when is what the tests look at. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/unit.h"
#include "net.h"
#include "pump.h"

/* Says hello, then takes lines: "more", "ask", "open", "fail", "redial", "say", "wait", "flood". */
struct script {
	struct peer peer;
	unsigned steps, waits;
	bool started, saw_eof, told;
	size_t most; /* octets seen at once */
};

static enum peer_want
take_line(struct script *s, struct span *in, struct obuf *out)
{
	const uint8_t *lf = in->n > 0 ? memchr(in->p, '\n', in->n) : NULL;
	static const char big[5000];
	char c;

	if (lf == NULL)
		return PEER_MORE;
	c = (char)in->p[0];
	span_eat(in, (size_t)(lf - in->p) + 1);
	switch (c) {
	case 'a':
		return PEER_ASK;
	case 'o':
		return PEER_OPEN;
	case 'r':
		return PEER_REDIAL;
	case 'f':
		s->peer.fail.why = FAIL_REFUSED;
		s->peer.fail.code = 7;
		s->peer.fail.text = "told so";
		ob_str(out, "bye\n");
		return PEER_FAIL;
	case 's':
		ob_str(out, "said\n");
		return take_line(s, in, out);
	case 'b':
		ob_put(out, big, sizeof big);
		return PEER_MORE;
	case 'w':
		s->peer.wait_ms = 20;
		return PEER_WAIT;
	default:
		return take_line(s, in, out);
	}
}

static enum peer_want
script_step(struct peer *p, struct span *in, bool eof, struct obuf *out)
{
	struct script *s = (struct script *)p;

	s->steps++;
	s->saw_eof |= eof;
	if (in->n > s->most)
		s->most = in->n;
	if (!s->started) {
		s->started = true;
		ob_str(out, "hello\n");
	}
	if (p->waited) {
		s->waits++;
		ob_str(out, "quiet\n");
	}
	return take_line(s, in, out);
}

static struct script script;
static struct pump pump;
static uint8_t window[64];
static int far_end;

static void
begin(void)
{
	int s[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s), 0);
	script = (struct script){.peer = {.step = script_step, .at = "line", .fail = {.code = -1}}};
	pump = (struct pump){.fd = s[0], .win = window, .cap = sizeof window, .deadline = net_now() + 10000};
	far_end = s[1];
}

static void
say(const char *text)
{
	ck_assert_int_eq(write(far_end, text, strlen(text)), (ssize_t)strlen(text));
}

static void
heard(const char *want)
{
	char buf[256];
	ssize_t n = read(far_end, buf, sizeof buf - 1);

	buf[n > 0 ? n : 0] = '\0';
	ck_assert_str_eq(buf, want);
}

static void
run(enum pump_end end, enum peer_want want)
{
	ck_assert_int_eq(pump_run(&pump, &script.peer), end);
	if (end == PUMP_WANT)
		ck_assert_int_eq(pump.want, want);
}

START_TEST(first_step_speaks_and_the_tunnel_stays_in_the_window)
{
	begin();
	say("more\nsay\nopen\nthe tunnel\n");
	run(PUMP_WANT, PEER_OPEN);
	heard("hello\nsaid\n");
	ck_assert_uint_eq(pump.have, 11);
	ck_assert(memcmp(window, "the tunnel\n", 11) == 0);
	ck_assert(!pump.eof);
}
END_TEST

START_TEST(nothing_is_read_beyond_the_window)
{
	char rest[64];

	begin();
	say("open\n0123456789012345678901234567890123456789012345678901234567890123456789");
	run(PUMP_WANT, PEER_OPEN);
	ck_assert_uint_eq(pump.have, 59);
	ck_assert_int_eq(read(pump.fd, rest, sizeof rest), 11);
	ck_assert(memcmp(rest, "90123456789", 11) == 0);
}
END_TEST

START_TEST(asked_and_answered_it_goes_on_without_new_input)
{
	begin();
	say("ask\nopen\nx");
	run(PUMP_WANT, PEER_ASK);
	ck_assert_uint_eq(pump.have, 6);
	run(PUMP_WANT, PEER_OPEN);
	ck_assert_uint_eq(pump.have, 1);
}
END_TEST

START_TEST(what_a_failing_peer_says_is_sent)
{
	begin();
	say("fail\n");
	run(PUMP_WANT, PEER_FAIL);
	heard("hello\nbye\n");
	ck_assert_int_eq(script.peer.fail.why, FAIL_REFUSED);
	ck_assert_int_eq(script.peer.fail.code, 7);
}
END_TEST

START_TEST(dialling_again_forgets_the_rest)
{
	int s[2];

	begin();
	say("redial\nrest of the old connection");
	run(PUMP_WANT, PEER_REDIAL);
	close(pump.fd);
	close(far_end);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s), 0);
	pump.eof = pump.unsent = true;
	pump.err = EPIPE;
	pump_renew(&pump, s[0]);
	far_end = s[1];
	ck_assert(pump.have == 0 && !pump.eof && !pump.unsent && pump.err == 0);
	say("open\n");
	run(PUMP_WANT, PEER_OPEN);
	ck_assert_uint_eq(pump.have, 0);
}
END_TEST

START_TEST(the_end_of_input_fails_the_peer)
{
	begin();
	say("more\nhalf a li");
	ck_assert_int_eq(shutdown(far_end, SHUT_WR), 0);
	run(PUMP_WANT, PEER_FAIL);
	ck_assert(script.saw_eof && pump.eof);
	ck_assert_int_eq(script.peer.fail.why, FAIL_EOF);
	ck_assert_int_eq(script.peer.fail.code, -1);
	ck_assert_ptr_nonnull(script.peer.fail.text);
	ck_assert_int_eq(pump.err, 0);
}
END_TEST

START_TEST(what_came_before_the_end_is_still_taken)
{
	begin();
	say("open\nx");
	close(far_end); /* the hello cannot be sent any more */
	run(PUMP_WANT, PEER_OPEN);
	ck_assert(pump.unsent);
	ck_assert_uint_eq(pump.have, 1);
}
END_TEST

/* Closing a Unix socket with unread octets resets it, as TCP does. */
START_TEST(a_reset_is_an_end_with_a_reason)
{
	begin();
	ck_assert_int_eq(write(pump.fd, "x", 1), 1);
	say("more\n");
	close(far_end);
	run(PUMP_WANT, PEER_FAIL);
	ck_assert_int_eq(script.peer.fail.why, FAIL_EOF);
	ck_assert(pump.err == ECONNRESET || pump.err == EPIPE);
}
END_TEST

START_TEST(a_full_window_without_a_message_is_too_long)
{
	char text[80];

	begin();
	memset(text, 'x', sizeof text);
	ck_assert_int_eq(write(far_end, text, sizeof text), 80);
	run(PUMP_WANT, PEER_FAIL);
	ck_assert_int_eq(script.peer.fail.why, FAIL_PROTOCOL);
	ck_assert_str_eq(script.peer.fail.text, "message too long");
	ck_assert_uint_eq(script.most, sizeof window);
}
END_TEST

START_TEST(a_message_that_just_fills_the_window)
{
	char text[sizeof window + 1];

	begin();
	memset(text, 'o', sizeof text);
	text[sizeof window - 1] = '\n';
	ck_assert_int_eq(write(far_end, text, sizeof text), (ssize_t)sizeof text);
	run(PUMP_WANT, PEER_OPEN);
	ck_assert_uint_eq(pump.have, 0);
}
END_TEST

START_TEST(what_is_too_long_to_be_sent_is_not_sent_in_part)
{
	begin();
	say("big\n");
	run(PUMP_WANT, PEER_FAIL);
	ck_assert_int_eq(script.peer.fail.why, FAIL_INPUT);
	heard("hello\n");
}
END_TEST

START_TEST(silence_has_a_limit)
{
	int64_t from = net_now();

	begin();
	pump.silence_ms = 40;
	run(PUMP_TIMEOUT, PEER_MORE);
	ck_assert(net_now() - from >= 39 && net_now() - from < 2000);
	heard("hello\n");
}
END_TEST

START_TEST(the_deadline_counts_before_the_silence)
{
	int64_t from = net_now();

	begin();
	pump.silence_ms = 5000;
	pump.deadline = from + 30;
	run(PUMP_TIMEOUT, PEER_MORE);
	ck_assert(net_now() - from >= 29 && net_now() - from < 2000);
}
END_TEST

START_TEST(a_deadline_that_has_passed)
{
	begin();
	pump.deadline = net_now() - 1;
	run(PUMP_TIMEOUT, PEER_MORE);
}
END_TEST

START_TEST(a_pause_that_the_peer_asked_for)
{
	begin();
	say("wait\n");
	script.started = true;
	/* After the pause the script says "quiet" and wants more; then the deadline comes. */
	pump.silence_ms = 30;
	run(PUMP_TIMEOUT, PEER_MORE);
	ck_assert_uint_eq(script.waits, 1);
	heard("quiet\n");
}
END_TEST

static void
speak_after_the_pause(void *ctx, struct peer *p)
{
	(void)ctx;
	(void)p;
	if (script.waits == 1 && !script.told)
		say("more\nopen\n");
	script.told |= script.waits == 1;
}

START_TEST(a_pause_is_over_when_input_comes)
{
	begin();
	say("wait\n");
	if (_i == 1)
		pump.deadline = 0; /* none */
	pump.told = speak_after_the_pause;
	run(PUMP_WANT, PEER_OPEN);
	ck_assert_uint_eq(script.waits, 1);
	heard("hello\nquiet\n");
}
END_TEST

/* A reader that is slow to take what is sent holds up no more than the deadline. */
START_TEST(sending_has_the_deadline_too)
{
	static const char junk[4096];

	begin();
	while (write(pump.fd, junk, sizeof junk) > 0)
		;
	pump.silence_ms = 30;
	run(PUMP_TIMEOUT, PEER_MORE);
}
END_TEST

/* With peek: what is not the handshake's is still in the socket. */
static void
in_the_socket(const char *want)
{
	char buf[256];
	ssize_t n = read(pump.fd, buf, sizeof buf - 1);

	buf[n > 0 ? n : 0] = '\0';
	ck_assert_str_eq(buf, want);
}

START_TEST(what_follows_the_handshake_is_left_in_the_socket)
{
	begin();
	pump.peek = true;
	say("more\nsay\nopen\nthe tunnel\n");
	run(PUMP_WANT, PEER_OPEN);
	heard("hello\nsaid\n");
	ck_assert_uint_eq(pump.have, pump.peeked);
	in_the_socket("the tunnel\n");
}
END_TEST

static unsigned steps_at_most;

static void
speak_in_parts(void *ctx, struct peer *p)
{
	static const char *const part[] = {"mo", "re\nop", "en\nTUN", NULL};
	size_t *n = ctx;

	(void)p;
	ck_assert_uint_le(script.steps, steps_at_most);
	if (part[*n] != NULL)
		say(part[(*n)++]);
}

/* The beginning of a message is taken from the socket at once: the wait for its end must not be over before it came. */
START_TEST(half_a_message_does_not_wake_it_again)
{
	size_t n = 0;

	begin();
	pump.peek = true;
	pump.told = speak_in_parts;
	pump.ctx = &n;
	steps_at_most = 4;
	run(PUMP_WANT, PEER_OPEN);
	ck_assert_uint_eq(script.steps, 4);
	ck_assert_uint_eq(pump.have, 3);
	in_the_socket("TUN");
}
END_TEST

/* What came with the message that asks for a password may be more than the handshake: it is not taken yet. */
START_TEST(asked_it_leaves_the_rest_in_the_socket)
{
	begin();
	pump.peek = true;
	say("ask\nmore\nopen\nTUNNEL");
	run(PUMP_WANT, PEER_ASK);
	ck_assert_uint_eq(pump.peeked, 16);
	run(PUMP_WANT, PEER_OPEN);
	ck_assert_uint_eq(pump.have, 6);
	in_the_socket("TUNNEL");
}
END_TEST

START_TEST(a_failure_and_the_end_while_looking)
{
	begin();
	pump.peek = true;
	say(_i == 0 ? "fail\nrest" : "more\nhalf");
	if (_i == 1)
		ck_assert_int_eq(shutdown(far_end, SHUT_WR), 0);
	run(PUMP_WANT, PEER_FAIL);
	ck_assert_int_eq(script.peer.fail.why, _i == 0 ? FAIL_REFUSED : FAIL_EOF);
}
END_TEST

START_TEST(silence_has_a_limit_while_looking)
{
	begin();
	pump.peek = true;
	pump.silence_ms = 30;
	say("more\nhalf a li");
	run(PUMP_TIMEOUT, PEER_MORE);
	ck_assert_uint_eq(script.steps, 2);
}
END_TEST

static unsigned told;

static void
on_told(void *ctx, struct peer *p)
{
	ck_assert_ptr_eq(ctx, &told);
	ck_assert_ptr_eq(p, &script.peer);
	told++;
}

START_TEST(each_step_is_told)
{
	begin();
	pump.told = on_told;
	pump.ctx = &told;
	say("open\n");
	run(PUMP_WANT, PEER_OPEN);
	ck_assert_uint_eq(told, script.steps);
	ck_assert_uint_ge(told, 2);
}
END_TEST

static void
fill(TCase *tc)
{
	tcase_add_test(tc, first_step_speaks_and_the_tunnel_stays_in_the_window);
	tcase_add_test(tc, nothing_is_read_beyond_the_window);
	tcase_add_test(tc, asked_and_answered_it_goes_on_without_new_input);
	tcase_add_test(tc, what_a_failing_peer_says_is_sent);
	tcase_add_test(tc, dialling_again_forgets_the_rest);
	tcase_add_test(tc, the_end_of_input_fails_the_peer);
	tcase_add_test(tc, what_came_before_the_end_is_still_taken);
	tcase_add_test(tc, a_reset_is_an_end_with_a_reason);
	tcase_add_test(tc, a_full_window_without_a_message_is_too_long);
	tcase_add_test(tc, a_message_that_just_fills_the_window);
	tcase_add_test(tc, what_is_too_long_to_be_sent_is_not_sent_in_part);
	tcase_add_test(tc, silence_has_a_limit);
	tcase_add_test(tc, the_deadline_counts_before_the_silence);
	tcase_add_test(tc, a_deadline_that_has_passed);
	tcase_add_test(tc, a_pause_that_the_peer_asked_for);
	tcase_add_loop_test(tc, a_pause_is_over_when_input_comes, 0, 2);
	tcase_add_test(tc, sending_has_the_deadline_too);
	tcase_add_test(tc, what_follows_the_handshake_is_left_in_the_socket);
	tcase_add_test(tc, half_a_message_does_not_wake_it_again);
	tcase_add_test(tc, asked_it_leaves_the_rest_in_the_socket);
	tcase_add_loop_test(tc, a_failure_and_the_end_while_looking, 0, 2);
	tcase_add_test(tc, silence_has_a_limit_while_looking);
	tcase_add_test(tc, each_step_is_told);
}

int
main(void)
{
	return unit_run("base pump", fill);
}
