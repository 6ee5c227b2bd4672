/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turns the path that a boot loader reads into one of this machine: the reverse of what
 * grub-mkrelpath(1) does.
 */
#include "place.h"

#include <libmount.h>

#include "facts/facts.h"

void places_read(const struct root *root, struct places *ret)
{
	*ret = (struct places){.root = root};
	if (mounts_read(root, &ret->mounts) < 0)
		ret->mounts = NULL;
}

void places_free(struct places *places)
{
	if (places->mounts)
		mounts_unref(&places->mounts);
}

/* Behind the device, such as "(hd0,gpt2)", that a path may begin with. */
static const char *without_device(const char *path)
{
	const char *end = *path == '(' ? strchr(path, ')') : NULL;

	return end ? end + 1 : path;
}

/* What a device is called in the end, such as "dm-0" for "/dev/mapper/vg-root". */
static void base_name(
	const struct root *root, const char *device, char ret[static NAME_MAX + 1])
{
	char target[PATH_MAX];
	const char *name = device;

	if (file_read_link(root, device, target, sizeof(target)) == 0)
		name = target;
	text_join(ret, NAME_MAX + 1, strrchr(name, '/') ? strrchr(name, '/') + 1 : name,
		NULL);
}

/* udev's link to the file system with that UUID or label, or to the partition; false: it knows none. */
static bool find_link(
	const struct root *root, const char *name, char ret[static PATH_MAX])
{
	static const char *const directories[] = {
		TREE_BY_UUID, TREE_BY_LABEL, TREE_BY_PARTUUID};

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		text_join(ret, PATH_MAX, directories[i], "/", name, NULL);
		if (file_is_link(root, ret))
			return true;
	}
	return false;
}

/* Whether that is on the device; a file system of btrfs may have several. */
static bool has_name(const struct root *root, const char *device, const char *name)
{
	char link[PATH_MAX], own[NAME_MAX + 1], other[NAME_MAX + 1];

	if (!device || !find_link(root, name, link))
		return false;
	base_name(root, device, own);
	base_name(root, link, other);
	return strcmp(own, other) == 0 ||
		file_exists(root, TREE_BTRFS "/%s/devices/%s", name, own);
}

void place_path(const struct place *place, const char *path, char ret[static PATH_MAX])
{
	size_t len = strlen(place->left_out);

	path = without_device(path);
	path += strspn(path, "/") > 1 ? strspn(path, "/") - 1 : 0;
	ret[0] = '\0';
	if (strncmp(path, place->left_out, len) == 0 && path[len] == '/')
		text_join(ret, PATH_MAX, place->directory, path + len, NULL);
}

static bool has_file(const struct root *root, const struct place *place, const char *path)
{
	char file[PATH_MAX];

	place_path(place, path, file);
	return *file && file_exists(root, "%s", file);
}

static void set(struct place *place, const char *directory, const char *left_out,
	size_t left_out_len)
{
	text_join(place->directory, sizeof(place->directory),
		strcmp(directory, "/") == 0 ? "" : directory, NULL);
	copy_text(place->left_out, sizeof(place->left_out), left_out, left_out_len);
}

/* The next mount, in the order in which they were made; NULL behind the last. */
static struct libmnt_fs *next_mount(const struct places *places, struct libmnt_iter *iter)
{
	struct libmnt_fs *fs = NULL;

	return iter && places->mounts && mnt_table_next_fs(places->mounts, iter, &fs) == 0
		? fs
		: NULL;
}

/* Of ZFS a path begins with the dataset, without its pool, and '@'. */
static bool is_dataset(struct libmnt_fs *fs, const char *path, size_t len)
{
	const char *source = mnt_fs_get_srcpath(fs), *dataset;

	if (!source || !mnt_fs_match_fstype(fs, "zfs"))
		return false;
	dataset = strchr(source, '/');
	dataset = dataset ? dataset : "/";
	return strlen(dataset) == len && memcmp(dataset, path, len) == 0;
}

/* How much of @path is what the mount @fs shows of its file system; false: it is elsewhere. */
static bool is_below(struct libmnt_fs *fs, const char *path, size_t *ret)
{
	const char *shown = mnt_fs_get_root(fs);
	size_t len = shown && strcmp(shown, "/") != 0 ? strlen(shown) : 0;

	*ret = len;
	return len == 0 || (strncmp(path, shown, len) == 0 && path[len] == '/');
}

static bool find_dataset(
	const struct places *places, const char *path, size_t len, struct place *ret)
{
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	bool found = false;

	while (!found && (fs = next_mount(places, iter))) {
		found = is_dataset(fs, path, len);
		if (found)
			set(ret, mnt_fs_get_target(fs), path, len + 1);
	}
	mnt_free_iter(iter);
	return found;
}

/* Where the file system is mounted so that the file can be seen, else where it could. */
static bool find_named(const struct places *places, const char *name, const char *path,
	struct place *ret)
{
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct place place;
	struct libmnt_fs *fs;
	bool found = false, seen = false;
	size_t len;

	while (!seen && (fs = next_mount(places, iter))) {
		bool below = is_below(fs, path, &len);

		if (!has_name(places->root, mnt_fs_get_srcpath(fs), name))
			continue;
		/* Of btrfs it may be a path in the default subvolume, whichever that is. */
		set(&place, mnt_fs_get_target(fs), path, below ? len : 0);
		seen = has_file(places->root, &place, path);
		if (seen || (below && !found))
			*ret = place;
		found |= seen || below;
	}
	mnt_free_iter(iter);
	return found;
}

/* What the mount of the directory leaves out of the loader's paths; 0 where it is none. */
static size_t left_out_at(
	const struct places *places, const char *directory, const char *path)
{
	struct libmnt_fs *fs = places->mounts
		? mounts_find(places->mounts, *directory ? directory : "/")
		: NULL;
	size_t len;

	return fs && is_below(fs, path, &len) ? len : 0;
}

/* Where a file of the name is. */
static bool find_file(const struct places *places, const char *path, struct place *ret)
{
	const char *directories[ESP_PLACES_N + 1] = {""};
	struct place place;

	memcpy(directories + 1, esp_places, sizeof(esp_places));
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		set(&place, directories[i], path,
			left_out_at(places, directories[i], path));
		if (has_file(places->root, &place, path)) {
			*ret = place;
			return true;
		}
	}
	return false;
}

bool place_find(const struct places *places, const char *name, const char *path,
	struct place *ret)
{
	const char *own = without_device(path), *at = strstr(own, "@/");
	char link[PATH_MAX];

	if (*own != '/' || strchr(own, '$'))
		return false;
	if (at && find_dataset(places, own, (size_t)(at - own), ret))
		return true;
	if (name && find_link(places->root, name, link))
		return find_named(places, name, own, ret);
	if (name && file_exists(places->root, TREE_BY_UUID))
		return false;
	return find_file(places, own, ret);
}
