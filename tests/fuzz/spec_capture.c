/* SPDX-License-Identifier: ISC
 * spec_capture.c - any file as a capture: pcap, pcapng, IP, TCP.
 * Input: the file. */
#include "capture.h"
#include "lib/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t *exact = fuzz_exact(span_of(p, n));
	struct px_capture c = {0};
	const char *why = NULL;
	size_t all = 0;

	if (!px_capture_read(&c, span_of(exact, n), &why))
		CLAIM(why != NULL, "refused without a word");
	for (const struct px_flow *f = c.first; f != NULL; f = f->nextflow) {
		CLAIM(f->data[0].n + f->data[1].n <= n, "more octets than the file has");
		all += f->data[0].n + f->data[1].n;
	}
	CLAIM(all <= n, "more octets than the file has");
	px_capture_free(&c);
	free(exact);
	return 0;
}
