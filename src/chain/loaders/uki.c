/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unified kernel images: the command line is inside, so that an entry of ours is an image of its
 * own beside the normal one, which ukify(1) makes of the same kernel and initramfs.  The normal
 * one is not touched: its signature and its measurements stay.  An addon would count at every
 * boot, and another profile would change the normal image.  Only what got the arguments of a
 * passthrough boot inside, of which it would be one for ever, is made anew in its place.
 *
 * The copy's name sorts below the original's, and its sort key behind, as in bootloader_bls.c.
 */
#include <errno.h>
#include <stdio.h>

#include "base/base.h"
#include "blsentry.h"
#include "sddefault.h"
#include "ukiedit.h"
#include "ukimake.h"
#include "ukiosrel.h"
#include "ukiplan.h"
#include "ukiroom.h"
#include "ukiwork.h"

/* @entry: of a copy; NULL: it is none. */
static int order_entry(
	const struct uki *image, const struct bootentry *entry, struct sdorder_entry *ret)
{
	_cleanup_free_ char *osrel =
		entry ? ukiosrel_copy(image->osrel, entry) : strdup(image->osrel);
	bool exhausted;

	if (!osrel)
		return -ENOMEM;
	bls_stem_length(image->name, true, &exhausted);
	*ret = (struct sdorder_entry){.ours = entry, .exhausted = !entry && exhausted};
	uki_id(image, entry, ret->id, sizeof(ret->id));
	ukiosrel_order(osrel, ret);
	return 0;
}

/* As systemd-boot orders them; other loaders have no default that a name could shift. */
static int check_default(const struct sysfs_root *root, const struct ukis *images,
	const struct bootentries *wanted, struct bootmenu_change *change)
{
	_cleanup_free_ struct sdorder_entry *entries =
		calloc(images->n * (wanted->n + 1) + 1, sizeof(*entries));
	size_t n = 0;
	int r = 0;

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < images->n; i++) {
		const struct uki *image = &images->images[i];

		for (unsigned j = 0; r == 0 && !image->id[0] && j <= wanted->n; j++) {
			if (j < wanted->n && image->skipped)
				continue;
			r = order_entry(image, j < wanted->n ? &wanted->entries[j] : NULL,
				&entries[n++]);
		}
	}
	return r < 0 ? r : sddefault_check(root, entries, n, change);
}

static int note_step(struct bootmenu_change *change, const struct ukiplan_step *step)
{
	char name[NAME_MAX + 1], text[PATH_MAX + 64];

	ukiplan_name(step, name);
	text_join(text, sizeof(text), step->kind == UKIPLAN_DELETE ? "delete " : "make ",
		step->image->directory, "/", name,
		step->kind == UKIPLAN_REPAIR ? " anew" : "", NULL);
	change->finish = true;
	return hostfile_add_name(&change->steps, text);
}

/* What a run that was killed left. */
static bool has_left(const struct sysfs_root *root)
{
	_cleanup_(hostfile_free_names) struct hostfile_names left = {0};

	return (ukis_read_left(root, &left) == 0 && left.n) ||
		hostfile_exists(root, "%s", UKIWORK_DIRECTORY);
}

static int note_left(const struct sysfs_root *root, struct bootmenu_change *change)
{
	_cleanup_(hostfile_free_names) struct hostfile_names left = {0};
	char text[PATH_MAX + 64];
	int r = ukis_read_left(root, &left);

	for (size_t i = 0; r == 0 && i < left.n; i++) {
		text_join(text, sizeof(text), "delete ", left.names[i], NULL);
		r = hostfile_add_name(&change->steps, text);
	}
	change->finish |= has_left(root);
	return r;
}

static int check_plan(const struct sysfs_root *root, const struct bootentries *wanted,
	const struct ukiplan *plan, struct bootmenu_change *change)
{
	int r = check_default(root, &plan->images, wanted, change);

	if (r == 0 && bootmenu_copies_cmdline(root))
		r = bootmenu_advise(change,
			"write the normal command line into /etc/kernel/cmdline: without it, "
			"an image that is made in a passthrough boot gets its arguments, too");
	/* In an update what goes does so first, whether there is room then or not. */
	return r < 0 || change->update ? r : ukiroom_check(root, plan, true, change);
}

static int plan(const struct sysfs_root *root, struct bootentries *wanted,
	struct bootmenu_change *change)
{
	_cleanup_(ukiplan_free) struct ukiplan plan = {0};
	int r = ukiplan_make(root, wanted, change, &plan);

	if (r == 0 && wanted->n)
		r = check_plan(root, wanted, &plan, change);
	for (size_t i = 0; r == 0 && i < plan.n; i++)
		r = note_step(change, &plan.steps[i]);
	return r < 0 ? r : note_left(root, change);
}

static int delete (const char *path, struct bootmenu_change *change)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	return bootmenu_fail(change, "cannot delete %s: %s", path, strerror(errno));
}

static int delete_all(const struct sysfs_root *root, const struct ukiplan *plan,
	struct bootmenu_change *change)
{
	_cleanup_(hostfile_free_names) struct hostfile_names left = {0};
	int r = ukis_read_left(root, &left);

	for (size_t i = 0; r == 0 && i < left.n; i++)
		r = delete (left.names[i], change);
	for (size_t i = 0; r == 0 && i < plan->n; i++) {
		const struct uki *image = plan->steps[i].image;
		char path[PATH_MAX];

		if (plan->steps[i].kind != UKIPLAN_DELETE)
			continue;
		text_join(path, sizeof(path), image->directory, "/", image->name, NULL);
		r = delete (path, change);
	}
	return r;
}

static int make(const struct ukiplan *plan, const struct ukiplan_step *step, int work,
	struct bootmenu_change *change)
{
	const struct uki *image = step->image;
	bool copy = step->kind == UKIPLAN_COPY,
	     signs = image->is_signed || image->has_signed_measurements;
	_cleanup_free_ char *cmdline =
		copy ? ukiplan_cmdline(image, step->entry) : strdup(image->cmdline);
	_cleanup_free_ char *osrel =
		copy ? ukiosrel_copy(image->osrel, step->entry) : strdup(image->osrel);
	char name[NAME_MAX + 1], why[256];
	int r;

	if (!cmdline || !osrel)
		return -ENOMEM;
	ukiplan_name(step, name);
	r = ukimake_run(&(struct ukimake_job){plan->ukify,
				signs ? plan->keys.config : plan->keys.keyless, image,
				name, osrel, cmdline},
		work, why, sizeof(why));
	return r < 0 ? bootmenu_fail(change, "cannot make %s/%s: %s", image->directory,
			       name, r == -EREMOTEIO ? why : strerror(-r))
		     : 0;
}

/* All are made before the first takes its place: there is all of it, or what was before. */
static int make_all(const struct ukiplan *plan, int work, struct bootmenu_change *change)
{
	char name[NAME_MAX + 1];
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->n; i++)
		if (plan->steps[i].kind != UKIPLAN_DELETE)
			r = make(plan, &plan->steps[i], work, change);
	for (size_t i = 0; i < plan->n; i++) {
		const char *directory = plan->steps[i].image->directory;

		if (plan->steps[i].kind == UKIPLAN_DELETE)
			continue;
		ukiplan_name(&plan->steps[i], name);
		if (r == 0)
			r = ukimake_place(directory, name);
		if (r < 0)
			ukimake_forget(directory, name);
	}
	return r;
}

static bool makes_something(const struct ukiplan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->steps[i].kind != UKIPLAN_DELETE)
			return true;
	return false;
}

static int finish(const struct sysfs_root *root, const struct bootentries *wanted,
	struct bootmenu_change *change)
{
	_cleanup_work_ int work = ukiwork_open(root);
	_cleanup_(ukiplan_free) struct ukiplan plan = {0};
	int r = ukiplan_make(root, wanted, change, &plan);

	if (r == 0)
		r = delete_all(root, &plan, change);
	if (r < 0 || !makes_something(&plan))
		return r;
	if (work < 0)
		return bootmenu_fail(change, "cannot work in " UKIWORK_DIRECTORY ": %s",
			strerror(-work));
	r = ukiroom_check(root, &plan, false, change);
	return r < 0 ? r : make_all(&plan, work, change);
}

/* Whether a copy has no original, or an older one than there is. */
static bool is_outdated(const struct ukis *images, const struct uki *copy,
	const struct bootentries *wanted)
{
	for (size_t i = 0; i < images->n; i++)
		for (unsigned j = 0; !images->images[i].id[0] && j < wanted->n; j++)
			if (uki_find_copy(images, &images->images[i],
				    &wanted->entries[j]) == copy)
				return ukiplan_is_fresh(images, &images->images[i],
					       &wanted->entries[j]) <= 0;
	return true;
}

static int read_menu(const struct sysfs_root *root, const struct bootentries *wanted,
	struct bootmenu *ret)
{
	_cleanup_(bootmenu_free) struct bootmenu menu = {0};
	_cleanup_(ukis_free) struct ukis images = {0};
	int r = ukis_read(root, &images);

	for (size_t i = 0; r == 0 && i < images.n; i++) {
		const struct uki *image = &images.images[i];
		struct bootmenu_entry entry = {.boot_id = image->name,
			.title = image->title,
			.kernel = image->version[0] ? image->version : image->name,
			.options = image->cmdline,
			.outdated = image->id[0] && is_outdated(&images, image, wanted)};

		strcpy(entry.id, image->id);
		r = bootmenu_add(&menu, &entry);
	}
	if (r < 0 && images.failed)
		text_join(ret->failed, sizeof(ret->failed), images.failed, NULL);
	if (r < 0)
		return r;
	*ret = menu;
	menu = (struct bootmenu){0};
	return 0;
}

static char *edit(const struct sysfs_root *root, const struct bootentries *wanted)
{
	_cleanup_(bootmenu_free_change) struct bootmenu_change change = {0};
	_cleanup_(ukiplan_free) struct ukiplan plan = {0};
	char *text = NULL;
	size_t size;
	FILE *out = ukiplan_look(root, &change, &plan) < 0 ? NULL
							   : open_memstream(&text, &size);

	if (!out)
		return NULL;
	ukiedit_print(out, &plan, wanted);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

const struct bootloader_ops bootloader_ops_uki = {
	.plan = plan,
	.finish = finish,
	.has_left = has_left,
	.read = read_menu,
	.edit = edit,
	.permanent =
		"in /etc/kernel/cmdline, which has to be all of the command line, and then by "
		"making the images anew ('kernel-install add-all', 'mkinitcpio -P')",
};
