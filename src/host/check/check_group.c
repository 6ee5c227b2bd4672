/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IOMMU groups.  A guest can have a group only when no function of it is left with a driver
 * that uses its DMA; those without a driver, pcieport and pci-stub do not
 * (drivers/iommu/iommu.c, iommu_device_use_default_domain; struct pci_driver,
 * driver_managed_dma).
 */
#include <errno.h>
#include <stdio.h>

#include "../../core/text.h"
#include "../../core/util.h"
#include "../devices/modules.h"
#include "checkhost.h"

static void check_one_group(
	struct check_host *host, const struct check_function *function)
{
	if (function->group != CHECK_NO_GROUP) {
		check_pass(host, function->name, "in IOMMU group %d", function->group);
	} else if (!function->dev.detailed) {
		check_unknown(host, function->name, "its IOMMU group can't be read");
		check_remedy_elsewhere(host);
	} else if (!host->has_groups) {
		check_fail(host, function->name,
			"it has no IOMMU group, and without one no "
			"guest can have it");
		check_remedy(host, "switch the IOMMU on, as the points above say");
	} else {
		check_fail(host, function->name,
			"the IOMMU leaves it out: other functions "
			"have a group, it has none");
		check_remedy(host,
			function->dev.ids.vendor == 0x8086 &&
					pcidev_base_class(&function->dev) ==
						PCI_BASE_DISPLAY
				? "add intel_iommu=on to the kernel command line: some kernels "
				  "leave Intel's integrated GPU out without it"
				: "use another slot, or look for a firmware update");
	}
}

static void check_groups(struct check_host *host)
{
	const struct check_function *function;
	size_t at = 0;

	while ((function = check_next_target(host, &at)))
		check_one_group(host, function);
}

/* What stands in the way of a group, as texts. */
struct group_blockers {
	char functions[512]; /* "ADDRESS (DRIVER), ..." */
	char kept[128];      /* the first of them that the host runs on */
	char add[256];       /* the addresses of those that a guest can have, too */
	char unsure[64];     /* one of which it is not known what will have it */
};

static bool is_protected(const struct check_host *host, const struct pcidev *dev)
{
	const struct protect_list *list = &host->next->protect;

	for (unsigned i = 0; i < list->n_entries; i++)
		if (list->entries[i].kind != PROTECT_DISPLAY &&
			pci_path_equal(&list->entries[i].path, &dev->path, false))
			return true;
	return false;
}

/* Who will hold a member: its driver; of one that vfio has by hand, who would claim it. */
static int find_holder(struct modules *modules, const struct check_function *member,
	char *ret, size_t size)
{
	const char *driver = member->dev.driver;

	*ret = '\0';
	if (strcmp(driver, "pcieport") == 0 || strcmp(driver, "pci-stub") == 0)
		return 0;
	if (!check_is_vfio(driver)) {
		text_join(ret, size, driver, NULL);
		return 0;
	}
	return modules ? modules_claiming(modules, &member->dev.ids, ret, size) : -ENOENT;
}

static void add_item(char *list, size_t size, const char *item, const char *driver)
{
	size_t len = strlen(list);

	text_join(list + len, size - len, len ? (driver ? ", " : " ") : "", item,
		driver ? " (" : "", driver ? driver : "", driver ? ")" : "", NULL);
}

static void find_blockers(const struct check_host *host, struct modules *modules,
	int group, struct group_blockers *ret)
{
	for (size_t i = 0; i < host->n; i++) {
		const struct check_function *member = &host->functions[i];
		char holder[128];

		if (member->group != group || member->target || member->planned)
			continue;
		if (!member->dev.detailed ||
			find_holder(modules, member, holder, sizeof(holder)) < 0) {
			text_join(ret->unsure, sizeof(ret->unsure), member->name, NULL);
		} else if (*holder) {
			add_item(ret->functions, sizeof(ret->functions), member->name,
				holder);
			if (pcidev_base_class(&member->dev) != PCI_BASE_BRIDGE)
				add_item(ret->add, sizeof(ret->add), member->name, NULL);
			if (!*ret->kept && is_protected(host, &member->dev))
				text_join(
					ret->kept, sizeof(ret->kept), member->name, NULL);
		}
	}
}

static void tell_members(struct check_host *host, const struct check_function *function,
	const struct group_blockers *blockers)
{
	if (*blockers->functions) {
		check_fail(host, function->name,
			"in its group %d the host keeps %s, and no guest gets a part of a "
			"group",
			function->group, blockers->functions);
		if (*blockers->kept)
			check_remedy(host,
				"the host runs on %s: put one of the two into another "
				"slot, or look for ACS in the firmware setup, which splits "
				"groups",
				blockers->kept);
		else if (!*blockers->add)
			check_remedy(host,
				"keep the driver off that bridge, use another "
				"slot, or look for ACS in the firmware setup, "
				"which splits groups");
		else
			check_remedy(host,
				"give that away too ('vfioboot add %s'), use another slot, "
				"or look for ACS in the firmware setup, which splits "
				"groups",
				blockers->add);
	} else if (*blockers->unsure) {
		check_unknown(host, function->name,
			"in its group %d is %s, and who will have that at the next boot "
			"can't be told",
			function->group, blockers->unsure);
		check_remedy(
			host, "give that away too ('vfioboot add %s')", blockers->unsure);
	} else {
		check_pass(host, function->name,
			"nothing in the same group stands in the way");
	}
}

static void check_members(struct check_host *host)
{
	_cleanup_(modules_close) struct modules *modules = NULL;
	const struct check_function *function;
	size_t at = 0;

	if (host->n_targets && modules_open(host->root, host->running, &modules) < 0)
		modules = NULL;
	while ((function = check_next_target(host, &at))) {
		struct group_blockers blockers = {0};

		if (function->group == CHECK_NO_GROUP)
			continue;
		find_blockers(host, modules, function->group, &blockers);
		tell_members(host, function, &blockers);
	}
}

static const struct check checks[] = {
	{"iommu-group", check_groups},
	{"group-members", check_members},
};

const struct check_theme check_group_theme = {"Devices", checks, ARRAY_SIZE(checks)};
