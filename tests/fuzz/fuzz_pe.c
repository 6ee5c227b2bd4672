/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a unified kernel image: what is read of it lies inside the file, and only sections
 * that it has are copied.
 */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chain/loaders/uki_image.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int make_file(const void *data, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	CHECK(fd >= 0);
	CHECK(write(fd, data, size) == (ssize_t)size);
	return fd;
}

static void check_section(int fd, const struct pe_image *pe, unsigned i, size_t size)
{
	const struct pe_section *section = &pe->sections[i];
	int out = make_file("", 0), r = pe_copy(fd, section, out);
	bool inside = (uint64_t)section->offset + section->size <= size;
	char *text = NULL;
	struct stat st;

	CHECK(memchr(section->name, '\0', sizeof(section->name)));
	CHECK(r == 0 ? inside || !section->size : !inside);
	CHECK(r < 0 || (fstat(out, &st) == 0 && (uint64_t)st.st_size == section->size));
	close(out);
	if (pe_read_text(fd, pe, section->name, &text) == 0)
		CHECK(strlen(text) <= 65536);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = make_file(data, size);
	struct uki image = {0};
	struct pe_image pe;

	if (pe_read(fd, &pe) == 0) {
		CHECK(pe.n <= PEIMAGE_SECTIONS_MAX);
		for (unsigned i = 0; i < pe.n; i++)
			check_section(fd, &pe, i, size);
		uki_sort_sections(&pe, &image);
		CHECK(memchr(image.unknown, '\0', sizeof(image.unknown)));
		for (size_t i = 0; i < UKI_PARTS_N; i++)
			CHECK(!image.has[i] || pe_find(&pe, uki_parts[i].section));
	}
	close(fd);
	return 0;
}
