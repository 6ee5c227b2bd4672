/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds and reads the configuration of a kernel. */
#include "kernelconfig.h"

#include <errno.h>
#include <string.h>

#include "../../core/text.h"
#include "../../core/util.h"
#include "../hosttree.h"
#include "../unpacked.h"

int kernelconfig_read(
	const struct sysfs_root *root, const char *release, bool running, char **ret)
{
	static const char *const places[][2] = {{"boot/config-", ""},
		{TREE_MODULES "/", "/config"}, {TREE_USR_MODULES "/", "/config"},
		{TREE_MODULES "/", "/build/.config"}};
	size_t size;
	int r = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		char path[192];

		text_join(path, sizeof(path), places[i][0], release, places[i][1], NULL);
		r = unpacked_read(root, path, ret, &size);
		if (r == 0)
			return 0;
	}
	return running ? unpacked_read(root, TREE_CONFIG_GZ, ret, &size) : r;
}

bool kernelconfig_has(const char *config, const char *name)
{
	char line[64];

	text_join(line, sizeof(line), "\nCONFIG_", name, "=", NULL);
	config = strstr(config, line);
	return config && strchr("ym", config[strlen(line)]);
}
