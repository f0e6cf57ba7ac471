/* SPDX-License-Identifier: ISC
 * profile.c - what a client program can do and how it is asked for each protocol (docs/proxyspec.1, "Profiles").
 *	name: nc
 *	can: socks4 socks5 noauth http
 *	env: LC_ALL=C
 *	socks5 noauth: nc -X 5 -x {proxy_host}:{proxy_port} {host} {port}
 *	not socks5/client/userpass/empty: it asks for a name
 *	but socks5/client/userpass/empty-user: it is not asked there
 * One thing to know: of several ways whose words the case needs, the one with the most words is taken. */
#include "cast.h"
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void
add(struct px_arena *a, struct px_text **list, const char *p, size_t n)
{
	struct px_text *t = px_alloc(a, sizeof *t);

	t->s = px_dup(a, p, n);
	while (*list != NULL)
		list = &(*list)->next;
	*list = t;
}

/* Words parted by blanks; "..." and '...' keep theirs.  False: a quotation mark has no second one. */
static bool
split(struct px_arena *a, struct px_text **list, const char *p, const char *end)
{
	while (p < end) {
		char *w = px_alloc(a, (size_t)(end - p) + 1), q = 0;
		size_t n = 0;

		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		if (p == end)
			break;
		for (; p < end && (q != 0 || (*p != ' ' && *p != '\t')); p++) {
			if (q != 0 ? *p == q : *p == '"' || *p == '\'')
				q = q != 0 ? 0 : *p;
			else
				w[n++] = *p;
		}
		add(a, list, w, n);
		if (q != 0)
			return false;
	}
	return true;
}

/* NAME=VALUE words in front of a command are its environment. */
static void
take_env(struct px_way *w)
{
	struct px_text **end = &w->env;

	while (w->words != NULL && strchr(w->words->s, '=') != NULL && w->words->s[0] >= 'A' &&
		w->words->s[0] <= 'Z') {
		*end = w->words;
		w->words = w->words->next;
		(*end)->next = NULL;
		end = &(*end)->next;
	}
}

static void
add_not(struct px_arena *a, struct px_profile *f, const char *p, const char *colon, const char *end)
{
	struct px_not *n = px_alloc(a, sizeof *n);

	n->but = *p == 'b';
	for (p += 4; p < colon && *p == ' ';)
		p++;
	n->glob = px_dup(a, p, (size_t)(colon - p));
	for (colon++; colon < end && *colon == ' ';)
		colon++;
	n->why = px_dup(a, colon, (size_t)(end - colon));
	n->next = f->nots;
	f->nots = n;
}

static void
one_line(struct px_arena *a, struct px_profile *f, const char *p, const char *end, unsigned line,
	struct px_errors *errs)
{
	const char *colon = memchr(p, ':', (size_t)(end - p));
	struct px_way *w;
	bool whole = true;

	if (colon == NULL) {
		px_error(errs, f->file, line, "a line is WORDS: TEXT");
		return;
	}
	if (colon - p == 4 && memcmp(p, "name", 4) == 0) {
		for (colon++; colon < end && *colon == ' ';)
			colon++;
		f->name = px_dup(a, colon, (size_t)(end - colon));
	} else if (colon - p == 3 && memcmp(p, "can", 3) == 0) {
		whole = split(a, &f->can, colon + 1, end);
	} else if (colon - p == 3 && memcmp(p, "env", 3) == 0) {
		whole = split(a, &f->env, colon + 1, end);
	} else if (colon - p > 4 && (memcmp(p, "not ", 4) == 0 || memcmp(p, "but ", 4) == 0)) {
		add_not(a, f, p, colon, end);
	} else {
		w = px_alloc(a, sizeof *w);
		whole = split(a, &w->needs, p, colon) && split(a, &w->words, colon + 1, end);
		take_env(w);
		if (whole && w->words == NULL)
			px_error(errs, f->file, line, "there is no command");
		w->next = f->ways;
		f->ways = w;
	}
	if (!whole)
		px_error(errs, f->file, line, "a quotation mark is missing");
}

struct px_profile *
px_profile_read(struct px_arena *a, const char *path, struct px_errors *errs)
{
	struct px_profile *f = px_alloc(a, sizeof *f);
	size_t n;
	char *text = px_slurp(path, &n), *p, *end;
	unsigned line = 0;

	f->file = f->name = path;
	if (text == NULL) {
		px_error(errs, path, 0, "cannot be read: %s", strerror(errno));
		return NULL;
	}
	for (p = text; p < text + n; p = end + 1) {
		end = memchr(p, '\n', (size_t)(text + n - p));
		if (end == NULL)
			end = text + n;
		line++;
		if (p == end || *p == '#')
			continue;
		one_line(a, f, p, end, line, errs);
	}
	free(text);
	return f;
}

const struct px_way *
px_way_for(const struct px_profile *f, const struct px_case *c)
{
	const struct px_way *best = NULL;
	unsigned most = 0;

	for (const struct px_way *w = f == NULL ? NULL : f->ways; w != NULL; w = w->next) {
		unsigned n = 1;

		for (const struct px_text *t = w->needs; t != NULL && n != 0; t = t->next)
			n = px_has_word(c->needs, t->s) ? n + 1 : 0;
		if (n > most) {
			most = n;
			best = w;
		}
	}
	return best;
}
