/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which variant of vfio-pci a kernel has for a device. */
#include "decide/decide.h"
#include "support.h"

#define RELEASE "6.12.1"
#define ALIASES "lib/modules/" RELEASE "/modules.alias"
#define ANY     "sv*sd*bc*sc*i*"

static const struct pci_ids nic = {0x15b3, 0x101e, 0x15b3, 0x0023, 0x020000};
static const struct pci_ids sound = {0x10de, 0x1aef, 0x1043, 0x87b0, 0x040300};

static int set_up(void **state)
{
	if (fake_set_up(state) < 0)
		return -1;
	fake_put("proc/sys/kernel/osrelease", RELEASE "\n");
	fake_put(ALIASES,
		"# Aliases extracted from modules themselves.\n"
		"alias pci:v000015B3d0000101E" ANY " mlx5_core\n"
		"alias vfio_pci:v*d*" ANY " vfio_pci\n"
		"alias vfio_pci:v000015B3d*" ANY " whole_vendor\n"
		"alias vfio_pci:v000015B3d0000101E" ANY " mlx5_vfio_pci\n"
		"alias vfio_pci:v00008086d000056C0sv*sd*bc03sc80i* xe_vfio_pci\n");
	return 0;
}

/* What a section with one function, and perhaps another, gets. */
static void expect(
	const struct pci_ids *ids, const struct pci_ids *other, const char *expected)
{
	_cleanup_(root_close) struct root root = fake_open();
	char driver[CONFIG_DRIVER_SIZE] = "";

	variant_add(&root, ids, driver);
	if (other)
		variant_add(&root, other, driver);
	assert_string_equal(driver, expected);
}

static void test_closest(void **state)
{
	static const struct pci_ids vendor = {0x15b3, 0x1013, 0, 0, 0x020000},
				    gpu = {0x8086, 0x56c0, 1, 2, 0x038000},
				    no_gpu = {0x8086, 0x56c0, 1, 2, 0x030000};

	expect(&nic, NULL, "mlx5_vfio_pci");
	expect(&vendor, NULL, "whole_vendor");
	expect(&sound, NULL, "vfio-pci");
	expect(&gpu, NULL, "xe-vfio-pci"); /* as that driver is registered */
	expect(&no_gpu, NULL, "vfio-pci");
}

/* One driver for a section. */
static void test_several(void **state)
{
	expect(&nic, &nic, "mlx5_vfio_pci");
	expect(&nic, &sound, "vfio-pci");
	expect(&sound, &nic, "vfio-pci");
}

static void test_no_index(void **state)
{
	fake_remove(ALIASES);
	expect(&nic, NULL, "vfio-pci");
	fake_put("usr/" ALIASES, "alias vfio_pci:v000015B3d*" ANY " in_usr");
	expect(&nic, NULL, "in_usr");
	fake_remove("proc/sys/kernel/osrelease");
	expect(&nic, NULL, "vfio-pci");
}

static void test_odd_lines(void **state)
{
	fake_put(ALIASES,
		"alias vfio_pci:\nalias vfio_pci:v\nalias vfio_pci:v000015B3\n"
		"alias vfio_pci:v000015B3d0000101E" ANY "\n"
		"alias vfio_pci:v000015B3d0000101E" ANY "x y\n"
		"alias vfio_pci:v000015B3d0000101E" ANY
		" a_name_that_is_too_long_for_any_driver\n"
		"alias vfio_pci:v000015B3d000101E" ANY " short_digits\n"
		"alias vfio_pci:v*d0000101Esv000015B3sd*bc02sc*i* closest");
	expect(&nic, NULL, "closest");
}

static void test_resolve(void **state)
{
	static const char text[] = "[device nic]\nid = 15b3:101e\ndriver = auto\n"
				   "[device both]\nid = 15b3:101e, 10de:\ndriver = auto\n"
				   "[device absent]\nid = 1002:\ndriver = auto\n"
				   "[device named]\nid = 15b3:101e\ndriver = vfio-pci\n";
	static const char *const expected[] = {
		"mlx5_vfio_pci", "vfio-pci", "vfio-pci", "vfio-pci"};
	_cleanup_(root_close) struct root root = fake_open();
	static struct config config;
	static struct machine machine;

	machine.functions[0] = (struct pcidev){.address = {0, 1, 0}, .ids = nic};
	machine.functions[1] = (struct pcidev){.address = {0, 2, 0}, .ids = sound};
	machine.n_functions = 2;
	assert_int_equal(config_read_bytes(&config, text, strlen(text), "test.conf"), 0);
	assert_int_equal(config.n_errors, 0);
	/* Twice, as a run may look again. */
	variant_resolve(&root, &config, variant_machine, &machine);
	variant_resolve(&root, &config, variant_machine, &machine);
	for (unsigned i = 0; i < ARRAY_SIZE(expected); i++)
		assert_string_equal(config.sections[i].driver, expected[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fake_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_closest),
		TEST(test_several),
		TEST(test_no_index),
		TEST(test_odd_lines),
		TEST(test_resolve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
