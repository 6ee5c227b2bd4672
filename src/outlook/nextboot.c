/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of the early program up to its plan, with what the host knows better. */
#include "nextboot.h"

#include "decide/decide.h"
#include "facts/facts.h"

int nextboot_read(
	const struct sysfs_root *root, const char *cmdline, struct nextboot *ret)
{
	int r;

	configfiles_read(root, CONFIGFILES_OF_IMAGE, &ret->config);
	if (cmdline)
		config_read_cmdline(&ret->config, cmdline);
	else
		configfiles_read_cmdline(root, &ret->config);
	ret->protect_traced = protect_trace(root, &ret->config, &ret->protect) == 0;
	if (!ret->protect_traced)
		configfiles_read_protect(root, &ret->config, &ret->protect);
	r = machine_look_up(root, &ret->config, &ret->protect, &ret->machine);
	plan_make(&ret->config, &ret->machine, &ret->protect, &ret->plan);
	return r;
}

const struct plan_entry *nextboot_find(
	const struct nextboot *next, struct pci_address address)
{
	for (unsigned i = 0; i < next->plan.n_entries; i++) {
		const struct plan_entry *entry = &next->plan.entries[i];

		if (entry->function != PLAN_NO_FUNCTION &&
			pci_address_equal(
				next->machine.functions[entry->function].address,
				address))
			return entry;
	}
	return NULL;
}

const struct protect_entry *nextboot_protected(
	const struct nextboot *next, const struct pcidev *dev)
{
	const struct protect_list *list = &next->protect;

	for (unsigned i = 0; i < list->n_entries; i++)
		if (list->entries[i].kind != PROTECT_DISPLAY &&
			pci_path_equal(&list->entries[i].path, &dev->path, false))
			return &list->entries[i];
	return NULL;
}
