/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads PE headers; every offset is from the file and may be anything. */
#include "peimage.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

#define TEXT_MAX 65536

/* Offsets in the headers (Microsoft, "PE Format"). */
#define DOS_PE_OFFSET    0x3c /* of the DOS header: where the PE header begins */
#define PE_SECTIONS      6    /* of the PE header: how many */
#define PE_OPTIONAL_SIZE 20
#define PE_OPTIONAL      24
#define OPTIONAL_MAGIC   0x20b /* PE32+ */
#define OPTIONAL_N       108   /* of the optional header: how many data directories */
#define OPTIONAL_TABLES  112
#define TABLE_SIGNATURES 4
#define SECTION_SIZE     40 /* bytes of a section's header */

static int read_at(int fd, void *buffer, size_t size, off_t at)
{
	ssize_t n = pread(fd, buffer, size, at);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EBADMSG;
}

static int read_section(int fd, off_t at, struct pe_section *ret)
{
	uint8_t header[SECTION_SIZE];
	uint32_t in_memory, in_file;
	int r = read_at(fd, header, sizeof(header), at);

	if (r < 0)
		return r;
	memcpy(ret->name, header, 8);
	ret->name[8] = '\0';
	in_memory = get_number(header + 8, 4);
	in_file = get_number(header + 16, 4);
	/* In the file it may be padded. */
	ret->size = in_memory < in_file ? in_memory : in_file;
	ret->offset = get_number(header + 20, 4);
	return 0;
}

/* Whether there is a data directory for signatures, and it has some. */
static bool is_signed(const uint8_t *pe)
{
	const unsigned at = OPTIONAL_TABLES + TABLE_SIGNATURES * 8;

	return get_number(pe + PE_OPTIONAL_SIZE, 2) >= at + 8 &&
		get_number(pe + PE_OPTIONAL + OPTIONAL_N, 4) > TABLE_SIGNATURES &&
		get_number(pe + PE_OPTIONAL + at + 4, 4) != 0;
}

int pe_read(int fd, struct pe_image *ret)
{
	uint8_t dos[64], pe[PE_OPTIONAL + OPTIONAL_TABLES + (TABLE_SIGNATURES + 1) * 8];
	struct pe_image image = {0};
	unsigned n, optional_size;
	off_t start;
	int r;

	r = read_at(fd, dos, sizeof(dos), 0);
	if (r < 0 || memcmp(dos, "MZ", 2) != 0)
		return r < 0 ? r : -EBADMSG;
	start = get_number(dos + DOS_PE_OFFSET, 4);
	r = read_at(fd, pe, sizeof(pe), start);
	if (r < 0 || memcmp(pe, "PE\0\0", 4) != 0)
		return r < 0 ? r : -EBADMSG;
	if (get_number(pe + PE_OPTIONAL, 2) != OPTIONAL_MAGIC)
		return -EBADMSG;
	image.is_signed = is_signed(pe);
	n = get_number(pe + PE_SECTIONS, 2);
	optional_size = get_number(pe + PE_OPTIONAL_SIZE, 2);
	if (n > PEIMAGE_SECTIONS_MAX)
		return -EBADMSG;
	for (; r == 0 && image.n < n; image.n++)
		r = read_section(fd,
			start + PE_OPTIONAL + (off_t)optional_size +
				(off_t)image.n * SECTION_SIZE,
			&image.sections[image.n]);
	if (r == 0)
		*ret = image;
	return r;
}

const struct pe_section *pe_find(const struct pe_image *image, const char *name)
{
	for (unsigned i = 0; i < image->n; i++)
		if (strcmp(image->sections[i].name, name) == 0)
			return &image->sections[i];
	return NULL;
}

static bool begins_profile(const struct pe_section *section)
{
	return strcmp(section->name, ".profile") == 0;
}

const struct pe_section *pe_find_of_profile(
	const struct pe_image *image, const char *name, unsigned profile)
{
	const struct pe_section *common = NULL, *own = NULL;
	unsigned begun = 0;

	for (unsigned i = 0; i < image->n; i++) {
		const struct pe_section *section = &image->sections[i];

		begun += begins_profile(section);
		if (strcmp(section->name, name) != 0)
			continue;
		if (begun == 0 && !common)
			common = section;
		if (begun == profile + 1 && !own)
			own = section;
	}
	if (profile >= (begun ? begun : 1))
		return NULL;
	return own ? own : common;
}

void pe_keep_profile(struct pe_image *image, unsigned profile)
{
	struct pe_image kept = {.is_signed = image->is_signed};

	for (unsigned i = 0; i < image->n; i++) {
		const struct pe_section *section = &image->sections[i];

		if (pe_find_of_profile(image, section->name, profile) == section)
			kept.sections[kept.n++] = *section;
	}
	*image = kept;
}

int pe_read_text(int fd, const struct pe_image *image, const char *name, char **ret)
{
	const struct pe_section *section = pe_find(image, name);
	_cleanup_free_ char *text = NULL;
	int r;

	if (!section)
		return -ENOENT;
	if (section->size > TEXT_MAX)
		return -EFBIG;
	text = calloc(1, (size_t)section->size + 1);
	if (!text)
		return -ENOMEM;
	r = read_at(fd, text, section->size, section->offset);
	if (r == 0)
		*ret = TAKE_PTR(text);
	return r;
}

int pe_copy(int fd, const struct pe_section *section, int out)
{
	char buffer[65536];
	uint32_t done = 0;

	while (done < section->size) {
		size_t left = section->size - done;
		size_t size = left < sizeof(buffer) ? left : sizeof(buffer);
		int r = read_at(fd, buffer, size, (off_t)section->offset + done);
		ssize_t n;

		if (r < 0)
			return r;
		n = write(out, buffer, size);
		if (n < 0 || (size_t)n != size)
			return n < 0 ? -errno : -EIO;
		done += (uint32_t)size;
	}
	return 0;
}
