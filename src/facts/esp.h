/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the partitions are mounted that the firmware and the boot loaders read: the EFI system
 * partition, and the one for kernels, XBOOTLDR (UAPI.1 Boot Loader Specification; bootctl(1)).
 */
#ifndef VFIOBOOT_ESP_H
#define VFIOBOOT_ESP_H

#include "base/base.h"

#define ESP_PLACES_N 3

/*
 * All mount points that are in use, absolute: where a file may be at several of them, the first
 * one counts.  /boot is last, since it may be XBOOTLDR beside an ESP at one of the others.
 */
extern const char *const esp_places[ESP_PLACES_N];

/* Where a person mounts it who has no other place. */
#define ESP_MOUNT "/boot/efi"

/* GRUB, extlinux and XBOOTLDR have no other. */
#define ESP_BOOT "/boot"

/*
 * Which of the places is the ESP: the first that has a FAT file system mounted, or an automount;
 * where the mounts show none, the first that has what a loader leaves on an ESP.  NULL for none.
 */
const char *esp_find(const struct root *root);

/*
 * Whether the partition @partition, a PARTUUID in lower case, from which a loader was started, is
 * mounted at none of the places, but another ESP is.  @sign: a file, without '/' at its beginning, that
 * should be on it if it is at one of the places; "": none.  A partition that is not here, and mounts that
 * are not known, say nothing.
 */
bool esp_is_other(const struct root *root, const char *partition, const char *sign);

/* At which of the places that partition is mounted; NULL: at none, or that is not known. */
const char *esp_place_of(const struct root *root, const char *partition);

/* Whether that partition is mounted: at one of the places, or @anywhere. */
bool esp_is_mounted(const struct root *root, const char *partition, bool anywhere);

/*
 * Whether that partition is mounted and has no file @path, a path from its own root.  False where that
 * cannot be seen, and where a '?' in it is for a character that is not known.
 */
bool esp_lacks(const struct root *root, const char *partition, const char *path);

/* Whether one of the places has that file, or does not let us see whether it has. */
bool esp_may_have(const struct root *root, const char *path);

/* Where a person can mount an ESP and nothing is mounted yet: ESP_MOUNT, or another place; NULL. */
const char *esp_free_place(const struct root *root);

#endif
