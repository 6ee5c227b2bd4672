/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel-install puts what a generator makes into a directory of the boot loader's entries,
 * by plugins that copy it there.  An image that is there already is replaced by a rename, so
 * it is only asked for the image of a kernel that has none.
 */
#include <errno.h>
#include <stdio.h>

#include "base/base.h"
#include "generators.h"

static int command(const struct sysfs_root *root, const struct kernel *kernel,
	const char *path, const char *output, struct initramfs_command *ret)
{
	int r;

	(void)root;
	(void)path;
	(void)output;
	r = initramfs_add_arg(ret, "kernel-install");
	r = r < 0 ? r : initramfs_add_arg(ret, "add");
	r = r < 0 ? r : initramfs_add_arg(ret, "%s", kernel->release);
	return r < 0 ? r : initramfs_add_arg(ret, "%s", kernel->file);
}

static const char *const programs[] = {"/usr/bin/kernel-install", NULL};
static const char *const marks[] = {NULL};

const struct initramfs_generator initramfs_kernel_install = {
	.name = "kernel-install",
	.programs = programs,
	.marks = marks,
	.replaces = true,
	.find = initramfs_find_entries,
	.command = command,
};
