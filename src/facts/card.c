/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which functions are one device, by their slots, their ids and the bridges above them. */
#include "card.h"

#include "base/base.h"

#define CLASS_SOUND 0x0403 /* include/linux/pci_ids.h, PCI_CLASS_MULTIMEDIA_HD_AUDIO */

/*
 * Makers of processors that show devices of their own behind a bridge, as if these were on a card:
 * graphics, security processor, USB and sound in one slot, each an IOMMU group of its own.  None
 * of them makes cards with more than one function.  Of Intel such devices are on the root bus.
 */
static const uint16_t processor_vendors[] = {
	0x1022, /* AMD; the graphics are 1002 */
	0x1d94, /* Hygon */
};

static bool is_same_slot(const struct pcibus_function *a, const struct pcibus_function *b)
{
	return pci_path_equal(&a->dev.path, &b->dev.path, true);
}

static bool is_of_processor(const struct pcibus_function *function)
{
	for (size_t i = 0; i < ARRAY_SIZE(processor_vendors); i++)
		if (function->dev.ids.vendor == processor_vendors[i])
			return true;
	return false;
}

/* Whether the slot of the function has devices that have nothing to do with each other. */
static bool is_shared_slot(
	const struct pcibus *bus, const struct pcibus_function *function)
{
	if (function->dev.path.depth == 1)
		return true;
	for (size_t i = 0; i < bus->n; i++)
		if (is_of_processor(&bus->functions[i]) &&
			is_same_slot(&bus->functions[i], function))
			return true;
	return false;
}

/* Whether @sound is of the display's own outputs (HDMI, DisplayPort). */
static bool is_sound_of(
	const struct pcibus_function *display, const struct pcibus_function *sound)
{
	return pcidev_base_class(&display->dev) == PCI_BASE_DISPLAY &&
		sound->dev.ids.class >> 8 == CLASS_SOUND &&
		sound->dev.ids.vendor == display->dev.ids.vendor;
}

/* The bridge that the first @depth elements of the path lead to, or NULL. */
static const struct pcibus_function *find_bridge(
	const struct pcibus *bus, const struct pci_path *path, int depth)
{
	struct pci_path to = *path;

	to.depth = (uint8_t)depth;
	for (size_t i = 0; i < bus->n; i++)
		if (pci_path_equal(&bus->functions[i].dev.path, &to, false))
			return &bus->functions[i];
	return NULL;
}

/* Whether both are directly below the ports of one switch, which is @depth elements down. */
static bool is_below(
	const struct pcibus_function *a, const struct pcibus_function *b, int depth)
{
	const struct pci_path *x = &a->dev.path, *y = &b->dev.path;

	return x->depth == depth + 2 && y->depth == depth + 2 && x->domain == y->domain &&
		x->bus == y->bus && memcmp(x->devfn, y->devfn, (size_t)depth) == 0;
}

/*
 * Whether the switch above the function is of its card: of the same maker, and with one display
 * below it, so that what else is there belongs to that.  Root port, upstream port, downstream port,
 * function: so the path has four elements at least.
 */
static bool shares_switch(const struct pcibus *bus,
	const struct pcibus_function *function, const struct pcibus_function *other)
{
	int depth = function->dev.path.depth - 2;
	const struct pcibus_function *upstream;
	unsigned displays = 0;

	if (depth < 2 || !is_below(function, other, depth))
		return false;
	upstream = find_bridge(bus, &function->dev.path, depth);
	if (!upstream || upstream->dev.ids.vendor != function->dev.ids.vendor ||
		upstream->dev.ids.vendor != other->dev.ids.vendor)
		return false;
	for (size_t i = 0; i < bus->n; i++)
		displays += is_below(function, &bus->functions[i], depth) &&
			pcidev_base_class(&bus->functions[i].dev) == PCI_BASE_DISPLAY &&
			!bus->functions[i].dev.is_virtual;
	return displays == 1;
}

enum card_bond card_bond(const struct pcibus *bus, const struct pcibus_function *function,
	const struct pcibus_function *other)
{
	bool grouped =
		function->group == other->group && function->group != PCIBUS_NO_GROUP;

	if (pcibus_is_made_by(bus, other, function))
		return CARD_MADE;
	if (function->dev.is_virtual || other->dev.is_virtual ||
		pcidev_base_class(&other->dev) == PCI_BASE_BRIDGE)
		return CARD_APART;
	if (!is_same_slot(function, other))
		return shares_switch(bus, function, other) ? CARD_PART : CARD_APART;
	if (!is_shared_slot(bus, function) || is_sound_of(function, other))
		return CARD_PART;
	return grouped ? CARD_GROUPED : CARD_NEIGHBOR;
}
