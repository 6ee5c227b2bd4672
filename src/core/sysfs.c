/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads and writes the kernel's files below a root directory. */
#include "sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "text.h"
#include "util.h"

/* Below the root directory, hence without the leading slash. */
#define DEVICES "sys/bus/pci/devices"
#define DRIVERS "sys/bus/pci/drivers"
#define PROBE   "sys/bus/pci/drivers_probe"
#define CMDLINE "proc/cmdline"
#define KMSG    "dev/kmsg"
#define OWN_FD  "/proc/self/fd/%d"

#define NAME_SIZE 192 /* bytes of the longest name that is put together here */

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
	struct kernel_open_how how = {
		.flags = (uint64_t)flags | O_CLOEXEC, .resolve = KERNEL_RESOLVE_IN_ROOT};
	int fd = (int)syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
	_cleanup_close_ int there = -1;
	char link[32];

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

/* Writes one value by one write(2), as sysfs takes it. */
static int write_value(const struct sysfs_root *root, const char *path, const char *value)
{
	size_t len = strlen(value);
	_cleanup_close_ int fd = sysfs_root_open_file(root, path, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	/* A plain file keeps the end of a longer value; sysfs has nothing to cut. */
	if (!root->live && ftruncate(fd, 0) < 0)
		return -errno;
	n = write(fd, value, len);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
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

ssize_t sysfs_read_cmdline(const struct sysfs_root *root, char *buffer, size_t size)
{
	return sysfs_root_read_file(root, CMDLINE, buffer, size);
}

int sysfs_open_kmsg(const struct sysfs_root *root)
{
	int fd = sysfs_root_open_file(
		root, KMSG, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK);
	struct stat file;

	/* The device in a populated root is the log of this machine. */
	if (fd >= 0 && !root->live && (fstat(fd, &file) < 0 || !S_ISREG(file.st_mode))) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

/* The name of a function's directory, or of a file in it. */
static void device_name(char *ret, struct pci_address address, const char *file)
{
	char *to = pci_address_format(address, stpcpy(ret, DEVICES "/"));

	if (*file) {
		*to++ = '/';
		strcpy(to, file);
	}
}

int sysfs_read_ids(
	const struct sysfs_root *root, struct pci_address address, struct pci_ids *ret)
{
	char name[NAME_SIZE], text[128];
	_cleanup_close_ int fd = -1;
	ssize_t n;

	device_name(name, address, "modalias");
	fd = sysfs_root_open_file(root, name, O_RDONLY);
	if (fd < 0)
		return fd;
	/* One read: an attribute comes whole, and is never this long. */
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return pci_ids_parse(text, ret);
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

int sysfs_read_driver(const struct sysfs_root *root, struct pci_address address,
	char ret[static SYSFS_DRIVER_SIZE])
{
	char name[NAME_SIZE], target[512];
	const char *driver;
	int r;

	device_name(name, address, "driver");
	r = sysfs_root_read_link(root, name, target, sizeof(target));
	if (r == -ENOENT) {
		ret[0] = '\0';
		return 0;
	}
	if (r < 0)
		return r;
	driver = strrchr(target, '/');
	driver = driver ? driver + 1 : target;
	return copy_text(ret, SYSFS_DRIVER_SIZE, driver, strlen(driver)) ? 0
									 : -ENAMETOOLONG;
}

/*
 * Whether a virtual function spilled over to another bus than that of its physical function.
 * Both are children of one bridge then, and may have the same device and function number.
 */
static bool is_spilled(const struct sysfs_root *root, struct pci_address address)
{
	char name[NAME_SIZE], target[64];
	struct pci_address physical;
	const char *last;

	device_name(name, address, "physfn");
	if (sysfs_root_read_link(root, name, target, sizeof(target)) < 0)
		return false;
	last = strrchr(target, '/');
	return last &&
		pci_address_parse(last + 1, PCI_NAME_WHOLE, &physical, NULL) == 0 &&
		physical.bus != address.bus;
}

int sysfs_read_path(
	const struct sysfs_root *root, struct pci_address address, struct pci_path *ret)
{
	char name[NAME_SIZE], target[1024];
	int r;

	device_name(name, address, "");
	r = sysfs_root_read_link(root, name, target, sizeof(target));
	if (r < 0)
		return r;
	return is_spilled(root, address) ? -EINVAL : pci_path_from_link(target, ret);
}

bool sysfs_has_iommu_group(const struct sysfs_root *root, struct pci_address address)
{
	char name[NAME_SIZE], target[64];

	device_name(name, address, "iommu_group");
	return sysfs_root_read_link(root, name, target, sizeof(target)) != -ENOENT;
}

bool sysfs_has_driver(const struct sysfs_root *root, const char *driver)
{
	char name[NAME_SIZE];

	_cleanup_close_ int fd = -1;

	if (!driver[0] || driver[0] == '.')
		return false;
	snprintf(name, sizeof(name), DRIVERS "/%s", driver);
	fd = sysfs_root_open_file(root, name, O_PATH);
	return fd >= 0;
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

struct function_search {
	bool (*found)(void *data, struct pci_address address);
	void *data;
};

static bool found_name(void *data, const char *name)
{
	const struct function_search *search = data;
	struct pci_address address;

	if (pci_address_parse(name, PCI_NAME_WHOLE, &address, NULL) < 0)
		return true;
	return search->found(search->data, address);
}

int sysfs_each_function(const struct sysfs_root *root, const struct pci_address *parent,
	bool (*found)(void *data, struct pci_address address), void *data)
{
	struct function_search search = {found, data};
	char name[NAME_SIZE] = DEVICES;

	if (parent)
		device_name(name, *parent, "");
	return sysfs_root_each_name(root, name, found_name, &search);
}

int sysfs_write_override(
	const struct sysfs_root *root, struct pci_address address, const char *driver)
{
	char name[NAME_SIZE], value[SYSFS_DRIVER_SIZE + 1];

	device_name(name, address, "driver_override");
	/* A bare newline clears it (drivers/base/driver.c, driver_set_override). */
	text_join(value, sizeof(value), driver, "\n", NULL);
	return write_value(root, name, value);
}

int sysfs_write_probe(const struct sysfs_root *root, struct pci_address address)
{
	char text[PCI_ADDRESS_SIZE];

	pci_address_format(address, text);
	return write_value(root, PROBE, text);
}

int sysfs_write_unbind(
	const struct sysfs_root *root, struct pci_address address, const char *driver)
{
	char name[NAME_SIZE], text[PCI_ADDRESS_SIZE];

	snprintf(name, sizeof(name), DRIVERS "/%s/unbind", driver);
	pci_address_format(address, text);
	return write_value(root, name, text);
}
