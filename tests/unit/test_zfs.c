/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ZFS pools, told by a program of the same name as the real one. */
#include "fakehost.h"

#include "facts/usage.h"
#include "facts/zfs.h"

#define REST "\t928G\t53.9G\t874G\t-\t-\t2%\t5.80\t-\tONLINE\n"

/* What `zpool list -v -H -P -L rpool` prints of a mirror with a log and a cache. */
static const char mirror[] =
	"rpool\t928G\t53.9G\t874G\t-\t-\t2%\t5%\t1.00x\tONLINE\t-\n"
	"\tmirror-0" REST "\t/dev/nvme0n1p2\t929G\t-\t-\t-\t-\t-\t-\t-\tONLINE\n"
	"\t/dev/sda1\t929G\t-\t-\t-\t-\t-\t-\t-\tONLINE\n"
	"logs          -      -      -        -         -      -      -      -         -\n"
	"\t/dev/dm-3" REST
	"cache         -      -      -        -         -      -      -      -         -\n"
	"\t/dev/nvme1n1p1" REST;

static struct backing read_list(const char *output)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_free_ char *text = strdup(output);
	struct backing backing = {0};

	assert_int_equal(zfs_add_list(&root, text, &backing), 0);
	return backing;
}

static int set_up(void **state)
{
	int r = host_set_up(state);

	add_ssd();
	add_hba();
	add_block("pci0000:00/0000:00:1b.0/0000:05:00.0/nvme/nvme1/nvme1n1", "259:5");
	add_partition("pci0000:00/0000:00:1b.0/0000:05:00.0/nvme/nvme1/nvme1n1/nvme1n1p1",
		"259:6");
	add_block("virtual/block/dm-3", "254:3");
	add_slave("dm-3", SSD "/nvme/nvme0/nvme0n1/nvme0n1p1");
	return r;
}

static void test_mirror(void **state)
{
	struct backing backing = read_list(mirror);

	assert_int_equal(backing.functions.n, 3);
	assert_string_equal(backing.functions.names[0], "sys/devices/" SSD);
	assert_string_equal(backing.functions.names[1], "sys/devices/" HBA);
	assert_string_equal(backing.functions.names[2],
		"sys/devices/pci0000:00/0000:00:1b.0/0000:05:00.0");
	assert_false(backing.untraced);
	backing_free(&backing);
}

/* A lost disk, a file, a name without a path, a group of the future, and nothing at all. */
static void test_not_understood(void **state)
{
	static const char *const lines[] = {"\t9437652384923048234\t-\t-\tUNAVAIL\n",
		"\t/srv/disk.img" REST, "\tsda1" REST, "\tanyraid-0" REST,
		"\t/dev/sdq" REST, "", "cannot open 'rpool': no such pool\n"};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char text[512];
		struct backing backing;

		snprintf(text, sizeof(text), "rpool\t928G\n%s%s",
			i < 5 ? "\t/dev/sda1" REST : "", lines[i]);
		backing = read_list(text);
		assert_true(backing.untraced);
		backing_free(&backing);
	}
}

/* A zpool(8) in the PATH that prints @output and ends with @status. */
static void fake_zpool(const char *output, int status)
{
	char bin[128], script[2048], *old = getenv("PATH");
	static char set[4096];

	fake_put("bin/output", output);
	strcpy(bin, fake_path("bin"));
	snprintf(script, sizeof(script),
		"#!/bin/sh\n[ \"$*\" = 'list -v -H -P -L rpool' ] || exit 9\n"
		"echo >>'%s/runs'\n"
		"cat '%s/output'\nexit %d\n",
		bin, bin, status);
	fake_put("bin/zpool", script);
	assert_int_equal(chmod(fake_path("bin/zpool"), 0755), 0);
	snprintf(set, sizeof(set), "%s:%s", bin, old ? old : "/usr/bin:/bin");
	assert_int_equal(setenv("PATH", set, 1), 0);
}

static struct backing read_pool(const char *source, bool live)
{
	_cleanup_(root_close) struct root root = fake_open();
	struct backing backing = {0};

	root.live = live; /* the composed machine as if it was this one */
	assert_int_equal(zfs_add_pool(&root, source, &backing), 0);
	return backing;
}

static void test_program(void **state)
{
	struct backing backing;

	fake_zpool(mirror, 0);
	backing = read_pool("rpool/ROOT/debian", true);
	assert_int_equal(backing.functions.n, 3);
	assert_false(backing.untraced);
	backing_free(&backing);
	backing = read_pool("rpool@snapshot", true);
	assert_int_equal(backing.functions.n, 3);
	backing_free(&backing);
}

/* Of another machine this one's program knows nothing. */
static void test_program_fails(void **state)
{
	static const struct {
		const char *source;
		bool live;
		int status;
	} cases[] = {{"rpool/ROOT", false, 0}, {"rpool/ROOT", true, 1},
		{"tank/data", true, 0}, {"-v", true, 0}, {"/rpool", true, 0},
		{"", true, 0}, {NULL, true, 0}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct backing backing;

		fake_zpool(mirror, cases[i].status);
		backing = read_pool(cases[i].source, cases[i].live);
		assert_true(backing.untraced);
		assert_int_equal(backing.functions.n, 0);
		backing_free(&backing);
	}
}

/* The whole way: the root on a pool is exactly its disks' controllers. */
static void test_protected(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(facts_free) struct facts facts = {0};
	static struct protect_list list;
	char text[4096] = "";

	fake_zpool(mirror, 0);
	add_mount("0:27", "/", "zfs", "rpool/ROOT/debian");
	root.live = true;
	assert_int_equal(facts_read(&root, &facts), 0);
	assert_int_equal(protect_list_trace(&facts, NULL, &list), 0);
	for (unsigned i = 0; i < list.n_entries; i++)
		protect_format(&list.entries[i], text + strlen(text));
	assert_string_equal(text,
		"storage 00:17.0 8086:a102 /\n"
		"storage 00:1b.0/00.0 1c5c:174a /\n"
		"storage 00:1d.0/00.0 144d:a808 /\n");
}

/* Many data sets of a pool are one question. */
static void test_asked_once(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(facts_free) struct facts facts = {0};
	const struct usage *usage;
	char runs[16];

	fake_zpool(mirror, 0);
	add_mount("0:27", "/", "zfs", "rpool/ROOT/debian");
	add_mount("0:28", "/srv", "zfs", "rpool/srv");
	add_mount("0:29", "/srv/a", "zfs", "rpool/srv/a");
	root.live = true;
	assert_int_equal(facts_read(&root, &facts), 0);
	assert_int_equal(facts_usage(&facts, &usage), 0);
	assert_int_equal(usage->n, 9); /* three mounts on three functions */
	assert_false(usage->entries[0].untraced);
	assert_int_equal(file_read_fixed(&root, "bin/runs", runs, sizeof(runs)), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, fake_tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_mirror),
		TEST(test_not_understood),
		TEST(test_program),
		TEST(test_program_fails),
		TEST(test_protected),
		TEST(test_asked_once),
	};

	return cmocka_run_group_tests_name("zfs", tests, NULL, NULL);
}
