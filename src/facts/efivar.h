/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables of UEFI, as efivarfs shows them (Documentation/filesystems/efivarfs.rst). */
#ifndef VFIOBOOT_EFIVAR_H
#define VFIOBOOT_EFIVAR_H

#include <sys/types.h>

#include "base/base.h"

#define EFI_GLOBAL "8be4df61-93ca-11d2-aa0d-00e098032b8c" /* EFI_GLOBAL_VARIABLE */
#define EFI_LOADER "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f" /* Boot Loader Interface */

/*
 * Reads the value, without the four bytes of attributes before it, of the variable @name
 * of @vendor.  Returns its bytes; -EOPNOTSUPP on a machine without UEFI; -ENODATA when
 * efivarfs is not mounted; -ENOENT without such a variable; or another -errno.
 */
ssize_t efivar_read(const struct root *root, const char *name, const char *vendor,
	uint8_t *ret, size_t size);

/* The same of a text of EFI_LOADER in UTF-16, of which what is not ASCII becomes '?'.  0 or -errno. */
int efivar_read_text(const struct root *root, const char *name, char *ret, size_t size);

#endif
