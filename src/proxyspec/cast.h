/* SPDX-License-Identifier: ISC
 * cast.h - who is under test, and one run of a case against it. */
#ifndef PX_CAST_H
#define PX_CAST_H

#include "play.h"

struct px_profile { /* what a client program can do, and how each protocol is asked for (docs/proxyspec.1) */
	const char *name, *file;
	struct px_text *can;
	struct px_way {
		struct px_text *needs; /* the words of the case that this way is for */
		struct px_text *words; /* the command */
		struct px_text *env;   /* NAME=VALUE */
		struct px_way *next;
	} * ways;
	struct px_text *env;
	struct px_not { /* what does not apply to this program, and why */
		const char *glob, *why;
		bool but; /* applies all the same, whatever the sanity case says */
		struct px_not *next;
	} * nots;
};

struct px_subject {
	enum px_cast cast;
	/* server */
	struct net_addr proxy;
	const char *proxy_text;
	const char *user, *pass; /* or NULL */
	const char *target_host; /* or NULL; how the proxy reaches our listeners: by address, */
	const char *target_name; /* by name */
	/* client */
	struct px_text *command; /* words of a template, or NULL: the profile's */
	const struct px_profile *profile;
	struct px_text *can;
};

/* "socks5://user:pass@host:port".  False: *why says what is wrong.  Fills can. */
bool px_subject_url(struct px_arena *, struct px_subject *, const char *url, bool any_host, const char **why);

/* NULL, or why the case cannot be played against the subject ("needs gssapi, which was not declared"). */
const char *px_cannot(struct px_arena *, const struct px_subject *, const struct px_case *);
bool px_but(const struct px_subject *, const struct px_case *); /* the profile has a "but" for it */
const struct px_way *px_way_for(const struct px_profile *, const struct px_case *);

/* Play the case in this process. */
void px_run(const struct px_subject *, const struct px_case *, struct px_how, struct px_result *);
bool px_alive(const struct px_subject *);

/* The port on which the runner's target must listen, or refuse, because the trace names it; 0: any. */
unsigned px_fixed_port(const struct px_case *);
/* The proxy would have to know a name of ours, and none was given. */
bool px_needs_name(const struct px_subject *, const struct px_case *);
bool px_server_setup(struct px_play *, const struct px_subject *);
bool px_client_setup(struct px_play *, const struct px_subject *);
void px_client_end(struct px_play *);

struct px_profile *px_profile_read(struct px_arena *, const char *path, struct px_errors *);

#endif
