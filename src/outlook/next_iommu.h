/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether functions have an IOMMU group at the next boot.  This boot shows what the machine has, and by
 * what: groups prove nothing of a kernel's default where a parameter asked for them.
 */
#ifndef VFIOBOOT_OUTLOOK_NEXT_IOMMU_H
#define VFIOBOOT_OUTLOOK_NEXT_IOMMU_H

#include "chain/chain.h"
#include "facts/facts.h"

/* Beside this boot. */
enum next_groups {
	NEXT_GROUPS_AS_NOW,
	NEXT_GROUPS_NONE, /* what has one now will have none */
	NEXT_GROUPS_ALL,  /* nothing has one now, and it should: as if each had one */
	/* What has one now, or without one anywhere each, may have one: planned as if it had. */
	NEXT_GROUPS_UNKNOWN,
};

struct next_iommu {
	enum next_groups groups;
	/* The same of Intel's integrated GPU, which parameters and kernels can leave out. */
	enum next_groups integrated;
	char why[384]; /* of NONE and UNKNOWN of either, as a sentence without full stop; or "" */
	char parameter[32]; /* what would change that; "": none */
	bool add;           /* it is to be added, else removed */
};

/*
 * Compares the boot by @entry, which has the command line @cmdline, with this one.  @entry NULL:
 * @cmdline is a text of which only counts what is there.
 */
void next_iommu_compare(struct facts *facts, const char *cmdline,
	const struct chain_entry *entry, struct next_iommu *ret);

/* What it says of a function, which is not part of a machine that cannot be read. */
enum next_groups next_iommu_of(const struct next_iommu *iommu, const struct pcidev *dev);

#endif
