/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot list`: the machine's PCI functions by IOMMU group, for people who choose one. */
#include "cli.h"

/* Columns that a terminal has to have for all that is shown otherwise. */
#define NARROW 100

static const char narrow_columns[] = "ADDRESS,ID,DRIVER,NAME,NOTES";

struct arguments {
	const char *columns; /* NULL: the default ones */
	bool gpu, nvme, usb, all;
};

static const struct cli_option options[] = {
	{"gpu", NULL, "list groups with a graphics card", 0, CLI_STORE(gpu)},
	{"nvme", NULL, "list groups with an NVMe drive", 0, CLI_STORE(nvme)},
	{"usb", NULL, "list groups with a USB controller", 0, CLI_STORE(usb)},
	{"all", NULL, "list all groups", 'a', CLI_STORE(all)},
	{"output", "LIST", "show these columns; +LIST: also these", 'o',
		CLI_STORE(columns)},
	CLI_OPTION_JSON,
	CLI_OPTION_ROOT,
	{0},
};

/* ---- the columns ---- */

/* JSON has them all. */
static const struct column columns[] = {
	{"ADDRESS", COLUMN_TREE, "bus, device and function; in JSON with the domain"},
	{"PATH", 0,
		"the bridges on the way to the device; does not change when\n"
		"                another card is added"},
	{"ID", 0, "vendor and device"},
	{"CLASS", COLUMN_EXTRA, "class, subclass and interface"},
	{"DRIVER", 0, "the driver that is bound now"},
	{"IOMMU_GROUP", COLUMN_NUMBER | COLUMN_RIGHT | COLUMN_EXTRA,
		"number of the group"},
	{"NAME", 0, "brand and product"},
	{"NOTES", COLUMN_WRAP,
		"what the host uses it for, what else is on its drives, and\n"
		"                what is configured"},
	{"TYPE", COLUMN_EXTRA, "what it is, such as \"graphics card\""},
	{"VENDOR", COLUMN_EXTRA, "name of the vendor in full"},
	{"MODEL", COLUMN_EXTRA, "name of the model in full"},
	{"SUBSYSTEM", COLUMN_EXTRA, "subsystem vendor and device"},
	{"MODULES", COLUMN_EXTRA, "kernel modules that support it"},
	{"BOOT_DISPLAY", COLUMN_BOOLEAN | COLUMN_EXTRA,
		"whether the firmware used it as the display"},
	{"PHYSICAL", COLUMN_EXTRA,
		"of a virtual function (SR-IOV): its physical function"},
	{"VF", COLUMN_NUMBER | COLUMN_RIGHT | COLUMN_EXTRA,
		"of a virtual function: its number, from 0 on"},
	{"USES", COLUMN_EXTRA,
		"what the host uses it for; \"?\": perhaps it is another device"},
	{"DATA", COLUMN_EXTRA,
		"what is on drives that the host does not use, as udev knows it"},
	{"SECTION", COLUMN_EXTRA, "the section of the configuration that matches it"},
	{"WANTED", COLUMN_EXTRA, "the driver that the section asks for"},
	{"RESULT", COLUMN_EXTRA,
		"bound, pending (not bound yet), later (not before udev),\n"
		"                native (the host keeps it, for its virtual functions),\n"
		"                demand (left to the host at boot), refused or failed"},
	{"REASON", COLUMN_EXTRA,
		"why it is refused or failed, or would not be handed over; see\n"
		"                vfioboot-early(8)"},
	{0},
};

static const char *result_text(const struct vfioboot_function *function)
{
	return vfioboot_result_word(vfioboot_function_get_result(function));
}

/* What the library has of a function, in the order of the columns. */
static const struct {
	const char *column;
	const char *(*text)(const struct vfioboot_function *function);
	int (*number)(const struct vfioboot_function *function);
} cells[] = {
	{"PATH", vfioboot_function_get_path, NULL},
	{"ID", vfioboot_function_get_id, NULL},
	{"CLASS", vfioboot_function_get_class, NULL},
	{"DRIVER", vfioboot_function_get_driver, NULL},
	{"IOMMU_GROUP", NULL, vfioboot_function_get_iommu_group},
	{"NAME", vfioboot_function_get_name, NULL},
	{"NOTES", vfioboot_function_get_notes, NULL},
	{"TYPE", vfioboot_function_get_type, NULL},
	{"VENDOR", vfioboot_function_get_vendor, NULL},
	{"MODEL", vfioboot_function_get_model, NULL},
	{"SUBSYSTEM", vfioboot_function_get_subsystem, NULL},
	{"MODULES", vfioboot_function_get_modules, NULL},
	{"BOOT_DISPLAY", NULL, vfioboot_function_get_boot_display},
	{"PHYSICAL", vfioboot_function_get_physical, NULL},
	{"VF", NULL, vfioboot_function_get_vf},
	{"USES", vfioboot_function_get_uses, NULL},
	{"DATA", vfioboot_function_get_data, NULL},
	{"SECTION", vfioboot_function_get_section, NULL},
	{"WANTED", vfioboot_function_get_wanted, NULL},
	{"RESULT", result_text, NULL},
	{"REASON", vfioboot_function_get_reason, NULL},
};

static void set_cells(struct table *table, struct table_line *line,
	const struct vfioboot_function *function, bool short_address)
{
	const char *address = vfioboot_function_get_address(function);

	table_set(
		table, line, "ADDRESS", address + (short_address ? strlen("0000:") : 0));
	for (size_t i = 0; i < ARRAY_SIZE(cells); i++) {
		if (cells[i].number)
			table_set_number(
				table, line, cells[i].column, cells[i].number(function));
		else
			table_set(table, line, cells[i].column, cells[i].text(function));
	}
}

/* Adds a line for a function below the line @group, or with NULL at the top. */
static void add_line(struct table *table, struct table_line *group,
	const struct vfioboot_function *function, bool short_address)
{
	static const char *const colours[] = {
		[VFIOBOOT_RESULT_NONE] = NULL,
		[VFIOBOOT_RESULT_BOUND] = "green",
		[VFIOBOOT_RESULT_PENDING] = "yellow",
		[VFIOBOOT_RESULT_LATER] = "yellow",
		[VFIOBOOT_RESULT_DEMAND] = NULL,
		[VFIOBOOT_RESULT_NATIVE] = NULL,
		[VFIOBOOT_RESULT_INACTIVE] = NULL,
		[VFIOBOOT_RESULT_REFUSED] = "red",
		[VFIOBOOT_RESULT_FAILED] = "red",
	};
	const char *colour = colours[vfioboot_function_get_result(function)];
	struct table_line *line = table_add(table, group);

	set_cells(table, line, function, short_address);
	if (colour)
		table_colour(table, line, colour);
}

/* ---- which lines, in which order ---- */

static enum cli_exit select_columns(struct table *table, const char *list)
{
	int width = terminal_columns();
	const char *bad;

	if (!list && width && width < NARROW)
		list = narrow_columns;
	if (!list || table_select(table, list, &bad) == 0)
		return CLI_OK;
	return cli_misuse("list", "there is no column '%.*s'; see 'vfioboot help list'",
		(int)strcspn(bad, ","), bad);
}

static bool is_filtered(const struct arguments *arguments)
{
	return arguments->gpu || arguments->nvme || arguments->usb;
}

static bool is_chosen(
	const struct arguments *arguments, const struct vfioboot_function *function)
{
	bool filtered = is_filtered(arguments);

	if (arguments->all || (!filtered && vfioboot_function_get_section(function)))
		return true;
	switch (vfioboot_function_get_kind(function)) {
	case VFIOBOOT_KIND_GPU: return !filtered || arguments->gpu;
	case VFIOBOOT_KIND_NVME: return !filtered || arguments->nvme;
	case VFIOBOOT_KIND_USB: return !filtered || arguments->usb;
	default: return false;
	}
}

struct lister {
	const struct arguments *arguments;
	bool json;
	struct table *table;
	struct table_line *group; /* the line of the group; NULL in JSON */
	int last_group;           /* of @group */
	bool short_addresses;
	size_t n_listed, n_not_bound;
};

/* The functions of one group are below a line of their own. */
static void add_group_line(struct lister *lister, int group)
{
	char text[32] = "no IOMMU group";

	if (lister->json || (lister->group && lister->last_group == group))
		return;
	if (group != PCIBUS_NO_GROUP)
		snprintf(text, sizeof(text), "group %d", group);
	lister->last_group = group;
	lister->group = table_add(lister->table, NULL);
	table_set(lister->table, lister->group, "ADDRESS", text);
}

static void add_function(struct lister *lister, const struct vfioboot_function *function)
{
	enum vfioboot_result result = vfioboot_function_get_result(function);

	add_group_line(lister, vfioboot_function_get_iommu_group(function));
	add_line(lister->table, lister->group, function, lister->short_addresses);
	lister->n_listed++;
	lister->n_not_bound += result != VFIOBOOT_RESULT_NONE &&
		result != VFIOBOOT_RESULT_BOUND && result != VFIOBOOT_RESULT_DEMAND &&
		result != VFIOBOOT_RESULT_NATIVE && result != VFIOBOOT_RESULT_INACTIVE;
}

/* Groups are listed whole, as they can only be given to a guest whole. */
static void add_functions(struct lister *lister, const struct vfioboot_machine *machine)
{
	const struct vfioboot_function *functions = machine->functions;

	for (size_t i = 0, end; i < machine->n_functions; i = end) {
		bool chosen = false;

		for (end = i; end < machine->n_functions &&
			inventory_same_group(functions[i].of, functions[end].of);
			end++)
			chosen |= is_chosen(lister->arguments, &functions[end]);
		for (; chosen && i < end; i++)
			add_function(lister, &functions[i]);
	}
}

/* Where one function has a domain, all show theirs, as in lspci(8). */
static bool is_in_one_domain(const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->n; i++)
		if (inventory->functions[i].pci->dev.address.domain)
			return false;
	return true;
}

/* A function that was left out: without its ids it could be anything. */
static void print_unread(const struct pcibus *bus)
{
	char address[PCI_ADDRESS_SIZE];

	if (!bus->error)
		return;
	pci_address_format(bus->unread, address);
	printf("\n%s is not listed: cannot read its modalias: %s.\n", address,
		errno_text(bus->error));
}

static void print_usage_problem(const struct inventory *inventory)
{
	int error = inventory->usage_error;

	if (error == -EHOSTUNREACH)
		puts("\nWhat the host uses is unknown: this is not the root directory of a "
		     "running host.");
	else if (error == -EACCES || error == -EPERM)
		puts("\nWhat the host uses is unknown: run this as root to see it.");
	else if (error < 0)
		printf("\nCannot read what the host uses: %s.\n", errno_text(error));
}

/* What is missing or not known, below the list. */
static void print_remarks(const struct lister *lister, const struct inventory *inventory,
	const struct nextboot *next)
{
	if (!lister->n_listed && lister->arguments->all)
		puts("No device was found.");
	else if (!lister->n_listed)
		printf("No %s was found; 'vfioboot list --all' shows all devices.\n",
			is_filtered(lister->arguments)
				? "such device"
				: "graphics card, NVMe drive, USB controller or configured "
				  "device");
	if (!inventory->bus->has_groups)
		puts("\nThere are no IOMMU groups, so no device can be given to a guest.\n"
		     "'vfioboot check' says what is missing.");
	print_unread(inventory->bus);
	print_usage_problem(inventory);
	for (unsigned i = 0; i < next->plan.n_entries; i++) {
		const struct plan_entry *entry = &next->plan.entries[i];

		if (entry->function == PLAN_NO_FUNCTION)
			printf("\n%s: nothing to bind (%s); see 'vfioboot plan'.\n",
				next->config.sections[entry->section].name,
				reason_word(entry->reason));
	}
	sections_count_others(&next->config);
	if (lister->n_not_bound)
		puts("\nNot all configured devices are bound; see 'vfioboot status'.");
}

static enum cli_exit print_list(const struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	_cleanup_(table_free) struct table *table =
		table_new("functions", columns, cli->json);
	struct lister lister = {.arguments = arguments,
		.json = cli->json,
		.table = table,
		.short_addresses =
			!cli->json && is_in_one_domain(&cli->machine->inventory)};

	if (select_columns(table, arguments->columns) != CLI_OK)
		return CLI_MISUSE;
	add_functions(&lister, cli->machine);
	if (cli->json)
		sections_add_others(table_json(table), &cli->machine->next->config);
	table_print(table);
	if (!cli->json)
		print_remarks(&lister, &cli->machine->inventory, cli->machine->next);
	return CLI_OK;
}

static enum cli_exit run(struct cli *cli)
{
	if (cli_read_inventory(cli) != CLI_OK)
		return CLI_FAILED;
	if (!cli->machine->inventory.n)
		return cli_error("list", "%s has no PCI devices", cli->dir);
	machine_warn(cli->machine);
	return print_list(cli);
}

const struct cli_command cmd_list = {
	.name = "list",
	.operands = "",
	.summary = "list devices by IOMMU group, with their drivers and uses",
	.details =
		"Devices in one IOMMU group can only be given to a guest together, so they are\n"
		"listed together. By default, groups with a graphics card, an NVMe drive, a USB\n"
		"controller or a configured device are listed. PATH is not shown on a terminal\n"
		"with fewer than 100 columns.",
	.columns = columns,
	.options = options,
	.arguments = sizeof(struct arguments),
	.run = run,
};
