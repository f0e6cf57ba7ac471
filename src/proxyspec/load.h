/* SPDX-License-Identifier: ISC
 * load.h - reads traces from files and folders. */
#ifndef PX_LOAD_H
#define PX_LOAD_H

#include "script.h"

struct px_set {
	struct px_arena *a;
	struct px_errors errs;
	struct px_case *first, **end;
	unsigned n, files;
};
void px_set_init(struct px_set *);
void px_set_free(struct px_set *);
/* One file, or every *.pxt below a folder, in the order of their names.  False: path cannot be read (told in errs). */
bool px_load(struct px_set *, const char *path);
/* The traces that come with the program.  Returns their number. */
unsigned px_load_builtin(struct px_set *);
/* The file of a profile that is named without its path: "nc". */
const char *px_find_profile(struct px_arena *, const char *name);

/* The octets of a file, or NULL with errno; free them. */
char *px_slurp(const char *path, size_t *n);

#endif
