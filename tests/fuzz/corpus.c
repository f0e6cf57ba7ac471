/* SPDX-License-Identifier: ISC
 * corpus.c - calls a fuzz target with each file of the folders named: what a compiler without libFuzzer can run.
 * One thing to know: no input at all is a failure. */
#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "lib/fuzz.h"

static unsigned count;

static void
run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *p = NULL;
	size_t n = 0, got = 0;

	if (f == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	do {
		p = realloc(p, n + 65536);
		if (p == NULL)
			abort();
		got = fread(p + n, 1, 65536, f);
		n += got;
	} while (got > 0);
	fclose(f);
	/* Said before, so that it stands there when the target aborts; the last line wins. */
	if (isatty(2))
		fprintf(stderr, "\r%s\033[K", path);
	LLVMFuzzerTestOneInput(p, n);
	free(p);
	count++;
}

static void
run_folder(const char *path)
{
	struct dirent **e;
	int n = scandir(path, &e, NULL, alphasort);
	char name[4096];

	if (n < 0 && errno == ENOTDIR) {
		run_file(path);
		return;
	}
	if (n < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof name, "%s/%s", path, e[i]->d_name);
		if (e[i]->d_name[0] != '.')
			run_file(name);
		free(e[i]);
	}
	free(e);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		run_folder(argv[i]);
	if (isatty(2))
		fputs("\r\033[K", stderr);
	printf("%s: %u inputs passed\n", argv[0], count);
	return count > 0 ? 0 : 1;
}
