/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies attributes; not those that are made of the content, such as security.ima. */
#include "fileattrs.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/base.h"

/* A file without one has that of its directory: nothing to copy. */
static void copy_extended(int from, int to, const char *name)
{
	char value[4096];
	ssize_t n = fgetxattr(from, name, value, sizeof(value));

	if (n > 0)
		fsetxattr(to, name, value, (size_t)n, 0);
}

int fileattrs_copy(int from, int to)
{
	static const char *const extended[] = {
		"security.selinux", "system.posix_acl_access"};
	struct stat st;

	if (fstat(from, &st) < 0)
		return -errno;
	/* FAT has neither. */
	if (fchown(to, st.st_uid, st.st_gid) < 0 && errno != EPERM)
		return -errno;
	if (fchmod(to, st.st_mode & 07777) < 0 && errno != EPERM)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(extended); i++)
		copy_extended(from, to, extended[i]);
	return 0;
}
