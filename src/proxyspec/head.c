/* SPDX-License-Identifier: ISC
 * head.c - HTTP heads: RFC 9112 sections 2.2, 3, 4, 5 (lines and fields), 6.3 (how long a body is).
 * One thing to know: fields of one name are joined with ", " before they are compared (RFC 9110 section 5.3). */
#include "match.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* The end of the line at p: behind its LF; *n is its length without CR LF.  NULL: no end yet. */
static const uint8_t *
line_end(const uint8_t *p, const uint8_t *end, size_t *n)
{
	const uint8_t *lf = p == end ? NULL : memchr(p, '\n', (size_t)(end - p));

	if (lf == NULL)
		return NULL;
	*n = (size_t)(lf - p);
	if (*n > 0 && lf[-1] == '\r')
		(*n)--;
	return lf + 1;
}

static bool
blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Add a value to the variable of its field: set, joined with ", ", or (fold) with a blank. */
static void
add_field(struct px_env *e, const char *name, struct span v, bool fold)
{
	struct px_buf b = {NULL, 0, 0};
	struct span old;

	while (v.n > 0 && blank(v.p[0]))
		span_eat(&v, 1);
	while (v.n > 0 && blank(v.p[v.n - 1]))
		v.n--;
	if (px_env_get(e, name, &old)) {
		px_put(&b, old.p, old.n);
		px_puts(&b, fold ? " " : ", ");
	}
	px_put(&b, v.p, v.n);
	px_env_set(e, name, span_of(b.p, b.n));
	px_buf_free(&b);
}

static void
field_line(struct px_env *e, const uint8_t *p, size_t n, struct px_buf *name)
{
	const uint8_t *colon = n == 0 ? NULL : memchr(p, ':', n);
	size_t k;

	if (n > 0 && blank(p[0]) && name->n != 0) { /* obs-fold, RFC 9112 section 5.2 */
		add_field(e, (const char *)name->p, span_of(p, n), true);
		return;
	}
	k = colon == NULL ? n : (size_t)(colon - p);
	name->n = 0;
	px_puts(name, "http.");
	for (size_t i = 0; i < k; i++)
		px_put(name, (uint8_t[1]){p[i] >= 'A' && p[i] <= 'Z' ? (uint8_t)(p[i] + 32) : p[i]}, 1);
	px_put(name, "", 1);
	add_field(e, (const char *)name->p,
		span_of(p + (colon == NULL ? n : k + 1), n - (colon == NULL ? n : k + 1)), false);
}

bool
px_head_vars(struct px_env *e, struct span in, size_t *used)
{
	const uint8_t *p = in.p, *end = in.p + in.n, *next;
	struct px_buf name = {NULL, 0, 0};
	bool start = true;
	size_t n = 1;

	for (const uint8_t *q = p; n != 0 || start;) { /* is the head whole? */
		if (q == NULL || in.n == 0 || (q = line_end(q, end, &n)) == NULL)
			return false;
		start = false;
		*used = (size_t)(q - in.p);
	}
	px_env_head(e);
	next = line_end(p, end, &n);
	px_env_set(e, "http.:start", span_of(p, n));
	for (p = next; p != NULL && (next = line_end(p, end, &n)) != NULL && n != 0; p = next)
		field_line(e, p, n, &name);
	px_buf_free(&name);
	return true;
}

/* A head that is only an empty line, or that has a line ended by a bare LF, is told as a difference. */
static void
check_lines(const struct px_step *s, struct span in, size_t used, struct px_diffs *d)
{
	struct px_buf w = {NULL, 0, 0}, g = {NULL, 0, 0};

	for (size_t i = 0; i < used; i++)
		if (in.p[i] == '\n' && (i == 0 || in.p[i - 1] != '\r')) {
			px_puts(&w, "lines that end with CR LF (RFC 9112 section 2.2)");
			px_puts(&g, "a bare LF");
			px_diff_add(d, s->line, "line end", PX_ROBUST, &w, &g);
			return;
		}
}

static void
check_hdr(struct px_env *e, const struct px_hdr *h, struct px_diffs *d)
{
	struct px_buf key = {NULL, 0, 0}, w = {NULL, 0, 0}, g = {NULL, 0, 0};
	const char *why = NULL;
	struct span v;
	bool there, ok;

	px_printf(&key, "http.%s", strcmp(h->name, "start") == 0 ? ":start" : h->name);
	px_put(&key, "", 1);
	there = px_env_get(e, (const char *)key.p, &v);
	px_buf_free(&key);
	if (h->spec->kind == PX_ABSENT)
		ok = !there;
	else
		ok = there ? px_accepts(e, PX_REST, h->spec, v, &why) : h->optional;
	if (ok)
		return;
	if (why != NULL)
		px_broken(d, h->line, why);
	px_put_spec(&w, e, h->spec);
	if (there)
		px_put_text(&g, v, 120);
	else
		px_puts(&g, "no such field");
	px_diff_add(d, h->line, h->name, h->level, &w, &g);
}

/* Without a "*" no other fields may stand in the head. */
static void
check_others(struct px_env *e, size_t mark, const struct px_step *s, struct px_diffs *d)
{
	for (const struct px_hdr *h = s->hdrs; h != NULL; h = h->next)
		if (strcmp(h->name, "*") == 0)
			return;
	for (size_t i = mark; i < e->n; i++) {
		const char *name = e->v[i].name + strlen("http.");
		const struct px_hdr *h = s->hdrs;
		struct px_buf w = {NULL, 0, 0}, g = {NULL, 0, 0};

		while (h != NULL && strcasecmp(h->name, name) != 0)
			h = h->next;
		if (h != NULL || name[0] == ':' || name[0] == '\0')
			continue;
		px_puts(&w, "no other fields");
		px_printf(&g, "%s", name);
		px_diff_add(d, s->line, "head", PX_L_NONE, &w, &g);
	}
}

enum px_match
px_match_head(struct px_env *e, const struct px_step *s, struct px_in in, size_t *used, struct px_diffs *d)
{
	size_t mark = px_env_mark(e);
	struct px_hdr start = {.name = "start", .line = s->line};
	struct px_spec exact = {.kind = PX_VALUE, .a = s->start};
	bool has_start = false;

	if (!px_head_vars(e, in.s, used)) {
		struct px_buf w = {NULL, 0, 0}, g = {NULL, 0, 0};

		if (in.s.n < 262144)
			return PX_M_MORE;
		px_puts(&w, "a head of 256 KiB at most");
		px_puts(&g, "more, without an end");
		px_diff_add(d, s->line, "head", PX_L_NONE, &w, &g);
		return PX_M_BAD;
	}
	check_lines(s, in.s, *used, d);
	for (const struct px_hdr *h = s->hdrs; h != NULL; h = h->next)
		has_start = has_start || strcmp(h->name, "start") == 0;
	start.spec = &exact;
	if (!has_start)
		check_hdr(e, &start, d);
	for (const struct px_hdr *h = s->hdrs; h != NULL; h = h->next)
		if (strcmp(h->name, "*") != 0)
			check_hdr(e, h, d);
	check_others(e, mark, s, d);
	return PX_M_OK;
}

/* Chunked coding, RFC 9112 section 7.1. */
static enum px_got
chunked(struct span in, size_t *used, struct px_buf *value)
{
	const uint8_t *p = in.p, *end = in.p + in.n;
	size_t n;

	for (;;) {
		const uint8_t *next = in.n == 0 ? NULL : line_end(p, end, &n);
		char size[20] = "", *bad;
		unsigned long k;

		if (next == NULL)
			return PX_GOT_MORE;
		memcpy(size, p, n < sizeof size - 1 ? n : sizeof size - 1);
		k = strtoul(size, &bad, 16);
		if (bad == size || k > 100000000)
			return PX_GOT_BAD;
		p = next;
		if (k == 0)
			break;
		if ((size_t)(end - p) < k + 2)
			return PX_GOT_MORE;
		px_put(value, p, k);
		p += k + 2;
	}
	do { /* the trailer section and the empty line */
		const uint8_t *next = line_end(p, end, &n);

		if (next == NULL)
			return PX_GOT_MORE;
		p = next;
	} while (n != 0);
	*used = (size_t)(p - in.p);
	return PX_GOT_OK;
}

enum px_got
px_body(const struct px_env *e, struct px_in in, size_t *used, struct px_buf *value)
{
	struct span start, v;
	unsigned long len;
	bool response;

	if (!px_env_get(e, "http.:start", &start))
		return PX_GOT_BAD;
	response = start.n >= 12 && strncasecmp((const char *)start.p, "HTTP/", 5) == 0;
	if (response && (start.p[9] == '1' || start.p[9] == '2' || memcmp(start.p + 9, "304", 3) == 0))
		return PX_GOT_OK; /* no content; a 2xx to CONNECT starts the tunnel */
	if (px_env_get(e, "http.transfer-encoding", &v))
		return chunked(in.s, used, value);
	if (px_env_get(e, "http.content-length", &v)) {
		if (!px_number(v, &len))
			return PX_GOT_BAD;
		if (in.s.n < len)
			return PX_GOT_MORE;
		*used = len;
		px_put(value, in.s.p, len);
		return PX_GOT_OK;
	}
	if (!response)
		return PX_GOT_OK;
	if (!in.eof)
		return PX_GOT_MORE;
	*used = in.s.n;
	px_put(value, in.s.p, in.s.n);
	return PX_GOT_OK;
}
