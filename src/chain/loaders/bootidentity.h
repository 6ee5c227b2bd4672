/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose the files in a boot partition are that several systems may share: kernel-install(8). */
#ifndef VFIOBOOT_BOOTIDENTITY_H
#define VFIOBOOT_BOOTIDENTITY_H

#include "base/base.h"

/* By which names kernels of this machine begin. */
struct bootidentity {
	char machine_id[64], token[256]; /* "": not known */
};

/*
 * Reads /etc/kernel/entry-token, and the id of the machine: KERNEL_INSTALL_MACHINE_ID of
 * /etc/machine-info, or /etc/machine-id.  What is not there is not known.
 */
void bootidentity_read(const struct sysfs_root *root, struct bootidentity *ret);

/* What the name of a file says: it is of this machine (1), of another (0), nothing (-1). */
int bootidentity_judge(const struct bootidentity *identity, const char *name);

#endif
