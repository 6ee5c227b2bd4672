/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A selector names one PCI function, or several, in one of five ways (vfioboot.conf(5)):
 *
 *   id       10de:2204  10de:2204:1043:8769  10de:   an empty field is any, as lspci -d
 *   address  0000:01:00.0  01:00.0  01:00            no function is all of them
 *   path     00:01.0/00.0  0000:00:01.0/00           every bridge from the root bus
 *   class    class:0300  class:03                    base class, subclass, interface
 *   vf       vf:0-3@00:01.0/00.0                     virtual functions (SR-IOV) of a physical one
 *
 * Digit counts are strict, so that no text can be of two kinds.  Pure.
 */
#ifndef VFIOBOOT_SELECTOR_H
#define VFIOBOOT_SELECTOR_H

#include "base/base.h"
#include "pcidev.h"

enum selector_kind {
	SELECTOR_PATH,
	SELECTOR_ADDRESS,
	SELECTOR_ID,
	SELECTOR_CLASS,
	SELECTOR_VF,
	SELECTOR_KINDS,
};

struct selector {
	enum selector_kind kind;
	bool slot; /* address, path: all functions of the slot */
	union {
		struct {
			uint16_t value[4]; /* vendor, device, subvendor, subdevice */
			bool any[4];
		} id;
		struct pci_address address;
		struct pci_path path;
		struct {
			uint32_t value; /* its leading digits */
			int shift;      /* bits of a class code that are not compared */
		} class;
		struct {
			struct pci_path physical;
			uint16_t first, last; /* N of the links virtfnN */
		} vf;
	};
};

#define SELECTOR_VFS_MAX 4096 /* virtual functions of one physical one */

/* Bytes of the longest text with its NUL. */
#define SELECTOR_SIZE (PCI_PATH_SIZE + sizeof("vf:4095-4095@") - 1)

/* Parses a selector of any kind, which its form decides.  Returns 0, or -EINVAL. */
int selector_parse(const char *text, struct selector *ret);

/*
 * Parses a selector of one kind, for a place where the kind is known: "path" then takes
 * also a function of the root bus ("00:02.0"), "class" also bare digits ("0300"), "vf" also
 * "0-3 of 00:01.0/00.0".
 */
int selector_parse_kind(enum selector_kind kind, const char *text, struct selector *ret);

/* The key of the kind in a configuration, and an example for messages. */
const char *selector_kind_name(enum selector_kind kind);
const char *selector_kind_example(enum selector_kind kind);

/* Writes the canonical text. */
void selector_format(const struct selector *selector, char ret[static SELECTOR_SIZE]);

/* Whether the function is named. */
bool selector_match(const struct selector *selector, const struct pcidev *dev);

#endif
