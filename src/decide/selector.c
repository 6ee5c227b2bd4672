/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The five kinds of selector: how each is parsed, written and compared. */
#include "selector.h"

#include "base/base.h"

#define CLASS_PREFIX "class:"
#define VF_PREFIX    "vf:"

static const struct {
	const char *name, *example;
} kinds[SELECTOR_KINDS] = {
	[SELECTOR_PATH] = {"path", "00:01.0/00.0"},
	[SELECTOR_ADDRESS] = {"address", "0000:01:00.0"},
	[SELECTOR_ID] = {"id", "10de:2204"},
	[SELECTOR_CLASS] = {"class", "class:0300"},
	[SELECTOR_VF] = {"vf", "0-3 of 00:01.0/00.0"},
};

const char *selector_kind_name(enum selector_kind kind)
{
	return kinds[kind].name;
}

const char *selector_kind_example(enum selector_kind kind)
{
	return kinds[kind].example;
}

/* Two or four fields of four digits or none, and not all of them empty. */
static int parse_id(const char *text, struct selector *ret)
{
	struct selector selector = {
		.kind = SELECTOR_ID, .id.any = {true, true, true, true}};
	bool named = false;
	int field = 0;

	for (;; field++) {
		uint32_t value;

		if (field == 4)
			return -EINVAL;
		if (pci_take_hex(&text, 4, 4, &value)) {
			selector.id.value[field] = (uint16_t)value;
			selector.id.any[field] = false;
			named = true;
		}
		if (!*text)
			break;
		/* Digits of another number than four end up here, too. */
		if (*text++ != ':')
			return -EINVAL;
	}
	if (!named || (field != 1 && field != 3))
		return -EINVAL;
	*ret = selector;
	return 0;
}

static int parse_address(const char *text, struct selector *ret)
{
	struct selector selector = {.kind = SELECTOR_ADDRESS};
	int r = pci_address_parse(
		text, PCI_NAME_SLOT_TOO, &selector.address, &selector.slot);

	if (r == 0)
		*ret = selector;
	return r;
}

static int parse_path(const char *text, struct selector *ret)
{
	struct selector selector = {.kind = SELECTOR_PATH};
	int r = pci_path_parse(text, PCI_NAME_SLOT_TOO, &selector.path, &selector.slot);

	if (r == 0)
		*ret = selector;
	return r;
}

static int parse_class(const char *text, struct selector *ret)
{
	struct selector selector = {.kind = SELECTOR_CLASS};
	const char *end;
	long digits;

	if (strncmp(text, CLASS_PREFIX, strlen(CLASS_PREFIX)) == 0)
		text += strlen(CLASS_PREFIX);
	end = text;
	if (!pci_take_hex(&end, 2, 6, &selector.class.value) || *end)
		return -EINVAL;
	digits = end - text;
	if (digits % 2)
		return -EINVAL;
	selector.class.shift = 24 - 4 * (int)digits;
	*ret = selector;
	return 0;
}

/* "[vf:]FIRST[-LAST]@PATH", or " of " in place of the "@". */
static int parse_vf(const char *text, struct selector *ret)
{
	static const char of[] = " of ";
	struct selector selector = {.kind = SELECTOR_VF};

	if (text_begins_with(text, VF_PREFIX))
		text += strlen(VF_PREFIX);
	if (!text_take_number(&text, &selector.vf.first))
		return -EINVAL;
	selector.vf.last = selector.vf.first;
	if (*text == '-') {
		text++;
		if (!text_take_number(&text, &selector.vf.last))
			return -EINVAL;
	}
	if (selector.vf.first > selector.vf.last || selector.vf.last >= SELECTOR_VFS_MAX)
		return -EINVAL;
	if (*text == '@')
		text++;
	else if (text_begins_with(text, of))
		text += strlen(of) + strspn(text + strlen(of), " ");
	else
		return -EINVAL;
	if (pci_path_parse(text, PCI_NAME_WHOLE, &selector.vf.physical, NULL) < 0)
		return -EINVAL;
	*ret = selector;
	return 0;
}

int selector_parse_kind(enum selector_kind kind, const char *text, struct selector *ret)
{
	switch (kind) {
	case SELECTOR_PATH: return parse_path(text, ret);
	case SELECTOR_ADDRESS: return parse_address(text, ret);
	case SELECTOR_ID: return parse_id(text, ret);
	case SELECTOR_CLASS: return parse_class(text, ret);
	case SELECTOR_VF: return parse_vf(text, ret);
	case SELECTOR_KINDS: break;
	}
	return -EINVAL;
}

int selector_parse(const char *text, struct selector *ret)
{
	if (text_begins_with(text, CLASS_PREFIX))
		return parse_class(text, ret);
	if (text_begins_with(text, VF_PREFIX))
		return parse_vf(text, ret);
	if (strchr(text, '/'))
		return parse_path(text, ret);
	if (parse_address(text, ret) == 0)
		return 0;
	return parse_id(text, ret);
}

static void format_id(const struct selector *selector, char *text, size_t size)
{
	bool sub = !selector->id.any[2] || !selector->id.any[3];
	size_t len = 0;

	for (int i = 0; i < (sub ? 4 : 2); i++) {
		if (i)
			text[len++] = ':';
		if (!selector->id.any[i])
			len += (size_t)snprintf(
				text + len, size - len, "%04x", selector->id.value[i]);
	}
	text[len] = '\0';
}

static void format_vf(const struct selector *selector, char *text, size_t size)
{
	char path[PCI_PATH_SIZE];
	int len = snprintf(text, size, VF_PREFIX "%u", selector->vf.first);

	pci_path_format(&selector->vf.physical, path);
	if (selector->vf.last != selector->vf.first)
		len += snprintf(text + len, size - (size_t)len, "-%u", selector->vf.last);
	text_join(text + len, size - (size_t)len, "@", path, NULL);
}

void selector_format(const struct selector *selector, char ret[static SELECTOR_SIZE])
{
	switch (selector->kind) {
	case SELECTOR_PATH: pci_path_format(&selector->path, ret); break;
	case SELECTOR_ADDRESS: pci_address_format(selector->address, ret); break;
	case SELECTOR_ID: format_id(selector, ret, SELECTOR_SIZE); break;
	case SELECTOR_CLASS:
		snprintf(ret, SELECTOR_SIZE, CLASS_PREFIX "%0*x",
			(24 - selector->class.shift) / 4, selector->class.value);
		break;
	case SELECTOR_VF: format_vf(selector, ret, SELECTOR_SIZE); break;
	case SELECTOR_KINDS: ret[0] = '\0'; break;
	}
	if (selector->slot)
		*strrchr(ret, '.') = '\0';
}

static bool match_id(const struct selector *selector, const struct pci_ids *ids)
{
	const uint16_t value[] = {
		ids->vendor, ids->device, ids->subvendor, ids->subdevice};

	for (size_t i = 0; i < ARRAY_SIZE(value); i++)
		if (!selector->id.any[i] && selector->id.value[i] != value[i])
			return false;
	return true;
}

static bool match_address(const struct selector *selector, struct pci_address address)
{
	if (selector->slot)
		address.devfn &= (pci_devfn)~7u;
	return pci_address_equal(selector->address, address);
}

static bool match_vf(const struct selector *selector, const struct pcidev *dev)
{
	return dev->vf >= selector->vf.first && dev->vf <= selector->vf.last &&
		pci_path_equal(&selector->vf.physical, &dev->physical, false);
}

bool selector_match(const struct selector *selector, const struct pcidev *dev)
{
	switch (selector->kind) {
	case SELECTOR_PATH:
		return pci_path_equal(&selector->path, &dev->path, selector->slot);
	case SELECTOR_ADDRESS: return match_address(selector, dev->address);
	case SELECTOR_ID: return match_id(selector, &dev->ids);
	case SELECTOR_CLASS:
		return dev->ids.class >> selector->class.shift == selector->class.value;
	case SELECTOR_VF: return match_vf(selector, dev);
	case SELECTOR_KINDS: break;
	}
	return false;
}
