/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes each leftover apart, and decides in two passes which cards are meant. */
#include "imports.h"

#include <errno.h>

#include "base/base.h"
#include "facts/facts.h"
#include "parameter_remedy.h"
#include "verdicts.h"

struct search {
	struct facts *facts;
	const struct nextboot *next;
	struct imports *ret;
};

static bool is_same_card(const struct pcibus *bus, const struct pcibus_function *a,
	const struct pcibus_function *b)
{
	enum card_bond bond = a == b ? CARD_PART : card_bond(bus, a, b);

	return bond == CARD_PART || bond == CARD_GROUPED;
}

static bool is_same_model(
	const struct pcibus_function *a, const struct pcibus_function *b)
{
	return a->dev.ids.vendor == b->dev.ids.vendor &&
		a->dev.ids.device == b->dev.ids.device;
}

/*
 * Whether it may mean one card of several: an id names a kind of card, a script may name more than
 * one by their addresses.
 */
static bool is_ambiguous(const struct pcibus *bus, const struct import *import)
{
	bool of_ids = *import->leftover->ids;

	for (size_t i = 0; i < import->n; i++)
		for (size_t j = 0; j < i; j++)
			if (!is_same_card(
				    bus, import->functions[i], import->functions[j]) &&
				(of_ids ||
					is_same_model(import->functions[i],
						import->functions[j])))
				return true;
	return false;
}

static bool is_configured(const struct nextboot *next, struct pci_address address)
{
	return nextboot_find(next, address) || nextboot_find_demand(next, address);
}

/*
 * Drops those that a section has.  Of an id then none is left: which of the cards is meant, the
 * configuration says.
 */
static void drop_configured(const struct search *search, struct import *import)
{
	size_t n = 0;

	for (size_t i = 0; i < import->n; i++)
		if (!is_configured(search->next, import->functions[i]->dev.address))
			import->functions[n++] = import->functions[i];
	import->n = n < import->n && *import->leftover->ids ? 0 : n;
}

/* Whether it names a bridge, which leftovers leave out: no guest can have one. */
static bool names_bridge(const struct search *search, const struct import *import)
{
	const struct pcibus *bus = &search->facts->bus;
	bool found = false;

	for (size_t i = 0; i < bus->n && !found; i++) {
		const struct pcidev *dev = &bus->functions[i].dev;
		char address[PCI_ADDRESS_SIZE];

		pci_address_format(dev->address, address);
		found = pcidev_base_class(dev) == PCI_BASE_BRIDGE &&
			(*import->leftover->ids ? leftovers_id_fits(import->what,
							  &bus->functions[i])
						: strcmp(import->what, address) == 0);
	}
	return found;
}

static enum import_state judge(const struct search *search, struct import *import)
{
	const struct leftover *leftover = import->leftover;
	bool bound = true;

	if (leftover->kind == LEFTOVER_DRIVERCTL &&
		pcidev_driver_is_native(leftover->name))
		return IMPORT_DRIVER;
	if (!import->n)
		return names_bridge(search, import) ? IMPORT_BRIDGE : IMPORT_ABSENT;
	if (leftover->kind == LEFTOVER_HOOK)
		return IMPORT_GUEST;
	drop_configured(search, import);
	if (!import->n)
		return IMPORT_CONFIGURED;
	for (size_t i = 0; i < import->n; i++)
		bound &= pcidev_driver_is_vfio(import->functions[i]->dev.driver);
	return !bound && is_ambiguous(&search->facts->bus, import) ? IMPORT_SEVERAL
								   : IMPORT_MEANT;
}

/* The import has no functions yet. */
static struct import *add(struct search *search, const struct leftover *leftover,
	const char *what, size_t len)
{
	struct import *import = LIST_ADD(search->ret->list, search->ret->n);

	if (!import)
		return NULL;
	*import = (struct import){.leftover = leftover,
		.what = strndup(what, len),
		.functions = calloc(leftover->n + 1, sizeof(*import->functions))};
	return import->what && import->functions ? import : NULL;
}

/* All functions that the leftover names, or those that the one id fits. */
static int add_item(struct search *search, const struct leftover *leftover,
	const char *what, size_t len)
{
	struct import *import = add(search, leftover, what, len);

	if (!import)
		return -ENOMEM;
	for (size_t i = 0; i < leftover->n; i++)
		if (!*leftover->ids ||
			leftovers_id_fits(import->what, leftover->functions[i]))
			import->functions[import->n++] = leftover->functions[i];
	import->state = judge(search, import);
	text_make_printable(import->what);
	return 0;
}

static int add_leftover(struct search *search, const struct leftover *leftover)
{
	const char *ids = leftover->ids;
	int r = 0;

	switch (leftover->kind) {
	case LEFTOVER_BLACKLIST: return 0;
	case LEFTOVER_INSTALL:
		return leftover->binds ? add_item(search, leftover, "", 0) : 0;
	case LEFTOVER_DRIVERCTL:
		return add_item(search, leftover, leftover->text, strlen(leftover->text));
	case LEFTOVER_SCRIPT:
	case LEFTOVER_HOOK: return add_item(search, leftover, "", 0);
	case LEFTOVER_IDS:
	case LEFTOVER_CMDLINE: break;
	}
	for (size_t len; r == 0 && *ids; ids += len + (ids[len] == ',')) {
		len = strcspn(ids, ",");
		if (len)
			r = add_item(search, leftover, ids, len);
	}
	return r;
}

bool imports_mean(const struct imports *imports, const struct pcibus_function *function)
{
	for (size_t i = 0; i < imports->n; i++)
		for (size_t j = 0; j < imports->list[i].n; j++)
			if (imports->list[i].state == IMPORT_MEANT &&
				imports->list[i].functions[j] == function)
				return true;
	return false;
}

/* Of cards that it fits, those of which another item means a function. */
static void settle(struct search *search, struct import *import)
{
	const struct pcibus *bus = &search->facts->bus;
	size_t n = 0;

	for (size_t i = 0; i < import->n; i++) {
		const struct pcibus_function *function = import->functions[i];
		bool meant = false;

		for (size_t j = 0; j < bus->n && !meant; j++)
			meant = is_same_card(bus, function, &bus->functions[j]) &&
				imports_mean(search->ret, &bus->functions[j]);
		if (meant) {
			import->functions[i] = import->functions[n];
			import->functions[n++] = function;
		}
	}
	if (!n)
		return;
	import->state = IMPORT_MEANT;
	import->n = n;
}

static int find_leftovers(struct search *search)
{
	struct leftovers *leftovers = &search->ret->leftovers;
	struct facts *facts = search->facts;
	_cleanup_free_ char *permanent = parameter_permanent(facts->root);
	int r = leftovers_find(facts, facts->cmdline, leftovers);

	if (r == 0 && search->next->cmdline)
		r = leftovers_add_cmdline(facts, search->next->cmdline, leftovers);
	if (r == 0 && permanent)
		r = leftovers_add_cmdline(facts, permanent, leftovers);
	return r;
}

int imports_find(struct facts *facts, const struct nextboot *next, struct imports *ret)
{
	struct search search = {.facts = facts, .next = next, .ret = ret};
	int r;

	*ret = (struct imports){0};
	r = find_leftovers(&search);
	for (size_t i = 0; r == 0 && i < ret->leftovers.n; i++)
		r = add_leftover(&search, &ret->leftovers.list[i]);
	for (size_t i = 0; r == 0 && i < ret->n; i++)
		if (ret->list[i].state == IMPORT_SEVERAL)
			settle(&search, &ret->list[i]);
	if (r < 0)
		imports_free(ret);
	return r;
}

void imports_free(struct imports *imports)
{
	for (size_t i = 0; i < imports->n; i++) {
		free(imports->list[i].what);
		free(imports->list[i].functions);
	}
	free(imports->list);
	leftovers_free(&imports->leftovers);
	*imports = (struct imports){0};
}

void import_place(
	const struct root *root, const struct import *import, char *ret, size_t size)
{
	const struct leftover *leftover = import->leftover;

	if (leftover->kind != LEFTOVER_CMDLINE ||
		!parameter_place(root, leftover->text, ret, size))
		verdict_place(leftover, ret, size);
}
