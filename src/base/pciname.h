/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How PCI functions are named: by address, by path and by ids.  Pure text and values.
 *
 * Address: "[domain:]bus:device.function" in hex, as in /sys/bus/pci/devices and lspci(8).
 * Path: "[domain:]bus:device.function[/device.function]*", each bridge from the root bus
 * on, as the kernel parses it for pci=resource_alignment= (drivers/pci/pci.c,
 * pci_dev_str_match_path; Documentation/admin-guide/kernel-parameters.txt).
 * Ids: the sysfs attribute modalias (drivers/pci/pci-sysfs.c, modalias_show).
 */
#ifndef VFIOBOOT_PCINAME_H
#define VFIOBOOT_PCINAME_H

#include <stdbool.h>
#include <stdint.h>

/* Bridges nest at most this deep in a path; deeper ones are not accepted. */
#define PCI_PATH_DEPTH_MAX 16

/* Bytes of the longest text with its NUL. */
#define PCI_ADDRESS_SIZE sizeof("ffffffff:ff:1f.7")
#define PCI_PATH_SIZE    (PCI_ADDRESS_SIZE + (PCI_PATH_DEPTH_MAX - 1) * sizeof("1f.7"))

/* device << 3 | function, as the kernel's PCI_DEVFN(). */
typedef uint8_t pci_devfn;

struct pci_address {
	uint32_t domain; /* up to 32 bits: VMD's domains start at 0x10000 */
	uint8_t bus;
	pci_devfn devfn;
};

struct pci_path {
	uint32_t domain;
	uint8_t bus;   /* of the root bus */
	uint8_t depth; /* elements in devfn; 0: the path is not known */
	pci_devfn devfn[PCI_PATH_DEPTH_MAX];
};

struct pci_ids {
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class; /* base class << 16 | subclass << 8 | interface */
};

static inline bool pci_address_equal(struct pci_address a, struct pci_address b)
{
	return a.bus == b.bus && a.devfn == b.devfn && a.domain == b.domain;
}

/* The order of addresses, in which the kernel and lspci(8) list them. */
static inline bool pci_address_before(struct pci_address a, struct pci_address b)
{
	if (a.domain != b.domain)
		return a.domain < b.domain;
	return (a.bus << 8 | a.devfn) < (b.bus << 8 | b.devfn);
}

/* The same for qsort(3): less than 0, 0 or more. */
static inline int pci_address_compare(struct pci_address a, struct pci_address b)
{
	return pci_address_before(b, a) - pci_address_before(a, b);
}

/*
 * Reads all hex digits at *@text and moves *@text behind them.  Returns false, with *@text
 * as it was, when they are fewer than @min or more than @max (at most 8).
 */
bool pci_take_hex(const char **text, int min, int max, uint32_t *ret);

/* Reads exactly @n hex digits, whatever follows: "d" and "bc" are digits, too. */
bool pci_take_fixed_hex(const char **text, int n, uint32_t *ret);

/* Whether both are known and name the same place; @slot_only ignores the last function. */
bool pci_path_equal(const struct pci_path *a, const struct pci_path *b, bool slot_only);

/* What an element of an address or path may leave out. */
enum pci_name_form {
	PCI_NAME_WHOLE,    /* the function must be there */
	PCI_NAME_SLOT_TOO, /* "01:00" for all functions of the slot */
};

/*
 * Parse a whole string.  @ret_slot (NULL with PCI_NAME_WHOLE) says whether the last
 * function was left out; its devfn then has function 0.  Return 0, or -EINVAL.
 */
int pci_address_parse(const char *text, enum pci_name_form form, struct pci_address *ret,
	bool *ret_slot);
int pci_path_parse(
	const char *text, enum pci_name_form form, struct pci_path *ret, bool *ret_slot);

/*
 * The path of the function that a link of /sys/bus/pci/devices leads to, such as
 * "../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0".  Returns 0, or -EINVAL.
 */
int pci_path_from_link(const char *link, struct pci_path *ret);

/* Parses the content of a modalias attribute, newline or not.  Returns 0, or -EINVAL. */
int pci_ids_parse(const char *modalias, struct pci_ids *ret);

/*
 * Write the canonical text, and return where its NUL is.  The domain is always there in an
 * address, in a path unless it is 0.  By hand, since each access to sysfs formats a name.
 */
char *pci_address_format(struct pci_address address, char ret[static PCI_ADDRESS_SIZE]);
char *pci_path_format(const struct pci_path *path, char ret[static PCI_PATH_SIZE]);

/* The same of a number with @n hex digits, or as many as it needs (at most 8). */
char *pci_put_hex(char *to, uint32_t value, int n);

#endif
