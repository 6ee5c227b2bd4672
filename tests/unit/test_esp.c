/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the mount points is the EFI system partition. */
#include "support.h"

#include "facts/facts.h"

static void expect(const char *expected)
{
	_cleanup_(root_close) struct root root = fake_open();
	const char *esp = esp_find(&root);

	assert_string_equal(esp ? esp : "none", expected);
}

static void put_mounts(const char *lines)
{
	fake_put("proc/self/mountinfo", lines);
}

static void test_by_mounts(void **state)
{
	/* XBOOTLDR at /boot is FAT as well, and has the same directories. */
	fake_dir("boot/loader");
	put_mounts("20 1 8:2 / /boot rw - vfat /dev/sda2 rw\n"
		   "21 20 8:1 / /boot/efi rw - vfat /dev/sda1 rw\n");
	expect("/boot/efi");
	put_mounts("20 1 8:2 / /boot rw - vfat /dev/sda2 rw\n"
		   "21 1 0:40 / /efi rw - autofs systemd-1 rw\n");
	expect("/efi");
	put_mounts("20 1 8:1 / /boot rw - vfat /dev/sda1 rw\n");
	/* What an installer left on the root file system does not count. */
	fake_dir("efi/loader");
	expect("/boot");
}

static void test_by_files(void **state)
{
	expect("none");
	put_mounts("20 1 8:2 / /boot rw - ext4 /dev/sda2 rw\n");
	expect("none");
	fake_dir("boot/EFI/systemd");
	expect("/boot");
	fake_dir("boot/efi/loader");
	expect("/boot/efi");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(test_by_mounts),
		ROOT_TEST(test_by_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
