/* SPDX-License-Identifier: ISC
 * report_write.c - where the reports go: files named by options, or standard output.
 * One thing to know: an error may show only when the file is closed (a full disk), so that is asked, too. */
#include "report.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *
path_of(const struct px_opts *o, unsigned i)
{
	const char *const v[] = {o->tap, o->junit, o->json};

	return v[i];
}

static bool
is_stdout(const char *path)
{
	return path != NULL && strcmp(path, "-") == 0;
}

static bool
complain(const char *path)
{
	fputs("proxyspec: the report ", stderr);
	px_print_safe(stderr, is_stdout(path) ? "on standard output" : path);
	fprintf(stderr, " cannot be written: %s\n", strerror(errno));
	return false;
}

bool
px_report_open(struct px_report_files *v, const struct px_opts *o)
{
	memset(v, 0, sizeof *v);
	if (is_stdout(o->tap) + is_stdout(o->junit) + is_stdout(o->json) > 1) {
		fputs("proxyspec: standard output takes one report only\n", stderr);
		return false;
	}
	for (unsigned i = 0; i < 3; i++) {
		const char *path = path_of(o, i);

		if (path == NULL)
			continue;
		v->f[i] = is_stdout(path) ? stdout : fopen(path, "we");
		if (v->f[i] == NULL)
			return complain(path);
	}
	return true;
}

bool
px_report_write(struct px_report_files *v, const struct px_report *r)
{
	static void (*const put[])(FILE *, const struct px_report *) = {
		px_report_tap, px_report_junit, px_report_json};
	bool ok = true, people = true;

	for (unsigned i = 0; i < 3; i++) {
		FILE *f = v->f[i];
		int bad;

		if (f == NULL)
			continue;
		people = people && f != stdout;
		put[i](f, r);
		bad = ferror(f);
		bad |= f == stdout ? fflush(f) : fclose(f);
		ok = (bad == 0 || complain(path_of(r->o, i))) && ok;
		v->f[i] = NULL;
	}
	if (people)
		px_report_terminal(stdout, r);
	return ok;
}

unsigned
px_columns(int fd)
{
	struct winsize w;

	if (!isatty(fd))
		return 0;
	return ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col != 0 ? w.ws_col : 80;
}

bool
px_failed(const struct px_report *r, enum px_outcome o)
{
	return o == PX_O_FAIL || o == PX_O_CRASH || o == PX_O_XPASS || o == PX_O_ERROR ||
	       (o == PX_O_LOOSE && r->o->strict);
}
