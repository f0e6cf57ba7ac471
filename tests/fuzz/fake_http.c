/* SPDX-License-Identifier: ISC
 * fake_http.c - any requests to the http server (RFC 9110, RFC 9112, RFC 7617). */
#include "lib/serve.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	return serve_any(ROLE_HTTP, p, n);
}
