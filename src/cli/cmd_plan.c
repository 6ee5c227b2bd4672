/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot plan`: what the next boot will do, from the planner of the early program. */
#include "cli.h"

struct arguments {
	const char *cmdline;
};

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	{"cmdline", "TEXT", "try TEXT as the kernel command line", 0, CLI_STORE(cmdline)},
	CLI_OPTION_JSON,
	{0},
};

static const struct column columns[] = {
	{"SECTION", 0, NULL},
	{"ADDRESS", 0, NULL},
	{"PATH", COLUMN_EXTRA, NULL},
	{"ID", 0, NULL},
	{"DRIVER", COLUMN_EXTRA, NULL},
	{"DRIVER NOW", COLUMN_TEXT, NULL},
	{"ACTION", COLUMN_EXTRA, NULL},
	{"WANTED", COLUMN_EXTRA, NULL},
	{"REASON", COLUMN_EXTRA, NULL},
	{"FILE", COLUMN_EXTRA, NULL},
	{"LINE", COLUMN_EXTRA | COLUMN_NUMBER, NULL},
	{"AT THE NEXT BOOT", 0, NULL},
	{"NAME", COLUMN_TRUNC, NULL},
	{"REMARK", COLUMN_EXTRA, NULL},
	{0},
};

/* The cells about the function itself. */
static void set_function(struct table *table, struct table_line *line,
	const struct pcidev *dev, struct names *names)
{
	char address[PCI_ADDRESS_SIZE], path[PCI_PATH_SIZE] = "", id[sizeof("ffff:ffff")];
	struct function_name name;

	pci_address_format(dev->address, address);
	if (dev->path.depth)
		pci_path_format(&dev->path, path);
	snprintf(id, sizeof(id), "%04x:%04x", dev->ids.vendor, dev->ids.device);
	names_look_up(names, &dev->ids, &name);
	table_set(table, line, "ADDRESS", address);
	table_set(table, line, "PATH", path);
	table_set(table, line, "ID", id);
	table_set(table, line, "DRIVER", dev->driver);
	table_set(table, line, "DRIVER NOW", dev->driver[0] ? dev->driver : "none");
	table_set(table, line, "NAME", name.name);
}

/* The cells about what is asked for, and what will happen. */
static void set_verdict(struct table *table, struct table_line *line,
	const struct nextboot *next, const struct plan_entry *entry)
{
	const struct config *config = &next->config;
	const struct config_section *section = &config->sections[entry->section];
	enum nextboot_action action = nextboot_action(next, entry);
	bool refused = action == NEXTBOOT_REFUSE;
	bool reason = refused || (action == NEXTBOOT_DEMAND && entry->reason);
	char number[16] = "", remark[SECTIONS_REMARK_SIZE];

	if (section->place.line)
		snprintf(number, sizeof(number), "%u", section->place.line);
	table_set(table, line, "SECTION", section->name);
	table_set(table, line, "ACTION", nextboot_action_word(action));
	table_set(table, line, "WANTED", section->driver);
	table_set(table, line, "REASON", reason ? reason_word(entry->reason) : NULL);
	table_set(table, line, "FILE", config->files[section->place.file]);
	table_set(table, line, "LINE", number);
	table_set(table, line, "AT THE NEXT BOOT",
		refused                             ? "refused"
			: action == NEXTBOOT_DEMAND ? "left to the host"
			: nextboot_hindrance(next)  ? "not bound"
			: action == NEXTBOOT_LATER  ? "later"
			: strcmp(section->driver, CONFIG_DRIVER_NONE) == 0
			? "kept without a driver"
			: section->driver);
	sections_remark(next, entry, remark);
	table_set(table, line, "REMARK", remark);
	if (refused)
		table_colour(table, line, "red");
}

static void add_entries(struct table *table, const struct nextboot *next,
	const struct plan *plan, struct names *names)
{
	for (unsigned i = 0; i < plan->n_entries; i++) {
		const struct plan_entry *entry = &plan->entries[i];
		struct table_line *line = table_add(table, NULL);

		if (entry->function != PLAN_NO_FUNCTION)
			set_function(table, line,
				&next->machine.functions[entry->function], names);
		set_verdict(table, line, next, entry);
	}
}

static int print_table(const struct nextboot *next, bool json)
{
	_cleanup_(table_free) struct table *table = NULL;
	_cleanup_(names_close) struct names *names = NULL;
	int r = names_open(&names);

	if (r < 0)
		return r;
	table = table_new("plan", columns, json);
	add_entries(table, next, &next->plan, names);
	add_entries(table, next, &next->demand, names);
	table_print(table);
	return 0;
}

/* What is above the table. */
static void print_headline(
	const struct nextboot *next, const struct nextboot_counts *counts)
{
	if (!next->config.n_sections)
		puts(SECTIONS_NONE);
	else if (nextboot_hindrance(next))
		cli_print(
			"The next boot will bind nothing in the initramfs.  It starts '%s': "
			"%s.\n",
			next->entry->said->title, nextboot_hindrance(next));
	else if (!counts->bound)
		printf("The next boot will bind nothing%s.\n",
			counts->later ? " before udev" : "");
	else
		printf("The next boot will bind %u function%s%s.\n", counts->bound,
			cli_plural(counts->bound),
			counts->refused_sections || counts->later ? ""
								  : ", as configured");
	if (counts->later)
		printf("%u function%s bound later, at the earliest: see below.\n",
			counts->later, counts->later == 1 ? " is" : "s are");
	if (counts->refused_sections)
		printf("%u section%s refused, for the reason below.\n",
			counts->refused_sections,
			counts->refused_sections == 1 ? " is" : "s are");
}

static int print_text(const struct cli *cli)
{
	const struct nextboot *next = cli->next;
	struct nextboot_counts counts = nextboot_count(next);
	int r = 0;

	print_headline(next, &counts);
	sections_print_start(cli);
	if (next->plan.n_entries + next->demand.n_entries) {
		putchar('\n');
		r = print_table(next, false);
	}
	if (r < 0)
		return r;
	if (counts.refused_sections + counts.inactive_sections + counts.later)
		putchar('\n');
	sections_print_refused(next);
	sections_print_later(next);
	sections_print_inactive(next);
	if (!next->plan.n_entries)
		return 0;
	if (!next->protect_traced)
		printf("\nWhich devices this machine runs on is unknown; the protect "
		       "list in its files was used.\n");
	printf("\nRun 'sudo vfioboot apply' to put this configuration into the "
	       "initramfs images.\n");
	return 0;
}

static enum cli_exit run(struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	enum cli_exit status = cli_read_next(cli, arguments->cmdline);
	const struct nextboot *next = cli->next;
	int r;

	if (status != CLI_OK)
		return status;
	if (next->machine_error < 0)
		status = cli_error("plan",
			"cannot read the PCI functions of %s: %s; is sysfs mounted there?",
			cli->dir, strerror(-next->machine_error));
	sections_say_errors("plan", &next->config);
	leftovers_warn("plan", &cli->facts, next);
	if (next->config.n_errors || nextboot_count(next).refused)
		status = CLI_FAILED;
	r = cli->json ? print_table(next, true) : print_text(cli);
	return r < 0 ? cli_error("plan", "%s", strerror(-r)) : status;
}

const struct cli_command cmd_plan = {
	.name = "plan",
	.operands = "",
	.summary = "show what the next boot will do",
	.details = "Nothing is changed.  The decisions are those of the program in the "
		   "initramfs: it\nuses the same code.",
	.options = options,
	.arguments = sizeof(struct arguments),
	.run = run,
};
