/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Archives by libarchive, in memory. */
#include "pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "text.h"
#include "util.h"

/* cpio(1) fills up to this, too; the kernel skips the zeros. */
#define CPIO_BLOCK 512

static const struct {
	const char *end;
	int (*add)(struct archive *archive);
} filters[] = {
	{".gz", archive_write_add_filter_gzip},
	{".xz", archive_write_add_filter_xz},
	{".zst", archive_write_add_filter_zstd},
};

struct pack {
	struct archive *archive;
	struct text_stream stream;
};

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
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		if (!text_ends_with(name, filters[i].end))
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

static int set_format(struct archive *archive, enum pack_format format)
{
	int r = format == PACK_TAR ? archive_write_set_format_pax_restricted(archive)
				   : archive_write_set_format_cpio_newc(archive);

	/* Nothing behind the end of a tar, which zstd(1) would stumble over. */
	if (r == ARCHIVE_OK)
		r = archive_write_set_bytes_in_last_block(
			archive, format == PACK_TAR ? 1 : CPIO_BLOCK);
	return r == ARCHIVE_OK ? 0 : error_of(archive);
}

int pack_open(enum pack_format format, const char *name, struct pack **ret)
{
	struct pack *pack = calloc(1, sizeof(*pack));
	int r = -ENOMEM;

	if (pack && text_stream_open(&pack->stream)) {
		pack->archive = archive_write_new();
		r = pack->archive ? set_format(pack->archive, format) : -ENOMEM;
	}
	r = r < 0 ? r : set_filter(pack->archive, name);
	if (r == 0 &&
		archive_write_open_FILE(pack->archive, pack->stream.out) != ARCHIVE_OK)
		r = error_of(pack->archive);
	if (r < 0)
		pack_free(&pack);
	else
		*ret = pack;
	return r;
}

int pack_add(
	struct pack *pack, const char *path, mode_t mode, const char *data, size_t size)
{
	_cleanup_(free_entry) struct archive_entry *entry = archive_entry_new();
	bool is_file = S_ISREG(mode);

	if (!entry)
		return -ENOMEM;
	archive_entry_set_pathname(entry, path);
	archive_entry_set_mode(entry, mode);
	archive_entry_set_nlink(entry, 1);
	archive_entry_set_uid(entry, 0);
	archive_entry_set_gid(entry, 0);
	archive_entry_set_uname(entry, "root");
	archive_entry_set_gname(entry, "root");
	archive_entry_set_mtime(entry, 0, 0);
	archive_entry_set_size(entry, is_file ? (la_int64_t)size : 0);
	if (S_ISLNK(mode))
		archive_entry_set_symlink(entry, data);
	if (archive_write_header(pack->archive, entry) != ARCHIVE_OK)
		return error_of(pack->archive);
	if (is_file && size &&
		archive_write_data(pack->archive, data, size) != (la_ssize_t)size)
		return error_of(pack->archive);
	return 0;
}

int pack_take(struct pack *pack, char **ret, size_t *ret_size)
{
	int r = archive_write_close(pack->archive) == ARCHIVE_OK
		? 0
		: error_of(pack->archive);
	_cleanup_free_ char *data = NULL;

	/* It may write once more while it is freed. */
	archive_write_free(TAKE_PTR(pack->archive));
	data = text_stream_take(&pack->stream);
	pack->stream.out = NULL;
	if (r < 0 || !data)
		return r < 0 ? r : -ENOMEM;
	*ret = TAKE_PTR(data);
	*ret_size = pack->stream.size;
	return 0;
}

void pack_free(struct pack **pack)
{
	if (!*pack)
		return;
	if ((*pack)->archive)
		archive_write_free((*pack)->archive);
	if ((*pack)->stream.out)
		free(text_stream_take(&(*pack)->stream));
	free(*pack);
}
