/* SPDX-License-Identifier: ISC
 * fake_socks4.c - any requests to the socks4 server (SOCKS4.protocol, SOCKS4A.protocol). */
#include "lib/serve.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	return serve_any(ROLE_SOCKS4, p, n);
}
