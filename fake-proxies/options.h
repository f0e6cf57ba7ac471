/* SPDX-License-Identifier: ISC
 * options.h - between the reading of the command line and the setting of values. */
#ifndef FP_OPTIONS_H
#define FP_OPTIONS_H

#include "conf.h"

/* What an option does with its value; -o is put aside by the caller. */
enum opt {
	O_LISTEN,
	O_PUBLIC,
	O_ONCE,
	O_MAX,
	O_LIFETIME,
	O_TO,
	O_RESOLVE,
	O_REDIRECT,
	O_DENY,
	O_DIAL,
	O_SHAKE,
	O_USERS,
	O_KNOB,
	O_SPLIT,
	O_BYTES,
	O_COALESCE,
	O_DELAY,
	O_STALL,
	O_CUT,
	O_RESET,
	O_FLIP,
	O_WHOLE,
	O_BUG,
	O_BUGS,
	O_LOG,
	O_LOGFILE,
	O_TRACE,
	O_SECRETS,
	O_PAYLOAD,
	O_HELP,
	O_VERSION,
	O_NONE
};

/* Set a value (NULL for options without one).  False: it cannot be that. */
bool fp_set_option(struct fp_conf *cf, enum opt id, const char *v);

#endif
