/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which boot loader counts, where several have left their files. */
#include "support.h"

#include <fcntl.h>
#include <stdio.h>

#include "../lib/imagemaker.h"
#include "chain/chain.h"
#include "chain/loaders/efi_entry.h"
#include "facts/efivar.h"

/* "OWNER: NAME=SIGN ...", with "-" for no owner; and what the firmware starts instead. */
static void expect(const char *expected)
{
	_cleanup_(root_close) struct root root = fake_open();
	struct bootloader_search search;
	char text[1024];
	size_t len;

	bootloader_find(&root, &search);
	len = (size_t)snprintf(text, sizeof(text),
		"%s%s%s:", search.owner ? search.owner->name : "-",
		*search.named ? " " : "", search.named);
	for (size_t i = 0; i < search.n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, " %s=%s",
			search.found[i].loader->name, search.found[i].sign);
	snprintf(text + len, sizeof(text) - len, "%s%s",
		*search.instead ? ", instead " : "", search.instead);
	assert_string_equal(text, expected);
	assert_false(search.hidden);
}

static void test_names(void **state)
{
	char names[BOOTLOADER_NAMES_SIZE];

	bootloader_names(names);
	assert_string_equal(names,
		"rpm-ostree, nixos, kernelstub, proxmox, zfsbootmenu, uki, systemd-boot, grub-bls, "
		"grub, refind, limine or extlinux");
}

static void test_one(void **state)
{
	expect("-:");
	fake_put("boot/grub/grub.cfg", "");
	expect("grub: grub=boot/grub/grub.cfg");
	/* The directory alone is made by every kernel package. */
	fake_dir("boot/loader/entries");
	fake_dir("efi/EFI/Linux");
	fake_put("efi/EFI/Linux/readme.txt", "");
	expect("grub: grub=boot/grub/grub.cfg");
}

static void test_blscfg(void **state)
{
	fake_put("boot/grub2/grub.cfg", "");
	fake_put("boot/loader/entries/a.conf", "");
	fake_put("etc/default/grub", "GRUB_TIMEOUT=5\nGRUB_ENABLE_BLSCFG=\"true\"\n");
	expect("grub-bls: grub-bls=boot/loader/entries");
	fake_efivar("LoaderInfo", "GRUB 2.12");
	expect("grub-bls GRUB 2.12: grub-bls=boot/loader/entries");
	fake_put("etc/default/grub", "GRUB_ENABLE_BLSCFG=false\n");
	expect("grub GRUB 2.12: grub=boot/grub2/grub.cfg");
}

static void test_several(void **state)
{
	fake_put("boot/grub/grub.cfg", "");
	fake_put("boot/refind_linux.conf", "");
	expect("-: grub=boot/grub/grub.cfg refind=boot/refind_linux.conf");
	/* One that is not known: files do not count. */
	fake_efivar("LoaderInfo", "Something 1.0");
	expect("- Something 1.0: grub=boot/grub/grub.cfg refind=boot/refind_linux.conf");
	fake_efivar("LoaderInfo", "rEFInd 0.14.2");
	expect("refind rEFInd 0.14.2: grub=boot/grub/grub.cfg "
	       "refind=boot/refind_linux.conf");
}

static void test_uki(void **state)
{
	fake_put("efi/EFI/systemd/systemd-bootx64.efi", "");
	fake_put("efi/EFI/Linux/linux.EFI", "");
	expect("-: uki=efi/EFI/Linux/linux.EFI systemd-boot=efi/EFI/systemd");
	fake_efivar("LoaderInfo", "systemd-boot 257.9");
	expect("systemd-boot systemd-boot 257.9: uki=efi/EFI/Linux/linux.EFI "
	       "systemd-boot=efi/EFI/systemd");
	fake_efivar("StubInfo", "systemd-stub 257.9");
	expect("uki systemd-stub 257.9: uki=efi/EFI/Linux/linux.EFI "
	       "systemd-boot=efi/EFI/systemd");
}

static void test_managers(void **state)
{
	fake_put("boot/efi/loader/loader.conf", "");
	fake_put("etc/kernelstub/configuration", "{}");
	fake_efivar("LoaderInfo", "systemd-boot 257.9");
	expect("kernelstub systemd-boot 257.9: kernelstub=etc/kernelstub/configuration "
	       "systemd-boot=boot/efi/loader/loader.conf");
	fake_put("run/ostree-booted", "");
	expect("rpm-ostree systemd-boot 257.9: rpm-ostree=run/ostree-booted "
	       "kernelstub=etc/kernelstub/configuration "
	       "systemd-boot=boot/efi/loader/loader.conf");
}

/* What it says of files that are on no mounted partition. */
static void expect_unmounted(const char *owner, const char *partition, const char *remedy)
{
	_cleanup_(root_close) struct root root = fake_open();
	struct bootloader_search search;
	struct message message = {0};

	bootloader_find(&root, &search);
	assert_string_equal(search.owner ? search.owner->name : "-", owner);
	assert_string_equal(search.unmounted, partition);
	if (search.unmounted[0])
		bootloader_say_unmounted(&search, &message);
	assert_string_equal(message.remedy, remedy);
}

static void test_unmounted(void **state)
{
	/* Files of GRUB are left, and systemd-boot says that it was started. */
	fake_put("boot/grub/grub.cfg", "");
	fake_efivar("LoaderInfo", "systemd-boot 252.39");
	expect_unmounted("systemd-boot", "its partition",
		"mount the EFI system partition and run this again");
	fake_efivar("LoaderDevicePartUUID", "AB12CD34-0000-4000-8000-00000000000F");
	expect_unmounted("systemd-boot",
		"/dev/disk/by-partuuid/ab12cd34-0000-4000-8000-00000000000f",
		"run 'sudo mount --mkdir "
		"/dev/disk/by-partuuid/ab12cd34-0000-4000-8000-00000000000f "
		"/boot/efi' and then this again");
	fake_put("boot/efi/loader/loader.conf", "");
	expect_unmounted("systemd-boot", "", "");
	/* kernelstub is not what GRUB's entries come from. */
	fake_put("etc/kernelstub/configuration", "");
	expect_unmounted("kernelstub", "", "");
	fake_efivar("LoaderInfo", "GRUB 2.14");
	expect_unmounted("grub", "", "");
}

static void test_proxmox(void **state)
{
	fake_put("boot/grub/grub.cfg", "");
	fake_put("etc/kernel/proxmox-boot-uuids", "1A2B-3C4D\n");
	fake_efivar("LoaderInfo", "systemd-boot 252.39");
	expect("proxmox systemd-boot 252.39: proxmox=etc/kernel/proxmox-boot-uuids "
	       "grub=boot/grub/grub.cfg");
}

#define PARTITION "abcd1234-0000-4000-8000-00000000000"

/* An entry of the firmware: a disk's partition, PARTITION with another digit, and a path in UTF-16. */
static void put_entry_on(const char *number, const char *path, unsigned char digit)
{
	const unsigned char disk[42] = {4, 1, 42, 0, 1, [24] = 0x34, 0x12, 0xcd, 0xab, 0,
		0, 0, 0x40, 0x80, 0, 0, 0, 0, 0, 0, digit, 2, 2};
	unsigned char bytes[512] = {7, 0, 0, 0, 1, 0, 0, 0};
	size_t at = 4 + 6, len = 4 + 2 * (strlen(path) + 1),
	       list = sizeof(disk) + len + 4;
	char name[128];

	bytes[at++] = 'x';
	at += 3;
	bytes[8] = (unsigned char)list;
	bytes[9] = (unsigned char)(list >> 8);
	memcpy(bytes + at, disk, sizeof(disk));
	at += sizeof(disk);
	bytes[at] = bytes[at + 1] = 4;
	bytes[at + 2] = (unsigned char)len;
	for (size_t i = 0; path[i]; i++)
		bytes[at + 4 + 2 * i] = (unsigned char)path[i];
	at += len;
	memcpy(bytes + at, "\x7f\xff\x04", 4);
	snprintf(name, sizeof(name), "sys/firmware/efi/efivars/%s-" EFI_GLOBAL, number);
	fake_put_bytes(name, bytes, at + 4);
}

static void put_entry(const char *number, const char *path)
{
	put_entry_on(number, path, 0xf);
}

static void test_firmware(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	struct efi_entry entry;

	fake_put("boot/grub/grub.cfg", "");
	fake_put("boot/refind_linux.conf", "");
	fake_put_bytes("sys/firmware/efi/efivars/BootCurrent-" EFI_GLOBAL,
		"\x06\0\0\0\x0a\0", 6);
	put_entry("Boot000A", "\\EFI\\debian\\shimx64.efi");
	assert_int_equal(efi_entry_current(&root, &entry), 0);
	assert_string_equal(entry.path, "/EFI/debian/shimx64.efi");
	assert_string_equal(entry.partition, "abcd1234-0000-4000-8000-00000000000f");
	assert_true(entry.active);
	expect("grub: grub=boot/grub/grub.cfg refind=boot/refind_linux.conf");
	put_entry("Boot000A", "\\EFI\\BOOT\\BOOTX64.EFI");
	expect("-: grub=boot/grub/grub.cfg refind=boot/refind_linux.conf");
	/* Its image is made with a stub, which has started before the system, too. */
	put_entry("Boot000A", "\\EFI\\ZBM\\VMLINUZ.EFI");
	fake_efivar("StubInfo", "systemd-stub 255");
	fake_dir("boot/efi/EFI/ZBM");
	expect("zfsbootmenu: zfsbootmenu=boot/efi/EFI/ZBM grub=boot/grub/grub.cfg "
	       "refind=boot/refind_linux.conf");
}

#define CURRENT "sys/firmware/efi/efivars/BootCurrent-" EFI_GLOBAL
#define ORDER   "sys/firmware/efi/efivars/BootOrder-" EFI_GLOBAL

/* GRUB may start a unified image, and has the menu still. */
static void test_stub_behind_loader(void **state)
{
	fake_put("boot/grub/grub.cfg", "");
	fake_put("efi/EFI/Linux/a.efi", "");
	fake_efivar("StubInfo", "systemd-stub 257.9");
	fake_put_bytes(CURRENT, "\6\0\0\0\1\0", 6);
	put_entry("Boot0001", "\\EFI\\debian\\shimx64.efi");
	expect("-: uki=efi/EFI/Linux/a.efi grub=boot/grub/grub.cfg");
	put_entry("Boot0001", "\\EFI\\debian\\grubx64.efi");
	expect("grub: uki=efi/EFI/Linux/a.efi grub=boot/grub/grub.cfg");
	put_entry("Boot0001", "\\EFI\\debian\\shimx64.efi");
	fake_efivar("LoaderInfo", "GRUB 2.12");
	expect("grub GRUB 2.12: uki=efi/EFI/Linux/a.efi grub=boot/grub/grub.cfg");
	fake_efivar("LoaderInfo", "Limine 9.6.5");
	expect("limine Limine 9.6.5: uki=efi/EFI/Linux/a.efi grub=boot/grub/grub.cfg");
	fake_remove("boot/grub/grub.cfg");
	put_entry("Boot0001", "\\EFI\\arch\\linux.efi");
	fake_remove("sys/firmware/efi/efivars/LoaderInfo-" EFI_LOADER);
	expect("uki systemd-stub 257.9: uki=efi/EFI/Linux/a.efi");
}

/* The firmware starts a kernel by itself, and files of loaders are left. */
static void test_no_loader(void **state)
{
	fake_put("boot/grub/grub.cfg", "");
	fake_put_bytes(CURRENT, "\6\0\0\0\1\0", 6);
	put_entry("Boot0001", "\\EFI\\debian\\vmlinuz.efi");
	expect("- /EFI/debian/vmlinuz.efi: grub=boot/grub/grub.cfg");
	fake_put("etc/NIXOS", "");
	expect("- /EFI/debian/vmlinuz.efi: nixos=etc/NIXOS grub=boot/grub/grub.cfg");
	fake_efivar("LoaderInfo", "GRUB 2.12");
	expect("nixos GRUB 2.12: nixos=etc/NIXOS grub=boot/grub/grub.cfg");
}

/* Names that say nothing: what has started this very system is its loader. */
static void test_copies(void **state)
{
	static const char *const copies[] = {"\\EFI\\debian\\bootx64.efi",
		"\\EFI\\Microsoft\\Boot\\bootmgfw.efi", "\\EFI\\x\\BOOTAA64.EFI"};

	fake_put("boot/grub/grub.cfg", "");
	fake_put_bytes(CURRENT, "\6\0\0\0\1\0", 6);
	for (size_t i = 0; i < ARRAY_SIZE(copies); i++) {
		put_entry("Boot0001", copies[i]);
		expect("grub: grub=boot/grub/grub.cfg");
	}
	fake_put("boot/limine.conf", "");
	expect("-: grub=boot/grub/grub.cfg limine=boot/limine.conf");
	put_entry("Boot0001", "\\EFI\\arch-limine\\BOOTX64.EFI");
	expect("limine: grub=boot/grub/grub.cfg limine=boot/limine.conf");
	fake_remove("boot/limine.conf");
	put_entry("Boot0001", "\\EFI\\y\\x.efi");
	expect("- /EFI/y/x.efi: grub=boot/grub/grub.cfg");
	fake_put("etc/NIXOS", "");
	expect("nixos: nixos=etc/NIXOS grub=boot/grub/grub.cfg");
	put_entry("Boot0001", "\\EFI\\nixos\\a-linux-6.12-bzImage.efi");
	expect("- /EFI/nixos/a-linux-6.12-bzImage.efi: nixos=etc/NIXOS "
	       "grub=boot/grub/grub.cfg");
}

/* This boot was chosen by a person: the next one is what the firmware starts always. */
static void test_boot_order(void **state)
{
	fake_put("boot/grub/grub.cfg", "");
	fake_put("efi/EFI/Linux/a.efi", "");
	fake_efivar("LoaderInfo", "GRUB 2.12");
	fake_put_bytes(CURRENT, "\6\0\0\0\1\0", 6);
	fake_put_bytes(ORDER, "\7\0\0\0\2\0\1\0", 8);
	put_entry("Boot0001", "\\EFI\\debian\\shimx64.efi");
	put_entry("Boot0002", "\\EFI\\Linux\\a.efi");
	expect("uki: uki=efi/EFI/Linux/a.efi grub=boot/grub/grub.cfg");
	put_entry("Boot0002", "\\EFI\\Microsoft\\Boot\\bootmgfw.efi");
	expect("grub GRUB 2.12: uki=efi/EFI/Linux/a.efi grub=boot/grub/grub.cfg, instead "
	       "/EFI/Microsoft/Boot/bootmgfw.efi");
	put_entry("Boot0002", "\\EFI\\BOOT\\BOOTX64.EFI");
	expect("grub GRUB 2.12: uki=efi/EFI/Linux/a.efi grub=boot/grub/grub.cfg, instead "
	       "/EFI/BOOT/BOOTX64.EFI");
	/* What is on a drive that is gone, a drive, and what is gone were passed over. */
	fake_link("dev/disk/by-partuuid/1-2", "../../sda1");
	expect("grub GRUB 2.12: uki=efi/EFI/Linux/a.efi grub=boot/grub/grub.cfg");
	fake_remove("dev/disk/by-partuuid/1-2");
	fake_remove("dev/disk/by-partuuid");
	put_entry("Boot0002", "");
	expect("grub GRUB 2.12: uki=efi/EFI/Linux/a.efi grub=boot/grub/grub.cfg");
	fake_remove("sys/firmware/efi/efivars/Boot0002-" EFI_GLOBAL);
	expect("grub GRUB 2.12: uki=efi/EFI/Linux/a.efi grub=boot/grub/grub.cfg");
}

/* Its program was deleted: the entry stays, and the firmware passes over it. */
static void test_deleted(void **state)
{
	static const char found[] = "grub GRUB 2.12: grub=boot/grub/grub.cfg",
			  instead[] = "grub GRUB 2.12: grub=boot/grub/grub.cfg, instead "
				      "/EFI/Microsoft/Boot/bootmgfw.efi";

	fake_put("boot/grub/grub.cfg", "");
	fake_efivar("LoaderInfo", "GRUB 2.12");
	fake_put_bytes(CURRENT, "\6\0\0\0\1\0", 6);
	fake_put_bytes(ORDER, "\7\0\0\0\2\0\1\0", 8);
	put_entry("Boot0001", "\\EFI\\debian\\shimx64.efi");
	put_entry("Boot0002", "\\EFI\\Microsoft\\Boot\\bootmgfw.efi");
	fake_link("dev/disk/by-partuuid/abcd1234-0000-4000-8000-00000000000f",
		"../../sda1");
	fake_put("proc/self/mountinfo",
		"20 1 8:2 / / rw - ext4 /dev/sda2 rw\n"
		"21 20 8:1 / /esp rw - vfat /dev/sda1 rw\n");
	/* What is below the mount point cannot be seen. */
	expect(instead);
	fake_dir("esp/efi");
	expect(found);
	fake_put("esp/efi/MICROSOFT/boot/BOOTMGFW.EFI", "");
	expect(instead);
	fake_remove("esp/efi/MICROSOFT/boot/BOOTMGFW.EFI");
	expect(found);
	put_entry("Boot0002", "\\EFI\\systemd\\systemd-bootx64.efi");
	expect(found);
	/* Letters that are not followed. */
	put_entry("Boot0002", "\\EFI\\\xe9\\x.efi");
	expect("grub GRUB 2.12: grub=boot/grub/grub.cfg, instead /EFI/?/x.efi");
}

/* Of a partition that is not mounted, or of which all cannot be seen, nothing is known. */
static void test_deleted_or_not(void **state)
{
	static const char *const mounts[] = {
		"21 20 8:17 / /esp rw - vfat /dev/sdb1 rw\n",
		"21 20 8:1 /EFI /esp rw - vfat /dev/sda1 rw\n",
		"21 20 8:1 / /esp rw - vfat /dev/sda1 rw\n"
		"22 21 8:17 / /esp rw - vfat /dev/sdb1 rw\n",
	};
	char text[256];

	fake_put("boot/grub/grub.cfg", "");
	fake_efivar("LoaderInfo", "GRUB 2.12");
	fake_put_bytes(CURRENT, "\6\0\0\0\1\0", 6);
	fake_put_bytes(ORDER, "\7\0\0\0\2\0\1\0", 8);
	put_entry("Boot0001", "\\EFI\\debian\\shimx64.efi");
	put_entry("Boot0002", "\\EFI\\Microsoft\\Boot\\bootmgfw.efi");
	fake_link("dev/disk/by-partuuid/" PARTITION "f", "../../sda1");
	fake_dir("esp/EFI");
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		text_join(text, sizeof(text), "20 1 8:2 / / rw - ext4 /dev/sda2 rw\n",
			mounts[i], NULL);
		fake_put("proc/self/mountinfo", text);
		expect("grub GRUB 2.12: grub=boot/grub/grub.cfg, instead "
		       "/EFI/Microsoft/Boot/bootmgfw.efi");
	}
}

#define OURS      "11111111-2222-3333-4444-555555555555"
#define OTHER     "aaaaaaaa-2222-3333-4444-555555555555"
#define UNMOUNTED "/dev/disk/by-partuuid/" OTHER
#define REMEDY(place)                                                                    \
	"run 'sudo mount --mkdir " UNMOUNTED " " place "' and then this again"
#define PLACES "its partition at /efi, /boot/efi or /boot"
#define AT_PLACES                                                                        \
	"mount the EFI system partition at one of these places and run this again"

/* Two ESPs; the loader comes from the one on sdb. */
static void put_partitions(const char *loader, const char *mounts)
{
	fake_efivar("LoaderInfo", loader);
	fake_efivar("LoaderDevicePartUUID", OTHER);
	fake_link("dev/disk/by-partuuid/" OURS, "../../sda1");
	fake_link("dev/disk/by-partuuid/" OTHER, "../../sdb1");
	fake_put("proc/self/mountinfo", mounts);
}

#define ROOT_MOUNT  "20 1 8:2 / / rw - ext4 /dev/sda2 rw\n"
#define ESP_MOUNTED "21 20 8:1 / /boot/efi rw - vfat /dev/sda1 rw\n"

/* It was started from an ESP that is not the mounted one. */
static void test_other_partition(void **state)
{
	fake_put("boot/efi/loader/loader.conf", "");
	put_partitions("systemd-boot 257", ROOT_MOUNT ESP_MOUNTED);
	expect_unmounted("systemd-boot", UNMOUNTED, REMEDY("/efi"));
	fake_efivar("LoaderDevicePartUUID", OURS);
	expect_unmounted("systemd-boot", "", "");
	fake_efivar("LoaderDevicePartUUID", "CCCCCCCC-2222-3333-4444-555555555555");
	expect_unmounted("systemd-boot", "", "");
	/* Both are mounted, or it is a part of the array that is. */
	put_partitions("systemd-boot 257",
		ROOT_MOUNT ESP_MOUNTED "22 20 8:17 / /efi rw - vfat /dev/sdb1 rw\n");
	expect_unmounted("systemd-boot", "", "");
	put_partitions("systemd-boot 257",
		ROOT_MOUNT "21 20 9:127 / /boot/efi rw - vfat /dev/md127 rw\n");
	expect_unmounted("systemd-boot", UNMOUNTED, REMEDY("/efi"));
	fake_dir("sys/class/block/md127/slaves/sdb1");
	expect_unmounted("systemd-boot", "", "");
}

/* sdbootutil(8) installs GRUB or systemd-boot, and says which. */
static void test_sdbootutil(void **state)
{
	static const char type[] = "etc/sysconfig/bootloader";

	fake_dir("boot/efi/loader/entries");
	fake_put("boot/efi/EFI/systemd/installed_by_sdbootutil", "");
	expect("systemd-boot: systemd-boot=boot/efi/EFI/systemd");
	fake_put(type, "LOADER_TYPE=\"grub2-bls\"\n");
	fake_efivar("LoaderInfo", "GRUB 2.12");
	expect("grub-bls GRUB 2.12: systemd-boot=boot/efi/EFI/systemd "
	       "grub-bls=boot/efi/loader/entries");
	fake_put(type, "LOADER_TYPE=\"grub2-efi\"\n");
	fake_put("boot/efi/EFI/opensuse/installed_by_sdbootutil", "");
	fake_put("boot/grub2/grub.cfg", "");
	expect("grub GRUB 2.12: systemd-boot=boot/efi/EFI/systemd grub=boot/grub2/grub.cfg");
	fake_remove(type);
	expect("grub-bls GRUB 2.12: systemd-boot=boot/efi/EFI/systemd "
	       "grub-bls=boot/efi/loader/entries");
}

/* Where no file of it is here, but its partition is mounted, that is not what is wrong. */
static void test_mounted_without_files(void **state)
{
	put_partitions("GRUB 2.12", ROOT_MOUNT ESP_MOUNTED);
	fake_efivar("LoaderDevicePartUUID", OURS);
	expect_unmounted("grub", "", "");
	fake_efivar("LoaderDevicePartUUID", OTHER);
	expect_unmounted("grub", UNMOUNTED, REMEDY("/efi"));
	fake_put("boot/efi/loader/loader.conf", "");
	put_partitions("systemd-boot 257",
		ROOT_MOUNT ESP_MOUNTED "22 20 8:17 / /mnt rw - vfat /dev/sdb1 rw\n");
	expect_unmounted("systemd-boot", PLACES, AT_PLACES);
	/* Its own files may be out of sight as well, and old entries of it not. */
	fake_remove("boot/efi/loader/loader.conf");
	fake_put("boot/loader/entries/old.conf", "");
	expect_unmounted("systemd-boot", PLACES, AT_PLACES);
	put_partitions("systemd-boot 257",
		ROOT_MOUNT "21 20 8:1 / /boot rw - vfat /dev/sda1 rw\n"
			   "22 20 8:17 / /esp rw - vfat /dev/sdb1 rw\n");
	expect_unmounted("systemd-boot", PLACES, AT_PLACES);
	put_partitions(
		"GRUB 2.12", ROOT_MOUNT "22 20 8:17 / /esp rw - vfat /dev/sdb1 rw\n");
	expect_unmounted("grub", "", "");
}

/* Two ESPs may be kept alike, as Debian and Ubuntu do for GRUB: then one will do. */
static void test_alike(void **state)
{
	fake_put("boot/grub/grub.cfg", "");
	put_partitions("GRUB 2.12", ROOT_MOUNT ESP_MOUNTED);
	fake_put_bytes(CURRENT, "\6\0\0\0\1\0", 6);
	fake_put_bytes(ORDER, "\7\0\0\0\1\0\2\0", 8);
	put_entry("Boot0001", "\\EFI\\debian\\shimx64.efi");
	put_entry("Boot0002", "\\EFI\\ubuntu\\shimx64.efi");
	fake_put("boot/efi/EFI/DEBIAN/SHIMX64.EFI", "");
	expect_unmounted("grub", "", "");
	fake_remove("boot/efi/EFI/DEBIAN/SHIMX64.EFI");
	fake_put("boot/efi/EFI/DEBIAN/SHIMX64.EFI.old", "");
	fake_put("boot/efi/EFI/fedora/shimx64.efi", "");
	expect_unmounted("grub", UNMOUNTED, REMEDY("/efi"));
	fake_dir("efi");
	expect_unmounted("grub", UNMOUNTED,
		"run 'sudo mount " UNMOUNTED " /efi' and then this again");
	put_partitions("GRUB 2.12",
		ROOT_MOUNT ESP_MOUNTED "22 20 8:49 / /efi rw - vfat /dev/sdd1 rw\n");
	expect_unmounted("grub", UNMOUNTED,
		"mount the EFI system partition from which it was started, in place of the "
		"other and run this again");
}

/* The firmware starts GRUB from a disk that is not mounted, whatever has started this boot. */
static void test_other_disk_of_grub(void **state)
{
	fake_put("boot/grub/grub.cfg", "");
	put_partitions("GRUB 2.12", ROOT_MOUNT ESP_MOUNTED);
	fake_efivar("LoaderDevicePartUUID", OURS);
	fake_link("dev/disk/by-partuuid/" PARTITION "f", "../../sdc1");
	fake_put_bytes(CURRENT, "\6\0\0\0\1\0", 6);
	put_entry("Boot0001", "\\EFI\\debian\\grubx64.efi");
	fake_put("boot/efi/EFI/debian/shimx64.efi", "");
	expect_unmounted("grub", "", "");
	fake_put_bytes(ORDER, "\7\0\0\0\2\0\1\0", 8);
	put_entry("Boot0002", "\\EFI\\debian\\shimx64.efi");
	expect_unmounted("grub", "/dev/disk/by-partuuid/" PARTITION "f",
		"run 'sudo mount --mkdir /dev/disk/by-partuuid/" PARTITION
		"f /efi' and then this again");
}

/* GRUB's menu is on no ESP: none has to be mounted, but no other one may be. */
static void test_other_partition_of_grub(void **state)
{
	fake_put("boot/grub/grub.cfg", "");
	put_partitions(
		"GRUB 2.12", ROOT_MOUNT "21 20 8:3 / /boot rw - ext4 /dev/sda3 rw\n");
	expect_unmounted("grub", "", "");
	put_partitions("GRUB 2.12", ROOT_MOUNT ESP_MOUNTED);
	expect_unmounted("grub", UNMOUNTED, REMEDY("/efi"));
}

static void put_image(const char *path)
{
	struct imagemaker maker = {0};

	imagemaker_unify(&maker,
		(struct imagemaker_section[]){
			{".linux", "kernel", 6}, {".osrel", "ID=a", 4}},
		2);
	fake_put_bytes(path, maker.bytes, maker.size);
	imagemaker_free(&maker);
}

/* Which image the firmware starts by itself: "" where that is not known, "-" for another program. */
static void expect_started(size_t n, const char *expected)
{
	static const struct bootentries none;
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(bootmenu_free) struct bootmenu menu = {0};
	const char *started;

	assert_int_equal(bootloader_named("uki")->ops->read(&root, &none, &menu), 0);
	assert_int_equal(menu.n, n);
	started = menu.default_elsewhere ? "-" : "";
	for (size_t i = 0; i < menu.n; i++)
		if (menu.entries[i].is_default)
			started = menu.entries[i].kernel_path;
	assert_string_equal(started, expected);
}

static void test_firmware_order(void **state)
{
	static const char order[] = "sys/firmware/efi/efivars/BootOrder-" EFI_GLOBAL;

	put_image("efi/EFI/Linux/a.efi");
	put_image("efi/EFI/Linux/b.efi");
	put_entry("Boot0001", "\\EFI\\Linux\\a.efi");
	put_entry("Boot000B", "\\EFI\\LINUX\\B.EFI");
	expect_started(2, "");
	fake_put_bytes(order, "\7\0\0\0\x0b\0\1\0", 8);
	expect_started(2, "/efi/EFI/Linux/b.efi");
	fake_put_bytes(order, "\7\0\0\0\1\0\x0b\0", 8);
	expect_started(2, "/efi/EFI/Linux/a.efi");
	/* Which of two partitions, is not clear. */
	put_image("boot/EFI/Linux/a.efi");
	expect_started(3, "-");
	fake_put_bytes(order, "\7\0\0\0\x0b\0\1\0", 8);
	expect_started(3, "/efi/EFI/Linux/b.efi");
	fake_put_bytes(order, "\7\0\0\0\1\0\x0b\0", 8);
	fake_put("boot/EFI/Linux/a.efi", "");
	/* An entry that is switched off is left out; one that cannot be read may be anything. */
	fake_put_bytes("sys/firmware/efi/efivars/Boot0001-" EFI_GLOBAL,
		"\7\0\0\0\0\0\0\0\0\0x\0\0\0", 14);
	expect_started(2, "/efi/EFI/Linux/b.efi");
	fake_put_bytes(order, "\7\0\0\0\2\0\x0b\0", 8);
	expect_started(2, "-");
	/* What is first is another program, a copy, or starts others. */
	put_entry("Boot0002", "\\EFI\\Microsoft\\bootmgfw.efi");
	expect_started(2, "-");
	put_entry("Boot0002", "");
	expect_started(2, "-");
	put_entry("Boot0002", "\\EFI\\fedora\\shimx64.efi");
	expect_started(2, "");
}

/* An image of the same name is on another partition, which is not mounted. */
static void test_firmware_partition(void **state)
{
	put_image("efi/EFI/Linux/a.efi");
	put_entry("Boot0001", "\\EFI\\Linux\\a.efi");
	fake_put_bytes(ORDER, "\7\0\0\0\1\0", 6);
	fake_put("proc/self/mountinfo",
		"20 1 8:2 / / rw - ext4 /dev/sda2 rw\n"
		"21 20 8:1 / /efi rw - vfat /dev/sda1 rw\n");
	expect_started(1, "/efi/EFI/Linux/a.efi");
	fake_link("dev/disk/by-partuuid/abcd1234-0000-4000-8000-00000000000f",
		"../../sda1");
	expect_started(1, "/efi/EFI/Linux/a.efi");
	fake_link("dev/disk/by-partuuid/abcd1234-0000-4000-8000-00000000000f",
		"../../sdb1");
	expect_started(1, "-");
}

/* systemd-boot is there, but the firmware has started the stub. */
static void test_firmware_beside_systemd_boot(void **state)
{
	put_image("efi/EFI/Linux/a.efi");
	put_image("efi/EFI/Linux/b.efi");
	fake_put_bytes(
		"sys/firmware/efi/efivars/BootOrder-" EFI_GLOBAL, "\7\0\0\0\2\0", 6);
	fake_put("efi/loader/loader.conf", "timeout 3\n");
	expect_started(2, "/efi/EFI/Linux/b.efi");
	put_entry("Boot0002", "\\EFI\\Linux\\a.efi");
	fake_efivar("StubInfo", "systemd-stub 257.9");
	expect_started(2, "/efi/EFI/Linux/a.efi");
	fake_efivar("LoaderInfo", "systemd-boot 257.9");
	expect_started(2, "/efi/EFI/Linux/b.efi");
}

/* It needs no settings and no directory of its own: its word says that it chooses. */
static void test_systemd_boot_without_files(void **state)
{
	put_image("efi/EFI/Linux/a.efi");
	put_image("efi/EFI/Linux/b.efi");
	fake_put_bytes(
		"sys/firmware/efi/efivars/BootOrder-" EFI_GLOBAL, "\7\0\0\0\2\0", 6);
	put_entry("Boot0002", "\\EFI\\BOOT\\BOOTX64.EFI");
	fake_efivar("StubInfo", "systemd-stub 257.9");
	expect_started(2, "-");
	fake_efivar("LoaderInfo", "systemd-boot 257.9");
	expect_started(2, "/efi/EFI/Linux/b.efi");
}

/* Whether the next boot may come to another menu, once. */
static void expect_once(bool expected)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(chain_free) struct chain chain = {0};

	assert_int_equal(chain_read_menus(&root, &chain), 0);
	assert_int_equal(chain.firmware_chooses, expected);
}

/* An entry that ends within its list of nodes. */
static void cut_list(const char *entry)
{
	_cleanup_close_ int fd = open(fake_path(entry), O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, "\1", 1, 4 + 5), 1);
}

#define NEXT "sys/firmware/efi/efivars/BootNext-" EFI_GLOBAL

#define BOOT(number) "sys/firmware/efi/efivars/Boot000" number "-" EFI_GLOBAL

static const char grub_program[] = "\\EFI\\debian\\grubx64.efi";

/* The firmware starts GRUB by Boot0001, and once what Boot0002 says. */
static void set_up_once(void)
{
	fake_put("boot/grub/grub.cfg", "");
	fake_put_bytes(CURRENT, "\6\0\0\0\1\0", 6);
	fake_put_bytes(ORDER, "\7\0\0\0\1\0\2\0", 8);
	put_entry("Boot0001", grub_program);
	expect_once(false);
	fake_put_bytes(NEXT, "\7\0\0\0\2\0", 6);
}

/* BootNext leads to the menu of each boot if it is what the firmware starts always. */
static void test_once(void **state)
{
	static const char device[] = "\7\0\0\0\1\0\0\0\0\0x\0\0\0";

	set_up_once();
	/* The firmware passes over one that is not there. */
	expect_once(false);
	put_entry("Boot0002", grub_program);
	expect_once(false);
	put_entry("Boot0002", "\\EFI\\Microsoft\\Boot\\bootmgfw.efi");
	expect_once(true);
	put_entry_on("Boot0002", grub_program, 0xe);
	expect_once(true);
	/* Of two that name no program, as a drive and the network, each starts something else. */
	fake_put_bytes(BOOT("1"), device, 14);
	fake_put_bytes(BOOT("2"), device, 14);
	expect_once(true);
	fake_put_bytes(NEXT, "\7\0\0\0\1\0", 6);
	expect_once(false);
}

/* What cannot be read may be anything. */
static void test_once_unread(void **state)
{
	set_up_once();
	put_entry("Boot0002", grub_program);
	expect_once(false);
	cut_list(BOOT("2"));
	expect_once(true);
	fake_put_bytes(NEXT, "\7\0\0\0\2", 5);
	expect_once(true);
	fake_put_bytes(NEXT, "\7\0\0\0\1\0", 6);
	expect_once(false);
	fake_remove(CURRENT);
	fake_remove(ORDER);
	expect_once(true);
}

/* How many menus are read, and why it is not known what starts. */
static void expect_menus(size_t n, const char *why)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(chain_free) struct chain chain = {0};

	assert_int_equal(chain_read_menus(&root, &chain), 0);
	assert_int_equal(chain.n_menus, n);
	assert_string_equal(chain.unknown.text, why);
}

/* Files of a loader make nothing known where something says that another one may start. */
static void test_unknown(void **state)
{
	static const char loop[] = "boot/refind_linux.conf";

	expect_menus(0, "no boot loader that vfioboot knows was found");
	fake_put("boot/grub/grub.cfg", "menuentry 'x' {\n\tchainloader /x.efi\n}\n");
	expect_menus(1, "");
	fake_put("boot/grub/grub.cfg", "set timeout=5\n");
	expect_menus(1, "the menu of GRUB has no entry of a kernel of this system");
	fake_put("boot/grub/grub.cfg", "menuentry 'x' {\n\tlinux /boot/k\n}\n");
	fake_put("boot/k", "");
	expect_menus(1, "");
	/* As where a directory is closed to all but root. */
	fake_link(loop, "refind_linux.conf");
	expect_menus(1,
		"only root can read what shows the boot loader (/boot/refind_linux.conf)");
	fake_remove(loop);
	fake_put_bytes(CURRENT, "\6\0\0\0\1\0", 6);
	put_entry("Boot0001", "\\EFI\\debian\\vmlinuz.efi");
	expect_menus(0,
		"the firmware starts /EFI/debian/vmlinuz.efi, which vfioboot does not know");
	put_entry("Boot0001", "\\EFI\\debian\\shimx64.efi");
	expect_menus(1, "");
	fake_efivar("LoaderInfo", "Something 1.0");
	expect_menus(0, "no boot loader that vfioboot knows was found");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		ROOT_TEST(test_one),
		ROOT_TEST(test_blscfg),
		ROOT_TEST(test_several),
		ROOT_TEST(test_uki),
		ROOT_TEST(test_unmounted),
		ROOT_TEST(test_proxmox),
		ROOT_TEST(test_firmware),
		ROOT_TEST(test_stub_behind_loader),
		ROOT_TEST(test_no_loader),
		ROOT_TEST(test_copies),
		ROOT_TEST(test_boot_order),
		ROOT_TEST(test_deleted),
		ROOT_TEST(test_deleted_or_not),
		ROOT_TEST(test_other_partition),
		ROOT_TEST(test_other_partition_of_grub),
		ROOT_TEST(test_other_disk_of_grub),
		ROOT_TEST(test_mounted_without_files),
		ROOT_TEST(test_alike),
		ROOT_TEST(test_sdbootutil),
		ROOT_TEST(test_firmware_order),
		ROOT_TEST(test_firmware_partition),
		ROOT_TEST(test_systemd_boot_without_files),
		ROOT_TEST(test_firmware_beside_systemd_boot),
		ROOT_TEST(test_managers),
		ROOT_TEST(test_once),
		ROOT_TEST(test_once_unread),
		ROOT_TEST(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
