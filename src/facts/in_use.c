/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From mount points, swap areas and interfaces to the functions behind them. */
#include "in_use.h"

#include <libmount.h>
#include <sys/sysmacros.h>

#include "base/base.h"
#include "mounts.h"
#include "network.h"
#include "signature.h"
#include "zfs.h"

#define SYSROOT "/sysroot"

/* What a host runs from.  Without those that are needed it does not come up. */
static const struct {
	const char *mount;
	enum in_use_weight weight;
} kept[] = {
	{"/", IN_USE_NEEDED}, {"/usr", IN_USE_NEEDED}, {"/boot", IN_USE_KEPT},
	{"/boot/efi", IN_USE_KEPT}, {"/efi", IN_USE_KEPT}, {"/var", IN_USE_NEEDED},
	{"/home", IN_USE_KEPT},
	{"/nix", IN_USE_NEEDED},  /* NixOS, where the root may be a tmpfs */
	{SYSROOT, IN_USE_NEEDED}, /* OSTree, where the root may be an overlay */
};

/* File systems that need no device. */
static const char *const memory_types[] = {"tmpfs", "ramfs", "rootfs", "autofs"};

/* Those of another machine that mnt_fs_is_netfs() does not know. */
static const char *const network_types[] = {"ceph", "lustre", "fuse.glusterfs"};

enum in_use_weight in_use_weigh_mount(const char *mount)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (strcmp(mount, kept[i].mount) == 0)
			return kept[i].weight;
	return IN_USE_SPARED;
}

static bool is_in_container(const struct root *root)
{
	static const char *const marks[] = {TREE_CONTAINER_MARKS};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (file_exists(root, "%s", marks[i]))
			return true;
	return false;
}

/* Reads the mounts, or says that this is not a running host. */
static int read_host(struct in_use *in_use)
{
	int r;

	if (is_in_container(in_use->root) || !file_exists(in_use->root, TREE_BLOCK_BY_NO))
		return -EHOSTUNREACH;
	r = mounts_read(in_use->root, &in_use->mounts);
	if (r == -ENOENT || (r == 0 && !mounts_find(in_use->mounts, "/")))
		return -EHOSTUNREACH;
	return r < 0 ? r : in_use->bus->error;
}

/* Adds a thing, with nothing behind it yet; NULL without memory. */
static struct in_use_thing *add_thing(struct in_use *in_use, enum in_use_kind kind,
	enum in_use_weight weight, const char *what)
{
	_cleanup_free_ char *copy = strdup(what);
	struct in_use_thing *thing =
		copy ? LIST_ADD(in_use->things, in_use->n_things) : NULL;

	if (!thing)
		return NULL;
	text_make_printable(copy); /* anybody names a mount point */
	*thing = (struct in_use_thing){
		.kind = kind, .weight = weight, .what = TAKE_PTR(copy)};
	return thing;
}

/* XFS may have its log and its files on devices of their own (fs/xfs/xfs_super.c, xfs_fs_show_options()). */
static int trace_options(
	const struct root *root, struct libmnt_fs *fs, struct backing *ret)
{
	static const char *const names[] = {"logdev", "rtdev"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *node = NULL;
		char *value = NULL;
		size_t size = 0;

		if (mnt_fs_get_option(fs, names[i], &value, &size) != 0 || !value)
			continue;
		node = strndup(value, size);
		r = node ? backing_add_node(root, node, ret) : -ENOMEM;
	}
	return r;
}

/*
 * f2fs has the list of its devices in its superblock alone (include/linux/f2fs_fs.h; fs/f2fs/super.c,
 * f2fs_scan_devices()); of a single one it is empty.  For who may not read that it is
 * untraced; where no node is, as in a captured machine, the first one is known.
 */
static int trace_f2fs(const struct root *root, struct libmnt_fs *fs, struct backing *ret)
{
	static const char magic[] = "\x10\x20\xf5\xf2";
	const char *source = mnt_fs_get_srcpath(fs);
	struct {
		char rest[2201];
		struct {
			char path[64], segments[4];
		} devices[8];
	} super; /* of bytes: it has no gaps */
	_cleanup_close_ int fd =
		source ? signature_open(root, source, mnt_fs_get_devno(fs)) : -ENOENT;
	int r = 0;

	if (fd < 0) {
		ret->untraced = fd == -EACCES;
		return 0;
	}
	if (pread(fd, &super, sizeof(super), 1024) != sizeof(super) ||
		memcmp(super.rest, magic, strlen(magic)) != 0) {
		ret->untraced = true;
		return 0;
	}
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(super.devices); i++) {
		char node[sizeof(super.devices[i].path) + 1] = "";

		memcpy(node, super.devices[i].path, sizeof(super.devices[i].path));
		if (!*node)
			break;
		r = backing_add_node(root, node, ret);
	}
	return r;
}

/*
 * What is behind a mounted file system.  What is put together from other mounts (an
 * overlay, FUSE) is untraced if it is to be kept: else those mounts are things themselves.
 */
static int trace_file_system(
	const struct root *root, struct libmnt_fs *fs, bool strict, struct backing *ret)
{
	const char *type = mnt_fs_get_fstype(fs), *source = mnt_fs_get_srcpath(fs);
	dev_t number = mnt_fs_get_devno(fs);
	int r = 0;

	if (type && strcmp(type, "xfs") == 0)
		r = trace_options(root, fs, ret);
	else if (type && strcmp(type, "f2fs") == 0)
		r = trace_f2fs(root, fs, ret);
	if (r < 0)
		return r;
	/* bcachefs has the number of one of its devices, btrfs none */
	if (type && backing_is_pool(type))
		return backing_add_pool(root, type, source ? source : "", ret);
	if (major(number))
		return backing_add_number(root, number, ret);
	if (type && text_is_one_of(type, memory_types, ARRAY_SIZE(memory_types)))
		return 0;
	if ((type && text_is_one_of(type, network_types, ARRAY_SIZE(network_types))) ||
		(mnt_fs_is_netfs(fs) && strcmp(type, "9p") != 0))
		ret->network = true;
	else
		ret->untraced = strict;
	return 0;
}

static int copy_names(const struct file_names *from, struct file_names *to)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->n; i++)
		r = file_add_name(to, from->names[i]);
	return r;
}

static int copy_backing(const struct backing *from, struct backing *to)
{
	int r = copy_names(&from->functions, &to->functions);

	to->network |= from->network;
	to->file |= from->file;
	to->untraced |= from->untraced;
	return r < 0 ? r : copy_names(&from->disks, &to->disks);
}

/* A pool is asked for once: it may have hundreds of mounted data sets. */
static int trace_pool(
	struct in_use *in_use, struct in_use_thing *thing, const char *source)
{
	source = source ? source : "";
	thing->pool = strndup(source, strcspn(source, "/@"));
	if (!thing->pool)
		return -ENOMEM;
	for (const struct in_use_thing *other = in_use->things; other < thing; other++)
		if (other->pool && strcmp(other->pool, thing->pool) == 0)
			return copy_backing(&other->backing, &thing->backing);
	return zfs_add_pool(in_use->root, source, &thing->backing);
}

/*
 * Whether it is a composefs of OSTree, on whose objects in /sysroot all of it depends: an overlay
 * with a layer of data alone (Documentation/filesystems/overlayfs.rst), as nothing else has.  What
 * /sysroot is on is kept by itself.
 */
static bool is_of_sysroot(const struct in_use *in_use, struct libmnt_fs *fs)
{
	const char *type = mnt_fs_get_fstype(fs), *options = mnt_fs_get_fs_options(fs);

	return type && options && strcmp(type, "overlay") == 0 &&
		(strstr(options, ",datadir+=" SYSROOT "/") ||
			strstr(options, "::" SYSROOT "/")) &&
		mounts_find(in_use->mounts, SYSROOT);
}

static int trace_mount(struct in_use *in_use, struct libmnt_fs *fs, enum in_use_kind kind,
	enum in_use_weight weight, const char *what)
{
	struct in_use_thing *thing = add_thing(in_use, kind, weight, what);
	const char *type = mnt_fs_get_fstype(fs);
	bool strict = weight != IN_USE_SPARED && !is_of_sysroot(in_use, fs);
	int r;

	if (!thing)
		return -ENOMEM;
	if (type && strcmp(type, "zfs") == 0)
		r = trace_pool(in_use, thing, mnt_fs_get_source(fs));
	else
		r = trace_file_system(in_use->root, fs, strict, &thing->backing);
	if (r < 0 && r != -ENOMEM && !strict) {
		thing->backing.untraced = true;
		r = 0;
	}
	thing->backing.untraced |= thing->backing.file && strict;
	return r;
}

static int trace_kept_mounts(struct in_use *in_use)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(kept); i++) {
		struct libmnt_fs *fs = mounts_find(in_use->mounts, kept[i].mount);

		if (fs)
			r = trace_mount(
				in_use, fs, IN_USE_MOUNT, kept[i].weight, kept[i].mount);
	}
	return r;
}

static int trace_swap(struct in_use *in_use, struct libmnt_fs *swap)
{
	const char *type = mnt_fs_get_swaptype(swap), *path = mnt_fs_get_source(swap);
	struct in_use_thing *thing;
	struct libmnt_fs *fs = NULL;
	int r;

	path = path ? path : "";
	if (type && strcmp(type, "file") == 0 && *path)
		fs = mounts_find_holder(in_use->mounts, path);
	if (fs)
		return trace_mount(in_use, fs, IN_USE_SWAP, IN_USE_NEEDED, path);
	thing = add_thing(in_use, IN_USE_SWAP, IN_USE_NEEDED, path);
	if (!thing)
		return -ENOMEM;
	r = backing_add_node(in_use->root, path, &thing->backing);
	thing->backing.untraced |= thing->backing.file;
	return r;
}

/* Calls @trace for each file system or swap area of @table until it fails. */
static int each_fs(struct in_use *in_use, struct libmnt_table *table,
	int (*trace)(struct in_use *in_use, struct libmnt_fs *fs))
{
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	int r = 0;

	if (!iter)
		return -ENOMEM;
	while (r == 0 && mnt_table_next_fs(table, iter, &fs) == 0)
		r = trace(in_use, fs);
	mnt_free_iter(iter);
	return r;
}

static int trace_swaps(struct in_use *in_use)
{
	_cleanup_(mounts_unref) struct libmnt_table *swaps = NULL;
	int r = mounts_read_swaps(in_use->root, &swaps);

	if (r < 0)
		return r == -ENOENT ? 0 : r; /* a kernel without swap */
	return each_fs(in_use, swaps, trace_swap);
}

/* The device that a hibernated system wakes up from, "0:0" for none. */
static int trace_resume(struct in_use *in_use)
{
	struct in_use_thing *thing;
	unsigned int maj, min;
	char text[32];
	int r;

	r = file_read_line(in_use->root, TREE_RESUME, text, sizeof(text));
	if (r < 0)
		return r == -ENOENT ? 0 : r; /* a kernel without hibernation */
	if (sscanf(text, "%u:%u", &maj, &min) != 2 || !maj)
		return 0;
	thing = add_thing(in_use, IN_USE_RESUME, IN_USE_NEEDED, "resume");
	if (!thing)
		return -ENOMEM;
	r = backing_add_number(in_use->root, makedev(maj, min), &thing->backing);
	thing->backing.untraced |= thing->backing.file;
	return r;
}

/* What is covered by another file system is still mounted. */
static int trace_other_mount(struct in_use *in_use, struct libmnt_fs *fs)
{
	const char *target = mnt_fs_get_target(fs);

	if (target && in_use_weigh_mount(target) != IN_USE_SPARED &&
		mounts_find(in_use->mounts, target) == fs)
		return 0;
	return target ? trace_mount(in_use, fs, IN_USE_MOUNT, IN_USE_SPARED, target) : 0;
}

static int trace_interfaces(
	struct in_use *in_use, const struct file_names *names, enum in_use_kind kind)
{
	bool route = kind == IN_USE_ROUTE;
	int r = 0;

	for (size_t i = 0; r == 0 && i < names->n; i++) {
		struct in_use_thing *thing = add_thing(in_use, kind,
			route ? IN_USE_KEPT : IN_USE_SPARED, names->names[i]);

		r = thing ? network_add_functions(
				    in_use->root, thing->what, route, &thing->backing)
			  : -ENOMEM;
	}
	return r;
}

static int trace_host(struct in_use *in_use)
{
	static int (*const steps[])(struct in_use * in_use) = {
		read_host, trace_kept_mounts, trace_swaps, trace_resume};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](in_use);
	return r;
}

static int trace_routes(struct in_use *in_use)
{
	_cleanup_(file_free_names) struct file_names routes = {0};
	int r = network_add_default(in_use->root, &routes);

	return r < 0 ? r : trace_interfaces(in_use, &routes, IN_USE_ROUTE);
}

static int trace_console(struct in_use *in_use, const char *name)
{
	_cleanup_free_ char *real = NULL;
	struct in_use_thing *thing;
	char path[PATH_MAX];
	int r;

	text_join(path, sizeof(path), TREE_TTYS "/", name, NULL);
	r = file_resolve(in_use->root, path, &real);
	if (r < 0)
		return r == -ENOENT ? 0 : r; /* of no line, such as netconsole */
	thing = add_thing(in_use, IN_USE_CONSOLE, IN_USE_SPARED, name);
	r = thing ? backing_add_functions(in_use->root, real, &thing->backing) : -ENOMEM;
	return r < 0 ? r : 0;
}

/* Where the kernel's messages go to: "tty0 ttyS4" (drivers/tty/tty_io.c, show_cons_active()). */
static int trace_consoles(struct in_use *in_use)
{
	char text[256], *rest = text, *name;
	int r = file_read_line(
		in_use->root, TREE_TTYS "/console/active", text, sizeof(text));

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while (r == 0 && (name = strsep(&rest, " ")))
		r = *name ? trace_console(in_use, name) : 0;
	return r;
}

static int trace_rest(struct in_use *in_use)
{
	_cleanup_(file_free_names) struct file_names up = {0};
	int r = each_fs(in_use, in_use->mounts, trace_other_mount);

	if (r == 0)
		r = network_add_up(in_use->root, &up);
	if (r == 0)
		r = trace_interfaces(in_use, &up, IN_USE_INTERFACE);
	return r < 0 ? r : trace_consoles(in_use);
}

int in_use_trace(struct in_use *in_use, enum in_use_extent extent)
{
	static int (*const trace[IN_USE_EXTENTS])(struct in_use * in_use) = {
		[IN_USE_HOST] = trace_host,
		[IN_USE_ROUTES] = trace_routes,
		[IN_USE_ALL] = trace_rest,
	};

	while (in_use->error == 0 && in_use->traced <= (unsigned)extent) {
		in_use->error = trace[in_use->traced](in_use);
		in_use->traced += in_use->error == 0;
	}
	return in_use->traced > (unsigned)extent ? 0 : in_use->error;
}

bool in_use_may_be_on(const struct in_use_thing *thing, enum in_use_carrier carrier,
	const struct pcidev *dev)
{
	uint8_t class = pcidev_base_class(dev);

	if (carrier == IN_USE_STORAGE)
		return class != PCI_BASE_NETWORK && pcidev_can_carry_root(dev);
	if (thing->weight != IN_USE_NEEDED)
		return class == PCI_BASE_NETWORK;
	return class != PCI_BASE_STORAGE && pcidev_can_carry_root(dev);
}

const struct pcibus_function *in_use_function(
	const struct in_use *in_use, const char *directory)
{
	const char *slash = strrchr(directory, '/');
	struct pci_address address;

	if (!slash || pci_address_parse(slash + 1, PCI_NAME_WHOLE, &address, NULL) < 0)
		return NULL;
	return pcibus_find(in_use->bus, address);
}

bool in_use_has_disks(const struct in_use *in_use, const struct file_names *disks)
{
	for (size_t i = 0; i < in_use->n_things; i++)
		for (size_t j = 0; j < disks->n; j++)
			if (file_has_name(
				    &in_use->things[i].backing.disks, disks->names[j]))
				return true;
	return false;
}

void in_use_free(struct in_use *in_use)
{
	for (size_t i = 0; i < in_use->n_things; i++) {
		free(in_use->things[i].what);
		free(in_use->things[i].pool);
		backing_free(&in_use->things[i].backing);
	}
	free(in_use->things);
	mounts_unref(&in_use->mounts);
}
