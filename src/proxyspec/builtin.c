/* SPDX-License-Identifier: ISC
 * builtin.c - where the traces are when nobody names a folder: $PROXYSPEC_FIXTURES, the source tree that the program
 * was built in, share/proxyspec/fixtures beside an installed one.
 * One thing to know: traces stay files, so that a report names a file that its reader can open. */
#include "load.h"

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

unsigned
px_load_builtin(struct px_set *s)
{
	static const char *const places[] = {
		"fixtures", "../fixtures", "../../fixtures", "../share/proxyspec/fixtures"};
	const char *env = getenv("PROXYSPEC_FIXTURES");
	char exe[1024], path[1200];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	unsigned before = s->n;

	if (env != NULL && env[0] != '\0') {
		px_load(s, env);
		return s->n - before;
	}
	if (n <= 0)
		return 0;
	exe[n] = '\0';
	*strrchr(exe, '/') = '\0';
	for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
		snprintf(path, sizeof path, "%s/%s", exe, places[i]);
		if (is_dir(path)) {
			px_load(s, path);
			break;
		}
	}
	return s->n - before;
}
