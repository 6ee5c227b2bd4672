/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Composes a machine below a temporary root, with the files that a kernel would show, and
 * compares its protect list as text.  Each test starts with a fresh one.
 */
#ifndef VFIOBOOT_FAKEHOST_H
#define VFIOBOOT_FAKEHOST_H

#include "facts/facts.h"
#include "support.h"

#define NVME   "bc01sc08i02"
#define AHCI   "bc01sc06i01"
#define XHCI   "bc0Csc03i30"
#define VGA    "bc03sc00i00"
#define NET    "bc02sc00i00"
#define BRIDGE "bc06sc04i00"

#define SSD "pci0000:00/0000:00:1d.0/0000:01:00.0" /* two slots that most tests use */
#define HBA "pci0000:00/0000:00:17.0"

static inline void append(const char *name, const char *text)
{
	char whole[TREE_FILE_SIZE];

	assert_within(snprintf(whole, sizeof(whole), "%s%s", fake_read(name), text), 0,
		sizeof(whole) - 1);
	fake_put(name, whole);
}

/* A link such as sysfs has them: @name to @target, both below the root. */
static inline void put_link(const char *name, const char *target)
{
	char text[512] = "";

	for (const char *p = name; (p = strchr(p, '/')); p++)
		strcat(text, "../");
	strcat(text, target);
	fake_link(name, text);
}

static inline const char *base(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* A PCI function at @path below sys/devices. */
static inline void add_function(
	const char *path, unsigned vendor, unsigned device, const char *class)
{
	char name[1024], real[512], text[128];

	snprintf(name, sizeof(name), "sys/devices/%s/modalias", path);
	snprintf(text, sizeof(text), "pci:v%08Xd%08Xsv00001043sd00008769%s\n", vendor,
		device, class);
	fake_put(name, text);
	snprintf(name, sizeof(name), "sys/bus/pci/devices/%s", base(path));
	snprintf(real, sizeof(real), "sys/devices/%s", path);
	put_link(name, real);
}

static inline void set_group(const char *path, const char *group)
{
	char name[256], target[64];

	snprintf(name, sizeof(name), "sys/devices/%s/iommu_group", path);
	snprintf(target, sizeof(target), "sys/kernel/iommu_groups/%s", group);
	put_link(name, target);
}

static inline void set_driver(const char *path, const char *driver)
{
	char name[256], target[64];

	snprintf(name, sizeof(name), "sys/devices/%s/driver", path);
	snprintf(target, sizeof(target), "sys/bus/pci/drivers/%s", driver);
	put_link(name, target);
}

/* A block device at @path below sys/devices. */
static inline void add_block(const char *path, const char *number)
{
	char name[1024], real[512];

	snprintf(real, sizeof(real), "sys/devices/%s", path);
	snprintf(name, sizeof(name), "%s/dev", real);
	fake_put(name, number);
	snprintf(name, sizeof(name), "sys/dev/block/%s", number);
	put_link(name, real);
	snprintf(name, sizeof(name), "sys/class/block/%s", base(path));
	put_link(name, real);
}

static inline void add_partition(const char *path, const char *number)
{
	char name[256];

	add_block(path, number);
	snprintf(name, sizeof(name), "sys/devices/%s/partition", path);
	fake_put(name, "1\n");
}

/* @holder below sys/devices/virtual/block stands on @slave below sys/devices. */
static inline void add_slave(const char *holder, const char *slave)
{
	char name[1024], real[512];

	snprintf(name, sizeof(name), "sys/devices/virtual/block/%s/slaves/%s", holder,
		base(slave));
	snprintf(real, sizeof(real), "sys/devices/%s", slave);
	put_link(name, real);
}

static inline void add_mount(
	const char *number, const char *target, const char *type, const char *source)
{
	static unsigned id = 20;
	char line[256];

	snprintf(line, sizeof(line), "%u 1 %s / %s rw,relatime shared:1 - %s %s rw\n",
		id++, number, target, type, source);
	append("proc/self/mountinfo", line);
}

static inline void add_swap(const char *path, const char *type)
{
	char line[256];

	snprintf(line, sizeof(line), "%-40s%s\t4194300\t\t0\t\t-2\n", path, type);
	append("proc/swaps", line);
}

static inline void add_ssd(void)
{
	add_function(SSD, 0x144d, 0xa808, NVME);
	add_block(SSD "/nvme/nvme0/nvme0n1", "259:0");
	add_partition(SSD "/nvme/nvme0/nvme0n1/nvme0n1p1", "259:1");
	add_partition(SSD "/nvme/nvme0/nvme0n1/nvme0n1p2", "259:2");
}

static inline void add_hba(void)
{
	add_function(HBA, 0x8086, 0xa102, AHCI);
	add_block(HBA "/ata1/host0/target0:0:0/0:0:0:0/block/sda", "8:0");
	add_partition(HBA "/ata1/host0/target0:0:0/0:0:0:0/block/sda/sda1", "8:1");
}

static inline int trace(struct protect_list *ret)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(facts_free) struct facts facts = {0};

	assert_int_equal(facts_read(&root, &facts), 0);
	return protect_list_trace(&facts, NULL, ret);
}

static inline void expect_list(const char *expected)
{
	static struct protect_list list, again;
	char text[16384] = "";

	assert_int_equal(trace(&list), 0);
	for (unsigned i = 0; i < list.n_entries; i++)
		protect_format(&list.entries[i], text + strlen(text));
	assert_string_equal(text, expected);
	/* What is written is what the early program reads. */
	again.n_entries = 0;
	assert_int_equal(protect_parse(&again, text), 0);
	assert_int_equal(again.n_entries, list.n_entries);
}

static inline void expect_error(int error)
{
	static struct protect_list list;

	assert_int_equal(trace(&list), error);
}

/* A machine with another drive and a network card, that nothing runs on yet. */
static inline int host_set_up(void **state)
{
	if (fake_set_up(state) < 0)
		return -1;
	fake_put("proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	fake_put("sys/power/resume", "0:0\n");
	fake_put("sys/dev/block/.keep", "");
	fake_put("sys/bus/pci/devices/.keep", "");
	fake_put("sys/class/block/.keep", "");
	add_mount("0:21", "/proc", "proc", "proc");
	add_function("pci0000:00/0000:00:1b.0/0000:05:00.0", 0x1c5c, 0x174a, NVME);
	add_function("pci0000:00/0000:00:1f.6", 0x8086, 0x15bc, NET);
	return 0;
}

#endif
