/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unified kernel images: the command line is inside, so that an entry of ours is an image of its
 * own beside the normal one, which ukify(1) makes of the same kernel and initramfs.  The normal
 * one is not touched: its signature and its measurements stay.  An addon would count at every
 * boot, and another profile would change the normal image.
 *
 * The copy's name sorts below the original's, and its sort key behind, as in bls.c.
 */
#include <fnmatch.h>

#include "base/base.h"
#include "bls_files.h"
#include "bootmenu.h"
#include "chain/generators/generators.h"
#include "change/change.h"
#include "efi_entry.h"
#include "facts/facts.h"
#include "permanent.h"
#include "systemd_boot.h"
#include "ukify.h"

#define MORE 65536 /* bytes that a new image may be larger: another stub, a signature */

/* A copy that is made; @old is the one that it replaces, NULL for none. */
struct uki_copy {
	const struct uki *image, *old;
	const struct bootentry *entry;
	const struct ukify *ukify;
};

/* What the images are, and which copies are made.  Starts as {0}. */
struct uki_plan {
	struct ukis images;
	struct ukify ukify;
	struct uki_copy *copies;
	size_t n;
};

static void free_plan(struct uki_plan *plan)
{
	ukis_free(&plan->images);
	ukify_free(&plan->ukify);
	free(plan->copies);
}

static int read_plan(
	const struct root *root, struct bootmenu_change *change, struct uki_plan *ret)
{
	int r = ukis_read(root, false, &ret->images);

	if (r < 0)
		return bootmenu_fail_errno(
			change, r, "cannot read the images in %s", ret->images.failed);
	r = ukify_read(root, &ret->ukify);
	if (r < 0)
		return bootmenu_fail_errno(change, r,
			"cannot read ukify's settings, uki.conf or ukify.conf");
	return 0;
}

/*
 * Skips the image with a warning in an update, where the others can still be copied, and when all
 * of ours go; else stops.
 */
static int object(const struct bootentries *wanted, struct uki *image, const char *start,
	const char *end, struct bootmenu_change *change)
{
	image->skipped = true;
	if (change->update || !wanted->n)
		return bootmenu_warn(
			change, "%s%s/%s%s", start, image->directory, image->name, end);
	return bootmenu_fail(
		change, "%s%s/%s%s", start, image->directory, image->name, end);
}

/* A file that has a copy's name: neither it nor what it would be a copy of is touched. */
static int judge_rivals(const struct ukis *images, const struct bootentries *wanted,
	struct uki *image, struct bootmenu_change *change)
{
	int r = 0;

	for (unsigned j = 0; r == 0 && j < wanted->n; j++) {
		struct uki *rival =
			uki_find_copy(images, image, &wanted->entries[j], false);

		if (!rival)
			continue;
		image->skipped = true;
		r = object(wanted, rival, "",
			" exists and was not written by vfioboot; rename or delete it",
			change);
	}
	return r;
}

static int judge_obstacles(const struct bootentries *wanted, struct uki *image,
	unsigned obstacles, struct bootmenu_change *change)
{
	char text[256];

	if (!obstacles)
		return 0;
	if (!change->update)
		return -EOPNOTSUPP;
	text_join(text, sizeof(text), " was not copied: ", ukify_obstacle_text(obstacles),
		"; 'sudo vfioboot entry add' shows how to do it by hand", NULL);
	return object(wanted, image, "", text, change);
}

/* Addons and credentials lie beside an image, and count for its name alone. */
static int check_extras(
	const struct root *root, const struct uki *image, struct bootmenu_change *change)
{
	char text[3 * NAME_MAX];

	if (!file_exists(root, "%s/%s.extra.d", image->directory, image->name))
		return 0;
	text_join(text, sizeof(text), image->directory, "/", image->name,
		".extra.d counts for the normal image alone: copy what the others need into "
		"directories of their names",
		NULL);
	return bootmenu_advise(change, text);
}

/* Finds out whether copies can be made of a normal image. */
static int judge_original(const struct root *root, const struct uki_plan *plan,
	const struct bootentries *wanted, struct uki *image,
	struct bootmenu_change *change)
{
	_cleanup_free_ char *rest = NULL;
	int r = bootentry_strip(image->cmdline, wanted, &rest), leaks;

	if (r < 0)
		return r;
	leaks = r > 0 && !wanted->n ? bootmenu_may_leak(root, wanted) : r;
	if (leaks < 0)
		return leaks;
	if (leaks > 0)
		return object(wanted, image, "the normal image ",
			" contains arguments of a passthrough boot: write the normal command "
			"line into /etc/kernel/cmdline, rebuild the image ('kernel-install "
			"add-all', 'mkinitcpio -P'), and run this again",
			change);
	if (!wanted->n)
		return 0;
	if (!image->cmdline[0])
		return object(wanted, image, "",
			" contains no command line to which arguments could be added",
			change);
	r = judge_obstacles(wanted, image, ukify_obstacles(&plan->ukify, image), change);
	return r < 0 || image->skipped ? r : check_extras(root, image, change);
}

static int judge_all(const struct root *root, const struct bootentries *wanted,
	struct uki_plan *plan, struct bootmenu_change *change)
{
	struct ukis *images = &plan->images;
	bool originals = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < images->n; i++)
		if (!images->images[i].id[0])
			r = judge_rivals(images, wanted, &images->images[i], change);
	for (size_t i = 0; r == 0 && i < images->n; i++) {
		struct uki *image = &images->images[i];

		originals |= !image->id[0];
		if (!image->id[0] && !image->skipped)
			r = judge_original(root, plan, wanted, image, change);
	}
	if (r == 0 && wanted->n && !originals)
		return bootmenu_fail(
			change, "no unified kernel image of this system is in EFI/Linux");
	return r;
}

/* Whether @copy is made of the image as it is now. */
static bool is_fresh(
	const struct uki *original, const struct bootentry *entry, const struct uki *copy)
{
	_cleanup_free_ char *cmdline = uki_copy_cmdline(original, entry);

	return cmdline && strcmp(copy->cmdline, cmdline) == 0 &&
		copy->changed.tv_sec >= original->changed.tv_sec;
}

/* Whether it is the copy of an image for one of the entries; with @fresh, of it as it is now. */
static bool is_copy(const struct ukis *images, const struct uki *copy,
	const struct bootentries *wanted, bool fresh)
{
	for (size_t i = 0; i < images->n; i++) {
		const struct uki *original = &images->images[i];

		for (unsigned j = 0; !original->id[0] && j < wanted->n; j++)
			if (uki_find_copy(images, original, &wanted->entries[j], true) ==
				copy)
				return !fresh ||
					is_fresh(original, &wanted->entries[j], copy);
	}
	return false;
}

static int plan_copies(
	struct uki_plan *plan, const struct uki *image, const struct bootentries *wanted)
{
	for (unsigned j = 0; j < wanted->n; j++) {
		const struct bootentry *entry = &wanted->entries[j];
		const struct uki *old = uki_find_copy(&plan->images, image, entry, true);
		struct uki_copy *copy;

		if (old && is_fresh(image, entry, old))
			continue;
		copy = LIST_ADD(plan->copies, plan->n);
		if (!copy)
			return -ENOMEM;
		*copy = (struct uki_copy){image, old, entry, &plan->ukify};
	}
	return 0;
}

static int make_plan(const struct root *root, const struct bootentries *wanted,
	struct bootmenu_change *change, struct uki_plan *ret)
{
	int r = read_plan(root, change, ret);

	if (r == 0)
		r = judge_all(root, wanted, ret, change);
	for (size_t i = 0; r == 0 && i < ret->images.n; i++) {
		const struct uki *image = &ret->images.images[i];

		if (!image->id[0] && !image->skipped)
			r = plan_copies(ret, image, wanted);
	}
	return r;
}

static int run_make(
	const struct change *change, struct change_step *step, struct message *message)
{
	const struct uki_copy *copy = step->data;
	int r = ukify_make(
		change->root, copy->ukify, copy->image, copy->entry, step->path, message);

	if (r < 0 && (copy->image->is_signed || copy->image->has_signed_measurements))
		message_remedy(message,
			"if a key has a pass phrase, run 'sudo vfioboot entry add' "
			"on a terminal, where it can be asked for");
	return r < 0 ? message_prefix(message, r, "cannot make %s", step->other) : 0;
}

static const struct change_kind make_image = {
	.text = "make %2", .run = run_make, .undo = change_undo_made};

/* What the default was, to be compared when all images are in place. */
struct default_entry {
	struct bootmenu_default before;
	struct bootmenu_change *change;
};

static int run_check_default(
	const struct change *change, struct change_step *step, struct message *message)
{
	const struct default_entry *entry = step->data;
	int r = bootmenu_check_default(
		change->root, &bootloader_ops_uki, &entry->before, entry->change);

	if (r < 0 && message)
		*message = entry->change->message;
	return r;
}

static const struct change_kind check_default = {.quiet = true, .run = run_check_default};

/* A file in the image's directory; with @end one with a hidden name, which no loader shows. */
static void name_file(const struct uki *image, const char *name, const char *end,
	char ret[static PATH_MAX])
{
	text_join(ret, PATH_MAX, image->directory, *end ? "/." : "/", name, end, NULL);
}

static void name_copy(
	const struct uki_copy *copy, const char *end, char ret[static PATH_MAX])
{
	char name[NAME_MAX + 1];

	uki_copy_name(copy->image, copy->entry, name);
	name_file(copy->image, name, end, ret);
}

/* An image that was replaced is put back where no new one took its place. */
static bool is_missing(void *data, const char *kept, const char *path)
{
	(void)kept;
	return !file_exists(data, "%s", path);
}

/* What a run that was killed has left, and images of ours that are not wanted: they make room. */
static int add_removals(const struct uki_plan *plan, const struct bootentries *wanted,
	struct change *change)
{
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < ESP_PLACES_N; i++) {
		text_join(path, sizeof(path), esp_places[i], UKI_DIRECTORY, NULL);
		r = change_add_leftovers(
			change, path, is_missing, (void *)(uintptr_t)change->root);
		r = r == -ENOTDIR ? 0 : r;
	}
	for (size_t i = 0; r == 0 && i < plan->images.n; i++) {
		const struct uki *image = &plan->images.images[i];

		if (!image->id[0] || is_copy(&plan->images, image, wanted, false))
			continue;
		name_file(image, image->name, "", path);
		r = change_add(change, &change_delete, path, NULL) ? 0 : -ENOMEM;
	}
	return r;
}

/* Such partitions are small: behind it all, the next kernel's own image must have room. */
static int add_spare(const struct uki_plan *plan, struct change *change)
{
	const struct uki *largest = plan->copies[0].image;
	struct change_step *step;
	char path[PATH_MAX];

	for (size_t i = 0; i < plan->n; i++)
		if (plan->copies[i].image->size > largest->size)
			largest = plan->copies[i].image;
	name_file(largest, largest->name, "", path);
	step = change_add(change, &change_spare, path, NULL);
	if (step)
		step->room = largest->size;
	return step ? 0 : -ENOMEM;
}

static int add_make(struct uki_copy *copy, struct change *change)
{
	char path[PATH_MAX], made[PATH_MAX];
	struct change_step *make;

	name_copy(copy, "", path);
	name_copy(copy, ATOMICFILE_TEMPORARY, made);
	make = change_add(change, &make_image, made, path);
	if (!make)
		return -ENOMEM;
	make->data = copy;
	make->room = copy->image->size + MORE;
	return 0;
}

static int add_place(const struct uki_copy *copy, struct change *change)
{
	char path[PATH_MAX], made[PATH_MAX], kept[PATH_MAX];

	name_copy(copy, "", path);
	name_copy(copy, ATOMICFILE_TEMPORARY, made);
	name_copy(copy, ATOMICFILE_KEPT, kept);
	if (copy->old && !change_add(change, &change_move, path, kept))
		return -ENOMEM;
	return change_add(change, &change_replace, made, path) ? 0 : -ENOMEM;
}

static int add_discard(const struct uki_copy *copy, struct change *change)
{
	char kept[PATH_MAX];

	name_copy(copy, ATOMICFILE_KEPT, kept);
	return !copy->old || change_add(change, &change_discard, kept, NULL) ? 0
									     : -ENOMEM;
}

/* All are made before the first takes its place: there is all of it, or what was before. */
static int add_copies(
	struct uki_plan *plan, struct default_entry *before, struct change *change)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->n; i++)
		r = add_make(&plan->copies[i], change);
	for (size_t i = 0; r == 0 && i < plan->n; i++)
		r = add_place(&plan->copies[i], change);
	if (r == 0)
		r = change_add_own(change, &check_default, before);
	for (size_t i = 0; r == 0 && i < plan->n; i++)
		r = add_discard(&plan->copies[i], change);
	return r < 0 || !plan->n ? r : add_spare(plan, change);
}

static int fail(struct bootmenu_change *change, const struct message *message)
{
	char line[MESSAGE_LINE_SIZE];

	return bootmenu_fail(change, "%s", message_line(message, line));
}

static int check_room(const struct change *steps, struct bootmenu_change *change)
{
	struct message message = {0};

	return change_check(steps, &message) < 0 ? fail(change, &message) : 0;
}

/* What the images that come and go are; how old ones are set aside is not. */
static int note_steps(const struct change *steps, struct bootmenu_change *change)
{
	char text[2 * PATH_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < steps->n; i++) {
		change_describe(&steps->steps[i], text, sizeof(text));
		if (steps->steps[i].kind->quiet || steps->steps[i].kind == &change_move)
			continue;
		change->finish = true;
		r = file_add_name(&change->steps, text);
	}
	return r;
}

static int plan(const struct root *root, struct bootentries *wanted,
	struct bootmenu_change *change)
{
	_cleanup_(change_free) struct change steps = {.root = root};
	_cleanup_(free_plan) struct uki_plan plan = {0};
	int r = make_plan(root, wanted, change, &plan);

	if (r == 0 && wanted->n)
		r = systemd_boot_advise(root, change);
	if (r == 0 && wanted->n && !initramfs_cmdline_file(root))
		r = bootmenu_advise(change,
			"write the normal command line into /etc/kernel/cmdline: without it, "
			"an image that is built in a passthrough boot gets its arguments");
	if (r == 0)
		r = add_removals(&plan, wanted, &steps);
	if (r == 0)
		r = add_copies(&plan, NULL, &steps);
	/* In an update what goes does so first, whether there is room then or not. */
	if (r == 0 && !change->update)
		r = check_room(&steps, change);
	return r < 0 ? r : note_steps(&steps, change);
}

static bool has_left(const struct root *root)
{
	_cleanup_(change_free) struct change steps = {.root = root};
	static const struct bootentries none;
	const struct uki_plan plan = {0};

	return add_removals(&plan, &none, &steps) == 0 && steps.n;
}

static int carry_out(struct change *steps, struct bootmenu_change *change)
{
	struct change_failure failure;
	int r = check_room(steps, change);

	if (r < 0)
		return r;
	r = change_carry_out(steps, NULL, &failure);
	if (r < 0 && failure.undo[0])
		bootmenu_warn(change, "cannot restore everything: %s", failure.undo);
	r = r < 0 ? fail(change, &failure.message) : 0;
	change_free_failure(&failure);
	return r;
}

static int finish(const struct root *root, const struct bootentries *wanted,
	struct bootmenu_change *change)
{
	_cleanup_(change_free) struct change removals = {.root = root},
					     copies = {.root = root};
	_cleanup_(free_plan) struct uki_plan plan = {0};
	struct default_entry before = {.change = change};
	int r = make_plan(root, wanted, change, &plan);

	if (r == 0)
		r = add_removals(&plan, wanted, &removals);
	if (r == 0)
		r = carry_out(&removals, change);
	if (r == 0)
		r = bootmenu_read_default(root, &bootloader_ops_uki, &before.before);
	if (r == 0)
		r = add_copies(&plan, &before, &copies);
	if (r == 0)
		r = carry_out(&copies, change);
	return r;
}

static int add_image(const struct ukis *images, const struct uki *image,
	const struct bootentries *wanted, struct bootmenu *menu)
{
	_cleanup_(file_free_names) struct file_names initrds = {0};
	char boot_id[NAME_MAX + 1], path[PATH_MAX];
	struct bootmenu_entry entry = {.kind = image->foreign ? BOOTMENU_ELSE
			: image->id[0]                        ? BOOTMENU_OURS
							      : BOOTMENU_NORMAL,
		.boot_id = boot_id,
		.title = image->title,
		.kernel = image->version[0] ? image->version : image->name,
		.options = image->options,
		.kernel_path = path,
		.unified = true,
		.outdated = image->id[0] && !image->foreign &&
			!is_copy(images, image, wanted, true)};
	int r;

	name_file(image, image->name, "", path);
	uki_boot_id(image, boot_id);
	if (!image->foreign)
		strcpy(entry.id, image->id);
	uki_order(image, &entry.order);
	r = uki_add_initrds(image, path, &initrds);
	entry.initrds = initrds;
	return r < 0 ? r : bootmenu_add(menu, &entry);
}

int uki_add_entries(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *menu)
{
	_cleanup_(ukis_free) struct ukis images = {0};
	int r = ukis_read(root, true, &images);

	if (r < 0)
		text_join(menu->failed, sizeof(menu->failed), images.failed, NULL);
	for (size_t i = 0; r == 0 && i < images.n; i++)
		r = add_image(&images, &images.images[i], wanted, menu);
	return r;
}

/* FAT takes letters of both cases for the same. */
static bool is_image_of(const struct bootmenu_entry *entry, const char *path)
{
	for (size_t i = 0; i < ESP_PLACES_N; i++) {
		size_t len = strlen(esp_places[i]);

		if (strncmp(entry->kernel_path, esp_places[i], len) == 0 &&
			strcasecmp(entry->kernel_path + len, path) == 0)
			return true;
	}
	return false;
}

/* The image that an entry of the firmware starts, if one partition alone has its file. */
static struct bootmenu_entry *find_image_of(
	const struct root *root, const struct efi_entry *started, struct bootmenu *menu)
{
	struct bootmenu_entry *found = NULL;

	for (size_t i = 0; i < menu->n; i++) {
		if (!is_image_of(&menu->entries[i], started->path))
			continue;
		if (found)
			return NULL;
		found = &menu->entries[i];
	}
	return found && *started->partition &&
			esp_is_other(root, started->partition, found->kernel_path + 1)
		? NULL
		: found;
}

/* What shim starts stands nowhere that is read here. */
static bool is_shim(const char *path)
{
	return fnmatch("*/shim*.efi", path, FNM_CASEFOLD) == 0;
}

/* What the firmware starts counts; else it starts something else, such as a copy at EFI/BOOT. */
static void mark_started(const struct root *root, struct bootmenu *menu)
{
	struct efi_entry first = {0}, once;
	bool other;
	int r = efi_entry_default(root, &first, &other);
	struct bootmenu_entry *image = r == 0 ? find_image_of(root, &first, menu) : NULL;

	if (image)
		image->is_default = true;
	menu->default_elsewhere = r != -ENOENT && !image && !is_shim(first.path);
	r = efi_entry_next(root, &once);
	image = r == 0 ? find_image_of(root, &once, menu) : NULL;
	if (image)
		image->is_next = true;
	menu->next_elsewhere = r != -ENOENT && !image;
}

/*
 * Whether systemd-boot chooses among the images: by its word, which it needs no files for, or by its
 * files, unless the stub has told of itself and no loader has, or the firmware starts another program
 * than it did.
 */
static bool has_systemd_boot(const struct root *root)
{
	char loader[64], stub[64];
	struct efi_entry first;
	bool other;
	int r = efivar_read_text(root, "LoaderInfo", loader, sizeof(loader));

	if (efi_entry_default(root, &first, &other) == 0 && other)
		return false;
	if (r >= 0 && text_begins_with(loader, "systemd-boot"))
		return true;
	return systemd_boot_is_installed(root) &&
		!(r == -ENOENT &&
			efivar_read_text(root, "StubInfo", stub, sizeof(stub)) >= 0);
}

/* systemd-boot has entries in files besides, none of which gets copies here. */
static int read_menu(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *ret)
{
	static const struct bootentries none;
	int r = uki_add_entries(root, wanted, ret);
	size_t first;

	if (r < 0 || !has_systemd_boot(root)) {
		mark_started(root, ret);
		return r;
	}
	first = ret->n;
	r = bls_add_entries(root, &none, ret);
	bootmenu_keep_apart(ret, first, ret->n);
	systemd_boot_order(root, ret);
	return r;
}

static int edit(const struct root *root, const struct bootentries *wanted, FILE *out)
{
	_cleanup_(bootmenu_free_change) struct bootmenu_change change = {0};
	_cleanup_(free_plan) struct uki_plan plan = {0};
	unsigned obstacles = 0;
	int r = read_plan(root, &change, &plan);

	if (r < 0)
		return r;
	fprintf(out,
		"The command line of a unified kernel image is inside it, and an addon would "
		"count at\nevery boot: another entry is another image.\n");
	/* The commands by hand are ukify's as well. */
	if (!plan.ukify.program) {
		ukify_print_obstacles(out, UKIFY_MISSING);
		return 0;
	}
	fprintf(out,
		"Run as root in an empty directory, and again whenever the image is "
		"rebuilt:\n");
	for (size_t i = 0; i < plan.images.n; i++) {
		const struct uki *image = &plan.images.images[i];

		for (unsigned j = 0; !image->id[0] && j < wanted->n; j++) {
			ukify_print(out, image, &wanted->entries[j]);
			obstacles |= ukify_obstacles(&plan.ukify, image);
		}
	}
	ukify_print_obstacles(out, obstacles);
	return 0;
}

const struct bootloader_ops bootloader_ops_uki = {
	.plan = plan,
	.finish = finish,
	.has_left = has_left,
	.read = read_menu,
	.edit = edit,
	.find_permanent = permanent_uki,
};
