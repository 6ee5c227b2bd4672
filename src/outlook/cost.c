/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks at each function of a set for what would be lost with it. */
#include "cost.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/base.h"
#include "decide/decide.h"
#include "facts/facts.h"

#define CLASS_USB 0x0c03 /* include/linux/pci_ids.h, PCI_CLASS_SERIAL_USB */

struct search {
	const struct cost_host *host;
	const struct deviceset *set;
	struct costs costs;
};

static int add(struct search *search, struct cost cost)
{
	struct costs *costs = &search->costs;
	struct cost *more = reallocarray(costs->costs, costs->n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	costs->costs = more;
	more[costs->n++] = cost;
	return 0;
}

/* The section of @config that names the function at this moment, or NULL. */
static const struct config_section *section_of(
	const struct config *config, const struct pcibus_function *function)
{
	const struct pcidev *dev = &function->dev;

	for (unsigned i = 0; i < config->n_sections; i++)
		if (!config->sections[i].bad &&
			match_section(config, &config->sections[i], dev->address,
				&dev->path, &dev->ids) == MATCH_MEMBER)
			return &config->sections[i];
	return NULL;
}

static int find_section(struct search *search, const struct pcibus_function *function)
{
	const struct config_section *section = section_of(search->host->config, function);

	return section ? add(search,
				 (struct cost){.kind = COST_CONFIGURED,
					 .function = function,
					 .section = section})
		       : 0;
}

static int find_bridge(struct search *search, const struct pcibus_function *function)
{
	if (pcidev_base_class(&function->dev) != PCI_BASE_BRIDGE)
		return 0;
	return add(search, (struct cost){.kind = COST_BRIDGE, .function = function});
}

static int find_usage(struct search *search, const struct pcibus_function *function)
{
	const struct usage *usage = search->host->usage;
	const struct usage_entry *entry;
	int r = 0;

	if (!usage)
		return pcidev_can_carry_root(&function->dev)
			? add(search,
				  (struct cost){
					  .kind = COST_UNKNOWN, .function = function})
			: 0;
	entry = usage_find(usage, function->dev.address);
	for (; r == 0 && entry && entry < usage->entries + usage->n &&
		pci_address_equal(entry->address, function->dev.address);
		entry++)
		r = add(search,
			(struct cost){
				.kind = COST_USED, .function = function, .usage = entry});
	return r;
}

/* Whether the function is among those in @list, by the names of their directories. */
static bool is_listed(
	const struct hostfile_names *list, const struct pcibus_function *function)
{
	char name[PCI_ADDRESS_SIZE];

	pci_address_format(function->dev.address, name);
	for (size_t i = 0; i < list->n; i++) {
		const char *slash = strrchr(list->names[i], '/');

		if (slash && strcmp(slash + 1, name) == 0)
			return true;
	}
	return false;
}

/* Adds the block device @name if it is put together from others, and they are there. */
static int find_part(
	struct search *search, const struct pcibus_function *function, const char *name)
{
	static const char dev[] = TREE_DEV;
	const struct sysfs_root *root = search->host->root;
	_cleanup_(backing_free) struct backing backing = {0};
	struct cost cost = {.kind = COST_PART, .function = function};
	char path[PATH_MAX], node[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), TREE_BLOCK "/%s", name);
	if (!tree_exists(root, path, "dm") && !tree_exists(root, path, "md") &&
		!tree_exists(root, path, "bcache"))
		return 0;
	snprintf(node, sizeof(node), "%s%s", dev, name);
	r = backing_add_node(root, node, &backing);
	if (r < 0 || !is_listed(&backing.functions, function))
		return r == -ENOMEM ? r : 0;
	strcat(path, "/dm/name");
	if (tree_read_line(root, path, cost.what, sizeof(cost.what)) < 0)
		snprintf(cost.what, sizeof(cost.what), "%.63s", name);
	return add(search, cost);
}

/* Of a drive that is in use it is known what for. */
static int find_parts(struct search *search, const struct pcibus_function *function)
{
	const struct usage *usage = search->host->usage;
	const struct usage_entry *entry =
		usage ? usage_find(usage, function->dev.address) : NULL;
	_cleanup_closedir_ DIR *dir = NULL;
	const char *name;
	int r = entry && !entry->untraced ? -EBUSY : 0;

	if (r == 0)
		r = tree_open_directory(search->host->root, TREE_BLOCK, &dir);

	if (r < 0)
		return 0; /* a machine without disks */
	while (r == 0 && (name = tree_next(dir)))
		r = find_part(search, function, name);
	return r;
}

/* Whether it could show something for the host, once the set is given away. */
static bool is_display(const struct pcibus_function *function)
{
	return pcidev_base_class(&function->dev) == PCI_BASE_DISPLAY &&
		!function->is_virtual;
}

/* Whether a section has the function in a boot that gives the set away, too. */
static bool is_taken(const struct search *search, const struct pcibus_function *function)
{
	const struct config_section *section = section_of(search->host->config, function);
	const char *profile = search->host->profile;

	return section &&
		(!profile || !section->profile[0] ||
			strcmp(profile, section->profile) == 0);
}

static bool stays(const struct search *search, const struct pcibus_function *function)
{
	return is_display(function) && !deviceset_has(search->set, function) &&
		!is_taken(search, function) &&
		!pcidev_driver_is_vfio(function->dev.driver);
}

static int find_display(struct search *search, const struct pcibus_function *function)
{
	const struct pcibus *machine = search->host->machine;
	bool last = is_display(function);
	int r = 0;

	if (function->boot_display)
		r = add(search,
			(struct cost){.kind = COST_BOOT_DISPLAY, .function = function});
	for (size_t i = 0; last && i < machine->n; i++)
		last = !stays(search, &machine->functions[i]);
	if (r == 0 && last)
		r = add(search,
			(struct cost){.kind = COST_LAST_DISPLAY, .function = function});
	return r;
}

/* Adds the devices at the root hub in @directory: "1-4" is one, "1-0:1.0" the hub's own. */
static int find_usb_devices(struct search *search, const struct pcibus_function *function,
	const char *directory)
{
	const struct sysfs_root *root = search->host->root;
	_cleanup_closedir_ DIR *dir = NULL;
	const char *name;
	int r = tree_open_directory(root, directory, &dir);

	if (r < 0)
		return 0;
	while (r == 0 && (name = tree_next(dir))) {
		struct cost cost = {.kind = COST_USB_DEVICE, .function = function};
		char path[2 * PATH_MAX], product[512];

		if (!isdigit((unsigned char)*name) || !strchr(name, '-') ||
			strchr(name, ':'))
			continue;
		snprintf(path, sizeof(path), "%s/%s/product", directory, name);
		text_join(cost.what, sizeof(cost.what),
			tree_read_line(root, path, product, sizeof(product)) == 0
				? product
				: name,
			NULL);
		text_make_printable(cost.what); /* the device says what it is called */
		r = add(search, cost);
	}
	return r;
}

/* Root hubs are "usb1" below the controller (drivers/usb/core/hcd.c). */
static int find_usb(struct search *search, const struct pcibus_function *function)
{
	char directory[sizeof(TREE_PCI) + PCI_ADDRESS_SIZE] = TREE_PCI "/";
	_cleanup_closedir_ DIR *dir = NULL;
	const char *name;
	int r;

	if (function->dev.ids.class >> 8 != CLASS_USB)
		return 0;
	pci_address_format(function->dev.address, directory + strlen(directory));
	r = tree_open_directory(search->host->root, directory, &dir);
	if (r < 0)
		return 0;
	while (r == 0 && (name = tree_next(dir))) {
		char path[PATH_MAX];

		if (strncmp(name, "usb", 3) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, name);
		r = find_usb_devices(search, function, path);
	}
	return r;
}

/* Each function that keeps a group is told of once, beside one member. */
static int find_group(struct search *search, const struct pcibus_function *function)
{
	const struct pcibus *machine = search->host->machine;
	int r = 0;

	if (function->group == PCIBUS_NO_GROUP)
		return add(search,
			(struct cost){.kind = COST_NO_GROUP, .function = function});
	for (size_t i = 0; i < search->set->n; i++) {
		if (search->set->members[i].function == function)
			break;
		if (search->set->members[i].function->group == function->group)
			return 0;
	}
	for (size_t i = 0; r == 0 && i < machine->n; i++) {
		const struct pcibus_function *other = &machine->functions[i];

		if (other->group == function->group &&
			deviceset_is_blocked_by(search->set, other) &&
			!section_of(search->host->config, other))
			r = add(search,
				(struct cost){.kind = COST_GROUP,
					.function = function,
					.other = other});
	}
	return r;
}

int costs_find(
	const struct cost_host *host, const struct deviceset *set, struct costs *ret)
{
	static int (*const finders[])(struct search * search,
		const struct pcibus_function *function) = {find_section, find_bridge,
		find_usage, find_parts, find_display, find_usb, find_group};
	struct search search = {.host = host, .set = set};
	int r = 0;

	for (size_t i = 0; r == 0 && i < set->n; i++)
		for (size_t j = 0; r == 0 && j < ARRAY_SIZE(finders); j++)
			r = finders[j](&search, set->members[i].function);
	if (r < 0) {
		costs_free(&search.costs);
		return r;
	}
	*ret = search.costs;
	return 0;
}

void costs_free(struct costs *costs)
{
	free(costs->costs);
	*costs = (struct costs){0};
}
