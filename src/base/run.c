/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts programs by posix_spawn(3), and reads what they print until they end. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "child.h"
#include "file.h"
#include "tree.h"
#include "util.h"

#define READ_MAX (64 << 20) /* bytes of one output, or one line, that are taken */
/* A login shell of a plain user may lack these, and generators call what is there. */
#define SBIN "/usr/local/sbin:/usr/sbin:/sbin"

#define LINGER_MS 1000 /* for what comes behind the end of a program */
#define TICK_MS   1000

extern char **environ;

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

/* Those of our signals that run_catch_signals() holds back. */
static sigset_t held_signals(void)
{
	sigset_t blocked, held;

	sigemptyset(&held);
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (sigismember(&blocked, signals[i]))
			sigaddset(&held, signals[i]);
	return held;
}

/* ---- Starting */

/* A program that runs.  Descriptors are -1 when they are of no use (any more). */
struct program {
	pid_t pid; /* of who supervises it, and the process group of both */
	int tty;   /* that it is the foreground of */
	void (*on_read)(int), (*on_write)(int); /* what we did from the background */
	int output;
	int result;  /* what the supervisor writes */
	int process; /* of pidfd_open(2) */
	int signals; /* that end it */
};

/* The terminal, if this process is in its foreground; or -1. */
static int open_foreground(void)
{
	int tty = open(TREE_TTY, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (tty >= 0 && tcgetpgrp(tty) == getpgrp())
		return tty;
	close_fd(&tty);
	return -1;
}

/*
 * Makes the program the foreground.  A pager of our pipeline that asks for a key meanwhile is
 * stopped with all of our group, but for us: the shell would take the job for stopped.
 */
static void give_terminal(struct program *program)
{
	program->on_read = signal(SIGTTIN, SIG_IGN);
	program->on_write = signal(SIGTTOU, SIG_IGN);
	tcsetpgrp(program->tty, program->pid);
	/* It may have read before, and been stopped. */
	kill(-program->pid, SIGCONT);
}

static void take_terminal_back(struct program *program)
{
	/* From the background, which is a SIGTTOU. */
	tcsetpgrp(program->tty, getpgrp());
	kill(0, SIGCONT);
	signal(SIGTTIN, program->on_read);
	signal(SIGTTOU, program->on_write);
	close_fd(&program->tty);
}

static int set_attributes(posix_spawnattr_t *attributes, bool tty)
{
	struct sigaction action;
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	/* What nohup(1) ignores is so for all that does the work. */
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (sigaction(signals[i], NULL, &action) == 0 &&
			action.sa_handler == SIG_IGN)
			sigdelset(&all, signals[i]);
	/* ^Z would stop the program, and we would wait. */
	if (tty)
		sigdelset(&all, SIGTSTP);
	r = posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	r = r ? r : posix_spawnattr_setsigmask(attributes, &none);
	return r ? r : posix_spawnattr_setsigdefault(attributes, &all);
}

static int set_files(posix_spawn_file_actions_t *actions, int output, bool errors)
{
	int r = posix_spawn_file_actions_addopen(actions, 0, TREE_NULL, O_RDONLY, 0);

	r = r ? r : posix_spawn_file_actions_adddup2(actions, output, 1);
	if (errors)
		r = r ? r : posix_spawn_file_actions_adddup2(actions, output, 2);
	/* A lock of ours must not live on in what the program leaves behind. */
	return r ? r : posix_spawn_file_actions_addclosefrom_np(actions, 3);
}

static int spawn(const char *const argv[], int output, bool errors, bool tty, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r;

	if (posix_spawn_file_actions_init(&actions))
		return -ENOMEM;
	if (posix_spawnattr_init(&attributes)) {
		posix_spawn_file_actions_destroy(&actions);
		return -ENOMEM;
	}
	r = set_attributes(&attributes, tty);
	r = r ? r : set_files(&actions, output, errors);
	/* posix_spawn() has no const, and changes nothing. */
	r = r ? r
	      : posix_spawnp(ret, argv[0], &actions, &attributes, (char *const *)argv,
			environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/*
 * A process that stays with the program: when we are killed it keeps what we have, a lock above
 * all, until the program has ended, which does not inherit it.  Writes into @result 0 or -errno of
 * the start, and then the status of waitpid(2).
 */
static void supervise(const char *const argv[], int output, bool errors, bool tty,
	const struct program *program, int result)
{
	sigset_t all;
	pid_t pid;
	int r, status = 0;

	/* When we are gone nobody reads what is printed: that is an error for the program. */
	close(program->output);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (tty)
		setpgid(0, 0);
	else
		setsid();
	r = spawn(argv, output, errors, tty, &pid);
	close(output);
	if (write(result, &r, sizeof(r)) < 0 && r < 0)
		_exit(1);
	while (r == 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	_exit(write(result, &status, sizeof(status)) < 0);
}

/* What the supervisor says next; -EIO when it was killed. */
static int read_result(const struct program *program, int *ret)
{
	ssize_t n;

	do
		n = read(program->result, ret, sizeof(*ret));
	while (n < 0 && errno == EINTR);
	return n == sizeof(*ret) ? 0 : -EIO;
}

/* Starts it below a supervisor.  Returns 0, or -errno. */
static int start_supervised(
	const char *const argv[], int output, bool errors, bool tty, struct program *ret)
{
	void (*stop)(int) = tty ? signal(SIGTSTP, SIG_IGN) : SIG_DFL;
	int pipes[2], started = 0, r;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	ret->pid = fork();
	if (ret->pid == 0)
		supervise(argv, output, errors, tty, ret, pipes[1]);
	r = ret->pid < 0 ? -errno : 0;
	close(pipes[1]);
	ret->result = pipes[0];
	if (r == 0)
		r = read_result(ret, &started);
	r = r < 0 ? r : started;
	if (tty)
		signal(SIGTSTP, stop);
	if (r < 0) {
		close(ret->result);
		if (ret->pid > 0)
			waitpid(ret->pid, NULL, 0);
	}
	return r;
}

/* Starts it, with its output in a pipe, and errors too if asked.  Returns 0, or -errno. */
static int start(const char *const argv[], bool errors, struct program *ret)
{
	_cleanup_close_ int tty = open_foreground(), from = -1, to = -1;
	sigset_t held = held_signals();
	int pipes[2], r;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	from = pipes[0];
	to = pipes[1];
	ret->output = from;
	r = start_supervised(argv, to, errors, tty >= 0, ret);
	if (r < 0)
		return r;
	ret->tty = TAKE_FD(tty);
	if (ret->tty >= 0)
		give_terminal(ret);
	TAKE_FD(from);
	ret->process = (int)syscall(SYS_pidfd_open, ret->pid, 0);
	ret->signals = signalfd(-1, &held, SFD_CLOEXEC);
	return 0;
}

/* Takes the terminal back and waits.  Returns as run_program(). */
static int end(struct program *program)
{
	int status, signal, r;

	close_fd(&program->output);
	close_fd(&program->process);
	close_fd(&program->signals);
	r = read_result(program, &status);
	close_fd(&program->result);
	while (waitpid(program->pid, r < 0 ? &status : NULL, 0) < 0)
		if (errno != EINTR)
			return -errno;
	signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	if (program->tty >= 0) {
		sigset_t held = held_signals();

		take_terminal_back(program);
		/* ^C was for all of this command. */
		if (signal == SIGINT && sigismember(&held, SIGINT))
			raise(SIGINT);
	}
	return signal ? 128 + signal : WEXITSTATUS(status);
}

/* ---- Reading */

/* Ends what runs on behalf of a signal, which stays pending.  What is stopped could not end. */
static void pass_signal(struct program *program)
{
	kill(-program->pid, SIGTERM);
	kill(-program->pid, SIGCONT);
	close_fd(&program->signals);
	program->signals = -1;
}

/* What is printed: all of it, or the line that has begun, with who takes the lines. */
struct printed {
	char *text;
	size_t len;
	bool lost; /* there was no room for more */
	void (*line)(void *data, const char *text);
	void (*tick)(void *data); /* NULL: nobody wants it */
	uint64_t next_tick;
	void *data;
};

/* Calls it when it is time.  Returns when the next one is due. */
static uint64_t tick(struct printed *printed, uint64_t now)
{
	if (printed->next_tick <= now) {
		printed->tick(printed->data);
		printed->next_tick = now + TICK_MS;
	}
	return printed->next_tick;
}

/*
 * Waits for something to read, which may be the end, or until it is time for a tick.  Once the
 * program has ended that is for a moment alone: a daemon that it left behind may hold the pipe for
 * ever.  Returns whether there is something to read.
 */
static bool wait_for_output(
	struct program *program, uint64_t *ends_at, struct printed *printed)
{
	for (;;) {
		struct pollfd fds[] = {{program->output, POLLIN, 0},
			{program->process, POLLIN, 0}, {program->signals, POLLIN, 0}};
		uint64_t now = child_now(), until = *ends_at;

		if (until && until <= now)
			return false;
		if (!until && printed->tick)
			until = tick(printed, now);
		if (poll(fds, ARRAY_SIZE(fds), until ? (int)(until - now) : -1) < 0 &&
			errno != EINTR)
			return false;
		if (fds[2].revents)
			pass_signal(program);
		if (fds[1].revents) {
			*ends_at = child_now() + LINGER_MS;
			close_fd(&program->process);
			program->process = -1;
		}
		if (fds[0].revents)
			return true;
	}
}

static void append(struct printed *printed, const char *more, size_t n)
{
	size_t len = printed->len + n;
	char *grown = len < READ_MAX ? realloc(printed->text, len + 1) : NULL;

	/* It is read to the end all the same: a full pipe would stop the program. */
	printed->lost |= !grown;
	if (!grown)
		return;
	printed->text = grown;
	memcpy(grown + printed->len, more, n);
	printed->len = len;
	grown[len] = '\0';
}

static void end_line(struct printed *printed)
{
	if (printed->text)
		printed->line(printed->data, printed->text);
	printed->len = 0;
}

static void take(struct printed *printed, const char *text, size_t n)
{
	const char *end = text + n, *newline;

	while (printed->line && (newline = memchr(text, '\n', (size_t)(end - text)))) {
		append(printed, text, (size_t)(newline - text));
		end_line(printed);
		text = newline + 1;
	}
	append(printed, text, (size_t)(end - text));
}

static int run(const char *const argv[], bool errors, struct printed *printed)
{
	struct program program = {0};
	uint64_t ends_at = 0; /* by child_now(); 0: it runs */
	char buffer[4096];
	ssize_t n = 1;
	int r = start(argv, errors, &program);

	if (r < 0)
		return r;
	printed->next_tick = child_now() + TICK_MS;
	while (n != 0 && wait_for_output(&program, &ends_at, printed)) {
		n = read(program.output, buffer, sizeof(buffer));
		if (n < 0 && errno != EINTR)
			break;
		if (n > 0)
			take(printed, buffer, (size_t)n);
	}
	if (printed->line && printed->len)
		end_line(printed);
	return end(&program);
}

static void ignore_line(void *data, const char *text)
{
	(void)data;
	(void)text;
}

int run_watched(const char *const argv[], void (*line)(void *data, const char *text),
	void (*tick)(void *data), void *data)
{
	struct printed lines = {
		.line = line ? line : ignore_line, .tick = tick, .data = data};
	int r = run(argv, true, &lines);

	free(lines.text);
	return r;
}

int run_program(
	const char *const argv[], void (*line)(void *data, const char *text), void *data)
{
	return run_watched(argv, line, NULL, data);
}

struct last_line {
	char *text;
	size_t size;
};

static void keep_last_line(void *data, const char *text)
{
	const struct last_line *last = data;

	if (*text)
		snprintf(last->text, last->size, "%s", text);
}

int run_last_line(const char *const argv[], char *ret_last, size_t size)
{
	struct last_line last = {ret_last, size};

	*ret_last = '\0';
	return run_program(argv, keep_last_line, &last);
}

int run_read(const char *const argv[], char **ret)
{
	struct printed all = {0};
	int r = run(argv, false, &all);
	_cleanup_free_ char *text = all.text ? all.text : strdup("");

	if (r < 0)
		return r;
	if (!text || all.lost)
		return -ENOMEM;
	*ret = TAKE_PTR(text);
	return r;
}

/* ---- The environment */

int run_own_path(char *ret, size_t size)
{
	return file_read_own_link(TREE_OWN_PROGRAM, ret, size);
}

void run_extend_path(void)
{
	const char *old = getenv("PATH");
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s%s" SBIN, old ? old : "", old && *old ? ":" : "") >= 0)
		setenv("PATH", path, 1);
	else
		path = NULL;
}

void run_catch_signals(struct run_signals *ret)
{
	struct run_signals before;
	struct sigaction action;
	sigset_t set;

	sigemptyset(&set);
	/* One that is ignored would be pending as soon as it is blocked. */
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (sigaction(signals[i], NULL, &action) == 0 &&
			action.sa_handler != SIG_IGN)
			sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, &before.blocked);
	/* Whoever reads what is said may go away: that ends nothing. */
	before.on_pipe = signal(SIGPIPE, SIG_IGN);
	if (ret)
		*ret = before;
}

void run_let_signals(const struct run_signals *before)
{
	signal(SIGPIPE, before->on_pipe);
	sigprocmask(SIG_SETMASK, &before->blocked, NULL);
}

int run_caught_signal(void)
{
	sigset_t pending, held = held_signals();

	sigpending(&pending);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (sigismember(&held, signals[i]) && sigismember(&pending, signals[i]))
			return signals[i];
	return 0;
}

int run_take_signal(void)
{
	const struct timespec now = {0};
	sigset_t held = held_signals();
	int first = 0, signal;

	while ((signal = sigtimedwait(&held, NULL, &now)) > 0)
		first = first ? first : signal;
	return first;
}
