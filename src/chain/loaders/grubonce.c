/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks at the disk that GRUB would write to, and has GRUB's own programs write. */
#include "grubonce.h"

#include <errno.h>
#include <libmount.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/base.h"
#include "chain/oneshot.h"
#include "facts/facts.h"
#include "grubconfig.h"

#define TYPE_SIZE 32
#define DEPTH_MAX 16 /* of devices upon devices */

static const struct grubonce known[] = {
	{"/boot/grub", "/boot/grub/grubenv", "grub-editenv", "grub-reboot"},
	{"/boot/grub2", "/boot/grub2/grubenv", "grub2-editenv", "grub2-reboot"},
};

const struct grubonce *grubonce_find(const struct sysfs_root *root)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (hostfile_exists(root, "%s/grub.cfg", known[i].directory))
			return &known[i];
	return NULL;
}

int grubonce_read_config(const struct sysfs_root *root, const struct grubonce **ret_grub,
	char **ret, struct bootmenu_change *change)
{
	const struct grubonce *grub = grubonce_find(root);
	char path[64];
	int r = -ENOENT;

	if (grub) {
		text_join(path, sizeof(path), grub->directory, "/grub.cfg", NULL);
		r = hostfile_read(root, path, ret, NULL);
	}
	*ret_grub = grub;
	return r < 0 ? bootmenu_fail(change, "cannot read grub.cfg: %s%s", strerror(-r),
			       bootmenu_remedy(r))
		     : 0;
}

bool grubonce_variable(const struct sysfs_root *root, const struct grubonce *grub,
	const char *name, char *ret, size_t size)
{
	const char *const list[] = {grub->editor, grub->environment, "list", NULL};
	_cleanup_free_ char *block = NULL, *variables = NULL;

	ret[0] = '\0';
	if (hostfile_read(root, grub->environment, &block, NULL) < 0)
		return false;
	/* That program would make a block that is missing: it is run where one is named. */
	if (grub_environment(block, "env_block", ret, size) && *ret && root->live &&
		run_read(list, &variables) == 0)
		return grub_variable(variables, name, ret, size);
	return grub_environment(block, name, ret, size);
}

/* What keeps GRUB from writing to the block device at the sysfs directory @dir, or NULL. */
static const char *find_obstacle(
	const struct sysfs_root *root, const char *dir, unsigned depth)
{
	_cleanup_closedir_ DIR *slaves = NULL;
	const char *obstacle = NULL, *name;
	char path[512], uuid[256];

	if (depth == DEPTH_MAX || !tree_exists(root, dir, "."))
		return "devices that can't be followed";
	if (tree_exists(root, dir, "md"))
		return "a RAID array";
	text_join(path, sizeof(path), dir, "/dm/uuid", NULL);
	if (sysfs_root_read_file(root, path, uuid, sizeof(uuid)) > 0 &&
		strncmp(uuid, "LVM-", 4) == 0)
		return "a logical volume (LVM)";
	if (tree_exists(root, dir, "partition")) {
		text_join(path, sizeof(path), dir, NULL);
		*strrchr(path, '/') = '\0';
		return find_obstacle(root, path, depth + 1);
	}
	text_join(path, sizeof(path), dir, "/slaves", NULL);
	if (tree_open_directory(root, path, &slaves) < 0)
		return NULL;
	while (!obstacle && (name = tree_next(slaves))) {
		_cleanup_free_ char *real = NULL;

		text_join(path, sizeof(path), dir, "/slaves/", name, NULL);
		obstacle = tree_resolve(root, path, &real) < 0
			? "devices that can't be followed"
			: find_obstacle(root, real, depth + 1);
	}
	return obstacle;
}

/*
 * GRUB writes over the blocks that its driver says a file was read from.  Others than these
 * have small files among their own data (f2fs), compress them, or are on several disks, and the
 * drivers tell of no blocks.
 */
static bool is_writable(const char *type)
{
	static const char *const known[] = {"ext2", "ext3", "ext4", "vfat", "xfs"};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strcmp(type, known[i]) == 0)
			return true;
	return false;
}

/* What keeps GRUB from writing to a file there, maybe with words in @type; or NULL. */
static const char *find_obstacle_of(
	const struct sysfs_root *root, const char *path, char type[static TYPE_SIZE])
{
	_cleanup_(mounts_unref) struct libmnt_table *mounts = NULL;
	_cleanup_free_ char *real = NULL;
	struct libmnt_fs *fs = NULL;
	char link[64];
	dev_t number;

	if (mounts_read(root, &mounts) == 0)
		fs = mounts_find_holder(mounts, path);
	if (!fs)
		return "a file system that can't be told";
	text_join(type, TYPE_SIZE, mnt_fs_get_fstype(fs), NULL);
	if (!is_writable(type))
		return type;
	number = mnt_fs_get_devno(fs);
	snprintf(link, sizeof(link), TREE_BLOCK_BY_NO "/%u:%u", major(number),
		minor(number));
	if (tree_resolve(root, link, &real) < 0)
		return "a device that can't be told";
	return find_obstacle(root, real, 0);
}

int grubonce_check(const struct sysfs_root *root, const struct grubonce *grub,
	const char *config, struct bootmenu_change *change)
{
	const char *obstacle;
	char block[64], type[TYPE_SIZE];

	if (!grub_knows_next_entry(config))
		return bootmenu_refuse(change,
			"%s/grub.cfg does not take an entry once (00_header); have it made "
			"by grub-mkconfig with all of its parts",
			grub->directory);
	obstacle = find_obstacle_of(root, grub->directory, type);
	if (!obstacle)
		return 0;
	if (grubonce_variable(root, grub, "env_block", block, sizeof(block)) && block[0])
		return 0;
	return bootmenu_refuse(change,
		"%s is on %s, which GRUB can't write to: it could not forget the choice, "
		"and a trial that fails would be started again and again",
		grub->directory, obstacle);
}

bool grubonce_kernel(const struct sysfs_root *root, char *ret, size_t size)
{
	_cleanup_free_ char *cmdline = NULL;
	struct cmdline_param param;

	if (cmdline_read(root, &cmdline) < 0)
		return false;
	for (const char *cursor = cmdline; cmdline_next(&cursor, &param);)
		if (cmdline_name_is(&param, "BOOT_IMAGE") && param.value)
			return copy_text(ret, size, param.value, param.value_len);
	return false;
}

void grubonce_armed(const struct sysfs_root *root, char *ret_id, size_t size)
{
	const struct grubonce *grub = grubonce_find(root);

	*ret_id = '\0';
	if (grub)
		grubonce_variable(root, grub, "next_entry", ret_id, size);
}

int grubonce_arm(const struct sysfs_root *root, const char *id, char *why)
{
	const struct grubonce *grub = grubonce_find(root);
	char chosen[ONESHOT_ID_SIZE];
	int r;

	if (!grub) {
		snprintf(why, ONESHOT_WHY_SIZE, "grub.cfg is gone");
		return -ENOENT;
	}
	r = oneshot_run(root, (const char *const[]){grub->reboot, id, NULL}, why);
	grubonce_armed(root, chosen, sizeof(chosen));
	if (r < 0 || strcmp(chosen, id) == 0)
		return r;
	snprintf(why, ONESHOT_WHY_SIZE, "%s has not set next_entry in %s", grub->reboot,
		grub->environment);
	return -EIO;
}

int grubonce_disarm(const struct sysfs_root *root, char *why)
{
	const struct grubonce *grub = grubonce_find(root);

	return grub ? oneshot_run(root,
			      (const char *const[]){grub->editor, grub->environment,
				      "unset", "next_entry", NULL},
			      why)
		    : 0;
}
