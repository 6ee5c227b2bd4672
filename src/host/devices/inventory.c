/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the whole bus; what depends on the ids alone is looked up once for all that share them. */
#include "inventory.h"

#include <errno.h>
#include <stdio.h>

#include "../../core/text.h"
#include "../../core/util.h"
#include "../hosttree.h"
#include "../images/kernels.h"
#include "modules.h"
#include "names.h"

struct reader {
	const struct sysfs_root *root;
	struct inventory *inventory;
	size_t room; /* for functions */
	struct names *names;
	struct modules *modules; /* NULL: no index of them */
	int error;
};

static void close_reader(struct reader *reader)
{
	names_close(&reader->names);
	modules_close(&reader->modules);
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
	usage_free(&inventory->usage);
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
	struct inventory_kind **more, *kind;

	for (size_t i = 0; i < inventory->n_kinds; i++)
		if (same_ids(&inventory->kinds[i]->ids, ids))
			return inventory->kinds[i];
	more = reallocarray(inventory->kinds, inventory->n_kinds + 1, sizeof(*more));
	if (!more)
		return NULL;
	inventory->kinds = more;
	kind = make_kind(reader, ids);
	if (kind)
		more[inventory->n_kinds++] = kind;
	return kind;
}

static int read_group(const struct sysfs_root *root, const char *directory)
{
	char name[128], target[256];
	const char *number;
	int group;
	char end;

	text_join(name, sizeof(name), directory, "/iommu_group", NULL);
	if (sysfs_root_read_link(root, name, target, sizeof(target)) < 0)
		return INVENTORY_NO_GROUP;
	number = strrchr(target, '/');
	if (!number || sscanf(number + 1, "%d%c", &group, &end) != 1)
		return INVENTORY_NO_GROUP;
	return group;
}

/* What the core does not need to know for its decisions. */
static void read_more(const struct sysfs_root *root, struct inventory_function *function)
{
	char address[PCI_ADDRESS_SIZE], directory[96], name[128], text[8];

	pci_address_format(function->dev.address, address);
	text_join(directory, sizeof(directory), TREE_PCI "/", address, NULL);
	function->group = read_group(root, directory);
	if (pcidev_base_class(&function->dev) != PCI_BASE_DISPLAY)
		return;
	text_join(name, sizeof(name), directory, "/boot_vga", NULL);
	function->is_vga = tree_read_line(root, name, text, sizeof(text)) == 0;
	function->boot_display = function->is_vga && strcmp(text, "1") == 0;
}

static struct inventory_function *new_function(struct reader *reader)
{
	struct inventory *inventory = reader->inventory;

	if (inventory->n == reader->room) {
		size_t room = reader->room ? 2 * reader->room : 64;
		struct inventory_function *more = reallocarray(
			inventory->functions, room, sizeof(*inventory->functions));

		if (!more)
			return NULL;
		inventory->functions = more;
		reader->room = room;
	}
	return &inventory->functions[inventory->n];
}

static bool found_function(void *data, struct pci_address address)
{
	struct reader *reader = data;
	struct inventory_function *function = new_function(reader);

	if (!function) {
		reader->error = -ENOMEM;
		return false;
	}
	*function = (struct inventory_function){.group = INVENTORY_NO_GROUP};
	/* One that is gone meanwhile is none; one that tells little is one. */
	if (pcidev_read(reader->root, address, &function->dev) < 0)
		return true;
	pcidev_read_details(reader->root, &function->dev);
	read_more(reader->root, function);
	function->kind = find_kind(reader, &function->dev.ids);
	if (!function->kind) {
		reader->error = -ENOMEM;
		return false;
	}
	reader->inventory->has_groups |= function->group != INVENTORY_NO_GROUP;
	reader->inventory->n++;
	return true;
}

static int compare_addresses(struct pci_address a, struct pci_address b)
{
	if (a.domain != b.domain)
		return a.domain < b.domain ? -1 : 1;
	return (a.bus << 8 | a.devfn) - (b.bus << 8 | b.devfn);
}

static int compare_functions(const void *a, const void *b)
{
	return compare_addresses(((const struct inventory_function *)a)->dev.address,
		((const struct inventory_function *)b)->dev.address);
}

/* Functions and their uses come in the same order. */
static void add_usage(struct inventory *inventory)
{
	const struct usage *usage = &inventory->usage;
	size_t use = 0;

	for (size_t i = 0; i < inventory->n && use < usage->n; i++) {
		struct inventory_function *function = &inventory->functions[i];

		while (use < usage->n &&
			compare_addresses(
				usage->entries[use].address, function->dev.address) < 0)
			use++;
		function->uses = &usage->entries[use];
		while (use < usage->n &&
			pci_address_equal(
				usage->entries[use].address, function->dev.address)) {
			function->n_uses++;
			use++;
		}
	}
}

/* Without the index of the kernel's modules the rest can still be told. */
static void open_modules(struct reader *reader)
{
	char release[256];

	if (kernels_running(reader->root, release, sizeof(release)) == 0 &&
		modules_open(reader->root, release, &reader->modules) < 0)
		reader->modules = NULL;
}

int inventory_read(const struct sysfs_root *root, struct inventory *ret)
{
	_cleanup_(inventory_free) struct inventory inventory = {0};
	_cleanup_(close_reader) struct reader reader = {
		.root = root, .inventory = &inventory};
	int r = names_open(&reader.names);

	if (r < 0)
		return r;
	open_modules(&reader);
	r = sysfs_each_function(root, NULL, found_function, &reader);
	if (r == 0)
		r = reader.error;
	if (r < 0)
		return r;
	if (inventory.n)
		qsort(inventory.functions, inventory.n, sizeof(*inventory.functions),
			compare_functions);
	inventory.usage_error = usage_trace(root, &inventory.usage);
	if (inventory.usage_error == 0)
		add_usage(&inventory);
	*ret = inventory;
	inventory = (struct inventory){0};
	return 0;
}

static int compare_with_address(const void *address, const void *function)
{
	return compare_addresses(*(const struct pci_address *)address,
		((const struct inventory_function *)function)->dev.address);
}

struct inventory_function *inventory_find(
	const struct inventory *inventory, struct pci_address address)
{
	return inventory->n ? bsearch(&address, inventory->functions, inventory->n,
				      sizeof(*inventory->functions), compare_with_address)
			    : NULL;
}

bool inventory_same_group(
	const struct inventory_function *a, const struct inventory_function *b)
{
	if (a->group != INVENTORY_NO_GROUP || b->group != INVENTORY_NO_GROUP)
		return a->group == b->group;
	return a->dev.address.domain == b->dev.address.domain &&
		a->dev.address.bus == b->dev.address.bus &&
		a->dev.address.devfn >> 3 == b->dev.address.devfn >> 3;
}
