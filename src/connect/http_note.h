/* SPDX-License-Identifier: ISC
 * http_note.h - what the HTTP client tells for -d. */
#ifndef CONNECT_HTTP_NOTE_H
#define CONNECT_HTTP_NOTE_H

#include "client.h"

void http_note_request(struct client *, struct span request);
/* field: the one in which challenges stand. */
void http_note_head(struct client *, struct span head, const char *field);
void http_note_missing(struct client *, const char *field);

#endif
