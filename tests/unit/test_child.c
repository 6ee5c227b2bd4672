/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Children with a deadline, of both kinds: what they return, and that waiting for them ends. */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/child.h"
#include "support.h"

#define SHORT_MS 60
#define LONG_MS  20000

/* The kind of child that is tested. */
static int (*run)(int (*work)(void *data), void *data, uint64_t deadline);

/* What a child tells, since its memory may be its own. */
static volatile int *shared;

static int set_up(void **state)
{
	run = *state;
	child_prepare();
	alarm(2 * LONG_MS / 1000); /* a wait that does not end fails the suite */
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shared == MAP_FAILED ? -1 : 0;
}

/* Reaps what a test left behind, so that the next one starts without. */
static int tear_down(void **state)
{
	while (waitpid(-1, NULL, 0) > 0)
		;
	alarm(0);
	return munmap((void *)shared, sizeof(*shared));
}

static int return_data(void *data)
{
	return *(int *)data;
}

static int wait_for_ever(void *data)
{
	(void)data;
	*shared = (int)getpid();
	while (pause() < 0)
		;
	return 0;
}

static int ignore_all_signals(void *data)
{
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_IGN);
	return wait_for_ever(data);
}

static int kill_itself(void *data)
{
	(void)data;
	raise(SIGKILL);
	return 0;
}

static int write_memory(void *data)
{
	*(int *)data = 7;
	return 0;
}

/* Tells where its stack is, and does not end. */
static int stay_on_stack(void *data)
{
	char here;

	*(uintptr_t *)data = (uintptr_t)&here;
	return wait_for_ever(data);
}

static int return_stack(void *data)
{
	char here;

	*(uintptr_t *)data = (uintptr_t)&here;
	return 0;
}

static ino_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* Whether it can print into the pipe whose inode is @data. */
static int has_pipe(void *data)
{
	return inode_of(STDERR_FILENO) == *(ino_t *)data;
}

static void pause_ms(long ms)
{
	struct timespec time = {0, ms * 1000000};

	nanosleep(&time, NULL);
}

static int end_late(void *data)
{
	(void)data;
	pause_ms(SHORT_MS);
	return 3;
}

static void test_now(void **state)
{
	uint64_t before = child_now(), after;

	pause_ms(SHORT_MS);
	after = child_now();
	assert_within(after - before, SHORT_MS - 1, SHORT_MS + LONG_MS);
}

static void test_status(void **state)
{
	static const struct {
		int result, status;
	} cases[] = {{0, 0}, {1, 1}, {127, 127}, {255, 255}, {256, 0}, {-1, 255}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int result = cases[i].result;

		assert_int_equal(run(return_data, &result, child_now() + LONG_MS),
			cases[i].status);
	}
}

static void test_memory(void **state)
{
	int value = 3;

	assert_int_equal(run(write_memory, &value, child_now() + LONG_MS), 0);
	assert_int_equal(value, run == child_run ? 3 : 7);
}

/* One that stays would keep the pipe open to those who read it to its end, such as libvirt. */
static void test_no_pipe(void **state)
{
	int own = dup(STDERR_FILENO), pipes[2], r;
	ino_t inode;

	assert_int_equal(pipe(pipes), 0);
	inode = inode_of(pipes[1]);
	assert_int_not_equal(inode, 0);
	assert_int_equal(dup2(pipes[1], STDERR_FILENO), STDERR_FILENO);
	r = run(has_pipe, &inode, child_now() + LONG_MS);
	assert_int_equal(has_pipe(&inode), 1);
	assert_int_equal(dup2(own, STDERR_FILENO), STDERR_FILENO);
	close(own), close(pipes[0]), close(pipes[1]);
	assert_int_equal(r, 0);
}

static void test_killed_by_a_signal(void **state)
{
	/* -EINTR would be a signal to this process. */
	assert_int_equal(run(kill_itself, NULL, child_now() + LONG_MS), -EIO);
}

/* The wait ends with the child, not with the deadline. */
static void test_ends_in_time(void **state)
{
	uint64_t start = child_now();

	assert_int_equal(run(end_late, NULL, start + LONG_MS), 3);
	assert_true(child_now() - start < LONG_MS);
}

static void test_deadline(void **state)
{
	static int (*const works[])(void *data) = {wait_for_ever, ignore_all_signals};

	for (size_t i = 0; i < ARRAY_SIZE(works); i++) {
		uint64_t start = child_now(), took;
		int status = 0;

		*shared = 0;
		assert_int_equal(run(works[i], NULL, start + 10 * SHORT_MS), -ETIMEDOUT);
		took = child_now() - start;
		assert_within(took, 10 * SHORT_MS, LONG_MS);
		/* It is killed. */
		assert_int_not_equal(*shared, 0);
		assert_int_equal(waitpid((pid_t)*shared, &status, 0), *shared);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
}

/* The kernel may hold one for ever: the next one must have another stack. */
static void test_stack_of_one_that_stays(void **state)
{
	uintptr_t *stacks = mmap(NULL, 2 * sizeof(*stacks), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(stacks, MAP_FAILED);
	/* On a busy machine it may not have begun by its deadline. */
	for (uint64_t ms = SHORT_MS; !stacks[0] && ms < LONG_MS; ms *= 2)
		assert_int_equal(
			run(stay_on_stack, &stacks[0], child_now() + ms), -ETIMEDOUT);
	assert_int_equal(run(return_stack, &stacks[1], child_now() + LONG_MS), 0);
	assert_true(stacks[0] && stacks[1]);
	if (run == child_run_shared)
		assert_int_not_equal(stacks[0], stacks[1]);
	munmap(stacks, 2 * sizeof(*stacks));
}

static void test_deadline_is_past(void **state)
{
	uint64_t start = child_now();

	assert_int_equal(run(wait_for_ever, NULL, 0), -ETIMEDOUT);
	assert_int_equal(run(wait_for_ever, NULL, start - 1), -ETIMEDOUT);
	assert_true(child_now() - start < LONG_MS);
}

/* One that was left behind ends while another is waited for. */
static void test_another_child_ends(void **state)
{
	for (int i = 0; i < 8; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			pause_ms(i * 5);
			_exit(9);
		}
		assert_true(pid > 0);
	}
	assert_int_equal(run(end_late, NULL, child_now() + LONG_MS), 3);
	assert_int_equal(run(wait_for_ever, NULL, child_now() + SHORT_MS), -ETIMEDOUT);
}

static void on_signal(int sig)
{
	(void)sig;
}

static int interrupt_parent(void *data)
{
	for (int i = 0; i < 20; i++) {
		kill(*(pid_t *)data, SIGUSR1);
		pause_ms(2);
	}
	return 4;
}

static void test_interrupted(void **state)
{
	struct sigaction action = {.sa_handler = on_signal}, old;
	pid_t self = getpid();

	sigaction(SIGUSR1, &action, &old);
	assert_int_equal(run(interrupt_parent, &self, child_now() + LONG_MS), 4);
	sigaction(SIGUSR1, &old, NULL);
}

/* As do the children of a child that does the work. */
static int run_grandchild(void *data)
{
	int r = run(return_data, data, child_now() + LONG_MS);

	if (run(wait_for_ever, NULL, child_now() + SHORT_MS) != -ETIMEDOUT)
		return 100;
	return r;
}

static void test_nested(void **state)
{
	int result = 42;

	assert_int_equal(run(run_grandchild, &result, child_now() + LONG_MS), 42);
}

/* A shell that starts us may have SIGCHLD ignored; the status would then be lost. */
static void test_inherited_ignore(void **state)
{
	int result = 5;

	signal(SIGCHLD, SIG_IGN);
	child_prepare();
	assert_int_equal(run(return_data, &result, child_now() + LONG_MS), 5);
}

int main(void)
{
#define NAME(f, kind) #f " by " #kind
#define KIND(f, kind)                                                                    \
	{                                                                                \
		NAME(f, kind), f, set_up, tear_down, kind                                \
	}
#define TEST(f) KIND(f, child_run), KIND(f, child_run_shared)
	static const struct CMUnitTest tests[] = {
		TEST(test_now),
		TEST(test_status),
		TEST(test_memory),
		TEST(test_no_pipe),
		TEST(test_killed_by_a_signal),
		TEST(test_ends_in_time),
		TEST(test_deadline),
		TEST(test_stack_of_one_that_stays),
		TEST(test_deadline_is_past),
		TEST(test_another_child_ends),
		TEST(test_interrupted),
		TEST(test_nested),
		TEST(test_inherited_ignore),
	};

	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
