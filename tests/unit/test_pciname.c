/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of PCI functions: what is accepted, what is not, and what comes back as text. */
#include <errno.h>

#include "base/pciname.h"
#include "support.h"

static void test_take_hex(void **state)
{
	static const struct {
		const char *text;
		int min, max;
		long value; /* -1: refused */
		const char *rest;
	} cases[] = {
		{"1f", 2, 2, 0x1f, ""},
		{"1F.", 2, 2, 0x1f, "."},
		{"1", 2, 2, -1, "1"},
		{"123", 2, 2, -1, "123"},
		{"", 1, 8, -1, ""},
		{"", 0, 8, 0, ""},
		{"g0", 1, 8, -1, "g0"},
		{"ffffffff:", 4, 8, 0xffffffff, ":"},
		{"000000000", 4, 8, -1, "000000000"},
		{"-1", 1, 8, -1, "-1"},
		{"0x10", 2, 4, -1, "0x10"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;
		uint32_t value = 0;

		assert_int_equal(pci_take_hex(&text, cases[i].min, cases[i].max, &value),
			cases[i].value >= 0);
		if (cases[i].value >= 0)
			assert_int_equal(value, cases[i].value);
		assert_string_equal(text, cases[i].rest);
	}
}

static void test_address_accepted(void **state)
{
	static const struct {
		const char *text, *canonical;
		bool slot;
	} cases[] = {
		{"0000:01:00.0", "0000:01:00.0", false},
		{"01:00.0", "0000:01:00.0", false},
		{"01:00", "0000:01:00.0", true},
		{"0000:01:00", "0000:01:00.0", true},
		{"FFFF:Ff:1F.7", "ffff:ff:1f.7", false},
		{"10000:e1:00.0", "10000:e1:00.0", false},
		{"123456:e1:00.0", "123456:e1:00.0", false},
		{"ffffffff:ff:1f.7", "ffffffff:ff:1f.7", false},
		{"00000000:00:00.0", "0000:00:00.0", false},
		{"00010000:00:00.0", "10000:00:00.0", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pci_address address;
		char text[PCI_ADDRESS_SIZE];
		bool slot = !cases[i].slot;

		assert_int_equal(pci_address_parse(cases[i].text, PCI_NAME_SLOT_TOO,
					 &address, &slot),
			0);
		assert_int_equal(slot, cases[i].slot);
		pci_address_format(address, text);
		assert_string_equal(text, cases[i].canonical);
		assert_int_equal(
			pci_address_parse(cases[i].text, PCI_NAME_WHOLE, &address, NULL),
			cases[i].slot ? -EINVAL : 0);
	}
}

static const char *const address_refused_cases[] = {
	"",
	"0",
	":",
	"01",
	"01:",
	"01:0",
	"01:00.",
	"01:00.8",
	"01:00.00",
	"01:00.0 ",
	" 01:00.0",
	"01:20.0",
	"1:00.0",
	"001:00.0",
	"000:01:00.0",
	"0000:1:00.0",
	"000000000:01:00.0",
	"0000:01:00.0:",
	"0000:01:000",
	"0000:001:00.0",
	"0000:01:00.0/00.0",
	"0000:01.0",
	"0000:0000:01:00.0",
	"01:00.0\n",
	"01:00:0",
	"01.00.0",
	"0x01:00.0",
	"+01:00.0",
	"01:-1.0",
	"10de:2204",
};

static void test_address_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(address_refused_cases); i++) {
		struct pci_address address = {0xabcd, 1, 2};
		bool slot = true;

		assert_int_equal(pci_address_parse(address_refused_cases[i],
					 PCI_NAME_SLOT_TOO, &address, &slot),
			-EINVAL);
		/* Outputs are written on success alone. */
		assert_true(slot && address.domain == 0xabcd && address.bus == 1 &&
			address.devfn == 2);
	}
}

static void test_path_accepted(void **state)
{
	static const struct {
		const char *text, *canonical;
		unsigned depth;
		bool slot;
	} cases[] = {
		{"00:02.0", "00:02.0", 1, false},
		{"00:02", "00:02.0", 1, true},
		{"00:01.0/00.0", "00:01.0/00.0", 2, false},
		{"00:01.0/00", "00:01.0/00.0", 2, true},
		{"0000:00:01.0/00.1", "00:01.0/00.1", 2, false},
		{"10000:E0:06.0/00.0", "10000:e0:06.0/00.0", 2, false},
		{"40:01.1/00.0/08.0/00.0", "40:01.1/00.0/08.0/00.0", 4, false},
		{"ffffffff:ff:1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/"
		 "1f.7/1f.7/1f.7/1f.7",
			"ffffffff:ff:1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/"
			"1f.7/1f.7/1f.7/1f.7/1f.7",
			16, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pci_path path, again;
		char text[PCI_PATH_SIZE];
		bool slot = !cases[i].slot;

		assert_int_equal(
			pci_path_parse(cases[i].text, PCI_NAME_SLOT_TOO, &path, &slot),
			0);
		assert_int_equal(path.depth, cases[i].depth);
		assert_int_equal(slot, cases[i].slot);
		pci_path_format(&path, text);
		assert_string_equal(text, cases[i].canonical);
		assert_int_equal(pci_path_parse(text, PCI_NAME_WHOLE, &again, NULL), 0);
		assert_true(pci_path_equal(&path, &again, false));
	}
}

/* One element more than a path may have. */
#define TOO_DEEP                                                                         \
	"00:00.0/00.0/00.0/00.0/00.0/00.0/00.0/00.0/00.0/00.0/00.0/00.0/00.0/00.0/"      \
	"00.0/00.0/00.0"

static void test_path_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"/",
		"00.0",
		"01.0/00.0",
		"00:01.0/",
		"/00:01.0",
		"00:01.0//00.0",
		"00:01/00.0",
		"00:01.0/00/00.0",
		"00:01.0/00.8",
		"00:01.0/20.0",
		"00:01.0/0.0",
		"00:01.0/000.0",
		"00:01.0/00.0 ",
		"00:01.0/00.0\n",
		"00:01.0/01:00.0",
		"0000:00:01.0/0000:01:00.0",
		"000:00:01.0/00.0",
		"00:01.0\\00.0",
		TOO_DEEP,
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pci_path path = {.depth = 9};
		bool slot = true;

		assert_int_equal(
			pci_path_parse(cases[i], PCI_NAME_SLOT_TOO, &path, &slot),
			-EINVAL);
		assert_true(slot && path.depth == 9);
	}
}

static void test_path_equal(void **state)
{
	static const struct {
		const char *a, *b;
		bool same, same_slot;
	} cases[] = {
		{"00:01.0/00.0", "00:01.0/00.0", true, true},
		{"00:01.0/00.0", "00:01.0/00.3", false, true},
		{"00:01.0/00.0", "00:01.0/01.0", false, false},
		{"00:01.0/00.0", "00:01.1/00.0", false, false},
		{"00:01.0/00.0", "00:01.0", false, false},
		{"00:01.0/00.0", "40:01.0/00.0", false, false},
		{"00:01.0/00.0", "0001:00:01.0/00.0", false, false},
		{"00:02.0", "00:02.1", false, true},
	};
	struct pci_path unknown = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pci_path a, b;

		assert_int_equal(pci_path_parse(cases[i].a, PCI_NAME_WHOLE, &a, NULL), 0);
		assert_int_equal(pci_path_parse(cases[i].b, PCI_NAME_WHOLE, &b, NULL), 0);
		assert_int_equal(pci_path_equal(&a, &b, false), cases[i].same);
		assert_int_equal(pci_path_equal(&a, &b, true), cases[i].same_slot);
		assert_int_equal(pci_path_equal(&b, &a, true), cases[i].same_slot);
		assert_false(pci_path_equal(&a, &unknown, true));
	}
	assert_false(pci_path_equal(&unknown, &unknown, false));
	assert_false(pci_path_equal(&unknown, &unknown, true));
}

#define DEVICES "../../../devices/"

static const struct {
	const char *link, *path; /* NULL: refused */
} path_from_link_cases[] = {
	{DEVICES "pci0000:00/0000:00:02.0", "00:02.0"},
	{DEVICES "pci0000:00/0000:00:01.0/0000:01:00.0", "00:01.0/00.0"},
	{DEVICES "pci0000:40/0000:40:01.1/0000:41:00.0/0000:42:08.0/0000:45:00.1",
		"40:01.1/00.0/08.0/00.1"},
	/* A VMD controller has a bus tree of its own below it. */
	{DEVICES "pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0",
		"10000:e0:06.0/00.0"},
	/* A host bridge that the firmware describes stands behind a platform device. */
	{DEVICES "platform/soc@0/1c00000.pcie/pci0002:00/0002:00:00.0/0002:01:00.0",
		"0002:00:00.0/00.0"},
	{DEVICES "pci0000:00", NULL},
	{DEVICES "pci0000:00/", NULL},
	{DEVICES "pci0000:00/power", NULL},
	{DEVICES "pci0000:00/0000:00:02.0/", NULL},
	{DEVICES "pci0000:00/0000:00:02.0/usb1", NULL},
	{DEVICES "pci0000:00/0000:00:02", NULL},
	{DEVICES "virtual/net/lo", NULL},
	{"", NULL},
	{"pci0000:00/0000:00:02.0", NULL},
};

static void test_path_from_link(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(path_from_link_cases); i++) {
		struct pci_path path = {.depth = 9};
		char text[PCI_PATH_SIZE];

		assert_int_equal(pci_path_from_link(path_from_link_cases[i].link, &path),
			path_from_link_cases[i].path ? 0 : -EINVAL);
		if (path_from_link_cases[i].path) {
			pci_path_format(&path, text);
			assert_string_equal(text, path_from_link_cases[i].path);
		} else {
			assert_int_equal(path.depth, 9);
		}
	}
}

static void test_ids_accepted(void **state)
{
	static const char *const texts[] = {
		"pci:v000010DEd00002204sv00001043sd00008769bc03sc00i01\n",
		"pci:v000010DEd00002204sv00001043sd00008769bc03sc00i01",
		"pci:v000010ded00002204sv00001043sd00008769bc03sc00i01",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct pci_ids ids;

		assert_int_equal(pci_ids_parse(texts[i], &ids), 0);
		assert_int_equal(ids.vendor, 0x10de);
		assert_int_equal(ids.device, 0x2204);
		assert_int_equal(ids.subvendor, 0x1043);
		assert_int_equal(ids.subdevice, 0x8769);
		assert_int_equal(ids.class, 0x030001);
	}
}

/* Fields of hex digits stand next to tags made of them: "d", "bc". */
static void test_ids_next_to_tags(void **state)
{
	struct pci_ids ids;

	assert_int_equal(
		pci_ids_parse(
			"pci:v0000DDDDd0000DDDDsv0000BCBCsd0000BCBCbcBCscFFiFF\n", &ids),
		0);
	assert_int_equal(ids.vendor, 0xdddd);
	assert_int_equal(ids.device, 0xdddd);
	assert_int_equal(ids.subvendor, 0xbcbc);
	assert_int_equal(ids.subdevice, 0xbcbc);
	assert_int_equal(ids.class, 0xbcffff);
}

static void test_ids_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"\n",
		"pci:",
		"usb:v1D6Bp0002d0612dc09dsc00dp01ic09isc00ip00in00\n",
		"pci:v000010DEd00002204sv00001043sd00008769bc03sc00i",
		"pci:v000010DEd00002204sv00001043sd00008769bc03sc00i0",
		"pci:v000010DEd00002204sv00001043sd00008769bc03sc00i000",
		"pci:v000010DEd00002204sv00001043sd00008769bc03sc00i00 ",
		"pci:v10DEd2204sv1043sd8769bc03sc00i00",
		"pci:v000010DEd00002204sv00001043sd00008769bc3sc00i00",
		"pci:v000010DEd00002204sv00001043bc03sc00i00",
		"pci:v0000-0DEd00002204sv00001043sd00008769bc03sc00i00",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pci_ids ids = {.vendor = 0xabcd};

		assert_int_equal(pci_ids_parse(cases[i], &ids), -EINVAL);
		assert_int_equal(ids.vendor, 0xabcd);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take_hex),
		cmocka_unit_test(test_address_accepted),
		cmocka_unit_test(test_address_refused),
		cmocka_unit_test(test_path_accepted),
		cmocka_unit_test(test_path_refused),
		cmocka_unit_test(test_path_equal),
		cmocka_unit_test(test_path_from_link),
		cmocka_unit_test(test_ids_accepted),
		cmocka_unit_test(test_ids_next_to_tags),
		cmocka_unit_test(test_ids_refused),
	};

	return cmocka_run_group_tests_name("pciname", tests, NULL, NULL);
}
