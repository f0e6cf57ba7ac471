/* SPDX-License-Identifier: ISC
 * same.c - calls the comparison of names and passwords once, for a tool that counts what it executes.
 * same A B: srv_same.  known NAME PASS: srv_known, with the users alice:secret-one and robert:secret-two. */
#include <stdio.h>

#include "conf.h"
#include "server.h"

int
main(int argc, char **argv)
{
	static struct fp_user user[] = {
		{.name = {(const uint8_t *)"alice", 5}, .pass = {(const uint8_t *)"secret-one", 10}},
		{.name = {(const uint8_t *)"robert", 6}, .pass = {(const uint8_t *)"secret-two", 10}}};
	static struct fp_conf cf = {.user = user, .n_user = 2};
	struct srv s = {.cf = &cf};
	bool r;

	if (argc != 4)
		return 2;
	r = argv[1][0] == 's' ? srv_same(span_str(argv[2]), span_str(argv[3]))
			      : srv_known(&s, span_str(argv[2]), span_str(argv[3]));
	puts(r ? "yes" : "no");
	return 0;
}
