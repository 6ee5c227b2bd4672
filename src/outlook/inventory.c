/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists the whole bus; what depends on the ids alone is looked up once for all that share them. */
#include "inventory.h"

#include "base/base.h"
#include "bind/bind.h"
#include "facts/facts.h"

struct reader {
	struct inventory *inventory;
	struct names *names;
	struct modules *modules; /* of the facts; NULL: no index of them */
};

static void close_reader(struct reader *reader)
{
	names_close(&reader->names);
}

static void free_kind(struct inventory_kind *kind)
{
	if (!kind)
		return;
	free(kind->name);
	free(kind->vendor);
	free(kind->model);
	free(kind->modules);
	free(kind);
}

void inventory_free(struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->n_kinds; i++)
		free_kind(inventory->kinds[i]);
	free(inventory->kinds);
	free(inventory->functions);
	*inventory = (struct inventory){0};
}

static struct inventory_kind *make_kind(struct reader *reader, const struct pci_ids *ids)
{
	struct inventory_kind *kind = calloc(1, sizeof(*kind));
	struct function_name name;
	char modules[512];

	if (!kind)
		return NULL;
	names_look_up(reader->names, ids, &name);
	kind->ids = *ids;
	kind->name = strdup(name.name);
	kind->vendor = strdup(name.vendor);
	kind->model = strdup(name.model);
	if (reader->modules &&
		modules_claiming(reader->modules, ids, modules, sizeof(modules)) == 0)
		kind->modules = strdup(modules);
	if (kind->name && kind->vendor && kind->model)
		return kind;
	free_kind(kind);
	return NULL;
}

static bool same_ids(const struct pci_ids *a, const struct pci_ids *b)
{
	return a->vendor == b->vendor && a->device == b->device &&
		a->subvendor == b->subvendor && a->subdevice == b->subdevice &&
		a->class == b->class;
}

/* NULL without memory. */
static const struct inventory_kind *find_kind(
	struct reader *reader, const struct pci_ids *ids)
{
	struct inventory *inventory = reader->inventory;
	struct inventory_kind **added, *kind;

	for (size_t i = 0; i < inventory->n_kinds; i++)
		if (same_ids(&inventory->kinds[i]->ids, ids))
			return inventory->kinds[i];
	added = LIST_ADD(inventory->kinds, inventory->n_kinds);
	if (!added)
		return NULL;
	kind = make_kind(reader, ids);
	if (kind)
		*added = kind;
	else
		inventory->n_kinds--;
	return kind;
}

static int read_functions(struct reader *reader, const struct drives *drives)
{
	struct inventory *inventory = reader->inventory;
	const struct pcibus *bus = inventory->bus;

	inventory->functions = calloc(bus->n, sizeof(*inventory->functions));
	if (bus->n && !inventory->functions)
		return -ENOMEM;
	for (; inventory->n < bus->n; inventory->n++) {
		const struct pcibus_function *pci = &bus->functions[inventory->n];
		const struct inventory_kind *kind = find_kind(reader, &pci->dev.ids);

		if (!kind)
			return -ENOMEM;
		inventory->functions[inventory->n] = (struct inventory_function){
			.pci = pci, .kind = kind, .drives = drives};
	}
	return 0;
}

/* Functions and their uses come in the same order. */
static void add_usage(struct inventory *inventory)
{
	const struct usage *usage = inventory->usage;
	size_t use = 0;

	for (size_t i = 0; i < inventory->n && use < usage->n; i++) {
		struct inventory_function *function = &inventory->functions[i];

		while (use < usage->n &&
			pci_address_compare(usage->entries[use].address,
				function->pci->dev.address) < 0)
			use++;
		function->uses = &usage->entries[use];
		while (use < usage->n &&
			pci_address_equal(usage->entries[use].address,
				function->pci->dev.address)) {
			function->n_uses++;
			use++;
		}
	}
}

int inventory_read(struct facts *facts, struct inventory *ret)
{
	_cleanup_(inventory_free) struct inventory inventory = {.bus = &facts->bus};
	_cleanup_(close_reader) struct reader reader = {
		.inventory = &inventory, .modules = facts_modules(facts)};
	struct drives *drives;
	int r = facts->bus_error;

	if (r == 0)
		r = names_open(&reader.names);
	if (r == 0)
		r = facts_drives(facts, &drives);
	if (r == 0)
		r = read_functions(&reader, drives);
	if (r < 0)
		return r;
	inventory.usage_error = facts_usage(facts, &inventory.usage);
	if (inventory.usage_error == 0)
		add_usage(&inventory);
	*ret = inventory;
	inventory = (struct inventory){0};
	return 0;
}

struct inventory_function *inventory_find(
	const struct inventory *inventory, struct pci_address address)
{
	const struct pcibus_function *pci = pcibus_find(inventory->bus, address);

	return pci ? &inventory->functions[pci - inventory->bus->functions] : NULL;
}

bool inventory_same_group(
	const struct inventory_function *a, const struct inventory_function *b)
{
	if (a->pci->group != PCIBUS_NO_GROUP || b->pci->group != PCIBUS_NO_GROUP)
		return a->pci->group == b->pci->group;
	return a->pci->dev.address.domain == b->pci->dev.address.domain &&
		a->pci->dev.address.bus == b->pci->dev.address.bus &&
		a->pci->dev.address.devfn >> 3 == b->pci->dev.address.devfn >> 3;
}

/* ---- What is configured */

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
	if (entry->reason == REASON_LATER)
		function->reason = REASON_NONE;
	if (nextboot_action(next, entry) == NEXTBOOT_NATIVE)
		function->result = INVENTORY_NATIVE;
	else if (config_driver_is(section->driver, function->pci->dev.driver))
		function->result = INVENTORY_BOUND;
	else if (section->demand)
		function->result = INVENTORY_DEMAND;
	else if (plan_refuses(entry))
		function->result = INVENTORY_REFUSED;
	else
		function->result = nextboot_action(next, entry) == NEXTBOOT_LATER
			? INVENTORY_LATER
			: INVENTORY_PENDING;
}

/*
 * What happened at this boot says more than what is planned, if it was with the configuration of
 * today.
 */
static void mark_recorded(
	const struct record_function *recorded, struct inventory *inventory)
{
	struct inventory_function *function;
	struct pci_address address;

	if (pci_address_parse(recorded->address, PCI_NAME_WHOLE, &address, NULL) < 0)
		return;
	function = inventory_find(inventory, address);
	if (!function ||
		(function->result != INVENTORY_PENDING &&
			function->result != INVENTORY_LATER) ||
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

/* What this boot has bound, and the next one leaves alone, has its driver all the same. */
static void mark_bound(const struct nextboot *next, const struct thisboot_function *bound,
	struct inventory *inventory)
{
	struct inventory_function *function;
	struct pci_address address;

	if (!bound->inactive || !bound->as_wanted ||
		pci_address_parse(
			bound->recorded.address, PCI_NAME_WHOLE, &address, NULL) < 0)
		return;
	function = inventory_find(inventory, address);
	if (!function || function->section)
		return;
	function->section = nextboot_inactive(next, bound->recorded.section);
	function->result = INVENTORY_BOUND;
}

/* What is configured, and only for other boots than the next one. */
static void mark_inactive(const struct nextboot *next, struct inventory *inventory)
{
	const struct config *config = &next->config;

	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];

		if (section->bad || section->demand ||
			config_section_active(config, section))
			continue;
		for (size_t j = 0; j < inventory->n; j++) {
			struct inventory_function *function = &inventory->functions[j];

			if (function->section ||
				match_section(config, section, &function->pci->dev) !=
					MATCH_MEMBER)
				continue;
			function->section = section;
			function->result = INVENTORY_INACTIVE;
		}
	}
}

/* Marks what a run recorded.  Returns false for one that had another configuration. */
static bool mark_record(const struct record *record, const struct nextboot *next,
	struct inventory *inventory)
{
	if (!record->has_digest || record->digest != next->config.digest)
		return false;
	for (size_t i = 0; i < record->n_functions; i++)
		mark_recorded(&record->functions[i], inventory);
	return true;
}

void inventory_mark(struct inventory *inventory, const struct nextboot *next,
	const struct thisboot *boot)
{
	/* What both a boot and a guest are to have is the boot's. */
	for (unsigned i = 0; i < next->demand.n_entries; i++)
		mark_planned(next, &next->demand.entries[i], inventory);
	for (unsigned i = 0; i < next->plan.n_entries; i++)
		mark_planned(next, &next->plan.entries[i], inventory);
	for (size_t i = 0; i < boot->n; i++)
		mark_bound(next, &boot->functions[i], inventory);
	/* What is marked stays so: the latest run comes first. */
	mark_record(&boot->records[BOOT_LATE], next, inventory);
	/* The later run of a boot looked at all functions again. */
	if (!boot->last || !mark_record(boot->last, next, inventory))
		mark_record(&boot->records[BOOT_INITRAMFS], next, inventory);
	mark_inactive(next, inventory);
}

const char *inventory_result_word(enum inventory_result result)
{
	static const char *const words[INVENTORY_RESULTS] = {
		[INVENTORY_FREE] = "",
		[INVENTORY_BOUND] = "bound",
		[INVENTORY_PENDING] = "pending",
		[INVENTORY_LATER] = "later",
		[INVENTORY_NATIVE] = "native",
		[INVENTORY_DEMAND] = "demand",
		[INVENTORY_REFUSED] = "refused",
		[INVENTORY_FAILED] = "failed",
		[INVENTORY_INACTIVE] = "inactive",
	};

	return words[result];
}
