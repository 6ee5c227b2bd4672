/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A temporary root and what stands in it. */
#include "support.h"

#include "../lib/tree.h"
#include "facts/efivar.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

static char top[64];

int fake_set_up(void **state)
{
	strcpy(top, "/tmp/vfioboot-test-XXXXXX");
	return mkdtemp(top) ? 0 : -1;
}

int fake_tear_down(void **state)
{
	return tree_remove(top);
}

const char *fake_path(const char *name)
{
	static char path[2048];

	assert_within(
		snprintf(path, sizeof(path), "%s/%s", top, name), 1, sizeof(path) - 1);
	return path;
}

struct root fake_open(void)
{
	struct root root;

	assert_int_equal(root_open(top, &root), 0);
	return root;
}

static void make_parents(const char *name)
{
	char path[2048];

	strcpy(path, fake_path(name));
	for (char *p = path + strlen(top) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
	}
}

void fake_bzimage(const char *name, const char *release)
{
	char bytes[1024] = {0};

	memcpy(bytes + 0x202, "HdrS\x0f\x02", 6);
	bytes[0x20f] = 1; /* 0x100 behind 0x200 */
	snprintf(bytes + 0x300, 128, "%s (builder@host) #1 SMP", release);
	fake_put_bytes(name, bytes, sizeof(bytes));
}

void fake_dir(const char *name)
{
	make_parents(name);
	assert_true(mkdir(fake_path(name), 0755) == 0 || errno == EEXIST);
}

void fake_put_bytes(const char *name, const void *bytes, size_t size)
{
	FILE *file;

	make_parents(name);
	file = fopen(fake_path(name), "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

void fake_put(const char *name, const char *text)
{
	fake_put_bytes(name, text, strlen(text));
}

void fake_efivar(const char *name, const char *value)
{
	char path[128], bytes[128] = {6};
	size_t n = 4;

	for (; *value; n += 2)
		bytes[n] = *value++;
	snprintf(path, sizeof(path), "sys/firmware/efi/efivars/%s-" EFI_LOADER, name);
	fake_put_bytes(path, bytes, n + 2);
}

void fake_link(const char *name, const char *target)
{
	make_parents(name);
	assert_true(unlink(fake_path(name)) == 0 || errno == ENOENT);
	assert_int_equal(symlink(target, fake_path(name)), 0);
}

void fake_remove(const char *name)
{
	assert_int_equal(remove(fake_path(name)), 0);
}

const char *fake_read(const char *name)
{
	static char text[TREE_FILE_SIZE];
	FILE *file = fopen(fake_path(name), "r");
	size_t n = 0;

	if (file) {
		n = fread(text, 1, sizeof(text) - 1, file);
		assert_int_equal(fclose(file), 0);
	}
	text[n] = '\0';
	return text;
}

/* Writes the file @file of the function at @place. */
static void put_attribute(const char *place, const char *file, const char *text)
{
	char name[512];

	snprintf(name, sizeof(name), "sys/devices/%s/%s", place, file);
	fake_put(name, text);
}

void fake_function(const char *place, unsigned vendor, unsigned device)
{
	const char *address = strrchr(place, '/') + 1;
	char name[512], text[512];

	snprintf(text, sizeof(text), "pci:v%08Xd%08Xsv00001043sd00008769bc03sc00i00\n",
		vendor, device);
	put_attribute(place, "modalias", text);
	put_attribute(place, "driver_override", "(null)\n");
	snprintf(name, sizeof(name), "sys/bus/pci/devices/%s", address);
	snprintf(text, sizeof(text), "../../../devices/%s", place);
	fake_link(name, text);
	snprintf(name, sizeof(name), "sys/bus/pci/devices/%s/iommu_group", address);
	fake_link(name, "../../../../kernel/iommu_groups/7");
}

int open_bytes(const void *bytes, size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

int open_text(const char *text)
{
	return open_bytes(text, strlen(text));
}

unsigned open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}
