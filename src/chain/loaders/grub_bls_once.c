/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB with entries of the Boot Loader Specification, as Fedora builds it: the entry is a file
 * beside that of the kernel that runs, whose name sorts below it (blsentry.h), so that it is
 * neither the default nor the first.  grubonce.h has it taken once: Fedora's 00_header clears
 * next_entry as everybody's does, before it reads any entry.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "blsentry.h"
#include "blsmenu.h"
#include "chain/oneshot.h"
#include "change/change.h"
#include "grubconfig.h"
#include "grubonce.h"

#define SUFFIX     BLS_TRIAL_GRUB
#define ENTRY_NOTE " (vfioboot: one boot on trial)"

static const char *const directories[] = {"/boot/loader/entries"};

static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789")] && strcmp(text, "0") != 0;
}

/* A default that counts entries would be another one while ours is there. */
static bool find_number(const struct sysfs_root *root, const struct grubonce *grub,
	const char *config, char *ret, size_t size)
{
	/* With boot_counter 08_fallback_counting has a number as the default. */
	static const char *const names[] = {"saved_entry", "boot_counter"};

	if (grub_default(config, ret, size) && is_number(ret))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (grubonce_variable(root, grub, names[i], ret, size) && is_number(ret))
			return true;
	return false;
}

static int check(const struct sysfs_root *root, char *why)
{
	_cleanup_free_ char *config = NULL;
	const struct grubonce *grub;
	char number[64];
	int r = grubonce_read_config(root, &grub, &config, why);

	if (r < 0)
		return r;
	if (!grub_reads_bls(config)) {
		snprintf(why, ONESHOT_WHY_SIZE,
			"%s/grub.cfg does not read the entries itself (blscfg), so it would "
			"not know the one of a trial",
			grub->directory);
		return -EOPNOTSUPP;
	}
	if (find_number(root, grub, config, number, sizeof(number))) {
		snprintf(why, ONESHOT_WHY_SIZE,
			"its default is entry number %.20s, which would be another one while "
			"the entry of the trial is there; name it, with 'grubby "
			"--set-default'",
			number);
		return -EOPNOTSUPP;
	}
	return grubonce_check(root, grub, config, why);
}

/* The file of the kernel as entries name it: BOOT_IMAGE= has the disk before it. */
static const char *without_disk(const char *kernel)
{
	const char *end = *kernel == '(' ? strchr(kernel, ')') : NULL;

	return end ? end + 1 : kernel;
}

static bool starts_kernel(const struct bls_file *file, const char *kernel)
{
	char linux_file[512];

	return file->kind == BLS_ORIGINAL &&
		bls_value(file->text, "linux", linux_file, sizeof(linux_file)) &&
		strcmp(linux_file, kernel) == 0 && !strstr(file->text, " vfioboot.");
}

/* The one normal entry of the kernel that runs.  Returns 0, or -errno. */
static int find_booted(const struct sysfs_root *root, const struct bls_files *files,
	const struct bls_file **ret, char *why)
{
	char text[512] = "";
	const char *kernel;
	size_t found = 0;

	grubonce_kernel(root, text, sizeof(text));
	kernel = without_disk(text);
	for (size_t i = 0; i < files->n; i++)
		if (starts_kernel(&files->files[i], kernel) && ++found == 1)
			*ret = &files->files[i];
	if (found == 1)
		return 0;
	snprintf(why, ONESHOT_WHY_SIZE,
		found ? "several entries in %s start the kernel that runs, %.150s, and which "
			"of them was taken is not known"
		      : "no normal entry in %s starts the kernel that runs, %.150s; boot a "
			"kernel that is in the menu, by a normal entry",
		directories[0], kernel);
	return found ? -EEXIST : -ENOENT;
}

static int make_entry(const struct bls_file *original, const char *parameters,
	struct oneshot_entry *entry)
{
	char stem[256];
	const struct bls_addition addition = {
		.title = ENTRY_NOTE, .sort_key = "", .options = parameters};
	int r = bls_copy(original->text, &addition, &entry->text);

	if (r < 0)
		return r;
	bls_stem(original->name, stem, sizeof(stem));
	entry->copy = strdup(entry->text);
	if (!entry->copy || asprintf(&entry->id, "%s" SUFFIX, stem) < 0 ||
		asprintf(&entry->path, "%s/%s.conf", original->directory, entry->id) < 0)
		return -ENOMEM;
	return 0;
}

static int make(const struct sysfs_root *root, const char *parameters,
	struct oneshot_entry *ret, char *why)
{
	_cleanup_(oneshot_free) struct oneshot_entry entry = {0};
	_cleanup_(bls_files_free) struct bls_files files = {0};
	const struct bls_file *original = NULL;
	int r = bls_files_read(root, directories, ARRAY_SIZE(directories), &files);

	if (r < 0)
		snprintf(why, ONESHOT_WHY_SIZE, "%s can't be read: %s%s", directories[0],
			strerror(-r), r == -EACCES ? "; run this as root" : "");
	if (r == 0)
		r = find_booted(root, &files, &original, why);
	if (r == 0)
		r = make_entry(original, parameters, &entry);
	if (r < 0)
		return r;
	*ret = entry;
	entry = (struct oneshot_entry){0};
	return 0;
}

/* There may be several, of trials that were started with different kernels. */
static int remove_entries(const struct sysfs_root *root, char *why)
{
	static const char end[] = SUFFIX ".conf";
	_cleanup_(hostfile_free_names) struct hostfile_names names = {0};
	int r = hostfile_list(root, directories[0], &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const char *name = names.names[i];
		size_t len = strlen(name);
		char path[512];

		if (len < strlen(end) || strcmp(name + len - strlen(end), end) != 0)
			continue;
		text_join(path, sizeof(path), directories[0], "/", name, NULL);
		r = atomicfile_remove_below(root, path);
		if (r < 0)
			snprintf(why, ONESHOT_WHY_SIZE, "%.200s can't be removed: %s",
				path, strerror(-r));
	}
	return r == -ENOENT || r == -ENOTDIR ? 0 : r;
}

const struct oneshot oneshot_grub_bls = {
	.loader = "grub-bls",
	.check = check,
	.make = make,
	.choose = grubonce_choose,
	.choice = grubonce_choice,
	.mark = SUFFIX,
	.forget = grubonce_forget,
	.remove = remove_entries,
};
