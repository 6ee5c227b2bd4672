/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of an image one after another: as they are in the file and, from some place on,
 * decompressed by libarchive.
 */
#ifndef VFIOBOOT_IMAGESTREAM_H
#define VFIOBOOT_IMAGESTREAM_H

#include <stddef.h>
#include <stdint.h>

struct archive;

/* Begins as {.fd = FD} at the beginning of the file; large. */
struct imagestream {
	int fd; /* the caller's */
	struct archive *archive;
	uint64_t offset; /* of the next byte, in the file or in what is decompressed */
	uint64_t total;  /* bytes that came so far */
	size_t at, len;  /* of the buffer, what was taken, and all of it */
	char buffer[64 << 10];
};

void imagestream_close(struct imagestream *stream);

/*
 * Takes the next @size bytes, into @ret unless that is NULL.  Returns 0; -ENODATA when the
 * end comes before; -EBADMSG for what can't be decompressed; or another -errno.
 */
int imagestream_take(struct imagestream *stream, char *ret, uint64_t size);

/*
 * What is in the file from @offset on is compressed, in some way that libarchive knows: from
 * now on its content comes.  Returns 0; -EBADMSG for no such way; or another -errno.
 */
int imagestream_decompress(struct imagestream *stream, uint64_t offset);

/* What libarchive said last, "" for nothing. */
const char *imagestream_error(const struct imagestream *stream);

#endif
