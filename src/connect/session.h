/* SPDX-License-Identifier: ISC
 * session.h - one session: find the way, connect, shake hands, relay.
 * One thing to know: this is where a peer's wishes are carried out; every error is said here, with the party's name. */
#ifndef CONNECT_SESSION_H
#define CONNECT_SESSION_H

#include "opts.h"
#include "pump.h"
#include "relay.h"
#include "route.h"

struct session {
	const struct config *cfg;
	struct route route;
	struct client client;
	struct pump pump;
	struct relay relay;	   /* the window of the handshake is the buffer of relay.down */
	int64_t deadline;	   /* of -w; moved on by the time that a password takes */
	bool relayed;		   /* session_relay has run before */
	int fd;			   /* to the proxy or the target, -1 */
	char *command;		   /* to a telnet proxy; from malloc */
	char party[HOST_MAX + 64]; /* "proxy px:1080", for errors */
};

/* Connect and shake hands.  Returns 0, or an exit status after everything was said. */
int session_open(struct session *, const struct config *);

/* Relay until the session is over, or with hold until the local side goes away (returns -1 then).
 * in and out are not closed, but their ends may be shut down. */
int session_relay(struct session *, int in, int out, bool hold);

/* Give the connection to the program behind standard output (mm_receive_fd() of OpenSSH): an octet 0 with the descriptor,
 * which is blocking then, as a program expects that knows nothing of us. */
int session_pass(struct session *);

/* shake.c: the handshake, as session_open; and connect.c's last line after an error. */
int session_shake(struct session *);
void session_say_last(const struct session *);

/* dial.c: when connecting must be over, 0 = never; connect to the first address that answers, as session_open. */
int64_t session_connect_deadline(const struct session *);
int session_dial(struct session *);

void session_say_idle(const struct session *);
void session_close(struct session *);

#endif
