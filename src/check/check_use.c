/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the host can spare a device: what it runs on, and what else it uses now. */
#include <stdio.h>

#include "base/base.h"
#include "checkhost.h"
#include "facts/facts.h"

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

static void check_one(struct check_host *host, const struct check_function *function,
	const struct usage *usage)
{
	const struct protect_entry *entry =
		nextboot_protected(host->next, &function->pci->dev);
	char uses[512] = "";

	if (usage)
		list_uses(usage, function->pci->dev.address, uses, sizeof(uses));
	if (pcidev_base_class(&function->pci->dev) == PCI_BASE_BRIDGE) {
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
	const struct check_function *function;
	const struct usage *usage = NULL;
	size_t at = 0;

	if (host->n_targets)
		facts_usage(host->facts, &usage);

	while ((function = check_next_target(host, &at)))
		check_one(host, function, usage);
}

static const struct check checks[] = {{"host-use", check_use}};

const struct check_theme check_use_theme = {"Devices", checks, ARRAY_SIZE(checks)};
