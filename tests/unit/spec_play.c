/* SPDX-License-Identifier: ISC
 * spec_play.c - the player over real sockets: a small SOCKS4 server and a small SOCKS4 client with one fault each are
 * tested by traces, and the verdicts are what the fault deserves.
 * One thing to know: the client under test is this program itself, started with "client FAULT HOST PORT", under the
 * program that UNIT_EMULATOR names where the kernel cannot start it. */
#include "run.h"
#include "self.h"
#include "lib/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECT \
	"case: t/case\ntests: both\nneeds: socks4\ngiven: host=127.0.0.1 port=7007 user=alice\n\n" \
	"C> VN:u8=4 CD:u8=1 DSTPORT:u16=$port DSTIP:ip4=$host USERID:strz=\"$user\"\n" \
	"T: accept\n" \
	"P> VN:u8=0[SHOULD] CD:u8=90 DSTPORT:u16=*~0 DSTIP:ip4=*~0.0.0.0\n" \
	"C>> \"ping\\n\"\nT>> \"pong\\n\"\nT: fin\nP: close\nC: eof\nC: exit 0\n"

static struct px_arena *arena;
static pid_t server;
static struct px_subject sub;

static struct px_case *
parse(const char *text)
{
	struct px_errors errs;
	struct px_case *c;

	px_errors_init(&errs, arena);
	c = px_parse(arena, "t.pxt", span_str(px_dup(arena, text, strlen(text))), &errs);
	if (c == NULL)
		ck_abort_msg("%s", errs.first->text);
	return c;
}

enum fault {
	NONE,
	VN4,
	REFUSE,
	SHORT,
	SILENT,
	GARBLE,
	DIE,
	RESET,
	STAYS,
	SECOND,
	ONE_READ,
	LOSES,
	KEEPS,
	COUNTS
};

static volatile int *within; /* how many requests are being looked at: COUNTS */

static bool
get(int fd, void *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t r = recv(fd, (char *)p + at, n - at, 0);

		if (r <= 0)
			return false;
		at += (size_t)r;
	}
	return true;
}

/* Move octets both ways until one side ends; both are closed then. */
static void
relay(int a, int b, enum fault f)
{
	struct pollfd p[2] = {{a, POLLIN, 0}, {b, POLLIN, 0}};

	while (poll(p, 2, 20000) > 0)
		for (int i = 0; i < 2; i++) {
			char room[512];
			ssize_t n;

			if (p[i].revents == 0)
				continue;
			n = recv(p[i].fd, room, sizeof room, 0);
			if (n <= 0)
				return;
			if (f == GARBLE)
				room[0] ^= 1;
			send(p[1 - i].fd, room, (size_t)n, MSG_NOSIGNAL);
		}
}

/* How many segments with octets came; -1: that is not told, because the kernel is old or an emulator hands on a part of
 * the answer only. */
static long
segments(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof info;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ||
		len < offsetof(struct tcp_info, tcpi_data_segs_in) + sizeof info.tcpi_data_segs_in)
		return -1;
	return (long)info.tcpi_data_segs_in;
}

/* One connection: the request, the target, the reply of SOCKS4.protocol section 1. */
static void
talk(int fd, int lfd, enum fault f)
{
	unsigned char q[9], reply[8] = {0, 90, 0, 0, 0, 0, 0, 0};
	struct sockaddr_in to = {.sin_family = AF_INET};
	int t = socket(AF_INET, SOCK_STREAM, 0);
	char c = 1;

	if (f == ONE_READ) { /* takes the first segment for the whole request */
		char all[200];
		ssize_t n = recv(fd, all, sizeof all, 0);

		/* two that were there before the first look are two all the same */
		if (n < 9 || segments(fd) > 1)
			return;
		memcpy(q, all, 8);
	} else {
		if (!get(fd, q, 8))
			return;
		while (c != 0)
			if (!get(fd, &c, 1))
				return;
	}
	if (q[1] != 1 && f == DIE) {
		close(lfd);
		_exit(0);
	}
	memcpy(&to.sin_port, q + 2, 2);
	memcpy(&to.sin_addr, q + 4, 4);
	reply[0] = f == VN4 ? 4 : 0;
	if (f == SILENT)
		pause();
	if (f == REFUSE || f == STAYS || q[1] != 1 || connect(t, (struct sockaddr *)&to, sizeof to) < 0)
		reply[1] = 91;
	if (f == RESET) {
		net_reset(fd);
		_exit(0);
	}
	if (f == LOSES) { /* what came with the request is forgotten */
		char room[100];

		poll(NULL, 0, 20);
		recv(fd, room, sizeof room, MSG_DONTWAIT);
	}
	if (f == COUNTS) { /* turns away who is not the only one */
		__sync_fetch_and_add(within, 1);
		poll(NULL, 0, 50);
		reply[1] = *within > 1 ? 91 : 90;
		__sync_fetch_and_sub(within, 1);
	}
	send(fd, reply, f == SHORT ? 3 : 8, MSG_NOSIGNAL);
	if (f == STAYS)
		pause();
	if (f == KEEPS || f == LOSES) { /* the target is this server itself: "more" is answered */
		char room[4];

		if (get(fd, room, 4) && memcmp(room, "more", 4) == 0)
			send(fd, "less", 4, MSG_NOSIGNAL);
		return;
	}
	if (reply[1] == 90 && f != SHORT)
		relay(fd, t, f);
}

static void
serve(int lfd, enum fault f)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails does not get to its teardown */
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int fd = accept(lfd, NULL, NULL);
		pid_t p;

		if (fd < 0)
			_exit(0);
		p = f == DIE ? 0 : fork();
		if (p == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			talk(fd, lfd, f);
			if (f != DIE)
				_exit(0);
		}
		close(fd);
	}
}

static void
start(enum fault f)
{
	struct net_addr a = {.len = sizeof(struct sockaddr_in)};
	struct sockaddr_in *in = (struct sockaddr_in *)&a.ss;
	int lfd;

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	lfd = net_listen(&a, 32);
	ck_assert_int_ge(lfd, 0);
	ck_assert_int_eq(net_addr_of(lfd, true, &sub.proxy), 0);
	net_nonblock(lfd, false);
	server = fork();
	if (server == 0) {
		setpgid(0, 0);
		serve(lfd, f);
	}
	setpgid(server, server);
	close(lfd);
}

static void
setup(void)
{
	arena = px_arena_new();
	memset(&sub, 0, sizeof sub);
	signal(SIGPIPE, SIG_IGN);
	server = 0;
}

static void
teardown(void)
{
	if (server > 0) {
		kill(-server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	px_arena_free(arena);
}

static struct px_result
play(const char *text, enum px_delivery d, unsigned split)
{
	struct px_how how = {.cast = sub.cast, .delivery = d, .split = split, .scale = 0.2};
	struct px_result r = {.outcome = PX_O_PASS};

	px_run(&sub, parse(text), how, &r);
	return r;
}

static void
expect(const char *text, enum px_outcome want, const char *what)
{
	struct px_result r = play(text, PX_D_WHOLE, 0);

	if (r.outcome != want)
		ck_abort_msg("%s instead of %s: %s\n%s", px_outcome_name(r.outcome), px_outcome_name(want),
			r.n ? r.v[0].what : "", r.n ? r.v[0].legs : "");
	if (what != NULL && (r.n == 0 || strstr(r.v[0].what, what) == NULL))
		ck_abort_msg("\"%s\" instead of \"%s\"", r.n ? r.v[0].what : "", what);
	px_result_free(&r);
}

START_TEST(a_good_server)
{
	start(NONE);
	expect(CONNECT, PX_O_PASS, NULL);
	for (unsigned i = 1; i < 15; i++) {
		struct px_result r = play(CONNECT, PX_D_SPLIT, i);

		ck_assert_int_eq(r.outcome, PX_O_PASS);
		ck_assert_str_eq(r.closed, "fin");
		px_result_free(&r);
	}
	ck_assert_int_eq(play(CONNECT, PX_D_BYTES, 0).outcome, PX_O_PASS);
	ck_assert_int_eq(play(CONNECT, PX_D_COALESCE, 0).outcome, PX_O_PASS);
}
END_TEST

static const struct {
	enum fault f;
	const char *text;
	enum px_outcome want;
	const char *what;
} servers[] = {
	{VN4, CONNECT, PX_O_LOOSE, "the value is not accepted"},
	{REFUSE, CONNECT, PX_O_FAIL, "the target was never reached; the proxy answered"},
	{SHORT, CONNECT, PX_O_FAIL, "the proxy closed before its message was whole"},
	{SILENT, CONNECT, PX_O_FAIL, "the target was never reached; the proxy said nothing"},
	{GARBLE, CONNECT, PX_O_FAIL, "payload differs after 0 octets"},
	{RESET, CONNECT, PX_O_FAIL, "reset the connection before its message was whole"},
	{REFUSE,
		"case: t/r\ntests: server\n\nC> 04 01 0050 7F000001 00\nP> oneof within 5s\n"
		" | 00 5B 0000 00000000 , close -> pass\n | 00 5B 0000 00000000 -> fail \"stays\"\n",
		PX_O_PASS, NULL},
	{STAYS,
		"case: t/r\ntests: server\n\nC> 04 01 0050 7F000001 00\nP> oneof within 1s\n"
		" | 00 5B 0000 00000000 , close -> pass\n | 00 5B 0000 00000000 -> fail \"stays\"\n",
		PX_O_FAIL, "stays"},
	{STAYS,
		"case: t/r\ntests: server\n\nC> 04 01 0050 7F000001 00\nP> 00 5B 0000 00000000\nP: close "
		"within 1s [ROBUST]\n",
		PX_O_LOOSE, "did not close in time"},
	{REFUSE, "case: t/r\ntests: server\n\nC> 04 01 0050 7F000001 00\nP> 00 5B\nP: close\n", PX_O_FAIL,
		"sent more octets"},
	{SILENT,
		"case: t/s\ntests: server\n\nC> 04 01 0050 7F000001 00\nP> oneof within 1s\n | close -> "
		"pass\n"
		" | silence -> info \"waits\"\n",
		PX_O_INFO, "waits"},
	{SILENT, "case: t/s\ntests: server\n\nC> 04 01 0050 7F000001 00\nP: silent 500ms\nT: none\n",
		PX_O_PASS, NULL},
	{REFUSE, "case: t/s\ntests: server\n\nC> 04 01 0050 7F000001 00\nP: silent 500ms [SHOULD]\n",
		PX_O_LOOSE, "octets came where none are due"},
	{NONE,
		"case: t/s\ntests: server\ngiven: host=127.0.0.1 port=7007\n\nC> 04 01 DSTPORT:u16=$port "
		"DSTIP:ip4=$host 00\n"
		"P> 00 5A X:raw(6)=*\nT: none\n",
		PX_O_FAIL, "the target was reached"},
	{NONE,
		"case: t/refuse\ntests: server\ngiven: host=127.0.0.1 port=7007\n\nT: refuse\n"
		"C> 04 01 DSTPORT:u16=$port DSTIP:ip4=$host 00\nP> 00 5B X:raw(6)=*\n",
		PX_O_PASS, NULL},
	{NONE,
		"case: t/refuse\ntests: server\ngiven: host=127.0.0.1 port=7001\n\n"
		"C> 04 01 DSTPORT:u16=$port DSTIP:ip4=$host 00\nP> 00 5B X:raw(6)=*\n",
		PX_O_PASS, NULL},
	{LOSES,
		"case: t/early\ntests: server\ngiven: host=127.0.0.1 port=7007\n\n"
		"C> 04 01 DSTPORT:u16=$port DSTIP:ip4=$host 00 \"early\"\nT: accept\nP> 00 5A X:raw(6)=*\nT: "
		"got \"early\" within 1s [ROBUST]\n",
		PX_O_LOOSE, "the octets did not arrive"},
	/* a condition between the lines of a message does not part it */
	{ONE_READ,
		"case: t/when\ntests: server\ngiven: host=127.0.0.1 port=7007\n\nC> VN:u8=4 CD:u8=1\n"
		"when $VN == 4 {\nC> DSTPORT:u16=$port\n}\nC> DSTIP:ip4=$host 00\nT: accept\nP> 00 5A "
		"X:raw(6)=*\n",
		PX_O_PASS, NULL},
	{NONE, "case: t/none\ntests: server\ngiven: host=127.0.0.1 port=7007\n\nC> X:u8=$NOPE\n", PX_O_ERROR,
		"no value for $NOPE"},
	{DIE,
		"case: t/die\ntests: server\n\nC>! 04 09 0050 7F000001 00\nP> oneof within 1s\n | close -> "
		"pass\n | silence -> pass\n",
		PX_O_CRASH, "does not any more"},
};

START_TEST(server_faults)
{
	start(servers[_i].f);
	expect(servers[_i].text, servers[_i].want, servers[_i].what);
}
END_TEST

/* The request with branches in it: still one write.  A socket that keeps the bounds of writes shows it. */
#define BRANCHES \
	"case: t/when\ntests: server\ngiven: host=127.1.1.1 port=7007\n\n" \
	"C> VN:u8=4 CD:u8=1\nwhen $CD == 2 {\nC> 00\n} else {\nwhen $CD == 1 {\nC> " \
	"DSTPORT:u16=$port\n}\n}\n" \
	"C> DSTIP:ip4=$host\nwhen $NOPE == absent {\nC> 07\n}\n--- the next message\n"

static const struct {
	const char *text;
	enum px_cast cast;
	enum px_delivery d;
	const char *writes[3];
} branches[] = {
	{BRANCHES "P> 00\nC> 01\n", PX_CAST_SERVER, PX_D_WHOLE, {"\4\1\33\137\177\1\1\1\7", "\1"}},
	{BRANCHES "P> 00\nC> 01\n", PX_CAST_SERVER, PX_D_COALESCE, {"\4\1\33\137\177\1\1\1\7\1"}},
	{"case: t/c\ntests: server\n\nC> A:u8=1\nP> B:u8=0\nwhen $A == 1 {\nC> 02\n}\nC> 03\n",
		PX_CAST_SERVER, PX_D_COALESCE,
		{"\1", "\2\3"}}, /* the answer may set A anew: nothing behind the branch is sent ahead */
	{"case: t/c\ntests: client\n\nP> A:u8=1\nwhen $A == 1 {\nP> 02 &\n}\nP> 03\n", PX_CAST_CLIENT,
		PX_D_WHOLE, {"\1\2\3"}},
};

START_TEST(branches_are_one_write)
{
	struct px_result r = {.outcome = PX_O_PASS};
	struct px_play p;
	int f[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, f), 0);
	ck_assert_int_eq(send(f[1], "\0", 1, 0), 1); /* the answer, where one is wanted */
	px_play_init(
		&p, parse(branches[_i].text), (struct px_how){branches[_i].cast, branches[_i].d, 0, 1}, &r);
	px_case_env(&p.env, p.c);
	p.cp.rfd = p.cp.wfd = f[0];
	px_play_steps(&p, p.c->steps);
	for (unsigned i = 0; i < 3; i++) {
		char room[64];
		const char *want = branches[_i].writes[i];
		ssize_t n = recv(f[1], room, sizeof room, 0);

		if (want == NULL)
			ck_assert_int_lt(n, 1);
		else
			ck_assert_msg(n == (ssize_t)strlen(want) && memcmp(room, want, (size_t)n) == 0,
				"write %u", i);
	}
	ck_assert_int_eq(r.outcome, PX_O_PASS);
	px_play_free(&p);
	close(f[1]);
}
END_TEST

/* Octets sent ahead: their loss is ROBUST, any other fault keeps its level in every delivery. */
#define TWO_MESSAGES \
	"case: t/ahead\ntests: server\ngiven: host=127.0.0.1 port=7007\n\n" \
	"C> 04 01 DSTPORT:u16=$port DSTIP:ip4=$host 00\nP> VN:u8=0 CD:u8=90 X:raw(6)=*\n" \
	"C> \"more\"\n"

#define ANSWER "P> \"less\" within 1s\n"

static const struct {
	enum fault f;
	const char *text;
	enum px_outcome want;
	enum px_level level;
} ahead[] = {
	{KEEPS, TWO_MESSAGES ANSWER, PX_O_PASS, PX_L_NONE},
	{LOSES, TWO_MESSAGES ANSWER, PX_O_LOOSE, PX_ROBUST},
	{LOSES, TWO_MESSAGES "P> oneof within 1s\n | \"less\" -> pass\n | silence -> fail\n", PX_O_LOOSE,
		PX_ROBUST},
	{VN4, TWO_MESSAGES ANSWER, PX_O_FAIL, PX_MUST},
	{SILENT, TWO_MESSAGES ANSWER, PX_O_FAIL, PX_MUST},
	{REFUSE, TWO_MESSAGES ANSWER, PX_O_FAIL, PX_MUST},
};

/* One port that the traces name, in several runs at once and after one another: none is skipped. */
START_TEST(a_port_of_the_trace)
{
	struct net_addr a = {.len = sizeof(struct sockaddr_in)};
	struct px_job j[9] = {0};
	char text[3][500];
	int fd;

	start(NONE);
	((struct sockaddr_in *)&a.ss)->sin_family = AF_INET;
	((struct sockaddr_in *)&a.ss)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = net_listen(&a, 1);
	ck_assert_int_eq(net_addr_of(fd, true, &a), 0);
	close(fd);
	for (unsigned i = 0; i < 3; i++)
		snprintf(text[i], sizeof text[i],
			"case: t/%u\ntests: server\ngiven: host=127.0.0.1 port=%u\n\n%s"
			"C> 04 01 DSTPORT:u16=$port DSTIP:ip4=$host 00\nP> 00 CD:u8=%u X:raw(6)=*\n%s",
			i, net_port(&a), i == 1 ? "T: refuse\n" : "", i == 1 ? 91 : 90,
			i == 0 ? "T: close\nP: close\n" : "");
	for (unsigned i = 0; i < COUNT(j); i++)
		j[i] = (struct px_job){.c = parse(text[i % 3]), .how = {.scale = 1}};
	px_run_jobs(&sub, j, COUNT(j), COUNT(j), NULL, NULL);
	for (unsigned i = 0; i < COUNT(j); i++) {
		if (j[i].res.outcome != PX_O_PASS)
			ck_abort_msg(
				"run %u: %s %s", i, px_outcome_name(j[i].res.outcome), j[i].res.v[0].what);
		px_result_free(&j[i].res);
	}
}
END_TEST

/* A case that needs to be alone meets no other run, whatever else there is to do. */
START_TEST(alone)
{
	static const char text[] = "case: t/alone\ntests: server\nneeds: alone\n\n"
				   "C> 04 01 0050 7F000001 00\nP> 00 CD:u8=90 X:raw(6)=*\n";
	struct px_job j[6] = {0};

	within = mmap(NULL, sizeof *within, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(within != MAP_FAILED);
	start(COUNTS);
	for (unsigned i = 0; i < COUNT(j); i++)
		j[i] = (struct px_job){.c = parse(text), .how = {.scale = 1}};
	px_run_jobs(&sub, j, COUNT(j), COUNT(j), NULL, NULL);
	for (unsigned i = 0; i < COUNT(j); i++) {
		ck_assert_int_eq(j[i].res.outcome, PX_O_PASS);
		px_result_free(&j[i].res);
	}
}
END_TEST

START_TEST(what_is_sent_ahead)
{
	struct px_result r;

	start(ahead[_i].f);
	r = play(ahead[_i].text, PX_D_COALESCE, 0);
	ck_assert_str_eq(px_outcome_name(r.outcome), px_outcome_name(ahead[_i].want));
	ck_assert(ahead[_i].want == PX_O_PASS ? r.n == 0 : r.v[r.n - 1].level == ahead[_i].level);
	px_result_free(&r);
}
END_TEST

static bool
segments_are_told(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool told = segments(fd) >= 0;

	close(fd);
	return told;
}

/* A server that takes a segment for a message passes whole and fails in pieces. */
START_TEST(delivery_finds_it)
{
	struct px_result r;

	start(ONE_READ);
	expect(CONNECT, PX_O_PASS, NULL);
	if (!segments_are_told()) { /* it could not tell pieces that it was slow to read */
		printf("spec_play: skipped: how many segments came is not told here\n");
		return;
	}
	r = play(CONNECT, PX_D_SPLIT, 3);
	ck_assert_int_eq(r.outcome, PX_O_FAIL);
	px_result_free(&r);
	r = play(CONNECT, PX_D_BYTES, 0);
	ck_assert_int_eq(r.outcome, PX_O_FAIL);
	px_result_free(&r);
}
END_TEST

/* Nobody reads stdout any more. */
#define PIPE \
	"case: t/pipe\ntests: client\n\nC> X:raw(9)=*~\"123456789\"\nP> 00 5A 000000000000\nT>> \"x\"\n" \
	"C: stdout-close\nP> \"y\"\nC: close within 2s [ROBUST]\n"

static const struct {
	const char *fault, *text;
	enum px_outcome want;
	const char *what;
} clients[] = {
	{"good", CONNECT, PX_O_PASS, NULL},
	{"vn5", CONNECT, PX_O_FAIL, "the value is not accepted"},
	{"exit1", CONNECT, PX_O_FAIL, "the exit status is wrong"},
	{"hangs", CONNECT, PX_O_FAIL, "the client did not end in time"},
	{"loses", CONNECT, PX_O_FAIL, "payload did not arrive"},
	{"nothing", CONNECT, PX_O_FAIL, "the client never connected"},
	{"89", CONNECT, PX_O_SKIP, "exit status 89"},
	{"good",
		"case: t/r\ntests: client\n\nC> X:raw(9)=*~\"123456789\"\nP> 00 5B 000000000000\nP: fin\nC: "
		"exit !0\nC: stdout-empty\n"
		"C: stderr /refused/\nC: stderr !/secret/\n",
		PX_O_PASS, NULL},
	{"chatty",
		"case: t/r\ntests: client\n\nC> X:raw(9)=*~\"123456789\"\nP> 00 5B 000000000000\nP: fin\nC: "
		"stdout-empty\n",
		PX_O_FAIL, "the client wrote to stdout"},
	{"good",
		"case: t/r\ntests: client\n\nC> X:raw(9)=*~\"123456789\"\nP> 00 5B 000000000000\nP: fin\nC: "
		"stderr /because/ [ROBUST]\n",
		PX_O_LOOSE, "message is not what is wanted"},
	/* long, for it ends with the first octet, and an emulator is slow to start */
	{"good", "case: t/s\ntests: client\n\nC: silent 60s\n", PX_O_FAIL, "octets came where none are due"},
	{"good",
		"case: t/c\ntests: client\n\nC> oneof within 5s\n | X:raw(9)=*~\"123456789\" -> pass\n | "
		"silence -> fail\n"
		"P: rst\nC: exit !0\n",
		PX_O_PASS, NULL},
	{"nothing",
		"case: t/c\ntests: client\n\nC> oneof within 60s\n | close -> fail\n | silence -> pass\nC: "
		"exit 0\n",
		PX_O_PASS, NULL},
	{"good",
		"case: t/c\ntests: client\n\nC> X:raw(9)=*~\"123456789\"\nP> 00 5A 000000000000\nT>> "
		"\"x\"\nT: fin\n"
		"C: eof\nC: exit 0\n",
		PX_O_PASS, NULL}, /* no line of P's: the target's end is passed on */
	{"good", PIPE, PX_O_PASS, NULL},
	{"deaf", PIPE, PX_O_LOOSE, "the client did not close in time"},
	{"twice",
		"case: t/c\ntests: client\n\nC> X:raw(9)=*~\"123456789\"\nP: close\nC: retry\nC> "
		"X:raw(9)=*~\"123456789\"\n",
		PX_O_PASS, NULL},
	{"good",
		"case: t/c\ntests: client\n\nC> X:raw(9)=*~\"123456789\"\nP> 00 5A 000000000000 &\nT>> "
		"\"banner\"\nC: fin\nT>> \"late\"\nP: fin\nC: eof\n",
		PX_O_PASS, NULL},
};

START_TEST(client_faults)
{
	static char exe[1024];
	struct px_text w[7] = {{.s = getenv("UNIT_EMULATOR")}, {.s = exe}, {.s = "client"},
		{.s = clients[_i].fault}, {.s = "{proxy_host}"}, {.s = "{proxy_port}"}, {.s = "{user}"}};

	exe[readlink("/proc/self/exe", exe, sizeof exe - 1)] = '\0';
	for (unsigned i = 0; i < 6; i++)
		w[i].next = &w[i + 1];
	sub.cast = PX_CAST_CLIENT;
	sub.command = w[0].s != NULL ? w : w + 1;
	expect(clients[_i].text, clients[_i].want, clients[_i].what);
}
END_TEST

START_TEST(urls)
{
	static const struct {
		const char *url, *user, *pass;
		const char *can;
		unsigned port;
	} t[] = {{"socks4://127.0.0.1", NULL, NULL, "socks4", 1080},
		{"socks5://a%40b:c%3Ad@127.0.0.1:99", "a@b", "c:d", "userpass", 99},
		{"http://[::1]:8/", NULL, NULL, "noauth", 8},
		{"socks4a://u@127.0.0.1:7", "u", NULL, "socks4a", 7},
		{"telnet://127.0.0.1", NULL, NULL, "telnet", 23},
		{"http://u:@10.0.0.1:1", "u", "", "basic", 1}};
	static const char *const bad[] = {
		"ftp://x", "socks5:127.0.0.1", "http://93.184.216.34:80", "socks4://127.0.0.1:0x"};

	for (size_t i = 0; i < COUNT(t); i++) {
		struct px_subject s = {.cast = PX_CAST_SERVER};
		const char *why = "";

		ck_assert_msg(px_subject_url(arena, &s, t[i].url, false, &why), "%s: %s", t[i].url, why);
		ck_assert_uint_eq(net_port(&s.proxy), t[i].port);
		ck_assert(px_has_word(s.can, t[i].can));
		ck_assert_pstr_eq(s.user, t[i].user);
		ck_assert_pstr_eq(s.pass, t[i].pass);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct px_subject s = {.cast = PX_CAST_SERVER};
		const char *why = "";

		ck_assert(!px_subject_url(arena, &s, bad[i], false, &why));
		ck_assert_str_ne(why, "");
	}
}
END_TEST

/* The client under test. */
static int
be_client(const char *fault, const char *host, const char *port, const char *user)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
	unsigned char q[32] = {4, 1, 0x1b, 0x5f, 127, 0, 0, 1}, r[8];
	size_t n = 9 + strlen(user);
	int fd;

	memcpy(q + 8, user, strlen(user));
	inet_pton(AF_INET, host, &to.sin_addr);
	if (strcmp(fault, "nothing") == 0)
		return 0;
	if (strcmp(fault, "89") == 0)
		return 89;
	if (strcmp(fault, "vn5") == 0)
		q[0] = 5;
	for (int tries = strcmp(fault, "twice") == 0 ? 2 : 1; tries > 0; tries--) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 || send(fd, q, n, MSG_NOSIGNAL) < 0)
			return 3;
		if (!get(fd, r, 8) && tries == 1)
			return 4;
	}
	if (strcmp(fault, "chatty") == 0 && write(1, "hello", 5) < 0)
		return 5;
	if (r[1] != 90) {
		fputs("refused\n", stderr);
		return 6;
	}
	if (strcmp(fault, "deaf") == 0)
		signal(SIGPIPE, SIG_IGN);
	for (bool in = true, out = true; in || out;) {
		struct pollfd p[2] = {{in ? 0 : -1, POLLIN, 0}, {out ? fd : -1, POLLIN, 0}};
		char room[512];
		ssize_t k;

		poll(p, 2, -1);
		if (p[0].revents != 0) {
			k = read(0, room, sizeof room);
			if (k <= 0) {
				in = false;
				shutdown(fd, SHUT_WR);
			} else if (strcmp(fault, "loses") != 0 &&
				   send(fd, room, (size_t)k, MSG_NOSIGNAL) < 0) {
				in = false;
			}
		}
		if (p[1].revents != 0) {
			k = recv(fd, room, sizeof room, 0);
			if (k <= 0) {
				out = false;
				close(1);
			} else if (write(1, room, (size_t)k) < 0 && strcmp(fault, "deaf") != 0) {
				return 7;
			}
		}
	}
	if (strcmp(fault, "hangs") == 0)
		pause();
	return strcmp(fault, "exit1") == 0 ? 1 : 0;
}

static void
fill(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, a_good_server);
	LOOP(tc, server_faults, servers);
	LOOP(tc, what_is_sent_ahead, ahead);
	tcase_add_test(tc, a_port_of_the_trace);
	tcase_add_test(tc, alone);
	LOOP(tc, branches_are_one_write, branches);
	tcase_add_test(tc, delivery_finds_it);
	LOOP(tc, client_faults, clients);
	tcase_add_test(tc, urls);
}

int
main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "client") == 0)
		return be_client(argv[2], argv[3], argv[4], argv[5]);
	return unit_run("proxyspec player", fill);
}
