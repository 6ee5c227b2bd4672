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

/*
 * How many IOMMU groups there are.  Those that vfio made up itself, without an IOMMU, are none
 * (drivers/vfio/group.c).
 */
unsigned iommu_count_groups(const struct root *root);

/* Whether interrupts of devices are remapped: without that a guest could raise any of them. */
enum remapping { REMAPPING_UNKNOWN, REMAPPING_ON, REMAPPING_OFF };

/* Reads it from the interrupts of the machine at @root. */
enum remapping iommu_read_remapping(const struct root *root);

#endif
