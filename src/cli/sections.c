/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints what several commands say of sections, in the words of library/sections.h. */
#include "cli.h"

#define NONE(where)                                                                      \
	"Nothing is configured" where ": every device keeps its native driver.\n"        \
	"'vfioboot list' shows the devices; 'sudo vfioboot add DEVICE' chooses one for " \
	"vfio-pci."

const char *sections_none(const struct config *config)
{
	if (config->n_errors)
		return "No device could be read from the configuration, which has errors.\n"
		       "'vfioboot check' says what to do about each.";
	return config->n_others ? NONE(" for this machine") : NONE("");
}

/* The parameters of vfioboot on a command line, with blanks between, for free(). */
static char *own_parameters(const char *cmdline)
{
	char *own = or_no_memory(calloc(1, strlen(cmdline) + 2)), *end = own;
	const char *word;
	size_t len;

	while ((len = cmdline_next_word(&cmdline, &word)))
		if (text_begins_with(word, "vfioboot."))
			end += sprintf(
				end, "%s%.*s", end == own ? "" : " ", (int)len, word);
	return own;
}

static void print_entry(const struct cli *cli)
{
	const struct chain_entry *entry = cli->machine->next->entry;
	const char *now = cli->machine->facts.cmdline ? cli->machine->facts.cmdline : "";
	_cleanup_free_ char *booted = own_parameters(now),
			    *own = own_parameters(entry->said->options);
	const char *title = entry->said->title;

	if (strcmp(booted, own) != 0)
		cli_print(
			"The next boot starts '%s' with %s%s; this boot was started with "
			"%s%s.\n",
			title, *own ? "" : "no parameter of vfioboot", own,
			*booted ? "" : "no parameter of vfioboot", booted);
	if (cli->machine->next->iommu.groups == NEXT_GROUPS_ALL)
		cli_print(
			"No device has an IOMMU group now. The next boot starts '%s', "
			"whose command line enables the IOMMU: each is taken to have one "
			"then.\n",
			title);
}

/* Whether the remedy makes known what is not, as against what starts. */
static bool is_of_reader(const struct message *unknown)
{
	return unknown->code == -EACCES || unknown->code == -ENODEV;
}

void sections_print_start(const struct cli *cli)
{
	const struct nextboot *next = cli->machine->next;
	const char *iommu_unknown = nextboot_iommu_unknown(next);

	if (!next->config.n_sections)
		return;
	if (iommu_unknown && next->plan.n_entries)
		cli_print("Whether functions have an IOMMU group at the next boot is not "
			  "known: %s.\n",
			iommu_unknown);
	if (next->entry)
		print_entry(cli);
	else if (next->unknown.code)
		cli_print(
			"This is planned with the kernel parameters of this boot; whether the "
			"next one has them is not known: %s%s%s.\n",
			next->unknown.text, is_of_reader(&next->unknown) ? "; " : "",
			is_of_reader(&next->unknown) ? next->unknown.remedy : "");
}

void sections_say_errors(const char *command, const struct config *config)
{
	for (unsigned i = 0; i < config->n_errors && i < CONFIG_ERRORS_MAX; i++) {
		char place[CONFIG_PLACE_SIZE];

		config_place_text(config, config->errors[i].place, place);
		cli_error(command, "%s: %s", place, config->errors[i].message);
	}
	if (config->n_errors > CONFIG_ERRORS_MAX)
		cli_error(command, "%u more error%s in the configuration",
			config->n_errors - CONFIG_ERRORS_MAX,
			cli_plural(config->n_errors - CONFIG_ERRORS_MAX));
}

void sections_warn_profile(
	const char *command, const struct config *config, const char *profile)
{
	bool known = false;

	for (unsigned i = 0; i < config->n_sections; i++) {
		const char *own = config->sections[i].profile;

		if (config->sections[i].demand)
			continue;
		known |= *own ? strcmp(own, profile) == 0 : config->when_selected;
	}
	if (!known)
		cli_warning(command, "no section has the profile '%s'", profile);
}

void sections_print_inactive(const struct nextboot *next)
{
	const struct config *config = &next->config;

	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];
		char place[CONFIG_PLACE_SIZE], text[SECTIONS_TEXT_SIZE];

		if (config_section_active(config, section))
			continue;
		config_place_text(config, section->place, place);
		sections_inactive_text(next, section, text);
		cli_print("%s (%s): %s%s%s\n", section->name, place,
			section->demand ? "" : "inactive: ", text, full_stop(text));
	}
}

char *sections_this_machine(const struct config *config)
{
	struct text_stream stream;
	const char *line = config->dmi.text;
	char *text;

	or_no_memory(text_stream_open(&stream) ? stream.out : NULL);
	for (; *line; line = text_next_line(line))
		fprintf(stream.out, "%s'%.*s'", line == config->dmi.text ? "" : ", ",
			(int)strcspn(line, "\n"), line);
	if (!config->dmi.text[0])
		fputs("one whose firmware names neither vendor nor model", stream.out);
	if (config->dmi.hidden)
		fputs(", and a UUID that only root can read", stream.out);
	text = text_stream_take(&stream);
	return or_no_memory(text);
}

static void other_text(const struct config *config, const struct config_other *other,
	char ret[static SECTIONS_TEXT_SIZE])
{
	char place[CONFIG_PLACE_SIZE];

	config_place_text(config, other->place, place);
	snprintf(ret, SECTIONS_TEXT_SIZE, "%s (%s): of another machine: %s", other->name,
		place, other->machine);
}

static unsigned known_others(const struct config *config)
{
	return config->n_others < CONFIG_SECTIONS_MAX ? config->n_others
						      : CONFIG_SECTIONS_MAX;
}

void sections_print_others(const struct config *config)
{
	_cleanup_free_ char *machine = NULL;
	char text[SECTIONS_TEXT_SIZE];

	if (!config->n_others)
		return;
	for (unsigned i = 0; i < known_others(config); i++) {
		other_text(config, &config->others[i], text);
		cli_print("%s%s\n", text, full_stop(text));
	}
	machine = sections_this_machine(config);
	cli_print("This machine is %s.\n", machine);
}

void sections_count_others(const struct config *config)
{
	if (config->n_others)
		printf("\n%u section%s of the configuration %s of another machine; see "
		       "'vfioboot plan'.\n",
			config->n_others, cli_plural(config->n_others),
			config->n_others == 1 ? "is" : "are");
}

void sections_add_others(struct json_object *top, const struct config *config)
{
	struct json_object *list = json_add_array(top, "other_machines");

	for (unsigned i = 0; i < known_others(config); i++) {
		const struct config_other *other = &config->others[i];
		struct json_object *object = json_add_object(list, NULL);

		json_add_text(object, "section", other->name);
		json_add_text(object, "file", config->files[other->place.file]);
		json_add_number(object, "line", other->place.line);
		json_add_text(object, "machine", other->machine);
	}
}

bool sections_is_other(
	const char *command, const struct config *config, const char *operand)
{
	for (unsigned i = 0; i < known_others(config); i++) {
		_cleanup_free_ char *machine = NULL;
		char text[SECTIONS_TEXT_SIZE];

		if (strcmp(config->others[i].name, operand) != 0)
			continue;
		machine = sections_this_machine(config);
		other_text(config, &config->others[i], text);
		cli_error(command, "%s; this one is %s", text, machine);
		return true;
	}
	return false;
}

/* What the functions of a refused section carry. */
static void print_protected(const struct nextboot *next, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++) {
		const struct pcidev *dev =
			&next->machine.functions[next->plan.entries[i].function];
		const struct protect_entry *entry = nextboot_protected(next, dev);
		char address[PCI_ADDRESS_SIZE];

		pci_address_format(dev->address, address);
		if (entry)
			cli_print("  %s carries: %s\n", address,
				entry->why[0] ? entry->why : "unknown");
	}
}

static void print_refused(const struct nextboot *next, unsigned first, unsigned end)
{
	const struct plan_entry *entry = &next->plan.entries[first];
	const struct config_section *section = &next->config.sections[entry->section];
	char place[CONFIG_PLACE_SIZE];

	config_place_text(&next->config, section->place, place);
	cli_print("%s (%s): refused: %s%s\n", section->name, place,
		nextboot_reason_text(next, entry),
		full_stop(nextboot_reason_text(next, entry)));
	if (entry->function == PLAN_NO_FUNCTION)
		return;
	if (entry->reason == REASON_PROTECTED)
		print_protected(next, first, end);
	else if (entry->reason == REASON_COUNT && section->expect)
		printf("  %u function%s found, but the section has 'expect = %u'\n",
			end - first, end - first == 1 ? " was" : "s were",
			section->expect);
}

void sections_print_refused(const struct nextboot *next)
{
	const struct plan *plan = &next->plan;

	for (unsigned i = 0, end; i < plan->n_entries; i = end) {
		for (end = i + 1; end < plan->n_entries &&
			plan->entries[end].section == plan->entries[i].section;
			end++)
			;
		if (plan_refuses(&plan->entries[i]))
			print_refused(next, i, end);
	}
}

void sections_print_later(const struct nextboot *next)
{
	int last = -1;

	for (unsigned i = 0; i < next->plan.n_entries; i++) {
		const struct plan_entry *entry = &next->plan.entries[i];
		const struct config_section *section =
			&next->config.sections[entry->section];
		const struct pcibus_function *function = nextboot_later(next, entry);
		char address[PCI_ADDRESS_SIZE] = "", text[SECTIONS_TEXT_SIZE];
		char place[CONFIG_PLACE_SIZE];

		if (entry->section == last ||
			nextboot_action(next, entry) != NEXTBOOT_LATER)
			continue;
		last = entry->section;
		if (function)
			pci_address_format(function->dev.address, address);
		sections_later_text(function, text);
		config_place_text(&next->config, section->place, place);
		cli_print("%s (%s): later: %s%s%s.\n  " SECTIONS_LATER_REMEDY ".\n",
			section->name, place, address, *address ? " " : "", text);
	}
}

void sections_say_given(const char *command, const struct root *root)
{
	_cleanup_(file_free_names) struct file_names sets = {0};
	struct handover_owner owner;
	char text[SECTIONS_TEXT_SIZE];

	handover_list(root, &sets);
	for (size_t i = 0; i < sets.n; i++) {
		if (handover_find_owner(root, sets.names[i], &owner, NULL) < 0 ||
			!*owner.guest)
			continue;
		sections_owner_text(&owner, sets.names[i], false, text);
		cli_warning(command, "%s %s", sets.names[i], text);
	}
}
