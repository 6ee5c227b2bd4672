/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sentences about sections, the same in every command. */
#include "sections.h"

#include <stdio.h>
#include <string.h>

#include "cli.h"

const char *sections_inactive_word(const struct config *config)
{
	return config->off ? "off" : "profile";
}

const char *sections_full_stop(const char *sentence)
{
	size_t len = strlen(sentence);

	return len && strchr("?!.", sentence[len - 1]) ? "" : ".";
}

void sections_say_errors(const char *command, const struct config *config)
{
	for (unsigned i = 0; i < config->n_errors && i < CONFIG_ERRORS_MAX; i++) {
		char place[CONFIG_PLACE_SIZE];

		config_place_text(config, config->errors[i].place, place);
		cli_error(command, "%s: %s", place, config->errors[i].message);
	}
	if (config->n_errors > CONFIG_ERRORS_MAX)
		cli_error(command, "and %u more errors in the configuration",
			config->n_errors - CONFIG_ERRORS_MAX);
}

void sections_print_inactive(const struct config *config)
{
	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];
		char place[CONFIG_PLACE_SIZE];

		if (config_section_active(config, section))
			continue;
		config_place_text(config, section->place, place);
		printf("%s (%s): left alone: ", section->name, place);
		if (config->off)
			printf("vfioboot.off is on the kernel command line.\n");
		else if (section->profile[0])
			printf("its profile '%s' is not selected; it counts with "
			       "vfioboot.profile=%s on the kernel command line.\n",
				section->profile, section->profile);
		else
			printf("'when = selected' is set, and the kernel command line "
			       "names no profile.\n");
	}
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
			printf("  %s carries: %s\n", address,
				entry->why[0] ? entry->why : "not told");
	}
}

static void print_refused(const struct nextboot *next, unsigned first, unsigned end)
{
	const struct plan_entry *entry = &next->plan.entries[first];
	const struct config_section *section = &next->config.sections[entry->section];
	char place[CONFIG_PLACE_SIZE];

	config_place_text(&next->config, section->place, place);
	printf("%s (%s): refused: %s%s\n", section->name, place,
		reason_text(entry->reason),
		sections_full_stop(reason_text(entry->reason)));
	if (entry->function == PLAN_NO_FUNCTION)
		return;
	if (entry->reason == REASON_PROTECTED)
		print_protected(next, first, end);
	else if (entry->reason == REASON_COUNT && section->expect)
		printf("  %u %s there, and 'expect = %u' says otherwise\n", end - first,
			end - first == 1 ? "function is" : "functions are",
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
		if (plan->entries[i].reason != REASON_NONE)
			print_refused(next, i, end);
	}
}
