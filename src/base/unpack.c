/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One file as an archive of the format "raw", which any filter may precede. */
#include "unpack.h"

#include <archive.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "util.h"

#define BLOCK_SIZE 65536
#define SIZE_MAX_  ((size_t)64 << 20)

static void free_archive(struct archive **archive)
{
	archive_read_free(*archive);
}

void unpacked_support(struct archive *archive)
{
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_lzma(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_lzop(archive);
	archive_read_support_filter_lz4(archive);
	archive_read_support_filter_zstd(archive);
	archive_read_support_format_raw(archive);
}

/* Reads to the end of the entry, with room for a NUL.  Returns 0, or -errno. */
static int read_data(struct archive *archive, char **ret, size_t *ret_size)
{
	_cleanup_free_ char *data = NULL;
	size_t len = 0, room = 0;
	la_ssize_t n;

	do {
		if (room - len <= BLOCK_SIZE) {
			char *more = room < SIZE_MAX_
				? realloc(data, 2 * room + 2 * BLOCK_SIZE)
				: NULL;

			if (!more)
				return room < SIZE_MAX_ ? -ENOMEM : -EFBIG;
			data = more;
			room = 2 * room + 2 * BLOCK_SIZE;
		}
		n = archive_read_data(archive, data + len, BLOCK_SIZE);
		if (n < 0)
			return -EBADMSG;
		len += (size_t)n;
	} while (n);
	data[len] = '\0';
	*ret = TAKE_PTR(data);
	*ret_size = len;
	return 0;
}

int unpacked_read(const struct root *root, const char *path, char **ret, size_t *ret_size)
{
	_cleanup_(free_archive) struct archive *archive = NULL;
	_cleanup_close_ int fd = file_open(root, path, O_RDONLY | O_NONBLOCK);
	struct archive_entry *entry;

	if (fd < 0)
		return fd;
	archive = archive_read_new();
	if (!archive)
		return -ENOMEM;
	unpacked_support(archive);
	archive_read_support_format_empty(archive);
	if (archive_read_open_fd(archive, fd, BLOCK_SIZE) != ARCHIVE_OK)
		return -EBADMSG;
	switch (archive_read_next_header(archive, &entry)) {
	case ARCHIVE_OK:
	case ARCHIVE_WARN: return read_data(archive, ret, ret_size);
	case ARCHIVE_EOF: /* an empty file */
		*ret = strdup("");
		*ret_size = 0;
		return *ret ? 0 : -ENOMEM;
	default: return -EBADMSG;
	}
}
