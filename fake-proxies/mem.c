/* SPDX-License-Identifier: ISC
 * mem.c - see mem.h.
 * The one thing to know: malloc gives back only the top of its heap by itself, and one block there that stays keeps
 * everything below it. */
#include "mem.h"

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#define CROWD 1000

void
mem_live(long live)
{
	static long most;

	if (live > most)
		most = live;
	if (most < CROWD || live > most / 8)
		return;
	most = live;
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
