/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner on composed machines: tests/fixtures/MACHINE/CASE has what a person wrote
 * (conf, cmdline, protect) and what is expected of it, one test each; the lines of one
 * section may come in any order.  Then, without files, what no fixture shows.
 */
#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../lib/compose.h"
#include "../lib/tree.h"
#include "base/util.h"
#include "decide/configfiles.h"
#include "decide/plan.h"
#include "support.h"

#define FIXTURES  "tests/fixtures"
#define CASES_MAX 512
#define TEXT_SIZE 65536
#define LINES_MAX 512

static char top[TREE_TEMPORARY_SIZE];
static char composed[256]; /* the machine that is below top */

/* Static as in the programs, and emptied before each case. */
static struct world {
	struct config config;
	struct protect_list protect;
	struct machine machine;
	struct plan plan;
} world;

static void clear_root(void)
{
	assert_int_equal(tree_remove(top), 0);
	assert_int_equal(mkdir(top, 0755), 0);
}

/* The cases of one machine come one after the other: it is made once. */
static void compose(const char *machine)
{
	char file[512];

	if (strcmp(machine, composed) == 0)
		return;
	clear_root();
	snprintf(file, sizeof(file), FIXTURES "/%s/machine", machine);
	assert_int_equal(compose_machine(file, top), 0);
	snprintf(composed, sizeof(composed), "%s", machine);
}

/* Reads a file of a case.  Returns false when the case has none. */
static bool read_text(const char *dir, const char *name, char *ret)
{
	char path[512];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), FIXTURES "/%s/%s", dir, name);
	file = fopen(path, "r");
	ret[0] = '\0';
	if (!file)
		return false;
	n = fread(ret, 1, TEXT_SIZE - 1, file);
	ret[n] = '\0';
	fclose(file);
	assert_true(n < TEXT_SIZE - 1);
	return true;
}

/* Lays a file of a case into the root, or takes that of the case before away. */
static void lay(const char *dir, const char *name, const char *to)
{
	static char text[TEXT_SIZE];
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", top, to);
	remove(path);
	if (!read_text(dir, name, text))
		return;
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* What vfioboot-early does up to the plan. */
static void make_plan(void)
{
	struct root root;

	memset(&world, 0, sizeof(world));
	assert_int_equal(root_open(top, &root), 0);
	configfiles_read(&root, CONFIGFILES_OF_NOW, &world.config);
	configfiles_read_cmdline(&root, &world.config);
	configfiles_read_protect(&root, &world.config, &world.protect);
	assert_int_equal(
		machine_look_up(&root, &world.config, &world.protect, &world.machine), 0);
	plan_make(&world.config, &world.machine, &world.protect, &world.plan);
	root_close(&root);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The section of a plan's line: its second word, with the blank behind it. */
static const char *section_of(const char *line)
{
	return strchr(line, ' ') + 1;
}

static bool same_section(const char *a, const char *b)
{
	size_t n = strcspn(section_of(a), " ") + 1;

	return strncmp(section_of(a), section_of(b), n) == 0;
}

/* Sorts the lines of each section, and leaves the order of the sections. */
static void sort_sections(char *text)
{
	static char copy[TEXT_SIZE];
	char *lines[LINES_MAX], *rest = copy, *line;
	size_t n = 0;

	strcpy(copy, text);
	text[0] = '\0';
	while ((line = strsep(&rest, "\n")) && *line) {
		assert_true(n < LINES_MAX);
		assert_non_null(strchr(line, ' '));
		lines[n++] = line;
	}
	for (size_t first = 0, end; first < n; first = end) {
		for (end = first + 1; end < n && same_section(lines[first], lines[end]);)
			end++;
		qsort(lines + first, end - first, sizeof(lines[0]), compare_lines);
	}
	for (size_t i = 0; i < n; i++)
		text += sprintf(text, "%s\n", lines[i]);
}

static void format_plan(char *ret)
{
	for (unsigned i = 0; i < world.plan.n_entries; i++) {
		char line[PLAN_LINE_SIZE];

		plan_format_entry(
			&world.config, &world.machine, &world.plan.entries[i], line);
		ret += sprintf(ret, "%s\n", line);
	}
	*ret = '\0';
}

/* One "PLACE:" an error, as the case expects them. */
static void format_errors(char *ret)
{
	*ret = '\0';
	for (unsigned i = 0; i < world.config.n_errors; i++) {
		char place[CONFIG_PLACE_SIZE];

		config_place_text(&world.config, world.config.errors[i].place, place);
		ret += sprintf(ret, "%s:\n", place);
	}
}

static void test_case(void **state)
{
	static char expected[TEXT_SIZE], actual[TEXT_SIZE];
	const char *dir = *state;
	char machine[256];

	snprintf(machine, sizeof(machine), "%.*s", (int)strcspn(dir, "/"), dir);
	compose(machine);
	lay(dir, "conf", "etc/vfioboot.conf");
	lay(dir, "cmdline", "proc/cmdline");
	lay(dir, "protect", "etc/vfioboot.protect");
	make_plan();
	read_text(dir, "errors", expected);
	format_errors(actual);
	assert_string_equal(actual, expected);
	assert_true(read_text(dir, "expected", expected));
	sort_sections(expected);
	format_plan(actual);
	sort_sections(actual);
	assert_string_equal(actual, expected);
}

/* ---- without files -------------------------------------------------------------------- */

/* Starts a world of @n network functions with one id and paths of their own, in a group. */
static int setup_network(unsigned n)
{
	memset(&world, 0, sizeof(world));
	for (unsigned i = 0; i < n; i++) {
		struct pcidev *dev = &world.machine.functions[i];
		pci_devfn devfn = (pci_devfn)i;
		uint8_t bus = (uint8_t)(i >> 8);

		*dev = (struct pcidev){
			.address = {0, bus, devfn},
			.path = {.bus = bus, .depth = 1, .devfn = {devfn}},
			.ids = {.vendor = 0x8086, .device = 0x1521, .class = 0x020000},
			.detailed = true,
			.has_iommu_group = true,
		};
	}
	world.machine.n_functions = n;
	world.machine.whole = true;
	return 0;
}

static int setup_empty(void **state)
{
	return setup_network(0);
}

static int setup_full(void **state)
{
	return setup_network(MACHINE_FUNCTIONS_MAX);
}

static struct config_section *add_section(const char *name, const char *selector)
{
	struct config *config = &world.config;
	struct config_section *section = &config->sections[config->n_sections++];
	struct selector *parsed = &config->selectors[config->n_selectors];

	assert_int_equal(selector_parse(selector, parsed), 0);
	*section = (struct config_section){
		.driver = "vfio-pci", .first_selector = (uint16_t)config->n_selectors++};
	config_note_selector(section, parsed);
	snprintf(section->name, sizeof(section->name), "%s", name);
	return section;
}

static void plan_it(void)
{
	plan_make(&world.config, &world.machine, &world.protect, &world.plan);
}

/* The entries of a section, and how many of them are to be bound. */
static unsigned count(unsigned section, unsigned *ret_bind)
{
	unsigned n = 0;

	*ret_bind = 0;
	for (unsigned i = 0; i < world.plan.n_entries; i++) {
		n += world.plan.entries[i].section == section;
		*ret_bind += world.plan.entries[i].section == section &&
			world.plan.entries[i].reason == REASON_NONE;
	}
	return n;
}

static void test_most_functions(void **state)
{
	unsigned bind;

	add_section("all", "8086:1521");
	plan_it();
	assert_int_equal(count(0, &bind), MACHINE_FUNCTIONS_MAX);
	assert_int_equal(bind, MACHINE_FUNCTIONS_MAX);
}

/* Whether an id is there once can't be told when not all functions are known. */
static void test_truncated_id(void **state)
{
	world.machine.truncated = true;
	world.machine.functions[7].ids.device = 0x1522;
	add_section("one", "8086:1522");
	plan_it();
	assert_int_equal(world.plan.n_entries, 1);
	assert_int_equal(world.plan.entries[0].reason, REASON_COUNT);
}

static void test_truncated_follow(void **state)
{
	struct config_section *section;

	world.machine.truncated = true;
	world.machine.functions[7].ids.device = 0x1522;
	section = add_section("moved", "ffff:ff:1f.7");
	assert_int_equal(selector_parse("8086:1522", &world.config.selectors[1]), 0);
	world.config.n_selectors = 2;
	section->n_selectors = 2;
	section->kinds |= 1 << SELECTOR_ID;
	section->follow = true;
	plan_it();
	assert_int_equal(world.plan.n_entries, 1);
	assert_int_not_equal(world.plan.entries[0].reason, REASON_NONE);
}

/* Linux can start from any of these: what a list does not name may be behind it. */
static void test_incomplete_list(void **state)
{
	static const struct {
		uint32_t class;
		bool protected;
	} cases[] = {
		{0x000200, true}, /* virtio-9p of QEMU */
		{0x00ff00, true}, /* virtio-pmem of QEMU */
		{0x010802, true}, /* NVMe */
		{0x020700, true}, /* InfiniBand */
		{0x050210, true}, /* CXL memory */
		{0x080501, true}, /* SD and eMMC */
		{0x088000, true}, /* SD readers of Ricoh, Thunderbolt before USB4 */
		{0x0c0010, true}, /* FireWire */
		{0x0c0330, true}, /* xHCI */
		{0x0c0340, true}, /* USB4 */
		{0x0c0400, true}, /* Fibre Channel */
		{0x0c0600, true}, /* InfiniBand */
		{0x0d8000, true}, /* wireless network */
		{0xff0000, true}, /* SD readers of Realtek */
		{0x030000, false},
		{0x040300, false},
		{0x078000, false},
		{0x080600, false},
		{0x0c0500, false}, /* SMBus */
		{0x108000, false},
	};

	setup_network(1);
	add_section("one", "8086:1521")->last_display = true;
	world.protect.incomplete = true;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		world.machine.functions[0].ids.class = cases[i].class;
		plan_it();
		assert_int_equal(world.plan.entries[0].reason,
			cases[i].protected ? REASON_NO_PROTECT_LIST : REASON_NONE);
	}
}

/* vfio-pci's own variants hold a display just as well as vfio-pci does. */
static void test_display_of_a_variant(void **state)
{
	static const struct {
		const char *driver;
		enum reason reason;
	} cases[] = {
		{"i915", REASON_NONE},
		{"", REASON_NONE},
		{"vfio-pci", REASON_LAST_DISPLAY},
		{"nvgrace_gpu_vfio_pci", REASON_LAST_DISPLAY},
		{"nvgrace-gpu-vfio-pci", REASON_LAST_DISPLAY},
		{"xe-vfio-pci", REASON_LAST_DISPLAY},
		{"pci-stub", REASON_LAST_DISPLAY},
	};

	setup_network(2);
	world.machine.functions[0].ids.class = 0x030000;
	world.machine.functions[1].ids.class = 0x030000;
	world.machine.functions[1].ids.device = 0x1522;
	add_section("one", "8086:1521");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		strcpy(world.machine.functions[1].driver, cases[i].driver);
		plan_it();
		assert_int_equal(world.plan.entries[0].reason, cases[i].reason);
	}
}

/* What a guest's driver has already is not taken once more: neither as a display nor with its functions. */
static void test_rest_of_a_card(void **state)
{
	static const struct {
		const char *driver; /* of the display */
		bool next_boot, virtual_used;
		enum reason reason;
	} cases[] = {
		{"vfio-pci", false, false, REASON_NONE},
		{"vfio-pci", false, true, REASON_NONE},
		{"vfio-pci", true, false, REASON_LAST_DISPLAY},
		{"pci-stub", false, false, REASON_LAST_DISPLAY},
		{"", false, false, REASON_LAST_DISPLAY},
		{"i915", false, true, REASON_VIRTUAL_IN_USE},
	};

	setup_network(2);
	world.machine.functions[0].ids.class = 0x030000;
	world.machine.functions[0].total_vfs = 4;
	world.machine.functions[1].ids.class = 0x040300;
	add_section("one", "8086:1521");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		strcpy(world.machine.functions[0].driver, cases[i].driver);
		world.machine.functions[0].virtual_used = cases[i].virtual_used;
		world.machine.next_boot = cases[i].next_boot;
		plan_it();
		assert_int_equal(world.plan.n_entries, 2);
		assert_int_equal(world.plan.entries[1].reason, cases[i].reason);
	}
}

/* A plan has a bound.  A section that does not fit is told, and not bound in part. */
static void test_plan_is_full(void **state)
{
	unsigned bind;

	world.machine.n_functions = MACHINE_FUNCTIONS_MAX;
	world.machine.functions[0].has_iommu_group = false;
	for (unsigned i = 1; i < 13; i++)
		world.machine.functions[i].ids.device = 0x1522;
	add_section("refused", "8086:");
	add_section("too-many", "8086:1522");
	add_section("one-more", "8086:1522");
	plan_it();
	assert_true(count(0, &bind) > 0);
	assert_int_equal(bind, 0);
	assert_int_equal(count(1, &bind), 1);
	assert_int_equal(bind, 0);
	assert_int_equal(count(2, &bind), 1);
	assert_int_equal(bind, 0);
}

/* Nor in part where a part of it still had room. */
static void test_part_of_a_section(void **state)
{
	unsigned bind;

	world.machine.n_functions = MACHINE_FUNCTIONS_MAX;
	world.machine.functions[5000].has_iommu_group = false;
	for (unsigned i = 1; i < 13; i++)
		world.machine.functions[i].ids.device = 0x1522;
	add_section("refused", "8086:1521");
	add_section("too-many", "8086:");
	plan_it();
	assert_int_equal(count(0, &bind), MACHINE_FUNCTIONS_MAX - 12);
	assert_int_equal(bind, 0);
	assert_int_equal(count(1, &bind), 1);
	assert_int_equal(bind, 0);
}

/* What is planned for a function that has just appeared. */
static void plan_for(const char *text)
{
	static struct pci_address address;

	assert_int_equal(pci_address_parse(text, PCI_NAME_WHOLE, &address, NULL), 0);
	plan_late(&world.config, &world.machine, &world.protect, &address, &world.plan);
}

/* The sections of this function alone, decided beside all others; and one that lacks functions. */
static void test_late(void **state)
{
	const struct plan_entry *entry;

	compose("four-functions");
	lay("four-functions/two-sections", "conf", "etc/vfioboot.conf");
	make_plan();
	plan_for("0000:0a:00.0");
	assert_int_equal(world.plan.n_entries, 0);
	assert_null(plan_find_late(&world.machine, &world.plan));
	world.config.sections[0].take = world.config.sections[1].take = true;
	plan_for("0000:09:00.1");
	entry = plan_find_late(&world.machine, &world.plan);
	assert_non_null(entry);
	assert_int_equal(entry->reason, REASON_NONE);
	for (unsigned i = 0; i < world.plan.n_entries; i++)
		assert_int_equal(world.plan.entries[i].section, entry->section);
	assert_false(plan_is_incomplete(&world.config, &world.plan, entry));
	world.config.sections[entry->section].expect = 8;
	plan_for("0000:09:00.1");
	entry = plan_find_late(&world.machine, &world.plan);
	assert_int_equal(entry->reason, REASON_COUNT);
	assert_true(plan_is_incomplete(&world.config, &world.plan, entry));
	world.config.sections[entry->section].expect = 1;
	plan_for("0000:09:00.1");
	assert_false(plan_is_incomplete(
		&world.config, &world.plan, plan_find_late(&world.machine, &world.plan)));
	world.config.sections[entry->section].take = false;
	plan_for("0000:09:00.1");
	assert_int_equal(
		plan_find_late(&world.machine, &world.plan)->reason, REASON_HAS_DRIVER);
}

static void test_details_unknown(void **state)
{
	setup_network(1);
	world.machine.functions[0].detailed = false;
	add_section("one", "00:00.0");
	plan_it();
	assert_int_equal(world.plan.n_entries, 1);
	assert_int_equal(world.plan.entries[0].reason, REASON_IO_ERROR);
}

static void test_longest_line(void **state)
{
	char line[PLAN_LINE_SIZE];

	setup_network(1);
	world.machine.functions[0].address = (struct pci_address){0xffffffff, 0xff, 0xff};
	memset(add_section("", "ffffffff:ff:1f.7")->name, 'n', CONFIG_NAME_SIZE - 1);
	memset(world.config.sections[0].driver, 'd', CONFIG_DRIVER_SIZE - 1);
	plan_it();
	assert_int_equal(world.plan.n_entries, 1);
	plan_format_entry(&world.config, &world.machine, &world.plan.entries[0], line);
	assert_string_equal(line,
		"ffffffff:ff:1f.7 nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn "
		"bind ddddddddddddddddddddddddddddddd");
}

/* ---- one test a case ------------------------------------------------------------------ */

static size_t find_cases(struct CMUnitTest *tests)
{
	glob_t found;
	size_t n = 0;

	if (glob(FIXTURES "/*/*/expected", 0, NULL, &found) != 0)
		return 0;
	for (; n < found.gl_pathc && n < CASES_MAX; n++) {
		char *dir = strdup(dirname(found.gl_pathv[n]) + strlen(FIXTURES "/"));

		tests[n] = (struct CMUnitTest){
			.name = dir, .test_func = test_case, .initial_state = dir};
	}
	globfree(&found);
	return n;
}

static int setup_root(void **state)
{
	return tree_make_temporary(top);
}

static int remove_root(void **state)
{
	return tree_remove(top);
}

int main(void)
{
	static const struct CMUnitTest pure[] = {
		cmocka_unit_test_setup(test_most_functions, setup_full),
		cmocka_unit_test_setup(test_truncated_id, setup_full),
		cmocka_unit_test_setup(test_truncated_follow, setup_full),
		cmocka_unit_test_setup(test_incomplete_list, setup_empty),
		cmocka_unit_test_setup(test_display_of_a_variant, setup_empty),
		cmocka_unit_test_setup(test_rest_of_a_card, setup_empty),
		cmocka_unit_test_setup(test_plan_is_full, setup_full),
		cmocka_unit_test_setup(test_part_of_a_section, setup_full),
		cmocka_unit_test_setup(test_late, setup_empty),
		cmocka_unit_test_setup(test_details_unknown, setup_empty),
		cmocka_unit_test_setup(test_longest_line, setup_empty),
	};
	static struct CMUnitTest tests[CASES_MAX + ARRAY_SIZE(pure)];
	size_t n = find_cases(tests);

	if (!n || n == CASES_MAX) {
		fputs("test_plan: no cases in " FIXTURES ", or too many\n", stderr);
		return 1;
	}
	memcpy(tests + n, pure, sizeof(pure));
	return _cmocka_run_group_tests(
		"plan", tests, n + ARRAY_SIZE(pure), setup_root, remove_root);
}
