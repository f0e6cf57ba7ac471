/* SPDX-License-Identifier: ISC
 * srv_telnet.h - between the halves of the telnet gateway: the dialogue and its texts. */
#ifndef FP_SRV_TELNET_H
#define FP_SRV_TELNET_H

#include "note.h"

/* What the gateway says; each appends to out and tells the trace. */
void tn_say(struct srv *s, const char *text, struct obuf *out); /* as it is */
void tn_line(
	struct srv *s, const char *text, struct obuf *out); /* %h %p for the target, and the end of a line */
void tn_greet(struct srv *s, struct obuf *out);
void tn_prompt(struct srv *s, struct obuf *out);
void tn_trying(struct srv *s, struct obuf *out);
void tn_connected(struct srv *s, struct obuf *out);
void tn_failed(struct srv *s, struct obuf *out);

/* HOST [PORT], HOST:PORT or [IPV6]:PORT behind an optional command word.  What a line asks for: */
enum tn_ask { ASK_CONNECT, ASK_EMPTY, ASK_QUIT, ASK_HELP, ASK_BAD };
enum tn_ask tn_read(struct srv *s, struct span line);

#endif
