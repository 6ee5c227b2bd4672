/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record, read back line by line, and what the kernel's log gets.  Linked with --wrap for
 * sysfs_open_kmsg.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "bind/bind.h"
#include "support.h"

#define RECORD "run/vfioboot/system.record"

static struct config config;
static struct machine machine;
static struct plan plan;
static struct outcome outcomes[300];
static struct report report = {
	.config = &config, .machine = &machine, .plan = &plan, .outcomes = outcomes};
static struct root root;
static unsigned descriptors;

static int set_up(void **state)
{
	descriptors = open_descriptors();
	if (fake_set_up(state) < 0)
		return -1;
	memset(&config, 0, sizeof(config));
	memset(outcomes, 0, sizeof(outcomes));
	machine.n_functions = plan.n_entries = report.n_steps = 0;
	root = fake_open();
	return 0;
}

static int tear_down(void **state)
{
	root_close(&root);
	if (open_descriptors() != descriptors)
		return -1;
	return fake_tear_down(state);
}

/* A section and one entry for it; @bus < 0: without a function. */
static void add_entry(const char *section, const char *wanted, int bus,
	enum result result, enum reason reason, const char *driver)
{
	struct pcidev *dev = &machine.functions[machine.n_functions];
	struct outcome *outcome = &outcomes[plan.n_entries];

	snprintf(
		config.sections[config.n_sections].name, CONFIG_NAME_SIZE, "%s", section);
	snprintf(config.sections[config.n_sections].driver, CONFIG_DRIVER_SIZE, "%s",
		wanted);
	if (bus >= 0)
		*dev = (struct pcidev){.address = {0, (uint8_t)bus, 0},
			.ids = {0x10de, 0x2204, 0x1043, 0x8769, 0x030000},
			.path = {.depth = 2, .devfn = {1 << 3, 0}},
			.driver = "nouveau"};
	plan.entries[plan.n_entries++] = (struct plan_entry){
		.section = (uint16_t)config.n_sections++,
		.function = bus < 0 ? PLAN_NO_FUNCTION : (int16_t)machine.n_functions++,
		.reason = result == RESULT_REFUSED ? reason : REASON_NONE};
	*outcome = (struct outcome){.result = result, .reason = reason};
	snprintf(outcome->driver, sizeof(outcome->driver), "%s", driver);
}

/* The lines of a record that start with @word, in a static buffer. */
static const char *lines_of(const char *record, const char *word)
{
	static char lines[TREE_FILE_SIZE];
	size_t len = strlen(word);

	lines[0] = '\0';
	for (const char *end; (end = strchr(record, '\n')); record = end + 1)
		if (strncmp(record, word, len) == 0 && record[len] == ' ')
			strncat(lines, record, (size_t)(end - record) + 1);
	return lines;
}

static void test_record(void **state)
{
	const char *record;

	add_entry("gpu", "vfio-pci", 1, RESULT_BOUND, REASON_NONE, "vfio-pci");
	add_entry("nic", "vfio-pci", -1, RESULT_ABSENT, REASON_ABSENT, "");
	config.digest = 0x0123456789abcdef;
	config_add_file(&config, "/etc/vfioboot.conf");
	config_add_error(&config, (struct config_place){0, 7}, "something is wrong");
	assert_int_equal(record_write(&root, root_is_initramfs(&root), &report), 0);
	record = fake_read(RECORD);
	assert_int_equal(strncmp(record, "vfioboot-record 2\nversion ", 26), 0);
	assert_string_equal(lines_of(record, "stage"), "stage system\n");
	assert_string_equal(lines_of(record, "config"), "config 0123456789abcdef\n");
	assert_string_equal(lines_of(record, "state"), "state done\n");
	assert_string_equal(lines_of(record, "error"),
		"error /etc/vfioboot.conf 7 something is wrong\n");
	assert_string_equal(lines_of(record, "function"),
		"function section=gpu address=0000:01:00.0 path=00:01.0/00.0 id=10de:2204 "
		"wanted=vfio-pci before=nouveau driver=vfio-pci result=bound reason=-\n"
		"function section=nic address=- path=- id=- wanted=vfio-pci before=- driver=- "
		"result=absent reason=absent\n");
}

static void test_states_and_stages(void **state)
{
	assert_int_equal(record_write(&root, root_is_initramfs(&root), &report), 0);
	assert_string_equal(lines_of(fake_read(RECORD), "state"), "state nothing\n");
	config.off = true;
	assert_int_equal(record_write(&root, root_is_initramfs(&root), &report), 0);
	assert_string_equal(lines_of(fake_read(RECORD), "state"), "state off\n");
	fake_put("etc/initrd-release", "");
	config.off = false;
	assert_int_equal(record_write(&root, root_is_initramfs(&root), &report), 0);
	assert_string_equal(lines_of(fake_read("run/vfioboot/initramfs.record"), "stage"),
		"stage initramfs\n");
	/* The other stage's record stays. */
	assert_string_equal(lines_of(fake_read(RECORD), "state"), "state off\n");
	fake_remove("run/vfioboot/initramfs.record");
	fake_remove("etc/initrd-release");
	fake_put("conf/initramfs.conf", "");
	assert_int_equal(record_write(&root, root_is_initramfs(&root), &report), 0);
	assert_string_equal(lines_of(fake_read("run/vfioboot/initramfs.record"), "state"),
		"state nothing\n");
}

/* A shorter record leaves nothing of a longer one, and no other file. */
static void test_replaces(void **state)
{
	for (int i = 0; i < 20; i++)
		add_entry("gpu", "vfio-pci", i, RESULT_BOUND, REASON_NONE, "vfio-pci");
	assert_int_equal(record_write(&root, root_is_initramfs(&root), &report), 0);
	plan.n_entries = 1;
	assert_int_equal(record_write(&root, root_is_initramfs(&root), &report), 0);
	assert_ptr_equal(strchr(lines_of(fake_read(RECORD), "function"), '\n') + 1,
		strchr(lines_of(fake_read(RECORD), "function"), '\0'));
	fake_remove(RECORD);
	fake_remove("run/vfioboot"); /* which fails when it is not empty */
}

static void test_can_not_write(void **state)
{
	fake_put("run", "a file");
	assert_int_equal(
		record_write(&root, root_is_initramfs(&root), &report), -ENOTDIR);
	fake_remove("run");
	fake_put("run/vfioboot", "a file");
	assert_int_equal(
		record_write(&root, root_is_initramfs(&root), &report), -ENOTDIR);
	fake_remove("run/vfioboot");
	fake_link("run/vfioboot", "/tmp");
	assert_true(record_write(&root, root_is_initramfs(&root), &report) < 0);
	fake_remove("run/vfioboot");
	fake_dir(RECORD);
	assert_true(record_write(&root, root_is_initramfs(&root), &report) < 0);
	fake_remove(RECORD);
	fake_remove("run/vfioboot");
}

/* Every result and reason, and the longest texts, come back as they were. */
static void expect_round_trip(void)
{
	const char *line;

	assert_int_equal(record_write(&root, root_is_initramfs(&root), &report), 0);
	line = lines_of(fake_read(RECORD), "function");
	for (unsigned i = 0; i < plan.n_entries; i++, line = strchr(line, '\n') + 1) {
		const struct config_section *section = &config.sections[i];
		char text[PCI_ADDRESS_SIZE];
		struct record_function function;
		char one[RECORD_LINE_SIZE];

		assert_true(copy_text(one, sizeof(one), line, strcspn(line, "\n") + 1));
		assert_int_equal(record_parse_function(one, &function), 0);
		assert_string_equal(function.section, section->name);
		pci_address_format(machine.functions[i].address, text);
		assert_string_equal(function.address, text);
		assert_string_equal(function.wanted, section->driver);
		assert_string_equal(function.before, machine.functions[i].driver);
		assert_string_equal(function.driver, outcomes[i].driver);
		assert_int_equal(function.result, outcomes[i].result);
		assert_int_equal(function.reason, outcomes[i].reason);
		one[strlen(one) - 1] = '\0';
		assert_int_equal(record_parse_function(one, &function), 0);
	}
	assert_string_equal(line, "");
}

/* Every result and reason of a step, with the longest value. */
static void test_steps_round_trip(void **state)
{
	static struct step steps[STEP_RESULTS * REASONS];
	_cleanup_(record_free) struct record record = {0};

	add_entry("gpu", "vfio-pci", 1, RESULT_BOUND, REASON_NONE, "vfio-pci");
	memset(config.sections[0].reset, '\\', CONFIG_RESET_SIZE - 1);
	for (unsigned i = 0; i < ARRAY_SIZE(steps); i++) {
		steps[i] = (struct step){.setting = SETTING_RESET,
			.result = (enum step_result)(i % STEP_RESULTS),
			.reason = (enum reason)(i / STEP_RESULTS)};
		memset(steps[i].value, i % 2 ? '\\' : '\0', SETTING_VALUE_SIZE - 1);
	}
	report.steps = steps;
	report.n_steps = ARRAY_SIZE(steps);
	assert_int_equal(record_write(&root, root_is_initramfs(&root), &report), 0);
	assert_int_equal(record_read(&root, BOOT_SYSTEM, &record), 0);
	assert_int_equal(record.n_skipped, 0);
	assert_int_equal(record.n_steps, ARRAY_SIZE(steps));
	for (unsigned i = 0; i < ARRAY_SIZE(steps); i++) {
		assert_string_equal(record.steps[i].section, "gpu");
		assert_string_equal(record.steps[i].address, "0000:01:00.0");
		assert_string_equal(record.steps[i].key, "reset");
		assert_string_equal(record.steps[i].wanted, config.sections[0].reset);
		assert_string_equal(record.steps[i].value, steps[i].value);
		assert_int_equal(record.steps[i].result, steps[i].result);
		assert_int_equal(record.steps[i].reason, steps[i].reason);
	}
}

static void test_step_sentences(void **state)
{
	static const struct step steps[] = {
		{.setting = SETTING_POWER, .result = STEP_SET, .value = "on"},
		{.setting = SETTING_REBAR,
			.bar = 1,
			.result = STEP_FAILED,
			.reason = REASON_NOT_KEPT,
			.value = "256M"},
		{.setting = SETTING_RESET,
			.result = STEP_SKIPPED,
			.reason = REASON_NOT_OFFERED},
	};
	static const char *const expected[] = {
		"0000:01:00.0 gpu: power = on: set",
		"0000:01:00.0 gpu: rebar = 1:8G: failed (not-kept): the kernel took it, but "
		"has another value afterwards (now: 256M)",
		"0000:01:00.0 gpu: reset = flr bus: skipped (not-offered): the kernel does "
		"not offer it for this device, or is too old for it (now: unknown)",
	};
	char text[512];

	add_entry("gpu", "vfio-pci", 1, RESULT_BOUND, REASON_NONE, "vfio-pci");
	config.sections[0].power = CONFIG_ON;
	config.sections[0].rebar[1] = CONFIG_REBAR_MIN + 13;
	strcpy(config.sections[0].reset, "flr bus");
	report.steps = steps;
	report.n_steps = ARRAY_SIZE(steps);
	for (unsigned i = 0; i < ARRAY_SIZE(steps); i++) {
		struct record_step step;

		record_make_step(&report, &steps[i], &step);
		log_step_sentence(&step, text, sizeof(text));
		assert_string_equal(text, expected[i]);
	}
}

static void test_round_trip(void **state)
{
	for (int result = 0; result < RESULTS; result++)
		for (int reason = 0; reason < REASONS; reason++)
			add_entry("gpu", "vfio-pci", reason, (enum result)result,
				(enum reason)reason, reason % 2 ? "" : "vfio-pci");
	for (unsigned i = 0; i < 8; i++)
		machine.functions[i].driver[0] = '\0';
	/* The record of so many is longer than what is read back at once. */
	plan.n_entries = 60;
	expect_round_trip();
}

static void test_longest_texts(void **state)
{
	struct pcidev *dev = &machine.functions[0];
	char name[CONFIG_NAME_SIZE], driver[SYSFS_DRIVER_SIZE];

	snprintf(name, sizeof(name), "%040d", 1);
	snprintf(driver, sizeof(driver), "%063d", 2);
	add_entry(name, driver, 1, RESULT_FAILED, REASON_UNBIND_TIMEOUT, driver);
	dev->address = (struct pci_address){0xffffffff, 0xff, 0xff};
	dev->path = (struct pci_path){0xffffffff, 0xff, PCI_PATH_DEPTH_MAX, {0}};
	memset(dev->path.devfn, 0xff, sizeof(dev->path.devfn));
	dev->ids.vendor = dev->ids.device = 0xffff;
	strcpy(dev->driver, driver);
	expect_round_trip();
}

/* Whatever a file or a driver is called, it comes back as it was. */
static void test_hostile_names(void **state)
{
	static const char *const names[] = {"/etc/vfioboot.conf.d/my 2 cards.conf",
		"/a 3 b\n.conf", "=", "-", "\\040", "\\", "a\tb\r\x7f\xff.conf",
		"x 1 2 3"};
	_cleanup_(record_free) struct record record = {0};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		uint16_t file = config_add_file(&config, names[i]);

		config_add_error(&config, (struct config_place){file, 7}, "bad 5 'x'");
		add_entry(
			"gpu", "vfio-pci", 1, RESULT_FAILED, REASON_NO_DRIVER, names[i]);
	}
	assert_int_equal(record_write(&root, root_is_initramfs(&root), &report), 0);
	assert_int_equal(record_read(&root, BOOT_SYSTEM, &record), 0);
	assert_int_equal(record.n_skipped, 0);
	assert_int_equal(record.n_errors, ARRAY_SIZE(names));
	assert_int_equal(record.n_functions, ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_string_equal(record.errors[i].file, names[i]);
		assert_int_equal(record.errors[i].line, 7);
		assert_string_equal(record.errors[i].message, "bad 5 'x'");
		assert_string_equal(record.functions[i].driver, names[i]);
	}
}

/* Errors of the configuration quote it; one fact stays one line whatever they quote. */
static void test_one_fact_a_line(void **state)
{
	const char *record;
	unsigned lines = 0;

	config_read_cmdline(&config,
		"vfioboot.device=\"1\nfunction section=a address=- path=- id=- wanted=- "
		"before=- driver=- result=bound reason=-\n\" vfioboot.profile=\"a\nb\"");
	assert_int_equal(config.n_errors, 2);
	assert_int_equal(record_write(&root, root_is_initramfs(&root), &report), 0);
	record = fake_read(RECORD);
	assert_string_equal(lines_of(record, "function"), "");
	for (; *record; record = strchr(record, '\n') + 1)
		lines++;
	assert_int_equal(lines, 6 + config.n_errors);
}

static void test_all_errors(void **state)
{
	const char *errors;
	unsigned lines = 0;

	config_add_file(&config, "/etc/vfioboot.conf");
	for (unsigned i = 0; i < CONFIG_ERRORS_MAX + 10; i++)
		config_add_error(&config, (struct config_place){0, 1}, "%0400d", 1);
	assert_int_equal(record_write(&root, root_is_initramfs(&root), &report), 0);
	errors = lines_of(fake_read(RECORD), "error");
	for (; *errors; errors = strchr(errors, '\n') + 1)
		lines++;
	/* Shortened by the reader's buffer, not by the writer. */
	assert_within(lines, 30, CONFIG_ERRORS_MAX);
}

#define GOOD                                                                             \
	"function section=gpu address=0000:01:00.0 path=00:01.0/00.0 id=10de:2204 "      \
	"wanted=vfio-pci before=- driver=vfio-pci result=bound reason=-"

static const char *const lines_refused_cases[] = {
	"",
	"\n",
	"function",
	"function ",
	"functions section=gpu",
	" " GOOD,
	GOOD " ",
	GOOD " more=1",
	GOOD "\r\n",
	"function section= address=- path=- id=- wanted=- before=- driver=- "
	"result=bound reason=-",
	"function section=a address=- path=- id=- wanted=- before=- driver=- "
	"result=Bound reason=-",
	"function section=a address=- path=- id=- wanted=- before=- driver=- "
	"result=bound reason=none",
	"function section=a address=- path=- id=- wanted=- before=- driver=- "
	"result=bound reason=",
	"function section=a address=- path=- id=- wanted=- before=- driver=- result=-",
	"function section=a address=- path=- id=- wanted=- driver=- before=- "
	"result=bound reason=-",
	"function section=a  address=- path=- id=- wanted=- before=- driver=- "
	"result=bound reason=-",
	"function section=12345678901234567890123456789012345678901 address=- path=- "
	"id=- wanted=- before=- driver=- result=bound reason=-",
	"function section=a address=- path=- id=10de:2204x wanted=- before=- driver=- "
	"result=bound reason=-",
	"function section=a address=- path=- id=- wanted=- before=- driver=- "
	"result=boundboundboundbound reason=-",
};

static void test_lines_refused(void **state)
{
	struct record_function function = {.result = RESULTS};

	assert_int_equal(record_parse_function(GOOD, &function), 0);
	assert_int_equal(record_parse_function(GOOD "\nbehind it", &function), 0);
	assert_string_equal(function.before, "");
	function.result = RESULTS;
	for (size_t i = 0; i < ARRAY_SIZE(lines_refused_cases); i++) {
		/* In its own memory, so that reading behind its end shows. */
		char *line = strdup(lines_refused_cases[i]);

		assert_int_equal(record_parse_function(line, &function), -EINVAL);
		assert_int_equal(function.result, RESULTS);
		free(line);
	}
}

/* A sentence says all of @words, which are parted by '|', and in this order. */
static void expect_sentence(unsigned index, const char *words)
{
	char sentence[512], copy[256], *rest = copy, *word;
	const char *at = sentence;

	log_sentence(&report, index, sentence, sizeof(sentence));
	assert_null(strchr(sentence, '\n'));
	strcpy(copy, words);
	while ((word = strsep(&rest, "|"))) {
		at = strstr(at, word);
		if (!at)
			fail_msg("no '%s' in '%s'", word, sentence);
		at += strlen(word);
	}
}

static void test_sentences(void **state)
{
	add_entry("gpu", "vfio-pci", 1, RESULT_BOUND, REASON_NONE, "vfio-pci");
	add_entry("off", CONFIG_DRIVER_NONE, 2, RESULT_BOUND, REASON_NONE, "");
	add_entry("ssd", "vfio-pci", 3, RESULT_REFUSED, REASON_PROTECTED, "nvme");
	add_entry("usb", "vfio-pci", 4, RESULT_FAILED, REASON_NO_DRIVER, "");
	add_entry("nic", "vfio-pci", -1, RESULT_ABSENT, REASON_ABSENT, "");
	expect_sentence(0, "0000:01:00.0|gpu|bound|vfio-pci");
	expect_sentence(1, "0000:02:00.0|off|without a driver");
	expect_sentence(
		2, "0000:03:00.0|ssd|10de:2204|refused|protected|runs on it|nvme");
	expect_sentence(3, "0000:04:00.0|usb|10de:2204|failed|no-driver|image|none");
	expect_sentence(4, "nic|absent|powered on");
}

/* The longest sentence is not cut, and any buffer is enough to be safe. */
static void test_sentence_sizes(void **state)
{
	char sentence[512], name[CONFIG_NAME_SIZE], driver[SYSFS_DRIVER_SIZE];

	snprintf(name, sizeof(name), "%040d", 1);
	snprintf(driver, sizeof(driver), "%063d", 2);
	for (int reason = 1; reason < REASONS; reason++) {
		unsigned index = plan.n_entries;

		add_entry(
			name, "vfio-pci", 1, RESULT_FAILED, (enum reason)reason, driver);
		machine.functions[index].address.domain = 0xffffffff;
		log_sentence(&report, index, sentence, sizeof(sentence));
		assert_non_null(strstr(sentence, reason_text((enum reason)reason)));
		assert_int_equal(sentence[strlen(sentence) - 1], ')');
		for (size_t size = 1; size < 64; size++) {
			log_sentence(&report, index, sentence, size);
			assert_int_equal(strlen(sentence), size - 1);
		}
	}
}

/* Each line is one record, with a level that tells good from bad. */
static void test_kmsg(void **state)
{
	char bound[512], absent[512], expected[2048];

	fake_put("dev/kmsg", "");
	add_entry("gpu", "vfio-pci", 1, RESULT_BOUND, REASON_NONE, "vfio-pci");
	add_entry("nic", "vfio-pci", -1, RESULT_ABSENT, REASON_ABSENT, "");
	config_add_file(&config, "/etc/vfioboot.conf");
	config_add_error(&config, (struct config_place){0, 7}, "something is wrong");
	config.off = true;
	log_write(&root, &report);
	log_sentence(&report, 0, bound, sizeof(bound));
	log_sentence(&report, 1, absent, sizeof(absent));
	snprintf(expected, sizeof(expected),
		"<4>vfioboot: /etc/vfioboot.conf:7: something is wrong\n"
		"<6>vfioboot: vfioboot.off is on the kernel command line\n"
		"<6>vfioboot: %s\n<4>vfioboot: %s\n",
		bound, absent);
	assert_string_equal(fake_read("dev/kmsg"), expected);
}

/* The initramfs leaves its list, and says whether it is whole; without one, nothing. */
static void test_keep_protect(void **state)
{
	static const char kept[] = "run/vfioboot/initramfs.protect";
	static struct protect_list list;
	char text[] =
		"storage 00:1d.0/00.0 144d:a808 / /boot\nnetwork 00:1f.6 8086:15bc -\n";
	char copy[sizeof(text) + 16];

	assert_int_equal(protect_parse(&list, strcpy(copy, text)), 0);
	assert_int_equal(record_keep_protect(&root, root_is_initramfs(&root), &list), 0);
	assert_int_equal(access(fake_path(kept), F_OK), -1);
	fake_put("etc/initrd-release", "");
	assert_int_equal(record_keep_protect(&root, root_is_initramfs(&root), &list), 0);
	assert_string_equal(fake_read(kept), text);
	list.incomplete = true;
	assert_int_equal(record_keep_protect(&root, root_is_initramfs(&root), &list), 0);
	list = (struct protect_list){0};
	snprintf(copy, sizeof(copy), "%s", fake_read(kept));
	assert_int_equal(protect_parse(&list, copy), 0);
	assert_true(list.incomplete && list.n_entries == 2);
	fake_remove(kept);
	list.n_entries = 0;
	assert_int_equal(record_keep_protect(&root, root_is_initramfs(&root), &list), 0);
	assert_int_equal(access(fake_path(kept), F_OK), -1);
}

/* With a limit, what is written goes to a file of its own for each time the log is opened. */
static unsigned times_opened;
static bool is_limited;

int __real_sysfs_open_kmsg(const struct root *root);
int __wrap_sysfs_open_kmsg(const struct root *root);

int __wrap_sysfs_open_kmsg(const struct root *root)
{
	char name[32];

	if (!is_limited)
		return __real_sysfs_open_kmsg(root);
	snprintf(name, sizeof(name), "dev/kmsg.%u", times_opened++);
	fake_put(name, "");
	return open(fake_path(name), O_WRONLY | O_APPEND | O_CLOEXEC);
}

/*
 * The kernel drops what is written to one open /dev/kmsg beyond ten lines in five seconds
 * (kernel/printk/printk.c, devkmsg_write; printk.devkmsg=ratelimit is the default).
 */
static void test_kmsg_rate_limit(void **state)
{
	unsigned lines = 0;

	for (int i = 0; i < 25; i++)
		add_entry("gpu", "vfio-pci", i, RESULT_BOUND, REASON_NONE, "vfio-pci");
	times_opened = 0;
	is_limited = true;
	log_write(&root, &report);
	is_limited = false;
	for (unsigned i = 0; i < times_opened; i++) {
		unsigned of_one = 0;
		char name[32];

		snprintf(name, sizeof(name), "dev/kmsg.%u", i);
		for (const char *p = fake_read(name); (p = strchr(p, '\n')); p++)
			of_one++;
		lines += of_one < 10 ? of_one : 10;
	}
	assert_int_equal(lines, 25);
}

static void test_no_kmsg(void **state)
{
	log_write(&root, &report);
	assert_int_equal(access(fake_path("dev"), F_OK), -1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_record),
		TEST(test_states_and_stages),
		TEST(test_replaces),
		TEST(test_can_not_write),
		TEST(test_round_trip),
		TEST(test_steps_round_trip),
		TEST(test_step_sentences),
		TEST(test_longest_texts),
		TEST(test_hostile_names),
		TEST(test_one_fact_a_line),
		TEST(test_all_errors),
		TEST(test_lines_refused),
		TEST(test_sentences),
		TEST(test_sentence_sizes),
		TEST(test_kmsg),
		TEST(test_kmsg_rate_limit),
		TEST(test_no_kmsg),
		TEST(test_keep_protect),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
