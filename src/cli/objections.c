/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Weighs each cost against what was allowed, and the verdict of the planner above all. */
#include "objections.h"

#include <errno.h>
#include <stdio.h>

#include "base/base.h"
#include "cli.h"
#include "sections.h"

#define TEXT_SIZE 512

/* After the first one, more uses of a function than these are counted. */
#define USES_MAX 4

enum weight {
	WEIGHT_NOTE,    /* it is worth knowing */
	WEIGHT_ALLOWED, /* it stands unless it is allowed */
	WEIGHT_STANDS,
	WEIGHT_ELSEWHERE, /* the planner's verdict tells, or the group's own words */
};

static bool is_network(const struct cost *cost)
{
	return cost->usage->kind == IN_USE_ROUTE || cost->usage->kind == IN_USE_INTERFACE;
}

static enum weight weigh_usage(const struct objections *objections,
	const struct cost *cost, bool *ret_allowed, const char **ret_remedy)
{
	const struct protect_entry *entry =
		nextboot_protected(objections->rehearsal->next, &cost->function->dev);
	bool network = is_network(cost);

	if (entry && entry->kind == PROTECT_NETWORK && network) {
		*ret_remedy =
			"it is kept for the host by protect-network = yes in [boot]; "
			"take that out first";
		return WEIGHT_STANDS;
	}
	if (entry) {
		*ret_remedy =
			"this host runs from it, and vfioboot-early gives such a function "
			"to nobody, whatever is configured; move what is on it to another "
			"device first";
		return WEIGHT_STANDS;
	}
	*ret_allowed = network ? objections->allow.network : objections->allow.mounted;
	*ret_remedy = network
		? "take the interface down and out of the network's configuration, or "
		  "say --allow-network"
		: "unmount it and take it out of /etc/fstab, or say --allow-mounted";
	return WEIGHT_ALLOWED;
}

/* How much a cost weighs, whether it is allowed, and what can be done about it. */
static enum weight weigh(const struct objections *objections, const struct cost *cost,
	bool *ret_allowed, const char **ret_remedy)
{
	switch (cost->kind) {
	case COST_CONFIGURED:
		*ret_remedy = "remove that first, by 'vfioboot remove NAME'";
		return WEIGHT_STANDS;
	case COST_BRIDGE:
		*ret_remedy = "name what is behind it; of a slot with other functions "
			      "name those";
		return WEIGHT_STANDS;
	case COST_USED: return weigh_usage(objections, cost, ret_allowed, ret_remedy);
	case COST_PART:
		*ret_allowed = objections->allow.mounted;
		*ret_remedy = "close or stop that first, or say --allow-mounted";
		return WEIGHT_ALLOWED;
	case COST_LAST_DISPLAY:
		*ret_allowed = objections->allow.last_display;
		*ret_remedy =
			"the host would be reached by network or serial line alone; "
			"if that is meant, say --allow-last-display";
		return WEIGHT_ALLOWED;
	case COST_NO_GROUP:
		*ret_remedy = "switch the IOMMU (VT-d, AMD-Vi, SMMU) on in the firmware "
			      "and the kernel; 'vfioboot check' tells more";
		return WEIGHT_STANDS;
	case COST_GROUP:
		*ret_allowed = objections->allow.partial_group;
		return WEIGHT_ELSEWHERE;
	case COST_UNKNOWN:
	case COST_BOOT_DISPLAY:
	case COST_USB_DEVICE: break;
	}
	return WEIGHT_NOTE;
}

/* Whether the cost goes on with what the one before it tells: one more mount point. */
static bool goes_on(const struct costs *costs, size_t n)
{
	const struct cost *cost = &costs->costs[n], *before = cost - 1;

	return n && cost->kind == COST_USED && before->kind == COST_USED &&
		cost->function == before->function &&
		cost->usage->untraced == before->usage->untraced && !is_network(cost) &&
		!is_network(before);
}

/* Whether nobody named the function, and it is in the set for another one's sake. */
static bool goes_along(const struct objections *objections, const struct cost *cost)
{
	const struct deviceset *set = &objections->devices->set;

	for (size_t i = 0; i < set->n; i++)
		if (set->members[i].function == cost->function)
			return set->members[i].why == DEVICESET_SLOT;
	return false;
}

/* "0000:01:00.0 carries /data" */
static void describe(
	const struct objections *objections, const struct cost *cost, char *ret)
{
	char address[PCI_ADDRESS_SIZE], text[TEXT_SIZE - 64];

	pci_address_format(cost->function->dev.address, address);
	devices_describe_cost(objections->devices->config, cost, text, sizeof(text));
	snprintf(ret, TEXT_SIZE, "%s%s %s", address,
		goes_along(objections, cost) ? ", which goes along," : "", text);
}

/* The same of the cost @n and, without their verb, those that go on with it. */
static void describe_all(const struct objections *objections, size_t n, char *ret)
{
	const struct costs *costs = objections->costs;
	unsigned more = 0;
	size_t len;

	describe(objections, &costs->costs[n], ret);
	while (++n < costs->n && goes_on(costs, n)) {
		bool untraced = costs->costs[n].usage->untraced;
		size_t verb = strlen(untraced ? "may carry " : "carries ");
		char text[TEXT_SIZE];

		if (more++ >= USES_MAX)
			continue;
		len = strlen(ret);
		devices_describe_cost(objections->devices->config, &costs->costs[n], text,
			sizeof(text));
		snprintf(ret + len, TEXT_SIZE - len, ", %s", text + verb);
	}
	len = strlen(ret);
	if (more > USES_MAX)
		snprintf(ret + len, TEXT_SIZE - len, " and %u more", more - USES_MAX);
}

/* Says a cost as what it is.  Returns whether it stands. */
static bool say_cost(const struct objections *objections, size_t n)
{
	const char *remedy = "";
	bool allowed = false;
	enum weight weight =
		weigh(objections, &objections->costs->costs[n], &allowed, &remedy);
	char text[TEXT_SIZE];

	if (weight == WEIGHT_ELSEWHERE || goes_on(objections->costs, n))
		return false;
	describe_all(objections, n, text);
	if (weight == WEIGHT_NOTE || allowed) {
		cli_warning("add", "%s", text);
		return false;
	}
	cli_error("add", "%s: %s", text, remedy);
	return true;
}

/* Whether the function could be added as well: nothing of the host is on it. */
static bool is_free(
	const struct objections *objections, const struct pcibus_function *function)
{
	const struct usage *usage = objections->devices->host.usage;

	return function->dev.path.depth &&
		pcidev_base_class(&function->dev) != PCI_BASE_BRIDGE &&
		!nextboot_protected(objections->rehearsal->next, &function->dev) &&
		(!usage || !usage_find(usage, function->dev.address));
}

/* Writes down all that a command would have to name.  Returns whether that can be. */
static bool put_operands(const struct objections *objections, FILE *command)
{
	for (int i = 0; i < objections->n_operands; i++)
		fprintf(command, " %s", objections->operands[i]);
	for (size_t i = 0; i < objections->costs->n; i++) {
		const struct cost *cost = &objections->costs->costs[i];
		char path[PCI_PATH_SIZE];

		if (cost->kind != COST_GROUP)
			continue;
		if (!is_free(objections, cost->other))
			return false;
		pci_path_format(&cost->other->dev.path, path);
		fprintf(command, " %s", path);
	}
	return true;
}

/* What to do about functions that keep the group: all of them together, if that can be. */
static void propose_group(const struct objections *objections)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *command = open_memstream(&text, &size);
	bool whole = command && put_operands(objections, command);

	if (!command || fclose(command) != 0) {
		cli_error("add", "%s", strerror(ENOMEM));
		return;
	}
	if (!whole) {
		cli_error("add",
			"a guest gets an IOMMU group as a whole, and the host needs a "
			"part of this one; a card may be in a group of its own in "
			"another slot");
		return;
	}
	cli_error("add",
		"a guest gets an IOMMU group as a whole; to give it all, run 'vfioboot "
		"add%s', or say --allow-partial-group",
		text);
}

/* Says what keeps groups for the host.  Returns whether that stands. */
static bool say_groups(const struct objections *objections)
{
	const struct usage *usage = objections->devices->host.usage;
	bool any = false;

	for (size_t i = 0; i < objections->costs->n; i++) {
		const struct cost *cost = &objections->costs->costs[i];
		const struct usage_entry *entry;
		char text[TEXT_SIZE];

		if (cost->kind != COST_GROUP)
			continue;
		any = true;
		describe(objections, cost, text);
		entry = usage ? usage_find(usage, cost->other->dev.address) : NULL;
		if (entry)
			snprintf(text + strlen(text), sizeof(text) - strlen(text),
				" for %s", entry->what);
		if (objections->allow.partial_group)
			cli_warning("add", "%s", text);
		else
			cli_error("add", "%s", text);
	}
	if (!any || objections->allow.partial_group)
		return false;
	propose_group(objections);
	return true;
}

/* The verdict of the planner, where no cost has told it in more words. */
static bool say_verdict(const struct objections *objections)
{
	const struct rehearsal *rehearsal = objections->rehearsal;
	const struct deviceset *set = &objections->devices->set;

	for (size_t i = 0; rehearsal->reason == REASON_PROTECTED && i < set->n; i++) {
		const struct pcidev *dev = &set->members[i].function->dev;
		const struct protect_entry *entry =
			nextboot_protected(rehearsal->next, dev);
		char address[PCI_ADDRESS_SIZE];

		if (!entry)
			continue;
		pci_address_format(dev->address, address);
		cli_error("add",
			"%s is on the protect list of this host (%s), and vfioboot-early "
			"gives such a function to nobody",
			address, entry->why);
		return true;
	}
	if (rehearsal->reason != REASON_NONE) {
		cli_error("add", "the next boot would refuse this (%s): %s",
			reason_word(rehearsal->reason), reason_text(rehearsal->reason));
		return true;
	}
	return false;
}

/* A section that would lose its display to this one. */
static bool say_displaced(const struct objections *objections)
{
	const struct config_section *section = objections->rehearsal->displaced;
	char place[CONFIG_PLACE_SIZE];

	if (!section)
		return false;
	config_place_text(&objections->rehearsal->next->config, section->place, place);
	cli_error("add",
		"with this and [device %s], %s, no display would be left for the host, and "
		"that one would be refused; write last-display = yes there if that is meant",
		section->name, place);
	return true;
}

bool objections_say(const struct objections *objections)
{
	bool stands = false;

	for (size_t i = 0; i < objections->costs->n; i++)
		stands |= say_cost(objections, i);
	stands |= say_groups(objections);
	if (!stands)
		stands = say_verdict(objections) || say_displaced(objections);
	return stands;
}
