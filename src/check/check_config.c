/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the configuration says what is meant, and what the planner makes of it. */
#include "base/base.h"
#include "private.h"

static void check_config(struct check_host *host)
{
	const struct config *config = &host->next->config;

	for (unsigned i = 0; i < config->n_errors && i < CONFIG_ERRORS_MAX; i++) {
		const struct config_error *error = &config->errors[i];
		char place[CONFIG_PLACE_SIZE];

		config_place_text(config, error->place, place);
		check_fail(host, place, "%s", error->message);
		check_remedy(
			host, "correct %s; see vfioboot.conf(5) for the format", place);
	}
	if (config->off && config_count_boot(config)) {
		check_fail(host, "",
			"vfioboot.off is on the kernel command line: nothing is given "
			"away");
		check_remedy_parameter(host, false, "vfioboot.off");
	} else if (!config->n_errors && !config->n_sections && !config->n_others) {
		check_pass(host, "",
			"no device is configured yet; use 'sudo vfioboot add DEVICE'");
	} else if (!config->n_errors && config->n_sections) {
		check_pass(host, "", "%u %s, without errors", config->n_sections,
			config->n_sections == 1 ? "section" : "sections");
	}
	if (config->n_others)
		check_pass(host, "", "%u %s of another machine", config->n_others,
			config->n_others == 1 ? "section is" : "sections are");
}

/* The entries of a plan that belong to one section, which are neighbours. */
static unsigned section_end(const struct plan *plan, unsigned first)
{
	unsigned end = first;

	while (end < plan->n_entries &&
		plan->entries[end].section == plan->entries[first].section)
		end++;
	return end;
}

/* Where it depends on a parameter of the driver, or of the kernel.  False: it does not. */
static bool remedy_parameter(struct check_host *host, enum reason reason)
{
	const struct nextboot *next = host->next;

	if (reason == REASON_DENYLISTED && next->built_in)
		check_remedy(
			host, "add " DENYLIST_PARAMETER " to the kernel command line");
	else if (reason == REASON_DENYLISTED)
		check_remedy(host,
			"write '" DENYLIST_OPTION
			"' into a file of /etc/modprobe.d, and run "
			"'sudo vfioboot apply'; or add " DENYLIST_PARAMETER
			" to the kernel command line");
	else if (reason == REASON_NO_IOMMU_GROUP && *next->iommu.parameter)
		check_remedy_parameter(host, next->iommu.add, next->iommu.parameter);
	else if (reason == REASON_NO_IOMMU_GROUP)
		check_remedy(host, "fix the point iommu first");
	else
		return false;
	return true;
}

/* The next thing to type; what a person wrote `remove` leaves alone. */
static void remedy_refused(struct check_host *host, unsigned index, enum reason reason)
{
	const struct config *config = &host->next->config;
	const struct config_section *section = &config->sections[index];
	bool ours = dropin_is_ours(host->root, config->files[section->place.file]) == 1;
	const char *name = section->name;
	char place[CONFIG_PLACE_SIZE], remove[CONFIG_PLACE_SIZE + CONFIG_NAME_SIZE + 64];

	config_place_text(config, section->place, place);
	if (ours)
		snprintf(remove, sizeof(remove),
			"run 'sudo vfioboot remove %s', or edit %s", name, place);
	else
		snprintf(remove, sizeof(remove), "edit %s", place);
	if (reason == REASON_NO_PROTECT_LIST)
		check_remedy(host, "run 'sudo vfioboot apply', which rebuilds the list");
	else if (reason == REASON_PROTECTED)
		check_remedy(host, "leave it to the host: %s", remove);
	else if (reason == REASON_ABSENT)
		check_remedy(host, "plug it in and switch it on; or %s", remove);
	else if (ours && (reason == REASON_MOVED || reason == REASON_AMBIGUOUS))
		check_remedy(host,
			"find its address with 'vfioboot list'; then run 'sudo vfioboot "
			"remove %s' and 'sudo vfioboot add ADDRESS --name %s', or edit %s",
			name, name, place);
	else if (reason == REASON_MOVED || reason == REASON_AMBIGUOUS)
		check_remedy(host, "find its address with 'vfioboot list', and edit %s",
			place);
	else if (reason == REASON_LAST_DISPLAY)
		check_remedy(host, "write 'last-display = yes' into [device %s], %s",
			name, place);
	else if (reason == REASON_NO_DRIVER)
		check_remedy(host,
			"do what the point vfio-modules says, or edit [device %s], %s",
			name, place);
	else if (!remedy_parameter(host, reason))
		check_remedy(host, "edit [device %s], %s", name, place);
}

/* The reason of its own that a function has, before those of the whole section. */
static void report_refused(
	struct check_host *host, const struct plan *plan, unsigned first, unsigned end)
{
	const struct nextboot *next = host->next;
	const char *when = plan == &next->demand ? "when it is to be handed over"
						 : "at the next boot";

	for (unsigned i = first; i < end; i++) {
		const struct plan_entry *entry = &plan->entries[i];
		const char *section = next->config.sections[entry->section].name;
		char address[PCI_ADDRESS_SIZE] = "";

		if (entry->function != PLAN_NO_FUNCTION)
			pci_address_format(
				next->machine.functions[entry->function].address,
				address);
		if (*address)
			check_fail(host, address, "section %s is refused %s: %s", section,
				when, nextboot_reason_text(next, entry));
		else
			check_fail(host, section, "is refused %s: %s", when,
				nextboot_reason_text(next, entry));
		remedy_refused(host, entry->section, entry->reason);
	}
}

static bool needs_group(const struct config_section *section)
{
	return !config_section_is_native(section) &&
		strcmp(section->driver, CONFIG_DRIVER_NONE) != 0;
}

static void report_unknown_groups(
	struct check_host *host, const struct config_section *section)
{
	check_unknown(host, section->name, "%s", nextboot_iommu_unknown(host->next));
	check_remedy_parameter(host, host->next->iommu.add, host->next->iommu.parameter);
}

/* What passes is said so that it holds for several sections, too: like texts are printed as one. */
static void check_plan(struct check_host *host, const struct plan *plan)
{
	for (unsigned first = 0, end; first < plan->n_entries; first = end) {
		const struct config_section *section =
			&host->next->config.sections[plan->entries[first].section];
		unsigned n;

		end = section_end(plan, first);
		n = end - first;
		if (plan_refuses(&plan->entries[first]))
			report_refused(host, plan, first, end);
		else if (section->demand)
			check_pass(host, section->name,
				"the host keeps %u %s at boot; 'sudo vfioboot bind %s' or its "
				"guest takes %s",
				n, n == 1 ? "function" : "functions", section->name,
				n == 1 ? "it" : "them");
		else if (plan->entries[first].reason == REASON_LATER)
			check_pass(host, section->name,
				"the driver of the physical function makes them at the next boot");
		else if (needs_group(section) && nextboot_iommu_unknown(host->next))
			report_unknown_groups(host, section);
		else if (config_section_is_native(section))
			check_pass(host, section->name,
				"every function stays with its native driver at the next "
				"boot, which makes %u virtual %s of each",
				section->vfs,
				section->vfs == 1 ? "function" : "functions");
		else if (strcmp(section->driver, CONFIG_DRIVER_NONE) == 0)
			check_pass(host, section->name,
				"every function is kept without a driver at the next boot");
		else
			check_pass(host, section->name,
				"every function goes to %s at the next boot",
				section->driver);
	}
}

/*
 * That a boot leaves a section alone is as it was asked for; `vfioboot.off` was reported, and so was
 * a 'when' that cannot be read.
 */
static void report_inactive(struct check_host *host)
{
	const struct config *config = &host->next->config;

	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];

		if (section->bad || section->demand || config->off ||
			config->cmdline_unread || config_section_active(config, section))
			continue;
		if (section->profile[0])
			check_pass(host, section->name,
				"the next boot leaves it alone: its profile '%s' is not selected",
				section->profile);
		else if (!config->when_error.line)
			check_pass(host, section->name,
				"the next boot leaves it alone: no profile is selected ('when = "
				"selected')");
	}
}

static void check_sections(struct check_host *host)
{
	report_inactive(host);
	check_plan(host, &host->next->plan);
	check_plan(host, &host->next->demand);
}

static bool is_untraced(const struct protect_list *list)
{
	for (unsigned i = 0; i < list->n_entries; i++)
		if (list->entries[i].kind == PROTECT_STORAGE &&
			strstr(list->entries[i].why, "untraced"))
			return true;
	return false;
}

/* Displays are listed too, and only the last of them is kept. */
static void report_kept(struct check_host *host, const struct protect_list *list)
{
	unsigned n = 0, displays = 0;
	char last[48] = "";

	for (unsigned i = 0; i < list->n_entries; i++)
		displays += list->entries[i].kind == PROTECT_DISPLAY;
	n = list->n_entries - displays;
	if (displays == 1)
		strcpy(last, ", and the only display");
	else if (displays)
		snprintf(last, sizeof(last), ", and the last of %u displays", displays);
	check_pass(host, "", "what this host runs on is known: %u %s protected%s", n,
		n == 1 ? "function is" : "functions are", last);
}

static void check_protect(struct check_host *host)
{
	const struct protect_list *list = &host->next->protect;

	if (list->incomplete && check_is_configured(host)) {
		check_fail(host, "",
			"the list of functions that this host cannot spare is "
			"incomplete: nothing that could carry the root will be given "
			"away");
		check_remedy(host,
			"run 'sudo vfioboot apply', which rebuilds it; 'vfioboot "
			"protect' shows it");
	} else if (!host->next->protect_traced) {
		check_unseen(host, "",
			"cannot trace what this host runs on: this is not a whole "
			"running machine, but a chroot, a container or part of one");
	} else if (is_untraced(list)) {
		check_pass(host, "",
			"what this host runs on cannot all be traced to its disks, so "
			"everything that could carry the root is protected");
	} else {
		report_kept(host, list);
	}
}

/* ---- Settings of functions */

/* The first kernel that has what a key is about; see bind/settings.h. */
static const struct {
	const char *key;
	unsigned major, minor;
} since[] = {
	{"rebar", 6, 1},
	{"reset", 5, 15},
};

/* The kernel of the next boot, as far as that is known. */
static const char *next_kernel(const struct check_host *host)
{
	const struct chain_entry *entry = host->next->entry;

	return entry && *entry->kernel ? entry->kernel : host->facts->running;
}

/* Adds a point, and returns true, if the kernel of the next boot is too old for the key. */
static bool is_too_old(struct check_host *host, const struct record_step *step)
{
	const char *release = next_kernel(host);
	unsigned major, minor;

	if (sscanf(release, "%u.%u", &major, &minor) != 2)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(since); i++) {
		if (strcmp(step->key, since[i].key) != 0 || major > since[i].major ||
			(major == since[i].major && minor >= since[i].minor))
			continue;
		check_fail(host, step->address,
			"%s in section %s needs Linux %u.%u, and the next boot has %s",
			step->key, step->section, since[i].major, since[i].minor,
			release);
		check_remedy(host, "use a newer kernel, or remove the key");
		return true;
	}
	return false;
}

/* Whether another function of the section has the setting: not each has a BAR or a reset. */
static bool is_done_elsewhere(
	const struct check_host *host, const struct plan_entry *of, const char *key)
{
	const struct plan *plan = &host->next->plan;
	struct record_step steps[STEPS_OF_FUNCTION_MAX];

	for (unsigned i = 0; i < plan->n_entries; i++) {
		unsigned n =
			plan->entries[i].section != of->section || &plan->entries[i] == of
			? 0
			: nextboot_settings(
				  host->root, host->next, &plan->entries[i], steps);

		while (n-- > 0)
			if (strcmp(steps[n].key, key) == 0 &&
				steps[n].reason != REASON_NOT_OFFERED)
				return true;
	}
	return false;
}

static void check_step(struct check_host *host, const struct plan_entry *entry,
	const struct record_step *step)
{
	const struct config *config = &host->next->config;
	const struct config_section *section = &config->sections[entry->section];
	char place[CONFIG_PLACE_SIZE];

	if (is_too_old(host, step))
		return;
	if (step->reason == REASON_NONE) {
		check_pass(host, step->address, "%s = %s %s", step->key, step->wanted,
			step->result == STEP_SAME ? "is set" : "can be set");
	} else if (step->reason == REASON_NOT_OFFERED && step->result == STEP_SKIPPED &&
		is_done_elsewhere(host, entry, step->key)) {
		check_pass(host, step->address, "%s is for other functions of %s",
			step->key, step->section);
	} else {
		config_place_text(config, section->place, place);
		check_fail(host, step->address, "%s = %s: %s%s%s", step->key,
			step->wanted, reason_text(step->reason),
			*step->value ? "; it has " : "", step->value);
		check_remedy(host, "edit [device %s], %s", section->name, place);
	}
}

/* The keys of a section that no boot binds have no effect. */
static void check_idle_settings(struct check_host *host)
{
	const struct config *config = &host->next->config;

	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];
		char place[CONFIG_PLACE_SIZE];

		if (section->bad || !section->demand || !settings_list(section, 0, NULL))
			continue;
		config_place_text(config, section->place, place);
		check_fail(host, section->name,
			"has settings of functions, which boots carry out, and bind = "
			"demand, which no boot binds");
		check_remedy(host, "edit [device %s], %s", section->name, place);
	}
}

static void check_settings(struct check_host *host)
{
	const struct plan *plan = &host->next->plan;
	struct record_step steps[STEPS_OF_FUNCTION_MAX];

	for (unsigned i = 0; i < plan->n_entries; i++) {
		unsigned n = nextboot_settings(
			host->root, host->next, &plan->entries[i], steps);

		for (unsigned j = 0; j < n; j++)
			check_step(host, &plan->entries[i], &steps[j]);
	}
	check_idle_settings(host);
}

static const struct check checks[] = {
	{"config", check_config, NULL},
	{"section", check_sections, NULL},
	{"settings", check_settings, NULL},
	{"protect-list", check_protect, NULL},
};

const struct check_theme check_config_theme = {
	"Configuration", checks, ARRAY_SIZE(checks)};
