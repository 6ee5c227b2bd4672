/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work that may wait for ever, such as an unbind of a device in use, done in a child process
 * with a deadline.  The waiting is a timed wait for SIGCHLD: nothing sleeps in a loop.
 */
#ifndef VFIOBOOT_CHILD_H
#define VFIOBOOT_CHILD_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC. */
uint64_t child_now(void);

/* Blocks SIGCHLD, so that child_run() can wait for it.  To be called once, at the start. */
void child_prepare(void);

/* In a child, before another program takes its place: undoes child_prepare(). */
void child_unprepare(void);

/*
 * Runs @work(@data) in a child without pipes, whose exit status its result becomes, until
 * @deadline (child_now()'s clock).  Returns the status (0 to 255), -ETIMEDOUT when it was not
 * done in time (it is killed, and left behind if the kernel does not let it go), -EIO when a signal
 * ended it, or another -errno.
 */
int child_run(int (*work)(void *data), void *data, uint64_t deadline);

/*
 * The same in a third of the time: the child has a stack of its own, and else the caller's memory,
 * errno included (CLONE_VM).  @work is to make system calls and take nothing from the heap, since it
 * may be killed anywhere; it has 64 KiB of stack.  Until this returns the caller only waits.  After
 * -ETIMEDOUT the child is dead, or in the kernel, which it never leaves alive: no instruction of its
 * runs any more, and its stack is not given to another one.
 */
int child_run_shared(int (*work)(void *data), void *data, uint64_t deadline);

#endif
