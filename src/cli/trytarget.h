/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vfioboot try` says of the unit that PID 1 would start in the trial's boot. */
#ifndef VFIOBOOT_TRYTARGET_H
#define VFIOBOOT_TRYTARGET_H

#include "base/base.h"
#include "cli.h"

/*
 * A trial is confirmed when that unit is active; the command line of the trial's boot is the
 * one of now and @parameters.  Returns CLI_OK, after a warning where the unit is not active in
 * this boot; or CLI_FAILED after a message, where it would not start the watch.
 */
enum cli_exit trytarget_check(const struct sysfs_root *root, const char *parameters);

#endif
