/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions by slot and by IOMMU group. */
#include "deviceset.h"

#include <errno.h>
#include <stdio.h>

#include "../../core/util.h"
#include "../hosttree.h"

struct reading {
	const struct sysfs_root *root;
	struct deviceset_machine machine;
	int error;
};

static int read_group(const struct sysfs_root *root, const char *directory)
{
	char path[128], target[256], *end;
	const char *number;
	long group;

	snprintf(path, sizeof(path), "%s/iommu_group", directory);
	if (sysfs_root_read_link(root, path, target, sizeof(target)) < 0)
		return DEVICESET_NO_GROUP;
	number = strrchr(target, '/');
	group = strtol(number ? number + 1 : target, &end, 10);
	return *end || group < 0 ? DEVICESET_NO_GROUP : (int)group;
}

static bool is_boot_display(const struct sysfs_root *root, const char *directory)
{
	char path[128], text[8];

	snprintf(path, sizeof(path), "%s/boot_vga", directory);
	return tree_read_line(root, path, text, sizeof(text)) == 0 && text[0] == '1';
}

static void read_function(const struct sysfs_root *root, struct pci_address address,
	struct deviceset_function *function)
{
	char directory[sizeof(TREE_PCI) + PCI_ADDRESS_SIZE] = TREE_PCI "/";

	pci_address_format(address, directory + strlen(directory));
	/* What can't be read stays as it is: no path, no driver. */
	pcidev_read_details(root, &function->dev);
	function->group = read_group(root, directory);
	function->boot_display = is_boot_display(root, directory);
	function->is_virtual = tree_exists(root, directory, "physfn");
}

static bool keep_function(void *data, struct pci_address address)
{
	struct reading *reading = data;
	struct deviceset_machine *machine = &reading->machine;
	struct deviceset_function function = {0}, *more;

	if (pcidev_read(reading->root, address, &function.dev) < 0)
		return true; /* it is gone, or says nothing of itself */
	read_function(reading->root, address, &function);
	more = reallocarray(machine->functions, machine->n + 1, sizeof(*more));
	if (!more) {
		reading->error = -ENOMEM;
		return false;
	}
	machine->functions = more;
	more[machine->n++] = function;
	return true;
}

static int compare_functions(const void *a, const void *b)
{
	const struct deviceset_function *x = a, *y = b;
	struct pci_address m = x->dev.address, n = y->dev.address;

	if (m.domain != n.domain)
		return m.domain < n.domain ? -1 : 1;
	return (m.bus << 8 | m.devfn) - (n.bus << 8 | n.devfn);
}

int deviceset_read(const struct sysfs_root *root, struct deviceset_machine *ret)
{
	struct reading reading = {.root = root};
	int r = sysfs_each_function(root, NULL, keep_function, &reading);

	if (r == 0)
		r = reading.error;
	if (r < 0) {
		deviceset_machine_free(&reading.machine);
		return r;
	}
	if (reading.machine.n)
		qsort(reading.machine.functions, reading.machine.n,
			sizeof(*reading.machine.functions), compare_functions);
	*ret = reading.machine;
	return 0;
}

void deviceset_machine_free(struct deviceset_machine *machine)
{
	free(machine->functions);
	*machine = (struct deviceset_machine){0};
}

const struct deviceset_function *deviceset_next(const struct deviceset_machine *machine,
	const struct selector *selector, const struct deviceset_function *after)
{
	size_t i = after ? (size_t)(after - machine->functions) + 1 : 0;

	for (; i < machine->n; i++) {
		const struct pcidev *dev = &machine->functions[i].dev;

		if (selector_match(selector, dev->address, &dev->path, &dev->ids))
			return &machine->functions[i];
	}
	return NULL;
}

bool deviceset_has(const struct deviceset *set, const struct deviceset_function *function)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->members[i].function == function)
			return true;
	return false;
}

/* In order: functions of one machine lie in the order of their addresses. */
static int add_member(struct deviceset *set, const struct deviceset_function *function,
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

static bool is_same_slot(
	const struct deviceset_function *a, const struct deviceset_function *b)
{
	return pci_path_equal(&a->dev.path, &b->dev.path, true);
}

static bool goes_along(
	const struct deviceset_function *function, const struct deviceset_function *other)
{
	if (!is_same_slot(function, other) || function->is_virtual || other->is_virtual ||
		pcidev_base_class(&other->dev) == PCI_BASE_BRIDGE)
		return false;
	return function->dev.path.depth > 1 ||
		(function->group == other->group &&
			function->group != DEVICESET_NO_GROUP);
}

static void mark_whole_slots(
	struct deviceset *set, const struct deviceset_machine *machine)
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

int deviceset_add(struct deviceset *set, const struct deviceset_machine *machine,
	const struct deviceset_function *function, bool only)
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
	const struct deviceset *set, const struct deviceset_function *function)
{
	static const char *const harmless[] = {"", "pcieport", "pci-stub"};

	if (function->group == DEVICESET_NO_GROUP || deviceset_has(set, function) ||
		!is_in_group(set, function->group))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
		if (strcmp(function->dev.driver, harmless[i]) == 0)
			return false;
	return !strstr(function->dev.driver, "vfio");
}

void deviceset_free(struct deviceset *set)
{
	free(set->members);
	*set = (struct deviceset){0};
}
