/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The database has names as vendors register them; people know the brand and the product. */
#include "names.h"

#include <libudev.h>

#include "base/base.h"

struct names {
	struct udev *udev;
	struct udev_hwdb *hwdb; /* NULL: there is none */
};

#define CLASS_DISPLAY 0x03
#define CLASS_NVME    0x0108

/* By base class << 8 | subclass; those with subclass ANY come last (include/linux/pci_ids.h). */
#define ANY 0xff

static const struct {
	uint16_t class;
	const char *type;
} types[] = {
	{0x0104, "RAID controller"},
	{0x0106, "SATA controller"},
	{0x0107, "SAS controller"},
	{0x0108, "NVMe drive"},
	{0x0200, "Ethernet card"},
	{0x0207, "InfiniBand card"},
	{0x0403, "audio device"},
	{0x0600, "host bridge"},
	{0x0601, "ISA bridge"},
	{0x0604, "PCI bridge"},
	{0x0700, "serial port"},
	{0x0805, "SD card reader"},
	{0x0c03, "USB controller"},
	{0x0c05, "SMBus controller"},
	{0x0d11, "Bluetooth adapter"},
	{0x0100 | ANY, "storage controller"},
	{0x0200 | ANY, "network card"},
	{0x0300 | ANY, "graphics card"},
	{0x0400 | ANY, "multimedia device"},
	{0x0500 | ANY, "memory controller"},
	{0x0600 | ANY, "bridge"},
	{0x0700 | ANY, "communication controller"},
	{0x0800 | ANY, "system device"},
	{0x0900 | ANY, "input device"},
	{0x0b00 | ANY, "processor"},
	{0x0c00 | ANY, "serial bus controller"},
	{0x0d00 | ANY, "wireless card"},
	{0x1000 | ANY, "encryption controller"},
	{0x1100 | ANY, "signal processor"},
	{0x1200 | ANY, "accelerator"},
};

/* From the first of these on a vendor's name is about its legal form or its trade. */
static const char *const trades[] = {" Corp", " Co.", " Co ", " Company", ",", " Inc",
	" Ltd", " Limited", " LLC", " GmbH", " AG", " PLC", " Technolog", " Electronics",
	" Semiconductor", " Systems", " International", " and subsidiaries"};

/* What a model is without, too. */
static const struct {
	const char *phrase, *by;
} phrases[] = {
	{" Host Controller", ""},
	{" Controller", ""},
	{"High Definition Audio", "HD Audio"},
	{" Chipset Family", ""},
	{" PCH", ""},
};

static const char *const graphics_words[] = {"graphics", "vga", "display", "gpu"};

const char *names_type(uint32_t class)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].class == class >> 8 ||
			types[i].class == ((class >> 8 & 0xff00) | ANY))
			return types[i].type;
	return "device";
}

/* Cuts the text in brackets, such as "[]", off the end, others in it included.  Returns it, or NULL. */
static char *cut_brackets(char *text, const char *brackets)
{
	char *end = strrchr(text, brackets[1]), *start = end;

	if (!end || end[1])
		return NULL;
	for (int depth = 0; (depth += (*start == brackets[1]) - (*start == brackets[0]));)
		if (start-- == text)
			return NULL;
	*end = '\0';
	*start = '\0';
	if (start > text && start[-1] == ' ')
		start[-1] = '\0';
	return start + 1;
}

static void shorten_vendor(char *vendor)
{
	char *brand = cut_brackets(vendor, "[]"), *end = NULL;

	if (brand) { /* "Advanced Micro Devices, Inc. [AMD/ATI]" */
		brand[strcspn(brand, "/")] = '\0';
		memmove(vendor, brand, strlen(brand) + 1);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(trades); i++) {
		char *found = strstr(vendor, trades[i]);

		if (found > vendor && (!end || found < end))
			end = found;
	}
	if (end)
		*end = '\0';
}

static void replace(char *text, const char *phrase, const char *by)
{
	char *found = strstr(text, phrase);
	size_t len = strlen(phrase);

	if (!found || strlen(by) > len)
		return;
	memcpy(found, by, strlen(by));
	memmove(found + strlen(by), found + len, strlen(found + len) + 1);
}

static bool tells_graphics(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(graphics_words); i++)
		if (strcasestr(text, graphics_words[i]))
			return true;
	return false;
}

/*
 * Writes the product: of "GA102 [GeForce RTX 3080] (GAMING X)" what is in the brackets, for
 * a display; of "NVMe SSD Controller SM981 (SSD 970 EVO)" what is in the parentheses, for a
 * drive.  Elsewhere these name other things, such as the card that a function is on.
 */
static void shorten_model(char *model, uint32_t class)
{
	char *subsystem = cut_brackets(model, "()"), *product = cut_brackets(model, "[]");

	if (class >> 16 != CLASS_DISPLAY)
		product = class >> 8 == CLASS_NVME ? subsystem : NULL;
	else if (!product && !tells_graphics(model))
		strcat(model, " graphics");
	if (product && *product)
		memmove(model, product, strlen(product) + 1);
	for (size_t i = 0; i < ARRAY_SIZE(phrases); i++)
		replace(model, phrases[i].phrase, phrases[i].by);
	if (strstr(model, "USB"))
		replace(model, " xHCI", "");
}

void names_make(const char *vendor, const char *model, uint32_t class, char *ret_name,
	size_t size)
{
	char brand[sizeof(((struct function_name *)0)->vendor)];
	char product[sizeof(((struct function_name *)0)->model) + sizeof(" graphics")];

	text_join(brand, sizeof(brand), vendor, NULL);
	text_join(product, sizeof(product) - sizeof(" graphics"), model, NULL);
	shorten_vendor(brand);
	if (*model)
		shorten_model(product, class);
	if (!*product)
		text_join(product, sizeof(product), names_type(class), NULL);
	if (strncasecmp(product, brand, strlen(brand)) == 0)
		*brand = '\0';
	text_join(ret_name, size, brand, *brand ? " " : "", product, NULL);
}

int names_open(struct names **ret)
{
	_cleanup_(names_close) struct names *names = calloc(1, sizeof(*names));

	if (names)
		names->udev = udev_new();
	if (!names || !names->udev)
		return -ENOMEM;
	names->hwdb = udev_hwdb_new(names->udev);
	*ret = TAKE_PTR(names);
	return 0;
}

void names_close(struct names **names)
{
	if (!*names)
		return;
	udev_hwdb_unref((*names)->hwdb);
	udev_unref((*names)->udev);
	free(*names);
	*names = NULL;
}

static void ask_database(
	struct names *names, const struct pci_ids *ids, struct function_name *name)
{
	struct udev_list_entry *entry;
	char modalias[128];

	snprintf(modalias, sizeof(modalias),
		"pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X", ids->vendor, ids->device,
		ids->subvendor, ids->subdevice, ids->class >> 16 & 0xffu,
		ids->class >> 8 & 0xffu, ids->class & 0xffu);
	udev_list_entry_foreach(
		entry, udev_hwdb_get_properties_list_entry(names->hwdb, modalias, 0))
	{
		const char *key = udev_list_entry_get_name(entry);
		const char *value = udev_list_entry_get_value(entry);

		if (strcmp(key, "ID_VENDOR_FROM_DATABASE") == 0)
			text_join(name->vendor, sizeof(name->vendor), value, NULL);
		else if (strcmp(key, "ID_MODEL_FROM_DATABASE") == 0)
			text_join(name->model, sizeof(name->model), value, NULL);
	}
}

void names_look_up(
	struct names *names, const struct pci_ids *ids, struct function_name *ret)
{
	*ret = (struct function_name){0};
	if (names->hwdb)
		ask_database(names, ids, ret);
	names_make(ret->vendor, ret->model, ids->class, ret->name, sizeof(ret->name));
}
