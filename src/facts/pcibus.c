/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one enumeration of the PCI bus on the host. */
#include "pcibus.h"

#include "base/base.h"

struct reader {
	const struct root *root;
	struct pcibus bus;
	size_t room; /* for functions */
	int error;
};

/* The name of a group is a number, and nothing else (drivers/iommu/iommu.c). */
static int read_group(const struct root *root, const char *directory)
{
	char path[128], target[256], *end;
	const char *name;
	long group;

	text_join(path, sizeof(path), directory, "/iommu_group", NULL);
	if (file_read_link(root, path, target, sizeof(target)) < 0)
		return PCIBUS_NO_GROUP;
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	group = strtol(name, &end, 10);
	return *name && !*end && group >= 0 && group <= INT32_MAX ? (int)group
								  : PCIBUS_NO_GROUP;
}

static void read_display(
	const struct root *root, const char *directory, struct pcibus_function *function)
{
	char path[128], text[8];

	text_join(path, sizeof(path), directory, "/boot_vga", NULL);
	function->has_boot_vga = file_read_line(root, path, text, sizeof(text)) == 0;
	function->boot_display = function->has_boot_vga && strcmp(text, "1") == 0;
}

/*
 * The function whose directory has that of the root bus in it: "../../../devices/pci0000:00/
 * 0000:00:0e.0/pci10000:e0/10000:e0:06.0" (drivers/pci/controller/vmd.c).
 */
static bool read_root_maker(
	const struct root *root, const char *directory, struct pci_address *ret)
{
	char target[1024], *bus, *name;

	if (file_read_link(root, directory, target, sizeof(target)) < 0)
		return false;
	bus = strstr(target, "/pci");
	for (char *next = bus; next; next = strstr(next + 1, "/pci"))
		bus = next;
	if (!bus)
		return false;
	*bus = '\0';
	name = strrchr(target, '/');
	return name && pci_address_parse(name + 1, PCI_NAME_WHOLE, ret, NULL) == 0;
}

static bool read_physical(
	const struct root *root, const char *directory, struct pci_address *ret)
{
	char path[128], target[128], *name;

	text_join(path, sizeof(path), directory, "/physfn", NULL);
	if (file_read_link(root, path, target, sizeof(target)) < 0)
		return false;
	name = strrchr(target, '/');
	return name && pci_address_parse(name + 1, PCI_NAME_WHOLE, ret, NULL) == 0;
}

/* "removable" is what an external port leads to (drivers/pci/probe.c, pci_set_removable). */
static bool is_removable(const struct root *root, const char *directory)
{
	char path[128], text[16];

	text_join(path, sizeof(path), directory, "/removable", NULL);
	return file_read_line(root, path, text, sizeof(text)) == 0 &&
		strcmp(text, "removable") == 0;
}

static void read_later(
	const struct root *root, const char *directory, struct pcibus_function *function)
{
	if (function->dev.is_virtual && read_physical(root, directory, &function->maker))
		function->later = PCIBUS_VIRTUAL;
	else if (read_root_maker(root, directory, &function->maker))
		function->later = PCIBUS_BEHIND;
	else if (is_removable(root, directory))
		function->later = PCIBUS_TUNNELLED;
}

/* What cannot be read stays unknown. */
static void read_more(const struct root *root, struct pcibus_function *function)
{
	char directory[sizeof(TREE_PCI) + PCI_ADDRESS_SIZE] = TREE_PCI "/";

	pci_address_format(function->dev.address, directory + strlen(directory));
	pcidev_read_details(root, &function->dev);
	function->group = read_group(root, directory);
	read_later(root, directory, function);
	if (pcidev_base_class(&function->dev) == PCI_BASE_DISPLAY)
		read_display(root, directory, function);
}

/* The place of the next function; NULL without memory. */
static struct pcibus_function *new_function(struct reader *reader)
{
	struct pcibus *bus = &reader->bus;

	if (bus->n == reader->room) {
		size_t room = reader->room ? 2 * reader->room : 64;
		struct pcibus_function *more =
			reallocarray(bus->functions, room, sizeof(*more));

		if (!more)
			return NULL;
		bus->functions = more;
		reader->room = room;
	}
	return &bus->functions[bus->n];
}

static bool found_function(void *data, struct pci_address address)
{
	struct reader *reader = data;
	struct pcibus *bus = &reader->bus;
	struct pcibus_function *function = new_function(reader);
	int r;

	if (!function) {
		reader->error = -ENOMEM;
		return false;
	}
	*function = (struct pcibus_function){0};
	r = pcidev_read(reader->root, address, &function->dev);
	/* Of one that is unplugged, files are gone or say so when they are read. */
	if (r == -ENOENT || r == -ENODEV)
		return true;
	if (r < 0 && bus->error == 0) {
		bus->unread = address;
		bus->error = r;
	}
	if (r < 0)
		return true;
	read_more(reader->root, function);
	bus->has_groups |= function->group != PCIBUS_NO_GROUP;
	bus->n++;
	return true;
}

static int compare_functions(const void *a, const void *b)
{
	const struct pcibus_function *x = a, *y = b;

	return pci_address_compare(x->dev.address, y->dev.address);
}

int pcibus_read(const struct root *root, struct pcibus *ret)
{
	struct reader reader = {.root = root};
	int r = sysfs_each_function(root, NULL, found_function, &reader);

	r = r < 0 ? r : reader.error;
	if (r < 0) {
		pcibus_free(&reader.bus);
		return r;
	}
	if (reader.bus.n)
		qsort(reader.bus.functions, reader.bus.n, sizeof(*reader.bus.functions),
			compare_functions);
	*ret = reader.bus;
	return 0;
}

void pcibus_free(struct pcibus *bus)
{
	free(bus->functions);
	*bus = (struct pcibus){0};
}

struct pcibus_function *pcibus_find(const struct pcibus *bus, struct pci_address address)
{
	const struct pcibus_function key = {.dev = {.address = address}};

	return bus->n
		? bsearch(&key, bus->functions, bus->n, sizeof(key), compare_functions)
		: NULL;
}

bool pcibus_is_made_by(const struct pcibus *bus, const struct pcibus_function *function,
	const struct pcibus_function *maker)
{
	const struct pcibus_function *by = function;

	/* A virtual function behind VMD has two; more there are not. */
	for (int i = 0; i < 4 && by; i++) {
		if (by->later != PCIBUS_VIRTUAL && by->later != PCIBUS_BEHIND)
			return false;
		by = pcibus_find(bus, by->maker);
		if (by == maker)
			return by;
	}
	return false;
}

bool pcibus_leaves_group(const char *driver)
{
	return !*driver || strcmp(driver, "pcieport") == 0 ||
		strcmp(driver, "pci-stub") == 0 || pcidev_driver_is_vfio(driver);
}
