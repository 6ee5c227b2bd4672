/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The custom.cfg beside grub.cfg: a person's own entries and settings, and the entry of a trial. */
#ifndef VFIOBOOT_GRUB_CUSTOM_H
#define VFIOBOOT_GRUB_CUSTOM_H

#include "base/base.h"

struct grub_names;

/*
 * The text of a custom.cfg with our part replaced by @part, or with NULL without it; what others
 * wrote stays as it is, to the byte.  The caller frees *@ret.  Returns 0; -EBADMSG when the mark
 * of our part's beginning or end is missing; or -ENOMEM.  Pure.
 */
int grub_custom_set_part(const char *text, const char *part, char **ret);

/*
 * Reads grub.cfg, with custom.cfg behind it where that is read (41_custom) and without our trial in
 * that, into *@ret for free().  0 or -errno.
 */
int grub_custom_read_menu(
	const struct root *root, const struct grub_names *names, char **ret);

#endif
