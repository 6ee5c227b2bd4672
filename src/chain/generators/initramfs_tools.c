/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * update-initramfs, by way of which Debian's other packages know of images, writes beside
 * the image and renames (0.142 to 0.151).
 */
#include "base/base.h"
#include "generators.h"

#define IMAGE  "/boot/initrd.img-"
#define CONFIG "/etc/initramfs-tools/update-initramfs.conf"

static int find(
	const struct root *root, const struct kernel *kernel, struct file_names *ret)
{
	char path[512];

	if ((size_t)snprintf(path, sizeof(path), IMAGE "%s", kernel->release) >=
		sizeof(path))
		return -ENAMETOOLONG;
	(void)root;
	return file_add_name(ret, path);
}

/* Whether updates are turned off: "-u" does nothing then, and reports success. */
static bool is_off(const struct root *root)
{
	_cleanup_free_ char *value = file_read_value(root, CONFIG, "update_initramfs");

	return value && strcmp(value, "no") == 0;
}

static int command(const struct root *root, const struct kernel *kernel, const char *path,
	const char *output, struct change_step *ret)
{
	bool update = file_exists(root, "%s", path) && !is_off(root);

	(void)output;
	return change_add_args(ret, "update-initramfs", update ? "-u" : "-c", "-k",
		kernel->release, NULL);
}

const struct initramfs_generator initramfs_tools = {
	.name = "initramfs-tools",
	/* Not update-initramfs: others have one of that name, too. */
	.programs = {"/usr/sbin/mkinitramfs", "/usr/bin/mkinitramfs"},
	.marks = {"conf/initramfs.conf"},
	.hooks = {"/usr/share/initramfs-tools/hooks/vfioboot",
		"/etc/initramfs-tools/hooks/vfioboot"},
	.package = "vfioboot-initramfs",
	.replaces = true,
	.leavings = {".new", ".dpkg-bak"},
	.find = find,
	.command = command,
};
