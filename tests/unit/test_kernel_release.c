/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which release a kernel file is, in the formats of several architectures. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>

#include "../lib/imagemaker.h"
#include "facts/kernel_release.h"
#include "support.h"

#define RELEASE "6.12.1-arch1-1"
#define BANNER  "Linux version " RELEASE " (builder@host) #1"

static void expect(const char *release)
{
	_cleanup_(root_close) struct root root = fake_open();
	char got[KERNEL_RELEASE_SIZE] = "";
	int r = kernel_release_read(&root, "kernel", got, sizeof(got));

	assert_int_equal(r, *release ? 0 : -ENODATA);
	assert_string_equal(got, release);
}

static void test_none(void **state)
{
	static const char *const texts[] = {"", "MZ", "some text of a person",
		"Linux version 6.1 (but neither compressed nor of a kind)"};
	_cleanup_(root_close) struct root root = fake_open();
	char got[KERNEL_RELEASE_SIZE];

	assert_int_equal(kernel_release_read(&root, "kernel", got, sizeof(got)), -ENOENT);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		fake_put("kernel", texts[i]);
		expect("");
	}
	fake_remove("kernel");
	fake_dir("kernel");
	expect("");
}

static void test_bzimage(void **state)
{
	fake_bzimage("kernel", RELEASE);
	expect(RELEASE);
	fake_bzimage("kernel", "no number");
	expect("");
	fake_bzimage("kernel", "5"); /* no dot */
	expect("");
}

/* A place behind the end, and a text that reaches to it. */
static void test_cut_bzimage(void **state)
{
	char bytes[0x310] = {0};

	memcpy(bytes + 0x202, "HdrS", 4);
	bytes[0x20f] = 1;
	memcpy(bytes + 0x300, "6.12.1-arch1-1xx", 16);
	fake_put_bytes("kernel", bytes, sizeof(bytes));
	expect("");
	bytes[0x20f] = 0x7f;
	fake_put_bytes("kernel", bytes, sizeof(bytes));
	expect("");
	fake_put_bytes("kernel", bytes, 0x208);
	expect("");
}

/* An image with the banner behind the first block, and something like it before. */
static size_t make_plain(char *bytes, size_t size, const char *magic, size_t at)
{
	memset(bytes, 'x', size);
	memcpy(bytes + at, magic, 4);
	memcpy(bytes + 1000, "Linux version %s (%s)", 21);
	memcpy(bytes + 65536 - 8, BANNER, strlen(BANNER)); /* on both sides of a block */
	return size;
}

static void test_plain(void **state)
{
	static char bytes[200000];

	make_plain(bytes, sizeof(bytes), "ARM\x64", 0x38);
	fake_put_bytes("kernel", bytes, sizeof(bytes));
	expect(RELEASE);
	make_plain(bytes, sizeof(bytes), "RSC\x05", 0x38);
	fake_put_bytes("kernel", bytes, sizeof(bytes));
	expect(RELEASE);
	make_plain(bytes, sizeof(bytes),
		"\x7f"
		"ELF",
		0);
	fake_put_bytes("kernel", bytes, sizeof(bytes));
	expect(RELEASE);
}

/* Compresses by a filter of libarchive, into @ret behind @at bytes.  Returns the size of all. */
static size_t compress(int filter, const void *bytes, size_t size, char *ret, size_t room)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	size_t used = 0;

	archive_write_set_format_raw(archive);
	assert_int_equal(archive_write_add_filter(archive, filter), ARCHIVE_OK);
	archive_write_set_bytes_in_last_block(archive, 1);
	assert_int_equal(
		archive_write_open_memory(archive, ret, room, &used), ARCHIVE_OK);
	archive_entry_set_filetype(entry, AE_IFREG);
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(archive, bytes, size), size);
	assert_int_equal(archive_write_free(archive), ARCHIVE_OK);
	archive_entry_free(entry);
	return used;
}

static void test_compressed(void **state)
{
	static const int filters[] = {
		ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_ZSTD};
	static char bytes[200000], packed[100000];

	make_plain(bytes, sizeof(bytes), "ARM\x64", 0x38);
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		size_t size = compress(
			filters[i], bytes, sizeof(bytes), packed, sizeof(packed));

		fake_put_bytes("kernel", packed, size);
		expect(RELEASE);
		fake_put_bytes("kernel", packed, size / 2);
		expect("");
	}
}

/* An EFI program that has it, with something behind. */
static void test_zboot(void **state)
{
	static char bytes[200000], file[100000];
	size_t size;

	make_plain(bytes, sizeof(bytes), "ARM\x64", 0x38);
	memcpy(file, "MZ\0\0zimg\0\x02\0\0", 12);
	size = compress(ARCHIVE_FILTER_ZSTD, bytes, sizeof(bytes), file + 512,
		sizeof(file) - 512);
	file[12] = (char)size, file[13] = (char)(size >> 8),
	file[14] = (char)(size >> 16);
	fake_put_bytes("kernel", file, 512 + size + 100);
	expect(RELEASE);
	file[15] = 0x7f; /* longer than the file */
	fake_put_bytes("kernel", file, 512 + size + 100);
	expect("");
}

/* What the image says, else what is in its kernel. */
static void test_unified(void **state)
{
	struct imagemaker maker = {0};
	char kernel[1024] = {0};

	memcpy(kernel + 0x202, "HdrS", 4);
	kernel[0x20f] = 1;
	memcpy(kernel + 0x300, "6.1-other #1", 12);
	imagemaker_unify(&maker,
		(struct imagemaker_section[]){{".uname", RELEASE, strlen(RELEASE)},
			{".linux", kernel, sizeof(kernel)}},
		2);
	fake_put_bytes("kernel", maker.bytes, maker.size);
	expect(RELEASE);
	imagemaker_free(&maker);
	imagemaker_unify(&maker,
		(struct imagemaker_section[]){{".linux", kernel, sizeof(kernel)}}, 1);
	fake_put_bytes("kernel", maker.bytes, maker.size);
	expect("6.1-other");
	imagemaker_free(&maker);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fake_set_up, fake_tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_none),
		TEST(test_bzimage),
		TEST(test_cut_bzimage),
		TEST(test_plain),
		TEST(test_compressed),
		TEST(test_zboot),
		TEST(test_unified),
	};

	return cmocka_run_group_tests_name("kernel_release", tests, NULL, NULL);
}
