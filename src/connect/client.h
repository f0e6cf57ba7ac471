/* SPDX-License-Identifier: ISC
 * client.h - our end of the wire: the peers that ask a proxy for a tunnel.
 * One thing to know: a client borrows every string it is given and allocates nothing; it never sees a descriptor. */
#ifndef CONNECT_CLIENT_H
#define CONNECT_CLIENT_H

#include "peer.h"

enum dst_kind { DST_NAME, DST_IP4, DST_IP6 };

/* Where the tunnel shall lead.  host is the text: a name, or a literal without brackets. */
struct dst {
	enum dst_kind kind;
	const char *host;
	uint8_t addr[16]; /* the first 4 or 16 octets, in the order of the wire */
	uint16_t port;
};

#define CLIENT_NEXT (-1)  /* a state's answer: the state has changed, go on with what is there */
#define CLIENT_METHODS 10 /* most SOCKS5 methods in an offer */
#define CLIENT_PHRASES 16 /* most good, and most bad, phrases of a telnet proxy */
#define CLIENT_DETAIL 256

struct client;
typedef int client_state(struct client *, struct span *in, bool eof, struct obuf *out);

struct client {
	struct peer peer; /* first, so that a peer's step finds its client */
	client_state *state;
	struct dst dst;
	const char *user;	    /* never NULL once asked for */
	const char *pass;	    /* NULL: not known yet; asked for by PEER_ASK */
	char detail[CLIENT_DETAIL]; /* the end of an error message: code, reason; untrusted, not escaped */

	union {
		struct {
			uint8_t method[CLIENT_METHODS]; /* the offer, in order */
			size_t n;
			bool ahead; /* one method: everything is sent at once, and then the answers are read */
		} s5;
		struct {
			bool http10;	  /* connect.c's bare HTTP/1.0 request */
			bool authorize;	  /* credentials go with the next request, or went with the last */
			bool kept;	  /* this request went over a connection that was used before */
			bool origin;	  /* the challenge was a 401 */
			int status;	  /* of the response being read */
			int interim;	  /* 1xx responses so far */
			bool chunked;	  /* framing of the body that is being skipped: chunks, */
			bool in_trailer;  /*   their end, */
			bool chunk_end;	  /*   the CR LF after a chunk, */
			uint64_t left;	  /*   octets to skip before the next decision */
			uint64_t skipped; /*   octets skipped, which is bounded */
		} http;
		struct {
			const char *command; /* expanded, without line end */
			const char *good[CLIENT_PHRASES], *bad[CLIENT_PHRASES]; /* ended by NULL if fewer */
			uint8_t refused
				[2][32]; /* options answered already, a bit each: WILL by DONT, DO by WONT */
			size_t total;	 /* octets of chatter so far */
			size_t n;	 /* octets in line */
			size_t said;	 /* octets of detail that show the last whole line */
			size_t looked;	 /* octets at the front of line in which phrases were looked for */
			const char *good_seen, *bad_seen; /* phrases in what was dropped of a long line */
			char line[1024];		  /* the line so far, telnet commands taken out */
		} tel;
	} u;
};

/* Each starts a client whose dst, user, pass and own part of u are filled in.  The first step, with no input, sends. */
void socks4_start(struct client *);
void socks5_start(struct client *);
void http_start(struct client *);
void telnet_start(struct client *);

/* For the peers: the one setter of state, the ways to fail, and notes for -d. */
int client_enter(struct client *, client_state *, const char *awaited);
int client_fail(struct client *, enum fail_why, int code, const char *text);
/* Text from the proxy as it may be shown: words in its place if our credentials are in it, as they were sent. */
struct span client_hide(const struct client *, struct span text);
void client_detail(struct client *, const char *label, int number, struct span text);
void client_begin(struct client *, client_state *, const char *awaited, const char *note);
void note(struct client *, const char *text);	   /* and end the line */
void note_part(struct client *, const char *text); /* the line goes on */
void note_bytes(struct client *, const char *what, const char *dir, struct span);
void note_quoted(struct client *, const char *dir, struct span);

#endif
