/* SPDX-License-Identifier: ISC
 * output.h - descriptors that somebody else opened, made fit for writing without ever blocking.
 * One thing to know: O_NONBLOCK belongs to the open file, which ssh, the shell and others may share; so a terminal is
 * opened once more, for us alone, and a pipe is told with each write not to wait, or is opened once more, too. */
#ifndef BASE_OUTPUT_H
#define BASE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

bool out_is_socket(int fd);

/* Prepare fd, which is no socket.  Returns the most octets that one write may have after poll() found room, 0 = any number.
 * *nowait: it is to be written with out_nowait.  Opening a pipe once more is a fiftieth of a session's start. */
size_t out_prepare(int fd, bool *nowait);

/* As write to a pipe, and never waits.  Where the system does not know that of this pipe, it is EAGAIN, and the two are
 * changed: from then on write what poll() has found room for. */
ssize_t out_nowait(int fd, const void *p, size_t n, bool *nowait, size_t *chunk);

#endif
