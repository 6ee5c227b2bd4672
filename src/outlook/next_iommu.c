/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parameters are those of drivers/iommu/intel/iommu.c, intel_iommu_setup(): without "on" or "off"
 * CONFIG_INTEL_IOMMU_DEFAULT_ON decides, "igfx_off" holds whatever else is there, and "intgpu_off"
 * is of Debian's kernels, where an "on" behind it takes it back.
 */
#include "next_iommu.h"

#include <stdarg.h>

#include "base/base.h"
#include "conflicts.h"

#define PARAMETER    "intel_iommu"
#define VENDOR_INTEL 0x8086

struct comparison {
	struct facts *facts;
	const char *now, *next;
	const struct chain_entry *entry; /* NULL: none is known */
	const char *release;             /* of its kernel; NULL: not known */
	bool same_kernel;
	struct next_iommu *ret;
};

static bool asks(const char *cmdline)
{
	return cmdline_has(cmdline, PARAMETER, "on");
}

/* Says why; the first reason counts. */
__attribute__((format(printf, 4, 5))) static void say(
	struct next_iommu *ret, const char *parameter, bool add, const char *format, ...)
{
	va_list args;

	if (*ret->why)
		return;
	va_start(args, format);
	vsnprintf(ret->why, sizeof(ret->why), format, args);
	va_end(args);
	snprintf(ret->parameter, sizeof(ret->parameter), "%s", parameter);
	ret->add = add;
}

static void say_removable(
	const struct comparison *boots, const char *parameter, const char *what)
{
	if (boots->entry)
		say(boots->ret, parameter, false,
			"the next entry '%s' has %s on its command line, which %s",
			boots->entry->said->title, parameter, what);
	else
		say(boots->ret, parameter, false, "%s on that command line %s", parameter,
			what);
}

static void find_kernel(struct comparison *boots)
{
	struct facts *facts = boots->facts;
	const struct kernel *kernel;
	bool is_another;

	if (!boots->entry)
		return;
	kernel = chain_kernel(
		facts->root, facts_kernels(facts), boots->entry->said, &is_another);
	boots->release = kernel ? kernel->release : NULL;
	boots->same_kernel = kernel && strcmp(kernel->release, facts->running) == 0;
}

static enum iommu_default find_default(const struct comparison *boots)
{
	struct facts *facts = boots->facts;
	_cleanup_free_ char *config = NULL;

	if (boots->same_kernel)
		return iommu_find_default(facts->iommu, facts_kernel_config(facts));
	if (!boots->release ||
		kernel_config_read(facts->root, boots->release, false, &config) < 0)
		return IOMMU_DEFAULT_UNKNOWN;
	return iommu_find_default(facts->iommu, config);
}

/*
 * The next kernel does not enable the IOMMU by itself.  The firmware may ask for it
 * (platform_optin_force_iommu()): it does now if neither the parameters nor the default of this kernel do.
 */
static enum next_groups judge_off(const struct comparison *boots)
{
	struct facts *facts = boots->facts;
	bool unasked = facts->bus.has_groups && !asks(boots->now);
	enum iommu_default running =
		iommu_find_default(facts->iommu, facts_kernel_config(facts));
	bool unknown = unasked && running == IOMMU_DEFAULT_UNKNOWN;

	if (unasked && running == IOMMU_DEFAULT_OFF)
		return NEXT_GROUPS_ALL;
	say(boots->ret, PARAMETER "=on", true,
		"the kernel of the next entry '%s' disables the IOMMU by default, and its "
		"command line lacks " PARAMETER "=on%s",
		boots->entry->said->title,
		unknown ? "; whether the firmware asks for it is not known" : "");
	return unknown ? NEXT_GROUPS_UNKNOWN : NEXT_GROUPS_NONE;
}

/* What the default of the next kernel comes to where the machine has an IOMMU, and nothing asks for it. */
static enum next_groups judge_default(const struct comparison *boots)
{
	const char *title = boots->entry->said->title;
	struct next_iommu *ret = boots->ret;

	switch (find_default(boots)) {
	case IOMMU_DEFAULT_ABSENT:
		say(ret, "", false,
			"the kernel of the next entry '%s' was built without the driver of this "
			"machine's IOMMU",
			title);
		return NEXT_GROUPS_NONE;
	case IOMMU_DEFAULT_OFF: return judge_off(boots);
	case IOMMU_DEFAULT_UNKNOWN:
		/* Others than Intel's are on, and what is on now without being asked for stays so. */
		if (boots->facts->iommu != IOMMU_INTEL ||
			(boots->facts->bus.has_groups && !asks(boots->now)))
			return NEXT_GROUPS_ALL;
		say(ret, PARAMETER "=on", true,
			"the command line of the next entry '%s' lacks " PARAMETER
			"=on, and whether its kernel enables the IOMMU without it is not known",
			title);
		return NEXT_GROUPS_UNKNOWN;
	default: return NEXT_GROUPS_ALL;
	}
}

static void compare_groups(struct comparison *boots)
{
	enum iommu_kind kind = boots->facts->iommu;
	bool has_groups = boots->facts->bus.has_groups;
	bool was_off = conflicts_iommu_is_off(boots->now, kind);
	bool asks_for_it = kind == IOMMU_INTEL && asks(boots->next);
	enum next_groups then = NEXT_GROUPS_ALL;
	const struct param_conflict *conflict = conflicts_find_iommu(boots->next, kind);
	char text[32];

	if (conflict) {
		conflicts_format(conflict, text, sizeof(text));
		if (!has_groups || was_off)
			return;
		say_removable(boots, text, "disables the IOMMU");
		boots->ret->groups = NEXT_GROUPS_NONE;
		return;
	}
	if (!boots->entry)
		return;
	if (has_groups && (asks_for_it || (boots->same_kernel && !asks(boots->now))))
		return;
	if (!has_groups && !was_off && (!asks_for_it || asks(boots->now)))
		return;
	if (!asks_for_it)
		then = judge_default(boots);
	if (has_groups ? then != NEXT_GROUPS_ALL : then != NEXT_GROUPS_NONE)
		boots->ret->groups = then;
}

/* What leaves the integrated GPU out, as a parameter, "" for the default; NULL: nothing does. */
static const char *leaves_out(const char *cmdline, enum iommu_default built)
{
	bool debian = built == IOMMU_DEFAULT_INTGPU_OFF || built == IOMMU_DEFAULT_UNKNOWN;

	if (cmdline_holds(cmdline, PARAMETER, "igfx_off", NULL))
		return PARAMETER "=igfx_off";
	if (debian && cmdline_holds(cmdline, PARAMETER, "intgpu_off", "on"))
		return PARAMETER "=intgpu_off";
	return built == IOMMU_DEFAULT_INTGPU_OFF && !asks(cmdline) ? "" : NULL;
}

/* Whether both have the same words of it, so that the same kernel does the same. */
static bool is_unchanged(const struct comparison *boots)
{
	static const char *const words[] = {"on", "off", "igfx_off", "intgpu_off"};
	bool same = boots->same_kernel || !boots->entry;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		same &= cmdline_has(boots->now, PARAMETER, words[i]) ==
			cmdline_has(boots->next, PARAMETER, words[i]);
	return same;
}

static void compare_integrated(struct comparison *boots)
{
	struct facts *facts = boots->facts;
	enum iommu_default running, built;
	const char *before, *then;

	boots->ret->integrated = boots->ret->groups;
	if (facts->iommu != IOMMU_INTEL || boots->ret->groups == NEXT_GROUPS_NONE ||
		is_unchanged(boots))
		return;
	running = iommu_find_default(facts->iommu, facts_kernel_config(facts));
	built = boots->entry ? find_default(boots) : running;
	before = leaves_out(boots->now, running);
	then = leaves_out(boots->next, built);
	/* A text lacks what it does not say. */
	if (!boots->entry && then && !*then)
		return;
	if (!then) {
		if (before && built != IOMMU_DEFAULT_UNKNOWN && facts->bus.has_groups)
			boots->ret->integrated = NEXT_GROUPS_ALL;
		return;
	}
	boots->ret->integrated = NEXT_GROUPS_NONE;
	if (*then)
		say_removable(boots, then, "excludes the integrated GPU from the IOMMU");
	else
		say(boots->ret, PARAMETER "=on", true,
			"by default, the kernel of the next entry '%s' excludes the integrated GPU "
			"from the IOMMU, and its command line lacks " PARAMETER "=on",
			boots->entry->said->title);
}

void next_iommu_compare(struct facts *facts, const char *cmdline,
	const struct chain_entry *entry, struct next_iommu *ret)
{
	struct comparison boots = {.facts = facts,
		.now = facts->cmdline,
		.next = cmdline,
		.entry = entry,
		.ret = ret};

	*ret = (struct next_iommu){0};
	if (!facts->cmdline)
		return;
	find_kernel(&boots);
	compare_groups(&boots);
	compare_integrated(&boots);
}

enum next_groups next_iommu_of(const struct next_iommu *iommu, const struct pcidev *dev)
{
	return pcidev_base_class(dev) == PCI_BASE_DISPLAY &&
			dev->ids.vendor == VENDOR_INTEL && dev->path.depth == 1
		? iommu->integrated
		: iommu->groups;
}
