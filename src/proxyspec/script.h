/* SPDX-License-Identifier: ISC
 * script.h - a .pxt trace as data (format: docs/pxt.5).
 * One thing to know: everything here lives in the arena it was parsed into; nothing is freed singly. */
#ifndef PX_SCRIPT_H
#define PX_SCRIPT_H

#include "span.h"

struct px_arena;
struct px_arena *px_arena_new(void);
void px_arena_free(struct px_arena *);
void *px_alloc(struct px_arena *, size_t n); /* zeroed; ends the program when memory is out */
char *px_dup(struct px_arena *, const char *p, size_t n);

enum px_level {
	PX_L_NONE, /* not said: the line's, the file's, or MUST */
	PX_MUST,
	PX_MUST_NOT,
	PX_SHOULD,
	PX_SHOULD_NOT,
	PX_MAY,
	PX_FMT,
	PX_CONV,
	PX_ROBUST,
	PX_INFO
};

enum px_verdict { PX_PASS, PX_V_INFO, PX_LOOSE, PX_FAIL }; /* in order of weight */

/* Text with variables: parts are literal octets or names. */
struct px_part {
	const char *var; /* NULL: literal */
	struct span lit;
	struct px_part *next;
};
struct px_tpl {
	struct px_part *first;
	bool quoted; /* was written in quotation marks */
};

enum px_speckind { PX_ANY, PX_VALUE, PX_SET, PX_RANGE, PX_NOT, PX_HAS, PX_REGEX, PX_ABSENT };
struct px_spec {
	enum px_speckind kind;
	struct px_tpl a, b;   /* VALUE, HAS: a; RANGE: a..b; REGEX: a is the source */
	bool icase;	      /* REGEX */
	struct px_spec *sub;  /* SET: first member; NOT: what is negated */
	struct px_spec *next; /* in a SET */
};

enum px_type {
	PX_U8,
	PX_U16,
	PX_IP4,
	PX_IP6,
	PX_STR8,
	PX_STRZ,
	PX_RAW,
	PX_LINE,
	PX_ADDR5,
	PX_HTTPBODY,
	PX_REST
};
enum px_itemkind { PX_OCTETS, PX_BAR, PX_FIELD };
struct px_item {
	enum px_itemkind kind;
	unsigned line;
	struct px_tpl text; /* OCTETS */
	/* FIELD */
	const char *name;
	enum px_type type;
	struct px_tpl len; /* RAW */
	struct px_spec *spec;
	struct px_tpl canon;
	bool has_canon;
	enum px_level level;
	struct px_item *next;
};

struct px_hdr {
	const char *name; /* "start" for the start line, "*" for "others may follow" */
	bool optional, has_canon;
	struct px_spec *spec;
	struct px_tpl canon;
	enum px_level level;
	unsigned line;
	const char *note;
	struct px_hdr *next;
};

enum px_ending { PX_END_NONE, PX_END_CLOSE, PX_END_FIN, PX_END_RST, PX_END_SILENCE };
struct px_alt {
	struct px_item *items;
	enum px_ending ending;
	enum px_verdict verdict;
	const char *why; /* or NULL */
	unsigned line;
	struct px_alt *next;
};

enum px_event {
	PX_E_CLOSE,
	PX_E_FIN,
	PX_E_RST,
	PX_E_WAIT,
	PX_E_SILENT,
	PX_E_RETRY,
	PX_E_EOF,
	PX_E_EXIT,
	PX_E_STDOUT_EMPTY,
	PX_E_STDERR,
	PX_E_SKIP,
	PX_E_ACCEPT,
	PX_E_REFUSE,
	PX_E_GOT,
	PX_E_CLOSED,
	PX_E_NONE,
	PX_E_CONNECT,
	PX_E_STDOUT_CLOSE
};

enum px_actor { PX_C, PX_P, PX_T };
enum px_stepkind { PX_HEADING, PX_BYTES, PX_HTTP, PX_ONEOF, PX_PAYLOAD, PX_EVENT, PX_WHEN };
struct px_step {
	enum px_stepkind kind;
	enum px_actor actor;
	bool illegal; /* "C>!": deliberately against the specification */
	bool amp;     /* "&": in one segment with this actor's next octets */
	unsigned line;
	int within_ms; /* -1: not said */
	enum px_level level;
	const char *note;	       /* the comment, or NULL */
	const char *heading, *section; /* HEADING */
	struct px_item *items;	       /* BYTES, PAYLOAD */
	struct px_tpl start;	       /* HTTP: the canonical start line */
	struct px_hdr *hdrs;	       /* HTTP */
	struct px_alt *alts;	       /* ONEOF */
	enum px_event event;	       /* EVENT */
	int ms;			       /* WAIT SILENT NONE: -1 if not said */
	int status;		       /* EXIT */
	bool negated;		       /* EXIT !N; WHEN != */
	struct px_spec *spec;	       /* STDERR */
	struct px_tpl arg;	       /* SKIP GOT CONNECT; WHEN: the value */
	bool absent;		       /* WHEN: compared with "absent" */
	const char *var;	       /* WHEN */
	struct px_step *body, *other;  /* WHEN */
	struct px_step *next;
};

struct px_text { /* a list of header values, or of words */
	const char *s;
	unsigned line;
	struct px_text *next;
};
struct px_given {
	const char *name;
	struct px_tpl value;
	unsigned line;
	struct px_given *next;
};

enum { PX_TESTS_SERVER = 1, PX_TESTS_CLIENT = 2, PX_TESTS_BOTH = 3 };
struct px_case {
	const char *file, *id, *title, *goal, *why;
	unsigned tests;
	enum px_level level; /* never NONE */
	struct px_text *spec, *needs, *req, *note, *see;
	struct px_given *given;
	struct px_step *steps;
	bool malformed; /* some C line is "!" */
	struct px_case *next;
};

struct px_error {
	char *text; /* "file:line: what", or "file: what" */
	struct px_error *next;
};
struct px_errors {
	struct px_arena *a;
	struct px_error *first, **end;
	unsigned n;
};
void px_errors_init(struct px_errors *, struct px_arena *);
/* line 0: none. */
void px_error(struct px_errors *, const char *file, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The trace in text, or NULL when errors were added.  file and text must outlive the arena's use. */
struct px_case *px_parse(struct px_arena *, const char *file, struct span text, struct px_errors *);

const char *px_level_name(enum px_level);
enum px_level px_level_of(const char *p, size_t n); /* PX_L_NONE: no such level */
enum px_verdict px_level_verdict(enum px_level);    /* of a violation */
const char *px_type_name(enum px_type);
const char *px_event_name(enum px_event);
bool px_has_word(const struct px_text *, const char *word);

#endif
