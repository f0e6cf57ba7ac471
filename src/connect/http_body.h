/* SPDX-License-Identifier: ISC
 * http_body.h - skips the body of a response that is not a tunnel, so that its connection can be used again. */
#ifndef CONNECT_HTTP_BODY_H
#define CONNECT_HTTP_BODY_H

#include "client.h"

enum body_state {
	BODY_MORE,
	BODY_DONE,
	BODY_BROKEN
}; /* broken: no chunked coding, or too long to be worth it */

/* Take the framing from the head.  False: the body ends with the connection, is too long, or it is not clear. */
bool http_body_framing(struct client *, struct span head, int minor);

/* Drop what has come of the body from the front of *in. */
enum body_state http_body_skip(struct client *, struct span *in);

#endif
