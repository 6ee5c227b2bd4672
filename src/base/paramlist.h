/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kernel command line has of parameters whose values are lists with commas.  Pure. */
#ifndef VFIOBOOT_PARAMLIST_H
#define VFIOBOOT_PARAMLIST_H

#include <stdbool.h>

/* Whether some parameter @name has @item in its list; NULL: has any value, or none. */
bool paramlist_has(const char *cmdline, const char *name, const char *item);

/* The same where the kernel looks at the first item alone, as in video=. */
bool paramlist_has_first(const char *cmdline, const char *name, const char *item);

/*
 * Whether @item is there and counts: the last of @item and @undo does, be it in one parameter or
 * in several.  @undo NULL: nothing takes it back; @item NULL: as in paramlist_has().
 */
bool paramlist_ends(
	const char *cmdline, const char *name, const char *item, const char *undo);

/*
 * Whether the host's own drivers bypass the IOMMU: the last of iommu.passthrough=, a bool, and
 * with @x86 of "pt" and "nopt" in iommu= counts (drivers/iommu/iommu.c,
 * iommu_set_def_domain_type; arch/x86/kernel/pci-dma.c, iommu_setup).
 */
bool paramlist_passes_through(const char *cmdline, bool x86);

#endif
