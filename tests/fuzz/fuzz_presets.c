/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text as a preset of mkinitcpio: what it names as images are absolute paths, each once. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chain/generators/generators.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char top[] = "/tmp/vfioboot-fuzz-XXXXXX";
static int directory = -1; /* of presets */

static void clean_up(void)
{
	_cleanup_close_ int above = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);

	unlinkat(directory, "linux.preset", 0);
	unlinkat(above, "etc/mkinitcpio.d", AT_REMOVEDIR);
	unlinkat(above, "etc", AT_REMOVEDIR);
	rmdir(top);
}

static void set_up(void)
{
	_cleanup_close_ int above = -1;

	if (directory >= 0)
		return;
	CHECK(mkdtemp(top) && atexit(clean_up) == 0);
	above = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(mkdirat(above, "etc", 0700) == 0);
	CHECK(mkdirat(above, "etc/mkinitcpio.d", 0700) == 0);
	directory = openat(above, "etc/mkinitcpio.d", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void write_preset(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = openat(directory, "linux.preset",
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char release[] = "6.1.0", file[] = "/boot/vmlinuz-linux";
	const struct kernel kernel = {.release = release, .file = file};
	struct file_names names = {0};
	struct root root;

	set_up();
	write_preset(data, size);
	CHECK(root_open(top, &root) == 0);
	CHECK(initramfs_mkinitcpio.find(&root, &kernel, &names) == 0);
	for (size_t i = 0; i < names.n; i++) {
		CHECK(*names.names[i] == '/');
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(names.names[i], names.names[j]) != 0);
	}
	file_free_names(&names);
	root_close(&root);
	return 0;
}
