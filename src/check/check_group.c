/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IOMMU groups.  A guest can have a group only when no function of it is left with a driver
 * that uses its DMA; those without a driver, pcieport and pci-stub do not
 * (drivers/iommu/iommu.c, iommu_device_use_default_domain; struct pci_driver,
 * driver_managed_dma).
 */
#include "base/base.h"
#include "facts/facts.h"
#include "private.h"

static void check_group(struct check_host *host, const struct check_function *function)
{
	if (function->pci->group != PCIBUS_NO_GROUP) {
		check_pass(
			host, function->name, "in IOMMU group %d", function->pci->group);
	} else if (!function->pci->dev.detailed) {
		check_unseen(host, function->name, "cannot read its IOMMU group");
	} else if (!host->facts->bus.has_groups) {
		check_fail(host, function->name,
			"it has no IOMMU group, and no guest can have it without one");
		check_remedy(host, "fix the point iommu first");
	} else {
		check_fail(host, function->name,
			"the IOMMU leaves it out: other functions have a group, it has "
			"none");
		if (function->pci->dev.ids.vendor == 0x8086 &&
			pcidev_base_class(&function->pci->dev) == PCI_BASE_DISPLAY)
			check_remedy_parameter(host, true, "intel_iommu=on");
		else
			check_remedy(
				host, "use another slot, or look for a firmware update");
	}
}

/* More functions than these are counted. */
#define BLOCKERS_MAX 8

/* What keeps a group from a guest, as texts. */
struct group_blockers {
	char functions[BLOCKERS_MAX * 64];         /* "ADDRESS (DRIVER), ..." */
	char add[BLOCKERS_MAX * PCI_ADDRESS_SIZE]; /* those that a guest can have, too */
	unsigned n, n_to_add;
	const char *kept;   /* the first of them that the host runs on; NULL: none */
	const char *unsure; /* one whose driver at the next boot is not known, or NULL */
};

static void add_blocker(const struct check_host *host,
	const struct check_function *member, const char *holder,
	struct group_blockers *blockers)
{
	size_t len = strlen(blockers->functions);

	if (blockers->n++ < BLOCKERS_MAX)
		text_join(blockers->functions + len, sizeof(blockers->functions) - len,
			len ? ", " : "", member->name, " (", holder, ")", NULL);
	len = strlen(blockers->add);
	if (pcidev_base_class(&member->pci->dev) != PCI_BASE_BRIDGE &&
		blockers->n_to_add++ < BLOCKERS_MAX)
		text_join(blockers->add + len, sizeof(blockers->add) - len,
			len ? " " : "", member->name, NULL);
	if (!blockers->kept && nextboot_protected(host->next, &member->pci->dev))
		blockers->kept = member->name;
}

static void find_blockers(const struct check_host *host, struct modules *modules,
	int group, struct group_blockers *ret)
{
	for (size_t i = 0; i < host->n; i++) {
		const struct check_function *member = &host->functions[i];
		char holder[40];

		if (member->pci->group != group || member->target || member->planned)
			continue;
		if (!member->pci->dev.detailed ||
			modules_holder(
				modules, &member->pci->dev, holder, sizeof(holder)) < 0) {
			ret->unsure = member->name;
		} else if (*holder) {
			add_blocker(host, member, holder, ret);
		}
	}
}

/* What splits a group: the firmware setup, or the hypervisor's configuration. */
static const char *splitting(const struct check_host *host)
{
	return host->facts->hypervisor
		? "give it a root port of its own in the configuration of this virtual "
		  "machine"
		: "look for ACS in the firmware setup, which splits groups";
}

static void report_blockers(struct check_host *host,
	const struct check_function *function, const struct group_blockers *blockers)
{
	char more[32] = "";

	if (blockers->n > BLOCKERS_MAX)
		snprintf(more, sizeof(more), " and %u more", blockers->n - BLOCKERS_MAX);
	check_fail(host, function->name,
		"in its group %d the host keeps %s%s, and a guest gets a group as a "
		"whole or not at all",
		function->pci->group, blockers->functions, more);
	if (blockers->kept)
		check_remedy(host,
			"the host runs on %s: put one of the two into another slot, or %s",
			blockers->kept, splitting(host));
	else if (!blockers->n_to_add)
		check_remedy(host,
			"keep the driver off that bridge, use another slot, or %s",
			splitting(host));
	else
		check_remedy(host,
			"run 'sudo vfioboot add %s'%s to give those away too, use another "
			"slot, or %s",
			blockers->n_to_add > BLOCKERS_MAX ? function->name
							  : blockers->add,
			blockers->n_to_add > BLOCKERS_MAX ? ", which names them all,"
							  : "",
			splitting(host));
}

static void report_members(struct check_host *host, const struct check_function *function,
	const struct group_blockers *blockers)
{
	if (blockers->n) {
		report_blockers(host, function, blockers);
	} else if (blockers->unsure) {
		check_unknown(host, function->name,
			"in its group %d is %s, and which driver that will have at the "
			"next boot is not known",
			function->pci->group, blockers->unsure);
		check_remedy(host, "run 'sudo vfioboot add %s' to give that away too",
			blockers->unsure);
	} else {
		check_pass(host, function->name,
			"nothing else in its group is kept by the host");
	}
}

static void check_members(struct check_host *host, const struct check_function *function)
{
	struct group_blockers blockers = {0};

	if (function->pci->group == PCIBUS_NO_GROUP)
		return;
	find_blockers(host, facts_modules(host->facts), function->pci->group, &blockers);
	report_members(host, function, &blockers);
}

static const struct check checks[] = {
	{"iommu-group", NULL, check_group},
	{"group-members", NULL, check_members},
};

const struct check_theme check_group_theme = {"Devices", checks, ARRAY_SIZE(checks)};
