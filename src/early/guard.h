/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard over a trial's boot in the initramfs, where the unit that watches does not run yet:
 * a passphrase that nobody can type, a root that never comes, a shell that waits for somebody.
 */
#ifndef VFIOBOOT_GUARD_H
#define VFIOBOOT_GUARD_H

#include "base/base.h"

/*
 * Leaves a process behind that restarts the machine if the real root is not taken within some
 * minutes, and is gone otherwise.  Nothing waits for it.  @root is that of the initramfs.
 */
void guard_trial(const struct root *root);

#endif
