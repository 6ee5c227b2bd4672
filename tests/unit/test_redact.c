/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is taken out of each form of text, and what stays. */
#include <stdio.h>
#include <string.h>

#include "capture/redact.h"
#include "decide/dropin.h"
#include "support.h"

struct example {
	const char *text, *expected;
};

/* All by one redactor, in this order. */
static void check(enum redact_form form, const struct example *examples, size_t n)
{
	_cleanup_(redactor_free) struct redactor redactor = {0};

	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *text = NULL;

		assert_int_equal(
			redact_text(&redactor, form, examples[i].text, &text), 0);
		assert_string_equal(text, examples[i].expected);
	}
}

#define CHECK(form, examples) check(form, examples, ARRAY_SIZE(examples))

static void test_words(void **state)
{
	static const struct example examples[] = {
		{"", ""},
		{"00:1a:2b:3c:4d:5e", "00:00:00:00:00:01"},
		{"x=AA-BB-CC-DD-EE-FF,", "x=00-00-00-00-00-01,"},
		{"80:00:02:08:fe:80:00:00", "00:00:00:00:00:00:00:02"},
		{"enx001a2b3c4d5e/x", "enx000000000001/x"},
		{"wlx001A2B3C4D5F", "wlx000000000002"},
		{"enx001a2b3c4d5e", "enx000000000001"},
		{"a 1b4e28ba-2fa1-11d2-883f-0016d3cca427.b",
			"a 00000000-0000-0000-0000-000000000001.b"},
		{"luks-1B4E28BA-2fa1-11d2-883f-0016d3cca427",
			"luks-00000000-0000-0000-0000-000000000001"},
		{"2b4e28ba-2fa1-11d2-883f-0016d3cca427",
			"00000000-0000-0000-0000-000000000002"},
		{"eui.0025385b11b2e5c9", "eui.0000000000000001"},
		{"wwn-0x5002538e40b5f6a5", "wwn-0x0000000000000001"},
		{"d41d8cd98f00b204e9800998ecf8427e", "00000000000000000000000000000002"},
		{"from 192.168.1.23:80", "from 000.000.0.01:80"},
	};

	CHECK(REDACT_FORM_NAME, examples);
}

/* What the kernel's own names look like: none of it may change. */
static void test_kernel_names_stay(void **state)
{
	static const char *const names[] = {
		"sys/devices/pci0000:00/0000:00:01.0/10000:e0:1f.7", "nvme0n1p2",
		"../../../devices/pci0000:00/0000:00:14.0/usb1/1-1.2.3.4/1-1.2.3.4:1.0",
		"iommu/dmar0", "fd800000.pcie", "3c00000000.pcie", "enp0s31f6", "wlp3s0",
		"br-1234abcd5678", "PNP0A08:00", "4000000000-7fffffffff : 0000:00:01.0",
		"6.12.48+deb13-amd64", "6.1.0-18-amd64", "bc03sc00i00", "00:1f.6",
		"veth0a1b2c3", "arm-smmu-v3.0.auto", "xenx001a2b3c4d5e",
		"10de:2204:1043:8769"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		check(REDACT_FORM_NAME, &(struct example){names[i], names[i]}, 1);
}

static void test_cmdline(void **state)
{
	static const struct example examples[] = {
		{"BOOT_IMAGE=/boot/vmlinuz-6.1 root=UUID=1b4e28ba-2fa1-11d2-883f-0016d3cca427 ro",
			"BOOT_IMAGE=/boot/vmlinuz-6.1 root=UUID=name1 ro\n"},
		{"resume=/dev/disk/by-id/nvme-Samsung_SSD_S4EWNX0N123456-part2\n",
			"resume=/dev/disk/by-id/name2\n"},
		{"root=/dev/mapper/alice--vg-root resume=/dev/nvme0n1p3",
			"root=/dev/mapper/name3 resume=/dev/nvme0n1p3\n"},
		{"root=/dev/alicevg/data root=LABEL=alice root=ZFS=alicepool root=alice",
			"root=/dev/name4/name5 root=LABEL=name6 root=ZFS=name7 root=redacted\n"},
		{"ip=192.168.1.2::192.168.1.1:255.255.255.0:alice:eth0:off BOOTIF=01-00-1a-2b-3c-4d-5e",
			"ip=redacted BOOTIF=redacted\n"},
		{"ifname=lan:00:1a:2b:3c:4d:5e systemd.set_credential=password:hunter2",
			"ifname=redacted systemd.set_credential=redacted\n"},
		{"intel_iommu=on iommu=pt vfioboot.device=10de:2204,00:01.0/00 vfio-pci.ids=10de:2204",
			"intel_iommu=on iommu=pt vfioboot.device=10de:2204,00:01.0/00 "
			"vfio-pci.ids=10de:2204\n"},
		{"intel-iommu=on amd_iommu_dump=1 rd.driver.pre=vfio-pci quiet splash",
			"intel-iommu=on amd_iommu_dump=1 rd.driver.pre=vfio-pci quiet splash\n"},
		{"vfioboot.off vfioboot.profile=games acpi_osi=\"Windows 2015\"",
			"vfioboot.off vfioboot.profile=games \"acpi_osi=Windows 2015\"\n"},
		{"alice@example.org /home/alice 10.1.2.3 00:1a:2b:3c:4d:5e",
			"redacted redacted 00.0.0.1 redacted\n"},
		{"quiet -- --password hunter2", "quiet\n"},
		{"", ""},
	};

	CHECK(REDACT_FORM_CMDLINE, examples);
}

static void test_mounts(void **state)
{
	static const struct example examples[] = {
		{"22 28 0:21 / /proc rw shared:12 - proc proc rw\n"
		 "28 1 259:2 / / ro,relatime shared:1 - ext4 /dev/nvme0n1p2 rw,errors=remount-ro\n"
		 "29 1 0:30 /@home /home rw - btrfs /dev/mapper/alice-home rw,subvol=/@home\n",
			"28 1 259:2 / / rw shared:1 - ext4 /dev/nvme0n1p2 rw\n"
			"29 1 0:30 /name /home rw - btrfs /dev/mapper/name1 rw\n"},
		{"30 1 8:1 / /home/alice/photos rw - ext4 /dev/sda1 rw\n"
		 "31 1 8:2 / /media/alice/1b4e28ba-2fa1-11d2-883f-0016d3cca427 rw - vfat /dev/sdb1 rw\n"
		 "32 1 0:40 / /mnt rw - nfs4 nas.example.org:/alice rw,addr=10.0.0.2\n",
			"30 1 8:1 / /home/name2/name3 rw - ext4 /dev/sda1 rw\n"
			"31 1 8:2 / /media/name2/name4 rw - vfat /dev/sdb1 rw\n"
			"32 1 0:40 / /mnt rw - nfs4 server:/name rw\n"},
		{"33 1 0:41 / /srv rw - cifs //nas/alice rw,username=alice\n"
		 "34 1 0:42 / /var rw - zfs alicepool/var rw\n"
		 "35 1 0:43 / /boot rw - autofs systemd-1 rw,fd=42\n"
		 "36 1 0:44 / /x rw - bcachefs /dev/sda1:/dev/disk/by-id/S4EW rw\n",
			"33 1 0:41 / /srv rw - cifs //server/name rw\n"
			"34 1 0:42 / /var rw - zfs name5 rw\n"
			"35 1 0:43 / /boot rw - autofs name6 rw\n"
			"36 1 0:44 / /x rw - bcachefs /dev/sda1:/dev/disk/by-id/name7 rw\n"},
		{"rubbish\n37 1 0:1\n\n", ""},
	};

	CHECK(REDACT_FORM_MOUNTS, examples);
}

static void test_swaps_and_routes(void **state)
{
	static const struct example swaps[] = {
		{"Filename\t\t\tType\t\tSize\tUsed\tPriority\n"
		 "/dev/dm-1                               partition\t\t975868\t\t0\t\t-2\n"
		 "/home/alice/swap                        file\t\t1\t0\t-3\n",
			"Filename\t\t\tType\t\tSize\tUsed\tPriority\n"
			"/dev/dm-1                               partition\t\t975868\t\t0\t\t-2\n"
			"/home/name1/name2                        file\t\t1\t0\t-3\n"},
	};
	static const struct example routes[] = {
		{"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
		 "enx001a2b3c4d5e\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
		 "eno1\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n",
			"enx000000000001\t00000000\t00000000\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"},
	};
	static const struct example routes6[] = {
		{"20010db8000000000000000000000000 40 00000000000000000000000000000000 00 "
		 "00000000000000000000000000000000 00000100 00000001 00000000 00000001 eno1\n"
		 "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
		 "fe80000000000000021a2bfffe3c4d5e 00000400 00000003 00000000 00000003 eno1\n",
			"00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
			"00000000000000000000000000000000 00000400 00000003 00000000 00000003 eno1\n"},
	};

	CHECK(REDACT_FORM_SWAPS, swaps);
	CHECK(REDACT_FORM_ROUTES, routes);
	CHECK(REDACT_FORM_ROUTES6, routes6);
}

static void test_machine(void **state)
{
	static const struct example cpu[] = {
		{"processor\t: 0\nvendor_id\t: GenuineIntel\nmicrocode\t: 0xf0\nflags\t\t: vmx\n"
		 "Serial\t\t: 00000000abcdef01\n\nprocessor\t: 1\n",
			"processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: vmx\n"},
	};
	static const struct example iomem[] = {
		{"00100000-bfffffff : System RAM\n  01000000-01e00000 : Kernel code\n"
		 "90000000-907e8fff : BOOTFB\n",
			"00100000-bfffffff : System RAM\n90000000-907e8fff : BOOTFB\n"},
	};
	static const struct example interrupts[] = {
		{"            CPU0       CPU1\n"
		 "   1:          0         42  IR-IO-APIC    1-edge      i8042\n"
		 " 125:          0        913  IR-PCI-MSIX-0000:00:14.0    0-edge      enx001a2b3c4d5e\n",
			"0: 0 IR-IO-APIC\n0: 0 IR-PCI-MSIX-0000:00:14.0\n"},
	};

	CHECK(REDACT_FORM_CPUINFO, cpu);
	CHECK(REDACT_FORM_IOMEM, iomem);
	CHECK(REDACT_FORM_INTERRUPTS, interrupts);
}

static void test_our_files(void **state)
{
	static const struct example config[] = {
		{DROPIN_MARK
			"\n# Alice's SSD, serial S4EWNX0N123456\n  ; hunter2\n[device a] ; Alice\n"
			"path = 00:01.0/00 ; 00:1a:2b:3c:4d:5e\nid=10de:2204;x\n",
			DROPIN_MARK
			"\n#\n;\n[device a] ;\npath = 00:01.0/00 ;\nid=10de:2204;x\n"},
		{"[device a]\n\nid = 10de::1043:", "[device a]\n\nid = 10de::1043:\n"},
	};
	static const struct example protect[] = {
		{"# vfioboot protect list 1\nstorage 00:1d.0/00.0 144d:a808 / /home/alice swap\n"
		 "network 00:1f.6 8086:15bc enx001a2b3c4d5e\nincomplete\n",
			"#\nstorage 00:1d.0/00.0 144d:a808 / /home/name1 swap\n"
			"network 00:1f.6 8086:15bc enx000000000001\nincomplete\n"},
	};
	static const struct example record[] = {
		{"vfioboot-record 1\nconfig 0123456789abcdef\nerror /etc/a b.conf 12 bad S4EW 5\n",
			"vfioboot-record 1\nconfig 0123456789abcdef\n"
			"error /etc/a b.conf 12 an error, whose text was left out\n"},
	};

	CHECK(REDACT_FORM_CONFIG, config);
	CHECK(REDACT_FORM_PROTECT, protect);
	CHECK(REDACT_FORM_RECORD, record);
}

static void test_same_text_same_replacement(void **state)
{
	_cleanup_(redactor_free) struct redactor redactor = {0};
	_cleanup_free_ char *mounts = NULL, *mapped = NULL, *again = NULL;

	assert_int_equal(
		redact_text(&redactor, REDACT_FORM_MAPPED, "vg-root\n", &mapped), 0);
	assert_string_equal(mapped, "name1\n");
	assert_int_equal(
		redact_text(&redactor, REDACT_FORM_MOUNTS,
			"28 1 254:0 / / rw - ext4 /dev/mapper/vg-root rw\n", &mounts),
		0);
	assert_string_equal(mounts, "28 1 254:0 / / rw - ext4 /dev/mapper/name1 rw\n");
	/* What has been redacted once stays as it is. */
	redactor_free(&redactor);
	assert_int_equal(redact_text(&redactor, REDACT_FORM_MOUNTS, mounts, &again), 0);
	assert_string_equal(again, mounts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_kernel_names_stay),
		cmocka_unit_test(test_cmdline),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_swaps_and_routes),
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_our_files),
		cmocka_unit_test(test_same_text_same_replacement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
