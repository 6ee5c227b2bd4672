/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tar archive of a capture, by libarchive, in memory: a few MiB at most. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "capture.h"

struct output {
	char *data;
	size_t size, room;
};

static const struct {
	const char *end;
	int (*add)(struct archive *archive);
} filters[] = {
	{".gz", archive_write_add_filter_gzip},
	{".xz", archive_write_add_filter_xz},
	{".zst", archive_write_add_filter_zstd},
};

static void free_archive(struct archive **archive)
{
	if (*archive)
		archive_write_free(*archive);
}

static void free_entry(struct archive_entry **entry)
{
	if (*entry)
		archive_entry_free(*entry);
}

static la_ssize_t write_output(
	struct archive *archive, void *data, const void *buffer, size_t size)
{
	struct output *output = data;

	if (output->room - output->size < size) {
		size_t room = 2 * output->room + size;
		char *more = realloc(output->data, room);

		if (!more) {
			archive_set_error(archive, ENOMEM, "no memory");
			return -1;
		}
		output->data = more;
		output->room = room;
	}
	memcpy(output->data + output->size, buffer, size);
	output->size += size;
	return (la_ssize_t)size;
}

/* libarchive gives up with a number of its own; its errno may be 0. */
static int error_of(struct archive *archive)
{
	int error = archive_errno(archive);

	return error > 0 ? -error : -EIO;
}

static int set_filter(struct archive *archive, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		size_t end = strlen(filters[i].end);

		if (len <= end || strcmp(name + len - end, filters[i].end) != 0)
			continue;
		/* A warning: it would start another program for it. */
		if (filters[i].add(archive) != ARCHIVE_OK)
			return -ENOTSUP;
		/* No time in the head of a gzip file; others have none. */
		if (i == 0 &&
			archive_write_set_filter_option(
				archive, "gzip", "timestamp", NULL) != ARCHIVE_OK)
			return -ENOTSUP;
		break;
	}
	return 0;
}

static mode_t permissions(mode_t type)
{
	if (S_ISLNK(type))
		return 0777;
	return S_ISDIR(type) ? 0755 : 0644;
}

static int put_entry(struct archive *archive, const struct capture_entry *from)
{
	_cleanup_(free_entry) struct archive_entry *entry = archive_entry_new();

	if (!entry)
		return -ENOMEM;
	archive_entry_set_pathname(entry, from->path);
	archive_entry_set_filetype(entry, from->type);
	archive_entry_set_perm(entry, permissions(from->type));
	archive_entry_set_uid(entry, 0);
	archive_entry_set_gid(entry, 0);
	archive_entry_set_uname(entry, "root");
	archive_entry_set_gname(entry, "root");
	archive_entry_set_mtime(entry, 0, 0);
	archive_entry_set_size(entry, S_ISREG(from->type) ? (la_int64_t)from->size : 0);
	if (S_ISLNK(from->type))
		archive_entry_set_symlink(entry, from->data);
	if (archive_write_header(archive, entry) != ARCHIVE_OK)
		return error_of(archive);
	if (S_ISREG(from->type) && from->size &&
		archive_write_data(archive, from->data, from->size) !=
			(la_ssize_t)from->size)
		return error_of(archive);
	return 0;
}

static int pack(struct archive *archive, const struct capture *capture, const char *name,
	struct output *output)
{
	int r;

	/* Nothing behind the end, which zstd(1) would stumble over. */
	if (archive_write_set_format_pax_restricted(archive) != ARCHIVE_OK ||
		archive_write_set_bytes_in_last_block(archive, 1) != ARCHIVE_OK)
		return error_of(archive);
	r = set_filter(archive, name);
	if (r < 0)
		return r;
	if (archive_write_open(archive, output, NULL, write_output, NULL) != ARCHIVE_OK)
		return error_of(archive);
	for (size_t i = 0; r == 0 && i < capture->n; i++)
		r = put_entry(archive, &capture->entries[i]);
	if (r == 0 && archive_write_close(archive) != ARCHIVE_OK)
		r = error_of(archive);
	return r;
}

int capture_pack(
	const struct capture *capture, const char *name, char **ret, size_t *ret_size)
{
	struct output output = {0};
	int r;

	{
		_cleanup_(free_archive) struct archive *archive = archive_write_new();

		r = archive ? pack(archive, capture, name, &output) : -ENOMEM;
	}
	if (r < 0) {
		free(output.data);
		return r;
	}
	*ret = output.data;
	*ret_size = output.size;
	return 0;
}
