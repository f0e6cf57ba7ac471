/* SPDX-License-Identifier: ISC
 * value.h - one field: from the text of a trace to octets and back, and whether a value is accepted.
 * One thing to know: the text of a value is what a variable holds ("2", "127.0.0.1", "name:localhost:80", or the
 * octets of a string), never the octets with their length or end mark. */
#ifndef PX_VALUE_H
#define PX_VALUE_H

#include "env.h"

enum px_got {
	PX_GOT_MORE, /* not whole yet; with eof it never will be */
	PX_GOT_OK,
	PX_GOT_BAD /* no field of this type begins so */
};

/* How many octets a field of type t takes at the front of in: stored in *used.  `value` gets its text (appended).
 * raw: n octets. */
enum px_got px_value_read(enum px_type t, struct span in, size_t raw, size_t *used, struct px_buf *value);

/* The octets of the text of a value, appended.  False: it cannot be one; *why says so. */
bool px_value_write(enum px_type t, struct span text, bool quoted, struct px_buf *out, const char **why);

/* Does spec accept the value?  A wrong spec (missing variable, broken expression) is told in *why and accepts
 * nothing. */
bool px_accepts(
	const struct px_env *, enum px_type t, const struct px_spec *, struct span value, const char **why);

/* The text of what a field without canonical value is sent as.  False: there is no such value. */
bool px_default(const struct px_env *, enum px_type t, const struct px_spec *, struct px_buf *text,
	bool *quoted, const char **why);

bool px_number(struct span, unsigned long *);
/* "127.0.0.1", "::1" and so on. */
bool px_is_ip4(struct span, uint8_t b[4]);
bool px_is_ip6(struct span, uint8_t b[16]);

#endif
