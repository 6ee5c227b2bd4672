/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text as a selector and as the names it is made of: what is taken comes back as it was. */
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "decide/selector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The canonical text names the same, and is itself canonical. */
static void check_round_trip(const struct selector *selector)
{
	char text[SELECTOR_SIZE], again[SELECTOR_SIZE];
	struct selector parsed;

	selector_format(selector, text);
	CHECK(strlen(text) < SELECTOR_SIZE);
	CHECK(selector_parse_kind(selector->kind, text, &parsed) == 0);
	CHECK(parsed.kind == selector->kind && parsed.slot == selector->slot);
	selector_format(&parsed, again);
	CHECK(strcmp(text, again) == 0);
}

/* Where the kind is not known, a text is of the one kind that takes it as such. */
static void check_selector(const char *text)
{
	struct selector any, one;
	unsigned kinds = 0;

	for (int kind = 0; kind < SELECTOR_KINDS; kind++) {
		if (selector_parse_kind((enum selector_kind)kind, text, &one) < 0)
			continue;
		CHECK(one.kind == (enum selector_kind)kind);
		check_round_trip(&one);
		kinds |= 1u << kind;
	}
	/* A place of the root bus is both; no other text is. */
	CHECK(!(kinds & (kinds - 1)) ||
		kinds == (1u << SELECTOR_PATH | 1u << SELECTOR_ADDRESS));
	if (selector_parse(text, &any) < 0) {
		CHECK(!kinds || kinds == 1u << SELECTOR_CLASS);
		return;
	}
	CHECK(kinds & 1u << any.kind);
	check_round_trip(&any);
}

/* A function that has just these ids is matched by its own selector. */
static void check_ids(const char *text)
{
	char name[SELECTOR_SIZE];
	struct selector selector;
	struct pcidev dev = {0};
	struct pci_ids ids;

	if (pci_ids_parse(text, &ids) < 0)
		return;
	CHECK(ids.class <= 0xffffff);
	dev.ids = ids;
	snprintf(name, sizeof(name), "%04x:%04x:%04x:%04x", ids.vendor, ids.device,
		ids.subvendor, ids.subdevice);
	CHECK(selector_parse(name, &selector) == 0);
	CHECK(selector_match(&selector, &dev));
	snprintf(name, sizeof(name), "class:%06x", ids.class);
	CHECK(selector_parse(name, &selector) == 0);
	CHECK(selector_match(&selector, &dev));
}

static void check_link(const char *text)
{
	struct pcidev dev = {0};
	char name[PCI_PATH_SIZE];
	struct selector selector;
	struct pci_path path;

	if (pci_path_from_link(text, &path) < 0)
		return;
	CHECK(path.depth >= 1 && path.depth <= PCI_PATH_DEPTH_MAX);
	dev.path = path;
	pci_path_format(&path, name);
	CHECK(selector_parse_kind(SELECTOR_PATH, name, &selector) == 0);
	CHECK(selector_match(&selector, &dev));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check_selector(text);
	check_ids(text);
	check_link(text);
	free(text);
	return 0;
}
