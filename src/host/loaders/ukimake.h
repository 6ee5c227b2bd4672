/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes a unified kernel image out of another one, by ukify(1). */
#ifndef VFIOBOOT_UKIMAKE_H
#define VFIOBOOT_UKIMAKE_H

#include <stddef.h>

#include "ukimenu.h"

/* What a copy has of its own. */
struct uki_copy {
	const char *name;  /* of the file, beside the original */
	const char *title; /* in the menu */
	const char *cmdline;
};

/*
 * Makes @copy of @image, of its kernel, initramfs and all that belongs to them.  @ukify is the
 * program, @config (NULL: none) has the keys.
 * A file of the name is replaced as a whole.  On this machine alone: it is no matter of a root.
 * Returns 0; -EREMOTEIO with ukify's last words in @ret_why; or another -errno.
 */
int uki_make(const char *ukify, const char *config, const struct uki *image,
	const struct uki_copy *copy, char *ret_why, size_t size);

#endif
