/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a whole bus, of which not everything can be read. */
#include <errno.h>
#include <stdio.h>

#include "facts/pcibus.h"
#include "support.h"

#define BRIDGE "pci0000:00/0000:00:01.0"
#define GPU    BRIDGE "/0000:01:00.0"
#define SOUND  BRIDGE "/0000:01:00.1"
#define FAR    "pci10000:e0/10000:e0:01.0"

static const struct pci_address gpu = {0, 1, 0}, far = {0x10000, 0xe0, 0x08};

static int read_bus(struct pcibus *ret)
{
	_cleanup_(root_close) struct root root = fake_open();

	return pcibus_read(&root, ret);
}

static void put_machine(void)
{
	fake_function(FAR, 0x8086, 0x1901);
	fake_function(SOUND, 0x10de, 0x1aef);
	fake_function(GPU, 0x10de, 0x2206);
	fake_function(BRIDGE, 0x8086, 0x1901);
}

static void test_nothing(void **state)
{
	struct pcibus bus;

	assert_int_equal(read_bus(&bus), -ENOENT);
	fake_dir("sys/bus/pci/devices");
	assert_int_equal(read_bus(&bus), 0);
	assert_int_equal(bus.n, 0);
	assert_null(pcibus_find(&bus, gpu));
	pcibus_free(&bus);
}

static void test_order(void **state)
{
	_cleanup_(pcibus_free) struct pcibus bus = {0};

	put_machine();
	assert_int_equal(read_bus(&bus), 0);
	assert_int_equal(bus.n, 4);
	assert_int_equal(bus.error, 0);
	assert_ptr_equal(pcibus_find(&bus, gpu), &bus.functions[1]);
	assert_ptr_equal(pcibus_find(&bus, far), &bus.functions[3]);
	assert_null(pcibus_find(&bus, (struct pci_address){1, 1, 0}));
	assert_int_equal(bus.functions[1].dev.path.depth, 2);
	assert_true(bus.functions[1].dev.detailed);
}

/* A group is a number that fits; anything else is none. */
static void test_groups(void **state)
{
	static const struct {
		const char *name;
		int group;
	} groups[] = {{"7", 7}, {"0", 0}, {"x", PCIBUS_NO_GROUP}, {"7x", PCIBUS_NO_GROUP},
		{"-5", PCIBUS_NO_GROUP}, {"4294967296", PCIBUS_NO_GROUP},
		{"99999999999999999999", PCIBUS_NO_GROUP}};

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		_cleanup_(pcibus_free) struct pcibus bus = {0};
		char path[64], target[64];

		snprintf(path, sizeof(path), "pci0000:00/0000:00:%02zx.0", i + 1);
		fake_function(path, 0x8086, 0x1901);
		snprintf(target, sizeof(target), "../../kernel/iommu_groups/%s",
			groups[i].name);
		snprintf(path, sizeof(path),
			"sys/devices/pci0000:00/0000:00:%02zx.0/iommu_group", i + 1);
		fake_link(path, target);
		assert_int_equal(read_bus(&bus), 0);
		assert_int_equal(bus.functions[i].group, groups[i].group);
		assert_true(bus.has_groups);
	}
}

/* What does not say what it is could be anything: it is left out, and told of. */
static void test_unread(void **state)
{
	_cleanup_(pcibus_free) struct pcibus bus = {0};

	put_machine();
	fake_put("sys/devices/" GPU "/modalias", "\x7f\x01\xff");
	assert_int_equal(read_bus(&bus), 0);
	assert_int_equal(bus.n, 3);
	assert_null(pcibus_find(&bus, gpu));
	assert_int_equal(bus.error, -EINVAL);
	assert_true(pci_address_equal(bus.unread, gpu));
}

/* A link that leads nowhere is what an unplugged function leaves for a moment. */
static void test_gone(void **state)
{
	_cleanup_(pcibus_free) struct pcibus bus = {0};

	put_machine();
	fake_link("sys/bus/pci/devices/0000:07:00.0", "../../../devices/gone");
	assert_int_equal(read_bus(&bus), 0);
	assert_int_equal(bus.n, 4);
	assert_int_equal(bus.error, 0);
}

static void test_virtual(void **state)
{
	_cleanup_(pcibus_free) struct pcibus bus = {0};

	put_machine();
	fake_link("sys/devices/" SOUND "/physfn", "../0000:01:00.0");
	assert_int_equal(read_bus(&bus), 0);
	assert_false(pcibus_find(&bus, gpu)->dev.is_virtual);
	assert_true(pcibus_find(&bus, (struct pci_address){0, 1, 1})->dev.is_virtual);
	assert_int_equal(
		pcibus_find(&bus, (struct pci_address){0, 1, 1})->dev.path.depth, 2);
}

/* One that spilled to the next bus has the place of another one in its path: it has none. */
static void test_spilled(void **state)
{
	_cleanup_(pcibus_free) struct pcibus bus = {0};
	const struct pcibus_function *spilled;

	put_machine();
	fake_function(BRIDGE "/0000:02:00.1", 0x10de, 0x1aef);
	fake_link("sys/devices/" BRIDGE "/0000:02:00.1/physfn", "../0000:01:00.0");
	assert_int_equal(read_bus(&bus), 0);
	spilled = pcibus_find(&bus, (struct pci_address){0, 2, 1});
	assert_int_equal(spilled->later, PCIBUS_VIRTUAL);
	assert_true(pci_address_equal(spilled->maker, gpu));
	assert_int_equal(spilled->dev.path.depth, 0);
}

/* A virtual function of the graphics card, and unless @number is less than 0 the link to it. */
static void put_virtual(unsigned function, int number)
{
	char path[128], link[256], target[32];

	snprintf(path, sizeof(path), BRIDGE "/0000:01:01.%u", function);
	fake_function(path, 0x10de, 0x2207);
	snprintf(link, sizeof(link), "sys/devices/%s/physfn", path);
	fake_link(link, "../0000:01:00.0");
	snprintf(link, sizeof(link), "sys/devices/" GPU "/virtfn%d", number);
	snprintf(target, sizeof(target), "../0000:01:01.%u", function);
	if (number >= 0)
		fake_link(link, target);
}

/* Which virtual function it is said to be; -1: of none that is known. */
static int number_of(const struct pcibus *bus, unsigned function)
{
	const struct pcibus_function *found = pcibus_find(
		bus, (struct pci_address){0, 1, (pci_devfn)(1 << 3 | function)});

	assert_non_null(found);
	return found->dev.physical.depth ? found->dev.vf : -1;
}

static void test_numbers(void **state)
{
	_cleanup_(pcibus_free) struct pcibus bus = {0};

	put_machine();
	for (unsigned i = 0; i < 3; i++)
		put_virtual(i, (int)i);
	assert_int_equal(read_bus(&bus), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(number_of(&bus, i), i);
}

/* The number is that of the link, also of those behind one that was unplugged. */
static void test_numbers_missing(void **state)
{
	_cleanup_(pcibus_free) struct pcibus bus = {0};

	put_machine();
	put_virtual(0, 0);
	fake_link("sys/devices/" GPU "/virtfn1", "../0000:01:01.1");
	put_virtual(2, 2);
	put_virtual(3, 3);
	assert_int_equal(read_bus(&bus), 0);
	assert_int_equal(number_of(&bus, 0), 0);
	assert_int_equal(number_of(&bus, 2), 2);
	assert_int_equal(number_of(&bus, 3), 3);
}

/* As in a capture without these links: not known. */
static void test_no_numbers(void **state)
{
	_cleanup_(pcibus_free) struct pcibus bus = {0};

	put_machine();
	put_virtual(0, -1);
	assert_int_equal(read_bus(&bus), 0);
	assert_int_equal(number_of(&bus, 0), -1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fake_set_up, fake_tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_nothing),
		TEST(test_order),
		TEST(test_groups),
		TEST(test_unread),
		TEST(test_gone),
		TEST(test_virtual),
		TEST(test_spilled),
		TEST(test_numbers),
		TEST(test_numbers_missing),
		TEST(test_no_numbers),
	};

	return cmocka_run_group_tests_name("pcibus", tests, NULL, NULL);
}
