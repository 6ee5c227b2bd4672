/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vfioboot list` says of a function. */
#include "function.h"

#include <limits.h>

/* After this many of one function the others are counted only. */
#define USES_MAX 4

/* A text that is put together of parts; what does not fit is cut. */
struct text {
	char text[1024];
	size_t len;
};

static void add(struct text *text, const char *first, const char *second)
{
	text->len += text_join(text->text + text->len, sizeof(text->text) - text->len,
		first, second, NULL);
}

/* Keeps the text in *@ret, NULL of "".  Returns 0, or -ENOMEM. */
static int keep(const struct text *text, char **ret)
{
	*ret = text->len ? strdup(text->text) : NULL;
	return text->len && !*ret ? -ENOMEM : 0;
}

static bool is_network(const struct usage_entry *use)
{
	return use->kind == IN_USE_ROUTE || use->kind == IN_USE_INTERFACE;
}

static const char *use_word(const struct usage_entry *use)
{
	return use->kind == IN_USE_SWAP ? "swap" : use->what;
}

/* All of them, as words: "/, /home?, swap", the '?' for what may be on another function. */
static int describe_uses(const struct inventory_function *of, char **ret)
{
	struct text text = {0};

	for (size_t i = 0; i < of->n_uses; i++) {
		add(&text, text.len ? ", " : "", use_word(&of->uses[i]));
		add(&text, of->uses[i].untraced ? "?" : "", "");
	}
	return keep(&text, ret);
}

/* At most @most: "/dev/sda1 (ext4 file system), /dev/sda2 (swap area) and 2 more" */
static void add_data(struct text *text, const struct inventory_function *of,
	const char *begin, unsigned most)
{
	const struct drives_device *device = NULL;
	char one[512], more[32];
	unsigned n = 0;

	while ((device = drives_next(of->drives, of->pci->dev.address, device))) {
		if (device->state != DRIVES_DATA)
			continue;
		drives_text(device, one, sizeof(one));
		if (n < most)
			add(text, n ? ", " : begin, one);
		n++;
	}
	if (n > most) {
		snprintf(more, sizeof(more), " and %u more", n - most);
		add(text, more, "");
	}
}

static int describe_data(const struct inventory_function *of, char **ret)
{
	struct text text = {0};

	add_data(&text, of, "", UINT_MAX);
	return keep(&text, ret);
}

/* Which uses a note is about, and how it begins. */
struct uses_note {
	bool network, untraced;
	const char *begin;
};

static void note_uses(struct text *notes, const struct inventory_function *of,
	const struct uses_note *note)
{
	unsigned n = 0;
	char more[32];

	for (size_t i = 0; i < of->n_uses; i++) {
		const struct usage_entry *use = &of->uses[i];

		if (is_network(use) != note->network || use->untraced != note->untraced)
			continue;
		if (n == 0)
			add(notes, notes->len ? "; " : "", note->begin);
		if (n < USES_MAX)
			add(notes, n ? ", " : "", use_word(use));
		n++;
	}
	if (n > USES_MAX) {
		snprintf(more, sizeof(more), " and %u more", n - USES_MAX);
		add(notes, more, "");
	}
}

/* The section that matches the function, and its state. */
static void note_section(struct text *notes, const struct inventory_function *of)
{
	static const char *const states[INVENTORY_RESULTS] = {
		[INVENTORY_BOUND] = "bound",
		[INVENTORY_PENDING] = "not bound yet",
		[INVENTORY_LATER] = "not bound yet, only after udev has started",
		[INVENTORY_DEMAND] = "on demand",
		[INVENTORY_NATIVE] = "left to its native driver",
		[INVENTORY_REFUSED] = "refused",
		[INVENTORY_FAILED] = "failed",
		[INVENTORY_INACTIVE] = "inactive",
	};
	bool reason = of->reason != REASON_NONE;

	if (!of->section)
		return;
	add(notes, notes->len ? "; " : "", of->section->name);
	add(notes, ": ", states[of->result]);
	if (of->result == INVENTORY_INACTIVE && of->section->profile[0]) {
		add(notes, " (profile ", of->section->profile);
		add(notes, ")", "");
	}
	if (of->section->demand && of->result == INVENTORY_BOUND)
		add(notes, " on demand", "");
	else if (reason && of->result == INVENTORY_BOUND)
		add(notes, ", but not at the next boot", "");
	if (reason) {
		add(notes, " (", reason_word(of->reason));
		add(notes, ")", "");
	}
}

/* "virtual function 2 of 0000:01:00.0" */
static void note_virtual(struct text *notes, const struct inventory_function *of)
{
	char text[64], physical[PCI_ADDRESS_SIZE];

	if (!of->pci->dev.physical.depth)
		return;
	pci_address_format(of->pci->maker, physical);
	snprintf(text, sizeof(text), "virtual function %u of %s", of->pci->dev.vf,
		physical);
	add(notes, notes->len ? "; " : "", text);
}

static int describe_notes(const struct inventory_function *of, char **ret)
{
	static const struct uses_note uses[] = {
		{false, false, "carries "},
		{false, true, "may carry "},
		{true, false, "network in use: "},
		{true, true, "may be the network: "},
	};
	struct text notes = {0};

	if (of->pci->boot_display)
		add(&notes, "boot display", "");
	note_virtual(&notes, of);
	for (size_t i = 0; i < ARRAY_SIZE(uses); i++)
		note_uses(&notes, of, &uses[i]);
	add_data(&notes, of, notes.len ? "; has data: " : "has data: ", USES_MAX);
	note_section(&notes, of);
	return keep(&notes, ret);
}

/* By hand, since each function of a machine has two of them. */
static void format_pair(
	uint16_t vendor, uint16_t device, char ret[static FUNCTION_ID_SIZE])
{
	char *to = pci_put_hex(ret, vendor, 4);

	*to++ = ':';
	pci_put_hex(to, device, 4);
}

void function_format_id(const struct pci_ids *ids, char ret[static FUNCTION_ID_SIZE])
{
	format_pair(ids->vendor, ids->device, ret);
}

int function_describe(const struct inventory_function *of, struct vfioboot_function *ret)
{
	const struct pcidev *dev = &of->pci->dev;
	char path[PCI_PATH_SIZE];
	int r;

	*ret = (struct vfioboot_function){.of = of};
	pci_address_format(dev->address, ret->address);
	if (dev->path.depth) {
		pci_path_format(&dev->path, path);
		ret->path = strdup(path);
		if (!ret->path)
			return -ENOMEM;
	}
	function_format_id(&dev->ids, ret->id);
	if (dev->ids.subvendor)
		format_pair(dev->ids.subvendor, dev->ids.subdevice, ret->subsystem);
	pci_put_hex(ret->class, dev->ids.class & 0xffffffu, 6);
	if (dev->physical.depth)
		pci_address_format(of->pci->maker, ret->physical);
	r = describe_uses(of, &ret->uses);
	if (r == 0)
		r = describe_data(of, &ret->data);
	return r < 0 ? r : describe_notes(of, &ret->notes);
}

void function_clear(struct vfioboot_function *function)
{
	free(function->path);
	free(function->uses);
	free(function->data);
	free(function->notes);
}

const char *function_text(const char *text)
{
	return text && *text ? text : NULL;
}

/* ---- what the header has */

const char *vfioboot_result_word(enum vfioboot_result result)
{
	return (unsigned)result < INVENTORY_RESULTS
		? function_text(inventory_result_word((enum inventory_result)result))
		: NULL;
}

GET(const char *, vfioboot_function_get_address, function, function->address)
GET(const char *, vfioboot_function_get_path, function, function->path)
GET(int, vfioboot_function_get_iommu_group, function, function->of->pci->group)
GET(const char *, vfioboot_function_get_id, function, function->id)
GET(const char *, vfioboot_function_get_class, function, function->class)
GET(const char *, vfioboot_function_get_subsystem, function,
	function_text(function->subsystem))
GET(const char *, vfioboot_function_get_name, function, function->of->kind->name)
GET(const char *, vfioboot_function_get_vendor, function,
	function_text(function->of->kind->vendor))
GET(const char *, vfioboot_function_get_model, function,
	function_text(function->of->kind->model))
GET(const char *, vfioboot_function_get_type, function,
	names_type(function->of->pci->dev.ids.class))

enum vfioboot_kind vfioboot_function_get_kind(const struct vfioboot_function *function)
{
	const struct pcidev *dev = &function->of->pci->dev;

	if (pcidev_base_class(dev) == PCI_BASE_DISPLAY)
		return VFIOBOOT_KIND_GPU;
	switch (dev->ids.class >> 8) {
	case 0x0108: return VFIOBOOT_KIND_NVME;
	case 0x0c03: return VFIOBOOT_KIND_USB;
	default: return VFIOBOOT_KIND_OTHER;
	}
}

GET(const char *, vfioboot_function_get_driver, function,
	function_text(function->of->pci->dev.driver))
GET(const char *, vfioboot_function_get_modules, function,
	function_text(function->of->kind->modules))

int vfioboot_function_get_boot_display(const struct vfioboot_function *function)
{
	const struct pcibus_function *pci = function->of->pci;

	return pci->has_boot_vga ? pci->boot_display : -1;
}

GET(const char *, vfioboot_function_get_physical, function,
	function_text(function->physical))

int vfioboot_function_get_vf(const struct vfioboot_function *function)
{
	const struct pcidev *dev = &function->of->pci->dev;

	return dev->physical.depth ? dev->vf : -1;
}

GET(const char *, vfioboot_function_get_uses, function, function->uses)
GET(const char *, vfioboot_function_get_data, function, function->data)
GET(const char *, vfioboot_function_get_notes, function, function->notes)
GET(const char *, vfioboot_function_get_section, function,
	function->of->section ? function->of->section->name : NULL)
GET(const char *, vfioboot_function_get_wanted, function,
	function->of->section ? function->of->section->driver : NULL)
GET(enum vfioboot_result, vfioboot_function_get_result, function,
	(enum vfioboot_result)function->of->result)
GET(const char *, vfioboot_function_get_reason, function,
	function->of->section && function->of->reason != REASON_NONE
		? reason_word(function->of->reason)
		: NULL)

_Static_assert((int)VFIOBOOT_RESULT_NONE == (int)INVENTORY_FREE &&
		(int)VFIOBOOT_RESULT_BOUND == (int)INVENTORY_BOUND &&
		(int)VFIOBOOT_RESULT_PENDING == (int)INVENTORY_PENDING &&
		(int)VFIOBOOT_RESULT_LATER == (int)INVENTORY_LATER &&
		(int)VFIOBOOT_RESULT_DEMAND == (int)INVENTORY_DEMAND &&
		(int)VFIOBOOT_RESULT_REFUSED == (int)INVENTORY_REFUSED &&
		(int)VFIOBOOT_RESULT_FAILED == (int)INVENTORY_FAILED &&
		(int)VFIOBOOT_RESULT_NATIVE == (int)INVENTORY_NATIVE &&
		(int)VFIOBOOT_RESULT_INACTIVE == (int)INVENTORY_INACTIVE,
	"the numbers of results are part of the library's ABI");
