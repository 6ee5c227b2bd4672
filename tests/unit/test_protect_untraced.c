/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The protect list where something can be traced only in part, or not at all. */
#include <errno.h>

#include "fakehost.h"

static void test_swap_file(void **state)
{
	add_ssd();
	add_hba();
	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	add_mount("8:1", "/mnt/big\\040disk", "ext4", "/dev/sda1");
	add_swap("/mnt/big\\040disk/swap/file", "file");
	add_swap("/swapfile", "file");
	expect_list("storage 00:17.0 8086:a102 swap\n"
		    "storage 00:1d.0/00.0 144d:a808 / swap\n");
}

/* What swaps to a file, or wakes up from one, may do so on any drive: whose file it is the kernel does not say. */
static void test_swap_on_loop(void **state)
{
	static const char expected[] = "storage 00:1b.0/00.0 1c5c:174a %s untraced\n"
				       "storage 00:1d.0/00.0 144d:a808 / %s untraced\n";
	char text[256];

	add_ssd();
	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	add_block("virtual/block/loop0", "7:0");
	fake_put("sys/devices/virtual/block/loop0/loop/backing_file", "/data/swap\n");
	add_swap("/dev/loop0", "partition");
	snprintf(text, sizeof(text), expected, "swap", "swap");
	expect_list(text);
	fake_put("proc/swaps", "");
	fake_put("sys/power/resume", "7:0\n");
	snprintf(text, sizeof(text), expected, "resume", "resume");
	expect_list(text);
}

static void test_nothing_to_lose(void **state)
{
	add_ssd();
	add_mount("0:25", "/", "tmpfs", "tmpfs");
	add_block("virtual/block/zram0", "252:0");
	add_swap("/dev/zram0", "partition");
	add_block("platform/soc/fe340000.mmc/mmc_host/mmc0/mmc0:0001/block/mmcblk0",
		"179:0");
	add_mount("179:0", "/var", "ext4", "/dev/mmcblk0");
	expect_list("");
}

static const char untraced_root[] = "storage 00:1b.0/00.0 1c5c:174a / untraced\n"
				    "storage 00:1d.0/00.0 144d:a808 / untraced\n";

static void test_untraced_file_systems(void **state)
{
	static const char *const types[] = {"zfs", "overlay", "fuse.mergerfs", "9p"};

	add_ssd();
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		fake_put("proc/self/mountinfo", "");
		add_mount("0:27", "/", types[i], "something");
		expect_list(untraced_root);
	}
}

static void add_composefs(const char *source, const char *layers)
{
	char line[256];

	snprintf(line, sizeof(line), "30 1 0:27 / / ro - overlay %s ro,%s,metacopy=on\n",
		source, layers);
	append("proc/self/mountinfo", line);
}

/* OSTree's root: all that is in it comes from /sysroot, and that can be traced. */
static void test_composefs(void **state)
{
	static const char *const layers[][2] = {
		{"composefs",
			"lowerdir+=/run/ostree/.private/cfsroot-lower,"
			"datadir+=/sysroot/ostree/repo/objects"},
		{"overlay",
			"lowerdir=/run/ostree/.private/cfsroot-lower::"
			"/sysroot/ostree/repo/objects"},
	};

	add_ssd();
	add_function("pci0000:00/0000:00:01.0/0000:02:00.2", 0x10de, 0x1ad6, XHCI);
	for (size_t i = 0; i < ARRAY_SIZE(layers); i++) {
		fake_put("proc/self/mountinfo", "");
		add_composefs(layers[i][0], layers[i][1]);
		expect_list("storage 00:01.0/00.2 10de:1ad6 / untraced\n"
			    "storage 00:1b.0/00.0 1c5c:174a / untraced\n"
			    "storage 00:1d.0/00.0 144d:a808 / untraced\n");
		add_mount("259:2", "/sysroot", "xfs", "/dev/nvme0n1p2");
		expect_list("storage 00:1d.0/00.0 144d:a808 /sysroot\n");
	}
	/* Another overlay may be made of anything. */
	fake_put("proc/self/mountinfo", "");
	add_composefs("overlay", "lowerdir=/sysroot/x:/run/y");
	add_mount("259:2", "/sysroot", "xfs", "/dev/nvme0n1p2");
	expect_list("storage 00:01.0/00.2 10de:1ad6 / untraced\n"
		    "storage 00:1b.0/00.0 1c5c:174a / untraced\n"
		    "storage 00:1d.0/00.0 144d:a808 / untraced /sysroot\n");
}

static void test_untraced_disks(void **state)
{
	static const char *const numbers[] = {"7:0", "253:0", "147:0", "99:9"};

	add_ssd();
	add_block("virtual/block/loop0", "7:0");
	add_block("virtual/block/dm-0", "253:0");
	add_slave("dm-0", "virtual/block/loop0");
	add_block("virtual/block/drbd0", "147:0"); /* 99:9 is not there at all */
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		fake_put("proc/self/mountinfo", "");
		add_mount(numbers[i], "/", "ext4", "/dev/something");
		expect_list(untraced_root);
	}
}

/* The root may be on anything that can carry one: not only what says "storage". */
static void test_other_carriers(void **state)
{
	add_ssd();
	add_function("pci0000:00/0000:00:0d.0", 0x8086, 0x9a1b, "bc0Csc03i40"); /* USB4 */
	add_function("pci0000:00/0000:00:14.5", 0x1180, 0xe823, "bc08sc05i01"); /* SD */
	add_function("pci0000:00/0000:00:1e.0", 0x1077, 0x2532, "bc0Csc04i00"); /* FC */
	add_function(
		"pci0000:00/0000:00:1f.3", 0x8086, 0xa348, "bc04sc03i00"); /* sound */
	add_mount("0:27", "/", "overlay", "something");
	expect_list("storage 00:0d.0 8086:9a1b / untraced\n"
		    "storage 00:14.5 1180:e823 / untraced\n"
		    "storage 00:1b.0/00.0 1c5c:174a / untraced\n"
		    "storage 00:1d.0/00.0 144d:a808 / untraced\n"
		    "storage 00:1e.0 1077:2532 / untraced\n");
	fake_put("proc/self/mountinfo", "");
	add_mount("0:40", "/", "nfs4", "server:/root"); /* over a card on USB */
	expect_list("network 00:0d.0 8086:9a1b / untraced\n"
		    "network 00:14.5 1180:e823 / untraced\n"
		    "network 00:1e.0 1077:2532 / untraced\n"
		    "network 00:1f.6 8086:15bc / untraced\n");
}

/* What is traced stands beside what is not. */
static void test_partly_untraced(void **state)
{
	add_ssd();
	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	add_swap("/dev/gone", "partition");
	expect_list("storage 00:1b.0/00.0 1c5c:174a swap untraced\n"
		    "storage 00:1d.0/00.0 144d:a808 / swap untraced\n");
}

/* A member that is not there, or a name that says nothing, may be any drive. */
static void test_bcachefs_on_several(void **state)
{
	add_ssd();
	add_mount("259:2", "/", "bcachefs", "/dev/nvme0n1p2:/dev/gone");
	expect_list(untraced_root);
	fake_put("proc/self/mountinfo", "");
	add_mount("0:40", "/", "bcachefs", "/dev/disk/by-uuid/aaaa");
	expect_list(untraced_root);
}

/* The kernel's list of members may be out of sight, or have one that is gone. */
static void test_btrfs_on_several(void **state)
{
	add_ssd();
	add_mount("0:27", "/", "btrfs", "/dev/nvme0n1p2");
	expect_list(untraced_root);
	put_link("sys/fs/btrfs/aaaa/devices/gone", "sys/devices/virtual/block/gone");
	expect_list(untraced_root);
	put_link("sys/fs/btrfs/aaaa/devices/nvme0n1p2",
		"sys/devices/" SSD "/nvme/nvme0/nvme0n1/nvme0n1p2");
	expect_list(untraced_root);
}

static void test_network_root(void **state)
{
	add_ssd();
	add_mount("0:40", "/", "nfs4", "server:/root");
	add_mount("0:41", "/home", "nfs4", "server:/home");
	expect_list("network 00:1f.6 8086:15bc / untraced\n");
}

static void test_network_disks(void **state)
{
	static const char *const disks[][2] = {
		{"platform/host2/session1/target2:0:0/2:0:0:1/block/sdx", "65:0"},
		{"virtual/block/nbd0", "43:0"},
		{"virtual/nvme-subsystem/nvme-subsys3/nvme3n1", "259:30"},
	};

	add_ssd();
	fake_put("sys/devices/virtual/nvme-fabrics/ctl/nvme3/state", "live\n");
	put_link("sys/devices/virtual/nvme-subsystem/nvme-subsys3/nvme3",
		"sys/devices/virtual/nvme-fabrics/ctl/nvme3");
	for (size_t i = 0; i < ARRAY_SIZE(disks); i++) {
		add_block(disks[i][0], disks[i][1]);
		fake_put("proc/self/mountinfo", "");
		add_mount(disks[i][1], "/", "ext4", "/dev/something");
		expect_list("network 00:1f.6 8086:15bc / untraced\n");
	}
}

/* Neither a 3D controller nor a virtual function shows anything; an 0380 does by its connector. */
static void test_displays(void **state)
{
	add_ssd();
	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	add_function("pci0000:00/0000:00:02.0", 0x8086, 0x3e92, VGA);
	fake_put("sys/devices/pci0000:00/0000:00:02.0/boot_vga", "1\n");
	add_function("pci0000:00/0000:00:01.0/0000:07:00.0", 0x10de, 0x2204, VGA);
	fake_put("sys/devices/pci0000:00/0000:00:01.0/0000:07:00.0/boot_vga", "0\n");
	add_function(
		"pci0000:00/0000:00:01.1/0000:08:00.0", 0x10de, 0x1eb8, "bc03sc02i00");
	add_function(
		"pci0000:00/0000:00:01.2/0000:09:00.0", 0x1002, 0x7480, "bc03sc80i00");
	put_link("sys/devices/pci0000:00/0000:00:01.2/0000:09:00.0/driver",
		"sys/bus/pci/drivers/amdgpu");
	add_function(
		"pci0000:00/0000:00:01.3/0000:0a:00.0", 0x1002, 0x15bf, "bc03sc80i00");
	fake_put(
		"sys/devices/pci0000:00/0000:00:01.3/0000:0a:00.0/drm/card0/card0-eDP-1/edid",
		"");
	add_function("pci0000:00/0000:00:02.1", 0x8086, 0x3e92, VGA); /* SR-IOV */
	put_link("sys/devices/pci0000:00/0000:00:02.1/physfn",
		"sys/devices/pci0000:00/0000:00:02.0");
	expect_list("storage 00:1d.0/00.0 144d:a808 /\n"
		    "display 00:01.0/00.0 10de:2204 -\n"
		    "display 00:01.3/00.0 1002:15bf -\n"
		    "display 00:02.0 8086:3e92 boot\n");
}

static void test_chroot(void **state)
{
	add_ssd();
	expect_error(-EHOSTUNREACH); /* only /proc is mounted */
	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	expect_list("storage 00:1d.0/00.0 144d:a808 /\n");
	fake_put("run/systemd/container", "systemd-nspawn\n");
	expect_error(-EHOSTUNREACH);
}

static void test_no_proc(void **state)
{
	add_ssd();
	fake_remove("proc/self/mountinfo");
	expect_error(-EHOSTUNREACH);
}

static void test_no_sysfs(void **state)
{
	char path[128];

	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	strcpy(path, fake_path("sys"));
	assert_int_equal(rename(path, fake_path("elsewhere")), 0);
	expect_error(-EHOSTUNREACH);
}

/* A list without what could not be read would protect nothing. */
static void test_unreadable_function(void **state)
{
	add_ssd();
	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	fake_put("sys/devices/" SSD "/modalias", "usb:v1D6Bp0002\n");
	expect_error(-EINVAL);
}

/* Nor may one that is deeper than a path can tell be left out in silence. */
static void test_function_without_path(void **state)
{
	char path[400] = "pci0000:00";

	add_ssd();
	for (int i = 0; i <= PCI_PATH_DEPTH_MAX; i++)
		snprintf(path + strlen(path), sizeof(path) - strlen(path),
			"/0000:%02x:00.0", i + 0x20);
	add_function(path, 0x144d, 0xa808, NVME);
	strcat(path, "/nvme/nvme7/nvme7n1");
	add_block(path, "259:70");
	add_mount("259:70", "/", "ext4", "/dev/nvme7n1");
	expect_list(untraced_root);
}

static void test_too_many(void **state)
{
	static struct protect_list list, read;
	_cleanup_free_ char *text = NULL;

	for (int i = 0; i < PROTECT_ENTRIES_MAX; i++) {
		char path[64];

		snprintf(path, sizeof(path), "pci0001:%02x/0001:%02x:%02x.%x", i / 128,
			i / 128, i % 128 / 8 + 1, i % 8);
		add_function(path, 0x1234, 0x5678, AHCI);
	}
	add_mount("0:27", "/", "zfs", "pool/root");
	assert_int_equal(trace(&list), 0);
	assert_true(list.incomplete);
	assert_int_equal(list.n_entries, PROTECT_ENTRIES_MAX);
	/* An image has to know it, too. */
	text = protect_list_format(&list);
	assert_non_null(text);
	assert_int_equal(protect_parse(&read, text), 0);
	assert_true(read.incomplete);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, host_set_up, fake_tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_swap_file),
		TEST(test_swap_on_loop),
		TEST(test_nothing_to_lose),
		TEST(test_untraced_file_systems),
		TEST(test_composefs),
		TEST(test_untraced_disks),
		TEST(test_other_carriers),
		TEST(test_partly_untraced),
		TEST(test_bcachefs_on_several),
		TEST(test_btrfs_on_several),
		TEST(test_network_root),
		TEST(test_network_disks),
		TEST(test_displays),
		TEST(test_chroot),
		TEST(test_no_proc),
		TEST(test_no_sysfs),
		TEST(test_unreadable_function),
		TEST(test_function_without_path),
		TEST(test_too_many),
	};

	return cmocka_run_group_tests_name("protect_untraced", tests, NULL, NULL);
}
