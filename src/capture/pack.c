/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tar archive of a capture. */
#include <sys/stat.h>

#include "base/base.h"
#include "capture.h"

static mode_t permissions(mode_t type)
{
	if (S_ISLNK(type))
		return 0777;
	return S_ISDIR(type) ? 0755 : 0644;
}

int capture_pack(
	const struct capture *capture, const char *name, char **ret, size_t *ret_size)
{
	_cleanup_(pack_free) struct pack *pack = NULL;
	int r = pack_open(PACK_TAR, name, &pack);

	for (size_t i = 0; r == 0 && i < capture->n; i++) {
		const struct capture_entry *entry = &capture->entries[i];

		r = pack_add(pack, entry->path, entry->type | permissions(entry->type),
			entry->data, entry->size);
	}
	return r < 0 ? r : pack_take(pack, ret, ret_size);
}
