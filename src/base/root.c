/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens, reads and lists files below a root directory, and never beside it. */
#include "root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "util.h"

#define OWN_FD "/proc/self/fd/%d"

/* The name, without links, of an open file.  Returns 0, or -errno. */
static int fd_path(int fd, char *ret, size_t size)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), OWN_FD, fd);
	n = readlink(link, ret, size);
	if (n < 0)
		return -errno;
	if ((size_t)n == size)
		return -ENAMETOOLONG;
	ret[n] = '\0';
	return 0;
}

void sysfs_root_close(struct sysfs_root *root)
{
	close_fd(&root->fd);
	root->fd = -1;
}

int sysfs_root_open(const char *dir, struct sysfs_root *ret)
{
	struct sysfs_root root = {.live = strcmp(dir, "/") == 0};

	root.fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root.fd < 0)
		return -errno;
	if (!root.live && fd_path(root.fd, root.path, sizeof(root.path)) < 0) {
		sysfs_root_close(&root);
		return -ENAMETOOLONG;
	}
	/* However it is written. */
	root.live |= strcmp(root.path, "/") == 0;
	*ret = root;
	return 0;
}

/*
 * Whether the open file lies below the root.  The links of another machine's tree could
 * lead out of it, and writing through one would change this machine.
 */
static bool is_confined(const struct sysfs_root *root, int fd)
{
	char target[sizeof(root->path)];
	size_t len = strlen(root->path);

	return fd_path(fd, target, sizeof(target)) == 0 &&
		strncmp(target, root->path, len) == 0 && target[len] == '/';
}

/* The kernel's struct open_how and one of its flags (include/uapi/linux/openat2.h). */
struct kernel_open_how {
	uint64_t flags, mode, resolve;
};

#define KERNEL_RESOLVE_IN_ROOT 0x10

/*
 * Opens a file of another machine's tree.  Its links start at its own root; those that a
 * script made with the tree's full name are taken too, as long as they stay below it.
 */
static int open_confined(const struct sysfs_root *root, const char *path, int flags)
{
	struct kernel_open_how how = {.resolve = KERNEL_RESOLVE_IN_ROOT};
	_cleanup_close_ int there = -1;
	char link[32];
	int fd;

	/* A pipe in the place of a file is not waited for. */
	if (!(flags & O_PATH))
		flags |= O_NONBLOCK;
	how.flags = (uint64_t)flags | O_CLOEXEC;
	fd = (int)syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
	if (fd >= 0)
		return fd;
	/* Looked at before it is opened: opening a device or a pipe may do something. */
	there = openat(root->fd, path, O_PATH | (flags & O_NOFOLLOW) | O_CLOEXEC);
	if (there < 0)
		return -errno;
	if (!is_confined(root, there))
		return -ENOENT; /* what is elsewhere is not there */
	if (flags & O_PATH)
		return TAKE_FD(there);
	snprintf(link, sizeof(link), OWN_FD, there);
	fd = open(link, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysfs_root_open_file(const struct sysfs_root *root, const char *path, int flags)
{
	int fd;

	path += strspn(path, "/");
	if (!root->live)
		return open_confined(root, path, flags);
	fd = openat(root->fd, path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

ssize_t sysfs_root_read_file(
	const struct sysfs_root *root, const char *path, char *buffer, size_t size)
{
	_cleanup_close_ int fd = sysfs_root_open_file(root, path, O_RDONLY);
	size_t len = 0;

	if (fd < 0)
		return fd;
	while (len < size - 1) {
		ssize_t n = read(fd, buffer + len, size - 1 - len);

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	buffer[len] = '\0';
	return len < size - 1 ? (ssize_t)len : -EFBIG;
}

bool sysfs_root_is_initramfs(const struct sysfs_root *root)
{
	static const char *const marks[] = {
		"/etc/initrd-release",     /* dracut with systemd, mkinitcpio */
		"/conf/initramfs.conf",    /* initramfs-tools */
		"/usr/lib/initrd-release", /* dracut without systemd */
	};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		_cleanup_close_ int fd = sysfs_root_open_file(root, marks[i], O_PATH);

		if (fd >= 0)
			return true;
	}
	return false;
}

int sysfs_root_read_link(
	const struct sysfs_root *root, const char *path, char *ret, size_t size)
{
	_cleanup_close_ int fd = -1;
	ssize_t n;

	path += strspn(path, "/");
	if (!root->live) {
		fd = open_confined(root, path, O_PATH | O_NOFOLLOW);
		if (fd < 0)
			return fd;
		path = "";
	}
	n = readlinkat(root->live ? root->fd : fd, path, ret, size);
	/* An empty name of what is no link is ENOENT. */
	if (n < 0)
		return root->live ? -errno : -EINVAL;
	if ((size_t)n == size)
		return -ENAMETOOLONG;
	ret[n] = '\0';
	return 0;
}

/* The kernel's struct linux_dirent64 (include/linux/dirent.h). */
struct kernel_dirent {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

/* Reads with getdents64 itself: opendir() would take its buffer from the heap. */
int sysfs_root_each_name(const struct sysfs_root *root, const char *dir,
	bool (*found)(void *data, const char *name), void *data)
{
	char buffer[8192] __attribute__((aligned(8)));
	_cleanup_close_ int fd = sysfs_root_open_file(root, dir, O_RDONLY | O_DIRECTORY);
	long n;

	if (fd < 0)
		return fd;
	while ((n = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < n;) {
			const struct kernel_dirent *entry = (const void *)(buffer + at);

			at += entry->reclen;
			if (!found(data, entry->name))
				return 0;
		}
	}
	return n < 0 ? -errno : 0;
}
