/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and writing the kernel's files, and never a file outside of the root. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

#define PORT      "pci0000:00/0000:00:01.0"
#define GPU       PORT "/0000:01:00.0"
#define AUDIO     PORT "/0000:01:00.1"
#define FUNCTIONS "sys/bus/pci/devices/"

static const struct pci_address port = {0, 0, 1 << 3}, gpu = {0, 1, 0}, audio = {0, 1, 1};
static const struct pci_address nobody = {0, 9, 0};

static struct root root;
static unsigned descriptors;

static int set_up(void **state)
{
	descriptors = open_descriptors();
	if (fake_set_up(state) < 0)
		return -1;
	root = fake_open();
	fake_function(PORT, 0x8086, 0x1901);
	fake_function(GPU, 0x10de, 0x2204);
	fake_function(AUDIO, 0x10de, 0x1aef);
	fake_put("sys/bus/pci/drivers_probe", "");
	fake_put("sys/bus/pci/drivers/nouveau/unbind", "");
	fake_put("sys/bus/pci/drivers/nouveau/bind", "");
	return 0;
}

/* No test may leave a descriptor behind. */
static int tear_down(void **state)
{
	root_close(&root);
	if (root.fd != -1 || open_descriptors() != descriptors)
		return -1;
	return fake_tear_down(state);
}

static void test_root(void **state)
{
	struct root live, none = {.fd = 77};

	assert_false(root.live);
	assert_int_equal(root_open("/", &live), 0);
	assert_true(live.live);
	assert_string_equal(live.path, "");
	root_close(&live);
	assert_int_equal(root_open(fake_path("none"), &none), -ENOENT);
	assert_int_equal(
		root_open(fake_path(FUNCTIONS "../drivers_probe"), &none), -ENOTDIR);
	assert_int_equal(none.fd, 77);
}

static void test_ids(void **state)
{
	struct pci_ids ids = {.vendor = 1};

	assert_int_equal(sysfs_read_ids(&root, audio, &ids), 0);
	assert_int_equal(ids.vendor, 0x10de);
	assert_int_equal(ids.device, 0x1aef);
	assert_int_equal(ids.class, 0x030000);
	assert_int_equal(sysfs_read_ids(&root, nobody, &ids), -ENOENT);
	fake_put(FUNCTIONS "0000:01:00.0/modalias", "nonsense\n");
	assert_int_equal(sysfs_read_ids(&root, gpu, &ids), -EINVAL);
	fake_put(FUNCTIONS "0000:01:00.0/modalias", "");
	assert_int_equal(sysfs_read_ids(&root, gpu, &ids), -EINVAL);
	assert_int_equal(ids.device, 0x1aef);
}

static void test_driver(void **state)
{
	char driver[SYSFS_DRIVER_SIZE] = "before", longest[512];

	assert_int_equal(sysfs_read_driver(&root, gpu, driver), 0);
	assert_string_equal(driver, "");
	fake_link(FUNCTIONS "0000:01:00.0/driver", "../../../../bus/pci/drivers/nouveau");
	assert_int_equal(sysfs_read_driver(&root, gpu, driver), 0);
	assert_string_equal(driver, "nouveau");
	snprintf(longest, sizeof(longest), "../drivers/%063d", 7);
	fake_link(FUNCTIONS "0000:01:00.0/driver", longest);
	assert_int_equal(sysfs_read_driver(&root, gpu, driver), 0);
	assert_int_equal(strlen(driver), 63);
	strcpy(driver, "before");
	snprintf(longest, sizeof(longest), "../drivers/%064d", 7);
	fake_link(FUNCTIONS "0000:01:00.0/driver", longest);
	assert_int_equal(sysfs_read_driver(&root, gpu, driver), -ENAMETOOLONG);
	fake_remove(FUNCTIONS "0000:01:00.0/driver");
	fake_put(FUNCTIONS "0000:01:00.0/driver", "nouveau");
	assert_int_equal(sysfs_read_driver(&root, gpu, driver), -EINVAL);
	assert_string_equal(driver, "before");
}

static void test_path(void **state)
{
	struct pci_path path = {.depth = 9};
	char text[PCI_PATH_SIZE];

	assert_int_equal(sysfs_read_path(&root, audio, &path), 0);
	pci_path_format(&path, text);
	assert_string_equal(text, "00:01.0/00.1");
	path.depth = 9;
	assert_int_equal(sysfs_read_path(&root, nobody, &path), -ENOENT);
	fake_link(FUNCTIONS "0000:01:00.0", "../../../devices/platform");
	assert_int_equal(sysfs_read_path(&root, gpu, &path), -EINVAL);
	assert_int_equal(path.depth, 9);
}

/* A virtual function on another bus than its physical one shares no slot with it. */
static void test_path_of_virtual_functions(void **state)
{
	static const char vf[] = PORT "/0000:02:00.0";
	const struct pci_address spilled = {0, 2, 0};
	struct pci_path path = {.depth = 9};

	fake_function(vf, 0x15b3, 0x101e);
	fake_link(FUNCTIONS "0000:02:00.0/physfn", "../0000:01:00.0");
	assert_int_equal(sysfs_read_path(&root, spilled, &path), -EINVAL);
	assert_int_equal(path.depth, 9);
	fake_link(FUNCTIONS "0000:01:00.1/physfn", "../0000:01:00.0");
	assert_int_equal(sysfs_read_path(&root, audio, &path), 0);
	assert_int_equal(path.depth, 2);
}

static void test_virtual_functions(void **state)
{
	struct pci_address vf = {0};

	assert_int_equal(sysfs_read_virtual(&root, gpu, 0, &vf), -ENOENT);
	fake_link(FUNCTIONS "0000:01:00.0/virtfn0", "../0000:02:10.1");
	fake_link(FUNCTIONS "0000:01:00.0/virtfn1", "nowhere");
	assert_int_equal(sysfs_read_virtual(&root, gpu, 0, &vf), 0);
	assert_true(pci_address_equal(vf, (struct pci_address){0, 2, 0x10 << 3 | 1}));
	assert_int_equal(sysfs_read_virtual(&root, gpu, 1, &vf), -EINVAL);
}

static void test_group_and_driver_there(void **state)
{
	assert_true(sysfs_has_iommu_group(&root, gpu));
	fake_remove(FUNCTIONS "0000:01:00.0/iommu_group");
	assert_false(sysfs_has_iommu_group(&root, gpu));
	assert_false(sysfs_has_iommu_group(&root, nobody));
	assert_true(sysfs_has_driver(&root, "nouveau"));
	assert_false(sysfs_has_driver(&root, "nouvea"));
	assert_false(sysfs_has_driver(&root, "vfio-pci"));
}

/* Only a name is a driver: the directory of all of them is none. */
static void test_no_driver_of_dots(void **state)
{
	assert_false(sysfs_has_driver(&root, "."));
	assert_false(sysfs_has_driver(&root, ".."));
	assert_false(sysfs_has_driver(&root, ""));
}

struct found {
	unsigned n, stop;
	uint8_t seen[8];
};

static bool on_found(void *data, struct pci_address address)
{
	struct found *found = data;

	assert_true(found->n < ARRAY_SIZE(found->seen));
	found->seen[found->n++] = (uint8_t)(address.bus << 4 | address.devfn);
	return found->n != found->stop;
}

static void test_each_function(void **state)
{
	struct found all = {.n = 0}, below = {.n = 0}, one = {.stop = 1};
	struct pci_address first = {0, 1, 0};
	struct root bridge;
	struct pci_ids ids, same;

	fake_put(FUNCTIONS "0000:00:01.0/0000:01", "");
	fake_dir(FUNCTIONS "0000:00:01.0/power");
	fake_dir(FUNCTIONS "0000:00:01.0/0000:00:01.0:pcie010");
	assert_int_equal(sysfs_each_function(&root, on_found, &all), 0);
	assert_int_equal(all.n, 3);
	assert_int_equal(sysfs_open_bridge(&root, port, &bridge), 0);
	assert_int_equal(sysfs_each_function(&bridge, on_found, &below), 0);
	assert_int_equal(below.n, 2);
	assert_int_equal(below.seen[0] ^ below.seen[1], 1);
	/* What is below it has its files there, too; what is not has none. */
	assert_int_equal(sysfs_read_ids(&root, first, &ids), 0);
	assert_int_equal(sysfs_read_ids(&bridge, first, &same), 0);
	assert_int_equal(same.vendor, ids.vendor);
	assert_int_equal(same.class, ids.class);
	assert_int_equal(sysfs_read_ids(&bridge, port, &same), -ENOENT);
	root_close(&bridge);
	assert_int_equal(sysfs_each_function(&root, on_found, &one), 0);
	assert_int_equal(one.n, 1);
	assert_int_equal(sysfs_open_bridge(&root, nobody, &bridge), -ENOENT);
	assert_int_equal(one.n, 1);
}

static bool count_name(void *data, const char *name)
{
	*(unsigned *)data += name[0] != '.';
	return true;
}

/* More names than one getdents64() returns. */
static void test_each_of_many(void **state)
{
	unsigned n = 0;

	for (int i = 0; i < 1000; i++) {
		char name[64];

		snprintf(name, sizeof(name), "many/a-name-of-some-length-%d", i);
		fake_link(name, "nowhere");
	}
	assert_int_equal(file_each_name(&root, "/many", count_name, &n), 0);
	assert_int_equal(n, 1000);
	assert_int_equal(file_each_name(&root, "/none", count_name, &n), -ENOENT);
}

static void test_read_file(void **state)
{
	char buffer[8] = "";

	fake_put("etc/x", "123456");
	assert_int_equal(file_read_fixed(&root, "/etc/x", buffer, sizeof(buffer)), 6);
	assert_string_equal(buffer, "123456");
	assert_int_equal(file_read_fixed(&root, "etc/x", buffer, sizeof(buffer)), 6);
	fake_put("etc/x", "");
	assert_int_equal(file_read_fixed(&root, "/etc/x", buffer, sizeof(buffer)), 0);
	assert_string_equal(buffer, "");
	fake_put("etc/x", "12345678");
	assert_int_equal(
		file_read_fixed(&root, "/etc/x", buffer, sizeof(buffer)), -EFBIG);
	assert_int_equal(
		file_read_fixed(&root, "/etc/y", buffer, sizeof(buffer)), -ENOENT);
	assert_int_equal(file_read_fixed(&root, "/etc", buffer, sizeof(buffer)), -EISDIR);
}

static void test_read_link(void **state)
{
	char text[8] = "before";

	fake_link("etc/l", "1234567");
	assert_int_equal(file_read_link(&root, "/etc/l", text, sizeof(text)), 0);
	assert_string_equal(text, "1234567");
	fake_link("etc/l", "12345678");
	assert_int_equal(
		file_read_link(&root, "/etc/l", text, sizeof(text)), -ENAMETOOLONG);
	fake_put("etc/f", "");
	assert_int_equal(file_read_link(&root, "/etc/f", text, sizeof(text)), -EINVAL);
	assert_int_equal(file_read_link(&root, "/etc/n", text, sizeof(text)), -ENOENT);
}

static void test_kmsg(void **state)
{
	int fd;

	assert_int_equal(sysfs_open_kmsg(&root), -ENOENT);
	fake_put("dev/kmsg", "before\n");
	fd = sysfs_open_kmsg(&root);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "after\n", 6), 6);
	close(fd);
	assert_string_equal(fake_read("dev/kmsg"), "before\nafter\n");
}

/* What stands in the files is what the kernel would have got, and no more. */
/* PID 1 has our root while it is in the initramfs, and takes /proc to another one then. */
static void test_root_of_init(void **state)
{
	assert_false(sysfs_is_root_of_init(&root));
	fake_link("proc/1/root", "../..");
	assert_true(sysfs_is_root_of_init(&root));
	assert_int_equal(unlink(fake_path("proc/1/root")), 0);
	fake_link("proc/1/root", "/");
	assert_false(sysfs_is_root_of_init(&root));
}

static void test_writes(void **state)
{
	assert_int_equal(sysfs_write_override(&root, gpu, "a-driver-with-a-name"), 0);
	assert_string_equal(fake_read(FUNCTIONS "0000:01:00.0/driver_override"),
		"a-driver-with-a-name\n");
	assert_int_equal(sysfs_write_override(&root, gpu, "vfio-pci"), 0);
	assert_string_equal(
		fake_read(FUNCTIONS "0000:01:00.0/driver_override"), "vfio-pci\n");
	assert_int_equal(sysfs_write_override(&root, gpu, ""), 0);
	assert_string_equal(fake_read(FUNCTIONS "0000:01:00.0/driver_override"), "\n");
	assert_string_equal(
		fake_read(FUNCTIONS "0000:01:00.1/driver_override"), "(null)\n");
	assert_int_equal(sysfs_write_probe(&root, audio), 0);
	assert_string_equal(fake_read("sys/bus/pci/drivers_probe"), "0000:01:00.1");
	assert_int_equal(sysfs_write_unbind(&root, gpu, "nouveau"), 0);
	assert_string_equal(
		fake_read("sys/bus/pci/drivers/nouveau/unbind"), "0000:01:00.0");
	assert_string_equal(fake_read("sys/bus/pci/drivers/nouveau/bind"), "");
}

static void test_writes_that_fail(void **state)
{
	assert_int_equal(sysfs_write_override(&root, nobody, "vfio-pci"), -ENOENT);
	assert_int_equal(sysfs_write_unbind(&root, gpu, "vfio-pci"), -ENOENT);
	fake_remove("sys/bus/pci/drivers_probe");
	assert_int_equal(sysfs_write_probe(&root, gpu), -ENOENT);
	/* Nothing is made that was not there. */
	assert_int_equal(access(fake_path("sys/bus/pci/drivers_probe"), F_OK), -1);
	fake_dir("sys/bus/pci/drivers_probe");
	assert_int_equal(sysfs_write_probe(&root, gpu), -EISDIR);
}

/* A tree whose links lead out of it: nothing there is changed. */
static void test_writes_are_confined(void **state)
{
	char outside[] = "/tmp/vfioboot-outside-XXXXXX";
	int fd = mkstemp(outside);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "mine", 4), 4);
	fake_link("sys/bus/pci/drivers_probe", outside);
	assert_true(sysfs_write_probe(&root, gpu) < 0);
	fake_link(FUNCTIONS "0000:01:00.0/driver_override", outside);
	assert_true(sysfs_write_override(&root, gpu, "vfio-pci") < 0);
	fake_link("dev/kmsg", outside);
	assert_true(sysfs_open_kmsg(&root) < 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 4);
	close(fd);
	unlink(outside);
}

/* A root whose name starts like another's does not own its files. */
static void test_sibling_is_outside(void **state)
{
	struct root half;

	fake_put("half/sys/bus/pci/x", "");
	fake_put("half-sibling/probe", "mine");
	fake_link("half/sys/bus/pci/drivers_probe", "../../../../half-sibling/probe");
	assert_int_equal(root_open(fake_path("half"), &half), 0);
	assert_true(sysfs_write_probe(&half, gpu) < 0);
	assert_string_equal(fake_read("half-sibling/probe"), "mine");
	root_close(&half);
}

/* An absolute link of another machine means that machine's file. */
static void test_links_start_at_the_root(void **state)
{
	char buffer[64] = "";

	fake_put("srv/vfioboot.conf", "of the tree\n");
	fake_link("etc/vfioboot.conf", "/srv/vfioboot.conf");
	assert_int_equal(
		file_read_fixed(&root, "/etc/vfioboot.conf", buffer, sizeof(buffer)), 12);
	assert_string_equal(buffer, "of the tree\n");
	fake_link("etc/vfioboot.conf", "/etc/passwd");
	assert_int_equal(
		file_read_fixed(&root, "/etc/vfioboot.conf", buffer, sizeof(buffer)),
		-ENOENT);
	fake_link("etc/vfioboot.conf", "../../../../../../../../etc/passwd");
	assert_int_equal(
		file_read_fixed(&root, "/etc/vfioboot.conf", buffer, sizeof(buffer)),
		-ENOENT);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_root_of_init),
		TEST(test_root),
		TEST(test_ids),
		TEST(test_driver),
		TEST(test_path),
		TEST(test_path_of_virtual_functions),
		TEST(test_virtual_functions),
		TEST(test_group_and_driver_there),
		TEST(test_no_driver_of_dots),
		TEST(test_each_function),
		TEST(test_each_of_many),
		TEST(test_read_file),
		TEST(test_read_link),
		TEST(test_kmsg),
		TEST(test_writes),
		TEST(test_writes_that_fail),
		TEST(test_writes_are_confined),
		TEST(test_sibling_is_outside),
		TEST(test_links_start_at_the_root),
	};

	return cmocka_run_group_tests_name("sysfs", tests, NULL, NULL);
}
