/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts the facts of a machine in the terms of the rules, and their advice into an entry. */
#include "kernel_params.h"

#include "base/base.h"

#define PARAM_PREFIX "vfioboot." /* ours: they select an entry, and are never added */
#define VENDOR_INTEL 0x8086

/* COMMAND_LINE_SIZE (arch/.../include/asm/setup.h); what is not listed has 1024 or more. */
#define LIMIT_USUAL 2048
#define LIMIT_LEAST 1024

static const char *const usual_archs[] = {"X86", "ARM64", "PPC"}; /* in a configuration */
static const char *const usual_cpus[] = {"\nflags\t", "CPU implementer", "POWER"};

/* By the processor where the configuration is not there: only 32-bit Arm is mistaken then. */
static size_t find_limit(const char *config, const char *cpuinfo)
{
	for (size_t i = 0; config && i < ARRAY_SIZE(usual_archs); i++)
		if (kernel_config_has(config, usual_archs[i]))
			return LIMIT_USUAL;
	for (size_t i = 0; !config && cpuinfo && i < ARRAY_SIZE(usual_cpus); i++)
		if (strstr(cpuinfo, usual_cpus[i]))
			return LIMIT_USUAL;
	return config || cpuinfo ? LIMIT_LEAST : LIMIT_USUAL;
}

static void read_config(
	const struct facts *host, const char *config, struct params_facts *facts)
{
	if (config)
		facts->lto = kernel_config_has(config, "LTO");
	facts->iommu_default = iommu_find_default(host->iommu, config);
	facts->limit = find_limit(config, host->cpuinfo);
}

/*
 * What the kernel makes of the firmware's framebuffer by how it was built (drivers/firmware/
 * sysfb.c).  Without EFI it is up to the mode in which the boot loader leaves the screen.
 */
static enum framebuffer expect_framebuffer(const struct facts *host, const char *config)
{
	if (!config || !file_exists(host->root, "%s/%s", TREE_FIRMWARE, "efi"))
		return FRAMEBUFFER_UNKNOWN;
	if (kernel_config_has(config, "SYSFB_SIMPLEFB") ||
		kernel_config_has(config, "X86_SYSFB"))
		return FRAMEBUFFER_SIMPLE;
	if (kernel_config_has(config, "FB_EFI"))
		return FRAMEBUFFER_EFIFB;
	return kernel_config_has(config, "DRM_EFIDRM") ? FRAMEBUFFER_SIMPLE
						       : FRAMEBUFFER_NONE;
}

/* Whether a parameter of this boot kept the framebuffer out: its absence proves nothing. */
static bool is_kept_out(const struct params_facts *facts)
{
	return cmdline_has_first(facts->booted, "video", "efifb:off") ||
		cmdline_has(facts->booted, "initcall_blacklist", "sysfb_init");
}

/* Other displays than those of VGA have no boot_vga: without another one it may be it. */
static bool may_be_boot_display(
	const struct facts *host, const struct pcibus_function *function)
{
	return function->boot_display ||
		(!function->has_boot_vga && !boot_display_is_other(&host->bus, function));
}

static void read_boot_display(const struct facts *host,
	const struct pcibus_function *function, const char *config, bool bound,
	struct params_facts *facts)
{
	enum boot_display_sight sight = BOOTDISPLAY_ABSENT;
	char name[32] = "";
	int r = boot_display_look(host, function, &sight, name, sizeof(name));
	bool seen = r == 0 && sight == BOOTDISPLAY_SEEN;
	bool none = r == 0 && sight == BOOTDISPLAY_ABSENT && !is_kept_out(facts);

	if (!seen && !function->boot_display &&
		(none || !may_be_boot_display(host, function)))
		return;
	facts->takes_boot_display = true;
	facts->boot_display_is_sure = seen || function->boot_display;
	facts->boot_display_is_vga = boot_display_is_vga(function);
	facts->binds_boot_display = bound;
	facts->framebuffer_is_seen = seen;
	facts->framebuffer_is_hidden = r == -EACCES;
	facts->framebuffer = none            ? FRAMEBUFFER_NONE
		: !seen                      ? expect_framebuffer(host, config)
		: strcmp(name, "efifb") == 0 ? FRAMEBUFFER_EFIFB
					     : FRAMEBUFFER_SIMPLE;
}

static void read_display(const struct facts *host, const struct pcibus_function *function,
	const char *config, bool bound, struct params_facts *facts)
{
	facts->binds_display |= bound;
	facts->takes_other_display |= !boot_display_is_vga(function);
	/* On the root bus itself, it is none that somebody plugged in. */
	facts->takes_integrated_gpu |=
		function->dev.ids.vendor == VENDOR_INTEL && function->dev.path.depth == 1;
	read_boot_display(host, function, config, bound, facts);
}

/* Adds those of the list that are not there yet. */
static void add_names(char *list, size_t size, char *names)
{
	char *name;

	while ((name = strsep(&names, ", ")))
		if (*name && !modules_is_listed(list, name)) {
			size_t len = strlen(list);

			text_join(list + len, size - len, len ? ", " : "", name, NULL);
		}
}

static void read_native(const struct pcibus_function *function, struct modules *modules,
	struct params_facts *facts)
{
	char names[256] = "", driver[64] = "";

	if (!pcidev_driver_is_vfio(function->dev.driver))
		text_join(driver, sizeof(driver), function->dev.driver, NULL);
	add_names(facts->native_modules, sizeof(facts->native_modules), driver);
	if (modules &&
		modules_claiming(modules, &function->dev.ids, names, sizeof(names)) == 0)
		add_names(facts->native_modules, sizeof(facts->native_modules), names);
}

/*
 * What the next boot binds, or would once there are IOMMU groups: what is refused for another
 * reason stays with the host.  What is handed over later needs the groups alone.
 */
static void read_given(struct facts *host, const struct nextboot *next,
	const char *config, struct params_facts *facts)
{
	struct modules *modules = facts_modules(host);

	for (size_t i = 0; i < host->bus.n; i++) {
		const struct pcibus_function *function = &host->bus.functions[i];
		const struct plan_entry *entry =
			nextboot_find(next, function->dev.address);
		const struct plan_entry *demand =
			nextboot_find_demand(next, function->dev.address);
		bool groupless = (entry && entry->reason == REASON_NO_IOMMU_GROUP) ||
			(demand && demand->reason == REASON_NO_IOMMU_GROUP);

		if (groupless && function->group == PCIBUS_NO_GROUP &&
			!facts->groupless[0])
			pci_address_format(function->dev.address, facts->groupless);
		if (!entry || (entry->reason != REASON_NONE && !groupless))
			continue;
		read_native(function, modules, facts);
		if (boot_display_is_display(function))
			read_display(host, function, config,
				strcmp(next->config.sections[entry->section].driver,
					CONFIG_DRIVER_NONE) != 0,
				facts);
	}
}

/* Beside what is asked for; the command lines are those of others. */
static void read_facts(
	struct facts *host, const struct nextboot *next, struct params_facts *facts)
{
	const char *config = facts_kernel_config(host);
	unsigned major = 0, minor = 0;

	facts->iommu = host->iommu;
	facts->hypervisor = host->hypervisor;
	/* A tree may have the links alone. */
	facts->has_groups = facts_count_groups(host) ||
		(host->bus.has_groups &&
			!file_exists(host->root, "%s/%s", TREE_GROUPS, "."));
	facts->remapping_is_off = facts_remapping(host) == REMAPPING_OFF;
	facts->is_off = next->config.off;
	facts->cmdline_is_unread = !host->cmdline;
	if (sscanf(host->running, "%u.%u", &major, &minor) == 2)
		facts->kernel = major << 16 | minor;
	read_config(host, config, facts);
	read_given(host, next, config, facts);
}

int params_find(struct facts *facts, const struct nextboot *next,
	const struct params_request *request, struct params *ret)
{
	const char *booted = facts->cmdline ? facts->cmdline : "";
	const char *own = next->entry ? next->entry->said->options : NULL;
	/* Where the entries that are made have theirs: before a bare "--". */
	_cleanup_free_ char *cmdline = cmdline_join(
		own ? own : booted, request->arguments ? request->arguments : "");
	struct params_facts known = {
		.booted = booted,
		.own = own,
		.cmdline = cmdline,
		.host_dma_speed = request->host_dma_speed,
		.trial = request->trial,
		.profile = request->profile,
	};

	*ret = (struct params){0};
	if (!cmdline)
		return -ENOMEM;
	if (!facts->bus.n && facts->iommu == IOMMU_UNKNOWN)
		return -ENODATA;
	read_facts(facts, next, &known);
	params_decide(&known, ret);
	return 0;
}

int params_append(char *arguments, size_t size, const struct params *params,
	struct message *message)
{
	for (unsigned i = 0; i < params->n; i++) {
		const char *parameter = params->items[i].parameter;
		size_t len = strlen(parameter);

		if (params->items[i].kind != PARAMS_NEEDED ||
			strncmp(parameter, PARAM_PREFIX, strlen(PARAM_PREFIX)) == 0 ||
			cmdline_has_word(arguments, parameter, len))
			continue;
		if (!bootentry_is_plain(parameter))
			return message_set(message, -EINVAL,
				"'%s' cannot be an argument in a boot entry", parameter);
		if (!cmdline_append_word(arguments, size, parameter, len))
			return message_set(message, -E2BIG,
				"there is no room for '%s' in the arguments of an entry",
				parameter);
	}
	return 0;
}

static int say_conflicts(const struct params *params, struct message *message)
{
	char text[MESSAGE_SIZE] = "";
	size_t len = 0;

	for (unsigned i = 0; i < params->n; i++) {
		const struct params_item *item = &params->items[i];

		if (item->kind == PARAMS_CONFLICT)
			len += text_join(text + len, sizeof(text) - len, len ? "; " : "",
				item->parameter, *item->parameter ? ": " : "",
				item->reason, NULL);
	}
	return message_set(message, -EPERM, "%s", text);
}

int params_add_to_entry(struct facts *facts, const struct nextboot *next, bool trial,
	char *arguments, size_t size, struct params *ret, struct message *message)
{
	const struct params_request request = {.arguments = arguments, .trial = trial};
	int r = params_find(facts, next, &request, ret);

	if (r == -ENODATA)
		return 0;
	if (r < 0)
		return message_errno(message, r, "cannot read what this machine is");
	return ret->refused ? say_conflicts(ret, message)
			    : params_append(arguments, size, ret, message);
}

/*
 * The next boot with all of the entries' profiles at once, so that it looks all of them up; by the entry
 * of @chain that they are copies of, and not by this boot, to which parameters may have been typed.
 */
static int read_all(struct facts *facts, const struct bootentries *entries,
	struct chain *chain, struct nextboot **ret)
{
	char all[BOOTENTRIES_MAX * BOOTENTRY_ARGS_SIZE] = "";
	const struct chain_entry *next;
	size_t used = 0;
	int r = chain_read_menus(facts->root, chain);

	for (unsigned i = 0; i < entries->n; i++)
		if (bootentry_is_passthrough(&entries->entries[i]))
			used += text_join(all + used, sizeof(all) - used, " ",
				entries->entries[i].arguments, NULL);
	r = r < 0 ? r : nextboot_read(facts, all, ret);
	if (r < 0)
		return r;
	next = chain_next_cmdline(chain, NULL);
	if (next && next->said->kind != BOOTMENU_OURS)
		(*ret)->entry = next;
	return 0;
}

int params_add_to_entries(
	struct facts *facts, struct bootentries *entries, struct message *message)
{
	_cleanup_free_ struct params *params = calloc(1, sizeof(*params));
	_cleanup_(nextboot_free) struct nextboot *all = NULL;
	_cleanup_(chain_free) struct chain chain = {0};
	int r = params ? read_all(facts, entries, &chain, &all) : -ENOMEM;

	for (unsigned i = 0; r == 0 && i < entries->n; i++) {
		_cleanup_(nextboot_free) struct nextboot *next = NULL;
		struct bootentry *entry = &entries->entries[i];

		if (!bootentry_is_passthrough(entry))
			continue;
		r = nextboot_select(all, entry->arguments, &next);
		if (r == 0)
			r = params_add_to_entry(facts, next, false, entry->arguments,
				sizeof(entry->arguments), params, message);
	}
	return r;
}
