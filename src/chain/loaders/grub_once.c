/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB as grub-mkconfig sets it up: the entry is a part of custom.cfg, which 41_custom reads at
 * the end of grub.cfg, so that grub.cfg itself is not touched; grubonce.h has it taken once.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "chain/oneshot.h"
#include "change/change.h"
#include "grubconfig.h"
#include "grubonce.h"

#define ENTRY_ID    "vfioboot-trial"
#define ENTRY_TITLE "vfioboot: one boot on trial"

static int check(const struct sysfs_root *root, char *why)
{
	_cleanup_free_ char *config = NULL;
	const struct grubonce *grub;
	int r = grubonce_read_config(root, &grub, &config, why);

	if (r < 0)
		return r;
	if (!grub_reads_custom(config)) {
		snprintf(why, ONESHOT_WHY_SIZE,
			"%s/grub.cfg does not read custom.cfg (41_custom); have it made by "
			"grub-mkconfig with all of its parts",
			grub->directory);
		return -EOPNOTSUPP;
	}
	return grubonce_check(root, grub, config, why);
}

static int report_entry(int error, const char *kernel, char *why)
{
	snprintf(why, ONESHOT_WHY_SIZE,
		error == -ENOENT
			? "grub.cfg has no entry for the kernel that runs, %s; boot a "
			  "kernel that is in the menu, by a normal entry"
			: "the entry of %s in grub.cfg can't be copied; have grub.cfg made "
			  "by grub-mkconfig",
		kernel);
	return error;
}

/* The custom.cfg with our part made @ours, or without it. */
static int make_custom(const struct sysfs_root *root, const char *path, const char *ours,
	char **ret_old, char **ret, char *why)
{
	_cleanup_free_ char *old = NULL;
	int r = hostfile_read(root, path, &old, NULL);

	if (r < 0 && r != -ENOENT)
		snprintf(why, ONESHOT_WHY_SIZE, "%s can't be read: %s", path,
			strerror(-r));
	if (r < 0 && r != -ENOENT)
		return r;
	r = grub_set_ours(old ? old : "", ours, ret);
	if (r < 0)
		snprintf(why, ONESHOT_WHY_SIZE,
			"in %s only one of our two marks is left; remove the line with it",
			path);
	else
		*ret_old = TAKE_PTR(old);
	return r;
}

static int make(const struct sysfs_root *root, const char *parameters,
	struct oneshot_entry *ret, char *why)
{
	_cleanup_(oneshot_free) struct oneshot_entry entry = {0};
	_cleanup_free_ char *config = NULL, *old = NULL;
	char kernel[512] = "";
	struct grub_copy copy = {kernel, ENTRY_TITLE, ENTRY_ID, parameters};
	const struct grubonce *grub;
	int r = grubonce_read_config(root, &grub, &config, why);

	if (r < 0)
		return r;
	r = grubonce_kernel(root, kernel, sizeof(kernel)) ? 0 : -ENOENT;
	if (r == 0)
		r = grub_copy_entry(config, &copy, &entry.copy);
	if (r < 0)
		return report_entry(r, kernel, why);
	entry.id = strdup(ENTRY_ID);
	if (!entry.id || asprintf(&entry.path, "%s/custom.cfg", grub->directory) < 0)
		return -ENOMEM;
	r = make_custom(root, entry.path, entry.copy, &old, &entry.text, why);
	if (r < 0)
		return r;
	*ret = entry;
	entry = (struct oneshot_entry){0};
	return 0;
}

static int remove_entry(const struct sysfs_root *root, char *why)
{
	_cleanup_free_ char *text = NULL, *old = NULL;
	const struct grubonce *grub = grubonce_find(root);
	char path[64];
	int r;

	if (!grub)
		return 0;
	text_join(path, sizeof(path), grub->directory, "/custom.cfg", NULL);
	r = make_custom(root, path, NULL, &old, &text, why);
	if (r < 0 || !old || strcmp(old, text) == 0)
		return r;
	/* A file with nothing but our part was ours. */
	r = *text ? atomicfile_write_below(root, path, text, strlen(text))
		  : atomicfile_remove_below(root, path);
	if (r < 0)
		snprintf(why, ONESHOT_WHY_SIZE, "%.200s can't be written: %s", path,
			strerror(-r));
	return r;
}

const struct oneshot oneshot_grub = {
	.loader = "grub",
	.check = check,
	.make = make,
	.choose = grubonce_choose,
	.choice = grubonce_choice,
	.mark = ENTRY_ID,
	.forget = grubonce_forget,
	.remove = remove_entry,
};
