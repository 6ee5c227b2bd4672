/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people paste, told apart from what this machine needs. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "paramadvice.h"

#define UNKNOWN_VALUE "the kernel knows no such value"
#define HOSTS_TOO     "it keeps the drivers away from the host's own devices, too"
#define UNSAFE                                                                           \
	"it lets a guest raise interrupts of the host, and is for machines without "     \
	"interrupt remapping"

/* What people paste, and what it really does.  The host may need it for itself. */
static const struct pasted {
	const char *name, *value, *reason;
	enum { ANYWAY, UNLESS_UNREMAPPED, IF_NATIVE, IF_NO_SPEED } when; /* it is named */
	bool does_nothing;
} pasted[] = {
	{"amd_iommu", "on", UNKNOWN_VALUE "; the AMD IOMMU is on by itself", ANYWAY,
		true},
	{"amd_iommu", "pt", UNKNOWN_VALUE, ANYWAY, true},
	{"intel_iommu", "pt", UNKNOWN_VALUE, ANYWAY, true},
	{"iommu", "on", UNKNOWN_VALUE, ANYWAY, true},
	{"iommu", "1", "it switches no IOMMU on that vfio could use", ANYWAY, false},
	{"iommu", "pt",
		"it does not switch the IOMMU on, but lets the host's own drivers bypass "
		"it",
		IF_NO_SPEED, false},
	{"vfio-pci.ids", NULL,
		"it takes every card with these ids, whichever it is; the configuration "
		"of vfioboot names one by its place",
		ANYWAY, false},
	{"pci-stub.ids", NULL,
		"it takes every card with these ids, before vfio-pci could", ANYWAY,
		false},
	{"rd.driver.pre", "vfio-pci", "vfioboot comes earlier than this", ANYWAY, false},
	{"rd.driver.pre", "vfio_pci", "vfioboot comes earlier than this", ANYWAY, false},
	{"nomodeset", NULL, "it takes the display drivers from the host's own cards, too",
		ANYWAY, false},
	{"module_blacklist", NULL, HOSTS_TOO, IF_NATIVE, false},
	{"modprobe.blacklist", NULL, HOSTS_TOO, IF_NATIVE, false},
	{"rd.driver.blacklist", NULL, HOSTS_TOO, IF_NATIVE, false},
	{"pcie_acs_override", NULL,
		"it pretends an isolation that the hardware does not have; kernels "
		"without a patch do not know it",
		ANYWAY, false},
	{"pci", "noats", NULL, ANYWAY, false},
	{"vfio_iommu_type1.allow_unsafe_interrupts", NULL, UNSAFE, UNLESS_UNREMAPPED,
		false},
	{"iommufd.allow_unsafe_interrupts", NULL, UNSAFE, UNLESS_UNREMAPPED, false},
	{"vfio.enable_unsafe_noiommu_mode", NULL,
		"it gives them away without an IOMMU, so that a guest can write to all "
		"of the host's memory",
		ANYWAY, false},
	{"kvm.ignore_msrs", NULL, NULL, ANYWAY, false},
};

/* Whether a list of modules has one that is native to what is given away; '-' or '_'. */
static bool lists_native(const struct kernelparams_facts *facts, const char *name)
{
	char copy[sizeof(facts->native_modules)], *rest = copy, *module;

	text_join(copy, sizeof(copy), facts->native_modules, NULL);
	while ((module = strsep(&rest, ", "))) {
		if (!*module)
			continue;
		if (paramadvice_has(facts, name, module))
			return true;
		for (char *at = module; *at; at++)
			*at = *at == '_' ? '-' : *at;
		if (paramadvice_has(facts, name, module))
			return true;
	}
	return false;
}

static bool is_to_be_named(
	const struct kernelparams_facts *facts, const struct pasted *parameter)
{
	if (!paramadvice_has(facts, parameter->name, parameter->value))
		return false;
	switch (parameter->when) {
	case UNLESS_UNREMAPPED: return !facts->remapping_is_off;
	case IF_NATIVE: return lists_native(facts, parameter->name);
	case IF_NO_SPEED: return !facts->host_dma_speed || facts->iommu == IOMMU_ARM;
	default: return true;
	}
}

static void judge_pasted(const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(pasted); i++) {
		const char *value = pasted[i].value, *reason = pasted[i].reason;
		bool unknown =
			facts->iommu == IOMMU_ARM && strcmp(pasted[i].name, "iommu") == 0;
		char text[96];

		if (!is_to_be_named(facts, &pasted[i]))
			continue;
		text_join(text, sizeof(text), pasted[i].name, value ? "=" : "",
			value ? value : "", NULL);
		if (unknown)
			reason = "the kernel of an Arm machine has no such parameter";
		paramadvice_add(ret, KERNELPARAMS_WARNING, text, "%s%s%s",
			pasted[i].does_nothing || unknown
				? "it can go"
				: "giving devices away does not need it",
			reason ? ": " : "", reason ? reason : "");
	}
}

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
	judge_pasted(facts, ret);
	judge_useless(facts, ret);
}
