/* SPDX-License-Identifier: ISC
 * fake_socks.c - any requests to the socks server (SOCKS4.protocol, RFC 1928: which one, the first octet says). */
#include "lib/serve.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	return serve_any(ROLE_SOCKS, p, n);
}
