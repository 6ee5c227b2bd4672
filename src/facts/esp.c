/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks for the EFI system partition among the mounts, then by its files. */
#include "esp.h"

#include <libmount.h>

#include "mounts.h"

const char *const esp_places[ESP_PLACES_N] = {"/efi", "/boot/efi", ESP_BOOT};

/* systemd-gpt-auto-generator(8) mounts the ESP when it is used, as an automount until then. */
static bool is_esp_type(const char *type)
{
	return type &&
		(strcmp(type, "vfat") == 0 || strcmp(type, "msdos") == 0 ||
			strcmp(type, "autofs") == 0);
}

static bool has_loader(const struct root *root, const char *place)
{
	return file_exists(root, "%s/loader", place) ||
		file_exists(root, "%s/EFI/systemd", place);
}

const char *esp_find(const struct root *root)
{
	_cleanup_(mounts_unref) struct libmnt_table *mounts = NULL;
	struct libmnt_fs *fs;

	if (mounts_read(root, &mounts) == 0)
		for (size_t i = 0; i < ESP_PLACES_N; i++) {
			fs = mounts_find(mounts, esp_places[i]);
			if (fs && is_esp_type(mnt_fs_get_fstype(fs)))
				return esp_places[i];
		}
	for (size_t i = 0; i < ESP_PLACES_N; i++)
		if (has_loader(root, esp_places[i]))
			return esp_places[i];
	return NULL;
}
