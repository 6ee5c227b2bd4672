/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people paste, told apart from what this machine needs. */
#include <stdio.h>

#include "../../core/util.h"
#include "paramadvice.h"

/* What people paste, and what it really does. */
static const struct {
	const char *name, *value, *reason;
} cargo_cult[] = {
	{"amd_iommu", "on",
		"the kernel knows no such value; the AMD IOMMU is on by itself"},
	{"amd_iommu", "pt", "the kernel knows no such value"},
	{"intel_iommu", "pt", "the kernel knows no such value"},
	{"iommu", "on", "the kernel knows no such value"},
	{"iommu", "1", "it switches no IOMMU on that vfio could use"},
	{"iommu", "pt",
		"it neither switches the IOMMU on nor is it needed: it lets the host's "
		"own drivers bypass it"},
	{"vfio-pci.ids", NULL,
		"it takes every card with these ids, whichever it is; the configuration "
		"of vfioboot names one by its place"},
	{"pci-stub.ids", NULL,
		"it takes every card with these ids, before vfio-pci could"},
	{"rd.driver.pre", "vfio-pci", "vfioboot comes earlier than this"},
	{"rd.driver.pre", "vfio_pci", "vfioboot comes earlier than this"},
	{"nomodeset", NULL,
		"it takes the display drivers from the host's own cards, too"},
	{"module_blacklist", NULL,
		"it keeps the drivers away from the host's own devices, too"},
	{"modprobe.blacklist", NULL,
		"it keeps the drivers away from the host's own devices, too"},
	{"rd.driver.blacklist", NULL,
		"it keeps the drivers away from the host's own devices, too"},
	{"pcie_acs_override", NULL,
		"it pretends an isolation that the hardware does not have; kernels "
		"without a patch do not know it"},
	{"pci", "noats", "vfio does not need it"},
	{"vfio_iommu_type1.allow_unsafe_interrupts", NULL,
		"it lets a guest raise interrupts of the host; needed only without "
		"interrupt remapping"},
	{"iommufd.allow_unsafe_interrupts", NULL,
		"it lets a guest raise interrupts of the host; needed only without "
		"interrupt remapping"},
	{"vfio.enable_unsafe_noiommu_mode", NULL,
		"it gives devices away without an IOMMU, so that a guest can write to "
		"all of the host's memory"},
	{"intremap", "off",
		"it switches interrupt remapping off, without which vfio gives no device "
		"to a guest"},
	{"nointremap", NULL,
		"it switches interrupt remapping off, without which vfio gives no device "
		"to a guest"},
	{"kvm.ignore_msrs", NULL, "giving devices away does not need it"},
};

/* What this machine does not need, though others may. */
static void judge_useless(
	const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	static const char *const drivers[] = {"efifb", "vesafb", "simplefb"};
	bool stays = paramadvice_keeps_framebuffer(facts);

	if (paramadvice_has(facts, "intel_iommu", "on") && facts->iommu != IOMMU_INTEL &&
		facts->iommu)
		paramadvice_add(ret, KERNELPARAMS_WARNING, "intel_iommu=on",
			"it can go: this machine has no IOMMU of Intel");
	else if (paramadvice_has(facts, "intel_iommu", "on") &&
		facts->iommu_default == IOMMU_DEFAULT_ON)
		paramadvice_add(ret, KERNELPARAMS_WARNING, "intel_iommu=on",
			"it can go: this kernel has the IOMMU on by itself");
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		char item[32], text[48];

		snprintf(item, sizeof(item), "%s:off", drivers[i]);
		snprintf(text, sizeof(text), "video=%s", item);
		if (paramadvice_has(facts, "video", item) && (i || !stays))
			paramadvice_add(ret, KERNELPARAMS_WARNING, text,
				"it can go: on this machine nothing needs it");
	}
	if (paramadvice_has(facts, "initcall_blacklist", "sysfb_init") && !stays &&
		!facts->takes_other_display)
		paramadvice_add(ret, KERNELPARAMS_WARNING,
			"initcall_blacklist=sysfb_init",
			"it can go: on this machine nothing needs it");
}

void paramadvice_useless(const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(cargo_cult); i++) {
		char text[96];

		if (!paramadvice_has(facts, cargo_cult[i].name, cargo_cult[i].value))
			continue;
		snprintf(text, sizeof(text), "%s%s%s", cargo_cult[i].name,
			cargo_cult[i].value ? "=" : "",
			cargo_cult[i].value ? cargo_cult[i].value : "");
		paramadvice_add(ret, KERNELPARAMS_WARNING, text, "it can go: %s",
			cargo_cult[i].reason);
	}
	judge_useless(facts, ret);
}
