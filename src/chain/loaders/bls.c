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
 * The copy for a trial (oneshot.h) is one more of these, of the entry that was booted alone.
 *
 * systemd-boot shows an entry that has no try left behind all others.  Ours have no count, and
 * come behind all normal ones of this system by their sort-key: a kernel that fails must not
 * make its copy the default.
 */
#include "base/base.h"
#include "bls_entry.h"
#include "bls_files.h"
#include "bls_order.h"
#include "bootmenu.h"
#include "facts/facts.h"
#include "grub_default.h"
#include "grub_env.h"
#include "grub_trial.h"
#include "oneshot.h"
#include "permanent.h"
#include "place.h"
#include "sdbootutil.h"
#include "systemd_boot.h"
#include "uki_image.h"

struct bls_style {
	const char *const *places; /* where its partitions are mounted */
	size_t n_places;
	char separator;        /* between the parts of names */
	const char *id_suffix; /* behind the stem, in the loader's own ids */
	bool sorts_by_key, counts_tries;
	/* Whether a trial is safe, and which entry was booted; as plan_trial. */
	int (*check_trial)(const struct root *root, struct bootmenu_change *change);
	int (*find_booted)(const struct root *root, const struct bls_files *files,
		const struct bls_file **ret, struct bootmenu_change *change);
};

static const char *const grub_places[] = {ESP_BOOT};

static const struct bls_style systemd_boot = {esp_places, ESP_PLACES_N, '-', ".conf",
	true, true, systemd_boot_check_trial, systemd_boot_find_booted};
static const struct bls_style grub_bls = {
	grub_places, 1, '~', "", false, false, grub_trial_check_bls, grub_trial_find_bls};

/* Its GRUB is built with a grub.cfg inside, which nothing here can read. */
static int refuse_trial(const struct root *root, struct bootmenu_change *change)
{
	(void)root;
	return bootmenu_refuse(change,
		"whether the GRUB that sdbootutil installs takes an entry once is not known");
}

static const struct bls_style grub_sdbootutil = {
	esp_places, ESP_PLACES_N, '~', "", false, false, refuse_trial, NULL};

static const struct bls_style *style_of_grub(const struct root *root)
{
	return sdbootutil_has_grub(root) ? &grub_sdbootutil : &grub_bls;
}

/* As systemd-boot calls that of this machine (EFI_MACHINE_TYPE_NAME of systemd). */
#if defined(__x86_64__)
#define ARCHITECTURE "x64"
#elif defined(__aarch64__)
#define ARCHITECTURE "aa64"
#elif defined(__riscv)
#define ARCHITECTURE "riscv64"
#else
#define ARCHITECTURE "loongarch64"
#endif

/* A file that should be there. */
struct copy {
	const struct bls_file *original;
	const struct bootentry *entry;
	char *name, *text;
};

struct copies {
	struct copy *copies;
	size_t n;
};

static void free_copies(struct copies *copies)
{
	for (size_t i = 0; i < copies->n; i++) {
		free(copies->copies[i].name);
		free(copies->copies[i].text);
	}
	free(copies->copies);
}

/* Two kernels whose versions end in '+' and a number seem to differ in their tries alone. */
static bool shares_stem(
	const struct bls_files *files, const struct bls_file *file, const char *stem)
{
	for (size_t i = 0; i < files->n; i++) {
		const struct bls_file *other = &files->files[i];
		char other_stem[NAME_MAX + 1];

		if (other == file || other->kind != BLS_ORIGINAL ||
			strcmp(other->directory, file->directory) != 0)
			continue;
		bls_stem(other->name, true, other_stem, sizeof(other_stem));
		if (strcmp(other_stem, stem) == 0)
			return true;
	}
	return false;
}

/* What the stem of a copy has behind that of its original. */
static void find_suffix(const struct bls_style *style, const char *id,
	char ret[static BOOTENTRY_ID_SIZE + 1])
{
	text_join(ret, BOOTENTRY_ID_SIZE + 1, "-", id, NULL);
	for (char *p = ret; (p = strchr(p, '-')); p++)
		*p = style->separator;
}

static char *copy_name(const struct bls_style *style, const struct bls_files *files,
	const struct bls_file *original, const struct bootentry *entry)
{
	char stem[NAME_MAX + 1], suffix[BOOTENTRY_ID_SIZE + 1], *name;

	bls_stem(original->name, style->counts_tries, stem, sizeof(stem));
	if (style->counts_tries && shares_stem(files, original, stem))
		bls_stem(original->name, false, stem, sizeof(stem));
	find_suffix(style, entry->id, suffix);
	return asprintf(&name, "%s%s.conf", stem, suffix) < 0 ? NULL : name;
}

static int add_copy(const struct bls_style *style, const struct bls_files *files,
	const struct bls_file *original, const struct bootentry *entry,
	struct copies *copies)
{
	char sort_suffix[BOOTENTRY_ID_SIZE + 1] = "";
	struct copy *copy = LIST_ADD(copies->copies, copies->n);

	if (!copy)
		return -ENOMEM;
	*copy = (struct copy){.original = original, .entry = entry};
	copy->name = copy_name(style, files, original, entry);
	if (!copy->name)
		return -ENOMEM;
	if (style->sorts_by_key)
		text_join(sort_suffix, sizeof(sort_suffix), "-", entry->id, NULL);
	return bls_make_copy(original, entry, sort_suffix, &copy->text);
}

/* All that should be there of the originals and the entries, for free_copies(). */
static int make_copies(const struct bls_style *style, const struct bls_files *files,
	const struct bootentries *wanted, struct copies *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < files->n; i++)
		for (unsigned j = 0;
			r == 0 && j < wanted->n && files->files[i].kind == BLS_ORIGINAL;
			j++)
			r = add_copy(
				style, files, &files->files[i], &wanted->entries[j], ret);
	return r;
}

/* What of the copies has the place of the file; NULL for none. */
static const struct copy *find_copy(
	const struct copies *copies, const struct bls_file *file)
{
	for (size_t i = 0; i < copies->n; i++)
		if (strcmp(copies->copies[i].original->directory, file->directory) == 0 &&
			strcmp(copies->copies[i].name, file->name) == 0)
			return &copies->copies[i];
	return NULL;
}

/*
 * Takes what kernel-install took over from this boot out of the original, in @file too; or leaves
 * it and its kernel alone, where a person has put it there.
 */
static int strip_original(const struct root *root, struct bls_file *file, bool leaks,
	const struct bootentries *wanted, struct bootmenu_change *change)
{
	_cleanup_free_ char *text = NULL;
	char path[PATH_MAX];
	int r = bls_strip(file, wanted, &text);

	if (r > 0 && !leaks)
		file->kind = BLS_SPECIAL;
	if (r <= 0 || !leaks)
		return r < 0 ? r : 0;
	text_join(path, sizeof(path), file->directory, "/", file->name, NULL);
	r = bootmenu_write(change, root, path, text);
	if (r < 0)
		return r;
	free(file->text);
	file->text = TAKE_PTR(text);
	return bootmenu_warn(change,
		"the normal entry %s contained the arguments of this passthrough boot, since "
		"/etc/kernel/cmdline is missing; they are removed from it",
		path);
}

static int strip_originals(const struct root *root, struct bls_files *files,
	const struct bootentries *wanted, struct bootmenu_change *change)
{
	int leaks = bootmenu_may_leak(root, wanted), r = leaks < 0 ? leaks : 0;
	struct bls_identity identity;

	bls_identity_read(root, &identity);
	for (size_t i = 0; r == 0 && i < files->n; i++)
		if (files->files[i].kind == BLS_ORIGINAL)
			r = strip_original(root, &files->files[i],
				leaks && bls_is_installed(&identity, &files->files[i]),
				wanted, change);
	return r;
}

/* Removes ours that are not wanted; no other file may have the place of a copy. */
static int plan_file(const struct root *root, const struct bls_file *file,
	const struct copies *copies, struct bootmenu_change *change)
{
	const struct copy *copy = find_copy(copies, file);
	char path[PATH_MAX];

	text_join(path, sizeof(path), file->directory, "/", file->name, NULL);
	if (copy && file->kind != BLS_OURS)
		return bootmenu_fail(change,
			"%s exists and was not written by vfioboot; rename or delete it",
			path);
	return copy || file->kind != BLS_OURS ? 0
					      : bootmenu_write(change, root, path, NULL);
}

static int plan_copies(const struct root *root, const struct copies *copies,
	struct bootmenu_change *change)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < copies->n; i++) {
		const struct copy *copy = &copies->copies[i];
		char path[PATH_MAX];

		text_join(path, sizeof(path), copy->original->directory, "/", copy->name,
			NULL);
		r = bootmenu_write(change, root, path, copy->text);
	}
	return r;
}

/*
 * `bootctl link` makes an entry of each profile of an image.  The loader would hand on options of
 * ours, but the image heeds them only without Secure Boot (systemd-stub(7)), and instead of its own.
 */
static int fail_without_copies(const struct root *root, const struct bls_files *files,
	const struct bootentries *wanted, struct bootmenu_change *change)
{
	char image[PATH_MAX];

	for (size_t i = 0; i < files->n; i++)
		if (files->files[i].kind == BLS_SPECIAL &&
			bls_value(files->files[i].text, "uki", image, sizeof(image)))
			return bootmenu_fail(change,
				"%s/%s starts a unified kernel image, which contains its "
				"command line: add a profile with '%s' to the image "
				"(ukify(1), --profile=), and run 'bootctl link' with it",
				files->files[i].directory, files->files[i].name,
				wanted->entries[0].arguments);
	return bootmenu_fail(change,
		"no entry of a kernel of this machine is in %s" BLS_ENTRIES
		"; 'kernel-install add' makes them",
		esp_find(root) ? esp_find(root) : ESP_BOOT);
}

/* What a run that was killed was about to rename to an entry. */
static int add_leftovers(
	const struct root *root, const struct bls_style *style, struct change *change)
{
	int r = 0;

	change->root = root;
	for (size_t i = 0; r == 0 && i < style->n_places; i++) {
		char path[PATH_MAX];

		text_join(path, sizeof(path), style->places[i], BLS_ENTRIES, NULL);
		r = change_add_leftovers(change, path, NULL, NULL);
		r = r == -ENOTDIR ? 0 : r;
	}
	return r;
}

static bool has_left(const struct root *root, const struct bls_style *style)
{
	_cleanup_(change_free) struct change change = {0};

	return add_leftovers(root, style, &change) == 0 && change.n > 0;
}

static bool has_left_systemd_boot(const struct root *root)
{
	return has_left(root, &systemd_boot);
}

static bool has_left_grub(const struct root *root)
{
	return has_left(root, style_of_grub(root));
}

static int fail_unread(
	const struct bls_files *files, int error, struct bootmenu_change *change)
{
	return bootmenu_fail_errno(
		change, error, "cannot read the entries in %s", files->failed);
}

static int plan(const struct root *root, const struct bls_style *style,
	const struct bootentries *wanted, struct bootmenu_change *change)
{
	_cleanup_(bls_files_free) struct bls_files files = {0};
	_cleanup_(free_copies) struct copies copies = {0};
	int r = bls_files_read(root, style->places, style->n_places, &files);

	if (r < 0)
		return fail_unread(&files, r, change);
	r = add_leftovers(root, style, &change->files);
	if (r == 0)
		r = strip_originals(root, &files, wanted, change);
	if (r == 0)
		r = make_copies(style, &files, wanted, &copies);
	if (r == 0)
		r = plan_copies(root, &copies, change);
	for (size_t i = 0; r == 0 && i < files.n; i++)
		r = plan_file(root, &files.files[i], &copies, change);
	return r == 0 && wanted->n && !copies.n
		? fail_without_copies(root, &files, wanted, change)
		: r;
}

/*
 * There may be several, of trials that were started with different kernels.  A place that is not
 * to be seen is no reason to keep a trial elsewhere.
 */
static int plan_no_trial(const struct root *root, const struct bls_style *style,
	struct bootmenu_change *change)
{
	char suffix[BOOTENTRY_ID_SIZE + 1], pattern[64], path[PATH_MAX];
	int r = 0;

	find_suffix(style, ONESHOT_ENTRY_ID, suffix);
	text_join(pattern, sizeof(pattern), "*", suffix, ".conf", NULL);
	for (size_t i = 0; i < style->n_places; i++) {
		_cleanup_(file_free_names) struct file_names paths = {0};

		text_join(path, sizeof(path), style->places[i], BLS_ENTRIES, NULL);
		if (file_list_paths(root, path, pattern, 0, &paths) < 0)
			continue;
		for (size_t j = 0; r == 0 && j < paths.n; j++)
			r = bootmenu_write(change, root, paths.names[j], NULL);
	}
	return r;
}

/* One copy more, of the entry that was booted alone. */
static int copy_booted(const struct root *root, const struct bls_style *style,
	const struct bls_files *files, const struct bootentry *trial,
	struct bootmenu_change *change, char *ret_id)
{
	_cleanup_(free_copies) struct copies copies = {0};
	const struct bls_file *booted;
	int r = style->find_booted(root, files, &booted, change);

	if (r == 0)
		r = add_copy(style, files, booted, trial, &copies);
	if (r == -EBADMSG)
		return bootmenu_fail(change, "%s/%s starts no kernel", booted->directory,
			booted->name);
	if (r == 0)
		r = plan_copies(root, &copies, change);
	if (r < 0)
		return r;
	bls_stem(copies.copies[0].name, false, ret_id, NAME_MAX);
	strcat(ret_id, style->id_suffix);
	return 0;
}

static int plan_trial(const struct root *root, const struct bls_style *style,
	const struct bootentry *trial, struct bootmenu_change *change, char *ret_id)
{
	_cleanup_(bls_files_free) struct bls_files files = {0};
	int r = trial ? style->check_trial(root, change) : 0;

	if (r < 0 || !trial)
		return r < 0 ? r : plan_no_trial(root, style, change);
	r = bls_files_read(root, style->places, style->n_places, &files);
	return r < 0 ? fail_unread(&files, r, change)
		     : copy_booted(root, style, &files, trial, change, ret_id);
}

static int plan_trial_systemd_boot(const struct root *root, const struct bootentry *trial,
	struct bootmenu_change *change, char *ret_id)
{
	return plan_trial(root, &systemd_boot, trial, change, ret_id);
}

static int plan_trial_grub(const struct root *root, const struct bootentry *trial,
	struct bootmenu_change *change, char *ret_id)
{
	return plan_trial(root, style_of_grub(root), trial, change, ret_id);
}

static int plan_systemd_boot(const struct root *root, struct bootentries *wanted,
	struct bootmenu_change *change)
{
	int r = plan(root, &systemd_boot, wanted, change);

	return r < 0 || !wanted->n ? r : systemd_boot_advise(root, change);
}

static int plan_grub_bls(const struct root *root, struct bootentries *wanted,
	struct bootmenu_change *change)
{
	int r = plan(root, style_of_grub(root), wanted, change);

	return r < 0 || !wanted->n ? r : grub_default_check_bls(root, change);
}

/* Whether a copy has no original, or not what would be made of it now. */
static bool is_outdated(const struct copies *copies, const struct bls_file *ours)
{
	const struct copy *copy = find_copy(copies, ours);

	/* In the first line a count of tries may be another one by now. */
	return !copy || !bls_same(text_next_line(ours->text), text_next_line(copy->text));
}

static const enum bootmenu_kind kinds[] = {
	[BLS_ELSE] = BOOTMENU_ELSE,
	[BLS_SPECIAL] = BOOTMENU_SYSTEM,
	[BLS_ORIGINAL] = BOOTMENU_NORMAL,
	[BLS_OURS] = BOOTMENU_OURS,
};

/* systemd-boot hands them to the firmware, which has backslashes, and starts at the root as well. */
static void make_absolute(const struct bls_style *style, char path[static PATH_MAX])
{
	size_t len = strlen(path);

	if (!style->sorts_by_key || !*path)
		return;
	for (char *p = path; (p = strchr(p, '\\'));)
		*p = '/';
	if (*path == '/' || len + 1 >= PATH_MAX)
		return;
	memmove(path + 1, path, len + 1);
	*path = '/';
}

/* Paths are of the partition that holds the entry; GRUB's of whatever holds its /boot. */
static void find_place(const struct bls_style *style, const struct places *places,
	const struct bls_file *file, const char *path, struct place *ret)
{
	if (style->sorts_by_key || !place_find(places, NULL, path, ret)) {
		*ret = (struct place){0};
		copy_text(ret->directory, sizeof(ret->directory), file->directory,
			strlen(file->directory) - strlen(BLS_ENTRIES));
	}
}

/* GRUB takes several words of a line, and puts its variables in. */
static int add_initrds(const struct bls_style *style, const char *line,
	const struct place *place, struct bootmenu_entry *entry)
{
	const char *value = bls_line_value(line, "initrd");
	int r = 0;

	for (size_t len; value && r == 0 && (len = strcspn(value, " \t\r\n")) > 0;
		value += len + strspn(value + len, " \t")) {
		char name[PATH_MAX], path[PATH_MAX];

		if (!copy_text(name, sizeof(name), value, len) || grub_cfg_is_tuned(name))
			continue;
		make_absolute(style, name);
		place_path(place, name, path);
		r = file_add_name(&entry->initrds, strchr(path, '$') ? "" : path);
	}
	return r;
}

/*
 * A unified image has what the entry does not say.  Images are judged by their first profile: what
 * another one has of its own is not followed.
 */
static int add_unified(const struct root *root, const char *path, const char *text,
	struct uki *image, struct bootmenu_entry *entry)
{
	char profile[16] = "0";
	int r;

	bls_value(text, "profile", profile, sizeof(profile));
	r = uki_follow(root, path, (unsigned)strtoul(profile, NULL, 10), image, entry);
	if (r == 0)
		entry->kind = BOOTMENU_ELSE;
	return r < 0 ? r : 0;
}

/* systemd-boot leaves such an entry out. */
static bool is_of_other_machine(const struct bls_style *style, const char *text)
{
	char architecture[32];

	return style->sorts_by_key &&
		bls_value(text, "architecture", architecture, sizeof(architecture)) &&
		strcasecmp(architecture, ARCHITECTURE) != 0;
}

/* Which files the entry loads; what its image says stays in @image. */
static int follow(const struct bls_style *style, const struct places *places,
	const struct bls_file *file, struct uki *image, char path[static PATH_MAX],
	struct bootmenu_entry *entry)
{
	static const char *const keys[] = {"linux", "uki", "efi"};
	char kernel[PATH_MAX] = "";
	struct place place;
	size_t i = 0;
	int r = 0;

	*path = '\0';
	if (is_of_other_machine(style, file->text)) {
		entry->kind = BOOTMENU_ELSE;
		return 0;
	}
	while (i < ARRAY_SIZE(keys) &&
		!bls_value(file->text, keys[i], kernel, sizeof(kernel)))
		i++;
	make_absolute(style, kernel);
	find_place(style, places, file, kernel, &place);
	place_path(&place, kernel, path);
	if (*path && i > 0)
		return add_unified(places->root, path, file->text, image, entry);
	for (const char *line = file->text; r == 0 && *path && *line;
		line = text_next_line(line))
		r = add_initrds(style, line, &place, entry);
	return r;
}

static void read_order(const struct bls_file *file, struct bootmenu_order *ret)
{
	*ret = (struct bootmenu_order){0};
	ret->has_failed = bls_tries(file->name, ret->tries, sizeof(ret->tries));
	bls_value(file->text, "sort-key", ret->sort_key, sizeof(ret->sort_key));
	bls_value(file->text, "machine-id", ret->machine_id, sizeof(ret->machine_id));
	bls_value(file->text, "version", ret->version, sizeof(ret->version));
}

static int add_file(const struct bls_style *style, const struct copies *copies,
	const struct places *places, const struct bls_file *file, struct bootmenu *menu)
{
	char id[NAME_MAX + 8], title[256] = "", version[256] = "", path[PATH_MAX];
	_cleanup_free_ char *options = bls_options(file->text);
	_cleanup_(uki_free) struct uki image = {0};
	struct bootmenu_entry entry = {.kind = kinds[file->kind],
		.boot_id = id,
		.title = title,
		.kernel = version,
		.options = options,
		.kernel_path = path};
	int r;

	if (!options)
		return -ENOMEM;
	bls_stem(file->name, style->counts_tries, id, NAME_MAX);
	strcat(id, style->id_suffix);
	text_join(entry.id, sizeof(entry.id), file->id, NULL);
	bls_value(file->text, "title", title, sizeof(title));
	if (style->sorts_by_key)
		read_order(file, &entry.order);
	entry.outdated = file->kind == BLS_OURS && is_outdated(copies, file);
	r = follow(style, places, file, &image, path, &entry);
	if (!bls_value(file->text, "version", version, sizeof(version)) &&
		entry.kernel == version)
		entry.kernel = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	if (r == 0)
		r = bootmenu_add(menu, &entry);
	file_free_names(&entry.initrds);
	return r;
}

static int read_menu(const struct root *root, const struct bls_style *style,
	const struct bootentries *wanted, struct bootmenu *ret)
{
	_cleanup_(bls_files_free) struct bls_files files = {0};
	_cleanup_(free_copies) struct copies copies = {0};
	_cleanup_(places_free) struct places places;
	int r = bls_files_read(root, style->places, style->n_places, &files);

	places_read(root, &places);
	if (r < 0)
		text_join(ret->failed, sizeof(ret->failed), files.failed, NULL);
	else
		r = make_copies(style, &files, wanted, &copies);
	for (size_t i = 0; r == 0 && i < files.n; i++)
		r = add_file(style, &copies, &places, &files.files[i], ret);
	return r;
}

int bls_add_entries(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *menu)
{
	return read_menu(root, &systemd_boot, wanted, menu);
}

/* Unified images are in its menu, too; uki.c makes copies of them. */
int bls_read_systemd_boot(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *ret)
{
	static const struct bootentries none;
	int r = uki_add_entries(root, &none, ret);

	bootmenu_keep_apart(ret, 0, ret->n);
	if (r == 0)
		r = read_menu(root, &systemd_boot, wanted, ret);
	systemd_boot_order(root, ret);
	return r;
}

/* What sdbootutil chooses, and GRUB without a grub.cfg. */
static void mark_sdbootutil(const struct root *root, struct bootmenu *menu)
{
	char id[NAME_MAX + 1], stem[NAME_MAX + 1], once[NAME_MAX + 1];
	bool known = grub_read_sdbootutil(root, id, sizeof(id)), found = false;

	bls_stem(id, false, stem, sizeof(stem));
	for (size_t i = 0; known && i < menu->n && !found; i++) {
		found = !*id || strcmp(menu->entries[i].boot_id, stem) == 0;
		menu->entries[i].is_default = found;
	}
	menu->default_elsewhere = menu->n && !found;
	menu->next_elsewhere =
		efivar_read_text(root, "LoaderEntryOneShot", once, sizeof(once)) == 0 &&
		*once;
}

int bls_read_grub(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *ret)
{
	int r = read_menu(root, style_of_grub(root), wanted, ret);

	bls_sort_by_names(ret);
	if (r < 0)
		return r;
	if (!sdbootutil_has_grub(root))
		return grub_default_read_bls(root, ret);
	mark_sdbootutil(root, ret);
	return 0;
}

const struct bootloader_ops bootloader_ops_systemd_boot = {
	.plan = plan_systemd_boot,
	.has_left = has_left_systemd_boot,
	.read = bls_read_systemd_boot,
	.plan_trial = plan_trial_systemd_boot,
	.arm = systemd_boot_arm,
	.armed = systemd_boot_armed,
	.disarm = systemd_boot_disarm,
	.find_permanent = permanent_kernel_install,
};

const struct bootloader_ops bootloader_ops_grub_bls = {
	.plan = plan_grub_bls,
	.has_left = has_left_grub,
	.read = bls_read_grub,
	.plan_trial = plan_trial_grub,
	.arm = grub_env_arm,
	.armed = grub_env_armed,
	.disarm = grub_env_disarm,
	.find_permanent = permanent_grub_bls,
};
