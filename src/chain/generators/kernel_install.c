/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel-install(8) puts what a generator makes into a directory of the boot loader's entries,
 * TOKEN/RELEASE on the ESP or XBOOTLDR, by plugins that copy it there.  An image that is there
 * already is replaced by a rename, so it is only asked for the image of a kernel that has none.
 */
#include "base/base.h"
#include "chain/esp.h"
#include "generators.h"

/* Adds the images of one entry directory. */
static int add_of_directory(
	const struct root *root, const char *directory, struct file_names *ret)
{
	_cleanup_(file_free_names) struct file_names files = {0};
	int r = file_list(root, directory, &files);

	for (size_t i = 0; r == 0 && i < files.n; i++) {
		_cleanup_free_ char *path = NULL;

		if (strncmp(files.names[i], "initrd", 6) != 0 &&
			strncmp(files.names[i], "initramfs", 9) != 0)
			continue;
		if (asprintf(&path, "%s/%s", directory, files.names[i]) < 0)
			return -ENOMEM;
		r = file_add_name(ret, path);
	}
	return r == -ENOTDIR ? 0 : r;
}

static int find(
	const struct root *root, const struct kernel *kernel, struct file_names *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ESP_PLACES_N; i++) {
		_cleanup_(file_free_names) struct file_names tokens = {0};

		/* The token may be anything; the release below it says enough. */
		if (file_list(root, esp_places[i], &tokens) < 0)
			continue;
		for (size_t j = 0; r == 0 && j < tokens.n; j++) {
			_cleanup_free_ char *directory = NULL;

			if (asprintf(&directory, "%s/%s/%s", esp_places[i],
				    tokens.names[j], kernel->release) < 0)
				return -ENOMEM;
			if (file_exists(root, "%s", directory))
				r = add_of_directory(root, directory, ret);
		}
	}
	return r;
}

static int command(const struct root *root, const struct kernel *kernel, const char *path,
	const char *output, struct change_step *ret)
{
	(void)root, (void)path, (void)output;
	return change_add_args(
		ret, "kernel-install", "add", kernel->release, kernel->file, NULL);
}

static const char *const programs[] = {"/usr/bin/kernel-install", NULL};

const struct initramfs_generator initramfs_kernel_install = {
	.name = "kernel-install",
	.programs = programs,
	.replaces = true,
	.adds_entry = true,
	.find = find,
	.command = command,
};
