/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Write aside, sync, rename, sync the directory. */
#include "atomicfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/base.h"
#include "fileattrs.h"

/* Beside the file; of the same name each time, so that none is left for ever. */
#define TEMPORARY ".%s" ATOMICFILE_TEMPORARY

#define WAIT_MAX 200 /* milliseconds that a rename takes at most, by far */

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
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

/*
 * Makes the temporary file, or opens the one that is there.  *@ret_private tells whether nobody
 * else can have the file, or its lock: on FAT that is so for what was made right now alone.
 */
static int make_or_open(int dir, const char *name, struct stat *ret, bool *ret_private)
{
	const int flags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	_cleanup_close_ int fd = openat(dir, name, flags | O_CREAT | O_EXCL, 0600);
	bool made = fd >= 0;

	if (!made && errno == EEXIST)
		fd = openat(dir, name, flags);
	if (fd < 0 || fstat(fd, ret) < 0)
		return -errno;
	*ret_private = made ||
		(S_ISREG(ret->st_mode) && ret->st_uid == geteuid() &&
			ret->st_nlink == 1 && !(ret->st_mode & 077));
	return TAKE_FD(fd);
}

/* Takes the lock, if @name still is the file then.  Returns 1, 0 if not, or -errno. */
static int lock_if_there(int dir, const char *name, int fd, const struct stat *own)
{
	struct stat there;

	if (flock(fd, LOCK_EX) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) < 0 ||
		there.st_dev != own->st_dev || there.st_ino != own->st_ino)
		return 0; /* whoever had it has renamed it */
	return ftruncate(fd, 0) < 0 ? -errno : 1;
}

/*
 * Opens the temporary file, empty, when nobody else writes it any more.  The lock is on the file,
 * which nobody else may open: a directory can be locked by anybody who may read it.
 */
static int open_temporary(int dir, const char *name, int *ret)
{
	for (unsigned tries = 0;; tries++) {
		bool private = false;
		struct stat own;
		_cleanup_close_ int fd = make_or_open(dir, name, &own, &private);
		int r;

		if (fd == -ENOENT && tries < WAIT_MAX)
			continue; /* it was renamed between two looks at it */
		if (fd < 0)
			return fd;
		if (private) {
			r = lock_if_there(dir, name, fd, &own);
			if (r > 0)
				*ret = TAKE_FD(fd);
			if (r != 0)
				return r < 0 ? r : 0;
		} else if (tries < WAIT_MAX) {
			usleep(1000); /* about to be renamed, or left like that */
		} else if (unlinkat(dir, name, 0) < 0 && errno != ENOENT) {
			return -errno;
		}
	}
}

/* The attributes of the file that is replaced, or those of a new one. */
static int set_attributes(int dir, const char *name, int fd, bool secret)
{
	_cleanup_close_ int old = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int r = old >= 0 ? fileattrs_copy(old, fd) : 0;

	if (r == 0 && (secret || old < 0) && fchmod(fd, secret ? 0600 : 0644) < 0)
		r = -errno;
	return r;
}

static int replace(int dir, const char *name, const char *data, size_t size, bool secret)
{
	_cleanup_free_ char *temporary = NULL;
	_cleanup_close_ int fd = -1;
	int r = check_regular(dir, name, false);

	if (r < 0)
		return r;
	if (asprintf(&temporary, TEMPORARY, name) < 0)
		return -ENOMEM;
	r = open_temporary(dir, temporary, &fd);
	if (r < 0)
		return r;
	r = write_all(fd, data, size);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	r = r < 0 ? r : set_attributes(dir, name, fd, secret);
	if (r == 0 && renameat(dir, temporary, dir, name) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(dir, temporary, 0);
		return r;
	}
	fsync(fd);
	fsync(dir); /* some file systems can't do this, or need not */
	return 0;
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
	return dir < 0 ? -errno : replace(dir, name, data, size, false);
}

int atomicfile_open_directory(const struct sysfs_root *root, const char *path, bool make)
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
	above = atomicfile_open_directory(root, parent, true);
	r = above < 0 ? above : 0;
	if (r == 0 && mkdirat(above, name + 1, 0755) < 0 && errno != EEXIST)
		r = -errno;
	return r < 0 ? r : sysfs_root_open_file(root, path, O_RDONLY | O_DIRECTORY);
}

static int write_below(const struct sysfs_root *root, const char *path, const char *data,
	size_t size, bool secret)
{
	_cleanup_free_ char *parent = NULL;
	_cleanup_close_ int dir = -1;
	const char *name;
	int r = split(path, &parent, &name);

	if (r < 0)
		return r;
	dir = atomicfile_open_directory(root, parent, true);
	return dir < 0 ? dir : replace(dir, name, data, size, secret);
}

int atomicfile_write_below(
	const struct sysfs_root *root, const char *path, const char *data, size_t size)
{
	return write_below(root, path, data, size, false);
}

int atomicfile_write_private_below(
	const struct sysfs_root *root, const char *path, const char *data, size_t size)
{
	return write_below(root, path, data, size, true);
}

int atomicfile_remove_below(const struct sysfs_root *root, const char *path)
{
	_cleanup_free_ char *parent = NULL, *temporary = NULL;
	_cleanup_close_ int dir = -1;
	const char *name;
	int r = split(path, &parent, &name);

	if (r < 0)
		return r;
	dir = atomicfile_open_directory(root, parent, false);
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
