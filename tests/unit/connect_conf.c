/* SPDX-License-Identifier: ISC
 * connect_conf.c - parameter files: their grammar, who may own and write them, and the order of the sources.
 * One thing to know: each case reads its file in a process of its own, as the program does. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"
#include "lib/unit.h"
#include "say.h"

#define FILE_OF(s) s, sizeof(s) - 1

/* The text of a file, then a parameter and its value (NULL: not set), then what is said (NULL: nothing). */
static const struct {
	const char *text;
	size_t n;
	const char *name, *value, *says;
} files[] = {
	{FILE_OF("SOCKS_SERVER=px:1080\n"), "SOCKS_SERVER", "px:1080", NULL},
	{FILE_OF("SOCKS_SERVER = px:1080\n"), "SOCKS_SERVER", "px:1080", NULL},
	{FILE_OF("\t SOCKS_SERVER\t=\t px \t\n"), "SOCKS_SERVER", "px", NULL},
	{FILE_OF("SOCKS_SERVER=px"), "SOCKS_SERVER", "px", NULL},
	{FILE_OF("\n\nSOCKS_SERVER=px\n\n"), "SOCKS_SERVER", "px", NULL},
	{FILE_OF("SOCKS_SERVER=px\r\nHTTP_PROXY=b\r\n"), "SOCKS_SERVER", "px", NULL},
	{FILE_OF("SOCKS_SERVER=px\r\nHTTP_PROXY=b"), "HTTP_PROXY", "b", NULL},
	{FILE_OF("\r\nSOCKS_SERVER=px\r\n\r\n"), "SOCKS_SERVER", "px", NULL},
	{FILE_OF("\xef\xbb\xbfSOCKS_SERVER=px\n"), "SOCKS_SERVER", "px", NULL},
	{FILE_OF("\xef\xbb\xbf# only\r\nSOCKS_SERVER=px\r\n"), "SOCKS_SERVER", "px", NULL},
	{FILE_OF("SOCKS_SERVER=one\nSOCKS_SERVER=two\n"), "SOCKS_SERVER", "two", NULL},
	{FILE_OF("SOCKS_SERVER=\n"), "SOCKS_SERVER", "", NULL},
	{FILE_OF("SOCKS_SERVER=   \n"), "SOCKS_SERVER", "", NULL},
	{FILE_OF("SOCKS_SERVER=a=b=c\n"), "SOCKS_SERVER", "a=b=c", NULL},
	{FILE_OF("CONNECT_USER=two words\n"), "CONNECT_USER", "two words", NULL},
	{FILE_OF(""), "SOCKS_SERVER", NULL, NULL},
	{FILE_OF("\n"), "SOCKS_SERVER", NULL, NULL},
	{FILE_OF("   \t \n"), "SOCKS_SERVER", NULL, NULL},

	/* "#" begins a comment at the start of a line or after a blank. */
	{FILE_OF("# SOCKS_SERVER=px\n"), "SOCKS_SERVER", NULL, NULL},
	{FILE_OF("  \t# SOCKS_SERVER=px\n"), "SOCKS_SERVER", NULL, NULL},
	{FILE_OF("#"), "SOCKS_SERVER", NULL, NULL},
	{FILE_OF("SOCKS_SERVER=px # the office\n"), "SOCKS_SERVER", "px", NULL},
	{FILE_OF("SOCKS_SERVER=px\t#the office\n"), "SOCKS_SERVER", "px", NULL},
	{FILE_OF("SOCKS_SERVER=#\n"), "SOCKS_SERVER", "", NULL},
	{FILE_OF("SOCKS_SERVER= # x\n"), "SOCKS_SERVER", "", NULL},
	{FILE_OF("CONNECT_PASSWORD=pass#word\n"), "CONNECT_PASSWORD", "pass#word", NULL},
	{FILE_OF("CONNECT_PASSWORD=pass#word #old\n"), "CONNECT_PASSWORD", "pass#word", NULL},
	{FILE_OF("CONNECT_PASSWORD=a##b\n"), "CONNECT_PASSWORD", "a##b", NULL},

	/* A value in double quotes is taken whole. */
	{FILE_OF("CONNECT_PASSWORD=\"a # b\"\n"), "CONNECT_PASSWORD", "a # b", NULL},
	{FILE_OF("CONNECT_PASSWORD = \" a \" # x\n"), "CONNECT_PASSWORD", " a ", NULL},
	{FILE_OF("CONNECT_PASSWORD=\"\"\n"), "CONNECT_PASSWORD", "", NULL},
	{FILE_OF("CONNECT_PASSWORD=\"#\"\r\n"), "CONNECT_PASSWORD", "#", NULL},
	{FILE_OF("CONNECT_PASSWORD=\"a\"  \t\n"), "CONNECT_PASSWORD", "a", NULL},
	{FILE_OF("CONNECT_PASSWORD=a\"b\"\n"), "CONNECT_PASSWORD", "a\"b\"", NULL},
	{FILE_OF("CONNECT_PASSWORD='a'\n"), "CONNECT_PASSWORD", "'a'", NULL},
	{FILE_OF("CONNECT_PASSWORD=a\\b\n"), "CONNECT_PASSWORD", "a\\b", NULL},
	{FILE_OF("CONNECT_USER=\"abc\nHTTP_PROXY=b\n"), "CONNECT_USER", NULL, ":1: |closing quote"},
	{FILE_OF("CONNECT_USER=\"a\"b\"\n"), "CONNECT_USER", NULL, ":1: |closing quote"},

	/* Faulty lines are told by file, line and text, and passed over. */
	{FILE_OF("NONSENSE=x\nSOCKS_SERVER=px\n"), "SOCKS_SERVER", "px", ":1: |unknown parameter `NONSENSE'"},
	{FILE_OF("socks_server=x\n"), "SOCKS_SERVER", NULL, ":1: |unknown parameter `socks_server'"},
	{FILE_OF("SOCKS_SERVER\nHTTP_PROXY=b\n"), "HTTP_PROXY", "b", ":1: |missing equal sign|SOCKS_SERVER"},
	{FILE_OF("\n# x\nHTTP_PROXY=b\n=x\n"), "HTTP_PROXY", "b", ":4: |unknown parameter `'"},
	{FILE_OF("SOCKS_SERVER X=x\n"), "SOCKS_SERVER", NULL, ":1: |unknown parameter `SOCKS_SERVER X'"},
	{FILE_OF("PATH=/tmp\n"), "PATH", NULL, "unknown parameter `PATH'"},
	{FILE_OF("SOCKS_SERVER=a\0b\nHTTP_PROXY=b\n"), "SOCKS_SERVER", NULL, ":1: |NUL"},
	{FILE_OF("SOCKS_SERVER=a\0b\nHTTP_PROXY=b\n"), "HTTP_PROXY", "b", ":1: |NUL"},
	{FILE_OF("\x1b[31mX=x\n"), "X", NULL, "\\x1b"},

	/* Each name of the table. */
	{FILE_OF("SOCKS5_SERVER=v\n"), "SOCKS5_SERVER", "v", NULL},
	{FILE_OF("SOCKS4_SERVER=v\n"), "SOCKS4_SERVER", "v", NULL},
	{FILE_OF("SOCKS_RESOLVE=v\n"), "SOCKS_RESOLVE", "v", NULL},
	{FILE_OF("SOCKS5_RESOLVE=v\n"), "SOCKS5_RESOLVE", "v", NULL},
	{FILE_OF("SOCKS4_RESOLVE=v\n"), "SOCKS4_RESOLVE", "v", NULL},
	{FILE_OF("SOCKS5_USER=v\n"), "SOCKS5_USER", "v", NULL},
	{FILE_OF("SOCKS4_USER=v\n"), "SOCKS4_USER", "v", NULL},
	{FILE_OF("SOCKS_USER=v\n"), "SOCKS_USER", "v", NULL},
	{FILE_OF("SOCKS5_PASSWD=v\n"), "SOCKS5_PASSWD", "v", NULL},
	{FILE_OF("SOCKS5_PASSWORD=v\n"), "SOCKS5_PASSWORD", "v", NULL},
	{FILE_OF("SOCKS_PASSWORD=v\n"), "SOCKS_PASSWORD", "v", NULL},
	{FILE_OF("SOCKS5_AUTH=v\n"), "SOCKS5_AUTH", "v", NULL},
	{FILE_OF("HTTP_PROXY=v\n"), "HTTP_PROXY", "v", NULL},
	{FILE_OF("http_proxy=v\n"), "http_proxy", "v", NULL},
	{FILE_OF("HTTP_PROXY_USER=v\n"), "HTTP_PROXY_USER", "v", NULL},
	{FILE_OF("HTTP_PROXY_PASSWORD=v\n"), "HTTP_PROXY_PASSWORD", "v", NULL},
	{FILE_OF("TELNET_PROXY=v\n"), "TELNET_PROXY", "v", NULL},
	{FILE_OF("CONNECT_USER=v\n"), "CONNECT_USER", "v", NULL},
	{FILE_OF("CONNECT_PASSWORD=v\n"), "CONNECT_PASSWORD", "v", NULL},
	{FILE_OF("SSH_ASKPASS=v\n"), "SSH_ASKPASS", "v", NULL},
	{FILE_OF("SOCKS5_DIRECT=v\n"), "SOCKS5_DIRECT", "v", NULL},
	{FILE_OF("SOCKS4_DIRECT=v\n"), "SOCKS4_DIRECT", "v", NULL},
	{FILE_OF("SOCKS_DIRECT=v\n"), "SOCKS_DIRECT", "v", NULL},
	{FILE_OF("HTTP_DIRECT=v\n"), "HTTP_DIRECT", "v", NULL},
	{FILE_OF("CONNECT_DIRECT=v\n"), "CONNECT_DIRECT", "v", NULL},
};

static void
check_says(const char *text, const char *says)
{
	char copy[256], *p = copy, *next;

	snprintf(copy, sizeof copy, "%s", says);
	for (; p != NULL; p = next) {
		next = strchr(p, '|');
		if (next != NULL)
			*next++ = '\0';
		ck_assert_msg(strstr(text, p) != NULL, "no '%s' in '%s'", p, text);
	}
}

static void
check_value(const char *name, const char *want)
{
	const char *v = conf_get(name);

	if (want == NULL)
		ck_assert_msg(v == NULL, "%s is '%s'", name, v);
	else
		ck_assert_msg(
			v != NULL && strcmp(v, want) == 0, "%s is '%s'", name, v == NULL ? "(none)" : v);
}

START_TEST(grammar)
{
	const char *path = unit_file("rc", files[_i].text, files[_i].n, 0600), *text;

	clearenv();
	catch_stderr();
	ck_assert_int_eq(conf_read_file(path), 0);
	text = caught();
	if (files[_i].says == NULL)
		ck_assert_str_eq(text, "");
	else
		check_says(text, files[_i].says);
	if (files[_i].says != NULL)
		ck_assert_ptr_nonnull(strstr(text, path));
	ck_assert_ptr_null(strchr(text, '\x1b'));
	check_value(files[_i].name, files[_i].value);
}
END_TEST

START_TEST(lines_of_any_length)
{
	static char text[300000];
	const size_t lengths[] = {1000, 1023, 1024, 1025, 4096, 65536, 280000};
	size_t n = lengths[_i];
	const char *v;

	clearenv();
	memset(text, '#', sizeof text);
	memcpy(text, "CONNECT_USER=", 13);
	memset(text + 13, 'u', n);
	memcpy(text + 13 + n, "\n#", 2);
	memcpy(text + 13 + n + 2000, "\nHTTP_PROXY=b", 13);
	catch_stderr();
	ck_assert_int_eq(conf_read_file(unit_file("rc", text, 13 + n + 2013, 0600)), 0);
	ck_assert_str_eq(caught(), "");
	v = conf_get("CONNECT_USER");
	ck_assert_ptr_nonnull(v);
	ck_assert_uint_eq(strlen(v), n);
	check_value("HTTP_PROXY", "b");
}
END_TEST

static const struct {
	mode_t mode;
	bool read;
	const char *text, *says; /* NULL: nothing */
} modes[] = {
	{0600, true, "CONNECT_PASSWORD=x\n", NULL},
	{0400, true, "CONNECT_PASSWORD=x\n", NULL},
	{0644, true, "CONNECT_USER=x\n", NULL},
	{0644, true, "CONNECT_PASSWORD=x\n", "WARNING|chmod"},
	{0640, true, "CONNECT_USER=y\nSOCKS5_PASSWD=x\n", "WARNING|chmod"},
	{0604, true, "HTTP_PROXY_PASSWORD=x\n", "WARNING|chmod"},
	{0620, false, "CONNECT_USER=x\n", "written by others|chmod"},
	{0602, false, "CONNECT_USER=x\n", "written by others|chmod"},
	{0666, false, "CONNECT_USER=x\n", "written by others|chmod"},
	{0777, false, "CONNECT_USER=x\n", "written by others|chmod"},
};

START_TEST(permissions)
{
	const char *path = unit_file("rc", modes[_i].text, strlen(modes[_i].text), modes[_i].mode), *text;

	clearenv();
	catch_stderr();
	ck_assert_int_eq(conf_read_file(path), modes[_i].read ? 0 : ST_USAGE);
	text = caught();
	if (modes[_i].says == NULL)
		ck_assert_str_eq(text, "");
	else
		check_says(text, modes[_i].says);
	ck_assert(modes[_i].says == NULL || strstr(text, path) != NULL);
	if (!modes[_i].read)
		check_value("CONNECT_USER", NULL);
	if (modes[_i].says != NULL) /* one line */
		ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
}
END_TEST

/* Only root can give files away; for others there is nothing to see here. */
START_TEST(a_file_of_somebody_else)
{
	const char *path = unit_file("rc", "CONNECT_USER=x\n", 15, 0600);

	clearenv();
	if (geteuid() != 0 || chown(path, 12345, (gid_t)-1) != 0)
		return;
	catch_stderr();
	ck_assert_int_eq(conf_read_file(path), ST_USAGE);
	check_says(caught(), "belongs to another user|chown");
	check_value("CONNECT_USER", NULL);
}
END_TEST

START_TEST(what_is_no_file)
{
	char path[256];

	clearenv();
	catch_stderr();
	snprintf(path, sizeof path, "%s/missing", unit_dir());
	ck_assert_int_eq(conf_read_file(path), 0); /* missing is fine */
	ck_assert_int_eq(conf_read_file("/dev/null/x"), 0);
	ck_assert_str_eq(caught(), "");
	catch_stderr();
	ck_assert_int_eq(conf_read_file(unit_dir()), ST_USAGE);
	snprintf(path, sizeof path, "%s/fifo", unit_dir());
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(conf_read_file(path), ST_USAGE); /* and it does not wait for a writer */
	unlink(path);
	ck_assert_ptr_nonnull(strstr(caught(), "not a regular file"));
}
END_TEST

START_TEST(no_secret_is_shown)
{
	static const char text[] =
		"CONNECT_PASSWORD=S3cret\nSOCKS5_PASSWORD=\"S3cret\nHTTP_PROXY_PASSWORD=\"S3cret\"x\n"
		"SOCKS_PASSWORD S3cret\nCONNECT_USER=joe\n";
	const char *says;

	clearenv();
	debug_level = 2;
	catch_stderr();
	ck_assert_int_eq(conf_read_file(unit_file("rc", text, sizeof text - 1, 0600)), 0);
	says = caught();
	ck_assert_msg(strstr(says, "S3cret") == NULL, "%s", says);
	check_says(says, ":2: |:3: |:4: |CONNECT_USER|joe|CONNECT_PASSWORD");
	check_value("CONNECT_PASSWORD", "S3cret");
}
END_TEST

START_TEST(environment_before_files)
{
	static const char *const names[] = {"SOCKS5_SERVER", "SOCKS_SERVER", NULL};
	const char *found = NULL;

	clearenv();
	catch_stderr();
	ck_assert_int_eq(
		conf_read_file(unit_file("rc", FILE_OF("SOCKS_SERVER=file\nCONNECT_USER=file\n"), 0600)), 0);
	check_value("SOCKS_SERVER", "file");
	ck_assert_str_eq(conf_first(names, &found), "file");
	ck_assert_str_eq(found, "SOCKS_SERVER");
	setenv("SOCKS_SERVER", "env", 1);
	ck_assert_str_eq(conf_first(names, NULL), "env");
	setenv("SOCKS_SERVER", "", 1); /* empty is a value */
	check_value("SOCKS_SERVER", "");
	ck_assert_str_eq(conf_first(names, &found), "");
	setenv("SOCKS5_SERVER", "five", 1);
	ck_assert_str_eq(conf_first(names, &found), "five");
	ck_assert_str_eq(found, "SOCKS5_SERVER");
	unsetenv("SOCKS5_SERVER");
	unsetenv("SOCKS_SERVER");
	check_value("SOCKS_SERVER", "file");
	check_value("CONNECT_USER", "file");
	check_value("HTTP_PROXY", NULL);
	ck_assert_str_eq(caught(), "");
}
END_TEST

START_TEST(home_is_where_the_file_is)
{
	char path[256];

	clearenv();
	setenv("HOME", unit_dir(), 1);
	(void)unit_file(".connectrc", FILE_OF("CONNECT_USER=from-home\n"), 0600);
	catch_stderr();
	ck_assert_int_eq(conf_load(), 0);
	(void)caught();
	check_value("CONNECT_USER", "from-home");
	snprintf(path, sizeof path, "%s/.connectrc", unit_dir());
	unlink(path);
}
END_TEST

START_TEST(a_refused_file_in_home_is_an_error)
{
	char path[256];

	clearenv();
	setenv("HOME", unit_dir(), 1);
	(void)unit_file(".connectrc", FILE_OF("CONNECT_USER=from-home\n"), 0666);
	catch_stderr();
	ck_assert_int_eq(conf_load(), ST_USAGE);
	ck_assert_ptr_nonnull(strstr(caught(), ".connectrc"));
	snprintf(path, sizeof path, "%s/.connectrc", unit_dir());
	unlink(path);
}
END_TEST

static const char *const secrets[] = {
	"SOCKS5_PASSWD", "SOCKS5_PASSWORD", "SOCKS_PASSWORD", "HTTP_PROXY_PASSWORD", "CONNECT_PASSWORD"};

START_TEST(secrets_are_wiped_where_they_lie)
{
	char line[64], setting[64];
	const char *env, *file;
	int n = snprintf(line, sizeof line, "%s=in-a-file\nCONNECT_USER=joe\n", secrets[_i]);

	clearenv();
	ck_assert_int_eq(conf_read_file(unit_file("rc", line, (size_t)n, 0600)), 0);
	file = conf_get(secrets[_i]);
	ck_assert_str_eq(file, "in-a-file");
	snprintf(setting, sizeof setting, "%s=in-the-environment", secrets[_i]);
	putenv(setting);
	setenv("CONNECT_USER", "jane", 1);
	env = conf_get(secrets[_i]);
	ck_assert_str_eq(env, "in-the-environment");
	conf_wipe_all();
	for (size_t i = 0; i < 18; i++)
		ck_assert_int_eq(env[i], 0);
	for (size_t i = 0; i < 9; i++)
		ck_assert_int_eq(file[i], 0);
	check_value("CONNECT_USER", "jane");
	unsetenv("CONNECT_USER");
	check_value("CONNECT_USER", "joe");
	clearenv();
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, grammar, files);
	tcase_add_loop_test(tc, lines_of_any_length, 0, 7);
	LOOP(tc, permissions, modes);
	tcase_add_test(tc, a_file_of_somebody_else);
	tcase_add_test(tc, what_is_no_file);
	tcase_add_test(tc, no_secret_is_shown);
	tcase_add_test(tc, environment_before_files);
	tcase_add_test(tc, home_is_where_the_file_is);
	tcase_add_test(tc, a_refused_file_in_home_is_an_error);
	LOOP(tc, secrets_are_wiped_where_they_lie, secrets);
}

int
main(void)
{
	return unit_run("connect conf", fill);
}
