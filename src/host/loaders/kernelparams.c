/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One function a question; each adds what there is to say. */
#include "kernelparams.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../core/util.h"
#include "paramlist.h"

#define KERNEL(major, minor) ((unsigned)(major) << 16 | (unsigned)(minor))

/* Left for what a boot loader adds: BOOT_IMAGE=, initrd=, and for a later parameter. */
#define MARGIN 128

static void __attribute__((format(printf, 4, 5))) add(struct kernelparams *params,
	enum kernelparams_kind kind, const char *parameter, const char *format, ...)
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

static bool has(
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
			add(ret, KERNELPARAMS_CONFLICT, conflicts[i].text, "%s; %s",
				here ? "it switches the IOMMU off, and without one no "
				       "device can be given away"
				     : "it switches the IOMMU of another processor off, "
				       "and contradicts what is asked for",
				remedy(facts, conflicts[i].name, "off"));
		else if (has(facts, conflicts[i].name, "off"))
			add(ret, KERNELPARAMS_WARNING, conflicts[i].text,
				"it can go: an 'on' behind it counts");
	}
}

/* Whatever else is there, these leave the integrated GPU out; the second is Debian's. */
static void decide_igfx(const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	static const char *const items[] = {"igfx_off", "intgpu_off"};

	for (size_t i = 0; facts->takes_integrated_gpu && i < ARRAY_SIZE(items); i++) {
		char text[32];

		if (!has(facts, "intel_iommu", items[i]))
			continue;
		snprintf(text, sizeof(text), "intel_iommu=%s", items[i]);
		add(ret, KERNELPARAMS_CONFLICT, text,
			"it leaves the integrated GPU out of the IOMMU, and that is to be "
			"given away; %s",
			remedy(facts, "intel_iommu", items[i]));
	}
}

static void decide_intel(const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	if (has(facts, "intel_iommu", "on")) {
		/* What only the entry has, this boot did not show to be in vain. */
		if (!facts->has_groups &&
			paramlist_has(facts->booted, "intel_iommu", "on"))
			add(ret, KERNELPARAMS_FIRMWARE, "",
				"intel_iommu=on is there, and yet there are no IOMMU "
				"groups: switch VT-d on in the firmware setup");
		return;
	}
	if (facts->takes_integrated_gpu &&
		facts->iommu_default == IOMMU_DEFAULT_INTGPU_OFF)
		add(ret, KERNELPARAMS_NEEDED, "intel_iommu=on",
			"this kernel leaves the integrated GPU out of the IOMMU unless "
			"told so, and it is to be given away");
	else if (!facts->has_groups && facts->iommu_default == IOMMU_DEFAULT_OFF)
		add(ret, KERNELPARAMS_NEEDED, "intel_iommu=on",
			"this kernel was built with the IOMMU off, and this is the only "
			"switch");
	else if (!facts->has_groups && facts->iommu_default == IOMMU_DEFAULT_UNKNOWN)
		add(ret, KERNELPARAMS_NEEDED, "intel_iommu=on",
			"there are no IOMMU groups, and how this kernel was built can't "
			"be read; if it changes nothing, switch VT-d on in the firmware "
			"setup");
	else if (!facts->has_groups)
		add(ret, KERNELPARAMS_FIRMWARE, "",
			"this kernel has the IOMMU on by itself, and yet there are no "
			"IOMMU groups: switch VT-d on in the firmware setup");
}

static void decide_iommu(const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	if (!facts->has_groups && facts->iommu_default == IOMMU_DEFAULT_ABSENT)
		add(ret, KERNELPARAMS_FIRMWARE, "",
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
		add(ret, KERNELPARAMS_FIRMWARE, "",
			"no parameter switches an AMD IOMMU on: switch AMD-Vi (also "
			"called SVM or IOMMU) on in the firmware setup");
	else if (facts->iommu == IOMMU_ARM)
		add(ret, KERNELPARAMS_FIRMWARE, "",
			"no parameter switches an Arm SMMU on: it has to be in the "
			"firmware's tables (IORT or device tree), and in the kernel "
			"(CONFIG_ARM_SMMU, CONFIG_ARM_SMMU_V3)");
	else if (facts->iommu == IOMMU_UNKNOWN)
		add(ret, KERNELPARAMS_FIRMWARE, "",
			"there are no IOMMU groups, and what processor this is can't be "
			"read (/proc/cpuinfo): run it on the machine itself, or look " /* lint: told */
			"for an IOMMU (VT-d, AMD-Vi, SMMU) in its firmware setup");
	else
		add(ret, KERNELPARAMS_FIRMWARE, "",
			"there are no IOMMU groups, and for this processor no parameter "
			"is known: look for an IOMMU in the firmware setup");
}

/* Whether the firmware's framebuffer would stay in the boot display. */
static bool keeps_framebuffer(const struct kernelparams_facts *facts)
{
	return facts->takes_boot_display && facts->kernel &&
		(facts->kernel < KERNEL(6, 0) || !facts->boot_display_is_vga);
}

static void decide_sysfb(const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	if (facts->lto)
		add(ret, KERNELPARAMS_CONFLICT, "",
			"the firmware's framebuffer would stay in the boot display, and "
			"in a kernel with link-time optimisation nothing keeps it out; "
			"give another display away, or use another kernel");
	else if (!facts->trial)
		add(ret, KERNELPARAMS_WARNING, "",
			"the firmware's framebuffer stays in the boot display, so that a "
			"guest can't use it; 'vfioboot try' starts once without it "
			"(initcall_blacklist=sysfb_init) and looks whether that helps");
	else
		add(ret, KERNELPARAMS_NEEDED, "initcall_blacklist=sysfb_init",
			"nothing else keeps the firmware's framebuffer out of the boot "
			"display on this kernel; look for BOOTFB in /proc/iomem "
			"afterwards"); /* lint: told, not read */
}

static void decide_display(
	const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	bool stays = keeps_framebuffer(facts);

	if (facts->takes_display && facts->kernel == KERNEL(6, 0))
		add(ret, KERNELPARAMS_WARNING, "",
			"on kernel 6.0 giving any graphics card away may end the host's "
			"console; use a later kernel");
	if (!facts->takes_boot_display)
		return;
	if (stays && facts->framebuffer == FRAMEBUFFER_SIMPLE)
		decide_sysfb(facts, ret);
	else if (stays && facts->framebuffer == FRAMEBUFFER_EFIFB &&
		!paramlist_has_first(facts->cmdline, "video", "efifb:off"))
		add(ret, KERNELPARAMS_NEEDED, "video=efifb:off",
			"this kernel does not take the firmware's framebuffer from the "
			"boot display, which is to be given away%s",
			has(facts, "video", "efifb:off")
				? "; behind a comma, as it is there, it does nothing"
				: "");
	add(ret, KERNELPARAMS_WARNING, "",
		"the boot display is to be given away: the host's console goes away when "
		"vfio-pci takes it");
}

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
static void decide_useless(
	const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	static const char *const drivers[] = {"efifb", "vesafb", "simplefb"};
	bool stays = keeps_framebuffer(facts);

	if (has(facts, "intel_iommu", "on") && facts->iommu != IOMMU_INTEL &&
		facts->iommu)
		add(ret, KERNELPARAMS_WARNING, "intel_iommu=on",
			"it can go: this machine has no IOMMU of Intel");
	else if (has(facts, "intel_iommu", "on") &&
		facts->iommu_default == IOMMU_DEFAULT_ON)
		add(ret, KERNELPARAMS_WARNING, "intel_iommu=on",
			"it can go: this kernel has the IOMMU on by itself");
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		char item[32], text[48];

		snprintf(item, sizeof(item), "%s:off", drivers[i]);
		snprintf(text, sizeof(text), "video=%s", item);
		if (has(facts, "video", item) &&
			(i || !stays || facts->framebuffer != FRAMEBUFFER_EFIFB))
			add(ret, KERNELPARAMS_WARNING, text,
				"it can go: on this machine nothing needs it");
	}
	if (has(facts, "initcall_blacklist", "sysfb_init") && !stays)
		add(ret, KERNELPARAMS_WARNING, "initcall_blacklist=sysfb_init",
			"it can go: on this machine nothing needs it");
}

static void decide_cargo_cult(
	const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(cargo_cult); i++) {
		char text[96];

		if (!has(facts, cargo_cult[i].name, cargo_cult[i].value))
			continue;
		snprintf(text, sizeof(text), "%s%s%s", cargo_cult[i].name,
			cargo_cult[i].value ? "=" : "",
			cargo_cult[i].value ? cargo_cult[i].value : "");
		add(ret, KERNELPARAMS_WARNING, text, "it can go: %s",
			cargo_cult[i].reason);
	}
	decide_useless(facts, ret);
}

static void decide_wishes(
	const struct kernelparams_facts *facts, struct kernelparams *ret)
{
	char text[96];

	if (facts->host_dma_speed && !has(facts, "iommu.passthrough", "1") &&
		!has(facts, "iommu.passthrough", "on") && !has(facts, "iommu", "pt"))
		add(ret, KERNELPARAMS_NEEDED, "iommu.passthrough=1",
			"asked for: the host's own devices get faster DMA, and less "
			"isolation");
	if (!facts->profile || has(facts, "vfioboot.profile", facts->profile))
		return;
	snprintf(text, sizeof(text), "vfioboot.profile=%s", facts->profile);
	add(ret, KERNELPARAMS_NEEDED, text, "it selects the profile at this boot");
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
		add(ret, KERNELPARAMS_CONFLICT, "",
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
	decide_display(facts, ret);
	decide_wishes(facts, ret);
	decide_cargo_cult(facts, ret);
	decide_length(facts, ret);
}
