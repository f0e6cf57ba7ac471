/* SPDX-License-Identifier: ISC
 * connect_dns.c - any answer of the name server that -R names (RFC 1035 section 4).
 * Input: 1 octet: 1 = A, else AAAA; then the answer. */
#include <arpa/nameser.h>
#include <string.h>

#include "lib/fuzz.h"
#include "resolve.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = span_of(p, n);
	unsigned type = fuzz_u8(&in) & 1 ? ns_t_a : ns_t_aaaa;
	uint8_t *exact = fuzz_exact(in);
	static struct addrs out;
	uint8_t octets[16];

	memset(&out, 0, sizeof out);
	if (in.n >= 12)
		nsq_collect(exact, in.n, (int)type, 22, &out);
	CLAIM(out.n <= ADDRS_MAX, "%zu addresses", out.n);
	for (size_t i = 0; i < out.n; i++) {
		size_t len = type == ns_t_a ? 4 : 16;

		CLAIM(addr_bytes(&out.a[i], octets) == (type == ns_t_a ? 4 : 6), "another family");
		CLAIM(net_port(&out.a[i]) == 22, "another port");
		CLAIM(memmem(exact, in.n, octets, len) != NULL, "an address that is not in the answer");
	}
	free(exact);
	return 0;
}
