/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root directory that all files are looked up below: this machine's, or the files of
 * another one, whose links start at its own root and lead to nothing outside.
 */
#ifndef VFIOBOOT_SYSFSROOT_H
#define VFIOBOOT_SYSFSROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sysfs_root {
	int fd;
	bool live;       /* the running machine: a kernel answers what is written */
	char path[4096]; /* of another machine's tree, without links; "" if live */
};

/* Opens the root directory @dir; "/" is the running machine.  Returns 0, or -errno. */
int sysfs_root_open(const char *dir, struct sysfs_root *ret);
void sysfs_root_close(struct sysfs_root *root);

/* Opens any file below the root by its absolute name.  Returns a descriptor, or -errno. */
int sysfs_root_open_file(const struct sysfs_root *root, const char *path, int flags);

/* Reads a whole small file into @buffer, with a NUL.  Returns its length, or -errno. */
ssize_t sysfs_root_read_file(
	const struct sysfs_root *root, const char *path, char *buffer, size_t size);

/* Whether it is an initramfs, of any generator. */
bool sysfs_root_is_initramfs(const struct sysfs_root *root);

/* Reads the target of a link.  Returns 0, -ENAMETOOLONG when it does not fit, or -errno. */
int sysfs_root_read_link(
	const struct sysfs_root *root, const char *path, char *ret, size_t size);

/* Calls @found for each name in a directory until it returns false.  Returns 0, or -errno. */
int sysfs_root_each_name(const struct sysfs_root *root, const char *dir,
	bool (*found)(void *data, const char *name), void *data);

#endif
