/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that print, fail, are ended, and are not there. */
#include <errno.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/run.h"
#include "support.h"

static char lines[4096];

static void take(void *data, const char *text)
{
	assert_ptr_equal(data, lines);
	snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "[%s]", text);
}

static int run_shell(const char *script)
{
	lines[0] = '\0';
	return run_program((const char *[]){"sh", "-c", script, NULL}, take, lines);
}

static void test_lines(void **state)
{
	assert_int_equal(run_shell("echo one; echo two >&2; printf three"), 0);
	assert_string_equal(lines, "[one][two][three]");
	assert_int_equal(run_program((const char *[]){"true", NULL}, NULL, NULL), 0);
}

static void count(void *data)
{
	(void)data;
	strcat(lines, "[tick]");
}

/* About once a second, whether it prints or not. */
static void test_ticks(void **state)
{
	lines[0] = '\0';
	assert_int_equal(
		run_watched(
			(const char *[]){"sh", "-c",
				"for i in 1 2 3 4 5 6; do sleep 0.25; echo; done; sleep 2",
				NULL},
			NULL, count, lines),
		0);
	assert_true(strlen(lines) >= 2 * strlen("[tick]"));
	lines[0] = '\0';
	assert_int_equal(
		run_watched((const char *[]){"true", NULL}, NULL, count, lines), 0);
	assert_string_equal(lines, "");
}

static void test_status(void **state)
{
	assert_int_equal(run_shell("exit 7"), 7);
	assert_int_equal(run_shell("kill -KILL $$"), 128 + SIGKILL);
	assert_int_equal(run_program((const char *[]){"vfioboot-no-such-program", NULL},
				 take, lines),
		-ENOENT);
}

/* There is nothing to read, and arguments are not looked at by a shell. */
static void test_what_it_gets(void **state)
{
	_cleanup_free_ char *text = NULL;

	assert_int_equal(run_shell("cat; echo end"), 0);
	assert_string_equal(lines, "[end]");
	assert_int_equal(
		run_read((const char *[]){"printf", "%s", "$HOME; `x`", NULL}, &text), 0);
	assert_string_equal(text, "$HOME; `x`");
}

static void test_read(void **state)
{
	_cleanup_free_ char *text = NULL, *none = NULL;

	assert_int_equal(
		run_read(
			(const char *[]){"sh", "-c",
				"i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done; "
				"echo hidden 2>/dev/null >&2; exit 3",
				NULL},
			&text),
		3);
	assert_true(strlen(text) > 10000);
	assert_non_null(strstr(text, "\n2999\n"));
	assert_null(strstr(text, "hidden"));
	assert_int_equal(run_read((const char *[]){"true", NULL}, &none), 0);
	assert_string_equal(none, "");
}

/* What it has started in the background, and left with its output, is not waited for. */
static void test_daemon(void **state)
{
	pid_t pid;

	assert_int_equal(run_shell("sleep 1000 & echo $!; exit 4"), 4);
	pid = (pid_t)strtol(lines + 1, NULL, 10);
	assert_true(pid > 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	/* Nor one that goes on printing. */
	assert_int_equal(
		run_shell("(while echo more; do sleep 0.1; done) & echo end; exit 5"), 5);
	assert_non_null(strstr(lines, "[end]"));
	/* But what comes a little later is not lost. */
	assert_int_equal(run_shell("(sleep 0.3; echo late) & exit 0"), 0);
	assert_string_equal(lines, "[late]");
}

static void test_no_descriptor_is_left(void **state)
{
	unsigned before = open_descriptors();

	run_shell("echo");
	run_program((const char *[]){"vfioboot-no-such-program", NULL}, NULL, NULL);
	assert_int_equal(open_descriptors(), before);
}

static void test_no_descriptor_is_given(void **state)
{
	int leaking = open_text("x");

	assert_true(leaking >= 3);
	assert_int_equal(run_shell("ls /proc/self/fd"), 0);
	close(leaking);
	/* 3 is that directory. */
	assert_string_equal(lines, "[0][1][2][3]");
}

/* ---- With a terminal */

#define ASK "exec 3</dev/tty; echo ready; read -r word <&3; echo got $word"

/* What a command does on its terminal: runs a program, and says what came of it. */
static void print_line(void *data, const char *text)
{
	(void)data;
	printf("%s\n", text);
	fflush(stdout);
}

static int on_terminal(const char *script)
{
	int r;

	run_catch_signals(NULL);
	r = run_program((const char *[]){"sh", "-c", script, NULL}, print_line, NULL);
	/* The terminal is ours again. */
	printf("status %d, signal %d, %s\n", r, run_caught_signal(),
		tcgetpgrp(0) == getpgrp() ? "foreground" : "background");
	fflush(stdout);
	return 0;
}

/* A session on a terminal, and what that has printed so far. */
struct screen {
	pid_t pid;
	int terminal;
	char text[4096];
	size_t len;
};

/*
 * Runs @what there.  The session's leader stays until leave_terminal(): with its end the kernel
 * hangs the terminal up, and discards what was printed and not yet read.
 */
static void enter_terminal(
	struct screen *screen, int (*what)(const char *script), const char *script)
{
	screen->pid = forkpty(&screen->terminal, NULL, NULL, NULL);
	assert_true(screen->pid >= 0);
	if (screen->pid)
		return;
	what(script);
	for (;;)
		pause();
}

static void leave_terminal(struct screen *screen)
{
	close(screen->terminal);
	kill(screen->pid, SIGKILL);
	assert_int_equal(waitpid(screen->pid, NULL, 0), screen->pid);
}

/* Reads until it has printed @wanted; the alarm is only so that a hang ends. */
static void expect_output(struct screen *screen, const char *wanted)
{
	alarm(300);
	while (!strstr(screen->text, wanted)) {
		ssize_t n = read(screen->terminal, screen->text + screen->len,
			sizeof(screen->text) - 1 - screen->len);

		if (n <= 0)
			fail_msg("\"%s\" without \"%s\": %s", screen->text, wanted,
				n < 0 ? strerror(errno) : "the end");
		screen->len += (size_t)n;
		screen->text[screen->len] = '\0';
	}
	alarm(0);
}

/* In a session of its own; answers "ready" with @typed, and expects @wanted. */
static void run_on_terminal(const char *script, const char *typed, const char *wanted)
{
	struct screen screen = {0};

	enter_terminal(&screen, on_terminal, script);
	expect_output(&screen, "ready");
	assert_int_equal(write(screen.terminal, typed, strlen(typed)), strlen(typed));
	expect_output(&screen, wanted);
	leave_terminal(&screen);
}

static void test_question(void **state)
{
	run_on_terminal(ASK, "secret\n", "got secret\r\nstatus 0, signal 0, foreground");
	/* ^Z is not for it: nobody could take the job up again. */
	run_on_terminal(ASK, "\032more\n", "status 0, signal 0, foreground");
}

static void test_interrupt(void **state)
{
	run_on_terminal(ASK, "\003", "status 130, signal 2, foreground");
	/*
	 * Nor does one that would be stopped forever outlive a signal.  It stops after it was
	 * answered, behind the SIGCONT that each program gets first.
	 */
	run_on_terminal(ASK
		"; (sleep 0.3; kill -TERM $(cut -d' ' -f4 /proc/$PPID/stat)) & kill -STOP $$",
		"\n", "status 143, signal 15, foreground");
}

/* A pager of the same pipeline that read keys meanwhile was stopped, and goes on. */
static int beside_pager(const char *script)
{
	pid_t pid = fork();
	char key = 0;
	int status;

	if (pid == 0) {
		usleep(300000);
		_exit(read(0, &key, 1) == 1 && key == 'q' ? 0 : 1);
	}
	on_terminal(script);
	waitpid(pid, &status, 0);
	printf("pager ended with %d\n", status);
	fflush(stdout);
	return 0;
}

/* As a shell's job: what is in no job gets an error, and is not stopped. */
static int in_job(const char *script)
{
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGTTOU, SIG_IGN);
		setpgid(0, 0);
		tcsetpgrp(0, getpid());
		signal(SIGTTOU, SIG_DFL);
		_exit(beside_pager(script));
	}
	waitpid(pid, NULL, 0);
	return 0;
}

static void test_pager(void **state)
{
	struct screen screen = {0};

	enter_terminal(&screen, in_job, "sleep 0.6");
	expect_output(&screen, "status 0, signal 0, foreground");
	assert_int_equal(write(screen.terminal, "q\n", 2), 2);
	expect_output(&screen, "pager ended with 0");
	leave_terminal(&screen);
}

/* In the background it gets no terminal, and an error instead of a stop. */
static int in_background(const char *script)
{
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		_exit(on_terminal(script));
	}
	waitpid(pid, NULL, 0);
	return 0;
}

static void test_background(void **state)
{
	struct screen screen = {0};

	enter_terminal(&screen, in_background, "read -r word </dev/tty || echo none");
	expect_output(&screen, "none\r\nstatus 0, signal 0, background");
	leave_terminal(&screen);
}

/* As by nohup(1): it does not end anything then. */
static void test_ignored_signal(void **state)
{
	struct run_signals before;

	signal(SIGHUP, SIG_IGN);
	run_catch_signals(&before);
	raise(SIGHUP);
	assert_int_equal(run_caught_signal(), 0);
	assert_int_equal(run_shell("kill -HUP $$"), 0);
	run_let_signals(&before);
	signal(SIGHUP, SIG_DFL);
}

static void nothing(int number)
{
	(void)number;
}

/* Held back as long as it is asked for, by whoever asked first; then it does what it did before. */
static void test_let_signals(void **state)
{
	void (*old)(int) = signal(SIGTERM, nothing);
	struct run_signals outer, inner;
	sigset_t blocked;

	run_catch_signals(&outer);
	run_catch_signals(&inner);
	raise(SIGTERM);
	run_let_signals(&inner);
	assert_int_equal(run_caught_signal(), SIGTERM);
	run_let_signals(&outer);
	assert_int_equal(run_caught_signal(), 0);
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	assert_false(sigismember(&blocked, SIGTERM));
	assert_ptr_equal(signal(SIGPIPE, SIG_DFL), SIG_DFL);
	signal(SIGTERM, old);
}

/* The last test: what was caught stays caught. */
static void test_signal(void **state)
{
	char script[64];

	run_catch_signals(NULL);
	assert_int_equal(run_caught_signal(), 0);
	/* All that the shell started ends, too, or this would wait for it. */
	snprintf(script, sizeof(script), "kill -TERM %d; sleep 60", (int)getpid());
	assert_int_equal(run_shell(script), 128 + SIGTERM);
	assert_int_equal(run_caught_signal(), SIGTERM);
	/* A program that is started now has nothing to do with it once that is taken. */
	assert_int_equal(run_take_signal(), SIGTERM);
	assert_int_equal(run_take_signal(), 0);
	assert_int_equal(run_shell("sleep 0.1"), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_what_it_gets),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_daemon),
		cmocka_unit_test(test_no_descriptor_is_left),
		cmocka_unit_test(test_no_descriptor_is_given),
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_pager),
		cmocka_unit_test(test_background),
		cmocka_unit_test(test_ignored_signal),
		cmocka_unit_test(test_let_signals),
		cmocka_unit_test(test_signal),
	};

	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
