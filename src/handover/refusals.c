/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host uses, and what would be gone with a device. */
#include "refusals.h"

#include "base/base.h"
#include "native.h"
#include "outlook/outlook.h"

int refusals_find_native(const struct config_section *section, struct message *message)
{
	if (!config_section_is_native(section))
		return 0;
	message_remedy(message, "name a section with virtual functions (vf) instead");
	return message_set(message, -EPERM,
		"[device %s] leaves its functions to their native driver, for virtual "
		"functions (vfs)",
		section->name);
}

static const char *remedy_of(const struct usage_entry *usage)
{
	switch (usage->kind) {
	case IN_USE_MOUNT: return "unmount it first";
	case IN_USE_SWAP: return "switch it off first (swapoff)";
	case IN_USE_INTERFACE:
		return "take the interface down first (ip link set ... down)";
	case IN_USE_ROUTE:
		return "give the default route to another interface first, and take this one "
		       "down";
	case IN_USE_CONSOLE:
		return "remove its console= from the kernel command line, and reboot";
	case IN_USE_RESUME: break;
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
	struct obstacles_host host = {
		.facts = facts, .config = (struct config *)config, .now = true};
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

/* Functions of the set that have left already are given, too. */
static int refuse_native(const struct pcibus *bus, const struct deviceset *set,
	const struct pci_address *moving, size_t n, struct message *message)
{
	_cleanup_free_ struct pci_address *given = calloc(set->n + 1, sizeof(*given));
	int r = given ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < set->n; i++)
		given[i] = set->members[i].function->dev.address;
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct pcidev *dev = &pcibus_find(bus, moving[i])->dev;

		r = native_refuse(bus, native_find(dev->driver), given, set->n, message);
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
	return r < 0 ? r : refuse_native(&facts->bus, set, moving, n, message);
}

/* Whoever has open what a driver for guests has is a guest. */
int refusals_find_guest(const struct work *work, struct message *message)
{
	_cleanup_free_ struct pci_address *given =
		calloc(work->state.n_functions + 1, sizeof(*given));
	_cleanup_(holders_free) struct holders holders = {0};
	char text[MESSAGE_SIZE], driver[SYSFS_DRIVER_SIZE];
	size_t n = 0;
	int r;

	if (!given)
		return -ENOMEM;
	for (size_t i = 0; i < work->state.n_functions; i++) {
		const struct state_function *function = &work->state.functions[i];

		if (sysfs_read_driver(work->root, function->address, driver) == 0 &&
			steps_is_given(function, driver))
			given[n++] = function->address;
	}
	r = n ? holders_read(work->root, given, n, &holders) : 0;
	if (r < 0)
		return message_errno(
			message, r, "cannot find out which processes have it open");
	if (!holders.n_processes)
		return 0;
	steps_describe_holders(&holders, text, sizeof(text));
	message_remedy(message, "shut the guest down first");
	return message_set(message, -EBUSY, "%s", text);
}

/* What is to be done about something that is no process. */
static void remedy_made(const struct holders_one *made, struct message *message)
{
	char function[PCI_ADDRESS_SIZE];

	pci_address_format(made->function, function);
	if (made->kind == HOLDERS_MEDIATED)
		message_remedy(message,
			"shut down the guest that has it, and run 'echo 1 | sudo tee "
			"/" TREE_PCI "/%s/%s/remove'",
			function, made->node);
	else if (made->kind == HOLDERS_ELSEWHERE)
		message_remedy(message,
			"stop the container that has it, or find it with 'sudo ip -all netns "
			"exec ip link' or 'sudo lsns -t net' and move it back with 'ip link "
			"set NAME netns 1'");
	else
		message_remedy(message, "remove it first");
}

int refusals_find_made(const struct holders *holders, struct message *message)
{
	const struct holders made = {.list = holders->list + holders->n_processes,
		.n = holders->n - holders->n_processes};
	char text[MESSAGE_SIZE];

	if (!made.n)
		return 0;
	steps_describe_holders(&made, text, sizeof(text));
	remedy_made(made.list, message);
	return message_set(message, -EBUSY, "%s", text);
}
