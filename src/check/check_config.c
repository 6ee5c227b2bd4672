/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the configuration says what is meant, and what the planner makes of it. */
#include "base/base.h"
#include "private.h"

static void check_config(struct check_host *host)
{
	const struct config *config = &host->next->config;

	for (unsigned i = 0; i < config->n_errors && i < CONFIG_ERRORS_MAX; i++) {
		const struct config_error *error = &config->errors[i];
		char place[CONFIG_PATH_SIZE + 8];

		snprintf(place, sizeof(place), error->place.line ? "%s:%u" : "%s",
			config->files[error->place.file], error->place.line);
		check_fail(host, place, "%s", error->message);
		check_remedy(host, "correct it; see vfioboot.conf(5) for the format");
	}
	if (config->off && config_count_boot(config)) {
		check_fail(host, "",
			"vfioboot.off is on the kernel command line: nothing is given "
			"away");
		check_remedy_parameter(host, false, "vfioboot.off");
	} else if (!config->n_errors && !config->n_sections && !config->n_others) {
		check_pass(
			host, "", "no device is configured yet; use 'sudo vfioboot add'");
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

/* The next thing to type. */
static void remedy_refused(struct check_host *host, unsigned index, enum reason reason)
{
	const struct config *config = &host->next->config;
	const char *name = config->sections[index].name;
	char place[CONFIG_PLACE_SIZE];

	config_place_text(config, config->sections[index].place, place);
	if (reason == REASON_PROTECTED && host->next->protect.incomplete)
		check_remedy(host, "run 'sudo vfioboot apply', which rebuilds the list");
	else if (reason == REASON_PROTECTED)
		check_remedy(host,
			"leave it to the host: run 'sudo vfioboot remove %s', or edit %s",
			name, place);
	else if (reason == REASON_ABSENT)
		check_remedy(host,
			"plug it in and switch it on; or run 'sudo vfioboot remove %s', or "
			"edit %s",
			name, place);
	else if (reason == REASON_MOVED || reason == REASON_AMBIGUOUS)
		check_remedy(host,
			"find its address with 'vfioboot list'; then run 'sudo vfioboot "
			"remove %s' and 'sudo vfioboot add ADDRESS --name %s', or edit %s",
			name, name, place);
	else if (reason == REASON_LAST_DISPLAY)
		check_remedy(host, "write 'last-display = yes' into [device %s], %s",
			name, place);
	else if (reason == REASON_NO_IOMMU_GROUP)
		check_remedy(host, "do what the points of the IOMMU say");
	else
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
				when, reason_text(entry->reason));
		else
			check_fail(host, section, "is refused %s: %s", when,
				reason_text(entry->reason));
		remedy_refused(host, entry->section, entry->reason);
	}
}

static void check_plan(struct check_host *host, const struct plan *plan)
{
	for (unsigned first = 0, end; first < plan->n_entries; first = end) {
		const struct config_section *section =
			&host->next->config.sections[plan->entries[first].section];
		unsigned n;

		end = section_end(plan, first);
		n = end - first;
		if (plan->entries[first].reason != REASON_NONE)
			report_refused(host, plan, first, end);
		else if (section->demand)
			check_pass(host, section->name,
				"the host keeps %u %s at boot; 'sudo vfioboot bind %s' or its "
				"guest takes %s",
				n, n == 1 ? "function" : "functions", section->name,
				n == 1 ? "it" : "them");
		else if (strcmp(section->driver, CONFIG_DRIVER_NONE) == 0)
			check_pass(host, section->name,
				"the next boot keeps every driver off %u %s", n,
				n == 1 ? "function" : "functions");
		else
			check_pass(host, section->name, "the next boot gives %u %s to %s",
				n, n == 1 ? "function" : "functions", section->driver);
	}
}

static void check_sections(struct check_host *host)
{
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
static unsigned count_kept(const struct protect_list *list)
{
	unsigned n = 0;

	for (unsigned i = 0; i < list->n_entries; i++)
		n += list->entries[i].kind != PROTECT_DISPLAY;
	return n;
}

static void check_protect(struct check_host *host)
{
	const struct protect_list *list = &host->next->protect;
	unsigned n = count_kept(list);

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
		check_pass(host, "", "what this host runs on is known: %u %s protected",
			n, n == 1 ? "function is" : "functions are");
	}
}

static const struct check checks[] = {
	{"config", check_config, NULL},
	{"section", check_sections, NULL},
	{"protect-list", check_protect, NULL},
};

const struct check_theme check_config_theme = {
	"Configuration", checks, ARRAY_SIZE(checks)};
