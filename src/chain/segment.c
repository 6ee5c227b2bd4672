/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the archive that is put behind an image, if that suffices to bring the image up to date. */
#include "segment.h"

#include <sys/stat.h>

#include "base/base.h"
#include "facts/facts.h"

/* Files that are only there to be empty, at most: then the generator makes a clean image. */
#define EMPTY_MAX 16

/*
 * Zeros in front of it, before it is aligned as the kernel wants it.  lz4 in the format that kernels
 * know has no end of its own: it would take the archive for its next block, but for a zero size
 * (lib/decompress_unlz4.c).
 */
#define ZEROS 8
#define ALIGN 4

/* Adds a file with a copy of @data. */
static int add(struct imagefile *files, const char *path, mode_t mode, const char *data,
	size_t size)
{
	struct imagefile_entry *entry = LIST_ADD(files->entries, files->n);

	if (!entry)
		return -ENOMEM;
	*entry = (struct imagefile_entry){.path = strdup(path),
		.mode = mode,
		.data = malloc(size + 1),
		.size = size};
	if (!entry->path || !entry->data)
		return -ENOMEM;
	memcpy(entry->data, data, size);
	entry->data[size] = '\0';
	return 0;
}

static bool has(const struct imagefile *files, const char *path)
{
	for (size_t i = 0; i < files->n; i++)
		if (strcmp(files->entries[i].path, path) == 0)
			return true;
	return false;
}

/* Directories above @path that neither the image nor the segment has yet. */
static int add_directories(
	const struct imagefile *image, const char *path, struct imagefile *files)
{
	int r = 0;

	for (const char *slash = strchr(path, '/'); r == 0 && slash;
		slash = strchr(slash + 1, '/')) {
		_cleanup_free_ char *above = strndup(path, (size_t)(slash - path));

		if (!above)
			return -ENOMEM;
		if (!imagefile_find(image, above) && !has(files, above))
			r = add(files, above, S_IFDIR | 0755, "", 0);
	}
	return r;
}

/* Adds the file of the absolute name, and what is above it. */
static int add_file(const struct imagefile *image, const char *path, mode_t mode,
	const char *data, size_t size, struct imagefile *files)
{
	int r;

	path += strspn(path, "/");
	r = add_directories(image, path, files);
	return r < 0 ? r : add(files, path, mode, data, size);
}

static int add_config(const struct imagecheck *check, const struct imagefile *image,
	struct imagefile *files)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < check->n_files; i++) {
		const struct imagecheck_file *file = &check->files[i];

		r = file->data ? add_file(image, file->path, S_IFREG | 0644, file->data,
					 file->size, files)
			       : add_file(image, file->path, S_IFLNK | 0777, TREE_NULL,
					 strlen(TREE_NULL), files);
	}
	return r;
}

/* No archive takes a file away: one that is gone becomes empty.  How many there are, or -errno. */
static int add_empty(const struct imagefile *image, struct imagefile *files)
{
	int n = 0, r = 0;

	for (size_t i = 0; r == 0 && i < image->n; i++) {
		const struct imagefile_entry *entry = &image->entries[i];

		if (!imagecheck_is_config(entry->path) || has(files, entry->path))
			continue;
		r = add(files, entry->path, S_IFREG | 0644, "", 0);
		n++;
	}
	return r < 0 ? r : n;
}

static int add_protect(const struct imagecheck *check, const struct imagefile *image,
	struct imagefile *files)
{
	_cleanup_free_ char *text = NULL;

	if (!check->protect)
		return 0;
	text = protect_list_format(check->protect);
	return text ? add_file(image, CONFIGFILES_PROTECT, S_IFREG | 0644, text,
			      strlen(text), files)
		    : -ENOMEM;
}

/*
 * Whether a file is one of several names of what the image has there (dracut runs hardlink(1)): the
 * kernel writes into the file, and the other names would change with it (do_name() of
 * init/initramfs.c).
 */
static bool has_other_names(const struct imagefile *image, const struct imagefile *files)
{
	for (size_t i = 0; i < files->n; i++) {
		const struct imagefile_entry *old =
			imagefile_find(image, files->entries[i].path);

		if (old && old->inode)
			return true;
	}
	return false;
}

/*
 * All of it; not the early program: another version of it needs the hooks that came with it, and only
 * the generator has those.  Returns 1; 0: a clean image is better; or -errno.
 */
static int collect(const struct imagecheck *check, const struct imagefile *image,
	struct imagefile *files)
{
	int r = add(files, IMAGEFILE_SEGMENT, S_IFREG | 0644, VFIOBOOT_VERSION "\n",
		strlen(VFIOBOOT_VERSION "\n"));

	r = r < 0 ? r : add_config(check, image, files);
	r = r < 0 ? r : add_protect(check, image, files);
	r = r < 0 ? r : add_empty(image, files);
	return r < 0 ? r : r <= EMPTY_MAX && !has_other_names(image, files);
}

/* Whether the image is fresh with the files behind it: 1, 0, or -errno. */
static int would_do(const struct imagecheck *check, const struct root *root,
	const char *release, const struct imagefile *image, const struct imagefile *files)
{
	struct imagefile all;
	enum image_state state;

	if (imagefile_join((const struct imagefile *const[]){image, files}, 2, &all) < 0)
		return -ENOMEM;
	state = imagecheck_judge(check, root, release, &all, NULL);
	free(all.entries);
	return state == IMAGE_FRESH;
}

static size_t zeros_before(const struct imagefile *image)
{
	uint64_t end = image->end + ZEROS;

	/* An earlier segment has them in front of it. */
	return image->has_segment ? 0 : ZEROS + (size_t)(-end % ALIGN);
}

static int write_out(const struct imagefile *image, const struct imagefile *files,
	struct change_extension *ret)
{
	_cleanup_(pack_free) struct pack *pack = NULL;
	_cleanup_free_ char *archive = NULL;
	size_t zeros = zeros_before(image), size;
	char *bytes;
	int r = pack_open(PACK_CPIO, "", &pack);

	for (size_t i = 0; r == 0 && i < files->n; i++)
		r = pack_add(pack, files->entries[i].path, files->entries[i].mode,
			files->entries[i].data, files->entries[i].size);
	r = r < 0 ? r : pack_take(pack, &archive, &size);
	if (r < 0)
		return r;
	bytes = calloc(1, zeros + size);
	if (!bytes)
		return -ENOMEM;
	memcpy(bytes + zeros, archive, size);
	*ret = (struct change_extension){image->end, bytes, zeros + size};
	return 0;
}

int segment_make(const struct imagecheck *check, const struct root *root,
	const char *release, const struct imagefile *image, struct change_extension *ret)
{
	_cleanup_(imagefile_free) struct imagefile files = {0};
	_cleanup_free_ struct imagefile_entry *entries =
		calloc(image->n + 1, sizeof(*entries));
	struct imagefile base = *image;
	int r;

	*ret = (struct change_extension){0};
	if (!image->end || !check->needed)
		return 0;
	if (!entries)
		return -ENOMEM;
	/* What only an earlier segment has goes with that. */
	base.entries = entries;
	base.n = 0;
	for (size_t i = 0; i < image->n; i++)
		if (!image->entries[i].appended)
			entries[base.n++] = image->entries[i];
	r = collect(check, &base, &files);
	r = r <= 0 ? r : would_do(check, root, release, &base, &files);
	return r <= 0 ? r : write_out(&base, &files, ret);
}
