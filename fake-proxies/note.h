/* SPDX-License-Identifier: ISC
 * note.h - messages with the names of their fields: built for the wire and told to the trace in one go.
 * One thing to know: without peer.notes nothing of the text is made, and the octets are the same. */
#ifndef FP_NOTE_H
#define FP_NOTE_H

#include "server.h"

/* A message of ours.  Fields are appended in order; msg_send appends the whole to out. */
struct msg {
	struct srv *s;
	struct obuf o, t;
	uint8_t octets[600];
	uint8_t text[2800];
};

/* "--- TITLE      SECTION" */
void note_title(struct srv *s, const char *title, const char *section);

void msg_begin(struct msg *m, struct srv *s);
void msg_u8(struct msg *m, const char *name, unsigned v);
/* Network order: the octet of higher value first. */
void msg_u16(struct msg *m, const char *name, unsigned v);
void msg_ip4(struct msg *m, const char *name, const uint8_t ip[4]);
void msg_hex(struct msg *m, const void *p, size_t n); /* octets without a name */
/* ATYP, address, port as one field; kind 1, 3 or 4 (others: as 1); host: the name or the address's octets. */
void msg_addr5(struct msg *m, const char *name, unsigned atyp, struct span host, unsigned port);
/* The length octet of the name last built, corrected; for bugs. */
void msg_send(struct msg *m, struct obuf *out);

/* A message of the client that was understood: text holds its items, octets the message; of those hidden.n from
 * hidden.at on are a secret. */
struct hidden {
	size_t at, n;
};
void note_client(struct srv *s, struct obuf *text, struct span octets, struct hidden secret);
/* One that was not: its first octets, as many as cannot be a secret. */
void note_bad(struct srv *s, struct span octets, size_t shown);

/* Items for note_client's text. */
void note_u8(struct obuf *t, const char *name, unsigned v);
void note_u16(struct obuf *t, const char *name, unsigned v);
void note_str(struct obuf *t, const char *name, const char *type, struct span v);

/* Octets of a text protocol as strings, one per line.  actor is "C>", "P>" or "P>!". */
void note_text(struct srv *s, const char *actor, struct span octets);
/* A head of HTTP; the credentials of a request are masked unless they may be shown. */
void note_head(struct srv *s, const char *actor, struct span head);
/* T: accept or T: refuse from got. */
void note_target(struct srv *s);

#endif
