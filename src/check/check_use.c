/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the host can spare a device: what it runs on, and what else it uses now. */
#include "base/base.h"
#include "facts/facts.h"
#include "private.h"

/* More uses than these are counted. */
#define USES_MAX 4

/* "/data, swap"; what may be on another function as well is not said of this one. */
static void list_uses(
	const struct usage *usage, struct pci_address address, char *ret, size_t size)
{
	const struct usage_entry *entry = usage_find(usage, address);
	const struct usage_entry *end = usage->entries + usage->n;
	size_t len = 0;
	unsigned n = 0;

	*ret = '\0';
	for (; entry && entry < end && pci_address_equal(entry->address, address);
		entry++) {
		if (!entry->untraced && n++ < USES_MAX)
			len += text_join(ret + len, size - len, len ? ", " : "",
				entry->what, NULL);
	}
	if (n > USES_MAX)
		snprintf(ret + len, size - len, " and %u more", n - USES_MAX);
}

static void check_use(struct check_host *host, const struct check_function *function)
{
	const struct protect_entry *entry =
		nextboot_protected(host->next, &function->pci->dev);
	const struct usage *usage = NULL;
	char uses[512] = "";

	if (facts_usage(host->facts, &usage) == 0)
		list_uses(usage, function->pci->dev.address, uses, sizeof(uses));
	if (pcidev_base_class(&function->pci->dev) == PCI_BASE_BRIDGE) {
		check_fail(
			host, function->name, "it is a bridge, which no guest can have");
		check_remedy(host, "name the device behind it");
	} else if (entry) {
		check_fail(host, function->name, "the host runs on it%s%s",
			*entry->why ? ": " : "", entry->why);
		check_remedy(host,
			"leave it with the host, or move what is on it to another device "
			"first");
	} else if (!usage) {
		check_unseen(
			host, function->name, "cannot trace what the host uses it for");
	} else if (*uses) {
		check_pass(host, function->name,
			"the host uses it now, and would lose: %s", uses);
	} else {
		check_pass(host, function->name, "the host does not use it");
	}
}

static const struct check checks[] = {{"host-use", NULL, check_use}};

const struct check_theme check_use_theme = {"Devices", checks, ARRAY_SIZE(checks)};
