/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks statvfs(3), and statfs(2) for the kind. */
#include "diskroom.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#define FAT_MAGIC 0x4d44 /* MSDOS_SUPER_MAGIC of linux/magic.h */

int diskroom_read(int fd, struct diskroom *ret)
{
	struct statvfs fs;
	struct statfs kind;
	struct stat st;

	if (fstat(fd, &st) < 0 || fstatvfs(fd, &fs) < 0 || fstatfs(fd, &kind) < 0)
		return -errno;
	*ret = (struct diskroom){.device = st.st_dev,
		.available = (uint64_t)fs.f_bavail * fs.f_frsize,
		.read_only = fs.f_flag & ST_RDONLY,
		.fat = kind.f_type == FAT_MAGIC};
	return 0;
}

unsigned long diskroom_mebibytes(uint64_t bytes)
{
	return (unsigned long)((bytes + (1 << 20) - 1) >> 20);
}
