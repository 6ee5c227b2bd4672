/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as an initramfs image: what is read of it is sorted, each path once, and content that
 * is kept has the size that its entry says; what is refused is refused with a reason.
 */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool keep(const void *data, const char *path)
{
	(void)data;
	return strchr(path, 'e');
}

static void check_image(const struct imagefile *image)
{
	for (size_t i = 0; i < image->n; i++) {
		const struct imagefile_entry *entry = &image->entries[i];

		CHECK(entry->path && *entry->path != '/');
		CHECK(i == 0 || strcmp(image->entries[i - 1].path, entry->path) < 0);
		CHECK(imagefile_find(image, entry->path) == entry);
		CHECK(!entry->data || entry->data[entry->size] == '\0');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);
	struct imagefile image = {0};
	struct message why = {0};
	int r;

	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	r = imagefile_read(fd, keep, NULL, &image, &why);
	CHECK(r == why.code && (r == 0 || *why.text));
	if (r == 0)
		check_image(&image);
	imagefile_free(&image);
	close(fd);
	return 0;
}
