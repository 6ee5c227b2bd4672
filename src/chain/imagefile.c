/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks through the archives of an image as the kernel's init/initramfs.c does.  What it
 * reads may be cut off or made up: each number is checked before it is used.
 */
#include "imagefile.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/base.h"
#include "imagestream.h"

#define MAGIC_LEN   4 /* "0707": what all kinds of these archives begin with */
#define HEADER_LEN  110
#define NAME_MAX_   4096
#define ENTRIES_MAX 1000000
#define SHARED_MAX  ((uint64_t)1 << 20) /* bytes of a file of several names that is kept */
#define SHARED_ALL  ((uint64_t)64 << 20) /* and of all of them */
#define TRAILER     "TRAILER!!!"

/* The fields of a header, after its magic number: eight hexadecimal digits each. */
enum field {
	INODE,
	MODE,
	UID,
	GID,
	NLINK,
	MTIME,
	SIZE,
	DEV_MAJOR,
	DEV_MINOR,
	RDEV_MAJOR,
	RDEV_MINOR,
	NAME_SIZE,
	CHECK,
	FIELDS,
};

struct reader {
	struct imagestream stream;
	bool (*keep)(const void *data, const char *path);
	const void *data;
	struct imagefile image;
	size_t room;
	uint64_t shared; /* bytes of the files of several names that are kept */
	bool ended;      /* the archive that began last is whole */
	char *why;
	size_t why_size;
};

static int complain(struct reader *reader, const char *what)
{
	const char *more = imagestream_error(&reader->stream);

	snprintf(reader->why, reader->why_size, "%s%s%s", what, *more ? ": " : "", more);
	return -EBADMSG;
}

/* Names what a failure to take bytes means. */
static int cut_off(struct reader *reader, int error)
{
	if (error == -ENODATA)
		return complain(reader, "it ends in the middle of a file");
	if (error == -EBADMSG)
		return complain(reader, "it can't be decompressed");
	return error;
}

static bool parse_fields(const char *digits, uint32_t ret[static FIELDS])
{
	for (int i = 0; i < FIELDS; i++, digits += 8) {
		ret[i] = 0;
		for (int j = 0; j < 8; j++) {
			char c = digits[j];
			int value = c >= '0' && c <= '9' ? c - '0'
				: c >= 'a' && c <= 'f'   ? c - 'a' + 10
				: c >= 'A' && c <= 'F'   ? c - 'A' + 10
							 : -1;

			if (value < 0)
				return false;
			ret[i] = ret[i] << 4 | (uint32_t)value;
		}
	}
	return true;
}

/* Takes what fills up to a multiple of four. */
static int take_padding(struct reader *reader)
{
	return imagestream_take(&reader->stream, NULL, -reader->stream.offset & 3);
}

static int add_entry(struct reader *reader, const char *name, const uint32_t *fields,
	struct imagefile_entry **ret)
{
	struct imagefile *image = &reader->image;
	struct imagefile_entry *entry;

	if (image->n == ENTRIES_MAX)
		return complain(reader, "it has more than a million files");
	if (image->n == reader->room) {
		size_t room = reader->room * 2 + 256;
		struct imagefile_entry *more =
			realloc(image->entries, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		image->entries = more;
		reader->room = room;
	}
	while (name[0] == '/' || (name[0] == '.' && name[1] == '/'))
		name++;
	entry = &image->entries[image->n];
	*entry = (struct imagefile_entry){.path = strdup(name),
		.mode = fields[MODE],
		.size = fields[SIZE],
		.order = image->n};
	if (!entry->path)
		return -ENOMEM;
	if (fields[NLINK] > 1 && S_ISREG(entry->mode))
		entry->inode = (uint64_t)fields[DEV_MINOR] << 32 | fields[INODE];
	image->n++;
	*ret = entry;
	return 0;
}

static bool wants_content(struct reader *reader, const struct imagefile_entry *entry)
{
	if (S_ISLNK(entry->mode))
		return entry->size < NAME_MAX_;
	/* Which name of it will be asked for is seen later. */
	if (entry->inode && entry->size && entry->size < SHARED_MAX &&
		reader->shared < SHARED_ALL) {
		reader->shared += entry->size;
		return true;
	}
	return S_ISREG(entry->mode) && entry->size <= IMAGEFILE_KEEP_MAX &&
		reader->keep(reader->data, entry->path);
}

static int take_content(struct reader *reader, struct imagefile_entry *entry)
{
	int r;

	if (!wants_content(reader, entry))
		return imagestream_take(&reader->stream, NULL, entry->size);
	entry->data = malloc(entry->size + 1);
	if (!entry->data)
		return -ENOMEM;
	entry->data[entry->size] = '\0';
	r = imagestream_take(&reader->stream, entry->data, entry->size);
	return r;
}

/* Takes an entry, of which the magic's first bytes were taken. */
static int take_entry(struct reader *reader)
{
	char header[HEADER_LEN - MAGIC_LEN], name[NAME_MAX_ + 1];
	struct imagefile_entry *entry;
	uint32_t fields[FIELDS];
	int r = imagestream_take(&reader->stream, header, sizeof(header));

	if (r < 0)
		return cut_off(reader, r);
	if (header[0] != '0' || (header[1] != '1' && header[1] != '2') ||
		!parse_fields(header + 2, fields))
		return complain(reader, "it has a header that is not cpio's \"newc\"");
	if (fields[NAME_SIZE] == 0 || fields[NAME_SIZE] > NAME_MAX_)
		return complain(reader, "it has a file with an impossible name");
	r = imagestream_take(&reader->stream, name, fields[NAME_SIZE]);
	r = r < 0 ? r : take_padding(reader);
	if (r < 0)
		return cut_off(reader, r);
	name[fields[NAME_SIZE]] = '\0';
	reader->ended = strcmp(name, TRAILER) == 0;
	if (reader->ended)
		return 0;
	r = add_entry(reader, name, fields, &entry);
	if (r < 0)
		return r;
	r = take_content(reader, entry);
	r = r < 0 ? r : take_padding(reader);
	return r < 0 ? cut_off(reader, r) : 0;
}

/* At the end of the file, or of what is decompressed. */
static int finish(struct reader *reader, int error)
{
	if (error == -ENODATA && reader->ended)
		return 0;
	/* What follows a compressed archive and is none: the kernel ignores it, too. */
	if (error == -EBADMSG && reader->ended && reader->stream.archive)
		return 0;
	if (error == -ENODATA && reader->stream.total == 0)
		return complain(reader, "it is empty");
	return cut_off(reader, error);
}

/* What begins here is no archive and no padding. */
static int take_compressed(struct reader *reader)
{
	int r;

	if (reader->stream.archive)
		return reader->ended
			? -ENODATA
			: complain(reader, "what is in it is no cpio archive");
	r = imagestream_decompress(&reader->stream, reader->stream.offset - MAGIC_LEN);
	if (r == -EBADMSG)
		return complain(reader,
			"it is neither a cpio archive nor compressed in a known way");
	reader->ended = false;
	return r;
}

static int take_all(struct reader *reader)
{
	for (;;) {
		char magic[MAGIC_LEN];
		int r = imagestream_take(&reader->stream, magic, sizeof(magic));

		if (r < 0)
			return finish(reader, r);
		if (memcmp(magic, "\0\0\0\0", MAGIC_LEN) == 0)
			continue;
		if (memcmp(magic, "0707", MAGIC_LEN) == 0)
			r = take_entry(reader);
		else
			r = take_compressed(reader);
		if (r < 0)
			return r == -ENODATA ? 0 : r;
	}
}

static int compare_entries(const void *a, const void *b)
{
	const struct imagefile_entry *one = a, *other = b;
	int r = strcmp(one->path, other->path);

	return r ? r : one->order < other->order ? -1 : one->order > other->order;
}

/* Leaves the last of those with one path. */
static void sort(struct imagefile *image)
{
	size_t n = 0;

	if (!image->n)
		return;
	qsort(image->entries, image->n, sizeof(*image->entries), compare_entries);
	for (size_t i = 0; i < image->n; i++) {
		if (i + 1 < image->n &&
			strcmp(image->entries[i].path, image->entries[i + 1].path) == 0) {
			free(image->entries[i].path);
			free(image->entries[i].data);
		} else {
			image->entries[n++] = image->entries[i];
		}
	}
	image->n = n;
}

/* The entry that has the content of a file of several names, or NULL. */
static const struct imagefile_entry *find_content(
	const struct imagefile *image, uint64_t inode)
{
	for (size_t i = 0; i < image->n; i++)
		if (image->entries[i].inode == inode && image->entries[i].size &&
			image->entries[i].data)
			return &image->entries[i];
	return NULL;
}

/* Of a file of several names one has the content: gives it to those that were asked for. */
static int share_content(struct reader *reader)
{
	struct imagefile *image = &reader->image;

	for (size_t i = 0; i < image->n; i++) {
		struct imagefile_entry *entry = &image->entries[i];
		const struct imagefile_entry *other;

		if (!entry->inode || entry->size ||
			!reader->keep(reader->data, entry->path))
			continue;
		other = find_content(image, entry->inode);
		if (!other)
			continue;
		free(entry->data);
		entry->data = malloc(other->size + 1);
		if (!entry->data)
			return -ENOMEM;
		memcpy(entry->data, other->data, other->size + 1);
		entry->size = other->size;
	}
	return 0;
}

int imagefile_read(int fd, bool (*keep)(const void *data, const char *path),
	const void *data, struct imagefile *ret, char *why, size_t why_size)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	int r;

	if (!reader)
		return -ENOMEM;
	reader->stream.fd = fd;
	reader->keep = keep;
	reader->data = data;
	reader->why = why;
	reader->why_size = why_size;
	r = take_all(reader);
	imagestream_close(&reader->stream);
	if (r == 0) {
		sort(&reader->image);
		r = share_content(reader);
	}
	if (r == 0)
		*ret = reader->image;
	else
		imagefile_free(&reader->image);
	free(reader);
	return r;
}

void imagefile_free(struct imagefile *image)
{
	for (size_t i = 0; i < image->n; i++) {
		free(image->entries[i].path);
		free(image->entries[i].data);
	}
	free(image->entries);
	*image = (struct imagefile){0};
}

const struct imagefile_entry *imagefile_find_below(
	const struct imagefile *image, const char *prefix)
{
	size_t first = 0, last = image->n;

	while (first < last) {
		size_t middle = first + (last - first) / 2;

		if (strcmp(image->entries[middle].path, prefix) < 0)
			first = middle + 1;
		else
			last = middle;
	}
	if (first == image->n ||
		strncmp(image->entries[first].path, prefix, strlen(prefix)) != 0)
		return NULL;
	return &image->entries[first];
}

const struct imagefile_entry *imagefile_find(
	const struct imagefile *image, const char *path)
{
	const struct imagefile_entry *entry = imagefile_find_below(image, path);

	return entry && strcmp(entry->path, path) == 0 ? entry : NULL;
}
