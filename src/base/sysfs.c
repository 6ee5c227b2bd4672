/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads and writes the kernel's files below a root directory. */
#include "sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "text.h"
#include "tree.h"
#include "util.h"

/* Below the root directory, hence without the leading slash. */
#define SLOTS     "sys/bus/pci/slots"
#define PROBE     "sys/bus/pci/drivers_probe"
#define INIT_ROOT "proc/1/root"
#define KMSG      "dev/kmsg"
#define PLATFORM  "sys/bus/platform/drivers"

#define SYSFS_MAGIC 0x62656572 /* include/uapi/linux/magic.h */

#define NAME_SIZE 192 /* bytes of the longest name that is put together here */

/* Writes one value by one write(2), as sysfs takes it. */
static int write_value(const struct root *root, const char *path, const char *value)
{
	size_t len = strlen(value);
	struct statfs fs;
	_cleanup_close_ int fd = file_open(root, path, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	/* A kernel's own files in another tree are still this machine's. */
	if (!root->live && (fstatfs(fd, &fs) < 0 || fs.f_type == SYSFS_MAGIC))
		return -EXDEV;
	/* A plain file keeps the end of a longer value; sysfs has nothing to cut. */
	if (!root->live && ftruncate(fd, 0) < 0)
		return -errno;
	n = write(fd, value, len);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

bool sysfs_is_root_of_init(const struct root *root)
{
	struct stat ours, its;

	return fstat(root->fd, &ours) == 0 &&
		fstatat(root->fd, INIT_ROOT, &its, 0) == 0 && ours.st_dev == its.st_dev &&
		ours.st_ino == its.st_ino;
}

int sysfs_open_kmsg(const struct root *root)
{
	int fd = file_open(root, KMSG, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK);
	struct stat file;

	/* The device in a populated root is the log of this machine. */
	if (fd >= 0 && !root->live && (fstat(fd, &file) < 0 || !S_ISREG(file.st_mode))) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

/* The name of a function's directory, or of a file in it. */
static void device_name(
	const struct root *root, char *ret, struct pci_address address, const char *file)
{
	char *to = pci_address_format(
		address, root->is_bridge ? ret : stpcpy(ret, TREE_PCI "/"));

	if (*file) {
		*to++ = '/';
		strcpy(to, file);
	}
}

int sysfs_read_modalias(const struct root *root, const char *path, struct pci_ids *ret)
{
	_cleanup_close_ int fd = file_open(root, path, O_RDONLY);
	char text[128];
	ssize_t n;

	if (fd < 0)
		return fd;
	/* One read: an attribute comes whole, and is never this long. */
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return pci_ids_parse(text, ret);
}

int sysfs_read_ids(
	const struct root *root, struct pci_address address, struct pci_ids *ret)
{
	char name[NAME_SIZE];

	device_name(root, name, address, "modalias");
	return sysfs_read_modalias(root, name, ret);
}

/* The last part of a link's target; "" where there is no link. */
static int read_last_name(
	const struct root *root, const char *link, char ret[static SYSFS_DRIVER_SIZE])
{
	char target[512];
	const char *last;
	int r = file_read_link(root, link, target, sizeof(target));

	if (r == -ENOENT) {
		ret[0] = '\0';
		return 0;
	}
	if (r < 0)
		return r;
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	return copy_text(ret, SYSFS_DRIVER_SIZE, last, strlen(last)) ? 0 : -ENAMETOOLONG;
}

int sysfs_read_driver(const struct root *root, struct pci_address address,
	char ret[static SYSFS_DRIVER_SIZE])
{
	char name[NAME_SIZE];

	device_name(root, name, address, "driver");
	return read_last_name(root, name, ret);
}

/* The function that a link such as "physfn" leads to.  Returns 0, or -errno. */
static int read_function_link(const struct root *root, struct pci_address address,
	const char *link, struct pci_address *ret)
{
	char name[NAME_SIZE], target[64];
	const char *last;
	int r;

	device_name(root, name, address, link);
	r = file_read_link(root, name, target, sizeof(target));
	if (r < 0)
		return r;
	last = strrchr(target, '/');
	return last ? pci_address_parse(last + 1, PCI_NAME_WHOLE, ret, NULL) : -EINVAL;
}

/*
 * Whether a virtual function spilled over to another bus than that of its physical function.
 * Both are children of one bridge then, and may have the same device and function number.
 */
static bool is_spilled(const struct root *root, struct pci_address address)
{
	struct pci_address physical;

	return read_function_link(root, address, "physfn", &physical) == 0 &&
		physical.bus != address.bus;
}

int sysfs_read_path(
	const struct root *root, struct pci_address address, struct pci_path *ret)
{
	char name[NAME_SIZE], target[1024];
	int r;

	device_name(root, name, address, "");
	r = file_read_link(root, name, target, sizeof(target));
	if (r < 0)
		return r;
	return is_spilled(root, address) ? -EINVAL : pci_path_from_link(target, ret);
}

/* The slot, among those that have a name, that a function's directory is behind. */
struct slot_search {
	const struct root *root;
	const char *link; /* of the function */
	char *ret;
	bool found;
};

/* Its file has "0000:41:00", the beginning of the names of all functions there. */
static bool found_slot(void *data, const char *name)
{
	struct slot_search *search = data;
	char path[NAME_SIZE], address[32] = "/";
	size_t len;

	text_join(path, sizeof(path), SLOTS "/", name, "/address", NULL);
	if (*name == '.' ||
		file_read_line(search->root, path, address + 1, sizeof(address) - 2) < 0)
		return true;
	len = strlen(address);
	memcpy(address + len, ".", 2);
	search->found = len > 1 && strstr(search->link, address) &&
		copy_text(search->ret, SYSFS_IDENTITY_SIZE, name, strlen(name));
	return !search->found;
}

/* The directory of the root bus is the last one of the kind in the link: "pci0000:40". */
static int read_host_bridge(const struct root *root, char *link, char *ret)
{
	char path[1024], *end = NULL;

	for (char *next = strstr(link, "/pci"); next; next = strstr(next + 1, "/pci"))
		end = next + 1 + strcspn(next + 1, "/");
	if (!end)
		return -ENOENT;
	*end = '\0';
	text_join(path, sizeof(path), TREE_PCI "/", link, "/firmware_node/path", NULL);
	return file_read_line(root, path, ret, SYSFS_IDENTITY_SIZE);
}

int sysfs_read_identity(const struct root *root, struct pci_address address,
	enum sysfs_identity kind, char ret[static SYSFS_IDENTITY_SIZE])
{
	char name[NAME_SIZE], link[768];
	struct slot_search search = {root, link, ret, false};
	int r;

	device_name(root, name, address, kind == SYSFS_SERIAL ? "serial_number" : "");
	if (kind == SYSFS_SERIAL)
		return file_read_line(root, name, ret, SYSFS_IDENTITY_SIZE);
	r = file_read_link(root, name, link, sizeof(link));
	if (r < 0)
		return r;
	if (kind == SYSFS_HOST_BRIDGE)
		return read_host_bridge(root, link, ret);
	r = file_each_name(root, SLOTS, found_slot, &search);
	return r < 0 ? r : search.found ? 0 : -ENOENT;
}

static bool has_link(
	const struct root *root, struct pci_address address, const char *link)
{
	char name[NAME_SIZE], target[64];

	device_name(root, name, address, link);
	return file_read_link(root, name, target, sizeof(target)) != -ENOENT;
}

bool sysfs_has_iommu_group(const struct root *root, struct pci_address address)
{
	return has_link(root, address, "iommu_group");
}

bool sysfs_is_virtual(const struct root *root, struct pci_address address)
{
	return has_link(root, address, "physfn");
}

int sysfs_read_virtual(const struct root *root, struct pci_address physical, unsigned n,
	struct pci_address *ret)
{
	char link[16];

	snprintf(link, sizeof(link), "virtfn%u", n);
	return read_function_link(root, physical, link, ret);
}

/* A directory of which the entries "card*" are looked at. */
struct connector_search {
	const struct root *root;
	char name[NAME_SIZE];
	bool found;
};

static bool found_connector(void *data, const char *name)
{
	struct connector_search *search = data;

	search->found = strncmp(name, "card", 4) == 0 && strchr(name, '-');
	return !search->found;
}

static bool found_card(void *data, const char *name)
{
	struct connector_search *search = data;
	struct connector_search card = {.root = search->root};

	if (strncmp(name, "card", 4) != 0)
		return true;
	text_join(card.name, sizeof(card.name), search->name, "/", name, NULL);
	file_each_name(search->root, card.name, found_connector, &card);
	search->found = card.found;
	return !search->found;
}

bool sysfs_has_connector(const struct root *root, struct pci_address address)
{
	struct connector_search search = {.root = root};

	device_name(root, search.name, address, "drm");
	file_each_name(root, search.name, found_card, &search);
	return search.found;
}

bool sysfs_has_driver(const struct root *root, const char *driver)
{
	char name[NAME_SIZE];

	_cleanup_close_ int fd = -1;

	if (!driver[0] || driver[0] == '.')
		return false;
	snprintf(name, sizeof(name), TREE_PCI_DRIVERS "/%s", driver);
	fd = file_open(root, name, O_PATH);
	return fd >= 0;
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

int sysfs_each_function(const struct root *root,
	bool (*found)(void *data, struct pci_address address), void *data)
{
	struct function_search search = {found, data};

	if (root->is_bridge)
		return file_each_entry(root->fd, found_name, &search);
	return file_each_name(root, TREE_PCI, found_name, &search);
}

int sysfs_open_bridge(
	const struct root *root, struct pci_address bridge, struct root *ret)
{
	char name[NAME_SIZE];

	device_name(root, name, bridge, "");
	ret->fd = file_open(root, name, O_RDONLY | O_DIRECTORY);
	if (ret->fd < 0)
		return ret->fd;
	ret->live = root->live;
	ret->is_bridge = true;
	strcpy(ret->path, root->path);
	return 0;
}

int sysfs_read_override(const struct root *root, struct pci_address address,
	char ret[static SYSFS_DRIVER_SIZE])
{
	char name[NAME_SIZE];
	int r;

	device_name(root, name, address, "driver_override");
	r = file_read_line(root, name, ret, SYSFS_DRIVER_SIZE);
	/* drivers/pci/pci-sysfs.c, driver_override_show() */
	if (r == -ENOENT || (r == 0 && strcmp(ret, "(null)") == 0))
		*ret = '\0';
	return r == -ENOENT ? 0 : r;
}

int sysfs_write_override(
	const struct root *root, struct pci_address address, const char *driver)
{
	char name[NAME_SIZE], value[SYSFS_DRIVER_SIZE + 1];

	device_name(root, name, address, "driver_override");
	/* A bare newline clears it (drivers/base/driver.c, driver_set_override). */
	text_join(value, sizeof(value), driver, "\n", NULL);
	return write_value(root, name, value);
}

int sysfs_write_probe(const struct root *root, struct pci_address address)
{
	char text[PCI_ADDRESS_SIZE];

	pci_address_format(address, text);
	return write_value(root, PROBE, text);
}

static const char *const attributes[SYSFS_ATTRIBUTES] = {
	[SYSFS_POWER_CONTROL] = "power/control",
	[SYSFS_POWER_STATE] = "power_state",
	[SYSFS_D3COLD] = "d3cold_allowed",
	[SYSFS_RESET_METHOD] = "reset_method",
	[SYSFS_BOOT_VGA] = "boot_vga",
	[SYSFS_RESOURCE] = "resource",
	[SYSFS_TOTAL_VFS] = "sriov_totalvfs",
	[SYSFS_NUM_VFS] = "sriov_numvfs",
	[SYSFS_VF_AUTOPROBE] = "sriov_drivers_autoprobe",
	[SYSFS_PHYSFN_AUTOPROBE] = "physfn/sriov_drivers_autoprobe",
	[SYSFS_RESIZE] = "resource0_resize",
	"resource1_resize",
	"resource2_resize",
	"resource3_resize",
	"resource4_resize",
	"resource5_resize",
};

ssize_t sysfs_read_attribute(const struct root *root, struct pci_address address,
	enum sysfs_attribute attribute, char *ret, size_t size)
{
	char name[NAME_SIZE];
	ssize_t n;

	device_name(root, name, address, attributes[attribute]);
	n = file_read_fixed(root, name, ret, size);
	if (n > 0 && ret[n - 1] == '\n')
		ret[--n] = '\0';
	return n;
}

int sysfs_write_attribute(const struct root *root, struct pci_address address,
	enum sysfs_attribute attribute, const char *value)
{
	char name[NAME_SIZE];

	device_name(root, name, address, attributes[attribute]);
	return write_value(root, name, value);
}

int sysfs_read_driver_module(
	const struct root *root, const char *driver, char ret[static SYSFS_DRIVER_SIZE])
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), TREE_PCI_DRIVERS "/%s/module", driver);
	return read_last_name(root, name, ret);
}

int sysfs_write_unbind(
	const struct root *root, struct pci_address address, const char *driver)
{
	char name[NAME_SIZE], text[PCI_ADDRESS_SIZE];

	snprintf(name, sizeof(name), TREE_PCI_DRIVERS "/%s/unbind", driver);
	pci_address_format(address, text);
	return write_value(root, name, text);
}

int sysfs_write_platform_unbind(
	const struct root *root, const char *device, const char *driver)
{
	char name[NAME_SIZE];

	text_join(name, sizeof(name), PLATFORM "/", driver, "/unbind", NULL);
	return write_value(root, name, device);
}

int sysfs_write_console(const struct root *root, const char *console, bool bind)
{
	char name[NAME_SIZE];

	text_join(name, sizeof(name), TREE_VTCONSOLE "/", console, "/bind", NULL);
	return write_value(root, name, bind ? "1" : "0");
}
