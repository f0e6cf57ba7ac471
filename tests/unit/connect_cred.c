/* SPDX-License-Identifier: ISC
 * connect_cred.c - who we are to the proxy: the order of the sources, and the askpass program.
 * One thing to know: each case runs in a session of its own, which has no terminal. */
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cred.h"
#include "lib/unit.h"
#include "say.h"

static struct config cfg;

/* An environment of its own: settings "NAME=VALUE" between blanks. */
static void
environment(const char *settings)
{
	static char copy[1024];
	char *p = copy, *next;

	(void)setsid();
	clearenv();
	setenv("PATH", "/usr/bin:/bin", 1);
	snprintf(copy, sizeof copy, "%s", settings);
	for (; *p != '\0'; p = next) {
		next = p + strcspn(p, " ");
		if (*next != '\0')
			*next++ = '\0';
		putenv(p);
	}
}

static void
configure(const char *how)
{
	memset(&cfg, 0, sizeof cfg);
	cfg.method = how[0] == 'H' ? METHOD_HTTP : how[0] == 'T' ? METHOD_TELNET : METHOD_SOCKS;
	cfg.socks_version = how[0] == '4' ? 4 : 5;
	snprintf(cfg.proxy.host, sizeof cfg.proxy.host, "px");
	cfg.proxy.port = 1080;
	if (how[1] == '@') {
		cfg.proxy.has_user = true;
		snprintf(cfg.proxy.user, sizeof cfg.proxy.user, "%s", how + 2);
	}
}

/* 5, 4, H or T, with "@" and the user of the specification; NULL: the login name. */
static const struct {
	const char *how, *env, *user;
} users[] = {
	{"5", "SOCKS5_USER=a SOCKS4_USER=b HTTP_PROXY_USER=c SOCKS_USER=d CONNECT_USER=e", "a"},
	{"4", "SOCKS5_USER=a SOCKS4_USER=b HTTP_PROXY_USER=c SOCKS_USER=d CONNECT_USER=e", "b"},
	{"H", "SOCKS5_USER=a SOCKS4_USER=b HTTP_PROXY_USER=c SOCKS_USER=d CONNECT_USER=e", "c"},
	{"5", "SOCKS4_USER=b HTTP_PROXY_USER=c SOCKS_USER=d CONNECT_USER=e", "d"},
	{"4", "SOCKS5_USER=a HTTP_PROXY_USER=c SOCKS_USER=d CONNECT_USER=e", "d"},
	{"5", "SOCKS4_USER=b HTTP_PROXY_USER=c CONNECT_USER=e", "e"},
	{"4", "SOCKS5_USER=a HTTP_PROXY_USER=c CONNECT_USER=e", "e"},
	{"H", "SOCKS5_USER=a CONNECT_USER=e", "e"},
	{"T", "CONNECT_USER=e", "e"},
	{"5@spec", "SOCKS5_USER=a CONNECT_USER=e", "spec"},
	{"5@", "SOCKS5_USER=a CONNECT_USER=e", ""},
	{"4@spec", "SOCKS4_USER=a", "spec"},
	{"H@spec", "HTTP_PROXY_USER=a", "spec"},
	{"5", "SOCKS5_USER= CONNECT_USER=e", ""},
	{"5", "", NULL},
	{"4", "HTTP_PROXY_USER=c", NULL},
	{"H", "SOCKS_USER=d", NULL},
};

START_TEST(user)
{
	const struct passwd *pw = getpwuid(getuid());

	environment(users[_i].env);
	configure(users[_i].how);
	if (users[_i].user != NULL)
		ck_assert_str_eq(cred_user(&cfg), users[_i].user);
	else if (pw != NULL)
		ck_assert_str_eq(cred_user(&cfg), pw->pw_name);
}
END_TEST

static const struct {
	const char *how, *env, *password; /* NULL: none */
} passwords[] = {
	{"5", "SOCKS5_PASSWD=a SOCKS5_PASSWORD=b SOCKS_PASSWORD=c CONNECT_PASSWORD=d HTTP_PROXY_PASSWORD=e",
		"a"},
	{"5", "SOCKS5_PASSWORD=b SOCKS_PASSWORD=c CONNECT_PASSWORD=d HTTP_PROXY_PASSWORD=e", "b"},
	{"5", "SOCKS_PASSWORD=c CONNECT_PASSWORD=d HTTP_PROXY_PASSWORD=e", "c"},
	{"5", "CONNECT_PASSWORD=d HTTP_PROXY_PASSWORD=e", "d"},
	{"5", "HTTP_PROXY_PASSWORD=e", NULL},
	{"H", "SOCKS5_PASSWD=a SOCKS_PASSWORD=c CONNECT_PASSWORD=d HTTP_PROXY_PASSWORD=e", "e"},
	{"H", "SOCKS5_PASSWD=a CONNECT_PASSWORD=d", "d"},
	{"H", "SOCKS5_PASSWD=a SOCKS_PASSWORD=b", NULL},
	{"5", "SOCKS5_PASSWD= CONNECT_PASSWORD=d", ""},
	{"5", "", NULL},
};

START_TEST(password)
{
	const char *p;

	environment(passwords[_i].env);
	configure(passwords[_i].how);
	p = cred_password(&cfg);
	if (passwords[_i].password == NULL)
		ck_assert_ptr_null(p);
	else
		ck_assert_str_eq(p, passwords[_i].password);
}
END_TEST

START_TEST(wiping)
{
	const char *p;

	environment("SOCKS5_PASSWORD=S3cret-Word");
	configure("5");
	p = cred_password(&cfg);
	ck_assert_str_eq(p, "S3cret-Word");
	cred_wipe();
	for (size_t i = 0; i < 11; i++)
		ck_assert_int_eq(p[i], 0);
}
END_TEST

/* --- the askpass program ------------------------------------------------------------------------------------- */

static const struct {
	const char *script, *env, *password, *says; /* password NULL: refused, and this is said */
} asked[] = {
	{"#!/bin/sh\necho 'S3cret Word'\n", "", "S3cret Word", NULL},
	{"#!/bin/sh\nprintf 'no-line-end'\n", "", "no-line-end", NULL},
	{"#!/bin/sh\nprintf 'dos\\r\\n'\n", "", "dos", NULL},
	{"#!/bin/sh\necho one; echo two\n", "", "one", NULL},
	{"#!/bin/sh\necho x\n", "SSH_ASKPASS_REQUIRE=force", "x", NULL},
	{"#!/bin/sh\necho x\n", "SSH_ASKPASS_REQUIRE=prefer", "x", NULL},
	{"#!/bin/sh\necho x\n", "SSH_ASKPASS_REQUIRE=never", NULL, "no terminal"},
	{"#!/bin/sh\necho x; exit 1\n", "", NULL, "status 1"},
	{"#!/bin/sh\nexit 255\n", "", NULL, "status 255"},
	{"#!/bin/sh\necho x; kill -9 $$\n", "", NULL, "signal 9"}, {"not a program", "", NULL, "askpass"},
	{"#!/bin/sh\nhead -c 1023 /dev/zero | tr '\\0' x\n", "", "1023", NULL},
	{"#!/bin/sh\nhead -c 1024 /dev/zero | tr '\\0' x\n", "", NULL, "more than"},
	{"#!/bin/sh\nhead -c 500000 /dev/zero | tr '\\0' x\n", "", NULL, "more than"},
	{"#!/bin/sh\nread line && echo \"$line\"\n", "", NULL,
		"status 1"}, /* standard input is not the session's */
};

START_TEST(askpass)
{
	static char setting[300];
	const char *path = unit_file("askpass", asked[_i].script, strlen(asked[_i].script), 0700), *p, *says;
	int in[2];

	environment(asked[_i].env);
	configure("5");
	snprintf(setting, sizeof setting, "SSH_ASKPASS=%s", path);
	putenv(setting);
	ck_assert_int_eq(pipe(in), 0);
	ck_assert_int_eq(write(in[1], "session\n", 8), 8);
	ck_assert_int_eq(dup2(in[0], STDIN_FILENO), STDIN_FILENO);
	catch_stderr();
	p = cred_ask(&cfg, "user");
	says = caught();
	if (asked[_i].password == NULL) {
		ck_assert_ptr_null(p);
		ck_assert_msg(strstr(says, asked[_i].says) != NULL, "%s", says);
	} else if (strcmp(asked[_i].password, "1023") == 0) {
		ck_assert_msg(p != NULL && strlen(p) == 1023, "%s", says);
	} else {
		ck_assert_msg(p != NULL, "%s", says);
		ck_assert_str_eq(p, asked[_i].password);
		ck_assert_str_eq(says, "");
		cred_wipe();
		ck_assert_str_eq(p, "");
	}
}
END_TEST

/* The prompts word for word; user and host are no shell's business. */
static const struct {
	const char *how, *user, *prompt;
} prompts[] = {
	{"5", "joe", "Enter SOCKS5 password for joe@px: "},
	{"H", "joe", "Enter proxy authentication password for joe@px: "},
	{"5", "", "Enter SOCKS5 password for @px: "},
	{"H", "joe@realm", "Enter proxy authentication password for joe@realm@px: "},
	{"5", "$(touch x);`id` \"'*", "Enter SOCKS5 password for $(touch x);`id` \"'*@px: "},
	{"H", "DOMAIN\\joe", "Enter proxy authentication password for DOMAIN\\joe@px: "},
	{"5", "\xe7\x94\xa8", "Enter SOCKS5 password for \xe7\x94\xa8@px: "},
};

START_TEST(prompt)
{
	static const char script[] = "#!/bin/sh\nprintf '%s' \"$1\" >\"$0.prompt\"\necho $#\n";
	static char setting[300], path[400], got[200];
	int fd;
	ssize_t n;

	environment("");
	configure(prompts[_i].how);
	snprintf(setting, sizeof setting, "SSH_ASKPASS=%s",
		unit_file("askpass", script, sizeof script - 1, 0700));
	putenv(setting);
	catch_stderr();
	ck_assert_str_eq(cred_ask(&cfg, prompts[_i].user), "1"); /* one argument */
	(void)caught();
	snprintf(path, sizeof path, "%s.prompt", setting + 12);
	fd = open(path, O_RDONLY);
	n = read(fd, got, sizeof got - 1);
	close(fd);
	unlink(path);
	got[n > 0 ? n : 0] = '\0';
	ck_assert_str_eq(got, prompts[_i].prompt);
}
END_TEST

START_TEST(neither_terminal_nor_program)
{
	static const char *const envs[] = {"", "SSH_ASKPASS=", "SSH_ASKPASS=/nonexistent/askpass",
		"SSH_ASKPASS_REQUIRE=force", "SSH_ASKPASS_REQUIRE=prefer"};

	configure("5");
	environment(envs[_i]);
	catch_stderr();
	ck_assert_ptr_null(cred_ask(&cfg, "user"));
	ck_assert_ptr_nonnull(strstr(caught(), "askpass program"));
}
END_TEST

static void
fill(TCase *tc)
{
	LOOP(tc, user, users);
	LOOP(tc, password, passwords);
	tcase_add_test(tc, wiping);
	LOOP(tc, askpass, asked);
	LOOP(tc, prompt, prompts);
	tcase_add_loop_test(tc, neither_terminal_nor_program, 0, 5);
}

int
main(void)
{
	return unit_run("connect cred", fill);
}
