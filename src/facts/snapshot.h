/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The facts of a machine that several parts of a command need, read once. */
#ifndef VFIOBOOT_SNAPSHOT_H
#define VFIOBOOT_SNAPSHOT_H

#include "base/base.h"
#include "iommukind.h"
#include "kernels.h"
#include "pcibus.h"

struct facts {
	const struct sysfs_root *root;
	struct pcibus bus;
	struct kernels kernels; /* those that are installed */
	char running[72];       /* release of the running kernel; "": not known */
	char *cmdline;          /* NULL: not known */
	char *cpuinfo;          /* the beginning of /proc/cpuinfo; NULL: not known */
	enum iommu_kind iommu;
};

/*
 * Reads the facts of the machine at @root, for facts_free() in any case.  A machine without PCI
 * has no functions.  Returns 0, or -errno.
 */
int facts_read(const struct sysfs_root *root, struct facts *ret);
void facts_free(struct facts *facts);

/*
 * How many IOMMU groups there are.  Those that vfio made up itself, without an IOMMU, are none
 * (drivers/vfio/group.c).
 */
unsigned facts_count_groups(const struct facts *facts);

/* -1, 0 or 1 as the running kernel is older than, of, or newer than @major.@minor; -2: unknown. */
int facts_compare_kernel(const struct facts *facts, unsigned major, unsigned minor);

#endif
