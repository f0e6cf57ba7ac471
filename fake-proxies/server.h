/* SPDX-License-Identifier: ISC
 * server.h - one server role as a function from bytes to bytes (peer.h), and what the roles share.
 * One thing to know: a role never touches a socket.  It returns PEER_DIAL when it wants dst connected; the caller
 * stores the outcome in got and steps again. */
#ifndef FP_SERVER_H
#define FP_SERVER_H

#include "conf.h"
#include "peer.h"

/* Outcomes that have no errno. */
#define FP_ENOTFOUND (-1) /* the name has no address */
#define FP_ERULE (-2)	  /* --deny */
#define FP_ENAMETIME (-3) /* the name service did not answer */

enum fp_dst_kind { DST_NAME, DST_IP4, DST_IP6 };

struct fp_dst {
	enum fp_dst_kind kind;
	uint16_t port;
	char host[FP_NAME]; /* text, also of an address; no NUL inside */
	uint8_t ip[16];
};

/* How the connection ends after PEER_FAIL. */
enum fp_end {
	END_STAGED, /* send, FIN, read until the client's FIN (at most five seconds), close */
	END_OPEN,   /* stays open until the client closes */
	END_LATE,   /* END_STAGED, but 12 seconds later */
	END_RESET   /* RST */
};

enum fp_event { EV_REQUEST, EV_REPLY };

struct srv;
typedef enum peer_want srv_state(struct srv *, struct span *in, bool eof, struct obuf *out);

/* An option of telnet on our side (RFC 1143's NO, WANTYES, YES). */
enum tn_opt { OPT_NO, OPT_WANTYES, OPT_YES };

struct srv_telnet {
	uint8_t line[600];
	size_t n;
	enum tn_opt echo, sga;
	uint8_t tries, loops;
	bool secret;
	uint8_t user[FP_NAME]; /* the name as it was typed; one that fills it is nobody's */
	size_t user_n;
	uint8_t end[2]; /* how the last line ended */
	uint8_t end_n;
};

struct srv_http {
	size_t scan;	 /* octets of the head that were searched for its end */
	bool line_done;	 /* the request-line was looked at */
	bool v10, keeps; /* of the request being answered */
	bool early;	 /* the 200 has been sent already */
};

struct srv_socks5 {
	bool early;
};

struct srv {
	struct peer peer; /* first: srv_step casts back */
	const struct fp_conf *cf;
	struct fp_bugs *bugs;
	enum fp_role role;
	srv_state *await;
	bool again;   /* the state changed: what is left of the input is for the new one */
	bool bugged;  /* a bug was shown since the last message */
	bool expired; /* set by the caller: the time for the handshake is over; the next step is the last */
	enum fp_end end;

	struct fp_dst dst;
	bool ident; /* PEER_DIAL: ask the client's identd instead; the answer is in ident_user */
	struct {
		int err; /* 0, an errno, or FP_E... */
		struct net_addr local, remote;
		bool has_local, has_remote;
	} got;
	char ident_user[FP_NAME];

	char user[FP_NAME]; /* USERID, UNAME, the name in Basic or at Username: */
	int code;	    /* of the last answer */
	const char *text;   /* the same in words; static */
	void (*tell)(void *ctx, struct srv *, enum fp_event); /* or NULL */
	void *ctx;

	union {
		struct srv_telnet tn;
		struct srv_http http;
		struct srv_socks5 s5;
		bool early; /* SOCKS4 */
	} u;
};

/* Make s the server of a fresh connection. */
void srv_init(struct srv *s, const struct fp_conf *cf, struct fp_bugs *bugs, enum fp_role role);

/* First states of the roles. */
srv_state srv_socks4_start, srv_socks5_start, srv_socks_start, srv_http_start, srv_telnet_start,
	srv_pass_start;

/* The one setter of the state: at is the message awaited then, in words. */
void srv_go(struct srv *s, srv_state *next, const char *at);

/* Over: the caller says why.  Returns PEER_FAIL. */
enum peer_want srv_fail(struct srv *s, enum fail_why why, const char *text);

/* Tell the log. */
void srv_asked(struct srv *s);
void srv_answered(struct srv *s, int code, const char *text);

/* Is this bug asked for?  Asking notes that it was shown: ask only where it makes a difference. */
bool srv_bug(struct srv *s, enum fp_bug b);

/* dst from a name or text of an address (false if it can be neither), or from an address of 4 or 16 octets. */
bool srv_dst_name(struct srv *s, struct span name, unsigned port);
void srv_dst_ip(struct srv *s, const uint8_t *ip, size_t n, unsigned port);

/* The name of an outcome, as in the log. */
const char *srv_err_name(int err);

/* Compare in a time that depends on the lengths alone; is this pair one of the users? */
bool srv_same(struct span a, struct span b);
bool srv_known(const struct srv *s, struct span name, struct span pass);

#endif
