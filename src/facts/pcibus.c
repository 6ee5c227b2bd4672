/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one enumeration of the PCI bus on the host. */
#include "pcibus.h"

#include <fcntl.h>

#include "base/base.h"
#include "iommu.h"

struct reader {
	const struct root *root;
	struct root devices;  /* the directory of all functions: links */
	struct root function; /* the directory of one, which is opened once */
	struct pcibus bus;
};

#define LINK_SIZE 512

/* The last name in the target of a link of the function; "": there is no link.  0 or -errno. */
static int read_link_name(
	const struct reader *reader, const char *link, char ret[static LINK_SIZE])
{
	int r = file_read_link(&reader->function, link, ret, LINK_SIZE);
	char *slash;

	if (r < 0) {
		*ret = '\0';
		return r == -ENOENT ? 0 : r;
	}
	slash = strrchr(ret, '/');
	if (slash)
		memmove(ret, slash + 1, strlen(slash));
	return 0;
}

/* The name of a group is a number, and nothing else (drivers/iommu/iommu.c). */
static int parse_group(const char *name)
{
	char *end;
	long group = strtol(name, &end, 10);

	return *name && !*end && group >= 0 && group <= INT32_MAX ? (int)group
								  : PCIBUS_NO_GROUP;
}

static void read_display(const struct reader *reader, struct pcibus_function *function)
{
	char text[8];

	function->has_boot_vga =
		file_read_line(&reader->function, "boot_vga", text, sizeof(text)) == 0;
	function->boot_display = function->has_boot_vga && strcmp(text, "1") == 0;
}

/*
 * The function whose directory has that of the root bus in it: "../../../devices/pci0000:00/
 * 0000:00:0e.0/pci10000:e0/10000:e0:06.0" (drivers/pci/controller/vmd.c).  Cuts the link.
 */
static bool find_root_maker(char *link, struct pci_address *ret)
{
	char *bus = strstr(link, "/pci"), *name;

	for (char *next = bus; next; next = strstr(next + 1, "/pci"))
		bus = next;
	if (!bus)
		return false;
	*bus = '\0';
	name = strrchr(link, '/');
	return name && pci_address_parse(name + 1, PCI_NAME_WHOLE, ret, NULL) == 0;
}

/* "removable" is what an external port leads to (drivers/pci/probe.c, pci_set_removable). */
static bool is_removable(const struct reader *reader)
{
	char text[16];

	return file_read_line(&reader->function, "removable", text, sizeof(text)) == 0 &&
		strcmp(text, "removable") == 0;
}

static int compare_functions(const void *a, const void *b)
{
	const struct pcibus_function *x = a, *y = b;

	return pci_address_compare(x->dev.address, y->dev.address);
}

struct pcibus_function *pcibus_find(const struct pcibus *bus, struct pci_address address)
{
	const struct pcibus_function key = {.dev = {.address = address}};

	return bus->n
		? bsearch(&key, bus->functions, bus->n, sizeof(key), compare_functions)
		: NULL;
}

/*
 * Where it is, and what makes it.  The path of a virtual function is that of its physical one but for the
 * end: both are on one bus, or else it has none of its own (sysfs_read_path()).
 */
static void read_place(const struct reader *reader, struct pcibus_function *function)
{
	struct pcidev *dev = &function->dev;
	char name[PCI_ADDRESS_SIZE], link[1024], physical[LINK_SIZE];
	const struct pcibus_function *maker = NULL;

	dev->is_virtual = read_link_name(reader, "physfn", physical) < 0 || *physical;
	if (pci_address_parse(physical, PCI_NAME_WHOLE, &function->maker, NULL) == 0) {
		function->later = PCIBUS_VIRTUAL;
		if (function->maker.bus != dev->address.bus)
			return;
		maker = pcibus_find(&reader->bus, function->maker);
	}
	if (maker && maker->dev.path.depth) {
		dev->path = maker->dev.path;
		dev->path.devfn[dev->path.depth - 1] = dev->address.devfn;
		return;
	}
	pci_address_format(dev->address, name);
	if (file_read_link(&reader->devices, name, link, sizeof(link)) < 0)
		return;
	pci_path_from_link(link, &dev->path);
	if (function->later == PCIBUS_VIRTUAL)
		return;
	if (find_root_maker(link, &function->maker))
		function->later = PCIBUS_BEHIND;
	else if (is_removable(reader))
		function->later = PCIBUS_TUNNELLED;
}

/* What cannot be read stays unknown. */
static void read_more(const struct reader *reader, struct pcibus_function *function)
{
	struct pcidev *dev = &function->dev;
	char name[LINK_SIZE], group[LINK_SIZE];

	dev->has_iommu_group = read_link_name(reader, "iommu_group", group) < 0 || *group;
	function->group = parse_group(group);
	read_place(reader, function);
	dev->late = function->later != PCIBUS_NOT_LATER;
	dev->has_connector = dev->ids.class >> 8 == PCI_CLASS_DISPLAY_OTHER &&
		sysfs_has_connector(reader->root, dev->address);
	if (pcidev_base_class(dev) == PCI_BASE_DISPLAY)
		read_display(reader, function);
	dev->detailed = read_link_name(reader, "driver", name) == 0 &&
		copy_text(dev->driver, sizeof(dev->driver), name, strlen(name));
	if (*group && pcidev_driver_is_vfio(dev->driver) &&
		iommu_group_is_made_up(reader->root, group)) {
		dev->has_iommu_group = false;
		function->group = PCIBUS_NO_GROUP;
	}
}

/* Opens its directory and reads what is in there.  Returns 0, or -errno. */
static int read_function(struct reader *reader, struct pcibus_function *function)
{
	char directory[sizeof(TREE_PCI) + PCI_ADDRESS_SIZE] = TREE_PCI "/";
	_cleanup_close_ int fd = -1;
	int r;

	pci_address_format(function->dev.address, directory + strlen(directory));
	fd = file_open(reader->root, directory, O_PATH | O_DIRECTORY);
	reader->function.fd = fd;
	r = fd < 0
		? fd
		: sysfs_read_modalias(&reader->function, "modalias", &function->dev.ids);
	if (r == 0)
		read_more(reader, function);
	return r;
}

/* Adds it, unless it is gone. */
static void add_function(struct reader *reader, struct pci_address address)
{
	struct pcibus *bus = &reader->bus;
	struct pcibus_function *function = &bus->functions[bus->n];
	int r;

	*function = (struct pcibus_function){.dev.address = address};
	r = read_function(reader, function);
	/* Of one that is unplugged, files are gone or say so when they are read. */
	if (r == -ENOENT || r == -ENODEV)
		return;
	if (r < 0 && bus->error == 0) {
		bus->unread = address;
		bus->error = r;
	}
	if (r < 0)
		return;
	bus->has_groups |= function->group != PCIBUS_NO_GROUP;
	bus->n++;
}

/* ---- the list of them */

struct addresses {
	struct pci_address *addresses;
	size_t n;
	bool no_memory;
};

static void free_addresses(struct addresses *list)
{
	free(list->addresses);
}

static bool found_address(void *data, struct pci_address address)
{
	struct addresses *list = data;
	struct pci_address *added = LIST_ADD(list->addresses, list->n);

	list->no_memory = !added;
	if (added)
		*added = address;
	return added;
}

static int compare_addresses(const void *a, const void *b)
{
	const struct pci_address *x = a, *y = b;

	return pci_address_compare(*x, *y);
}

/* In the order of addresses: a physical function comes before its virtual ones. */
static int read_functions(struct reader *reader)
{
	_cleanup_(free_addresses) struct addresses list = {0};
	int r = sysfs_each_function(reader->root, found_address, &list);

	if (r < 0)
		return r;
	reader->bus.functions = calloc(list.n + 1, sizeof(*reader->bus.functions));
	if (list.no_memory || !reader->bus.functions)
		return -ENOMEM;
	if (list.n)
		qsort(list.addresses, list.n, sizeof(*list.addresses), compare_addresses);
	for (size_t i = 0; i < list.n; i++)
		add_function(reader, list.addresses[i]);
	return 0;
}

/* A list that grows by the names of links. */
struct consumers {
	char *ret;
	size_t size;
};

static bool found_link(void *data, const char *name)
{
	static const char prefix[] = "consumer:";
	struct consumers *list = data;
	size_t len = strlen(list->ret);

	if (text_begins_with(name, prefix))
		text_join(list->ret + len, list->size - len, len ? ", " : "",
			name + strlen(prefix), NULL);
	return true;
}

int pcibus_consumers(
	const struct root *root, struct pci_address address, char *ret, size_t size)
{
	struct consumers list = {ret, size};
	char path[sizeof(TREE_PCI "/") + PCI_ADDRESS_SIZE] = TREE_PCI "/";

	*ret = '\0';
	pci_address_format(address, path + strlen(path));
	return file_each_name(root, path, found_link, &list);
}

const struct pcidev *pcibus_get(const void *bus, size_t index)
{
	const struct pcibus *functions = bus;

	return index < functions->n ? &functions->functions[index].dev : NULL;
}

/* The virtual functions that a physical one has on the bus. */
struct virtuals {
	const struct pcibus_function *last; /* by address */
	unsigned n;
};

/* Which of the virtual functions of @physical each of them is, by its links. */
static void number_by_links(const struct root *root, const struct pcibus *bus,
	const struct pcibus_function *physical)
{
	struct pci_address address;

	for (size_t i = 0; i < bus->n; i++)
		if (bus->functions[i].later == PCIBUS_VIRTUAL &&
			pci_address_equal(bus->functions[i].maker, physical->dev.address))
			bus->functions[i].dev.physical.depth = 0;
	for (unsigned n = 0;
		sysfs_read_virtual(root, physical->dev.address, n, &address) == 0; n++) {
		struct pcibus_function *function = pcibus_find(bus, address);

		if (!function)
			continue;
		function->dev.physical = physical->dev.path;
		function->dev.vf = (uint16_t)n;
	}
}

/*
 * The kernel numbers them in the order of their addresses (drivers/pci/iov.c, pci_iov_virtfn_bus() and
 * pci_iov_virtfn_devfn()): where the last of n is number n - 1, the others are the numbers before it.
 */
static bool are_all(const struct root *root, const struct pcibus_function *physical,
	const struct virtuals *of)
{
	struct pci_address address;

	return sysfs_read_virtual(root, physical->dev.address, of->n - 1, &address) ==
		0 &&
		pci_address_equal(address, of->last->dev.address);
}

/* Numbers them in their order, and by links where one is missing.  Returns 0, or -ENOMEM. */
static int number_virtual(const struct root *root, const struct pcibus *bus)
{
	_cleanup_free_ struct virtuals *all = calloc(bus->n + 1, sizeof(*all));
	const struct pcibus_function *physical = NULL;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < bus->n; i++) {
		struct pcibus_function *function = &bus->functions[i];
		struct virtuals *of;

		if (function->later != PCIBUS_VIRTUAL)
			continue;
		/* Most have the same one as their neighbour. */
		if (!physical ||
			!pci_address_equal(physical->dev.address, function->maker))
			physical = pcibus_find(bus, function->maker);
		if (!physical)
			continue;
		of = &all[physical - bus->functions];
		function->dev.physical = physical->dev.path;
		function->dev.vf = (uint16_t)of->n++;
		of->last = function;
	}
	for (size_t i = 0; i < bus->n; i++)
		if (all[i].n && !are_all(root, &bus->functions[i], &all[i]))
			number_by_links(root, bus, &bus->functions[i]);
	return 0;
}

int pcibus_read(const struct root *root, struct pcibus *ret)
{
	struct reader reader = {.root = root, .devices = *root, .function = *root};
	_cleanup_close_ int fd = file_open(root, TREE_PCI, O_PATH | O_DIRECTORY);
	int r = fd < 0 ? fd : 0;

	reader.devices.fd = fd;
	if (r == 0)
		r = read_functions(&reader);
	if (r == 0)
		r = number_virtual(root, &reader.bus);
	if (r == 0)
		*ret = reader.bus;
	else
		pcibus_free(&reader.bus);
	return r;
}

void pcibus_free(struct pcibus *bus)
{
	free(bus->functions);
	*bus = (struct pcibus){0};
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
