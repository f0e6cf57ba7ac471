/* SPDX-License-Identifier: ISC
 * http_note.h - what the HTTP client tells for -d. */
#ifndef CONNECT_HTTP_NOTE_H
#define CONNECT_HTTP_NOTE_H

#include "client.h"

/* The field in which a challenge of this status stands: 407 Proxy-Authenticate, 401 WWW-Authenticate. */
const char *http_challenge_field(const struct client *);

void http_note_request(struct client *, struct span request);
void http_note_head(struct client *, struct span head);
void http_note_missing(struct client *, const char *field);

#endif
