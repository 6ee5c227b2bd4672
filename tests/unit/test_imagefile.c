/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images of all kinds, whole, cut off and made up. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "../lib/imagemaker.h"
#include "base/base.h"
#include "support.h"

static struct message why;

static bool keep_etc(const void *data, const char *path)
{
	(void)data;
	return strncmp(path, "etc/", 4) == 0;
}

static int read_bytes(const char *bytes, size_t size, struct imagefile *ret)
{
	_cleanup_close_ int fd = open_bytes(bytes, size);

	why = (struct message){0};
	return imagefile_read(fd, keep_etc, NULL, ret, &why);
}

static int read_made(struct imagemaker *maker, struct imagefile *ret)
{
	int r = read_bytes(maker->bytes, maker->size, ret);

	imagemaker_free(maker);
	return r;
}

static void expect_text(const struct imagefile *image, const char *path, const char *text)
{
	const struct imagefile_entry *entry = imagefile_find(image, path);

	assert_non_null(entry);
	assert_non_null(entry->data);
	assert_string_equal(entry->data, text);
	assert_int_equal(entry->size, strlen(text));
}

static void test_plain(void **state)
{
	struct imagemaker maker = {0};
	struct imagefile image;

	imagemaker_add(&maker, ".", S_IFDIR | 0755, NULL, 0);
	imagemaker_add_text(&maker, "./etc/a", "first");
	imagemaker_add_text(&maker, "usr/b", "not kept");
	imagemaker_add_link(&maker, "/bin", "usr/bin");
	imagemaker_end(&maker);
	assert_int_equal(read_made(&maker, &image), 0);
	assert_int_equal(image.n, 4);
	expect_text(&image, "etc/a", "first");
	expect_text(&image, "bin", "usr/bin");
	assert_non_null(imagefile_find(&image, "usr/b"));
	assert_null(imagefile_find(&image, "usr/b")->data);
	assert_null(imagefile_find(&image, "etc"));
	assert_non_null(imagefile_find_below(&image, "etc/"));
	assert_null(imagefile_find_below(&image, "etd"));
	imagefile_free(&image);
}

/* Microcode first, then what is compressed: what dracut and mkinitramfs make. */
static const char *const filters[] = {
	"gzip", "xz", "zstd", "bzip2", "lz4", "lzma", "lzop"};
static size_t n_filters = ARRAY_SIZE(filters); /* the last one needs its program */

static void test_compressed(void **state)
{
	for (size_t i = 0; i < n_filters; i++) {
		struct imagemaker maker = {0};
		struct imagefile image;

		imagemaker_add_text(&maker, "kernel/x86/microcode/A.bin", "code");
		imagemaker_add_text(&maker, "etc/a", "early");
		imagemaker_end(&maker);
		imagemaker_add_text(&maker, "etc/a", "late");
		imagemaker_add_text(&maker, "etc/b", "other");
		imagemaker_end_compressed(&maker, filters[i]);
		assert_int_equal(read_made(&maker, &image), 0);
		assert_int_equal(image.n, 3);
		expect_text(&image, "etc/a", "late");
		expect_text(&image, "etc/b", "other");
		imagefile_free(&image);
	}
}

static void test_several_archives_in_one_stream(void **state)
{
	struct imagemaker maker = {0};
	struct imagefile image;

	imagemaker_add_text(&maker, "etc/a", "1");
	imagemaker_end(&maker);
	maker.archive = 0;
	imagemaker_add_text(&maker, "etc/b", "2");
	imagemaker_end_compressed(&maker, "zstd");
	assert_int_equal(read_made(&maker, &image), 0);
	expect_text(&image, "etc/a", "1");
	expect_text(&image, "etc/b", "2");
	imagefile_free(&image);
}

/* The kernel unpacks each, and the last file of a name counts. */
static void test_archives_behind(void **state)
{
	for (size_t i = 0; i < n_filters + 1; i++) {
		const char *last = i < n_filters ? filters[i] : NULL;

		for (size_t j = 0; j < n_filters; j++) {
			struct imagemaker maker = {0};
			struct imagefile image;

			imagemaker_add_text(&maker, "etc/a", "first");
			imagemaker_add_text(&maker, "etc/b", "first, and all");
			imagemaker_end_compressed(&maker, filters[j]);
			imagemaker_align(&maker);
			/* Without a byte between them they would be one file of lz4. */
			if (strcmp(filters[j], "lz4") == 0)
				imagemaker_add_zeros(&maker, 4);
			imagemaker_add_text(&maker, "etc/a", "last");
			if (last)
				imagemaker_end_compressed(&maker, last);
			else
				imagemaker_end(&maker);
			assert_int_equal(read_made(&maker, &image), 0);
			assert_int_equal(image.n, 2);
			expect_text(&image, "etc/a", "last");
			expect_text(&image, "etc/b", "first, and all");
			imagefile_free(&image);
		}
	}
}

/* At another place than a multiple of four the kernel does not see it. */
static void test_archive_askew(void **state)
{
	struct imagemaker maker = {0};
	struct imagefile image;

	imagemaker_add_text(&maker, "etc/a", "first");
	imagemaker_end_compressed(&maker, "gzip");
	imagemaker_align(&maker);
	imagemaker_add_zeros(&maker, 1);
	imagemaker_add_text(&maker, "etc/a", "last");
	imagemaker_end(&maker);
	assert_int_equal(read_made(&maker, &image), 0);
	expect_text(&image, "etc/a", "first");
	imagefile_free(&image);
}

/* The second of two is cut off: the first one is not all. */
static void test_second_cut_off(void **state)
{
	for (size_t i = 0; i < n_filters; i++) {
		struct imagemaker maker = {0};
		struct imagefile image;
		size_t first;

		imagemaker_add_text(&maker, "etc/a", "first");
		imagemaker_end_compressed(&maker, "gzip");
		first = maker.size;
		imagemaker_add_text(&maker, "etc/a", "last");
		imagemaker_end_compressed(&maker, filters[i]);
		maker.size = (first + maker.size) / 2;
		assert_int_equal(read_made(&maker, &image), -EBADMSG);
	}
}

/* The kernel pads, and ignores what follows a compressed archive. */
static void test_bytes_behind(void **state)
{
	static const char zeros[4096];
	struct imagemaker maker = {0};
	struct imagefile image;
	char bytes[16384];
	size_t size;

	imagemaker_add_text(&maker, "etc/a", "1");
	imagemaker_end_compressed(&maker, "gzip");
	size = maker.size;
	memcpy(bytes, maker.bytes, size);
	memcpy(bytes + size, zeros, sizeof(zeros));
	imagemaker_free(&maker);
	assert_int_equal(read_bytes(bytes, size + sizeof(zeros), &image), 0);
	expect_text(&image, "etc/a", "1");
	imagefile_free(&image);
}

/* dracut makes one file of equal ones: cpio gives the content to the last of the names. */
static void test_file_of_several_names(void **state)
{
	struct imagemaker maker = {0};
	struct imagefile image;

	maker.inode = 7, maker.nlink = 2;
	imagemaker_add(&maker, "etc/a", S_IFREG | 0644, NULL, 0);
	maker.inode = 8, maker.nlink = 2;
	imagemaker_add(&maker, "etc/c", S_IFREG | 0644, NULL, 0);
	maker.inode = 7, maker.nlink = 2;
	imagemaker_add_text(&maker, "usr/b", "shared");
	imagemaker_end(&maker);
	assert_int_equal(read_made(&maker, &image), 0);
	expect_text(&image, "etc/a", "shared");
	imagefile_free(&image);
}

static void make_image(struct imagemaker *maker, const char *path, const char *text)
{
	imagemaker_add_text(maker, path, text);
	imagemaker_end_compressed(maker, "zstd");
}

/* The microcode's section first, then the image; the kernel is neither. */
static void test_unified(void **state)
{
	struct imagemaker code = {0}, image = {0}, maker = {0};
	struct imagefile file;

	imagemaker_add_text(&code, "etc/a", "early");
	imagemaker_end(&code);
	make_image(&image, "etc/a", "late");
	imagemaker_unify(&maker,
		(struct imagemaker_section[]){{".linux", "kernel", 6},
			{".initrd", image.bytes, image.size},
			{".ucode", code.bytes, code.size}, {".initrd", "of none", 7}},
		4);
	assert_int_equal(read_made(&maker, &file), 0);
	assert_true(file.is_unified);
	assert_int_equal(file.n, 1);
	expect_text(&file, "etc/a", "late");
	/* In the section, not in the file. */
	assert_int_equal(file.end, image.size);
	assert_false(file.has_segment);
	imagefile_free(&file);
	imagemaker_unify(
		&maker, (struct imagemaker_section[]){{".linux", "kernel", 6}}, 1);
	assert_int_equal(read_made(&maker, &file), -EBADMSG);
	assert_string_equal(why.text, "it is a kernel without an initramfs");
	imagemaker_free(&code);
	imagemaker_free(&image);
}

/* Nothing would be seen behind it, whatever is in the section before. */
static void test_unified_with_a_rest(void **state)
{
	struct imagemaker code = {0}, image = {0}, maker = {0};
	struct imagefile file;
	char broken[4096] = "";

	imagemaker_add_text(&code, "etc/a", "early");
	imagemaker_end(&code);
	make_image(&image, "etc/a", "late");
	assert_true(image.size + strlen("rest") < sizeof(broken));
	memcpy(broken, image.bytes, image.size);
	memcpy(broken + image.size, "rest", strlen("rest"));
	imagemaker_unify(&maker,
		(struct imagemaker_section[]){{".ucode", code.bytes, code.size},
			{".initrd", broken, image.size + strlen("rest")}},
		2);
	assert_int_equal(read_made(&maker, &file), 0);
	assert_int_equal(file.end, 0);
	imagefile_free(&file);
	imagemaker_free(&code);
	imagemaker_free(&image);
}

/* A profile with that image of all, and one with its own: what starts is the first. */
static void test_profiles(void **state)
{
	struct imagemaker all = {0}, own = {0}, maker = {0};
	_cleanup_(root_close) struct root root = fake_open();
	struct imagefile file;

	make_image(&all, "etc/a", "all");
	make_image(&own, "etc/a", "own");
	imagemaker_unify(&maker,
		(struct imagemaker_section[]){{".initrd", all.bytes, all.size},
			{".profile", "ID=a", 4}, {".cmdline", "a", 1},
			{".profile", "ID=b", 4}, {".initrd", own.bytes, own.size}},
		5);
	fake_put_bytes("a.efi", maker.bytes, maker.size);
	assert_int_equal(imagefile_open(&root, "a.efi", keep_etc, NULL, &file, &why), 0);
	assert_true(file.is_unified);
	expect_text(&file, "etc/a", "all");
	imagefile_free(&file);
	imagemaker_free(&all);
	imagemaker_free(&own);
	imagemaker_free(&maker);
}

static void expect_bad(const char *bytes, size_t size, const char *reason)
{
	struct imagefile image;

	assert_int_equal(read_bytes(bytes, size, &image), -EBADMSG);
	if (!strstr(why.text, reason))
		fail_msg("'%s' is not about '%s'", why.text, reason);
}

static void test_no_image(void **state)
{
	static const char zeros[1024];

	expect_bad("", 0, "empty");
	expect_bad("this is some text of a person", 29, "neither a cpio archive");
	expect_bad(zeros, sizeof(zeros), "ends in the middle");
	expect_bad("0707", 4, "ends in the middle");
	expect_bad("070707000000000000000000000000000000000000000000000000000000000000"
		   "00000000000000000000000000000000000000000000000000",
		110, "not cpio's");
}

/* Cut off anywhere it is bad, and nothing crashes; only padding may be missing. */
static void test_cut_off(void **state)
{
	for (size_t i = 0; i < n_filters + 1; i++) {
		const char *filter = i < n_filters ? filters[i] : NULL;
		struct imagemaker maker = {0};
		struct imagefile image;
		size_t end;

		imagemaker_add_text(&maker, "etc/a", "some words");
		imagemaker_add_text(&maker, "etc/b", "some more words of it");
		if (filter)
			imagemaker_end_compressed(&maker, filter);
		else
			imagemaker_end(&maker);
		/* Checksums at the end are not needed to have it all. */
		end = filter ? maker.size / 2 : 2 * 110;
		for (size_t n = 0; n < end; n++)
			assert_int_equal(read_bytes(maker.bytes, n, &image), -EBADMSG);
		assert_int_equal(read_bytes(maker.bytes, maker.size, &image), 0);
		assert_int_equal(image.n, 2);
		imagefile_free(&image);
		imagemaker_free(&maker);
	}
}

/* Any byte changed: some answer, and no crash. */
static void test_made_up(void **state)
{
	struct imagemaker maker = {0};

	imagemaker_add_text(&maker, "etc/a", "some words");
	imagemaker_add_link(&maker, "etc/b", "a");
	imagemaker_end(&maker);
	for (size_t at = 0; at < maker.size; at++) {
		for (size_t i = 0; i < 4; i++) {
			char old = maker.bytes[at];
			struct imagefile image;

			maker.bytes[at] = "F0\xff\0"[i];
			if (read_bytes(maker.bytes, maker.size, &image) == 0)
				imagefile_free(&image);
			maker.bytes[at] = old;
		}
	}
	imagemaker_free(&maker);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_compressed),
		cmocka_unit_test(test_several_archives_in_one_stream),
		cmocka_unit_test(test_archives_behind),
		cmocka_unit_test(test_archive_askew),
		cmocka_unit_test(test_second_cut_off),
		cmocka_unit_test(test_bytes_behind),
		cmocka_unit_test(test_unified),
		cmocka_unit_test(test_unified_with_a_rest),
		ROOT_TEST(test_profiles),
		cmocka_unit_test(test_file_of_several_names),
		cmocka_unit_test(test_no_image),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_made_up),
	};

	if (access("/usr/bin/lzop", X_OK) < 0)
		n_filters--;
	return cmocka_run_group_tests_name("imagefile", tests, NULL, NULL);
}
