/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generators of initramfs images: dracut(8), initramfs-tools(7) with
 * update-initramfs(8), mkinitcpio(8), and kernel-install(8) above them.
 */
#ifndef VFIOBOOT_INITRAMFS_H
#define VFIOBOOT_INITRAMFS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"
#include "facts/facts.h"

#define INITRAMFS_ARGS_MAX 32

/* One command: a list of arguments ended by NULL, each its own memory. */
struct initramfs_command {
	char *args[INITRAMFS_ARGS_MAX + 1];
	size_t n;
};

struct initramfs_generator {
	const char
		*name; /* as in "initrd_generator=" of kernel-install, and for people */
	const char *const *programs; /* it is installed if one of these files is there */
	const char *const
		*marks; /* paths, or their beginnings, that only its images have */
	bool replaces;  /* writes beside the image and renames, by itself */
	/* Ends of the names of what it leaves beside an image when it is ended; or NULL. */
	const char *const *leavings;
	/*
	 * Adds the images of a kernel to @ret: those that are there, or else the one that
	 * would be made.  Returns 0, or -errno.
	 */
	int (*find)(const struct sysfs_root *root, const struct kernel *kernel,
		struct hostfile_names *ret);
	/*
	 * The command that makes the image @path of a kernel.  It writes it to @output, a
	 * full name, unless the generator replaces it by itself.  Returns 0, or -errno.
	 */
	int (*command)(const struct sysfs_root *root, const struct kernel *kernel,
		const char *path, const char *output, struct initramfs_command *ret);
};

extern const struct initramfs_generator initramfs_dracut;
extern const struct initramfs_generator initramfs_tools;
extern const struct initramfs_generator initramfs_mkinitcpio;
extern const struct initramfs_generator initramfs_kernel_install;

/*
 * The generator that owns the system.  Returns NULL, with a sentence in @ret_problem, when
 * there is none, or two and no sign which.
 */
const struct initramfs_generator *initramfs_owner(const struct sysfs_root *root,
	const struct kernels *kernels, char *ret_problem, size_t size);

/*
 * Adds the images of a kernel that lie in directories of boot loader entries, where
 * kernel-install(8) puts them: TOKEN/RELEASE on the ESP or XBOOTLDR.  0 or -errno.
 */
int initramfs_find_entries(const struct sysfs_root *root, const struct kernel *kernel,
	struct hostfile_names *ret);

/* Adds an argument, in printf's manner.  Returns 0, -E2BIG or -ENOMEM. */
int initramfs_add_arg(struct initramfs_command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void initramfs_free_command(struct initramfs_command *command);

#endif
