/* SPDX-License-Identifier: ISC
 * ask.h - the two ways to ask a person for a password. */
#ifndef CONNECT_ASK_H
#define CONNECT_ASK_H

#define SECRET_MAX 1024

/* Both put a string into secret, which has SECRET_MAX bytes and belongs to the caller, who wipes it.  Return 0, or -1 after
 * the reason was said. */
int ask_terminal(int tty, const char *prompt, char *secret);
int ask_program(const char *program, const char *prompt, char *secret);

#endif
