/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which functions of the host a guest of libvirt gets, by definitions as libvirt writes them, and by
 * what nobody should be able to do with one; and the device sets that these are of.
 */
#include "handover/handover.h"

#include <stdio.h>

#include "support.h"

#define HEAD                                                                              \
	"<domain type='kvm' id='3'>\n  <name>win11</name>\n"                              \
	"  <metadata>\n    <x:y xmlns:x='http://x'><hostdev mode='subsystem' type='pci'>" \
	"<source><address bus='0x77'/></source></hostdev></x:y>\n  </metadata>\n"         \
	"  <devices>\n    <emulator>/usr/bin/qemu-system-x86_64</emulator>\n"
#define TAIL "  </devices>\n</domain>\n"

#define HOSTDEV(managed, address)                                                        \
	"    <hostdev mode='subsystem' type='pci' managed='" managed                     \
	"'>\n      <driver name='vfio'/>\n      <source>\n        <address " address     \
	"/>\n      </source>\n      <alias name='hostdev0'/>\n"                          \
	"      <address type='pci' domain='0x0000' bus='0x09' slot='0x00' "              \
	"function='0x0'/>\n    </hostdev>\n"
#define AT(bus, slot, function)                                                          \
	"domain='0x0000' bus='" bus "' slot='" slot "' function='" function "'"

/* The functions, with blanks between, or "CODE TEXT" of the message. */
static const char *read_text(const char *xml, size_t size)
{
	static char text[1024];
	struct libvirt_domain domain = {0};
	struct message message = {0};
	int r = libvirt_read_domain(xml, size, &domain, &message);

	text[0] = '\0';
	if (r < 0) {
		assert_int_equal(message.code, r);
		assert_null(domain.functions);
		snprintf(text, sizeof(text), "%d %s", r, message.text);
		return text;
	}
	assert_int_equal(message.code, 0);
	for (size_t i = 0; i < domain.n; i++) {
		char name[PCI_ADDRESS_SIZE];

		pci_address_format(domain.functions[i], name);
		strcat(strcat(text, i ? " " : ""), name);
	}
	libvirt_free_domain(&domain);
	return text;
}

#define functions_of(xml) read_text(xml, strlen(xml))

static void expect_refusal(const char *xml, const char *word)
{
	const char *text = functions_of(xml);

	if (*text != '-' || !strstr(text, word))
		fail_msg("expected '%s', got '%s'", word, text);
}

static void test_host_devices(void **state)
{
	assert_string_equal(functions_of(HEAD TAIL), "");
	assert_string_equal(
		functions_of(HEAD HOSTDEV("yes", AT("0x01", "0x00", "0x0"))
				HOSTDEV("no", AT("0x01", "0x00", "0x1")) TAIL),
		"0000:01:00.0 0000:01:00.1");
	/* Each once, and numbers as libvirt takes them. */
	assert_string_equal(
		functions_of(HEAD HOSTDEV("yes", AT("1", "31", "7")) HOSTDEV(
			"yes", "domain='0x10000' bus='0xff' slot='0' function='0'")
				HOSTDEV("yes", AT("0x01", "0x1f", "0x7"))
					HOSTDEV("no", "bus='0x02' slot='0x00'") TAIL),
		"0000:01:1f.7 10000:ff:00.0 0000:02:00.0");
}

/* What has an address of the guest, or a device of the host that is not on PCI. */
static void test_what_is_no_host_device(void **state)
{
	assert_string_equal(
		functions_of(HEAD
			"<hostdev mode='subsystem' type='usb' managed='yes'><source>"
			"<vendor id='0x1234'/><address bus='1' device='2'/></source></hostdev>"
			"<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source>"
			"<address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>"
			"<hostdev mode='capabilities' type='misc'><source><char>x</char></source>"
			"</hostdev>"
			"<interface type='network'><source network='default'/>"
			"<address type='pci' domain='0' bus='0x01' slot='0' function='0'/>"
			"</interface>"
			"<video><model type='qxl'/><address type='pci' bus='0x05'/></video>"
			"<!-- " HOSTDEV("yes", AT("0x08", "0x00", "0x0")) " -->" TAIL),
		"");
}

static void test_other_ways_to_give_a_function(void **state)
{
	assert_string_equal(
		functions_of(HEAD
			"<interface type='hostdev' managed='yes'><mac address='52:54:00:6d:90:02'/>"
			"<source><address type='pci' domain='0x0000' bus='0x03' slot='0x10' "
			"function='0x2'/></source></interface>"
			"<disk type='nvme' device='disk'><driver name='qemu' type='raw'/>"
			"<source type='pci' managed='yes' namespace='1'><address "
			"domain='0x0000' bus='0x04' slot='0x00' function='0x0'/></source>"
			"<target dev='vda' bus='virtio'/></disk>"
			"<disk type='file' device='disk'><source file='/x'/></disk>" TAIL),
		"0000:03:10.2 0000:04:00.0");
}

/* libvirt takes the whole chain of a disk (virhostdev.c, virHostdevGetNVMeDeviceList()). */
static void test_backing_drive(void **state)
{
#define NVME(bus)                                                                           \
	"<source type='pci' managed='yes' namespace='1'><address domain='0x0000' bus='" bus \
	"' slot='0x00' function='0x0'/></source>"
#define BELOW(type, what) "<backingStore type='" type "'>" what "</backingStore>"
	static const char chain[] = "<disk type='file'><source file='/x'/>" BELOW(
		"file", "<source file='/y'/>" BELOW("nvme", NVME("4"))) "</disk>";
	static const char drives[] =
		"<disk type='nvme'>" NVME("5") BELOW("nvme", NVME("6")) "</disk>";
	char xml[2048];

	text_join(xml, sizeof(xml), HEAD, chain, drives, TAIL, NULL);
	assert_string_equal(functions_of(xml), "0000:04:00.0 0000:05:00.0 0000:06:00.0");
}

static void test_what_cannot_be_read(void **state)
{
	expect_refusal("", "well-formed");
	expect_refusal("text", "well-formed");
	expect_refusal(HEAD, "well-formed");
	expect_refusal(
		"<network><name>n</name></network>", "not the definition of a guest");
	expect_refusal(HEAD "<hostdev mode='subsystem' type='pci'/>" TAIL,
		"<hostdev> of the host without a valid address");
	expect_refusal(HEAD HOSTDEV("yes", "bus='0x100'") TAIL, "valid address");
	expect_refusal(HEAD HOSTDEV("yes", "slot='0x20'") TAIL, "valid address");
	expect_refusal(HEAD HOSTDEV("yes", "function='8'") TAIL, "valid address");
	expect_refusal(HEAD HOSTDEV("yes", "bus='-1'") TAIL, "valid address");
	expect_refusal(HEAD HOSTDEV("yes", "bus=''") TAIL, "valid address");
	expect_refusal(HEAD HOSTDEV("yes", "bus='0x1 '") TAIL, "valid address");
	expect_refusal(HEAD HOSTDEV("yes", "domain='99999999999999999999'") TAIL,
		"valid address");
}

/* Nothing is expanded, and nothing is fetched: there is no document type in a definition. */
static void test_entities(void **state)
{
	char text[512];

	fake_put("secret", HOSTDEV("yes", AT("0x06", "0x00", "0x0")));
	snprintf(text, sizeof(text),
		"<!DOCTYPE domain [<!ENTITY e SYSTEM 'file://%s'>]>"
		"<domain><devices>&e;</devices></domain>",
		fake_path("secret"));
	expect_refusal(text, "document type");
	expect_refusal("<!DOCTYPE domain SYSTEM 'http://192.0.2.1/x.dtd'><domain/>",
		"document type");
	expect_refusal("<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>"
		       "<!ENTITY c '&b;&b;&b;&b;'>]><domain>&c;</domain>",
		"document type");
	expect_refusal("<domain>&undeclared;</domain>", "well-formed");
}

static void test_size(void **state)
{
	size_t size = LIBVIRT_XML_MAX + 1;
	char *text = malloc(size + 1);

	assert_non_null(text);
	memset(text, ' ', size);
	memcpy(text, "<domain>", 8);
	memcpy(text + size - 10, "</domain> ", 10);
	assert_string_equal(read_text(text, size - 1), "");
	assert_non_null(strstr(read_text(text, size), "more than 4 MiB"));
	/* Deep nesting ends, too. */
	for (size_t i = 0; i + 3 <= size; i += 3)
		memcpy(text + i, "<a>", 3);
	assert_non_null(strstr(read_text(text, size - 1), "well-formed"));
	free(text);
}

/* ---- device sets ------------------------------------------------------------------------ */

static struct config config;
static struct root root;

/* The sets, "NAME" or "NAME(lacks LIST)" each, of a guest that gets the functions. */
static const char *sets_of(const char *text, const char *devices)
{
	static char out[1024];
	struct libvirt_domain domain = {0};
	struct libvirt_sets sets = {0};
	struct pcibus bus = {0};
	char xml[4096];

	memset(&config, 0, sizeof(config));
	assert_int_equal(dropin_read_text(&config, text, "test"), 0);
	snprintf(xml, sizeof(xml), "<domain><devices>%s</devices></domain>", devices);
	assert_int_equal(libvirt_read_domain(xml, strlen(xml), &domain, NULL), 0);
	assert_int_equal(pcibus_read(&root, &bus), 0);
	assert_int_equal(libvirt_find_sets(&config, &bus, &domain, &sets), 0);
	out[0] = '\0';
	for (size_t i = 0; i < sets.n; i++) {
		const char *lacking = sets.list[i].lacking;

		strcat(strcat(out, i ? " " : ""), sets.list[i].name);
		if (*lacking)
			strcat(strcat(strcat(out, "(lacks "), lacking), ")");
	}
	free(sets.list);
	pcibus_free(&bus);
	libvirt_free_domain(&domain);
	return out;
}

static int set_up(void **state)
{
	fake_set_up(state);
	fake_function("pci0000:00/0000:00:01.0/0000:01:00.0", 0x10de, 0x2204);
	fake_function("pci0000:00/0000:00:01.0/0000:01:00.1", 0x10de, 0x1aef);
	fake_function("pci0000:00/0000:00:02.0/0000:02:00.0", 0x144d, 0xa808);
	fake_function("pci0000:00/0000:00:03.0/0000:03:00.0", 0x8086, 0x1533);
	root = fake_open();
	return 0;
}

static int tear_down(void **state)
{
	root_close(&root);
	return fake_tear_down(state);
}

#define GPU     HOSTDEV("yes", AT("0x01", "0x00", "0x0"))
#define SOUND   HOSTDEV("no", AT("0x01", "0x00", "0x1"))
#define DRIVE   HOSTDEV("yes", AT("0x02", "0x00", "0x0"))
#define NETWORK HOSTDEV("yes", AT("0x03", "0x00", "0x0"))

#define CONFIG                                                                           \
	"[device gpu]\npath = 00:01.0/00\nexpect = 2\nbind = demand\n"                   \
	"[device drive]\npath = 00:02.0/00.0\nid = 144d:a808\n"                          \
	"[device other]\nid = 1234:5678\nbind = demand\n"                                \
	"[device bad]\nid = 8086:1533\nbind = demand\nwrong = 1\n"

static void test_sets(void **state)
{
	assert_string_equal(sets_of(CONFIG, GPU SOUND DRIVE NETWORK), "gpu");
	assert_string_equal(sets_of(CONFIG, SOUND), "gpu(lacks 0000:01:00.0)");
	/* One that is bound at boot, or has an error, is no hook's. */
	assert_string_equal(sets_of(CONFIG, DRIVE NETWORK), "");
	assert_string_equal(sets_of(CONFIG, HOSTDEV("no", AT("0x66", "0", "0"))), "");
	assert_string_equal(sets_of(CONFIG, ""), "");
	assert_string_equal(
		sets_of(CONFIG "[device net]\naddress = 03:00.0\nbind = demand\n",
			NETWORK GPU),
		"gpu(lacks 0000:01:00.1) net");
}

static void test_all(void **state)
{
	const struct config_section *section;

	assert_string_equal(
		sets_of(CONFIG "[libvirt]\nall = yes\n", GPU DRIVE NETWORK SOUND),
		"gpu libvirt-0-03-00.0");
	section = config_find_section(&config, "libvirt-0-03-00.0");
	assert_non_null(section);
	assert_true(!section->bad && section->expect == 1);
	assert_string_equal(section->driver, "vfio-pci");
	/* Those of no section are one set. */
	assert_string_equal(sets_of("[libvirt]\nall = yes\n", NETWORK SOUND GPU),
		"libvirt-0-01-00.0");
	assert_int_equal(config.sections[0].expect, 3);
	assert_string_equal(sets_of("[libvirt]\nall = no\n", NETWORK SOUND GPU), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_devices),
		cmocka_unit_test(test_what_is_no_host_device),
		cmocka_unit_test(test_other_ways_to_give_a_function),
		cmocka_unit_test(test_backing_drive),
		cmocka_unit_test(test_what_cannot_be_read),
		cmocka_unit_test_setup_teardown(test_entities, set_up, tear_down),
		cmocka_unit_test(test_size),
		cmocka_unit_test_setup_teardown(test_sets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_all, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
