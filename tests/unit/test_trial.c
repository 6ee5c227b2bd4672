/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of a trial: the lock on it, its end, and what is left to do afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "change/change.h"
#include "support.h"
#include "trial/private.h"

#define STATE "var/lib/vfioboot/trial/state"

static const struct trial started = {
	.id = "20261120-171500",
	.phase = TRIAL_STARTED,
	.loader = "grub",
	.armed_boot = "22222222-2222-2222-2222-222222222222",
	.boot = "33333333-3333-3333-3333-333333333333",
};

static bool is_there(const char *name)
{
	return access(fake_path(name), F_OK) == 0;
}

/* GRUB with the choice of a trial, or without, and the entry. */
static void put_grub(bool chosen)
{
	fake_put("boot/grub/grub.cfg", "save_env next_entry\n");
	fake_put("boot/grub/grubenv",
		chosen ? "# GRUB Environment Block\nnext_entry=vfioboot-trial\n"
		       : "# GRUB Environment Block\n");
	fake_put("boot/grub/custom.cfg",
		"mine\n# --- begin: the trial of vfioboot, which removes it again ---\nours\n"
		"# --- end: the trial of vfioboot ---\n");
}

static void test_forget_leaves_nothing(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();

	assert_int_equal(trial_save(&root, &started), 0);
	fake_put("var/lib/vfioboot/trial/journal", "x");
	fake_put("var/lib/vfioboot/trial/system.record", "x");
	assert_int_equal(trial_forget(&root), 0);
	assert_false(is_there("var/lib/vfioboot"));
	assert_true(is_there("var/lib"));
	assert_int_equal(trial_forget(&root), 0);
}

static void test_forget_leaves_what_is_not_of_it(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();

	assert_int_equal(trial_save(&root, &started), 0);
	fake_put("var/lib/vfioboot/undone/etc/vfioboot.conf", "x");
	assert_int_equal(trial_forget(&root), 0);
	assert_false(is_there("var/lib/vfioboot/trial"));
	assert_string_equal(fake_read("var/lib/vfioboot/undone/etc/vfioboot.conf"), "x");
}

static void test_what_there_is_to_take_back(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	struct message message = {0};

	assert_int_equal(trial_find_stage(&root), TRIAL_ABSENT);
	put_grub(true);
	assert_int_equal(trial_find_stage(&root), TRIAL_NEXT_BOOT);
	/* On another machine GRUB's program is not run, and all stays. */
	assert_int_equal(trial_save(&root, &started), 0);
	assert_int_equal(trial_cancel(&root, &message), -EROFS);
	assert_non_null(strstr(message.text, "grub-editenv"));
	assert_true(is_there(STATE));
	put_grub(false);
	assert_int_equal(trial_find_stage(&root), TRIAL_PAST);
	fake_put("proc/cmdline", "ro vfioboot.trial=20261120-171500\n");
	assert_int_equal(trial_find_stage(&root), TRIAL_THIS_BOOT);
	fake_put("proc/cmdline", "ro\n");
	assert_int_equal(trial_cancel(&root, &message), 0);
	assert_string_equal(fake_read("boot/grub/custom.cfg"), "mine\n");
	assert_false(is_there(STATE));
	/* Nor does an unreadable state keep the entry. */
	fake_put(STATE, "nonsense");
	put_grub(false);
	assert_int_equal(trial_cancel(&root, &message), 0);
	assert_string_equal(fake_read("boot/grub/custom.cfg"), "mine\n");
	assert_int_equal(trial_find_stage(&root), TRIAL_ABSENT);
}

static void test_settles(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	struct trial trial;

	fake_put("proc/sys/kernel/random/boot_id",
		"11111111-1111-1111-1111-111111111111\n");
	fake_put("proc/cmdline", "ro\n");
	assert_int_equal(trial_settle(&root, &trial), 0);
	put_grub(false);
	assert_int_equal(trial_save(&root, &started), 0);
	/* To read it changes nothing. */
	assert_int_equal(trial_read(&root, &trial), 0);
	assert_int_equal(trial.reason, TRIAL_ENDED);
	assert_non_null(strstr(fake_read(STATE), "phase started"));
	assert_int_equal(trial_settle(&root, &trial), 1);
	assert_non_null(strstr(fake_read(STATE), "phase failed\nreason ended"));
	assert_string_equal(fake_read("boot/grub/custom.cfg"), "mine\n");
	assert_int_equal(trial_settle(&root, &trial), 0);
}

/* Its boot may not have been able to remove the entry. */
static void test_settles_what_is_over_too(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	struct trial trial = started;

	fake_put("proc/sys/kernel/random/boot_id",
		"11111111-1111-1111-1111-111111111111\n");
	fake_put("proc/cmdline", "ro\n");
	put_grub(false);
	trial.phase = TRIAL_KEPT;
	assert_int_equal(trial_save(&root, &trial), 0);
	assert_int_equal(trial_settle(&root, &trial), 0);
	assert_string_equal(fake_read("boot/grub/custom.cfg"), "mine\n");
	assert_non_null(strstr(fake_read(STATE), "phase kept"));
	/* But not of one that is still to come. */
	trial.phase = TRIAL_ARMED;
	strcpy(trial.armed_boot, "11111111-1111-1111-1111-111111111111");
	assert_int_equal(trial_save(&root, &trial), 0);
	put_grub(false);
	assert_int_equal(trial_settle(&root, &trial), 0);
	assert_non_null(strstr(fake_read("boot/grub/custom.cfg"), "ours"));
}

static int watch(const struct root *root)
{
	struct trial trial;

	return trial_watch(root, started.id, 0, &trial);
}

static void test_watch_gives_up(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	struct trial trial = started;

	put_grub(false);
	fake_put("proc/sys/kernel/random/boot_id",
		"11111111-1111-1111-1111-111111111111\n");
	trial.phase = TRIAL_ARMED;
	assert_int_equal(trial_save(&root, &trial), 0);
	assert_int_equal(watch(&root), 1);
	assert_non_null(strstr(fake_read(STATE), "phase failed\nreason no-record"));
	assert_non_null(strstr(
		fake_read(STATE), "\nboot 11111111-1111-1111-1111-111111111111\n"));
	assert_string_equal(fake_read("boot/grub/custom.cfg"), "mine\n");
	/* Without the state it gives up, too: nobody knows what was tried. */
	fake_remove(STATE);
	assert_int_equal(watch(&root), 1);
	assert_false(is_there(STATE));
}

/* Another process that changes this machine: until its pipe is closed. */
static pid_t hold_lock(const struct root *root, int *ret_pipe)
{
	int ready[2], stop[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready) | pipe(stop), 0);
	pid = fork();
	if (pid == 0) {
		close(stop[1]);
		if (change_lock(root, 0) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		_exit(read(stop[0], &byte, 1) != 0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	close(stop[0]);
	*ret_pipe = stop[1];
	return pid;
}

/* Without the lock nothing is written, and a trial that cannot be noted is given up. */
static void test_lock_of_another(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	struct trial trial = started;
	int stop, status;
	pid_t holder;

	put_grub(false);
	trial.phase = TRIAL_ARMED;
	assert_int_equal(trial_save(&root, &trial), 0);
	holder = hold_lock(&root, &stop);
	assert_int_equal(trial_watch(&root, started.id, 0, &trial), 1);
	assert_string_equal(trial.text, "cannot write /var/lib/vfioboot/trial/state");
	assert_non_null(strstr(fake_read(STATE), "phase armed"));
	assert_non_null(strstr(fake_read("boot/grub/custom.cfg"), "ours"));
	close(stop);
	assert_int_equal(waitpid(holder, &status, 0), holder);
	assert_int_equal(status, 0);
	assert_int_equal(watch(&root), 1);
	assert_non_null(strstr(fake_read(STATE), "phase failed"));
}

/* What anybody may lock keeps nobody from anything. */
static void test_lock_is_taken_when_needed(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	struct trial trial;
	int fd;

	put_grub(false);
	assert_int_equal(trial_save(&root, &started), 0);
	fd = open(fake_path("var/lib/vfioboot/trial"), O_RDONLY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(trial_settle(&root, &trial), 1);
	assert_non_null(strstr(fake_read(STATE), "phase failed"));
	close(fd);
	assert_true(is_there("run/vfioboot/private/lock"));
}

static void test_watch_finds_what_a_person_has_said(void **state)
{
	static const char *const words[] = {"phase confirmed\n", "phase kept\n"};
	_cleanup_(root_close) struct root root = fake_open();
	struct trial trial = started;

	for (int kept = 0; kept < 2; kept++) {
		put_grub(false);
		trial.phase = kept ? TRIAL_KEPT : TRIAL_CONFIRMED;
		trial.by_person = true;
		assert_int_equal(trial_save(&root, &trial), 0);
		assert_int_equal(watch(&root), 0);
		assert_non_null(strstr(fake_read(STATE), words[kept]));
		assert_string_equal(fake_read("boot/grub/custom.cfg"), "mine\n");
	}
}

/* The console on framebuffers has a directory beside them, whether there is one or not. */
static void test_display(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();

	assert_false(trial_host_has_display(&root));
	fake_put("sys/class/graphics/fbcon/rotate", "0\n");
	fake_put("sys/class/drm/version", "drm 1.1.0 20060810\n");
	assert_false(trial_host_has_display(&root));
	fake_put("sys/class/graphics/fb0/name", "EFI VGA\n");
	assert_true(trial_host_has_display(&root));
}

static void test_display_of_drm(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();

	fake_put("sys/class/drm/card1/dev", "226:1\n");
	assert_true(trial_host_has_display(&root));
}

/* Trials that were started with different kernels have an entry each. */
static void test_all_entries_of_trials_go(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	struct message message = {0};

	fake_put("boot/efi/loader/entries/1-6.1-vfioboot-trial.conf", "x");
	fake_put("boot/efi/loader/entries/1-6.12-vfioboot-trial.conf", "x");
	fake_put("boot/efi/loader/entries/1-6.1.conf", "x");
	fake_put("boot/loader/entries/1-6.1~vfioboot~trial.conf", "x");
	fake_put("boot/loader/entries/1-6.12~vfioboot~trial.conf", "x");
	fake_put("boot/loader/entries/1-6.1.conf", "x");
	assert_int_equal(trial_cancel(&root, &message), 0);
	assert_false(is_there("boot/efi/loader/entries/1-6.1-vfioboot-trial.conf"));
	assert_false(is_there("boot/efi/loader/entries/1-6.12-vfioboot-trial.conf"));
	assert_true(is_there("boot/efi/loader/entries/1-6.1.conf"));
	assert_false(is_there("boot/loader/entries/1-6.1~vfioboot~trial.conf"));
	assert_false(is_there("boot/loader/entries/1-6.12~vfioboot~trial.conf"));
	assert_true(is_there("boot/loader/entries/1-6.1.conf"));
}

/* Nobody could have GRUB take an entry here. */
static void expect_start(const char *why)
{
	static struct trial_plan plan;
	_cleanup_(root_close) struct root root = fake_open();
	struct message message = {0};

	plan.trial = started;
	plan.oneshot.loader = bootloader_named("grub");
	assert_true(trial_start(&root, &plan, &message) < 0);
	if (!strstr(message.text, why))
		fail_msg("no '%s' in '%s'", why, message.text);
	assert_false(is_there(STATE));
}

/* What was there of the last one is gone when the next one cannot be started. */
static void test_start_that_fails(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();

	put_grub(false);
	expect_start("grub-editenv: Read-only file system; nothing was changed");
	assert_int_equal(trial_save(&root, &started), 0);
	expect_start("; what was kept of the last trial is deleted");
	/* It cannot even be written down. */
	assert_int_equal(trial_save(&root, &started), 0);
	fake_dir("var/lib/vfioboot/trial/.state.vfioboot-new/x");
	expect_start("cannot write /var/lib/vfioboot/trial/state");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(test_forget_leaves_nothing),
		ROOT_TEST(test_forget_leaves_what_is_not_of_it),
		ROOT_TEST(test_lock_of_another),
		ROOT_TEST(test_lock_is_taken_when_needed),
		ROOT_TEST(test_display),
		ROOT_TEST(test_all_entries_of_trials_go),
		ROOT_TEST(test_display_of_drm),
		ROOT_TEST(test_what_there_is_to_take_back),
		ROOT_TEST(test_start_that_fails),
		ROOT_TEST(test_settles),
		ROOT_TEST(test_settles_what_is_over_too),
		ROOT_TEST(test_watch_gives_up),
		ROOT_TEST(test_watch_finds_what_a_person_has_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
