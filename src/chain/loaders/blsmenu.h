/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entries of the Boot Loader Specification, type 1, that a machine has, and which of them
 * ours are made of: systemd-boot reads them, and GRUB as Fedora builds it.
 */
#ifndef VFIOBOOT_BLSMENU_H
#define VFIOBOOT_BLSMENU_H

#include "base/base.h"
#include "chain/bootentry.h"

enum bls_kind {
	BLS_OTHER, /* of another system, a rescue, a trial, made by hand for a profile */
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
	const char *failed; /* the directory that can't be read */
};

/*
 * Reads all entries of the directories that there are.  0; or -errno with the directory, one of
 * @directories, in @ret->failed.
 */
int bls_files_read(const struct sysfs_root *root, const char *const *directories,
	size_t n_directories, struct bls_files *ret);

void bls_files_free(struct bls_files *files);

/*
 * What the copy of @original for @entry holds, for free().  What @sort_suffix has goes behind
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

#endif
