/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Goes through all block devices, and keeps those that leave the host with a function. */
#include "drives.h"

#include <sys/sysmacros.h>

/* What a type is to people, where it is no file system. */
static const struct {
	const char *type, *text;
} types[] = {
	{"swap", "swap area"},
	{"swsuspend", "swap area with a hibernation image"},
	{"linux_raid_member", "member of the RAID array"},
	{"zfs_member", "member of the ZFS pool"},
	{"LVM2_member", "LVM physical volume"},
	{"crypto_LUKS", "LUKS volume"},
	{"bcache", "bcache device"},
	{"mpath_member", "path of a multipath drive"},
};

/* Whose signature is on each of several drives, with the same UUID. */
static const char *const pools[] = {
	"linux_raid_member", "zfs_member", "btrfs", "bcachefs", "bcache"};

static const char *value(const struct drives_device *device, enum signature_value which)
{
	const char *text = device->signature.values[which];

	return text ? text : "";
}

static void free_device(struct drives_device *device)
{
	free(device->node);
	free(device->whole);
	free(device->others);
	backing_free(&device->backing);
	signature_free(&device->signature);
}

void drives_free(struct drives *drives)
{
	for (size_t i = 0; i < drives->n; i++)
		free_device(&drives->list[i]);
	free(drives->list);
	*drives = (struct drives){0};
}

/* Whether dm made it of the paths to a drive, or of a partition of one (multipath-tools, kpartx). */
static bool is_multipath(const struct root *root, const char *real, bool *ret_part)
{
	char path[PATH_MAX], uuid[256];
	const char *at;

	text_join(path, sizeof(path), real, "/dm/uuid", NULL);
	if (file_read_line(root, path, uuid, sizeof(uuid)) < 0)
		return false;
	at = strstr(uuid, "mpath-");
	*ret_part = at > uuid;
	return at == uuid || (at && text_begins_with(uuid, "part"));
}

/*
 * Whether the block device at @real has a node and something behind it.  A medium in an optical drive
 * is not part of the machine.
 */
static bool is_of_machine(const struct root *root, const char *real, const char *name)
{
	char path[PATH_MAX], size[32];

	if (text_begins_with(name, "sr") || !file_exists(root, "%s/dev", real))
		return false;
	text_join(path, sizeof(path), real, "/size", NULL);
	/* 0: of a card reader without a card */
	return file_read_line(root, path, size, sizeof(size)) < 0 ||
		strcmp(size, "0") != 0;
}

/* The drive that a device at @real is on; of a partition of a multipath drive, what that stands on. */
static int find_whole(const struct root *root, const char *real, bool part, char **ret)
{
	_cleanup_(file_free_names) struct file_names slaves = {0};
	char path[PATH_MAX];
	int r;

	*ret = NULL;
	if (!part || file_exists(root, "%s/partition", real)) {
		*ret = part ? strndup(real, (size_t)(strrchr(real, '/') - real))
			    : strdup(real);
		return *ret ? 0 : -ENOMEM;
	}
	text_join(path, sizeof(path), real, "/slaves", NULL);
	r = file_list(root, path, &slaves);
	if (r < 0 || !slaves.n)
		return r < 0 ? r : -ENOENT;
	text_join(path, sizeof(path), TREE_BLOCK "/", slaves.names[0], NULL);
	return file_resolve(root, path, ret);
}

/* "/dev/cciss/c0d0" of cciss!c0d0, "/dev/mapper/NAME" of a dm device */
static char *make_node(const struct root *root, const char *real, const char *name)
{
	char path[PATH_MAX], mapped[NAME_MAX];
	char *node;

	text_join(path, sizeof(path), real, "/dm/name", NULL);
	if (file_read_line(root, path, mapped, sizeof(mapped)) == 0)
		return asprintf(&node, TREE_DEV "mapper/%s", mapped) < 0 ? NULL : node;
	if (asprintf(&node, TREE_DEV "%s", name) < 0)
		return NULL;
	for (char *p = node; (p = strchr(p, '!')); p++)
		*p = '/';
	return node;
}

static int read_number(const struct root *root, const char *real, dev_t *ret)
{
	char path[PATH_MAX], text[32];
	unsigned maj, min;
	int r;

	text_join(path, sizeof(path), real, "/dev", NULL);
	r = file_read_line(root, path, text, sizeof(text));
	if (r < 0)
		return r;
	if (sscanf(text, "%u:%u", &maj, &min) != 2)
		return -EBADMSG;
	*ret = makedev(maj, min);
	return 0;
}

/* Reads the device at @real.  -ENOENT: it is gone, or of no function. */
static int read_device(const struct root *root, const char *real, const char *name,
	struct drives_device *device)
{
	int r = find_whole(root, real, device->part, &device->whole);

	if (r == 0)
		r = read_number(root, real, &device->number);
	if (r == 0)
		r = backing_add_number(root, device->number, &device->backing);
	if (r == 0 && !device->backing.functions.n)
		r = -ENOENT;
	if (r == 0)
		r = signature_read_udev(root, device->number, &device->signature);
	if (r < 0)
		return r;
	device->node = make_node(root, real, name);
	return device->node ? 0 : -ENOMEM;
}

static int add_device(const struct root *root, const char *name, struct drives *drives)
{
	_cleanup_(free_device) struct drives_device device = {0};
	_cleanup_free_ char *real = NULL;
	struct drives_device *added;
	char link[PATH_MAX];
	int r;

	text_join(link, sizeof(link), TREE_BLOCK "/", name, NULL);
	r = file_resolve(root, link, &real);
	if (r < 0 || !is_of_machine(root, real, name))
		return r == -ENOENT ? 0 : r;
	device.part = file_exists(root, "%s/partition", real);
	device.made = strstr(real, "/virtual/block/") &&
		!is_multipath(root, real, &device.part);
	r = read_device(root, real, name, &device);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	added = LIST_ADD(drives->list, drives->n);
	if (added)
		*added = TAKE_STRUCT(device);
	return added ? 0 : -ENOMEM;
}

/* Of a drive: whether it has partitions, and whether one of them has a signature. */
static bool has_parts(
	const struct drives *drives, const struct drives_device *drive, bool *ret_data)
{
	bool any = false;

	*ret_data = false;
	for (size_t i = 0; i < drives->n; i++) {
		const struct drives_device *part = &drives->list[i];

		if (!part->part || strcmp(part->whole, drive->whole) != 0)
			continue;
		any = true;
		*ret_data |= value(part, SIGNATURE_TYPE)[0] != '\0';
	}
	return any;
}

/* A partition table counts where nothing is known of the partitions. */
static enum drives_state judge(
	const struct drives *drives, const struct drives_device *device)
{
	bool data, parts;

	if (value(device, SIGNATURE_TYPE)[0])
		return DRIVES_DATA;
	if (device->part)
		return DRIVES_EMPTY;
	parts = has_parts(drives, device, &data);
	if (parts || value(device, SIGNATURE_TABLE)[0])
		return data ? DRIVES_EMPTY : DRIVES_DATA;
	return DRIVES_SILENT;
}

/* Notes which other drives have a part of the same. */
static int find_others(const struct drives *drives, struct drives_device *device)
{
	const char *type = value(device, SIGNATURE_TYPE);
	const char *uuid = value(device, SIGNATURE_UUID);

	if (!*uuid || !text_is_one_of(type, pools, ARRAY_SIZE(pools)))
		return 0;
	for (size_t i = 0; i < drives->n; i++) {
		const struct drives_device *other = &drives->list[i];
		char *before = device->others;

		if (other->made || strcmp(value(other, SIGNATURE_UUID), uuid) != 0 ||
			strcmp(value(other, SIGNATURE_TYPE), type) != 0 ||
			strcmp(other->whole, device->whole) == 0)
			continue;
		if (asprintf(&device->others, "%s%s%s", before ? before : "",
			    before ? ", " : "", other->node) < 0)
			device->others = NULL;
		free(before);
		if (!device->others)
			return -ENOMEM;
	}
	return 0;
}

int drives_read(const struct root *root, const struct in_use *in_use, struct drives *ret)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	_cleanup_(drives_free) struct drives drives = {0};
	int r = file_list(root, TREE_BLOCK, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = add_device(root, names.names[i], &drives);
	for (size_t i = 0; r == 0 && i < drives.n; i++) {
		struct drives_device *device = &drives.list[i];

		if (device->made || in_use_has_disks(in_use, &device->backing.disks))
			continue;
		device->state = judge(&drives, device);
		r = find_others(&drives, device);
	}
	if (r == 0)
		*ret = TAKE_STRUCT(drives);
	return r;
}

struct drives_device *drives_next(const struct drives *drives,
	struct pci_address function, const struct drives_device *after)
{
	size_t i = after ? (size_t)(after - drives->list) + 1 : 0;

	for (; i < drives->n; i++)
		if (drives->list[i].state != DRIVES_EMPTY &&
			backing_has_function(&drives->list[i].backing, function))
			return &drives->list[i];
	return NULL;
}

/* Below /dev: the name of a node or link that @spec means, in @ret. */
static bool find_link(const char *spec, char *ret, size_t size)
{
	static const struct {
		const char *begin, *directory;
	} tags[] = {
		{TREE_DEV, ""},
		{"UUID=", "disk/by-uuid/"},
		{"LABEL=", "disk/by-label/"},
		{"PARTUUID=", "disk/by-partuuid/"},
		{"PARTLABEL=", "disk/by-partlabel/"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		size_t len = strlen(tags[i].begin);

		if (!text_begins_with(spec, tags[i].begin))
			continue;
		len += strspn(spec + len, "\"");
		text_join(ret, size, tags[i].directory, spec + len, NULL);
		ret[strcspn(ret, "\"")] = '\0';
		signature_decode(ret);
		return true;
	}
	return false;
}

const struct drives_device *drives_find_named(
	const struct drives *drives, struct pci_address function, const char *spec)
{
	char link[PATH_MAX];

	if (!find_link(spec, link, sizeof(link)))
		return NULL;
	for (size_t i = 0; i < drives->n; i++) {
		const struct drives_device *device = &drives->list[i];

		if (backing_has_function(&device->backing, function) &&
			(strcmp(device->node + strlen(TREE_DEV), link) == 0 ||
				file_has_name(&device->signature.links, link)))
			return device;
	}
	return NULL;
}

int drives_look(const struct root *root, struct drives_device *device)
{
	int r;

	if (device->state != DRIVES_SILENT)
		return 0;
	r = signature_probe(root, device->node, device->number, &device->signature);
	if (r == -ENOMEM)
		return r;
	if (r == 0)
		device->state = signature_is_there(&device->signature) ? DRIVES_DATA
								       : DRIVES_EMPTY;
	else if (r == -ENOMEDIUM)
		device->state = DRIVES_EMPTY;
	else if (r == -EACCES || r == -EPERM || r == -ENOENT)
		device->state = device->signature.settled ? DRIVES_EMPTY : DRIVES_UNKNOWN;
	else
		device->state = DRIVES_UNKNOWN;
	return 0;
}

/* "ext4 file system", "member of the ZFS pool", "partition table (gpt)" */
static void kind_text(const struct drives_device *device, char *ret, size_t size)
{
	const char *type = value(device, SIGNATURE_TYPE);
	const char *usage = value(device, SIGNATURE_USAGE);
	const char *table = value(device, SIGNATURE_TABLE);

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(types[i].type, type) == 0) {
			text_join(ret, size, types[i].text, NULL);
			return;
		}
	if (device->signature.several)
		text_join(ret, size, "signatures of more than one kind", NULL);
	else if (!*type)
		text_join(ret, size, table, *table ? " partition table" : "partitions",
			NULL);
	else if (strcmp(usage, "raid") == 0)
		text_join(ret, size, "member of a RAID array, ", type, NULL);
	else if (strcmp(usage, "filesystem") == 0)
		text_join(ret, size, type, " file system", NULL);
	else
		text_join(ret, size, type, NULL);
}

void drives_text(const struct drives_device *device, char *ret, size_t size)
{
	const char *label = value(device, SIGNATURE_LABEL);
	char kind[128] = "cannot be read";

	if (device->state == DRIVES_DATA)
		kind_text(device, kind, sizeof(kind));
	text_join(ret, size, device->node, " (", kind, *label ? " '" : "", label,
		*label ? "'" : "", device->others ? ", also on " : "",
		device->others ? device->others : "", ")", NULL);
}

const char *drives_verb(const struct drives_device *device)
{
	return device->state == DRIVES_DATA ? "has data:" : "may have data:";
}
