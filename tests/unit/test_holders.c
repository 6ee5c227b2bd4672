/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who holds functions, in a tree of processes whose descriptors are links with the names of nodes.
 * Only root could make the nodes, so what statx(2) says of those is a table here.
 *
 * Linked with --wrap for statx, openat and child_now.
 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "handover/holders.h"

#define CARD  "sys/bus/pci/devices/0000:03:00.0"
#define SOUND "sys/bus/pci/devices/0000:03:00.1"

static const struct pci_address functions[] = {
	{.bus = 3, .devfn = 0},
	{.bus = 3, .devfn = 1},
};

static struct root root;
static struct holders holders;

/* ---- nodes ----------------------------------------------------------------------------------- */

static const struct played_node {
	const char *name;
	bool is_block;
	unsigned major, minor;
} played[] = {
	{"/dev/dri/card1", false, 226, 1},
	{"/dev/dri/renderD128", false, 226, 128},
	{"/tmp/odd name\nof it", false, 226, 1},
	{"/dev/dri/card0", false, 226, 0},
	{"/dev/snd/controlC1", false, 116, 7},
	{"/dev/nvme0n1", true, 259, 0},
	{"/dev/char259", false, 259, 0},
	{"/dev/vfio/7", false, 240, 1},
	{"/dev/nvidia0", false, 195, 0},
	{"/dev/nvidia1", false, 195, 1},
	{"/dev/nvidiactl", false, 195, 255},
	{"/dev/nvidia-uvm-tools", false, 508, 1},
	{"/dev/input/event5", false, 13, 69},
	{"/dev/null", false, 1, 3},
};

int __real_statx(
	int dir, const char *name, int flags, unsigned int mask, struct statx *ret);
int __wrap_statx(
	int dir, const char *name, int flags, unsigned int mask, struct statx *ret);

int __wrap_statx(
	int dir, const char *name, int flags, unsigned int mask, struct statx *ret)
{
	char target[128] = "";

	/* A file server that is gone would never answer. */
	if (!(flags & AT_STATX_DONT_SYNC))
		abort();
	if (readlinkat(dir, name, target, sizeof(target) - 1) >= 0)
		for (size_t i = 0; i < ARRAY_SIZE(played); i++)
			if (strcmp(played[i].name, target) == 0) {
				*ret = (struct statx){
					.stx_mode =
						played[i].is_block ? S_IFBLK : S_IFCHR,
					.stx_rdev_major = played[i].major,
					.stx_rdev_minor = played[i].minor,
				};
				return 0;
			}
	return __real_statx(dir, name, flags, mask, ret);
}

int __real_openat(int dir, const char *name, int flags, ...);
int __wrap_openat(int dir, const char *name, int flags, ...);

static bool
	is_stranger; /* whether the processes are of somebody else, and this one not root's */

static bool is_hung; /* whether mappings cannot be read, nor ever will be */

uint64_t __real_child_now(void);
uint64_t __wrap_child_now(void);

/* What is to be done within 10 seconds has a fifth of one then. */
uint64_t __wrap_child_now(void)
{
	return __real_child_now() - (is_hung ? 9800 : 0);
}

int __wrap_openat(int dir, const char *name, int flags, ...)
{
	while (is_hung && strstr(name, "/maps"))
		pause();
	if (is_stranger && (strstr(name, "/fd") || strstr(name, "/maps"))) {
		errno = EACCES;
		return -1;
	}
	if (flags & O_CREAT) /* it has a third argument */
		abort();
	return __real_openat(dir, name, flags);
}

/* A device below a function, with its node. */
static void put_node(const char *directory, const char *dev, const char *devname,
	const char *subsystem)
{
	char path[256], text[128];

	snprintf(path, sizeof(path), "%s/dev", directory);
	fake_put(path, dev);
	snprintf(path, sizeof(path), "%s/uevent", directory);
	snprintf(text, sizeof(text), "MAJOR=1\nMINOR=2\nDEVNAME=%s\n", devname);
	fake_put(path, text);
	snprintf(path, sizeof(path), "%s/subsystem", directory);
	snprintf(text, sizeof(text), "../../../../class/%s", subsystem);
	fake_link(path, text);
}

/* ---- processes ------------------------------------------------------------------------------- */

static void put_process(int pid, const char *comm, const char *cgroup)
{
	char path[64];

	snprintf(path, sizeof(path), "proc/%d/fd", pid);
	fake_dir(path);
	snprintf(path, sizeof(path), "proc/%d/comm", pid);
	fake_put(path, comm);
	snprintf(path, sizeof(path), "proc/%d/cgroup", pid);
	fake_put(path, cgroup);
	snprintf(path, sizeof(path), "proc/%d/maps", pid);
	fake_put(path, "");
}

static void put_fd(int pid, const char *fd, const char *target)
{
	char path[64];

	snprintf(path, sizeof(path), "proc/%d/fd/%s", pid, fd);
	fake_link(path, target);
}

static int set_up(void **state)
{
	fake_set_up(state);
	root = fake_open();
	fake_dir("proc/sys");
	fake_dir(CARD);
	fake_dir(SOUND);
	put_node(CARD "/drm/card1", "226:1\n", "dri/card1", "drm");
	put_node(CARD "/drm/renderD128", "226:128\n", "dri/renderD128", "drm");
	put_node(SOUND "/sound/card1/controlC1", "116:7\n", "snd/controlC1", "sound");
	return 0;
}

static int tear_down(void **state)
{
	holders_free(&holders);
	root_close(&root);
	return fake_tear_down(state);
}

/* What is found for the first @n functions: a line each. */
static void expect(size_t n, const char *expected)
{
	char text[2048] = "";
	size_t len = 0;

	holders_free(&holders);
	assert_int_equal(holders_read(&root, functions, n, &holders), 0);
	for (size_t i = 0; i < holders.n; i++) {
		char one[256];

		holders_describe(&holders.list[i], one, sizeof(one));
		len += text_join(
			text + len, sizeof(text) - len, i ? "\n" : "", one, NULL);
	}
	assert_string_equal(text, expected);
	assert_false(holders.partial);
}

static void test_open(void **state)
{
	expect(2, "");
	put_process(812, "weston\n", "0::/system.slice/weston.service\n");
	put_fd(812, "0", "/dev/null");
	put_fd(812, "9", "/dev/dri/card1");
	put_fd(812, "10", "/dev/dri/renderD128");
	put_fd(812, "11", "/dev/dri/card1");
	put_fd(812, "12", "socket:[1234]");
	put_process(90, "pipewire\n",
		"0::/user.slice/user-1000.slice/user@1000.service/session.slice/"
		"pipewire.service\n");
	put_fd(90, "3", "/dev/snd/controlC1");
	put_process(70, "other\n", "0::/system.slice/other.service\n");
	put_fd(70, "3", "/dev/dri/card0");
	expect(2,
		"pipewire (process 90 of pipewire.service of user 1000) has "
		"/dev/snd/controlC1 open\n"
		"weston (process 812 of weston.service) has /dev/dri/card1 open\n"
		"weston (process 812 of weston.service) has /dev/dri/renderD128 open");
	assert_int_equal(holders.n_processes, 3);
	assert_int_equal(holders.list[0].function.devfn, 1);
	expect(1,
		"weston (process 812 of weston.service) has /dev/dri/card1 open\n"
		"weston (process 812 of weston.service) has /dev/dri/renderD128 open");
}

/* A container's name for the node is its own, and it may be any. */
static void test_container(void **state)
{
	put_process(5, "a\nb\n", "0::/docker/0123\n");
	put_fd(5, "3", "/tmp/odd name\nof it");
	expect(2, "a (process 5) has /dev/dri/card1 open");
}

static void test_brokers(void **state)
{
	put_process(1, "systemd\n", "0::/init.scope\n");
	put_fd(1, "40", "/dev/dri/card1");
	put_process(400, "systemd-logind\n", "0::/system.slice/systemd-logind.service\n");
	put_fd(400, "20", "/dev/dri/card1");
	expect(1,
		"systemd (process 1 of init.scope) has /dev/dri/card1 open\n"
		"systemd-logind (process 400 of systemd-logind.service) has "
		"/dev/dri/card1 open");
	assert_true(holders.list[0].broker && holders.list[1].broker);
}

#define MAP "7f0000000000-7f0000001000"

static void test_mapped(void **state)
{
	put_process(5, "leaves\n", "0::/\n");
	put_fd(5, "0", "/dev/null");
	fake_put("proc/5/maps",
		"5500000000-5500001000 r-xp 00000000 fd:01 77    /usr/bin/leaves\n" MAP
		" rw-s 100000000 00:06 345                        /dev/dri/card1\n"
		"7ffe00000000-7ffe00001000 rw-p 00000000 00:00 0 [stack]\n");
	fake_link("proc/5/map_files/" MAP, "/dev/dri/card1");
	expect(1, "leaves (process 5) has memory of /dev/dri/card1");
	/* What counts is the file that it is. */
	fake_link("proc/5/map_files/" MAP, "/dev/dri/card0");
	expect(1, "");
	fake_remove("proc/5/map_files/" MAP);
	expect(1, "");
}

/* Longer than what is read at a time, with the line that counts across the border. */
static void test_many_mappings(void **state)
{
	static char text[400 * 64];
	size_t len = 0;

	put_process(5, "big\n", "0::/\n");
	fake_link("proc/5/map_files/" MAP, "/dev/dri/card1");
	for (unsigned before = 0; before < 64; before++) {
		len = 0;
		for (unsigned i = 0; i < 300; i++)
			len += (size_t)sprintf(text + len,
				"5500000000-5500001000 r-xp 00000000 fd:01 77 /usr/%.*s\n",
				i ? 5 : (int)before,
				"0123456789012345678901234567890123456789012345678901234567"
				"89012345");
		sprintf(text + len, MAP " rw-s 00000000 00:06 345 /dev/dri/card1\n");
		fake_put("proc/5/maps", text);
		expect(1, "big (process 5) has memory of /dev/dri/card1");
	}
}

/* The first thread has ended: its descriptors are shown by the others alone. */
static void test_threads(void **state)
{
	put_process(5, "threads\n", "0::/\n");
	fake_dir("proc/5/task/5/fd");
	fake_link("proc/5/task/7/fd/3", "/dev/dri/card1");
	expect(1, "threads (process 5) has /dev/dri/card1 open");
}

static void test_block(void **state)
{
	put_node(CARD "/nvme/nvme0/nvme0n1", "259:0\n", "nvme0n1", "block");
	put_process(5, "qemu\n", "0::/\n");
	put_fd(5, "3", "/dev/char259");
	expect(1, "");
	put_fd(5, "4", "/dev/nvme0n1");
	expect(1, "qemu (process 5) has /dev/nvme0n1 open");
}

/* What is deep below a controller counts; another function behind a bridge does not. */
static void test_depth(void **state)
{
	put_node(CARD "/usb1/1-1/1-1:1.0/sound/card5/controlC5", "116:7\n",
		"snd/controlC5", "sound");
	put_process(5, "jackd\n", "0::/\n");
	put_fd(5, "3", "/dev/snd/controlC1");
	expect(1, "jackd (process 5) has /dev/snd/controlC5 open");
	put_node(CARD "/usb1/1-2/1-2:1.0/input/input5/event5", "13:69\n", "input/event5",
		"input");
	put_fd(5, "5", "/dev/input/event5");
	fake_link(CARD "/loop", ".");
	put_node(CARD "/0000:04:00.0/drm/card0", "226:0\n", "dri/card0", "drm");
	put_fd(5, "4", "/dev/dri/card0");
	expect(1, "jackd (process 5) has /dev/snd/controlC5 open");
}

static void test_guest(void **state)
{
	fake_link(CARD "/iommu_group", "../../../../kernel/iommu_groups/7");
	fake_put("sys/class/vfio/7/dev", "240:1\n");
	put_process(5, "qemu-system-x86\n",
		"0::/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator\n");
	put_fd(5, "3", "/dev/vfio/7");
	expect(1,
		"qemu-system-x86 (process 5 of machine-qemu\\x2d1\\x2dweb.scope) has "
		"/dev/vfio/7 open");
}

/* Not to see anything is no "nobody". */
static void test_stranger(void **state)
{
	put_process(5, "weston\n", "0::/\n");
	put_fd(5, "3", "/dev/dri/card1");
	is_stranger = true;
	assert_int_equal(holders_read(&root, functions, 2, &holders), 0);
	is_stranger = false;
	assert_true(holders.partial);
	assert_int_equal(holders.n, 0);
}

static void test_hung(void **state)
{
	uint64_t before = __real_child_now();

	put_process(5, "hangs\n", "0::/\n");
	is_hung = true;
	assert_int_equal(holders_read(&root, functions, 2, &holders), -ETIME);
	is_hung = false;
	assert_within(__real_child_now() - before, 100, 8000);
}

/* ---- NVIDIA ----------------------------------------------------------------------------------- */

static void put_nvidia(void)
{
	fake_link(CARD "/driver", "../../../bus/pci/drivers/nvidia");
	fake_link("sys/bus/pci/drivers/nvidia/0000:03:00.0", "x");
	fake_put("proc/driver/nvidia/gpus/0000:03:00.0/information",
		"Model: \t\t NVIDIA Something\nDevice Minor: \t 1\n");
	fake_put("proc/devices",
		"Character devices:\n195 nvidia\n508 nvidia-uvm\n\n"
		"Block devices:\n  7 loop\n");
}

static void test_nvidia(void **state)
{
	put_nvidia();
	put_process(
		5, "nvidia-persiste\n", "0::/system.slice/nvidia-persistenced.service\n");
	put_fd(5, "3", "/dev/nvidia1");
	put_process(6, "cuda\n", "0::/\n");
	put_fd(6, "3", "/dev/nvidia-uvm-tools");
	put_process(7, "smi\n", "0::/\n");
	put_fd(7, "3", "/dev/nvidiactl");
	put_process(8, "other\n", "0::/\n");
	put_fd(8, "3", "/dev/nvidia0");
	expect(2,
		"nvidia-persiste (process 5 of nvidia-persistenced.service) has "
		"/dev/nvidia1 open\n"
		"cuda (process 6) has /dev/nvidia-uvm open\n"
		"smi (process 7) has /dev/nvidiactl open");
	/* With another card of it what they share says nothing of this one... */
	fake_link("sys/bus/pci/drivers/nvidia/0000:41:00.0", "x");
	expect(2,
		"nvidia-persiste (process 5 of nvidia-persistenced.service) has "
		"/dev/nvidia1 open");
	/* ... and then all depends on its own number. */
	fake_put("proc/driver/nvidia/gpus/0000:03:00.0/information", "Model: x\n");
	holders_free(&holders);
	assert_int_equal(holders_read(&root, functions, 2, &holders), -ENODATA);
}

/* ---- the kernel ------------------------------------------------------------------------------- */

static void test_virtual(void **state)
{
	fake_link(CARD "/virtfn0", "../0000:03:10.0");
	fake_link(CARD "/virtfn1", "../0000:03:10.2");
	fake_dir("sys/bus/pci/devices/0000:03:10.0");
	fake_link("sys/bus/pci/devices/0000:03:10.2/driver", "../../drivers/iavf");
	expect(2,
		"0000:03:10.2, a virtual function of 0000:03:00.0, has the driver iavf");
	assert_int_equal(holders.n_processes, 0);
}

static void test_mediated(void **state)
{
	fake_dir(CARD "/mdev_supported_types/i915-GVTg_V5_4/devices");
	expect(2, "");
	fake_link(CARD "/mdev_supported_types/i915-GVTg_V5_4/devices/"
		       "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001",
		"x");
	put_process(5, "weston\n", "0::/\n");
	put_fd(5, "3", "/dev/dri/card1");
	expect(2,
		"weston (process 5) has /dev/dri/card1 open\n"
		"83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 is a mediated device of "
		"0000:03:00.0");
	assert_int_equal(holders.n_processes, 1);
}

/*
 * An interface that a container has is not listed; the directory of its class is there.  Of a switch some
 * may be there, and of a controller of USB they are further below.
 */
static void test_elsewhere(void **state)
{
	static const char text[] = "a network interface of 0000:03:00.0 is in another "
				   "network namespace";

	fake_dir(CARD "/net/eth0/queues");
	expect(2, "");
	fake_remove(CARD "/net/eth0/queues");
	fake_remove(CARD "/net/eth0");
	expect(2, text);
	fake_dir(CARD "/ieee80211");
	expect(2, text);
	assert_int_equal(holders.n_processes, 0);
	fake_dir(CARD "/net/eth0");
	fake_dir(CARD "/ieee80211/phy0");
	expect(2, "");
	fake_dir(CARD "/usb1/1-1/1-1:1.0/net");
	expect(2, text);
}

/* ---- waiting, and what it costs ---------------------------------------------------------------- */

static void test_wait(void **state)
{
	uint64_t before = child_now();
	pid_t pid;

	assert_int_equal(holders_wait(&root, functions, 2, 5000, &holders), 0);
	assert_within(child_now() - before, 0, 2000);
	put_process(5, "weston\n", "0::/\n");
	put_fd(5, "3", "/dev/dri/card1");
	assert_int_equal(holders_wait(&root, functions, 2, 250, &holders), -ETIMEDOUT);
	assert_int_equal(holders.n_processes, 1);
	holders_free(&holders);
	pid = fork();
	if (pid == 0) {
		usleep(200000);
		fake_remove("proc/5/fd/3");
		_exit(0);
	}
	before = child_now();
	assert_int_equal(holders_wait(&root, functions, 2, 20000, &holders), 0);
	assert_within(child_now() - before, 100, 10000);
	waitpid(pid, NULL, 0);
	assert_int_equal(holders.n, 0);
}

static void test_clean(void **state)
{
	unsigned before;

	for (int pid = 10; pid < 60; pid++) {
		put_process(pid, "many\n", "0::/\n");
		put_fd(pid, "3", "/dev/dri/card1");
	}
	fake_remove("proc/12/maps");
	fake_remove("proc/13/comm");
	before = open_descriptors();
	assert_int_equal(holders_read(&root, functions, 2, &holders), 0);
	assert_int_equal(holders.n, 50);
	assert_string_equal(holders.list[3].comm, "");
	assert_int_equal(open_descriptors(), before);
	/* A function that is gone has no node. */
	holders_free(&holders);
	assert_int_equal(
		holders_read(&root, &(struct pci_address){.bus = 9}, 1, &holders), 0);
	assert_int_equal(holders.n, 0);
}

/* A tree of another machine. */
static void test_capture(void **state)
{
	fake_remove("proc/sys");
	fake_remove("proc");
	expect(2, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_container, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_brokers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_mapped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many_mappings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_block, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_depth, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_guest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stranger, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hung, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nvidia, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_virtual, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_mediated, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_elsewhere, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wait, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_clean, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_capture, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
