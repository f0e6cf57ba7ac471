/* SPDX-License-Identifier: ISC
 * coverage.c - requirement by case.  Beside the traces stand REQUIREMENTS, CATALOGUE and UNTESTABLE*; docs/pxt.5,
 * "Files", says what their lines are.
 * One thing to know: a MUST, must or FMT that is neither cited by a case nor listed as untestable is a failure. */
#include "opts.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

int px_coverage(const struct px_opts *, const struct px_set *);

struct lines { /* a file of lines with fields parted by tabs, or by the first blank */
	char *text;
	size_t n;
	char *at;
};

static bool
open_lines(struct lines *l, const char *dir, const char *name)
{
	char path[1400];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	l->text = px_slurp(path, &l->n);
	l->at = l->text;
	return l->text != NULL;
}

/* The next line that is no comment: its fields into f. */
static bool
next_line(struct lines *l, const char **f, unsigned max, const char *parts)
{
	while (l->at != NULL && l->at < l->text + l->n) {
		char *line = l->at, *nl = strchr(line, '\n');

		l->at = nl == NULL ? l->text + l->n : nl + 1;
		if (nl != NULL)
			*nl = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		for (unsigned i = 0; i < max; i++) {
			size_t n = i + 1 < max ? strcspn(line, parts) : strlen(line);

			f[i] = line;
			line += n;
			if (*line != '\0')
				*line++ = '\0';
		}
		return true;
	}
	return false;
}

/* The folder that holds the lists: of the traces named, or beside those that come with the program. */
static bool
lists_dir(const struct px_opts *o, const struct px_set *s, char *dir, size_t n)
{
	const char *file = s->first == NULL ? "" : s->first->file;
	struct lines l;

	if (o->fixtures != NULL) {
		snprintf(dir, n, "%s", o->fixtures->s);
		return true;
	}
	snprintf(dir, n, "%s", file);
	for (char *slash = strrchr(dir, '/'); slash != NULL; slash = strrchr(dir, '/')) {
		*slash = '\0';
		if (open_lines(&l, dir, "REQUIREMENTS")) {
			free(l.text);
			return true;
		}
	}
	return false;
}

static const char *
untestable_in(const char *dir, const char *file, const char *id, char *why, size_t n)
{
	struct lines l;
	const char *f[2];

	why[0] = '\0';
	if (!open_lines(&l, dir, file))
		return NULL;
	while (next_line(&l, f, 2, " \t"))
		if (strcmp(f[0], id) == 0) {
			snprintf(why, n, "%s", f[1]);
			break;
		}
	free(l.text);
	return why[0] != '\0' ? why : NULL;
}

static const char *
untestable(const char *dir, const char *id, char *why, size_t n)
{
	DIR *d = opendir(dir);
	const char *got = NULL;

	for (struct dirent *e; d != NULL && got == NULL && (e = readdir(d)) != NULL;)
		if (strncmp(e->d_name, "UNTESTABLE", 10) == 0)
			got = untestable_in(dir, e->d_name, id, why, n);
	if (d != NULL)
		closedir(d);
	return got;
}

static bool
counts(const char *level)
{
	return strncmp(level, "MUST", 4) == 0 || strcmp(level, "must") == 0 || strcmp(level, "FMT") == 0;
}

/* Every requirement with its cases.  Returns how many that count have none. */
static unsigned
requirements(const char *dir, const struct px_set *s, bool verbose)
{
	struct lines l;
	const char *f[6];
	unsigned all = 0, cited = 0, excused = 0, missing = 0, open = 0, later = 0;
	char why[400];

	if (!open_lines(&l, dir, "REQUIREMENTS")) {
		fprintf(stderr, "proxyspec: %s has no REQUIREMENTS\n", dir);
		return 1;
	}
	while (next_line(&l, f, 6, "\t")) {
		unsigned n = 0;

		all++;
		for (const struct px_case *c = s->first; c != NULL; c = c->next)
			if (px_has_word(c->req, f[0])) {
				if (n == 0 && verbose)
					printf("%-12s %-10s %s\n", f[0], f[2], f[4]);
				if (verbose)
					printf("             %s\n", c->id);
				n++;
			}
		if (n != 0) {
			cited++;
		} else if (untestable(dir, f[0], why, sizeof why) != NULL) {
			excused++;
			if (verbose)
				printf("%-12s %-10s %s\n             untestable: %s\n", f[0], f[2], f[4],
					why);
		} else if (strcmp(f[3], "later") == 0) {
			later++;
		} else if (counts(f[2])) {
			missing++;
			printf("%-12s %-10s NO CASE: %s\n", f[0], f[2], f[4]);
		} else {
			open++;
			if (verbose)
				printf("%-12s %-10s no case: %s\n", f[0], f[2], f[4]);
		}
	}
	printf("%u requirements: %u cited by a case, %u untestable with a reason, %u of other levels without "
	       "a case, "
	       "%u for later, %u MISSING\n",
		all, cited, excused, open, later, missing);
	free(l.text);
	return missing;
}

static void
catalogue(const char *dir, const struct px_set *s)
{
	struct lines l;
	const char *f[5];
	unsigned all = 0, there = 0, later = 0;

	if (!open_lines(&l, dir, "CATALOGUE"))
		return;
	while (next_line(&l, f, 5, "\t")) {
		const struct px_case *c = s->first;
		size_t n = strlen(f[0]);

		all++;
		while (c != NULL && (strncmp(c->id, f[0], n) != 0 || (c->id[n] != '\0' && c->id[n] != '/')))
			c = c->next;
		if (c != NULL)
			there++;
		else if (strcmp(f[3], "later") == 0 || strcmp(f[1], "-") == 0)
			later++;
		else
			printf("not yet written: %s\n", f[0]);
	}
	printf("%u cases in the catalogue: %u written, %u for later or no trace at all, %u not yet written; "
	       "%u files\n",
		all, there, later, all - there - later, s->files);
	free(l.text);
}

/* An id that no line of REQUIREMENTS has is a typing error. */
static unsigned
unknown(const char *dir, const struct px_set *s)
{
	unsigned n = 0;

	for (const struct px_case *c = s->first; c != NULL; c = c->next)
		for (const struct px_text *t = c->req; t != NULL; t = t->next) {
			struct lines l;
			const char *f[2];
			bool found = false;

			if (!open_lines(&l, dir, "REQUIREMENTS"))
				return n;
			while (!found && next_line(&l, f, 2, "\t"))
				found = strcmp(f[0], t->s) == 0;
			free(l.text);
			if (!found) {
				printf("%s:%u: req: %s is no requirement\n", c->file, t->line, t->s);
				n++;
			}
		}
	return n;
}

int
px_coverage(const struct px_opts *o, const struct px_set *s)
{
	char dir[1024];
	unsigned bad;

	if (!lists_dir(o, s, dir, sizeof dir)) {
		fputs("proxyspec: there is no REQUIREMENTS beside the traces\n", stderr);
		return PX_EXIT_ERROR;
	}
	bad = unknown(dir, s) + requirements(dir, s, o->verbose);
	catalogue(dir, s);
	return bad == 0 ? PX_EXIT_OK : PX_EXIT_FAIL;
}
