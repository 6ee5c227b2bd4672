/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd-boot, and GRUB with entries of the Boot Loader Specification: a file of our own beside
 * that of each kernel, with the same kernel, image and sorting, another title, and our arguments
 * behind its options.
 *
 * Its name must not sort above the original's, or it would be the default: systemd-boot takes
 * '-' for lower than the '.' of ".conf".  GRUB takes names apart at their last two '-', which
 * have to be the original's, and compares the parts as rpm does, where only '~' is lower.
 *
 * systemd-boot shows an entry that has no try left behind all others.  Ours have no count, and
 * come behind all normal ones of this system by their sort-key: a kernel that fails must not
 * make its copy the default.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/base.h"
#include "blsentry.h"
#include "blsmenu.h"
#include "chain/bootmenu.h"
#include "grubdefault.h"
#include "grubonce.h"
#include "sdboot_once.h"
#include "sddefault.h"

#define ENTRIES "/loader/entries"

/* Where systemd-boot's partitions are mounted; GRUB has its /boot alone. */
static const char *const directories[] = {
	"/boot" ENTRIES, "/efi" ENTRIES, "/boot/efi" ENTRIES};

struct bls_style {
	size_t n_directories;  /* of the above */
	char separator;        /* between the parts of names */
	const char *id_suffix; /* behind the stem, in the loader's own ids */
	bool counts;           /* tries, in the names of files */
	bool sorts_by_key;
};

static const struct bls_style systemd_boot = {
	ARRAY_SIZE(directories), '-', ".conf", true, true};
static const struct bls_style grub_bls = {1, '~', "", false, false};

static void copy_path(const struct bls_style *style, const struct bls_file *original,
	const struct bootentry *entry, char ret[static PATH_MAX])
{
	char stem[NAME_MAX + 1], id[BOOTENTRY_ID_SIZE + 1] = {style->separator};

	copy_text(stem, sizeof(stem), original->name,
		bls_stem_length(original->name, style->counts, NULL));
	strcat(id, entry->id);
	for (char *p = id; (p = strchr(p, '-')); p++)
		*p = style->separator;
	text_join(ret, PATH_MAX, original->directory, "/", stem, id, ".conf", NULL);
}

static void sort_suffix(const struct bls_style *style, const struct bootentry *entry,
	char ret[static BOOTENTRY_ID_SIZE + 1])
{
	text_join(ret, BOOTENTRY_ID_SIZE + 1, style->sorts_by_key ? "-" : "",
		style->sorts_by_key ? entry->id : "", NULL);
}

/* Puts the original right, in @file too.  Returns 1 to copy it, 0 to leave it alone, -errno. */
static int repair(const struct sysfs_root *root, struct bls_file *file, bool leaks,
	const struct bootentries *wanted, struct bootmenu_change *change)
{
	_cleanup_free_ char *text = NULL;
	char path[PATH_MAX];
	int r = bls_strip(file, wanted, &text);

	if (r <= 0)
		return r < 0 ? r : 1;
	if (!leaks)
		return 0;
	text_join(path, sizeof(path), file->directory, "/", file->name, NULL);
	r = filechange_add(&change->files, root, path, text);
	if (r < 0)
		return r;
	r = bootmenu_warn(change,
		"the normal entry %s had got the arguments of this passthrough boot, since "
		"/etc/kernel/cmdline is missing; they are taken out of it",
		path);
	free(file->text);
	file->text = TAKE_PTR(text);
	return r < 0 ? r : 1;
}

static const struct bls_file *find_file(
	const struct bls_files *files, const char *directory, const char *name)
{
	for (size_t i = 0; i < files->n; i++)
		if (strcmp(files->files[i].directory, directory) == 0 &&
			strcmp(files->files[i].name, name) == 0)
			return &files->files[i];
	return NULL;
}

static int make_copy(const struct bls_style *style, const struct bls_file *original,
	const struct bootentry *entry, char **ret)
{
	char suffix[BOOTENTRY_ID_SIZE + 1];

	sort_suffix(style, entry, suffix);
	return bls_make_copy(original, entry, suffix, ret);
}

static int add_copy(const struct sysfs_root *root, const struct bls_style *style,
	const struct bls_files *files, const struct bls_file *original,
	const struct bootentry *entry, struct bootmenu_change *change)
{
	_cleanup_free_ char *text = NULL;
	const struct bls_file *there;
	char path[PATH_MAX];
	int r = make_copy(style, original, entry, &text);

	if (r < 0)
		return r;
	copy_path(style, original, entry, path);
	there = find_file(files, original->directory, strrchr(path, '/') + 1);
	if (there && there->kind != BLS_OURS)
		return bootmenu_fail(change,
			"%s is there and was not made by vfioboot; rename it or delete it",
			path);
	return filechange_add(&change->files, root, path, text);
}

static int plan_originals(const struct sysfs_root *root, const struct bls_style *style,
	struct bls_files *files, const struct bootentries *wanted,
	struct bootmenu_change *change)
{
	int leaks = bootmenu_may_leak(root, wanted);
	unsigned n = 0;

	if (leaks < 0)
		return leaks;

	for (size_t i = 0; i < files->n; i++) {
		struct bls_file *file = &files->files[i];
		int r = 0;

		if (file->kind == BLS_ORIGINAL)
			r = repair(root, file, leaks, wanted, change);
		n += r > 0;
		if (r == 0 && file->kind == BLS_ORIGINAL)
			file->kind = BLS_OTHER;
		for (unsigned j = 0; r > 0 && j < wanted->n; j++) {
			int added = add_copy(
				root, style, files, file, &wanted->entries[j], change);

			r = added < 0 ? added : r;
		}
		if (r < 0)
			return r;
	}
	if (wanted->n && !n)
		return bootmenu_fail(change,
			"no entry of a kernel of this machine is below %s; 'kernel-install "
			"add' makes them",
			directories[0]);
	return 0;
}

/* Whether the plan writes the file, and so it stays. */
static bool is_wanted(const struct bls_style *style, const struct bls_files *files,
	const struct bls_file *ours, const struct bootentries *wanted)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < files->n; i++)
		for (unsigned j = 0;
			files->files[i].kind == BLS_ORIGINAL && j < wanted->n; j++) {
			copy_path(style, &files->files[i], &wanted->entries[j], path);
			if (strcmp(files->files[i].directory, ours->directory) == 0 &&
				strcmp(strrchr(path, '/') + 1, ours->name) == 0)
				return true;
		}
	return false;
}

static int plan_removals(const struct sysfs_root *root, const struct bls_style *style,
	const struct bls_files *files, const struct bootentries *wanted,
	struct bootmenu_change *change)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < files->n; i++) {
		const struct bls_file *file = &files->files[i];
		int r;

		if (file->kind != BLS_OURS || is_wanted(style, files, file, wanted))
			continue;
		text_join(path, sizeof(path), file->directory, "/", file->name, NULL);
		r = filechange_add(&change->files, root, path, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

static int plan(const struct sysfs_root *root, const struct bls_style *style,
	const struct bootentries *wanted, struct bootmenu_change *change,
	struct bls_files *ret)
{
	int r = bls_files_read(root, directories, style->n_directories, ret);

	if (r < 0)
		return bootmenu_fail(change, "cannot read the entries in %s: %s%s",
			ret->failed, strerror(-r), bootmenu_remedy(r));
	r = plan_originals(root, style, ret, wanted, change);
	return r < 0 ? r : plan_removals(root, style, ret, wanted, change);
}

/* @entry: of a copy; NULL: it is none. */
static void order_entry(const char *name, const char *text, const struct bootentry *entry,
	struct sdorder_entry *ret)
{
	size_t len;

	*ret = (struct sdorder_entry){.ours = entry};
	copy_text(ret->id, sizeof(ret->id) - sizeof(".conf"), name,
		bls_stem_length(name, true, &ret->exhausted));
	strcat(ret->id, ".conf");
	bls_value(text, "sort-key", ret->sort_key, sizeof(ret->sort_key));
	len = strlen(ret->sort_key);
	if (entry && len && len + BOOTENTRY_ID_SIZE < sizeof(ret->sort_key))
		sort_suffix(&systemd_boot, entry, ret->sort_key + len);
	bls_value(text, "machine-id", ret->machine_id, sizeof(ret->machine_id));
	bls_value(text, "version", ret->version, sizeof(ret->version));
}

/* That the default stays is told by systemd-boot's own rules, before anything is written. */
static int check_default(const struct sysfs_root *root, const struct bls_files *files,
	const struct bootentries *wanted, struct bootmenu_change *change)
{
	size_t room = files->n * (wanted->n + 1), n = 0;
	_cleanup_free_ struct sdorder_entry *entries =
		calloc(room ? room : 1, sizeof(*entries));
	char path[PATH_MAX];

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < files->n; i++) {
		const struct bls_file *file = &files->files[i];

		if (file->kind == BLS_OURS)
			continue;
		order_entry(file->name, file->text, NULL, &entries[n++]);
		for (unsigned j = 0; file->kind == BLS_ORIGINAL && j < wanted->n; j++) {
			copy_path(&systemd_boot, file, &wanted->entries[j], path);
			order_entry(strrchr(path, '/') + 1, file->text,
				&wanted->entries[j], &entries[n++]);
		}
	}
	return sddefault_check(root, entries, n, change);
}

static int plan_systemd_boot(const struct sysfs_root *root, struct bootentries *wanted,
	struct bootmenu_change *change)
{
	_cleanup_(bls_files_free) struct bls_files files = {0};
	int r = plan(root, &systemd_boot, wanted, change, &files);

	return r < 0 || !wanted->n ? r : check_default(root, &files, wanted, change);
}

static int plan_grub_bls(const struct sysfs_root *root, struct bootentries *wanted,
	struct bootmenu_change *change)
{
	_cleanup_(bls_files_free) struct bls_files files = {0};
	int r = plan(root, &grub_bls, wanted, change, &files);

	return r < 0 || !wanted->n ? r : grubdefault_check(root, change);
}

/* But for the first line, in which a count of tries may be another one by now. */
static bool has_text(const struct bls_file *file, const char *text)
{
	const char *mine = strchr(file->text, '\n'), *other = strchr(text, '\n');

	return mine && other && bls_same(mine, other);
}

/* Whether a copy has no original, or not what would be made of it now. */
static bool is_outdated(const struct bls_style *style, const struct bls_files *files,
	const struct bls_file *ours, const struct bootentries *wanted)
{
	for (size_t i = 0; i < files->n; i++) {
		const struct bls_file *file = &files->files[i];

		if (file->kind != BLS_ORIGINAL ||
			strcmp(file->directory, ours->directory) != 0)
			continue;
		for (unsigned j = 0; j < wanted->n; j++) {
			_cleanup_free_ char *text = NULL;
			char path[PATH_MAX];

			copy_path(style, file, &wanted->entries[j], path);
			if (strcmp(strrchr(path, '/') + 1, ours->name) == 0)
				return make_copy(style, file, &wanted->entries[j],
					       &text) < 0 ||
					!has_text(ours, text);
		}
	}
	return true;
}

static int add_file(const struct bls_style *style, const struct bls_files *files,
	const struct bls_file *file, const struct bootentries *wanted,
	struct bootmenu *menu)
{
	char id[NAME_MAX + 8], title[256] = "", kernel[PATH_MAX] = "";
	_cleanup_free_ char *options = bls_options(file->text);
	struct bootmenu_entry entry = {.boot_id = id, .title = title, .options = options};

	if (!options)
		return -ENOMEM;
	copy_text(id, NAME_MAX, file->name,
		bls_stem_length(file->name, style->counts, NULL));
	strcat(id, style->id_suffix);
	text_join(entry.id, sizeof(entry.id), file->id, NULL);
	bls_value(file->text, "title", title, sizeof(title));
	bls_value(file->text, "linux", kernel, sizeof(kernel));
	entry.outdated =
		file->kind == BLS_OURS && is_outdated(style, files, file, wanted);
	entry.kernel = strrchr(kernel, '/') ? strrchr(kernel, '/') + 1 : kernel;
	if (bls_value(file->text, "version", kernel, sizeof(kernel)))
		entry.kernel = kernel;
	return bootmenu_add(menu, &entry);
}

static int read_menu(const struct sysfs_root *root, const struct bls_style *style,
	const struct bootentries *wanted, struct bootmenu *ret)
{
	_cleanup_(bootmenu_free) struct bootmenu menu = {0};
	_cleanup_(bls_files_free) struct bls_files files = {0};
	int r = bls_files_read(root, directories, style->n_directories, &files);

	for (size_t i = 0; r == 0 && i < files.n; i++)
		if (files.files[i].kind != BLS_OTHER)
			r = add_file(style, &files, &files.files[i], wanted, &menu);
	if (r < 0 && files.failed)
		text_join(ret->failed, sizeof(ret->failed), files.failed, NULL);
	if (r < 0)
		return r;
	*ret = menu;
	menu = (struct bootmenu){0};
	return 0;
}

static int read_systemd_boot(const struct sysfs_root *root,
	const struct bootentries *wanted, struct bootmenu *ret)
{
	return read_menu(root, &systemd_boot, wanted, ret);
}

static int read_grub_bls(const struct sysfs_root *root, const struct bootentries *wanted,
	struct bootmenu *ret)
{
	return read_menu(root, &grub_bls, wanted, ret);
}

const struct bootloader_ops bootloader_ops_systemd_boot = {
	.plan = plan_systemd_boot,
	.read = read_systemd_boot,
	.plan_trial = sdboot_plan_trial,
	.arm = sdboot_arm,
	.armed = sdboot_armed,
	.disarm = sdboot_disarm,
	.permanent =
		"in /etc/kernel/cmdline, which has to be all of the command line, and then "
		"with 'kernel-install add-all', or by installing the kernel anew",
};

const struct bootloader_ops bootloader_ops_grub_bls = {
	.plan = plan_grub_bls,
	.read = read_grub_bls,
	.plan_trial = grub_bls_plan_trial,
	.arm = grubonce_arm,
	.armed = grubonce_armed,
	.disarm = grubonce_disarm,
	.permanent = "with 'grubby --update-kernel=ALL --args=\"PARAMETER ...\"'",
};
