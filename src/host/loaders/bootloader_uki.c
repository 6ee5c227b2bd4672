/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unified kernel images: the command line is inside, so that an entry of ours is an image of its
 * own beside the normal one, which ukify(1) makes of the same kernel and initramfs.  The normal
 * one is not touched: its signature and its measurements stay.  An addon would count at every
 * boot, and another profile would change the normal image.
 *
 * The copy's name sorts below the original's, as in bootloader_bls.c.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "../../core/text.h"
#include "../../core/util.h"
#include "bootmenu.h"
#include "sddefault.h"
#include "ukimake.h"

#define KEYS "/etc/kernel/uki.conf"

static const char *find_ukify(const struct sysfs_root *root)
{
	static const char *const programs[] = {
		"/usr/bin/ukify", "/usr/lib/systemd/ukify"};

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (hostfile_exists(root, "%s", programs[i]))
			return programs[i];
	return NULL;
}

static bool has_keys(const struct sysfs_root *root)
{
	_cleanup_free_ char *text = NULL;

	return hostfile_read(root, KEYS, &text, NULL) == 0 &&
		(strstr(text, "PrivateKey") || strstr(text, "SigningTool"));
}

/* The command line of the copy, for free(); NULL without memory. */
static char *copy_cmdline(const struct uki *original, const struct bootentry *entry)
{
	char missing[BOOTENTRY_ARGS_SIZE], *text;

	bootentry_missing_arguments(original->cmdline, entry, missing);
	return asprintf(&text, "%s%s%s", original->cmdline, *missing ? " " : "",
		       missing) < 0
		? NULL
		: text;
}

/* Whether there is a copy, made of the image as it is now, with these arguments. */
static int is_fresh(const struct ukis *images, const struct uki *original,
	const struct bootentry *entry)
{
	const struct uki *copy = uki_find_copy(images, original, entry);
	_cleanup_free_ char *cmdline = copy_cmdline(original, entry);

	if (!cmdline)
		return -ENOMEM;
	return copy && strcmp(copy->cmdline, cmdline) == 0 &&
		copy->changed.tv_sec >= original->changed.tv_sec;
}

static bool is_wanted(const struct ukis *images, const struct uki *ours,
	const struct bootentries *wanted)
{
	for (size_t i = 0; i < images->n; i++)
		for (unsigned j = 0; !images->images[i].id[0] && j < wanted->n; j++)
			if (uki_find_copy(images, &images->images[i],
				    &wanted->entries[j]) == ours)
				return true;
	return false;
}

/* What each of the visitors gets; @entry NULL: the image is one of ours that has to go. */
struct step {
	const struct sysfs_root *root;
	const struct uki *image;
	const struct bootentry *entry;
	struct bootmenu_change *change;
	struct hostfile_names
		*made; /* where the whole names of the files made go, or NULL */
};

static int each_step(const struct sysfs_root *root, const struct ukis *images,
	const struct bootentries *wanted, struct bootmenu_change *change,
	struct hostfile_names *made, int (*visit)(const struct step *step))
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < images->n; i++) {
		struct step step = {root, &images->images[i], NULL, change, made};

		if (step.image->id[0] && !is_wanted(images, step.image, wanted))
			r = visit(&step);
		for (unsigned j = 0; r == 0 && !step.image->id[0] && j < wanted->n; j++) {
			step.entry = &wanted->entries[j];
			r = is_fresh(images, step.image, step.entry);
			r = r == 0 ? visit(&step) : r < 0 ? r : 0;
		}
	}
	return r;
}

static int note_step(const struct step *step)
{
	char name[NAME_MAX + 1], text[PATH_MAX + 64];

	if (step->entry)
		uki_copy_name(step->image, step->entry, name, sizeof(name));
	text_join(text, sizeof(text), step->entry ? "make " : "delete ",
		step->image->directory, "/", step->entry ? name : step->image->name,
		NULL);
	step->change->finish = true;
	return hostfile_add_name(&step->change->steps, text);
}

static int check_original(const struct sysfs_root *root, const struct uki *image,
	struct bootmenu_change *change)
{
	if (image->id[0])
		return 0;
	if (!image->cmdline[0])
		return bootmenu_fail(change,
			"%s/%s has no command line inside, to which arguments could be added",
			image->directory, image->name);
	if (strstr(image->cmdline, "vfioboot."))
		return bootmenu_fail(change,
			"the normal image %s/%s has arguments of a passthrough boot inside: "
			"write the normal command line into /etc/kernel/cmdline, make the "
			"image anew ('kernel-install add-all'), and run this again",
			image->directory, image->name);
	/* It would not start without signatures, or not open the disk. */
	return image->needs_keys && !has_keys(root) ? -EOPNOTSUPP : 0;
}

/* Addons and credentials lie beside an image, and count for its name alone. */
static int check_extras(const struct sysfs_root *root, const struct uki *image,
	struct bootmenu_change *change)
{
	char text[3 * NAME_MAX];

	if (image->id[0] ||
		!hostfile_exists(root, "%s/%s.extra.d", image->directory, image->name))
		return 0;
	text_join(text, sizeof(text), image->directory, "/", image->name,
		".extra.d counts for the normal image alone: copy what the others need into "
		"directories of their names",
		NULL);
	return bootmenu_advise(change, text);
}

/* As systemd-boot orders them; other loaders have no default that a name could shift. */
static int check_default(const struct sysfs_root *root, const struct ukis *images,
	const struct bootentries *wanted, struct bootmenu_change *change)
{
	_cleanup_free_ struct sdorder_entry *entries =
		calloc(images->n * (wanted->n + 1) + 1, sizeof(*entries));
	size_t n = 0;

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < images->n; i++) {
		const struct uki *image = &images->images[i];

		for (unsigned j = 0; !image->id[0] && j <= wanted->n; j++) {
			struct sdorder_entry *entry = &entries[n++];

			entry->ours = j < wanted->n;
			if (entry->ours)
				uki_copy_name(image, &wanted->entries[j], entry->id,
					sizeof(entry->id));
			else
				text_join(
					entry->id, sizeof(entry->id), image->name, NULL);
			/* All are of one system, and so have one key. */
			text_join(entry->sort_key, sizeof(entry->sort_key), "x", NULL);
			text_join(entry->version, sizeof(entry->version), image->version,
				NULL);
		}
	}
	return sddefault_check(root, entries, n, change);
}

static int plan(const struct sysfs_root *root, struct bootentries *wanted,
	struct bootmenu_change *change)
{
	_cleanup_(ukis_free) struct ukis images = {0};
	bool originals = false;
	int r = ukis_read(root, &images);

	if (r < 0)
		return bootmenu_fail(
			change, "cannot read the images in EFI/Linux: %s", strerror(-r));
	if (wanted->n && !find_ukify(root))
		return -EOPNOTSUPP;
	for (size_t i = 0; wanted->n && i < images.n; i++) {
		r = check_original(root, &images.images[i], change);
		if (r == 0)
			r = check_extras(root, &images.images[i], change);
		if (r < 0)
			return r;
		originals |= !images.images[i].id[0];
	}
	if (wanted->n && !originals)
		return bootmenu_fail(
			change, "no unified kernel image of this system is in EFI/Linux");
	r = wanted->n ? check_default(root, &images, wanted, change) : 0;
	if (r == 0 && wanted->n && !hostfile_exists(root, "etc/kernel/cmdline"))
		r = bootmenu_advise(change,
			"write the normal command line into /etc/kernel/cmdline: without it, "
			"an image that is made in a passthrough boot gets its arguments, too");
	return r < 0 ? r : each_step(root, &images, wanted, change, NULL, note_step);
}

static int carry_out(const struct step *step)
{
	_cleanup_free_ char *cmdline = NULL;
	char path[PATH_MAX], name[NAME_MAX + 1], title[512], why[256];
	int r;

	if (!step->entry) {
		text_join(path, sizeof(path), step->image->directory, "/",
			step->image->name, NULL);
		return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
	}
	cmdline = copy_cmdline(step->image, step->entry);
	if (!cmdline)
		return -ENOMEM;
	uki_copy_name(step->image, step->entry, name, sizeof(name));
	text_join(title, sizeof(title), step->image->title, " (", step->entry->title, ")",
		NULL);
	r = uki_make(find_ukify(step->root), step->image->needs_keys ? KEYS : NULL,
		step->image, &(struct uki_copy){name, title, cmdline}, why, sizeof(why));
	if (r == -EREMOTEIO)
		return bootmenu_fail(step->change, "cannot make %s/%s: %s",
			step->image->directory, name, why);
	text_join(path, sizeof(path), step->image->directory, "/", name, NULL);
	return r < 0 ? r : hostfile_add_name(step->made, path);
}

static int finish(const struct sysfs_root *root, const struct bootentries *wanted,
	struct bootmenu_change *change)
{
	_cleanup_(hostfile_free_names) struct hostfile_names made = {0};
	_cleanup_(ukis_free) struct ukis images = {0};
	int r = ukis_read(root, &images);

	if (r == 0)
		r = each_step(root, &images, wanted, change, &made, carry_out);
	/* All of it, or nothing: they would be in the menu. */
	for (size_t i = 0; r < 0 && i < made.n; i++)
		unlink(made.names[i]);
	return r;
}

/* Whether a copy has no original, or an older one than there is. */
static bool is_outdated(const struct ukis *images, const struct uki *copy,
	const struct bootentries *wanted)
{
	for (size_t i = 0; i < images->n; i++)
		for (unsigned j = 0; !images->images[i].id[0] && j < wanted->n; j++)
			if (uki_find_copy(images, &images->images[i],
				    &wanted->entries[j]) == copy)
				return is_fresh(images, &images->images[i],
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
	if (r < 0)
		return r;
	*ret = menu;
	menu = (struct bootmenu){0};
	return 0;
}

static void print_commands(
	FILE *out, const struct uki *image, const struct bootentry *entry)
{
	char name[NAME_MAX + 1];

	uki_copy_name(image, entry, name, sizeof(name));
	fprintf(out,
		"\n# %s (%s)\n"
		"objcopy --dump-section .linux=linux --dump-section .initrd=initrd \\\n"
		"    --dump-section .osrel=osrel %s/%s rest\n"
		"ukify build --linux=linux --initrd=initrd --os-release=@osrel \\\n"
		"    --uname='%s' \\\n"
		"    --cmdline='%s %s' \\\n"
		"    --output=%s/%s\n",
		image->name, entry->title, image->directory, image->name, image->version,
		image->cmdline, entry->arguments, image->directory, name);
}

static void print_edit(FILE *out, const struct sysfs_root *root,
	const struct ukis *images, const struct bootentries *wanted)
{
	fprintf(out,
		"The command line of a unified kernel image is inside it, and an addon would "
		"count at\nevery boot: another entry is another image.  Run as root in an "
		"empty directory, and\nagain whenever the image is made anew:\n");
	for (size_t i = 0; i < images->n; i++)
		for (unsigned j = 0; !images->images[i].id[0] && j < wanted->n; j++)
			print_commands(out, &images->images[i], &wanted->entries[j]);
	if (!find_ukify(root))
		fprintf(out,
			"\nWith ukify (of systemd, in the package systemd-ukify) installed, "
			"'vfioboot entry add' does it.\n");
	else
		fprintf(out,
			"\nThe image is signed: add --secureboot-private-key= and "
			"--secureboot-certificate=,\nor --pcr-private-key= where "
			"measurements are.  With the keys in " KEYS "\n'vfioboot entry "
			"add' does it.\n");
}

static char *edit(const struct sysfs_root *root, const struct bootentries *wanted)
{
	_cleanup_(ukis_free) struct ukis images = {0};
	char *text = NULL;
	size_t size;
	FILE *out = ukis_read(root, &images) < 0 ? NULL : open_memstream(&text, &size);

	if (!out)
		return NULL;
	print_edit(out, root, &images, wanted);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

const struct bootloader_ops bootloader_ops_uki = {
	.plan = plan, .finish = finish, .read = read_menu, .edit = edit};
