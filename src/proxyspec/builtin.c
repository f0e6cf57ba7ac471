/* SPDX-License-Identifier: ISC
 * builtin.c - where the traces are when nobody names a folder: $PROXYSPEC_FIXTURES, the source tree that the program
 * was built in, share/proxyspec/fixtures beside an installed one; profiles likewise.
 * One thing to know: traces stay files, so that a report names a file that its reader can open. */
#include "load.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The first of the places, below the folder of the program, that is there. */
static bool
place(const char *const *places, const char *name, bool (*is)(const char *), char *path, size_t n)
{
	char exe[1024];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof exe - 1);

	if (len <= 0)
		return false;
	exe[len] = '\0';
	*strrchr(exe, '/') = '\0';
	for (; *places != NULL; places++) {
		char whole[PATH_MAX];

		snprintf(path, n, "%s/%s%s", exe, *places, name);
		if (!is(path))
			continue;
		if (realpath(path, whole) != NULL && strlen(whole) < n) /* reports name it */
			snprintf(path, n, "%s", whole);
		return true;
	}
	return false;
}

static bool
is_file(const char *path)
{
	return access(path, R_OK) == 0;
}

unsigned
px_load_builtin(struct px_set *s)
{
	static const char *const places[] = {
		"fixtures", "../fixtures", "../../fixtures", "../share/proxyspec/fixtures", NULL};
	const char *env = getenv("PROXYSPEC_FIXTURES");
	char path[1200];
	unsigned before = s->n;

	if (env != NULL && env[0] != '\0')
		px_load(s, env);
	else if (place(places, "", is_dir, path, sizeof path))
		px_load(s, path);
	return s->n - before;
}

const char *
px_find_profile(struct px_arena *a, const char *name)
{
	static const char *const places[] = {"../src/proxyspec/profiles/", "../../src/proxyspec/profiles/",
		"../share/proxyspec/profiles/", NULL};
	const char *env = getenv("PROXYSPEC_PROFILES");
	char path[1400], file[256];

	snprintf(file, sizeof file, "%s.profile", name);
	if (env != NULL && env[0] != '\0' && strchr(name, '/') == NULL) {
		snprintf(path, sizeof path, "%s/%s", env, file);
		return px_dup(a, path, strlen(path));
	}
	if (strchr(name, '/') != NULL || is_file(name) || !place(places, file, is_file, path, sizeof path))
		return name;
	return px_dup(a, path, strlen(path));
}
