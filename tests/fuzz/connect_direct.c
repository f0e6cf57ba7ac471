/* SPDX-License-Identifier: ISC
 * connect_direct.c - lists of direct targets (docs/connect.1, "DIRECT LISTS"): a decision does not depend on the case
 * of the letters, nor on a trailing dot.
 * Input: the list; then the host. */
#include <ctype.h>
#include <string.h>

#include "direct.h"
#include "lib/fuzz.h"
#include "say.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = span_of(p, n), first = fuzz_part(&in);
	char *list = fuzz_string(first), *host = fuzz_string(in);
	struct direct d = {0};

	if (direct_parse(&d, list, "fuzz")) {
		enum direct_answer a = direct_decide(&d, host, NULL, 0);

		for (char *c = host; *c != '\0'; c++)
			*c = (char)toupper((unsigned char)*c);
		CLAIM(direct_decide(&d, host, NULL, 0) == a, "\"%s\", \"%s\"", list, host);
		if (list[strspn(list, " \t,")] == '\0')
			CLAIM(a == DIRECT_NO_MATCH, "an empty list matches");
	}
	direct_free(&d);
	free(list);
	free(host);
	return 0;
}
