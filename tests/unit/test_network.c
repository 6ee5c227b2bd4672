/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces down to functions, and the protect list with protect-network = yes. */
#include "fakehost.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "facts/network.h"

#define NIC  "pci0000:00/0000:00:1f.6" /* there from the start */
#define NIC2 "pci0000:00/0000:00:1c.0/0000:04:00.0"

#define HEAD                                                                             \
	"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"

/* An interface at @place below sys/devices, "virtual" for one without hardware. */
static void add_interface(const char *place, const char *name, const char *state)
{
	char path[256], link[64];

	snprintf(path, sizeof(path), "sys/devices/%s/net/%s/operstate", place, name);
	fake_put(path, state);
	snprintf(path, sizeof(path), "sys/devices/%s/net/%s", place, name);
	snprintf(link, sizeof(link), "sys/class/net/%s", name);
	put_link(link, path);
}

/* @upper, which has no hardware, is put together from @lower. */
static void add_lower(const char *upper, const char *lower)
{
	char name[256], target[64];

	snprintf(name, sizeof(name), "sys/devices/virtual/net/%s/lower_%s", upper, lower);
	snprintf(target, sizeof(target), "sys/class/net/%s", lower);
	put_link(name, target);
}

static void add_route(const char *interface, const char *destination, const char *mask,
	const char *flags)
{
	char line[256];

	snprintf(line, sizeof(line),
		"%s\t%s\t0101A8C0\t%s\t0\t0\t100\t%s\t0\t0\t0                    \n",
		interface, destination, flags, mask);
	append("proc/net/route", line);
}

#define ZERO "00000000000000000000000000000000"

static void add_route6(const char *interface, const char *length, const char *flags)
{
	char line[256];

	snprintf(line, sizeof(line),
		ZERO " %s " ZERO " 00 fe800000000000000000000000000001 00000400 00000001 "
		     "00000000 %s %8s\n",
		length, flags, interface);
	append("proc/net/ipv6_route", line);
}

static void expect_protected(const char *expected)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(facts_free) struct facts facts = {0};
	static struct config config = {.protect_network = true};
	static struct protect_list list;
	char text[4096] = "";

	assert_int_equal(facts_read(&root, &facts), 0);
	assert_int_equal(protect_list_trace(&facts, &config, &list), 0);
	for (unsigned i = 0; i < list.n_entries; i++)
		protect_format(&list.entries[i], text + strlen(text));
	assert_string_equal(text, expected);
}

static int set_up(void **state)
{
	int r = host_set_up(state);

	add_mount("0:25", "/", "tmpfs", "tmpfs");
	fake_put("proc/net/route", HEAD);
	add_function(NIC2, 0x8086, 0x1533, NET);
	add_interface(NIC, "eno1", "up\n");
	add_interface(NIC2, "enp4s0", "up\n");
	return r;
}

#define ENO1   "network 00:1f.6 8086:15bc eno1\n"
#define ENP4S0 "network 00:1c.0/00.0 8086:1533 enp4s0\n"

static void test_route4(void **state)
{
	expect_protected("");
	add_route("enp4s0", "0001A8C0", "00FFFFFF", "0001"); /* a network */
	add_route("enp4s0", "00000000", "00000080", "0003"); /* half of the world */
	add_route("enp4s0", "00000000", "00000000", "0000"); /* down */
	add_route("*", "00000000", "00000000", "0201");      /* rejects */
	expect_protected("");
	add_route("eno1", "00000000", "00000000", "0003");
	expect_protected(ENO1);
	expect_list(""); /* without protect-network = yes */
	add_route("enp4s0", "00000000", "00000000", "0003");
	expect_protected(ENP4S0 ENO1);
}

static void test_route6(void **state)
{
	add_route6("lo", "00", "00200200");
	add_route6("enp4s0", "40", "00000001");
	expect_protected("");
	add_route6("eno1", "00", "00450003");
	expect_protected(ENO1);
}

static void test_no_ipv4(void **state)
{
	fake_remove("proc/net/route");
	expect_protected("");
	add_route6("eno1", "00", "00450003");
	expect_protected(ENO1);
}

/* A VLAN on a bond of both cards, and a bridge on it that has a guest's port too. */
static void test_put_together(void **state)
{
	add_interface("virtual", "bond0", "up\n");
	add_lower("bond0", "eno1");
	add_lower("bond0", "enp4s0");
	add_interface("virtual", "bond0.7", "up\n");
	add_lower("bond0.7", "bond0");
	add_interface("virtual", "vnet0", "unknown\n");
	add_interface("virtual", "br0", "up\n");
	add_lower("br0", "vnet0");
	add_lower("br0", "bond0.7");
	add_route("br0", "00000000", "00000000", "0003");
	expect_protected("network 00:1c.0/00.0 8086:1533 br0\n"
			 "network 00:1f.6 8086:15bc br0\n");
}

/* A tunnel goes over any of them. */
static void test_tunnel(void **state)
{
	add_interface("virtual", "wg0", "unknown\n");
	add_route("wg0", "00000000", "00000000", "0001");
	expect_protected("network 00:1c.0/00.0 8086:1533 wg0 untraced\n"
			 "network 00:1f.6 8086:15bc wg0 untraced\n");
}

/* Why is for people: what has no room is left out, and the function is protected all the same. */
static void test_many_routes(void **state)
{
	for (char c = '0'; c < '8'; c++) {
		char name[] = "uplink-vlan-10N";

		name[strlen(name) - 1] = c;
		add_interface("virtual", name, "up\n");
		add_lower(name, "eno1");
		add_route(name, "00000000", "00000000", "0003");
	}
	expect_protected("network 00:1f.6 8086:15bc uplink-vlan-100 uplink-vlan-101 "
			 "uplink-vlan-102 uplink-vlan-103 uplink-vlan-104 "
			 "uplink-vlan-105\n");
}

static void test_usb_network(void **state)
{
	add_function("pci0000:00/0000:00:14.0", 0x8086, 0xa36d, XHCI);
	add_interface("pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0", "wwan0", "up\n");
	add_route("wwan0", "00000000", "00000000", "0001");
	expect_protected("network 00:14.0 8086:a36d wwan0\n");
}

/* What is on no PCI bus costs nothing. */
static void test_platform_network(void **state)
{
	add_interface("platform/soc/fd580000.ethernet", "end0", "up\n");
	add_route("end0", "00000000", "00000000", "0003");
	expect_protected("");
}

static void test_up(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(file_free_names) struct file_names up = {0};

	add_interface("virtual", "lo", "unknown\n");
	fake_put("sys/devices/virtual/net/lo/flags", "0x9\n");
	add_interface("virtual", "tun0", "unknown\n");
	fake_put("sys/devices/virtual/net/tun0/flags", "0x1091\n");
	fake_put("sys/devices/" NIC2 "/net/enp4s0/operstate", "down\n");
	fake_put("sys/devices/" NIC2 "/net/enp4s0/flags", "0x1003\n");
	assert_int_equal(network_add_up(&root, &up), 0);
	assert_int_equal(up.n, 2);
	assert_true(!strcmp(up.names[0], "eno1") || !strcmp(up.names[1], "eno1"));
	assert_true(!strcmp(up.names[0], "tun0") || !strcmp(up.names[1], "tun0"));
}

/* The real kernel: each namespace has an interface "lo", and sysfs lists that of its own alone. */
static void test_elsewhere(void **state)
{
	static const char directory[] = "sys/devices/virtual/net";
	_cleanup_(root_close) struct root root = {.fd = -1};
	int ready[2], status;
	unsigned before;
	pid_t pid;
	char byte;

	assert_int_equal(root_open("/", &root), 0);
	before = network_count_elsewhere(&root, directory);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) == 1)
		assert_true(network_count_elsewhere(&root, directory) > before);
	close(ready[0]);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status))
		skip(); /* without the rights for a namespace */
	assert_int_equal(network_count_elsewhere(&root, "sys/devices/none"), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, fake_tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_route4),
		TEST(test_route6),
		TEST(test_no_ipv4),
		TEST(test_put_together),
		TEST(test_tunnel),
		TEST(test_many_routes),
		TEST(test_usb_network),
		TEST(test_platform_network),
		TEST(test_up),
		TEST(test_elsewhere),
	};

	return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
