/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One directory, which is locked while it is used. */
#include "ukiwork.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/base.h"
#include "change/change.h"

#define PARENT    "/var/lib/vfioboot"
#define NAME      "unified"
#define TRIES_MAX 100 /* whoever is waited for removes the directory */

/* Nobody else may open it: it could be locked by them, too. */
static int open_once(const struct sysfs_root *root)
{
	_cleanup_close_ int parent = atomicfile_open_directory(root, PARENT, true);
	_cleanup_close_ int fd = -1;
	struct stat own, there;

	if (parent < 0)
		return parent;
	if (mkdirat(parent, NAME, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(parent, NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -EAGAIN : -errno;
	if (flock(fd, LOCK_EX) < 0 || fstat(fd, &own) < 0)
		return -errno;
	if (fstatat(parent, NAME, &there, AT_SYMLINK_NOFOLLOW) < 0 ||
		own.st_dev != there.st_dev || own.st_ino != there.st_ino)
		return -EAGAIN;
	return TAKE_FD(fd);
}

int ukiwork_open(const struct sysfs_root *root)
{
	int fd = -EAGAIN;

	for (unsigned i = 0; fd == -EAGAIN && i < TRIES_MAX; i++)
		fd = open_once(root);
	if (fd >= 0)
		ukiwork_empty(fd);
	return fd;
}

void ukiwork_empty(int work)
{
	int copy = openat(work, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const char *name;

	while (dir && (name = tree_next(dir)))
		unlinkat(work, name, 0);
	if (copy >= 0 && !dir)
		close(copy);
}

int ukiwork_make(int work, const char *name)
{
	int fd = openat(work, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

int ukiwork_write(int work, const char *name, const char *text)
{
	_cleanup_close_ int fd = ukiwork_make(work, name);
	size_t size = strlen(text);
	ssize_t n = fd < 0 ? 0 : write(fd, text, size);

	if (fd < 0)
		return fd;
	return n < 0 ? -errno : (size_t)n == size ? 0 : -EIO;
}

void ukiwork_close(int *work)
{
	if (*work < 0)
		return;
	ukiwork_empty(*work);
	rmdir(UKIWORK_DIRECTORY);
	rmdir(PARENT);
	close(*work);
}
