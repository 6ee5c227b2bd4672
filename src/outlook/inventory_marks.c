/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is configured for each function, and how far it got. */
#include "base/base.h"
#include "bind/bind.h"
#include "inventory.h"

static bool has_driver(const struct inventory_function *function, const char *wanted)
{
	const char *driver = function->pci->dev.driver;

	return strcmp(wanted, CONFIG_DRIVER_NONE) == 0 ? !*driver
						       : strcmp(driver, wanted) == 0;
}

static void mark_planned(const struct nextboot *next, const struct plan_entry *entry,
	struct inventory *inventory)
{
	const struct config_section *section = &next->config.sections[entry->section];
	struct inventory_function *function;

	if (entry->function == PLAN_NO_FUNCTION)
		return;
	function = inventory_find(
		inventory, next->machine.functions[entry->function].address);
	if (!function)
		return;
	function->section = section;
	function->reason = entry->reason;
	if (has_driver(function, section->driver))
		function->result = INVENTORY_BOUND;
	else if (entry->reason != REASON_NONE)
		function->result = INVENTORY_REFUSED;
	else
		function->result = INVENTORY_PENDING;
}

/*
 * What happened at this boot says more than what is planned, if it was with the
 * configuration of today.
 */
static void mark_recorded(
	const struct report_function *recorded, struct inventory *inventory)
{
	struct inventory_function *function;
	struct pci_address address;

	if (pci_address_parse(recorded->address, PCI_NAME_WHOLE, &address, NULL) < 0)
		return;
	function = inventory_find(inventory, address);
	if (!function || function->result != INVENTORY_PENDING ||
		strcmp(function->section->name, recorded->section) != 0)
		return;
	if (recorded->result == RESULT_REFUSED)
		function->result = INVENTORY_REFUSED;
	else if (recorded->result == RESULT_FAILED)
		function->result = INVENTORY_FAILED;
	else
		return;
	function->reason = recorded->reason;
}

void inventory_mark(const struct sysfs_root *root, const struct nextboot *next,
	struct inventory *inventory)
{
	for (unsigned i = 0; i < next->plan.n_entries; i++)
		mark_planned(next, &next->plan.entries[i], inventory);
	/* The later run looked at all functions again: it has the last word. */
	for (int stage = BOOT_STAGES - 1; stage >= 0; stage--) {
		_cleanup_(bootrecord_free) struct bootrecord record = {0};

		if (bootrecord_read(root, (enum boot_stage)stage, &record) < 0 ||
			!record.has_digest || record.digest != next->config.digest)
			continue;
		for (size_t i = 0; i < record.n_functions; i++)
			mark_recorded(&record.functions[i], inventory);
		return;
	}
}

const char *inventory_result_word(enum inventory_result result)
{
	static const char *const words[INVENTORY_RESULTS] = {
		[INVENTORY_FREE] = "",
		[INVENTORY_BOUND] = "bound",
		[INVENTORY_PENDING] = "pending",
		[INVENTORY_REFUSED] = "refused",
		[INVENTORY_FAILED] = "failed",
	};

	return words[result];
}
