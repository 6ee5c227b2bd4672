/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens each initramfs file once: a machine has more entries than images, and unpacking takes time.
 */
#include "initrds.h"

#include "base/base.h"

#define MODULES "lib/modules/"

static void identify(const struct root *root, struct initrd *initrd)
{
	struct stat st;

	if (file_stat(root, initrd->path, &st) < 0)
		return;
	initrd->device = st.st_dev;
	initrd->inode = st.st_ino;
}

/* One file system may be mounted at two places, and links lead to files. */
static bool is_same(const struct initrd *one, const struct initrd *other)
{
	return strcmp(one->path, other->path) == 0 ||
		(one->inode && one->inode == other->inode &&
			one->device == other->device);
}

static void free_initrd(struct initrd *initrd)
{
	free(initrd->path);
	imagefile_free(&initrd->file);
}

int initrds_open(struct initrds *initrds, const char *path, size_t *ret_index)
{
	struct initrd initrd = {.path = strdup(path)}, *added;
	size_t i = 0;

	if (!initrd.path)
		return -ENOMEM;
	identify(initrds->root, &initrd);
	while (i < initrds->n && !is_same(&initrds->list[i], &initrd))
		i++;
	*ret_index = i;
	if (i < initrds->n) {
		free_initrd(&initrd);
		return 0;
	}
	added = LIST_ADD(initrds->list, initrds->n);
	if (!added) {
		free_initrd(&initrd);
		return -ENOMEM;
	}
	initrd.state = imagecheck_open(
		initrds->check, initrds->root, path, &initrd.file, &initrd.why);
	initrd.is_early = initrd.state == IMAGE_FRESH && imagefile_is_early(&initrd.file);
	*added = initrd;
	return 0;
}

/* The file of them that could not be read; NULL: all could. */
static const struct initrd *find_unread(
	const struct initrds *initrds, const size_t *indexes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (initrds->list[indexes[i]].state != IMAGE_FRESH)
			return &initrds->list[indexes[i]];
	return NULL;
}

static int join(const struct initrds *initrds, const size_t *indexes, size_t n,
	struct imagefile *ret)
{
	_cleanup_free_ const struct imagefile **files = calloc(n + 1, sizeof(*files));

	for (size_t i = 0; files && i < n; i++)
		files[i] = &initrds->list[indexes[i]].file;
	return files ? imagefile_join(files, n, ret) : -ENOMEM;
}

enum image_state initrds_judge(const struct initrds *initrds, const size_t *indexes,
	size_t n, const char *release, struct message *why)
{
	const struct initrd *unread = find_unread(initrds, indexes, n);
	struct imagefile all = {0};
	enum image_state state;

	if (unread) {
		*why = unread->why;
		if (n > 1)
			message_prefix(why, why->code, "%s", unread->path);
		return unread->state;
	}
	if (n == 1)
		return imagecheck_judge(initrds->check, initrds->root, release,
			&initrds->list[indexes[0]].file, why);
	if (join(initrds, indexes, n, &all) < 0) {
		message_errno(why, -ENOMEM, "it cannot be read");
		return IMAGE_UNKNOWN;
	}
	state = imagecheck_judge(initrds->check, initrds->root, release, &all, why);
	free(all.entries);
	return state;
}

/* The next release behind @prefix from *@at on. */
static bool next_release(
	const struct imagefile *image, size_t *at, const char **ret, size_t *ret_len)
{
	for (; *at < image->n; (*at)++) {
		const char *path = image->entries[*at].path;
		const char *below = strncmp(path, "usr/", 4) == 0 ? path + 4 : path;

		if (strncmp(below, MODULES, strlen(MODULES)) != 0)
			continue;
		*ret = below + strlen(MODULES);
		*ret_len = strcspn(*ret, "/");
		if (*ret_len) {
			(*at)++;
			return true;
		}
	}
	return false;
}

const char *initrds_release(const struct initrd *initrd, char *ret, size_t size)
{
	const char *name;
	size_t at = 0, len;

	*ret = '\0';
	while (next_release(&initrd->file, &at, &name, &len)) {
		if (!*ret && !copy_text(ret, size, name, len))
			return ret;
		if (strlen(ret) != len || strncmp(ret, name, len) != 0) {
			*ret = '\0';
			return ret;
		}
	}
	return ret;
}

void initrds_free(struct initrds *initrds)
{
	for (size_t i = 0; i < initrds->n; i++)
		free_initrd(&initrds->list[i]);
	free(initrds->list);
	*initrds = (struct initrds){0};
}
