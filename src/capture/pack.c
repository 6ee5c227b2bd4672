/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tar archive of a capture, by libarchive, in memory: a few MiB at most. */
#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include "base/base.h"
#include "capture.h"

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
	FILE *out)
{
	int r;

	/* Nothing behind the end, which zstd(1) would stumble over. */
	if (archive_write_set_format_pax_restricted(archive) != ARCHIVE_OK ||
		archive_write_set_bytes_in_last_block(archive, 1) != ARCHIVE_OK)
		return error_of(archive);
	r = set_filter(archive, name);
	if (r < 0)
		return r;
	if (archive_write_open_FILE(archive, out) != ARCHIVE_OK)
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
	_cleanup_(free_archive) struct archive *archive = archive_write_new();
	_cleanup_free_ char *data = NULL;
	struct text_stream stream;
	int r;

	if (!archive || !text_stream_open(&stream))
		return -ENOMEM;
	r = pack(archive, capture, name, stream.out);
	/* It may write once more while it is freed. */
	free_archive(&archive);
	archive = NULL;
	data = text_stream_take(&stream);
	if (r < 0 || !data)
		return r < 0 ? r : -ENOMEM;
	*ret = TAKE_PTR(data);
	*ret_size = stream.size;
	return 0;
}
