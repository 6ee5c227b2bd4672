/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB's environment block, the file grubenv, and its choice for one boot: `next_entry` of the
 * block names the entry (grub-reboot(8)), and grub.cfg clears it before anything is loaded.  That
 * needs GRUB to write to the disk, which it does not on RAID, LVM, btrfs, ZFS and the like
 * (00_header, check_writable); only a block of its own outside of the file system, named by
 * `env_block`, is always writable.
 */
#ifndef VFIOBOOT_GRUB_ENV_H
#define VFIOBOOT_GRUB_ENV_H

#include "base/base.h"
#include "bootmenu.h"

/* What a distribution calls GRUB's files and programs. */
struct grub_names {
	const char *directory, *config, *environment; /* absolute */
	const char *tools; /* how the names of its programs begin, without '-' */
};

/* By which of its names GRUB is there; NULL: it is not. */
const struct grub_names *grub_find(const struct root *root);

/*
 * The id of the entry that the GRUB of sdbootutil.h starts when nobody chooses, "" for the first one of its menu:
 * `default` of its grubenv, and from 2.13 on LoaderEntryDefault of UEFI.  False where it is not known
 * which of them counts.
 */
bool grub_read_sdbootutil(const struct root *root, char *ret_id, size_t size);

/* Whether `search` looks with the option for a file system by its UUID or its label, and for no file. */
bool grub_searches_by_name(const char *option);

/* Whether there are several of them, of which GRUB alone knows which one it reads. */
bool grub_is_twice(const struct root *root);

/* Reads grub.cfg, for free().  Returns 0, or -EREMOTEIO as bootmenu_fail(). */
int grub_read_config(const struct root *root, const struct grub_names **ret_names,
	char **ret, struct bootmenu_change *change);

/*
 * The value of a variable in an environment block, "" if it has none.  Returns false when
 * @block is no such block.  Pure.
 */
bool grub_env_value(const char *block, const char *name, char *ret, size_t size);

/*
 * The variable of the environment block, or of the one outside of the file system that this
 * names: only GRUB's own program reads that.  Whether there is such a block; "" without one.
 */
bool grub_env_read(const struct root *root, const struct grub_names *names,
	const char *variable, char *ret, size_t size);

/* Whether GRUB forgets the choice by itself, with this grub.cfg.  0, or as bootmenu_refuse(). */
int grub_env_check_once(const struct root *root, const struct grub_names *names,
	const char *config, struct bootmenu_change *change);

/* As those of struct bootloader_ops. */
void grub_env_armed(const struct root *root, char *ret_id, size_t size);
int grub_env_arm(const struct root *root, const char *id, struct message *message);
int grub_env_disarm(const struct root *root, struct message *message);

#endif
