/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which functions go together, on a composed machine. */
#include "fakehost.h"

#include "facts/deviceset.h"

#define CARD "pci0000:00/0000:00:01.0/0000:02:00.0"

static void add_one(
	const char *path, const char *class, const char *group, const char *driver)
{
	add_function(path, 0x10de, 0x2206, class);
	if (group)
		set_group(path, group);
	if (driver)
		set_driver(path, driver);
}

static int set_up(void **state)
{
	int r = host_set_up(state);

	add_one("pci0000:00/0000:00:01.0", BRIDGE, "5", "pcieport");
	add_one(CARD, VGA, "7", "nouveau");
	add_one("pci0000:00/0000:00:01.0/0000:02:00.1", "bc04sc03i00", "7", NULL);
	add_one("pci0000:00/0000:00:01.0/0000:02:00.2", NET, "8", "igbvf");
	put_link("sys/devices/pci0000:00/0000:00:01.0/0000:02:00.2/physfn",
		"sys/devices/" CARD);
	add_one("pci0000:00/0000:00:1f.0", "bc06sc01i00", "10", "lpc_ich");
	add_one("pci0000:00/0000:00:1f.3", "bc04sc03i00", "10", "snd_hda_intel");
	set_group("pci0000:00/0000:00:1f.6", "11");
	return r;
}

/* The set of what @name names, as text: "ADDRESS named", "card" or "group", "whole". */
static void expect_set(const char *name, bool only, const char *expected)
{
	static const char *const whys[] = {[DEVICESET_NAMED] = "named",
		[DEVICESET_CARD] = "card",
		[DEVICESET_GROUPED] = "group"};
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(pcibus_free) struct pcibus machine = {0};
	_cleanup_(deviceset_free) struct deviceset set = {0};
	struct selector selector;
	char text[1024] = "";

	assert_int_equal(pcibus_read(&root, &machine), 0);
	assert_int_equal(selector_parse(name, &selector), 0);
	assert_int_equal(deviceset_add(&set, &machine,
				 deviceset_next(&machine, &selector, NULL), only),
		0);
	for (size_t i = 0; i < set.n; i++) {
		char address[PCI_ADDRESS_SIZE];

		pci_address_format(set.members[i].function->dev.address, address);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %s%s\n",
			address, whys[set.members[i].why],
			deviceset_has_slot(&set, &machine, &set.members[i]) ? " whole"
									    : "");
	}
	for (size_t i = 0; i < machine.n; i++)
		if (deviceset_shares_group(&set, &machine, &machine.functions[i]) &&
			!pcibus_leaves_group(machine.functions[i].dev.driver))
			snprintf(text + strlen(text), sizeof(text) - strlen(text),
				"blocked by %s\n", machine.functions[i].dev.driver);
	assert_string_equal(text, expected);
}

/* The virtual function is in the slot, and stays: so the slot is not the set's. */
static void test_slot(void **state)
{
	expect_set("02:00.0", false, "0000:02:00.0 named\n0000:02:00.1 card\n");
	expect_set("02:00.1", false,
		"0000:02:00.0 card\n"
		"0000:02:00.1 named\n");
	expect_set("02:00.2", false, "0000:02:00.2 named\n");
}

static void test_whole_slot(void **state)
{
	add_ssd();
	expect_set("01:00.0", false, "0000:01:00.0 named whole\n");
	expect_set("01:00.0", true, "0000:01:00.0 named\n");
}

static void test_only(void **state)
{
	expect_set("02:00.1", true, "0000:02:00.1 named\nblocked by nouveau\n");
	/* What has no driver keeps no group. */
	expect_set("02:00.0", true, "0000:02:00.0 named\n");
}

/* The LAN of the chipset is in another group; the ISA bridge does not come along. */
static void test_root_bus(void **state)
{
	expect_set("00:1f.3", false, "0000:00:1f.3 named\nblocked by lpc_ich\n");
	expect_set("00:1f.6", false, "0000:00:1f.6 named\n");
	add_one("pci0000:00/0000:00:1f.4", "bc0Csc05i00", "10", "i801_smbus");
	expect_set("00:1f.3", false,
		"0000:00:1f.3 named\n0000:00:1f.4 group\nblocked by lpc_ich\n");
}

static void test_harmless_drivers(void **state)
{
	static const char *const drivers[] = {
		"pcieport", "vfio-pci", "mlx5_vfio_pci", "pci-stub"};

	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		char path[64];

		snprintf(path, sizeof(path), "pci0000:00/0000:00:0%zu.0", i + 2);
		add_one(path, NET, "7", drivers[i]);
	}
	expect_set("02:00.0", false, "0000:02:00.0 named\n0000:02:00.1 card\n");
	add_one("pci0000:00/0000:00:09.0", NET, "7", "e1000e");
	expect_set("02:00.0", false,
		"0000:02:00.0 named\n0000:02:00.1 card\nblocked by e1000e\n");
}

/* Without an IOMMU no function keeps anything. */
static void test_no_groups(void **state)
{
	add_one("pci0000:00/0000:00:08.0", NET, NULL, "a");
	add_one("pci0000:00/0000:00:08.1", NET, NULL, "b");
	expect_set("00:08.0", false, "0000:00:08.0 named\n");
	add_one("pci0000:00/0000:00:1c.0/0000:07:00.0", NET, NULL, "a");
	add_one("pci0000:00/0000:00:1c.0/0000:07:00.1", NET, NULL, "b");
	expect_set(
		"07:00.0", false, "0000:07:00.0 named whole\n0000:07:00.1 card whole\n");
}

/* A switch of an enclosure, whose maker has a network card below it, is not of the card. */
static void test_switch_of_another(void **state)
{
	static const char card[] =
		"pci0000:00/0000:00:1d.0/0000:04:00.0/0000:05:01.0/0000:06:00.0";

	add_function("pci0000:00/0000:00:1d.0", 0x8086, 0x7ab0, BRIDGE);
	add_function("pci0000:00/0000:00:1d.0/0000:04:00.0", 0x8086, 0x15da, BRIDGE);
	add_function("pci0000:00/0000:00:1d.0/0000:04:00.0/0000:05:01.0", 0x8086, 0x15da,
		BRIDGE);
	add_function("pci0000:00/0000:00:1d.0/0000:04:00.0/0000:05:02.0", 0x8086, 0x15da,
		BRIDGE);
	add_function(card, 0x10de, 0x2206, VGA);
	add_function("pci0000:00/0000:00:1d.0/0000:04:00.0/0000:05:02.0/0000:07:00.0",
		0x8086, 0x1533, NET);
	expect_set("06:00.0", false, "0000:06:00.0 named whole\n");
	/* One with the card's own maker is. */
	add_function("pci0000:00/0000:00:1d.0/0000:04:00.0", 0x10de, 0x15da, BRIDGE);
	add_function("pci0000:00/0000:00:1d.0/0000:04:00.0/0000:05:02.0/0000:07:00.0",
		0x10de, 0x1533, NET);
	expect_set(
		"06:00.0", false, "0000:06:00.0 named whole\n0000:07:00.0 card whole\n");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, fake_tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_slot),
		TEST(test_whole_slot),
		TEST(test_only),
		TEST(test_root_bus),
		TEST(test_harmless_drivers),
		TEST(test_no_groups),
		TEST(test_switch_of_another),
	};

	return cmocka_run_group_tests_name("deviceset", tests, NULL, NULL);
}
