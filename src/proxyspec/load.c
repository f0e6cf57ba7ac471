/* SPDX-License-Identifier: ISC
 * load.c - see load.h. */
#include "load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (256u << 20)

void
px_set_init(struct px_set *s)
{
	memset(s, 0, sizeof *s);
	s->a = px_arena_new();
	px_errors_init(&s->errs, s->a);
	s->end = &s->first;
}

void
px_set_free(struct px_set *s)
{
	px_arena_free(s->a);
	memset(s, 0, sizeof *s);
}

char *
px_slurp(const char *path, size_t *n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), e = 0;
	size_t cap = 0;
	char *p = NULL;
	ssize_t r = 1;

	*n = 0;
	if (fd < 0)
		return NULL;
	while (e == 0 && r != 0) { /* a pipe has no size beforehand */
		if (*n + 1 >= cap) {
			char *bigger = realloc(p, cap = cap == 0 ? 16384 : cap * 2);

			if (bigger == NULL)
				break;
			p = bigger;
		}
		r = read(fd, p + *n, cap - *n - 1);
		if (r > 0)
			*n += (size_t)r;
		e = r < 0 && errno != EINTR ? errno : *n > FILE_MAX ? EFBIG : 0;
	}
	close(fd);
	if (e == 0 && r == 0) {
		p[*n] = '\0';
		return p;
	}
	free(p);
	errno = e != 0 ? e : ENOMEM;
	return NULL;
}

static void
add(struct px_set *s, const char *file, struct span text)
{
	struct px_case *c = px_parse(s->a, file, text, &s->errs);

	s->files++;
	if (c == NULL)
		return;
	*s->end = c;
	s->end = &c->next;
	s->n++;
}

static bool
load_file(struct px_set *s, const char *path)
{
	size_t n;
	char *text = px_slurp(path, &n);

	if (text == NULL) {
		px_error(&s->errs, path, 0, "cannot be read: %s", strerror(errno));
		return false;
	}
	add(s, px_dup(s->a, path, strlen(path)), span_of(px_dup(s->a, text, n), n));
	free(text);
	return true;
}

static bool
ends_pxt(const char *s)
{
	size_t n = strlen(s);

	return n > 4 && strcmp(s + n - 4, ".pxt") == 0;
}

static int
wanted(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static bool
load_dir(struct px_set *s, const char *path, unsigned depth)
{
	struct dirent **d;
	int n = scandir(path, &d, wanted, alphasort);
	bool ok = n >= 0;

	if (n < 0)
		px_error(&s->errs, path, 0, "cannot be read: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		size_t len = strlen(path) + strlen(d[i]->d_name) + 2;
		char *p = px_alloc(s->a, len);
		struct stat st;

		snprintf(p, len, "%s/%s", path, d[i]->d_name);
		if (stat(p, &st) == 0 && S_ISDIR(st.st_mode) && depth < 8)
			ok = load_dir(s, p, depth + 1) && ok;
		else if (ends_pxt(p))
			ok = load_file(s, p) && ok;
		free(d[i]);
	}
	if (n >= 0)
		free(d);
	return ok;
}

bool
px_load(struct px_set *s, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		px_error(&s->errs, path, 0, "cannot be read: %s", strerror(errno));
		return false;
	}
	return S_ISDIR(st.st_mode) ? load_dir(s, path, 0) : load_file(s, path);
}
