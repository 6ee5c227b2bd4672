/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the functions that go together, by slot and by IOMMU group. */
#include "deviceset.h"

#include "base/base.h"

const struct pcibus_function *deviceset_next(const struct pcibus *machine,
	const struct selector *selector, const struct pcibus_function *after)
{
	size_t i = after ? (size_t)(after - machine->functions) + 1 : 0;

	for (; i < machine->n; i++) {
		const struct pcidev *dev = &machine->functions[i].dev;

		if (selector_match(selector, dev->address, &dev->path, &dev->ids))
			return &machine->functions[i];
	}
	return NULL;
}

bool deviceset_has(const struct deviceset *set, const struct pcibus_function *function)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->members[i].function == function)
			return true;
	return false;
}

/* In order: functions of one machine lie in the order of their addresses. */
static int add_member(struct deviceset *set, const struct pcibus_function *function,
	enum deviceset_why why)
{
	struct deviceset_member *more;
	size_t at = 0;

	for (; at < set->n && set->members[at].function <= function; at++) {
		if (set->members[at].function == function) {
			if (why == DEVICESET_NAMED)
				set->members[at].why = why;
			return 0;
		}
	}
	more = reallocarray(set->members, set->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	set->members = more;
	memmove(more + at + 1, more + at, (set->n - at) * sizeof(*more));
	more[at] = (struct deviceset_member){.function = function, .why = why};
	set->n++;
	return 0;
}

static bool is_same_slot(const struct pcibus_function *a, const struct pcibus_function *b)
{
	return pci_path_equal(&a->dev.path, &b->dev.path, true);
}

static bool goes_along(
	const struct pcibus_function *function, const struct pcibus_function *other)
{
	if (!is_same_slot(function, other) || function->dev.is_virtual ||
		other->dev.is_virtual ||
		pcidev_base_class(&other->dev) == PCI_BASE_BRIDGE)
		return false;
	return function->dev.path.depth > 1 ||
		(function->group == other->group && function->group != PCIBUS_NO_GROUP);
}

static void mark_whole_slots(struct deviceset *set, const struct pcibus *machine)
{
	for (size_t i = 0; i < set->n; i++) {
		struct deviceset_member *member = &set->members[i];

		member->whole_slot = member->function->dev.path.depth > 1;
		for (size_t j = 0; member->whole_slot && j < machine->n; j++)
			member->whole_slot =
				!is_same_slot(member->function, &machine->functions[j]) ||
				deviceset_has(set, &machine->functions[j]);
	}
}

int deviceset_add(struct deviceset *set, const struct pcibus *machine,
	const struct pcibus_function *function, bool only)
{
	int r = add_member(set, function, DEVICESET_NAMED);

	for (size_t i = 0; r == 0 && !only && i < machine->n; i++)
		if (&machine->functions[i] != function &&
			goes_along(function, &machine->functions[i]))
			r = add_member(set, &machine->functions[i], DEVICESET_SLOT);
	mark_whole_slots(set, machine);
	for (size_t i = 0; only && i < set->n; i++)
		set->members[i].whole_slot = false;
	return r;
}

static bool is_in_group(const struct deviceset *set, int group)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->members[i].function->group == group)
			return true;
	return false;
}

bool deviceset_is_blocked_by(
	const struct deviceset *set, const struct pcibus_function *function)
{
	return function->group != PCIBUS_NO_GROUP && !deviceset_has(set, function) &&
		is_in_group(set, function->group) &&
		!pcibus_leaves_group(function->dev.driver);
}

void deviceset_free(struct deviceset *set)
{
	free(set->members);
	*set = (struct deviceset){0};
}
