/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot try --keep`. */
#ifndef VFIOBOOT_TRYKEEP_H
#define VFIOBOOT_TRYKEEP_H

#include "cli.h"

/*
 * Confirms the trial, if this boot is it, and takes the profile out of the sections that were
 * tried; says what a person has to change by hand.  With @dry_run it says only what it would do.
 */
enum cli_exit trykeep(const struct sysfs_root *root, bool dry_run);

#endif
