/* SPDX-License-Identifier: ISC
 * arena.c - memory that is given back all at once; see script.h. */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>

#define BLOCK 65536u

struct block {
	struct block *next;
	size_t at, cap;
};
struct px_arena {
	struct block *first;
};

struct px_arena *
px_arena_new(void)
{
	struct px_arena *a = calloc(1, sizeof *a);

	if (a == NULL) {
		fputs("proxyspec: out of memory\n", stderr);
		exit(3);
	}
	return a;
}

void
px_arena_free(struct px_arena *a)
{
	if (a == NULL)
		return;
	for (struct block *b = a->first, *n; b != NULL; b = n) {
		n = b->next;
		free(b);
	}
	free(a);
}

void *
px_alloc(struct px_arena *a, size_t n)
{
	struct block *b = a->first;
	void *p;

	n = (n + 15) & ~(size_t)15;
	if (b == NULL || n > b->cap - b->at) {
		size_t cap = n > BLOCK ? n : BLOCK;

		b = calloc(1, sizeof *b + 16 + cap);
		if (b == NULL) {
			fputs("proxyspec: out of memory\n", stderr);
			exit(3);
		}
		b->cap = cap;
		b->next = a->first;
		a->first = b;
	}
	p = (char *)b + ((sizeof *b + 15) & ~(size_t)15) + b->at;
	b->at += n;
	return p;
}
