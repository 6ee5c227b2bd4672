/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limine's menu: where its file is, what its entries load, and which of them is the default. */
#include "facts/efivar.h"
#include "fakemenus.h"

#define ENTRY(title, files) "/" title "\n    protocol: linux\n    cmdline: ro\n" files

static void test_checksums(void **state)
{
	static const struct bootentries none;
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(bootmenu_free) struct bootmenu menu = {0};

	fake_put("boot/limine.conf",
		ENTRY("Arch",
			"    path: boot():/k#AB\n    module_path: $boot():/i\n"
			"    module_path: boot():/j#cd\r\n"));
	expect("limine", "s* /boot/k /boot/i /boot/j | ro\n");
	assert_int_equal(bootloader_named("limine")->ops->read(&root, &none, &menu), 0);
	assert_int_equal(menu.entries[0].checksums.n, 2);
	assert_string_equal(menu.entries[0].checksums.names[0], "AB /boot/k");
	assert_string_equal(menu.entries[0].checksums.names[1], "cd /boot/j");
}

/* Which number the default has, is not known where entries are left out. */
static void test_default(void **state)
{
	fake_put("boot/limine.conf",
		"default_entry: 2\n" ENTRY("A", "    path: boot():/a\n")
			ENTRY("B", "    path: boot():/b\n"));
	expect("limine", "s /boot/a | ro\ns* /boot/b | ro\n");
	fake_put("boot/limine.conf",
		"default_entry: 2\n" ENTRY(
			"A", "    if_fw_type: BIOS\n    path: boot():/a\n")
			ENTRY("B", "    path: boot():/b\n"));
	expect("limine", "s /boot/a | ro\ns /boot/b | ro\n");
}

/* What a closed directory has counts for none of them, and what was started last may be any. */
static void test_numbers(void **state)
{
#define CLOSED                                                                           \
	"/A\n  //Linux\n    protocol: linux\n    path: boot():/a\n" ENTRY(               \
		"B", "    path: boot():/b\n")
	fake_put("boot/limine.conf", "default_entry: 2\n" CLOSED);
	expect("limine", "- ?\ns /boot/a\ns* /boot/b | ro\n");
	fake_put("boot/limine.conf",
		"default_entry: 2\nremember_last_entry: yes\n" CLOSED);
	expect("limine", "- ?\ns /boot/a\ns /boot/b | ro\n");
}

/* A file on another partition, whatever is here by that name; and one as it was named before. */
static void test_partitions(void **state)
{
	fake_put("boot/k", "");
	fake_link("dev/disk/by-uuid/1111", "../../sda1");
	fake_put("boot/limine.conf", ENTRY("A", "    path: uuid(2222):/k\n"));
	expect("limine", "-* ? | ro\n");
	fake_put("boot/limine.conf", ENTRY("A", "    path: boot:///k\n"));
	expect("limine", "s* /boot/k | ro\n");
}

/* Programs of EFI are no kernels, but for unified images. */
static void test_programs(void **state)
{
	fake_put("boot/EFI/BOOT/BOOTX64.EFI", "");
	put_pe("boot/EFI/Linux/a.efi", ".linux", "own", "6");
	fake_put("boot/limine.conf",
		"default_entry: 2\n/+A\n  //Linux\n  protocol: efi\n  path: boot():/EFI/Linux/a.efi\n"
		"  cmdline: more\n/EFI\n  protocol: efi_chainload\n"
		"  image_path: boot():/EFI/BOOT/BOOTX64.EFI\n");
	expect("limine",
		"- ?\nsu* /boot/EFI/Linux/a.efi /boot/EFI/Linux/a.efi | more\n"
		"- /boot/EFI/BOOT/BOOTX64.EFI\n");
}

/* Another partition, by a UUID of its file system or of itself; which one a number means is not known. */
static void test_partition_numbers(void **state)
{
	fake_put("proc/self/mountinfo",
		"20 1 8:2 / / rw - ext4 /dev/sda2 rw\n"
		"21 20 8:1 / /boot/efi rw - vfat /dev/sda1 rw\n");
	fake_link("dev/disk/by-uuid/1111", "../../sda2");
	fake_link("dev/disk/by-partuuid/2222", "../../sda2");
	fake_put("boot/efi/k", "");
	fake_put("boot/efi/limine.conf",
		ENTRY("A", "    path: uuid(1111):/boot/k\n")
			ENTRY("B", "    path: guid(2222):/boot/k\n")
				ENTRY("C", "    path: boot(2):/k\n"));
	expect("limine", "s* /boot/k | ro\ns /boot/k | ro\n- ? | ro\n");
	fake_remove("boot/efi/limine.conf");
	fake_put("boot/efi/limine.cfg",
		":A\nPROTOCOL=linux\nKERNEL_PATH=boot:///k\n"
		":B\nPROTOCOL=linux\nKERNEL_PATH=boot://2/k\n");
	expect("limine", "s* /boot/efi/k\n- ?\n");
}

/* The order in which it looks for them is another one in each version. */
static void test_several(void **state)
{
	static const char text[] = ENTRY("Arch", "    path: boot():/k\n");

	fake_put("boot/boot/limine/limine.conf", text);
	expect("limine", "s* /boot/k | ro\n");
	fake_put("boot/EFI/limine/limine.conf", text);
	expect("limine", "s* /boot/k | ro\n");
	fake_put("boot/limine.cfg", ":Arch\nPROTOCOL=linux\n");
	expect("limine", "s* /boot/k | ro\n");
	fake_put("boot/limine/limine.conf", ENTRY("Arch", "    path: boot():/other\n"));
	expect("limine", "s /boot/k | ro\nelsewhere\n");
}

/* Newer ones take what systemd-boot takes, too, and say so. */
static void test_variables(void **state)
{
	static const char features[] =
		"sys/firmware/efi/efivars/LoaderFeatures-" EFI_LOADER;

	fake_put("boot/limine.conf", ENTRY("Arch", "    path: boot():/k\n"));
	fake_efivar("LoaderEntryDefault", "Other");
	fake_efivar("LoaderEntryOneShot", "Other");
	expect("limine", "s* /boot/k | ro\n");
	fake_put_bytes(features, "\6\0\0\0\3\0\0\0\0\0\0\0", 12);
	expect("limine", "s* /boot/k | ro\n");
	fake_put_bytes(features, "\6\0\0\0\x0f\0\0\0\0\0\0\0", 12);
	expect("limine", "s /boot/k | ro\nelsewhere\nonce elsewhere\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(test_checksums),
		ROOT_TEST(test_default),
		ROOT_TEST(test_numbers),
		ROOT_TEST(test_partitions),
		ROOT_TEST(test_programs),
		ROOT_TEST(test_partition_numbers),
		ROOT_TEST(test_several),
		ROOT_TEST(test_variables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
