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
 * Adds what the function, or bridge, is a consumer of (Documentation/ABI/testing/sysfs-devices-supplier):
 * a port of Thunderbolt leads nowhere without its controller (drivers/thunderbolt/acpi.c).
 */
static int add_suppliers(
	const struct root *root, const char *function, struct file_names *functions)
{
	static const char prefix[] = "supplier:pci:";
	_cleanup_(file_free_names) struct file_names links = {0};
	int r = file_list_paths(root, function, "supplier:pci:*", 0, &links);

	for (size_t i = 0; r == 0 && i < links.n; i++) {
		r = add_target(root, TREE_PCI,
			strrchr(links.names[i], '/') + strlen(prefix) + 1, functions);
		r = r == -ENOENT ? 0 : r;
	}
	return r;
}

/*
 * On the way up is the function that the root bus belongs to, and of a virtual function
 * the physical one is needed, too.
 */
int backing_add_functions(
	const struct root *root, const char *real, struct backing *backing)
{
	_cleanup_free_ char *path = strdup(real);
	int found = 0, r = 0;

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
		for (; r == 0 && is_function(path); cut(path))
			r = add_suppliers(root, path, &backing->functions);
	} while (r == 0 && cut(path));
	return r < 0 ? r : found;
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

/* Notes a disk that a function has; of several paths to it the controllers are none. */
static int add_disk(const char *real, struct backing *b)
{
	return is_controller(strrchr(real, '/') + 1) ? 0 : file_add_name(&b->disks, real);
}

/* Adds what the disk at @real is made of.  Returns how many, or -errno. */
static int add_parts(const struct root *root, const char *real, struct file_names *below,
	struct backing *b)
{
	_cleanup_free_ char *directory = NULL;
	bool shared = strstr(real, "/virtual/nvme-subsystem/");

	if (asprintf(&directory, "%s/slaves", real) < 0 ||
		(shared && add_disk(real, b) < 0))
		return -ENOMEM;
	if (shared) { /* its subsystem links to the controllers */
		cut(directory);
		cut(directory);
	}
	return add_links(root, directory, shared, below);
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

/*
 * Adds what a loop device has for its file, and what memory is written back to (drivers/block/loop.c,
 * drivers/block/zram/zram_drv.c).  Returns whether there is such a thing, or -errno.
 */
static int add_backing(const struct root *root, const char *real, bool loop,
	struct file_names *below, struct backing *b)
{
	_cleanup_free_ char *name = NULL;
	char path[PATH_MAX], node[PATH_MAX];
	int r;

	text_join(path, sizeof(path), real, loop ? "/loop/backing_file" : "/backing_dev",
		NULL);
	r = file_read_line(root, path, node, sizeof(node));
	if (r == -ENOENT || (r == 0 && !loop && strcmp(node, "none") == 0))
		return 0;
	r = r < 0 ? r : find_name(root, node, &name);
	if (r == 0)
		r = add_target(root, TREE_BLOCK, name, below);
	if (r == -ENOMEM)
		return r;
	b->file |= r < 0 && loop;
	b->untraced |= r < 0 && !loop;
	return 1;
}

/* Follows one device by one step: to functions, or to the devices @below it. */
static int follow(
	const struct root *root, char *real, struct file_names *below, struct backing *b)
{
	bool loop;
	int r;

	if (file_exists(root, "%s/%s", real, "partition"))
		cut(real);
	r = backing_add_functions(root, real, b);
	if (r != 0)
		return r < 0 ? r : add_disk(real, b);
	if (has_mark(real, network_marks, ARRAY_SIZE(network_marks))) {
		b->network = true;
		return 0;
	}
	loop = strstr(real, "/virtual/block/loop");
	r = loop || strstr(real, "/virtual/block/zram")
		? add_backing(root, real, loop, below, b)
		: add_parts(root, real, below, b);
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

/*
 * File systems on several devices: where the kernel lists those of each, and by which link in an
 * entry of that list; "": the entry has the device's name.
 */
static const struct pool {
	const char *type, *directory, *list, *prefix, *link;
} pools[] = {
	/* fs/btrfs/sysfs.c: UUID/devices/sda */
	{"btrfs", TREE_BTRFS, "/devices", "", ""},
	/* bcachefs, fs/super.c, bch2_dev_sysfs_online(): UUID/dev-0/block */
	{"bcachefs", TREE_BCACHEFS, "", "dev-", "/block"},
};

/* Adds what the links of the file system @uuid lead to; of a member that is gone, its link. */
static int list_members(const struct root *root, const struct pool *pool,
	const char *uuid, struct file_names *members)
{
	_cleanup_free_ char *directory = NULL;
	_cleanup_closedir_ DIR *dir = NULL;
	const char *entry;
	int r;

	if (asprintf(&directory, "%s/%s%s", pool->directory, uuid, pool->list) < 0)
		return -ENOMEM;
	r = file_open_directory(root, directory, &dir);
	while (r == 0 && (entry = file_next_name(dir))) {
		_cleanup_free_ char *link = NULL, *real = NULL;

		if (!text_begins_with(entry, pool->prefix))
			continue;
		if (asprintf(&link, "%s/%s%s", *pool->link ? directory : TREE_BLOCK,
			    entry, pool->link) < 0)
			return -ENOMEM;
		r = file_resolve(root, link, &real);
		if (r == 0 || r == -ENOENT)
			r = file_add_name(members, real ? real : link);
	}
	/* "features" of btrfs is no file system. */
	return r == -ENOENT || r == -ENOTDIR ? 0 : r;
}

static bool has_name(const struct file_names *members, const char *name)
{
	for (size_t i = 0; i < members->n; i++) {
		const char *slash = strrchr(members->names[i], '/');

		if (slash && strcmp(slash + 1, name) == 0)
			return true;
	}
	return false;
}

/*
 * Adds the devices of each file system of the pool that has @name (NULL: of all).  Returns how
 * many there are, or -errno.
 */
static int add_pools(const struct root *root, const struct pool *pool, const char *name,
	struct backing *b)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const char *uuid;
	int found = 0, r;

	r = file_open_directory(root, pool->directory, &dir);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while ((uuid = file_next_name(dir))) {
		_cleanup_(file_free_names) struct file_names members = {0};

		r = list_members(root, pool, uuid, &members);
		if (r == 0 && name && strcmp(name, uuid) != 0 &&
			!has_name(&members, name))
			continue;
		for (size_t i = 0; r == 0 && i < members.n; i++)
			r = follow_link(root, members.names[i], b);
		if (r < 0)
			return r;
		found += (int)members.n;
	}
	return found;
}

/* Adds those that the source names, with colons between. */
static int add_listed(const struct root *root, const char *source, struct backing *b)
{
	_cleanup_free_ char *list = strdup(source);
	char *rest = list, *node;
	int r = list ? 0 : -ENOMEM;

	while (r == 0 && (node = strsep(&rest, ":")))
		r = backing_add_node(root, node, b);
	return r;
}

/* By which name the kernel lists the file system, or one of its devices; NULL: not known. */
static int find_pool_name(const struct root *root, const char *source, char **ret)
{
	static const char by_uuid[] = TREE_DEV "disk/by-uuid/";
	_cleanup_free_ char *first = strndup(source, strcspn(source, ":"));
	int r;

	*ret = NULL;
	if (!first)
		return -ENOMEM;
	if (text_begins_with(first, by_uuid)) {
		*ret = strdup(first + strlen(by_uuid));
		return *ret ? 0 : -ENOMEM;
	}
	r = find_name(root, first, ret);
	return r == -ENOENT ? 0 : r;
}

int backing_add_pool(const struct root *root, const char *type, const char *source,
	struct backing *backing)
{
	const struct pool *pool = pools;
	_cleanup_free_ char *name = NULL;
	int r;

	while (strcmp(pool->type, type) != 0)
		if (++pool == pools + ARRAY_SIZE(pools))
			return -EINVAL;
	r = find_pool_name(root, source, &name);
	if (r == 0 && name)
		r = add_pools(root, pool, name, backing);
	if (r == 0 && name && strcmp(type, "btrfs") != 0)
		return add_listed(root, source, backing);
	if (r == 0)
		r = add_pools(root, pool, NULL, backing);
	if (r == 0)
		backing->untraced = true;
	return r < 0 ? r : 0;
}

bool backing_is_pool(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(pools); i++)
		if (strcmp(pools[i].type, type) == 0)
			return true;
	return false;
}

bool backing_has_function(const struct backing *backing, struct pci_address function)
{
	char name[PCI_ADDRESS_SIZE];

	pci_address_format(function, name);
	for (size_t i = 0; i < backing->functions.n; i++)
		if (strcmp(strrchr(backing->functions.names[i], '/') + 1, name) == 0)
			return true;
	return false;
}

void backing_free(struct backing *backing)
{
	file_free_names(&backing->functions);
	file_free_names(&backing->disks);
}
