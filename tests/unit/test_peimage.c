/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers of unified kernel images, whole and cut. */
#include <errno.h>

#include "base/base.h"
#include "support.h"

#define PE       64
#define OPTIONAL (PE + 24)
#define SECTIONS (OPTIONAL + 240)
#define CONTENTS 512

static uint8_t file[1024];

static void put32(size_t at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		file[at + i] = (uint8_t)(value >> 8 * i);
}

static void put_section(
	unsigned i, const char *name, uint32_t in_memory, uint32_t in_file, uint32_t at)
{
	memcpy(file + SECTIONS + 40 * i, name, strlen(name));
	put32(SECTIONS + 40 * i + 8, in_memory);
	put32(SECTIONS + 40 * i + 16, in_file);
	put32(SECTIONS + 40 * i + 20, at);
}

static void make_file(void)
{
	memset(file, 0, sizeof(file));
	memcpy(file, "MZ", 2);
	put32(0x3c, PE);
	memcpy(file + PE, "PE\0\0", 4);
	file[PE + 6] = 3;
	file[PE + 20] = 240;
	file[OPTIONAL] = 0x0b;
	file[OPTIONAL + 1] = 0x02;
	put_section(0, ".cmdline", 4, 16, CONTENTS);
	put_section(1, ".linux", 100, 8, CONTENTS + 16);
	put_section(2, ".cmdline", 4, 16, CONTENTS + 64);
	memcpy(file + CONTENTS, "ro x more", 9);
	memcpy(file + CONTENTS + 64, "rw y", 4);
}

static int read_file(size_t size, struct pe_image *ret)
{
	_cleanup_close_ int fd = open_bytes(file, size);

	return pe_read(fd, ret);
}

static void test_sections(void **state)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	struct pe_image pe;

	make_file();
	fd = open_bytes(file, sizeof(file));
	assert_int_equal(pe_read(fd, &pe), 0);
	assert_int_equal(pe.n, 3);
	assert_false(pe.is_signed);
	/* Without what is padding; of several the first. */
	assert_int_equal(pe_read_text(fd, &pe, ".cmdline", &text), 0);
	assert_string_equal(text, "ro x");
	assert_int_equal(pe_find(&pe, ".linux")->size, 8);
	assert_null(pe_find(&pe, ".initrd"));
	assert_int_equal(pe_read_text(fd, &pe, ".initrd", &text), -ENOENT);
}

static void test_signed(void **state)
{
	struct pe_image pe;

	make_file();
	put32(OPTIONAL + 112 + 4 * 8 + 4, 1234);
	put32(OPTIONAL + 108, 5);
	assert_int_equal(read_file(sizeof(file), &pe), 0);
	assert_true(pe.is_signed);
	/* Behind the last directory is something else. */
	put32(OPTIONAL + 108, 4);
	assert_int_equal(read_file(sizeof(file), &pe), 0);
	assert_false(pe.is_signed);
}

static void test_cut(void **state)
{
	struct pe_image pe;

	make_file();
	for (size_t size = 0; size < SECTIONS + 3 * 40; size++)
		assert_int_equal(read_file(size, &pe), -EBADMSG);
	assert_int_equal(read_file(SECTIONS + 3 * 40, &pe), 0);
	put32(0x3c, 0xfffffff0);
	assert_int_equal(read_file(sizeof(file), &pe), -EBADMSG);
	make_file();
	file[PE + 6] = PEIMAGE_SECTIONS_MAX + 1;
	assert_int_equal(read_file(sizeof(file), &pe), -EBADMSG);
}

static void test_contents_that_are_not_there(void **state)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	struct pe_image pe;

	make_file();
	put_section(0, ".cmdline", 4, 4, 0xffffff00);
	put_section(1, ".linux", 0x20000, 0x20000, CONTENTS);
	fd = open_bytes(file, sizeof(file));
	assert_int_equal(pe_read(fd, &pe), 0);
	assert_int_equal(pe_read_text(fd, &pe, ".cmdline", &text), -EBADMSG);
	assert_int_equal(pe_read_text(fd, &pe, ".linux", &text), -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_signed),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_contents_that_are_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
