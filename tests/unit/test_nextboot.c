/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The next boot and this one: what is planned, what was recorded, and what is true now. */
#include <errno.h>

#include "fakemodules.h"
#include "outlook/nextboot.h"
#include "outlook/thisboot.h"
#include "support.h"

#define GPU   "pci0000:00/0000:00:01.0/0000:01:00.0"
#define SOUND "pci0000:00/0000:00:01.0/0000:01:00.1"

#define GPU_LINE                                                                         \
	"function section=gpu address=0000:01:00.0 path=00:01.0/00.0 id=10de:2206 "      \
	"wanted=vfio-pci before=- driver=vfio-pci result=bound reason=-\n"

static const struct pci_address gpu = {0, 1, 0}, sound = {0, 1, 1};

/* What is read has to last as long as what is made of it. */
struct outlook {
	struct root root;
	struct facts facts;
	struct nextboot *next;
	struct thisboot boot;
};

static void read_outlook(struct outlook *ret)
{
	ret->root = fake_open();
	assert_int_equal(facts_read(&ret->root, &ret->facts), 0);
	assert_int_equal(nextboot_read(&ret->facts, NULL, &ret->next), 0);
	assert_int_equal(thisboot_read(&ret->root, ret->next, &ret->boot), 0);
}

static void free_outlook(struct outlook *outlook)
{
	thisboot_free(&outlook->boot);
	nextboot_free(&outlook->next);
	facts_free(&outlook->facts);
	root_close(&outlook->root);
}

static int set_up(void **state)
{
	int r = fake_set_up(state);

	fake_function("pci0000:00/0000:00:01.0", 0x8086, 0x1901);
	fake_function(GPU, 0x10de, 0x2206);
	fake_function(SOUND, 0x10de, 0x10f0);
	fake_put("etc/vfioboot.conf",
		"[device gpu]\npath = 00:01.0/00\n[device gone]\npath = 00:1e.0\n"
		"[device later]\npath = 00:1d.0\nprofile = games\n");
	fake_put("etc/vfioboot.protect", "# vfioboot protect list 1\n");
	return r;
}

/* Without sysfs the configuration is still there to be shown. */
static void test_nothing_to_plan(void **state)
{
	_cleanup_(free_outlook) struct outlook outlook = {0};

	fake_put("etc/vfioboot.conf", "[device gpu]\nid = 10de:2206\n");
	read_outlook(&outlook);
	assert_int_equal(outlook.next->machine_error, -ENOENT);
	assert_int_equal(outlook.next->config.n_sections, 1);
	assert_null(nextboot_find(outlook.next, gpu));
}

static void test_counts(void **state)
{
	_cleanup_(free_outlook) struct outlook outlook = {0};
	struct nextboot_counts counts;

	read_outlook(&outlook);
	assert_int_equal(outlook.next->machine_error, 0);
	counts = nextboot_count(outlook.next);
	assert_int_equal(counts.bound, 2);
	assert_int_equal(counts.refused, 1);
	assert_int_equal(counts.refused_sections, 1);
	assert_int_equal(counts.inactive_sections, 1);
	assert_int_equal(nextboot_find(outlook.next, gpu)->reason, REASON_NONE);
}

/* Each is planned beside what the boot binds, and not beside the others; no boot has it. */
static void test_demand(void **state)
{
	_cleanup_(free_outlook) struct outlook outlook = {0};
	struct nextboot_counts counts;
	const struct plan_entry *entry;
	struct nextboot *next;

	fake_put("etc/vfioboot.conf",
		"[device one]\npath = 00:01.0/00\nbind = demand\n"
		"[device two]\npath = 00:01.0/00.0\nbind = demand\n"
		"[device sound]\npath = 00:01.0/00.1\n"
		"[device gone]\npath = 00:1e.0\nbind = demand\n");
	read_outlook(&outlook);
	next = outlook.next;
	counts = nextboot_count(next);
	assert_int_equal(counts.bound, 1);
	assert_int_equal(counts.refused, 0);
	assert_int_equal(counts.inactive_sections, 3);
	assert_null(nextboot_find(next, gpu));
	assert_int_equal(next->config.selected, 0);
	/* The boot has one of its functions. */
	entry = nextboot_find_demand(next, gpu);
	assert_non_null(entry);
	assert_int_equal(entry->reason, REASON_CLAIMED);
	assert_int_equal(nextboot_action(next, entry), NEXTBOOT_DEMAND);
	assert_int_equal(
		nextboot_demand_reason(next, &next->config.sections[0]), REASON_CLAIMED);
	assert_int_equal(
		nextboot_demand_reason(next, &next->config.sections[1]), REASON_NONE);
	assert_int_equal(
		nextboot_demand_reason(next, &next->config.sections[3]), REASON_ABSENT);
	assert_int_equal(next->demand.n_entries, 4);
	assert_int_equal(outlook.boot.n, 1);
	assert_string_equal(outlook.boot.functions[0].recorded.section, "sound");
}

/* vfio-pci has a list of devices that it refuses, which its parameter switches off; a variant has none. */
static void test_denylist(void **state)
{
	static const char conf[] = "etc/modprobe.d/vfio.conf";
	static const struct {
		const char *options, *cmdline, *driver;
		enum reason reason;
	} cases[] = {
		{"", "", "vfio-pci", REASON_DENYLISTED},
		{"", "", "qat_vfio_pci", REASON_NONE},
		{"# options vfio-pci disable_denylist=1\noptions vfio disable_denylist\n",
			"", "vfio-pci", REASON_DENYLISTED},
		{"options vfio_pci ids=1:2 \\\n disable-denylist=Y\n", "", "vfio-pci",
			REASON_NONE},
		{"options vfio-pci disable_denylist\n", "", "vfio-pci", REASON_NONE},
		{"options vfio-pci disable_denylist\n", "vfio-pci.disable_denylist=0",
			"vfio-pci", REASON_DENYLISTED},
		{"", "vfio_pci.disable_denylist=1", "vfio-pci", REASON_NONE},
	};

	fake_function("pci0000:00/0000:00:1d.0", 0x8086, 0x37c8);
	fake_put("etc/vfioboot.protect", "# vfioboot protect list 1\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(free_outlook) struct outlook outlook = {0};
		char text[128];

		snprintf(text, sizeof(text),
			"[device qat]\npath = 00:1d.0\nlast-display = yes\ndriver = %s\n",
			cases[i].driver);
		fake_put("etc/vfioboot.conf", text);
		fake_put(conf, cases[i].options);
		fake_put("proc/cmdline", cases[i].cmdline);
		read_outlook(&outlook);
		assert_int_equal(outlook.next->plan.entries[0].reason, cases[i].reason);
	}
}

/* What is built into the kernel reads no modprobe.d, only its command line. */
static void test_denylist_built_in(void **state)
{
	static const struct fake_index_line built_in[] = {{"vfio_pci", ""}};
	static const char *const cmdlines[] = {"", "vfio_pci.disable_denylist=1"};

	fake_function("pci0000:00/0000:00:1d.0", 0x8086, 0x37c8);
	fake_put("etc/vfioboot.protect", "# vfioboot protect list 1\n");
	fake_put("etc/vfioboot.conf",
		"[device qat]\npath = 00:1d.0\nlast-display = yes\n");
	fake_put("etc/modprobe.d/vfio.conf", "options vfio-pci disable_denylist=1\n");
	fake_put("proc/sys/kernel/osrelease", "6.12.1\n");
	fake_put_index("lib/modules/6.12.1", "modules.dep", built_in, 0);
	fake_put_index(
		"lib/modules/6.12.1", "modules.builtin", built_in, ARRAY_SIZE(built_in));
	for (size_t i = 0; i < ARRAY_SIZE(cmdlines); i++) {
		_cleanup_(free_outlook) struct outlook outlook = {0};

		fake_put("proc/cmdline", cmdlines[i]);
		read_outlook(&outlook);
		assert_int_equal(outlook.next->plan.entries[0].reason,
			i ? REASON_NONE : REASON_DENYLISTED);
	}
}

/* What is in no record is there as the next boot plans it. */
static void test_no_record(void **state)
{
	_cleanup_(free_outlook) struct outlook outlook = {0};
	const struct thisboot_function *function;

	read_outlook(&outlook);
	assert_null(outlook.boot.last);
	assert_int_equal(outlook.boot.problems[BOOT_INITRAMFS], -ENOENT);
	assert_int_equal(outlook.boot.image_config, THISBOOT_CONFIG_UNKNOWN);
	assert_int_equal(outlook.boot.n, 3);
	assert_int_equal(outlook.boot.n_not_as_wanted, 3);
	function = thisboot_find(&outlook.boot, gpu);
	assert_false(function->in_record);
	assert_true(function->present);
	assert_string_equal(function->recorded.section, "gpu");
	assert_string_equal(function->recorded.wanted, "vfio-pci");
	assert_ptr_equal(function->next, nextboot_find(outlook.next, gpu));
}

/* The record has the result; the driver is read again, and the rest comes from the plan. */
static void test_record_and_now(void **state)
{
	_cleanup_(free_outlook) struct outlook outlook = {0};
	const struct thisboot_function *function;

	fake_put("run/vfioboot/initramfs.record",
		"vfioboot-record 1\nstate done\nconfig 1\n" GPU_LINE);
	fake_link("sys/devices/" GPU "/driver", "../../../../bus/pci/drivers/nouveau");
	read_outlook(&outlook);
	assert_ptr_equal(outlook.boot.last, &outlook.boot.records[BOOT_INITRAMFS]);
	assert_int_equal(outlook.boot.image_config, THISBOOT_CONFIG_OTHER);
	function = thisboot_find(&outlook.boot, gpu);
	assert_true(function->in_record);
	assert_int_equal(function->stage, BOOT_INITRAMFS);
	assert_int_equal(function->recorded.result, RESULT_BOUND);
	assert_string_equal(function->driver_now, "nouveau");
	assert_false(function->as_wanted);
	assert_non_null(function->next);
	assert_false(thisboot_find(&outlook.boot, sound)->in_record);
}

/* ---- whether functions have an IOMMU group then ---- */

#define BUILT_OFF "CONFIG_INTEL_IOMMU=y\n"
#define BUILT_ON  BUILT_OFF "CONFIG_INTEL_IOMMU_DEFAULT_ON=y\n"

/* From 6.12.1, which was built to enable the IOMMU or not, to it or to 6.12.2, of which nothing is known. */
static const struct iommu_case {
	const char *built, *now, *then,
		*kernel; /* of the next entry; NULL: none is known */
	bool has_groups;
	enum next_groups groups, integrated;
} iommu_cases[] = {
	/* What asked for the groups of now is gone. */
	{BUILT_OFF, "intel_iommu=on", "", "6.12.1", true, NEXT_GROUPS_NONE,
		NEXT_GROUPS_NONE},
	{BUILT_OFF, "intel_iommu=on", "", "6.12.2", true, NEXT_GROUPS_UNKNOWN,
		NEXT_GROUPS_UNKNOWN},
	/* What has not helped does not help then. */
	{BUILT_OFF, "intel_iommu=on", "intel_iommu=on", "6.12.1", false,
		NEXT_GROUPS_AS_NOW, NEXT_GROUPS_AS_NOW},
	{BUILT_OFF, "intel_iommu=igfx_off", "", "6.12.1", false, NEXT_GROUPS_AS_NOW,
		NEXT_GROUPS_AS_NOW},
	/* No IOMMU, none for the integrated GPU. */
	{BUILT_ON, "intel_iommu=igfx_off", "intel_iommu=off", "6.12.1", true,
		NEXT_GROUPS_NONE, NEXT_GROUPS_NONE},
	{BUILT_ON, "intel_iommu=igfx_off", "", "6.12.1", true, NEXT_GROUPS_AS_NOW,
		NEXT_GROUPS_ALL},
	{BUILT_ON, "intel_iommu=igfx_off", "intel_iommu=igfx_off", NULL, true,
		NEXT_GROUPS_AS_NOW, NEXT_GROUPS_AS_NOW},
	/* Of 6.12.2 nobody knows whether it is Debian's. */
	{BUILT_ON, "intel_iommu=igfx_off", "intel_iommu=on", "6.12.2", true,
		NEXT_GROUPS_AS_NOW, NEXT_GROUPS_AS_NOW},
	{BUILT_ON, "", "intel_iommu=on,intgpu_off", "6.12.2", true, NEXT_GROUPS_AS_NOW,
		NEXT_GROUPS_NONE},
};

static void put_kernels(const char *built)
{
	fake_put("boot/vmlinuz-6.12.1", "");
	fake_put("boot/vmlinuz-6.12.2", "");
	fake_put("lib/modules/6.12.1/modules.dep", "");
	fake_put("lib/modules/6.12.2/modules.dep", "");
	fake_put("boot/config-6.12.1", built);
	fake_put("proc/sys/kernel/osrelease", "6.12.1\n");
	fake_put("proc/cpuinfo", "vendor_id : GenuineIntel\n");
}

static void expect_groups(const struct iommu_case *it)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(facts_free) struct facts facts = {0};
	struct bootmenu_entry said = {.title = (char *)"next",
		.kernel = (char *)it->kernel,
		.kernel_path = (char *)"",
		.options = (char *)it->then};
	struct chain_entry entry = {.said = &said};
	struct next_iommu iommu;
	struct pcidev card = {
		.ids = {.vendor = 0x8086, .class = 0x030000}, .path = {.depth = 2}};

	put_kernels(it->built);
	fake_put("proc/cmdline", it->now);
	assert_int_equal(facts_read(&root, &facts), 0);
	facts.bus.has_groups = it->has_groups;
	next_iommu_compare(&facts, it->then, it->kernel ? &entry : NULL, &iommu);
	if (iommu.groups != it->groups || iommu.integrated != it->integrated)
		print_error("from '%s' to '%s'\n", it->now, it->then);
	assert_int_equal(iommu.groups, it->groups);
	assert_int_equal(iommu.integrated, it->integrated);
	/* A card of Intel's is not part of the processor. */
	assert_int_equal(next_iommu_of(&iommu, &card), it->groups);
	card.path.depth = 1;
	assert_int_equal(next_iommu_of(&iommu, &card), it->integrated);
}

static void test_next_iommu(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(iommu_cases); i++)
		expect_groups(&iommu_cases[i]);
}

/* What has no group beside others that have one gets none by what is not known. */
static void test_unknown_groups(void **state)
{
	_cleanup_(root_close) struct root root = {0};
	_cleanup_(facts_free) struct facts facts = {0};
	_cleanup_(nextboot_free) struct nextboot *next = NULL;
	struct bootmenu_entry said = {.title = (char *)"next",
		.kernel = (char *)"6.12.2",
		.kernel_path = (char *)"",
		.options = (char *)""};
	struct chain_entry entry = {.said = &said};

	fake_remove("sys/bus/pci/devices/0000:01:00.1/iommu_group");
	put_kernels(BUILT_OFF);
	fake_put("proc/cmdline", "intel_iommu=on");
	root = fake_open();
	assert_int_equal(facts_read(&root, &facts), 0);
	assert_true(facts.bus.has_groups);
	assert_int_equal(nextboot_new(&next), 0);
	next->entry = &entry;
	nextboot_plan(&facts, "", next);
	assert_int_equal(next->iommu.groups, NEXT_GROUPS_UNKNOWN);
	assert_int_equal(nextboot_find(next, sound)->reason, REASON_NO_IOMMU_GROUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(test_nothing_to_plan),
		ROOT_TEST(test_denylist),
		ROOT_TEST(test_denylist_built_in),
		ROOT_TEST(test_next_iommu),
		cmocka_unit_test_setup_teardown(
			test_unknown_groups, set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(test_counts, set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(test_demand, set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(test_no_record, set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(
			test_record_and_now, set_up, fake_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
