/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hardware first: the maker of the processor is but a guess. */
#include "iommukind.h"

#include <string.h>

#include "base/base.h"

struct mark {
	const char *text;
	enum iommu_kind kind;
};

/* "dmar0", "ivhd0", "smmu3.0x0000000009050000" */
static enum iommu_kind find_unit(const struct sysfs_root *root)
{
	static const struct mark units[] = {
		{"dmar", IOMMU_INTEL}, {"ivhd", IOMMU_AMD}, {"smmu", IOMMU_ARM}};
	_cleanup_closedir_ DIR *dir = NULL;
	const char *name;

	if (tree_open_directory(root, TREE_IOMMU, &dir) < 0)
		return IOMMU_UNKNOWN;
	while ((name = tree_next(dir)))
		for (size_t i = 0; i < ARRAY_SIZE(units); i++)
			if (strncmp(name, units[i].text, strlen(units[i].text)) == 0)
				return units[i].kind;
	return IOMMU_UNKNOWN;
}

static enum iommu_kind find_table(const struct sysfs_root *root)
{
	static const struct mark tables[] = {
		{"DMAR", IOMMU_INTEL}, {"IVRS", IOMMU_AMD}, {"IORT", IOMMU_ARM}};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		if (tree_exists(root, TREE_ACPI_TABLES, tables[i].text))
			return tables[i].kind;
	return IOMMU_UNKNOWN;
}

/*
 * arch/x86/kernel/cpu, arch/arm64/kernel/cpuinfo.c.  Zhaoxin's, of either name, have an IOMMU
 * that works as Intel's.
 */
static enum iommu_kind guess(const char *cpuinfo)
{
	static const struct mark makers[] = {{"GenuineIntel", IOMMU_INTEL},
		{"AuthenticAMD", IOMMU_AMD}, {"HygonGenuine", IOMMU_AMD},
		{"CentaurHauls", IOMMU_INTEL}, {"  Shanghai  ", IOMMU_INTEL},
		{"CPU implementer", IOMMU_ARM}};

	for (size_t i = 0; cpuinfo && i < ARRAY_SIZE(makers); i++)
		if (strstr(cpuinfo, makers[i].text))
			return makers[i].kind;
	return cpuinfo ? IOMMU_OTHER : IOMMU_UNKNOWN;
}

enum iommu_kind iommukind_find(const struct sysfs_root *root, const char *cpuinfo)
{
	enum iommu_kind kind = find_unit(root);

	if (kind == IOMMU_UNKNOWN)
		kind = find_table(root);
	return kind == IOMMU_UNKNOWN ? guess(cpuinfo) : kind;
}
