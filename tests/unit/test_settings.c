/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings of a function, against a kernel that is played as drivers/pci/pci-sysfs.c and pci.c answer.
 *
 * Linked with --wrap for sysfs_write_attribute.
 */
#include <errno.h>

#include "bind/bind.h"
#include "support.h"

#define CARD      "sys/bus/pci/devices/0000:02:00.0/"
#define FLAGS     0x14220cu /* memory, 64 bits, prefetchable */
#define STEPS_MAX 12

static const struct pci_address address = {.bus = 2};
static struct config config;
static struct step steps[STEPS_MAX];
static unsigned n_steps;
static struct virtual_made made;

/* The kernel: what it takes, and what it was asked. */
static struct kernel {
	const char *methods;  /* that it can really do */
	unsigned window_bits; /* sizes from here on are too large for a bridge: 2^N MiB */
	int error;            /* of each write */
	bool forgets;         /* says yes, and nothing changes */
	bool loses_bar;       /* a failed resize leaves the BAR without a place, once */
	char log[512];
} kernel;

/* BAR 0 of 16 MiB, and BAR 1 of 2^@bits MiB. */
static void put_bars(unsigned bits, unsigned flags)
{
	char text[512];

	snprintf(text, sizeof(text),
		"0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200\n"
		"0x0000006000000000 0x%016llx 0x%016x\n"
		"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
		"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
		"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
		"0x0000000000000000 0x0000000000000000 0x0000000000000000\n",
		0x6000000000ull + (1ull << (20 + bits)) - 1, flags);
	fake_put(CARD "resource", text);
}

static int take_methods(const char *value)
{
	char words[64], padded[66], known[80];

	snprintf(words, sizeof(words), "%s", value);
	snprintf(known, sizeof(known), " %s ", kernel.methods);
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
		snprintf(padded, sizeof(padded), " %s ", word);
		if (!strstr(known, padded))
			return -EINVAL;
	}
	snprintf(known, sizeof(known), "%s\n", value);
	fake_put(CARD "reset_method", known);
	return 0;
}

static int take_size(const char *value)
{
	unsigned bits = (unsigned)strtoul(value, NULL, 0);

	if (bits < kernel.window_bits) {
		put_bars(bits, FLAGS);
		return 0;
	}
	if (kernel.loses_bar)
		put_bars(8, FLAGS | 0x20000000);
	kernel.loses_bar = false;
	return -ENOSPC;
}

/* drivers/pci/iov.c, sriov_numvfs_store() */
static int take_vfs(const char *value)
{
	unsigned n = (unsigned)strtoul(value, NULL, 0);
	char link[128], target[64];

	if (n && readlink(fake_path(CARD "virtfn0"), target, sizeof(target)) >= 0)
		return -EBUSY;
	for (unsigned i = 0; i < 8; i++) {
		snprintf(link, sizeof(link), CARD "virtfn%u", i);
		snprintf(target, sizeof(target), "../0000:02:10.%u", i);
		unlink(fake_path(link));
		if (i < n)
			fake_link(link, target);
	}
	return 0;
}

int __wrap_sysfs_write_attribute(const struct root *root, struct pci_address card,
	enum sysfs_attribute attribute, const char *value);
int __wrap_sysfs_write_attribute(const struct root *root, struct pci_address card,
	enum sysfs_attribute attribute, const char *value)
{
	size_t len = strlen(kernel.log);

	(void)root;
	assert_true(pci_address_equal(card, address));
	snprintf(kernel.log + len, sizeof(kernel.log) - len, "%s%s", len ? ";" : "",
		value);
	if (kernel.error || kernel.forgets)
		return kernel.error;
	if (attribute == SYSFS_RESET_METHOD)
		return take_methods(value);
	if (attribute >= SYSFS_RESIZE)
		return take_size(value);
	if (attribute == SYSFS_NUM_VFS)
		return take_vfs(value);
	if (attribute == SYSFS_VF_AUTOPROBE) {
		fake_put(CARD "sriov_drivers_autoprobe", value);
		return 0;
	}
	fake_put(attribute == SYSFS_D3COLD ? CARD "d3cold_allowed" : CARD "power/control",
		value);
	return 0;
}

static int set_up(void **state)
{
	kernel = (struct kernel){.methods = "flr bus", .window_bits = 64};
	memset(&config, 0, sizeof(config));
	made.n = 0;
	if (fake_set_up(state) < 0)
		return -1;
	fake_put(CARD "d3cold_allowed", "1\n");
	fake_put(CARD "power/control", "auto\n");
	fake_put(CARD "reset_method", "flr bus\n");
	fake_put(CARD "resource1_resize", "0000000000007f00\n");
	put_bars(8, FLAGS);
	return 0;
}

/* Does the steps of a section with these keys, those before the driver or after. */
static void run(const char *keys, bool look_only, bool late)
{
	_cleanup_(root_close) struct root root = fake_open();
	struct settings settings = {.root = &root,
		.section = &config.sections[0],
		.address = address,
		.steps = steps,
		.made = &made,
		.look_only = look_only,
		.late = late};
	char text[512];

	root.live = true;
	if (!config.n_sections) {
		snprintf(text, sizeof(text), "[device card]\nid = 10de:\n%s\n", keys);
		assert_int_equal(
			config_read_bytes(&config, text, strlen(text), "test.conf"), 0);
		assert_int_equal(config.n_errors, 0);
		n_steps = settings_list(&config.sections[0], 7, NULL);
		assert_true(n_steps <= STEPS_MAX);
		assert_int_equal(settings_list(&config.sections[0], 7, steps), n_steps);
	}
	settings.n = n_steps;
	kernel.log[0] = '\0';
	settings_do(&settings);
}

/* All steps, one a line: "KEY WANTED RESULT REASON VALUE". */
static void expect(const char *expected)
{
	char text[1024] = "";

	for (unsigned i = 0; i < n_steps; i++) {
		char wanted[SETTING_VALUE_SIZE];
		size_t len = strlen(text);

		setting_format_wanted(&config.sections[0], &steps[i], wanted);
		assert_int_equal(steps[i].entry, 7);
		snprintf(text + len, sizeof(text) - len, "%s %s %s %s %s\n",
			setting_key(steps[i].setting), wanted,
			step_result_words[steps[i].result], reason_word(steps[i].reason),
			*steps[i].value ? steps[i].value : "-");
	}
	assert_string_equal(text, expected);
}

static void expect_one(const char *keys, const char *expected, const char *log)
{
	run(keys, false, false);
	expect(expected);
	assert_string_equal(kernel.log, log);
}

static void test_no_keys(void **state)
{
	expect_one("", "", "");
	config.n_sections = 0;
	expect_one("rebar = unchanged", "", "");
}

/* "power" waits for the driver, which sets it. */
static void test_all_in_order(void **state)
{
	run("power = on\nrebar = 1:8G\nreset = bus, flr\nd3cold = no", false, false);
	expect("d3cold no set - no\nrebar 1:8G set - 8G\nreset bus flr set - bus flr\n"
	       "power on skipped - -\n");
	assert_string_equal(kernel.log, "0;13;bus flr");
	run("", false, true);
	expect("d3cold no set - no\nrebar 1:8G set - 8G\nreset bus flr set - bus flr\n"
	       "power on set - on\n");
	assert_string_equal(kernel.log, "on");
}

static void test_same(void **state)
{
	expect_one("reset = flr, bus\nrebar = 256M\nd3cold = yes",
		"d3cold yes same - yes\nrebar 256M same - 256M\nreset flr bus same - flr bus\n",
		"");
}

static void test_look_only(void **state)
{
	fake_link(CARD "driver", "../../../bus/pci/drivers/vfio-pci");
	run("reset = bus, pm\nrebar = max\nd3cold = no", true, false);
	expect("d3cold no set - yes\nrebar max set - 256M\n"
	       "reset bus pm set not-offered flr bus\n");
	assert_string_equal(kernel.log, "");
}

static void test_not_there(void **state)
{
	fake_remove(CARD "reset_method");
	fake_remove(CARD "d3cold_allowed");
	fake_remove(CARD "resource1_resize");
	expect_one("reset = flr\nrebar = 0:32M, 1:8G, 2:1G, 5:max\nd3cold = no",
		"d3cold no skipped not-offered -\n"
		"rebar 0:32M skipped not-offered -\nrebar 1:8G skipped not-offered -\n"
		"rebar 2:1G skipped not-offered -\nrebar 5:max skipped not-offered -\n"
		"reset flr skipped not-offered -\n",
		"");
}

static void test_kernel_fails(void **state)
{
	kernel.error = -EIO;
	expect_one("rebar = 1:max\nd3cold = no",
		"d3cold no failed io-error yes\nrebar 1:max failed io-error 256M\n",
		"0;14");
	fake_put(CARD "resource", "nonsense\n");
	config.n_sections = 0;
	expect_one("rebar = max", "rebar max failed io-error -\n", "");
	fake_remove(CARD "resource");
	config.n_sections = 0;
	expect_one("rebar = max", "rebar max skipped not-offered -\n", "");
}

static void test_kernel_forgets(void **state)
{
	kernel.forgets = true;
	expect_one("rebar = 1:max\nd3cold = no\nreset = bus",
		"d3cold no failed not-kept yes\nrebar 1:max failed not-kept 256M\n"
		"reset bus failed not-kept flr bus\n",
		"0;14;bus");
}

/* ---- Reset methods */

static void test_reset_in_part(void **state)
{
	expect_one("reset = pm, bus, acpi, flr",
		"reset pm bus acpi flr set not-offered bus flr\n",
		"pm bus acpi flr;pm;bus;acpi;flr;bus flr");
	/* In the second run of a boot it has been so before. */
	fake_link(CARD "driver", "../../../bus/pci/drivers/vfio-pci");
	config.n_sections = 0;
	expect_one("reset = pm, bus, acpi, flr",
		"reset pm bus acpi flr same not-offered bus flr\n", "pm bus acpi flr");
}

static void test_reset_not_offered(void **state)
{
	expect_one("reset = pm, acpi", "reset pm acpi skipped not-offered flr bus\n",
		"pm acpi;pm;acpi");
}

/* The kernel lists "bus" for the first function of a slot, and does not take it. */
static void test_reset_listed_in_vain(void **state)
{
	kernel.methods = "flr";
	expect_one("reset = bus, flr", "reset bus flr set not-offered flr\n",
		"bus flr;bus;flr");
	fake_put(CARD "reset_method", "bus\n");
	kernel.methods = "";
	config.n_sections = 0;
	expect_one("reset = pm", "reset pm skipped not-offered bus\n", "pm;pm");
}

/* ---- Resizable BARs */

static void test_rebar_sizes(void **state)
{
	expect_one("rebar = 1:32G", "rebar 1:32G skipped no-such-size 256M\n", "");
	config.n_sections = 0;
	expect_one("rebar = 1:64M", "rebar 1:64M skipped smaller 256M\n", "");
	config.n_sections = 0;
	expect_one("rebar = max", "rebar max set - 16G\n", "14");
	config.n_sections = 0;
	expect_one("rebar = max", "rebar max same - 16G\n", "");
	config.n_sections = 0;
	expect_one("rebar = 512M", "rebar 512M skipped smaller 16G\n", "");
}

/* Without a number it is the BAR that can be largest, here the second one. */
static void test_rebar_picks(void **state)
{
	fake_put(CARD "resource0_resize", "0000000000000070\n");
	expect_one("rebar = 1G", "rebar 1G set - 1G\n", "10");
	config.n_sections = 0;
	fake_put(CARD "resource1_resize", "0000000000000100\n");
	fake_put(CARD "resource0_resize", "0000000000010070\n");
	/* The kernel that is played resizes the other one alone. */
	expect_one("rebar = 64M", "rebar 64M failed not-kept 16M\n", "6");
}

static void test_rebar_window(void **state)
{
	kernel.window_bits = 12;
	expect_one("rebar = 1:8G", "rebar 1:8G failed bridge-window 256M\n", "13");
	config.n_sections = 0;
	expect_one("rebar = max", "rebar max set bridge-window 2G\n", "14;13;12;11");
	config.n_sections = 0;
	put_bars(8, FLAGS);
	kernel.window_bits = 9;
	expect_one("rebar = max", "rebar max failed bridge-window 256M\n",
		"14;13;12;11;10;9");
}

/* The old size is asked for when a failed attempt has left none. */
static void test_rebar_puts_back(void **state)
{
	kernel.window_bits = 12;
	kernel.loses_bar = true;
	expect_one("rebar = 1:8G", "rebar 1:8G failed bridge-window 256M\n", "13;8");
}

static void test_rebar_console(void **state)
{
	fake_put(CARD "boot_vga", "1\n");
	expect_one("rebar = 1:8G", "rebar 1:8G skipped console 256M\n", "");
	fake_put(CARD "boot_vga", "0\n");
	fake_put("proc/iomem", "6000000000-60007fffff : BOOTFB\n");
	config.n_sections = 0;
	expect_one("rebar = 1:8G", "rebar 1:8G skipped console 256M\n", "");
	fake_put("proc/iomem", "7000000000-70007fffff : BOOTFB\n");
	config.n_sections = 0;
	expect_one("rebar = 1:8G", "rebar 1:8G set - 8G\n", "13");
}

/* It is tried again once the function has no driver any more. */
static void test_rebar_in_use(void **state)
{
	fake_link(CARD "driver", "../../../bus/pci/drivers/nouveau");
	expect_one("rebar = 1:8G", "rebar 1:8G skipped in-use 256M\n", "");
	fake_remove(CARD "driver");
	run("", false, false);
	expect("rebar 1:8G set - 8G\n");
	run("", false, false);
	assert_string_equal(kernel.log, "");
}

/* ---- In a child */

static void test_child(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	struct settings settings = {.root = &root,
		.section = &config.sections[0],
		.address = address,
		.steps = steps};

	child_prepare();
	run("d3cold = no", true, true); /* nothing is late */
	settings.n = n_steps;
	assert_int_equal(settings_run(&settings, child_now() + 10000), 0);
	assert_string_equal(fake_read(CARD "d3cold_allowed"), "0");
	expect("d3cold no set - no\n");
}

/* ---- Virtual functions: once the driver has the physical one */

static void expect_vfs(const char *keys, const char *expected, const char *log)
{
	run(keys, false, true);
	expect(expected);
	assert_string_equal(kernel.log, log);
}

static void put_sriov(void)
{
	fake_put(CARD "sriov_totalvfs", "7\n");
	fake_put(CARD "sriov_drivers_autoprobe", "1\n");
}

/* No other driver may have them before their overrides are there. */
static void test_vfs(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();

	put_sriov();
	assert_int_equal(made.n, 0);
	expect_vfs("vfs = 4", "vfs 4 set - 4\n", "0;4");
	assert_true(virtual_is_new(&made, address));
	assert_string_equal(fake_read(CARD "sriov_drivers_autoprobe"), "0");
	/* Looked at again in the same run. */
	config.n_sections = 0;
	expect_vfs("vfs = 4", "vfs 4 set - 4\n", "");
	/* In the child: that writes this kernel's files, and not the log of here. */
	child_prepare();
	virtual_end(&root, &made, child_now() + 10000);
	child_unprepare();
	assert_string_equal(fake_read(CARD "sriov_drivers_autoprobe"), "1");
	assert_int_equal(made.n, 0);
	config.n_sections = 0;
	expect_vfs("vfs = 4", "vfs 4 same - 4\n", "");
}

static void test_vfs_in_use(void **state)
{
	put_sriov();
	take_vfs("2");
	fake_link(
		"sys/bus/pci/devices/0000:02:10.1/driver", "../../bus/pci/drivers/igbvf");
	expect_vfs("vfs = 4", "vfs 4 skipped virtual-in-use 2\n", "");
	config.n_sections = 0;
	expect_vfs("vfs = 2", "vfs 2 same - 2\n", "");
}

static void test_vfs_of_another_number(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();

	fake_put(CARD "sriov_totalvfs", "7\n");
	/* Somebody has switched it off, and may switch it on again. */
	fake_put(CARD "sriov_drivers_autoprobe", "0\n");
	take_vfs("2");
	expect_vfs("vfs = 4", "vfs 4 set - 4\n", "0;4");
	child_prepare();
	virtual_end(&root, &made, child_now() + 10000);
	child_unprepare();
	assert_string_equal(fake_read(CARD "sriov_drivers_autoprobe"), "0\n");
}

static void test_vfs_not_made(void **state)
{
	put_sriov();
	kernel.error = -ENOENT;
	expect_vfs("vfs = 4", "vfs 4 failed no-sriov 0\n", "0;4");
	assert_string_equal(fake_read(CARD "sriov_drivers_autoprobe"), "1\n");
	assert_int_equal(made.n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fake_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_keys),
		TEST(test_all_in_order),
		TEST(test_same),
		TEST(test_look_only),
		TEST(test_not_there),
		TEST(test_kernel_fails),
		TEST(test_kernel_forgets),
		TEST(test_reset_in_part),
		TEST(test_reset_not_offered),
		TEST(test_reset_listed_in_vain),
		TEST(test_rebar_sizes),
		TEST(test_rebar_picks),
		TEST(test_rebar_window),
		TEST(test_rebar_puts_back),
		TEST(test_rebar_console),
		TEST(test_rebar_in_use),
		TEST(test_child),
		TEST(test_vfs),
		TEST(test_vfs_in_use),
		TEST(test_vfs_of_another_number),
		TEST(test_vfs_not_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
