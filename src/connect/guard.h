/* SPDX-License-Identifier: ISC
 * guard.h - while this program holds a password: no core is dumped, and no other process of the user may trace it.
 * One thing to know: what is closed belongs to root meanwhile, /proc/self too; so it is opened again with the wipe. */
#ifndef CONNECT_GUARD_H
#define CONNECT_GUARD_H

/* Before a password is read, from wherever; more than once does no harm. */
void guard_close(void);

/* After the last one was wiped: as it was before. */
void guard_open(void);

/* In a child that becomes another program: the limits that it would have had without us. */
void guard_leave(void);

#endif
