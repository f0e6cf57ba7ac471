/* SPDX-License-Identifier: ISC
 * conf.h - the parameters that come from the environment, ~/.connectrc and /etc/connectrc, in this order.
 * One thing to know: values stay owned here until the program ends; secrets are wiped where they lie. */
#ifndef CONNECT_CONF_H
#define CONNECT_CONF_H

#include <stdbool.h>
#include <stdint.h>

/* Read the parameter files.  Returns 0, or an exit status after the error was said. */
int conf_load(void);

/* One file; trusted: it is /etc/connectrc, which root owns.  For tests and conf_load. */
int conf_read_file(const char *path);

/* Forget what the files set: their texts are wiped and freed. */
void conf_forget(void);

/* The value of one parameter or NULL; set but empty is a value. */
const char *conf_get(const char *name);

/* The first of the names, ended by NULL, that is set; with its name in *found if found is not NULL. */
const char *conf_first(const char *const *names, const char **found);

/* Is a password in the environment? */
bool conf_env_secret(void);

/* Overwrite the value of a secret everywhere it lies: in the environment block and in what was read from files. */
void conf_wipe(const char *name);

/* The names above that hold secrets are wiped, all of them, used or not. */
void conf_wipe_all(void);

/* "80" or a service name as a port 1..65535; 0 if it is none. */
uint16_t port_parse(const char *s);

#endif
