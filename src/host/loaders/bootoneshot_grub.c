/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB: `next_entry` of its environment block names the entry (grub-reboot(8)), and grub.cfg
 * clears it before anything is loaded.  That needs GRUB to write to the disk, which it does
 * not on RAID, LVM, btrfs, ZFS and the like (00_header, check_writable); only a block of its
 * own outside of the file system, named by `env_block`, is always writable.
 *
 * The entry is a part of custom.cfg, which 41_custom reads at the end of grub.cfg, so that
 * grub.cfg itself is not touched.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "../../core/cmdline.h"
#include "../../core/text.h"
#include "../../core/util.h"
#include "../atomicfile.h"
#include "../hostfile.h"
#include "../hosttree.h"
#include "../run.h"
#include "../usage/mounts.h"
#include "grubconfig.h"
#include "oneshot.h"

#define ENTRY_ID    "vfioboot-trial"
#define ENTRY_TITLE "vfioboot: one boot on trial"

#define DEPTH_MAX 16 /* of devices upon devices */

/* The two names that distributions give to the same things. */
static const struct names {
	const char *directory, *environment, *editor, *reboot;
} known_names[] = {
	{"/boot/grub", "/boot/grub/grubenv", "grub-editenv", "grub-reboot"},
	{"/boot/grub2", "/boot/grub2/grubenv", "grub2-editenv", "grub2-reboot"},
};

static const struct names *find_names(const struct sysfs_root *root)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_names); i++)
		if (hostfile_exists(root, "%s/grub.cfg", known_names[i].directory))
			return &known_names[i];
	return NULL;
}

static int read_config(
	const struct sysfs_root *root, const struct names **ret_names, char **ret)
{
	char path[64];

	*ret_names = find_names(root);
	if (!*ret_names)
		return -ENOENT;
	text_join(path, sizeof(path), (*ret_names)->directory, "/grub.cfg", NULL);
	return hostfile_read(root, path, ret, NULL);
}

/* The variable of the environment block; "" if there is none, or no block. */
static bool read_variable(const struct sysfs_root *root, const struct names *names,
	const char *name, char *ret, size_t size)
{
	_cleanup_free_ char *block = NULL;

	ret[0] = '\0';
	return hostfile_read(root, names->environment, &block, NULL) == 0 &&
		grub_environment(block, name, ret, size);
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

/* What keeps GRUB from writing to a file there, or NULL. */
static const char *find_obstacle_of(const struct sysfs_root *root, const char *path)
{
	static const char *const read_only[] = {"btrfs", "zfs", "bcachefs", "squashfs",
		"erofs", "overlay", "romfs", "iso9660"};
	_cleanup_(mounts_unref) struct libmnt_table *mounts = NULL;
	_cleanup_free_ char *real = NULL;
	struct libmnt_fs *fs = NULL;
	char link[64];
	dev_t number;

	if (mounts_read(root, &mounts) == 0)
		fs = mounts_find_holder(mounts, path);
	if (!fs)
		return "a file system that can't be told";
	for (size_t i = 0; i < ARRAY_SIZE(read_only); i++)
		if (strcmp(mnt_fs_get_fstype(fs), read_only[i]) == 0)
			return read_only[i];
	number = mnt_fs_get_devno(fs);
	snprintf(link, sizeof(link), TREE_BLOCK_BY_NO "/%u:%u", major(number),
		minor(number));
	if (tree_resolve(root, link, &real) < 0)
		return "a device that can't be told";
	return find_obstacle(root, real, 0);
}

static int check(const struct sysfs_root *root, char *why)
{
	_cleanup_free_ char *config = NULL;
	const char *obstacle;
	const struct names *names;
	char block[64];
	int r = read_config(root, &names, &config);

	if (r < 0) {
		snprintf(why, ONESHOT_WHY_SIZE, "grub.cfg can't be read: %s",
			strerror(-r));
		return r;
	}
	if (!grub_knows_next_entry(config) || !grub_reads_custom(config)) {
		snprintf(why, ONESHOT_WHY_SIZE,
			"%s/grub.cfg does not %s; have it made by grub-mkconfig with all "
			"of its parts",
			names->directory,
			grub_reads_custom(config) ? "take an entry once (00_header)"
						  : "read custom.cfg (41_custom)");
		return -EOPNOTSUPP;
	}
	obstacle = find_obstacle_of(root, names->directory);
	if (!obstacle || read_variable(root, names, "env_block", block, sizeof(block)))
		obstacle = obstacle && block[0] ? NULL : obstacle;
	if (!obstacle)
		return 0;
	snprintf(why, ONESHOT_WHY_SIZE,
		"%s is on %s, which GRUB can't write to: it could not forget the choice, "
		"and a trial that fails would be started again and again",
		names->directory, obstacle);
	return -EOPNOTSUPP;
}

/* The kernel file by which GRUB started this boot. */
static bool find_kernel(const struct sysfs_root *root, char *ret, size_t size)
{
	char cmdline[4096];
	const char *cursor = cmdline;
	struct cmdline_param param;

	if (sysfs_read_cmdline(root, cmdline, sizeof(cmdline)) < 0)
		return false;
	while (cmdline_next(&cursor, &param))
		if (cmdline_name_is(&param, "BOOT_IMAGE") && param.value)
			return copy_text(ret, size, param.value, param.value_len);
	return false;
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
	const struct names *names;
	int r = read_config(root, &names, &config);

	if (r == 0 && !find_kernel(root, kernel, sizeof(kernel)))
		r = -ENOENT;
	if (r == 0)
		r = grub_copy_entry(config, &copy, &entry.copy);
	if (r < 0)
		return report_entry(r, kernel, why);
	entry.id = strdup(ENTRY_ID);
	if (!entry.id || asprintf(&entry.path, "%s/custom.cfg", names->directory) < 0)
		return -ENOMEM;
	r = make_custom(root, entry.path, entry.copy, &old, &entry.text, why);
	if (r < 0)
		return r;
	*ret = entry;
	entry = (struct oneshot_entry){0};
	return 0;
}

static bool armed(const struct sysfs_root *root)
{
	const struct names *names = find_names(root);
	char next[128];

	return names && read_variable(root, names, "next_entry", next, sizeof(next)) &&
		strcmp(next, ENTRY_ID) == 0;
}

/* Runs a program on this machine; another one's tree is only read. */
static int run_here(const struct sysfs_root *root, const char *const argv[], char *why)
{
	int r = root->live ? run_program(argv, NULL, NULL) : -EROFS;

	if (r != 0)
		snprintf(why, ONESHOT_WHY_SIZE, "%s did not do it (%s %d)", argv[0],
			r < 0 ? "error" : "status", r < 0 ? -r : r);
	return r > 0 ? -EIO : r;
}

/* Takes back what is chosen for the next boot, if that is ours. */
static int clear(const struct sysfs_root *root, const struct names *names, char *why)
{
	const char *const unset[] = {
		names->editor, names->environment, "unset", "next_entry", NULL};

	return armed(root) ? run_here(root, unset, why) : 0;
}

static int disarm(const struct sysfs_root *root, bool remove, char *why)
{
	_cleanup_free_ char *text = NULL, *old = NULL;
	const struct names *names = find_names(root);
	char path[64];
	int r;

	if (!names)
		return 0;
	r = clear(root, names, why);
	if (r < 0 || !remove)
		return r;
	text_join(path, sizeof(path), names->directory, "/custom.cfg", NULL);
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

static int arm(
	const struct sysfs_root *root, const struct oneshot_entry *entry, char *why)
{
	const struct names *names = find_names(root);
	char undo_why[ONESHOT_WHY_SIZE];
	int r = names ? 0 : -ENOENT;

	if (r == 0)
		r = atomicfile_write_below(
			root, entry->path, entry->text, strlen(entry->text));
	if (r < 0) {
		snprintf(why, ONESHOT_WHY_SIZE, "%.200s can't be written: %s",
			entry->path, strerror(-r));
		return r;
	}
	r = run_here(root, (const char *const[]){names->reboot, entry->id, NULL}, why);
	if (r == 0 && !armed(root)) {
		snprintf(why, ONESHOT_WHY_SIZE, "%s has not set next_entry in %s",
			names->reboot, names->environment);
		r = -EIO;
	}
	if (r < 0)
		disarm(root, true, undo_why);
	return r;
}

const struct oneshot oneshot_grub = {
	.loader = "grub",
	.check = check,
	.make = make,
	.arm = arm,
	.disarm = disarm,
	.armed = armed,
};
