/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading below a root directory.  Links are resolved as text: below another root than
 * the running one, the kernel could follow an absolute link out of it.
 */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

/* Cuts the last component off; nothing is above the root. */
static void cut(char *path)
{
	char *slash = strrchr(path, '/');

	*(slash ? slash : path) = '\0';
}

int tree_resolve(const struct sysfs_root *root, const char *path, char **ret)
{
	char target[PATH_MAX], base[PATH_MAX];
	const char *rest = target;
	char *real;
	int r;

	if (!copy_text(base, sizeof(base), path, strlen(path)))
		return -ENAMETOOLONG;
	r = sysfs_root_read_link(root, path, target, sizeof(target));
	if (r == -EINVAL) {
		real = strdup(base);
	} else if (r < 0) {
		return r;
	} else if (target[0] == '/') { /* sysfs has none */
		return -EXDEV;
	} else {
		for (cut(base); strncmp(rest, "../", 3) == 0; rest += 3)
			cut(base);
		if (asprintf(&real, "%s%s%s", base, *base ? "/" : "", rest) < 0)
			return -ENOMEM;
	}
	if (!real)
		return -ENOMEM;
	*ret = real;
	return 0;
}

int tree_read_line(
	const struct sysfs_root *root, const char *path, char *ret, size_t size)
{
	ssize_t n = sysfs_root_read_file(root, path, ret, size);

	if (n < 0)
		return (int)n;
	ret[strcspn(ret, "\n")] = '\0';
	return 0;
}

bool tree_exists(const struct sysfs_root *root, const char *directory, const char *name)
{
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
		return false;
	fd = sysfs_root_open_file(root, path, O_PATH);
	return fd >= 0;
}

int tree_open_directory(const struct sysfs_root *root, const char *path, DIR **ret)
{
	int fd = sysfs_root_open_file(root, path, O_RDONLY | O_DIRECTORY);
	DIR *dir;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		int r = -errno;

		close(fd);
		return r;
	}
	*ret = dir;
	return 0;
}

const char *tree_next(DIR *dir)
{
	struct dirent *entry;

	do
		entry = readdir(dir);
	while (entry && (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")));
	return entry ? entry->d_name : NULL;
}

void tree_close_directory(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}
