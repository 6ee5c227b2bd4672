/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host uses, and what would be gone with a device. */
#include "refusals.h"

#include "base/base.h"
#include "native.h"
#include "outlook/outlook.h"

static const char *remedy_of(const struct usage_entry *usage)
{
	switch (usage->kind) {
	case IN_USE_MOUNT: return "unmount it first";
	case IN_USE_SWAP: return "switch it off first (swapoff)";
	case IN_USE_INTERFACE:
		return "take the interface down first (ip link set ... down)";
	case IN_USE_RESUME:
	case IN_USE_ROUTE: break;
	}
	return "";
}

/* Of what `add` finds, what counts now: what the host uses, and a group that is not whole. */
static int refuse_obstacle(const struct obstacle *obstacle, struct message *message)
{
	char address[PCI_ADDRESS_SIZE], other[PCI_ADDRESS_SIZE], use[256];

	pci_address_format(obstacle->function->dev.address, address);
	switch (obstacle->kind) {
	case OBSTACLE_USED:
		usage_text(obstacle->usage, use, sizeof(use));
		message_remedy(message, "%s", remedy_of(obstacle->usage));
		return message_set(message, -EBUSY, "%s %s", address, use);
	case OBSTACLE_PART:
		message_remedy(message, "close it first");
		return message_set(
			message, -EBUSY, "%s is a part of %s", address, obstacle->what);
	case OBSTACLE_GROUP:
		pci_address_format(obstacle->other->dev.address, other);
		message_remedy(message, "hand over both, as one device set");
		return message_set(message, -EPERM,
			"%s is in the IOMMU group of %s, and its driver %s keeps the group "
			"for the host",
			other, address, obstacle->other->dev.driver);
	case OBSTACLE_UNKNOWN_USE:
		return message_set(message, -EPERM,
			"it is not known whether the host uses %s", address);
	default: return 0;
	}
}

static int refuse_use(struct facts *facts, const struct config *config,
	const struct deviceset *set, struct message *message)
{
	_cleanup_(obstacles_free) struct obstacles obstacles = {0};
	struct obstacles_host host = {.facts = facts, .config = (struct config *)config};
	int r = facts_usage(facts, &host.usage);

	if (r < 0 && (facts->root->live || r != -EHOSTUNREACH))
		return message_errno(message, r, "cannot find out what this host uses");
	r = obstacles_find(&host, set, &obstacles);
	for (size_t i = 0; r == 0 && i < obstacles.n; i++)
		if (obstacles.list[i].kind != OBSTACLE_UNKNOWN_USE || facts->root->live)
			r = refuse_obstacle(&obstacles.list[i], message);
	return r;
}

/* Virtual functions and the like, which their drivers make, would be gone without a question. */
static int refuse_made(
	const struct pcibus *bus, const struct deviceset *set, struct message *message)
{
	char address[PCI_ADDRESS_SIZE], maker[PCI_ADDRESS_SIZE];

	for (size_t i = 0; i < bus->n; i++) {
		const struct pcibus_function *function = &bus->functions[i];

		if (!deviceset_unmakes(set, bus, function) ||
			deviceset_has(set, function))
			continue;
		pci_address_format(function->dev.address, address);
		pci_address_format(function->maker, maker);
		if (function->later == PCIBUS_VIRTUAL)
			message_remedy(message,
				"stop what uses its virtual functions, then write 0 to "
				"/" TREE_PCI "/%s/sriov_numvfs",
				maker);
		return message_set(message, -EBUSY,
			"%s would be gone: the driver of %s makes it", address, maker);
	}
	return 0;
}

static int refuse_native(const struct pcibus *bus, const struct pci_address *moving,
	size_t n, struct message *message)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct pcidev *dev = &pcibus_find(bus, moving[i])->dev;

		r = native_refuse(bus, native_find(dev->driver), moving, n, message);
	}
	return r;
}

int refusals_find(struct facts *facts, const struct config *config,
	const struct deviceset *set, const struct pci_address *moving, size_t n,
	struct message *message)
{
	int r = refuse_use(facts, config, set, message);

	if (r == 0)
		r = refuse_made(&facts->bus, set, message);
	return r < 0 ? r : refuse_native(&facts->bus, moving, n, message);
}
