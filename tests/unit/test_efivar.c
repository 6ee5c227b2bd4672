/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables of UEFI, and the reasons why there is none. */
#include "support.h"

#include <errno.h>

#include "facts/efivar.h"

#define VARIABLE "sys/firmware/efi/efivars/LoaderInfo-" EFI_LOADER

static ssize_t read_bytes(uint8_t *ret, size_t size)
{
	_cleanup_(root_close) struct root root = fake_open();

	return efivar_read(&root, "LoaderInfo", EFI_LOADER, ret, size);
}

static int read_text(char *ret, size_t size)
{
	_cleanup_(root_close) struct root root = fake_open();

	return efivar_read_text(&root, "LoaderInfo", ret, size);
}

static void test_missing(void **state)
{
	uint8_t bytes[4];

	assert_int_equal(read_bytes(bytes, sizeof(bytes)), -ENODATA);
	fake_dir("sys/firmware/acpi");
	assert_int_equal(read_bytes(bytes, sizeof(bytes)), -EOPNOTSUPP);
	fake_dir("sys/firmware/efi");
	assert_int_equal(read_bytes(bytes, sizeof(bytes)), -ENODATA);
	fake_dir("sys/firmware/efi/efivars"); /* nothing is mounted there */
	assert_int_equal(read_bytes(bytes, sizeof(bytes)), -ENODATA);
	fake_put("sys/firmware/efi/efivars/SecureBoot-" EFI_GLOBAL, "");
	assert_int_equal(read_bytes(bytes, sizeof(bytes)), -ENOENT);
}

static void test_bytes(void **state)
{
	uint8_t bytes[4] = {9, 9, 9, 9};

	fake_put_bytes(VARIABLE, "\6\0\0\0\1", 5);
	assert_int_equal(read_bytes(bytes, sizeof(bytes)), 1);
	assert_int_equal(bytes[0], 1);
	assert_int_equal(bytes[1], 9);
	fake_put_bytes(VARIABLE, "\6\0\0\0", 4);
	assert_int_equal(read_bytes(bytes, sizeof(bytes)), 0);
	fake_put_bytes(VARIABLE, "\6\0\0", 3);
	assert_int_equal(read_bytes(bytes, sizeof(bytes)), -EBADMSG);
	fake_put_bytes(VARIABLE, "\6\0\0\0\1\2\3\4\5", 9);
	assert_int_equal(read_bytes(bytes, sizeof(bytes)), -EBADMSG);
}

static void test_text(void **state)
{
	char text[8];

	fake_put_bytes(VARIABLE, "\6\0\0\0G\0R\0\x42\x26U\0\033\0\0\0x\0", 18);
	assert_int_equal(read_text(text, sizeof(text)), 0);
	assert_string_equal(text, "GR?U?");
	/* Without the NUL, and with half a character. */
	fake_put_bytes(VARIABLE, "\6\0\0\0G\0R", 7);
	assert_int_equal(read_text(text, sizeof(text)), 0);
	assert_string_equal(text, "G");
	fake_put_bytes(VARIABLE, "\6\0\0\0\1\0\2\0\3\0\4\0\5\0\6\0\7\0\10\0", 20);
	assert_int_equal(read_text(text, sizeof(text)), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(test_missing),
		ROOT_TEST(test_bytes),
		ROOT_TEST(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
