/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot plan`: what the next boot will do, from the planner of the early program. */
#include <ctype.h>

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

/* What the library has of an entry, as texts; the other columns are in add_entry(). */
static const struct {
	const char *column;
	const char *(*get)(const struct vfioboot_entry *entry);
} texts[] = {
	{"SECTION", vfioboot_entry_get_section},
	{"ADDRESS", vfioboot_entry_get_address},
	{"ID", vfioboot_entry_get_id},
	{"DRIVER", vfioboot_entry_get_driver},
	{"WANTED", vfioboot_entry_get_wanted},
	{"REASON", vfioboot_entry_get_reason},
	{"FILE", vfioboot_entry_get_file},
	{"AT THE NEXT BOOT", vfioboot_entry_get_summary},
	{"NAME", vfioboot_entry_get_name},
	{"REMARK", vfioboot_entry_get_remark},
};

static void add_settings(struct json_object *object, const struct vfioboot_entry *entry)
{
	struct json_object *list = json_add_array(object, "settings");

	for (unsigned i = 0; i < entry->n_settings; i++)
		function_step_add_json(list, &entry->settings[i].of);
}

static void add_entry(struct table *table, const struct vfioboot_entry *entry)
{
	enum vfioboot_action action = vfioboot_entry_get_action(entry);
	const char *path = vfioboot_entry_get_path(entry);
	const char *driver = vfioboot_entry_get_driver(entry);
	struct table_line *line = table_add(table, NULL);
	bool there = vfioboot_entry_get_address(entry);
	char number[16];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		table_set(table, line, texts[i].column, texts[i].get(entry));
	table_set(table, line, "PATH", path);
	table_set(table, line, "ACTION", vfioboot_action_word(action));
	snprintf(number, sizeof(number), "%u", vfioboot_entry_get_line(entry));
	if (vfioboot_entry_get_line(entry))
		table_set(table, line, "LINE", number);
	if (there)
		table_set(table, line, "DRIVER NOW", driver ? driver : "none");
	if (table_line_json(table, line))
		add_settings(table_line_json(table, line), entry);
	if (action == VFIOBOOT_ACTION_REFUSE)
		table_colour(table, line, "red");
}

/* What the settings would come to by what the kernel shows now. */
static void print_settings(const struct vfioboot_plan *plan)
{
	bool any = false;

	for (size_t i = 0; i < plan->n; i++) {
		const struct vfioboot_entry *entry = &plan->entries[i];

		if (entry->n_settings && !any)
			printf("\nSettings, as the running kernel would take them:\n");
		any |= entry->n_settings;
		for (unsigned j = 0; j < entry->n_settings; j++)
			function_step_print(&entry->settings[j].of, "  ");
	}
}

static int print_table(const struct cli *cli)
{
	_cleanup_(table_free) struct table *table = NULL;
	_cleanup_(plan_clear) struct vfioboot_plan plan = {0};
	int r = plan_describe(&cli->root, cli->machine->next, &plan);

	if (r < 0)
		return r;
	table = table_new("plan", columns, cli->json);
	for (size_t i = 0; i < plan.n; i++)
		add_entry(table, &plan.entries[i]);
	if (cli->json) {
		sections_add_others(table_json(table), &cli->machine->next->config);
		json_add_text(table_json(table), "iommu_unknown",
			nextboot_iommu_unknown(cli->machine->next));
	}
	table_print(table);
	if (!cli->json)
		print_settings(&plan);
	return 0;
}

/* What is above the table.  @when: what it depends on, NULL: nothing is bound. */
static void print_headline(
	const struct cli *cli, const struct nextboot_counts *counts, const char *when)
{
	const struct nextboot *next = cli->machine->next;
	char nothing[1024];

	if (!next->config.n_sections) {
		chain_text_nothing(&next->config, &cli->machine->chain, false, nothing,
			sizeof(nothing));
		cli_print("%s\n", nothing);
	} else if (!when && next->plan.n_entries) {
		cli_print(
			"The next boot will bind nothing in the initramfs. It starts '%s': "
			"%s.\n",
			next->entry->said->title, chain_text_hindrance(next));
	} else if (!counts->bound) {
		printf("The next boot will bind nothing%s.\n",
			counts->later ? " before udev starts" : "");
	} else {
		printf("The next boot will bind %u function%s%s%s.\n", counts->bound,
			cli_plural(counts->bound),
			counts->refused_sections || counts->later ? ""
								  : ", as configured",
			when ? when : "");
	}
	if (counts->later)
		printf("%u function%s bound later, after udev has started: see below.\n",
			counts->later, counts->later == 1 ? " is" : "s are");
	if (counts->refused_sections)
		printf("%u section%s refused, for the reason%s below.\n",
			counts->refused_sections,
			counts->refused_sections == 1 ? " is" : "s are",
			cli_plural(counts->refused_sections));
}

/* What there is to do for it; nothing where all is bound as the next boot will. */
static void print_remedy(const struct cli *cli)
{
	const struct chain *chain = &cli->machine->chain;
	const struct chain_entry *entry;
	enum image_state state = chain_ready(chain, &entry);
	char remedy[MESSAGE_LINE_SIZE];

	if (entry && state == IMAGE_FRESH) {
		cli_print("\nThe default entry '%s' starts an image that has this "
			  "configuration.\n",
			entry->said->title);
		return;
	}
	/* What keeps the entry from it has been printed above. */
	if (entry && entry->image != CHAIN_NO_IMAGE &&
		chain->images[entry->image].state == IMAGE_FRESH)
		return;
	chain_text_remedy(chain, false, remedy);
	*remedy = (char)toupper((unsigned char)*remedy);
	cli_print("\n%s to put this configuration into the initramfs images.\n", remedy);
}

static int print_text(const struct cli *cli)
{
	const struct nextboot *next = cli->machine->next;
	struct nextboot_counts counts = nextboot_count(next);
	const struct arguments *arguments = cli->arguments;
	/* What is tried is of no entry. */
	int r = arguments->cmdline ? 0 : machine_follow(cli->machine);
	/* Parameters that are not known are told below. */
	bool plain = arguments->cmdline || r < 0 || next->unknown.code;

	if (r < 0)
		cli_warning(
			"plan", "cannot read the initramfs images: %s", errno_text(r));
	r = 0;
	print_headline(cli, &counts,
		plain ? "" : chain_text_condition(next, &cli->machine->chain));
	sections_print_start(cli);
	if (next->plan.n_entries + next->demand.n_entries) {
		putchar('\n');
		r = print_table(cli);
	}
	if (r < 0)
		return r;
	if (counts.refused_sections + counts.inactive_sections + counts.later +
		next->config.n_others)
		putchar('\n');
	sections_print_refused(next);
	sections_print_later(next);
	sections_print_inactive(next);
	sections_print_others(&next->config);
	if (!next->plan.n_entries)
		return 0;
	if (!next->protect_traced)
		printf("\nWhich devices this machine runs on is unknown; the protect "
		       "list in its files was used.\n");
	print_remedy(cli);
	return 0;
}

static enum cli_exit run(struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	enum cli_exit status = cli_read_next(cli, arguments->cmdline);
	const struct nextboot *next = cli->machine->next;
	int r;

	if (status != CLI_OK)
		return status;
	if (next->machine_error < 0)
		status = cli_error("plan",
			"cannot read the PCI functions of %s: %s; is sysfs mounted there?",
			cli->dir, errno_text(next->machine_error));
	sections_say_errors("plan", &next->config);
	for (unsigned i = 0; arguments->cmdline && i < next->config.n_profiles; i++)
		sections_warn_profile("plan", &next->config, next->config.profiles[i]);
	leftovers_warn("plan", &cli->machine->facts, next);
	if (next->config.n_errors || nextboot_count(next).refused)
		status = CLI_FAILED;
	r = cli->json ? print_table(cli) : print_text(cli);
	return r < 0 ? cli_error("plan", "%s", errno_text(r)) : status;
}

const struct cli_command cmd_plan = {
	.name = "plan",
	.operands = "",
	.summary = "show what the next boot will do",
	.details = "Nothing is changed. The decisions are those of the program in the "
		   "initramfs: it\nuses the same code.",
	.options = options,
	.arguments = sizeof(struct arguments),
	.run = run,
};
