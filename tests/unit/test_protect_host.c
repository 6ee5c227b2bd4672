/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The protect list of composed machines whose disks can be traced. */
#include "fakehost.h"

static void test_plain_nvme(void **state)
{
	add_ssd();
	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	add_mount("259:1", "/boot/efi", "vfat", "/dev/nvme0n1p1");
	add_swap("/dev/nvme0n1p1", "partition");
	fake_put("sys/power/resume", "259:1\n");
	expect_list("storage 00:1d.0/00.0 144d:a808 / /boot/efi swap resume\n");
}

static void test_last_mount_counts(void **state)
{
	add_ssd();
	add_hba();
	add_mount("8:1", "/", "ext4", "/dev/sda1"); /* what is below it is not in use */
	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	add_mount("0:33", "/boot", "autofs", "systemd-1");
	add_mount("8:1", "/srv", "ext4", "/dev/sda1");
	expect_list("storage 00:1d.0/00.0 144d:a808 /\n");
	add_mount("8:1", "/boot", "vfat", "/dev/sda1");
	expect_list("storage 00:17.0 8086:a102 /boot\n"
		    "storage 00:1d.0/00.0 144d:a808 /\n");
}

static void test_lvm_on_luks(void **state)
{
	add_ssd();
	add_hba();
	add_block("virtual/block/dm-0", "254:0");
	add_slave("dm-0", SSD "/nvme/nvme0/nvme0n1/nvme0n1p2");
	for (int i = 1; i <= 3; i++) {
		char path[64], number[16];

		snprintf(path, sizeof(path), "virtual/block/dm-%d", i);
		snprintf(number, sizeof(number), "254:%d", i);
		add_block(path, number);
		add_slave(base(path), "virtual/block/dm-0");
	}
	fake_put("sys/devices/virtual/block/dm-3/dm/name", "vg-swap\n");
	add_mount("254:1", "/", "xfs", "/dev/mapper/vg-root");
	add_mount("254:2", "/home", "xfs", "/dev/mapper/vg-home");
	add_swap("/dev/dm-2", "partition");
	expect_list("storage 00:1d.0/00.0 144d:a808 / /home swap\n");
	fake_put("proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	add_swap("/dev/mapper/vg-swap", "partition");
	expect_list("storage 00:1d.0/00.0 144d:a808 / /home swap\n");
}

static void test_md_on_two_controllers(void **state)
{
	add_ssd();
	add_hba();
	add_block("virtual/block/md0", "9:0");
	add_partition("virtual/block/md0/md0p1", "259:9");
	add_slave("md0", HBA "/ata1/host0/target0:0:0/0:0:0:0/block/sda/sda1");
	add_slave("md0", SSD "/nvme/nvme0/nvme0n1");
	add_mount("259:9", "/", "ext4", "/dev/md0p1");
	expect_list("storage 00:17.0 8086:a102 /\n"
		    "storage 00:1d.0/00.0 144d:a808 /\n");
}

/* Two ways down to one disk are no reason to call it untraced. */
static void test_shared_disk(void **state)
{
	add_ssd();
	for (int i = 0; i < 3; i++) {
		char path[64], number[16];

		snprintf(path, sizeof(path), "virtual/block/dm-%d", i);
		snprintf(number, sizeof(number), "254:%d", i);
		add_block(path, number);
	}
	add_slave("dm-0", SSD "/nvme/nvme0/nvme0n1/nvme0n1p1");
	add_slave("dm-1", SSD "/nvme/nvme0/nvme0n1/nvme0n1p1");
	add_slave("dm-2", "virtual/block/dm-0");
	add_slave("dm-2", "virtual/block/dm-1");
	add_mount("254:2", "/", "ext4", "/dev/mapper/stripe");
	expect_list("storage 00:1d.0/00.0 144d:a808 /\n");
}

static void add_btrfs(const char *uuid, const char *device, const char *real)
{
	char name[256], target[256];

	snprintf(name, sizeof(name), "sys/fs/btrfs/%s/devices/%s", uuid, device);
	snprintf(target, sizeof(target), "sys/devices/%s", real);
	put_link(name, target);
}

/* An image of what mkfs.f2fs -c writes: the list of devices is at 1024 + 2201 bytes. */
static void put_f2fs(const char *node, const char *first, const char *second)
{
	char image[8192] = "";

	memcpy(image + 1024, "\x10\x20\xf5\xf2", 4);
	strcpy(image + 1024 + 2201, first);
	strcpy(image + 1024 + 2201 + 68, second);
	fake_put_bytes(node, image, sizeof(image));
}

static void test_f2fs_on_two_devices(void **state)
{
	add_ssd();
	add_hba();
	add_mount("259:2", "/", "f2fs", "/dev/nvme0n1p2");
	expect_list("storage 00:1d.0/00.0 144d:a808 /\n"); /* its node cannot be read */
	put_f2fs("dev/nvme0n1p2", "", "/dev/sda1");
	expect_list("storage 00:1d.0/00.0 144d:a808 /\n");
	put_f2fs("dev/nvme0n1p2", "/dev/nvme0n1p2", "/dev/sda1");
	expect_list("storage 00:17.0 8086:a102 /\n"
		    "storage 00:1d.0/00.0 144d:a808 /\n");
	fake_put("dev/nvme0n1p2", "another superblock counts");
	expect_list("storage 00:17.0 8086:a102 / untraced\n"
		    "storage 00:1b.0/00.0 1c5c:174a / untraced\n"
		    "storage 00:1d.0/00.0 144d:a808 / untraced\n");
}

static void test_btrfs_on_two_devices(void **state)
{
	add_ssd();
	add_hba();
	add_block("pci0000:00/0000:00:1b.0/0000:05:00.0/nvme/nvme1/nvme1n1", "259:5");
	fake_put("sys/fs/btrfs/features/raid56", "0\n");
	add_btrfs("aaaa", "nvme0n1p2", SSD "/nvme/nvme0/nvme0n1/nvme0n1p2");
	add_btrfs("aaaa", "sda1", HBA "/ata1/host0/target0:0:0/0:0:0:0/block/sda/sda1");
	add_btrfs("bbbb", "nvme1n1",
		"pci0000:00/0000:00:1b.0/0000:05:00.0/nvme/nvme1/nvme1n1");
	add_mount("0:27", "/", "btrfs", "/dev/nvme0n1p2");
	add_mount("0:27", "/home", "btrfs", "/dev/sda1");
	add_mount("0:31", "/srv", "btrfs", "/dev/nvme1n1");
	expect_list("storage 00:17.0 8086:a102 / /home\n"
		    "storage 00:1d.0/00.0 144d:a808 / /home\n");
}

/* A free drive beside them is not on the list, whether the source or sysfs has all members. */
static void test_bcachefs_on_two_devices(void **state)
{
	static const char *const sources[] = {"/dev/nvme0n1p2:/dev/sda1",
		"/dev/sda1:/dev/nvme0n1p2", "/dev/disk/by-uuid/aaaa", "/dev/sda1"};
	static const char expected[] = "storage 00:17.0 8086:a102 /\n"
				       "storage 00:1d.0/00.0 144d:a808 /\n";

	add_ssd();
	add_hba();
	add_block("pci0000:00/0000:00:1b.0/0000:05:00.0/nvme/nvme1/nvme1n1", "259:5");
	add_mount("259:2", "/", "bcachefs", sources[0]);
	expect_list(expected);
	put_link("sys/fs/bcachefs/aaaa/dev-0/block",
		"sys/devices/" SSD "/nvme/nvme0/nvme0n1/nvme0n1p2");
	put_link("sys/fs/bcachefs/aaaa/dev-1/block",
		"sys/devices/" HBA "/ata1/host0/target0:0:0/0:0:0:0/block/sda/sda1");
	put_link("sys/fs/bcachefs/bbbb/dev-0/block",
		"sys/devices/pci0000:00/0000:00:1b.0/0000:05:00.0/nvme/nvme1/nvme1n1");
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		fake_put("proc/self/mountinfo", "");
		add_mount(i % 2 ? "0:40" : "259:2", "/", "bcachefs", sources[i]);
		expect_list(expected);
	}
}

/* A source that is no name of the kernel's could be any of the file systems. */
static void test_btrfs_of_unknown_name(void **state)
{
	add_ssd();
	add_hba();
	add_btrfs("aaaa", "nvme0n1p2", SSD "/nvme/nvme0/nvme0n1/nvme0n1p2");
	add_mount("0:27", "/", "btrfs", "/dev/root");
	expect_list("storage 00:1d.0/00.0 144d:a808 /\n");
}

static void test_nvme_multipath(void **state)
{
	static const char second[] = "pci0000:00/0000:00:1c.0/0000:03:00.0";

	add_function(SSD, 0x144d, 0xa808, NVME);
	fake_put("sys/devices/" SSD "/nvme/nvme0/state", "live\n");
	add_function(second, 0x144d, 0xa824, NVME);
	fake_put("sys/devices/pci0000:00/0000:00:1c.0/0000:03:00.0/nvme/nvme1/state",
		"live\n");
	add_block("virtual/nvme-subsystem/nvme-subsys0/nvme0n1", "259:7");
	add_partition("virtual/nvme-subsystem/nvme-subsys0/nvme0n1/nvme0n1p1", "259:8");
	put_link("sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0",
		"sys/devices/" SSD "/nvme/nvme0");
	put_link("sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme1",
		"sys/devices/pci0000:00/0000:00:1c.0/0000:03:00.0/nvme/nvme1");
	add_mount("259:8", "/", "ext4", "/dev/nvme0n1p1");
	expect_list("storage 00:1c.0/00.0 144d:a824 /\n"
		    "storage 00:1d.0/00.0 144d:a808 /\n");
}

/* Who takes the controller of a VMD domain takes all disks in it, and none in that of another one. */
static void test_vmd(void **state)
{
	static const char disk[] =
		"pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0";
	static const char other[] =
		"pci0000:80/0000:80:0e.0/pci10001:e0/10001:e0:06.0/10001:e1:00.0";

	add_function("pci0000:00/0000:00:0e.0", 0x8086, 0x467f, "bc01sc04i00");
	add_function("pci0000:80/0000:80:0e.0", 0x8086, 0x467f, "bc01sc04i00");
	add_function(disk, 0x15b7, 0x5030, NVME);
	add_function(other, 0x15b7, 0x5030, NVME);
	add_block("pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0/nvme/"
		  "nvme0/nvme0n1",
		"259:0");
	add_mount("259:0", "/", "ext4", "/dev/nvme0n1");
	expect_list("storage 00:0e.0 8086:467f /\n"
		    "storage 10000:e0:06.0/00.0 15b7:5030 /\n");
}

/* The ports of a Thunderbolt controller are consumers of it: without its driver they lead nowhere. */
static void test_tunnel(void **state)
{
	static const char port[] = "pci0000:00/0000:00:07.0";
	static const char disk[] =
		"pci0000:00/0000:00:07.0/0000:2c:00.0/0000:2d:01.0/0000:2e:00.0";

	add_function("pci0000:00/0000:00:0d.2", 0x8086, 0x9a1b, "bc0Csc03i40");
	add_function("pci0000:00/0000:00:0d.3", 0x8086, 0x9a1d, "bc0Csc03i40");
	add_function(port, 0x8086, 0x9a23, "bc06sc04i00");
	add_function(disk, 0x15b7, 0x5030, NVME);
	fake_put("sys/devices/pci0000:00/0000:00:07.0/supplier:pci:0000:00:0d.2/status",
		"active\n");
	fake_put("sys/devices/pci0000:00/0000:00:07.0/supplier:pci:0000:00:1e.0/status",
		"dormant\n"); /* it is gone */
	add_block("pci0000:00/0000:00:07.0/0000:2c:00.0/0000:2d:01.0/0000:2e:00.0/nvme/"
		  "nvme0/nvme0n1",
		"259:0");
	add_mount("259:0", "/", "ext4", "/dev/nvme0n1");
	expect_list("storage 00:07.0/00.0/01.0/00.0 15b7:5030 /\n"
		    "storage 00:0d.2 8086:9a1b /\n");
}

static void test_virtual_function(void **state)
{
	static const char vf[] = "pci0000:00/0000:00:1d.0/0000:01:00.1";

	add_ssd();
	add_function(vf, 0x144d, 0xa825, NVME);
	put_link("sys/devices/pci0000:00/0000:00:1d.0/0000:01:00.1/physfn",
		"sys/devices/" SSD);
	add_block("pci0000:00/0000:00:1d.0/0000:01:00.1/nvme/nvme3/nvme3n1", "259:3");
	add_mount("259:3", "/", "ext4", "/dev/nvme3n1");
	expect_list("storage 00:1d.0/00.0 144d:a808 /\n"
		    "storage 00:1d.0/00.1 144d:a825 /\n");
}

static void test_usb_disk(void **state)
{
	add_ssd();
	add_function("pci0000:00/0000:00:14.0", 0x8086, 0xa36d, XHCI);
	add_block("pci0000:00/0000:00:14.0/usb2/2-3/2-3:1.0/host4/target4:0:0/4:0:0:0/"
		  "block/sdb",
		"8:16");
	add_mount("8:16", "/", "ext4", "/dev/sdb");
	expect_list("storage 00:14.0 8086:a36d /\n");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, host_set_up, fake_tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_plain_nvme),
		TEST(test_last_mount_counts),
		TEST(test_lvm_on_luks),
		TEST(test_md_on_two_controllers),
		TEST(test_shared_disk),
		TEST(test_f2fs_on_two_devices),
		TEST(test_btrfs_on_two_devices),
		TEST(test_bcachefs_on_two_devices),
		TEST(test_btrfs_of_unknown_name),
		TEST(test_nvme_multipath),
		TEST(test_vmd),
		TEST(test_tunnel),
		TEST(test_virtual_function),
		TEST(test_usb_disk),
	};

	return cmocka_run_group_tests_name("protect_host", tests, NULL, NULL);
}
