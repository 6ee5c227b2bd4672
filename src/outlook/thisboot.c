/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts the records of all runs, the live drivers and the next boot's plan together. */
#include "thisboot.h"

#include "base/base.h"

struct collector {
	const struct nextboot *next;
	struct thisboot *state;
};

static const char *section_name(
	const struct nextboot *next, const struct plan_entry *entry)
{
	return next->config.sections[entry->section].name;
}

static void format_entry_address(const struct nextboot *next,
	const struct plan_entry *entry, char ret[static PCI_ADDRESS_SIZE])
{
	ret[0] = '\0';
	if (entry->function != PLAN_NO_FUNCTION)
		pci_address_format(next->machine.functions[entry->function].address, ret);
}

/* The entry of the present plan for a function of a record, or NULL. */
static const struct plan_entry *find_entry(
	const struct nextboot *next, const struct record_function *recorded)
{
	struct pci_address address;
	bool somewhere =
		pci_address_parse(recorded->address, PCI_NAME_WHOLE, &address, NULL) == 0;

	for (unsigned i = 0; i < next->plan.n_entries; i++) {
		const struct plan_entry *entry = &next->plan.entries[i];

		if (strcmp(section_name(next, entry), recorded->section) != 0)
			continue;
		/* What was nowhere then may be somewhere now. */
		if (!somewhere ||
			(entry->function != PLAN_NO_FUNCTION &&
				pci_address_equal(address,
					next->machine.functions[entry->function]
						.address)))
			return entry;
	}
	return NULL;
}

/* Looks up what has the function now. */
static void look_up_now(const struct pcibus *bus, struct thisboot_function *function)
{
	const struct pcibus_function *found;
	const char *wanted = function->recorded.wanted;
	struct pci_address address;

	if (pci_address_parse(
		    function->recorded.address, PCI_NAME_WHOLE, &address, NULL) < 0)
		return;
	found = pcibus_find(bus, address);
	if (!found)
		return;
	function->present = true;
	function->ids = found->dev.ids;
	if (!found->dev.detailed)
		return;
	strcpy(function->driver_now, found->dev.driver);
	function->as_wanted = config_driver_is(wanted, function->driver_now);
}

static int add(struct collector *collector, struct thisboot_function *function)
{
	struct thisboot *state = collector->state;
	const struct config_section *inactive = NULL;
	struct thisboot_function *added;

	look_up_now(collector->next->bus, function);
	if (function->next) {
		function->action = nextboot_action(collector->next, function->next);
		function->refusal = nextboot_reason_text(collector->next, function->next);
	} else
		inactive = nextboot_inactive(collector->next, function->recorded.section);
	/* What was bound at this boot, and is of demand since, may be with the host. */
	if (inactive && inactive->demand && !function->as_wanted)
		return 0;
	function->inactive = inactive;
	added = LIST_ADD(state->functions, state->n);
	if (!added)
		return -ENOMEM;
	state->n_not_as_wanted += !function->as_wanted;
	*added = *function;
	return 0;
}

static bool has_section(const struct record *record, const char *section)
{
	for (size_t i = 0; i < record->n_functions; i++)
		if (strcmp(record->functions[i].section, section) == 0)
			return true;
	return false;
}

/* The line of a record for the function, or NULL. */
static const struct record_function *find_recorded(
	const struct record *record, const char *section, const char *address)
{
	for (size_t i = 0; i < record->n_functions; i++)
		if (strcmp(record->functions[i].section, section) == 0 &&
			strcmp(record->functions[i].address, address) == 0)
			return &record->functions[i];
	return NULL;
}

/* A later run finds what an earlier one bound as it is, and says "bound" as well. */
static enum boot_stage stage_of(const struct thisboot *state, enum boot_stage stage,
	const struct record_function *recorded)
{
	if (recorded->result != RESULT_BOUND ||
		(stage == BOOT_LATE &&
			!config_driver_is(recorded->wanted, recorded->before)))
		return stage;
	for (int i = BOOT_INITRAMFS; i < (int)stage; i++) {
		const struct record_function *first = find_recorded(
			&state->records[i], recorded->section, recorded->address);

		if (first && first->result == RESULT_BOUND)
			return (enum boot_stage)i;
	}
	return stage;
}

/* Whether a run after @stage recorded the section, too. */
static bool is_superseded(
	const struct thisboot *state, enum boot_stage stage, const char *section)
{
	for (int i = (int)stage + 1; i < BOOT_STAGES; i++)
		if (has_section(&state->records[i], section))
			return true;
	return false;
}

/* Adds what the run @stage recorded, but for sections that a later run recorded, too. */
static int add_record(struct collector *collector, enum boot_stage stage)
{
	const struct thisboot *state = collector->state;
	const struct record *record = &state->records[stage];
	int r = 0;

	for (size_t i = 0; r == 0 && i < record->n_functions; i++) {
		struct thisboot_function function = {
			.recorded = record->functions[i], .in_record = true};

		if (is_superseded(state, stage, function.recorded.section))
			continue;
		function.stage = stage_of(state, stage, &function.recorded);
		function.next = find_entry(collector->next, &function.recorded);
		r = add(collector, &function);
	}
	return r;
}

/* The step of an earlier run that made the setting what @step found; else @step. */
static const struct record_step *find_setter(const struct thisboot *state,
	enum boot_stage stage, const struct record_step *step)
{
	for (int i = BOOT_INITRAMFS; step->result == STEP_SAME && i < (int)stage; i++)
		for (size_t j = 0; j < state->records[i].n_steps; j++) {
			const struct record_step *first = &state->records[i].steps[j];

			if (first->result == STEP_SET &&
				strcmp(first->section, step->section) == 0 &&
				strcmp(first->address, step->address) == 0 &&
				strcmp(first->key, step->key) == 0 &&
				strcmp(first->wanted, step->wanted) == 0)
				return first;
		}
	return step;
}

/* Adds the settings that the run @stage recorded, as add_record() does functions. */
static int add_steps(struct thisboot *state, enum boot_stage stage)
{
	const struct record *record = &state->records[stage];

	for (size_t i = 0; i < record->n_steps; i++) {
		const struct record_step *step = &record->steps[i];
		const struct record_step **added;

		if (is_superseded(state, stage, step->section))
			continue;
		added = LIST_ADD(state->steps, state->n_steps);
		if (!added)
			return -ENOMEM;
		*added = find_setter(state, stage, step);
	}
	return 0;
}

/* Whether a record has the function, or a line for the whole section. */
static bool is_recorded(
	const struct thisboot *state, const char *section, const char *address)
{
	for (int i = 0; i < BOOT_STAGES; i++) {
		const struct record *record = &state->records[i];

		if (find_recorded(record, section, address) ||
			find_recorded(record, section, "") ||
			(!address[0] && has_section(record, section)))
			return true;
	}
	return false;
}

/* Adds what is configured and in no record. */
static int add_since(struct collector *collector)
{
	const struct nextboot *next = collector->next;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < next->plan.n_entries; i++) {
		const struct plan_entry *entry = &next->plan.entries[i];
		const struct config_section *section =
			&next->config.sections[entry->section];
		struct thisboot_function function = {.next = entry};
		struct record_function *recorded = &function.recorded;

		format_entry_address(next, entry, recorded->address);
		if (is_recorded(collector->state, section->name, recorded->address))
			continue;
		strcpy(recorded->section, section->name);
		strcpy(recorded->wanted, section->driver);
		if (entry->function != PLAN_NO_FUNCTION) {
			const struct pcidev *dev =
				&next->machine.functions[entry->function];

			snprintf(recorded->id, sizeof(recorded->id), "%04x:%04x",
				dev->ids.vendor, dev->ids.device);
			if (dev->path.depth)
				pci_path_format(&dev->path, recorded->path);
		}
		r = add(collector, &function);
	}
	return r;
}

static enum thisboot_config compare_config(
	const struct thisboot *state, const struct nextboot *next)
{
	const struct record *record = &state->records[BOOT_INITRAMFS];

	if (state->problems[BOOT_INITRAMFS] || !record->has_digest)
		return THISBOOT_CONFIG_UNKNOWN;
	return record->digest == next->config.digest ? THISBOOT_CONFIG_TODAYS
						     : THISBOOT_CONFIG_OTHER;
}

int thisboot_read(
	const struct root *root, const struct nextboot *next, struct thisboot *ret)
{
	struct collector collector = {next, ret};
	int r = 0;

	*ret = (struct thisboot){0};
	for (int i = 0; i < BOOT_STAGES; i++) {
		ret->problems[i] =
			record_read(root, (enum boot_stage)i, &ret->records[i]);
		if (ret->problems[i] == 0 && i != BOOT_LATE)
			ret->last = &ret->records[i];
	}
	ret->image_config = compare_config(ret, next);
	for (int i = BOOT_STAGES; r == 0 && i-- > 0;) {
		r = add_record(&collector, (enum boot_stage)i);
		if (r == 0)
			r = add_steps(ret, (enum boot_stage)i);
	}
	if (r == 0)
		r = add_since(&collector);
	if (r < 0)
		thisboot_free(ret);
	return r;
}

void thisboot_free(struct thisboot *state)
{
	for (int i = 0; i < BOOT_STAGES; i++)
		record_free(&state->records[i]);
	free(state->functions);
	free(state->steps);
	*state = (struct thisboot){0};
}

bool thisboot_is_step_of(
	const struct record_step *step, const struct thisboot_function *function)
{
	return strcmp(step->section, function->recorded.section) == 0 &&
		strcmp(step->address, function->recorded.address) == 0;
}

const struct thisboot_function *thisboot_find(
	const struct thisboot *state, struct pci_address address)
{
	char text[PCI_ADDRESS_SIZE];

	pci_address_format(address, text);
	for (size_t i = 0; i < state->n; i++)
		if (strcmp(state->functions[i].recorded.address, text) == 0)
			return &state->functions[i];
	return NULL;
}
