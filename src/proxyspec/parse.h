/* SPDX-License-Identifier: ISC
 * parse.h - shared by the files of the parser: the cursor over a file's lines.
 * One thing to know: a line that has an error is left out and the rest is parsed, so that all errors are told. */
#ifndef PX_PARSE_H
#define PX_PARSE_H

#include "lex.h"

struct px_lines {
	struct px_arena *a;
	struct px_errors *errs;
	const char *file;
	const char *p, *end; /* the text that is left */
	unsigned line;	     /* number of the line that px_line gave last */
	struct px_lex cur;   /* that line */
	bool held;	     /* give the same line once more */
	unsigned depth;	     /* of the when that is read */
};

bool px_line(struct px_lines *); /* the next line into cur; false at the end */

void px_parse_headers(struct px_lines *, struct px_case *);

/* Items up to an option, the end or, in an alternative, "," or "->". */
struct px_item *px_parse_items(struct px_lex *, bool in_alt);
bool px_parse_option(struct px_lex *, struct px_step *); /* within, [LEVEL], &; false when none stands here */
void px_parse_hdrs(struct px_lines *, struct px_step *);
void px_parse_alts(struct px_lines *, struct px_step *);
void px_parse_event(struct px_lex *, struct px_step *);
struct px_step *px_parse_steps(struct px_lines *, struct px_case *, bool in_when);

#endif
