/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which release a kernel is, by what is in its file: names are the choice of those who install it. */
#ifndef VFIOBOOT_KERNEL_RELEASE_H
#define VFIOBOOT_KERNEL_RELEASE_H

#include "base/base.h"

#define KERNEL_RELEASE_SIZE 128 /* bytes, with the NUL; uname(2) has 65 */

/*
 * Reads the release of the kernel file @path, as uname -r prints it: a bzImage (the kernel's
 * Documentation/arch/x86/boot.rst), an Image of arm64 or RISC-V, one that unpacks itself as an
 * EFI program (drivers/firmware/efi/libstub/zboot-header.S), compressed ones, a vmlinux, and a
 * unified kernel image.  Returns 0; -ENODATA when the file does not show it; or -errno.
 */
int kernel_release_read(
	const struct root *root, const char *path, char *ret, size_t size);

#endif
