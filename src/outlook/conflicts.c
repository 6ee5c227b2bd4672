/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the parameters that switch off what giving devices away needs.  Two of the parsers have an "on"
 * that takes an earlier "off" back (drivers/iommu/intel/iommu.c, intel_iommu_setup(), and
 * drivers/iommu/irq_remapping.c, setup_irqremap()).
 */
#include "conflicts.h"

#include "base/base.h"

#define LISTED(module, title)                                                            \
	{                                                                                \
		"module_blacklist", module, NULL, title, PARAM_LOSS_VFIO, IOMMU_UNKNOWN, \
			false                                                            \
	}
#define LISTED_BELOW(module) LISTED(module, module)

static const char iommu[] = "the IOMMU", remapping[] = "interrupt remapping";

/* iommu= is of arch/x86/kernel/pci-dma.c; without ACPI arm64 has the device tree. */
static const struct param_conflict conflicts[] = {
	{"intel_iommu", "off", "on", iommu, PARAM_LOSS_IOMMU, IOMMU_INTEL, false},
	{"iommu", "off", NULL, iommu, PARAM_LOSS_IOMMU, IOMMU_UNKNOWN, true},
	{"amd_iommu", "off", NULL, iommu, PARAM_LOSS_IOMMU, IOMMU_AMD, false},
	{"acpi", "off", NULL, "the tables that describe the IOMMU", PARAM_LOSS_IOMMU,
		IOMMU_UNKNOWN, true},
	LISTED("vfio_pci", "vfio-pci"),
	MODULES_BELOW_VFIO_PCI(LISTED_BELOW),
	LISTED_BELOW(MODULES_OF_GUESTS),
	{"intremap", "off", "on", remapping, PARAM_LOSS_REMAPPING, IOMMU_UNKNOWN, true},
	{"nointremap", NULL, NULL, remapping, PARAM_LOSS_REMAPPING, IOMMU_UNKNOWN, true},
};

const struct param_conflict *conflicts_next(
	const char *cmdline, enum iommu_kind kind, size_t *at)
{
	while (*at < ARRAY_SIZE(conflicts)) {
		const struct param_conflict *conflict = &conflicts[(*at)++];

		if ((!conflict->of_x86 || kind != IOMMU_ARM) &&
			cmdline_holds(
				cmdline, conflict->name, conflict->value, conflict->undo))
			return conflict;
	}
	return NULL;
}

const struct param_conflict *conflicts_next_undone(const char *cmdline, size_t *at)
{
	while (*at < ARRAY_SIZE(conflicts)) {
		const struct param_conflict *conflict = &conflicts[(*at)++];

		if (cmdline_has(cmdline, conflict->name, conflict->value) &&
			!cmdline_holds(
				cmdline, conflict->name, conflict->value, conflict->undo))
			return conflict;
	}
	return NULL;
}

const struct param_conflict *conflicts_find_iommu(
	const char *cmdline, enum iommu_kind kind)
{
	const struct param_conflict *conflict;
	size_t at = 0;

	while ((conflict = conflicts_next(cmdline, kind, &at)))
		if (conflict->loss == PARAM_LOSS_IOMMU)
			return conflict;
	return NULL;
}

bool conflicts_iommu_is_off(const char *cmdline, enum iommu_kind kind)
{
	return conflicts_find_iommu(cmdline, kind);
}

void conflicts_format(const struct param_conflict *conflict, char *ret, size_t size)
{
	text_join(ret, size, conflict->name, conflict->value ? "=" : "",
		conflict->value ? conflict->value : "", NULL);
}
