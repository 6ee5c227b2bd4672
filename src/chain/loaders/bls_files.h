/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entries of the Boot Loader Specification, type 1, that a machine has, and which of them
 * ours are made of: systemd-boot reads them, and GRUB as Fedora builds it.
 */
#ifndef VFIOBOOT_BLS_FILES_H
#define VFIOBOOT_BLS_FILES_H

#include <limits.h>

#include "base/base.h"
#include "bootmenu.h"

#define BLS_ENTRIES "/loader/entries" /* below one of esp_places */

/*
 * By which names kernels of this machine begin: several systems may share a partition
 * (kernel-install(8)).  "": not known.
 */
struct bls_identity {
	char machine_id[64], token[256];
};

/*
 * Reads /etc/kernel/entry-token, and the id of the machine: KERNEL_INSTALL_MACHINE_ID of
 * /etc/machine-info, or /etc/machine-id.
 */
void bls_identity_read(const struct root *root, struct bls_identity *ret);

/* What the name of a file says: it is of this machine (1), of another (0), nothing (-1). */
int bls_identity_judge(const struct bls_identity *identity, const char *name);

enum bls_kind {
	BLS_ELSE,     /* of another system, or of what is no kernel */
	BLS_SPECIAL,  /* a rescue, a trial, made by hand for a profile, a unified image */
	BLS_ORIGINAL, /* the normal entry of a kernel of this machine */
	BLS_OURS,     /* a copy that we made */
};

struct bls_file {
	enum bls_kind kind;
	char *directory; /* absolute, below the root */
	char *name;
	char *text;
	char id[BOOTENTRY_ID_SIZE]; /* of ours: of the struct bootentry it was made by */
};

/* Starts as {0}. */
struct bls_files {
	struct bls_file *files;
	size_t n;
	char failed[PATH_MAX]; /* the directory that cannot be read */
};

/*
 * Reads all entries below the @places, mount points such as esp_places, that there are.  0; or
 * -errno with @ret->failed; bls_files_free(@ret), which begins as {0}, in each case.
 */
int bls_files_read(const struct root *root, const char *const *places, size_t n_places,
	struct bls_files *ret);

void bls_files_free(struct bls_files *files);

/*
 * Whether kernel-install(8) made it, which has only the command line of this boot where there is no
 * /etc/kernel/cmdline: its name or its text says so.  All others were written by hand.
 */
bool bls_is_installed(const struct bls_identity *identity, const struct bls_file *file);

/*
 * Whether its options have parameters of our entries: those, and what a person made for a profile.
 * True without memory.
 */
bool bls_has_own(const struct bls_file *file);

/*
 * What the copy of @original for @entry, also that of a trial, holds, for free().  What @sort_suffix has goes behind
 * its sort-key, if there is one.  Returns as bls_copy().
 */
int bls_make_copy(const struct bls_file *original, const struct bootentry *entry,
	const char *sort_suffix, char **ret);

/*
 * What @original holds without what kernel-install took over from the command line of a
 * passthrough boot.  Returns 1 with it in *@ret for free(), 0 when there is nothing, or -ENOMEM.
 */
int bls_strip(
	const struct bls_file *original, const struct bootentries *entries, char **ret);

/* The menus of the two loaders, in bls.c; as struct bootloader_ops has it. */
int bls_read_systemd_boot(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *ret);
int bls_read_grub(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *ret);

/*
 * Adds to @menu the entries in files that systemd-boot has.  0, or -errno with @menu->failed.
 */
int bls_add_entries(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *menu);

#endif
