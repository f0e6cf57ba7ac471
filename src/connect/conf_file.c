/* SPDX-License-Identifier: ISC
 * conf_file.c - /etc/connectrc and ~/.connectrc; see conf.h.
 * One thing to know: a parameter file that somebody else could have written decides where a password goes, so it is refused,
 * not skipped. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"
#include "conf_param.h"
#include "guard.h"
#include "say.h"
#include "wipe.h"

#define FILE_MAX (1024 * 1024)
#define NFILES 64 /* two; more only in tests */

static struct {
	char *text;
	size_t n;
} kept[NFILES]; /* texts of the files, until the program ends */

static bool
blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The value in place: trimmed, without its comment, or the inside of double quotes.  NULL and why if it is malformed. */
static char *
parse_value(char *v, const char **why)
{
	char *end;

	while (blank(*v))
		v++;
	if (*v == '"') {
		end = strchr(v + 1, '"');
		if (end == NULL) {
			*why = "the closing quote is missing";
			return NULL;
		}
		*end++ = '\0';
		while (blank(*end))
			end++;
		if (*end != '\0' && *end != '#') {
			*why = "there is text after the closing quote";
			return NULL;
		}
		return v + 1;
	}
	for (end = v; *end != '\0'; end++)
		if (*end == '#' && (end == v || blank(end[-1])))
			break;
	while (end > v && blank(end[-1]))
		end--;
	*end = '\0';
	return v;
}

/* The secret that a faulty line means: then only its name is shown. */
static const char *
secret_name(const char *line)
{
	for (size_t i = 0; i < conf_nparams; i++)
		if (conf_params[i].secret && strstr(line, conf_params[i].name) != NULL)
			return conf_params[i].name;
	return NULL;
}

/* One line, ended by NUL.  A faulty one is reported and passed over, as connect.c does.  Returns whether it set a secret. */
static bool
parse_line(const char *path, int number, char *line)
{
	char *name = line, *equal, *end, *value;
	const char *why = NULL;
	struct conf_param *p;

	while (blank(*name))
		name++;
	if (*name == '\0' || *name == '#')
		return false;
	equal = strchr(name, '=');
	if (equal == NULL) {
		say_error("%s:%d: missing equal sign: `%s'", path, number,
			secret_name(name) ? secret_name(name) : safe(name));
		return false;
	}
	for (end = equal; end > name && blank(end[-1]); end--)
		;
	p = conf_find(name, (size_t)(end - name));
	if (p == NULL) {
		say_error("%s:%d: unknown parameter `%s'", path, number,
			safe_span(span_of(name, (size_t)(end - name))));
		return false;
	}
	value = parse_value(equal + 1, &why);
	if (value == NULL) {
		say_error("%s:%d: %s: `%s'", path, number, why, p->secret ? p->name : safe(line));
		return false;
	}
	if (p->value != NULL && p->secret)
		wipe(p->value, strlen(p->value));
	p->value = value;
	if (debug_level > 0)
		say_debug("%s: %s", p->name, p->secret ? "(hidden)" : safe(value));
	return p->secret;
}

static bool
holds_value(const char *line, const char *end)
{
	for (size_t i = 0; i < conf_nparams; i++)
		if (conf_params[i].value >= line && conf_params[i].value <= end &&
			conf_params[i].value != NULL)
			return true;
	return false;
}

static bool
parse_text(const char *path, char *text, size_t n)
{
	char *line = text, *stop = text + n;
	bool secret = false;

	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		line += 3;
	for (int number = 1; line < stop; number++) {
		char *lf = memchr(line, '\n', (size_t)(stop - line)), *end = lf == NULL ? stop : lf;

		if (memchr(line, '\0', (size_t)(end - line)) != NULL) {
			say_error("%s:%d: there is a NUL byte in the line", path, number);
		} else {
			*end = '\0';
			if (end > line && end[-1] == '\r')
				end[-1] = '\0';
			secret |= parse_line(path, number, line);
		}
		if (!holds_value(line, end)) /* a comment, or faulty: it may be a secret all the same */
			wipe(line, (size_t)(end - line));
		line = end + 1;
	}
	return secret;
}

/* Who may write it, may send our password anywhere. */
static int
check_owner(const char *path, const struct stat *st)
{
	if (!S_ISREG(st->st_mode)) {
		say_error("%s: this is not a regular file", path);
		return ST_USAGE;
	}
	if (st->st_uid != 0 && st->st_uid != geteuid()) {
		say_error("%s belongs to another user (uid %lu), so it is not used; mend it by: chown %lu %s",
			path, (unsigned long)st->st_uid, (unsigned long)geteuid(), path);
		return ST_USAGE;
	}
	if (st->st_mode & (S_IWGRP | S_IWOTH)) {
		say_error("%s can be written by others than its owner, so it is not used; mend it by: chmod "
			  "go-w %s",
			path, path);
		return ST_USAGE;
	}
	if (st->st_size > FILE_MAX) {
		say_error("%s is larger than 1 MiB", path);
		return ST_USAGE;
	}
	return 0;
}

static int
read_all(const char *path, int fd, char *text, size_t cap, size_t *n)
{
	ssize_t r;

	*n = 0;
	while (*n < cap) {
		r = read(fd, text + *n, cap - *n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			say_error("%s: %s", path, strerror(errno));
			return ST_USAGE;
		}
		if (r == 0)
			break;
		*n += (size_t)r;
	}
	return 0;
}

static int
read_open_file(const char *path, int fd)
{
	struct stat st;
	char *text;
	size_t n, cap, i;
	int status;

	if (fstat(fd, &st) < 0) {
		say_error("%s: %s", path, strerror(errno));
		return ST_USAGE;
	}
	status = check_owner(path, &st);
	if (status != 0)
		return status;
	cap = (size_t)st.st_size + 1;
	text = malloc(cap + 1);
	if (text == NULL) {
		say_fatal("out of memory");
		return ST_IO;
	}
	guard_close(); /* there may be a password in it */
	status = read_all(path, fd, text, cap, &n);
	if (status == 0 && parse_text(path, text, n) && (st.st_mode & (S_IRGRP | S_IROTH)))
		say_plain("WARNING: %s holds a password and others can read it; mend it by: chmod go-r %s",
			path, path);
	for (i = 0; i < NFILES && kept[i].text != NULL; i++)
		;
	if (status == 0 && i < NFILES) {
		kept[i].text = text; /* the values lie in it */
		kept[i].n = cap;
	} else {
		wipe(text, cap);
		free(text);
	}
	return status;
}

int
conf_read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), status;

	if (fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		say_error("%s: %s", path, strerror(errno));
		return ST_USAGE;
	}
	status = read_open_file(path, fd);
	close(fd);
	return status;
}

void
conf_forget(void)
{
	for (size_t i = 0; i < conf_nparams; i++)
		conf_params[i].value = NULL;
	for (size_t i = 0; i < NFILES && kept[i].text != NULL; i++) {
		wipe(kept[i].text, kept[i].n);
		free(kept[i].text);
		kept[i].text = NULL;
	}
}

/* $HOME if it belongs to the user, else the passwd entry's; NULL if there is neither. */
static const char *
home(void)
{
	const char *h = getenv("HOME");
	const struct passwd *pw;
	struct stat st;

	if (h != NULL && h[0] == '/' && stat(h, &st) == 0 && st.st_uid == geteuid())
		return h;
	pw = getpwuid(geteuid());
	return pw == NULL ? NULL : pw->pw_dir;
}

int
conf_load(void)
{
	char path[4096];
	int status = conf_read_file("/etc/connectrc"), n;
	const char *h = home();

	if (status != 0 || h == NULL)
		return status;
	n = snprintf(path, sizeof path, "%s/.connectrc", h);
	if (n < 0 || (size_t)n >= sizeof path) {
		say_error("the path of ~/.connectrc is too long");
		return ST_USAGE;
	}
	return conf_read_file(path);
}
