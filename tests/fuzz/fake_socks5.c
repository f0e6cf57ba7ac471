/* SPDX-License-Identifier: ISC
 * fake_socks5.c - any requests to the socks5 server (RFC 1928, RFC 1929). */
#include "lib/serve.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	return serve_any(ROLE_SOCKS5, p, n);
}
