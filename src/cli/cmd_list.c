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
	{"USES", COLUMN_EXTRA,
		"what the host uses it for; \"?\": perhaps it is another device"},
	{"DATA", COLUMN_EXTRA,
		"what is on drives that the host does not use, as udev knows it"},
	{"SECTION", COLUMN_EXTRA, "the section of the configuration that matches it"},
	{"WANTED", COLUMN_EXTRA, "the driver that the section asks for"},
	{"RESULT", COLUMN_EXTRA,
		"bound, pending (not bound yet), later (not before udev),\n"
		"                demand (left to the host at boot), refused or failed"},
	{"REASON", COLUMN_EXTRA,
		"why it is refused or failed, or would not be handed over; see\n"
		"                vfioboot-early(8)"},
	{0},
};

/* After this many file systems of one function the others are counted only. */
#define USES_MAX 4

/* A line that is being filled. */
struct cells {
	struct table *table;
	struct table_line *line;
};

static void set(struct cells *cells, const char *column, const char *text)
{
	table_set(cells->table, cells->line, column, text);
}

/* A text that is put together of parts; what does not fit is cut. */
struct text {
	char text[1024];
	size_t len;
};

static void add(struct text *text, const char *first, const char *second)
{
	text->len += text_join(text->text + text->len, sizeof(text->text) - text->len,
		first, second, NULL);
}

static bool is_network(const struct usage_entry *use)
{
	return use->kind == IN_USE_ROUTE || use->kind == IN_USE_INTERFACE;
}

static const char *use_word(const struct usage_entry *use)
{
	return use->kind == IN_USE_SWAP ? "swap" : use->what;
}

/* All of them, as words: "/, /home?, swap", the '?' for what may be on another function. */
static void set_uses(struct cells *cells, const struct inventory_function *function)
{
	struct text text = {0};

	for (size_t i = 0; i < function->n_uses; i++) {
		add(&text, text.len ? ", " : "", use_word(&function->uses[i]));
		add(&text, function->uses[i].untraced ? "?" : "", "");
	}
	set(cells, "USES", text.text);
}

/* At most @most: "/dev/sda1 (ext4 file system), /dev/sda2 (swap area) and 2 more" */
static void add_data(struct text *text, const struct inventory_function *function,
	const char *begin, unsigned most)
{
	const struct drives_device *device = NULL;
	char one[512], more[32];
	unsigned n = 0;

	while ((device = drives_next(
			function->drives, function->pci->dev.address, device))) {
		if (device->state != DRIVES_DATA)
			continue;
		drives_text(device, one, sizeof(one));
		if (n < most)
			add(text, n ? ", " : begin, one);
		n++;
	}
	if (n > most) {
		snprintf(more, sizeof(more), " and %u more", n - most);
		add(text, more, "");
	}
}

static void set_data(struct cells *cells, const struct inventory_function *function)
{
	struct text text = {0};

	add_data(&text, function, "", UINT_MAX);
	set(cells, "DATA", text.text);
}

/* Which uses a note is about, and how it begins. */
struct uses_note {
	bool network, untraced;
	const char *begin;
};

static void note_uses(struct text *notes, const struct inventory_function *function,
	const struct uses_note *note)
{
	unsigned n = 0;
	char more[32];

	for (size_t i = 0; i < function->n_uses; i++) {
		const struct usage_entry *use = &function->uses[i];

		if (is_network(use) != note->network || use->untraced != note->untraced)
			continue;
		if (n == 0)
			add(notes, notes->len ? "; " : "", note->begin);
		if (n < USES_MAX)
			add(notes, n ? ", " : "", use_word(use));
		n++;
	}
	if (n > USES_MAX) {
		snprintf(more, sizeof(more), " and %u more", n - USES_MAX);
		add(notes, more, "");
	}
}

/* The section that matches the function, and its state. */
static void note_section(struct text *notes, const struct inventory_function *function)
{
	static const char *const states[INVENTORY_RESULTS] = {
		[INVENTORY_BOUND] = "bound",
		[INVENTORY_PENDING] = "not bound yet",
		[INVENTORY_LATER] = "not bound yet, and only after udev",
		[INVENTORY_DEMAND] = "on demand",
		[INVENTORY_REFUSED] = "refused",
		[INVENTORY_FAILED] = "failed",
	};
	bool reason = function->reason != REASON_NONE;

	if (!function->section)
		return;
	add(notes, notes->len ? "; " : "", function->section->name);
	add(notes, ": ", states[function->result]);
	if (function->section->demand && function->result == INVENTORY_BOUND)
		add(notes, " on demand", "");
	else if (reason && function->result == INVENTORY_BOUND)
		add(notes, ", but not at the next boot", "");
	if (reason) {
		add(notes, " (", reason_word(function->reason));
		add(notes, ")", "");
	}
}

static void set_notes(struct cells *cells, const struct inventory_function *function)
{
	static const struct uses_note uses[] = {
		{false, false, "carries "},
		{false, true, "may carry "},
		{true, false, "network in use: "},
		{true, true, "may be the network: "},
	};
	struct text notes = {0};

	if (function->pci->boot_display)
		add(&notes, "boot display", "");
	for (size_t i = 0; i < ARRAY_SIZE(uses); i++)
		note_uses(&notes, function, &uses[i]);
	add_data(&notes, function, notes.len ? "; has data: " : "has data: ", USES_MAX);
	note_section(&notes, function);
	set(cells, "NOTES", notes.text);
}

/* Where it is, and who has it. */
static void set_place(struct cells *cells, const struct inventory_function *function,
	bool short_address)
{
	char address[PCI_ADDRESS_SIZE], path[PCI_PATH_SIZE], group[16];

	pci_address_format(function->pci->dev.address, address);
	set(cells, "ADDRESS", address + (short_address ? strlen("0000:") : 0));
	pci_path_format(&function->pci->dev.path, path);
	set(cells, "PATH", function->pci->dev.path.depth ? path : NULL);
	snprintf(group, sizeof(group), "%d", function->pci->group);
	set(cells, "IOMMU_GROUP", function->pci->group == PCIBUS_NO_GROUP ? NULL : group);
	set(cells, "DRIVER", function->pci->dev.driver);
}

/* What it is, by its ids. */
static void set_kind(struct cells *cells, const struct inventory_function *function)
{
	const struct pci_ids *ids = &function->pci->dev.ids;
	char text[32];

	snprintf(text, sizeof(text), "%04x:%04x", ids->vendor, ids->device);
	set(cells, "ID", text);
	snprintf(text, sizeof(text), "%04x:%04x", ids->subvendor, ids->subdevice);
	set(cells, "SUBSYSTEM", ids->subvendor ? text : NULL);
	snprintf(text, sizeof(text), "%06x", ids->class & 0xffffffu);
	set(cells, "CLASS", text);
	set(cells, "TYPE", names_type(ids->class));
	set(cells, "NAME", function->kind->name);
	set(cells, "VENDOR", function->kind->vendor);
	set(cells, "MODEL", function->kind->model);
	set(cells, "MODULES", function->kind->modules);
	if (function->pci->has_boot_vga)
		set(cells, "BOOT_DISPLAY", function->pci->boot_display ? "1" : "0");
}

static void set_section(struct cells *cells, const struct inventory_function *function)
{
	if (!function->section)
		return;
	set(cells, "SECTION", function->section->name);
	set(cells, "WANTED", function->section->driver);
	set(cells, "RESULT", inventory_result_word(function->result));
	if (function->reason != REASON_NONE)
		set(cells, "REASON", reason_word(function->reason));
}

/* Adds a line for a function below the line @group, or with NULL at the top. */
static void add_line(struct table *table, struct table_line *group,
	const struct inventory_function *function, bool short_address)
{
	static const char *const colours[INVENTORY_RESULTS] = {
		[INVENTORY_BOUND] = "green",
		[INVENTORY_PENDING] = "yellow",
		[INVENTORY_LATER] = "yellow",
		[INVENTORY_REFUSED] = "red",
		[INVENTORY_FAILED] = "red",
	};
	struct cells cells = {.table = table, .line = table_add(table, group)};

	set_place(&cells, function, short_address);
	set_kind(&cells, function);
	set_uses(&cells, function);
	set_data(&cells, function);
	set_section(&cells, function);
	set_notes(&cells, function);
	if (colours[function->result])
		table_colour(table, cells.line, colours[function->result]);
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

/* All functions in the order of the list, for free(). */
static const struct inventory_function **sort_functions(const struct inventory *inventory)
{
	const struct inventory_function **sorted =
		or_no_memory(calloc(inventory->n, sizeof(*sorted)));

	for (size_t i = 0; i < inventory->n; i++)
		sorted[i] = &inventory->functions[i];
	qsort(sorted, inventory->n, sizeof(*sorted), compare_places);
	return sorted;
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

static void add_function(struct lister *lister, const struct inventory_function *function)
{
	add_group_line(lister, function->pci->group);
	add_line(lister->table, lister->group, function, lister->short_addresses);
	lister->n_listed++;
	lister->n_not_bound += function->section && function->result != INVENTORY_BOUND &&
		function->result != INVENTORY_DEMAND;
}

/* Groups are listed whole, as they can only be given to a guest whole. */
static void add_functions(struct lister *lister, const struct inventory *inventory)
{
	_cleanup_free_ const struct inventory_function **sorted =
		sort_functions(inventory);

	for (size_t i = 0, end; i < inventory->n; i = end) {
		bool chosen = false;

		for (end = i; end < inventory->n &&
			inventory_same_group(sorted[i], sorted[end]);
			end++)
			chosen |= is_chosen(lister->arguments, sorted[end]);
		for (; chosen && i < end; i++)
			add_function(lister, sorted[i]);
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
		strerror(-bus->error));
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
		printf("\nCannot read what the host uses: %s.\n", strerror(-error));
}

/* What is missing or not known, below the list. */
static void print_remarks(const struct lister *lister, const struct inventory *inventory,
	const struct nextboot *next)
{
	if (!lister->n_listed)
		puts("No such device was found; 'vfioboot list --all' shows all devices.");
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
		.short_addresses = !cli->json && is_in_one_domain(&cli->inventory)};

	if (select_columns(table, arguments->columns) != CLI_OK)
		return CLI_MISUSE;
	add_functions(&lister, &cli->inventory);
	table_print(table);
	if (!cli->json)
		print_remarks(&lister, &cli->inventory, cli->next);
	return CLI_OK;
}

static enum cli_exit run(struct cli *cli)
{
	if (cli_read_next(cli, NULL) != CLI_OK || cli_read_boot(cli) != CLI_OK ||
		cli_read_inventory(cli) != CLI_OK)
		return CLI_FAILED;
	if (facts_modules_are_damaged(&cli->facts))
		cli_warning("list",
			"the index of the running kernel's modules is damaged; 'sudo "
			"depmod' rebuilds it");
	if (!cli->inventory.n)
		return cli_error("list", "%s has no PCI devices", cli->dir);
	if (cli->next->config.n_errors)
		cli_warning("list",
			"the configuration has errors; 'vfioboot plan' names them");
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
