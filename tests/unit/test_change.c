/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of steps: what they say, what they do, and that a failure takes all of it back. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "change/change.h"
#include "support.h"

static struct root root;
static struct change change;

static int set_up(void **state)
{
	fake_set_up(state);
	root = fake_open();
	change = (struct change){.root = &root, .log = "/run/log"};
	return 0;
}

static int tear_down(void **state)
{
	change_free(&change);
	root_close(&root);
	return fake_tear_down(state);
}

static void begin_again(void)
{
	change_free(&change);
	change = (struct change){.root = &root, .log = "/run/log"};
}

static void expect_steps(const char *expected)
{
	char text[4096] = "";

	for (size_t i = 0; i < change.n; i++) {
		char line[512];

		change_describe(&change.steps[i], line, sizeof(line));
		strcat(strcat(text, line), "\n");
	}
	assert_string_equal(text, expected);
}

/* Carries it out, which fails with that sentence, or not with "". */
static void carry_out(const char *why)
{
	struct change_failure failure;
	int r = change_carry_out(&change, NULL, &failure);

	assert_string_equal(failure.message.text, why);
	assert_string_equal(failure.undo, "");
	assert_int_equal(r < 0, *why != '\0');
	change_free_failure(&failure);
}

static void add_program(const char *script)
{
	struct change_step *step = change_add(&change, &change_program, NULL, NULL);

	assert_non_null(step);
	assert_int_equal(change_add_args(step, "sh", "-c", NULL), 0);
	assert_int_equal(change_add_args(step, script, NULL), 0);
}

static void add_build(const char *script, const char *path)
{
	struct change_step *step = change_add(&change, &change_build, path, NULL);

	assert_int_equal(change_add_args(step, "sh", "-c", script, "sh",
				 fake_path(path + 1), NULL),
		0);
}

static void put_texts(void)
{
	fake_put("etc/a", "old");
	fake_put("etc/gone", "gone");
	fake_put("etc/same", "same");
	assert_int_equal(change_put_text(&change, "/etc/a", "new"), 0);
	assert_int_equal(change_put_text(&change, "/etc/more/b", "made"), 0);
	assert_int_equal(change_put_text(&change, "/etc/gone", NULL), 0);
	assert_int_equal(change_put_text(&change, "/etc/same", "same"), 0);
	assert_int_equal(change_put_text(&change, "/etc/none", NULL), 0);
}

static void expect_old_texts(void)
{
	assert_string_equal(fake_read("etc/a"), "old");
	assert_string_equal(fake_read("etc/gone"), "gone");
	assert_int_equal(access(fake_path("etc/more/b"), F_OK), -1);
}

static void test_texts(void **state)
{
	struct change_failure failure;

	put_texts();
	expect_steps("write /etc/a\nwrite /etc/more/b\nremove /etc/gone\n");
	expect_old_texts();
	carry_out("");
	assert_string_equal(fake_read("etc/a"), "new");
	assert_string_equal(fake_read("etc/more/b"), "made");
	assert_int_equal(access(fake_path("etc/gone"), F_OK), -1);
	assert_int_equal(change_undo(&change, &failure), 0);
	expect_old_texts();
}

/* What the copy replaced comes back; where there was nothing, nothing is left. */
static void test_copies(void **state)
{
	fake_put("etc/a", "new");
	fake_put("etc/b", "old");
	change_add(&change, &change_copy, "/etc/a", "/etc/b");
	change_add(&change, &change_copy, "/etc/a", "/etc/c");
	add_program("exit 1");
	carry_out("sh failed with exit status 1");
	assert_string_equal(fake_read("etc/b"), "old");
	assert_int_equal(access(fake_path("etc/c"), F_OK), -1);
}

/* A file comes back with its mode, as one that was written does. */
static void test_failure_takes_all_back(void **state)
{
	struct stat st;

	put_texts();
	assert_int_equal(chmod(fake_path("etc/gone"), 0600), 0);
	assert_int_equal(chmod(fake_path("etc/a"), 0640), 0);
	assert_int_equal(change_put_text(&change, "/etc/c/d", "made"), 0);
	fake_put("etc/c", "is no directory");
	carry_out("cannot write /etc/c/d: Not a directory");
	expect_old_texts();
	assert_int_equal(stat(fake_path("etc/gone"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(fake_path("etc/a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void add_image(void)
{
	change_add(&change, &change_keep, "/boot/image", "/boot/.image.vfioboot-kept");
	add_build("echo made it; printf new >\"$1\"", "/boot/.image.vfioboot-new");
	change_add(&change, &change_replace, "/boot/.image.vfioboot-new", "/boot/image");
}

static void test_build_and_replace(void **state)
{
	fake_put("boot/image", "old");
	add_image();
	add_program("exit 3");
	carry_out("sh failed with exit status 3");
	assert_string_equal(fake_read("boot/image"), "old");
	assert_int_equal(access(fake_path("boot/.image.vfioboot-new"), F_OK), -1);
	assert_int_equal(access(fake_path("boot/.image.vfioboot-kept"), F_OK), -1);
	begin_again();
	add_image();
	change_add(&change, &change_discard, "/boot/.image.vfioboot-kept", NULL);
	/* What can't be removed at the end is no failure. */
	change_add(&change, &change_rmdir, "/boot", NULL);
	carry_out("");
	assert_string_equal(fake_read("boot/image"), "new");
	assert_int_equal(access(fake_path("boot/.image.vfioboot-kept"), F_OK), -1);
	assert_non_null(strstr(fake_read("run/log"), "\nmade it\n"));
}

/* What was not there is not there again. */
static void test_new_file(void **state)
{
	static const char *const leavings[] = {".part", NULL};

	fake_dir("boot");
	add_build("printf new >\"$1\"; printf half >\"$1.part\"", "/boot/new");
	change.steps[0].leavings = leavings;
	change_add(&change, &change_replace, "/boot/new", "/boot/image");
	add_program("exit 1");
	carry_out("sh failed with exit status 1");
	assert_int_equal(access(fake_path("boot/new"), F_OK), -1);
	assert_int_equal(access(fake_path("boot/new.part"), F_OK), -1);
	assert_int_equal(access(fake_path("boot/image"), F_OK), -1);
}

/* An image that was there, and that no step has kept, is better than none. */
static void test_build_in_place(void **state)
{
	fake_put("boot/image", "old");
	add_build("exit 1", "/boot/image");
	carry_out("sh failed with exit status 1");
	assert_string_equal(fake_read("boot/image"), "old");
	begin_again();
	fake_put("boot/new", "new");
	change_add(&change, &change_replace, "/boot/new", "/boot/image");
	add_program("exit 1");
	carry_out("sh failed with exit status 1");
	assert_string_equal(fake_read("boot/image"), "new");
}

/* A move that fails takes nothing of what is at the other name. */
static void test_move_fails(void **state)
{
	fake_put("etc/a", "a");
	fake_put("etc/b", "b");
	change_add(&change, &change_move, "/etc/a", "/etc/b");
	carry_out("cannot move /etc/a: File exists");
	begin_again();
	change_add(&change, &change_move, "/etc/none", "/etc/b");
	carry_out("cannot move /etc/none: File exists");
	assert_string_equal(fake_read("etc/a"), "a");
	assert_string_equal(fake_read("etc/b"), "b");
	assert_int_equal(access(fake_path("etc/none"), F_OK), -1);
}

/* What has got an entry of the boot menu stays, or that would start nothing. */
static void test_build_with_an_entry(void **state)
{
	fake_dir("boot");
	add_build("printf new >\"$1\"", "/boot/image");
	change.steps[0].stays = true;
	add_program("exit 1");
	carry_out("sh failed with exit status 1");
	assert_string_equal(fake_read("boot/image"), "new");
}

/* What could not be kept is not put back, and what another run had kept is not taken for it. */
static void test_keep_fails(void **state)
{
	fake_put("boot/.image.vfioboot-kept", "of another run");
	change_add(&change, &change_keep, "/boot/image", "/boot/.image.vfioboot-kept");
	carry_out("cannot keep /boot/image: No such file or directory");
	assert_int_equal(access(fake_path("boot/image"), F_OK), -1);
	assert_int_equal(access(fake_path("boot/.image.vfioboot-kept"), F_OK), -1);
}

static void test_programs_that_fail(void **state)
{
	struct change_failure failure;

	fake_dir("boot");
	add_build("for i in $(seq 30); do echo $i; done", "/boot/none");
	assert_int_equal(change_carry_out(&change, NULL, &failure), -ENOENT);
	assert_string_equal(failure.message.text,
		"sh reported success but did not create /boot/none");
	assert_string_equal(
		failure.output, "19\n20\n21\n22\n23\n24\n25\n26\n27\n28\n29\n30\n");
	assert_true(failure.logged);
	assert_ptr_equal(failure.step, &change.steps[0]);
	change_free_failure(&failure);
	begin_again();
	add_build(": >\"$1\"", "/boot/empty");
	carry_out("sh reported success but did not create /boot/empty");
	free(change.steps[0].args[0]);
	change.steps[0].args[0] = strdup("no-such-program");
	carry_out("no-such-program is not in PATH");
}

static bool refuses = true;

static int refuse(const struct change *list, const struct change_step *step,
	struct message *message)
{
	(void)list, (void)step;
	return refuses ? message_set(message, -EPERM, "the menu is locked") : 0;
}

static bool says_why;

static int run_own(
	const struct change *list, struct change_step *step, struct message *message)
{
	(void)list;
	*(int *)step->data += 1;
	(void)message;
	return 0;
}

static int undo_own(const struct change *list, const struct change_step *step,
	struct message *message)
{
	(void)list;
	*(int *)step->data += 10;
	return says_why ? message_set(message, -EBUSY, "the menu is in use") : -EBUSY;
}

static void test_own_kind(void **state)
{
	static const struct change_kind own = {.text = "rebuild the menu",
		.refuse = refuse,
		.run = run_own,
		.undo = undo_own};
	struct change_failure failure;
	struct message why = {0};
	int calls = 0;

	assert_int_equal(change_add_own(&change, &own, &calls), 0);
	expect_steps("rebuild the menu\n");
	assert_int_equal(change_check(&change, &why), -EPERM);
	assert_string_equal(why.text, "the menu is locked");
	refuses = false;
	assert_int_equal(change_check(&change, &why), 0);
	add_program("false");
	assert_int_equal(change_carry_out(&change, NULL, &failure), -EIO);
	assert_int_equal(calls, 11);
	assert_string_equal(failure.undo, "rebuild the menu: Device or resource busy");
	change_free_failure(&failure);
	says_why = true;
	assert_int_equal(change_undo(&change, &failure), -EBUSY);
	assert_string_equal(failure.undo, "the menu is in use");
}

static int run_failing(
	const struct change *list, struct change_step *step, struct message *message)
{
	(void)list;
	return step->path ? message_set(message, -EIO, "%s does not start", step->path)
			  : -EIO;
}

static void test_optional(void **state)
{
	static const struct change_kind own = {.run = run_own, .undo = undo_own};
	static const struct change_kind start = {.text = "start %1",
		.why = "it was stopped for %2",
		.optional = true,
		.run = run_failing};
	struct change_failure failure;
	struct change_step *step;
	int calls = 0;
	char why[64];

	assert_int_equal(change_add_own(&change, &own, &calls), 0);
	assert_non_null(change_add(&change, &start, "/a", "/b"));
	assert_non_null(change_add(&change, &start, NULL, NULL));
	assert_int_equal(change_add_own(&change, &own, &calls), 0);
	change_describe_why(&change.steps[0], why, sizeof(why));
	assert_string_equal(why, "");
	change_describe_why(&change.steps[1], why, sizeof(why));
	assert_string_equal(why, "it was stopped for /b");
	step = &change.steps[2];
	step->why = strdup("a reason of its own");
	change_describe_why(step, why, sizeof(why));
	assert_string_equal(why, "a reason of its own");
	assert_int_equal(change_carry_out(&change, NULL, &failure), 0);
	assert_int_equal(calls, 2);
	assert_string_equal(
		failure.rest, "/a does not start; start %1: Input/output error");
	assert_string_equal(failure.undo, "");
	assert_string_equal(failure.message.text, "");
	change_free_failure(&failure);
}

static bool is_wanted(void *data, const char *kept, const char *path)
{
	(void)data;
	assert_true(strstr(kept, "/.image") && strstr(path, "/image"));
	return strcmp(path, "/boot/image.1") == 0;
}

static void test_leftovers(void **state)
{
	fake_put("boot/.image.1.vfioboot-kept", "old");
	fake_put("boot/.image.2.vfioboot-kept", "old");
	fake_put("boot/.image.2.vfioboot-new", "half");
	fake_put("boot/.vfioboot-new", "of no file");
	fake_put("boot/image.vfioboot-new", "somebody's");
	assert_int_equal(change_add_leftovers(&change, "/boot", is_wanted, NULL), 0);
	assert_int_equal(change_add_leftovers(&change, "/none", NULL, NULL), 0);
	expect_steps(
		"restore /boot/image.1 from /boot/.image.1.vfioboot-kept, left by an "
		"interrupted run\n"
		"remove /boot/.image.2.vfioboot-kept, left by an interrupted run\n"
		"remove /boot/.image.2.vfioboot-new, left by an interrupted run\n");
	carry_out("");
	assert_string_equal(fake_read("boot/image.1"), "old");
	assert_int_equal(access(fake_path("boot/.image.2.vfioboot-kept"), F_OK), -1);
}

/* What is there beside each other counts, and what was deleted before does not. */
static void test_space(void **state)
{
	const uint64_t huge = (uint64_t)1 << 52;
	struct message why = {0};

	fake_put("boot/old", "");
	fake_put("boot/image", "");
	change_add(&change, &change_spare, "/boot/x", NULL)->room = huge;
	assert_int_equal(change_check(&change, &why), -ENOSPC);
	assert_non_null(strstr(why.text, "/boot has "));
	begin_again();
	if (truncate(fake_path("boot/old"), (off_t)1 << 43) < 0)
		skip();
	change_add(&change, &change_delete, "/boot/old", NULL);
	change_add(&change, &change_copy, "/boot/image", "/boot/b")->room = (uint64_t)1
		<< 43;
	assert_int_equal(change_check(&change, &why), 0);
	/* The old one is there until the new one has its name. */
	begin_again();
	change_add(&change, &change_copy, "/boot/image", "/boot/b")->room = (uint64_t)1
		<< 43;
	change_add(&change, &change_replace, "/boot/b", "/boot/old");
	assert_int_equal(change_check(&change, &why), -ENOSPC);
}

/* What is kept, or has another name, gives no room when its name goes. */
static void test_space_that_stays_taken(void **state)
{
	const uint64_t huge = (uint64_t)1 << 43;
	struct message why = {0};
	char other[PATH_MAX];

	fake_put("boot/image", "");
	fake_put("boot/old", "");
	fake_put("boot/other", "");
	if (truncate(fake_path("boot/old"), (off_t)huge) < 0 ||
		truncate(fake_path("boot/other"), (off_t)huge) < 0)
		skip();
	for (unsigned kept = 0; kept < 2; kept++) {
		begin_again();
		change_add(&change, &change_delete, "/boot/other", NULL);
		if (kept)
			change_add(&change, &change_keep, "/boot/old", "/boot/kept");
		change_add(&change, &change_copy, "/boot/image", "/boot/b")->room = huge;
		change_add(&change, &change_replace, "/boot/b", "/boot/old");
		change_add(&change, &change_copy, "/boot/image", "/boot/c")->room = huge;
		assert_int_equal(change_check(&change, &why), kept ? -ENOSPC : 0);
	}
	snprintf(other, sizeof(other), "%s", fake_path("boot/other"));
	assert_int_equal(link(other, fake_path("boot/second name")), 0);
	begin_again();
	change_add(&change, &change_delete, "/boot/other", NULL);
	change_add(&change, &change_copy, "/boot/image", "/boot/b")->room = huge;
	assert_int_equal(change_check(&change, &why), -ENOSPC);
}

/* ---- signals ---------------------------------------------------------------------------- */

/* Runs the step's text, so that an undo needs a program. */
static int undo_by_program(const struct change *list, const struct change_step *step,
	struct message *message)
{
	return change_run_program(
		list, (const char *[]){"sh", "-c", step->text, NULL}, message);
}

static const struct change_kind by_program = {
	.text = "ask %1", .run = change_run_nothing, .undo = undo_by_program};

static void add_by_program(const char *script)
{
	change_add(&change, &by_program, "/etc/asked", NULL)->text = strdup(script);
}

/* Carries out the list, whose last step has the signal sent to this process. */
static void carry_out_signalled(const char *undo)
{
	struct run_signals before;
	struct change_failure failure;
	char script[64];

	snprintf(script, sizeof(script), "kill -TERM %d; sleep 60", (int)getpid());
	add_program(script);
	run_catch_signals(&before);
	assert_int_equal(change_carry_out(&change, NULL, &failure), -EINTR);
	assert_string_equal(failure.message.text, "interrupted (Terminated)");
	assert_null(failure.step);
	assert_string_equal(failure.undo, undo);
	change_free_failure(&failure);
	/* Who asked for the end of this process is heard, and no program of the undo was. */
	assert_int_equal(run_take_signal(), SIGTERM);
	assert_int_equal(run_take_signal(), 0);
	run_let_signals(&before);
}

static void test_signal_and_undo(void **state)
{
	char script[PATH_MAX];

	put_texts();
	snprintf(script, sizeof(script), "sleep 0.2; echo twice >%s",
		fake_path("run/twice"));
	fake_dir("run");
	add_by_program(script);
	snprintf(script, sizeof(script), "sleep 0.2; echo once >%s",
		fake_path("run/once"));
	add_by_program(script);
	carry_out_signalled("");
	assert_string_equal(fake_read("run/once"), "once\n");
	assert_string_equal(fake_read("run/twice"), "twice\n");
	expect_old_texts();
}

/* A signal that comes while it undoes ends one program; what others print and do counts. */
static void test_signal_while_undoing(void **state)
{
	char script[PATH_MAX];

	fake_dir("run");
	snprintf(script, sizeof(script), "sleep 0.2; echo once >%s",
		fake_path("run/once"));
	add_by_program(script);
	snprintf(script, sizeof(script), "kill -INT %d; sleep 60", (int)getpid());
	add_by_program(script);
	/* By its status alone. */
	snprintf(script, sizeof(script),
		"trap 'exit 0' TERM; kill -INT %d; sleep 60 & wait", (int)getpid());
	add_by_program(script);
	carry_out_signalled("sh was killed by signal 15");
	assert_string_equal(fake_read("run/once"), "once\n");
}

/* As long as something could not be undone, it is known what that was. */
static void test_record_is_left(void **state)
{
	fake_put("etc/a", "old");
	assert_int_equal(change_put_text(&change, "/etc/a", "new"), 0);
	assert_int_equal(change_put_text(&change, "/etc/record", "of what follows"), 0);
	change.steps[1].record = true;
	add_by_program("exit 1");
	carry_out_signalled("sh failed with exit status 1");
	assert_string_equal(fake_read("etc/record"), "of what follows");
	assert_string_equal(fake_read("etc/a"), "old");
}

static void carry_out_interrupted(void)
{
	struct change_failure failure;
	struct run_signals before;

	run_catch_signals(&before);
	raise(SIGTERM);
	assert_int_equal(change_carry_out(&change, NULL, &failure), -EINTR);
	change_free_failure(&failure);
	assert_int_equal(run_take_signal(), SIGTERM);
	run_let_signals(&before);
	assert_string_equal(fake_read("boot/live"), "live");
}

/* What a signal keeps from being done is not undone either. */
static void test_signal_before_a_step(void **state)
{
	struct change_failure failure;

	fake_put("boot/live", "live");
	add_build("printf new >\"$1\"", "/boot/live");
	carry_out_interrupted();
	/* Nor is anything in a list of which nothing was carried out. */
	assert_int_equal(change_undo(&change, &failure), 0);
	assert_string_equal(fake_read("boot/live"), "live");
	/* A list without programs ends there as well. */
	begin_again();
	assert_int_equal(change_put_text(&change, "/boot/live", "new"), 0);
	carry_out_interrupted();
}

static int run_interrupted(
	const struct change *list, struct change_step *step, struct message *message)
{
	(void)list, (void)step, (void)message;
	return -EINTR;
}

/* Where nobody sent a signal nobody is said to have; and a program has a name. */
static void test_what_failed(void **state)
{
	static const struct change_kind own = {.run = run_interrupted};
	struct change_step *step = change_add(&change, &own, NULL, NULL);
	struct change_failure failure;

	assert_int_equal(change_add_args(step, "refresh", "--now", NULL), 0);
	assert_int_equal(change_carry_out(&change, NULL, &failure), -EINTR);
	assert_string_equal(
		failure.message.text, "run refresh --now: Interrupted system call");
	assert_ptr_equal(failure.step, &change.steps[0]);
	change_free_failure(&failure);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_texts),
		TEST(test_copies),
		TEST(test_failure_takes_all_back),
		TEST(test_build_and_replace),
		TEST(test_new_file),
		TEST(test_build_in_place),
		TEST(test_build_with_an_entry),
		TEST(test_keep_fails),
		TEST(test_move_fails),
		TEST(test_programs_that_fail),
		TEST(test_own_kind),
		TEST(test_optional),
		TEST(test_leftovers),
		TEST(test_space),
		TEST(test_space_that_stays_taken),
		TEST(test_signal_and_undo),
		TEST(test_signal_while_undoing),
		TEST(test_record_is_left),
		TEST(test_signal_before_a_step),
		TEST(test_what_failed),
	};

	return cmocka_run_group_tests_name("change", tests, NULL, NULL);
}
