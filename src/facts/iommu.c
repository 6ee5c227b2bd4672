/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which IOMMU it is: by its hardware first, since the maker of the processor is only a guess. */
#include "iommu.h"

#include "base/base.h"
#include "kernel_config.h"

struct mark {
	const char *text;
	enum iommu_kind kind;
};

/* "dmar0", "ivhd0", "smmu3.0x0000000009050000" */
static enum iommu_kind find_unit(const struct root *root)
{
	static const struct mark units[] = {
		{"dmar", IOMMU_INTEL}, {"ivhd", IOMMU_AMD}, {"smmu", IOMMU_ARM}};
	_cleanup_closedir_ DIR *dir = NULL;
	const char *name;

	if (file_open_directory(root, TREE_IOMMU, &dir) < 0)
		return IOMMU_UNKNOWN;
	while ((name = file_next_name(dir)))
		for (size_t i = 0; i < ARRAY_SIZE(units); i++)
			if (strncmp(name, units[i].text, strlen(units[i].text)) == 0)
				return units[i].kind;
	return IOMMU_UNKNOWN;
}

static enum iommu_kind find_table(const struct root *root)
{
	static const struct mark tables[] = {
		{"DMAR", IOMMU_INTEL}, {"IVRS", IOMMU_AMD}, {"IORT", IOMMU_ARM}};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		if (file_exists(root, "%s/%s", TREE_ACPI_TABLES, tables[i].text))
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

enum iommu_kind iommu_find_kind(const struct root *root, const char *cpuinfo)
{
	enum iommu_kind kind = find_unit(root);

	if (kind == IOMMU_UNKNOWN)
		kind = find_table(root);
	return kind == IOMMU_UNKNOWN ? guess(cpuinfo) : kind;
}

enum iommu_default iommu_find_default(enum iommu_kind kind, const char *config)
{
	if (!config)
		return IOMMU_DEFAULT_UNKNOWN;
	if (kind == IOMMU_AMD)
		return kernel_config_has(config, "AMD_IOMMU") ? IOMMU_DEFAULT_ON
							      : IOMMU_DEFAULT_ABSENT;
	if (kind == IOMMU_ARM)
		return kernel_config_has(config, "ARM_SMMU") ||
				kernel_config_has(config, "ARM_SMMU_V3")
			? IOMMU_DEFAULT_ON
			: IOMMU_DEFAULT_ABSENT;
	if (kind != IOMMU_INTEL)
		return IOMMU_DEFAULT_UNKNOWN;
	if (!kernel_config_has(config, "INTEL_IOMMU"))
		return IOMMU_DEFAULT_ABSENT;
	if (kernel_config_has(config, "INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF"))
		return IOMMU_DEFAULT_INTGPU_OFF;
	return kernel_config_has(config, "INTEL_IOMMU_DEFAULT_ON") ? IOMMU_DEFAULT_ON
								   : IOMMU_DEFAULT_OFF;
}

bool iommu_group_is_made_up(const struct root *root, const char *group)
{
	char path[320], text[64] = "";

	snprintf(path, sizeof(path), TREE_GROUPS "/%s/name", group);
	return file_read_line(root, path, text, sizeof(text)) == 0 &&
		strcmp(text, "vfio-noiommu") == 0;
}

unsigned iommu_count_groups(const struct root *root)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const char *name;
	unsigned n = 0;

	if (file_open_directory(root, TREE_GROUPS, &dir) < 0)
		return 0;
	while ((name = file_next_name(dir)))
		n += !iommu_group_is_made_up(root, name);
	return n;
}

/* What the names of interrupt controllers say, seen together. */
struct seen {
	bool on;  /* an interrupt goes through a remapping unit */
	bool off; /* one that would, does not */
};

/*
 * x86: the I/O APIC is "IR-IO-APIC" when its interrupts are remapped, else "IO-APIC"
 * (arch/x86/kernel/apic/io_apic.c); there, it is all or none.  arm64: an ITS keeps those of
 * devices apart (drivers/irqchip/irq-gic-v3-its.c).
 */
static void judge_chip(struct seen *seen, const char *chip)
{
	seen->on |= strncmp(chip, "IR-", 3) == 0 || strncmp(chip, "ITS-", 4) == 0;
	seen->off |= strncmp(chip, "IO-APIC", 7) == 0;
}

static int scan_chips(const struct root *root, struct seen *seen)
{
	_cleanup_closedir_ DIR *dir = NULL;
	int r = file_open_directory(root, TREE_IRQ, &dir);
	const char *name;

	if (r < 0)
		return r;
	while (!seen->on && (name = file_next_name(dir))) {
		char path[320], chip[64];

		snprintf(path, sizeof(path), TREE_IRQ "/%s/chip_name", name);
		if (file_read_line(root, path, chip, sizeof(chip)) == 0)
			judge_chip(seen, chip);
	}
	return 0;
}

/* "  8:  0  12  IR-IO-APIC  8-edge  rtc0": any of the words may be it. */
static void scan_interrupts(const struct root *root, struct seen *seen)
{
	_cleanup_free_ char *line = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	size_t room = 0;

	if (file_open_stream(root, TREE_INTERRUPTS, &file) < 0)
		return;
	while (!seen->on && getline(&line, &room, file) > 0) {
		char *rest = line, *word;

		while ((word = strsep(&rest, " \t\n")))
			judge_chip(seen, word);
	}
}

enum remapping iommu_read_remapping(const struct root *root)
{
	struct seen seen = {0};

	if (scan_chips(root, &seen) < 0 || (!seen.on && !seen.off))
		scan_interrupts(root, &seen);
	return seen.on ? REMAPPING_ON : seen.off ? REMAPPING_OFF : REMAPPING_UNKNOWN;
}
