/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks for the EFI system partition among the mounts, then by its files. */
#include "esp.h"

#include <libmount.h>
#include <limits.h>

#include "mounts.h"

const char *const esp_places[ESP_PLACES_N] = {"/efi", "/boot/efi", ESP_BOOT};

/* systemd-gpt-auto-generator(8) mounts the ESP when it is used, as an automount until then. */
static bool is_esp_type(const char *type)
{
	return type &&
		(strcmp(type, "vfat") == 0 || strcmp(type, "msdos") == 0 ||
			strcmp(type, "autofs") == 0);
}

static bool has_loader(const struct root *root, const char *place)
{
	return file_exists(root, "%s/loader", place) ||
		file_exists(root, "%s/EFI/systemd", place);
}

const char *esp_find(const struct root *root)
{
	_cleanup_(mounts_unref) struct libmnt_table *mounts = NULL;
	struct libmnt_fs *fs;

	if (mounts_read(root, &mounts) == 0)
		for (size_t i = 0; i < ESP_PLACES_N; i++) {
			fs = mounts_find(mounts, esp_places[i]);
			if (fs && is_esp_type(mnt_fs_get_fstype(fs)))
				return esp_places[i];
		}
	for (size_t i = 0; i < ESP_PLACES_N; i++)
		if (has_loader(root, esp_places[i]))
			return esp_places[i];
	return NULL;
}

/* The name of a device, such as "sda1", where a path to it leads. */
static void find_device(
	const struct root *root, const char *path, char ret[static NAME_MAX + 1])
{
	char target[PATH_MAX];
	const char *name =
		file_read_link(root, path, target, sizeof(target)) == 0 ? target : path;

	text_join(ret, NAME_MAX + 1, strrchr(name, '/') ? strrchr(name, '/') + 1 : name,
		NULL);
}

/* Whether the file system is on the device, or on an array of which that is a part. */
static bool is_on(const struct root *root, struct libmnt_fs *fs, const char *device)
{
	const char *source = mnt_fs_get_srcpath(fs);
	char own[NAME_MAX + 1];

	if (!source)
		return false;
	find_device(root, source, own);
	return strcmp(own, device) == 0 ||
		file_exists(root, TREE_BLOCK "/%s/slaves/%s", own, device);
}

/* Which device has that PARTUUID, and what is mounted; false where one of them is not known. */
static bool read_partition(const struct root *root, const char *partition,
	char ret_device[static NAME_MAX + 1], struct libmnt_table **ret_mounts)
{
	char link[NAME_MAX], target[PATH_MAX];

	text_join(link, sizeof(link), TREE_BY_PARTUUID "/", partition, NULL);
	if (file_read_link(root, link, target, sizeof(target)) < 0 ||
		mounts_read(root, ret_mounts) < 0)
		return false;
	find_device(root, link, ret_device);
	return true;
}

bool esp_is_other(const struct root *root, const char *partition, const char *sign)
{
	_cleanup_(mounts_unref) struct libmnt_table *mounts = NULL;
	char path[PATH_MAX], device[NAME_MAX + 1];
	struct libmnt_fs *fs;
	bool others = false;

	if (!read_partition(root, partition, device, &mounts))
		return false;
	text_join(path, sizeof(path), "/", sign, NULL);
	fs = mounts_find_holder(mounts, path);
	if (!fs || is_on(root, fs, device))
		return false;
	for (size_t i = 0; i < ESP_PLACES_N; i++) {
		size_t len = strlen(esp_places[i]);

		others |= strncmp(path, esp_places[i], len) == 0 && path[len] == '/';
		fs = mounts_find(mounts, esp_places[i]);
		if (fs && is_on(root, fs, device))
			return false;
		others |= fs && is_esp_type(mnt_fs_get_fstype(fs));
	}
	return others;
}

struct wanted {
	const char *name;
	size_t len;
	char found[NAME_MAX + 1]; /* as the directory has it; "" */
};

static bool find_name(void *data, const char *name)
{
	struct wanted *wanted = data;

	if (strncasecmp(name, wanted->name, wanted->len) == 0 && !name[wanted->len])
		text_join(wanted->found, sizeof(wanted->found), name, NULL);
	return !wanted->found[0];
}

/* 1, 0, or -errno where a directory on the way cannot be read; FAT has no upper and lower case. */
static int has_file(const struct root *root, const char *place, const char *path)
{
	struct wanted wanted = {0};
	char at[PATH_MAX];
	size_t used;
	int r;

	/* It has short names, too, which no list of a directory shows. */
	if (file_exists(root, "%s%s", place, path))
		return 1;
	text_join(at, sizeof(at), place, NULL);
	for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
		wanted = (struct wanted){.name = path, .len = strcspn(path, "/")};
		r = file_each_name(root, at, find_name, &wanted);
		if (r < 0 || !wanted.found[0])
			return r;
		used = strlen(at);
		text_join(at + used, sizeof(at) - used, "/", wanted.found, NULL);
		path += wanted.len;
	}
	return 1;
}

bool esp_lacks(const struct root *root, const char *partition, const char *path)
{
	_cleanup_(mounts_unref) struct libmnt_table *mounts = NULL;
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	char device[NAME_MAX + 1];
	struct libmnt_fs *fs = NULL;
	bool lacks = false;

	if (iter && !strchr(path, '?') &&
		read_partition(root, partition, device, &mounts))
		while (!lacks && mnt_table_next_fs(mounts, iter, &fs) == 0)
			lacks = is_on(root, fs, device) && mnt_fs_get_root(fs) &&
				strcmp(mnt_fs_get_root(fs), "/") == 0 &&
				mounts_find(mounts, mnt_fs_get_target(fs)) == fs &&
				has_file(root, mnt_fs_get_target(fs), path) == 0;
	mnt_free_iter(iter);
	return lacks;
}

bool esp_may_have(const struct root *root, const char *path)
{
	for (size_t i = 0; i < ESP_PLACES_N; i++) {
		int r = has_file(root, esp_places[i], path);

		if (r != 0 && r != -ENOENT && r != -ENOTDIR)
			return true;
	}
	return false;
}

const char *esp_free_place(const struct root *root)
{
	static const char *const places[] = {ESP_MOUNT, "/efi"};
	_cleanup_(mounts_unref) struct libmnt_table *mounts = NULL;

	if (mounts_read(root, &mounts) < 0)
		return ESP_MOUNT;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (!mounts_find(mounts, places[i]))
			return places[i];
	return NULL;
}

const char *esp_place_of(const struct root *root, const char *partition)
{
	_cleanup_(mounts_unref) struct libmnt_table *mounts = NULL;
	char device[NAME_MAX + 1];

	if (!read_partition(root, partition, device, &mounts))
		return NULL;
	for (size_t i = 0; i < ESP_PLACES_N; i++) {
		struct libmnt_fs *fs = mounts_find(mounts, esp_places[i]);

		if (fs && is_on(root, fs, device))
			return esp_places[i];
	}
	return NULL;
}

bool esp_is_mounted(const struct root *root, const char *partition, bool anywhere)
{
	_cleanup_(mounts_unref) struct libmnt_table *mounts = NULL;
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	char device[NAME_MAX + 1];
	struct libmnt_fs *fs = NULL;
	bool found = false;

	if (iter && read_partition(root, partition, device, &mounts))
		while (!found && mnt_table_next_fs(mounts, iter, &fs) == 0)
			found = is_on(root, fs, device) &&
				(anywhere ||
					text_is_one_of(mnt_fs_get_target(fs), esp_places,
						ESP_PLACES_N));
	mnt_free_iter(iter);
	return found;
}
