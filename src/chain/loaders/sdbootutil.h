/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * openSUSE's sdbootutil installs systemd-boot, or a GRUB without a grub.cfg: that has its entries in
 * files on the ESP, as systemd-boot has, and a grubenv beside its program (sdbootutil,
 * install_bootloader() and bootloader_type()).
 */
#ifndef VFIOBOOT_SDBOOTUTIL_H
#define VFIOBOOT_SDBOOTUTIL_H

#include <limits.h>

#include "base/base.h"

/* Whether that GRUB is what it has installed. */
bool sdbootutil_has_grub(const struct root *root);

/* The path of a file beside GRUB's program on the ESP; "" where there is none of the name. */
void sdbootutil_find(
	const struct root *root, const char *file, char ret[static PATH_MAX]);

#endif
