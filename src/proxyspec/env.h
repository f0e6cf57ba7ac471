/* SPDX-License-Identifier: ISC
 * env.h - the variables of a running case, and growing buffers.
 * One thing to know: numbers and addresses are kept as text ("7007", "127.0.0.1"), all else as the octets
 * themselves; what was set last wins, so px_env_back undoes what an alternative set. */
#ifndef PX_ENV_H
#define PX_ENV_H

#include "script.h"

struct px_buf { /* grows; free p when done */
	uint8_t *p;
	size_t n, cap;
};
void px_put(struct px_buf *, const void *p, size_t n);
void px_puts(struct px_buf *, const char *s);
void px_printf(struct px_buf *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void px_buf_free(struct px_buf *);
/* Octets for a report: "05 00", cut after max; as text when quoted is set. */
void px_put_octets(struct px_buf *, struct span s, size_t max);
void px_put_text(struct px_buf *, struct span s, size_t max);

struct px_var {
	char *name; /* "http." and "<" mark: a new HTTP head hides older http.* variables */
	uint8_t *p;
	size_t n;
};
struct px_env {
	struct px_var *v;
	size_t n, cap;
};
void px_env_free(struct px_env *);
void px_env_set(struct px_env *, const char *name, struct span value);
void px_env_head(struct px_env *); /* forget http.* */
bool px_env_get(const struct px_env *, const char *name, struct span *value);
static inline size_t
px_env_mark(const struct px_env *e)
{
	return e->n;
}
void px_env_back(struct px_env *, size_t mark);

/* The template's octets appended to out.  False: *missing names a variable that is not set. */
bool px_expand(const struct px_env *, const struct px_tpl *, struct px_buf *out, const char **missing);
/* The same as a source of a regular expression: variables are taken literally. */
bool px_expand_regex(const struct px_env *, const struct px_tpl *, struct px_buf *out, const char **missing);
void px_base64(struct px_buf *, struct span);

#endif
