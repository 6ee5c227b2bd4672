/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Collects the functions that go together. */
#include "deviceset.h"

#include "base/base.h"

const struct pcibus_function *deviceset_next(const struct pcibus *machine,
	const struct selector *selector, const struct pcibus_function *after)
{
	size_t i = after ? (size_t)(after - machine->functions) + 1 : 0;

	for (; i < machine->n; i++) {
		const struct pcidev *dev = &machine->functions[i].dev;

		if (selector_match(selector, dev))
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
static int add_member(struct deviceset *set, struct deviceset_member member)
{
	size_t at = 0;

	for (; at < set->n && set->members[at].function <= member.function; at++) {
		if (set->members[at].function != member.function)
			continue;
		if (member.why == DEVICESET_NAMED)
			set->members[at] = member;
		return 0;
	}
	if (!LIST_ADD(set->members, set->n))
		return -ENOMEM;
	memmove(set->members + at + 1, set->members + at,
		(set->n - 1 - at) * sizeof(*set->members));
	set->members[at] = member;
	return 0;
}

int deviceset_add(struct deviceset *set, const struct pcibus *machine,
	const struct pcibus_function *function, bool only)
{
	int r = add_member(
		set, (struct deviceset_member){function, DEVICESET_NAMED, only});

	for (size_t i = 0; r == 0 && !only && i < machine->n; i++) {
		const struct pcibus_function *other = &machine->functions[i];
		enum card_bond bond = other == function
			? CARD_APART
			: card_bond(machine, function, other);

		if (bond == CARD_PART || bond == CARD_GROUPED)
			r = add_member(set,
				(struct deviceset_member){other,
					bond == CARD_PART ? DEVICESET_CARD
							  : DEVICESET_GROUPED,
					false});
	}
	return r;
}

void deviceset_drop(struct deviceset *set, size_t n)
{
	set->n--;
	memmove(set->members + n, set->members + n + 1,
		(set->n - n) * sizeof(*set->members));
}

bool deviceset_unmakes(const struct deviceset *set, const struct pcibus *machine,
	const struct pcibus_function *function)
{
	for (size_t i = 0; i < set->n; i++)
		if (pcibus_is_made_by(machine, function, set->members[i].function))
			return true;
	return false;
}

bool deviceset_has_slot(const struct deviceset *set, const struct pcibus *machine,
	const struct deviceset_member *member)
{
	const struct pci_path *path = &member->function->dev.path;

	if (path->depth <= 1 || member->alone)
		return false;
	for (size_t i = 0; i < machine->n; i++)
		if (pci_path_equal(path, &machine->functions[i].dev.path, true) &&
			!deviceset_has(set, &machine->functions[i]))
			return false;
	return true;
}

static bool is_in_group(const struct deviceset *set, int group)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->members[i].function->group == group)
			return true;
	return false;
}

bool deviceset_shares_group(const struct deviceset *set, const struct pcibus *machine,
	const struct pcibus_function *function)
{
	return function->group != PCIBUS_NO_GROUP && !deviceset_has(set, function) &&
		is_in_group(set, function->group) &&
		!deviceset_unmakes(set, machine, function);
}

void deviceset_free(struct deviceset *set)
{
	free(set->members);
	*set = (struct deviceset){0};
}
