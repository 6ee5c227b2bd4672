/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IOMMU, from the firmware to the kernel.  It gives each device its own view of memory;
 * without it no guest can have one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>

#include "../../core/util.h"
#include "../hosttree.h"
#include "checkhost.h"

/* What switches the IOMMU on in the firmware setup. */
static const char *firmware_remedy(const struct check_host *host)
{
	switch (host->iommu) {
	case IOMMU_INTEL:
		return "switch VT-d on in the firmware setup (\"Intel VT for Directed "
		       "I/O\", mostly among the chipset's settings)";
	case IOMMU_AMD:
		return "set IOMMU (AMD-Vi) to Enabled in the firmware setup; Auto may mean "
		       "off";
	case IOMMU_ARM:
		return "the firmware has to describe the SMMU: look for an update or a "
		       "setting of it";
	default:
		return "switch the IOMMU (VT-d, AMD-Vi or SMMU) on in the firmware setup";
	}
}

static bool has_flag(const char *cpuinfo, const char *flag)
{
	const char *line = strstr(cpuinfo, "\nflags\t");
	size_t len = strlen(flag), end = line ? strcspn(line + 1, "\n") + 1 : 0;

	for (size_t at = 0; at + len < end; at++)
		if (line[at] == ' ' && strncmp(line + at + 1, flag, len) == 0 &&
			strchr(" \n", line[at + 1 + len]))
			return true;
	return false;
}

/* Other processors than those of x86 have no such flag, and no such point. */
static void check_cpu(struct check_host *host)
{
	if (!host->cpuinfo) {
		check_unknown(host, "", "what processor it is can't be read");
		check_remedy_elsewhere(host);
	} else if (!strstr(host->cpuinfo, "\nflags\t")) {
		return;
	} else if (has_flag(host->cpuinfo, "vmx")) {
		check_pass(host, "", "the processor can run guests (VT-x)");
	} else if (has_flag(host->cpuinfo, "svm")) {
		check_pass(host, "", "the processor can run guests (AMD-V)");
	} else {
		check_fail(host, "",
			"the processor has neither VT-x nor AMD-V, or it is "
			"switched off");
		check_remedy(host,
			"switch virtualization (VT-x, SVM) on in the firmware setup");
	}
}

/* The ACPI tables that describe an IOMMU; their names can be listed by everyone. */
static const struct {
	const char *table, *title;
} tables[] = {
	{"DMAR", "Intel VT-d"},
	{"IVRS", "AMD-Vi"},
	{"VIOT", "virtio-iommu"},
};

static bool directory_has_entries(const struct sysfs_root *root, const char *path)
{
	_cleanup_closedir_ DIR *dir = NULL;

	return tree_open_directory(root, path, &dir) == 0 && tree_next(dir);
}

/* Groups that vfio made up itself, without an IOMMU, are none (drivers/vfio/group.c). */
static unsigned count_groups(const struct sysfs_root *root)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const char *name;
	unsigned n = 0;

	if (tree_open_directory(root, TREE_GROUPS, &dir) < 0)
		return 0;
	while ((name = tree_next(dir))) {
		char path[320], text[64] = "";

		snprintf(path, sizeof(path), TREE_GROUPS "/%s/name", name);
		tree_read_line(root, path, text, sizeof(text));
		n += strcmp(text, "vfio-noiommu") != 0;
	}
	return n;
}

static void check_firmware(struct check_host *host)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		if (!tree_exists(host->root, TREE_ACPI_TABLES, tables[i].table))
			continue;
		check_pass(host, "",
			"the firmware describes an IOMMU (%s, ACPI table %s)",
			tables[i].title, tables[i].table);
		return;
	}
	if (count_groups(host->root) || directory_has_entries(host->root, TREE_IOMMU)) {
		check_pass(host, "",
			"the firmware describes an IOMMU that the kernel found");
	} else if (tree_exists(host->root, TREE_ACPI_TABLES, "IORT")) {
		check_unknown(host, "",
			"the firmware has the ACPI table IORT, which may "
			"describe an SMMU or not");
		check_remedy(host, "%s", firmware_remedy(host));
	} else if (directory_has_entries(host->root, TREE_ACPI_TABLES)) {
		check_fail(host, "",
			"the firmware describes no IOMMU: it has none of the "
			"ACPI tables DMAR, IVRS, IORT and VIOT");
		check_remedy(host, "%s", firmware_remedy(host));
	} else {
		check_unknown(host, "", "the tables of the firmware can't be read");
		check_remedy_elsewhere(host);
	}
}

/* Parameters that switch off what is needed. */
static const struct {
	const char *name, *value, *what;
} conflicts[] = {
	{"intel_iommu", "off", "the IOMMU"},
	{"amd_iommu", "off", "the IOMMU"},
	{"iommu", "off", "the IOMMU"},
	{"acpi", "off", "the tables that describe the IOMMU"},
	{"module_blacklist", "vfio", "vfio"},
	{"module_blacklist", "vfio_pci", "vfio-pci"},
	{"intremap", "off", "interrupt remapping"},
	{"nointremap", "", "interrupt remapping"},
};

/* intel_iommu=off,on is on (drivers/iommu/intel/iommu.c, intel_iommu_setup): told, too. */
static void check_parameters(struct check_host *host)
{
	bool any = false;

	if (!host->cmdline) {
		check_unknown(host, "", "the kernel command line can't be read");
		check_remedy_elsewhere(host);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(conflicts); i++) {
		const char *equals = *conflicts[i].value ? "=" : "";

		if (!check_has_parameter(host, conflicts[i].name, conflicts[i].value))
			continue;
		any = true;
		check_fail(host, "", "%s%s%s on the kernel command line switches %s off",
			conflicts[i].name, equals, conflicts[i].value, conflicts[i].what);
		check_remedy(host, "take %s%s%s off the kernel command line",
			conflicts[i].name, equals, conflicts[i].value);
	}
	if (any)
		return;
	if (check_has_parameter(host, "amd_iommu", "on"))
		check_pass(host, "",
			"amd_iommu=on does nothing: the kernel knows no such "
			"value, and the IOMMU of AMD is on by itself");
	else
		check_pass(host, "",
			"the kernel command line switches nothing off that is "
			"needed");
}

static bool is_switched_off(const struct check_host *host)
{
	for (size_t i = 0; i < ARRAY_SIZE(conflicts); i++)
		if (strstr(conflicts[i].what, "IOMMU") &&
			check_has_parameter(host, conflicts[i].name, conflicts[i].value))
			return true;
	return false;
}

static void tell_iommu_off(struct check_host *host)
{
	bool described = tree_exists(host->root, TREE_ACPI_TABLES, "DMAR");

	check_fail(host, "", "the kernel uses no IOMMU: no function has an IOMMU group");
	if (is_switched_off(host))
		check_remedy(host, "mend what iommu-parameters says");
	else if (described && check_has_parameter(host, "intel_iommu", "on"))
		check_remedy(host, "the kernel log tells why: journalctl -k -g DMAR");
	else if (described)
		check_remedy(host,
			"add intel_iommu=on to the kernel command line, unless "
			"kernel-config says that it is on by itself");
	else if (host->iommu == IOMMU_AMD)
		check_remedy(
			host, "%s; the kernel needs no parameter", firmware_remedy(host));
	else
		check_remedy(host, "%s", firmware_remedy(host));
}

static void check_iommu(struct check_host *host)
{
	unsigned n = count_groups(host->root);

	if (n) {
		check_pass(host, "", "the kernel uses the IOMMU: %u %s", n,
			n == 1 ? "group" : "groups");
	} else if (host->bus.has_groups && !tree_exists(host->root, TREE_GROUPS, ".")) {
		check_pass(host, "", "the kernel uses the IOMMU");
	} else if (host->n || tree_exists(host->root, TREE_GROUPS, ".")) {
		tell_iommu_off(host);
	} else {
		check_unknown(host, "",
			"the PCI functions and their IOMMU groups can't be "
			"read");
		check_remedy_elsewhere(host);
	}
}

/* What the names of interrupt controllers say, seen together. */
struct remapping {
	bool on;  /* an interrupt goes through a remapping unit */
	bool off; /* one that would, does not */
};

/*
 * x86: the I/O APIC is "IR-IO-APIC" when its interrupts are remapped, else "IO-APIC"
 * (arch/x86/kernel/apic/io_apic.c); there, it is all or none.  arm64: an ITS keeps those of
 * devices apart (drivers/irqchip/irq-gic-v3-its.c).
 */
static void judge_chip(struct remapping *seen, const char *chip)
{
	seen->on |= strncmp(chip, "IR-", 3) == 0 || strncmp(chip, "ITS-", 4) == 0;
	seen->off |= strncmp(chip, "IO-APIC", 7) == 0;
}

static int scan_chips(struct check_host *host, struct remapping *seen)
{
	_cleanup_closedir_ DIR *dir = NULL;
	int r = tree_open_directory(host->root, TREE_IRQ, &dir);
	const char *name;

	if (r < 0)
		return r;
	while (!seen->on && (name = tree_next(dir))) {
		char path[320], chip[64];

		snprintf(path, sizeof(path), TREE_IRQ "/%s/chip_name", name);
		if (tree_read_line(host->root, path, chip, sizeof(chip)) == 0)
			judge_chip(seen, chip);
	}
	return 0;
}

/* "  8:  0  12  IR-IO-APIC  8-edge  rtc0": any of the words may be it. */
static void scan_interrupts(struct check_host *host, struct remapping *seen)
{
	_cleanup_free_ char *line = NULL;
	size_t room = 0;
	int fd = sysfs_root_open_file(host->root, TREE_INTERRUPTS, O_RDONLY);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	if (!file) {
		close_fd(&fd);
		return;
	}
	while (!seen->on && getline(&line, &room, file) > 0) {
		char *rest = line, *word;

		while ((word = strsep(&rest, " \t\n")))
			judge_chip(seen, word);
	}
	fclose(file);
}

static bool allows_unsafe(const struct sysfs_root *root)
{
	static const char *const paths[] = {TREE_MODULE
		"/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
		TREE_MODULE "/iommufd/parameters/allow_unsafe_interrupts"};
	char text[8];

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (tree_read_line(root, paths[i], text, sizeof(text)) == 0 &&
			text[0] == 'Y')
			return true;
	return false;
}

static void check_remapping(struct check_host *host)
{
	struct remapping seen = {0};

	if (scan_chips(host, &seen) < 0 || (!seen.on && !seen.off))
		scan_interrupts(host, &seen);
	if (seen.on) {
		check_pass(host, "", "on: a device can interrupt its own guest only");
	} else if (seen.off && allows_unsafe(host->root)) {
		check_pass(host, "",
			"off, and vfio was told to work without it "
			"(allow_unsafe_interrupts): a guest can disturb the "
			"host with its device");
	} else if (seen.off) {
		check_fail(host, "",
			"off: vfio starts no guest with a device, since that "
			"could send the host false interrupts");
		check_remedy(host,
			"it comes with the IOMMU: mend the points above first; then look "
			"for it, or for x2APIC, in the firmware setup");
	} else {
		check_unknown(host, "", "nothing tells whether interrupts are remapped");
		check_remedy_elsewhere(host);
	}
}

static const struct check checks[] = {
	{"cpu", check_cpu},
	{"iommu-firmware", check_firmware},
	{"iommu", check_iommu},
	{"iommu-parameters", check_parameters},
	{"interrupt-remapping", check_remapping},
};

const struct check_theme check_iommu_theme = {
	"Firmware and IOMMU", checks, ARRAY_SIZE(checks)};
