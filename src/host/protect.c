/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From mount points and swap areas, through libmount, to the functions behind them. */
#include "protect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "../core/pcidev.h"
#include "../core/util.h"
#include "backing.h"
#include "hosttree.h"
#include "mounts.h"

#define WORD_UNTRACED "untraced"
#define WORD_SWAP     "swap"
#define WORD_RESUME   "resume"
#define WORD_BOOT     "boot"

/* What a host runs from.  Without those that are @needed it does not come up. */
static const struct {
	const char *mount;
	bool needed;
} kept[] = {
	{"/", true}, {"/usr", true}, {"/boot", false}, {"/boot/efi", false},
	{"/efi", false}, {"/var", true}, {"/home", false},
	{"/nix", true},     /* NixOS, where the root may be a tmpfs */
	{"/sysroot", true}, /* OSTree, where the root may be an overlay */
};

/* File systems that need no device. */
static const char *const memory_types[] = {"tmpfs", "ramfs", "rootfs", "autofs"};

/* Those of another machine that mnt_fs_is_netfs() does not know. */
static const char *const network_types[] = {"ceph", "lustre", "fuse.glusterfs"};

struct host {
	const struct sysfs_root *root;
	struct libmnt_table *mounts;
	struct pcidev *function;
	size_t count;
	struct protect_list list;
	int error; /* of a callback */
};

static bool is_one_of(const char *text, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text && strcmp(text, list[i]) == 0)
			return true;
	return false;
}

static void free_host(struct host *host)
{
	mounts_unref(&host->mounts);
	free(host->function);
}

/*
 * Keeps what is to be known of the function at @address.  One that is gone meanwhile is
 * none; one without a path can't be an entry, so what it carries is untraced.
 */
static bool keep_function(void *data, struct pci_address address)
{
	struct host *host = data;
	struct pcidev dev, *more;
	int r = pcidev_read(host->root, address, &dev);

	if (r == -ENOENT ||
		(r == 0 && sysfs_read_path(host->root, address, &dev.path) < 0))
		return true;
	if (r < 0) {
		host->error = r;
		return false;
	}
	more = reallocarray(host->function, host->count + 1, sizeof(*more));
	if (!more) {
		host->error = -ENOMEM;
		return false;
	}
	host->function = more;
	more[host->count++] = dev;
	return true;
}

static bool is_in_container(const struct sysfs_root *root)
{
	static const char *const marks[] = {TREE_CONTAINER_MARKS};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (faccessat(root->fd, marks[i], F_OK, 0) == 0)
			return true;
	return false;
}

/* Reads mounts and functions, or says that this is not a running host. */
static int read_host(struct host *host)
{
	int r;

	if (is_in_container(host->root) ||
		faccessat(host->root->fd, TREE_BLOCK_BY_NO, F_OK, 0) < 0)
		return -EHOSTUNREACH;
	r = mounts_read(host->root, &host->mounts);
	if (r == -ENOENT || (r == 0 && !mounts_find(host->mounts, "/")))
		return -EHOSTUNREACH;
	if (r < 0)
		return r;
	r = sysfs_each_function(host->root, NULL, keep_function, host);
	if (r < 0 && r != -ENOENT) /* a machine without PCI */
		return r;
	return host->error;
}

/* Adds a word unless it is there already.  All words there are fit, each once. */
static int add_word(struct protect_entry *entry, const char *word)
{
	size_t len = strlen(word), used = strlen(entry->why);

	for (const char *p = entry->why; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (n == len && strncmp(p, word, len) == 0)
			return 0;
		p += n;
	}
	if (used + !!used + len >= sizeof(entry->why))
		return -ENOSPC;
	if (used)
		entry->why[used++] = ' ';
	memcpy(entry->why + used, word, len + 1);
	return 0;
}

/* Adds @word (NULL: none) to the entry of a function, which is made if there is none. */
static int add_entry(struct host *host, enum protect_kind kind, const struct pcidev *dev,
	const char *word)
{
	struct protect_list *list = &host->list;
	struct protect_entry *entry = list->entries;
	struct protect_entry *end = entry + list->n_entries;

	while (entry < end &&
		(entry->kind != kind || !pci_path_equal(&entry->path, &dev->path, false)))
		entry++;
	if (entry == end) {
		/* The reader then protects all that could be meant. */
		list->incomplete = list->n_entries == PROTECT_ENTRIES_MAX;
		if (list->incomplete)
			return 0;
		list->n_entries++;
		*entry = (struct protect_entry){
			.kind = kind,
			.path = dev->path,
			.vendor = dev->ids.vendor,
			.device = dev->ids.device,
		};
	}
	return word ? add_word(entry, word) : 0;
}

/* Adds all functions of a base class, for a @word that could not be traced to one. */
static int add_class(
	struct host *host, enum protect_kind kind, uint8_t class, const char *word)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < host->count; i++) {
		const struct pcidev *dev = &host->function[i];

		if (pcidev_base_class(dev) != class)
			continue;
		r = add_entry(host, kind, dev, word);
		if (r == 0)
			r = add_entry(host, kind, dev, WORD_UNTRACED);
	}
	return r;
}

static const struct pcidev *find_function(const struct host *host, const char *directory)
{
	struct pci_address address;

	if (pci_address_parse(
		    strrchr(directory, '/') + 1, PCI_NAME_WHOLE, &address, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < host->count; i++)
		if (pci_address_equal(host->function[i].address, address))
			return &host->function[i];
	return NULL;
}

/* Turns what stands behind @word into entries. */
static int add_backing(
	struct host *host, const struct backing *backing, const char *word, bool needed)
{
	bool untraced = backing->untraced;
	int r = 0;

	for (size_t i = 0; r == 0 && i < backing->functions.count; i++) {
		const struct pcidev *dev =
			find_function(host, backing->functions.name[i]);

		if (dev)
			r = add_entry(host, PROTECT_STORAGE, dev, word);
		else
			untraced = true;
	}
	if (r == 0 && untraced)
		r = add_class(host, PROTECT_STORAGE, PCI_BASE_STORAGE, word);
	if (r == 0 && backing->network && needed)
		r = add_class(host, PROTECT_NETWORK, PCI_BASE_NETWORK, word);
	return r;
}

/* What stands behind a mounted file system. */
static int trace_mount(struct host *host, struct libmnt_fs *fs, struct backing *ret)
{
	const char *type = mnt_fs_get_fstype(fs), *source = mnt_fs_get_srcpath(fs);
	dev_t number = mnt_fs_get_devno(fs);

	if (major(number)) {
		/* bcachefs tells all its devices by name, and one by number */
		ret->untraced = source && strchr(source, ':');
		return backing_add_number(host->root, number, ret);
	}
	if (is_one_of(type, memory_types, ARRAY_SIZE(memory_types)))
		return 0;
	if (type && strcmp(type, "btrfs") == 0)
		return backing_add_btrfs(host->root, source ? source : "", ret);
	if (is_one_of(type, network_types, ARRAY_SIZE(network_types)) ||
		(mnt_fs_is_netfs(fs) && strcmp(type, "9p") != 0))
		ret->network = true;
	else
		ret->untraced = true;
	return 0;
}

static int add_mount(
	struct host *host, struct libmnt_fs *fs, const char *word, bool needed)
{
	_cleanup_(backing_free) struct backing backing = {0};
	int r = trace_mount(host, fs, &backing);

	return r < 0 ? r : add_backing(host, &backing, word, needed);
}

static int add_mounts(struct host *host)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(kept); i++) {
		struct libmnt_fs *fs = mounts_find(host->mounts, kept[i].mount);

		if (fs)
			r = add_mount(host, fs, kept[i].mount, kept[i].needed);
	}
	return r;
}

static int add_swap(struct host *host, struct libmnt_fs *swap)
{
	const char *type = mnt_fs_get_swaptype(swap), *path = mnt_fs_get_source(swap);
	_cleanup_(backing_free) struct backing backing = {0};
	struct libmnt_fs *fs = NULL;
	int r;

	if (type && path && strcmp(type, "file") == 0)
		fs = mounts_find_holder(host->mounts, path);
	if (fs)
		return add_mount(host, fs, WORD_SWAP, true);
	r = backing_add_node(host->root, path ? path : "", &backing);
	return r < 0 ? r : add_backing(host, &backing, WORD_SWAP, true);
}

static int add_swaps(struct host *host)
{
	_cleanup_(mounts_unref) struct libmnt_table *swaps = NULL;
	struct libmnt_iter *iter = NULL;
	struct libmnt_fs *swap;
	int r;

	r = mounts_read_swaps(host->root, &swaps);
	if (r < 0)
		return r == -ENOENT ? 0 : r; /* a kernel without swap */
	iter = mnt_new_iter(MNT_ITER_FORWARD);
	if (!iter)
		return -ENOMEM;
	while (r == 0 && mnt_table_next_fs(swaps, iter, &swap) == 0)
		r = add_swap(host, swap);
	mnt_free_iter(iter);
	return r;
}

/* The device that a hibernated system wakes up from, "0:0" for none. */
static int add_resume(struct host *host)
{
	_cleanup_(backing_free) struct backing backing = {0};
	unsigned int maj, min;
	char text[32];
	int r;

	r = tree_read_line(host->root, TREE_RESUME, text, sizeof(text));
	if (r < 0)
		return r == -ENOENT ? 0 : r; /* a kernel without hibernation */
	if (sscanf(text, "%u:%u", &maj, &min) != 2 || !maj)
		return 0;
	r = backing_add_number(host->root, makedev(maj, min), &backing);
	return r < 0 ? r : add_backing(host, &backing, WORD_RESUME, true);
}

static bool is_boot_display(const struct host *host, const char *name)
{
	char path[128], text[8];

	snprintf(path, sizeof(path), TREE_PCI "/%s/boot_vga", name);
	return tree_read_line(host->root, path, text, sizeof(text)) == 0 &&
		text[0] == '1';
}

/* Displays can show something: a virtual function (SR-IOV) has no outputs of its own. */
static int add_displays(struct host *host)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < host->count; i++) {
		const struct pcidev *dev = &host->function[i];
		char name[PCI_ADDRESS_SIZE], directory[128];

		pci_address_format(dev->address, name);
		snprintf(directory, sizeof(directory), TREE_PCI "/%s", name);
		if (pcidev_base_class(dev) == PCI_BASE_DISPLAY &&
			!tree_exists(host->root, directory, "physfn"))
			r = add_entry(host, PROTECT_DISPLAY, dev,
				is_boot_display(host, name) ? WORD_BOOT : NULL);
	}
	return r;
}

static int compare_entries(const void *a, const void *b)
{
	const struct protect_entry *x = a, *y = b;
	char path_x[PCI_PATH_SIZE], path_y[PCI_PATH_SIZE];

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	pci_path_format(&x->path, path_x);
	pci_path_format(&y->path, path_y);
	return strcmp(path_x, path_y);
}

int protect_trace(const struct sysfs_root *root, const struct config *config,
	struct protect_list *ret)
{
	static int (*const steps[])(struct host * host) = {
		read_host, add_mounts, add_swaps, add_resume, add_displays};
	_cleanup_(free_host) struct host host = {.root = root};
	int r = 0;

	(void)config;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](&host);
	if (r < 0)
		return r;
	qsort(host.list.entries, host.list.n_entries, sizeof(*host.list.entries),
		compare_entries);
	*ret = host.list;
	return 0;
}
