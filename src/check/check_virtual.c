/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual functions (SR-IOV): whether there will be those that sections ask for, and name. */
#include "base/base.h"
#include "private.h"

/* "0000:01:00.0", for a point about the physical function of an entry. */
static const struct pcidev *physical_of(const struct check_host *host,
	const struct plan_entry *entry, char ret[static PCI_ADDRESS_SIZE])
{
	const struct pcidev *dev = &host->next->machine.functions[entry->function];

	pci_address_format(dev->address, ret);
	return dev;
}

/* Why there are none of the section's, before its physical function is asked. */
static bool check_refused(struct check_host *host, const struct plan_entry *entry)
{
	const struct config_section *section =
		&host->next->config.sections[entry->section];
	char address[PCI_ADDRESS_SIZE];
	const struct pcidev *dev = physical_of(host, entry, address);

	if (entry->reason == REASON_TOTAL_VFS) {
		check_fail(host, address,
			"can have %u virtual %s, and [device %s] asks for %u",
			dev->total_vfs, dev->total_vfs == 1 ? "function" : "functions",
			section->name, section->vfs);
		check_remedy(host,
			"write 'vfs = %u' or less; some cards can have more after a change of "
			"their firmware's settings",
			dev->total_vfs);
	} else if (entry->reason == REASON_NO_SRIOV) {
		check_fail(host, address, "has no SR-IOV, and [device %s] has vfs",
			section->name);
		check_remedy(host,
			"enable SR-IOV in the firmware setup, and for some cards in their own "
			"settings; or remove vfs");
	} else {
		return false;
	}
	return true;
}

/*
 * vfio-pci makes virtual functions only where its parameter allows that (vfio_pci.c).  What that is now
 * may have been written since this boot.
 */
static void check_vfio(struct check_host *host, const char *address)
{
	static const char found[] = "vfio-pci is to make its virtual functions, which it "
				    "does only with its parameter enable_sriov";
	enum check_parameter set = check_read_parameter(host, "vfio_pci", "enable_sriov");

	if (set == CHECK_PARAMETER_ON)
		return;
	if (set == CHECK_PARAMETER_IN_FILES)
		check_unknown(host, address,
			"%s: enable_sriov is set in modprobe.d, which not every image has",
			found);
	else
		check_fail(
			host, address, "%s: enable_sriov is off at the next boot", found);
	check_remedy(host,
		"add vfio_pci.enable_sriov=1 to the kernel command line (not every image has "
		"what is in /etc/modprobe.d); the guest that has it controls its virtual "
		"functions then, so remove 'driver = vfio-pci' unless that is meant");
}

static void check_physical(struct check_host *host, const struct plan_entry *entry)
{
	const struct config_section *section =
		&host->next->config.sections[entry->section];
	char address[PCI_ADDRESS_SIZE];
	const struct pcidev *dev = physical_of(host, entry, address);
	size_t before = host->list->n;

	if (check_refused(host, entry))
		return;
	if (!config_section_is_native(section))
		check_vfio(host, address);
	if (dev->num_vfs && dev->num_vfs != section->vfs) {
		check_fail(host, address,
			"has %u virtual %s now, and [device %s] asks for %u: something else "
			"sets the number, too",
			dev->num_vfs, dev->num_vfs == 1 ? "function" : "functions",
			section->name, section->vfs);
		check_remedy(host,
			"find what writes /" TREE_PCI
			"/%s/sriov_numvfs, such as a udev rule, "
			"systemd.link(5) or an option of the driver, and remove it",
			address);
	}
	if (host->list->n == before)
		check_pass(host, address,
			"can have the %u virtual %s that [device %s] asks for",
			section->vfs, section->vfs == 1 ? "function" : "functions",
			section->name);
}

/* Whether a section that the next boot asks for makes virtual functions of the one at @path. */
static bool is_made(const struct nextboot *next, const struct pci_path *path)
{
	for (unsigned i = 0; i < next->plan.n_entries; i++) {
		const struct plan_entry *entry = &next->plan.entries[i];

		if (entry->function != PLAN_NO_FUNCTION &&
			next->config.sections[entry->section].vfs &&
			pci_path_equal(&next->machine.functions[entry->function].path,
				path, false))
			return true;
	}
	return false;
}

/* Names virtual functions that nothing in the configuration makes. */
static void check_named(struct check_host *host, const struct config_section *section)
{
	const struct nextboot *next = host->next;

	for (unsigned i = 0; i < section->n_selectors; i++) {
		const struct selector *selector =
			&next->config.selectors[section->first_selector + i];
		char path[PCI_PATH_SIZE];

		if (selector->kind != SELECTOR_VF ||
			is_made(next, &selector->vf.physical))
			continue;
		pci_path_format(&selector->vf.physical, path);
		check_unknown(host, section->name,
			"names virtual functions of %s, and no section with vfs makes these",
			path);
		check_remedy(host,
			"add a section with path = %s and vfs = NUMBER, unless something else "
			"makes them at each boot",
			path);
		return;
	}
}

static void check_virtual(struct check_host *host)
{
	const struct nextboot *next = host->next;

	for (unsigned i = 0; i < next->plan.n_entries; i++) {
		const struct plan_entry *entry = &next->plan.entries[i];

		if (entry->function != PLAN_NO_FUNCTION &&
			next->config.sections[entry->section].vfs)
			check_physical(host, entry);
	}
	for (unsigned i = 0; i < next->config.n_sections; i++) {
		const struct config_section *section = &next->config.sections[i];

		if (!section->bad && config_section_active(&next->config, section))
			check_named(host, section);
	}
}

static const struct check checks[] = {{"virtual-functions", check_virtual, NULL}};

const struct check_theme check_virtual_theme = {
	"Virtual functions", checks, ARRAY_SIZE(checks)};
