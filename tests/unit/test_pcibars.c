/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BARs of a function, and what the firmware left in them. */
#include "support.h"

#include <errno.h>

#include "base/base.h"

#define CARD    "sys/bus/pci/devices/0000:02:00.0/"
#define NOTHING "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"

static const struct pci_address address = {.bus = 2};
static struct pci_bar bars[PCI_BARS];

static int read_bars(void)
{
	_cleanup_(root_close) struct root root = fake_open();

	return pci_bars_read(&root, address, bars);
}

static void put_card(void)
{
	fake_put(CARD "resource",
		"0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200\n"
		"0x0000006000000000 0x000000600fffffff 0x000000000014220c\n" NOTHING
		"0x0000000000000000 0x0000000001ffffff 0x000000002014220c\n" NOTHING
		"0x000000000000e000 0x000000000000e07f 0x0000000000040101\n"
		"0x00000000f7000000 0x00000000f707ffff 0x0000000000046200\n");
	fake_put(CARD "resource1_resize", "0000000000007f00\n");
	assert_int_equal(read_bars(), 0);
}

static void test_bars(void **state)
{
	put_card();
	assert_true(bars[0].used && !bars[0].unplaced && bars[0].sizes == 0);
	assert_true(pci_bar_size(&bars[0]) == 0x1000000);
	assert_true(bars[1].used && bars[1].start == 0x6000000000);
	assert_true(bars[1].sizes == 0x7f00);
	assert_false(bars[2].used);
	assert_true(bars[3].used && bars[3].unplaced);
	assert_false(bars[5].used); /* ports; and the ROM behind it is no BAR */
}

static void test_bad_bars(void **state)
{
	assert_int_equal(read_bars(), -ENOENT);
	fake_put(CARD "resource", "");
	assert_int_equal(read_bars(), -EINVAL);
	fake_put(CARD "resource", NOTHING NOTHING NOTHING NOTHING NOTHING);
	assert_int_equal(read_bars(), -EINVAL);
	fake_put(CARD "resource", NOTHING NOTHING "nonsense\n" NOTHING NOTHING NOTHING);
	assert_int_equal(read_bars(), -EINVAL);
	fake_put(CARD "resource",
		NOTHING NOTHING NOTHING NOTHING NOTHING
		"0x0000000000000000 0x0000000000000000 0x0000000000000000");
	assert_int_equal(read_bars(), 0);
}

static void expect_framebuffer(const char *iomem, int error, const char *expected)
{
	_cleanup_(root_close) struct root root = fake_open();
	char name[16] = "untouched";

	fake_put("proc/iomem", iomem);
	assert_int_equal(
		pci_bars_find_framebuffer(&root, bars, name, sizeof(name)), error);
	assert_string_equal(name, expected);
}

static void test_framebuffer(void **state)
{
	put_card();
	expect_framebuffer("f6000000-f6ffffff : 0000:02:00.0\n", 0, "");
	expect_framebuffer("f6000000-f6ffffff : 0000:02:00.0\n"
			   "  f6000000-f607ffff : efifb\n",
		0, "efifb");
	/* Above 4 GiB, reaching in from below, and one byte beside it. */
	expect_framebuffer("600ffff000-6010000fff : BOOTFB\n", 0, "BOOTFB");
	expect_framebuffer("5ffffff000-6000000000 : BOOTFB\n", 0, "BOOTFB");
	expect_framebuffer("6010000000-60100fffff : BOOTFB\n", 0, "");
	/* In what got no place, and by the name of something else. */
	expect_framebuffer("00000000-01ffffff : BOOTFB\n", 0, "");
	expect_framebuffer("f6000000-f607ffff : BOOTFB2\n", 0, "");
	expect_framebuffer("nonsense\nf6000000-f607ffff BOOTFB\n"
			   "f6000000-f607ffff : simpledrm",
		0, "simpledrm");
}

/* Longer than what is read at a time, and with a line that is. */
static void test_long_iomem(void **state)
{
	char text[8192] = "";
	size_t len = 0;

	put_card();
	for (unsigned i = 0; len < 3000; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"%08x-%08x : 0000:00:1f.%u\n", i << 12, (i << 12) + 4095, i);
	memset(text + len, 'x', 3000);
	len += 3000;
	snprintf(text + len, sizeof(text) - len, "\nf6000000-f607ffff : simpledrm\n");
	expect_framebuffer(text, 0, "simpledrm");
}

static void test_hidden_framebuffer(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	char name[16] = "untouched";

	put_card();
	assert_int_equal(
		pci_bars_find_framebuffer(&root, bars, name, sizeof(name)), -ENOENT);
	expect_framebuffer("00000000-00000000 : PCI Bus 0000:02\n"
			   "  00000000-00000000 : BOOTFB\n",
		-EACCES, "untouched");
	expect_framebuffer("", -EACCES, "untouched");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(test_bars),
		ROOT_TEST(test_bad_bars),
		ROOT_TEST(test_framebuffer),
		ROOT_TEST(test_long_iomem),
		ROOT_TEST(test_hidden_framebuffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
