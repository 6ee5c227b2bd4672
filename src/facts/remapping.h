/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether interrupts of devices are remapped: without that a guest could raise any of them. */
#ifndef VFIOBOOT_REMAPPING_H
#define VFIOBOOT_REMAPPING_H

#include "base/base.h"

enum remapping { REMAPPING_UNKNOWN, REMAPPING_ON, REMAPPING_OFF };

/* Reads it from the interrupts of the machine at @root. */
enum remapping remapping_read(const struct sysfs_root *root);

#endif
