/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What starts the kernel, and so holds its command line: known by the name that it leaves in
 * variables of UEFI (https://systemd.io/BOOT_LOADER_INTERFACE, "LoaderInfo"; systemd-stub(7),
 * "StubInfo"), else by the firmware's entry of this boot, else by the files of each boot loader.
 */
#ifndef VFIOBOOT_BOOTLOADER_H
#define VFIOBOOT_BOOTLOADER_H

#include "base/base.h"

#define BOOTLOADERS_MAX       20
#define BOOTLOADER_SIGN_SIZE  96
#define BOOTLOADER_NAMES_SIZE 256

struct bootloader_ops; /* loaders/loader.h */
struct efi_entry;      /* efi_entry.h */

struct bootloader {
	const char *name;  /* a word for programs */
	const char *title; /* for people */
	/* The variable in which it names itself, and how that begins; NULL: it does not. */
	const char *variable, *value;
	bool manages; /* writes the entries of other loaders, and so goes before them */
	/* What its program is called in an entry of the firmware, as fnmatch(3) takes it. */
	const char *programs[4];
	/* One of which shows it: from '/' on, or on whatever the firmware reads. */
	const char *files[10];
	enum {
		BOOTLOADER_ANY_BLS,
		BOOTLOADER_WITH_BLS, /* GRUB_ENABLE_BLSCFG is true, or sdbootutil installed it */
		BOOTLOADER_WITHOUT_BLS,
	} bls;
	const struct bootloader_ops *ops; /* how entries are added to its menu */
};

struct bootloader_search {
	struct {
		const struct bootloader *loader;
		char sign[BOOTLOADER_SIGN_SIZE]; /* a file, below the root, without '/' */
	} found[BOOTLOADERS_MAX];
	size_t n;
	const struct bootloader *owner; /* NULL: none, or several and no sign which */
	/* What the loader of this boot says of itself, such as "GRUB 2.12"; or "". */
	char named[BOOTLOADER_SIGN_SIZE];
	bool is_program; /* that is instead the file which the firmware starts, and it is no loader */
	/*
	 * The program that the firmware starts next, where that is none of these loaders, though this
	 * boot was started by one; else "".
	 */
	char instead[BOOTLOADER_SIGN_SIZE];
	/*
	 * The owner's files are on a partition that is not mounted: its name for mount(8), or
	 * words where it is not known; else "".  Nothing can be read or written then.
	 */
	char unmounted[BOOTLOADER_SIGN_SIZE];
	char mount[BOOTLOADER_SIGN_SIZE];     /* the command that mounts it; or "" */
	bool hidden;                          /* some files cannot be read: needs root */
	char hidden_at[BOOTLOADER_SIGN_SIZE]; /* the first of them, as a sign is */
};

/*
 * Whether its files are there: 1 with the first of them in @ret_sign, 0, or -errno when that is
 * hidden, with one that cannot be read in @ret_sign.
 */
int bootloader_detect(const struct root *root, const struct bootloader *loader,
	char ret_sign[static BOOTLOADER_SIGN_SIZE]);

/*
 * The entry of the firmware that starts a loader by default: as efi_entry_default(); where what starts is
 * none of the loaders' programs, its path is in @ret_instead, else "", and the entry is that of this boot.
 * 0, or -errno with an empty entry.
 */
int bootloader_entry(const struct root *root, struct efi_entry *ret, bool *ret_other,
	char ret_instead[static BOOTLOADER_SIGN_SIZE]);

/* Finds all that there are, and which of them it is.  */
void bootloader_find(const struct root *root, struct bootloader_search *ret);

/* The name of the file by which @loader was found, "" for none; it has no leading '/'. */
const char *bootloader_sign(
	const struct bootloader_search *search, const struct bootloader *loader);

/* Says that the partition of @search->owner is not mounted (@search->unmounted).  -ENODEV. */
int bootloader_say_unmounted(
	const struct bootloader_search *search, struct message *message);

/* The loader of the name, a word for programs; NULL for none. */
const struct bootloader *bootloader_named(const char *name);

/* All loaders, from 0 on; NULL behind the last. */
const struct bootloader *bootloader_at(size_t index);

/* The names of all, as "A, B or C". */
void bootloader_names(char ret[static BOOTLOADER_NAMES_SIZE]);

#endif
