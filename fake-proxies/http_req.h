/* SPDX-License-Identifier: ISC
 * http_req.h - the head of an HTTP/1.x request, strictly (RFC 9112 2-5, RFC 9110 5).
 * One thing to know: the spans point into the input; nothing is copied, nothing is corrected. */
#ifndef FP_HTTP_REQ_H
#define FP_HTTP_REQ_H

#include "server.h"

#define HTTP_LINE_MAX 16384 /* a longer request-line gets 414 */
#define HTTP_HEAD_MAX 65536 /* a longer head gets 431 */

struct http_req {
	struct span method, target, host, proxy_auth, auth;
	int minor;
	unsigned hosts, proxy_auths;
	bool close, keep_alive; /* members of Connection and, from old clients, Proxy-Connection */
	bool content;		/* Content-Length or Transfer-Encoding */
	int status;		/* 0, or how to refuse: 400, 505 */
	const char *why;
};

/* The request-line without its end.  False: q->status and q->why. */
bool http_request_line(struct http_req *q, struct span line);

/* The field lines, up to and without the empty line. */
bool http_fields(struct srv *s, struct http_req *q, struct span lines);

/* host ":" port of the target into dst.  False: q->status and q->why. */
bool http_authority(struct srv *s, struct http_req *q);

/* Is it the value of a Host field: uri-host [ ":" port ]? */
bool http_host_ok(struct span host);

bool http_tchar(uint8_t c);

/* Are these Basic credentials of one of the users?  The name goes to s->user. */
bool http_basic(struct srv *s, struct span value);

/* The next line of *in into line, without its end; false if its LF is not there. */
bool http_line(struct span *in, struct span *line);

#endif
