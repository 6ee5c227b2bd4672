/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as an index of modules, the configuration of a kernel, and what zpool(8) prints: none
 * is read beyond its end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "facts/facts.h"
#include "facts/zfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(root_close) struct root root = {.fd = -1};
	_cleanup_(backing_free) struct backing backing = {0};
	bool whole = modules_index_is_whole(data, size);
	char *text = malloc(size + 1);

	CHECK(!whole || size >= 12);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	CHECK(!kernel_config_has(text, "VFIO_PCI") || strstr(text, "CONFIG_VFIO_PCI="));
	if (root_open("/tmp", &root) == 0)
		CHECK(zfs_add_list(&root, text, &backing) < 0 || backing.untraced);
	free(text);
	return 0;
}
