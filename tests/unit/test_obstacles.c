/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What speaks against giving devices away, and how much, on composed machines. */
#include "fakehost.h"

#include "outlook/obstacles.h"

#define CARD   "pci0000:00/0000:00:01.0/0000:02:00.0"
#define SECOND "pci0000:00/0000:00:02.0/0000:03:00.0"

static const char *const kinds[] = {
	[OBSTACLE_CONFIGURED] = "configured",
	[OBSTACLE_BRIDGE] = "bridge",
	[OBSTACLE_USED] = "used",
	[OBSTACLE_UNKNOWN_USE] = "unknown-use",
	[OBSTACLE_PART] = "part",
	[OBSTACLE_DATA] = "data",
	[OBSTACLE_BOOT_DISPLAY] = "boot-display",
	[OBSTACLE_LAST_DISPLAY] = "last-display",
	[OBSTACLE_USB_DEVICE] = "usb-device",
	[OBSTACLE_NO_GROUP] = "no-group",
	[OBSTACLE_GROUP] = "group",
	[OBSTACLE_PROTECTED] = "protected",
	[OBSTACLE_REFUSED] = "refused",
	[OBSTACLE_DISPLACES] = "displaces",
};

static const char *const weights[] = {
	[OBSTACLE_NOTE] = "note",
	[OBSTACLE_ALLOWED] = "allowed",
	[OBSTACLE_ALLOWABLE] = "allowable",
	[OBSTACLE_FIRM] = "firm",
};

static const struct obstacles_allowed nothing,
	everything = {true, true, true, true, true};

static void add_card(const char *path, const char *class, const char *group)
{
	add_function(path, 0x10de, 0x2206, class);
	set_group(path, group);
}

/* The root file system on one drive, data on another, and one display. */
static int set_up(void **state)
{
	int r = host_set_up(state);

	add_ssd();
	set_group(SSD, "1");
	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	add_hba();
	set_group(HBA, "2");
	add_mount("8:1", "/data", "ext4", "/dev/sda1");
	add_function("pci0000:00/0000:00:01.0", 0x8086, 0x1901, BRIDGE);
	add_function("pci0000:00/0000:00:02.0", 0x8086, 0x1905, BRIDGE);
	add_card(CARD, VGA, "3");
	return r;
}

/* What is found about the set of @name, when @text is its drop-in: a word and a weight a line. */
static void expect(const char *name, const char *text,
	const struct obstacles_allowed *allow, const char *expected)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(facts_free) struct facts facts = {0};
	_cleanup_(deviceset_free) struct deviceset set = {0};
	_cleanup_(obstacles_free) struct obstacles obstacles = {0};
	_cleanup_free_ struct config *config = calloc(1, sizeof(*config));
	struct obstacles_host host = {.facts = &facts, .config = config};
	const struct dropin dropin = {.name = "new"};
	struct selector selector;
	char found[1024] = "";

	assert_int_equal(facts_read(&root, &facts), 0);
	assert_int_equal(facts_usage(&facts, &host.usage), 0);
	configfiles_read(&root, CONFIGFILES_OF_NOW, config);
	assert_int_equal(selector_parse(name, &selector), 0);
	assert_int_equal(deviceset_add(&set, &facts.bus,
				 deviceset_next(&facts.bus, &selector, NULL), false),
		0);
	assert_int_equal(obstacles_find(&host, &set, &obstacles), 0);
	assert_int_equal(
		obstacles_weigh(&host, &set, &dropin, text, allow, &obstacles), 0);
	for (size_t i = 0; i < obstacles.n; i++) {
		const struct obstacle *obstacle = &obstacles.list[i];

		snprintf(found + strlen(found), sizeof(found) - strlen(found),
			"%s%s%s %s\n", kinds[obstacle->kind], obstacle->usage ? " " : "",
			obstacle->usage ? obstacle->usage->what : "",
			weights[obstacle->weight]);
	}
	assert_string_equal(found, expected);
	assert_int_equal(obstacles_block(&obstacles),
		strstr(found, " firm") || strstr(found, " allowable"));
}

#define SECTION(path) "[device new]\npath = " path "\n"

static void test_drives(void **state)
{
	expect("00:17.0", SECTION("00:17.0"), &nothing, "used /data allowable\n");
	/* The boot needs nothing of it. */
	expect("00:17.0", SECTION("00:17.0"), &everything, "used /data allowed\n");
	/* What the host runs from is kept, whatever is allowed. */
	expect("01:00.0", SECTION("00:1d.0/00"), &everything, "used / firm\n");
}

static void test_groups(void **state)
{
	expect("05:00.0", SECTION("00:1b.0/00"), &nothing, "no-group firm\n");
	add_card(SECOND, NET, "3");
	set_driver(SECOND, "igb");
	expect("03:00.0", SECTION("00:02.0/00"), &nothing, "");
	set_driver(CARD, "nouveau");
	expect("03:00.0", SECTION("00:02.0/00"), &nothing, "group allowable\n");
	expect("03:00.0", SECTION("00:02.0/00"), &everything, "group allowed\n");
}

static void test_displays(void **state)
{
	expect("02:00.0", SECTION("00:01.0/00"), &nothing, "last-display allowable\n");
	/* The planner has the last word: the section has to say it, too. */
	expect("02:00.0", SECTION("00:01.0/00"), &everything,
		"last-display allowed\nrefused firm\n");
	expect("02:00.0", SECTION("00:01.0/00") "last-display = yes\n", &everything,
		"last-display allowed\n");
	/* Another one that stays is enough, unless a section counts on it. */
	add_card(SECOND, VGA, "4");
	expect("02:00.0", SECTION("00:01.0/00"), &nothing, "");
	fake_put("etc/vfioboot.conf.d/zz.conf", "[device zz]\npath = 00:02.0/00\n");
	expect("02:00.0", SECTION("00:01.0/00") "last-display = yes\n", &everything,
		"last-display allowed\ndisplaces firm\n");
	/* No boot takes what is handed over on demand; what is plugged in comes after it. */
	fake_put("etc/vfioboot.conf.d/zz.conf",
		"[device zz]\npath = 00:02.0/00\nbind = demand\n");
	expect("02:00.0", SECTION("00:01.0/00"), &nothing, "");
	fake_put("sys/devices/" SECOND "/removable", "removable\n");
	expect("02:00.0", SECTION("00:01.0/00"), &nothing, "last-display allowable\n");
}

/* What it may carry does not say what it does. */
static void test_parts(void **state)
{
	add_mount("0:50", "/tank", "zfs", "tank");
	expect("00:17.0", SECTION("00:17.0"), &nothing,
		"used /data allowable\nused /tank allowable\n");
	fake_put("proc/self/mountinfo", "");
	add_mount("259:2", "/", "ext4", "/dev/nvme0n1p2");
	add_mount("0:50", "/tank", "zfs", "tank");
	add_block("virtual/block/dm-0", "253:0");
	fake_put("sys/devices/virtual/block/dm-0/dm/name", "vg-guest\n");
	add_slave("dm-0", HBA "/ata1/host0/target0:0:0/0:0:0:0/block/sda/sda1");
	expect("00:17.0", SECTION("00:17.0"), &nothing,
		"used /tank allowable\npart allowable\ndata allowable\n");
}

static void test_configured(void **state)
{
	add_card(SECOND, NET, "4");
	fake_put("etc/vfioboot.conf", "[device old]\npath = 00:02.0/00\n");
	expect("03:00.0", SECTION("00:02.0/00"), &everything, "configured firm\n");
}

/* A running machine has a command line: without one nothing is known of the next boot. */
static void test_no_cmdline(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(facts_free) struct facts facts = {0};
	_cleanup_free_ struct config *config = calloc(1, sizeof(*config));
	struct obstacles_host host = {.facts = &facts, .config = config};
	const struct dropin dropin = {.name = "new"};
	struct deviceset set = {0};

	assert_int_equal(facts_read(&root, &facts), 0);
	for (int live = 0; live <= 1; live++) {
		_cleanup_(obstacles_free) struct obstacles obstacles = {0};

		root.live = live;
		assert_int_equal(obstacles_weigh(&host, &set, &dropin, SECTION("00:17.0"),
					 &nothing, &obstacles),
			live ? -ENOENT : 0);
	}
	root.live = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_drives, set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(test_groups, set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(test_displays, set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(test_parts, set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(test_configured, set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(test_no_cmdline, set_up, fake_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
