/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text console, and the firmware's framebuffer, of a kernel that is played: by fbcon.c and
 * platform.c as they are.
 *
 * Linked with --wrap for sysfs_write_console and sysfs_write_platform_unbind.
 */
#include "support.h"

#include <errno.h>

#include "facts/facts.h"
#include "handover/consoles.h"

static const struct pci_address card = {.bus = 1}, other = {.bus = 2};

static struct root root;
static struct consoles consoles;
static bool is_stubborn;

/* ---- the kernel ------------------------------------------------------------------------------ */

int __real_sysfs_write_console(const struct root *at, const char *console, bool bind);
int __wrap_sysfs_write_console(const struct root *at, const char *console, bool bind);
int __wrap_sysfs_write_platform_unbind(
	const struct root *at, const char *device, const char *driver);

int __wrap_sysfs_write_console(const struct root *at, const char *console, bool bind)
{
	return is_stubborn ? 0 : __real_sysfs_write_console(at, console, bind);
}

int __wrap_sysfs_write_platform_unbind(
	const struct root *at, const char *device, const char *driver)
{
	char path[128];

	(void)at;
	snprintf(path, sizeof(path), "sys/bus/platform/drivers/%s/unbind", driver);
	if (!file_exists(&root, "%s", path))
		return -ENOENT;
	snprintf(path, sizeof(path), "sys/bus/platform/devices/%s/driver", device);
	if (!is_stubborn)
		fake_remove(path);
	return 0;
}

static void put_console(const char *name, const char *what, const char *bind)
{
	char path[64];

	snprintf(path, sizeof(path), "sys/class/vtconsole/%s/name", name);
	fake_put(path, what);
	snprintf(path, sizeof(path), "sys/class/vtconsole/%s/bind", name);
	fake_put(path, bind);
}

/* The framebuffer @name of the device at @place. */
static void put_framebuffer(const char *name, const char *place)
{
	char path[128], target[128];

	snprintf(path, sizeof(path), "sys/devices/%s/graphics/%s", place, name);
	fake_dir(path);
	snprintf(target, sizeof(target), "../../devices/%s/graphics/%s", place, name);
	snprintf(path, sizeof(path), "sys/class/graphics/%s", name);
	fake_link(path, target);
}

#define CARD  "pci0000:00/0000:00:01.0/0000:01:00.0"
#define OTHER "pci0000:00/0000:00:02.0/0000:02:00.0"

/* What the firmware left, in the memory of the card. */
static void put_firmware(void)
{
	fake_put("sys/devices/" CARD "/resource",
		"0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200\n"
		"0x0 0x0 0x0\n0x0 0x0 0x0\n0x0 0x0 0x0\n0x0 0x0 0x0\n0x0 0x0 0x0\n");
	fake_put("proc/iomem",
		"f6000000-f6ffffff : 0000:01:00.0\n"
		"  f6000000-f62fffff : BOOTFB\n");
	fake_dir("sys/devices/platform/simple-framebuffer.0");
	fake_link("sys/bus/platform/devices/simple-framebuffer.0",
		"../../../devices/platform/simple-framebuffer.0");
	fake_link("sys/devices/platform/simple-framebuffer.0/driver",
		"../../../bus/platform/drivers/simple-framebuffer");
	fake_put("sys/bus/platform/drivers/simple-framebuffer/unbind", "");
}

static int set_up(void **state)
{
	fake_set_up(state);
	is_stubborn = false;
	root = fake_open();
	fake_function(CARD, 0x10de, 0x2204);
	fake_function(OTHER, 0x1002, 0x73bf);
	/* The order in which they are is no order of anything. */
	put_console("vtcon0", "(M) frame buffer device\n", "1\n");
	put_console("vtcon1", "(S) dummy device\n", "0\n");
	fake_dir("sys/class/graphics/fbcon");
	return 0;
}

static int tear_down(void **state)
{
	root_close(&root);
	return fake_tear_down(state);
}

static void find(const struct pci_address *function)
{
	memset(&consoles, 0xff, sizeof(consoles));
	assert_int_equal(consoles_find(&root, function, 1, &consoles), 0);
}

static void test_only_display(void **state)
{
	put_framebuffer("fb0", CARD);
	find(&card);
	assert_int_equal(consoles.n, 1);
	assert_string_equal(consoles.names[0], "vtcon0");
	assert_int_equal(consoles.n_moving, 0);
	assert_string_equal(consoles.firmware_device, "");
	/* Of another function, or of none. */
	find(&other);
	assert_int_equal(consoles.n + consoles.n_moving, 0);
	assert_int_equal(consoles_find(&root, NULL, 0, &consoles), 0);
	assert_int_equal(consoles.n + consoles.n_moving, 0);
	/* One that is not bound is not taken, and so not given back. */
	put_console("vtcon0", "(M) frame buffer device\n", "0\n");
	find(&card);
	assert_int_equal(consoles.n, 0);
}

/* That of another card stays, and the text goes there. */
static void test_two_displays(void **state)
{
	put_framebuffer("fb0", CARD);
	put_framebuffer("fb1", OTHER);
	find(&card);
	assert_int_equal(consoles.n, 0);
	assert_int_equal(consoles.n_moving, 1);
	assert_string_equal(consoles.moving[0], "vtcon0");
	/* A module in use could not be unloaded. */
	fake_link("sys/devices/" CARD "/driver", "../../../../bus/pci/drivers/nvidia");
	find(&card);
	assert_int_equal(consoles.n, 1);
	assert_int_equal(consoles.n_moving, 1);
	find(&other);
	assert_int_equal(consoles.n, 0);
}

/* Below the function: a virtio device, or the firmware's since 6.9. */
static void test_below(void **state)
{
	put_framebuffer("fb0", CARD "/virtio0");
	find(&card);
	assert_int_equal(consoles.n, 1);
	/* The bridge is another function, though the card is below it. */
	assert_int_equal(consoles_find(&root, &(struct pci_address){.devfn = 2 << 3}, 1,
				 &consoles),
		0);
	assert_int_equal(consoles.n, 0);
}

static void test_no_framebuffer(void **state)
{
	find(&card); /* text mode, or nothing at all */
	assert_int_equal(consoles.n + consoles.n_moving, 0);
	/* A kernel without CONFIG_FB_DEVICE. */
	fake_dir("sys/devices/" CARD "/drm/card1/card1-DP-1");
	fake_link("sys/class/drm/card1", "../../devices/" CARD "/drm/card1");
	fake_link("sys/class/drm/card1-DP-1",
		"../../devices/" CARD "/drm/card1/card1-DP-1");
	find(&card);
	assert_int_equal(consoles.n, 1);
	fake_dir("sys/devices/" OTHER "/drm/card0/card0-DP-2");
	fake_link("sys/class/drm/card0-DP-2",
		"../../devices/" OTHER "/drm/card0/card0-DP-2");
	find(&card);
	assert_int_equal(consoles.n, 0);
	assert_int_equal(consoles.n_moving, 1);
}

static void test_firmware(void **state)
{
	put_firmware();
	put_framebuffer("fb0", "platform/simple-framebuffer.0");
	find(&card);
	assert_string_equal(consoles.firmware_device, "simple-framebuffer.0");
	assert_string_equal(consoles.firmware_driver, "simple-framebuffer");
	assert_int_equal(consoles.n, 1);
	find(&other);
	assert_string_equal(consoles.firmware_device, "");
	assert_int_equal(consoles.n, 0);
	find(&card);
	assert_int_equal(consoles_release_firmware(&root, &consoles), 0);
	find(&card); /* it has no driver */
	assert_string_equal(consoles.firmware_device, "");
	assert_int_equal(consoles_release_firmware(&root, &consoles), 0);
}

static void test_firmware_stays(void **state)
{
	put_firmware();
	find(&card);
	is_stubborn = true;
	assert_int_equal(consoles_release_firmware(&root, &consoles), -EIO);
	fake_remove("sys/bus/platform/drivers/simple-framebuffer/unbind");
	assert_int_equal(consoles_release_firmware(&root, &consoles), -ENOENT);
	/* The native driver has come first: the device is gone, and that is fine. */
	fake_remove("sys/bus/platform/devices/simple-framebuffer.0");
	assert_int_equal(consoles_release_firmware(&root, &consoles), 0);
}

/* All addresses read as 0 without root. */
static void test_hidden_addresses(void **state)
{
	put_firmware();
	fake_put("proc/iomem", "00000000-00000000 : 0000:01:00.0\n");
	find(&card);
	assert_string_equal(consoles.firmware_device, "");
}

static void test_bind(void **state)
{
	assert_int_equal(consoles_bind(&root, "vtcon0", false), 0);
	assert_string_equal(fake_read("sys/class/vtconsole/vtcon0/bind"), "0");
	is_stubborn = true;
	assert_int_equal(consoles_bind(&root, "vtcon0", false), 0); /* it is */
	assert_int_equal(consoles_bind(&root, "vtcon0", true), -EIO);
	is_stubborn = false;
	assert_int_equal(consoles_bind(&root, "vtcon0", true), 0);
	assert_string_equal(fake_read("sys/class/vtconsole/vtcon0/bind"), "1");
	assert_int_equal(consoles_bind(&root, "vtcon7", false), 0); /* gone */
	/* Never that of text mode, whatever its number was before. */
	assert_int_equal(consoles_bind(&root, "vtcon1", false), 0);
	put_console("vtcon0", "(S) dummy device\n", "1\n");
	put_console("vtcon1", "(M) frame buffer device\n", "0\n");
	assert_int_equal(consoles_bind(&root, "vtcon0", true), 0);
	assert_string_equal(fake_read("sys/class/vtconsole/vtcon1/bind"), "1");
	assert_string_equal(fake_read("sys/class/vtconsole/vtcon0/bind"), "1\n");
	put_console("vtcon1", "(S) VGA+\n", "0\n");
	assert_int_equal(consoles_bind(&root, "vtcon1", true), -ENOENT);
}

/* What began in the text mode of VGA, and has a native driver since, binds no console again. */
static void test_text_mode(void **state)
{
	put_framebuffer("fb0", CARD);
	put_console("vtcon1", "(M) dummy device\n", "0\n");
	find(&card);
	assert_int_equal(consoles.n, 0);
	put_framebuffer("fb1", OTHER);
	find(&card);
	assert_int_equal(consoles.n_moving, 1);
	put_console("vtcon0", "(M) frame buffer device\n", "0\n");
	is_stubborn = true;
	assert_int_equal(consoles_bind(&root, "vtcon0", true), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_only_display, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_two_displays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_below, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_framebuffer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_firmware, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_firmware_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hidden_addresses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bind, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_text_mode, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
