/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which cards of now the leftovers of other ways mean, item by item. */
#include "check/check.h"
#include "support.h"

#define PCI    "pci0000:00/0000:00:0"
#define FIRST  PCI "1.0/0000:01:00."
#define SECOND PCI "2.0/0000:02:00."
#define DRIVE  PCI "3.0/0000:03:00."

#define CONF "etc/modprobe.d/vfio.conf"

/* Two identical cards of two functions each, and a drive. */
static int set_up(void **state)
{
	int r = fake_set_up(state);

	fake_function(FIRST "0", 0x10de, 0x2206);
	fake_function(FIRST "1", 0x10de, 0x1aef);
	fake_function(SECOND "0", 0x10de, 0x2206);
	fake_function(SECOND "1", 0x10de, 0x1aef);
	fake_function(DRIVE "0", 0x144d, 0xa808);
	fake_put("proc/cmdline", "quiet\n");
	return r;
}

static void bind(const char *function)
{
	char link[256];

	snprintf(link, sizeof(link), "sys/devices/%s/driver", function);
	fake_link(link, "../../../../bus/pci/drivers/vfio-pci");
}

static void print(FILE *out, const struct root *root, const struct import *import)
{
	static const char *const states[] = {
		[IMPORT_MEANT] = "meant",
		[IMPORT_CONFIGURED] = "configured",
		[IMPORT_ABSENT] = "absent",
		[IMPORT_SEVERAL] = "several",
		[IMPORT_DRIVER] = "driver",
		[IMPORT_GUEST] = "guest",
	};
	char place[256];

	import_place(root, import, place, sizeof(place));
	fprintf(out, "%s %s %s", place, *import->what ? import->what : "-",
		states[import->state]);
	for (size_t i = 0; i < import->n; i++) {
		char address[PCI_ADDRESS_SIZE];

		pci_address_format(import->functions[i]->dev.address, address);
		fprintf(out, " %s", address + strlen("0000:"));
	}
	fputc('\n', out);
}

/* The items, a line each: PLACE WHAT STATE ADDRESS... */
static void expect(const char *lines)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(facts_free) struct facts facts = {0};
	_cleanup_(nextboot_free) struct nextboot *next = NULL;
	_cleanup_(imports_free) struct imports imports = {0};
	_cleanup_free_ char *text = NULL;
	struct text_stream all;

	assert_int_equal(facts_read(&root, &facts), 0);
	assert_int_equal(nextboot_read(&facts, NULL, &next), 0);
	assert_int_equal(imports_find(&facts, next, &imports), 0);
	assert_true(text_stream_open(&all));
	for (size_t i = 0; i < imports.n; i++)
		print(all.out, &root, &imports.list[i]);
	text = text_stream_take(&all);
	assert_string_equal(text, lines);
}

static void test_none(void **state)
{
	expect("");
}

static void test_ids(void **state)
{
	fake_put(CONF, "options vfio-pci ids=144d:a808,10de:ffff disable_vga=1\n");
	expect("/" CONF ":1 144d:a808 meant 03:00.0\n"
	       "/" CONF ":1 10de:ffff absent\n");
}

static void test_ids_of_two_cards(void **state)
{
	fake_put(CONF, "options vfio-pci ids=10de:2206,10de:1aef\n");
	expect("/" CONF ":1 10de:2206 several 01:00.0 02:00.0\n"
	       "/" CONF ":1 10de:1aef several 01:00.1 02:00.1\n");
	/* One of them has it now: it may be the one that is meant, or the other one failed. */
	bind(SECOND "0");
	bind(SECOND "1");
	expect("/" CONF ":1 10de:2206 several 01:00.0 02:00.0\n"
	       "/" CONF ":1 10de:1aef several 01:00.1 02:00.1\n");
	bind(FIRST "0");
	bind(FIRST "1");
	expect("/" CONF ":1 10de:2206 meant 01:00.0 02:00.0\n"
	       "/" CONF ":1 10de:1aef meant 01:00.1 02:00.1\n");
}

/* Another item says which card is meant. */
static void test_ids_are_settled(void **state)
{
	fake_put(CONF, "options vfio-pci ids=10de:2206,10de:1aef\n");
	fake_put("etc/driverctl.d/pci-0000:02:00.0", "vfio-pci\n");
	expect("/" CONF ":1 10de:2206 meant 02:00.0\n"
	       "/" CONF ":1 10de:1aef meant 02:00.1\n"
	       "/etc/driverctl.d/pci-0000:02:00.0 0000:02:00.0 meant 02:00.0\n");
}

static void test_configured(void **state)
{
	fake_put("etc/vfioboot.conf", "[device a]\naddress = 02:00\n");
	fake_put(CONF, "options vfio-pci ids=10de:2206,144d:a808\n");
	fake_put("etc/driverctl.d/pci-0000:02:00.1", "vfio-pci\n");
	expect("/" CONF ":1 10de:2206 configured\n"
	       "/" CONF ":1 144d:a808 meant 03:00.0\n"
	       "/etc/driverctl.d/pci-0000:02:00.1 0000:02:00.1 configured\n");
}

static void test_driverctl(void **state)
{
	fake_put("etc/driverctl.d/pci-0000:01:00.0", "vfio-pci\n");
	fake_put("etc/driverctl.d/pci-0000:02:00.0", "nouveau\n");
	fake_put("etc/driverctl.d/pci-0000:09:00.0", "vfio-pci\n");
	fake_put("etc/driverctl.d/pci-0000:01:00.0.bak", "vfio-pci\n");
	expect("/etc/driverctl.d/pci-0000:01:00.0 0000:01:00.0 meant 01:00.0\n"
	       "/etc/driverctl.d/pci-0000:02:00.0 0000:02:00.0 driver 02:00.0\n"
	       "/etc/driverctl.d/pci-0000:09:00.0 0000:09:00.0 absent\n");
}

/* This boot's, and where GRUB takes those of the next ones from: each once. */
static void test_cmdline(void **state)
{
	fake_put("proc/cmdline", "quiet vfio-pci.ids=144d:a808 vfio_pci.ids=10de:fffe\n");
	expect("kernel command line 144d:a808 meant 03:00.0\n"
	       "kernel command line 10de:fffe absent\n");
	fake_put("boot/grub/grub.cfg", "menuentry 'a' {\n linux /vmlinuz\n}\n");
	fake_put("etc/debian_version", "12\n");
	fake_put("etc/default/grub",
		"# mine\nGRUB_CMDLINE_LINUX_DEFAULT=\"vfio-pci.ids=144d:a808 "
		"pci-stub.ids=10de:fffd\"\n");
	expect("/etc/default/grub:2 144d:a808 meant 03:00.0\n"
	       "kernel command line 10de:fffe absent\n"
	       "/etc/default/grub:2 10de:fffd absent\n");
}

/* A script names what it likes; of two identical cards, one by its ids alone. */
static void test_scripts(void **state)
{
	fake_put("etc/initramfs-tools/scripts/init-top/vfio",
		"for d in 0000:02:00.0 0000:03:00.0; do\n"
		"echo vfio-pci >/sys/bus/pci/devices/$d/driver_override\ndone\n");
	fake_put("etc/libvirt/hooks/qemu", "virsh nodedev-detach pci_0000_01_00_0\n");
	expect("/etc/initramfs-tools/scripts/init-top/vfio - meant 02:00.0 03:00.0\n"
	       "/etc/libvirt/hooks/qemu - guest 01:00.0\n");
	fake_put("etc/initramfs-tools/scripts/init-top/vfio",
		"echo 10de 2206 >/sys/bus/pci/drivers/vfio-pci/new_id\n");
	fake_remove("etc/libvirt/hooks/qemu");
	expect("/etc/initramfs-tools/scripts/init-top/vfio - several 01:00.0 02:00.0\n");
}

static void test_list_beside_a_script(void **state)
{
	fake_put("etc/vfio-pci.cfg", "DEVICES=\"0000:02:00.0 0000:02:00.1\"\n");
	fake_put("usr/bin/vfio-bind", "echo vfio-pci >$dev/driver_override\n");
	fake_put("etc/systemd/system/vfio-bind.service",
		"[Service]\nEnvironmentFile=-/etc/vfio-pci.cfg\nExecStart=/usr/bin/vfio-bind\n");
	fake_link("etc/systemd/system/multi-user.target.wants/vfio-bind.service",
		"../vfio-bind.service");
	expect("/etc/systemd/system/vfio-bind.service - meant 02:00.0 02:00.1\n");
}

static void test_unraid(void **state)
{
	fake_put("boot/config/vfio-pci.cfg",
		"BIND=02:00.0|10de:2206 0000:02:00.1|10de:ffff 144d:a808 nonsense |\r\n");
	expect("/boot/config/vfio-pci.cfg:1 - meant 02:00.0 03:00.0\n");
	fake_put("boot/config/vfio-pci.cfg", "BIND=\n");
	expect("/boot/config/vfio-pci.cfg:1 - absent\n");
}

/* Whatever is in the files, each item is one line of printable text. */
static void test_hostile(void **state)
{
	fake_put(CONF, "options vfio-pci ids=,,:,10de\x1b[31m:2206,ffffffff:ffffffff,\n");
	fake_put("etc/driverctl.d/pci-0000:02:00.0", "x\x01\n");
	fake_put("etc/driverctl.d/pci-../../x", "vfio-pci\n");
	fake_put("boot/config/vfio-pci.cfg", "BIND=||| \xff\n");
	expect("/" CONF ":1 : absent\n"
	       "/" CONF ":1 10de?[31m:2206 absent\n"
	       "/" CONF
	       ":1 ffffffff:ffffffff several 01:00.0 01:00.1 02:00.0 02:00.1 03:00.0\n"
	       "/etc/driverctl.d/pci-0000:02:00.0 0000:02:00.0 driver 02:00.0\n"
	       "/boot/config/vfio-pci.cfg:1 - absent\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, fake_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_none),
		TEST(test_ids),
		TEST(test_ids_of_two_cards),
		TEST(test_ids_are_settled),
		TEST(test_configured),
		TEST(test_driverctl),
		TEST(test_cmdline),
		TEST(test_scripts),
		TEST(test_list_beside_a_script),
		TEST(test_unraid),
		TEST(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
