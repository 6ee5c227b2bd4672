/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records of a boot as they are read back: whole ones, damaged ones, and rubbish. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bind/record.h"
#include "support.h"

#define RECORD "run/vfioboot/initramfs.record"

#define HEAD "vfioboot-record 1\n"

#define FUNCTION                                                                         \
	"function section=gpu address=0000:01:00.0 path=00:01.0/00.0 id=10de:2206 "      \
	"wanted=vfio-pci before=nouveau driver=vfio-pci result=bound reason=-\n"

#define REFUSED                                                                          \
	"function section=disk address=- path=- id=- wanted=vfio-pci before=- driver=- " \
	"result=refused reason=protected\n"

static int read_stage(enum boot_stage stage, struct record *ret)
{
	_cleanup_(root_close) struct root root = fake_open();

	return record_read(&root, stage, ret);
}

/* Reads the text as the record of the initramfs. */
static int read_text(const char *text, struct record *ret)
{
	fake_put(RECORD, text);
	return read_stage(BOOT_INITRAMFS, ret);
}

static void test_whole(void **state)
{
	_cleanup_(record_free) struct record record = {0};

	assert_int_equal(
		read_text(HEAD
			"version 0.1.0\nstage initramfs\nkernel 6.1.0-18-amd64\n"
			"config 00ab0000000000ff\nstate done\n"
			"error /etc/a b.conf 12 unknown key 'x' at 3 \n" FUNCTION REFUSED,
			&record),
		0);
	assert_string_equal(record.version, "0.1.0");
	assert_string_equal(record.kernel, "6.1.0-18-amd64");
	assert_string_equal(record.state, "done");
	assert_true(record.has_digest);
	assert_true(record.digest == 0x00ab0000000000ffULL);
	assert_int_equal(record.n_errors, 1);
	assert_string_equal(record.errors[0].file, "/etc/a b.conf");
	assert_int_equal(record.errors[0].line, 12);
	assert_string_equal(record.errors[0].message, "unknown key 'x' at 3 ");
	assert_int_equal(record.n_functions, 2);
	assert_string_equal(record.functions[0].section, "gpu");
	assert_string_equal(record.functions[0].before, "nouveau");
	assert_int_equal(record.functions[0].result, RESULT_BOUND);
	assert_string_equal(record.functions[1].address, "");
	assert_int_equal(record.functions[1].reason, REASON_PROTECTED);
	assert_int_equal(record.n_skipped, 0);
}

static void test_steps(void **state)
{
	_cleanup_(record_free) struct record record = {0};

	assert_int_equal(
		read_text("vfioboot-record 2\n" FUNCTION
			  "step section=gpu address=0000:01:00.0 key=reset "
			  "wanted=flr\\040bus value=bus result=set reason=not-offered\n"
			  "step section=gpu address=0000:01:00.0 key=vfs wanted=4 "
			  "value=- result=skipped reason=not-offered\n",
			&record),
		0);
	assert_int_equal(record.n_skipped, 0);
	assert_int_equal(record.n_functions, 1);
	assert_int_equal(record.n_steps, 2);
	assert_string_equal(record.steps[0].section, "gpu");
	assert_string_equal(record.steps[0].address, "0000:01:00.0");
	assert_string_equal(record.steps[0].key, "reset");
	assert_string_equal(record.steps[0].wanted, "flr bus");
	assert_string_equal(record.steps[0].value, "bus");
	assert_int_equal(record.steps[0].result, STEP_SET);
	assert_int_equal(record.steps[0].reason, REASON_NOT_OFFERED);
	assert_string_equal(record.steps[1].value, "");
}

static void test_bad_steps(void **state)
{
	static const char *const bad[] = {"step\n", "step section=gpu\n",
		"step section=gpu address=0000:01:00.0 key=reset wanted=bus value=bus "
		"result=bound reason=-\n",
		"step section=gpu address=0000:01:00.0 key=reset wanted=bus value=bus "
		"result=set reason=nonsense\n",
		"step section=gpu address=0000:01:00.0 key=reset wanted=bus value=bus "
		"result=set reason=- x\n"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(record_free) struct record skipped = {0};
		char text[512];

		snprintf(text, sizeof(text), HEAD "%s", bad[i]);
		assert_int_equal(read_text(text, &skipped), 0);
		assert_int_equal(skipped.n_skipped, 1);
		assert_int_equal(skipped.n_steps, 0);
	}
}

static void test_none(void **state)
{
	struct record record;

	assert_int_equal(read_stage(BOOT_INITRAMFS, &record), -ENOENT);
	assert_int_equal(read_stage(BOOT_SYSTEM, &record), -ENOENT);
}

static void test_each_stage_has_its_file(void **state)
{
	_cleanup_(record_free) struct record record = {0};

	fake_put("run/vfioboot/system.record", HEAD "state off\n");
	assert_int_equal(read_stage(BOOT_INITRAMFS, &record), -ENOENT);
	assert_int_equal(read_stage(BOOT_SYSTEM, &record), 0);
	assert_string_equal(record.state, "off");
	assert_string_equal(boot_stage_word(BOOT_INITRAMFS), "initramfs");
	assert_string_equal(boot_stage_word(BOOT_SYSTEM), "system");
}

static void test_no_record(void **state)
{
	static const char *const texts[] = {"", "\n", "vfioboot-record 3\n" FUNCTION,
		"vfioboot-record 1", "vfioboot-record 11\n", FUNCTION, "\xff\xfe\n"};
	struct record record;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(read_text(texts[i], &record), -EBADMSG);
	fake_remove(RECORD);
	fake_dir(RECORD);
	assert_int_equal(read_stage(BOOT_INITRAMFS, &record), -EBADMSG);
}

static void test_bad_lines_are_skipped(void **state)
{
	static const char *const lines[] = {"\n", "what is this\n", "function \n",
		"function section=gpu\n", "error \n", "error /etc/x\n", "config xyz\n",
		"config \n", "error /etc/x y message\n", "state 0123456789abcdef0\n",
		"kernel a\x1b[31mb\n", FUNCTION "x"};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		_cleanup_(record_free) struct record record = {0};
		char text[1024];

		snprintf(text, sizeof(text), HEAD FUNCTION "%s", lines[i]);
		assert_int_equal(read_text(text, &record), 0);
		assert_int_equal(record.n_skipped, 1);
		assert_int_equal(record.n_functions, i + 1 == ARRAY_SIZE(lines) ? 2 : 1);
		assert_string_equal(record.kernel, "");
		assert_false(record.has_digest);
	}
}

/* A line of any length, with a NUL in it or without an end, costs itself alone. */
static void test_long_and_binary_lines(void **state)
{
	static char text[3 * RECORD_LINE_SIZE + sizeof(FUNCTION)] = HEAD;
	_cleanup_(record_free) struct record record = {0};
	size_t len = strlen(HEAD);

	memset(text + len, 'a', 2 * RECORD_LINE_SIZE);
	len += 2 * RECORD_LINE_SIZE;
	memcpy(text + len, "\nab\0cd\n", 7);
	len += 7;
	memcpy(text + len, FUNCTION, strlen(FUNCTION));
	len += strlen(FUNCTION);
	fake_put_bytes(RECORD, text, len);
	assert_int_equal(read_stage(BOOT_INITRAMFS, &record), 0);
	assert_int_equal(record.n_skipped, 2);
	assert_int_equal(record.n_functions, 1);
}

/* Rubbish without an end is not read for ever, nor kept. */
static void test_much_rubbish(void **state)
{
	static char text[20000] = HEAD;
	_cleanup_(record_free) struct record record = {0};

	for (size_t i = strlen(HEAD); i + 3 < sizeof(text); i += 2)
		memcpy(text + i, "x\n", 3);
	assert_int_equal(read_text(text, &record), 0);
	assert_int_equal(record.n_skipped, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(test_whole),
		ROOT_TEST(test_steps),
		ROOT_TEST(test_bad_steps),
		ROOT_TEST(test_none),
		ROOT_TEST(test_each_stage_has_its_file),
		ROOT_TEST(test_no_record),
		ROOT_TEST(test_bad_lines_are_skipped),
		ROOT_TEST(test_long_and_binary_lines),
		ROOT_TEST(test_much_rubbish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
