/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules: one function a question, or one row of a table; each adds what there is to say. */
#include "rules.h"

#include <stdarg.h>

#include "base/base.h"
#include "outlook/outlook.h"

/* KERNEL_VERSION() of include/linux/version.h, as far as facts have it. */
#define KERNEL(major, minor) ((unsigned)(major) << 16 | (unsigned)(minor))

/* Left for what a boot loader adds: BOOT_IMAGE=, initrd=, and for a later parameter. */
#define MARGIN 128

__attribute__((format(printf, 4, 5))) static void add(struct params *params,
	enum params_kind kind, const char *parameter, const char *format, ...)
{
	struct params_item *item = &params->items[params->n];
	va_list args;

	if (params->n == PARAMS_MAX)
		return;
	params->n++;
	item->kind = kind;
	snprintf(item->parameter, sizeof(item->parameter), "%s", parameter);
	va_start(args, format);
	vsnprintf(item->reason, sizeof(item->reason), format, args);
	va_end(args);
	params->refused |= kind == PARAMS_CONFLICT;
}

static bool has(const struct params_facts *facts, const char *name, const char *item)
{
	return cmdline_has(facts->cmdline, name, item);
}

/* What is to be done about a parameter that is in the way: it may be of the entry alone. */
static const char *remedy(
	const struct params_facts *facts, const char *name, const char *item)
{
	return cmdline_has(facts->booted, name, item)
		? "remove it from the boot loader's configuration, reboot, and try again"
		: facts->own && cmdline_has(facts->own, name, item)
		? "the next entry has it: remove it from the boot loader's configuration"
		: "leave it out of the entry";
}

static void add_conflict(const struct params_facts *facts,
	const struct param_conflict *conflict, struct params *ret)
{
	const char *what = conflict->what;
	char text[64];

	conflicts_format(conflict, text, sizeof(text));
	if (conflict->loss == PARAM_LOSS_REMAPPING)
		add(ret, PARAMS_WARNING, text,
			"it disables %s, which vfio needs to give a device to a guest",
			what);
	else if (conflict->kind && facts->iommu && conflict->kind != facts->iommu)
		add(ret, PARAMS_CONFLICT, text,
			"it disables the IOMMU of another processor, and contradicts what "
			"was asked for; %s",
			remedy(facts, conflict->name, conflict->value));
	else
		add(ret, PARAMS_CONFLICT, text,
			"it disables %s, which device assignment needs; %s", what,
			remedy(facts, conflict->name, conflict->value));
}

/* Nothing is stacked on top of what switches off what is needed. */
static void decide_conflicts(const struct params_facts *facts, struct params *ret)
{
	const struct param_conflict *conflict;
	size_t at = 0;

	while ((conflict = conflicts_next(facts->cmdline, facts->iommu, &at)))
		add_conflict(facts, conflict, ret);
	at = 0;
	while ((conflict = conflicts_next_undone(facts->cmdline, &at))) {
		char text[64];

		conflicts_format(conflict, text, sizeof(text));
		add(ret, PARAMS_WARNING, text,
			"it can be removed: a later '%s' overrides it", conflict->undo);
	}
}

/*
 * These leave the integrated GPU out: the first whatever else is there.  The second is of
 * Debian's kernels, where an "on" behind it takes it back.
 */
static void decide_igfx(const struct params_facts *facts, struct params *ret)
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
		add(ret, PARAMS_CONFLICT, text,
			"it excludes the integrated GPU from the IOMMU, but that GPU is "
			"configured for vfio-pci; %s",
			remedy(facts, "intel_iommu", items[i]));
	}
}

/* What gives the machine an IOMMU where no parameter does: @setup, or its hypervisor. */
static const char *enable(const struct params_facts *facts, const char *setup)
{
	return facts->hypervisor ? facts->hypervisor->iommu : setup;
}

#define VT_D "enable VT-d in the firmware setup"

/* Intel's IOMMU, where nothing says "on". */
static void switch_on(const struct params_facts *facts, struct params *ret)
{
	bool left_out = facts->takes_integrated_gpu &&
		facts->iommu_default == IOMMU_DEFAULT_INTGPU_OFF;

	if (left_out)
		add(ret, PARAMS_NEEDED, "intel_iommu=on",
			"by default, this kernel excludes the integrated GPU from the "
			"IOMMU, but that GPU is configured for vfio-pci");
	/* Groups prove a default where nothing asked for them. */
	if (facts->has_groups && !cmdline_has(facts->booted, "intel_iommu", "on"))
		return;
	if (facts->iommu_default == IOMMU_DEFAULT_OFF)
		add(ret, PARAMS_NEEDED, "intel_iommu=on",
			"this kernel was built with the IOMMU disabled, and only this "
			"enables it");
	else if (facts->has_groups && facts->iommu_default == IOMMU_DEFAULT_UNKNOWN)
		add(ret, PARAMS_NEEDED, "intel_iommu=on",
			"this boot has it, and whether this kernel enables the IOMMU without "
			"it is not known: its configuration cannot be read");
	else if (facts->has_groups)
		return;
	else if (facts->iommu_default == IOMMU_DEFAULT_UNKNOWN)
		add(ret, PARAMS_NEEDED, "intel_iommu=on",
			"there are no IOMMU groups, and the configuration of this kernel "
			"cannot be read; if this changes nothing, %s",
			enable(facts, VT_D));
	else
		add(ret, PARAMS_OBSTACLE, "",
			"this kernel enables the IOMMU by default, but there are no IOMMU "
			"groups: %s",
			enable(facts, VT_D));
}

static void decide_intel(const struct params_facts *facts, struct params *ret)
{
	if (!has(facts, "intel_iommu", "on"))
		switch_on(facts, ret);
	/* What only the entry has, this boot did not show to have no effect. */
	else if (!facts->has_groups && cmdline_has(facts->booted, "intel_iommu", "on"))
		add(ret, PARAMS_OBSTACLE, "",
			"intel_iommu=on is set, but there are no IOMMU groups: %s",
			enable(facts, VT_D));
}

/* Where no parameter helps: why, what does, and the driver in the kernel. */
static const struct helpless {
	enum iommu_kind kind;
	const char *why, *setup, *options;
} helpless[] = {
	{IOMMU_INTEL, NULL, NULL, "CONFIG_INTEL_IOMMU"},
	{IOMMU_AMD, "no parameter enables an AMD IOMMU",
		"enable AMD-Vi (also called SVM or IOMMU) in the firmware setup",
		"CONFIG_AMD_IOMMU"},
	{IOMMU_ARM, "no parameter enables an Arm SMMU",
		"it must be in the firmware's tables (IORT or device tree) and in the "
		"kernel (CONFIG_ARM_SMMU, CONFIG_ARM_SMMU_V3)",
		"CONFIG_ARM_SMMU, CONFIG_ARM_SMMU_V3"},
	{IOMMU_UNKNOWN,
		"there are no IOMMU groups, and the processor cannot be read "
		"(/proc/cpuinfo)", /* lint: a text */
		"run this on the machine itself, or look for an IOMMU (VT-d, AMD-Vi, "
		"SMMU) in its firmware setup",
		NULL},
	{IOMMU_OTHER,
		"there are no IOMMU groups, and for this processor no parameter is known",
		"look for an IOMMU in the firmware setup", NULL},
};

static void decide_iommu(const struct params_facts *facts, struct params *ret)
{
	const struct helpless *row = helpless;

	while (row->kind != facts->iommu)
		row++;
	if (!facts->has_groups && facts->iommu_default == IOMMU_DEFAULT_ABSENT)
		add(ret, PARAMS_OBSTACLE, "",
			"this kernel was built without a driver for this machine's IOMMU "
			"(%s): use another kernel",
			row->options);
	else if (facts->iommu == IOMMU_INTEL)
		decide_intel(facts, ret);
	else if (!facts->has_groups)
		add(ret, PARAMS_OBSTACLE, "", "%s: %s", row->why,
			enable(facts, row->setup));
}

/* Others have a group, and one of those that are given away has none. */
static void decide_groupless(const struct params_facts *facts, struct params *ret)
{
	bool more = has(facts, "intel_iommu", "on") &&
		!cmdline_has(facts->booted, "intel_iommu", "on");

	for (unsigned i = 0; i < ret->n; i++)
		more |= strcmp(ret->items[i].parameter, "intel_iommu=on") == 0;
	if (facts->has_groups && facts->groupless[0] && !more)
		add(ret, PARAMS_WARNING, "",
			"%s has no IOMMU group, though others have one: the IOMMU does "
			"not cover it, so no guest can use it",
			facts->groupless);
}

/*
 * The firmware's framebuffer: since 6.0 vfio-pci takes it away from VGA devices
 * (drivers/video/aperture.c); before, and in other displays, it stays and is in the way.
 */

#define SYSFB "initcall_blacklist=sysfb_init"

static bool keeps_framebuffer(const struct params_facts *facts)
{
	return facts->takes_boot_display &&
		(facts->kernel < KERNEL(6, 0) || !facts->boot_display_is_vga);
}

static void decide_simple(const struct params_facts *facts, struct params *params)
{
	if (facts->lto && facts->boot_display_is_sure)
		add(params, PARAMS_CONFLICT, "",
			"the firmware's framebuffer would stay in the boot display, and in "
			"a kernel with link-time optimisation nothing prevents it; add "
			"another display, or use another kernel");
	else if (facts->framebuffer_is_seen &&
		cmdline_has(facts->booted, "initcall_blacklist", "sysfb_init"))
		add(params, PARAMS_WARNING, SYSFB,
			"it has no effect on this kernel: the firmware's framebuffer is in "
			"the boot display all the same, so a guest cannot use it; use a "
			"kernel without CONFIG_SYSFB_SIMPLEFB, or add another display");
	else if (has(facts, "initcall_blacklist", "sysfb_init"))
		return;
	else if (facts->trial && !facts->lto)
		add(params, PARAMS_NEEDED, SYSFB,
			"nothing else keeps the firmware's framebuffer out of the boot "
			"display on this kernel; look for BOOTFB in /proc/iomem "
			"afterwards"); /* lint: a text, not read */
	else
		add(params, PARAMS_WARNING, "",
			"the firmware's framebuffer %s in the boot display, so a "
			"guest cannot use it; 'sudo vfioboot try' boots once without "
			"it (" SYSFB ") and shows whether that helps",
			facts->boot_display_is_sure ? "stays" : "may stay");
}

static void decide_efifb(const struct params_facts *facts, struct params *params)
{
	if (!cmdline_has_first(facts->cmdline, "video", "efifb:off"))
		add(params, PARAMS_NEEDED, "video=efifb:off",
			"this kernel does not remove the firmware's framebuffer from the "
			"boot display, which is configured for vfio-pci%s",
			has(facts, "video", "efifb:off")
				? "; after a comma, as it is now, it has no effect"
				: "");
}

/* Where something keeps it out already, there is nothing to find out. */
static void add_unknown(const struct params_facts *facts, struct params *params)
{
	if (cmdline_has_first(facts->cmdline, "video", "efifb:off") ||
		has(facts, "initcall_blacklist", "sysfb_init"))
		return;
	add(params, PARAMS_WARNING, "",
		"whether the firmware's framebuffer stays in the boot display, so that a "
		"guest cannot use it, %s",
		facts->framebuffer_is_hidden
			? "only root can see: run 'sudo vfioboot cmdline'"
			: "is unknown while its native driver is bound: run 'vfioboot check' "
			  "after the next boot");
}

static void decide_framebuffer(const struct params_facts *facts, struct params *params)
{
	switch (facts->framebuffer) {
	case FRAMEBUFFER_SIMPLE: decide_simple(facts, params); break;
	case FRAMEBUFFER_EFIFB: decide_efifb(facts, params); break;
	case FRAMEBUFFER_UNKNOWN: add_unknown(facts, params); break;
	case FRAMEBUFFER_NONE: break;
	}
}

static void decide_display(const struct params_facts *facts, struct params *params)
{
	bool stays = keeps_framebuffer(facts);

	if (facts->binds_display && facts->kernel == KERNEL(6, 0))
		add(params, PARAMS_WARNING, "",
			"on kernel 6.0, binding any graphics card may end the host's "
			"console; use a later kernel");
	if (!facts->takes_boot_display)
		return;
	/* Of an unknown kernel nothing is known. */
	if (stays && facts->kernel)
		decide_framebuffer(facts, params);
	if (facts->binds_boot_display)
		add(params, PARAMS_WARNING, "",
			"the boot display is configured for vfio-pci: the host's console "
			"ends when vfio-pci is bound");
	else if (!stays)
		add(params, PARAMS_WARNING, "",
			"the boot display is configured to have no driver: the firmware's "
			"framebuffer stays in it until vfio-pci is bound");
}

/* What people paste, but this machine may not need. */

#define UNKNOWN_VALUE "the kernel does not know this value"
#define HOSTS_TOO     "it also blocks the drivers of the host's own devices"
#define UNSAFE                                                                           \
	"it lets a guest raise interrupts of the host, and is for machines without "     \
	"interrupt remapping"

/* What people paste, and what it really does.  The host may need it for itself. */
static const struct pasted {
	const char *name, *value, *reason;
	enum { ANYWAY, UNLESS_UNREMAPPED, IF_NATIVE, IF_NO_SPEED } when; /* it is named */
	bool does_nothing;
} pasted[] = {
	{"amd_iommu", "on", UNKNOWN_VALUE "; the AMD IOMMU is enabled by default", ANYWAY,
		true},
	{"amd_iommu", "pt", UNKNOWN_VALUE, ANYWAY, true},
	{"intel_iommu", "pt", UNKNOWN_VALUE, ANYWAY, true},
	{"iommu", "on", UNKNOWN_VALUE, ANYWAY, true},
	{"iommu", "1", "it enables no IOMMU that vfio could use", ANYWAY, false},
	{"iommu", "pt",
		"it does not enable the IOMMU, but lets the host's own drivers bypass it",
		IF_NO_SPEED, false},
	{"vfio-pci.ids", NULL,
		"it binds every card with these ids; the configuration of vfioboot names "
		"one by its place",
		ANYWAY, false},
	{"pci-stub.ids", NULL, "it binds every card with these ids before vfio-pci could",
		ANYWAY, false},
	{"rd.driver.pre", "vfio-pci", "vfioboot runs earlier than this", ANYWAY, false},
	{"rd.driver.pre", "vfio_pci", "vfioboot runs earlier than this", ANYWAY, false},
	{"nomodeset", NULL,
		"it also disables the display drivers of the host's own cards", ANYWAY,
		false},
	{"module_blacklist", NULL, HOSTS_TOO, IF_NATIVE, false},
	{"modprobe.blacklist", NULL, HOSTS_TOO, IF_NATIVE, false},
	{"rd.driver.blacklist", NULL, HOSTS_TOO, IF_NATIVE, false},
	{"pcie_acs_override", NULL,
		"it claims an isolation that the hardware does not have; kernels without "
		"a patch do not know it",
		ANYWAY, false},
	{"pci", "noats", NULL, ANYWAY, false},
	{"vfio_iommu_type1.allow_unsafe_interrupts", NULL, UNSAFE, UNLESS_UNREMAPPED,
		false},
	{"iommufd.allow_unsafe_interrupts", NULL, UNSAFE, UNLESS_UNREMAPPED, false},
	{"vfio.enable_unsafe_noiommu_mode", NULL,
		"it assigns devices without an IOMMU, so a guest can write to all of the "
		"host's memory",
		ANYWAY, false},
	{"kvm.ignore_msrs", NULL, NULL, ANYWAY, false},
};

/* Whether a list of modules has one that is native to what is given away; '-' or '_'. */
static bool lists_native(const struct params_facts *facts, const char *name)
{
	char copy[sizeof(facts->native_modules)], *rest = copy, *module;

	text_join(copy, sizeof(copy), facts->native_modules, NULL);
	while ((module = strsep(&rest, ", "))) {
		if (!*module)
			continue;
		if (has(facts, name, module))
			return true;
		for (char *at = module; *at; at++)
			*at = *at == '_' ? '-' : *at;
		if (has(facts, name, module))
			return true;
	}
	return false;
}

static bool is_to_be_named(
	const struct params_facts *facts, const struct pasted *parameter)
{
	if (!has(facts, parameter->name, parameter->value))
		return false;
	switch (parameter->when) {
	case UNLESS_UNREMAPPED: return !facts->remapping_is_off;
	case IF_NATIVE: return lists_native(facts, parameter->name);
	case IF_NO_SPEED: return !facts->host_dma_speed || facts->iommu == IOMMU_ARM;
	default: return true;
	}
}

static void judge_pasted(const struct params_facts *facts, struct params *ret)
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
			reason = "kernels for Arm do not have this parameter";
		add(ret, PARAMS_WARNING, text, "%s%s%s",
			pasted[i].does_nothing || unknown
				? "it can be removed"
				: "device assignment does not need it",
			reason ? ": " : "", reason ? reason : "");
	}
}

/* What this machine does not need, though others may. */
static void judge_useless(const struct params_facts *facts, struct params *ret)
{
	static const char *const drivers[] = {"efifb", "vesafb", "simplefb"};
	bool stays = keeps_framebuffer(facts);

	if (has(facts, "intel_iommu", "on") && facts->iommu != IOMMU_INTEL &&
		facts->iommu)
		add(ret, PARAMS_WARNING, "intel_iommu=on",
			"it can be removed: this machine has no Intel IOMMU");
	else if (has(facts, "intel_iommu", "on") &&
		facts->iommu_default == IOMMU_DEFAULT_ON)
		add(ret, PARAMS_WARNING, "intel_iommu=on",
			"it can be removed: this kernel enables the IOMMU by default");
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		char item[32], text[48];

		snprintf(item, sizeof(item), "%s:off", drivers[i]);
		snprintf(text, sizeof(text), "video=%s", item);
		if (has(facts, "video", item) && (i || !stays))
			add(ret, PARAMS_WARNING, text,
				"it can be removed: on this machine nothing needs it");
	}
	if (has(facts, "initcall_blacklist", "sysfb_init") && !stays &&
		!facts->takes_other_display)
		add(ret, PARAMS_WARNING, "initcall_blacklist=sysfb_init",
			"it can be removed: on this machine nothing needs it");
}

static void decide_useless(const struct params_facts *facts, struct params *ret)
{
	judge_pasted(facts, ret);
	judge_useless(facts, ret);
}

static void decide_wishes(const struct params_facts *facts, struct params *ret)
{
	bool x86 = facts->iommu == IOMMU_INTEL || facts->iommu == IOMMU_AMD;
	char text[96];

	if (facts->host_dma_speed && !cmdline_passes_through(facts->cmdline, x86))
		add(ret, PARAMS_NEEDED, "iommu.passthrough=1",
			"asked for: the host's own devices get faster DMA, and less "
			"isolation");
	if (facts->profile && facts->is_off)
		add(ret, PARAMS_WARNING, "vfioboot.off",
			"as long as it is set, nothing is bound at boot, whatever the profile");
	if (!facts->profile || has(facts, "vfioboot.profile", facts->profile))
		return;
	snprintf(text, sizeof(text), "vfioboot.profile=%s", facts->profile);
	add(ret, PARAMS_NEEDED, text, "it selects the profile");
}

/* The kernel cuts a longer command line without a word.  What it has now, it has. */
static void decide_length(const struct params_facts *facts, struct params *ret)
{
	size_t total = strlen(facts->cmdline);

	for (unsigned i = 0; i < ret->n; i++)
		if (ret->items[i].kind == PARAMS_NEEDED)
			total += 1 + strlen(ret->items[i].parameter);
	if (facts->limit && total > strlen(facts->booted) &&
		total > facts->limit - MARGIN)
		add(ret, PARAMS_CONFLICT, "",
			"with the needed parameters, the command line has %zu bytes; above "
			"%zu the kernel may cut it (at %zu): remove what is not needed",
			total, facts->limit - MARGIN, facts->limit);
}

static void drop_needed(struct params *params)
{
	unsigned n = 0;

	for (unsigned i = 0; i < params->n; i++)
		if (params->items[i].kind != PARAMS_NEEDED)
			params->items[n++] = params->items[i];
	params->n = n;
}

void params_decide(const struct params_facts *facts, struct params *ret)
{
	ret->n = 0;
	ret->refused = false;
	if (facts->cmdline_is_unread)
		add(ret, PARAMS_WARNING, "",
			"the command line of this boot cannot be read, so the parameters on "
			"it are unknown");
	decide_conflicts(facts, ret);
	decide_igfx(facts, ret);
	if (!ret->refused)
		decide_iommu(facts, ret);
	decide_groupless(facts, ret);
	decide_display(facts, ret);
	decide_wishes(facts, ret);
	decide_useless(facts, ret);
	decide_length(facts, ret);
	if (ret->refused)
		drop_needed(ret);
}
