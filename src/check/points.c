/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the checks, theme by theme, and gathers their points. */
#include "private.h"

#include <stdarg.h>

#include "base/base.h"
#include "parameter_remedy.h"

void check_add(struct check_host *host, enum check_state state, const char *subject,
	const char *format, ...)
{
	struct check_list *list = host->list;
	struct check_point *point = LIST_ADD(list->points, list->n);
	va_list args;

	if (!point) {
		host->error = -ENOMEM;
		return;
	}
	*point = (struct check_point){.theme = host->theme,
		.name = host->name,
		.state = state,
		.subject = strdup(subject),
		.remedy = strdup("")};
	va_start(args, format);
	if (vasprintf(&point->found, format, args) < 0)
		point->found = NULL;
	va_end(args);
	if (!point->subject || !point->remedy || !point->found)
		host->error = -ENOMEM;
}

static void set_remedy(struct check_host *host, const char *format, va_list args)
{
	struct check_point *point;
	char *remedy;

	if (host->error < 0 || !host->list->n)
		return;
	point = &host->list->points[host->list->n - 1];
	if (vasprintf(&remedy, format, args) < 0) {
		host->error = -ENOMEM;
		return;
	}
	free(point->remedy);
	point->remedy = remedy;
}

void check_remedy(struct check_host *host, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_remedy(host, format, args);
	va_end(args);
}

void check_remedy_parameter(struct check_host *host, bool add, const char *word)
{
	char text[PARAMETER_REMEDY_SIZE];

	parameter_remedy(host->root, add, word, text);
	check_remedy(host, "%s", text);
}

#define NOT_LIVE                                                                         \
	"these files do not show this; run 'vfioboot check' on the machine itself"

void check_remedy_live(struct check_host *host, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_remedy(host, host->root->live ? format : NOT_LIVE, args);
	va_end(args);
}

void check_remedy_unseen(struct check_host *host)
{
	check_remedy_live(
		host, "run 'vfioboot check' as root, on the host and not in a container");
}

bool check_is_configured(const struct check_host *host)
{
	return host->next->config.n_sections > 0;
}

bool check_needs_image(const struct check_host *host)
{
	return config_count_boot(&host->next->config) > 0;
}

bool check_needs_vfio(const struct check_host *host)
{
	const struct config *config = &host->next->config;
	bool none = false;

	for (unsigned i = 0; i < config->n_sections; i++) {
		if (config->sections[i].bad)
			continue;
		if (config->sections[i].auto_driver ||
			config_section_needs_driver(&config->sections[i]))
			return true;
		none = true;
	}
	return !none;
}

enum check_parameter check_read_parameter(
	const struct check_host *host, const char *module, const char *name)
{
	/* Where it cannot be read no section is active. */
	const char *cmdline = host->next->cmdline ? host->next->cmdline : "";

	if (module_files_bool_on(cmdline, module, name, false))
		return CHECK_PARAMETER_ON;
	return module_files_bool_on(
		       cmdline, module, name, module_files_bool(host->root, module, name))
		? CHECK_PARAMETER_IN_FILES
		: CHECK_PARAMETER_OFF;
}

void check_whose_cmdline(const struct check_host *host, char *ret, size_t size)
{
	const struct chain_entry *entry = host->next->entry;

	if (entry)
		snprintf(ret, size, "the next entry '%s'", entry->said->title);
	else
		snprintf(ret, size, "this boot");
}

const struct check_function *check_next_target(const struct check_host *host, size_t *at)
{
	while (*at < host->n)
		if (host->functions[(*at)++].target)
			return &host->functions[*at - 1];
	return NULL;
}

/* Those that not every kernel has of any function. */
static const char *const attributes[] = {
	"reset_method", "reset", "power_state", "d3cold_allowed"};

static void find_attributes(struct check_host *host)
{
	for (unsigned i = 0; i < ARRAY_SIZE(attributes); i++)
		for (size_t j = 0; j < host->n && !(host->attributes & 1u << i); j++)
			if (file_exists(host->root, TREE_PCI "/%s/%s",
				    host->functions[j].name, attributes[i]))
				host->attributes |= 1u << i;
}

bool check_has_attribute(const struct check_host *host, const char *attribute)
{
	for (unsigned i = 0; i < ARRAY_SIZE(attributes); i++)
		if (strcmp(attributes[i], attribute) == 0)
			return host->attributes & 1u << i;
	return false;
}

int check_read_attribute(const struct check_host *host,
	const struct check_function *function, const char *attribute, char *ret,
	size_t size)
{
	char path[160];
	int r;

	text_join(path, sizeof(path), TREE_PCI "/", function->name, "/", attribute, NULL);
	r = file_read_line(host->root, path, ret, size);
	if (r != -ENOENT)
		return r;
	return check_has_attribute(host, attribute) ? -ENOENT : -ENODATA;
}

const char *check_why(int error)
{
	if (error == -EACCES || error == -EPERM)
		return "only root can read it";
	return error == -ENOENT || error == -ENODATA || error == -ENOTDIR
		? "not found"
		: errno_text(error);
}

static int list_functions(struct check_host *host)
{
	struct pcibus *bus = &host->facts->bus;

	host->functions = calloc(bus->n, sizeof(*host->functions));
	if (bus->n && !host->functions)
		return -ENOMEM;
	for (; host->n < bus->n; host->n++) {
		struct check_function *function = &host->functions[host->n];

		function->pci = &bus->functions[host->n];
		pci_address_format(function->pci->dev.address, function->name);
	}
	return 0;
}

static struct check_function *find(struct check_host *host, struct pci_address address)
{
	const struct pcibus_function *pci = pcibus_find(&host->facts->bus, address);

	return pci ? &host->functions[pci - host->facts->bus.functions] : NULL;
}

/* What the sections name and what is planned; a stranger in the place is no target. */
static void mark_plan(struct check_host *host, const struct plan *plan, bool targets)
{
	const struct nextboot *next = host->next;
	bool demand = plan == &next->demand;

	for (unsigned i = 0; i < plan->n_entries; i++) {
		const struct plan_entry *entry = &plan->entries[i];
		struct check_function *function;

		/* One that stays with the host is none that a guest gets. */
		if (entry->function == PLAN_NO_FUNCTION ||
			config_section_is_native(&next->config.sections[entry->section]))
			continue;
		function = find(host, next->machine.functions[entry->function].address);
		if (!function)
			continue;
		function->planned |= !demand && entry->reason == REASON_NONE;
		function->demand |= demand && !function->planned;
		function->target |= targets && entry->reason != REASON_MOVED &&
			entry->reason != REASON_AMBIGUOUS &&
			entry->reason != REASON_BRIDGE;
	}
}

/* Those of sections that are active at this boot, and not at the next one, are there now. */
static int mark_active_now(struct check_host *host)
{
	const struct config *all = &host->next->config;
	_cleanup_free_ struct config *now = NULL;

	if (!host->next->entry || !host->facts->cmdline)
		return 0;
	now = malloc(sizeof(*now));
	if (!now)
		return -ENOMEM;
	*now = *all;
	now->n_profiles = 0;
	now->off = false;
	config_read_cmdline(now, host->facts->cmdline);
	for (unsigned i = 0; i < all->n_sections; i++)
		for (size_t j = 0;
			j < host->n && config_section_active(now, &all->sections[i]);
			j++) {
			const struct pcidev *dev = &host->functions[j].pci->dev;

			host->functions[j].target |=
				!config_section_is_native(&all->sections[i]) &&
				match_section(all, &all->sections[i], dev) ==
					MATCH_MEMBER;
		}
	return 0;
}

/* A bridge is meant only where it is named by its place: an id may be of others, too. */
static bool is_meant(
	const struct selector *operand, const struct check_function *function)
{
	return operand->kind == SELECTOR_ADDRESS || operand->kind == SELECTOR_PATH ||
		pcidev_base_class(&function->pci->dev) != PCI_BASE_BRIDGE;
}

static int mark_operands(struct check_host *host, const struct selector *operands,
	size_t n, size_t *ret_bad)
{
	for (size_t i = 0; i < n; i++) {
		bool any = false;

		for (size_t j = 0; j < host->n; j++) {
			struct check_function *function = &host->functions[j];

			if (!selector_match(&operands[i], &function->pci->dev))
				continue;
			any = true;
			function->target |= is_meant(&operands[i], function);
		}
		if (!any) {
			*ret_bad = i;
			return -ENXIO;
		}
	}
	return 0;
}

static int read_host(struct check_host *host, const struct selector *operands, size_t n,
	size_t *ret_bad)
{
	int r = list_functions(host);

	if (r < 0)
		return r;
	find_attributes(host);
	mark_plan(host, &host->next->plan, n == 0);
	mark_plan(host, &host->next->demand, n == 0);
	r = n == 0 ? mark_active_now(host) : 0;
	return r < 0 ? r : mark_operands(host, operands, n, ret_bad);
}

static void free_host(struct check_host *host)
{
	free(host->functions);
}

static const struct check_theme *const themes[] = {
	&check_config_theme,
	&check_leftovers_theme,
	&check_iommu_theme,
	&check_kernel_theme,
	&check_security_theme,
	&check_use_theme,
	&check_group_theme,
	&check_display_theme,
	&check_device_theme,
	&check_virtual_theme,
	&check_boot_theme,
	&check_handover_theme,
};

static void run_theme(struct check_host *host, const struct check_theme *theme)
{
	host->theme = theme->title;
	for (size_t i = 0; i < theme->n && host->error == 0; i++) {
		const struct check *check = &theme->checks[i];
		const struct check_function *function;
		size_t at = 0;

		host->name = check->name;
		if (check->run)
			check->run(host);
		while (check->run_target && (function = check_next_target(host, &at)))
			check->run_target(host, function);
	}
}

int checks_run(struct facts *facts, struct chain *chain, const struct nextboot *next,
	const struct selector *operands, size_t n, struct check_list *ret,
	size_t *ret_bad)
{
	_cleanup_(checks_free) struct check_list list = {0};
	_cleanup_(free_host) struct check_host host = {.root = facts->root,
		.facts = facts,
		.chain = chain,
		.next = next,
		.list = &list};
	int r = read_host(&host, operands, n, ret_bad);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(themes); i++)
		run_theme(&host, themes[i]);
	if (host.error < 0)
		return host.error;
	*ret = list;
	list = (struct check_list){0};
	return 0;
}

void checks_free(struct check_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->points[i].subject);
		free(list->points[i].found);
		free(list->points[i].remedy);
	}
	free(list->points);
	*list = (struct check_list){0};
}

const char *check_state_word(enum check_state state)
{
	static const char *const words[CHECK_STATES] = {[CHECK_PASS] = "pass",
		[CHECK_FAIL] = "fail",
		[CHECK_UNKNOWN] = "unknown"};

	return words[state];
}
