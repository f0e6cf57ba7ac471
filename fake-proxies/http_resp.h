/* SPDX-License-Identifier: ISC
 * http_resp.h - the answers of the HTTP server (RFC 9110 15, RFC 9112 4). */
#ifndef FP_HTTP_RESP_H
#define FP_HTTP_RESP_H

#include "note.h"

/* The 2xx that opens the tunnel, after the interim ones that were asked for. */
void http_resp_open(struct srv *s, struct obuf *out);

/* A final answer that is no 2xx: why goes into its body, proxy_error (or NULL) into Proxy-Status (RFC 9209).
 * Returns PEER_MORE if the connection is kept for another request, else PEER_FAIL. */
enum peer_want http_resp_error(
	struct srv *s, int status, const char *why, const char *proxy_error, struct obuf *out);

/* 407, or 401 if that was asked for, with the challenges. */
enum peer_want http_resp_challenge(struct srv *s, struct obuf *out);

/* Reason phrase of a status. */
const char *http_reason(int status);

#endif
