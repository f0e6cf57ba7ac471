/* SPDX-License-Identifier: ISC
 * lex.h - the words of one line of a trace: strings, templates, specs, durations (docs/pxt.5, "Lines").
 * One thing to know: a semicolon starts a comment only at the start of a line or behind a blank, and never
 * inside a string or a regular expression. */
#ifndef PX_LEX_H
#define PX_LEX_H

#include "script.h"

enum { PX_NEST_MAX = 16 }; /* patterns in patterns, and when in when: each is a frame of our own stack */

struct px_lex {
	struct px_arena *a;
	struct px_errors *errs;
	const char *file;
	unsigned line;
	const char *p, *end; /* what is left of the line */
	bool failed;	     /* an error was reported on this line */
	unsigned depth;	     /* patterns within a pattern */
};

void px_lex_error(struct px_lex *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void px_lex_blank(struct px_lex *);		      /* skip blanks */
bool px_lex_end(struct px_lex *);		      /* skip blanks; at the end, or at a comment */
const char *px_lex_comment(struct px_lex *);	      /* the comment at the cursor, or NULL */
bool px_lex_is(struct px_lex *, const char *word);    /* eat word if it stands here as a whole */
bool px_lex_level(struct px_lex *, enum px_level *);  /* eat "[LEVEL]" if it stands here */
bool px_lex_string(struct px_lex *, struct px_tpl *); /* "..." */
int px_lex_duration(struct px_lex *);		      /* milliseconds, or -1 */

/* A value without quotation marks, up to a blank, '~', '[LEVEL]' or one of stop; may be a string. */
bool px_lex_value(struct px_lex *, const char *stop, struct px_tpl *);
/* A spec of an item. */
struct px_spec *px_lex_spec(struct px_lex *, const char *stop);
/* "/regex/" and flags into s, when the cursor is at the slash. */
bool px_lex_regex(struct px_lex *, struct px_spec *s);
/* n octets at p as a template: only $name is special. */
void px_lex_template(struct px_lex *, const char *p, size_t n, struct px_tpl *);

static inline bool
px_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool
px_is_name(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

#endif
