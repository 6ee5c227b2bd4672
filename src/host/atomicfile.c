/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Write aside, sync, rename, sync the directory. */
#include "atomicfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "../core/util.h"

/* Beside the file; of the same name each time, so that none is left for ever. */
#define TEMPORARY ".%s.vfioboot-new"

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	if (fchmod(fd, 0644) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

/* Whether @name is a regular file, or nothing yet. */
static int check_regular(int dir, const char *name, bool must_be)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT && !must_be ? 0 : -errno;
	return S_ISREG(st.st_mode) ? 0 : -ENOTSUP;
}

static int replace(int dir, const char *name, const char *data, size_t size)
{
	_cleanup_free_ char *temporary = NULL;
	_cleanup_close_ int fd = -1;
	int r = check_regular(dir, name, false);

	if (r < 0)
		return r;
	if (asprintf(&temporary, TEMPORARY, name) < 0)
		return -ENOMEM;
	/* One at a time, so that a name that is there is of a process that was killed. */
	flock(dir, LOCK_EX);
	unlinkat(dir, temporary, 0);
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, data, size);
	if (r == 0 && renameat(dir, temporary, dir, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir, temporary, 0);
	else
		fsync(dir); /* some file systems can't do this, or need not */
	return r;
}

/* Cuts @path into its directory, "" for the current one or the root, and the name there. */
static int split(const char *path, char **ret_dir, const char **ret_name)
{
	const char *slash = strrchr(path, '/');

	*ret_name = slash ? slash + 1 : path;
	*ret_dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("");
	if (!*ret_dir)
		return -ENOMEM;
	return **ret_name ? 0 : -EISDIR;
}

int atomicfile_write(const char *path, const char *data, size_t size)
{
	_cleanup_free_ char *parent = NULL;
	_cleanup_close_ int dir = -1;
	const char *name;
	int r = split(path, &parent, &name);

	if (r < 0)
		return r;
	dir = open(*parent ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -errno : replace(dir, name, data, size);
}

/*
 * Opens the directory @path below the root, and makes it first if asked to.  Only a plain
 * directory is made a directory in: sysfs_root_open_file() keeps links below the root.
 */
static int open_below(const struct sysfs_root *root, const char *path, bool make)
{
	_cleanup_free_ char *parent = NULL;
	_cleanup_close_ int above = -1;
	size_t len = strlen(path);
	const char *name;
	int dir, r;

	while (len && path[len - 1] == '/')
		len--;
	dir = sysfs_root_open_file(root, len ? path : ".", O_RDONLY | O_DIRECTORY);
	if (dir != -ENOENT || !make || !len)
		return dir;
	parent = strndup(path, len);
	name = parent ? strrchr(parent, '/') : NULL;
	if (!name)
		return -ENOMEM;
	parent[name - parent] = '\0';
	above = open_below(root, parent, true);
	r = above < 0 ? above : 0;
	if (r == 0 && mkdirat(above, name + 1, 0755) < 0 && errno != EEXIST)
		r = -errno;
	return r < 0 ? r : sysfs_root_open_file(root, path, O_RDONLY | O_DIRECTORY);
}

int atomicfile_write_below(
	const struct sysfs_root *root, const char *path, const char *data, size_t size)
{
	_cleanup_free_ char *parent = NULL;
	_cleanup_close_ int dir = -1;
	const char *name;
	int r = split(path, &parent, &name);

	if (r < 0)
		return r;
	dir = open_below(root, parent, true);
	return dir < 0 ? dir : replace(dir, name, data, size);
}

int atomicfile_remove_below(const struct sysfs_root *root, const char *path)
{
	_cleanup_free_ char *parent = NULL, *temporary = NULL;
	_cleanup_close_ int dir = -1;
	const char *name;
	int r = split(path, &parent, &name);

	if (r < 0)
		return r;
	dir = open_below(root, parent, false);
	if (dir < 0)
		return dir;
	r = check_regular(dir, name, true);
	if (r == 0 && unlinkat(dir, name, 0) < 0)
		r = -errno;
	if (asprintf(&temporary, TEMPORARY, name) >= 0)
		unlinkat(dir, temporary, 0); /* of a process that was killed */
	if (r == 0)
		fsync(dir);
	return r;
}
