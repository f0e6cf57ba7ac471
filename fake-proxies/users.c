/* SPDX-License-Identifier: ISC
 * users.c - who may pass: NAME:PASSWORD lines from a file and from the environment.
 * The one thing to know: the texts are wiped at the end, and the environment's at once. */
#include "conf.h"
#include "wipe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool
add_user(struct fp_conf *cf, struct span line, const char *where, int number)
{
	const uint8_t *colon = line.n != 0 ? memchr(line.p, ':', line.n) : NULL;
	struct fp_user *more, u;

	if (colon == NULL || colon == line.p)
		return fp_complain("%s, line %d: NAME:PASSWORD is wanted", where, number);
	u.name = span_of(line.p, (size_t)(colon - line.p));
	u.pass = span_of(colon + 1, line.n - u.name.n - 1);
	if (u.name.n > 255 || u.pass.n > 255)
		return fp_complain(
			"%s, line %d: name and password have at most 255 octets each", where, number);
	more = realloc(cf->user, (cf->n_user + 1) * sizeof *more);
	if (more == NULL) {
		cf->no_memory = true;
		return fp_complain("out of memory");
	}
	cf->user = more;
	cf->user[cf->n_user++] = u;
	return true;
}

static bool
add_lines(struct fp_conf *cf, const char *text, size_t n, const char *where)
{
	size_t at = 0;
	int number = 0;

	while (at < n) {
		const char *end = memchr(text + at, '\n', n - at);
		size_t len = end != NULL ? (size_t)(end - text) - at : n - at;
		struct span line = span_of(text + at, len);

		number++;
		at += len + 1;
		if (line.n != 0 && line.p[line.n - 1] == '\r')
			line.n--;
		if (line.n != 0 && line.p[0] != '#' && !add_user(cf, line, where, number))
			return false;
	}
	return true;
}

bool
fp_users_file(struct fp_conf *cf, const char *path)
{
	FILE *f;
	char *text = NULL;
	const char *why = NULL;
	size_t n = 0;
	struct stat st;

	if (cf->user_text[0] != NULL)
		return fp_complain("--user-file is given twice");
	f = fopen(path, "re");
	if (f == NULL || fstat(fileno(f), &st) < 0)
		why = strerror(errno);
	else if (!S_ISREG(st.st_mode) || st.st_size > 1 << 20)
		why = "not a regular file of at most 1 MiB"; /* a pipe's size is 0, and nobody would be asked who it is */
	else if ((text = calloc(1, (size_t)st.st_size + 1)) != NULL) {
		setvbuf(f, NULL, _IONBF, 0);
		n = fread(text, 1, (size_t)st.st_size, f);
		if (ferror(f))
			why = strerror(errno);
	}
	if (f != NULL)
		fclose(f);
	cf->user_text[0] = text;
	cf->user_size[0] = n;
	if (why != NULL)
		return fp_complain("--user-file %s: %s", path, why);
	if (text == NULL)
		return fp_complain("out of memory");
	if (!add_lines(cf, text, n, path))
		return false;
	return cf->n_user != 0 || fp_complain("--user-file %s: there is no NAME:PASSWORD line in it", path);
}

bool
fp_users_env(struct fp_conf *cf)
{
	char *env = getenv("FAKEPROXY_USER");
	bool ok;

	if (env == NULL)
		return true;
	cf->user_text[1] = strdup(env);
	cf->user_size[1] = strlen(env);
	wipe(env, cf->user_size[1]);
	unsetenv("FAKEPROXY_USER");
	if (cf->user_text[1] == NULL)
		return fp_complain("out of memory");
	ok = add_user(cf, span_of(cf->user_text[1], cf->user_size[1]), "FAKEPROXY_USER", 1);
	return ok;
}

void
fp_conf_free(struct fp_conf *cf)
{
	for (int i = 0; i < 2; i++) {
		if (cf->user_text[i] != NULL)
			wipe(cf->user_text[i], cf->user_size[i]);
		free(cf->user_text[i]);
		cf->user_text[i] = NULL;
	}
	free(cf->user);
	cf->user = NULL;
	cf->n_user = 0;
}
