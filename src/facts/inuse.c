/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From mount points, swap areas and interfaces to the functions behind them. */
#include "inuse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "base/base.h"
#include "network.h"
#include "zfs.h"

/* What a host runs from.  Without those that are needed it does not come up. */
static const struct {
	const char *mount;
	enum inuse_weight weight;
} kept[] = {
	{"/", INUSE_NEEDED}, {"/usr", INUSE_NEEDED}, {"/boot", INUSE_KEPT},
	{"/boot/efi", INUSE_KEPT}, {"/efi", INUSE_KEPT}, {"/var", INUSE_NEEDED},
	{"/home", INUSE_KEPT},
	{"/nix", INUSE_NEEDED},     /* NixOS, where the root may be a tmpfs */
	{"/sysroot", INUSE_NEEDED}, /* OSTree, where the root may be an overlay */
};

/* File systems that need no device. */
static const char *const memory_types[] = {"tmpfs", "ramfs", "rootfs", "autofs"};

/* Those of another machine that mnt_fs_is_netfs() does not know. */
static const char *const network_types[] = {"ceph", "lustre", "fuse.glusterfs"};

static bool is_one_of(const char *text, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text && strcmp(text, list[i]) == 0)
			return true;
	return false;
}

static bool is_in_container(const struct sysfs_root *root)
{
	static const char *const marks[] = {TREE_CONTAINER_MARKS};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (hostfile_exists(root, "%s", marks[i]))
			return true;
	return false;
}

/* A machine without PCI has an empty bus. */
static int read_bus(struct inuse *inuse)
{
	int r = 0;

	if (!inuse->bus) {
		inuse->bus = &inuse->own_bus;
		r = pcibus_read(inuse->root, PCIBUS_PLACES, &inuse->own_bus);
	}
	return r < 0 && r != -ENOENT ? r : inuse->bus->error;
}

/* Reads mounts and functions, or says that this is not a running host. */
static int read_host(struct inuse *inuse)
{
	int r;

	if (is_in_container(inuse->root) ||
		!hostfile_exists(inuse->root, TREE_BLOCK_BY_NO))
		return -EHOSTUNREACH;
	r = mounts_read(inuse->root, &inuse->mounts);
	if (r == -ENOENT || (r == 0 && !mounts_find(inuse->mounts, "/")))
		return -EHOSTUNREACH;
	return r < 0 ? r : read_bus(inuse);
}

/* Adds a thing, with nothing behind it yet; NULL without memory. */
static struct inuse_thing *add_thing(struct inuse *inuse, enum usage_kind kind,
	enum inuse_weight weight, const char *what)
{
	struct inuse_thing *more =
		reallocarray(inuse->things, inuse->n_things + 1, sizeof(*more));

	if (!more)
		return NULL;
	inuse->things = more;
	more += inuse->n_things;
	*more = (struct inuse_thing){
		.kind = kind, .weight = weight, .what = strdup(what)};
	if (!more->what)
		return NULL;
	text_make_printable(more->what); /* anybody names a mount point */
	inuse->n_things++;
	return more;
}

/*
 * What stands behind a mounted file system.  What is put together from other mounts (an
 * overlay, FUSE) is untraced if it is to be kept: else those mounts are things themselves.
 */
static int trace_file_system(const struct sysfs_root *root, struct libmnt_fs *fs,
	bool strict, struct backing *ret)
{
	const char *type = mnt_fs_get_fstype(fs), *source = mnt_fs_get_srcpath(fs);
	dev_t number = mnt_fs_get_devno(fs);

	if (major(number)) {
		/* bcachefs tells all its devices by name, and one by number */
		ret->untraced = source && strchr(source, ':');
		return backing_add_number(root, number, ret);
	}
	if (is_one_of(type, memory_types, ARRAY_SIZE(memory_types)))
		return 0;
	if (type && strcmp(type, "btrfs") == 0)
		return backing_add_btrfs(root, source ? source : "", ret);
	if (is_one_of(type, network_types, ARRAY_SIZE(network_types)) ||
		(mnt_fs_is_netfs(fs) && strcmp(type, "9p") != 0))
		ret->network = true;
	else
		ret->untraced = strict;
	return 0;
}

static int copy_backing(const struct backing *from, struct backing *to)
{
	int r = 0;

	to->network |= from->network;
	to->file |= from->file;
	to->untraced |= from->untraced;
	for (size_t i = 0; r == 0 && i < from->functions.n; i++)
		r = hostfile_add_name(&to->functions, from->functions.names[i]);
	return r;
}

/* A pool is asked for once: it may have hundreds of mounted data sets. */
static int trace_pool(struct inuse *inuse, struct inuse_thing *thing, const char *source)
{
	source = source ? source : "";
	thing->pool = strndup(source, strcspn(source, "/@"));
	if (!thing->pool)
		return -ENOMEM;
	for (const struct inuse_thing *other = inuse->things; other < thing; other++)
		if (other->pool && strcmp(other->pool, thing->pool) == 0)
			return copy_backing(&other->backing, &thing->backing);
	return zfs_add_pool(inuse->root, source, &thing->backing);
}

static int trace_mount(struct inuse *inuse, struct libmnt_fs *fs, enum usage_kind kind,
	enum inuse_weight weight, const char *what)
{
	struct inuse_thing *thing = add_thing(inuse, kind, weight, what);
	const char *type = mnt_fs_get_fstype(fs);
	bool strict = weight != INUSE_ASIDE;
	int r;

	if (!thing)
		return -ENOMEM;
	if (type && strcmp(type, "zfs") == 0)
		r = trace_pool(inuse, thing, mnt_fs_get_source(fs));
	else
		r = trace_file_system(inuse->root, fs, strict, &thing->backing);
	if (r < 0 && r != -ENOMEM && !strict) {
		thing->backing.untraced = true;
		r = 0;
	}
	thing->backing.untraced |= thing->backing.file && strict;
	return r;
}

static int trace_kept_mounts(struct inuse *inuse)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(kept); i++) {
		struct libmnt_fs *fs = mounts_find(inuse->mounts, kept[i].mount);

		if (fs)
			r = trace_mount(
				inuse, fs, USAGE_MOUNT, kept[i].weight, kept[i].mount);
	}
	return r;
}

static int trace_swap(struct inuse *inuse, struct libmnt_fs *swap)
{
	const char *type = mnt_fs_get_swaptype(swap), *path = mnt_fs_get_source(swap);
	struct inuse_thing *thing;
	struct libmnt_fs *fs = NULL;
	int r;

	path = path ? path : "";
	if (type && strcmp(type, "file") == 0 && *path)
		fs = mounts_find_holder(inuse->mounts, path);
	if (fs)
		return trace_mount(inuse, fs, USAGE_SWAP, INUSE_NEEDED, path);
	thing = add_thing(inuse, USAGE_SWAP, INUSE_NEEDED, path);
	if (!thing)
		return -ENOMEM;
	r = backing_add_node(inuse->root, path, &thing->backing);
	thing->backing.untraced |= thing->backing.file;
	return r;
}

/* Calls @trace for each file system or swap area of @table until it fails. */
static int each_fs(struct inuse *inuse, struct libmnt_table *table,
	int (*trace)(struct inuse *inuse, struct libmnt_fs *fs))
{
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	int r = 0;

	if (!iter)
		return -ENOMEM;
	while (r == 0 && mnt_table_next_fs(table, iter, &fs) == 0)
		r = trace(inuse, fs);
	mnt_free_iter(iter);
	return r;
}

static int trace_swaps(struct inuse *inuse)
{
	_cleanup_(mounts_unref) struct libmnt_table *swaps = NULL;
	int r = mounts_read_swaps(inuse->root, &swaps);

	if (r < 0)
		return r == -ENOENT ? 0 : r; /* a kernel without swap */
	return each_fs(inuse, swaps, trace_swap);
}

/* The device that a hibernated system wakes up from, "0:0" for none. */
static int trace_resume(struct inuse *inuse)
{
	struct inuse_thing *thing;
	unsigned int maj, min;
	char text[32];
	int r;

	r = tree_read_line(inuse->root, TREE_RESUME, text, sizeof(text));
	if (r < 0)
		return r == -ENOENT ? 0 : r; /* a kernel without hibernation */
	if (sscanf(text, "%u:%u", &maj, &min) != 2 || !maj)
		return 0;
	thing = add_thing(inuse, USAGE_RESUME, INUSE_NEEDED, "resume");
	if (!thing)
		return -ENOMEM;
	r = backing_add_number(inuse->root, makedev(maj, min), &thing->backing);
	thing->backing.untraced |= thing->backing.file;
	return r;
}

int inuse_trace_kept(struct inuse *inuse)
{
	static int (*const steps[])(struct inuse * inuse) = {
		read_host, trace_kept_mounts, trace_swaps, trace_resume};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](inuse);
	return r;
}

/* What is covered by another file system is still mounted. */
static int trace_other_mount(struct inuse *inuse, struct libmnt_fs *fs)
{
	const char *target = mnt_fs_get_target(fs);

	for (size_t i = 0; target && i < ARRAY_SIZE(kept); i++)
		if (strcmp(target, kept[i].mount) == 0 &&
			mounts_find(inuse->mounts, target) == fs)
			return 0;
	return target ? trace_mount(inuse, fs, USAGE_MOUNT, INUSE_ASIDE, target) : 0;
}

int inuse_trace_other_mounts(struct inuse *inuse)
{
	return each_fs(inuse, inuse->mounts, trace_other_mount);
}

static int trace_interfaces(
	struct inuse *inuse, const struct hostfile_names *names, enum usage_kind kind)
{
	bool route = kind == USAGE_ROUTE;
	int r = 0;

	for (size_t i = 0; r == 0 && i < names->n; i++) {
		struct inuse_thing *thing = add_thing(
			inuse, kind, route ? INUSE_KEPT : INUSE_ASIDE, names->names[i]);

		r = thing ? network_add_functions(
				    inuse->root, thing->what, route, &thing->backing)
			  : -ENOMEM;
	}
	return r;
}

int inuse_trace_network(struct inuse *inuse, bool all)
{
	_cleanup_(hostfile_free_names) struct hostfile_names routes = {0}, up = {0};
	int r = network_add_default(inuse->root, &routes);

	if (r == 0)
		r = trace_interfaces(inuse, &routes, USAGE_ROUTE);
	if (r < 0 || !all)
		return r;
	r = network_add_up(inuse->root, &up);
	return r < 0 ? r : trace_interfaces(inuse, &up, USAGE_INTERFACE);
}

const struct pcibus_function *inuse_function(
	const struct inuse *inuse, const char *directory)
{
	const char *slash = strrchr(directory, '/');
	struct pci_address address;

	if (!slash || pci_address_parse(slash + 1, PCI_NAME_WHOLE, &address, NULL) < 0)
		return NULL;
	return pcibus_find(inuse->bus, address);
}

void inuse_free(struct inuse *inuse)
{
	for (size_t i = 0; i < inuse->n_things; i++) {
		free(inuse->things[i].what);
		free(inuse->things[i].pool);
		backing_free(&inuse->things[i].backing);
	}
	free(inuse->things);
	pcibus_free(&inuse->own_bus);
	mounts_unref(&inuse->mounts);
}
