/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each row of the decision table, as text: the parameters, then what else is said. */
#include "params/rules.h"

#include <stdio.h>

#include "support.h"

#define KERNEL(major, minor) ((unsigned)(major) << 16 | (unsigned)(minor))

/* Machines that give a card away which nobody looks at; check_row() adds the rest. */
#define INTEL    .iommu = IOMMU_INTEL
#define INTEL_ON INTEL, .iommu_default = IOMMU_DEFAULT_ON
#define AMD      .iommu = IOMMU_AMD
#define BOOT                                                                             \
	INTEL_ON, .has_groups = true, .takes_boot_display = true,                        \
		  .boot_display_is_sure = true, .binds_boot_display = true
#define BOOT_VGA   BOOT, .boot_display_is_vga = true
#define BOOT_OTHER BOOT, .takes_other_display = true

static const struct row {
	const char *name;
	struct params_facts facts;
	const char *needed; /* joined by blanks */
	bool refused;
	const char *said; /* "KIND PARAMETER: " and words of the reason; NULL: nothing */
} rows[] = {
	{"groups exist", {INTEL_ON, .has_groups = true}, "", false, NULL},
	{"groups exist, however it was built",
		{INTEL, .has_groups = true, .iommu_default = IOMMU_DEFAULT_OFF}, "",
		false, NULL},
	{"groups exist by a parameter of this boot alone",
		{INTEL, .has_groups = true, .iommu_default = IOMMU_DEFAULT_OFF,
			.booted = "intel_iommu=on", .cmdline = "ro"},
		"intel_iommu=on", false, NULL},
	{"the same, not known how it was built",
		{INTEL, .has_groups = true, .booted = "intel_iommu=on", .cmdline = "ro"},
		"intel_iommu=on", false, NULL},
	{"the same, default on",
		{INTEL_ON, .has_groups = true, .booted = "intel_iommu=on",
			.cmdline = "ro"},
		"", false, NULL},
	{"off, of the next entry",
		{INTEL_ON, .booted = "ro", .own = "ro intel_iommu=off",
			.cmdline = "ro intel_iommu=off"},
		"", true, "conflict intel_iommu=off: the next entry has it"},
	{"intel, default off", {INTEL, .iommu_default = IOMMU_DEFAULT_OFF},
		"intel_iommu=on", false, NULL},
	{"intel, not known how it was built",
		{INTEL, .iommu_default = IOMMU_DEFAULT_UNKNOWN}, "intel_iommu=on", false,
		NULL},
	{"intel, default on, no groups", {INTEL_ON}, "", false, "obstacle : VT-d"},
	{"intel, on by parameter, no groups",
		{INTEL, .iommu_default = IOMMU_DEFAULT_OFF,
			.cmdline = "intel_iommu=sm_on,on"},
		"", false, "obstacle : VT-d"},
	{"intel, the kernel has no driver",
		{INTEL, .iommu_default = IOMMU_DEFAULT_ABSENT}, "", false,
		"obstacle : CONFIG_INTEL_IOMMU"},
	{"intel, on by parameter and by itself",
		{INTEL_ON, .has_groups = true, .cmdline = "intel_iommu=on"}, "", false,
		"warning intel_iommu=on: by default"},
	{"intel, the integrated GPU is left out by parameter",
		{INTEL_ON, .has_groups = true, .takes_integrated_gpu = true,
			.cmdline = "intel_iommu=igfx_off"},
		"", true, "conflict intel_iommu=igfx_off: integrated GPU"},
	{"intel, the same in Debian's writing, on or not",
		{INTEL, .has_groups = true, .takes_integrated_gpu = true,
			.iommu_default = IOMMU_DEFAULT_INTGPU_OFF,
			.cmdline = "intel_iommu=on,intgpu_off"},
		"", true, "conflict intel_iommu=intgpu_off: integrated GPU"},
	{"intel, the integrated GPU is left out, and stays",
		{INTEL, .has_groups = true, .cmdline = "intel_iommu=on,igfx_off"}, "",
		false, NULL},
	{"intel, the integrated GPU is left out",
		{INTEL, .has_groups = true, .takes_integrated_gpu = true,
			.iommu_default = IOMMU_DEFAULT_INTGPU_OFF},
		"intel_iommu=on", false, NULL},
	{"intel, the integrated GPU stays with the host",
		{INTEL, .has_groups = true, .iommu_default = IOMMU_DEFAULT_INTGPU_OFF},
		"", false, NULL},
	{"intel, the integrated GPU is left out, and no groups at all",
		{INTEL, .takes_integrated_gpu = true,
			.iommu_default = IOMMU_DEFAULT_INTGPU_OFF},
		"intel_iommu=on", false, "obstacle : VT-d"},
	{"intel, Debian's writing, and on behind it",
		{INTEL, .has_groups = true, .takes_integrated_gpu = true,
			.iommu_default = IOMMU_DEFAULT_INTGPU_OFF,
			.cmdline = "intel_iommu=intgpu_off,on"},
		"", false, NULL},
	{"intel, Debian's writing, on another kernel",
		{INTEL_ON, .has_groups = true, .takes_integrated_gpu = true,
			.cmdline = "intel_iommu=intgpu_off"},
		"", false, NULL},
	{"intel, on behind igfx_off",
		{INTEL, .has_groups = true, .takes_integrated_gpu = true,
			.iommu_default = IOMMU_DEFAULT_UNKNOWN,
			.cmdline = "intel_iommu=igfx_off,on"},
		"", true, "conflict intel_iommu=igfx_off: integrated GPU"},
	{"one of several has no group",
		{INTEL_ON, .has_groups = true, .groupless = "0000:02:00.0"}, "", false,
		"warning : 0000:02:00.0 has no IOMMU group"},
	{"the integrated GPU has no group yet",
		{INTEL, .has_groups = true, .groupless = "0000:00:02.0",
			.takes_integrated_gpu = true,
			.iommu_default = IOMMU_DEFAULT_INTGPU_OFF},
		"intel_iommu=on", false, NULL},
	{"amd, groups", {AMD, .has_groups = true}, "", false, NULL},
	{"amd, no groups", {AMD}, "", false, "obstacle : AMD-Vi"},
	{"amd, the kernel has no driver", {AMD, .iommu_default = IOMMU_DEFAULT_ABSENT},
		"", false, "obstacle : CONFIG_AMD_IOMMU"},
	{"amd, what is Intel's",
		{AMD, .has_groups = true, .iommu_default = IOMMU_DEFAULT_ON,
			.cmdline = "intel_iommu=on"},
		"", false, "warning intel_iommu=on: no Intel IOMMU"},
	{"amd, a value that there is not",
		{AMD, .has_groups = true, .cmdline = "amd_iommu=on"}, "", false,
		"warning amd_iommu=on: does not know this value"},
	{"arm64, groups", {.iommu = IOMMU_ARM, .has_groups = true, .cmdline = ""}, "",
		false, NULL},
	{"arm64, no groups", {.iommu = IOMMU_ARM, .cmdline = ""}, "", false,
		"obstacle : CONFIG_ARM_SMMU"},
	{"arm64, the kernel has no driver",
		{.iommu = IOMMU_ARM,
			.iommu_default = IOMMU_DEFAULT_ABSENT,
			.cmdline = ""},
		"", false, "obstacle : use another kernel"},
	{"another processor, no groups", {.iommu = IOMMU_OTHER, .cmdline = ""}, "", false,
		"obstacle : firmware setup"},
	{"intel_iommu=off",
		{INTEL, .iommu_default = IOMMU_DEFAULT_OFF,
			.cmdline = "ro intel_iommu=off"},
		"", true, "conflict intel_iommu=off: remove it"},
	{"off, of the entry alone",
		{INTEL, .iommu_default = IOMMU_DEFAULT_OFF, .booted = "ro",
			.cmdline = "ro intel_iommu=off"},
		"", true, "conflict intel_iommu=off: leave it out of the entry"},
	{"off, and on by the entry",
		{INTEL, .iommu_default = IOMMU_DEFAULT_OFF, .booted = "intel_iommu=off",
			.cmdline = "intel_iommu=off intel_iommu=on"},
		"", false, "warning intel_iommu=off: overrides it"},
	{"on, by the entry alone",
		{INTEL, .iommu_default = IOMMU_DEFAULT_OFF, .booted = "ro",
			.cmdline = "ro intel_iommu=on"},
		"", false, NULL},
	{"intel_iommu=on, and off behind it",
		{INTEL, .iommu_default = IOMMU_DEFAULT_OFF,
			.cmdline = "intel_iommu=on,off"},
		"", true, "conflict intel_iommu=off: remove it"},
	{"the same in two parameters",
		{INTEL, .iommu_default = IOMMU_DEFAULT_OFF,
			.cmdline = "intel_iommu=on ro intel-iommu=off"},
		"", true, "conflict intel_iommu=off: remove it"},
	{"intel_iommu=off, and on behind it",
		{INTEL, .has_groups = true, .cmdline = "intel_iommu=off,on"}, "", false,
		"warning intel_iommu=off: overrides it"},
	{"the same in two parameters, with quotes",
		{INTEL, .has_groups = true,
			.cmdline = "\"intel_iommu=off\" intel_iommu=\"sm_on,on\""},
		"", false, "warning intel_iommu=off: overrides it"},
	{"an empty list, and one that only begins so",
		{INTEL, .has_groups = true,
			.cmdline = "intel_iommu intel_iommu= iommu=, iommu=offline"},
		"", false, NULL},
	{"iommu=off has no way back", {AMD, .cmdline = "iommu=off,force"}, "", true,
		"conflict iommu=off: remove it"},
	{"off for another processor's",
		{AMD, .has_groups = true, .cmdline = "intel_iommu=off"}, "", true,
		"conflict intel_iommu=off: another processor"},
	{"iommu=off", {AMD, .cmdline = "iommu=noforce,off"}, "", true,
		"conflict iommu=off: remove it"},
	{"amd_iommu=off", {AMD, .cmdline = "amd_iommu=off"}, "", true,
		"conflict amd_iommu=off: remove it"},
	{"off behind the end is not the kernel's",
		{INTEL_ON, .has_groups = true, .cmdline = "ro -- intel_iommu=off"}, "",
		false, NULL},
	{"DMA speed is asked for", {INTEL_ON, .has_groups = true, .host_dma_speed = true},
		"iommu.passthrough=1", false, NULL},
	{"DMA speed is there already",
		{INTEL_ON, .has_groups = true, .host_dma_speed = true,
			.cmdline = "iommu.passthrough=1"},
		"", false, NULL},
	{"DMA speed on arm64 is not for iommu=pt",
		{.iommu = IOMMU_ARM,
			.has_groups = true,
			.host_dma_speed = true,
			.cmdline = "iommu=pt"},
		"iommu.passthrough=1", false,
		"warning iommu=pt: do not have this parameter"},
	{"DMA speed is there by iommu=pt, and that does not go",
		{INTEL_ON, .has_groups = true, .host_dma_speed = true,
			.cmdline = "iommu=pt"},
		"", false, NULL},
	{"arm64, what is no parameter there",
		{.iommu = IOMMU_ARM, .has_groups = true, .cmdline = "iommu=off acpi=off"},
		"", false, NULL},
	{"acpi=off", {AMD, .cmdline = "acpi=off"}, "", true,
		"conflict acpi=off: the tables that describe the IOMMU"},
	{"interrupt remapping that comes back",
		{AMD, .has_groups = true, .cmdline = "intremap=off intremap=on,nosid"},
		"", false, "warning intremap=off: a later 'on' overrides it"},
	{"interrupt remapping that does not",
		{AMD, .has_groups = true, .cmdline = "intremap=on intremap=off"}, "",
		false, "warning intremap=off: it disables interrupt remapping"},
	{"vfio is kept out",
		{AMD, .has_groups = true, .cmdline = "module_blacklist=vfio_pci"}, "",
		true, "conflict module_blacklist=vfio_pci: disables vfio-pci"},
	{"vfio is kept out by what it needs",
		{AMD, .has_groups = true, .cmdline = "module_blacklist=iommufd"}, "",
		true, "conflict module_blacklist=iommufd: disables iommufd"},
	{"guests are kept from what vfio-pci has",
		{AMD, .has_groups = true, .cmdline = "module_blacklist=vfio_iommu_type1"},
		"", true,
		"conflict module_blacklist=vfio_iommu_type1: disables vfio_iommu_type1"},
	{"vfio was kept out, but for a later list",
		{AMD, .has_groups = true,
			.cmdline = "module_blacklist=vfio_pci module_blacklist=pcspkr"},
		"", false, NULL},
	{"nothing is asked for beside a conflict",
		{AMD, .host_dma_speed = true, .profile = "games", .cmdline = "iommu=off"},
		"", true, "conflict iommu=off: remove it"},
	{"a driver that the host keeps off for itself",
		{INTEL_ON, .has_groups = true, .native_modules = "amdgpu, snd_hda_intel",
			.cmdline =
				"rd.driver.blacklist=nouveau modprobe.blacklist=nova_core"},
		"", false, NULL},
	{"a driver of what is given away, in either writing",
		{INTEL_ON, .has_groups = true, .native_modules = "amdgpu, snd_hda_intel",
			.cmdline = "modprobe.blacklist=nouveau,snd-hda-intel"},
		"", false, "warning modprobe.blacklist: does not need it"},
	{"unsafe interrupts without remapping",
		{INTEL_ON, .has_groups = true, .remapping_is_off = true,
			.cmdline = "vfio_iommu_type1.allow_unsafe_interrupts=1"},
		"", false, NULL},
	{"a profile, and off",
		{INTEL_ON, .has_groups = true, .profile = "games", .is_off = true},
		"vfioboot.profile=games", false,
		"warning vfioboot.off: nothing is bound"},
	{"a command line that is not known",
		{INTEL_ON, .has_groups = true, .cmdline_is_unread = true, .cmdline = ""},
		"", false, "warning : cannot be read"},
	{"boot display, 6.1",
		{BOOT_VGA, .kernel = KERNEL(6, 1), .framebuffer = FRAMEBUFFER_SIMPLE}, "",
		false, "warning : console ends"},
	{"any display, 6.0",
		{INTEL_ON, .has_groups = true, .binds_display = true,
			.kernel = KERNEL(6, 0)},
		"", false, "warning : kernel 6.0"},
	{"no display, 6.0", {INTEL_ON, .has_groups = true, .kernel = KERNEL(6, 0)}, "",
		false, NULL},
	{"boot display, 5.15, efifb, off behind a comma",
		{BOOT_VGA, .kernel = KERNEL(5, 15), .framebuffer = FRAMEBUFFER_EFIFB,
			.cmdline = "video=vesafb:off,efifb:off"},
		"video=efifb:off", false, "warning video=vesafb:off: nothing needs it"},
	{"boot display, 5.15, efifb, off",
		{BOOT_VGA, .kernel = KERNEL(5, 15), .framebuffer = FRAMEBUFFER_EFIFB,
			.cmdline = "video=efifb:off"},
		"", false, "warning : console ends"},
	{"the same, seen to be kept out",
		{BOOT_VGA, .kernel = KERNEL(5, 15), .framebuffer = FRAMEBUFFER_UNKNOWN,
			.cmdline = "video=efifb:off"},
		"", false, "warning : console ends"},
	{"boot display, 5.15, simple-framebuffer, kept out",
		{BOOT_VGA, .kernel = KERNEL(5, 15), .framebuffer = FRAMEBUFFER_SIMPLE,
			.cmdline = "initcall_blacklist=sysfb_init"},
		"", false, "warning : console ends"},
	{"a display that is no VGA, kept out",
		{BOOT_OTHER, .framebuffer = FRAMEBUFFER_SIMPLE, .trial = true,
			.cmdline = "initcall_blacklist=sysfb_init"},
		"", false, "warning : console ends"},
	{"the same, but it is there all the same",
		{BOOT_OTHER, .framebuffer = FRAMEBUFFER_SIMPLE,
			.framebuffer_is_seen = true,
			.cmdline = "initcall_blacklist=sysfb_init"},
		"", false,
		"warning initcall_blacklist=sysfb_init: no effect on this kernel"},
	{"a display that is no VGA, and not known to be the boot display",
		{INTEL_ON, .has_groups = true, .takes_other_display = true,
			.cmdline = "initcall_blacklist=sysfb_init"},
		"", false, NULL},
	{"boot display, 6.1, efifb that is off",
		{BOOT_VGA, .kernel = KERNEL(6, 1), .cmdline = "video=efifb:off"}, "",
		false, "warning video=efifb:off: nothing needs it"},
	{"boot display, 5.15, framebuffer not known", {BOOT_VGA, .kernel = KERNEL(5, 15)},
		"", false, "warning : after the next boot"},
	{"boot display, 5.15, framebuffer not shown",
		{BOOT_VGA, .kernel = KERNEL(5, 15), .framebuffer_is_hidden = true}, "",
		false, "warning : only root can see"},
	{"a display that is no VGA, framebuffer not shown",
		{BOOT_OTHER, .framebuffer_is_hidden = true}, "", false,
		"warning : only root can see"},
	{"boot display, 6.12, framebuffer not shown",
		{BOOT_VGA, .framebuffer_is_hidden = true}, "", false,
		"warning : console ends"},
	{"perhaps the boot display",
		{INTEL_ON, .has_groups = true, .takes_other_display = true,
			.takes_boot_display = true, .binds_boot_display = true,
			.framebuffer = FRAMEBUFFER_SIMPLE, .lto = true},
		"", false, "warning : framebuffer may stay"},
	{"boot display, and no driver for it",
		{INTEL_ON, .has_groups = true, .takes_boot_display = true,
			.boot_display_is_vga = true, .framebuffer = FRAMEBUFFER_SIMPLE},
		"", false, "warning : until vfio-pci is bound"},
	{"boot display, 5.15, nothing in it",
		{BOOT_VGA, .kernel = KERNEL(5, 15), .framebuffer = FRAMEBUFFER_NONE}, "",
		false, "warning : console ends"},
	{"boot display, 5.15, efifb",
		{BOOT_VGA, .kernel = KERNEL(5, 15), .framebuffer = FRAMEBUFFER_EFIFB},
		"video=efifb:off", false, "warning : console ends"},
	{"boot display, 5.15, simple-framebuffer",
		{BOOT_VGA, .kernel = KERNEL(5, 15), .framebuffer = FRAMEBUFFER_SIMPLE},
		"", false, "warning : vfioboot try"},
	{"the same in a trial",
		{BOOT_VGA, .trial = true, .kernel = KERNEL(5, 15),
			.framebuffer = FRAMEBUFFER_SIMPLE},
		"initcall_blacklist=sysfb_init", false, "warning : console ends"},
	{"a display that is no VGA, on any kernel",
		{BOOT_OTHER, .trial = true, .kernel = KERNEL(6, 12),
			.framebuffer = FRAMEBUFFER_SIMPLE},
		"initcall_blacklist=sysfb_init", false, "warning : console ends"},
	{"the same on a kernel with LTO",
		{BOOT_OTHER, .trial = true, .lto = true, .kernel = KERNEL(6, 12),
			.framebuffer = FRAMEBUFFER_SIMPLE},
		"", true, "conflict : link-time optimisation"},
	{"a profile", {INTEL_ON, .has_groups = true, .profile = "games"},
		"vfioboot.profile=games", false, NULL},
	{"a profile that is there already",
		{INTEL_ON, .has_groups = true, .profile = "games",
			.cmdline = "vfioboot.profile=work,games"},
		"", false, NULL},
	{"initcall_blacklist=sysfb_init is of no use",
		{INTEL_ON, .has_groups = true,
			.cmdline = "initcall_blacklist=sysfb_init"},
		"", false, "warning initcall_blacklist=sysfb_init: nothing needs it"},
	{"video=efifb:off is of no use",
		{INTEL_ON, .has_groups = true, .cmdline = "video=efifb:off"}, "", false,
		"warning video=efifb:off: nothing needs it"},
	{"vfio-pci.ids, in either writing",
		{INTEL_ON, .has_groups = true, .cmdline = "vfio_pci.ids=10de:2206"}, "",
		false, "warning vfio-pci.ids: every card"},
	{"pci=noats among others",
		{INTEL_ON, .has_groups = true, .cmdline = "pci=nomsi,noats"}, "", false,
		"warning pci=noats: does not need it"},
};

static const char *kind_word(enum params_kind kind)
{
	static const char *const words[] = {
		[PARAMS_NEEDED] = "needed",
		[PARAMS_WARNING] = "warning",
		[PARAMS_CONFLICT] = "conflict",
		[PARAMS_OBSTACLE] = "obstacle",
	};

	return words[kind];
}

/* "KIND PARAMETER: WORDS" against an item. */
static bool is_said(const struct params_item *item, const char *said)
{
	const char *words = strstr(said, ": ");
	char head[128];

	snprintf(head, sizeof(head), "%s %s", kind_word(item->kind), item->parameter);
	return strncmp(said, head, strlen(head)) == 0 && said + strlen(head) == words &&
		strstr(item->reason, words + 2);
}

static void check_row(const struct row *row)
{
	struct params_facts facts = row->facts;
	struct params params;
	char needed[512] = "";
	bool said = false, others = false;

	facts.kernel = facts.kernel ? facts.kernel : KERNEL(6, 12);
	facts.cmdline = facts.cmdline ? facts.cmdline : "root=/dev/sda1 ro quiet";
	facts.booted = facts.booted ? facts.booted : facts.cmdline;
	facts.limit = 2048;
	params_decide(&facts, &params);
	for (unsigned i = 0; i < params.n; i++) {
		const struct params_item *item = &params.items[i];

		assert_true(
			*item->reason && item->reason[strlen(item->reason) - 1] != '.');
		if (item->kind == PARAMS_NEEDED)
			snprintf(needed + strlen(needed), sizeof(needed) - strlen(needed),
				"%s%s", *needed ? " " : "", item->parameter);
		else if (row->said && is_said(item, row->said))
			said = true;
		else if (!facts.takes_boot_display ||
			!is_said(item, "warning : console ends"))
			others = true;
	}
	if (strcmp(needed, row->needed) != 0 || params.refused != row->refused ||
		said != !!row->said || others)
		fail_msg("%s: needed '%s', refused %d, said %d, something else %d",
			row->name, needed, params.refused, said, others);
}

/* Each is named, and none of them ever told to be needed; most the host may need itself. */
static void test_pasted(void **state)
{
	static const char *const parameters[] = {"amd_iommu=on", "amd_iommu=pt",
		"intel_iommu=pt", "iommu=on", "video=efifb:off", "video=vesafb:off",
		"video=simplefb:off", "initcall_blacklist=sysfb_init", "iommu=pt",
		"iommu=1", "vfio-pci.ids", "pci-stub.ids", "rd.driver.pre=vfio-pci",
		"rd.driver.pre=vfio_pci", "nomodeset", "rd.driver.blacklist=x",
		"pcie_acs_override", "pci=noats",
		"vfio_iommu_type1.allow_unsafe_interrupts",
		"iommufd.allow_unsafe_interrupts", "vfio.enable_unsafe_noiommu_mode",
		"kvm.ignore_msrs"};
	const size_t idle = 8; /* of them do nothing here */
	struct params_facts facts = {
		INTEL_ON, .has_groups = true, .native_modules = "x", .limit = 4096};
	struct params params;

	for (size_t i = 0; i < ARRAY_SIZE(parameters); i++) {
		const char *name = parameters[i];

		facts.booted = facts.cmdline = name;
		params_decide(&facts, &params);
		assert_int_equal(params.n, 1);
		assert_memory_equal(params.items[0].parameter, name,
			strlen(params.items[0].parameter));
		assert_int_equal(params.items[0].kind, PARAMS_WARNING);
		assert_non_null(strstr(params.items[0].reason,
			i < idle ? "it can be removed: "
				 : "device assignment does not need it"));
	}
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(&rows[i]);
}

/* The kernel would cut it without a word. */
static void test_length(void **state)
{
	char text[2048];
	struct params_facts facts = {
		INTEL, .iommu_default = IOMMU_DEFAULT_OFF, .limit = 2048};
	struct params params;

	memset(text, 'a', sizeof(text));
	facts.booted = facts.cmdline = text;
	text[2048 - 128 + 1 - sizeof(" intel_iommu=on")] = '\0';
	params_decide(&facts, &params);
	assert_false(params.refused);
	text[strlen(text)] = 'a';
	text[2048 - 128 + 2 - sizeof(" intel_iommu=on")] = '\0';
	params_decide(&facts, &params);
	assert_true(params.refused);
	facts.limit = 0;
	params_decide(&facts, &params);
	assert_false(params.refused);
	/* What is there is there: only what is added can be cut for it. */
	facts.limit = 2048;
	facts.has_groups = true;
	text[strlen(text)] = 'a';
	text[2048 - 100] = '\0';
	params_decide(&facts, &params);
	assert_false(params.refused);
	facts.booted = "ro";
	params_decide(&facts, &params);
	assert_true(params.refused);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_pasted),
		cmocka_unit_test(test_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
