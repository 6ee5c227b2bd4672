/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of drop-ins, and that the reader of the configuration takes it as it is meant. */
#include <errno.h>

#include "fakehost.h"

#include "decide/dropin.h"

#define FILE_NAME "etc/vfioboot.conf.d/set.conf"

/* A function behind the port 00:01.0, or with bus 0 on the root bus. */
static struct pcidev function(uint8_t bus, pci_devfn devfn, uint16_t device)
{
	struct pcidev dev = {.address = {0, bus, devfn},
		.path = {.depth = 1, .devfn = {devfn}},
		.ids = {.vendor = 0x10de, .device = device}};

	if (bus)
		dev.path = (struct pci_path){.depth = 2, .devfn = {0x08, devfn}};
	return dev;
}

static void expect_text(const struct dropin *dropin, const char *expected)
{
	static struct config config;
	_cleanup_free_ char *text = NULL;

	memset(&config, 0, sizeof(config));
	assert_int_equal(dropin_format(dropin, &text), 0);
	assert_string_equal(text, expected);
	assert_int_equal(dropin_read_text(&config, text, "/" FILE_NAME), 0);
	assert_int_equal(config.n_errors, 0);
	assert_int_equal(config.n_sections, 1);
	assert_string_equal(config.sections[0].name, dropin->name);
	assert_int_equal(config.sections[0].expect, dropin->n_functions);
	assert_string_equal(config.files[config.sections[0].place.file], "/" FILE_NAME);
}

static void test_whole_slot(void **state)
{
	struct pcidev functions[] = {function(1, 0, 0x2206), function(1, 1, 0x1aef)};
	static const char *const titles[] = {"A card", "Its audio"};
	struct dropin dropin = {.name = "gpu",
		.functions = functions,
		.whole_slots = (const bool[]){true, true},
		.titles = titles,
		.n_functions = 2};

	expect_text(&dropin,
		DROPIN_MARK "\n"
			    "# 00:01.0/00.0 10de:2206 A card\n"
			    "# 00:01.0/00.1 10de:1aef Its audio\n"
			    "[device gpu]\npath = 00:01.0/00\nid = 10de:2206, 10de:1aef\n"
			    "expect = 2\n");
}

static void test_everything(void **state)
{
	struct pcidev functions[] = {function(0, 0xfb, 0xa348), function(1, 0, 0x2206),
		function(1, 1, 0x2206), function(1, 9, 0x1aef)};
	struct dropin dropin = {.name = "a_set",
		.profile = "games",
		.driver = "mlx5_vfio_pci",
		.last_display = true,
		.functions = functions,
		.whole_slots = (const bool[]){false, true, true, false},
		.n_functions = 4};

	expect_text(&dropin,
		DROPIN_MARK "\n"
			    "# 00:1f.3 10de:a348 \n"
			    "# 00:01.0/00.0 10de:2206 \n"
			    "# 00:01.0/00.1 10de:2206 \n"
			    "# 00:01.0/01.1 10de:1aef \n"
			    "[device a_set]\n"
			    "path = 00:1f.3\npath = 00:01.0/00\npath = 00:01.0/01.1\n"
			    "id = 10de:a348, 10de:2206, 10de:1aef\n"
			    "expect = 4\ndriver = mlx5_vfio_pci\nprofile = games\n"
			    "last-display = yes\n");
}

/* A line of a configuration has 198 bytes. */
static void test_long(void **state)
{
	static struct pcidev functions[40];
	static const char *titles[ARRAY_SIZE(functions)];
	static const bool whole[ARRAY_SIZE(functions)];
	static struct config config;
	struct dropin dropin = {.name = "many",
		.functions = functions,
		.whole_slots = whole,
		.titles = titles,
		.n_functions = ARRAY_SIZE(functions)};
	_cleanup_free_ char *text = NULL;
	char title[400] = "";

	memset(title, 'x', sizeof(title) - 1);
	for (unsigned i = 0; i < ARRAY_SIZE(functions); i++) {
		functions[i] = function(1, (pci_devfn)i, (uint16_t)(0x1000 + i));
		titles[i] = title;
	}
	assert_int_equal(dropin_format(&dropin, &text), 0);
	assert_int_equal(dropin_read_text(&config, text, "x"), 0);
	assert_int_equal(config.n_errors, 0);
	assert_int_equal(config.sections[0].n_selectors, 80);
}

static void test_no_path(void **state)
{
	struct pcidev dev = {0};
	struct dropin dropin = {.name = "x",
		.functions = &dev,
		.whole_slots = (const bool[]){false},
		.n_functions = 1};
	char *text = NULL;

	assert_int_equal(dropin_format(&dropin, &text), -EINVAL);
	assert_null(text);
}

static int is_ours(const char *text)
{
	_cleanup_(root_close) struct root root = fake_open();

	if (text)
		fake_put(FILE_NAME, text);
	return dropin_is_ours(&root, "/" FILE_NAME);
}

static void test_is_ours(void **state)
{
	assert_int_equal(is_ours(NULL), -ENOENT);
	assert_int_equal(is_ours(DROPIN_MARK "\n[device a]\nid = 1:2\n"), 1);
	assert_int_equal(is_ours(DROPIN_MARK "\n; note\n[device a]\nexpect = x\n"), 1);
	assert_int_equal(is_ours("[device a]\nid = 1:2\n"), 0);
	assert_int_equal(is_ours("\n" DROPIN_MARK "\n[device a]\n"), 0);
	assert_int_equal(is_ours(DROPIN_MARK " \n[device a]\n"), 0);
	assert_int_equal(is_ours(DROPIN_MARK "\n"), 0);
	assert_int_equal(is_ours(DROPIN_MARK "\n[device a]\n[device b]\n"), 0);
	assert_int_equal(is_ours(DROPIN_MARK "\n[device a]\n[boot]\n"), 0);
	assert_int_equal(is_ours(DROPIN_MARK "\n[device a]\nnonsense\n"), 0);
	assert_int_equal(is_ours(DROPIN_MARK "\nkey = value\n[device a]\n"), 0);
	assert_int_equal(is_ours(""), 0);
}

static void test_equal(void **state)
{
	assert_true(dropin_equal("", ""));
	assert_true(dropin_equal(
		"# x\n[device a]\nid = 1:2\n", "[device a]\n; y\nid = 1:2\n#"));
	assert_false(dropin_equal("[device a]\nid = 1:2\n", "[device a]\n"));
	assert_false(dropin_equal("[device a]\n", "[device a]\nid = 1:2\n"));
	assert_false(dropin_equal("[device a]\nid = 1:2\n", "[device a]\nid = 1:3\n"));
	assert_false(dropin_equal("# x\n", "[device a]\n"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, host_set_up, fake_tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_whole_slot),
		TEST(test_everything),
		TEST(test_long),
		TEST(test_no_path),
		TEST(test_is_ours),
		TEST(test_equal),
	};

	return cmocka_run_group_tests_name("dropin", tests, NULL, NULL);
}
