/* SPDX-License-Identifier: ISC
 * fake_telnet.c - any requests to the telnet server (RFC 854, RFC 855). */
#include "lib/serve.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	return serve_any(ROLE_TELNET, p, n);
}
