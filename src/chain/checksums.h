/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that a boot loader takes with one content alone (struct bootmenu_entry, checksums). */
#ifndef VFIOBOOT_CHAIN_CHECKSUMS_H
#define VFIOBOOT_CHAIN_CHECKSUMS_H

#include "base/base.h"
#include "chain/loaders/bootmenu.h"
#include "imagecheck.h"

/* Whether the file @path is one of them, maybe by another name. */
bool checksums_has(
	const struct root *root, const struct file_names *checksums, const char *path);

/*
 * What becomes of an entry of @loader that is ready otherwise: IMAGE_FRESH; or with @why IMAGE_WITHOUT
 * where the loader does not start one of its files, and IMAGE_UNKNOWN where that cannot be told.
 */
enum image_state checksums_judge(const struct root *root, const struct bootloader *loader,
	const struct bootmenu_entry *entry, struct message *why);

#endif
