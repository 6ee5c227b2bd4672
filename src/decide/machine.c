/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the functions that a configuration names, by as few accesses as it can. */
#include "machine.h"

#include "base/base.h"
#include "match.h"

struct lookup {
	/* That, or the directory of a bridge, while functions below it are read. */
	const struct root *root;
	const char *asked; /* the driver that all sections ask for; "": they differ */
	const struct config *config;
	struct protect_list *protect;
	struct machine *machine;
	unsigned n_named; /* functions that were looked up by a name: they come first */
	int error;
};

/* The functions of one slot, by number; those that were found are marked. */
struct slot {
	pci_devfn devfn;
	bool all; /* not only this function */
	struct pci_address functions[8];
	bool found[8];
};

static struct pcidev *find(
	struct machine *machine, unsigned n, struct pci_address address)
{
	for (unsigned i = 0; i < n; i++)
		if (pci_address_equal(machine->functions[i].address, address))
			return &machine->functions[i];
	return NULL;
}

static const struct pcidev *find_known(
	const struct lookup *lookup, struct pci_address address)
{
	const struct machine *machine = lookup->machine;

	return machine->known ? machine->known(machine->bus, address) : NULL;
}

static int read_function(
	const struct lookup *lookup, struct pci_address address, struct pcidev *ret)
{
	const struct pcidev *known = find_known(lookup, address);

	if (!known)
		return pcidev_read(lookup->root, address, ret);
	*ret = (struct pcidev){.address = address, .ids = known->ids};
	return 0;
}

static void read_function_details(const struct lookup *lookup, struct pcidev *dev)
{
	const struct pcidev *known = find_known(lookup, dev->address);
	struct pci_path path = dev->path;

	if (!known) {
		pcidev_read_details(lookup->root, dev, lookup->asked);
		return;
	}
	*dev = *known;
	dev->path = path.depth ? path : known->path;
	pcidev_read_virtual(lookup->root, dev);
}

/* Of a display that no section names only who has it counts. */
static void read_display(const struct lookup *lookup, struct pcidev *dev)
{
	if (find_known(lookup, dev->address))
		read_function_details(lookup, dev);
	else
		pcidev_read_holder(lookup->root, dev, lookup->asked);
}

/* Adds a function, or finds it again.  NULL when it is not there or has no room. */
static struct pcidev *add_named(struct lookup *lookup, struct pci_address address)
{
	struct machine *machine = lookup->machine;
	struct pcidev *dev = find(machine, machine->n_functions, address);

	if (dev)
		return dev;
	if (machine->n_functions == MACHINE_FUNCTIONS_MAX) {
		machine->truncated = true;
		return NULL;
	}
	dev = &machine->functions[machine->n_functions];
	if (read_function(lookup, address, dev) < 0)
		return NULL;
	lookup->n_named = ++machine->n_functions;
	return dev;
}

/*
 * A virtual function that spilled to the next bus number is a child of the same bridge and
 * may have the number of its neighbour; the lowest bus is the bridge's own.
 */
static bool found_in_slot(void *data, struct pci_address address)
{
	struct slot *slot = data;
	unsigned function = address.devfn & 7u;

	if (address.devfn >> 3 != slot->devfn >> 3 ||
		(!slot->all && address.devfn != slot->devfn))
		return true;
	if (slot->found[function] && slot->functions[function].bus < address.bus)
		return true;
	slot->found[function] = true;
	slot->functions[function] = address;
	return true;
}

/* The functions of the root bus are looked up by number: there is no directory of them. */
static void look_up_slot(struct lookup *lookup, struct pci_address first, bool all)
{
	for (unsigned function = 0; function < (all ? 8 : 1); function++) {
		add_named(lookup, first);
		first.devfn++;
	}
}

static struct pcidev *add_at_path(
	struct lookup *lookup, const struct pci_path *path, struct pci_address address)
{
	struct pcidev *dev = add_named(lookup, address);

	if (dev) {
		dev->path = *path;
		dev->path.devfn[path->depth - 1] = address.devfn;
	}
	return dev;
}

/* Opens the directory of the bridge @parent and looks there for the functions that @slot wants. */
static int open_slot(const struct lookup *lookup, struct pci_address parent,
	struct slot *slot, struct root *ret_bridge)
{
	int r = sysfs_open_bridge(lookup->root, parent, ret_bridge);

	if (r < 0)
		return r;
	r = sysfs_each_function(ret_bridge, found_in_slot, slot);
	if (r < 0)
		root_close(ret_bridge);
	return r;
}

/* Walks from bridge to bridge, one directory each, to the element before @end. */
static bool find_element(struct lookup *lookup, const struct pci_path *path, int end,
	struct pci_address *ret)
{
	*ret = (struct pci_address){path->domain, path->bus, path->devfn[0]};
	for (int i = 1; i < end; i++) {
		struct slot slot = {.devfn = path->devfn[i]};
		struct root bridge;

		if (open_slot(lookup, *ret, &slot, &bridge) < 0)
			return false;
		root_close(&bridge);
		if (!slot.found[slot.devfn & 7u])
			return false;
		*ret = slot.functions[slot.devfn & 7u];
	}
	return true;
}

/* The functions at a path, with @details all that is needed to bind them. */
static void look_up_path(
	struct lookup *lookup, const struct pci_path *path, bool all, bool details)
{
	struct slot slot = {.devfn = path->devfn[path->depth - 1], .all = all};
	const struct root *root = lookup->root;
	struct pci_address at;
	struct root bridge;

	if (!find_element(lookup, path, path->depth - 1, &at))
		return;
	if (path->depth == 1) {
		for (unsigned i = 0; i < (all ? 8 : 1); i++, at.devfn++)
			add_at_path(lookup, path, at);
		return;
	}
	if (open_slot(lookup, at, &slot, &bridge) < 0)
		return;
	lookup->root = &bridge;
	for (unsigned i = 0; i < ARRAY_SIZE(slot.functions); i++) {
		struct pcidev *dev = slot.found[i]
			? add_at_path(lookup, path, slot.functions[i])
			: NULL;

		if (dev && details && !dev->detailed)
			read_function_details(lookup, dev);
	}
	lookup->root = root;
	root_close(&bridge);
}

/* Where they are only their physical function knows: its links lead to them, in this order. */
static void look_up_virtual(struct lookup *lookup, const struct selector *selector)
{
	const struct pci_path *path = &selector->vf.physical;
	struct pci_address physical, address;

	if (!find_element(lookup, path, path->depth, &physical))
		return;
	add_at_path(lookup, path, physical);
	for (unsigned n = selector->vf.first; n <= selector->vf.last &&
		sysfs_read_virtual(lookup->root, physical, n, &address) == 0;
		n++) {
		struct pcidev *dev = add_named(lookup, address);

		if (!dev)
			continue;
		dev->physical = *path;
		dev->vf = (uint16_t)n;
	}
}

static void look_up_section(struct lookup *lookup, const struct config_section *section)
{
	for (unsigned i = 0; i < section->n_selectors; i++) {
		const struct selector *selector =
			&lookup->config->selectors[section->first_selector + i];

		if (selector->kind == SELECTOR_PATH)
			look_up_path(lookup, &selector->path, selector->slot, true);
		else if (selector->kind == SELECTOR_ADDRESS)
			look_up_slot(lookup, selector->address, selector->slot);
		else if (selector->kind == SELECTOR_VF)
			look_up_virtual(lookup, selector);
	}
}

static bool found_on_bus(void *data, struct pci_address address)
{
	struct lookup *lookup = data;
	struct machine *machine = lookup->machine;

	if (find(machine, lookup->n_named, address))
		return true;
	if (machine->n_functions == MACHINE_FUNCTIONS_MAX) {
		machine->truncated = true;
		return false;
	}
	if (read_function(lookup, address, &machine->functions[machine->n_functions]) ==
		0)
		machine->n_functions++;
	return true;
}

/*
 * A directory has an order of its own; people expect that of the addresses.  Shell's sort:
 * musl's qsort() is 2 KiB of a program that every image carries.
 */
static void sort(struct pcidev *functions, unsigned n)
{
	for (unsigned gap = n / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11) {
		for (unsigned i = gap; i < n; i++) {
			struct pcidev dev = functions[i];
			unsigned at = i;

			for (; at >= gap &&
				pci_address_before(
					dev.address, functions[at - gap].address);
				at -= gap)
				functions[at] = functions[at - gap];
			functions[at] = dev;
		}
	}
}

static void look_up_all(struct lookup *lookup)
{
	struct machine *machine = lookup->machine;

	if (machine->whole)
		return;
	machine->whole = true;
	lookup->error = sysfs_each_function(lookup->root, found_on_bus, lookup);
	sort(machine->functions, machine->n_functions);
}

static bool is_wanted(const struct config *config, const struct config_section *section)
{
	return !section->bad && config_section_active(config, section);
}

static enum match match_dev(const struct lookup *lookup,
	const struct config_section *section, const struct pcidev *dev)
{
	return match_section(lookup->config, section, dev);
}

/* Whether a section that follows its device has to look for it elsewhere. */
static bool has_moved(const struct lookup *lookup, const struct config_section *section)
{
	bool member = false;

	for (unsigned i = 0; i < lookup->machine->n_functions; i++) {
		enum match match =
			match_dev(lookup, section, &lookup->machine->functions[i]);

		if (match == MATCH_STRANGER)
			return true;
		member |= match == MATCH_MEMBER;
	}
	return !member;
}

/*
 * Whether what is at the section's place is what it was written for.  A function that another one
 * of its slot shows nothing beside is as that one is.
 */
static enum identity compare_identity(
	const struct lookup *lookup, const struct config_section *section)
{
	enum identity identity = IDENTITY_UNKNOWN;

	if (!identity_is_said(section))
		return identity;
	for (unsigned i = 0; i < lookup->machine->n_functions; i++) {
		const struct pcidev *dev = &lookup->machine->functions[i];
		enum identity one;

		if (match_dev(lookup, section, dev) != MATCH_MEMBER)
			continue;
		one = identity_compare(lookup->root, section, dev->address);
		identity = one > identity ? one : identity;
	}
	return identity;
}

/* Whether a device like it elsewhere is a reason to doubt that this is the section's. */
static bool is_in_doubt(const struct lookup *lookup, unsigned index)
{
	const struct config_section *section = &lookup->config->sections[index];

	return lookup->machine->identity[index] == IDENTITY_UNKNOWN &&
		section->kinds & 1 << SELECTOR_ID &&
		config_section_may_move(lookup->config, section);
}

/* Whether any section names the function, or follows its device there. */
static bool is_candidate(const struct lookup *lookup, const struct pcidev *dev)
{
	const struct config *config = lookup->config;

	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];

		if (is_wanted(config, section) &&
			(match_dev(lookup, section, dev) != MATCH_NONE ||
				(section->follow &&
					match_identity(config, section, dev))))
			return true;
	}
	return false;
}

/* The listed displays, or all functions when none of the listed ones would stay. */
static void look_up_displays(struct lookup *lookup)
{
	bool stays = false;

	for (unsigned i = 0; i < lookup->protect->n_entries; i++) {
		const struct protect_entry *entry = &lookup->protect->entries[i];
		unsigned before = lookup->machine->n_functions;

		if (entry->kind != PROTECT_DISPLAY)
			continue;
		look_up_path(lookup, &entry->path, false, false);
		for (unsigned j = before; j < lookup->machine->n_functions; j++)
			stays |= pcidev_display(&lookup->machine->functions[j]) !=
				PCIDEV_NO_DISPLAY;
	}
	if (!stays)
		look_up_all(lookup);
}

static void read_details(struct lookup *lookup)
{
	struct machine *machine = lookup->machine;
	bool takes_display = false;

	for (unsigned i = 0; i < machine->n_functions; i++) {
		struct pcidev *dev = &machine->functions[i];

		/* Unless all were read, each is there because a section names it. */
		if (machine->whole && !is_candidate(lookup, dev))
			continue;
		if (!dev->detailed)
			read_function_details(lookup, dev);
		takes_display |= !pcidev_is_given(dev, lookup->asked) &&
			pcidev_display(dev) != PCIDEV_NO_DISPLAY;
	}
	if (!takes_display)
		return;
	look_up_displays(lookup);
	for (unsigned i = 0; i < machine->n_functions; i++) {
		struct pcidev *dev = &machine->functions[i];

		if (!dev->detailed && pcidev_display(dev) != PCIDEV_NO_DISPLAY)
			read_display(lookup, dev);
	}
}

/* Whether the place of a protected function still holds it. */
static bool is_in_place(struct lookup *lookup, const struct protect_entry *entry)
{
	look_up_path(lookup, &entry->path, false, false);
	for (unsigned i = 0; i < lookup->machine->n_functions; i++) {
		const struct pcidev *dev = &lookup->machine->functions[i];

		if (pci_path_equal(&dev->path, &entry->path, false))
			return dev->ids.vendor == entry->vendor &&
				dev->ids.device == entry->device;
	}
	return false;
}

/* A place is looked at only where it decides: for a function of the same kind elsewhere. */
static void check_protected(struct lookup *lookup)
{
	unsigned n = lookup->machine->n_functions;

	for (unsigned i = 0; i < lookup->protect->n_entries; i++) {
		struct protect_entry *entry = &lookup->protect->entries[i];

		for (unsigned j = 0; entry->kind != PROTECT_DISPLAY && j < n; j++) {
			const struct pcidev *dev = &lookup->machine->functions[j];

			if (!dev->detailed || dev->ids.vendor != entry->vendor ||
				dev->ids.device != entry->device)
				continue;
			entry->missing = !is_in_place(lookup, entry);
			break;
		}
	}
}

/* What the sections ask for, unless that depends on the device, or one is to make virtual functions. */
static const char *find_asked(const struct config *config)
{
	const char *asked = NULL;

	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];

		if (!is_wanted(config, section))
			continue;
		if (section->auto_driver || section->vfs ||
			(asked && !text_is(section->driver, asked)))
			return "";
		asked = section->driver;
	}
	return asked ? asked : "";
}

int machine_look_up(const struct root *root, const struct config *config,
	struct protect_list *protect, struct machine *ret)
{
	struct lookup lookup = {.root = root,
		.asked = ret->next_boot ? "" : find_asked(config),
		.config = config,
		.protect = protect,
		.machine = ret,
		.n_named = ret->n_functions};
	bool all = false;

	for (unsigned i = 0; i < config->n_sections; i++) {
		if (!is_wanted(config, &config->sections[i]))
			continue;
		look_up_section(&lookup, &config->sections[i]);
		ret->identity[i] = compare_identity(&lookup, &config->sections[i]);
		all |= !config_section_has_place(&config->sections[i]) ||
			is_in_doubt(&lookup, i);
	}
	for (unsigned i = 0; !all && i < config->n_sections; i++)
		all = is_wanted(config, &config->sections[i]) &&
			config->sections[i].follow &&
			has_moved(&lookup, &config->sections[i]);
	if (all)
		look_up_all(&lookup);
	read_details(&lookup);
	check_protected(&lookup);
	return lookup.error;
}
