/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a trial has tried, and what is left of a drop-in that is kept. */
#include <errno.h>
#include <string.h>

#include "change/change.h"
#include "decide/dropin.h"
#include "support.h"
#include "trial/private.h"

#define DROPIN "etc/vfioboot.conf.d/gpu.conf"

static struct config config;

static const struct config *read_config(const char *text)
{
	config = (struct config){0};
	assert_int_equal(dropin_read_text(&config, text, "/x.conf"), 0);
	assert_int_equal(config.n_errors, 0);
	return &config;
}

/* What the normal entry has itself (vfioboot.device=) is no part of what is tried. */
static void test_permanent_devices_are_not_tried(void **state)
{
	struct trial trial = {0};

	read_config("[boot]\nwhen = selected\n[device a]\npath=00:01.0/00\n");
	config_read_cmdline(&config, "vfioboot.device=00:02.0/00");
	assert_int_equal(config.n_sections, 2);
	trial_remember_sections(&config, "p", &trial);
	assert_int_equal(trial.n_sections, 1);
	assert_string_equal(trial.sections[0].name, "a");
	assert_int_equal(
		trial_part_of(&config, &config.sections[1], "p"), TRIAL_PART_ALWAYS);
}

static void test_remembers_what_is_tried(void **state)
{
	struct trial trial = {.n_sections = 7};

	trial_remember_sections(read_config("[device a]\npath=00:01.0/00\nprofile=p\n"
					    "[device b]\npath=00:02.0/00\nprofile=q\n"
					    "[device c]\npath=00:03.0/00\n"
					    "[device d]\npath=00:04.0/00\nprofile=p\n"),
		"p", &trial);
	assert_int_equal(trial.n_sections, 2);
	assert_string_equal(trial.sections[0].name, "a");
	assert_string_equal(trial.sections[1].name, "d");
	assert_int_equal(strlen(trial.sections[0].digest), TRIAL_DIGEST_SIZE - 1);
	assert_string_not_equal(trial.sections[0].digest, trial.sections[1].digest);
}

/* What became of the one section of @text, when that of @tried was tried. */
static enum trial_change compare(const char *tried, const char *text)
{
	struct trial trial = {0};

	trial_remember_sections(read_config(tried), "p", &trial);
	assert_int_equal(trial.n_sections, 1);
	read_config(text);
	assert_int_equal(config.n_sections, 1);
	return trial_compare_section(&trial, &config, &config.sections[0]);
}

#define SECTION "[device a]\nprofile = p\n"
#define TRIED   SECTION "path = 00:01.0/00\nid = 10de:2204\n"

static void test_finds_changes(void **state)
{
	static const char *const same[] = {TRIED, "# a note\n" TRIED,
		"[boot]\nwhen = always\n" TRIED,
		"[device a]\npath: 0000:00:01.0/00\n\nid=10de:2204\n"};
	static const char *const changed[] = {TRIED "expect = 2\n",
		TRIED "driver = none\n", TRIED "on-move = follow\n",
		TRIED "last-display = yes\n", TRIED "id = 10de:2205\n",
		SECTION "path = 00:01.0/00\n", SECTION "id = 10de:2204\n",
		SECTION "path = 00:01.0/01\nid = 10de:2204\n",
		SECTION "path = 00:01.0/00.0\nid = 10de:2204\n",
		SECTION "path = 00:01.0/00\nid = 10de:\n"};

	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		assert_int_equal(compare(TRIED, same[i]), TRIAL_SECTION_SAME);
	for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
		assert_int_equal(compare(TRIED, changed[i]), TRIAL_SECTION_CHANGED);
	assert_int_equal(
		compare(TRIED, "[device b]\npath = 00:01.0/00\nid = 10de:2204\n"),
		TRIAL_SECTION_NEW);
}

/* The state of an older version. */
static void test_knows_of_no_change_without_sections(void **state)
{
	static const struct trial trial;

	read_config(TRIED);
	assert_int_equal(trial_compare_section(&trial, &config, &config.sections[0]),
		TRIAL_SECTION_SAME);
}

static void test_without_key(void **state)
{
	static const char *const lines[] = {"profile = x\n", "profile=x\n",
		"profile: x\n", "profile:x\n", " \t profile\t: x\n", "profile\f\v=\r\n",
		"profile =", "profile:"};
	static const char *const others[] = {"profiles = x\n", "# profile = x\n",
		"; profile: x\n", "driver = profile\n", "\n", "pro file = x\n",
		"Profile = x"};
	char *made;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		made = trial_without_key(lines[i], "profile");
		assert_string_equal(made, "");
		free(made);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		made = trial_without_key(others[i], "profile");
		assert_string_equal(made, others[i]);
		free(made);
	}
	made = trial_without_key(TRIED "profile: p\n", "profile");
	assert_string_equal(made, "[device a]\npath = 00:01.0/00\nid = 10de:2204\n");
	free(made);
}

static int keep_error;

/* Keeps the section of @text, which DROPIN is to hold, after a trial of the profile p. */
static enum trial_keep keep(const struct root *root, const char *text, bool dry_run)
{
	_cleanup_(change_free) struct change change = {.root = root};
	struct trial trial = {.profile = "p"};
	struct change_failure failure;
	enum trial_keep result;

	config = (struct config){0};
	assert_int_equal(dropin_read_text(&config, text, "/" DROPIN), 0);
	trial_remember_sections(&config, "p", &trial);
	result = trial_keep_section(
		&change, &trial, &config, &config.sections[0], &keep_error);
	assert_int_equal(change.n, result == TRIAL_KEEP_TODO);
	if (!dry_run)
		assert_int_equal(change_carry_out(&change, NULL, &failure), 0);
	return result;
}

static void test_drops_the_profile(void **state)
{
	static const char section[] = "[device a]\nprofile: p\npath = 00:01.0/00\n";
	_cleanup_(root_close) struct root root = fake_open();

	fake_put(DROPIN, DROPIN_MARK "\n[device a]\nprofile: p\npath = 00:01.0/00\n");
	assert_int_equal(keep(&root, section, true), TRIAL_KEEP_TODO);
	assert_non_null(strstr(fake_read(DROPIN), "profile"));
	assert_int_equal(keep(&root, section, false), TRIAL_KEEP_TODO);
	assert_string_equal(
		fake_read(DROPIN), DROPIN_MARK "\n[device a]\npath = 00:01.0/00\n");
	/* Nothing was done, and so nothing is claimed. */
	assert_int_equal(keep(&root, section, false), TRIAL_KEEP_BY_HAND);
	assert_int_equal(keep_error, -ENODATA);
	fake_put(DROPIN, "[device a]\nprofile: p\npath = 00:01.0/00\n");
	assert_int_equal(keep(&root, section, false), TRIAL_KEEP_BY_HAND);
	assert_int_equal(keep_error, -EPERM);
	/* Of another profile, and of none at all. */
	assert_int_equal(keep(&root, "[device a]\nprofile=q\npath=00:01.0/00\n", false),
		TRIAL_KEEP_NOTHING);
	assert_int_equal(
		keep(&root, "[device a]\npath=00:01.0/00\n", false), TRIAL_KEEP_NOTHING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remembers_what_is_tried),
		cmocka_unit_test(test_permanent_devices_are_not_tried),
		cmocka_unit_test(test_finds_changes),
		cmocka_unit_test(test_knows_of_no_change_without_sections),
		cmocka_unit_test(test_without_key),
		ROOT_TEST(test_drops_the_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
