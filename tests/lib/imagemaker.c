/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The format: Documentation/driver-api/early-userspace/buffer-format.rst of the kernel. */
#include "imagemaker.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"

static void must(int good)
{
	if (!good)
		abort();
}

static void put(struct imagemaker *maker, const void *data, size_t size)
{
	char *more = realloc(maker->bytes, maker->size + size + 1);

	must(more != NULL);
	maker->bytes = more;
	if (size)
		memcpy(more + maker->size, data, size);
	maker->size += size;
}

static void pad(struct imagemaker *maker, size_t unit)
{
	while ((maker->size - maker->archive) % unit)
		put(maker, "", 1);
}

void imagemaker_add(struct imagemaker *maker, const char *path, mode_t mode,
	const void *data, size_t size)
{
	static unsigned inodes = 100;
	char header[128];

	snprintf(header, sizeof(header),
		"070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		maker->inode ? maker->inode : inodes++, (unsigned)mode, 0U, 0U,
		maker->nlink ? maker->nlink : 1U, 0U, (unsigned)size, 0U, 0U, 0U, 0U,
		(unsigned)strlen(path) + 1, 0U);
	put(maker, header, strlen(header));
	put(maker, path, strlen(path) + 1);
	pad(maker, 4);
	put(maker, data, size);
	pad(maker, 4);
	maker->inode = maker->nlink = 0;
}

void imagemaker_add_text(struct imagemaker *maker, const char *path, const char *text)
{
	imagemaker_add(maker, path, S_IFREG | 0644, text, strlen(text));
}

void imagemaker_add_link(struct imagemaker *maker, const char *path, const char *target)
{
	imagemaker_add(maker, path, S_IFLNK | 0777, target, strlen(target));
}

void imagemaker_end(struct imagemaker *maker)
{
	imagemaker_add(maker, "TRAILER!!!", 0, NULL, 0);
	pad(maker, 512);
	maker->archive = maker->size;
}

void imagemaker_align(struct imagemaker *maker)
{
	maker->archive = 0;
	pad(maker, 4);
	maker->archive = maker->size;
}

void imagemaker_add_zeros(struct imagemaker *maker, size_t n)
{
	while (n-- > 0)
		put(maker, "", 1);
	maker->archive = maker->size;
}

/* A block of literals alone, in the old format, which is the kernel's. */
static size_t pack_lz4(const char *bytes, size_t size, char *ret)
{
	static const unsigned char magic[] = {0x02, 0x21, 0x4c, 0x18};
	size_t len = sizeof(magic) + 4, left = size - 15;

	must(size >= 15 && size < 8 << 20);
	memcpy(ret, magic, sizeof(magic));
	ret[len++] = (char)0xf0;
	for (; left >= 255; left -= 255)
		ret[len++] = (char)255;
	ret[len++] = (char)left;
	memcpy(ret + len, bytes, size);
	len += size;
	for (unsigned i = 0; i < 4; i++)
		ret[sizeof(magic) + i] = (char)((len - sizeof(magic) - 4) >> 8 * i);
	return len;
}

static size_t pack(
	const char *filter, const char *bytes, size_t size, char *ret, size_t room)
{
	struct archive_entry *entry = archive_entry_new();
	struct archive *archive = archive_write_new();
	size_t used = 0;

	must(entry && archive);
	must(archive_write_set_format_raw(archive) == ARCHIVE_OK);
	must(archive_write_add_filter_by_name(archive, filter) >= ARCHIVE_WARN);
	must(archive_write_set_bytes_in_last_block(archive, 1) == ARCHIVE_OK);
	must(archive_write_open_memory(archive, ret, room, &used) == ARCHIVE_OK);
	archive_entry_set_filetype(entry, S_IFREG);
	archive_entry_set_pathname(entry, "data");
	must(archive_write_header(archive, entry) == ARCHIVE_OK);
	must(archive_write_data(archive, bytes, size) == (la_ssize_t)size);
	must(archive_write_free(archive) == ARCHIVE_OK);
	archive_entry_free(entry);
	return used;
}

void imagemaker_end_compressed(struct imagemaker *maker, const char *filter)
{
	size_t size, room, used;
	char *packed;

	imagemaker_add(maker, "TRAILER!!!", 0, NULL, 0);
	size = maker->size - maker->archive;
	room = size * 2 + 65536;
	packed = malloc(room);
	must(packed != NULL);
	used = strcmp(filter, "lz4") == 0
		? pack_lz4(maker->bytes + maker->archive, size, packed)
		: pack(filter, maker->bytes + maker->archive, size, packed, room);
	maker->size = maker->archive;
	put(maker, packed, used);
	free(packed);
	maker->archive = maker->size;
}

static void put32(unsigned char *at, size_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (unsigned char)(value >> 8 * i);
}

/* Microsoft, "PE Format": the fields that readers look at. */
void imagemaker_unify(
	struct imagemaker *maker, const struct imagemaker_section *sections, size_t n)
{
	enum {
		PE = 64,
		OPTIONAL = PE + 24,
		TABLE = OPTIONAL + 240,
		ALL = TABLE + 8 * 40
	};
	unsigned char header[ALL] = "MZ";
	size_t at = ALL;

	must(n <= 8);
	put32(header + 0x3c, PE);
	memcpy(header + PE, "PE\0\0", 4);
	header[PE + 6] = (unsigned char)n;
	header[PE + 20] = 240;
	memcpy(header + OPTIONAL, "\x0b\x02", 2);
	for (size_t i = 0; i < n; i++) {
		unsigned char *section = header + TABLE + 40 * i;

		memcpy(section, sections[i].name, strlen(sections[i].name));
		put32(section + 8, sections[i].size);
		put32(section + 16, sections[i].size);
		put32(section + 20, at);
		at += sections[i].size;
	}
	put(maker, header, sizeof(header));
	for (size_t i = 0; i < n; i++)
		put(maker, sections[i].data, sections[i].size);
	maker->archive = maker->size;
}

void imagemaker_free(struct imagemaker *maker)
{
	free(maker->bytes);
	*maker = (struct imagemaker){0};
}
