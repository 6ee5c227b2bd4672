/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in a capture, that nothing of its owner is, and that it is always the same. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/capture.h"
#include "support.h"

#define SERIAL "S4EWNX0N123456"
#define WWID   "0025385b11b2e5c9"
#define MAC    "00:1a:2b:3c:4d:5e"
#define MAC_IF "enx001a2b3c4d5e"
#define UUID   "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
#define IP     "192.168.77.23"
#define USER   "alice"
#define SECRET "hunter2"

#define CARD "pci0000:00/0000:00:01.0/0000:01:00.0"
#define SSD  "pci0000:00/0000:00:1d.0/0000:02:00.0"
#define NIC  "pci0000:00/0000:00:1f.6"
#define DISK "sys/devices/" SSD "/nvme/nvme0/nvme0n1"

static void capture_tree(struct capture *ret)
{
	_cleanup_(root_close) struct root root = fake_open();

	assert_int_equal(capture_read(&root, ret), 0);
}

static const struct capture_entry *find(const struct capture *capture, const char *path)
{
	for (size_t i = 0; i < capture->n; i++)
		if (strcmp(capture->entries[i].path, path) == 0)
			return &capture->entries[i];
	return NULL;
}

static void expect_file(const struct capture *capture, const char *path, const char *text)
{
	const struct capture_entry *entry = find(capture, path);

	assert_non_null(entry);
	assert_true(S_ISREG(entry->type));
	assert_int_equal(entry->size, strlen(text));
	assert_memory_equal(entry->data, text, strlen(text));
}

static void expect_link(
	const struct capture *capture, const char *path, const char *target)
{
	const struct capture_entry *entry = find(capture, path);

	assert_non_null(entry);
	assert_true(S_ISLNK(entry->type));
	assert_string_equal(entry->data, target);
}

/* A machine with something of its owner wherever such a thing can be. */
static void plant_devices(void)
{
	fake_function(CARD, 0x10de, 0x2206);
	fake_function(SSD, 0x144d, 0xa808);
	fake_function(NIC, 0x8086, 0x15bc);
	fake_put("sys/devices/" SSD "/serial_number", SERIAL "\n");
	fake_put("sys/devices/" SSD "/nvme/nvme0/serial", SERIAL "\n");
	fake_put("sys/devices/" SSD "/nvme/nvme0/address", MAC "\n");
	fake_put(DISK "/wwid", "eui." WWID "\n");
	fake_put(DISK "/nguid", UUID "\n");
	fake_put(DISK "/eui", WWID "\n");
	fake_put(DISK "/uuid", UUID "\n");
	fake_put(DISK "/dev", "259:0\n");
	fake_put(DISK "/uevent", "DISKSEQ=1\nSERIAL=" SERIAL "\n");
	fake_link("sys/class/block/nvme0n1", "../../devices/" SSD "/nvme/nvme0/nvme0n1");
	fake_link("sys/dev/block/259:0", "../../devices/" SSD "/nvme/nvme0/nvme0n1");
	fake_put("sys/devices/virtual/block/dm-0/dm/name", USER "--vg-" SERIAL "\n");
	fake_put("sys/devices/virtual/block/dm-0/dm/uuid", "LVM-" SERIAL "\n");
	fake_put("sys/devices/virtual/block/dm-0/dev", "254:0\n");
	fake_link("sys/devices/virtual/block/dm-0/slaves/nvme0n1",
		"../../../../" SSD "/nvme/nvme0/nvme0n1");
	fake_link("sys/class/block/dm-0", "../../devices/virtual/block/dm-0");
	fake_link("sys/dev/block/254:0", "../../devices/virtual/block/dm-0");
	fake_put("sys/devices/virtual/block/loop0/loop/backing_file",
		"/home/" USER "/disk.img\n");
	fake_link("sys/class/block/loop0", "../../devices/virtual/block/loop0");
	fake_link("sys/fs/btrfs/" UUID "/devices/dm-0",
		"../../../../devices/virtual/block/dm-0");
	fake_put("sys/fs/btrfs/" UUID "/label", USER "\n");
	fake_put("sys/fs/btrfs/" UUID "/metadata_uuid", UUID "\n");
	fake_put("sys/devices/" NIC "/net/" MAC_IF "/address", MAC "\n");
	fake_put("sys/devices/" NIC "/net/" MAC_IF "/operstate", "up\n");
	fake_put("sys/devices/" NIC "/net/" MAC_IF "/ifalias", USER "\n");
	fake_link("sys/class/net/" MAC_IF, "../../devices/" NIC "/net/" MAC_IF);
	fake_link("sys/devices/virtual/net/br0/lower_" MAC_IF,
		"../../../" NIC "/net/" MAC_IF);
	fake_link("sys/class/net/br0", "../../devices/virtual/net/br0");
}

static void plant_firmware(void)
{
	fake_put("sys/firmware/acpi/tables/MSDM", SERIAL); /* a licence key */
	fake_put("sys/class/dmi/id/product_uuid", UUID "\n");
	fake_put("sys/devices/virtual/dmi/id/board_serial", SERIAL "\n");
	fake_put("sys/firmware/efi/efivars/"
		 "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
		"\6");
	fake_put("sys/firmware/efi/efivars/Boot0001-8be4df61-93ca-11d2-aa0d-00e098032b8c",
		SERIAL);
	fake_put("etc/machine-id", "d41d8cd98f00b204e9800998ecf8427e\n");
	fake_put("etc/hostname", USER "\n");
	fake_put("etc/fstab", "UUID=" UUID " / ext4\n");
	fake_put("boot/grub/grub.cfg", UUID "\n");
}

static void plant_system(void)
{
	fake_put("proc/cmdline",
		"BOOT_IMAGE=/vmlinuz root=UUID=" UUID
		" resume=/dev/disk/by-id/nvme-" SERIAL " ip=" IP "::" IP ":" USER
		" BOOTIF=01-00-1a-2b-3c-4d-5e ifname=lan:" MAC " " MAC " " IP " " UUID
		" password=" SECRET " rd.luks.uuid=" UUID " rd.luks.name=" UUID "=" USER
		" intel_iommu=on -- " SECRET "\n");
	fake_put("proc/self/mountinfo",
		"28 1 254:0 /@" USER " / rw shared:1 - btrfs /dev/mapper/" USER
		"--vg-" SERIAL " rw,uuid=" UUID "\n"
		"29 1 7:0 / /home/" USER "/" SERIAL " rw - ext4 /dev/loop0 rw\n"
		"30 1 0:9 / /media/" USER "/" UUID " rw - nfs " IP ":/" USER
		" rw,addr=" IP "\n"
		"31 1 259:0 / /run/media/" USER "/" SERIAL
		" rw - ext4 /dev/disk/by-id/" SERIAL " rw\n"
		"32 1 0:8 / /run/user/1000/" USER " rw - fuse.sshfs " USER "@" IP
		": rw\n");
	fake_put("proc/swaps",
		"Filename Type Size Used Priority\n"
		"/home/" USER "/" SERIAL " file 1 0 -1\n"
		"/dev/disk/by-uuid/" UUID " partition 1 0 -1\n");
	fake_put("proc/net/route",
		"Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n" MAC_IF
		"\t00000000\t174DA8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
	fake_put("proc/net/ipv6_route",
		"00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
		"fe80000000000000021a2bfffe3c4d5e 00000400 00000003 00000000 00000003 " MAC_IF
		"\n");
	fake_put("proc/net/arp", IP " 0x1 0x2 " MAC "\n");
	fake_put("proc/interrupts", " 125: 0 IR-PCI-MSI 0-edge " MAC_IF "\n");
	fake_put("proc/cpuinfo", "vendor_id : GenuineIntel\nSerial : " SERIAL "\n");
	fake_put("proc/iomem", "00000000-00000fff : " MAC_IF "\n");
	fake_put("proc/sys/kernel/hostname", USER "\n");
	fake_put("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
	fake_put("boot/config-6.1.0-18-amd64",
		"CONFIG_VFIO=m\nCONFIG_DEFAULT_HOSTNAME=\"" USER "\"\n"
		"# CONFIG_ARM is not set\nCONFIG_NR_CPUS=8\n");
}

static void plant_ours(void)
{
	fake_put("etc/vfioboot.conf",
		"# " USER "'s SSD " SERIAL "\n[device a] ; " SECRET
		"\npath = 00:01.0/00\n");
	fake_put("etc/vfioboot.conf.d/b.conf", "; " MAC "\n[device b]\nid = 10de:2206\n");
	fake_link("etc/vfioboot.conf.d/mask.conf", "/dev/null");
	fake_put("usr/lib/vfioboot.conf.d/b.conf~", SERIAL "\n");
	fake_put("etc/vfioboot.protect",
		"# " USER "\nstorage 00:1d.0/00.0 144d:a808 / /home/" USER "/" SERIAL "\n"
		"network 00:1f.6 8086:15bc " MAC_IF "\n");
	fake_put("run/vfioboot/protect", "network 00:1f.6 8086:15bc " MAC_IF "\n");
	fake_put("run/vfioboot/initramfs.record",
		"vfioboot-record 1\nerror /etc/vfioboot.conf 3 bad value '" SERIAL "'\n");
	fake_put("run/vfioboot/other", SERIAL "\n");
}

static void plant(void)
{
	plant_devices();
	plant_firmware();
	plant_system();
	plant_ours();
}

static void test_nothing_of_the_owner(void **state)
{
	static const char *const planted[] = {SERIAL, WWID, MAC, "00-1a-2b-3c-4d-5e",
		"001a2b3c4d5e", "021a2bfffe3c4d5e", UUID, IP, "174DA8C0", USER, SECRET,
		"d41d8cd98f00b204e9800998ecf8427e"};
	_cleanup_(capture_free) struct capture capture = {0};
	_cleanup_free_ char *data = NULL;
	size_t size;

	plant();
	capture_tree(&capture);
	assert_int_equal(capture_pack(&capture, "x.tar", &data, &size), 0);
	for (size_t i = 0; i < ARRAY_SIZE(planted); i++)
		if (memmem(data, size, planted[i], strlen(planted[i])))
			fail_msg("%s is in the archive", planted[i]);
	/* The archive is not compressed: what is there is found. */
	assert_non_null(memmem(data, size, "pci:v000010DEd00002206", 22));
}

/*
 * Every file of the list that holds more than numbers and the kernel's own names, and what
 * lies beside them, each with "%1$s" wherever it could hold something of the owner.
 */
static const struct {
	const char *path, *text;
} holders[] = {
	{"proc/cmdline",
		"root=UUID=%1$s resume=/dev/disk/by-id/%1$s root=LABEL=%1$s root=%1$s "
		"resume=/dev/mapper/%1$s ip=%1$s::%1$s hostname=%1$s /%1$s/init "
		"@%1$s=1 rd.luks.uuid=%1$s intel_iommu=on -- %1$s\n"},
	{"proc/self/mountinfo",
		"1 0 8:1 /%1$s /home/%1$s ro,x=%1$s - ext4 /dev/disk/by-id/%1$s rw,x=%1$s\n"
		"2 1 8:2 / /mnt/a/%1$s rw - ext4 /dev/%1$s/%1$s rw\n"
		"3 1 0:9 / /run/media/%1$s/%1$s rw - nfs %1$s:/%1$s rw\n"
		"4 1 0:8 / /media/%1$s rw - cifs //%1$s/%1$s rw\n"
		"5 1 0:7 / /var rw - zfs %1$s/%1$s rw\n"
		"6 1 0:6 / /%1$s rw - tmpfs %1$s rw\n"
		"7 1 8:3 / /usr rw - bcachefs /dev/sda1:/dev/mapper/%1$s rw\n"},
	{"proc/swaps",
		"Filename Type Size Used Priority\n/home/%1$s/%1$s file 1 0 -1\n"
		"/dev/disk/by-id/%1$s partition 1 0 -1\n/dev/%1$s/swap partition 1 0 -1\n"},
	{"proc/net/route", "eno1 %1$s 0 0003 0 0 0 FFFFFFFF 0 0 0\n%1$s\n"},
	{"proc/net/ipv6_route", "%1$s 80 0 00 0 0 0 0 0 eno1\n%1$s\n"},
	{"proc/cpuinfo", "processor : 0\nSerial : %1$s\nHardware : %1$s\n\n%1$s\n"},
	{"proc/iomem", "  00100000-001fffff : Kernel %1$s\n"},
	{"proc/interrupts", "   1:   0   9  IO-APIC   1-edge   %1$s\n"},
	{"boot/config-6.1.0-18-amd64", "CONFIG_A=\"%1$s\"\nCONFIG_VFIO=m\n"},
	{"etc/vfioboot.conf", "# %1$s\n[device a] ; %1$s\npath = 00:01.0/00 ; %1$s\n"},
	{"etc/vfioboot.conf.d/a.conf", "; %1$s\n[device b]\n"},
	{"run/vfioboot.conf.d/a.conf", "\t# %1$s\n"},
	{"usr/lib/vfioboot.conf.d/a.conf", "#%1$s\n"},
	{"etc/vfioboot.conf.d/a.conf~", "%1$s\n"},
	{"etc/vfioboot.protect", "# %1$s\nstorage 1d.0/00.0 144d:a808 / /home/%1$s\n"},
	{"run/vfioboot/protect", "storage 1d.0/00.0 144d:a808 /media/%1$s/%1$s swap\n"},
	{"run/vfioboot/initramfs.protect", "# %1$s\n"},
	{"run/vfioboot/initramfs.record", "error /etc/vfioboot.conf 3 bad '%1$s' 4\n"},
	{"run/vfioboot/system.record", "error a file 3 %1$s\n"},
	{"run/vfioboot/other", "%1$s\n"},
	{"sys/devices/virtual/block/dm-0/dm/name", "%1$s\n"},
	{"sys/devices/virtual/block/dm-0/dm/uuid", "CRYPT-LUKS2-%1$s\n"},
	{"sys/devices/virtual/block/dm-0/loop/backing_file", "/home/%1$s\n"},
	{"sys/devices/virtual/block/dm-0/serial", "%1$s\n"},
	{"sys/devices/virtual/net/br0/ifalias", "%1$s\n"},
	{"sys/devices/virtual/net/br0/address", "%1$s\n"},
	{"sys/firmware/acpi/tables/SSDT1", "%1$s\n"},
	{"sys/firmware/efi/efivars/Boot0001-8be4df61-93ca-11d2-aa0d-00e098032b8c",
		"%1$s"},
	{"etc/hostname", "%1$s\n"},
	{"etc/machine-id", "%1$s\n"},
	{"proc/sys/kernel/hostname", "%1$s\n"},
};

static void test_no_secret_of_any_kind(void **state)
{
	static const char *const secrets[] = {
		UUID, MAC, MAC_IF, IP, WWID, SERIAL, "alicehost", USER, "Alice's~"};

	fake_put("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
	fake_link("sys/class/block/dm-0", "../../devices/virtual/block/dm-0");
	fake_link("sys/class/net/br0", "../../devices/virtual/net/br0");
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
		_cleanup_(capture_free) struct capture capture = {0};
		_cleanup_free_ char *data = NULL;
		size_t size, n = 0;

		for (size_t j = 0; j < ARRAY_SIZE(holders); j++) {
			_cleanup_free_ char *text = NULL;

			/* The formats are those of the table above. */
			assert_true(asprintf(&text, holders[j].text, secrets[i]) > 0);
			fake_put(holders[j].path, text);
		}
		capture_tree(&capture);
		for (size_t j = 0; j < ARRAY_SIZE(holders); j++)
			n += !!find(&capture, holders[j].path);
		assert_int_equal(n, 21);
		assert_int_equal(capture_pack(&capture, "x.tar", &data, &size), 0);
		for (size_t j = 0; j < capture.n; j++) {
			const struct capture_entry *entry = &capture.entries[j];

			if (strstr(entry->path, secrets[i]) ||
				(entry->data && strstr(entry->data, secrets[i])))
				fail_msg("%s is in %s: %s", secrets[i], entry->path,
					entry->data);
		}
		assert_null(memmem(data, size, secrets[i], strlen(secrets[i])));
	}
}

static void test_what_is_needed(void **state)
{
	_cleanup_(capture_free) struct capture capture = {0};

	plant();
	capture_tree(&capture);
	assert_int_equal(capture.n_gaps, 0);
	expect_link(
		&capture, "sys/bus/pci/devices/0000:01:00.0", "../../../devices/" CARD);
	assert_non_null(find(&capture, "sys/devices/" CARD "/modalias"));
	assert_non_null(find(&capture, "sys/devices/" CARD "/iommu_group"));
	expect_file(&capture, DISK "/dev", "259:0\n");
	assert_null(find(&capture, DISK "/wwid"));
	expect_link(&capture, "sys/devices/virtual/block/dm-0/slaves/nvme0n1",
		"../../../../" SSD "/nvme/nvme0/nvme0n1");
	expect_file(&capture, "sys/devices/virtual/block/loop0/loop/backing_file", "");
	expect_link(&capture,
		"sys/fs/btrfs/00000000-0000-0000-0000-000000000001/devices/dm-0",
		"../../../../devices/virtual/block/dm-0");
	expect_link(&capture, "sys/devices/virtual/net/br0/lower_enx000000000001",
		"../../../" NIC "/net/enx000000000001");
	expect_file(&capture, "sys/firmware/acpi/tables/MSDM", "");
	expect_file(&capture,
		"sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
		"\6");
	expect_file(&capture, "boot/config-6.1.0-18-amd64",
		"CONFIG_VFIO=m\nCONFIG_DEFAULT_HOSTNAME=\"\"\n"
		"# CONFIG_ARM is not set\nCONFIG_NR_CPUS=8\n");
	expect_link(&capture, "etc/vfioboot.conf.d/mask.conf", "/dev/null");
	expect_file(
		&capture, "etc/vfioboot.conf", "#\n[device a] ;\npath = 00:01.0/00\n");
	assert_null(find(&capture, "etc/hostname"));
	assert_null(find(&capture, "run/vfioboot/other"));
}

/* What belongs together has the same name in all files. */
static void test_names_agree(void **state)
{
	_cleanup_(capture_free) struct capture capture = {0};
	const struct capture_entry *mounts, *name;
	char source[64];

	plant();
	capture_tree(&capture);
	name = find(&capture, "sys/devices/virtual/block/dm-0/dm/name");
	mounts = find(&capture, "proc/self/mountinfo");
	assert_non_null(name);
	assert_non_null(mounts);
	snprintf(source, sizeof(source), " / rw shared:1 - btrfs /dev/mapper/%.*s rw\n",
		(int)name->size - 1, name->data);
	assert_non_null(strstr(mounts->data, source));
}

static void test_order(void **state)
{
	_cleanup_(capture_free) struct capture capture = {0};

	plant();
	capture_tree(&capture);
	for (size_t i = 0; i < capture.n; i++) {
		const char *path = capture.entries[i].path;
		char parent[512];

		assert_true(path[0] != '/');
		assert_null(strstr(path, ".."));
		if (i)
			assert_true(strcmp(capture.entries[i - 1].path, path) < 0);
		snprintf(parent, sizeof(parent), "%s", path);
		if (strchr(parent, '/')) {
			*strrchr(parent, '/') = '\0';
			assert_non_null(find(&capture, parent));
		}
	}
}

static void test_same_machine_same_archive(void **state)
{
	static const char *const names[] = {"x.tar", "x.tar.gz", "x.tar.xz", "x.tar.zst"};

	plant();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_(capture_free) struct capture first = {0}, second = {0};
		_cleanup_free_ char *a = NULL, *b = NULL;
		size_t a_size, b_size;

		capture_tree(&first);
		capture_tree(&second);
		assert_int_equal(capture_pack(&first, names[i], &a, &a_size), 0);
		assert_int_equal(capture_pack(&second, names[i], &b, &b_size), 0);
		assert_int_equal(a_size, b_size);
		assert_memory_equal(a, b, a_size);
	}
}

/* Reads the archive back: who owns what, and since when. */
static void test_archive(void **state)
{
	_cleanup_(capture_free) struct capture capture = {0};
	_cleanup_free_ char *data = NULL;
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	size_t size, n = 0;

	plant();
	capture_tree(&capture);
	assert_int_equal(capture_pack(&capture, "machine.tar.xz", &data, &size), 0);
	assert_int_equal(archive_read_support_format_tar(archive), ARCHIVE_OK);
	assert_int_equal(archive_read_support_filter_xz(archive), ARCHIVE_OK);
	assert_int_equal(archive_read_open_memory(archive, data, size), ARCHIVE_OK);
	for (; archive_read_next_header(archive, &entry) == ARCHIVE_OK; n++) {
		const struct capture_entry *own = &capture.entries[n];

		assert_true(n < capture.n);
		assert_int_equal(archive_entry_filetype(entry), own->type);
		assert_int_equal(archive_entry_mtime(entry), 0);
		assert_int_equal(archive_entry_uid(entry), 0);
		assert_int_equal(archive_entry_gid(entry), 0);
		assert_string_equal(archive_entry_uname(entry), "root");
		assert_int_equal(strncmp(archive_entry_pathname(entry), own->path,
					 strlen(own->path)),
			0);
	}
	assert_int_equal(n, capture.n);
	archive_read_free(archive);
}

static void test_empty_tree(void **state)
{
	_cleanup_(capture_free) struct capture capture = {0};
	_cleanup_free_ char *data = NULL;
	size_t size;

	fake_dir("empty");
	capture_tree(&capture);
	assert_int_equal(capture.n, 0);
	assert_int_equal(capture.n_gaps, 0);
	assert_int_equal(capture_pack(&capture, "x.tar", &data, &size), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(test_nothing_of_the_owner),
		ROOT_TEST(test_no_secret_of_any_kind),
		ROOT_TEST(test_what_is_needed),
		ROOT_TEST(test_names_agree),
		ROOT_TEST(test_order),
		ROOT_TEST(test_same_machine_same_archive),
		ROOT_TEST(test_archive),
		ROOT_TEST(test_empty_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
