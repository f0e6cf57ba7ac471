/* SPDX-License-Identifier: ISC
 * conn.h - one connection: the client's socket, the server role that talks to it, the target's socket, the tunnel.
 * One thing to know: memory is taken when it is needed (input that waits, output that is stuck, a name being looked
 * up, a trace) and given back; an idle tunnel is two descriptors and this struct. */
#ifndef FP_CONN_H
#define FP_CONN_H

#include "ev.h"
#include "resolve.h"
#include "server.h"
#include "timer.h"

#define SCRATCH (128 * 1024) /* the buffer that all connections share */

struct fp;
struct tap;
struct trace;

enum conn_state {
	C_TALK,	  /* the role and the client */
	C_DIAL,	  /* to the target */
	C_TUNNEL, /* octets as they are */
	C_LAST,	  /* the last answer is being sent; then it ends as end says */
	C_DRAIN,  /* FIN sent; what still comes is dropped, so that no RST eats the answer */
	C_STUCK,  /* --stall-after, or a bug that does not close: until the client goes */
	C_DEAD	  /* freed after this round */
};

struct side {
	struct ev_src ev;
	struct conn *conn;
	bool rd, wr; /* not known to be exhausted, full */
	bool end;    /* the other side's FIN is on its way or read */
	bool reset;  /* an error was signalled */
};

/* One direction of the tunnel, or what is sent to the client before. */
struct flow {
	uint8_t *buf; /* what could not be sent, n octets from at on; NULL usually */
	size_t at, n;
	uint64_t count;
	bool eof, fin; /* the source ended; that was passed on */
	bool rst;      /* it ended by a reset */
};

struct dial {
	struct net_addr addr[RESOLVE_MAX];
	int n, i, err;
	struct resolve *asked;
	bool ident; /* to identd: the answer is read into line */
	char line[512];
	size_t line_n;
};

struct conn {
	struct fp *fp;
	struct conn *next, *prev; /* all */
	struct conn *ready_next;
	bool queued;
	uint8_t role, state, end, tries;
	long id;
	int64_t since;
	const char *how; /* for the log: how it ended */
	struct side cl, tg;
	struct flow up, down;
	struct srv *srv; /* until the tunnel is open */
	uint8_t *in;	 /* input that waits for more, or for the target */
	size_t in_n;
	struct dial *dial;
	struct tap *tap;
	struct trace *trace;
	struct timer deadline, pause;
	struct net_addr peer;
	uint8_t lost; /* tunnel-first-lost: 1 once it was done */
};

/* Everything that runs. */
struct fp {
	struct fp_conf *cf;
	struct ev *ev;
	struct timers timers;
	int64_t now;
	struct conn *all, *dead, *ready, **ready_end;
	long live, accepted;
	bool over, failed;		   /* leave the loop; a record could not be written */
	uint8_t *scratch, *scratch2, *out; /* SCRATCH octets each, out 2 * SCRATCH */
	struct fp_happened {
		bool split, bytes, coalesce, delay, stall, cut, reset, flip[FP_MAX];
		uint64_t most; /* octets sent to one client that count for faults */
	} did;
};

/* conn.c, conn_end.c */
struct conn *conn_new(struct fp *, int fd, enum fp_role role, const struct net_addr *peer);
void conn_run(struct conn *);
void conn_later(struct conn *);			 /* run again after the others had a turn */
void conn_over(struct conn *, const char *how);	 /* close everything now */
void conn_reset(struct conn *, const char *how); /* the same with RST to the client and the target */
void conn_last(struct conn *, enum fp_end, const char *how); /* send what is left, then end */
void conn_ending(struct conn *);			     /* C_LAST: go on with it */
void conn_drain(struct conn *);				     /* C_DRAIN: the same */
void conn_client_gone(struct conn *); /* a send failed, or a fault ended the connection */
void conn_free_srv(struct conn *);
void conn_free_in(struct conn *);
void conn_resolved(struct conn *, struct resolve *);
void conn_sweep(struct fp *);

/* conn_io.c: sockets of a connection */
bool side_add(struct conn *, struct side *, int fd);
void side_close(struct conn *, struct side *, bool reset);
/* recv with the flags kept true: > 0, 0 at the end, -1 with errno (EAGAIN: nothing now) */
long side_recv(struct side *, void *buf, size_t n);
/* Send, or keep what could not be sent in f.  False: the side is broken. */
bool side_send(struct side *, struct flow *f, const uint8_t *p, size_t n);
bool side_flush(struct side *, struct flow *f); /* false: broken; f->n != 0: still full */
void conn_interest(struct conn *);

/* dial.c */
bool dial_begin(struct conn *);			   /* true: the outcome is there already */
bool dial_event(struct conn *);			   /* the same */
bool dial_answer(struct conn *, struct resolve *); /* the same */
void dial_expired(struct conn *);
void dial_drop(struct conn *);

/* tunnel.c */
void tunnel_run(struct conn *);

/* to_client.c: through the tap, if there is one.  False: the client is gone. */
bool client_send(struct conn *, const uint8_t *p, size_t n, bool opens);
bool client_flush(struct conn *);
bool client_idle(const struct conn *); /* nothing is on its way */

#endif
