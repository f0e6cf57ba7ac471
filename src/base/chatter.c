/* SPDX-License-Identifier: ISC
 * chatter.c - see chatter.h. */
#include "chatter.h"

bool
chatter_holds(struct relay *r)
{
	struct flow *f = &r->down;
	size_t want = strlen(r->chatter), i;

	for (i = 0; i < want && i < f->n; i++) {
		char c = (char)f->buf[f->at + i], w = r->chatter[i];

		if (c != w && !(c >= 'A' && c <= 'Z' && c + 32 == w) &&
			!(w >= 'A' && w <= 'Z' && w + 32 == c))
			break;
	}
	if (i < f->n && i < want) {
		r->chatter = NULL;
		return false;
	}
	for (; i < f->n; i++) {
		if (f->buf[f->at + i] == '\n') {
			f->at += i + 1;
			f->n -= i + 1;
			r->chatter = NULL;
			return false;
		}
	}
	if (f->n == f->cap || f->from < 0)
		r->chatter = NULL;
	return r->chatter != NULL;
}
