/* SPDX-License-Identifier: ISC
 * cred.h - who we are to the proxy: user name and password, from parameters, the terminal or an askpass program.
 * One thing to know: a password is asked for once a run, kept in one buffer, and wiped from everywhere after use. */
#ifndef CONNECT_CRED_H
#define CONNECT_CRED_H

#include <stdbool.h>

#include "opts.h"

/* User name for the proxy: its specification, parameters, login name; "" if there is none.  Never asks. */
const char *cred_user(const struct config *);

/* The password from the parameters, or NULL.  It stays where it is; see cred_wipe. */
const char *cred_password(const struct config *);

/* Ask for the password of user at the proxy; the prompt is connect.c's.  Returns it, or NULL after the reason was said. */
const char *cred_ask(const struct config *, const char *user);

/* Overwrite every password that this program holds. */
void cred_wipe(void);

#endif
