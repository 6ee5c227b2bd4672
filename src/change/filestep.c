/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link(2), rename(2) and copies, each with the syncs that make it last. */
#include "filestep.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/base.h"
#include "fileattrs.h"

/* Syncs the directory of a file.  File systems that can't do this need not. */
static void sync_directory(const char *path)
{
	_cleanup_free_ char *parent = strdup(path);
	char *slash = parent ? strrchr(parent, '/') : NULL;
	_cleanup_close_ int fd = -1;

	if (slash)
		slash[slash == parent] = '\0';
	fd = open(slash ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && fsync(fd) < 0)
		syncfs(fd);
}

int filestep_sync(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	sync_directory(path);
	return 0;
}

static int copy_plain(int from, int to)
{
	char buffer[64 << 10];
	ssize_t n;

	while ((n = read(from, buffer, sizeof(buffer))) > 0) {
		for (ssize_t at = 0, m; at < n; at += m) {
			m = write(to, buffer + at, (size_t)(n - at));
			if (m < 0)
				return -errno;
		}
	}
	return n < 0 ? -errno : 0;
}

/* The kernel shares the blocks where the file system can do that. */
static int copy_content(int from, int to)
{
	ssize_t n;

	do
		n = copy_file_range(from, NULL, to, NULL, (size_t)1 << 30, 0);
	while (n > 0);
	if (n == 0)
		return 0;
	if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return -errno;
	if (lseek(from, 0, SEEK_SET) < 0 || lseek(to, 0, SEEK_SET) < 0 ||
		ftruncate(to, 0) < 0)
		return -errno;
	return copy_plain(from, to);
}

int filestep_copy(const char *from, const char *to)
{
	_cleanup_close_ int source = open(from, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	if (source < 0 || fstat(source, &st) < 0)
		return -errno;
	unlink(to);
	fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = copy_content(source, fd);
	r = r < 0 ? r : fileattrs_copy(source, fd);
	if (r == 0)
		futimens(fd, (struct timespec[]){st.st_atim, st.st_mtim});
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r < 0)
		unlink(to);
	else
		sync_directory(to);
	return r;
}

int filestep_keep(const char *path, const char *kept)
{
	if (unlink(kept) < 0 && errno != ENOENT)
		return -errno;
	if (link(path, kept) == 0) {
		sync_directory(kept);
		return 0;
	}
	if (errno == ENOENT)
		return -errno;
	return filestep_copy(path, kept);
}

int filestep_put_back(const char *kept, const char *path)
{
	struct stat old, now;

	if (stat(kept, &old) < 0)
		return -errno;
	/* Of two names of one file rename(2) would leave both. */
	if (stat(path, &now) == 0 && old.st_dev == now.st_dev && old.st_ino == now.st_ino)
		return filestep_remove(kept);
	if (rename(kept, path) < 0)
		return -errno;
	sync_directory(path);
	return 0;
}

int filestep_replace(const char *from, const char *to)
{
	int r = filestep_sync(from);

	if (r == 0 && rename(from, to) < 0)
		r = -errno;
	if (r == 0)
		sync_directory(to);
	return r;
}

int filestep_remove(const char *path)
{
	if (unlink(path) < 0)
		return errno == ENOENT ? 0 : -errno;
	sync_directory(path);
	return 0;
}

/* Makes the directories above a file. */
static int make_parents(const char *path)
{
	_cleanup_free_ char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

/* A copy of a link, or of a file. */
static int copy_any(const char *from, const char *to)
{
	char target[PATH_MAX];
	ssize_t n = readlink(from, target, sizeof(target) - 1);

	if (n < 0)
		return errno == EINVAL ? filestep_copy(from, to) : -errno;
	target[n] = '\0';
	if (symlink(target, to) < 0)
		return -errno;
	sync_directory(to);
	return 0;
}

int filestep_move(const char *from, const char *to)
{
	struct stat st;
	int r = make_parents(to);

	if (r < 0)
		return r;
	if (lstat(to, &st) == 0)
		return -EEXIST;
	if (rename(from, to) == 0) {
		sync_directory(to);
		sync_directory(from);
		return 0;
	}
	if (errno != EXDEV)
		return -errno;
	r = copy_any(from, to);
	return r < 0 ? r : filestep_remove(from);
}
