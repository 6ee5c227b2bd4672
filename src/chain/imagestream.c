/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads in blocks: of the file itself, or of what libarchive's "raw" format makes of it. */
#include "imagestream.h"

#include <archive.h>
#include <errno.h>
#include <string.h>

#include "base/base.h"

#define TOTAL_MAX  ((uint64_t)8 << 30) /* more is no image, but a bomb */
#define BLOCK_SIZE (256 << 10)

void imagestream_close(struct imagestream *stream)
{
	if (stream->archive)
		archive_read_free(stream->archive);
	stream->archive = NULL;
}

static ssize_t read_block(struct imagestream *stream)
{
	ssize_t n;

	if (stream->archive) {
		n = archive_read_data(
			stream->archive, stream->buffer, sizeof(stream->buffer));
		return n < 0 ? -EBADMSG : n;
	}
	do
		n = read(stream->fd, stream->buffer, sizeof(stream->buffer));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Gets the next block.  Returns 0; -ENODATA at the end; or another -errno. */
static int fill(struct imagestream *stream)
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

int imagestream_take(struct imagestream *stream, char *ret, uint64_t size)
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

int imagestream_decompress(struct imagestream *stream, uint64_t offset)
{
	struct archive_entry *entry;

	if (lseek(stream->fd, (off_t)offset, SEEK_SET) < 0)
		return -errno;
	stream->archive = archive_read_new();
	if (!stream->archive)
		return -ENOMEM;
	unpacked_support(stream->archive);
	stream->at = stream->len = 0;
	stream->offset = 0;
	if (archive_read_open_fd(stream->archive, stream->fd, BLOCK_SIZE) != ARCHIVE_OK ||
		archive_read_next_header(stream->archive, &entry) != ARCHIVE_OK ||
		archive_filter_count(stream->archive) < 2) /* none but "none" */
		return -EBADMSG;
	return 0;
}

const char *imagestream_error(const struct imagestream *stream)
{
	const char *text = stream->archive ? archive_error_string(stream->archive) : NULL;

	return text ? text : "";
}
