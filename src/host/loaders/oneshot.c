/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot loaders that take an entry once, in a table. */
#include "oneshot.h"

#include <stdio.h>
#include <string.h>

#include "../../core/util.h"
#include "../atomicfile.h"

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

int oneshot_arm(const struct oneshot *oneshot, const struct sysfs_root *root,
	const struct oneshot_entry *entry, char *why)
{
	char undo_why[ONESHOT_WHY_SIZE];
	int r = atomicfile_write_below(
		root, entry->path, entry->text, strlen(entry->text));

	if (r < 0) {
		snprintf(why, ONESHOT_WHY_SIZE, "%.200s can't be written: %s",
			entry->path, strerror(-r));
		return r;
	}
	r = oneshot->choose(root, entry->id, why);
	if (r < 0)
		oneshot_disarm(oneshot, root, true, undo_why);
	return r;
}

int oneshot_disarm(const struct oneshot *oneshot, const struct sysfs_root *root,
	bool remove, char *why)
{
	int r = oneshot->armed(root) ? oneshot->forget(root, why) : 0;

	return r < 0 || !remove ? r : oneshot->remove(root, why);
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
		int r = oneshot_disarm(oneshots[i], root, true, first < 0 ? other : why);

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
