/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose IOMMU a machine has: parameters, kernel options and firmware settings go by that. */
#ifndef VFIOBOOT_IOMMUKIND_H
#define VFIOBOOT_IOMMUKIND_H

#include "base/base.h"

enum iommu_kind { IOMMU_UNKNOWN, IOMMU_INTEL, IOMMU_AMD, IOMMU_ARM, IOMMU_OTHER };

/*
 * Finds it by what the kernel found (the names below /sys/class/iommu: drivers/iommu,
 * iommu_device_sysfs_add()), else by the ACPI table that describes it; where the firmware hides
 * it, by the processor in @cpuinfo, the text of /proc/cpuinfo, or NULL.  A guest may have
 * another's processor, and some makers use Intel's.
 */
enum iommu_kind iommukind_find(const struct sysfs_root *root, const char *cpuinfo);

#endif
