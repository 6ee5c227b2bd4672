/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lookup on composed machines: what it finds, and above all what it does not read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../lib/compose.h"
#include "../lib/tree.h"
#include "base/util.h"
#include "decide/machine.h"
#include "support.h"

#define FIXTURES "tests/fixtures"

static char top[TREE_TEMPORARY_SIZE];

static struct world {
	struct config config;
	struct protect_list protect;
	struct machine machine;
} world;

static int remove_root(void **state)
{
	return tree_remove(top);
}

static int setup_root(void **state)
{
	memset(&world, 0, sizeof(world));
	return tree_make_temporary(top);
}

static void compose(const char *machine)
{
	char file[256];

	snprintf(file, sizeof(file), FIXTURES "/%s/machine", machine);
	assert_int_equal(compose_machine(file, top), 0);
}

static void put(const char *name, const char *text)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static struct config_section *add_section(const char *selector, const char *second)
{
	struct config *config = &world.config;
	struct config_section *section = &config->sections[config->n_sections++];
	const char *const texts[] = {selector, second};

	*section = (struct config_section){
		.driver = "vfio-pci", .first_selector = (uint16_t)config->n_selectors};
	for (size_t i = 0; i < ARRAY_SIZE(texts) && texts[i]; i++) {
		struct selector *parsed = &config->selectors[config->n_selectors++];

		assert_int_equal(selector_parse(texts[i], parsed), 0);
		config_note_selector(section, parsed);
	}
	return section;
}

static void protect(char *text)
{
	assert_int_equal(protect_parse(&world.protect, text), 0);
}

static int look_up(void)
{
	struct root root;
	int r;

	assert_int_equal(root_open(top, &root), 0);
	r = machine_look_up(&root, &world.config, &world.protect, &world.machine);
	root_close(&root);
	return r;
}

static const struct pcidev *function_at(const char *text)
{
	struct pci_address address;

	assert_int_equal(pci_address_parse(text, PCI_NAME_WHOLE, &address, NULL), 0);
	for (unsigned i = 0; i < world.machine.n_functions; i++)
		if (pci_address_equal(world.machine.functions[i].address, address))
			return &world.machine.functions[i];
	return NULL;
}

static void assert_path(const struct pcidev *dev, const char *expected)
{
	char text[PCI_PATH_SIZE];

	assert_non_null(dev);
	pci_path_format(&dev->path, text);
	assert_string_equal(text, expected);
}

static void test_path_reads_what_it_names(void **state)
{
	char list[] = "display 00:02.0 8086:4680 boot\n";

	compose("functions-4096");
	protect(list);
	add_section("00:07.7/00", "10de:");
	assert_int_equal(look_up(), 0);
	assert_int_equal(world.machine.n_functions, 2);
	/* It has vfio-pci: before it had, the display that stays counts, too. */
	world.machine.n_functions = 0;
	strcpy(world.config.sections[0].driver, "pci-stub");
	assert_int_equal(look_up(), 0);
	assert_false(world.machine.whole);
	assert_int_equal(world.machine.n_functions, 3);
	assert_path(function_at("0000:20:00.0"), "00:07.7/00.0");
	assert_path(function_at("0000:20:00.1"), "00:07.7/00.1");
	assert_path(function_at("0000:00:02.0"), "00:02.0");
}

static void test_address_reads_what_it_names(void **state)
{
	compose("functions-4096");
	add_section("0000:4f:1f.3", "15b3:101e");
	assert_int_equal(look_up(), 0);
	assert_false(world.machine.whole);
	assert_int_equal(world.machine.n_functions, 1);
	assert_path(&world.machine.functions[0], "00:11.7/1f.3");
}

static void test_id_reads_all(void **state)
{
	compose("functions-4096");
	add_section("15b3:101e", NULL);
	assert_int_equal(look_up(), 0);
	assert_true(world.machine.whole);
	assert_false(world.machine.truncated);
	/* A display, 48 root ports, 64 functions of cards, 4032 of network cards. */
	assert_int_equal(world.machine.n_functions, 1 + 48 + 64 + 4032);
}

static uint64_t order_of(unsigned function)
{
	struct pci_address a = world.machine.functions[function].address;

	return (uint64_t)a.domain << 16 | (uint64_t)a.bus << 8 | a.devfn;
}

/* A directory of the kernel has no order that would be the same at the next boot. */
static void test_all_in_order(void **state)
{
	compose("vmd");
	add_section("class:01", NULL);
	assert_int_equal(look_up(), 0);
	assert_int_equal(world.machine.n_functions, 8);
	for (unsigned i = 1; i < world.machine.n_functions; i++)
		assert_true(order_of(i - 1) < order_of(i));
}

static void test_details(void **state)
{
	const struct pcidev *dev;

	compose("nested-bridges");
	add_section("0000:06:00.1", NULL);
	assert_int_equal(look_up(), 0);
	dev = function_at("0000:06:00.1");
	assert_path(dev, "00:07.0/00.0/01.0/00.1");
	assert_true(dev->detailed);
	assert_true(dev->has_iommu_group);
	assert_string_equal(dev->driver, "snd_hda_intel");
	assert_int_equal(dev->ids.vendor, 0x10de);
	assert_int_equal(dev->ids.device, 0x10f0);
	assert_int_equal(dev->ids.subvendor, 0x1462);
	assert_int_equal(dev->ids.subdevice, 0x3362);
	assert_int_equal(dev->ids.class, 0x040300);
}

static void test_no_driver_no_group(void **state)
{
	const struct pcidev *dev;

	compose("no-iommu");
	add_section("00:01.0/00.0", NULL);
	add_section("0000:00:02.0", NULL);
	assert_int_equal(look_up(), 0);
	dev = function_at("0000:01:00.0");
	assert_non_null(dev);
	assert_true(dev->detailed);
	assert_false(dev->has_iommu_group);
	assert_string_equal(dev->driver, "nouveau");
}

/* A virtual function of the next bus number has a path that another function has, too. */
static void test_spilled_function(void **state)
{
	const struct pcidev *pf, *vf;

	compose("sriov");
	add_section("00:03.0/00.0", NULL);
	add_section("15b3:101e", NULL);
	assert_int_equal(look_up(), 0);
	pf = function_at("0000:01:00.0");
	vf = function_at("0000:02:00.0");
	assert_path(pf, "00:03.0/00.0");
	assert_non_null(vf);
	assert_true(vf->detailed);
	assert_false(pci_path_equal(&pf->path, &vf->path, false));
}

/* In whatever order the directory has them: one that spilled is not taken for its neighbour. */
static void test_spilled_in_any_order(void **state)
{
	static const char bridge[] = "sys/devices/pci0000:00/0000:00:03.0";
	char path[256], aside[256];

	compose("sriov");
	add_section("00:03.0/00", NULL);
	snprintf(path, sizeof(path), "%s/%s/0000:01:00.0", top, bridge);
	snprintf(aside, sizeof(aside), "%s/aside", top);
	for (unsigned round = 0; round < 2; round++) {
		world.machine.n_functions = 0;
		assert_int_equal(look_up(), 0);
		assert_path(function_at("0000:01:00.0"), "00:03.0/00.0");
		assert_path(function_at("0000:01:00.1"), "00:03.0/00.1");
		assert_null(function_at("0000:02:00.0"));
		/* As if it was found after the others. */
		assert_int_equal(rename(path, aside), 0);
		assert_int_equal(rename(aside, path), 0);
	}
}

/* That one function is known says nothing for another one, which is of another device. */
static void test_identity_of_several(void **state)
{
	static const char directory[] = "sys/devices/pci0000:00/0000:00:01.1";
	static const struct {
		const char *first, *second;
		enum identity identity;
	} cases[] = {
		{"aa", "aa", IDENTITY_SAME},
		{"aa", "bb", IDENTITY_OTHER},
		{"bb", "aa", IDENTITY_OTHER},
	};
	char name[128];

	compose("identical-cards");
	strcpy(add_section("00:01.1/00", NULL)->identity[SYSFS_SERIAL], "aa");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(name, sizeof(name), "%s/0000:02:00.0/serial_number", directory);
		put(name, cases[i].first);
		snprintf(name, sizeof(name), "%s/0000:02:00.1/serial_number", directory);
		put(name, cases[i].second);
		world.machine.n_functions = 0;
		assert_int_equal(look_up(), 0);
		assert_int_equal(world.machine.identity[0], cases[i].identity);
	}
}

/* The links say which is which; one on the next bus has the path of none. */
static void test_virtual_by_number(void **state)
{
	const struct pcidev *physical, *vf;

	compose("sriov");
	add_section("vf:1-2@00:03.0/00.0", NULL);
	assert_int_equal(look_up(), 0);
	assert_false(world.machine.whole);
	assert_int_equal(world.machine.n_functions, 3);
	physical = function_at("0000:01:00.0");
	assert_path(physical, "00:03.0/00.0");
	assert_int_equal(physical->total_vfs, 4);
	assert_int_equal(physical->num_vfs, 4);
	assert_true(physical->virtual_used);
	vf = function_at("0000:02:00.0");
	assert_non_null(vf);
	assert_int_equal(vf->vf, 2);
	assert_true(pci_path_equal(&vf->physical, &physical->path, false));
	assert_int_equal(vf->total_vfs, 0);
	assert_int_equal(function_at("0000:01:1f.7")->vf, 1);
}

static void test_virtual_not_there(void **state)
{
	compose("sriov");
	add_section("vf:0-1@00:03.0/00.1", NULL);
	add_section("vf:4-9@00:03.0/00.0", NULL);
	add_section("vf:0@00:04.0/00.0", NULL);
	assert_int_equal(look_up(), 0);
	assert_int_equal(world.machine.n_functions, 2);
	assert_int_equal(function_at("0000:01:00.1")->num_vfs, 0);
}

static void test_follow_in_place(void **state)
{
	char list[] = "display 00:02.0 8086:3e98 boot\n";

	compose("identical-cards");
	protect(list);
	add_section("00:01.1/00.0", "10de:2206")->follow = true;
	assert_int_equal(look_up(), 0);
	assert_false(world.machine.whole);
}

static void test_follow_moved(void **state)
{
	compose("card-added");
	add_section("0000:03:00.0", "144d:a808")->follow = true;
	assert_int_equal(look_up(), 0);
	assert_true(world.machine.whole);
	assert_true(function_at("0000:04:00.0")->detailed);
}

static void test_listed_display_spares_reading_all(void **state)
{
	char list[] = "display 00:05.0/00.0 1a03:2000 boot\n";

	compose("two-displays");
	protect(list);
	add_section("00:01.0/00", NULL);
	assert_int_equal(look_up(), 0);
	assert_false(world.machine.whole);
	assert_true(*function_at("0000:03:00.0")->driver);
}

/* No other display is looked for when none is taken any more. */
static void test_display_is_given(void **state)
{
	compose("display-on-vfio");
	add_section("00:03.1/00", NULL);
	assert_int_equal(look_up(), 0);
	assert_false(world.machine.whole);
	assert_int_equal(world.machine.n_functions, 2);
	assert_string_equal(function_at("0000:02:00.0")->driver, "vfio-pci");
	world.machine.n_functions = 0;
	/* Whose driver is another one may take it from there. */
	strcpy(add_section("00:01.0/00.1", NULL)->driver, "none");
	assert_int_equal(look_up(), 0);
	assert_true(world.machine.whole);
}

static void test_listed_display_gone(void **state)
{
	char list[] = "display 00:06.0/00.0 1a03:2000 boot\n";

	compose("two-displays");
	protect(list);
	add_section("00:01.0/00", NULL);
	assert_int_equal(look_up(), 0);
	assert_true(world.machine.whole);
	assert_true(*function_at("0000:03:00.0")->driver);
}

static void test_protected_in_place(void **state)
{
	char list[] = "storage 00:06.0/00.0 144d:a80c /\n";

	compose("nvme-in-gpu-group");
	protect(list);
	add_section("00:1b.0/00.0", NULL);
	assert_int_equal(look_up(), 0);
	assert_false(world.protect.entries[0].missing);
}

static void test_protected_missing(void **state)
{
	char list[] = "storage 00:07.0/00.0 144d:a80c /\n";

	compose("nvme-in-gpu-group");
	protect(list);
	add_section("00:1b.0/00.0", NULL);
	assert_int_equal(look_up(), 0);
	assert_true(world.protect.entries[0].missing);
}

/* Another device of its maker has its place: it is missing, and may be the one that looks like it. */
static void test_protected_is_another(void **state)
{
	char list[] = "storage 00:06.0/00.0 144d:a80c /\n";

	compose("nvme-in-gpu-group");
	put("sys/devices/pci0000:00/0000:00:06.0/0000:02:00.0/modalias",
		"pci:v0000144Dd0000A808sv0000144Dsd0000A801bc01sc08i02\n");
	protect(list);
	add_section("00:1b.0/00.0", NULL);
	assert_int_equal(look_up(), 0);
	assert_true(world.protect.entries[0].missing);
}

static void test_inactive_sections_read_nothing(void **state)
{
	compose("identical-cards");
	add_section("10de:2206", NULL)->bad = true;
	strcpy(add_section("00:01.1/00", NULL)->profile, "other");
	assert_int_equal(look_up(), 0);
	assert_int_equal(world.machine.n_functions, 0);
	world.config.off = true;
	add_section("10de:2206", NULL);
	assert_int_equal(look_up(), 0);
	assert_int_equal(world.machine.n_functions, 0);
	assert_false(world.machine.whole);
}

static void test_garbled_ids(void **state)
{
	compose("identical-cards");
	put("sys/devices/pci0000:00/0000:00:01.1/0000:02:00.0/modalias",
		"pci:v000010DEd\n");
	put("sys/devices/pci0000:00/0000:00:01.1/0000:02:00.1/modalias", "");
	put("sys/bus/pci/devices/0000:99:00.0x", "");
	add_section("10de:", NULL);
	assert_int_equal(look_up(), 0);
	assert_null(function_at("0000:02:00.0"));
	assert_null(function_at("0000:02:00.1"));
	assert_non_null(function_at("0000:01:00.0"));
}

static void test_no_bus(void **state)
{
	add_section("00:01.1/00", NULL);
	assert_int_equal(look_up(), 0);
	assert_int_equal(world.machine.n_functions, 0);
	add_section("10de:", NULL);
	assert_int_equal(look_up(), -ENOENT);
}

/* One function more than fit: plain directories in the place of links will do. */
static void test_too_many(void **state)
{
	char name[128];

	compose("no-iommu");
	for (unsigned i = 0; i <= MACHINE_FUNCTIONS_MAX; i++) {
		int n = snprintf(name, sizeof(name),
			"%s/sys/bus/pci/devices/1000:%02x:%02x.%x", top, i >> 8,
			i >> 3 & 0x1f, i & 7);

		assert_int_equal(mkdir(name, 0755), 0);
		snprintf(name + n, sizeof(name) - (size_t)n, "/modalias");
		put(name + strlen(top) + 1,
			"pci:v000015B3d0000101Esv000015B3sd00000043bc02sc00i00\n");
	}
	add_section("00:01.0/00.1", NULL);
	add_section("15b3:", NULL);
	assert_int_equal(look_up(), 0);
	assert_true(world.machine.truncated);
	assert_int_equal(world.machine.n_functions, MACHINE_FUNCTIONS_MAX);
	assert_non_null(function_at("0000:01:00.1"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_root, remove_root)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_path_reads_what_it_names),
		TEST(test_address_reads_what_it_names),
		TEST(test_id_reads_all),
		TEST(test_all_in_order),
		TEST(test_details),
		TEST(test_no_driver_no_group),
		TEST(test_spilled_function),
		TEST(test_spilled_in_any_order),
		TEST(test_identity_of_several),
		TEST(test_virtual_by_number),
		TEST(test_virtual_not_there),
		TEST(test_follow_in_place),
		TEST(test_follow_moved),
		TEST(test_listed_display_spares_reading_all),
		TEST(test_listed_display_gone),
		TEST(test_display_is_given),
		TEST(test_protected_in_place),
		TEST(test_protected_missing),
		TEST(test_protected_is_another),
		TEST(test_inactive_sections_read_nothing),
		TEST(test_garbled_ids),
		TEST(test_no_bus),
		TEST(test_too_many),
	};

	return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
