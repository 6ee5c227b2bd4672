/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IOMMU, from the firmware to the kernel.  It gives each device its own view of memory;
 * without it no guest can have one.
 */
#include <fcntl.h>
#include <strings.h>

#include "base/base.h"
#include "facts/facts.h"
#include "parameter_remedy.h"
#include "params/params.h"
#include "private.h"

/* What gives the machine an IOMMU: the firmware setup, or its hypervisor. */
static const char *firmware_remedy(const struct check_host *host)
{
	if (host->facts->hypervisor)
		return host->facts->hypervisor->iommu;
	switch (host->facts->iommu) {
	case IOMMU_INTEL:
		return "enable VT-d in the firmware setup (\"Intel VT for Directed "
		       "I/O\", often among the chipset's settings)";
	case IOMMU_AMD:
		return "set IOMMU (AMD-Vi) to Enabled in the firmware setup; Auto may "
		       "mean off";
	case IOMMU_ARM:
		return "the firmware has to describe the SMMU: look for an update or a "
		       "setting of it";
	default: return "enable the IOMMU (VT-d, AMD-Vi or SMMU) in the firmware setup";
	}
}

/* Other processors than those of x86 have no such flag, and no such point. */
static void check_cpu(struct check_host *host)
{
	const char *cpuinfo = host->facts->cpuinfo;

	if (!cpuinfo) {
		check_unseen(host, "", "cannot read which processor this is");
	} else if (!strstr(cpuinfo, "\nflags\t")) {
		return;
	} else if (hypervisor_cpu_has(cpuinfo, "vmx")) {
		check_pass(host, "", "the processor can run guests (VT-x)");
	} else if (hypervisor_cpu_has(cpuinfo, "svm")) {
		check_pass(host, "", "the processor can run guests (AMD-V)");
	} else if (host->facts->hypervisor) {
		check_pass(host, "", "the processor is that of a virtual machine");
	} else {
		check_fail(host, "",
			"the processor has neither VT-x nor AMD-V, or it is disabled");
		check_remedy(
			host, "enable virtualization (VT-x, SVM) in the firmware setup");
	}
}

/* Of a virtual machine: whether it can run guests of its own. */
static void check_nested(struct check_host *host)
{
	const struct hypervisor *hypervisor = host->facts->hypervisor;
	const char *cpuinfo = host->facts->cpuinfo ? host->facts->cpuinfo : "";
	bool intel = hypervisor_cpu_has(cpuinfo, "vmx");

	if (!hypervisor || !strstr(cpuinfo, "\nflags\t"))
		return;
	if (!intel && !hypervisor_cpu_has(cpuinfo, "svm")) {
		check_fail(host, "",
			"this is a virtual machine (%s) that cannot run guests: its "
			"processor has neither VT-x nor AMD-V",
			hypervisor->name);
		check_remedy(host, "%s", hypervisor->nested);
	} else if (host->root->live && !file_exists(host->root, TREE_DEV "kvm")) {
		check_fail(host, "",
			"this is a virtual machine (%s) whose processor can run guests, "
			"but " TREE_DEV "kvm is missing",
			hypervisor->name);
		check_remedy(
			host, "run 'sudo modprobe %s'", intel ? "kvm_intel" : "kvm_amd");
	} else {
		check_pass(host, "", "this is a virtual machine (%s) that can run guests",
			hypervisor->name);
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

static bool directory_has_entries(const struct root *root, const char *path)
{
	_cleanup_closedir_ DIR *dir = NULL;

	return file_open_directory(root, path, &dir) == 0 && file_next_name(dir);
}

static void check_firmware(struct check_host *host)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		if (!file_exists(host->root, "%s/%s", TREE_ACPI_TABLES, tables[i].table))
			continue;
		check_pass(host, "",
			"the firmware describes an IOMMU (%s, ACPI table %s)",
			tables[i].title, tables[i].table);
		return;
	}
	if (facts_count_groups(host->facts) ||
		directory_has_entries(host->root, TREE_IOMMU)) {
		check_pass(host, "",
			"the firmware describes an IOMMU that the kernel found");
	} else if (file_exists(host->root, "%s/%s", TREE_ACPI_TABLES, "IORT")) {
		check_unknown(host, "",
			"the firmware has the ACPI table IORT, which may describe an "
			"SMMU or not");
		check_remedy(host, "%s", firmware_remedy(host));
	} else if (directory_has_entries(host->root, TREE_ACPI_TABLES)) {
		check_fail(host, "",
			"the firmware describes no IOMMU: it has none of the ACPI tables "
			"DMAR, IVRS, IORT and VIOT");
		check_remedy(host, "%s", firmware_remedy(host));
	} else {
		check_unseen(host, "", "cannot read the tables of the firmware");
	}
}

/* What the command line of this boot has, and that of the next one has not. */
static void add_past_conflicts(struct check_host *host, const char *now)
{
	const struct param_conflict *conflict;
	size_t at = 0;

	while ((conflict = conflicts_next(now, host->facts->iommu, &at))) {
		char text[64];

		conflicts_format(conflict, text, sizeof(text));
		check_pass(host, "",
			"this boot was started with %s, which disables %s; the next one is "
			"not",
			text, conflict->what);
	}
}

static void check_parameters(struct check_host *host)
{
	const char *cmdline = host->next->cmdline, *now = host->facts->cmdline;
	const struct param_conflict *conflict;
	size_t at = 0, before = host->list->n;
	char whose[512];

	if (!cmdline) {
		check_unseen(host, "", "cannot read the kernel command line");
		return;
	}
	check_whose_cmdline(host, whose, sizeof(whose));
	while ((conflict = conflicts_next(cmdline, host->facts->iommu, &at))) {
		char text[64];

		conflicts_format(conflict, text, sizeof(text));
		check_fail(host, "",
			"%s has %s on its kernel command line, which disables %s", whose,
			text, conflict->what);
		check_remedy_parameter(host, false, text);
	}
	if (host->list->n == before && now && host->next->entry)
		add_past_conflicts(host, now);
	if (host->list->n > before)
		return;
	if (cmdline_has(cmdline, "amd_iommu", "on"))
		check_pass(host, "",
			"amd_iommu=on does nothing: the kernel has no such value, and "
			"AMD's IOMMU is on by default");
	else
		check_pass(host, "",
			"the kernel command line disables nothing that is needed");
}

static bool is_intel_asked(const struct check_host *host)
{
	return host->facts->cmdline &&
		cmdline_has(host->facts->cmdline, "intel_iommu", "on");
}

/* Intel's, which the firmware describes and nobody asks for: as params/rules.c has it. */
static void remedy_unasked(struct check_host *host)
{
	char add[PARAMETER_REMEDY_SIZE];

	parameter_remedy(host->root, true, "intel_iommu=on", add);
	switch (iommu_find_default(IOMMU_INTEL, facts_kernel_config(host->facts))) {
	case IOMMU_DEFAULT_ABSENT:
		check_remedy(host, "fix what kernel-config reports");
		return;
	case IOMMU_DEFAULT_OFF: check_remedy(host, "%s", add); return;
	case IOMMU_DEFAULT_ON:
	case IOMMU_DEFAULT_INTGPU_OFF:
		check_remedy(host,
			"see the kernel log (journalctl -k -g DMAR), since this kernel enables "
			"the IOMMU by default; or %s",
			firmware_remedy(host));
		return;
	case IOMMU_DEFAULT_UNKNOWN:
		check_remedy(host,
			"%s; if that changes nothing, see the kernel log: journalctl -k -g "
			"DMAR",
			add);
	}
}

static void report_iommu_off(struct check_host *host)
{
	bool described = file_exists(host->root, "%s/%s", TREE_ACPI_TABLES, "DMAR");
	const char *cmdline = host->next->cmdline ? host->next->cmdline : "";

	check_fail(host, "", "the kernel uses no IOMMU: no function has an IOMMU group");
	if (host->next->iommu.groups == NEXT_GROUPS_ALL) {
		check_remedy(host,
			"reboot: the command line of the next entry, '%s', enables it",
			host->next->entry->said->title);
	} else if (nextboot_iommu_unknown(host->next)) {
		check_remedy_parameter(
			host, host->next->iommu.add, host->next->iommu.parameter);
	} else if (conflicts_iommu_is_off(cmdline, host->facts->iommu)) {
		check_remedy(host, "fix what iommu-parameters reports");
	} else if (described && is_intel_asked(host)) {
		check_remedy(host, "see the kernel log: journalctl -k -g DMAR");
	} else if (described) {
		remedy_unasked(host);
	} else if (host->facts->iommu == IOMMU_AMD && !host->facts->hypervisor) {
		check_remedy(
			host, "%s; the kernel needs no parameter", firmware_remedy(host));
	} else {
		check_remedy(host, "%s", firmware_remedy(host));
	}
}

static void check_iommu(struct check_host *host)
{
	unsigned n = facts_count_groups(host->facts);

	if (n) {
		check_pass(host, "", "the kernel uses the IOMMU: %u %s", n,
			n == 1 ? "group" : "groups");
	} else if (host->facts->bus.has_groups &&
		!file_exists(host->root, "%s/%s", TREE_GROUPS, ".")) {
		check_pass(host, "", "the kernel uses the IOMMU");
	} else if (host->n || file_exists(host->root, "%s/%s", TREE_GROUPS, ".")) {
		report_iommu_off(host);
	} else {
		check_unseen(
			host, "", "cannot read the PCI functions and their IOMMU groups");
	}
}

#define UNSAFE "allow_unsafe_interrupts"

static const char *const containers[] = {"vfio_iommu_type1", "iommufd"};

static bool allows_unsafe_now(const struct root *root)
{
	char path[128], text[8];

	for (size_t i = 0; i < ARRAY_SIZE(containers); i++) {
		text_join(path, sizeof(path), TREE_MODULE "/", containers[i],
			"/parameters/" UNSAFE, NULL);
		if (file_read_line(root, path, text, sizeof(text)) == 0 && *text == 'Y')
			return true;
	}
	return false;
}

/* Whether the next boot does: what was written into sysfs goes with this one. */
static enum check_parameter allows_unsafe(const struct check_host *host)
{
	enum check_parameter most = CHECK_PARAMETER_OFF;

	for (size_t i = 0; i < ARRAY_SIZE(containers); i++) {
		enum check_parameter one =
			check_read_parameter(host, containers[i], UNSAFE);

		most = one > most ? one : most;
	}
	return most;
}

/* Where interrupts are not remapped. */
static void check_unsafe(struct check_host *host)
{
	enum check_parameter next = allows_unsafe(host);
	bool now = allows_unsafe_now(host->root);

	/* Of files this boot has shown that they are read. */
	if (next == CHECK_PARAMETER_ON || (next == CHECK_PARAMETER_IN_FILES && now)) {
		check_pass(host, "",
			"off, and vfio is set to work without it (" UNSAFE
			"): a guest can disturb the host through its device");
	} else if (next == CHECK_PARAMETER_OFF && !now) {
		check_fail(host, "",
			"off: vfio starts no guest with a device, because the device "
			"could send the host false interrupts");
		check_remedy(host,
			host->facts->hypervisor
				? "it comes with the IOMMU that the hypervisor gives, if "
				  "that has interrupt remapping (intremap)"
				: "it comes with the IOMMU: fix the points above first, "
				  "then look for it, or for x2APIC, in the firmware "
				  "setup");
	} else {
		if (now)
			check_fail(host, "",
				"off, and vfio is set to work without it for this boot alone "
				"(" UNSAFE ")");
		else
			check_unknown(host, "",
				"off; " UNSAFE
				", by which vfio works without it, is set in modprobe.d, "
				"which not every image has");
		check_remedy(host,
			"if a guest may disturb the host through its device, add "
			"vfio_iommu_type1." UNSAFE "=1 to the kernel command line");
	}
}

static void check_remapping(struct check_host *host)
{
	enum remapping remapping = facts_remapping(host->facts);

	if (remapping == REMAPPING_ON)
		check_pass(host, "", "on: a device can interrupt its own guest only");
	else if (remapping == REMAPPING_OFF)
		check_unsafe(host);
	else
		check_unseen(host, "", "whether interrupts are remapped is not known");
}

static const struct check checks[] = {
	{"cpu", check_cpu, NULL},
	{"nested-virtualization", check_nested, NULL},
	{"iommu-firmware", check_firmware, NULL},
	{"iommu", check_iommu, NULL},
	{"iommu-parameters", check_parameters, NULL},
	{"interrupt-remapping", check_remapping, NULL},
};

const struct check_theme check_iommu_theme = {
	"Firmware and IOMMU", checks, ARRAY_SIZE(checks)};
