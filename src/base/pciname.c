/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parsing and formatting of the names that PCI functions go by. */
#include "pciname.h"

#include <errno.h>
#include <string.h>

static const char digits[] = "0123456789abcdef";

static inline int hex_digit(char c)
{
	unsigned digit = (unsigned)c - '0';

	if (digit < 10)
		return (int)digit;
	digit = ((unsigned)c | 0x20) - 'a';
	return digit < 6 ? (int)digit + 10 : -1;
}

bool pci_take_hex(const char **text, int min, int max, uint32_t *ret)
{
	uint32_t value = 0;
	int n = 0, digit;

	for (; (digit = hex_digit((*text)[n])) >= 0; n++) {
		if (n == max)
			return false;
		value = value << 4 | (uint32_t)digit;
	}
	if (n < min)
		return false;
	*text += n;
	*ret = value;
	return true;
}

bool pci_take_fixed_hex(const char **text, int n, uint32_t *ret)
{
	*ret = 0;
	for (; n; n--, (*text)++) {
		int digit = hex_digit(**text);

		if (digit < 0)
			return false;
		*ret = *ret << 4 | (uint32_t)digit;
	}
	return true;
}

static bool take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

/* Reads "device.function", or with @slot not NULL also "device". */
static bool take_devfn(const char **text, pci_devfn *ret, bool *slot)
{
	uint32_t device, function = 0;

	if (!pci_take_hex(text, 2, 2, &device) || device > 0x1f)
		return false;
	if (take_char(text, '.')) {
		if (!pci_take_hex(text, 1, 1, &function) || function > 7)
			return false;
	} else if (slot) {
		*slot = true;
	} else {
		return false;
	}
	*ret = (pci_devfn)(device << 3 | function);
	return true;
}

/* Reads "[domain:]bus:"; a domain has 4 to 8 digits and a bus 2. */
static bool take_bus(const char **text, uint32_t *ret_domain, uint8_t *ret_bus)
{
	const char *start = *text;
	uint32_t domain = 0, bus;

	if (pci_take_hex(text, 4, 8, &domain)) {
		if (!take_char(text, ':'))
			return false;
	} else {
		domain = 0;
		*text = start;
	}
	if (!pci_take_hex(text, 2, 2, &bus) || !take_char(text, ':'))
		return false;
	*ret_domain = domain;
	*ret_bus = (uint8_t)bus;
	return true;
}

bool pci_path_equal(const struct pci_path *a, const struct pci_path *b, bool slot_only)
{
	int last = a->depth - 1;

	if (!a->depth || a->depth != b->depth || a->domain != b->domain ||
		a->bus != b->bus)
		return false;
	if (memcmp(a->devfn, b->devfn, (size_t)last) != 0)
		return false;
	if (slot_only)
		return a->devfn[last] >> 3 == b->devfn[last] >> 3;
	return a->devfn[last] == b->devfn[last];
}

int pci_address_parse(const char *text, enum pci_name_form form, struct pci_address *ret,
	bool *ret_slot)
{
	struct pci_address address;
	bool slot = false;

	if (!take_bus(&text, &address.domain, &address.bus) ||
		!take_devfn(&text, &address.devfn,
			form == PCI_NAME_SLOT_TOO ? &slot : NULL) ||
		*text)
		return -EINVAL;
	*ret = address;
	if (ret_slot)
		*ret_slot = slot;
	return 0;
}

int pci_path_parse(
	const char *text, enum pci_name_form form, struct pci_path *ret, bool *ret_slot)
{
	struct pci_path path = {0};
	bool slot = false;

	if (!take_bus(&text, &path.domain, &path.bus))
		return -EINVAL;
	do {
		if (slot || path.depth == PCI_PATH_DEPTH_MAX ||
			!take_devfn(&text, &path.devfn[path.depth++],
				form == PCI_NAME_SLOT_TOO ? &slot : NULL))
			return -EINVAL;
	} while (take_char(&text, '/'));
	if (*text)
		return -EINVAL;
	*ret = path;
	if (ret_slot)
		*ret_slot = slot;
	return 0;
}

/* The start of the name behind the last "/pciDDDD:BB/", where a root bus begins. */
static const char *behind_root_bus(const char *link)
{
	static const char root_bus[] = "/pci";
	const char *found = NULL;

	for (const char *p = link; (p = strchr(p, '/')); p++) {
		const char *name = p + strlen(root_bus);
		uint32_t domain, bus;

		if (strncmp(p, root_bus, strlen(root_bus)) == 0 &&
			pci_take_hex(&name, 4, 8, &domain) && take_char(&name, ':') &&
			pci_take_hex(&name, 2, 2, &bus) && take_char(&name, '/'))
			found = name;
	}
	return found;
}

int pci_path_from_link(const char *link, struct pci_path *ret)
{
	const char *text = behind_root_bus(link);
	struct pci_path path = {0};

	if (!text)
		return -EINVAL;
	do {
		uint32_t domain;
		uint8_t bus;

		if (path.depth == PCI_PATH_DEPTH_MAX || !take_bus(&text, &domain, &bus) ||
			!take_devfn(&text, &path.devfn[path.depth], NULL))
			return -EINVAL;
		if (path.depth++ == 0) {
			path.domain = domain;
			path.bus = bus;
		}
	} while (take_char(&text, '/'));
	if (*text)
		return -EINVAL;
	*ret = path;
	return 0;
}

int pci_ids_parse(const char *modalias, struct pci_ids *ret)
{
	static const struct {
		const char *tag;
		int digits;
	} fields[] = {{"pci:v", 8}, {"d", 8}, {"sv", 8}, {"sd", 8}, {"bc", 2}, {"sc", 2},
		{"i", 2}};
	uint32_t value[7];

	for (int i = 0; i < 7; i++) {
		for (const char *tag = fields[i].tag; *tag; tag++)
			if (!take_char(&modalias, *tag))
				return -EINVAL;
		if (!pci_take_fixed_hex(&modalias, fields[i].digits, &value[i]))
			return -EINVAL;
	}
	if (*modalias && *modalias != '\n')
		return -EINVAL;
	*ret = (struct pci_ids){
		.vendor = (uint16_t)value[0],
		.device = (uint16_t)value[1],
		.subvendor = (uint16_t)value[2],
		.subdevice = (uint16_t)value[3],
		.class = value[4] << 16 | value[5] << 8 | value[6],
	};
	return 0;
}

char *pci_put_hex(char *to, uint32_t value, int n)
{
	char *end;

	while (n < 8 && value >> 4 * n)
		n++;
	end = to + n;
	*end = '\0';
	for (to = end; n--; value >>= 4)
		*--to = digits[value & 0xf];
	return end;
}

/* Most of what is formatted are these, without a NUL. */
static inline char *put_byte(char *to, unsigned value)
{
	*to++ = digits[value >> 4 & 0xf];
	*to++ = digits[value & 0xf];
	return to;
}

static char *put_bus(char *to, uint32_t domain, uint8_t bus)
{
	if (domain > UINT16_MAX)
		to = pci_put_hex(to, domain, 4);
	else
		to = put_byte(put_byte(to, domain >> 8), domain);
	*to++ = ':';
	to = put_byte(to, bus);
	*to++ = ':';
	return to;
}

static char *put_devfn(char *to, pci_devfn devfn)
{
	to = put_byte(to, devfn >> 3);
	*to++ = '.';
	*to++ = (char)('0' + (devfn & 7));
	*to = '\0';
	return to;
}

char *pci_address_format(struct pci_address address, char ret[static PCI_ADDRESS_SIZE])
{
	return put_devfn(put_bus(ret, address.domain, address.bus), address.devfn);
}

char *pci_path_format(const struct pci_path *path, char ret[static PCI_PATH_SIZE])
{
	char *to = put_bus(ret, path->domain, path->bus);

	if (!path->domain) { /* "0000:" */
		to -= 5;
		memmove(ret, ret + 5, (size_t)(to - ret));
	}
	for (int i = 0; i < path->depth; i++) {
		if (i)
			*to++ = '/';
		to = put_devfn(to, path->devfn[i]);
	}
	*to = '\0';
	return to;
}
