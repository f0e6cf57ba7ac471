/* SPDX-License-Identifier: ISC
 * wipe.h - overwrite a secret in a way that the compiler may not drop. */
#ifndef BASE_WIPE_H
#define BASE_WIPE_H

#include <stddef.h>

static inline void
wipe(void *p, size_t n)
{
	volatile unsigned char *v = (volatile unsigned char *)p;

	while (n-- > 0)
		*v++ = 0;
}

#endif
