/* SPDX-License-Identifier: ISC
 * play.h - one run of one case: the connections, the clock and the steps.
 * One thing to know: every wait goes through px_pump, which serves all connections at once; nothing waits for one
 * connection while another is full. */
#ifndef PX_PLAY_H
#define PX_PLAY_H

#include "match.h"
#include "net.h"
#include "result.h"

#include <sys/types.h>

enum px_cast { PX_CAST_SERVER, PX_CAST_CLIENT };
enum px_delivery { PX_D_WHOLE, PX_D_BYTES, PX_D_SPLIT, PX_D_COALESCE };

struct px_how { /* how a run is played */
	enum px_cast cast;
	enum px_delivery delivery;
	unsigned split; /* with SPLIT: after which octet, from 1 */
	double scale;	/* of all times */
};

enum { PX_EARLY = 64 };

struct px_leg {
	const char *name;
	int rfd, wfd; /* -1: not there; the same socket twice for a connection */
	struct px_buf in;
	size_t at;    /* octets of in that were used */
	size_t total; /* octets that ever came */
	bool eof, rst;
	bool hold;    /* do not read for now */
	int64_t last; /* when the last octet came */
	struct px_buf out;
	size_t sent;		  /* octets of out that are gone */
	bool unsent;		  /* a write failed: nothing goes out any more */
	struct px_buf pend;	  /* octets that wait for the actor's next line */
	struct px_cuts cuts;	  /* in pend */
	bool amp;		  /* the last line in pend ended with "&" */
	bool lazy;		  /* the peer leaves octets unread: nothing is gained by waiting for it */
	struct px_buf seen, said; /* the first octets each way, for reports */
	size_t said_total;
};

struct px_frame { /* a list of steps around the one that is played: what follows when that ends */
	const struct px_step *after;
	const struct px_frame *around;
};

struct px_play {
	const struct px_case *c;
	struct px_how how;
	struct px_env env;
	struct px_result *res;
	struct px_leg cp, pt, sin, sout, serr;
	struct net_addr proxy; /* server: where it is */
	int listen[2];	       /* server: the target's; client: the proxy's; -1 */
	bool redial;	       /* client: the next octets may come on a new connection */
	pid_t pid;	       /* client: the program, 0 none */
	int pidfd, status;
	bool exited;
	bool refuse;		     /* the target refuses */
	bool wanted;		     /* a line has asked for the connection to the target */
	const struct px_step *retry; /* server: the last retry, and how much had come then */
	size_t retry_total;
	bool again;			       /* play the steps behind retry once more */
	const struct px_step *early[PX_EARLY]; /* coalesce: lines already sent */
	unsigned nearly;
	const struct px_frame *in; /* the lists around the one that is played */
	bool stop;		   /* the case is decided */
	const char *late;	   /* "late": the close came after its time */
};

void px_play_init(struct px_play *, const struct px_case *, struct px_how, struct px_result *);
void px_play_free(struct px_play *);
void px_play_steps(struct px_play *, const struct px_step *);

int px_ms(const struct px_play *, int ms);	  /* scaled */
int64_t px_until(const struct px_play *, int ms); /* a deadline from now, scaled */
void px_pump(struct px_play *, int64_t deadline); /* one wait; returns at an event or the deadline */
bool px_dial(struct px_play *);			  /* server: connect to the proxy */
bool px_again(struct px_play *);		  /* server: the kept connection was gone; dialled anew */
bool px_reach(struct px_play *, struct px_leg *, int64_t deadline); /* until the leg is there */
void px_leg_close(struct px_leg *, bool reset);
static inline struct span
px_unread(const struct px_leg *l)
{
	return span_of(l->in.n == 0 ? (const uint8_t *)"" : l->in.p + l->at, l->in.n - l->at);
}
static inline bool
px_leg_there(const struct px_leg *l)
{
	return l->rfd >= 0 || l->wfd >= 0;
}

/* Which leg an actor's octets leave by, or come in by; NULL when the actor has none in this casting. */
struct px_leg *px_out_leg(struct px_play *, enum px_actor, bool payload);
struct px_leg *px_in_leg(struct px_play *, enum px_actor, bool payload);
bool px_is_ours(const struct px_play *, enum px_actor); /* played by the runner */

/* Sending (play_send.c). */
void px_queue(struct px_play *, struct px_leg *, const struct px_step *); /* a line into pend */
enum px_flush_how {
	PX_FLUSH,      /* what waits for nothing */
	PX_FLUSH_JOIN, /* payload follows on this leg: "&" shares its segment */
	PX_FLUSH_FORCE
};
void px_flush(struct px_play *, struct px_leg *, const struct px_step *next, enum px_flush_how);
void px_flush_all(struct px_play *, const struct px_step *next);
void px_push(struct px_leg *, struct span); /* into out, as it is */
bool px_early(struct px_play *, const struct px_step *);
bool px_left_unread(int fd); /* octets wait at the other end, as far as that can be known (play_unread.c) */

/* Judging. */
enum px_level px_step_level(const struct px_play *, const struct px_step *, enum px_level);
/* What does not fit; sets stop when it is a FAIL.  field, wanted, got may be NULL. */
void px_find(struct px_play *, unsigned line, enum px_level, const char *field, const char *wanted,
	const char *got, const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/* The last finding is that octets did not come, if nothing came. */
void px_lost(struct px_play *, const struct px_leg *);
void px_trouble(struct px_play *, enum px_outcome, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void px_legs_text(struct px_play *, struct px_buf *);

/* The parts of px_play_steps. */
void px_expect_octets(struct px_play *, const struct px_step *);
void px_expect_oneof(struct px_play *, const struct px_step *);
void px_act_oneof(struct px_play *, const struct px_step *);
void px_event(struct px_play *, const struct px_step *);
const struct px_step *px_payload(struct px_play *, const struct px_step *); /* the step after the group */
void px_expect_text(struct px_play *, const struct px_step *, struct px_leg *, struct span);
void px_expect_end(struct px_play *, const struct px_step *, struct px_leg *, enum px_event);
void px_skip(struct px_play *, const struct px_step *, struct px_leg *);
void px_end_input(struct px_play *); /* client: close its stdin */
void px_client_event(struct px_play *, const struct px_step *);
void px_retry(struct px_play *, const struct px_step *);
void px_connect_out(struct px_play *, const struct px_step *);

#endif
