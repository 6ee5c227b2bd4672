/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One function a question; each adds what there is to say. */
#include "kernelparams.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "paramadvice.h"
#include "paramconflicts.h"

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
	return cmdline_has(facts->cmdline, name, item);
}

/* What is to be done about a parameter that is in the way: it may be of the entry alone. */
static const char *remedy(
	const struct kernelparams_facts *facts, const char *name, const char *item)
{
	return cmdline_has(facts->booted, name, item)
		? "remove it from the boot loader's configuration, reboot, and ask again"
		: "leave it out of the entry";
}

static void add_conflict(const struct kernelparams_facts *facts,
	const struct param_conflict *conflict, struct kernelparams *ret)
{
	const char *what = conflict->what;
	char text[64];

	paramconflicts_format(conflict, text, sizeof(text));
	if (conflict->loss == PARAM_LOSS_REMAPPING)
		paramadvice_add(ret, KERNELPARAMS_WARNING, text,
			"it switches %s off, without which vfio gives no device to a "
			"guest",
			what);
	else if (conflict->kind && facts->iommu && conflict->kind != facts->iommu)
		paramadvice_add(ret, KERNELPARAMS_CONFLICT, text,
			"it switches the IOMMU of another processor off, and contradicts "
			"what is asked for; %s",
			remedy(facts, conflict->name, conflict->value));
	else
		paramadvice_add(ret, KERNELPARAMS_CONFLICT, text,
			"it switches %s off, and without that no device can be given "
			"away; %s",
			what, remedy(facts, conflict->name, conflict->value));
}

/* Nothing is stacked on top of what switches off what is needed. */
static void decide_conflicts(
	const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	const struct param_conflict *conflict;
	size_t at = 0;

	while ((conflict = paramconflicts_next(facts->cmdline, facts->iommu, &at)))
		add_conflict(facts, conflict, ret);
	at = 0;
	while ((conflict = paramconflicts_next_undone(facts->cmdline, &at))) {
		char text[64];

		paramconflicts_format(conflict, text, sizeof(text));
		paramadvice_add(ret, KERNELPARAMS_WARNING, text,
			"it can go: an '%s' behind it counts", conflict->undo);
	}
}

/*
 * These leave the integrated GPU out: the first whatever else is there.  The second is of
 * Debian's kernels, where an "on" behind it takes it back.
 */
static void decide_igfx(const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	static const char *const items[] = {"igfx_off", "intgpu_off"};
	bool known = facts->iommu_default == IOMMU_DEFAULT_INTGPU_OFF ||
		facts->iommu_default == IOMMU_DEFAULT_UNKNOWN;

	for (size_t i = 0; facts->takes_integrated_gpu && i < ARRAY_SIZE(items); i++) {
		bool debian = i == 1;
		char text[32];

		if (!cmdline_holds(facts->cmdline, "intel_iommu", items[i],
			    debian ? "on" : NULL) ||
			(debian && !known))
			continue;
		snprintf(text, sizeof(text), "intel_iommu=%s", items[i]);
		paramadvice_add(ret, KERNELPARAMS_CONFLICT, text,
			"it leaves the integrated GPU out of the IOMMU, and that is to be "
			"given away; %s",
			remedy(facts, "intel_iommu", items[i]));
	}
}

/* Intel's IOMMU, where nothing says "on". */
static void switch_on(const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	bool left_out = facts->takes_integrated_gpu &&
		facts->iommu_default == IOMMU_DEFAULT_INTGPU_OFF;

	if (left_out)
		paramadvice_add(ret, KERNELPARAMS_NEEDED, "intel_iommu=on",
			"this kernel leaves the integrated GPU out of the IOMMU unless "
			"told so, and it is to be given away");
	if (facts->has_groups)
		return;
	if (facts->iommu_default == IOMMU_DEFAULT_OFF)
		paramadvice_add(ret, KERNELPARAMS_NEEDED, "intel_iommu=on",
			"this kernel was built with the IOMMU off, and this is the only "
			"switch");
	else if (facts->iommu_default == IOMMU_DEFAULT_UNKNOWN)
		paramadvice_add(ret, KERNELPARAMS_NEEDED, "intel_iommu=on",
			"there are no IOMMU groups, and how this kernel was built can't "
			"be read; if it changes nothing, switch VT-d on in the firmware "
			"setup");
	else
		paramadvice_add(ret, KERNELPARAMS_FIRMWARE, "",
			"this kernel has the IOMMU on by itself, and yet there are no "
			"IOMMU groups: switch VT-d on in the firmware setup");
}

static void decide_intel(const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	if (!paramadvice_has(facts, "intel_iommu", "on"))
		switch_on(facts, ret);
	/* What only the entry has, this boot did not show to be in vain. */
	else if (!facts->has_groups && cmdline_has(facts->booted, "intel_iommu", "on"))
		paramadvice_add(ret, KERNELPARAMS_FIRMWARE, "",
			"intel_iommu=on is there, and yet there are no IOMMU groups: "
			"switch VT-d on in the firmware setup");
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

/* Others have a group, and one of those that are given away has none. */
static void decide_groupless(
	const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	bool more = paramadvice_has(facts, "intel_iommu", "on") &&
		!cmdline_has(facts->booted, "intel_iommu", "on");

	for (unsigned i = 0; i < ret->n; i++)
		more |= strcmp(ret->items[i].parameter, "intel_iommu=on") == 0;
	if (facts->has_groups && facts->groupless[0] && !more)
		paramadvice_add(ret, KERNELPARAMS_WARNING, "",
			"%s has no IOMMU group, though others have one: the IOMMU does "
			"not cover it, and no guest can have it",
			facts->groupless);
}

static void decide_wishes(
	const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	bool x86 = facts->iommu == IOMMU_INTEL || facts->iommu == IOMMU_AMD;
	char text[96];

	if (facts->host_dma_speed && !cmdline_passes_through(facts->cmdline, x86))
		paramadvice_add(ret, KERNELPARAMS_NEEDED, "iommu.passthrough=1",
			"asked for: the host's own devices get faster DMA, and less "
			"isolation");
	if (facts->profile && facts->is_off)
		paramadvice_add(ret, KERNELPARAMS_WARNING, "vfioboot.off",
			"as long as it is there, a boot gives nothing away, whatever the "
			"profile");
	if (!facts->profile || paramadvice_has(facts, "vfioboot.profile", facts->profile))
		return;
	snprintf(text, sizeof(text), "vfioboot.profile=%s", facts->profile);
	paramadvice_add(
		ret, KERNELPARAMS_NEEDED, text, "it selects the profile at this boot");
}

/* The kernel cuts a longer command line without a word.  What it has now, it has. */
static void decide_length(
	const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	size_t total = strlen(facts->cmdline);

	for (unsigned i = 0; i < ret->n; i++)
		if (ret->items[i].kind == KERNELPARAMS_NEEDED)
			total += 1 + strlen(ret->items[i].parameter);
	if (facts->limit && total > strlen(facts->booted) &&
		total > facts->limit - MARGIN)
		paramadvice_add(ret, KERNELPARAMS_CONFLICT, "",
			"with what is needed the command line has %zu bytes; above %zu "
			"the kernel may cut it (at %zu): remove what is not needed",
			total, facts->limit - MARGIN, facts->limit);
}

static void drop_needed(struct kernelparams *params)
{
	unsigned n = 0;

	for (unsigned i = 0; i < params->n; i++)
		if (params->items[i].kind != KERNELPARAMS_NEEDED)
			params->items[n++] = params->items[i];
	params->n = n;
}

void kernelparams_decide(const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	ret->n = 0;
	ret->refused = false;
	if (facts->cmdline_is_unread)
		paramadvice_add(ret, KERNELPARAMS_WARNING, "",
			"the command line of this boot can't be read, so that what is on "
			"it already is not known");
	decide_conflicts(facts, ret);
	decide_igfx(facts, ret);
	if (!ret->refused)
		decide_iommu(facts, ret);
	decide_groupless(facts, ret);
	paramadvice_display(facts, ret);
	decide_wishes(facts, ret);
	paramadvice_useless(facts, ret);
	decide_length(facts, ret);
	if (ret->refused)
		drop_needed(ret);
}
