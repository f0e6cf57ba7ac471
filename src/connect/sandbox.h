/* SPDX-License-Identifier: ISC
 * sandbox.h - once the tunnel is open, connect only moves octets, and the system may know it.
 * One thing to know: what is missing (an old kernel, a container that forbids it, an unknown processor) is done without;
 * SANDBOX_IS tells what was compiled in, and make and --version say it. */
#ifndef CONNECT_SANDBOX_H
#define CONNECT_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __has_feature /* clang */
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANDBOX_SANITIZER
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZER
#endif

/* Which of the two the Linux kernel is asked for.  The list of calls was tested on these processors only. */
#if defined(__linux__) && !defined(SANDBOX_SANITIZER) && !defined(NO_SANDBOX)
#if defined(__has_include)
#if ((defined(__x86_64__) && !defined(__ILP32__)) || (defined(__aarch64__) && defined(__AARCH64EL__))) && \
	__has_include(<linux/seccomp.h>) && __has_include(<linux/filter.h>) && __has_include(<linux/audit.h>)
#define SANDBOX_SECCOMP
#endif
#endif
#define SANDBOX_LANDLOCK
#endif

#if defined(NO_SANDBOX)
#define SANDBOX_IS "none (NO_SANDBOX)"
#elif defined(SANDBOX_SANITIZER)
#define SANDBOX_IS "none (a sanitizer makes calls of its own)"
#elif defined(SANDBOX_SECCOMP)
#define SANDBOX_IS "seccomp, Landlock"
#elif defined(SANDBOX_LANDLOCK)
#define SANDBOX_IS "Landlock (no list of system calls for this processor)"
#elif defined(__OpenBSD__)
#define SANDBOX_IS "pledge"
#else
#define SANDBOX_IS "none (this system has none that connect knows)"
#endif

/* Give up what relaying does not need, for good; accepting: but accept local connections.  Once is enough. */
void sandbox_enter(bool accepting);

/* sandbox_seccomp.c, sandbox_landlock.c, sandbox_openbsd.c: NULL, or why not. */
const char *sandbox_seccomp(bool accepting, bool tell);
const char *sandbox_landlock(void);
const char *sandbox_pledge(bool accepting);

/* For sandbox_seccomp, and for tests: the filter, of up to SANDBOX_FILTER instructions; returns how many. */
#define SANDBOX_FILTER 96
struct sock_filter;
size_t sandbox_filter(struct sock_filter *out, bool accepting, bool tell);

#endif
