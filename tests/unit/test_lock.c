/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One holder at a time; nobody inherits it; and who works for the holder is not stopped. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "change/change.h"
#include "support.h"

/* What another process gets that waits for so long. */
static int lock_of_another(const struct root *root, unsigned wait_ms)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(change_lock(root, wait_ms) < 0 ? 1 : 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void put_process(int pid, int parent)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "proc/%d/stat", pid);
	snprintf(text, sizeof(text), "%d (a) b) S %d 1 1", pid, parent);
	fake_put(path, text);
}

static void test_one_holder(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	struct stat st;
	int fd;

	fd = change_lock(&root, 0);
	assert_true(fd >= 0);
	assert_int_equal(lock_of_another(&root, 0), 1);
	assert_int_equal(lock_of_another(&root, 50), 1);
	/* Nobody but root can keep others from it. */
	assert_int_equal(stat(fake_path(CHANGE_LOCK), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(fake_path(CHANGE_LOCK_DIRECTORY), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	/* A second time is once too often. */
	assert_int_equal(change_lock(&root, 0), -EBUSY);
	change_unlock(&fd);
	assert_int_equal(lock_of_another(&root, 0), 0);
}

/*
 * Between taking it and writing that down the file names who had it before: neither that one nor what it
 * has started holds it then.
 */
static void test_holder_of_before(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	int fd = change_lock(&root, 0), status;
	pid_t pid;

	assert_true(fd >= 0);
	change_unlock(&fd);
	fd = open(fake_path(CHANGE_LOCK), O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(change_lock(&root, 0), -EBUSY);
	pid = fork();
	if (pid == 0) {
		put_process(getpid(), getppid());
		_exit(change_lock(&root, 0) != -EBUSY);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fd);
}

/* A daemon that a hook leaves behind lives on without it. */
static void test_programs_do_not_inherit(void **state)
{
	static const char *const argv[] = {
		"sh", "-c", "sleep 20 >&- 2>&- & echo $!", NULL};
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_free_ char *pid = NULL;
	int fd;

	fd = change_lock(&root, 0);
	assert_true(fd >= 0);
	assert_int_equal(run_read(argv, &pid), 0);
	close(fd);
	assert_int_equal(lock_of_another(&root, 0), 0);
	assert_int_equal(kill(atoi(pid), SIGTERM), 0);
}

/* Until a program of a command that was killed has ended, nobody else changes what it changes. */
static void test_killed_holder(void **state)
{
	const char *const argv[] = {"sh", "-c", "touch \"$0\"; sleep 1; rm \"$0\"",
		fake_path("running"), NULL};
	_cleanup_(root_close) struct root root = fake_open();
	pid_t pid = fork();

	if (pid == 0)
		_exit(change_lock(&root, 0) < 0 ? 1 : run_program(argv, NULL, NULL));
	while (access(fake_path("running"), F_OK) < 0)
		usleep(1000);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(lock_of_another(&root, 0), 1);
	assert_int_equal(lock_of_another(&root, 20000), 0);
	assert_int_equal(access(fake_path("running"), F_OK), -1);
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* Whoever can wait gets it when the holder ends. */
static void test_wait(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	int pipes[2], status;
	pid_t pid;
	char c;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		c = change_lock(&root, 0) >= 0;
		if (write(pipes[1], &c, 1) == 1)
			sleep_ms(200);
		_exit(0);
	}
	assert_int_equal(read(pipes[0], &c, 1), 1);
	assert_int_equal(c, 1);
	assert_int_equal(lock_of_another(&root, 0), 1);
	assert_int_equal(lock_of_another(&root, 20000), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(pipes[0]), close(pipes[1]);
}

/* A program of the holder may start us: what it holds is held for us. */
static void test_below_the_holder(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	int fd, status;
	pid_t pid;

	fd = change_lock(&root, 0);
	assert_true(fd >= 0);
	assert_int_equal(lock_of_another(&root, 0), 1);
	pid = fork();
	if (pid == 0) {
		put_process(getpid(), 4000001);
		put_process(4000001, getppid());
		fd = change_lock(&root, 0);
		/* What works for the holder does not end its lock. */
		change_unlock(&fd);
		_exit(lock_of_another(&root, 0) == 0 || change_lock(&root, 0) < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fd);
}

/* There is no going on without it. */
static void test_failure(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();

	fake_put("run", "is no directory");
	assert_true(change_lock(&root, 0) < 0);
	fake_remove("run");
	fake_dir("run/vfioboot/private");
	fake_link("run/vfioboot/private/lock", "/elsewhere");
	assert_int_equal(change_lock(&root, 0), -ELOOP);
}

#define AT_ONCE 8
#define ROUNDS  40

/* Takes the lock when @start is closed, tells of it, and keeps it until @stop is. */
static void take_lock(
	const struct root *root, const int start[2], const int stop[2], const int told[2])
{
	char c;

	close(start[1]);
	close(stop[1]);
	if (read(start[0], &c, 1) == 0) {
		c = change_lock(root, 0) >= 0;
		if (write(told[1], &c, 1) == 1 && read(stop[0], &c, 1) == 0)
			_exit(0);
	}
	_exit(1);
}

/* Lets them all run for it.  Returns how many of them got it. */
static int count_holders(const struct root *root)
{
	int start[2], stop[2], told[2], status, holders = 0;
	char c;

	assert_int_equal(pipe(start), 0);
	assert_int_equal(pipe(stop), 0);
	assert_int_equal(pipe(told), 0);
	for (int i = 0; i < AT_ONCE; i++)
		if (fork() == 0)
			take_lock(root, start, stop, told);
	close(start[1]);
	for (int i = 0; i < AT_ONCE; i++, holders += c)
		assert_int_equal(read(told[0], &c, 1), 1);
	close(stop[1]);
	for (int i = 0; i < AT_ONCE; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	close(start[0]), close(stop[0]), close(told[0]), close(told[1]);
	return holders;
}

/* Of many that start at once one gets it, also where there was no file to lock. */
static void test_lock_at_once(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();

	for (int round = 0; round < ROUNDS; round++) {
		unlink(fake_path(CHANGE_LOCK));
		assert_int_equal(count_holders(&root), 1);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fake_set_up, fake_tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_one_holder),
		TEST(test_holder_of_before),
		TEST(test_programs_do_not_inherit),
		TEST(test_killed_holder),
		TEST(test_wait),
		TEST(test_below_the_holder),
		TEST(test_failure),
		TEST(test_lock_at_once),
	};

	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
