/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one that was killed has left: beside images, and beside files of the configuration. */
#include <errno.h>
#include <stdio.h>

#include "base/base.h"
#include "change/change.h"
#include "decide/decide.h"
#include "deployplan.h"
#include "imagecheck.h"

static int add_clear(struct deploy *deploy, const char *path)
{
	return deployplan_add(deploy, DEPLOY_CLEAR, NULL, path, NULL) ? 0 : -ENOMEM;
}

/* What the generator has left that ran when it was killed. */
static int add_leavings(struct deploy *deploy, const struct image *image)
{
	const char *const *end = image->maker ? image->maker->leavings : NULL;
	int r = 0;

	for (; r == 0 && end && *end; end++) {
		_cleanup_free_ char *path = NULL;

		if (asprintf(&path, "%s%s", image->path, *end) < 0)
			return -ENOMEM;
		if (hostfile_exists(deploy->root, "%s", path))
			r = add_clear(deploy, path);
	}
	return r;
}

/* What was kept is put back if the image is not whole: a generator was in the middle of it. */
static int add_leftovers_of(struct deploy *deploy, struct image *image)
{
	_cleanup_free_ char *kept = deployplan_beside(image->path, DEPLOYPLAN_KEPT);
	_cleanup_free_ char *new = deployplan_beside(image->path, DEPLOYPLAN_NEW);
	const struct sysfs_root *root = deploy->root;
	int r = 0;

	if (!kept || !new)
		return -ENOMEM;
	if (hostfile_exists(root, "%s", new))
		r = add_clear(deploy, new);
	if (r < 0 || !hostfile_exists(root, "%s", kept))
		return r;
	r = add_leavings(deploy, image);
	if (r < 0)
		return r;
	if (imagecheck_is_whole(root, image->path) || !imagecheck_is_whole(root, kept))
		return add_clear(deploy, kept);
	image->state = IMAGE_UNKNOWN; /* there will be one, and nobody has looked at it */
	return deployplan_add(deploy, DEPLOY_PUT_BACK, NULL, kept, image->path) ? 0
										: -ENOMEM;
}

static bool begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* Whether @name is one that we give to a file beside the image NAME; *@ret_image is NAME. */
static bool is_beside(const char *name, const char **ret_image)
{
	static const char *const marks[] = {DEPLOYPLAN_KEPT, DEPLOYPLAN_NEW};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (begins_with(name, marks[i])) {
			*ret_image = name + strlen(marks[i]);
			return true;
		}
	return false;
}

/* Whether the image is in the directory of @len bytes of @path, and of the name @name or any. */
static bool is_in(
	const struct image *image, const char *path, size_t len, const char *name)
{
	return strncmp(image->path, path, len) == 0 && !strchr(image->path + len, '/') &&
		(!name || strcmp(image->path + len, name) == 0);
}

/* Those beside images that are gone, in the directory of the image @number. */
static int add_orphans(struct deploy *deploy, size_t number)
{
	_cleanup_(hostfile_free_names) struct hostfile_names names = {0};
	const struct images *images = deploy->images;
	const char *path = images->images[number].path, *image;
	size_t len = (size_t)(strrchr(path, '/') + 1 - path);
	_cleanup_free_ char *directory = strndup(path, len);
	int r = directory ? hostfile_list(deploy->root, directory, &names) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_free_ char *left = NULL;
		bool known = !is_beside(names.names[i], &image);

		for (size_t j = 0; !known && j < images->n; j++)
			known = is_in(&images->images[j], path, len, image);
		if (known)
			continue;
		if (asprintf(&left, "%s%s", directory, names.names[i]) < 0)
			return -ENOMEM;
		r = add_clear(deploy, left);
	}
	return r;
}

/* Whether an image before it has the same directory. */
static bool is_repeated(const struct images *images, size_t number)
{
	const char *path = images->images[number].path;
	size_t len = (size_t)(strrchr(path, '/') + 1 - path);

	for (size_t i = 0; i < number; i++)
		if (is_in(&images->images[i], path, len, NULL))
			return true;
	return false;
}

/* What atomicfile writes until it is renamed. */
static bool is_half_written(const char *name)
{
	size_t len = strlen(name), n = strlen(ATOMICFILE_TEMPORARY);

	return *name == '.' && len > n &&
		strcmp(name + len - n, ATOMICFILE_TEMPORARY) == 0;
}

static int add_half_written(struct deploy *deploy, const char *directory)
{
	_cleanup_(hostfile_free_names) struct hostfile_names names = {0};
	int r = hostfile_list(deploy->root, directory, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_free_ char *path = NULL;

		if (!is_half_written(names.names[i]))
			continue;
		if (asprintf(&path, "%s/%s", directory, names.names[i]) < 0)
			return -ENOMEM;
		r = add_clear(deploy, path);
	}
	return r;
}

int deployplan_add_leftovers(struct deploy *deploy)
{
	const struct images *images = deploy->images;
	int r = add_half_written(deploy, "/etc");

	r = r < 0 ? r : add_half_written(deploy, CONFIGFILES_LOCAL_DIR);
	for (size_t i = 0; r == 0 && i < images->n; i++)
		r = add_leftovers_of(deploy, &images->images[i]);
	for (size_t i = 0; r == 0 && i < images->n; i++)
		if (!is_repeated(images, i))
			r = add_orphans(deploy, i);
	return r;
}
