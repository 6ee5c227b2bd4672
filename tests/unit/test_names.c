/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for people: what the database says, made short, and what stands in for it. */
#include "facts/names.h"
#include "support.h"

static const struct {
	const char *vendor, *model;
	uint32_t class;
	const char *name;
} names[] = {
	{"NVIDIA Corporation", "GA102 [GeForce RTX 3080]", 0x030000,
		"NVIDIA GeForce RTX 3080"},
	{"NVIDIA Corporation", "GA102 [GeForce RTX 3080] (GAMING X)", 0x030000,
		"NVIDIA GeForce RTX 3080"},
	{"NVIDIA Corporation", "GA102 High Definition Audio Controller", 0x040300,
		"NVIDIA GA102 HD Audio"},
	{"Advanced Micro Devices, Inc. [AMD/ATI]",
		"Ellesmere HDMI Audio [Radeon RX 470/480]", 0x040300,
		"AMD Ellesmere HDMI Audio"},
	{"Advanced Micro Devices, Inc. [AMD/ATI]", "Raphael", 0x030000,
		"AMD Raphael graphics"},
	{"ASPEED Technology, Inc.", "ASPEED Graphics Family", 0x030000,
		"ASPEED Graphics Family"},
	{"Samsung Electronics Co Ltd",
		"NVMe SSD Controller SM981/PM981/PM983 (SSD 970 EVO/PRO)", 0x010802,
		"Samsung SSD 970 EVO/PRO"},
	{"Samsung Electronics Co Ltd", "NVMe SSD Controller SM981/PM981/PM983", 0x010802,
		"Samsung NVMe SSD SM981/PM981/PM983"},
	{"Intel Corporation",
		"NVMe Datacenter SSD [3DNAND, Beta Rock Controller] (NVMe Datacenter "
		"SSD [3DNAND] SE 2.5\" U.2 (P4500))",
		0x010802, "Intel NVMe Datacenter SSD [3DNAND] SE 2.5\" U.2 (P4500)"},
	{"NVIDIA Corporation", "GA102 [GeForce RTX 3080] (GAMING X (LHR))", 0x030000,
		"NVIDIA GeForce RTX 3080"},
	{"", "odd) (drive)", 0x010802, "drive"},
	{"", "odd))", 0x010802, "odd))"},
	{"Intel Corporation", "Cannon Lake PCH USB 3.1 xHCI Host Controller", 0x0c0330,
		"Intel Cannon Lake USB 3.1"},
	{"Renesas Electronics Corp.", "uPD720201 xHCI Host Controller (rev 2) B",
		0x0c0330, "Renesas uPD720201 xHCI (rev 2) B"},
	{"Red Hat, Inc.", "", 0x010802, "Red Hat NVMe drive"},
	{"", "", 0x030200, "graphics card"},
	{"", "", 0xff0000, "device"},
	{" Corp", "[]", 0x030000, " Corp graphics card"},
};

static void test_make(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char name[64];

		names_make(names[i].vendor, names[i].model, names[i].class, name,
			sizeof(name));
		assert_string_equal(name, names[i].name);
	}
}

/* Texts of the database are cut, whatever their length. */
static void test_make_long(void **state)
{
	char vendor[1024] = "", model[1024] = "", name[16];

	memset(vendor, 'v', sizeof(vendor) - 1);
	memset(model, 'm', sizeof(model) - 1);
	names_make(vendor, model, 0x030000, name, sizeof(name));
	assert_string_equal(name, "vvvvvvvvvvvvvvv");
	names_make("", model, 0x030000, name, sizeof(name));
	assert_string_equal(name, "mmmmmmmmmmmmmmm");
}

static void test_type(void **state)
{
	static const struct {
		uint32_t class;
		const char *type;
	} cases[] = {
		{0x030000, "graphics card"},
		{0x038000, "graphics card"},
		{0x010802, "NVMe drive"},
		{0x010601, "SATA controller"},
		{0x018000, "storage controller"},
		{0x020000, "Ethernet card"},
		{0x028000, "network card"},
		{0x0c0330, "USB controller"},
		{0x0c8000, "serial bus controller"},
		{0x060400, "PCI bridge"},
		{0x068000, "bridge"},
		{0x000000, "device"},
		{0xffff00, "device"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(names_type(cases[i].class), cases[i].type);
}

/* With a database or without one there is a name, and it fits the rest. */
static void test_look_up(void **state)
{
	static const struct pci_ids known = {0x10de, 0x2206, 0x1043, 0x87b0, 0x030000};
	static const struct pci_ids unknown = {0xfffc, 0xfffe, 0, 0, 0x010802};
	struct names *database = NULL;
	struct function_name name;

	assert_int_equal(names_open(&database), 0);
	names_look_up(database, &unknown, &name);
	assert_string_equal(name.name, "NVMe drive");
	assert_string_equal(name.vendor, "");
	assert_string_equal(name.model, "");
	names_look_up(database, &known, &name);
	if (*name.vendor) {
		assert_string_equal(name.vendor, "NVIDIA Corporation");
		assert_non_null(strstr(name.name, "NVIDIA "));
	} else {
		assert_string_equal(name.name, "graphics card");
	}
	names_close(&database);
	assert_null(database);
	names_close(&database);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_make_long),
		cmocka_unit_test(test_type),
		cmocka_unit_test(test_look_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
