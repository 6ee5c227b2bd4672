/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot loaders that take an entry once, in a table. */
#include "oneshot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "change/change.h"

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

bool oneshot_armed(const struct oneshot *oneshot, const struct sysfs_root *root)
{
	char id[ONESHOT_ID_SIZE];
	size_t len, mark = strlen(oneshot->mark);

	oneshot->choice(root, id, sizeof(id));
	len = strlen(id);
	return len >= mark && strcmp(id + len - mark, oneshot->mark) == 0;
}

bool oneshot_is_foreign(const struct oneshot *oneshot, const struct sysfs_root *root,
	char *ret, size_t size)
{
	oneshot->choice(root, ret, size);
	return *ret && !oneshot_armed(oneshot, root);
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
	if (r < 0) {
		/* What it wrote may not be where it is read. */
		oneshot->forget(root, undo_why);
		oneshot->remove(root, undo_why);
	}
	return r;
}

int oneshot_disarm(const struct oneshot *oneshot, const struct sysfs_root *root,
	bool remove, char *why)
{
	int r = oneshot_armed(oneshot, root) ? oneshot->forget(root, why) : 0;

	return r < 0 || !remove ? r : oneshot->remove(root, why);
}

bool oneshot_any_armed(const struct sysfs_root *root)
{
	for (size_t i = 0; i < ARRAY_SIZE(oneshots); i++)
		if (oneshot_armed(oneshots[i], root))
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

int oneshot_run(const struct sysfs_root *root, const char *const argv[], char *why)
{
	char last[160] = "";
	int r = root->live ? run_last_line(argv, last, sizeof(last)) : -EROFS;

	if (r < 0)
		snprintf(why, ONESHOT_WHY_SIZE, "%s can't be run: %s", argv[0],
			strerror(-r));
	else if (r > 0)
		snprintf(why, ONESHOT_WHY_SIZE, "%s failed (%d)%s%s", argv[0], r,
			last[0] ? ": " : "", last);
	return r > 0 ? -EIO : r;
}

void oneshot_free(struct oneshot_entry *entry)
{
	free(entry->id);
	free(entry->path);
	free(entry->text);
	free(entry->copy);
	*entry = (struct oneshot_entry){0};
}
