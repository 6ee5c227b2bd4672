/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot loaders that take an entry once, in a table. */
#include "oneshot.h"

#include <string.h>

#include "../../core/util.h"

/*
 * rEFInd notes the last choice as its default, and Limine, extlinux and U-Boot have no choice
 * for one boot.
 */
static const struct oneshot *const oneshots[] = {
	&oneshot_grub,
	&oneshot_grub_bls,
	&oneshot_sdboot,
};

const struct oneshot *oneshot_find(const char *loader)
{
	for (size_t i = 0; i < ARRAY_SIZE(oneshots); i++)
		if (strcmp(oneshots[i]->loader, loader) == 0)
			return oneshots[i];
	return NULL;
}

bool oneshot_any_armed(const struct sysfs_root *root)
{
	for (size_t i = 0; i < ARRAY_SIZE(oneshots); i++)
		if (oneshots[i]->armed(root))
			return true;
	return false;
}

int oneshot_disarm_all(const struct sysfs_root *root, char *why)
{
	char other[ONESHOT_WHY_SIZE];
	int first = 0;

	for (size_t i = 0; i < ARRAY_SIZE(oneshots); i++) {
		int r = oneshots[i]->disarm(root, true, first < 0 ? other : why);

		if (first == 0)
			first = r;
	}
	return first;
}

void oneshot_free(struct oneshot_entry *entry)
{
	free(entry->id);
	free(entry->path);
	free(entry->text);
	free(entry->copy);
	*entry = (struct oneshot_entry){0};
}
