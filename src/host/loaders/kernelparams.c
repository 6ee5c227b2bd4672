/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One function a question; each adds what there is to say. */
#include "kernelparams.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../core/util.h"
#include "paramadvice.h"
#include "paramlist.h"

/* Left for what a boot loader adds: BOOT_IMAGE=, initrd=, and for a later parameter. */
#define MARGIN 128

void paramadvice_add(struct kernelparams *params, enum kernelparams_kind kind,
	const char *parameter, const char *format, ...)
{
	struct kernelparams_item *item = &params->items[params->n];
	va_list args;

	if (params->n == KERNELPARAMS_MAX)
		return;
	params->n++;
	item->kind = kind;
	snprintf(item->parameter, sizeof(item->parameter), "%s", parameter);
	va_start(args, format);
	vsnprintf(item->reason, sizeof(item->reason), format, args);
	va_end(args);
	params->refused |= kind == KERNELPARAMS_CONFLICT;
}

bool paramadvice_has(
	const struct kernelparams_facts *facts, const char *name, const char *item)
{
	return paramlist_has(facts->cmdline, name, item);
}

/* What is to be done about a parameter that is in the way: it may be of the entry alone. */
static const char *remedy(
	const struct kernelparams_facts *facts, const char *name, const char *item)
{
	return paramlist_has(facts->booted, name, item)
		? "remove it from the boot loader's configuration, reboot, and ask again"
		: "leave it out of the entry";
}

/*
 * What switches the IOMMU off; nothing is stacked on top of it.  Intel's parser alone has an "on"
 * that comes back (drivers/iommu/intel/iommu.c, intel_iommu_setup).
 */
static void decide_conflicts(
	const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	static const struct {
		const char *name, *text;
		bool has_on;
		enum iommu_kind kind; /* whose it is; IOMMU_UNKNOWN: of all */
	} conflicts[] = {
		{"intel_iommu", "intel_iommu=off", true, IOMMU_INTEL},
		{"iommu", "iommu=off", false, IOMMU_UNKNOWN},
		{"amd_iommu", "amd_iommu=off", false, IOMMU_AMD},
	};

	for (size_t i = 0; i < ARRAY_SIZE(conflicts); i++) {
		enum iommu_kind kind = conflicts[i].kind;
		bool here = !kind || !facts->iommu || facts->iommu == kind;

		if (paramlist_is_off(
			    facts->cmdline, conflicts[i].name, conflicts[i].has_on))
			paramadvice_add(ret, KERNELPARAMS_CONFLICT, conflicts[i].text,
				"%s; %s",
				here ? "it switches the IOMMU off, and without one no "
				       "device can be given away"
				     : "it switches the IOMMU of another processor off, "
				       "and contradicts what is asked for",
				remedy(facts, conflicts[i].name, "off"));
		else if (paramadvice_has(facts, conflicts[i].name, "off"))
			paramadvice_add(ret, KERNELPARAMS_WARNING, conflicts[i].text,
				"it can go: an 'on' behind it counts");
	}
}

/* Whatever else is there, these leave the integrated GPU out; the second is Debian's. */
static void decide_igfx(const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	static const char *const items[] = {"igfx_off", "intgpu_off"};

	for (size_t i = 0; facts->takes_integrated_gpu && i < ARRAY_SIZE(items); i++) {
		char text[32];

		if (!paramadvice_has(facts, "intel_iommu", items[i]))
			continue;
		snprintf(text, sizeof(text), "intel_iommu=%s", items[i]);
		paramadvice_add(ret, KERNELPARAMS_CONFLICT, text,
			"it leaves the integrated GPU out of the IOMMU, and that is to be "
			"given away; %s",
			remedy(facts, "intel_iommu", items[i]));
	}
}

static void decide_intel(const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	if (paramadvice_has(facts, "intel_iommu", "on")) {
		/* What only the entry has, this boot did not show to be in vain. */
		if (!facts->has_groups &&
			paramlist_has(facts->booted, "intel_iommu", "on"))
			paramadvice_add(ret, KERNELPARAMS_FIRMWARE, "",
				"intel_iommu=on is there, and yet there are no IOMMU "
				"groups: switch VT-d on in the firmware setup");
		return;
	}
	if (facts->takes_integrated_gpu &&
		facts->iommu_default == IOMMU_DEFAULT_INTGPU_OFF)
		paramadvice_add(ret, KERNELPARAMS_NEEDED, "intel_iommu=on",
			"this kernel leaves the integrated GPU out of the IOMMU unless "
			"told so, and it is to be given away");
	else if (!facts->has_groups && facts->iommu_default == IOMMU_DEFAULT_OFF)
		paramadvice_add(ret, KERNELPARAMS_NEEDED, "intel_iommu=on",
			"this kernel was built with the IOMMU off, and this is the only "
			"switch");
	else if (!facts->has_groups && facts->iommu_default == IOMMU_DEFAULT_UNKNOWN)
		paramadvice_add(ret, KERNELPARAMS_NEEDED, "intel_iommu=on",
			"there are no IOMMU groups, and how this kernel was built can't "
			"be read; if it changes nothing, switch VT-d on in the firmware "
			"setup");
	else if (!facts->has_groups)
		paramadvice_add(ret, KERNELPARAMS_FIRMWARE, "",
			"this kernel has the IOMMU on by itself, and yet there are no "
			"IOMMU groups: switch VT-d on in the firmware setup");
}

static void decide_iommu(const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	if (!facts->has_groups && facts->iommu_default == IOMMU_DEFAULT_ABSENT)
		paramadvice_add(ret, KERNELPARAMS_FIRMWARE, "",
			"this kernel was built without a driver for this machine's IOMMU "
			"(%s): use another kernel",
			facts->iommu == IOMMU_INTEL ? "CONFIG_INTEL_IOMMU"
				: facts->iommu == IOMMU_AMD
				? "CONFIG_AMD_IOMMU"
				: "CONFIG_ARM_SMMU, CONFIG_ARM_SMMU_V3");
	else if (facts->iommu == IOMMU_INTEL)
		decide_intel(facts, ret);
	else if (facts->has_groups)
		return;
	else if (facts->iommu == IOMMU_AMD)
		paramadvice_add(ret, KERNELPARAMS_FIRMWARE, "",
			"no parameter switches an AMD IOMMU on: switch AMD-Vi (also "
			"called SVM or IOMMU) on in the firmware setup");
	else if (facts->iommu == IOMMU_ARM)
		paramadvice_add(ret, KERNELPARAMS_FIRMWARE, "",
			"no parameter switches an Arm SMMU on: it has to be in the "
			"firmware's tables (IORT or device tree), and in the kernel "
			"(CONFIG_ARM_SMMU, CONFIG_ARM_SMMU_V3)");
	else if (facts->iommu == IOMMU_UNKNOWN)
		paramadvice_add(ret, KERNELPARAMS_FIRMWARE, "",
			"there are no IOMMU groups, and what processor this is can't be "
			"read (/proc/cpuinfo): run it on the machine itself, or look " /* lint: told */
			"for an IOMMU (VT-d, AMD-Vi, SMMU) in its firmware setup");
	else
		paramadvice_add(ret, KERNELPARAMS_FIRMWARE, "",
			"there are no IOMMU groups, and for this processor no parameter "
			"is known: look for an IOMMU in the firmware setup");
}

static void decide_wishes(
	const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	char text[96];

	if (facts->host_dma_speed && !paramadvice_has(facts, "iommu.passthrough", "1") &&
		!paramadvice_has(facts, "iommu.passthrough", "on") &&
		!paramadvice_has(facts, "iommu", "pt"))
		paramadvice_add(ret, KERNELPARAMS_NEEDED, "iommu.passthrough=1",
			"asked for: the host's own devices get faster DMA, and less "
			"isolation");
	if (!facts->profile || paramadvice_has(facts, "vfioboot.profile", facts->profile))
		return;
	snprintf(text, sizeof(text), "vfioboot.profile=%s", facts->profile);
	paramadvice_add(
		ret, KERNELPARAMS_NEEDED, text, "it selects the profile at this boot");
}

/* The kernel cuts a longer command line without a word. */
static void decide_length(
	const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	size_t total = strlen(facts->cmdline) + MARGIN;

	for (unsigned i = 0; i < ret->n; i++)
		if (ret->items[i].kind == KERNELPARAMS_NEEDED)
			total += 1 + strlen(ret->items[i].parameter);
	if (facts->limit && total >= facts->limit)
		paramadvice_add(ret, KERNELPARAMS_CONFLICT, "",
			"the command line would have %zu bytes, with %d to spare, and this "
			"kernel cuts it at %zu; remove what is not needed",
			total - MARGIN, MARGIN, facts->limit);
}

void kernelparams_decide(const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	ret->n = 0;
	ret->refused = false;
	decide_conflicts(facts, ret);
	decide_igfx(facts, ret);
	if (!ret->refused)
		decide_iommu(facts, ret);
	paramadvice_display(facts, ret);
	decide_wishes(facts, ret);
	paramadvice_useless(facts, ret);
	decide_length(facts, ret);
}
