/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The protect list: functions that no section may take, because this host runs on them.
 * It is made on the host when an image is built and read by the early program.
 *
 * One entry a line, fields parted by single spaces, '#' starts a comment line:
 *
 *	storage 00:1d.0/00.0 144d:a808 / /boot swap
 *	display 00:02.0 8086:3e92 boot
 *	network 00:1f.6 8086:15bc eth0
 *
 * that is kind, path, vendor:device, and why (for people, and for messages).  A line
 * "incomplete" says that more is protected than the list could name.
 */
#ifndef VFIOBOOT_PROTECT_H
#define VFIOBOOT_PROTECT_H

#include "base/base.h"

#define PROTECT_ENTRIES_MAX 256
#define PROTECT_WHY_SIZE    96
#define PROTECT_LINE_SIZE   (PCI_PATH_SIZE + PROTECT_WHY_SIZE + 32)

#define PROTECT_INCOMPLETE "incomplete"

enum protect_kind {
	PROTECT_STORAGE, /* never taken */
	PROTECT_NETWORK, /* never taken */
	PROTECT_DISPLAY, /* one of these stays, at least */
	PROTECT_KINDS,
};

struct protect_entry {
	enum protect_kind kind;
	struct pci_path path;
	uint16_t vendor, device;
	char why[PROTECT_WHY_SIZE]; /* "" when nothing is said */
	bool missing;               /* its place holds another function now, or none */
};

struct protect_list {
	unsigned n_entries;
	bool incomplete; /* a file of it could not be read whole: more may be protected */
	struct protect_entry entries[PROTECT_ENTRIES_MAX];
};

/*
 * Adds the entries of @text, which is changed on the way.  Returns 0, or the number of the
 * first line that can't be read: the others are added all the same.
 */
unsigned protect_parse(struct protect_list *list, char *text);

/* Whether the list has an entry of the same kind, path and ids. */
bool protect_has(const struct protect_list *list, const struct protect_entry *entry);

/* The entry of the place @path, but for a display, of which only the last is kept; or NULL. */
const struct protect_entry *protect_find(
	const struct protect_list *list, const struct pci_path *path);

/* Writes the line of an entry, with its newline. */
void protect_format(
	const struct protect_entry *entry, char ret[static PROTECT_LINE_SIZE]);

#endif
