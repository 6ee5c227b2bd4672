/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds what sdbootutil(8) has left on the ESP, in the directory of a loader. */
#include "sdbootutil.h"

#include "facts/facts.h"

void sdbootutil_find(const struct root *root, const char *file, char ret[static PATH_MAX])
{
	for (size_t i = 0; i < ESP_PLACES_N; i++) {
		_cleanup_(file_free_names) struct file_names names = {0};

		text_join(ret, PATH_MAX, esp_places[i], "/EFI", NULL);
		if (file_list(root, ret, &names) < 0)
			continue;
		for (size_t j = 0; j < names.n; j++) {
			text_join(ret, PATH_MAX, esp_places[i], "/EFI/", names.names[j],
				"/", file, NULL);
			/* That of systemd-boot, which it installs too. */
			if (strcmp(names.names[j], "systemd") != 0 &&
				file_exists(root, "%s", ret))
				return;
		}
	}
	ret[0] = '\0';
}

bool sdbootutil_has_grub(const struct root *root)
{
	_cleanup_free_ char *type =
		file_read_value(root, "/etc/sysconfig/bootloader", "LOADER_TYPE");
	char path[PATH_MAX];

	if (type && *type)
		return strcmp(type, "grub2-bls") == 0;
	sdbootutil_find(root, "installed_by_sdbootutil", path);
	return *path;
}
