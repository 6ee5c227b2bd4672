/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose processor a machine has, as far as its IOMMU is another one. */
#ifndef VFIOBOOT_CPU_H
#define VFIOBOOT_CPU_H

enum cpu_kind { CPU_UNKNOWN, CPU_INTEL, CPU_AMD, CPU_ARM, CPU_OTHER };

#endif
