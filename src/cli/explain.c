/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot explain` for people: one sentence a line, from what is to what could be done. */
#include "explain.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "decide/decide.h"
#include "sections.h"
#include "status.h"

#define NOT_SET "(null)" /* drivers/base/driver.c: of a driver_override */

void explain_read_override(const struct explain *explain,
	const struct inventory_function *function, char ret[static SYSFS_DRIVER_SIZE])
{
	char path[128], address[PCI_ADDRESS_SIZE];

	pci_address_format(function->pci->dev.address, address);
	snprintf(path, sizeof(path), TREE_PCI "/%s/driver_override", address);
	if (tree_read_line(&explain->root, path, ret, SYSFS_DRIVER_SIZE) < 0 ||
		strcmp(ret, NOT_SET) == 0)
		ret[0] = '\0';
}

const struct config_section *explain_find_section(
	const struct explain *explain, const struct inventory_function *function)
{
	const struct config *config = &explain->next->config;
	const struct pcidev *dev = &function->pci->dev;

	if (function->section)
		return function->section;
	for (unsigned i = 0; i < config->n_sections; i++)
		if (match_section(config, &config->sections[i], dev->address, &dev->path,
			    &dev->ids) == MATCH_MEMBER)
			return &config->sections[i];
	return NULL;
}

static void print_driver(
	const struct explain *explain, const struct inventory_function *function)
{
	const char *driver = function->pci->dev.driver;
	char override[SYSFS_DRIVER_SIZE];

	explain_read_override(explain, function, override);
	if (driver[0])
		printf("  The driver %s has it", driver);
	else
		printf("  No driver has it");
	if (!override[0])
		printf("%s\n",
			driver[0] ? ": it is the first one loaded that knows it, and "
				    "nothing keeps others out."
				  : ": none that is loaded knows it, or none took it.");
	else if (strcmp(override, driver) == 0)
		printf(": its driver_override is set to that, which keeps all others "
		       "out.\n");
	else if (strcmp(override, CONFIG_DRIVER_NONE) == 0)
		printf(": its driver_override is set to 'none', which keeps all "
		       "out.\n");
	else
		printf(", and its driver_override is set to %s: %s\n", override,
			driver[0] ? "that driver alone can have it next."
				  : "that driver alone can have it; is it loaded?");
}

static void print_section(const struct explain *explain,
	const struct inventory_function *function, const char *address)
{
	const struct config_section *section = explain_find_section(explain, function);
	const struct config *config = &explain->next->config;
	char place[CONFIG_PLACE_SIZE];

	if (!section) {
		printf("  No section of the configuration names it: it is left to its "
		       "own driver.\n");
		if (pcidev_base_class(&function->pci->dev) != PCI_BASE_BRIDGE)
			printf("  'vfioboot add --dry-run %s' shows what it would take "
			       "to give it to vfio-pci.\n",
				address);
		return;
	}
	config_place_text(config, section->place, place);
	if (strcmp(section->driver, CONFIG_DRIVER_NONE) == 0)
		printf("  The section %s (%s) wants it to have no driver", section->name,
			place);
	else
		printf("  The section %s (%s) wants it for %s", section->name, place,
			section->driver);
	if (section->bad)
		printf(", but it has an error: nothing is done until that is mended.\n");
	else if (config_section_active(config, section))
		printf(".\n");
	else if (config->off)
		printf(", but vfioboot.off is on the kernel command line.\n");
	else if (section->profile[0])
		printf(", but only in the profile '%s', which is not selected.\n",
			section->profile);
	else
		printf(", but the kernel command line names no profile, and 'when = "
		       "selected' is set.\n");
}

static void print_boots(
	const struct explain *explain, const struct inventory_function *function)
{
	const struct bootstate_function *told =
		bootstate_find(&explain->boot, function->pci->dev.address);
	const struct plan_entry *entry =
		nextboot_find(explain->next, function->pci->dev.address);
	const char *wanted;
	char text[512];

	if (told) {
		status_explain(&explain->boot, told, text, sizeof(text));
		printf("  At this boot: %s%s%s%s\n", status_result(&explain->boot, told),
			text[0] ? ": " : "", text,
			sections_full_stop(text[0] ? text : "-"));
	}
	if (!entry)
		return;
	wanted = explain->next->config.sections[entry->section].driver;
	if (entry->reason != REASON_NONE)
		printf("  At the next boot: refused: %s%s\n", reason_text(entry->reason),
			sections_full_stop(reason_text(entry->reason)));
	else if (strcmp(wanted, CONFIG_DRIVER_NONE) == 0)
		printf("  At the next boot: kept without a driver.\n");
	else
		printf("  At the next boot: %s gets it.\n", wanted);
}

static void print_group(
	const struct explain *explain, const struct inventory_function *function)
{
	const struct inventory *inventory = &explain->inventory;
	bool any = false;

	if (function->pci->group == PCIBUS_NO_GROUP) {
		printf("  It has no IOMMU group, so no guest can have it: 'vfioboot "
		       "check' tells why.\n");
		return;
	}
	for (size_t i = 0; i < inventory->n; i++) {
		const struct inventory_function *other = &inventory->functions[i];
		const char *driver =
			other->pci->dev.driver[0] ? other->pci->dev.driver : "no driver";
		char address[PCI_ADDRESS_SIZE];

		if (other == function || other->pci->group != function->pci->group)
			continue;
		pci_address_format(other->pci->dev.address, address);
		if (!any)
			printf("  IOMMU group %d, which guests get whole or not at all, "
			       "has also:\n",
				function->pci->group);
		printf("    %s %s (%s)\n", address, other->kind->name, driver);
		any = true;
	}
	if (!any)
		printf("  It is alone in its IOMMU group (%d).\n", function->pci->group);
}

static void print_use(const struct usage_entry *use)
{
	static const char *const formats[] = {
		[USAGE_MOUNT] = "%s is mounted from it",
		[USAGE_SWAP] = "%s on it is swapped to",
		[USAGE_RESUME] = "it has the device to %s from",
		[USAGE_ROUTE] = "%s has the default route",
		[USAGE_INTERFACE] = "%s is up",
	};
	const char *hole = strstr(formats[use->kind], "%s");

	printf("%.*s%s%s%s", (int)(hole - formats[use->kind]), formats[use->kind],
		use->what, hole + 2, use->untraced ? " (perhaps)" : "");
}

static void print_uses(
	const struct explain *explain, const struct inventory_function *function)
{
	if (function->pci->boot_display)
		printf("  It is the boot display: the firmware and the first console "
		       "are on it.\n");
	if (explain->inventory.usage_error < 0) {
		printf("  What this host uses it for could not be traced.\n");
		return;
	}
	if (!function->n_uses) {
		printf("  This host has nothing mounted and no network on it.\n");
		return;
	}
	printf("  This host uses it: ");
	for (size_t i = 0; i < function->n_uses; i++) {
		printf("%s", i ? ", " : "");
		print_use(&function->uses[i]);
	}
	printf(".\n");
}

void explain_print(
	const struct explain *explain, const struct inventory_function *function)
{
	const struct pcidev *dev = &function->pci->dev;
	char address[PCI_ADDRESS_SIZE], path[PCI_PATH_SIZE] = "";

	pci_address_format(dev->address, address);
	if (dev->path.depth)
		pci_path_format(&dev->path, path);
	printf("%s  %s [%04x:%04x]%s%s\n", address, function->kind->name, dev->ids.vendor,
		dev->ids.device, path[0] ? ", path " : "", path);
	print_driver(explain, function);
	print_section(explain, function, address);
	print_boots(explain, function);
	if (function->kind->modules && function->kind->modules[0])
		printf("  Drivers that know it: %s.\n", function->kind->modules);
	print_group(explain, function);
	print_uses(explain, function);
}
