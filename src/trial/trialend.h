/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trial taken back: what `try --cancel` does, and `undo` before anything else. */
#ifndef VFIOBOOT_TRIALEND_H
#define VFIOBOOT_TRIALEND_H

#include "base/base.h"
#include "trialstate.h"

enum trialend_kind {
	TRIALEND_NONE,    /* there is none, and no loader has one */
	TRIALEND_WAITING, /* the next boot would be it */
	TRIALEND_RUNNING, /* this boot is it: it can't be taken back now */
	TRIALEND_OVER,    /* only what was kept of it is left */
};

/* Looks what there is; changes nothing.  A state that can't be read is TRIALEND_OVER. */
enum trialend_kind trialend_look(const struct sysfs_root *root);

/*
 * Has the loaders forget it, and removes its entry and all that was kept of it.  Returns 0,
 * or -errno with a sentence in @why, of TRIAL_TEXT_SIZE bytes: the state is there still then.
 */
int trialend_take_back(const struct sysfs_root *root, char *why);

#endif
