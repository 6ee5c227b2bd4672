/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generators of initramfs images: dracut(8), initramfs-tools(7) with
 * update-initramfs(8), mkinitcpio(8), and kernel-install(8) above them.
 */
#ifndef VFIOBOOT_INITRAMFS_H
#define VFIOBOOT_INITRAMFS_H

#include "base/base.h"
#include "change/change.h"
#include "facts/facts.h"

/* Programs of other packages that are run for each new image, on Debian. */
#define INITRAMFS_POST_UPDATE "/etc/initramfs/post-update.d"

/* The end of the path where dracut keeps the options that it made an image with. */
#define INITRAMFS_HOW_MADE "lib/dracut/build-parameter.txt"

struct initramfs_generator {
	const char
		*name; /* as in "initrd_generator=" of kernel-install, and for people */
	/* All of these up to a NULL.  It is installed if one of these files is there. */
	const char *programs[5];
	/* Paths, or their beginnings, that only its images have; none: others make them. */
	const char *marks[3];
	bool replaces;   /* writes beside the image and renames, by itself */
	bool adds_entry; /* makes an entry of a boot menu, too: the image has to stay */
	const char *leavings[3];
	/* Directories with programs of others that it starts for each new image. */
	const char *followers[3];
	/* Its hook of vfioboot is one of these files, out of @package. */
	const char *hooks[3];
	const char *package;
	/* Adds the images of a kernel: those that are there, or are named in its settings. */
	int (*find)(const struct root *root, const struct kernel *kernel,
		struct file_names *ret);
	/* Adds the one that is made where there is none.  NULL: it makes no first one. */
	int (*expect)(const struct root *root, const struct kernel *kernel,
		struct file_names *ret);
	/*
	 * Adds the arguments of the command that makes the image @path of a kernel.  It writes
	 * it to @output, a full name, unless the generator replaces it by itself.  These all
	 * return 0, or -errno.
	 */
	int (*command)(const struct root *root, const struct kernel *kernel,
		const char *path, const char *output, struct change_step *ret);
	/*
	 * Whether an image that it made can be made again under any name, by what it keeps of how
	 * it was made (INITRAMFS_HOW_MADE).  NULL: none can.
	 */
	bool (*remakes)(const struct imagefile *image);
	/*
	 * Whether the image @path can be made by the command, or, with NULL, whether all images
	 * of the kernel are known; if not, @why has what is to be done by hand.  NULL: always.
	 */
	bool (*knows)(const struct root *root, const struct kernel *kernel,
		const char *path, struct message *why);
};

extern const struct initramfs_generator initramfs_dracut;
extern const struct initramfs_generator initramfs_tools;
extern const struct initramfs_generator initramfs_mkinitcpio;
extern const struct initramfs_generator initramfs_kernel_install;

/* Whether the tree has programs at all: else it does not show which generator is installed. */
bool initramfs_has_programs(const struct root *root);

/*
 * The generator that owns the system.  Returns NULL, with a @problem, when
 * there is none, or two and no sign which.  @ret_elsewhere: none, since the images come with the
 * system, from where that is built; none of them can know what this host needs for itself.
 */
const struct initramfs_generator *initramfs_owner(const struct root *root,
	const struct kernels *kernels, bool *ret_elsewhere, struct message *problem);

/* Whether the hook of vfioboot for @generator is installed; if not, with a @problem. */
bool initramfs_has_hook(const struct initramfs_generator *generator,
	const struct root *root, struct message *problem);

/* Whether it starts programs of others for each new image, but those of post-update.d. */
bool initramfs_has_followers(
	const struct initramfs_generator *generator, const struct root *root);

/* The generator whose marks the image bears, or NULL. */
const struct initramfs_generator *initramfs_maker(const struct imagefile *image);

/*
 * Whether the generator's settings show which images it makes for the kernel, and, with a @path,
 * that it can make that one; else @why has what is to be done by hand.  NULL: nobody asks.
 */
bool initramfs_knows(const struct initramfs_generator *generator, const struct root *root,
	const struct kernel *kernel, const char *path, struct message *why);

/*
 * A setting of kernel-install (install.conf and its drop-ins), for free(), with its file in @where;
 * NULL for none.
 */
char *initramfs_kernel_install_setting(
	const struct root *root, const char *key, char *where, size_t size);

/*
 * The file with the command line that kernel-install(8) gives to entries and images, by its plugins
 * 90-loaderentry.install and 60-ukify.install; mkinitcpio(8) reads the same.  NULL: there is none,
 * and they take that of the running boot, whatever entry it is of.
 */
#define INITRAMFS_CMDLINE "/etc/kernel/cmdline" /* the first of them */
const char *initramfs_cmdline_file(const struct root *root);

/*
 * Whether kernel-install makes the unified image @path of the kernel again under its name; with
 * NULL: whether it makes such images, and no others.
 */
bool initramfs_kernel_install_unifies(
	const struct root *root, const struct kernel *kernel, const char *path);

/*
 * The remedy for an image that nothing we know builds, such as a unified one that a hook makes of
 * others: "run 'COMMAND' by hand".  @kernel NULL: it is not known.
 */
void initramfs_by_hand(const struct root *root, const struct kernel *kernel,
	const char *path, struct message *ret);

/*
 * What distributions call an image: @head, then what is behind "vmlinuz-" in the name of the
 * kernel's file, else the release, then @tail.  Returns a name for free(), or NULL.
 */
char *initramfs_name(const struct kernel *kernel, const char *head, const char *tail);

/*
 * Adds the images of a kernel that the generator makes, or else the one that it would make;
 * with NULL those that are there, whoever has made them.  Returns 0, or -errno.
 */
int initramfs_find(const struct initramfs_generator *generator, const struct root *root,
	const struct kernel *kernel, struct file_names *ret);

#endif
