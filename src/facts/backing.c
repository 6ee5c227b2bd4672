/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block devices in sysfs, down to the PCI functions that carry them. */
#include "backing.h"

#include <limits.h>
#include <sys/sysmacros.h>

#include "base/base.h"

/* Parts of the sysfs path of a disk that another machine has. */
static const char *const network_marks[] = {
	"/session", /* iSCSI without an HBA: /sys/devices/platform/hostN/sessionN */
	"/nvme-fabrics/",
	"/virtual/block/nbd",
	"/virtual/block/etherd!",
	"/devices/rbd/",
};

/* Parts of the sysfs path of a disk in memory. */
static const char *const memory_marks[] = {
	"/virtual/block/zram",
	"/virtual/block/ram",
};

static bool has_mark(const char *path, const char *const *marks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(path, marks[i]))
			return true;
	return false;
}

/* Cuts the last component off; false when there is only one. */
static bool cut(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
	return slash;
}

/* Adds where the sysfs link @directory/@name leads. */
static int add_target(const struct root *root, const char *directory, const char *name,
	struct file_names *list)
{
	_cleanup_free_ char *link = NULL, *real = NULL;
	int r;

	if (asprintf(&link, "%s/%s", directory, name) < 0)
		return -ENOMEM;
	r = file_resolve(root, link, &real);
	return r < 0 ? r : file_add_name(list, real);
}

static bool is_function(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct pci_address ignored;

	return slash && pci_address_parse(slash + 1, PCI_NAME_WHOLE, &ignored, NULL) == 0;
}

/*
 * On the way up is the function that the root bus belongs to, and of a virtual function
 * the physical one is needed, too.
 */
int backing_add_functions(
	const struct root *root, const char *real, struct backing *backing)
{
	_cleanup_free_ char *path = strdup(real);
	int found = 0, r;

	if (!path)
		return -ENOMEM;
	do {
		if (!is_function(path))
			continue;
		r = file_add_name(&backing->functions, path);
		if (r == 0 && file_exists(root, "%s/%s", path, "physfn"))
			r = add_target(root, path, "physfn", &backing->functions);
		if (r < 0)
			return r;
		found++;
		while (is_function(path))
			cut(path);
	} while (cut(path));
	return found;
}

static bool is_controller(const char *name)
{
	return strncmp(name, "nvme", 4) == 0 && name[4] &&
		!name[4 + strspn(name + 4, "0123456789")];
}

/*
 * Adds where the links in @directory lead, only those to controllers on demand.  Returns
 * how many there are, or -errno; a directory that is not there has none.
 */
static int add_links(const struct root *root, const char *directory, bool controllers,
	struct file_names *below)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const char *name;
	int found = 0, r;

	r = file_open_directory(root, directory, &dir);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while ((name = file_next_name(dir))) {
		if (controllers && !is_controller(name))
			continue;
		r = add_target(root, directory, name, below);
		if (r < 0)
			return r;
		found++;
	}
	return found;
}

/* Adds what the disk at @real is made of.  Returns how many, or -errno. */
static int add_parts(const struct root *root, const char *real, struct file_names *below)
{
	_cleanup_free_ char *directory = NULL;
	bool shared = strstr(real, "/virtual/nvme-subsystem/");

	if (asprintf(&directory, "%s/slaves", real) < 0)
		return -ENOMEM;
	if (shared) { /* its subsystem links to the controllers */
		cut(directory);
		cut(directory);
	}
	return add_links(root, directory, shared, below);
}

/* Whether it is a loop device with a file (drivers/block/loop.c, its attributes). */
static bool is_in_file(const struct root *root, const char *real)
{
	return strstr(real, "/virtual/block/loop") &&
		file_exists(root, "%s/%s", real, "loop/backing_file");
}

/* Follows one device by one step: to functions, or to the devices @below it. */
static int follow(
	const struct root *root, char *real, struct file_names *below, struct backing *b)
{
	int r;

	if (file_exists(root, "%s/%s", real, "partition"))
		cut(real);
	r = backing_add_functions(root, real, b);
	if (r != 0)
		return r < 0 ? r : 0;
	if (has_mark(real, network_marks, ARRAY_SIZE(network_marks))) {
		b->network = true;
		return 0;
	}
	if (is_in_file(root, real)) {
		b->file = true;
		return 0;
	}
	r = add_parts(root, real, below);
	if (r == 0 && strstr(real, "/virtual/") &&
		!has_mark(real, memory_marks, ARRAY_SIZE(memory_marks)))
		b->untraced = true;
	return r < 0 ? r : 0;
}

/* Follows the device that the sysfs link @link leads to, all the way down. */
static int follow_link(const struct root *root, const char *link, struct backing *b)
{
	_cleanup_(file_free_names) struct file_names below = {0};
	_cleanup_free_ char *real = NULL;
	int r;

	r = file_resolve(root, link, &real);
	if (r == -ENOENT) {
		b->untraced = true;
		return 0;
	}
	if (r == 0)
		r = file_add_name(&below, real);
	for (size_t i = 0; r == 0 && i < below.n; i++)
		r = follow(root, below.names[i], &below, b);
	return r;
}

/* The kernel's name of the dm device that is called @name; -ENOENT without one. */
static int find_mapped(const struct root *root, const char *name, char **ret)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const char *entry;
	int r;

	r = file_open_directory(root, TREE_BLOCK, &dir);
	if (r < 0)
		return r;
	while ((entry = file_next_name(dir))) {
		char path[PATH_MAX], value[NAME_MAX];

		snprintf(path, sizeof(path), TREE_BLOCK "/%s/dm/name", entry);
		if (file_read_line(root, path, value, sizeof(value)) < 0 ||
			strcmp(value, name) != 0)
			continue;
		*ret = strdup(entry);
		return *ret ? 0 : -ENOMEM;
	}
	return -ENOENT;
}

/* The kernel's name of @node ("/dev/cciss/c0d0" is cciss!c0d0); -ENOENT without one. */
static int find_name(const struct root *root, const char *node, char **ret)
{
	static const char mapper[] = TREE_DEV "mapper/";
	_cleanup_free_ char *name = NULL;

	if (strncmp(node, mapper, strlen(mapper)) == 0)
		return find_mapped(root, node + strlen(mapper), ret);
	if (strncmp(node, TREE_DEV, strlen(TREE_DEV)) != 0)
		return -ENOENT;
	name = strdup(node + strlen(TREE_DEV));
	if (!name)
		return -ENOMEM;
	for (char *p = name; (p = strchr(p, '/')); p++)
		*p = '!';
	if (!file_exists(root, "%s/%s", TREE_BLOCK, name))
		return -ENOENT;
	*ret = TAKE_PTR(name);
	return 0;
}

int backing_add_number(const struct root *root, dev_t number, struct backing *backing)
{
	char link[64];

	snprintf(link, sizeof(link), TREE_BLOCK_BY_NO "/%u:%u", major(number),
		minor(number));
	return follow_link(root, link, backing);
}

int backing_add_node(const struct root *root, const char *node, struct backing *backing)
{
	_cleanup_free_ char *name = NULL, *link = NULL;
	int r;

	r = find_name(root, node, &name);
	if (r == -ENOENT) {
		backing->untraced = true;
		return 0;
	}
	if (r < 0)
		return r;
	if (asprintf(&link, TREE_BLOCK "/%s", name) < 0)
		return -ENOMEM;
	return follow_link(root, link, backing);
}

/* Adds the devices of the btrfs file system @uuid if @name (NULL: any) is one of them. */
static int add_btrfs(
	const struct root *root, const char *uuid, const char *name, struct backing *b)
{
	_cleanup_free_ char *devices = NULL;
	_cleanup_closedir_ DIR *dir = NULL;
	const char *entry;
	int found = 0, r;

	if (asprintf(&devices, TREE_BTRFS "/%s/devices", uuid) < 0)
		return -ENOMEM;
	r = file_open_directory(root, devices, &dir);
	if (r < 0) /* "features" is no file system */
		return r == -ENOENT ? 0 : r;
	if (name && !file_exists(root, "%s/%s", devices, name))
		return 0;
	while ((entry = file_next_name(dir))) {
		_cleanup_free_ char *link = NULL;

		if (asprintf(&link, TREE_BLOCK "/%s", entry) < 0)
			return -ENOMEM;
		r = follow_link(root, link, b);
		if (r < 0)
			return r;
		found++;
	}
	return found;
}

/* The same for every btrfs file system.  Returns how many devices, or -errno. */
static int add_all_btrfs(const struct root *root, const char *name, struct backing *b)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const char *uuid;
	int found = 0, r;

	r = file_open_directory(root, TREE_BTRFS, &dir);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while ((uuid = file_next_name(dir))) {
		r = add_btrfs(root, uuid, name, b);
		if (r < 0)
			return r;
		found += r;
	}
	return found;
}

int backing_add_btrfs(const struct root *root, const char *node, struct backing *backing)
{
	_cleanup_free_ char *name = NULL;
	int r;

	r = find_name(root, node, &name);
	if (r == 0)
		r = add_all_btrfs(root, name, backing);
	if (r == 0 || r == -ENOENT)
		r = add_all_btrfs(root, NULL, backing);
	if (r == 0)
		backing->untraced = true;
	return r < 0 ? r : 0;
}

void backing_free(struct backing *backing)
{
	file_free_names(&backing->functions);
}
