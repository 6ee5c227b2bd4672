/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The library as a program has it: by vfioboot.h alone, linked with libvfioboot.so.  What it says of
 * many machines is compared with what the commands say in tests/cli/library.bats.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <vfioboot.h>

#include "support.h"

#define GPU   "pci0000:00/0000:00:01.0/0000:01:00.0"
#define SOUND "pci0000:00/0000:00:01.0/0000:01:00.1"
#define OTHER "pci0000:00/0000:00:02.0"

static struct vfioboot_ctx *open_context(const char *directory)
{
	struct vfioboot_ctx *ctx = NULL;

	assert_int_equal(vfioboot_new(&ctx), 0);
	assert_int_equal(vfioboot_set_root(ctx, directory), 0);
	return ctx;
}

/* Of the root of this test. */
static struct vfioboot_machine *read_machine(void)
{
	struct vfioboot_ctx *ctx = open_context(fake_path(""));
	struct vfioboot_machine *machine = NULL;

	assert_int_equal(vfioboot_machine_read(ctx, &machine), 0);
	vfioboot_unref(ctx); /* the machine has it */
	return machine;
}

static struct vfioboot_ctx *context_of(void)
{
	return open_context(fake_path(""));
}

static void put_machine(void)
{
	fake_function(GPU, 0x10de, 0x2206);
	fake_function(SOUND, 0x10de, 0x1aef);
	fake_function(OTHER, 0x8086, 0x4680);
	fake_put("sys/devices/" SOUND "/modalias",
		"pci:v000010DEd00001AEFsv00001043sd00008769bc04sc03i00\n");
	fake_put("proc/cmdline", "quiet\n");
}

static void test_context(void **state)
{
	struct vfioboot_ctx *ctx = open_context("/nonexistent");
	struct vfioboot_machine *machine = (struct vfioboot_machine *)&ctx;

	assert_string_equal(vfioboot_get_root(ctx), "/nonexistent");
	assert_null(vfioboot_get_message(ctx));
	assert_null(vfioboot_get_remedy(ctx));
	assert_int_equal(vfioboot_machine_read(ctx, &machine), -ENOENT);
	assert_ptr_equal(machine, &ctx); /* is not written */
	assert_string_equal(vfioboot_get_message(ctx),
		"cannot open /nonexistent: No such file or directory");
	assert_non_null(vfioboot_get_remedy(ctx));
	assert_int_equal(vfioboot_set_root(ctx, ""), -EINVAL);
	assert_non_null(strstr(vfioboot_get_message(ctx), "empty"));
	assert_string_equal(vfioboot_get_root(ctx), "/nonexistent");
	assert_ptr_equal(vfioboot_ref(ctx), ctx);
	assert_null(vfioboot_unref(ctx));
	assert_string_equal(vfioboot_get_root(ctx), "/nonexistent");
	assert_null(vfioboot_unref(ctx));
	assert_null(vfioboot_unref(NULL));
	assert_int_equal(vfioboot_new(&ctx), 0);
	assert_string_equal(vfioboot_get_root(ctx), "/");
	vfioboot_unref(ctx);
	assert_non_null(strchr(vfioboot_version(), '.'));
}

/* A fault in the tree is an error with a message, whatever it is. */
static void test_faults(void **state)
{
	struct vfioboot_ctx *ctx = context_of();
	struct vfioboot_machine *machine = NULL;

	assert_int_equal(vfioboot_machine_read(ctx, &machine), -ENOENT);
	assert_non_null(
		strstr(vfioboot_get_message(ctx), "cannot read the PCI functions of "));
	assert_string_equal(vfioboot_get_remedy(ctx), "is sysfs mounted there?");
	fake_put("sys/bus/pci/devices", "a file\n");
	assert_int_equal(vfioboot_machine_read(ctx, &machine), -ENOTDIR);
	assert_non_null(strstr(vfioboot_get_message(ctx), "Not a directory"));
	fake_remove("sys/bus/pci/devices");
	fake_dir("sys/bus/pci/devices");
	assert_int_equal(vfioboot_machine_read(ctx, &machine), 0);
	assert_int_equal(vfioboot_machine_count_functions(machine), 0);
	assert_null(vfioboot_machine_get_function(machine, 0));
	assert_null(vfioboot_machine_get_group(machine, 0));
	vfioboot_machine_unref(machine);
	vfioboot_unref(ctx);
}

static void expect_function(const struct vfioboot_function *function)
{
	assert_string_equal(vfioboot_function_get_address(function), "0000:01:00.0");
	assert_string_equal(vfioboot_function_get_path(function), "00:01.0/00.0");
	assert_string_equal(vfioboot_function_get_id(function), "10de:2206");
	assert_string_equal(vfioboot_function_get_class(function), "030000");
	assert_string_equal(vfioboot_function_get_subsystem(function), "1043:8769");
	assert_string_equal(vfioboot_function_get_type(function), "graphics card");
	assert_int_equal(vfioboot_function_get_kind(function), VFIOBOOT_KIND_GPU);
	assert_int_equal(vfioboot_function_get_iommu_group(function), 7);
	assert_int_equal(vfioboot_function_get_boot_display(function), -1);
	assert_int_equal(vfioboot_function_get_result(function), VFIOBOOT_RESULT_NONE);
	assert_null(vfioboot_result_word(VFIOBOOT_RESULT_NONE));
	assert_non_null(vfioboot_function_get_name(function));
	assert_null(vfioboot_function_get_driver(function));
	assert_null(vfioboot_function_get_modules(function));
	assert_null(vfioboot_function_get_uses(function));
	assert_null(vfioboot_function_get_data(function));
	assert_null(vfioboot_function_get_notes(function));
	assert_null(vfioboot_function_get_section(function));
	assert_null(vfioboot_function_get_wanted(function));
	assert_null(vfioboot_function_get_reason(function));
}

static void test_list(void **state)
{
	struct vfioboot_machine *machine;
	const struct vfioboot_group *group;
	const struct vfioboot_function *gpu;

	put_machine();
	machine = read_machine();
	assert_int_equal(vfioboot_machine_count_functions(machine), 3);
	assert_null(vfioboot_machine_get_function(machine, 3));
	gpu = vfioboot_machine_find_function(machine, "0000:01:00.0");
	expect_function(gpu);
	assert_ptr_equal(vfioboot_machine_find_function(machine, "01:00.0"), gpu);
	assert_null(vfioboot_machine_find_function(machine, "01:00"));
	assert_null(vfioboot_machine_find_function(machine, "02:00.0"));
	assert_null(vfioboot_machine_find_function(machine, "gpu"));
	assert_int_equal(vfioboot_machine_get_use_error(machine), -EHOSTUNREACH);
	assert_int_equal(vfioboot_machine_count_groups(machine), 1);
	group = vfioboot_machine_get_group(machine, 0);
	assert_int_equal(vfioboot_group_get_number(group), 7);
	assert_int_equal(vfioboot_group_count_functions(group), 3);
	assert_ptr_equal(vfioboot_group_get_function(group, 1), gpu);
	assert_null(vfioboot_group_get_function(group, 3));
	assert_true(vfioboot_group_is_viable(group));
	vfioboot_machine_unref(machine);
	fake_link("sys/devices/" OTHER "/driver", "../../../bus/pci/drivers/i915");
	machine = read_machine();
	assert_false(vfioboot_group_is_viable(vfioboot_machine_get_group(machine, 0)));
	assert_ptr_equal(vfioboot_machine_ref(machine), machine);
	assert_null(vfioboot_machine_unref(machine));
	assert_null(vfioboot_machine_unref(machine));
}

static void test_cards(void **state)
{
	struct vfioboot_machine *machine;
	struct vfioboot_cards *cards = NULL;

	put_machine();
	machine = read_machine();
	assert_int_equal(vfioboot_cards_list(machine, &cards), 0);
	assert_int_equal(vfioboot_cards_count(cards), 2);
	assert_int_equal(vfioboot_cards_count_functions(cards, 0), 1);
	assert_int_equal(vfioboot_cards_count_functions(cards, 1), 2);
	assert_int_equal(vfioboot_cards_count_functions(cards, 2), 0);
	assert_string_equal(
		vfioboot_function_get_address(vfioboot_cards_get_function(cards, 1, 1)),
		"0000:01:00.1");
	assert_null(vfioboot_cards_get_function(cards, 1, 2));
	assert_null(vfioboot_cards_get_function(cards, 2, 0));
	vfioboot_cards_free(cards);
	vfioboot_cards_free(NULL);
	vfioboot_machine_unref(machine);
}

static void put_section(void)
{
	fake_put("etc/vfioboot.conf",
		"[device gpu]\naddress = 01:00\nid = 10de:2206, 10de:1aef\nexpect = 2\n");
}

static void test_plan(void **state)
{
	struct vfioboot_machine *machine;
	const struct vfioboot_entry *entry;
	struct vfioboot_plan *plan = NULL;

	put_machine();
	put_section();
	machine = read_machine();
	assert_int_equal(vfioboot_plan_make(machine, NULL, &plan), 0);
	assert_int_equal(vfioboot_plan_count(plan), 2);
	assert_null(vfioboot_plan_get(plan, 2));
	entry = vfioboot_plan_get(plan, 1);
	assert_string_equal(vfioboot_entry_get_address(entry), "0000:01:00.1");
	assert_string_equal(vfioboot_entry_get_section(entry), "gpu");
	assert_string_equal(vfioboot_entry_get_file(entry), "/etc/vfioboot.conf");
	assert_int_equal(vfioboot_entry_get_line(entry), 1);
	assert_string_equal(vfioboot_entry_get_wanted(entry), "vfio-pci");
	/* The third function of the group is a display of the host, of which nothing is known. */
	assert_int_equal(vfioboot_points_count(vfioboot_plan_get_errors(plan)), 0);
	vfioboot_plan_free(plan);
	assert_int_equal(vfioboot_plan_make(machine, "vfioboot.off", &plan), 0);
	assert_int_equal(vfioboot_plan_count(plan), 0);
	vfioboot_plan_free(plan);
	vfioboot_plan_free(NULL);
	vfioboot_machine_unref(machine);
	assert_string_equal(vfioboot_action_word(VFIOBOOT_ACTION_DEMAND), "demand");
	assert_null(vfioboot_action_word((enum vfioboot_action)99));
}

static void keep_warning(
	struct vfioboot_ctx *ctx, int priority, const char *text, void *data)
{
	assert_non_null(ctx);
	assert_int_equal(priority, 4);
	assert_int_equal(((char *)data)[0], '\0');
	snprintf(data, 256, "%s", text);
}

static void test_warnings(void **state)
{
	struct vfioboot_ctx *ctx;
	struct vfioboot_machine *machine = NULL;
	struct vfioboot_plan *plan = NULL;
	const struct vfioboot_point *error;
	char warning[256] = "";

	put_machine();
	fake_put("etc/vfioboot.conf", "[device gpu]\npaht = 00:01.0/00\n");
	ctx = context_of();
	vfioboot_set_log(ctx, keep_warning, warning);
	assert_int_equal(vfioboot_machine_read(ctx, &machine), 0);
	assert_non_null(strstr(warning, "the configuration has errors"));
	assert_int_equal(vfioboot_plan_make(machine, NULL, &plan), 0);
	assert_true(vfioboot_points_count(vfioboot_plan_get_errors(plan)) > 0);
	error = vfioboot_points_get(vfioboot_plan_get_errors(plan), 0);
	assert_int_equal(vfioboot_point_get_level(error), VFIOBOOT_FAIL);
	assert_string_equal(vfioboot_point_get_code(error), "config");
	assert_string_equal(vfioboot_point_get_subject(error), "/etc/vfioboot.conf:2");
	assert_non_null(strstr(vfioboot_point_get_text(error), "paht"));
	assert_null(vfioboot_point_get_remedy(error));
	vfioboot_plan_free(plan);
	vfioboot_machine_unref(machine);
	vfioboot_unref(ctx);
}

/* How it answers for one device; its points, unless that is an error, are freed. */
static int ask_obstacles(struct vfioboot_machine *machine, const char *device)
{
	struct vfioboot_points *points = NULL;
	int r = vfioboot_obstacles_find(machine, &device, 1, 0, &points);

	assert_true((r < 0) == !points);
	vfioboot_points_free(points);
	return r;
}

static void test_obstacles(void **state)
{
	static const char *const devices[] = {"01:00.0"};
	struct vfioboot_ctx *ctx;
	struct vfioboot_machine *machine = NULL;
	struct vfioboot_points *points = NULL;

	put_machine();
	ctx = context_of();
	assert_int_equal(vfioboot_machine_read(ctx, &machine), 0);
	assert_int_equal(ask_obstacles(machine, "no device"), -EINVAL);
	assert_string_equal(vfioboot_get_message(ctx), "'no device' is not a device");
	assert_int_equal(ask_obstacles(machine, "02:00.0"), -ENXIO);
	assert_non_null(strstr(vfioboot_get_remedy(ctx), "vfioboot list"));
	assert_int_equal(ask_obstacles(machine, "class:03"), -ENOTUNIQ);
	assert_non_null(strstr(vfioboot_get_remedy(ctx), "\n  0000:00:02.0  00:02.0 "));
	assert_int_equal(ask_obstacles(machine, "nvme:auto"), -ENXIO);
	assert_int_equal(
		vfioboot_obstacles_find(machine, devices, 0, 0, &points), -ENXIO);
	assert_int_equal(vfioboot_obstacles_find(machine, devices, 1, 0, &points), 0);
	assert_true(vfioboot_points_count(points) > 0);
	assert_null(vfioboot_points_get(points, vfioboot_points_count(points)));
	vfioboot_points_free(points);
	vfioboot_machine_unref(machine);
	vfioboot_unref(ctx);
}

static void test_check(void **state)
{
	static const char *const bad[] = {"01:00.0", "03:00.0"};
	struct vfioboot_machine *machine;
	struct vfioboot_points *points = NULL;

	put_machine();
	machine = read_machine();
	assert_int_equal(vfioboot_check(machine, bad, 2, &points), -ENXIO);
	assert_int_equal(vfioboot_check(machine, bad, 1, &points), 0);
	assert_true(vfioboot_points_count(points) > 5);
	for (size_t i = 0; i < vfioboot_points_count(points); i++) {
		const struct vfioboot_point *point = vfioboot_points_get(points, i);

		assert_non_null(vfioboot_level_word(vfioboot_point_get_level(point)));
		assert_non_null(vfioboot_point_get_code(point));
		assert_non_null(vfioboot_point_get_text(point));
		assert_true(vfioboot_point_get_level(point) != VFIOBOOT_PASS ||
			!vfioboot_point_get_remedy(point));
	}
	vfioboot_points_free(points);
	vfioboot_machine_unref(machine);
	assert_string_equal(vfioboot_level_word(VFIOBOOT_NOTE), "note");
	assert_null(vfioboot_level_word((enum vfioboot_level)9));
}

/* Whether a point has the code. */
static bool have(const struct vfioboot_points *points, const char *code)
{
	for (size_t i = 0; i < vfioboot_points_count(points); i++)
		if (strcmp(vfioboot_point_get_code(vfioboot_points_get(points, i)),
			    code) == 0)
			return true;
	return false;
}

static void test_readiness(void **state)
{
	static const char *const set[] = {"gpu"}, *const device[] = {"01:00.0"},
				 *const none[] = {"gpu", "nothing"};
	struct vfioboot_ctx *ctx;
	struct vfioboot_machine *machine = NULL;
	struct vfioboot_points *points = NULL;

	put_machine();
	ctx = context_of();
	assert_int_equal(vfioboot_machine_read(ctx, &machine), 0);
	assert_int_equal(vfioboot_readiness(machine, set, 1, &points), -EINVAL);
	assert_int_equal(vfioboot_readiness(machine, device, 1, &points), 0);
	assert_true(have(points, "refused"));
	assert_true(have(points, "image"));
	vfioboot_points_free(points);
	vfioboot_machine_unref(machine);
	put_section();
	assert_int_equal(vfioboot_machine_read(ctx, &machine), 0);
	/* By its name and by its device it is the same set. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			vfioboot_readiness(machine, i ? device : set, 1, &points), 0);
		assert_false(have(points, "configured"));
		assert_true(have(points, "image"));
		vfioboot_points_free(points);
	}
	assert_int_equal(vfioboot_readiness(machine, none, 2, &points), -EINVAL);
	assert_string_equal(vfioboot_get_message(ctx),
		"'nothing' is neither a device set nor a device");
	vfioboot_machine_unref(machine);
	vfioboot_unref(ctx);
}

/* All that can be asked, once. */
static void ask_all(struct vfioboot_ctx *ctx)
{
	static const char *const device[] = {"01:00.0"};
	struct vfioboot_machine *machine = NULL;
	struct vfioboot_points *points = NULL;
	struct vfioboot_cards *cards = NULL;
	struct vfioboot_plan *plan = NULL;

	assert_int_equal(vfioboot_machine_read(ctx, &machine), 0);
	assert_int_equal(vfioboot_cards_list(machine, &cards), 0);
	assert_int_equal(vfioboot_plan_make(machine, NULL, &plan), 0);
	assert_int_equal(vfioboot_readiness(machine, device, 1, &points), 0);
	vfioboot_points_free(points);
	vfioboot_plan_free(plan);
	vfioboot_cards_free(cards);
	vfioboot_machine_unref(machine);
}

/* Opens and closes as often as that, and asks all now and then. */
static void open_often(int n)
{
	for (int i = 0; i < n; i++) {
		struct vfioboot_ctx *ctx = context_of();
		struct vfioboot_machine *machine = NULL;

		if (i % 50 == 0)
			ask_all(ctx);
		assert_int_equal(vfioboot_machine_read(ctx, &machine), 0);
		vfioboot_machine_unref(machine);
		vfioboot_unref(ctx);
	}
}

static void test_leaks(void **state)
{
	unsigned descriptors = open_descriptors();
	size_t before;

	put_machine();
	put_section();
	/* Until the C library has filled what it keeps. */
	open_often(1000);
	before = mallinfo2().uordblks;
	open_often(1000);
	/* Less than one of the smallest pieces of memory each time. */
	assert_within(mallinfo2().uordblks, 0, before + 16 * 1000);
	assert_int_equal(open_descriptors(), descriptors);
}

/* ---- threads ---- */

struct reader {
	const char *directory;
	size_t functions; /* that it expects */
	bool same;        /* it saw these alone */
};

static void *read_often(void *data)
{
	struct reader *reader = data;
	struct vfioboot_ctx *ctx = NULL;

	reader->same =
		vfioboot_new(&ctx) == 0 && vfioboot_set_root(ctx, reader->directory) == 0;
	for (int i = 0; reader->same && i < 100; i++) {
		struct vfioboot_machine *machine = NULL;
		struct vfioboot_points *points = NULL;

		reader->same = vfioboot_machine_read(ctx, &machine) == 0 &&
			vfioboot_machine_count_functions(machine) == reader->functions &&
			vfioboot_check(machine, NULL, 0, &points) == 0;
		vfioboot_points_free(points);
		vfioboot_machine_unref(machine);
	}
	vfioboot_unref(ctx);
	return NULL;
}

/* Two machines, at the same time. */
static void test_threads(void **state)
{
	char first[512], second[512];
	struct reader readers[] = {{first, 3, false}, {second, 1, false}};
	pthread_t threads[2];

	put_machine();
	fake_put("b/sys/devices/pci0000:00/0000:00:05.0/modalias",
		"pci:v00008086d00001234sv00008086sd00000001bc01sc08i02\n");
	fake_link("b/sys/bus/pci/devices/0000:00:05.0",
		"../../../devices/pci0000:00/0000:00:05.0");
	snprintf(first, sizeof(first), "%s", fake_path(""));
	snprintf(second, sizeof(second), "%s", fake_path("b"));
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, read_often, &readers[i]), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_true(readers[0].same);
	assert_true(readers[1].same);
}

/* What a program that hands over says, where these of the standard descriptors are closed. */
static void expect_answer(unsigned closed)
{
	struct vfioboot_ctx *ctx = context_of();
	struct vfioboot_points *points = NULL;
	const char *name = "gpu";
	int kept[3], r;

	assert_int_equal(vfioboot_set_program(ctx, fake_path("program")), 0);
	for (int fd = 0; fd < 3; fd++) {
		kept[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
		if (closed & 1u << fd)
			close(fd);
	}
	r = vfioboot_bind(ctx, &name, 1, VFIOBOOT_DRY_RUN, 0, &points);
	for (int fd = 0; fd < 3; fd++) {
		dup2(kept[fd], fd);
		close(kept[fd]);
	}
	assert_int_equal(r, -ECANCELED);
	assert_string_equal(vfioboot_get_message(ctx), "it failed");
	assert_non_null(points);
	assert_non_null(vfioboot_points_get(points, 0));
	assert_string_equal(
		vfioboot_point_get_text(vfioboot_points_get(points, 0)), "heard");
	vfioboot_points_free(points);
	vfioboot_unref(ctx);
}

/* Whatever the caller has closed, and open: a program that is run has its own three descriptors. */
static void test_descriptors_of_a_hand_over(void **state)
{
	int ours = open("/dev/null", O_RDONLY);

	assert_true(ours >= 3);
	/* The directory and the script are open as well. */
	fake_put("program",
		"#!/bin/sh\n"
		"for fd in /proc/self/fd/*; do n=$((n + 1)); done\n"
		"[ $n -le 5 ] && echo '{\"state\":\"note\",\"text\":\"heard\"}'\n"
		"echo 'it failed' >&2\n"
		"exit 1\n");
	assert_int_equal(chmod(fake_path("program"), 0700), 0);
	for (unsigned closed = 0; closed < 8; closed++)
		expect_answer(closed);
	close(ours);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(test_context),
		ROOT_TEST(test_faults),
		ROOT_TEST(test_list),
		ROOT_TEST(test_cards),
		ROOT_TEST(test_plan),
		ROOT_TEST(test_warnings),
		ROOT_TEST(test_obstacles),
		ROOT_TEST(test_check),
		ROOT_TEST(test_readiness),
		ROOT_TEST(test_leaks),
		ROOT_TEST(test_threads),
		ROOT_TEST(test_descriptors_of_a_hand_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
