/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that may be compressed, read whole. */
#include "support.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/unpack.h"

static int read_it(char **ret, size_t *ret_size)
{
	_cleanup_(root_close) struct root root = fake_open();

	return unpack_file(&root, "file", ret, ret_size);
}

static void expect(const void *bytes, size_t size)
{
	_cleanup_free_ char *data = NULL;
	size_t n = 0;

	assert_int_equal(read_it(&data, &n), 0);
	assert_int_equal(n, size);
	assert_memory_equal(data, bytes, size);
	assert_int_equal(data[size], 0);
}

/* Writes @bytes compressed by one of libarchive's filters.  False where it has none. */
static bool put_filtered(int filter, const void *bytes, size_t size)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	bool done;

	archive_write_set_format_raw(archive);
	done = archive_write_add_filter(archive, filter) == ARCHIVE_OK;
	if (done) {
		fake_put("file", "");
		assert_int_equal(
			archive_write_open_filename(archive, fake_path("file")), 0);
		archive_entry_set_filetype(entry, AE_IFREG);
		assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
		assert_int_equal(archive_write_data(archive, bytes, size), size);
		assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
	}
	archive_entry_free(entry);
	archive_write_free(archive);
	return done;
}

static void test_plain(void **state)
{
	_cleanup_free_ char *data = NULL;
	size_t n;

	assert_int_equal(read_it(&data, &n), -ENOENT);
	fake_put("file", "CONFIG_VFIO_PCI=m\n");
	expect("CONFIG_VFIO_PCI=m\n", 18);
	fake_put("file", "");
	expect("", 0);
	fake_put_bytes("file", "\177ELF\0\0", 6);
	expect("\177ELF\0\0", 6);
}

static void test_filters(void **state)
{
	static const int filters[] = {
		ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_ZSTD};
	static char large[300000]; /* more than one block */

	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char)(i * 7919 >> 3);
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
		if (put_filtered(filters[i], large, sizeof(large)))
			expect(large, sizeof(large));
}

/* No file may have a program run: what the kernel unpacks is unpacked, and nothing else. */
static void test_no_programs(void **state)
{
	static const unsigned char packed[] = "GRZipII\0\2\4:)and so on, and so on";
	char path[512], *old = strdup(getenv("PATH"));

	fake_put("bin/grzip", "#!/bin/sh\n: >\"$0.ran\"\n");
	assert_int_equal(chmod(fake_path("bin/grzip"), 0755), 0);
	snprintf(path, sizeof(path), "%s:%s", fake_path("bin"), old);
	setenv("PATH", path, 1);
	fake_put_bytes("file", packed, sizeof(packed));
	expect(packed, sizeof(packed));
	setenv("PATH", old, 1);
	free(old);
	assert_int_equal(access(fake_path("bin/grzip.ran"), F_OK), -1);
}

static void test_broken(void **state)
{
	static const char text[] = "a text that is long enough to be cut somewhere";
	_cleanup_free_ char *data = NULL;
	size_t n;

	assert_true(put_filtered(ARCHIVE_FILTER_GZIP, text, sizeof(text)));
	assert_int_equal(truncate(fake_path("file"), 20), 0);
	assert_int_equal(read_it(&data, &n), -EBADMSG);
	fake_remove("file");
	fake_dir("file");
	assert_true(read_it(&data, &n) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(test_plain),
		ROOT_TEST(test_filters),
		ROOT_TEST(test_no_programs),
		ROOT_TEST(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
