/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a machine is a virtual one, and whose: what it lacks then, its hypervisor has to give it,
 * and no setup of a firmware does.  By the processor's flag "hypervisor" and what the firmware
 * says of itself (/sys/class/dmi/id), as systemd-detect-virt(1) goes by.
 */
#ifndef VFIOBOOT_FACTS_HYPERVISOR_H
#define VFIOBOOT_FACTS_HYPERVISOR_H

#include "base/base.h"

struct hypervisor {
	const char *name; /* for people */
	/* What gives the machine an IOMMU, and lets it run guests: imperatives. */
	const char *iommu, *nested;
};

/*
 * Finds it; @cpuinfo is the text of /proc/cpuinfo, or NULL.  NULL: the machine is a real one, or
 * says nothing.
 */
const struct hypervisor *hypervisor_find(const struct root *root, const char *cpuinfo);

/* Whether the processor has the flag, in a text of /proc/cpuinfo of x86.  Pure. */
bool hypervisor_cpu_has(const char *cpuinfo, const char *flag);

#endif
