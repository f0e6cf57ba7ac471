/* SPDX-License-Identifier: ISC
 * mem.h - give memory back after a crowd has gone. */
#ifndef FP_MEM_H
#define FP_MEM_H

/* Tell how many connections there are; when most of many have gone, what they left free is returned to the system. */
void mem_live(long live);

#endif
