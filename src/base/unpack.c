/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams as archives of the format "raw", each with the one filter that its first bytes ask
 * for: left to itself libarchive starts programs for formats that the kernel does not know.
 */
#include "unpack.h"

#include <archive.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "util.h"

#define BLOCK_SIZE 65536
#define SIZE_MAX_  ((size_t)64 << 20)

struct unpack {
	int fd; /* the caller's */
	struct archive *archive;
	uint64_t start, at, end; /* in the file; @at: what libarchive gets next */
	bool ends;               /* the stream is known to end at @end */
	char block[BLOCK_SIZE];
};

/* Reads exactly @size bytes before @end, or fails. */
static int read_at(int fd, uint64_t at, uint64_t end, void *buffer, size_t size)
{
	ssize_t n;

	if (at > end || size > end - at)
		return -EBADMSG;
	n = pread(fd, buffer, size, (off_t)at);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EBADMSG;
}

/* ---- where a stream ends ---------------------------------------------------------------- */

/* libarchive takes what follows these streams for their continuation, and fails on it. */

/* Blocks with their size in front (lib/decompress_unlz4.c); a size of 0 is padding. */
static int find_lz4_end(int fd, uint64_t start, uint64_t end, uint64_t *ret)
{
	uint64_t at = start + 4;
	unsigned char size[4];

	while (at < end) {
		int r = read_at(fd, at, end, size, sizeof(size));

		if (r < 0)
			return r;
		if (get_number(size, 4) == 0)
			break;
		at += 4;
		if (get_number(size, 4) != 0x184c2102)
			at += get_number(size, 4);
	}
	*ret = at;
	return at <= end ? 0 : -EBADMSG;
}

/* One frame (RFC 8878, 3.1.1): a header, blocks with their size in front, a checksum. */
static int find_zstd_end(int fd, uint64_t start, uint64_t end, uint64_t *ret)
{
	static const unsigned id_sizes[] = {0, 1, 2, 4}, content_sizes[] = {0, 2, 4, 8};
	unsigned char magic[5], header[3], flags;
	uint64_t at = start + sizeof(magic);
	int r = read_at(fd, start, end, magic, sizeof(magic));

	if (r < 0)
		return r;
	flags = magic[4];
	at += id_sizes[flags & 3] + content_sizes[flags >> 6];
	/* Without a window its size is there, in a byte at least. */
	if (flags >> 6 == 0 || !(flags & 0x20))
		at++;
	do {
		r = read_at(fd, at, end, header, sizeof(header));
		if (r < 0)
			return r;
		at += sizeof(header);
		/* Of a run of one byte there is that byte. */
		at += (header[0] >> 1 & 3) == 1 ? 1 : get_number(header, 3) >> 3;
	} while (!(header[0] & 1));
	at += flags & 4; /* of the checksum, if there is one, so many bytes */
	*ret = at;
	return at <= end ? 0 : -EBADMSG;
}

/* Numbers of lzop(1) are big-endian. */
static uint32_t get_be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Where the blocks begin, and how many bytes of sums each has; the latter of packed blocks alone. */
static int read_lzo_header(int fd, uint64_t start, uint64_t end, uint64_t *ret_at,
	unsigned *ret_sums, unsigned *ret_packed_sums)
{
	unsigned char p[34];
	int r = read_at(fd, start, end, p, sizeof(p));
	bool newer = r == 0 && (p[9] << 8 | p[10]) >= 0x940;
	unsigned at = newer ? 17 : 14;
	uint32_t flags;

	if (r < 0)
		return r;
	flags = get_be32(p + at);
	if (flags & 0x40) /* an extra field, which nobody writes */
		return -EBADMSG;
	at += flags & 0x800 ? 8 : 4; /* a filter */
	at += newer ? 12 : 8;        /* mode and time */
	r = read_at(fd, start + at, end, p, 1);
	*ret_at = start + at + 1 + p[0] + 4; /* the name, and a sum */
	*ret_sums = (flags & 1 ? 4 : 0) + (flags & 0x100 ? 4 : 0);
	*ret_packed_sums = (flags & 2 ? 4 : 0) + (flags & 0x200 ? 4 : 0);
	return r;
}

/* Blocks with their sizes in front (lib/decompress_unlzo.c), and one without at the end. */
static int find_lzo_end(int fd, uint64_t start, uint64_t end, uint64_t *ret)
{
	unsigned char sizes[8];
	unsigned sums, packed_sums;
	uint64_t at = 0;
	int r = read_lzo_header(fd, start, end, &at, &sums, &packed_sums);

	while (r == 0) {
		uint32_t plain, packed;

		r = read_at(fd, at, end, sizes, 4);
		at += 4;
		plain = get_be32(sizes);
		if (r < 0 || plain == 0)
			break;
		r = read_at(fd, at, end, sizes + 4, 4);
		packed = get_be32(sizes + 4);
		at += 4 + sums + (packed < plain ? packed_sums : 0) + (uint64_t)packed;
	}
	*ret = at;
	return r < 0 ? r : at <= end ? 0 : -EBADMSG;
}

/* A number in pieces of seven bits (the .xz file format, 1.2). */
static bool take_number(const unsigned char **p, const unsigned char *end, uint64_t *ret)
{
	*ret = 0;
	for (unsigned shift = 0; *p < end && shift < 63; shift += 7) {
		*ret |= (uint64_t)(**p & 0x7f) << shift;
		if (!(*(*p)++ & 0x80))
			return true;
	}
	return false;
}

/* Whether the index before the footer at @footer describes what is between it and @start. */
static bool is_xz_index(int fd, uint64_t start, uint64_t footer, uint32_t size)
{
	_cleanup_free_ unsigned char *index = NULL;
	uint64_t n, packed, plain, blocks = 0;
	const unsigned char *p;

	if (size > footer - start - 12 || size > SIZE_MAX_)
		return false;
	index = malloc(size);
	if (!index || read_at(fd, footer - size, footer, index, size) < 0 || index[0])
		return false;
	p = index + 1;
	if (!take_number(&p, index + size, &n))
		return false;
	for (; n; n--) {
		if (!take_number(&p, index + size, &packed) ||
			!take_number(&p, index + size, &plain) || packed > footer)
			return false;
		blocks += (packed + 3) & ~(uint64_t)3;
	}
	return start + 12 + blocks == footer - size;
}

/* One stream: its footer is found by its mark, and known by its index (the same, 2.1.2). */
static int find_xz_end(int fd, uint64_t start, uint64_t end, uint64_t *ret)
{
	_cleanup_free_ unsigned char *block = malloc(BLOCK_SIZE);
	unsigned char header[12];
	int r = read_at(fd, start, end, header, sizeof(header));

	if (!block || r < 0)
		return block ? r : -ENOMEM;
	for (uint64_t at = start + 12; at + 12 <= end; at += BLOCK_SIZE - 8) {
		size_t size = end - at < BLOCK_SIZE ? end - at : BLOCK_SIZE;

		r = read_at(fd, at, end, block, size);
		for (size_t i = 0; r == 0 && i + 12 <= size; i += 4) {
			uint64_t index = ((uint64_t)get_number(block + i + 4, 4) + 1) * 4;

			if (memcmp(block + i + 8, header + 6, 2) != 0 ||
				memcmp(block + i + 10, "YZ", 2) != 0 ||
				index > UINT32_MAX ||
				!is_xz_index(fd, start, at + i, (uint32_t)index))
				continue;
			*ret = at + i + 12;
			return 0;
		}
		if (r < 0)
			return r;
	}
	return -EBADMSG;
}

/* ---- a stream ---------------------------------------------------------------------------- */

static const struct format {
	const char *magic;
	size_t len;
	int (*support)(struct archive *archive);
	/* NULL: libarchive itself takes one stream, and says where it ended. */
	int (*find_end)(int fd, uint64_t start, uint64_t end, uint64_t *ret);
} formats[] = {
	{"\x1f\x8b", 2, archive_read_support_filter_gzip, NULL},
	{"BZh", 3, archive_read_support_filter_bzip2, NULL},
	{"\x5d\0", 2, archive_read_support_filter_lzma, NULL},
	{"\x89LZO", 4, archive_read_support_filter_lzop, find_lzo_end},
	{"\xfd"
	 "7zXZ",
		6, archive_read_support_filter_xz, find_xz_end},
	{"\x02!L\x18", 4, archive_read_support_filter_lz4, find_lz4_end},
	{"\x28\xb5\x2f\xfd", 4, archive_read_support_filter_zstd, find_zstd_end},
};

static const struct format *find_format(int fd, uint64_t start, uint64_t end)
{
	char magic[6];

	if (read_at(fd, start, end, magic, sizeof(magic)) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (memcmp(magic, formats[i].magic, formats[i].len) == 0)
			return &formats[i];
	return NULL;
}

/* For libarchive. */
static la_ssize_t read_block(struct archive *archive, void *data, const void **ret)
{
	struct unpack *unpack = data;
	uint64_t left = unpack->end - unpack->at;
	ssize_t n;

	(void)archive;
	do
		n = pread(unpack->fd, unpack->block,
			left < BLOCK_SIZE ? (size_t)left : BLOCK_SIZE, (off_t)unpack->at);
	while (n < 0 && errno == EINTR);
	unpack->at += n > 0 ? (uint64_t)n : 0;
	*ret = unpack->block;
	return n;
}

static int begin(struct unpack *unpack, const struct format *format)
{
	struct archive_entry *entry;
	int r = 0;

	if (format->find_end) {
		r = format->find_end(
			unpack->fd, unpack->start, unpack->end, &unpack->end);
		unpack->ends = true;
	}
	if (r < 0)
		return r;
	unpack->archive = archive_read_new();
	if (!unpack->archive)
		return -ENOMEM;
	format->support(unpack->archive);
	archive_read_support_format_raw(unpack->archive);
	if (archive_read_open(unpack->archive, unpack, NULL, read_block, NULL) !=
			ARCHIVE_OK ||
		archive_read_next_header(unpack->archive, &entry) != ARCHIVE_OK ||
		archive_filter_count(unpack->archive) < 2) /* none but "none" */
		return -EBADMSG;
	return 0;
}

int unpack_open(int fd, uint64_t start, uint64_t end, struct unpack **ret)
{
	const struct format *format = find_format(fd, start, end);
	_cleanup_(unpack_close) struct unpack *unpack = NULL;
	int r;

	if (!format)
		return -EOPNOTSUPP;
	unpack = calloc(1, sizeof(*unpack));
	if (!unpack)
		return -ENOMEM;
	unpack->fd = fd;
	unpack->start = unpack->at = start;
	unpack->end = end;
	r = begin(unpack, format);
	if (r == 0)
		*ret = TAKE_PTR(unpack);
	return r;
}

void unpack_close(struct unpack **unpack)
{
	if (*unpack && (*unpack)->archive)
		archive_read_free((*unpack)->archive);
	free(*unpack);
	*unpack = NULL;
}

ssize_t unpack_read(struct unpack *unpack, void *buffer, size_t size)
{
	la_ssize_t n = archive_read_data(unpack->archive, buffer, size);

	return n < 0 ? -EBADMSG : n;
}

uint64_t unpack_end(const struct unpack *unpack)
{
	la_int64_t used = archive_filter_bytes(unpack->archive, -1);

	return unpack->ends || used < 0 ? unpack->end : unpack->start + (uint64_t)used;
}

const char *unpack_error(const struct unpack *unpack)
{
	const char *text = archive_error_string(unpack->archive);

	return text ? text : "";
}

/* ---- a whole file ------------------------------------------------------------------------ */

/* Of @unpack, or of the file itself. */
static ssize_t read_some(int fd, struct unpack *unpack, char *buffer)
{
	ssize_t n;

	if (unpack)
		return unpack_read(unpack, buffer, BLOCK_SIZE);
	n = read(fd, buffer, BLOCK_SIZE);
	return n < 0 ? -errno : n;
}

/* Reads to the end, with room for a NUL.  Returns 0, or -errno. */
static int read_all(int fd, struct unpack *unpack, char **ret, size_t *ret_size)
{
	_cleanup_free_ char *data = NULL;
	size_t len = 0, room = 0;
	ssize_t n;

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
		n = read_some(fd, unpack, data + len);
		if (n < 0)
			return (int)n;
		len += (size_t)n;
	} while (n);
	data[len] = '\0';
	*ret = TAKE_PTR(data);
	*ret_size = len;
	return 0;
}

int unpack_file(const struct root *root, const char *path, char **ret, size_t *ret_size)
{
	_cleanup_close_ int fd = file_open(root, path, O_RDONLY | O_NONBLOCK);
	_cleanup_(unpack_close) struct unpack *unpack = NULL;
	struct stat st;
	int r = 0;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	/* Files of the kernel have no size. */
	if (find_format(fd, 0, INT64_MAX))
		r = unpack_open(
			fd, 0, st.st_size ? (uint64_t)st.st_size : INT64_MAX, &unpack);
	return r < 0 ? r : read_all(fd, unpack, ret, ret_size);
}
