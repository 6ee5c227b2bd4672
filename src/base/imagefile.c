/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks through the archives of an image as the kernel's init/initramfs.c does.  What it
 * reads may be cut off or made up: each number is checked before it is used.
 */
#include "imagefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pciname.h"
#include "peimage.h"
#include "text.h"
#include "unpack.h"
#include "util.h"

#define MAGIC_LEN   6 /* "070701", or "070702" with sums */
#define HEADER_LEN  110
#define NAME_MAX_   4096
#define ENTRIES_MAX 1000000
#define SHARED_MAX  ((uint64_t)1 << 20) /* bytes of a file of several names that is kept */
#define SHARED_ALL  ((uint64_t)64 << 20) /* and of all of them */
#define TRAILER     "TRAILER!!!"
#define TOTAL_MAX   ((uint64_t)8 << 30) /* more is no image, but a bomb */

/* ---- bytes ------------------------------------------------------------------------------ */

/*
 * The bytes of an image one after another: as they are in the part of the file that it is, and in
 * between those of what is compressed there.
 */
struct stream {
	int fd;              /* the caller's */
	uint64_t start, end; /* of the part, in the file */
	uint64_t next;       /* in the file, what comes into the buffer next */
	struct unpack *unpack;
	uint64_t offset; /* of the next byte, in the part or in what is decompressed */
	uint64_t total;  /* bytes that came so far */
	size_t at, len;  /* of the buffer, what was taken, and all of it */
	char buffer[64 << 10];
};

static ssize_t read_block(struct stream *stream)
{
	uint64_t left = stream->end - stream->next;
	ssize_t n;

	if (stream->unpack)
		return unpack_read(
			stream->unpack, stream->buffer, sizeof(stream->buffer));
	if (left > sizeof(stream->buffer))
		left = sizeof(stream->buffer);
	do
		n = pread(stream->fd, stream->buffer, (size_t)left, (off_t)stream->next);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	stream->next += (uint64_t)n;
	return n;
}

/* Gets the next block.  Returns 0; -ENODATA at the end; or another -errno. */
static int fill(struct stream *stream)
{
	ssize_t n = read_block(stream);

	if (n < 0)
		return (int)n;
	stream->at = 0;
	stream->len = (size_t)n;
	stream->total += (uint64_t)n;
	if (stream->total > TOTAL_MAX)
		return -EBADMSG;
	return n ? 0 : -ENODATA;
}

/* Takes the next @size bytes, into @ret unless that is NULL; -ENODATA: the end comes before. */
static int stream_take(struct stream *stream, char *ret, uint64_t size)
{
	while (size) {
		size_t n = stream->len - stream->at;
		int r;

		if (n > size)
			n = (size_t)size;
		if (ret) {
			memcpy(ret, stream->buffer + stream->at, n);
			ret += n;
		}
		stream->at += n;
		stream->offset += n;
		size -= n;
		r = size ? fill(stream) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/* From the last byte that was taken on it is compressed: from now on its content comes. */
static int stream_unpack(struct stream *stream)
{
	int r = unpack_open(stream->fd, stream->start + stream->offset - 1, stream->end,
		&stream->unpack);

	if (r == 0)
		stream->offset = stream->at = stream->len = 0;
	return r;
}

/* What was compressed is at its end: what is behind it comes. */
static void stream_resume(struct stream *stream)
{
	stream->next = unpack_end(stream->unpack);
	stream->offset = stream->next - stream->start;
	stream->at = stream->len = 0;
	unpack_close(&stream->unpack);
}

/* ---- archives --------------------------------------------------------------------------- */

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
	struct stream stream;
	bool (*keep)(const void *data, const char *path);
	const void *data;
	struct imagefile image;
	uint64_t shared; /* bytes of the files of several names that are kept */
	bool ended;      /* the archive that began last is whole */
	bool inside;     /* it has begun, and is not whole yet */
	uint64_t began;  /* where it did, in the part */
	size_t first;    /* the order of its first entry */
	bool in_segment; /* it begins with IMAGEFILE_SEGMENT */
	bool unpacked;   /* it was compressed */
	struct message failure;
};

static int complain(struct reader *reader, const char *what)
{
	const char *more =
		reader->stream.unpack ? unpack_error(reader->stream.unpack) : "";

	return message_set(
		&reader->failure, -EBADMSG, "%s%s%s", what, *more ? ": " : "", more);
}

/* Names what a failure to take bytes means. */
static int cut_off(struct reader *reader, int error)
{
	if (error == -ENODATA)
		return complain(reader, "it ends in the middle of a file");
	if (error == -EBADMSG)
		return complain(reader, "it cannot be decompressed");
	return error;
}

static bool parse_fields(const char *digits, uint32_t ret[static FIELDS])
{
	for (int i = 0; i < FIELDS; i++)
		if (!pci_take_fixed_hex(&digits, 8, &ret[i]))
			return false;
	return true;
}

/* Takes what fills up to a multiple of four. */
static int take_padding(struct reader *reader)
{
	return stream_take(&reader->stream, NULL, -reader->stream.offset & 3);
}

static int add_entry(struct reader *reader, const char *name, const uint32_t *fields,
	struct imagefile_entry **ret)
{
	struct imagefile *image = &reader->image;
	struct imagefile_entry *entry;

	if (image->n == ENTRIES_MAX)
		return complain(reader, "it has more than a million files");
	while (name[0] == '/' || (name[0] == '.' && name[1] == '/'))
		name++;
	entry = LIST_ADD(image->entries, image->n);
	if (!entry)
		return -ENOMEM;
	*entry = (struct imagefile_entry){.path = strdup(name),
		.mode = fields[MODE],
		.size = fields[SIZE],
		.order = image->n - 1};
	if (!entry->path)
		return -ENOMEM;
	if (fields[NLINK] > 1 && S_ISREG(entry->mode))
		entry->inode = (uint64_t)fields[DEV_MINOR] << 32 | fields[INODE];
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
	if (!wants_content(reader, entry))
		return stream_take(&reader->stream, NULL, entry->size);
	entry->data = malloc(entry->size + 1);
	if (!entry->data)
		return -ENOMEM;
	entry->data[entry->size] = '\0';
	return stream_take(&reader->stream, entry->data, entry->size);
}

/* Notes the archive that begins with the entry at @offset. */
static void begin_archive(
	struct reader *reader, uint64_t offset, const struct imagefile_entry *entry)
{
	reader->inside = true;
	reader->began = offset;
	reader->first = entry->order;
	reader->in_segment =
		!reader->stream.unpack && strcmp(entry->path, IMAGEFILE_SEGMENT) == 0;
}

/* Takes an entry, of which the first byte was taken. */
static int take_entry(struct reader *reader)
{
	char header[HEADER_LEN - 1], name[NAME_MAX_ + 1];
	uint64_t offset = reader->stream.offset - 1;
	struct imagefile_entry *entry = NULL;
	uint32_t fields[FIELDS];
	int r = stream_take(&reader->stream, header, sizeof(header));

	if (r < 0)
		return cut_off(reader, r);
	if (memcmp(header, "7070", 4) != 0 || (header[4] != '1' && header[4] != '2') ||
		!parse_fields(header + MAGIC_LEN - 1, fields))
		return complain(reader, "it has a header that is not cpio's \"newc\"");
	if (fields[NAME_SIZE] == 0 || fields[NAME_SIZE] > NAME_MAX_)
		return complain(reader, "it contains a file with an impossible name");
	r = stream_take(&reader->stream, name, fields[NAME_SIZE]);
	r = r < 0 ? r : take_padding(reader);
	if (r < 0)
		return cut_off(reader, r);
	name[fields[NAME_SIZE]] = '\0';
	reader->ended = strcmp(name, TRAILER) == 0;
	reader->inside = reader->inside && !reader->ended;
	if (reader->ended)
		return 0;
	r = add_entry(reader, name, fields, &entry);
	if (r < 0)
		return r;
	if (!reader->inside)
		begin_archive(reader, offset, entry);
	r = take_content(reader, entry);
	r = r < 0 ? r : take_padding(reader);
	return r < 0 ? cut_off(reader, r) : 0;
}

/* At the end of the image, or of what is decompressed. */
static int finish(struct reader *reader, int error)
{
	if (error == -ENODATA && reader->ended) {
		reader->image.has_segment = reader->in_segment;
		reader->image.end =
			reader->in_segment ? reader->began : reader->stream.offset;
		return 0;
	}
	/* What follows a compressed archive and is none: the kernel ignores it, too. */
	if (error == -EBADMSG && reader->ended && reader->stream.unpack)
		return 0;
	if (error == -ENODATA && reader->stream.total == 0)
		return complain(reader, "it is empty");
	return cut_off(reader, error);
}

/*
 * What begins here is no archive and no padding.  Behind a compressed archive the kernel
 * complains of such bytes, and keeps what it has unpacked: -ENODATA.
 */
static int take_compressed(struct reader *reader)
{
	int r;

	if (reader->stream.unpack)
		return reader->ended
			? -ENODATA
			: complain(reader, "its content is not a cpio archive");
	r = stream_unpack(&reader->stream);
	if (r == -EOPNOTSUPP && reader->ended && reader->unpacked)
		return -ENODATA;
	if (r == -EOPNOTSUPP)
		return complain(reader,
			"it is neither a cpio archive nor compressed in a known way");
	reader->ended = reader->inside = false;
	reader->unpacked = true;
	return r < 0 ? cut_off(reader, r) : 0;
}

/* One archive after another, as unpack_to_rootfs() of init/initramfs.c takes them. */
static int take_all(struct reader *reader)
{
	struct stream *stream = &reader->stream;

	for (;;) {
		char c;
		int r = stream_take(stream, &c, 1);

		if (r == -ENODATA && stream->unpack && reader->ended) {
			stream_resume(stream);
			continue;
		}
		if (r < 0)
			return finish(reader, r);
		if (c == '\0')
			continue;
		/* Elsewhere than at a multiple of four an archive is not seen. */
		if (c == '0' && (stream->offset - 1) % 4 == 0)
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
			image->entries[i + 1].appended &= image->entries[i].appended;
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

/* ---- a file ------------------------------------------------------------------------------ */

/* Reads one part of the file, an image of its own. */
static int read_part(struct reader *reader, uint64_t start, uint64_t size)
{
	struct stream *stream = &reader->stream;
	int r;

	stream->start = stream->next = start;
	stream->end = start + size;
	stream->offset = stream->total = 0;
	stream->at = stream->len = 0;
	reader->ended = reader->unpacked = reader->inside = reader->in_segment = false;
	reader->image.end = 0;
	r = take_all(reader);
	unpack_close(&stream->unpack);
	return r;
}

/* The stub of a unified image gives the kernel these, in this order (systemd-stub(7)). */
static int read_sections(struct reader *reader, const struct pe_image *pe)
{
	static const char *const names[] = {".ucode", ".initrd"};
	int r = 0;

	if (!pe_find_of_profile(pe, ".initrd", 0))
		return complain(reader, "it is a kernel without an initramfs");
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(names); i++) {
		const struct pe_section *section = pe_find_of_profile(pe, names[i], 0);

		if (section)
			r = read_part(reader, section->offset, section->size);
	}
	return r;
}

static int read_file(struct reader *reader)
{
	struct pe_image pe;
	struct stat st;

	if (fstat(reader->stream.fd, &st) < 0)
		return -errno;
	if (pe_read(reader->stream.fd, &pe) == 0) {
		reader->image.is_unified = true;
		return read_sections(reader, &pe);
	}
	return read_part(reader, 0, (uint64_t)st.st_size);
}

int imagefile_read(int fd, bool (*keep)(const void *data, const char *path),
	const void *data, struct imagefile *ret, struct message *message)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	int r;

	if (!reader)
		return message_errno(message, -ENOMEM, "it cannot be read");
	reader->stream.fd = fd;
	reader->keep = keep;
	reader->data = data;
	r = read_file(reader);
	for (size_t i = reader->first; reader->image.has_segment && i < reader->image.n;
		i++)
		reader->image.entries[i].appended = true;
	if (r == 0) {
		sort(&reader->image);
		r = share_content(reader);
	}
	if (r == 0)
		*ret = reader->image;
	else
		imagefile_free(&reader->image);
	if (r < 0 && !reader->failure.code)
		message_errno(&reader->failure, r, "it cannot be read");
	if (r < 0 && message)
		*message = reader->failure;
	free(reader);
	return r;
}

int imagefile_join(const struct imagefile *const *images, size_t n, struct imagefile *ret)
{
	struct imagefile all = {0};
	size_t room = 0, next = 0;

	for (size_t i = 0; i < n; i++)
		room += images[i]->n;
	all.entries = calloc(room + 1, sizeof(*all.entries));
	if (!all.entries)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < images[i]->n; j++, next++) {
			all.entries[next] = images[i]->entries[j];
			all.entries[next].order = next;
		}
	qsort(all.entries, next, sizeof(*all.entries), compare_entries);
	for (size_t i = 0; i < next; i++)
		if (i + 1 == next ||
			strcmp(all.entries[i].path, all.entries[i + 1].path) != 0)
			all.entries[all.n++] = all.entries[i];
	*ret = all;
	return 0;
}

bool imagefile_is_early(const struct imagefile *image)
{
	for (size_t i = 0; i < image->n; i++) {
		const char *path = image->entries[i].path;
		size_t len = strcspn(path, "/");

		if (!S_ISDIR(image->entries[i].mode) && strcmp(path, "early_cpio") != 0 &&
			(len != strlen("kernel") || strncmp(path, "kernel", len) != 0))
			return false;
	}
	return true;
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

static bool keep_nothing(const void *data, const char *path)
{
	(void)data, (void)path;
	return false;
}

int imagefile_open(const struct root *root, const char *path,
	bool (*keep)(const void *data, const char *path), const void *data,
	struct imagefile *ret, struct message *message)
{
	_cleanup_close_ int fd = file_open(root, path, O_RDONLY | O_NONBLOCK);

	if (fd == -EACCES)
		return message_set(message, fd, "only root may read it");
	if (fd < 0)
		return message_errno(message, fd, "it cannot be read");
	return imagefile_read(fd, keep ? keep : keep_nothing, data, ret, message);
}

bool imagefile_is_whole(const struct root *root, const char *path)
{
	_cleanup_(imagefile_free) struct imagefile image = {0};

	return imagefile_open(root, path, NULL, NULL, &image, NULL) == 0;
}
