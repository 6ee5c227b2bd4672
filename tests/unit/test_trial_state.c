/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of a trial as text, and how its boot is judged. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support.h"
#include "trial/private.h"

static const struct trial armed = {
	.id = "20261120-171500",
	.phase = TRIAL_ARMED,
	.loader = "grub",
	.profile = "passthrough",
	.parameters =
		"vfioboot.profile=passthrough vfioboot.trial=20261120-171500 panic=30",
	.armed_boot = "22222222-2222-2222-2222-222222222222",
	.had_display = true,
};

/* A boot in which all is as it should be. */
static const struct trial_sight fine = {
	.recorded = true,
	.n_functions = 2,
	.unit = "default.target",
	.target_reached = true,
	.has_display = true,
};

static void test_comes_back_as_it_was(void **state)
{
	struct trial trial = armed, read;
	_cleanup_free_ char *text = NULL;

	trial.phase = TRIAL_FAILED;
	trial.reason = TRIAL_NO_DISPLAY;
	trial.by_person = true;
	memset(trial.text, 'x', sizeof(trial.text) - 1);
	memset(trial.parameters, 'y', sizeof(trial.parameters) - 1);
	memset(trial.tried, 'z', sizeof(trial.tried) - 1);
	trial_format_digest(UINT64_MAX, trial.config);
	assert_string_equal(trial.config, "ffffffffffffffff");
	for (unsigned i = 0; i < CONFIG_SECTIONS_MAX; i++) {
		memset(trial.sections[i].name, 'n', CONFIG_NAME_SIZE - 1);
		trial_format_digest(UINT64_MAX - i, trial.sections[i].digest);
	}
	trial.n_sections = CONFIG_SECTIONS_MAX;
	text = trial_format(&trial);
	assert_int_equal(trial_parse(text, &read), 0);
	assert_memory_equal(&trial, &read, sizeof(trial));
}

static void test_each_phase_comes_back(void **state)
{
	static const char *const words[] = {
		"armed", "started", "confirmed", "kept", "failed"};
	struct trial trial = armed, read;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		_cleanup_free_ char *text = NULL;

		trial.phase = (enum trial_phase)i;
		assert_string_equal(trial_phase_word(trial.phase), words[i]);
		text = trial_format(&trial);
		assert_int_equal(trial_parse(text, &read), 0);
		assert_int_equal(read.phase, trial.phase);
		assert_int_equal(trial_is_confirmed(&read), i == 2 || i == 3);
	}
}

static void test_parameters_that_are_missing(void **state)
{
	struct trial trial = armed;
	char missing[TRIAL_TRIED_SIZE];

	trial_missing_parameters(&trial, "ro quiet", missing);
	assert_string_equal(missing, "");
	strcpy(trial.tried, "intel_iommu=on quiet video=efifb:off");
	trial_missing_parameters(&trial, "ro quiet", missing);
	assert_string_equal(missing, "intel_iommu=on video=efifb:off");
	trial_missing_parameters(&trial, "ro intel_iommu=off quiet=1", missing);
	assert_string_equal(missing, "intel_iommu=on quiet video=efifb:off");
	trial_missing_parameters(
		&trial, "video=efifb:off intel_iommu=on quiet splash", missing);
	assert_string_equal(missing, "");
	trial_missing_parameters(&trial,
		"video=efifb:off intel_iommu=on quiet vfioboot.trial=20261120-171500",
		missing);
	assert_string_equal(missing, trial.tried);
}

static void test_refuses_what_is_no_state(void **state)
{
	static const char *const texts[] = {"", "vfioboot-trial 2\nid x\n",
		"vfioboot-trial 1\n", "vfioboot-trial 1\nid\n",
		"vfioboot-trial 1\nid x\nphase over\n",
		"vfioboot-trial 1\nid x\nreason because\n",
		"vfioboot-trial 1\nid x\nby_person maybe\n",
		"vfioboot-trial 1\nid x\nsection a\n",
		"vfioboot-trial 1\nid x\nsection a 0123456789abcdef0\n",
		"vfioboot-trial 1\nid 0123456789012345678901234567890123456789\n"};
	struct trial read;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(trial_parse(texts[i], &read), -EBADMSG);
}

static void test_no_more_sections_than_there_can_be(void **state)
{
	static char text[32768] = "vfioboot-trial 1\nid x\n";
	struct trial read;

	for (unsigned i = 0; i < CONFIG_SECTIONS_MAX; i++)
		strcat(text, "section a 0\n");
	assert_int_equal(trial_parse(text, &read), 0);
	assert_int_equal(read.n_sections, CONFIG_SECTIONS_MAX);
	strcat(text, "section a 0\n");
	assert_int_equal(trial_parse(text, &read), -EBADMSG);
}

static void assert_judged(
	const struct trial *trial, const struct trial_sight *sight, const char *word)
{
	char text[TRIAL_TEXT_SIZE];
	enum trial_reason reason = trial_judge(trial, sight, text);

	assert_string_equal(trial_reason_word(reason), word);
	assert_int_equal(!text[0], reason == TRIAL_FINE);
}

static void test_judges(void **state)
{
	struct trial trial = armed;
	struct trial_sight sight = fine;

	assert_judged(&trial, &sight, "-");
	sight.recorded = false;
	assert_judged(&trial, &sight, "no-record");
	sight = fine;
	sight.n_functions = 0;
	assert_judged(&trial, &sight, "no-record");
	sight = fine;
	sight.n_wrong = 1;
	assert_judged(&trial, &sight, "not-bound");
	sight = fine;
	sight.target_reached = false;
	assert_judged(&trial, &sight, "not-up");
	sight.has_display = false;
	assert_judged(&trial, &sight, "no-display");
	trial.had_display = false;
	assert_judged(&trial, &sight, "not-up");
	sight = fine;
	trial.display_manager = true;
	assert_judged(&trial, &sight, "display-manager");
	sight.manager_runs = true;
	sight.manager_ms = TRIAL_MANAGER_SECONDS * 1000;
	assert_judged(&trial, &sight, "-");
	strcpy(sight.framebuffer, "BOOTFB in 0000:01:00.0");
	assert_judged(&trial, &sight, "-");
	strcpy(trial.tried, "initcall_blacklist=sysfb_init");
	assert_judged(&trial, &sight, "framebuffer");
}

static void assert_not_up(const struct trial_sight *sight, const char *expected)
{
	char text[TRIAL_TEXT_SIZE];

	assert_int_equal(trial_judge(&armed, sight, text), TRIAL_NOT_UP);
	assert_string_equal(text, expected);
}

static void test_judges_what_pid_1_was_to_start(void **state)
{
	struct trial_sight sight = fine;

	sight.target_reached = false;
	assert_not_up(&sight, "the system did not reach its default target");
	strcpy(sight.waiting, "a.service");
	assert_not_up(&sight,
		"the system did not reach its default target; it was waiting for "
		"a.service");
	strcpy(sight.unit, "kiosk.target");
	assert_not_up(&sight,
		"the system did not reach kiosk.target, which its kernel command line "
		"asks for; it was waiting for a.service");
	sight.target_reached = true;
	assert_judged(&armed, &sight, "-");
}

/* One that restarts in a loop runs at any moment, or nearly. */
static void test_judges_a_manager_that_restarts(void **state)
{
	struct trial trial = armed;
	struct trial_sight sight = fine;
	char text[TRIAL_TEXT_SIZE];

	trial.display_manager = true;
	sight.manager_runs = true;
	sight.manager_ms = 14999;
	assert_int_equal(trial_judge(&trial, &sight, text), TRIAL_DISPLAY_MANAGER);
	assert_non_null(strstr(text, "has not run for 15 seconds;"));
	sight.manager_restarts = 3;
	assert_int_equal(trial_judge(&trial, &sight, text), TRIAL_DISPLAY_MANAGER);
	assert_non_null(strstr(text, "has not run for 15 seconds, and was restarted;"));
	sight.manager_ms = 15000;
	assert_judged(&trial, &sight, "-");
	trial.display_manager = false;
	sight.manager_runs = false;
	assert_judged(&trial, &sight, "-");
}

static void test_judges_the_image(void **state)
{
	struct trial trial = armed;
	struct trial_sight sight = fine;

	trial_format_digest(1, sight.config);
	assert_judged(&trial, &sight, "-");
	trial_format_digest(2, trial.config);
	assert_judged(&trial, &sight, "changed");
	trial_format_digest(2, sight.config);
	assert_judged(&trial, &sight, "-");
	sight.config[0] = '\0';
	assert_judged(&trial, &sight, "-");
}

static void test_settles_what_has_no_end(void **state)
{
	struct trial trial = armed;

	/* The boot is still to come. */
	assert_false(trial_find_end(&trial, armed.armed_boot, true));
	assert_true(trial_find_end(&trial, "another", true));
	assert_string_equal(trial_reason_word(trial.reason), "not-taken");
	assert_false(trial_find_end(&trial, "another", false));
	trial = armed;
	assert_true(trial_find_end(&trial, "another", false));
	assert_string_equal(trial_reason_word(trial.reason), "never-up");
	trial = armed;
	trial.phase = TRIAL_STARTED;
	strcpy(trial.text, "the system did not reach its default target");
	assert_true(trial_find_end(&trial, "another", false));
	assert_string_equal(trial_reason_word(trial.reason), "ended");
	assert_non_null(strstr(trial.text, "until then: the system did not reach"));
	trial.phase = TRIAL_CONFIRMED;
	assert_false(trial_find_end(&trial, "another", false));
	trial.phase = TRIAL_KEPT;
	assert_false(trial_find_end(&trial, "another", false));
}

static void test_finds_the_trial_of_a_command_line(void **state)
{
	char id[TRIAL_ID_SIZE];

	trial_of_cmdline("root=/dev/sda1 vfioboot.trial=20261120-171500 panic=30", id);
	assert_string_equal(id, "20261120-171500");
	trial_of_cmdline("root=/dev/sda1 -- vfioboot.trial=1", id);
	assert_string_equal(id, "");
	trial_of_cmdline("vfioboot.trial", id);
	assert_string_equal(id, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_back_as_it_was),
		cmocka_unit_test(test_refuses_what_is_no_state),
		cmocka_unit_test(test_no_more_sections_than_there_can_be),
		cmocka_unit_test(test_each_phase_comes_back),
		cmocka_unit_test(test_parameters_that_are_missing),
		cmocka_unit_test(test_judges),
		cmocka_unit_test(test_judges_what_pid_1_was_to_start),
		cmocka_unit_test(test_judges_a_manager_that_restarts),
		cmocka_unit_test(test_judges_the_image),
		cmocka_unit_test(test_settles_what_has_no_end),
		cmocka_unit_test(test_finds_the_trial_of_a_command_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
