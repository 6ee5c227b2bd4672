/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one lock of all that changes this machine: apply, undo, entry, try and what ends a trial.
 * Between reading a file and writing it back nobody else may.
 */
#ifndef VFIOBOOT_CHANGE_LOCK_H
#define VFIOBOOT_CHANGE_LOCK_H

#include "base/base.h"

/* Only root may enter the directory, or open the file: nobody else can hold the lock. */
#define CHANGE_LOCK_DIRECTORY RUN_DIRECTORY "/private"
#define CHANGE_LOCK           CHANGE_LOCK_DIRECTORY "/lock"

/*
 * Takes the lock, after waiting for @wait_ms milliseconds at most.  A command takes it once, when
 * it begins; what the command calls does not.  No program that is started inherits it; but when a
 * command is killed, the lock lasts until the program that it runs has ended (base/run.h).
 *
 * A process that a holder has started, at whatever distance, does its work for the holder: it
 * goes on at once, such as the `entry update` of a hook that a generator runs for `apply`.
 *
 * Returns a descriptor for change_unlock(); -EBUSY when another process has it for longer;
 * or another -errno.  Whoever gets an error must not change anything.
 */
int change_lock(const struct root *root, unsigned wait_ms);

/*
 * Ends it, for what has inherited the descriptor, too: a child that the kernel does not let go
 * (base/child.h) would have it for ever.  What works for a holder ends nothing.  Closes the descriptor,
 * unless it is negative: -1 then.
 */
void change_unlock(int *fd);

/* The same with another lock: of what changes the running machine, and none of its files. */
int change_lock_named(const struct root *root, const char *file, unsigned wait_ms);

#endif
