/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unified kernel images: the command line is inside, so that an entry of ours is an image of its
 * own beside the normal one, which ukify(1) makes of the same kernel and initramfs.  The normal
 * one is not touched: its signature and its measurements stay.  An addon would count at every
 * boot, and another profile would change the normal image.
 *
 * The copy's name sorts below the original's, and its sort key behind, as in bls.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/base.h"
#include "chain/bootmenu.h"
#include "chain/esp.h"
#include "change/change.h"
#include "systemd_boot.h"
#include "ukify.h"

#define MORE 65536 /* bytes that a new image may be larger: another stub, a signature */
/* What is behind the name of an image while it is made, and of one that is replaced. */
#define MADE     ATOMICFILE_TEMPORARY
#define REPLACED ".vfioboot-old"

struct uki_step {
	const struct uki *image;
	const struct bootentry *entry; /* its copy is made; NULL: it is one, and goes */
	bool placed;
};

/* What the images are, and what has to be done with them.  Starts as {0}. */
struct uki_plan {
	struct ukis images;
	struct ukify ukify;
	struct uki_step *steps; /* what goes comes first, it makes room */
	size_t n;
};

static void free_plan(struct uki_plan *plan)
{
	ukis_free(&plan->images);
	ukify_free(&plan->ukify);
	free(plan->steps);
}

static int read_plan(const struct sysfs_root *root, struct bootmenu_change *change,
	struct uki_plan *ret)
{
	int r = ukis_read(root, &ret->images);

	if (r < 0)
		return bootmenu_fail(change, "cannot read the images in %s: %s%s",
			ret->images.failed, strerror(-r), bootmenu_remedy(r));
	r = ukify_read(root, &ret->ukify);
	if (r < 0)
		return bootmenu_fail(change,
			"cannot read ukify's settings, uki.conf or ukify.conf: %s%s",
			strerror(-r), bootmenu_remedy(r));
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
			" is there and was not made by vfioboot; rename it or delete it",
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
		"; 'vfioboot entry add' shows how to do it by hand", NULL);
	return object(wanted, image, "", text, change);
}

/* Addons and credentials lie beside an image, and count for its name alone. */
static int check_extras(const struct sysfs_root *root, const struct uki *image,
	struct bootmenu_change *change)
{
	char text[3 * NAME_MAX];

	if (!hostfile_exists(root, "%s/%s.extra.d", image->directory, image->name))
		return 0;
	text_join(text, sizeof(text), image->directory, "/", image->name,
		".extra.d counts for the normal image alone: copy what the others need into "
		"directories of their names",
		NULL);
	return bootmenu_advise(change, text);
}

/* Finds out whether copies can be made of a normal image. */
static int judge_original(const struct sysfs_root *root, const struct uki_plan *plan,
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

static int judge_all(const struct sysfs_root *root, const struct bootentries *wanted,
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

static int add_step(
	struct uki_plan *plan, const struct uki *image, const struct bootentry *entry)
{
	struct uki_step *more = realloc(plan->steps, (plan->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	plan->steps = more;
	more[plan->n++] = (struct uki_step){.image = image, .entry = entry};
	return 0;
}

static int make_plan(const struct sysfs_root *root, const struct bootentries *wanted,
	struct bootmenu_change *change, struct uki_plan *ret)
{
	const struct ukis *images = &ret->images;
	int r = read_plan(root, change, ret);

	if (r == 0)
		r = judge_all(root, wanted, ret, change);
	for (size_t i = 0; r == 0 && i < images->n; i++)
		if (images->images[i].id[0] &&
			!is_copy(images, &images->images[i], wanted, false))
			r = add_step(ret, &images->images[i], NULL);
	for (size_t i = 0; r == 0 && i < images->n; i++) {
		const struct uki *image = &images->images[i];

		for (unsigned j = 0; r == 0 && j < wanted->n; j++) {
			const struct bootentry *entry = &wanted->entries[j];
			const struct uki *copy = image->id[0] || image->skipped
				? image
				: uki_find_copy(images, image, entry, true);

			if (copy != image && (!copy || !is_fresh(image, entry, copy)))
				r = add_step(ret, image, entry);
		}
	}
	return r;
}

/* Where the step's file is; with @end, one of the hidden names that no loader shows. */
static void step_path(
	const struct uki_step *step, const char *end, char ret[static PATH_MAX])
{
	char name[NAME_MAX + 1];

	if (step->entry)
		uki_copy_name(step->image, step->entry, name);
	else
		text_join(name, sizeof(name), step->image->name, NULL);
	text_join(ret, PATH_MAX, step->image->directory, *end ? "/." : "/", name, end,
		NULL);
}

/* The paths of all that a run which was killed has left. */
static int read_left(const struct sysfs_root *root, struct hostfile_names *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ESP_PLACES_N; i++) {
		_cleanup_(hostfile_free_names) struct hostfile_names names = {0};
		char path[PATH_MAX];

		text_join(path, sizeof(path), esp_places[i], UKI_DIRECTORY, NULL);
		r = hostfile_list(root, path, &names);
		r = r == -ENOTDIR ? 0 : r;
		for (size_t j = 0; r == 0 && j < names.n; j++) {
			const char *end = strstr(names.names[j], ".efi.vfioboot-");

			if (!end || names.names[j][0] != '.')
				continue;
			text_join(path, sizeof(path), esp_places[i], UKI_DIRECTORY "/",
				names.names[j], NULL);
			r = hostfile_add_name(ret, path);
		}
	}
	return r;
}

static bool has_left(const struct sysfs_root *root)
{
	_cleanup_(hostfile_free_names) struct hostfile_names left = {0};

	return read_left(root, &left) == 0 && left.n;
}

static int note(struct bootmenu_change *change, const char *verb, const char *path)
{
	char text[PATH_MAX + 16];

	text_join(text, sizeof(text), verb, path, NULL);
	change->finish = true;
	return hostfile_add_name(&change->steps, text);
}

/* All in bytes. */
struct sum {
	uint64_t made, replaced, deleted;
	uint64_t largest; /* normal image */
};

static struct sum add_up(const struct uki_plan *plan, const char *directory)
{
	struct sum sum = {0};

	for (size_t i = 0; i < plan->n; i++) {
		const struct uki_step *step = &plan->steps[i];
		const struct uki *old = step->entry
			? uki_find_copy(&plan->images, step->image, step->entry, true)
			: NULL;

		if (strcmp(step->image->directory, directory) != 0)
			continue;
		sum.made += step->entry ? step->image->size + MORE : 0;
		sum.deleted += step->entry ? 0 : step->image->size;
		sum.replaced += old ? old->size : 0;
	}
	for (size_t i = 0; i < plan->images.n; i++) {
		const struct uki *image = &plan->images.images[i];

		if (strcmp(image->directory, directory) == 0 && !image->id[0] &&
			image->size > sum.largest)
			sum.largest = image->size;
	}
	return sum;
}

/*
 * All is made before anything is replaced, and behind it the next kernel's own image must have
 * room: such partitions are small.  @deletes: what the plan deletes is still there.
 */
static int check_directory(const struct sysfs_root *root, const struct uki_plan *plan,
	const char *directory, bool deletes, struct bootmenu_change *change)
{
	_cleanup_close_ int fd =
		sysfs_root_open_file(root, directory, O_RDONLY | O_DIRECTORY);
	struct sum sum = add_up(plan, directory);
	uint64_t needed = sum.made, after = sum.made + sum.largest;
	struct diskroom room;

	if (!sum.made)
		return 0;
	if (fd < 0 || diskroom_read(fd, &room) < 0)
		return bootmenu_fail(
			change, "cannot read how much space is free in %s", directory);
	if (root->live && room.read_only)
		return bootmenu_fail(
			change, "%s is mounted read-only: mount it writable", directory);
	after -= sum.replaced < after ? sum.replaced : after;
	needed = after > needed ? after : needed;
	room.available += deletes ? sum.deleted : 0;
	if (room.available >= needed)
		return 0;
	return bootmenu_fail(change,
		"%s has %lu MiB free, and the images of the entries need %lu MiB, with room "
		"left for that of the next kernel: remove kernels that are not used any "
		"more, or make the partition larger",
		directory, diskroom_mebibytes(room.available),
		diskroom_mebibytes(needed));
}

static int check_room(const struct sysfs_root *root, const struct uki_plan *plan,
	bool deletes, struct bootmenu_change *change)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ESP_PLACES_N; i++) {
		char directory[PATH_MAX];

		text_join(
			directory, sizeof(directory), esp_places[i], UKI_DIRECTORY, NULL);
		r = check_directory(root, plan, directory, deletes, change);
	}
	return r;
}

static int plan(const struct sysfs_root *root, struct bootentries *wanted,
	struct bootmenu_change *change)
{
	_cleanup_(hostfile_free_names) struct hostfile_names left = {0};
	_cleanup_(free_plan) struct uki_plan plan = {0};
	char path[PATH_MAX];
	int r = make_plan(root, wanted, change, &plan);

	if (r == 0 && wanted->n)
		r = systemd_boot_advise(root, change);
	if (r == 0 && wanted->n && bootmenu_copies_cmdline(root))
		r = bootmenu_advise(change,
			"write the normal command line into /etc/kernel/cmdline: without it, "
			"an image that is built in a passthrough boot gets its arguments");
	/* In an update what goes does so first, whether there is room then or not. */
	if (r == 0 && wanted->n && !change->update)
		r = check_room(root, &plan, true, change);
	for (size_t i = 0; r == 0 && i < plan.n; i++) {
		step_path(&plan.steps[i], "", path);
		r = note(change, plan.steps[i].entry ? "make " : "delete ", path);
	}
	if (r == 0)
		r = read_left(root, &left);
	for (size_t i = 0; r == 0 && i < left.n; i++)
		r = note(change, "delete ", left.names[i]);
	return r;
}

static int delete (
	const struct sysfs_root *root, const char *path, struct bootmenu_change *change)
{
	int r = atomicfile_clear(root, path);

	return r < 0 ? bootmenu_fail(change, "cannot delete %s: %s", path, strerror(-r))
		     : 0;
}

static int delete_all(const struct sysfs_root *root, const struct uki_plan *plan,
	struct bootmenu_change *change)
{
	_cleanup_(hostfile_free_names) struct hostfile_names left = {0};
	int r = read_left(root, &left);

	for (size_t i = 0; r == 0 && i < left.n; i++)
		r = delete (root, left.names[i], change);
	for (size_t i = 0; r == 0 && i < plan->n; i++) {
		char path[PATH_MAX];

		step_path(&plan->steps[i], "", path);
		if (!plan->steps[i].entry)
			r = delete (root, path, change);
	}
	return r;
}

static int make(const struct uki_plan *plan, const struct uki_step *step,
	struct bootmenu_change *change)
{
	char path[PATH_MAX], made[PATH_MAX], why[256];
	int r;

	step_path(step, "", path);
	step_path(step, MADE, made);
	r = ukify_make(&plan->ukify, step->image, step->entry, made, why, sizeof(why));
	return r < 0 ? bootmenu_fail(change, "cannot make %s: %s", path,
			       r == -EREMOTEIO ? why : strerror(-r))
		     : 0;
}

/* Puts what was made in its place; what was there is kept until all is well. */
static int place(const struct sysfs_root *root, struct uki_step *step,
	struct bootmenu_change *change)
{
	char path[PATH_MAX], made[PATH_MAX], replaced[PATH_MAX];
	int r = 0;

	step_path(step, "", path);
	step_path(step, MADE, made);
	step_path(step, REPLACED, replaced);
	if (rename(path, replaced) < 0 && errno != ENOENT)
		r = -errno;
	step->placed = r == 0;
	if (r == 0)
		r = atomicfile_replace(root, made, path);
	return r < 0 ? bootmenu_fail(change, "cannot make %s: %s", path, strerror(-r))
		     : 0;
}

static void settle(const struct sysfs_root *root, const struct uki_step *step, bool good)
{
	char path[PATH_MAX], made[PATH_MAX], replaced[PATH_MAX];

	step_path(step, "", path);
	step_path(step, MADE, made);
	step_path(step, REPLACED, replaced);
	atomicfile_clear(root, made);
	if (good)
		atomicfile_clear(root, replaced);
	else if (step->placed && atomicfile_put_back(root, replaced, path) == -ENOENT)
		atomicfile_clear(root, path);
}

/* All are made before the first takes its place: there is all of it, or what was before. */
static int make_all(const struct sysfs_root *root, struct uki_plan *plan,
	struct bootmenu_change *change)
{
	_cleanup_free_ char *before = NULL;
	int known = systemd_boot_default(root, &before), r = 0;

	for (size_t i = 0; r == 0 && i < plan->n; i++)
		if (plan->steps[i].entry)
			r = make(plan, &plan->steps[i], change);
	for (size_t i = 0; r == 0 && i < plan->n; i++)
		if (plan->steps[i].entry)
			r = place(root, &plan->steps[i], change);
	if (r == 0)
		r = bootmenu_check_default(
			root, &bootloader_ops_uki, known, before, change);
	for (size_t i = 0; i < plan->n; i++)
		if (plan->steps[i].entry)
			settle(root, &plan->steps[i], r == 0);
	return r;
}

static int finish(const struct sysfs_root *root, const struct bootentries *wanted,
	struct bootmenu_change *change)
{
	_cleanup_(free_plan) struct uki_plan plan = {0};
	int r = make_plan(root, wanted, change, &plan);

	if (r == 0)
		r = delete_all(root, &plan, change);
	if (r == 0)
		r = check_room(root, &plan, false, change);
	return r < 0 ? r : make_all(root, &plan, change);
}

static int read_menu(const struct sysfs_root *root, const struct bootentries *wanted,
	struct bootmenu *ret)
{
	_cleanup_(bootmenu_free) struct bootmenu menu = {0};
	_cleanup_(ukis_free) struct ukis images = {0};
	int r = ukis_read(root, &images);

	if (r < 0)
		text_join(ret->failed, sizeof(ret->failed), images.failed, NULL);
	for (size_t i = 0; r == 0 && i < images.n; i++) {
		const struct uki *image = &images.images[i];
		char boot_id[NAME_MAX + 1];
		struct bootmenu_entry entry = {.boot_id = boot_id,
			.title = image->title,
			.kernel = image->version[0] ? image->version : image->name,
			.options = image->cmdline,
			.outdated =
				image->id[0] && !is_copy(&images, image, wanted, true)};

		uki_boot_id(image, boot_id);
		strcpy(entry.id, image->id);
		r = bootmenu_add(&menu, &entry);
	}
	if (r < 0)
		return r;
	*ret = menu;
	menu = (struct bootmenu){0};
	return 0;
}

static char *edit(const struct sysfs_root *root, const struct bootentries *wanted)
{
	_cleanup_(bootmenu_free_change) struct bootmenu_change change = {0};
	_cleanup_(free_plan) struct uki_plan plan = {0};
	unsigned obstacles = 0;
	struct sheet sheet;

	if (read_plan(root, &change, &plan) < 0 || !sheet_open(&sheet))
		return NULL;
	fprintf(sheet.out,
		"The command line of a unified kernel image is inside it, and an addon would "
		"count at\nevery boot: another entry is another image.  Run as root in an "
		"empty directory, and\nagain whenever the image is rebuilt:\n");
	for (size_t i = 0; i < plan.images.n; i++) {
		const struct uki *image = &plan.images.images[i];

		for (unsigned j = 0; !image->id[0] && j < wanted->n; j++) {
			ukify_print(sheet.out, image, &wanted->entries[j]);
			obstacles |= ukify_obstacles(&plan.ukify, image);
		}
	}
	ukify_print_obstacles(sheet.out, obstacles);
	return sheet_take(&sheet);
}

const struct bootloader_ops bootloader_ops_uki = {
	.plan = plan,
	.finish = finish,
	.has_left = has_left,
	.read = read_menu,
	.find_default = systemd_boot_default,
	.edit = edit,
	.permanent =
		"in /etc/kernel/cmdline, which has to be all of the command line, and then by "
		"rebuilding the images ('kernel-install add-all', 'mkinitcpio -P')",
};
