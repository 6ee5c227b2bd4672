/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IOMMU of a machine: whose it is, how many groups it makes, and whether it remaps. */
#ifndef VFIOBOOT_FACTS_IOMMU_H
#define VFIOBOOT_FACTS_IOMMU_H

#include "base/base.h"

/* Whose IOMMU a machine has: parameters, kernel options and firmware settings go by that. */
enum iommu_kind { IOMMU_UNKNOWN, IOMMU_INTEL, IOMMU_AMD, IOMMU_ARM, IOMMU_OTHER };

/*
 * Finds it by what the kernel found (the names below /sys/class/iommu: drivers/iommu,
 * iommu_device_sysfs_add()), else by the ACPI table that describes it; where the firmware hides
 * it, by the processor in @cpuinfo, the text of /proc/cpuinfo, or NULL.  A guest may have
 * another's processor, and some makers use Intel's.
 */
enum iommu_kind iommu_find_kind(const struct root *root, const char *cpuinfo);

/* What a kernel was built to do with an IOMMU. */
enum iommu_default {
	IOMMU_DEFAULT_UNKNOWN,
	IOMMU_DEFAULT_ABSENT, /* it has no driver for it */
	/* Of Intel's (drivers/iommu/intel/Kconfig); the others' are on by themselves. */
	IOMMU_DEFAULT_ON,
	IOMMU_DEFAULT_OFF,
	IOMMU_DEFAULT_INTGPU_OFF, /* on, but not for the integrated GPU: Debian's own */
};

/* The same by its configuration (kernel_config.h); NULL: that is not known. */
enum iommu_default iommu_find_default(enum iommu_kind kind, const char *config);

/* Whether vfio made the group up itself, without an IOMMU (drivers/vfio/group.c): it is none. */
bool iommu_group_is_made_up(const struct root *root, const char *group);

/* How many IOMMU groups there are. */
unsigned iommu_count_groups(const struct root *root);

/* Whether interrupts of devices are remapped: without that a guest could raise any of them. */
enum remapping { REMAPPING_UNKNOWN, REMAPPING_ON, REMAPPING_OFF };

/* Reads it from the interrupts of the machine at @root. */
enum remapping iommu_read_remapping(const struct root *root);

#endif
