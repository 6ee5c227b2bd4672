/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd-boot: the variable LoaderEntryOneShot names the entry, and the loader deletes it
 * before it starts anything (https://systemd.io/BOOT_LOADER_INTERFACE).  The variable is
 * written by bootctl(1).
 *
 * The entry is a file beside that of the entry which was booted.  Its name is that one's with
 * "-vfioboot-trial" behind it: of two with the same keys a '-' sorts before the '.' of
 * ".conf", the higher name is the default, and so the copy never is.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "blsentry.h"
#include "chain/oneshot.h"
#include "change/change.h"
#include "facts/facts.h"
#include "sdboot_once.h"

#define SUFFIX     BLS_TRIAL_SYSTEMD_BOOT
#define CONF       ".conf"
#define ENTRY_NOTE " (vfioboot: one boot on trial)"
#define KNOWS_ONCE 0x08 /* EFI_LOADER_FEATURE_ENTRY_ONESHOT of LoaderFeatures */
#define ID_SIZE    256

static const char *const directories[] = {
	"/boot/loader/entries", "/efi/loader/entries", "/boot/efi/loader/entries"};

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static int check(const struct sysfs_root *root, struct bootmenu_change *change)
{
	char info[64], selected[ID_SIZE];
	uint8_t features[8] = {0};

	if (efivar_read_text(root, "LoaderInfo", EFI_LOADER, info, sizeof(info)) < 0 ||
		strncmp(info, "systemd-boot", 12) != 0)
		return bootmenu_refuse(change,
			"this boot was not started by systemd-boot, or its EFI variables "
			"can't be read");
	if (efivar_read(root, "LoaderFeatures", EFI_LOADER, features, sizeof(features)) <
			0 ||
		!(features[0] & KNOWS_ONCE))
		return bootmenu_refuse(change,
			"this %s can't take an entry once; update it with 'bootctl "
			"update'",
			info);
	if (efivar_read_text(root, "LoaderEntrySelected", EFI_LOADER, selected,
		    sizeof(selected)) < 0 ||
		!ends_with(selected, CONF))
		return bootmenu_refuse(change,
			"this boot was not started by an entry in a file of its own (type "
			"1), but by a unified kernel image or the firmware; the command "
			"line inside such an image can't be changed for one boot");
	return 0;
}

/* Whether the file @name holds the entry @id, as the loader names it: in lower case. */
static bool holds_entry(const char *name, const char *id)
{
	size_t len = bls_stem_length(id, true, NULL);

	return ends_with(name, CONF) && bls_stem_length(name, true, NULL) == len &&
		strncasecmp(name, id, len) == 0;
}

/*
 * Finds the first file that @wanted takes; its path is for free().  -ENOENT without one; or the
 * -errno of a directory that may have it and can't be read, with its path.
 */
static int find_file(const struct sysfs_root *root,
	bool (*wanted)(const char *name, const char *id), const char *id, char **ret)
{
	const char *failed = NULL;
	int error = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		struct hostfile_names names = {0};
		int r = hostfile_list(root, directories[i], &names), found = -ENOENT;

		for (size_t j = 0; r == 0 && found == -ENOENT && j < names.n; j++)
			if (wanted(names.names[j], id))
				found = asprintf(ret, "%s/%s", directories[i],
						names.names[j]) < 0
					? -ENOMEM
					: 0;
		hostfile_free_names(&names);
		if (found != -ENOENT)
			return found;
		if (r < 0 && r != -ENOTDIR && !failed) {
			failed = directories[i];
			error = r;
		}
	}
	if (failed)
		*ret = strdup(failed);
	return error;
}

/* The entry that was booted; it must be none of ours. */
static int read_booted(const struct sysfs_root *root, char **ret_path, char **ret,
	struct bootmenu_change *change)
{
	char id[ID_SIZE] = "";
	int r = efivar_read_text(root, "LoaderEntrySelected", EFI_LOADER, id, sizeof(id));

	if (r == 0)
		r = ends_with(id, CONF) ? find_file(root, holds_entry, id, ret_path)
					: -ENOENT;
	if (r == 0)
		r = hostfile_read(root, *ret_path, ret, NULL);
	if (r == 0 && strstr(*ret, " vfioboot."))
		return bootmenu_fail(change,
			"this boot was started by %.100s, which has parameters of vfioboot; "
			"boot the normal entry first",
			id);
	if (r < 0)
		return bootmenu_fail(change,
			"the entry that this boot was started by, %.100s, can't be read%s%.80s: "
			"%s%s",
			id, *ret_path ? ": " : "", *ret_path ? *ret_path : "",
			strerror(-r), bootmenu_remedy(r));
	return 0;
}

static int plan_entry(const struct sysfs_root *root, const struct bootentry *trial,
	struct bootmenu_change *change, char *ret_id)
{
	const struct bls_addition addition = {
		.title = ENTRY_NOTE, .sort_key = SUFFIX, .options = trial->arguments};
	_cleanup_free_ char *path = NULL, *text = NULL, *copy = NULL, *copy_path = NULL;
	const char *name;
	int r = read_booted(root, &path, &text, change);

	if (r < 0)
		return r;
	if (bls_copy(text, &addition, &copy) < 0)
		return bootmenu_fail(change, "%.200s starts no kernel", path);
	name = strrchr(path, '/') + 1;
	snprintf(ret_id, ONESHOT_ID_SIZE, "%.*s" SUFFIX CONF,
		(int)bls_stem_length(name, true, NULL), name);
	if (asprintf(&copy_path, "%.*s/%s", (int)(name - 1 - path), path, ret_id) < 0)
		return -ENOMEM;
	return filechange_add(&change->files, root, copy_path, copy);
}

/*
 * There may be several, of trials that were started with different kernels.  A place that is not
 * to be seen is no reason to keep a trial elsewhere.
 */
static int plan_removal(const struct sysfs_root *root, struct bootmenu_change *change)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		_cleanup_(hostfile_free_names) struct hostfile_names names = {0};

		if (hostfile_list(root, directories[i], &names) < 0)
			continue;
		for (size_t j = 0; r == 0 && j < names.n; j++) {
			char path[PATH_MAX];

			if (!ends_with(names.names[j], SUFFIX CONF))
				continue;
			text_join(path, sizeof(path), directories[i], "/", names.names[j],
				NULL);
			r = filechange_add(&change->files, root, path, NULL);
		}
	}
	return r;
}

int sdboot_plan_trial(const struct sysfs_root *root, const struct bootentry *trial,
	struct bootmenu_change *change, char *ret_id)
{
	int r = trial ? check(root, change) : plan_removal(root, change);

	return r < 0 || !trial ? r : plan_entry(root, trial, change, ret_id);
}

void sdboot_armed(const struct sysfs_root *root, char *ret_id, size_t size)
{
	if (efivar_read_text(root, "LoaderEntryOneShot", EFI_LOADER, ret_id, size) < 0)
		*ret_id = '\0';
}

static int set_oneshot(const struct sysfs_root *root, const char *id, char *why)
{
	const char *const argv[] = {"bootctl", "set-oneshot", id, NULL};

	return oneshot_run(root, argv, why);
}

int sdboot_arm(const struct sysfs_root *root, const char *id, char *why)
{
	char chosen[ONESHOT_ID_SIZE];
	int r = set_oneshot(root, id, why);

	sdboot_armed(root, chosen, sizeof(chosen));
	if (r < 0 || strcmp(chosen, id) == 0)
		return r;
	snprintf(why, ONESHOT_WHY_SIZE,
		"bootctl has not set LoaderEntryOneShot; the firmware did not keep it");
	return -EIO;
}

int sdboot_disarm(const struct sysfs_root *root, char *why)
{
	return set_oneshot(root, "", why);
}
