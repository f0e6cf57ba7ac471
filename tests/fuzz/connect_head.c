/* SPDX-License-Identifier: ISC
 * connect_head.c - the parts of an HTTP head (RFC 9112 sections 2.2, 4 and 5; RFC 9110 section 11): whatever is taken
 * out lies in the head, and what is there in more octets was there before.
 * Input: the head. */
#include "http_head.h"
#include "lib/fuzz.h"

static void
within(struct span whole, struct span part, const char *what)
{
	CLAIM(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n), "%s", what);
}

static void
fields(struct span head)
{
	struct span name, value;
	size_t at = 0, before = 0;
	unsigned count = 0;

	while (field_next(head, &at, &name, &value)) {
		CLAIM(at > before && at <= head.n, "does not go on");
		before = at;
		within(head, name, "name");
		within(head, value, "value");
	}
	within(head, field_get(head, "content-length", &count), "Content-Length");
	(void)field_has(head, "connection", "close");
}

static void
challenges(struct span head)
{
	char room[64];
	struct obuf o = ob_over(room, sizeof room);

	(void)challenge_basic(head, "proxy-authenticate", &o);
	CLAIM(o.n <= sizeof room, "%zu", o.n);
	o = ob_over(room, sizeof room);
	(void)challenge_in_value(head, &o);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t *exact = fuzz_exact(span_of(p, n));
	struct span in = span_of(exact, n), reason = span_of(NULL, 0), line;
	size_t size = head_size(in);
	int minor = -1, status;

	CLAIM(size <= n, "larger than it is");
	for (size_t cut = 0; cut < n && cut < 64; cut++) {
		CLAIM(head_size(span_of(exact, cut)) == (size != 0 && size <= cut ? size : 0), "at %zu", cut);
		CLAIM(status_possible(span_of(exact, cut)) || !status_possible(in), "at %zu", cut);
	}
	line = span_of(exact, head_line(in));
	within(in, head_trim(line), "line");
	status = status_parse(head_trim(line), &minor, &reason);
	CLAIM(status == -1 || (status >= 0 && status <= 999 && minor >= 0 && minor <= 9), "status %d",
		status);
	if (status >= 0) {
		CLAIM(status_possible(in), "a status line that was not possible");
		within(in, reason, "reason");
	}
	fields(size != 0 ? span_of(exact, size) : in);
	challenges(size != 0 ? span_of(exact, size) : in);
	free(exact);
	return 0;
}
