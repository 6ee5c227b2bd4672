/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts programs by posix_spawn(3), each in a process group of its own: a signal for us
 * then reaches all that a generator's shell has started, and reaches it once.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

#include "../core/util.h"
#include "hosttree.h"

#define READ_MAX (64 << 20) /* bytes that run_read() takes */

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

/* Runs it, with a stream of what it prints for @read. */
static int run_with(const char *const argv[], bool errors,
	void (*read)(void *data, FILE *output), void *data)
{
	int pipes[2], r;
	FILE *output;
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
	output = fdopen(pipes[0], "r");
	if (output) {
		read(data, output);
		fclose(output);
	} else {
		close(pipes[0]);
	}
	r = wait_for(pid);
	group = 0;
	return r;
}

struct lines {
	void (*line)(void *data, const char *text);
	void *data;
};

static void read_lines(void *data, FILE *output)
{
	const struct lines *lines = data;
	_cleanup_free_ char *text = NULL;
	size_t size = 0;

	while (getline(&text, &size, output) >= 0) {
		text[strcspn(text, "\n")] = '\0';
		if (lines->line)
			lines->line(lines->data, text);
	}
}

int run_program(
	const char *const argv[], void (*line)(void *data, const char *text), void *data)
{
	struct lines lines = {line, data};

	return run_with(argv, true, read_lines, &lines);
}

struct whole {
	char *text;
	size_t len;
	bool too_much;
};

static void read_whole(void *data, FILE *output)
{
	struct whole *whole = data;
	char buffer[4096];
	size_t n;

	while ((n = fread(buffer, 1, sizeof(buffer), output)) > 0) {
		char *more = whole->len + n < READ_MAX
			? realloc(whole->text, whole->len + n + 1)
			: NULL;

		/* It is read to the end all the same: a full pipe would stop it. */
		whole->too_much |= !more;
		if (whole->too_much)
			continue;
		memcpy(more + whole->len, buffer, n);
		whole->text = more;
		whole->len += n;
	}
}

int run_read(const char *const argv[], char **ret)
{
	_cleanup_free_ char *text = NULL;
	struct whole whole = {0};
	int r = run_with(argv, false, read_whole, &whole);

	text = whole.text ? whole.text : strdup("");
	if (r < 0)
		return r;
	if (!text || whole.too_much)
		return -ENOMEM;
	text[whole.len] = '\0';
	*ret = TAKE_PTR(text);
	return r;
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
