/* SPDX-License-Identifier: ISC
 * output.h - descriptors that somebody else opened, made fit for writing without ever blocking.
 * One thing to know: O_NONBLOCK belongs to the open file, which ssh, the shell and others may share; so a pipe or terminal is
 * opened once more, for us alone. */
#ifndef BASE_OUTPUT_H
#define BASE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

bool out_is_socket(int fd);

/* Prepare fd, which is no socket.  Returns the most octets that one write may have after poll() found room, 0 = any number. */
size_t out_prepare(int fd);

#endif
