/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of several menus GRUB reads: its program on the ESP has one beside it, or is led to it. */
#include "facts/efivar.h"
#include "fakemenus.h"

static const char menu[] = "menuentry 'x' { linux /boot/k ro; }\n";

/* It reads what is beside it: that may lead to the menu, or be another one. */
static void test_on_esp(void **state)
{
	fake_put("boot/k", "");
	fake_put("boot/grub2/grub.cfg", menu);
	fake_put("boot/efi/EFI/x/grub.cfg", menu);
	expect("grub", "s* /boot/k | ro\n");
	fake_put("sys/firmware/efi/fw_platform_size", "64\n");
	expect("grub", "s /boot/k | ro\nelsewhere\n");
	fake_put("boot/efi/EFI/x/grub.cfg", "set timeout=5\nblscfg\n");
	expect("grub", "s /boot/k | ro\nelsewhere\n");
	fake_put("boot/efi/EFI/x/grub.cfg",
		"search --no-floppy --root-dev-only --fs-uuid --set=dev 1-2\n"
		"set prefix=($dev)/grub2\nexport $prefix\nconfigfile $prefix/grub.cfg\n");
	expect("grub", "s* /boot/k | ro\n");
}

/* Two are made by two sets of GRUB's programs: which of them its program reads is not known. */
static void test_two_menus(void **state)
{
	fake_put("boot/k", "");
	fake_put("boot/grub/grub.cfg", menu);
	fake_put("boot/grub2/grub.cfg", menu);
	expect("grub", "s /boot/k | ro\nelsewhere\n");
	fake_remove("boot/grub2/grub.cfg");
	fake_link("boot/grub2/grub.cfg", "../grub/grub.cfg");
	expect("grub", "s* /boot/k | ro\n");
}

#define VARIABLES "sys/firmware/efi/efivars/"

/* The entry 1 of the firmware starts \\EFI\\x\\shimx64.efi, 2 and 3 one of y and x, and 4 no GRUB. */
static void put_started(char first)
{
	char entry[] =
		"\7\0\0\0\1\0\0\0\x2e\0x\0\0\0"
		"\4\4\x2a\0\\\0E\0F\0I\0\\\0x\0\\\0s\0h\0i\0m\0x\0006\0004\0.\0e\0f\0i\0\0\0"
		"\x7f\xff\4\0",
	     order[] = "\7\0\0\0\1\0\1";

	order[4] = first;
	fake_put_bytes(VARIABLES "BootOrder-" EFI_GLOBAL, order, 8);
	fake_put_bytes(VARIABLES "Boot0001-" EFI_GLOBAL, entry, sizeof(entry) - 1);
	entry[28] = 'y';
	fake_put_bytes(VARIABLES "Boot0002-" EFI_GLOBAL, entry, sizeof(entry) - 1);
	entry[28] = 'X';
	memcpy(entry + 32, "g\0r\0u\0b", 7);
	fake_put_bytes(VARIABLES "Boot0003-" EFI_GLOBAL, entry, sizeof(entry) - 1);
	entry[28] = 'w';
	memcpy(entry + 32, "b\0o\0o\0t", 7);
	fake_put_bytes(VARIABLES "Boot0004-" EFI_GLOBAL, entry, sizeof(entry) - 1);
}

/* As distributions write the lines that lead to it. */
static const char *const stubs[] = {
	"search.fs_uuid 1-2 root hd0,gpt2\nset prefix=($root)'/boot/grub'\n"
	"configfile $prefix/grub.cfg\n",
	"set btrfs_relative_path=\"yes\"\nsearch --fs-uuid --set=root 1-2\n"
	"set prefix=(${root})/boot/grub\nsource \"${prefix}/grub.cfg\"\n",
	"search --no-floppy --hint-efi=hd0,gpt2 --set=root -u '1-2'\n"
	"  set prefix=($root)/boot/grub\nconfigfile ($root)/boot/grub/grub.cfg\n",
	"search --fs-uuid --set=root 1-2\nconfigfile ($root)/boot/grub/grub.cfg\n",
	"search --fs-uuid --set=root 1-2\nconfigfile /boot/grub/grub.cfg\n",
	"search --fs-uuid --set=root 1-2\nset prefix=($root)/x\n"
	"  source \"($root)/boot/grub/grub.cfg\"\n",
	"search --fs-uuid --set=root 1-2\nset prefix=($root)/boot/grub\nnormal\n"};

static void put_led(void)
{
	fake_put("boot/k", "");
	fake_put("boot/grub/grub.cfg", menu);
	fake_link("dev/disk/by-uuid/1-2", "../../sda2");
	fake_link("dev/disk/by-uuid/3-4", "../../sdb2");
	fake_put("proc/self/mountinfo",
		"20 1 8:2 / / rw - ext4 /dev/sda2 rw\n"
		"21 20 8:1 / /boot/efi rw - vfat /dev/sda1 rw\n");
	put_started(1);
}

/* One leads to another disk. */
static void test_led(void **state)
{
	put_led();
	expect("grub", "s* /boot/k | ro\n");
	for (size_t i = 0; i < ARRAY_SIZE(stubs); i++) {
		char text[512];

		fake_put("boot/efi/EFI/x/grub.cfg", stubs[i]);
		expect("grub", "s* /boot/k | ro\n");
		text_join(text, sizeof(text), stubs[i], NULL);
		memcpy(strstr(text, "1-2"), "3-4", 3);
		fake_put("boot/efi/EFI/x/grub.cfg", text);
		expect("grub", "s /boot/k | ro\nelsewhere\n");
	}
}

static void test_led_otherwise(void **state)
{
	put_led();
	fake_link("dev/disk/by-label/that", "../../sdb2");
	fake_put("boot/efi/EFI/x/grub.cfg",
		"search --label --set=root that\nset prefix=($root)/boot/grub\n"
		"configfile $prefix/grub.cfg\n");
	expect("grub", "s /boot/k | ro\nelsewhere\n");
	fake_put("boot/efi/EFI/x/grub.cfg",
		"search --label --set=root y\nconfigfile /g.cfg\n");
	expect("grub", "s /boot/k | ro\nelsewhere\n");
	fake_put("boot/efi/EFI/x/grub.cfg",
		"search --fs-uuid --set=root 1-2\nset prefix=($root)/boot/grub\n"
		"configfile $prefix/g.cfg\n");
	expect("grub", "s /boot/k | ro\nelsewhere\n");
	/* Others that are read are parts. */
	fake_put("boot/efi/EFI/x/grub.cfg",
		"source $config_directory/uuid.cfg\nsearch --fs-uuid --set=root 1-2\n"
		"set prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n"
		"source $prefix/x.cfg\n");
	expect("grub", "s* /boot/k | ro\n");
	/* That of another program is nothing to this one. */
	fake_remove("boot/efi/EFI/x/grub.cfg");
	fake_put("boot/efi/EFI/y/grub.cfg", menu);
	expect("grub", "s* /boot/k | ro\n");
}

/* A person has chosen this boot's: another one, which is first, has to lead to the same menu. */
static void test_first_of_two(void **state)
{
	fake_put("boot/k", "");
	fake_put("boot/grub/grub.cfg", menu);
	fake_put_bytes(VARIABLES "BootCurrent-" EFI_GLOBAL, "\6\0\0\0\1\0", 6);
	put_started(1);
	expect("grub", "s* /boot/k | ro\n");
	put_started(2);
	expect("grub", "s /boot/k | ro\nelsewhere\n");
	fake_put("boot/efi/EFI/y/grub.cfg", "set prefix=($root)/boot/grub\nnormal\n");
	expect("grub", "s* /boot/k | ro\n");
	fake_put("boot/efi/EFI/y/grub.cfg", "set prefix=($root)/x\nnormal\n");
	expect("grub", "s /boot/k | ro\nelsewhere\n");
	/* What is no GRUB is told of elsewhere: this is the menu of the one that was started. */
	put_started(4);
	expect("grub", "s* /boot/k | ro\n");
	fake_put("boot/efi/EFI/x/grub.cfg", "set prefix=($root)/x\nnormal\n");
	expect("grub", "s /boot/k | ro\nelsewhere\n");
	fake_remove("boot/efi/EFI/x/grub.cfg");
	/* shim has started GRUB from the same directory. */
	put_started(3);
	expect("grub", "s* /boot/k | ro\n");
}

/* openSUSE's GRUB without grub.cfg: entries on the ESP, and the default in one of two places. */
static void test_sdbootutil(void **state)
{
	static const char first[] = "n* /efi/b | ro\nn /efi/a | ro\n",
			  second[] = "n /efi/b | ro\nn* /efi/a | ro\n",
			  unknown[] = "n /efi/b | ro\nn /efi/a | ro\nelsewhere\n";

	fake_put("efi/a", "");
	fake_put("efi/b", "");
	fake_put("efi/loader/entries/system-x-1.conf", "linux /a\noptions ro\n");
	fake_put("efi/loader/entries/system-x-2.conf", "linux /b\noptions ro\n");
	fake_put("efi/EFI/opensuse/installed_by_sdbootutil", "x\n");
	expect("grub-bls", first);
	fake_put("efi/EFI/opensuse/grubenv",
		"# GRUB Environment Block\ndefault=system-x-1.conf\n####");
	expect("grub-bls", unknown);
	fake_efivar("LoaderInfo", "GRUB 2.12");
	expect("grub-bls", second);
	fake_efivar("LoaderInfo", "GRUB 2.14");
	expect("grub-bls", first);
	fake_efivar("LoaderEntryDefault", "system-x-1.conf");
	expect("grub-bls", second);
	fake_efivar("LoaderEntryOneShot", "system-x-2.conf");
	expect("grub-bls", "n /efi/b | ro\nn* /efi/a | ro\nonce elsewhere\n");
	fake_efivar("LoaderEntryOneShot", "");
	fake_efivar("LoaderEntryDefault", "gone.conf");
	expect("grub-bls", unknown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(test_on_esp),
		ROOT_TEST(test_two_menus),
		ROOT_TEST(test_led),
		ROOT_TEST(test_led_otherwise),
		ROOT_TEST(test_first_of_two),
		ROOT_TEST(test_sdbootutil),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
