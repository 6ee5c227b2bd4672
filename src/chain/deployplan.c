/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps that images take, in an order in which each can be undone. */
#include "deployplan.h"

#include <errno.h>
#include <stdio.h>

#include "base/base.h"
#include "decide/decide.h"
#include "facts/facts.h"
#include "imagecheck.h"

#define POST_UPDATE "/etc/initramfs/post-update.d"

struct deploy_step *deployplan_add(struct deploy *deploy, enum deploy_kind kind,
	const char *kernel, const char *path, const char *other)
{
	struct deploy_step *more =
		realloc(deploy->steps, (deploy->n + 1) * sizeof(*more));
	struct deploy_step *step;

	if (!more)
		return NULL;
	deploy->steps = more;
	step = &more[deploy->n++];
	*step = (struct deploy_step){.kind = kind,
		.kernel = kernel ? strdup(kernel) : NULL,
		.path = path ? strdup(path) : NULL,
		.other = other ? strdup(other) : NULL};
	if ((kernel && !step->kernel) || (path && !step->path) || (other && !step->other))
		return NULL;
	return step;
}

void deploy_free(struct deploy *deploy)
{
	for (size_t i = 0; i < deploy->n; i++) {
		struct deploy_step *step = &deploy->steps[i];

		free(step->kernel);
		free(step->path);
		free(step->other);
		free(step->text);
		free(step->old);
		initramfs_free_command(&step->command);
	}
	free(deploy->steps);
	*deploy = (struct deploy){0};
}

char *deployplan_beside(const char *path, const char *mark)
{
	const char *name = strrchr(path, '/') + 1;
	char *beside;

	if (asprintf(&beside, "%.*s%s%s", (int)(name - path), path, mark, name) < 0)
		return NULL;
	return beside;
}

static bool needs_making(const struct image *image)
{
	return image->state != IMAGE_FRESH && (image->maker || image->source);
}

/* Copies of an image follow it: those that the steps of the image may change, too. */
static bool is_copy_of(const struct image *copy, const struct image *image)
{
	return copy->source && strcmp(copy->source, image->path) == 0;
}

static int add_keep(struct deploy *deploy, const struct image *image)
{
	_cleanup_free_ char *kept = deployplan_beside(image->path, DEPLOYPLAN_KEPT);

	if (image->state == IMAGE_MISSING)
		return 0;
	return kept &&
			deployplan_add(
				deploy, DEPLOY_KEEP, image->kernel, image->path, kept)
		? 0
		: -ENOMEM;
}

/* The whole name of what is below the root, as generators are to be told it. */
static char *whole_name(const struct deploy *deploy, const char *path)
{
	char *name;

	return asprintf(&name, "%s%s", deploy->root->path, path) < 0 ? NULL : name;
}

static int add_build(struct deploy *deploy, const struct image *image, const char *new)
{
	_cleanup_free_ char *output = whole_name(deploy, new);
	_cleanup_(kernels_free) struct kernels kernels = {0};
	struct deploy_step *step;
	int r = kernels_find(deploy->root, &kernels);

	step = deployplan_add(deploy, DEPLOY_BUILD, image->kernel, image->path, new);
	if (r < 0 || !step || !output)
		return r < 0 ? r : -ENOMEM;
	step->number = ++deploy->n_images;
	/* What kernel-install made has an entry, which is not to lead to nothing. */
	step->fresh = image->state == IMAGE_MISSING &&
		image->maker != &initramfs_kernel_install;
	step->maker = image->maker;
	for (size_t i = 0; i < kernels.n; i++)
		if (strcmp(kernels.kernels[i].release, image->kernel) == 0)
			return image->maker->command(deploy->root, &kernels.kernels[i],
				image->path, output, &step->command);
	return -ENOENT;
}

static int add_copy(struct deploy *deploy, const struct image *image, const char *new)
{
	struct deploy_step *step =
		deployplan_add(deploy, DEPLOY_COPY, image->kernel, image->source, new);

	if (!step)
		return -ENOMEM;
	step->number = ++deploy->n_images;
	return 0;
}

/* Makes one image, and looks into it before it gets its name, if that can be. */
static int add_image(struct deploy *deploy, const struct image *image)
{
	bool in_place = image->maker && image->maker->replaces;
	_cleanup_free_ char *new = in_place
		? strdup(image->path)
		: deployplan_beside(image->path, DEPLOYPLAN_NEW);
	struct deploy_step *step;
	int r;

	if (!new)
		return -ENOMEM;
	r = image->source ? add_copy(deploy, image, new) : add_build(deploy, image, new);
	if (r < 0)
		return r;
	if (!deployplan_add(deploy, DEPLOY_VERIFY, image->kernel, new, NULL))
		return -ENOMEM;
	if (in_place)
		return 0;
	step = deployplan_add(deploy, DEPLOY_REPLACE, image->kernel, new, image->path);
	if (!step)
		return -ENOMEM;
	step->fresh = image->state == IMAGE_MISSING;
	return 0;
}

/*
 * What other packages do with a new image, once for each kernel: update-initramfs calls them
 * by itself.
 */
static int add_post_update(struct deploy *deploy, const struct image *image)
{
	struct initramfs_command *command;
	struct deploy_step *step;
	int r;

	if (!image->maker || image->maker->replaces ||
		!hostfile_exists(deploy->root, POST_UPDATE))
		return 0;
	for (size_t i = 0; i < deploy->n; i++)
		if (deploy->steps[i].kind == DEPLOY_RUN &&
			strcmp(deploy->steps[i].kernel, image->kernel) == 0)
			return 0;
	step = deployplan_add(deploy, DEPLOY_RUN, image->kernel, POST_UPDATE, NULL);
	if (!step)
		return -ENOMEM;
	command = &step->command;
	r = initramfs_add_arg(command, "run-parts");
	r = r < 0 ? r : initramfs_add_arg(command, "--arg=%s", image->kernel);
	r = r < 0 ? r
		  : initramfs_add_arg(
			    command, "--arg=%s%s", deploy->root->path, image->path);
	return r < 0
		? r
		: initramfs_add_arg(command, "%s%s", deploy->root->path, POST_UPDATE);
}

static int add_drops(struct deploy *deploy)
{
	size_t n = deploy->n;

	for (size_t i = 0; i < n; i++)
		if (deploy->steps[i].kind == DEPLOY_KEEP &&
			!deployplan_add(
				deploy, DEPLOY_DROP, NULL, deploy->steps[i].other, NULL))
			return -ENOMEM;
	return 0;
}

/* An image with its copies: all are kept before the first of them changes. */
static int add_group(struct deploy *deploy, const struct image *image)
{
	const struct images *images = deploy->images;
	bool needed = needs_making(image);
	int r = 0;

	if (needed)
		r = add_keep(deploy, image);
	for (size_t i = 0; r == 0 && i < images->n; i++)
		if (is_copy_of(&images->images[i], image) &&
			(needed || needs_making(&images->images[i])))
			r = add_keep(deploy, &images->images[i]);
	if (r == 0 && needed)
		r = add_image(deploy, image);
	for (size_t i = 0; r == 0 && i < images->n; i++)
		if (is_copy_of(&images->images[i], image) &&
			(needed || needs_making(&images->images[i])))
			r = add_image(deploy, &images->images[i]);
	return r;
}

int deployplan_add_images(struct deploy *deploy)
{
	const struct images *images = deploy->images;
	int r = 0;

	for (size_t i = 0; r == 0 && i < images->n; i++) {
		const struct image *image = &images->images[i];

		if (!image->source)
			r = add_group(deploy, image);
	}
	for (size_t i = 0; r == 0 && i < images->n; i++)
		if (needs_making(&images->images[i]))
			r = add_post_update(deploy, &images->images[i]);
	return r < 0 ? r : add_drops(deploy);
}

/* Adds the protect list, if another one is there, and anything that could go against it. */
static int add_protect(struct deploy *deploy)
{
	_cleanup_free_ char *text = protect_list_format(deploy->protect), *old = NULL;
	_cleanup_(imagecheck_free) struct imagecheck check = {0};
	struct deploy_step *step;
	int r;

	if (!text)
		return -ENOMEM;
	r = imagecheck_read(deploy->root, IMAGECHECK_NOW, NULL, &check);
	if (r < 0 || check.n_files == 0)
		return r;
	r = hostfile_read(deploy->root, CONFIGFILES_PROTECT, &old, NULL);
	if (r < 0 && r != -ENOENT)
		return r;
	if (old && strcmp(old, text) == 0)
		return 0;
	step = deployplan_add(deploy, DEPLOY_WRITE, NULL, CONFIGFILES_PROTECT, NULL);
	if (!step)
		return -ENOMEM;
	step->text = TAKE_PTR(text);
	return 0;
}

int deploy_plan_apply(const struct sysfs_root *root, const struct protect_list *protect,
	struct images *images, struct deploy *ret)
{
	struct deploy deploy = {
		.root = root, .protect = protect, .of = DEPLOY_APPLY, .images = images};
	int r = deployplan_add_leftovers(&deploy);

	if (protect)
		r = r < 0 ? r : add_protect(&deploy);
	r = r < 0 ? r : deployplan_add_images(&deploy);
	if (r < 0)
		deploy_free(&deploy);
	else
		*ret = deploy;
	return r;
}
