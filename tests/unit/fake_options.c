/* SPDX-License-Identifier: ISC
 * fake_options.c - fakeproxy's command line: what is taken, and that everything else is one clear line and status 2.
 * One thing to know: the manual is read too; a bug that it does not name, or names wrongly, fails here. */
#include "fake/serve.h"

static int
parse(const char *line)
{
	static char copy[1024], *argv[40];
	int argc = 0;

	serve_defaults();
	snprintf(copy, sizeof copy, "fakeproxy %s", line);
	for (char *at = copy, *next; at != NULL && argc < 39; at = next) {
		next = strchr(at, ' ');
		if (next != NULL)
			*next++ = '\0';
		for (char *c = at; *c != '\0'; c++)
			if (*c == '_')
				*c = ' ';
		argv[argc++] = at;
	}
	argv[argc] = NULL;
	return fp_options(&conf, argc, argv);
}

static const char *const good[] = {
	"socks5",
	"-- socks5",
	"socks5 http telnet socks4 socks pass --to 127.0.0.1:1",
	"-l 127.0.0.1:0 socks5",
	"--listen=[::1]:1080 socks5",
	"-l 127.0.0.1:1 -l 127.0.0.2:2 socks5 http",
	"-l 0.0.0.0:0 --i-know-this-is-public socks5",
	"--once --lifetime 5 socks5",
	"--max-connections=3 socks5",
	"--resolve a=127.0.0.1 --resolve a=::1 socks5",
	"--redirect *:22=[::1]:2222 --redirect a:*=127.0.0.1:1 socks5",
	"--deny *:25 --deny a:* --deny [::1]:1 socks5",
	"--split 1 --delay 5 --flip 0:0xff --flip 3:1 --cut-after 0 socks5",
	"-o rep=0x05 -o atyp=domain -o bnd=a:1 -o method=none,userpass socks5",
	"-o vn=4 -o rep=5 socks",
	"-o status=299 -o header=X:_y -o interim=103 http",
	"--option dialect=fwtk telnet",
	"--bug s5-reply-rsv --bug tunnel-crlf socks5",
	"--bug s4-cd-94 socks",
	"--log json --trace /tmp --trace-payload 10 --show-secrets socks5",
};

START_TEST(test_good)
{
	catch_stderr();
	ck_assert_msg(parse(good[_i]) == -1, "%s", good[_i]);
	ck_assert_str_eq(caught(), "");
}
END_TEST

static const struct {
	const char *line, *names;
} bad[] = {
	{"", "no role"},
	{"socks6", "socks6"},
	{"-- --once", "--once"},
	{"--nonsense socks5", "--nonsense"},
	{"--once=1 socks5", "--once=1"},
	{"socks5 --to", "--to"},
	{"--to a:1 socks5", "--to"},
	{"pass", "--to"},
	{"--to a:0 pass", "a:0"},
	{"--to a pass", "\"a\""},
	{"-l 0.0.0.0:0 socks5", "0.0.0.0:0"},
	{"-l [::]:0 socks5", "[::]:0"},
	{"-l 192.0.2.1:1 socks5", "192.0.2.1:1"},
	{"-l localhost:0 socks5", "localhost:0"},
	{"-l 127.0.0.1 socks5", "127.0.0.1"},
	{"-l 127.0.0.1:65536 socks5", "65536"},
	{"-l 127.0.0.1:0 -l 127.0.0.1:0 socks5", "more addresses"},
	{"--max-connections 0 socks5", "0"},
	{"--max-connections -1 socks5", "-1"},
	{"--lifetime 1x socks5", "1x"},
	{"--lifetime 99999999999999999999 socks5", "99999999999999999999"},
	{"--split 0 socks5", "--split"},
	{"--split 1 --bytes socks5", "exclude"},
	{"--cut-after 1 --reset-after 1 socks5", "exclude"},
	{"--flip 1 socks5", "--flip"},
	{"--flip 1:0 socks5", "1:0"},
	{"--flip 1:256 socks5", "1:256"},
	{"--flip x:1 socks5", "x:1"},
	{"--delay 0 socks5", "--delay"},
	{"--whole-stream socks5", "--whole-stream"},
	{"--resolve a=b socks5", "a=b"},
	{"--resolve 127.0.0.1 socks5", "127.0.0.1"},
	{"--redirect a:1=b:1 socks5", "a:1=b:1"},
	{"--deny a socks5", "--deny"},
	{"-o rep=256 socks5", "rep=256"},
	{"-o rep= socks5", "rep="},
	{"-o rep socks5", "NAME=VALUE"},
	{"-o nonsense=1 socks5", "nonsense=1"},
	{"-o status=200 socks5", "no role that runs"},
	{"-o rep=1 http", "no role that runs"},
	{"-o atyp=ip5 socks5", "ip5"},
	{"-o method= socks5", "method="},
	{"-o method=none, socks5", "method=none,"},
	{"-o bnd=a:1 socks4", "addresses only"},
	{"-o status=100 http", "status=100"},
	{"-o header=X http", "header=X"},
	{"-o version=2.0 http", "2.0"},
	{"-o dialect=cisco telnet", "cisco"},
	{"--bug nonsense socks5", "nonsense"},
	{"--bug http-no-host socks5", "http-no-host"},
	{"--log xml socks5", "xml"},
	{"--trace-payload 5 socks5", "--trace"},
	{"--user a:b socks5", "password does not belong"},
	{"--user-file /nonexistent/file socks5", "/nonexistent/file"},
	{"--user-file / socks5", "not a regular file"}, /* it has no users, and none would mean everybody */
	{"--user-file /dev/null socks5", "not a regular file"},
	{"\033[31m", "\\x1b[31m"},
};

START_TEST(test_bad)
{
	const char *said, *at;
	int status;

	catch_stderr();
	status = parse(bad[_i].line);
	said = caught();
	ck_assert_msg(status == 2, "%s: %d", bad[_i].line, status);
	ck_assert_msg(strstr(said, bad[_i].names) != NULL, "%s: %s", bad[_i].line, said);
	for (at = said; *at != '\0'; at++) /* lines of printable text, each with our name in front */
		ck_assert((*at >= 0x20 && *at <= 0x7e) || *at == '\n');
	ck_assert_int_eq(strncmp(said, "fakeproxy: ", 11), 0);
}
END_TEST

START_TEST(test_users)
{
	static const char text[] = "# a comment\n\nalice:s3cret\r\nbob:\ncarol:a:b\n";
	char line[256], twice[600];

	snprintf(line, sizeof line, "--user-file %s socks5", unit_file("users", text, sizeof text - 1, 0600));
	setenv("FAKEPROXY_USER", "dave:x", 1);
	ck_assert_int_eq(parse(line), -1);
	ck_assert_uint_eq(conf.n_user, 4);
	ck_assert(span_eq(conf.user[0].pass, span_str("s3cret")));
	ck_assert(span_eq(conf.user[1].pass, span_str("")));
	ck_assert(span_eq(conf.user[2].pass, span_str("a:b")));
	ck_assert(span_eq(conf.user[3].name, span_str("dave")));
	ck_assert_ptr_null(getenv("FAKEPROXY_USER"));
	catch_stderr();
	snprintf(line, sizeof line, "--user-file %s socks5", unit_file("bad", "a:b\nnonsense\n", 13, 0600));
	ck_assert_int_eq(parse(line), 2);
	ck_assert_ptr_nonnull(strstr(caught(), "line 2"));
	catch_stderr();
	snprintf(line, sizeof line, "--user-file %s socks5", unit_file("none", "# nobody\n", 9, 0600));
	ck_assert_int_eq(parse(line), 2);
	ck_assert_ptr_nonnull(strstr(caught(), "no NAME:PASSWORD line"));
	catch_stderr();
	snprintf(line, sizeof line, "--user-file %s", unit_file("twice", "a:b\n", 4, 0600));
	snprintf(twice, sizeof twice, "%s %s socks5", line, line);
	ck_assert_int_eq(parse(twice), 2);
	ck_assert_ptr_nonnull(strstr(caught(), "--user-file is given twice"));
}
END_TEST

/* Each bug is in the manual, with its requirement; at least sixty are wanted. */
START_TEST(test_manual)
{
	static const struct {
		const char *name, *role, *req, *text;
	} table[] = {
#define BUG(sym, name, role, req, text) {name, role, req, text},
#include "bugs.def"
#undef BUG
	};
	static char manual[100000];
	FILE *f = fopen("docs/fakeproxy.1", "re");
	char entry[160];
	size_t n;

	ck_assert_msg(f != NULL, "docs/fakeproxy.1 is read from the root of the sources");
	n = fread(manual, 1, sizeof manual - 1, f);
	fclose(f);
	manual[n] = '\0';
	ck_assert_uint_ge(COUNT(table), 60);
	for (size_t i = 0; i < COUNT(table); i++) {
		snprintf(entry, sizeof entry, ".It Cm %s Pq %s\n%s\n", table[i].name, table[i].req,
			table[i].text);
		ck_assert_msg(strstr(manual, entry) != NULL, "not in the manual: %s", entry);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(table[i].name, table[k].name);
	}
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, test_good, good);
	LOOP(tc, test_bad, bad);
	tcase_add_test(tc, test_users);
	tcase_add_test(tc, test_manual);
}

int
main(void)
{
	return unit_run("fake_options", fill);
}
