/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a composed host uses, as text: ADDRESS KIND WHAT, with '?' where it is untraced. */
#include <errno.h>

#include "fakehost.h"

static int trace_usage(struct usage *ret)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(facts_free) struct facts facts = {0};

	assert_int_equal(facts_read(&root, &facts), 0);
	return usage_read(&facts.in_use, ret);
}

static void expect_usage(const char *expected)
{
	static const char *const kinds[] = {[IN_USE_MOUNT] = "mount",
		[IN_USE_SWAP] = "swap",
		[IN_USE_RESUME] = "resume",
		[IN_USE_ROUTE] = "route",
		[IN_USE_INTERFACE] = "interface",
		[IN_USE_CONSOLE] = "console"};
	_cleanup_(usage_free) struct usage usage = {0};
	char text[8192] = "", *end = text;

	assert_int_equal(trace_usage(&usage), 0);
	for (size_t i = 0; i < usage.n; i++) {
		const struct usage_entry *entry = &usage.entries[i];
		char address[PCI_ADDRESS_SIZE];

		pci_address_format(entry->address, address);
		end += snprintf(end, sizeof(text) - (size_t)(end - text), "%s %s%s %s\n",
			address, kinds[entry->kind], entry->untraced ? "?" : "",
			entry->what);
	}
	assert_string_equal(text, expected);
}

static void add_up(const char *place, const char *name)
{
	char path[256], link[64];

	snprintf(path, sizeof(path), "sys/devices/%s/net/%s/operstate", place, name);
	fake_put(path, "up\n");
	snprintf(path, sizeof(path), "sys/devices/%s/net/%s", place, name);
	snprintf(link, sizeof(link), "sys/class/net/%s", name);
	put_link(link, path);
}

static void test_all_mounts(void **state)
{
	add_ssd();
	add_hba();
	add_mount("0:20", "/sys", "sysfs", "sysfs");
	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	add_mount("8:1", "/srv/big\\040disk", "xfs", "/dev/sda1");
	add_mount("8:1", "/var/lib/bind", "xfs", "/dev/sda1");
	add_mount("0:31", "/run", "tmpfs", "tmpfs");
	add_swap("/srv/big\\040disk/swap", "file");
	fake_put("sys/power/resume", "259:1\n");
	expect_usage("0000:00:17.0 mount /srv/big disk\n"
		     "0000:00:17.0 mount /var/lib/bind\n"
		     "0000:00:17.0 swap /srv/big disk/swap\n"
		     "0000:01:00.0 mount /\n"
		     "0000:01:00.0 resume resume\n");
}

/* What hides below another mount is in use, and can't be unmounted without it. */
static void test_covered(void **state)
{
	add_ssd();
	add_hba();
	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	add_mount("8:1", "/srv", "ext4", "/dev/sda1");
	add_mount("259:1", "/srv", "ext4", "/dev/nvme0n1p1");
	/* Also where the host runs from what covers it. */
	add_mount("8:1", "/home", "ext4", "/dev/sda1");
	add_mount("259:1", "/home", "ext4", "/dev/nvme0n1p1");
	expect_usage("0000:00:17.0 mount /home\n"
		     "0000:00:17.0 mount /srv\n"
		     "0000:01:00.0 mount /\n"
		     "0000:01:00.0 mount /home\n"
		     "0000:01:00.0 mount /srv\n");
}

/* Snaps and containers are on file systems that are told of by themselves. */
static void test_made_of_others(void **state)
{
	add_ssd();
	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	add_block("virtual/block/loop0", "7:0");
	fake_put("sys/devices/virtual/block/loop0/loop/backing_file",
		"/var/core20.snap\n");
	add_mount("7:0", "/snap/core20/1", "squashfs", "/dev/loop0");
	add_mount("0:60", "/var/lib/docker/overlay2/x/merged", "overlay", "overlay");
	add_mount("0:61", "/run/user/1000/doc", "fuse.portal", "portal");
	expect_usage("0000:01:00.0 mount /\n");
	/* But what the host runs from may be anywhere. */
	add_mount("7:0", "/usr", "squashfs", "/dev/loop0");
	fake_put("sys/power/resume", "7:0\n");
	expect_usage("0000:01:00.0 mount /\n"
		     "0000:01:00.0 mount? /usr\n"
		     "0000:01:00.0 resume? resume\n"
		     "0000:05:00.0 mount? /usr\n"
		     "0000:05:00.0 resume? resume\n");
}

/* Swap in memory may be written back to a drive, and a loop device may have one for its file. */
static void test_backed_by_a_drive(void **state)
{
	static const char backing_dev[] = "sys/devices/virtual/block/zram0/backing_dev";

	add_ssd();
	add_hba();
	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	add_block("virtual/block/zram0", "252:0");
	fake_put(backing_dev, "none\n");
	add_swap("/dev/zram0", "partition");
	expect_usage("0000:01:00.0 mount /\n");
	fake_put(backing_dev, "/dev/sda1\n");
	expect_usage("0000:00:17.0 swap /dev/zram0\n"
		     "0000:01:00.0 mount /\n");
	fake_put(backing_dev, "/dev/gone\n");
	expect_usage("0000:00:17.0 swap? /dev/zram0\n"
		     "0000:01:00.0 mount /\n"
		     "0000:01:00.0 swap? /dev/zram0\n"
		     "0000:05:00.0 swap? /dev/zram0\n");
	fake_put("proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	add_block("virtual/block/loop0", "7:0");
	fake_put("sys/devices/virtual/block/loop0/loop/backing_file", "/dev/sda1\n");
	add_mount("7:0", "/srv", "ext4", "/dev/loop0");
	expect_usage("0000:00:17.0 mount /srv\n"
		     "0000:01:00.0 mount /\n");
}

/* The log and the files of XFS may be on drives of their own, which its mount options name. */
static void test_xfs_on_three_devices(void **state)
{
	add_ssd();
	add_hba();
	add_block("pci0000:00/0000:00:1b.0/0000:06:00.0/nvme/nvme1/nvme1n1", "259:5");
	add_function("pci0000:00/0000:00:1b.0/0000:06:00.0", 0x144d, 0xa80a, NVME);
	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	append("proc/self/mountinfo",
		"40 20 259:2 / /srv rw,relatime - xfs /dev/nvme0n1p2 rw,inode64,"
		"logdev=/dev/sda1,rtdev=/dev/nvme1n1,noquota\n");
	expect_usage("0000:00:17.0 mount /srv\n"
		     "0000:01:00.0 mount /\n"
		     "0000:01:00.0 mount /srv\n"
		     "0000:06:00.0 mount /srv\n");
}

static void test_untraced(void **state)
{
	add_ssd();
	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	add_mount("0:50", "/tank", "zfs", "tank");
	add_mount("0:51", "/mnt/share", "nfs4", "server:/share");
	expect_usage("0000:00:1f.6 mount? /mnt/share\n"
		     "0000:01:00.0 mount /\n"
		     "0000:01:00.0 mount? /tank\n"
		     "0000:05:00.0 mount? /tank\n");
}

/* What cannot be followed may be on any drive. */
static void test_unreadable_device(void **state)
{
	add_ssd();
	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	add_mount("8:9", "/mnt", "ext4", "/dev/sda9");
	fake_link("sys/dev/block/8:9", "8:9");
	expect_usage("0000:01:00.0 mount /\n"
		     "0000:01:00.0 mount? /mnt\n"
		     "0000:05:00.0 mount? /mnt\n");
}

static void test_network(void **state)
{
	add_mount("0:25", "/", "tmpfs", "tmpfs");
	add_up("pci0000:00/0000:00:1f.6", "eno1");
	add_up("virtual", "docker0");
	expect_usage("0000:00:1f.6 interface eno1\n");
	fake_put("proc/net/route",
		"eno1\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\n");
	expect_usage("0000:00:1f.6 route eno1\n");
}

/* Since 6.5 a port has devices of its own between the function and the line. */
static void test_consoles(void **state)
{
	static const char sol[] = "pci0000:00/0000:00:16.3";

	add_mount("0:25", "/", "tmpfs", "tmpfs");
	add_function(sol, 0x8086, 0xa13d, "bc07sc00i02");
	fake_put("sys/devices/pci0000:00/0000:00:16.3/0000:00:16.3:0/"
		 "0000:00:16.3:0.0/tty/ttyS4/dev",
		"4:68\n");
	fake_put("sys/devices/virtual/tty/tty0/dev", "4:0\n");
	fake_put("sys/devices/platform/serial8250/tty/ttyS0/dev", "4:64\n");
	put_link("sys/class/tty/ttyS4",
		"sys/devices/pci0000:00/0000:00:16.3/0000:00:16.3:0/"
		"0000:00:16.3:0.0/tty/ttyS4");
	put_link("sys/class/tty/tty0", "sys/devices/virtual/tty/tty0");
	put_link("sys/class/tty/ttyS0", "sys/devices/platform/serial8250/tty/ttyS0");
	fake_put("sys/devices/virtual/tty/console/active", "tty0 ttyS0 netcon0\n");
	put_link("sys/class/tty/console", "sys/devices/virtual/tty/console");
	expect_usage("");
	fake_put("sys/devices/virtual/tty/console/active", "tty0 ttyS4\n");
	expect_usage("0000:00:16.3 console ttyS4\n");
}

/* Who takes the physical function takes the virtual one's interface. */
static void test_virtual_function(void **state)
{
	static const char vf[] = "pci0000:00/0000:00:1c.0/0000:04:10.0";

	add_mount("0:25", "/", "tmpfs", "tmpfs");
	add_function("pci0000:00/0000:00:1c.0/0000:04:00.0", 0x8086, 0x1572, NET);
	add_function(vf, 0x8086, 0x154c, NET);
	put_link("sys/devices/pci0000:00/0000:00:1c.0/0000:04:10.0/physfn",
		"sys/devices/pci0000:00/0000:00:1c.0/0000:04:00.0");
	add_up(vf, "enp4s0v0");
	expect_usage("0000:04:00.0 interface enp4s0v0\n"
		     "0000:04:10.0 interface enp4s0v0\n");
}

static void test_find(void **state)
{
	_cleanup_(usage_free) struct usage usage = {0};

	add_ssd();
	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	add_mount("259:1", "/boot", "ext4", "/dev/nvme0n1p1");
	assert_int_equal(trace_usage(&usage), 0);
	assert_ptr_equal(
		usage_find(&usage, (struct pci_address){.bus = 1}), &usage.entries[0]);
	assert_null(usage_find(&usage, (struct pci_address){.bus = 5}));
}

static void test_no_host(void **state)
{
	struct usage usage = {0};

	assert_int_equal(trace_usage(&usage), -EHOSTUNREACH);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, host_set_up, fake_tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_all_mounts),
		TEST(test_covered),
		TEST(test_made_of_others),
		TEST(test_backed_by_a_drive),
		TEST(test_xfs_on_three_devices),
		TEST(test_untraced),
		TEST(test_unreadable_device),
		TEST(test_network),
		TEST(test_consoles),
		TEST(test_virtual_function),
		TEST(test_find),
		TEST(test_no_host),
	};

	return cmocka_run_group_tests_name("usage", tests, NULL, NULL);
}
