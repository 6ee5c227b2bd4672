/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the host can spare a device: what it runs on, and what else it uses now. */
#include "../../core/text.h"
#include "../../core/util.h"
#include "../usage/usage.h"
#include "checkhost.h"

static const struct protect_entry *find_protected(
	const struct check_host *host, const struct pcidev *dev)
{
	const struct protect_list *list = &host->next->protect;

	for (unsigned i = 0; i < list->n_entries; i++)
		if (list->entries[i].kind != PROTECT_DISPLAY &&
			pci_path_equal(&list->entries[i].path, &dev->path, false))
			return &list->entries[i];
	return NULL;
}

/* "/data, swap"; what may be on another function as well is not said of this one. */
static void list_uses(
	const struct usage *usage, struct pci_address address, char *ret, size_t size)
{
	const struct usage_entry *entry = usage_find(usage, address);
	const struct usage_entry *end = usage->entries + usage->n;

	*ret = '\0';
	for (; entry && entry < end && pci_address_equal(entry->address, address);
		entry++) {
		size_t len = strlen(ret);

		if (!entry->untraced)
			text_join(ret + len, size - len, len ? ", " : "", entry->what,
				NULL);
	}
}

static void check_one(struct check_host *host, const struct check_function *function,
	const struct usage *usage)
{
	const struct protect_entry *entry = find_protected(host, &function->dev);
	char uses[160] = "";

	if (usage)
		list_uses(usage, function->dev.address, uses, sizeof(uses));
	if (pcidev_base_class(&function->dev) == PCI_BASE_BRIDGE) {
		check_fail(
			host, function->name, "it is a bridge, which no guest can have");
		check_remedy(host, "name what is behind it");
	} else if (entry) {
		check_fail(host, function->name, "the host runs on it%s%s",
			*entry->why ? ": " : "", entry->why);
		check_remedy(host,
			"leave it with the host, or move what is on it to "
			"another device first");
	} else if (!usage) {
		check_unknown(host, function->name,
			"what the host uses it for can't be traced");
		check_remedy_elsewhere(host);
	} else if (*uses) {
		check_pass(host, function->name,
			"the host uses it now, and would lose: %s", uses);
	} else {
		check_pass(host, function->name, "the host does not use it");
	}
}

static void check_use(struct check_host *host)
{
	_cleanup_(usage_free) struct usage usage = {0};
	const struct check_function *function;
	bool traced = host->n_targets && usage_trace(host->root, &usage) == 0;
	size_t at = 0;

	while ((function = check_next_target(host, &at)))
		check_one(host, function, traced ? &usage : NULL);
}

static const struct check checks[] = {{"host-use", check_use}};

const struct check_theme check_use_theme = {"Devices", checks, ARRAY_SIZE(checks)};
