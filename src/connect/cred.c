/* SPDX-License-Identifier: ISC
 * cred.c - see cred.h.
 * One thing to know: the two prompts are an interface, expect scripts wait for them word for word. */
#include "cred.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "conf.h"
#include "guard.h"
#include "say.h"
#include "wipe.h"

static char secret[SECRET_MAX];

static const char *
login_name(void)
{
	const struct passwd *pw = getpwuid(getuid());
	const char *name = pw != NULL ? pw->pw_name : getenv("LOGNAME");

	if (name == NULL)
		name = getenv("USER");
	return name != NULL ? name : "";
}

const char *
cred_user(const struct config *cfg)
{
	static const char *const socks5[] = {"SOCKS5_USER", "SOCKS_USER", "CONNECT_USER", NULL};
	static const char *const socks4[] = {"SOCKS4_USER", "SOCKS_USER", "CONNECT_USER", NULL};
	static const char *const http[] = {"HTTP_PROXY_USER", "CONNECT_USER", NULL};
	static const char *const other[] = {"CONNECT_USER", NULL};
	const char *const *names = other, *user;

	if (cfg->proxy.has_user)
		return cfg->proxy.user;
	if (cfg->method == METHOD_SOCKS)
		names = cfg->socks_version == 4 ? socks4 : socks5;
	else if (cfg->method == METHOD_HTTP)
		names = http;
	user = conf_first(names, NULL);
	return user != NULL ? user : login_name();
}

const char *
cred_password(const struct config *cfg)
{
	static const char *const socks[] = {
		"SOCKS5_PASSWD", "SOCKS5_PASSWORD", "SOCKS_PASSWORD", "CONNECT_PASSWORD", NULL};
	static const char *const http[] = {"HTTP_PROXY_PASSWORD", "CONNECT_PASSWORD", NULL};

	return conf_first(cfg->method == METHOD_HTTP ? http : socks, NULL);
}

void
cred_wipe(void)
{
	wipe(secret, sizeof secret);
	conf_wipe_all();
	guard_open();
}

static int
obtain(const char *prompt)
{
	const char *program = conf_get("SSH_ASKPASS"), *require = getenv("SSH_ASKPASS_REQUIRE");
	bool has_program = program != NULL && program[0] != '\0';
	int tty, r;

	if (require == NULL)
		require = "";
	if (has_program && (strcmp(require, "force") == 0 || strcmp(require, "prefer") == 0))
		return ask_program(program, prompt, secret);
	tty = strcmp(require, "force") == 0 ? -1 : open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty >= 0) {
		r = ask_terminal(tty, prompt, secret);
		close(tty);
		return r;
	}
	if (has_program && strcmp(require, "never") != 0)
		return ask_program(program, prompt, secret);
	say_error("there is no terminal and no askpass program to ask for the password");
	return -1;
}

const char *
cred_ask(const struct config *cfg, const char *user)
{
	char prompt[2200];

	snprintf(prompt, sizeof prompt, "Enter %s for %s@%s: ",
		cfg->method == METHOD_HTTP ? "proxy authentication password" : "SOCKS5 password", user,
		cfg->proxy.host);
	for (char *p = prompt; *p != '\0'; p++) /* the words are the user's own, but may come from a file */
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	guard_close();
	if (obtain(prompt) == 0)
		return secret;
	wipe(secret, sizeof secret);
	return NULL;
}
