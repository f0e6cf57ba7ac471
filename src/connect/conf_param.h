/* SPDX-License-Identifier: ISC
 * conf_param.h - the table of parameters, between conf.c and conf_file.c. */
#ifndef CONNECT_CONF_PARAM_H
#define CONNECT_CONF_PARAM_H

#include <stdbool.h>
#include <stddef.h>

struct conf_param {
	const char *name;
	bool secret;
	char *value; /* from a file; lies in its text, which is kept until the program ends */
};

extern struct conf_param conf_params[];
extern const size_t conf_nparams;

/* By a name of n characters; NULL if there is none. */
struct conf_param *conf_find(const char *name, size_t n);

#endif
