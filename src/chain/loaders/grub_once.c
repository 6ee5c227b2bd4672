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

static int report_entry(int error, const char *kernel, struct bootmenu_change *change)
{
	return bootmenu_fail(change,
		error == -ENOENT
			? "grub.cfg has no entry for the kernel that runs, %s; boot a "
			  "kernel that is in the menu, by a normal entry"
			: "the entry of %s in grub.cfg can't be copied; have grub.cfg made "
			  "by grub-mkconfig",
		kernel);
}

/* The custom.cfg with our part made @ours, or with NULL without it. */
static int plan_custom(const struct sysfs_root *root, const struct grubonce *grub,
	const char *ours, struct bootmenu_change *change)
{
	_cleanup_free_ char *old = NULL, *text = NULL;
	char path[64];
	int r;

	text_join(path, sizeof(path), grub->directory, "/custom.cfg", NULL);
	r = hostfile_read(root, path, &old, NULL);
	if (r == -ENOENT && !ours)
		return 0;
	if (r < 0 && r != -ENOENT)
		return bootmenu_fail(change, "cannot read %s: %s", path, strerror(-r));
	if (grub_set_ours(old ? old : "", ours, &text) < 0)
		return bootmenu_fail(change,
			"%s has only one of the two marks of vfioboot; remove the line with "
			"it",
			path);
	/* A file with nothing but our part was ours. */
	if (!ours && strcmp(old, text) == 0)
		return 0;
	return bootmenu_write(change, root, path, *text ? text : NULL);
}

static int plan_entry(const struct sysfs_root *root, const struct grubonce *grub,
	const char *config, const struct bootentry *trial, struct bootmenu_change *change)
{
	char kernel[512] = "";
	const struct grub_copy copy = {kernel, trial->title, trial->id, trial->arguments};
	_cleanup_free_ char *text = NULL;
	int r = grubonce_kernel(root, kernel, sizeof(kernel)) ? 0 : -ENOENT;

	if (r == 0)
		r = grub_copy_entry(config, &copy, &text);
	if (r < 0)
		return report_entry(r, kernel, change);
	return plan_custom(root, grub, text, change);
}

int grub_plan_trial(const struct sysfs_root *root, const struct bootentry *trial,
	struct bootmenu_change *change, char *ret_id)
{
	_cleanup_free_ char *config = NULL;
	const struct grubonce *grub = grubonce_find(root);
	int r;

	if (!trial)
		return grub ? plan_custom(root, grub, NULL, change) : 0;
	r = grubonce_read_config(root, &grub, &config, change);
	if (r < 0)
		return r;
	if (!grub_reads_custom(config))
		return bootmenu_refuse(change,
			"%s/grub.cfg does not read custom.cfg (41_custom); have it made by "
			"grub-mkconfig with all of its parts",
			grub->directory);
	r = grubonce_check(root, grub, config, change);
	if (r == 0)
		r = plan_entry(root, grub, config, trial, change);
	if (r == 0)
		text_join(ret_id, ONESHOT_ID_SIZE, trial->id, NULL);
	return r;
}
