/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot list`: the machine's PCI functions by IOMMU group, for people who choose one. */
#include <errno.h>
#include <stdio.h>

#include "base/base.h"
#include "cli.h"
#include "cli/ui/table.h"
#include "cli/ui/terminal.h"
#include "list_cells.h"
#include "outlook/outlook.h"

/* Columns that a terminal has to have for all that is shown otherwise. */
#define NARROW 100

static const char narrow_columns[] = "ADDRESS,ID,DRIVER,NAME,NOTES";

struct arguments {
	const char *root, *columns; /* columns NULL: the default ones */
	bool gpu, nvme, usb, all, json;
};

static const struct cli_option options[] = {
	{"gpu", NULL, "list groups with a graphics card", 0, CLI_STORE(gpu)},
	{"nvme", NULL, "list groups with an NVMe drive", 0, CLI_STORE(nvme)},
	{"usb", NULL, "list groups with a USB controller", 0, CLI_STORE(usb)},
	{"all", NULL, "list all groups", 'a', CLI_STORE(all)},
	{"output", "LIST", "show these columns, with +LIST as well", 'o',
		CLI_STORE(columns)},
	CLI_OPTION_JSON,
	CLI_OPTION_ROOT,
	{0},
};

static enum cli_exit select_columns(struct table *table, const char *list)
{
	int width = terminal_columns();
	const char *bad;

	if (!list && width && width < NARROW)
		list = narrow_columns;
	if (!list || table_select(table, list, &bad) == 0)
		return CLI_OK;
	cli_error("list", "there is no column '%.*s'; see 'vfioboot help list'",
		(int)strcspn(bad, ","), bad);
	return CLI_MISUSE;
}

static bool is_chosen(
	const struct arguments *arguments, const struct inventory_function *function)
{
	bool filtered = arguments->gpu || arguments->nvme || arguments->usb;
	bool gpu = pcidev_base_class(&function->pci->dev) == PCI_BASE_DISPLAY;
	bool nvme = function->pci->dev.ids.class >> 8 == 0x0108;
	bool usb = function->pci->dev.ids.class >> 8 == 0x0c03;

	if (!filtered)
		return arguments->all || gpu || nvme || usb || function->section;
	return arguments->all || (gpu && arguments->gpu) || (nvme && arguments->nvme) ||
		(usb && arguments->usb);
}

/* By group, those without one last; within it by address, which is the order in memory. */
static int compare_places(const void *a, const void *b)
{
	const struct inventory_function *x = *(struct inventory_function *const *)a;
	const struct inventory_function *y = *(struct inventory_function *const *)b;

	if (x->pci->group != y->pci->group)
		return (unsigned)x->pci->group < (unsigned)y->pci->group ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* All functions in the order of the list, for free(); NULL without memory. */
static const struct inventory_function **sort_functions(const struct inventory *inventory)
{
	const struct inventory_function **sorted = calloc(inventory->n, sizeof(*sorted));

	for (size_t i = 0; sorted && i < inventory->n; i++)
		sorted[i] = &inventory->functions[i];
	if (sorted)
		qsort(sorted, inventory->n, sizeof(*sorted), compare_places);
	return sorted;
}

struct lister {
	const struct arguments *arguments;
	struct table *table;
	struct table_line *group; /* the line of the group; NULL in JSON */
	int last_group;           /* of @group */
	bool short_addresses;
	size_t n_listed, n_not_bound;
};

/* The functions of one group stand below a line of their own. */
static int add_group_line(struct lister *lister, int group)
{
	char text[32] = "no IOMMU group";

	if (lister->arguments->json || (lister->group && lister->last_group == group))
		return 0;
	if (group != PCIBUS_NO_GROUP)
		snprintf(text, sizeof(text), "group %d", group);
	lister->last_group = group;
	lister->group = table_add(lister->table, NULL);
	if (!lister->group)
		return -ENOMEM;
	return table_set(lister->table, lister->group, LIST_ADDRESS, text);
}

static int add_function(struct lister *lister, const struct inventory_function *function)
{
	int r = add_group_line(lister, function->pci->group);

	lister->n_listed++;
	lister->n_not_bound += function->section && function->result != INVENTORY_BOUND;
	return r < 0 ? r
		     : list_add_function(lister->table, lister->group, function,
			       lister->short_addresses);
}

/* Groups are listed whole: they can only be given away whole. */
static int add_functions(struct lister *lister, const struct inventory *inventory)
{
	_cleanup_free_ const struct inventory_function **sorted =
		sort_functions(inventory);
	int r = sorted ? 0 : -ENOMEM;

	for (size_t i = 0, end; r == 0 && i < inventory->n; i = end) {
		bool chosen = false;

		for (end = i; end < inventory->n &&
			inventory_same_group(sorted[i], sorted[end]);
			end++)
			chosen |= is_chosen(lister->arguments, sorted[end]);
		for (; chosen && r == 0 && i < end; i++)
			r = add_function(lister, sorted[i]);
	}
	return r;
}

/* Where one function has a domain, all show theirs, as in lspci(8). */
static bool is_in_one_domain(const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->n; i++)
		if (inventory->functions[i].pci->dev.address.domain)
			return false;
	return true;
}

/* It could be anything, so nothing is told of it. */
static void print_unread(const struct pcibus *bus)
{
	char address[PCI_ADDRESS_SIZE];

	if (!bus->error)
		return;
	pci_address_format(bus->unread, address);
	printf("\n%s does not say what it is (modalias: %s), and is left out.\n", address,
		strerror(-bus->error));
}

static void print_usage_problem(const struct inventory *inventory)
{
	int error = inventory->usage_error;

	if (error == -EHOSTUNREACH)
		puts("\nWhat the host uses is not known: this is not the root of a running "
		     "host.");
	else if (error == -EACCES || error == -EPERM)
		puts("\nWhat the host uses can't be read by you; run it as root.");
	else if (error < 0)
		printf("\nWhat the host uses can't be read: %s.\n", strerror(-error));
}

/* What a newcomer would stumble over; nothing when all is well. */
static void print_remarks(const struct lister *lister, const struct inventory *inventory,
	const struct nextboot *next)
{
	if (!lister->n_listed)
		puts("There is no such device; --all lists everything.");
	if (!inventory->bus.has_groups)
		puts("\nThere are no IOMMU groups, so no device can be given to a guest.\n"
		     "'vfioboot check' says what is missing.");
	print_unread(&inventory->bus);
	print_usage_problem(inventory);
	for (unsigned i = 0; i < next->plan.n_entries; i++) {
		const struct plan_entry *entry = &next->plan.entries[i];

		if (entry->function == PLAN_NO_FUNCTION)
			printf("\n%s: nothing to bind (%s); 'vfioboot plan' says more.\n",
				next->config.sections[entry->section].name,
				reason_word(entry->reason));
	}
	if (lister->n_not_bound)
		puts("\nNot all that is configured is bound: 'vfioboot status' says why.");
}

static enum cli_exit print_list(const struct arguments *arguments,
	const struct inventory *inventory, const struct nextboot *next)
{
	_cleanup_(table_free) struct table *table = NULL;
	struct lister lister = {
		.arguments = arguments, .short_addresses = is_in_one_domain(inventory)};
	int r = list_new_table(arguments->json, &table);

	if (r == 0 && select_columns(table, arguments->columns) != CLI_OK)
		return CLI_MISUSE;
	lister.table = table;
	lister.short_addresses &= !arguments->json;
	if (r == 0)
		r = add_functions(&lister, inventory);
	if (r == 0)
		r = table_print(table);
	if (r < 0)
		return cli_error("list", "cannot print the list: %s", strerror(-r));
	if (!arguments->json)
		print_remarks(&lister, inventory, next);
	return CLI_OK;
}

static enum cli_exit run(int argc, char **argv)
{
	_cleanup_(sysfs_root_close) struct sysfs_root root = {.fd = -1};
	_cleanup_(inventory_free) struct inventory inventory = {0};
	struct arguments arguments = {.root = "/"};
	_cleanup_(nextboot_free) struct nextboot *next = NULL;
	int r;

	if (cli_parse(&cmd_list, argc, argv, &arguments) != CLI_OK)
		return CLI_MISUSE;
	if (cli_open_root("list", arguments.root, &root) != CLI_OK)
		return CLI_FAILED;
	r = inventory_read(&root, &inventory);
	if (r < 0)
		return cli_error("list",
			"cannot read the PCI devices of %s: %s; is sysfs mounted there?",
			arguments.root, strerror(-r));
	if (!inventory.n)
		return cli_error("list",
			"%s has no PCI devices, so there is nothing to give away",
			arguments.root);
	r = nextboot_read(&root, NULL, &next);
	if (r < 0)
		return cli_error("list", "%s", strerror(-r));
	inventory_mark(&root, next, &inventory);
	if (next->config.n_errors)
		cli_warning("list",
			"the configuration has errors; 'vfioboot plan' names them");
	return print_list(&arguments, &inventory, next);
}

const struct cli_command cmd_list = {
	.name = "list",
	.operands = "",
	.summary = "list the devices by IOMMU group, with their drivers and uses",
	.details =
		"Devices that a guest can only get together are in one IOMMU group, and are\n"
		"listed together.  Without a choice these are the groups with a graphics card,\n"
		"an NVMe drive, a USB controller or something that is configured.\n"
		"PATH is left out on a terminal with fewer than 100 columns.\n"
		"\n"
		"Columns:\n" LIST_COLUMNS_HELP,
	.options = options,
	.run = run,
};
