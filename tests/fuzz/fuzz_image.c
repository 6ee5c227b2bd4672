/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as an initramfs image: the paths of its files are sorted, and each is found. */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chain/imagefile.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool keep_all(const void *data, const char *path)
{
	(void)data;
	(void)path;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = memfd_create("image", MFD_CLOEXEC);
	struct imagefile image = {0};
	char why[256] = "";

	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	if (imagefile_read(fd, keep_all, NULL, &image, why, sizeof(why)) < 0) {
		CHECK(strlen(why) < sizeof(why));
		return 0;
	}
	for (size_t i = 0; i < image.n; i++) {
		const struct imagefile_entry *entry = &image.entries[i];

		CHECK(!i || strcmp(entry[-1].path, entry->path) < 0);
		CHECK(imagefile_find(&image, entry->path) == entry);
	}
	imagefile_free(&image);
	return 0;
}
