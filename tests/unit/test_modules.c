/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Modules by the ids of functions, in an index that was made here. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "facts/modules.h"
#include "fakemodules.h"

#define RELEASE "6.12.1-test"
#define DIR     "lib/modules/" RELEASE

#define GPU  "v000010DEd00002206sv*sd*bc*sc*i*"
#define NVME "v*d*sv*sd*bc01sc08i02*"

static const struct fake_index_line dep[] = {
	{"vfio_pci", "kernel/vfio-pci.ko:"},
	{"xe_vfio_pci", "kernel/xe-vfio-pci.ko:"},
	{"mlx5_vfio_pci", "kernel/mlx5-vfio-pci.ko:"},
	{"close_vfio_pci", "kernel/close-vfio-pci.ko:"},
	{"nouveau", "kernel/nouveau.ko:"},
	{"nvidia", "kernel/nvidia.ko: kernel/nouveau.ko"},
};

static const struct fake_index_line alias[] = {
	{"pci:" GPU, "nouveau"},
	{"pci:v000010DEd*sv*sd*bc03sc00i00*", "nvidia"},
	{"pci:v000010DEd*sv*sd*bc03sc*i*", "nvidia"},
	{"vfio_pci:v*d*sv*sd*bc*sc*i*", "vfio_pci"},
	{"vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i*", "mlx5_vfio_pci"},
	{"vfio_pci:v000015B3d0000101Esv000015B3sd*bc*sc*i*", "close_vfio_pci"},
	{"vfio_pci:v00008086d0000E20Bsv*sd*bc*sc*i*", "xe_vfio_pci"},
};

static const struct fake_index_line builtin[] = {{"nvme", ""}, {"vfio", ""}};
static const struct fake_index_line builtin_alias[] = {{"pci:" NVME, "nvme"}};

static const struct pci_ids gpu = {0x10de, 0x2206, 0x1043, 0x87b0, 0x030000};
static const struct pci_ids drive = {0x144d, 0xa808, 0x144d, 0xa801, 0x010802};
static const struct pci_ids usb = {0x8086, 0xa36d, 0x1043, 0x8694, 0x0c0330};

static void put_aliases(const char *path, const char *first, const char *second)
{
	char info[512];
	int n = snprintf(info, sizeof(info), "alias=%s%calias=%s", first, '\0', second);

	fake_put_module(path, info, (size_t)n + 1);
}

static void put_index(const char *dir)
{
	fake_put_index(dir, "modules.dep", dep, ARRAY_SIZE(dep));
	fake_put_index(dir, "modules.alias", alias, ARRAY_SIZE(alias));
	fake_put_index(dir, "modules.symbols", NULL, 0);
	fake_put_index(dir, "modules.builtin", builtin, ARRAY_SIZE(builtin));
	fake_put_index(
		dir, "modules.builtin.alias", builtin_alias, ARRAY_SIZE(builtin_alias));
}

static struct modules *open_index(void)
{
	_cleanup_(root_close) struct root root = fake_open();
	struct modules *modules = NULL;

	assert_int_equal(modules_open(&root, RELEASE, &modules), 0);
	return modules;
}

static void expect_claiming(const struct pci_ids *ids, const char *expected)
{
	_cleanup_(modules_close) struct modules *modules = open_index();
	char text[64];

	assert_int_equal(modules_claiming(modules, ids, text, sizeof(text)), 0);
	assert_string_equal(text, expected);
}

static void expect_vfio(struct pci_ids ids, const char *expected)
{
	_cleanup_(modules_close) struct modules *modules = open_index();
	char text[64];

	assert_int_equal(modules_vfio_driver(modules, &ids, text, sizeof(text)), 0);
	assert_string_equal(text, expected);
}

static void expect_module(struct modules *modules, const char *name,
	enum module_kind expected, const char *path)
{
	enum module_kind kind;
	char text[256];

	assert_int_equal(modules_find(modules, name, &kind, text, sizeof(text)), 0);
	assert_int_equal(kind, expected);
	assert_string_equal(text, path);
}

static void test_without_index(void **state)
{
	static const char *const releases[] = {RELEASE, "6.1", "..", "."};
	_cleanup_(root_close) struct root root = fake_open();
	struct modules *modules = NULL;

	fake_put(DIR "/modules.dep", "");
	for (size_t i = 0; i < ARRAY_SIZE(releases); i++)
		assert_int_equal(modules_open(&root, releases[i], &modules), -ENOENT);
	assert_int_equal(modules_open(&root, "", &modules), -EINVAL);
	assert_int_equal(modules_open(&root, "../" RELEASE, &modules), -EINVAL);
	assert_null(modules);
	modules_close(&modules);
}

static void test_claiming(void **state)
{
	put_index(DIR);
	expect_claiming(&gpu, "nouveau, nvidia");
	expect_claiming(&drive, "nvme");
	expect_claiming(&usb, "");
}

static void test_names_that_do_not_fit(void **state)
{
	_cleanup_(modules_close) struct modules *modules = NULL;
	char text[8] = "before";

	put_index(DIR);
	modules = open_index();
	assert_int_equal(modules_claiming(modules, &gpu, text, sizeof(text)), -ENOBUFS);
	assert_int_equal(modules_vfio_driver(modules, &gpu, text, 8), -ENOBUFS);
	assert_string_equal(text, "before");
}

static void test_vfio_driver(void **state)
{
	static const char all[] = "vfio_pci:v*d*sv*sd*bc*sc*i*";

	put_index(DIR);
	put_aliases(DIR "/kernel/vfio-pci.ko", all, "x");
	put_aliases(DIR "/kernel/mlx5-vfio-pci.ko", "y", alias[4].key);
	put_aliases(DIR "/kernel/close-vfio-pci.ko", all, alias[5].key);
	expect_vfio(gpu, "vfio-pci");
	expect_vfio(
		(struct pci_ids){0x15b3, 0x101e, 0x15b4, 1, 0x020000}, "mlx5_vfio_pci");
	expect_vfio(
		(struct pci_ids){0x15b3, 0x101e, 0x15b3, 1, 0x020000}, "close_vfio_pci");
	/* Its module can't be read. */
	expect_vfio((struct pci_ids){0x8086, 0xe20b, 0, 0, 0x030000}, "xe-vfio-pci");
}

static void test_vfio_driver_without_aliases(void **state)
{
	fake_put_index(DIR, "modules.dep", dep, ARRAY_SIZE(dep));
	expect_vfio(gpu, "vfio-pci");
	expect_claiming(&gpu, "");
}

static void test_find(void **state)
{
	_cleanup_(modules_close) struct modules *modules = NULL;

	put_index(DIR);
	modules = open_index();
	expect_module(modules, "vfio_pci", MODULE_FILE, "/" DIR "/kernel/vfio-pci.ko");
	expect_module(modules, "vfio-pci", MODULE_FILE, "/" DIR "/kernel/vfio-pci.ko");
	expect_module(modules, "vfio", MODULE_BUILTIN, "");
	expect_module(modules, "vfio_virqfd", MODULE_NONE, "");
}

static void *open_in_thread(void *data)
{
	*(struct modules **)data = open_index();
	return NULL;
}

/* The child dies with the thread that started it; others go on asking. */
static void test_thread_that_ended(void **state)
{
	_cleanup_(modules_close) struct modules *modules = NULL;
	pthread_t thread;

	put_index(DIR);
	assert_int_equal(pthread_create(&thread, NULL, open_in_thread, &modules), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	expect_module(modules, "vfio", MODULE_BUILTIN, "");
	assert_false(modules_are_damaged(modules));
}

/* Makes an index of many lines; without its end, or with other bytes in it. */
static void put_damaged(const char *name, bool cut_off)
{
	static struct fake_index_line many[2000];
	static char keys[ARRAY_SIZE(many)][16], noise[16384];
	char path[2048];
	int fd;

	snprintf(path, sizeof(path), "%s/%s.bin", fake_path(DIR), name);

	for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
		snprintf(keys[i], sizeof(keys[i]), "pci:v%04zu", i);
		many[i] = (struct fake_index_line){keys[i], "x.ko:"};
	}
	fake_put_index(DIR, name, many, ARRAY_SIZE(many));
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	if (cut_off)
		assert_int_equal(ftruncate(fd, 20480), 0);
	memset(noise, 0x3f, sizeof(noise)); /* nodes that match all, and lead far away */
	if (!cut_off)
		assert_int_equal(pwrite(fd, noise, sizeof(noise), 12), sizeof(noise));
	close(fd);
}

/* Where it ends before its last node, in either order that depmod may write them. */
/* The process that answers has nothing of ours open: whoever waits for its end would wait for that. */
static void test_no_descriptor_is_kept(void **state)
{
	_cleanup_(modules_close) struct modules *modules = NULL;
	int pipes[2], saved = dup(0), r;
	char byte;

	put_index(DIR);
	assert_int_equal(pipe(pipes), 0);
	/* One of its sockets may get a number of the standard ones. */
	close(0);
	modules = open_index();
	dup2(saved, 0);
	close(saved);
	close(pipes[1]);
	r = poll(&(struct pollfd){pipes[0], POLLIN, 0}, 1, 1000);
	assert_int_equal(r, 1);
	assert_int_equal(read(pipes[0], &byte, 1), 0);
	close(pipes[0]);
	expect_module(modules, "vfio_pci", MODULE_FILE, "/" DIR "/kernel/vfio-pci.ko");
}

/* A process that ours has started may close all, or ask: that is nothing to us. */
static void test_forked(void **state)
{
	_cleanup_(modules_close) struct modules *modules = NULL;
	enum module_kind kind;
	int status;

	put_index(DIR);
	modules = open_index();
	for (int asks = 0; asks < 2; asks++) {
		pid_t pid = fork();

		if (pid == 0) {
			int r = asks ? modules_find(modules, "vfio_pci", &kind, NULL, 0)
				     : 0;

			modules_close(&modules);
			_exit(r < 0 || (asks && kind != MODULE_FILE));
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		expect_module(
			modules, "vfio_pci", MODULE_FILE, "/" DIR "/kernel/vfio-pci.ko");
	}
}

static void test_cut_off(void **state)
{
	static const unsigned char orders[][47] = {
		"\xb0\x07\xf4\x57\0\2\0\1\x20\0\0\x28"
		"fio\0\0\0\0\1\0\0\0\0kernel/vfio.ko:\0vv\xc0\0\0\x0c",
		"\xb0\x07\xf4\x57\0\2\0\1\x20\0\0\x0c"
		"vv\xc0\0\0\x12"
		"fio\0\0\0\0\1\0\0\0\0kernel/vfio.ko:",
	};
	const size_t whole = sizeof(orders[0]) - 1;

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		assert_true(modules_index_is_whole(orders[i], whole));
		for (size_t size = 0; size < whole; size++)
			assert_false(modules_index_is_whole(orders[i], size));
	}
}

/* A node that is its own child. */
static void test_circle(void **state)
{
	unsigned char index[] = "\xb0\x07\xf4\x57\0\2\0\1\x20\0\0\x0c"
				"vw\x20\0\0\x0c\0\0\0\0";

	assert_false(modules_index_is_whole(index, sizeof(index) - 1));
	index[14] = 0;
	index[17] = 0;
	assert_true(modules_index_is_whole(index, sizeof(index) - 1));
}

/* Not found when it is opened: that one was written to later. */
static void test_damaged(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(modules_close) struct modules *modules = NULL;
	enum module_kind kind = MODULE_NONE;
	char text[64] = "before";

	put_index(DIR);
	put_damaged("modules.dep", true);
	assert_int_equal(modules_open(&root, RELEASE, &modules), -EBADMSG);
	put_index(DIR);
	put_damaged("modules.alias", false);
	assert_int_equal(modules_open(&root, RELEASE, &modules), -EBADMSG);
	assert_null(modules);
	put_index(DIR);
	modules = open_index();
	assert_int_equal(modules_find(modules, "vfio_pci", &kind, NULL, 0), 0);
	assert_false(modules_are_damaged(modules));
	assert_int_equal(truncate(fake_path(DIR "/modules.alias.bin"), 0), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			modules_claiming(modules, &gpu, text, sizeof(text)), -EBADMSG);
		assert_int_equal(
			modules_find(modules, "vfio_pci", &kind, NULL, 0), -EBADMSG);
		assert_true(modules_are_damaged(modules));
	}
	assert_int_equal(kind, MODULE_FILE);
	assert_string_equal(text, "before");
}

/* A process that reads an index, and is killed while the child of it is stopped. */
static _Noreturn void read_and_die(void)
{
	struct modules *modules = open_index();
	char path[64], text[32] = "";
	int fd;

	assert_non_null(modules);
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	fd = open(path, O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_int_equal(kill(atoi(text), SIGSTOP), 0);
	raise(SIGKILL);
	abort();
}

/* What the child has inherited, such as the lock, is free when its parent has ended. */
static void test_killed(void **state)
{
	struct pollfd ended = {.events = POLLIN};
	int pipes[2];
	pid_t pid;

	put_index(DIR);
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0)
		read_and_die();
	close(pipes[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	ended.fd = pipes[0];
	assert_int_equal(poll(&ended, 1, 5000), 1);
	close(pipes[0]);
}

static void test_elsewhere(void **state)
{
	put_index("usr/" DIR);
	expect_claiming(&gpu, "nouveau, nvidia");
	/* As on a system with one /usr, whose link is absolute. */
	fake_link("lib", "/usr/lib");
	expect_claiming(&gpu, "nouveau, nvidia");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ROOT_TEST(test_without_index),
		ROOT_TEST(test_claiming),
		ROOT_TEST(test_names_that_do_not_fit),
		ROOT_TEST(test_vfio_driver),
		ROOT_TEST(test_vfio_driver_without_aliases),
		ROOT_TEST(test_find),
		ROOT_TEST(test_thread_that_ended),
		ROOT_TEST(test_no_descriptor_is_kept),
		ROOT_TEST(test_forked),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_circle),
		ROOT_TEST(test_damaged),
		ROOT_TEST(test_killed),
		ROOT_TEST(test_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
