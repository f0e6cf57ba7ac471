/* SPDX-License-Identifier: ISC
 * srv_socks5.h - between the two halves of the SOCKS5 server (RFC 1928). */
#ifndef FP_SRV_SOCKS5_H
#define FP_SRV_SOCKS5_H

#include "note.h"

srv_state srv_socks5_await_request;

/* REP of an outcome (RFC 1928 6). */
unsigned srv_socks5_rep(int err);

#endif
