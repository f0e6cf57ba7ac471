/* SPDX-License-Identifier: ISC
 * match.h - octets against the lines of a trace, and the lines as octets.
 * One thing to know: matching starts from the front of the line each time with all octets there are, so that where
 * a segment ends cannot matter; a variable is set only by a field that is whole. */
#ifndef PX_MATCH_H
#define PX_MATCH_H

#include "env.h"
#include "value.h"

struct px_in {
	struct span s;
	bool eof;   /* nothing will follow */
	bool quiet; /* nothing has come for a while: `rest` ends here */
};

enum px_match {
	PX_M_MORE, /* more octets are needed */
	PX_M_OK,   /* the line is whole; what it should not hold is in the differences */
	PX_M_BAD   /* these octets cannot be this line; the last difference says why */
};

struct px_diff {
	unsigned line;
	const char *name;    /* of the field, "" for plain octets */
	enum px_level level; /* PX_L_NONE: the line's */
	char *wanted, *got;
};
struct px_diffs {
	struct px_diff v[16];
	unsigned n;
	bool want_quiet; /* MORE was said only because it is not quiet yet */
	char *broken;	 /* the trace itself is wrong here (a missing variable, ...), or NULL */
};
void px_diffs_free(struct px_diffs *);
void px_diff_add(struct px_diffs *, unsigned line, const char *name, enum px_level, struct px_buf *wanted,
	struct px_buf *got); /* takes over both buffers */
/* A spec in the words of the trace, for a report. */
void px_put_spec(struct px_buf *, const struct px_env *, const struct px_spec *);
/* What a line asks for; of alternatives the best ones. */
void px_put_wanted(struct px_buf *, const struct px_env *, const struct px_step *);
void px_broken(struct px_diffs *, unsigned line, const char *what);

enum px_match px_match_item(
	struct px_env *, const struct px_item *, bool first, struct px_in, size_t *used, struct px_diffs *);
enum px_match px_match_items(
	struct px_env *, const struct px_item *, struct px_in, size_t *used, struct px_diffs *);
enum px_match px_match_head(
	struct px_env *, const struct px_step *, struct px_in, size_t *used, struct px_diffs *);

/* What an alternative of a oneof has come to. */
enum px_alt_state { PX_A_OPEN, PX_A_YES, PX_A_NO };
struct px_close { /* how the other side ended its stream */
	bool eof, rst;
	bool over; /* the time is up, or the program is gone: nothing more will come */
};
enum px_alt_state px_match_alt(struct px_env *, const struct px_alt *, struct px_in, struct px_close,
	size_t *used, struct px_diffs *);

/* Canonical octets.  cuts: offsets where a segment ends ("|").  False: *why (with its line) says what is wrong. */
struct px_cuts {
	size_t v[256], n;
};
bool px_encode_items(struct px_env *, const struct px_item *, struct px_buf *out, struct px_cuts *,
	unsigned *line, const char **why);
bool px_encode_head(
	struct px_env *, const struct px_step *, struct px_buf *out, unsigned *line, const char **why);

/* Set the http.* variables from a head; false when it has no end yet. */
bool px_head_vars(struct px_env *, struct span in, size_t *used);
/* The octets of the body behind the head last seen: PX_GOT_MORE until it is whole.  RFC 9112 section 6.3. */
enum px_got px_body(const struct px_env *, struct px_in, size_t *used, struct px_buf *value);

#endif
