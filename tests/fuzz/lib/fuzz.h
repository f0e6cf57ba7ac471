/* SPDX-License-Identifier: ISC
 * fuzz.h - what the fuzz targets share.  A target is a function of any octets; libFuzzer (make fuzz) or corpus.c
 * (make fuzz-corpus) calls it.
 * One thing to know: an input begins with the octets that choose a set-up; PARTS separates what comes after. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "span.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* A property that has to hold for every input. */
#define CLAIM(cond, ...) \
	do { \
		if (!(cond)) \
			fuzz_broken(__FILE__, __LINE__, #cond, __VA_ARGS__); \
	} while (0)

_Noreturn void fuzz_broken(const char *file, int line, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The first octet of the input, taken off; 0 when there is none. */
unsigned fuzz_u8(struct span *in);

/* The input up to the next separator FE FD FE (or all of it), taken off with the separator. */
struct span fuzz_part(struct span *in);

/* The octets as a string, cut at the first NUL; free it. */
char *fuzz_string(struct span s);

/* A copy of s that a reader of one octet too many is caught on; free it. */
uint8_t *fuzz_exact(struct span s);

/* A number that depends on the whole input. */
uint32_t fuzz_hash(struct span s);

#endif
