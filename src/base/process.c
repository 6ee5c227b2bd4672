/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts programs by posix_spawn(3), each in a process group of its own: a signal for us
 * then reaches all that a generator's shell has started, and reaches it once.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "tree.h"
#include "util.h"

#define READ_MAX (64 << 20) /* bytes of one output, or one line, that are taken */
/* A login shell of a plain user may lack these, and generators call what is there. */
#define SBIN "/usr/local/sbin:/usr/sbin:/sbin"

#define LINGER_MS 1000 /* for what comes behind the end of a program */

extern char **environ;

static volatile sig_atomic_t caught;
static volatile sig_atomic_t group; /* of the program that runs; 0: none */

static void note_signal(int signal)
{
	int saved = errno;

	if (!caught)
		caught = signal;
	if (group > 0)
		kill(-group, SIGTERM);
	errno = saved;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	r = posix_spawnattr_setflags(attributes,
		POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	r = r ? r : posix_spawnattr_setpgroup(attributes, 0);
	r = r ? r : posix_spawnattr_setsigmask(attributes, &none);
	return r ? r : posix_spawnattr_setsigdefault(attributes, &all);
}

/* Starts it, with its output going to @out, and errors too if asked.  Returns 0, or -errno. */
static int start(const char *const argv[], int out, bool errors, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r;

	r = posix_spawn_file_actions_init(&actions);
	if (r)
		return -r;
	r = posix_spawnattr_init(&attributes);
	if (r) {
		posix_spawn_file_actions_destroy(&actions);
		return -r;
	}
	r = set_attributes(&attributes);
	r = r ? r : posix_spawn_file_actions_addopen(&actions, 0, TREE_NULL, O_RDONLY, 0);
	r = r ? r : posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (errors)
		r = r ? r : posix_spawn_file_actions_adddup2(&actions, out, 2);
	/* posix_spawn() has no const, and changes nothing. */
	r = r ? r
	      : posix_spawnp(ret, argv[0], &actions, &attributes, (char *const *)argv,
			environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The pipe that a program prints to. */
struct output {
	int fd, process; /* the latter of pidfd_open(2), or -1 */
	int64_t ends_at; /* by now_ms(); 0: the program runs */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/*
 * Waits for something to read, which may be the end.  Once the program has ended that is for
 * a moment alone: a daemon that it left behind may hold the pipe for ever.
 */
static bool wait_for_output(struct output *output)
{
	for (;;) {
		struct pollfd fds[] = {
			{output->fd, POLLIN, 0}, {output->process, POLLIN, 0}};
		int64_t left = output->ends_at ? output->ends_at - now_ms() : -1;
		int n;

		if (output->ends_at && left <= 0)
			return false;
		n = poll(fds, output->ends_at ? 1 : 2, (int)left);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0 && fds[0].revents)
			return true;
		if (n > 0)
			output->ends_at = now_ms() + LINGER_MS;
	}
}

/* Who takes what is printed, piece by piece. */
typedef void take_fn(void *data, const char *text, size_t n);

static void take_output(struct output *output, take_fn *take, void *data)
{
	char buffer[4096];
	ssize_t n;

	while (wait_for_output(output)) {
		n = read(output->fd, buffer, sizeof(buffer));
		if (n == 0 || (n < 0 && errno != EINTR))
			return;
		if (n > 0)
			take(data, buffer, (size_t)n);
	}
}

/* Runs it, and gives @take what it prints. */
static int run_with(const char *const argv[], bool errors, take_fn *take, void *data)
{
	struct output output = {.process = -1};
	int pipes[2], r;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	r = start(argv, pipes[1], errors, &pid);
	close(pipes[1]);
	if (r < 0) {
		close(pipes[0]);
		return r;
	}
	group = pid;
	if (caught) /* between two programs */
		kill(-pid, SIGTERM);
	output.fd = pipes[0];
	output.process = (int)syscall(SYS_pidfd_open, pid, 0);
	take_output(&output, take, data);
	close(output.fd);
	if (output.process >= 0)
		close(output.process);
	r = wait_for(pid);
	group = 0;
	return r;
}

/* Text that grows; @lost when there is no room for more. */
struct text {
	char *text;
	size_t len;
	bool lost;
};

static void append(struct text *text, const char *more, size_t n)
{
	char *grown =
		text->len + n < READ_MAX ? realloc(text->text, text->len + n + 1) : NULL;

	/* It is read to the end all the same: a full pipe would stop the program. */
	text->lost |= !grown;
	if (!grown)
		return;
	text->text = grown;
	memcpy(grown + text->len, more, n);
	text->len += n;
	grown[text->len] = '\0';
}

struct lines {
	void (*line)(void *data, const char *text);
	void *data;
	struct text begun; /* a line whose end is still to come */
};

static void end_line(struct lines *lines)
{
	if (lines->line && lines->begun.text)
		lines->line(lines->data, lines->begun.text);
	free(lines->begun.text);
	lines->begun = (struct text){0};
}

static void take_lines(void *data, const char *text, size_t n)
{
	struct lines *lines = data;
	const char *end = text + n, *newline;

	for (; (newline = memchr(text, '\n', (size_t)(end - text))); text = newline + 1) {
		append(&lines->begun, text, (size_t)(newline - text));
		end_line(lines);
	}
	append(&lines->begun, text, (size_t)(end - text));
}

int run_program(
	const char *const argv[], void (*line)(void *data, const char *text), void *data)
{
	struct lines lines = {.line = line, .data = data};
	int r = run_with(argv, true, take_lines, &lines);

	if (lines.begun.len)
		end_line(&lines);
	free(lines.begun.text);
	return r;
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

static void take_text(void *data, const char *text, size_t n)
{
	append(data, text, n);
}

int run_read(const char *const argv[], char **ret)
{
	_cleanup_free_ char *text = NULL;
	struct text whole = {0};
	int r = run_with(argv, false, take_text, &whole);

	text = whole.text ? whole.text : strdup("");
	if (r < 0)
		return r;
	if (!text || whole.lost)
		return -ENOMEM;
	*ret = TAKE_PTR(text);
	return r;
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

void run_catch_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	/* Reading goes on: the program ends of the signal, and its output with it. */
	struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
	/* Whoever reads what is said may go away: that ends nothing. */
	signal(SIGPIPE, SIG_IGN);
}

int run_caught_signal(void)
{
	return caught;
}
