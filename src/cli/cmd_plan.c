/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot plan`: what the next boot will do, from the planner of the early program. */
#include <errno.h>
#include <stdio.h>

#include "base/base.h"
#include "cli.h"
#include "cli/ui/table.h"
#include "facts/facts.h"
#include "outlook/outlook.h"
#include "sections.h"

struct arguments {
	const char *root, *cmdline;
	bool json;
};

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	{"cmdline", "TEXT", "try TEXT as the kernel command line", 0, CLI_STORE(cmdline)},
	CLI_OPTION_JSON,
	{0},
};

enum { SECTION, ADDRESS, PATH, ID, DRIVER, ACTION, WANTED, REASON, FILE_NAME, LINE };

#define NAME WANTED /* in what people see */

/* In JSON.  What people see of it has other words, and "now" before "will be". */
static const struct column json_columns[] = {
	[SECTION] = {"SECTION", COLUMN_DEFAULT, NULL},
	[ADDRESS] = {"ADDRESS", COLUMN_DEFAULT, NULL},
	[PATH] = {"PATH", COLUMN_DEFAULT, NULL},
	[ID] = {"ID", COLUMN_DEFAULT, NULL},
	[DRIVER] = {"DRIVER", COLUMN_DEFAULT, NULL},
	[ACTION] = {"ACTION", COLUMN_DEFAULT, NULL},
	[WANTED] = {"WANTED", COLUMN_DEFAULT, NULL},
	[REASON] = {"REASON", COLUMN_DEFAULT, NULL},
	[FILE_NAME] = {"FILE", COLUMN_DEFAULT, NULL},
	[LINE] = {"LINE", COLUMN_DEFAULT | COLUMN_NUMBER, NULL},
};

static const struct column text_columns[] = {
	[SECTION] = {"SECTION", COLUMN_DEFAULT, NULL},
	[ADDRESS] = {"ADDRESS", COLUMN_DEFAULT, NULL},
	[PATH] = {"PATH", 0, NULL},
	[ID] = {"ID", COLUMN_DEFAULT, NULL},
	[DRIVER] = {"DRIVER NOW", COLUMN_DEFAULT, NULL},
	[ACTION] = {"AT THE NEXT BOOT", COLUMN_DEFAULT, NULL},
	[NAME] = {"NAME", COLUMN_DEFAULT | COLUMN_TRUNC, NULL},
};

/* The cells that tell of the function itself; all empty without one. */
static int set_function(
	struct table *table, struct table_line *line, const struct pcidev *dev, bool json)
{
	char address[PCI_ADDRESS_SIZE], path[PCI_PATH_SIZE], id[sizeof("ffff:ffff")];
	int r;

	pci_address_format(dev->address, address);
	snprintf(id, sizeof(id), "%04x:%04x", dev->ids.vendor, dev->ids.device);
	r = table_set(table, line, ADDRESS, address);
	if (r == 0)
		r = table_set(table, line, ID, id);
	if (r == 0 && (dev->driver[0] || !json))
		r = table_set(table, line, DRIVER, dev->driver[0] ? dev->driver : "none");
	if (r == 0 && dev->path.depth) {
		pci_path_format(&dev->path, path);
		r = table_set(table, line, PATH, path);
	}
	return r;
}

static int set_json_cells(struct table *table, struct table_line *line,
	const struct config *config, const struct plan_entry *entry)
{
	const struct config_section *section = &config->sections[entry->section];
	bool bind = entry->reason == REASON_NONE;
	char number[8];
	int r;

	snprintf(number, sizeof(number), "%u", section->place.line);
	r = table_set(table, line, ACTION, bind ? "bind" : "refuse");
	if (r == 0)
		r = table_set(table, line, WANTED, section->driver);
	if (r == 0 && !bind)
		r = table_set(table, line, REASON, reason_word(entry->reason));
	if (r == 0)
		r = table_set(table, line, FILE_NAME, config->files[section->place.file]);
	if (r == 0 && section->place.line)
		r = table_set(table, line, LINE, number);
	return r;
}

static int set_text_cells(struct table *table, struct table_line *line,
	const struct nextboot *next, const struct plan_entry *entry, struct names *names)
{
	const struct config_section *section = &next->config.sections[entry->section];
	bool none = strcmp(section->driver, CONFIG_DRIVER_NONE) == 0;
	struct function_name name;
	int r = 0;

	if (entry->function != PLAN_NO_FUNCTION) {
		names_look_up(
			names, &next->machine.functions[entry->function].ids, &name);
		r = table_set(table, line, NAME, name.name);
	}
	if (r < 0)
		return r;
	if (entry->reason != REASON_NONE) {
		table_colour(table, line, "red");
		return table_set(table, line, ACTION, "refused");
	}
	return table_set(
		table, line, ACTION, none ? "kept without a driver" : section->driver);
}

/* With @names NULL it is JSON. */
static int add_entry(struct table *table, const struct nextboot *next,
	const struct plan_entry *entry, struct names *names)
{
	const struct config_section *section = &next->config.sections[entry->section];
	struct table_line *line = table_add(table, NULL);
	int r = 0;

	if (!line)
		return -ENOMEM;
	if (entry->function != PLAN_NO_FUNCTION)
		r = set_function(
			table, line, &next->machine.functions[entry->function], !names);
	if (r == 0)
		r = table_set(table, line, SECTION, section->name);
	if (r < 0)
		return r;
	return names ? set_text_cells(table, line, next, entry, names)
		     : set_json_cells(table, line, &next->config, entry);
}

static int print_table(const struct nextboot *next, bool json)
{
	_cleanup_(table_free) struct table *table = NULL;
	_cleanup_(names_close) struct names *names = NULL;
	int r;

	if (!json && (r = names_open(&names)) < 0)
		return r;
	if (json)
		r = table_new(
			"plan", json_columns, ARRAY_SIZE(json_columns), true, &table);
	else
		r = table_new(
			"plan", text_columns, ARRAY_SIZE(text_columns), false, &table);
	for (unsigned i = 0; r == 0 && i < next->plan.n_entries; i++)
		r = add_entry(table, next, &next->plan.entries[i], names);
	return r < 0 ? r : table_print(table);
}

/* What is above the table. */
static void print_headline(
	const struct nextboot *next, const struct nextboot_counts *counts)
{
	if (!next->config.n_sections)
		printf("Nothing is configured: every device keeps its own driver.\n"
		       "'vfioboot list' shows the devices; 'vfioboot add DEVICE' gives "
		       "one to vfio-pci at boot.\n");
	else if (!counts->bound)
		printf("The next boot gives nothing away.\n");
	else
		printf("The next boot gives away %u function%s%s.\n", counts->bound,
			counts->bound == 1 ? "" : "s",
			counts->refused_sections ? "" : ", as configured");
	if (counts->refused_sections)
		printf("Refused: %u section%s, for the reason below.\n",
			counts->refused_sections,
			counts->refused_sections == 1 ? "" : "s");
}

static int print_text(const struct nextboot *next)
{
	struct nextboot_counts counts = nextboot_count(next);
	int r = 0;

	print_headline(next, &counts);
	if (next->plan.n_entries) {
		putchar('\n');
		r = print_table(next, false);
	}
	if (r < 0)
		return r;
	if (counts.refused_sections + counts.inactive_sections)
		putchar('\n');
	sections_print_refused(next);
	sections_print_inactive(&next->config);
	if (!next->plan.n_entries)
		return 0;
	if (!next->protect_traced)
		printf("\nWhat this machine runs on could not be traced; the protect "
		       "list in its files counted.\n");
	printf("\nThis counts once the initramfs images have this configuration: "
	       "'vfioboot apply' sees to it.\n");
	return 0;
}

static enum cli_exit run(int argc, char **argv)
{
	_cleanup_(sysfs_root_close) struct sysfs_root root = {.fd = -1};
	_cleanup_(nextboot_free) struct nextboot *next = NULL;
	struct arguments arguments = {.root = "/"};
	enum cli_exit status = CLI_OK;
	int r;

	if (cli_parse(&cmd_plan, argc, argv, &arguments) != CLI_OK)
		return CLI_MISUSE;
	if (cli_open_root("plan", arguments.root, &root) != CLI_OK)
		return CLI_FAILED;
	r = nextboot_read(&root, arguments.cmdline, &next);
	if (r < 0)
		return cli_error("plan", "%s", strerror(-r));
	if (next->machine_error < 0)
		status = cli_error("plan",
			"cannot read the PCI functions of %s: %s; is sysfs mounted there?",
			arguments.root, strerror(-next->machine_error));
	sections_say_errors("plan", &next->config);
	if (next->config.n_errors || nextboot_count(next).refused)
		status = CLI_FAILED;
	r = arguments.json ? print_table(next, true) : print_text(next);
	return r < 0 ? cli_error("plan", "%s", strerror(-r)) : status;
}

const struct cli_command cmd_plan = {
	.name = "plan",
	.operands = "",
	.summary = "show what the next boot will do",
	.details = "Nothing is changed.  The planner is that of the early program in the "
		   "initramfs,\nso what it says here is what it will do there.",
	.options = options,
	.run = run,
};
