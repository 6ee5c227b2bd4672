/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of `vfioboot apply`, in an order in which each can be undone. */
#include "apply.h"

#include <libmount.h>

#include "base/base.h"
#include "chain/loaders/ukify.h"
#include "decide/decide.h"
#include "facts/facts.h"

#define UNKNOWN ((uint64_t)96 << 20) /* bytes of an image whose like is not there */

int apply_begin(const struct root *root, enum imagecheck_of of,
	const struct protect_list *protect, struct chain *chain, struct apply *ret)
{
	*ret = (struct apply){.change = {.root = root, .log = APPLY_LOG},
		.goal = calloc(1, sizeof(*ret->goal)),
		.chain = chain};
	if (!ret->goal)
		return -ENOMEM;
	*ret->goal = (struct apply_goal){of, protect, chain->names_devices};
	return 0;
}

void apply_free(struct apply *apply)
{
	change_free(&apply->change);
	free(apply->goal);
	*apply = (struct apply){0};
}

/* ---- a new image is checked ------------------------------------------------------------- */

/* The step's other is the kernel's release. */
static int verify(
	const struct change *change, struct change_step *step, struct message *message)
{
	_cleanup_(imagecheck_free) struct imagecheck check = {0};
	const struct apply_goal *goal = step->data;
	enum image_state state;
	int r;

	r = imagecheck_read(change->root, goal->of, goal->protect, &check);
	if (r < 0)
		return message_errno(message, r, "cannot read the configuration");
	check.needed |= goal->needed;
	state = imagecheck_file(&check, change->root, step->other, step->path, message);
	if (state == IMAGE_FRESH)
		return atomicfile_sync(change->root, step->path);
	change_show_output(change);
	return message_prefix(
		message, -EBADMSG, "the new image of %s is unusable", step->other);
}

static const struct change_kind apply_verify = {
	.text = "check %1", .quiet = true, .run = verify};

/* ---- what an interrupted run has left ---------------------------------------------------- */

/* What the generator has left that was killed with it. */
static int add_leavings(struct apply *apply, const struct chain_image *image)
{
	const char *const *end = image->maker ? image->maker->leavings : NULL;

	for (; end && *end; end++) {
		_cleanup_free_ char *path = NULL;

		if (asprintf(&path, "%s%s", image->path, *end) < 0)
			return -ENOMEM;
		if (file_exists(apply->change.root, "%s", path) &&
			!change_add(&apply->change, &change_clear, path, NULL))
			return -ENOMEM;
	}
	return 0;
}

static struct chain_image *find_image(struct chain *chain, const char *path)
{
	for (size_t i = 0; i < chain->n_images; i++)
		if (strcmp(chain->images[i].path, path) == 0)
			return &chain->images[i];
	return NULL;
}

/* It is put back if the image is not whole: a generator was in the middle of it. */
static bool is_kept_wanted(void *data, const char *kept, const char *path)
{
	struct apply *apply = data;
	const struct root *root = apply->change.root;
	struct chain_image *image = find_image(apply->chain, path);

	if (!image)
		return false; /* of a kernel that is gone */
	if (add_leavings(apply, image) < 0 || imagefile_is_whole(root, path) ||
		!imagefile_is_whole(root, kept))
		return false;
	image->state = IMAGE_UNKNOWN; /* there will be one, and nobody has looked at it */
	return true;
}

int apply_add_leftovers(struct apply *apply)
{
	_cleanup_(file_free_names) struct file_names directories = {0};
	struct change *change = &apply->change;
	int r = change_add_leftovers(change, "/etc", NULL, NULL);

	if (r == 0)
		r = change_add_leftovers(change, CONFIGFILES_LOCAL_DIR, NULL, NULL);
	for (size_t i = 0; r == 0 && i < apply->chain->n_images; i++)
		r = file_add_directory(&directories, apply->chain->images[i].path);
	for (size_t i = 0; r == 0 && i < directories.n; i++)
		r = change_add_leftovers(
			change, directories.names[i], is_kept_wanted, apply);
	return r;
}

/* ---- images ------------------------------------------------------------------------------ */

bool apply_makes(
	const struct chain *chain, const struct chain_image *image, enum imagecheck_of of)
{
	if (image->state == IMAGE_FRESH || (!image->maker && !image->source))
		return false;
	/* One that is not there has nothing of us. */
	if (of == IMAGECHECK_UNDONE)
		return image->state != IMAGE_MISSING;
	return image->is_started || chain->unknown.code ||
		(image->maker && image->maker->adds_entry);
}

void apply_assume_done(struct chain *chain, enum imagecheck_of of)
{
	for (size_t i = 0; i < chain->n_entries; i++) {
		struct chain_entry *entry = &chain->entries[i];
		const struct chain_image *image = entry->image == CHAIN_NO_IMAGE
			? NULL
			: &chain->images[entry->image];

		if (!image || entry->state != image->state ||
			!apply_makes(chain, image, of))
			continue;
		entry->state = IMAGE_FRESH;
		chain_settle_entry(entry);
	}
	for (size_t i = 0; i < chain->n_images; i++)
		if (apply_makes(chain, &chain->images[i], of))
			chain->images[i].state = IMAGE_FRESH;
}

static bool needs_making(const struct apply *apply, const struct chain_image *image)
{
	return apply_makes(apply->chain, image, apply->goal->of);
}

/* Copies of an image follow it: those that the steps of the image may change, too. */
static bool is_copy_of(const struct chain_image *copy, const struct chain_image *image)
{
	return copy->source && strcmp(copy->source, image->path) == 0;
}

static uint64_t size_of(const struct apply *apply, const char *path)
{
	struct stat st;

	return file_stat(apply->change.root, path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* What a new image will need: a quarter more than the one that there is. */
static uint64_t size_needed(const struct apply *apply, const char *path)
{
	uint64_t size = size_of(apply, path);

	for (size_t i = 0; !size && i < apply->chain->n_images; i++)
		size = size_of(apply, apply->chain->images[i].path);
	return size ? size + size / 4 : UNKNOWN;
}

static int add_keep(struct apply *apply, const struct chain_image *image)
{
	_cleanup_free_ char *kept = NULL;

	if (image->state == IMAGE_MISSING)
		return 0;
	kept = atomicfile_beside(image->path, ATOMICFILE_KEPT);
	return kept && change_add(&apply->change, &change_keep, image->path, kept)
		? 0
		: -ENOMEM;
}

/* The arguments of the generator, with the full path of its output. */
static int add_command(const struct apply *apply, const struct chain_image *image,
	struct change_step *step)
{
	const struct root *root = apply->change.root;
	const struct kernel *kernel = kernels_get(&apply->chain->kernels, image->kernel);
	_cleanup_free_ char *output = NULL;

	if (asprintf(&output, "%s%s", root->path, step->path) < 0)
		return -ENOMEM;
	return kernel ? image->maker->command(root, kernel, image->written, output, step)
		      : -ENOENT;
}

static int add_build(
	struct apply *apply, const struct chain_image *image, const char *new)
{
	struct change_step *step = change_add(&apply->change, &change_build, new, NULL);
	int r;

	if (!step)
		return -ENOMEM;
	step->leavings = image->maker->leavings;
	step->kernel = strdup(image->kernel);
	step->stays = image->maker->adds_entry;
	step->room = size_needed(apply, image->path);
	r = add_command(apply, image, step);
	if (r < 0)
		return r;
	/* How many there are is known at the end. */
	return asprintf(&step->title, "Rebuilding the image of %s (%u of %%u) with %s",
		       image->kernel, ++apply->n_images,
		       image->maker->replaces ? step->args[0] : image->maker->name) < 0
		? -ENOMEM
		: 0;
}

static int add_copy(struct apply *apply, const struct chain_image *image, const char *new)
{
	struct change_step *step =
		change_add(&apply->change, &change_copy, image->source, new);

	if (!step)
		return -ENOMEM;
	step->room = size_needed(apply, image->source);
	apply->n_images++;
	return 0;
}

/* Whether the image is brought up to date behind it, without its generator. */
static bool is_extended(const struct apply *apply, const struct chain_image *image)
{
	return image->extension.bytes && !apply->full &&
		apply->goal->of == IMAGECHECK_NOW;
}

static int run_unify(
	const struct change *change, struct change_step *step, struct message *message)
{
	int r = ukify_extend(change->root, step->other, step->data, step->path, message);

	if (r == 0)
		return 0;
	message_remedy(message, "run 'sudo vfioboot apply --full'");
	return message_prefix(message, r, "cannot make %s", step->other);
}

static const struct change_kind apply_unify = {
	.text = "make %1 of %2 with ukify", .run = run_unify, .undo = change_undo_made};

static int add_extension(
	struct apply *apply, const struct chain_image *image, const char *new)
{
	struct change_step *step = image->is_unified
		? change_add(&apply->change, &apply_unify, new, image->path)
		: change_add(&apply->change, &change_extend, image->path, new);

	if (!step)
		return -ENOMEM;
	step->data = &find_image(apply->chain, image->path)->extension;
	step->room = size_of(apply, image->path) + image->extension.size;
	step->kernel = strdup(image->kernel);
	return asprintf(&step->title, "Writing the configuration into %s (%u of %%u)",
		       image->path, ++apply->n_images) < 0
		? -ENOMEM
		: 0;
}

/* Makes one image, and checks it before it gets its name, if that can be. */
static int add_image(struct apply *apply, const struct chain_image *image)
{
	bool extended = is_extended(apply, image);
	bool in_place = !extended && image->maker && image->maker->replaces;
	_cleanup_free_ char *new = in_place
		? strdup(image->path)
		: atomicfile_beside(image->path, ATOMICFILE_TEMPORARY);
	struct change_step *step;
	int r;

	if (!new)
		return -ENOMEM;
	r = extended           ? add_extension(apply, image, new)
		: image->maker ? add_build(apply, image, new)
			       : add_copy(apply, image, new);
	if (r < 0)
		return r;
	step = change_add(&apply->change, &apply_verify, new, image->kernel);
	if (!step)
		return -ENOMEM;
	step->data = apply->goal;
	return in_place || change_add(&apply->change, &change_replace, new, image->path)
		? 0
		: -ENOMEM;
}

/* An image with its copies: all are kept before the first of them changes. */
static int add_group(struct apply *apply, const struct chain_image *image)
{
	const struct chain *chain = apply->chain;
	bool needed = needs_making(apply, image);
	int r = needed ? add_keep(apply, image) : 0;

	for (size_t i = 0; r == 0 && i < chain->n_images; i++)
		if (is_copy_of(&chain->images[i], image) &&
			(needed || needs_making(apply, &chain->images[i])))
			r = add_keep(apply, &chain->images[i]);
	if (r == 0 && needed)
		r = add_image(apply, image);
	for (size_t i = 0; r == 0 && i < chain->n_images; i++)
		if (is_copy_of(&chain->images[i], image) &&
			(needed || needs_making(apply, &chain->images[i])))
			r = add_image(apply, &chain->images[i]);
	return r;
}

/*
 * What other packages do with a new image, once for each kernel: update-initramfs calls them
 * by itself.  They pack it into unified images, some by kernel-install: to them one of these would be
 * an initramfs.
 */
static int add_post_update(struct apply *apply, size_t number)
{
	const struct chain_image *images = apply->chain->images, *image = &images[number];
	const struct root *root = apply->change.root;
	_cleanup_free_ char *kernel = NULL, *path = NULL, *directory = NULL;
	struct change_step *step;

	if (!needs_making(apply, image) || !image->maker || image->is_unified ||
		(image->maker->replaces && !is_extended(apply, image)) ||
		!file_exists(root, INITRAMFS_POST_UPDATE))
		return 0;
	for (size_t i = 0; i < number; i++)
		if (needs_making(apply, &images[i]) && !images[i].is_unified &&
			strcmp(images[i].kernel, image->kernel) == 0)
			return 0;
	if (asprintf(&kernel, "--arg=%s", image->kernel) < 0 ||
		asprintf(&path, "--arg=%s%s", root->path, image->path) < 0 ||
		asprintf(&directory, "%s" INITRAMFS_POST_UPDATE, root->path) < 0)
		return -ENOMEM;
	step = change_add(&apply->change, &change_program, NULL, NULL);
	return step ? change_add_args(step, "run-parts", kernel, path, directory, NULL)
		    : -ENOMEM;
}

/* What those did to the unified images: they may have made them once more. */
static int add_last_checks(struct apply *apply)
{
	const struct chain *chain = apply->chain;
	struct change_step *step;

	for (size_t i = 0; i < chain->n_images; i++) {
		const struct chain_image *image = &chain->images[i];

		if (!image->is_unified || !needs_making(apply, image))
			continue;
		step = change_add(
			&apply->change, &apply_verify, image->path, image->kernel);
		if (!step)
			return -ENOMEM;
		step->data = apply->goal;
	}
	return 0;
}

static int add_post_updates(struct apply *apply)
{
	size_t n = apply->change.n;
	int r = 0;

	for (size_t i = 0; r == 0 && i < apply->chain->n_images; i++)
		r = add_post_update(apply, i);
	return r < 0 || apply->change.n == n ? r : add_last_checks(apply);
}

/*
 * Our own entries are copies of unified images: what makes those calls this by itself
 * (kernel-install/91-vfioboot.install).
 */
static int add_entry_update(struct apply *apply)
{
	struct change *change = &apply->change;
	bool unified = false;
	struct change_step *step;

	for (size_t i = 0; i < change->n; i++)
		unified |= change->steps[i].kind == &apply_unify;
	if (!unified || !file_exists(change->root, BOOTENTRY_FILE))
		return 0;
	step = change_add(change, &change_program, NULL, NULL);
	return step ? change_add_args(step, "vfioboot", "entry", "update", NULL)
		    : -ENOMEM;
}

/* When all is well: what was kept goes. */
static int add_discards(struct change *change)
{
	size_t n = change->n;

	for (size_t i = 0; i < n; i++)
		if (change->steps[i].kind == &change_keep &&
			!change_add(
				change, &change_discard, change->steps[i].other, NULL))
			return -ENOMEM;
	return 0;
}

/* Puts the number of images into the titles. */
static int finish_titles(struct apply *apply)
{
	for (size_t i = 0; i < apply->change.n; i++) {
		struct change_step *step = &apply->change.steps[i];
		char *at = step->title ? strstr(step->title, "%u") : NULL, *title;

		if (!at)
			continue;
		if (asprintf(&title, "%.*s%u%s", (int)(at - step->title), step->title,
			    apply->n_images, at + 2) < 0)
			return -ENOMEM;
		free(step->title);
		step->title = title;
	}
	return 0;
}

int apply_add_images(struct apply *apply)
{
	const struct chain *chain = apply->chain;
	int r = 0;

	for (size_t i = 0; r == 0 && i < chain->n_images; i++)
		if (!chain->images[i].source)
			r = add_group(apply, &chain->images[i]);
	r = r < 0 ? r : add_post_updates(apply);
	r = r < 0 ? r : add_entry_update(apply);
	r = r < 0 ? r : add_discards(&apply->change);
	return r < 0 ? r : finish_titles(apply);
}

/* ---- the list ---------------------------------------------------------------------------- */

static int add_protect(struct apply *apply)
{
	_cleanup_free_ char *text = protect_list_format(apply->goal->protect);

	return text ? change_put_text(&apply->change, CONFIGFILES_PROTECT, text)
		    : -ENOMEM;
}

/* Comments alone: undo takes it away. */
static const char file_text[] =
	"# Images contain vfioboot only where a configuration file exists, and vfioboot.device= is\n"
	"# on the kernel command line: so 'vfioboot apply' wrote this one.\n";

static int add_file(struct apply *apply)
{
	const struct chain *chain = apply->chain;

	for (size_t i = 0; chain->lacks_file && i < chain->n_images; i++)
		if (needs_making(apply, &chain->images[i]))
			return change_put_text(
				&apply->change, CONFIGFILES_MAIN, file_text);
	return 0;
}

int apply_steps(const struct root *root, const struct protect_list *protect,
	bool configured, bool full, struct chain *chain, struct apply *ret)
{
	struct apply apply;
	int r = apply_begin(root, IMAGECHECK_NOW, protect, chain, &apply);

	apply.full = full;
	r = r < 0 ? r : apply_add_leftovers(&apply);
	r = r < 0 ? r : add_file(&apply);
	if (protect && (configured || chain->names_devices))
		r = r < 0 ? r : add_protect(&apply);
	r = r < 0 ? r : apply_add_images(&apply);
	if (r < 0)
		apply_free(&apply);
	else
		*ret = apply;
	return r;
}

/* Where the step makes an image; NULL: nowhere. */
static const char *made_by(const struct change_step *step)
{
	if (step->kind == &change_build || step->kind == &apply_unify)
		return step->path;
	return step->kind == &change_copy || step->kind == &change_extend ? step->other
									  : NULL;
}

/*
 * What the machine does not mount by itself is mounted by hand: an image that is made below the
 * empty place is one that nobody boots.
 */
static int check_mounted(const struct apply *apply, struct message *message)
{
	_cleanup_(mounts_unref) struct libmnt_table *asked = NULL, *mounts = NULL;
	const struct change *change = &apply->change;

	if (mounts_read_fstab(change->root, &asked) < 0 ||
		mounts_read(change->root, &mounts) < 0)
		return 0;
	for (size_t i = 0; i < change->n; i++) {
		const char *made = made_by(&change->steps[i]);
		struct libmnt_fs *fs = made ? mounts_find_holder(asked, made) : NULL;
		const char *target = fs ? mnt_fs_get_target(fs) : "/";

		if (strcmp(target, "/") == 0 || mounts_find(mounts, target))
			continue;
		message_remedy(message, "mount it");
		return message_set(message, -ENODEV,
			"%s is in /etc/fstab but not mounted, and images belong there",
			target);
	}
	return 0;
}

int apply_check(const struct apply *apply, struct message *message)
{
	int r = check_mounted(apply, message);

	return r < 0 ? r : change_check(&apply->change, message);
}
