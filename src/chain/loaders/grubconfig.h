/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The texts of GRUB that a trial needs: entries of grub.cfg as grub-mkconfig writes them, our
 * part of custom.cfg, which 41_custom reads behind all of them, and the environment block
 * (GRUB manual, "menuentry" and "The GRUB environment block").  Pure.
 */
#ifndef VFIOBOOT_GRUBCONFIG_H
#define VFIOBOOT_GRUBCONFIG_H

#include <stdbool.h>
#include <stddef.h>

/* How an entry is copied. */
struct grub_copy {
	const char *kernel;     /* the file that the entry starts, as in BOOT_IMAGE= */
	const char *title;      /* of the copy, without a quote */
	const char *id;         /* of the copy */
	const char *parameters; /* behind those that the entry has */
};

/*
 * Copies the first entry of @config that starts the kernel, is none of ours and no recovery,
 * to the outer level.  What would note it as the default (savedefault), or a failure of it
 * (recordfail), is left out.  The caller frees *@ret.  Returns 0; -ENOENT when there is no
 * such entry; -EBADMSG when its end can't be told; or -ENOMEM.
 */
int grub_copy_entry(const char *config, const struct grub_copy *copy, char **ret);

/*
 * @text with our part replaced by @ours, or with NULL without it; what others wrote stays
 * as it is, to the byte.  The caller frees *@ret.  Returns 0; -EBADMSG when the mark of our
 * part's beginning or end is missing; or -ENOMEM.
 */
int grub_set_ours(const char *text, const char *ours, char **ret);

/*
 * Whether grub.cfg takes the entry of `next_entry` once; whether it reads custom.cfg; whether
 * it reads all entries of the Boot Loader Specification where they are by default.
 */
bool grub_knows_next_entry(const char *config);
bool grub_reads_custom(const char *config);
bool grub_reads_bls(const char *config);

/* The default of 00_header where no entry is to be taken once.  False if it sets none. */
bool grub_default(const char *config, char *ret, size_t size);

/* The value of a variable in lines "name=value"; "" without it. */
bool grub_variable(const char *lines, const char *name, char *ret, size_t size);

/*
 * The value of a variable in an environment block, "" if it has none.  Returns false when
 * @block is no such block.
 */
bool grub_environment(const char *block, const char *name, char *ret, size_t size);

#endif
