/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the images of all kernels, who makes each, and looks into each. */
#include "images.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/base.h"
#include "chain/generators/generators.h"

struct search {
	const struct root *root;
	const struct kernels *kernels;
	const struct imagecheck *check;
	struct images images;
};

static int identify(const struct root *root, const char *path, struct stat *ret)
{
	_cleanup_close_ int fd = file_open(root, path, O_PATH);

	if (fd < 0)
		return fd;
	return fstat(fd, ret) < 0 ? -errno : 0;
}

/* One file system may be mounted at two of the places. */
static bool is_known(const struct search *search, const char *path)
{
	struct stat own, other;

	if (identify(search->root, path, &own) < 0)
		return false;
	for (size_t i = 0; i < search->images.n; i++)
		if (identify(search->root, search->images.images[i].path, &other) == 0 &&
			own.st_dev == other.st_dev && own.st_ino == other.st_ino)
			return true;
	return false;
}

static int add_image(struct search *search, const char *release, const char *path)
{
	struct images *images = &search->images;
	struct image *image, *more;

	if (is_known(search, path))
		return 0;
	more = realloc(images->images, (images->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	images->images = more;
	image = &more[images->n++];
	*image = (struct image){strdup(release), strdup(path),
		.maker = imagecheck_is_unified(path) ? NULL : images->generator};
	if (!image->kernel || !image->path)
		return -ENOMEM;
	image->state = imagecheck_file(search->check, search->root, release, path,
		image->why, sizeof(image->why));
	return 0;
}

/* The images of one kernel; those of boot loader entries behind their generator's own. */
static int add_kernel(struct search *search, const struct kernel *kernel)
{
	_cleanup_(file_free_names) struct file_names names = {0}, entries = {0};
	const struct initramfs_generator *generator = search->images.generator;
	size_t first = search->images.n;
	int r;

	r = initramfs_find(generator, search->root, kernel, &names);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = add_image(search, kernel->release, names.names[i]);
	if (r == 0 && generator && generator->replaces && search->images.n > first)
		r = initramfs_kernel_install.find(search->root, kernel, &entries);
	for (size_t i = 0; r == 0 && i < entries.n; i++) {
		size_t before = search->images.n;

		r = add_image(search, kernel->release, entries.names[i]);
		if (r < 0 || search->images.n == before)
			continue;
		search->images.images[before].maker = NULL;
		search->images.images[before].source = search->images.images[first].path;
	}
	return r;
}

/* The part of an entry's path behind TOKEN/RELEASE, such as "/initrd"; NULL for others. */
static const char *after_release(const struct image *image, size_t *ret_before)
{
	const char *at = strstr(image->path, image->kernel);
	size_t len = strlen(image->kernel);

	if (!at || at == image->path || at[-1] != '/' || at[len] != '/')
		return NULL;
	*ret_before = (size_t)(at - image->path);
	return at + len;
}

/*
 * Where another kernel has its image in a directory of entries, one that is missing belongs
 * into such a directory too, with an entry: kernel-install makes both.
 */
static int place_missing(struct search *search, struct image *missing)
{
	for (size_t i = 0; i < search->images.n; i++) {
		const struct image *other = &search->images.images[i];
		size_t before;
		const char *after = after_release(other, &before);
		char *path;

		if (!after || other->state == IMAGE_MISSING || other->source)
			continue;
		if (asprintf(&path, "%.*s%s%s", (int)before, other->path, missing->kernel,
			    after) < 0)
			return -ENOMEM;
		free(missing->path);
		missing->path = path;
		missing->maker = &initramfs_kernel_install;
		return 0;
	}
	return 0;
}

static int search_images(struct search *search)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < search->kernels->n; i++)
		r = add_kernel(search, &search->kernels->kernels[i]);
	for (size_t i = 0; r == 0 && i < search->images.n; i++)
		if (search->images.images[i].state == IMAGE_MISSING &&
			search->images.generator && !search->images.generator->replaces &&
			search->images.images[i].maker)
			r = place_missing(search, &search->images.images[i]);
	return r;
}

int images_compare(
	const struct root *root, const struct imagecheck *check, struct images *ret)
{
	_cleanup_(kernels_free) struct kernels kernels = {0};
	struct search search = {root, &kernels, check, {0}};
	int r = kernels_find(root, &kernels);

	if (r < 0)
		return r;
	search.images.generator = initramfs_owner(
		root, &kernels, search.images.problem, sizeof(search.images.problem));
	r = search_images(&search);
	if (r < 0)
		images_free(&search.images);
	else
		*ret = search.images;
	return r;
}

int images_inspect(
	const struct root *root, const struct protect_list *protect, struct images *ret)
{
	_cleanup_(imagecheck_free) struct imagecheck check = {0};
	int r = imagecheck_read(root, IMAGECHECK_NOW, protect, &check);

	return r < 0 ? r : images_compare(root, &check, ret);
}

void images_free(struct images *images)
{
	for (size_t i = 0; i < images->n; i++) {
		free(images->images[i].kernel);
		free(images->images[i].path);
	}
	free(images->images);
	*images = (struct images){0};
}
