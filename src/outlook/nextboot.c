/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of the early program up to its plan, with what the host knows better. */
#include "nextboot.h"

#include "base/base.h"
#include "decide/decide.h"

void nextboot_free(struct nextboot **next)
{
	if (*next)
		free((*next)->cmdline);
	free(*next);
	*next = NULL;
}

int nextboot_new(struct nextboot **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

static const struct pcidev *find_known(const void *bus, struct pci_address address)
{
	const struct pcibus_function *function = pcibus_find(bus, address);

	return function ? &function->dev : NULL;
}

/* Looks at what sections of demand name, too. */
static void look_up_demand(const struct root *root, struct nextboot *next)
{
	struct config *config = &next->config;

	for (unsigned i = 0; i < config->n_sections; i++) {
		if (!config->sections[i].demand || config->sections[i].bad)
			continue;
		config_select(config, i);
		machine_look_up(root, config, &next->protect, &next->machine);
	}
	config->selected = 0;
}

/* Each of them is planned beside what the boot binds, and not beside the others. */
static void plan_demand(struct nextboot *next)
{
	struct plan *plan = &next->plan, *demand = &next->demand;
	const struct config *config = &next->config;
	unsigned n = plan->n_entries;

	demand->n_entries = 0;
	for (unsigned i = 0; i < config->n_sections; i++) {
		if (!config->sections[i].demand || config->sections[i].bad)
			continue;
		plan_add(config, &next->machine, &next->protect, i, plan);
		for (unsigned j = n;
			j < plan->n_entries && demand->n_entries < PLAN_ENTRIES_MAX; j++)
			demand->entries[demand->n_entries++] = plan->entries[j];
		plan->n_entries = n;
	}
}

void nextboot_plan_again(struct nextboot *next)
{
	plan_make(&next->config, &next->machine, &next->protect, &next->plan);
	plan_demand(next);
}

/* Those of the kernel of the next entry, or without one of the running kernel; NULL: not known. */
static struct modules *open_modules(struct facts *facts, const struct nextboot *next)
{
	const char *release = facts->running;
	struct modules *modules;

	if (next->entry) {
		bool is_another;
		const struct kernel *kernel = chain_kernel(facts->root,
			facts_kernels(facts), next->entry->said, &is_another);

		release = kernel ? kernel->release : "";
	}
	return *release && modules_open(facts->root, release, &modules) == 0 ? modules
									     : NULL;
}

static bool is_built_in(struct facts *facts, const struct nextboot *next)
{
	_cleanup_(modules_close) struct modules *modules = open_modules(facts, next);
	enum module_kind kind;

	return modules && modules_find(modules, "vfio_pci", &kind, NULL, 0) == 0 &&
		kind == MODULE_BUILTIN;
}

/* What vfio-pci itself will refuse. */
static void mark_denied(struct facts *facts, struct nextboot *next)
{
	bool any = false, disabled;

	for (unsigned i = 0; i < next->machine.n_functions; i++) {
		struct pcidev *dev = &next->machine.functions[i];

		dev->denied = denylist_has(&dev->ids);
		any |= dev->denied;
	}
	if (!any)
		return;
	next->built_in = is_built_in(facts, next);
	disabled = denylist_is_disabled(facts->root, next->built_in, next->cmdline);
	for (unsigned i = 0; i < next->machine.n_functions; i++)
		next->machine.functions[i].denied &= !disabled;
}

/* All that is read of the machine; what is planned follows. */
static void read_machine(struct facts *facts, const char *cmdline, struct nextboot *next)
{
	const struct root *root = facts->root;

	configfiles_read(root, CONFIGFILES_OF_IMAGE, &next->config);
	if (cmdline)
		config_read_cmdline(&next->config, cmdline);
	else
		configfiles_read_cmdline(root, &next->config);
	cmdline = cmdline ? cmdline : facts->cmdline;
	next->cmdline = cmdline ? strdup(cmdline) : NULL;
	next->protect_traced =
		protect_list_trace(facts, &next->config, &next->protect) == 0;
	if (!next->protect_traced)
		configfiles_read_protect(root, &next->config, &next->protect);
	next->bus = &facts->bus;
	next->machine.next_boot = true;
	next->machine.known = find_known;
	next->machine.bus = &facts->bus;
	next->machine_error =
		machine_look_up(root, &next->config, &next->protect, &next->machine);
	look_up_demand(root, next);
	mark_denied(facts, next);
	variant_resolve(root, &next->config, variant_machine, &next->machine);
}

static void set_groups(struct facts *facts, struct nextboot *next)
{
	next_iommu_compare(facts, next->cmdline, next->entry, &next->iommu);
	for (unsigned i = 0; i < next->machine.n_functions; i++) {
		struct pcidev *dev = &next->machine.functions[i];
		enum next_groups groups = next_iommu_of(&next->iommu, dev);

		if (groups == NEXT_GROUPS_NONE || groups == NEXT_GROUPS_ALL)
			dev->has_iommu_group = groups == NEXT_GROUPS_ALL;
		else if (groups == NEXT_GROUPS_UNKNOWN && !facts->bus.has_groups)
			dev->has_iommu_group = true;
	}
}

void nextboot_plan(struct facts *facts, const char *cmdline, struct nextboot *next)
{
	read_machine(facts, cmdline, next);
	if (cmdline)
		set_groups(facts, next);
	nextboot_plan_again(next);
}

int nextboot_read(struct facts *facts, const char *cmdline, struct nextboot **ret)
{
	int r = nextboot_new(ret);

	if (r == 0)
		nextboot_plan(facts, cmdline, *ret);
	return r;
}

/* What names another driver than vfio-pci, which the kernel of the next entry may lack. */
static void refuse_lacking(struct facts *facts, struct nextboot *next)
{
	_cleanup_(modules_close) struct modules *modules = NULL;

	for (unsigned i = 0; i < next->plan.n_entries && next->entry; i++) {
		struct plan_entry *entry = &next->plan.entries[i];
		const struct config_section *section =
			&next->config.sections[entry->section];

		if (entry->reason != REASON_NONE ||
			!config_section_needs_driver(section) ||
			config_driver_is("vfio-pci", section->driver))
			continue;
		modules = modules ? modules : open_modules(facts, next);
		if (!modules)
			return;
		if (modules_lack(modules, section->driver))
			entry->reason = REASON_NO_DRIVER;
	}
}

int nextboot_follow(struct facts *facts, const struct chain *chain, const char *more,
	struct nextboot **ret)
{
	const char *own = facts->cmdline;
	_cleanup_free_ char *cmdline = NULL;
	struct nextboot *next;
	int r = nextboot_new(&next);

	if (r < 0)
		return r;
	next->entry = chain_next_cmdline(chain, &next->unknown);
	if (next->entry) {
		own = next->entry->said->options;
		next->unknown = (struct message){0};
	}
	if (own && more) {
		cmdline = cmdline_join(own, more);
		own = cmdline;
	}
	if (more && !own)
		own = more;
	read_machine(facts, own, next);
	if (next->entry)
		set_groups(facts, next);
	nextboot_plan_again(next);
	refuse_lacking(facts, next);
	*ret = next;
	return 0;
}

const char *nextboot_hindrance(const struct nextboot *next)
{
	return next->entry && !next->config.off ? next->entry->hindrance : NULL;
}

const char *nextboot_iommu_unknown(const struct nextboot *next)
{
	return next->iommu.groups == NEXT_GROUPS_UNKNOWN ? next->iommu.why : NULL;
}

const struct config_section *nextboot_inactive(
	const struct nextboot *next, const char *section)
{
	for (unsigned i = 0; i < next->config.n_sections; i++) {
		const struct config_section *found = &next->config.sections[i];

		if (strcmp(found->name, section) == 0 && !found->bad &&
			!config_section_active(&next->config, found))
			return found;
	}
	return NULL;
}

int nextboot_select(
	const struct nextboot *all, const char *cmdline, struct nextboot **ret)
{
	struct nextboot *next = malloc(sizeof(*next));

	if (!next)
		return -ENOMEM;
	*next = *all;
	next->cmdline = strdup(cmdline);
	next->config.n_profiles = 0;
	config_read_cmdline(&next->config, cmdline);
	nextboot_plan_again(next);
	*ret = next;
	return 0;
}

unsigned nextboot_settings(const struct root *root, const struct nextboot *next,
	const struct plan_entry *entry,
	struct record_step ret[static STEPS_OF_FUNCTION_MAX])
{
	struct step steps[STEPS_OF_FUNCTION_MAX];
	struct report report = {
		.config = &next->config, .machine = &next->machine, .plan = &next->plan};
	struct settings settings = {.root = root,
		.section = &next->config.sections[entry->section],
		.steps = steps,
		.look_only = true};

	/* No boot sets anything for a section of demand. */
	if (entry->reason != REASON_NONE || entry->function == PLAN_NO_FUNCTION ||
		settings.section->demand)
		return 0;
	settings.address = next->machine.functions[entry->function].address;
	settings.n = settings_list(
		settings.section, (unsigned)(entry - next->plan.entries), steps);
	settings_do(&settings);
	settings.late = true;
	settings_do(&settings);
	for (unsigned i = 0; i < settings.n; i++)
		record_make_step(&report, &steps[i], &ret[i]);
	return settings.n;
}

const struct pcibus_function *nextboot_later(
	const struct nextboot *next, const struct plan_entry *entry)
{
	for (unsigned i = 0; i < next->plan.n_entries; i++) {
		const struct plan_entry *other = &next->plan.entries[i];
		const struct pcibus_function *function;

		if (other->section != entry->section ||
			other->function == PLAN_NO_FUNCTION)
			continue;
		function = pcibus_find(
			next->bus, next->machine.functions[other->function].address);
		if (function && function->later)
			return function;
	}
	return NULL;
}

const char *nextboot_reason_text(
	const struct nextboot *next, const struct plan_entry *entry)
{
	const struct pcibus_function *function = entry->function == PLAN_NO_FUNCTION
		? NULL
		: pcibus_find(
			  next->bus, next->machine.functions[entry->function].address);

	return entry->reason == REASON_NO_IOMMU_GROUP && *next->iommu.why && function &&
			function->group != PCIBUS_NO_GROUP
		? next->iommu.why
		: reason_text(entry->reason);
}

enum nextboot_action nextboot_action(
	const struct nextboot *next, const struct plan_entry *entry)
{
	const struct config_section *section = &next->config.sections[entry->section];

	if (section->demand)
		return NEXTBOOT_DEMAND;
	if (entry->reason == REASON_LATER)
		return NEXTBOOT_LATER;
	if (entry->reason != REASON_NONE)
		return NEXTBOOT_REFUSE;
	if (config_section_is_native(section))
		return NEXTBOOT_NATIVE;
	return nextboot_later(next, entry) ? NEXTBOOT_LATER : NEXTBOOT_BIND;
}

const char *nextboot_action_word(enum nextboot_action action)
{
	static const char *const words[NEXTBOOT_ACTIONS] = {
		[NEXTBOOT_BIND] = "bind",
		[NEXTBOOT_LATER] = "later",
		[NEXTBOOT_REFUSE] = "refuse",
		[NEXTBOOT_DEMAND] = "demand",
		[NEXTBOOT_NATIVE] = "native",
	};

	return words[action];
}

struct nextboot_counts nextboot_count(const struct nextboot *next)
{
	struct nextboot_counts counts = {0};
	int last = -1;

	for (unsigned i = 0; i < next->plan.n_entries; i++) {
		const struct plan_entry *entry = &next->plan.entries[i];
		bool refused = plan_refuses(entry);

		counts.later += nextboot_action(next, entry) == NEXTBOOT_LATER;
		counts.bound += nextboot_action(next, entry) == NEXTBOOT_BIND;
		counts.native += nextboot_action(next, entry) == NEXTBOOT_NATIVE;
		counts.refused += refused;
		counts.refused_sections += refused && entry->section != last;
		last = entry->section;
	}
	for (unsigned i = 0; i < next->config.n_sections; i++)
		counts.inactive_sections +=
			!config_section_active(&next->config, &next->config.sections[i]);
	return counts;
}

static const struct plan_entry *find_entry(
	const struct nextboot *next, const struct plan *plan, struct pci_address address)
{
	for (unsigned i = 0; i < plan->n_entries; i++) {
		const struct plan_entry *entry = &plan->entries[i];

		if (entry->function != PLAN_NO_FUNCTION &&
			pci_address_equal(
				next->machine.functions[entry->function].address,
				address))
			return entry;
	}
	return NULL;
}

const struct plan_entry *nextboot_find(
	const struct nextboot *next, struct pci_address address)
{
	return find_entry(next, &next->plan, address);
}

const struct plan_entry *nextboot_find_demand(
	const struct nextboot *next, struct pci_address address)
{
	return find_entry(next, &next->demand, address);
}

enum reason nextboot_demand_reason(
	const struct nextboot *next, const struct config_section *section)
{
	for (unsigned i = 0; i < next->demand.n_entries; i++)
		if (&next->config.sections[next->demand.entries[i].section] == section)
			return next->demand.entries[i].reason;
	return REASON_NONE;
}

const struct protect_entry *nextboot_protected(
	const struct nextboot *next, const struct pcidev *dev)
{
	return protect_find(&next->protect, &dev->path);
}
