/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where parameters of the normal entries are kept for good on this machine: the file that has the
 * last word, and what makes it count.
 */
#ifndef VFIOBOOT_PERMANENT_H
#define VFIOBOOT_PERMANENT_H

#include "permanent_place.h"

struct root;

/* Of each loader. */
void permanent_grub(const struct root *root, struct permanent *ret);
void permanent_grub_bls(const struct root *root, struct permanent *ret);
void permanent_kernel_install(const struct root *root, struct permanent *ret);
void permanent_uki(const struct root *root, struct permanent *ret);
void permanent_proxmox(const struct root *root, struct permanent *ret);
void permanent_limine(const struct root *root, struct permanent *ret);
void permanent_extlinux(const struct root *root, struct permanent *ret);
void permanent_ostree(const struct root *root, struct permanent *ret);
void permanent_kernelstub(const struct root *root, struct permanent *ret);

/*
 * How a person adds parameters, as the end of a sentence: the place, and "; then " with what makes
 * them count.  With @word for the parameter in a command, or with NULL as it is.  Returns @ret.
 */
const char *permanent_text(const struct permanent *permanent, const char *word,
	char ret[static PERMANENT_TEXT_SIZE]);

/* Whether `vfioboot cmdline --apply` does it, and not a person. */
bool permanent_is_written(const struct permanent *permanent);

/* What such a file of GRUB begins with, and files of vfioboot besides. */
#define PERMANENT_HEADER                                                                 \
	"# Written by 'vfioboot cmdline --apply'; 'vfioboot cmdline --remove' removes it.\n"

/* The files of ours that there may be, up to a NULL: one of them is written. */
extern const char *const permanent_own_files[];

/*
 * The parameters that GRUB's files set for the normal entries, for free(); NULL where only a shell
 * could tell, or without memory.
 */
char *permanent_grub_value(const struct root *root);

/*
 * The parameters that the files of @permanent set, for free(), whatever the boot menu has of them
 * by now; NULL where none is kept in a file, or without memory.
 */
char *permanent_value(const struct root *root, const struct permanent *permanent);

/*
 * Where the parameter @word is written, as "FILE:LINE" in @ret: in a file that @permanent has or
 * that GRUB reads.  False if it is in none.
 */
bool permanent_find_word(const struct root *root, const struct permanent *permanent,
	const char *word, char *ret, size_t size);

#endif
