/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs `vfioboot bind` and `vfioboot release`.  A hand-over holds signals back, waits for children,
 * and may end the session that it was asked for in: all of that is a process' own, and no library's.
 */
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "context.h"
#include "paths.h"
#include "points.h"

/* Before each line on standard error: the program and its command. */
#define NAME "vfioboot "

/* What is run, and what it says. */
struct run {
	struct vfioboot_ctx *ctx;
	const char **argv;
	int out, err; /* files in memory */
};

/* A file in memory.  Its number is none of those that the program gets it as: the caller may have closed them. */
static int open_memory(const char *name)
{
	_cleanup_close_ int fd = memfd_create(name, MFD_CLOEXEC);
	int r = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	return r < 0 ? -errno : r;
}

int vfioboot_set_program(struct vfioboot_ctx *ctx, const char *path)
{
	char *copy;

	if (*path != '/')
		return message_set(context_failure(ctx), -EINVAL,
			"'%s' is not an absolute path", path);
	copy = strdup(path);
	if (!copy)
		return context_errno(ctx, -ENOMEM);
	free(ctx->program);
	ctx->program = copy;
	return 0;
}

static const char *program_of(const struct vfioboot_ctx *ctx)
{
	return ctx->program ? ctx->program : PATHS_PROGRAM;
}

/* Starts it with the signals, and the files, of a program that a shell starts.  0 or -errno. */
static int start(const struct run *run, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	r = posix_spawn_file_actions_addopen(
		&files, STDIN_FILENO, TREE_NULL, O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&files, run->out, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&files, run->err, STDERR_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(
		&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = posix_spawn(ret, run->argv[0], &files, &attributes,
			(char *const *)run->argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return -r;
}

/* Runs it to its end.  Returns its exit status; -EINTR: a signal ended it; or another -errno. */
static int run_to_end(const struct run *run)
{
	pid_t pid, done;
	int status, r = start(run, &pid);

	if (r < 0)
		return r;
	do
		done = waitpid(pid, &status, 0);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

/* All that was written to the file in memory, for free(); NULL without memory. */
static char *read_all(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = size < 0 ? NULL : malloc((size_t)size + 1);
	ssize_t n = text ? pread(fd, text, (size_t)size, 0) : -1;

	if (n < 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	return text;
}

/* ---- what it says ---- */

static const char *text_of(struct json_object *object, const char *key)
{
	const char *text = json_object_get_string(json_object_object_get(object, key));

	return text ? text : "";
}

/* A line of its answer (schema/1/steps.json); that a step begins is said again when it has ended. */
static int add_line(struct vfioboot_points *points, struct json_object *object)
{
	static const struct {
		const char *state, *code;
		enum vfioboot_level level;
	} kinds[] = {
		{"planned", "planned", VFIOBOOT_NOTE},
		{"done", "done", VFIOBOOT_PASS},
		{"failed", "failed", VFIOBOOT_FAIL},
		{"interrupted", "failed", VFIOBOOT_FAIL},
		{"note", "note", VFIOBOOT_NOTE},
	};
	const char *state = text_of(object, "state");

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].state, state) == 0)
			return points_add(points, kinds[i].level, kinds[i].code, "",
				text_of(object, "text"), text_of(object, "why"));
	return 0;
}

static int add_lines(struct vfioboot_points *points, char *text)
{
	char *line;
	int r = 0;

	while (r == 0 && (line = strsep(&text, "\n"))) {
		struct json_object *object = *line ? json_tokener_parse(line) : NULL;

		if (object)
			r = add_line(points, object);
		json_object_put(object);
	}
	return r;
}

/* Gives warnings to who wants them, and keeps what is wrong, with the lines below it. */
static void hear_errors(struct vfioboot_ctx *ctx, const char *command, char *text,
	struct message *failure)
{
	static const char warning[] = "warning: ";
	size_t len = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		bool own = text_begins_with(line, NAME) &&
			text_begins_with(line + strlen(NAME), command);

		if (own)
			line += strlen(NAME) + strlen(command) + strlen(": ");
		if (own && text_begins_with(line, warning))
			context_warn(ctx, "%s", line + strlen(warning));
		else if (*line)
			len += text_join(failure->text + len, sizeof(failure->text) - len,
				len ? "\n" : "", line, NULL);
	}
}

/* What the end of the program means. */
static int judge(const struct run *run, const char *command, int status, char *errors)
{
	struct message failure = {0};

	hear_errors(run->ctx, command, errors, &failure);
	if (status == 0)
		return 0;
	if (status < 0 && !*failure.text)
		return message_errno(
			context_failure(run->ctx), status, "cannot run %s", run->argv[0]);
	failure.code = status < 0 ? status : status == 2 ? -EINVAL : -ECANCELED;
	if (!*failure.text)
		message_set(&failure, failure.code, "%s %s exited with status %d",
			run->argv[0], command, status);
	return context_fail(run->ctx, &failure);
}

/* ---- what is asked for ---- */

/* Room for all options, the names and a NULL. */
#define ARGUMENTS 16

static size_t put_options(const char **argv, const char *command, unsigned flags,
	const char *wait, const char *directory)
{
	bool bind = strcmp(command, "bind") == 0;
	size_t n = 0;

	argv[n++] = command;
	argv[n++] = "--json";
	argv[n++] = "--wait";
	argv[n++] = wait;
	if (directory) {
		argv[n++] = "--root";
		argv[n++] = directory;
	}
	if (flags & VFIOBOOT_DRY_RUN)
		argv[n++] = "--dry-run";
	if (bind && (flags & VFIOBOOT_STOP_SESSION))
		argv[n++] = "--stop-session";
	if (bind && (flags & VFIOBOOT_LAST_DISPLAY))
		argv[n++] = "--allow-last-display";
	if (bind && (flags & VFIOBOOT_NAMED_ONLY))
		argv[n++] = "--only";
	argv[n++] = "--";
	return n;
}

/* Runs what is in @run, and hears what it says, in @points. */
static int ask(const struct run *run, const char *command, struct vfioboot_points *points)
{
	int status = run_to_end(run), r;
	_cleanup_free_ char *out = read_all(run->out), *errors = read_all(run->err);

	if (!out || !errors)
		return context_errno(run->ctx, -ENOMEM);
	r = judge(run, command, status, errors);
	if (status < 0)
		return r;
	return add_lines(points, out) < 0 ? context_errno(run->ctx, -ENOMEM) : r;
}

static void close_run(struct run *run)
{
	close_fd(&run->out);
	close_fd(&run->err);
	free(run->argv);
}

static int hand_over(struct vfioboot_ctx *ctx, const char *command,
	const char *const *names, size_t n, unsigned flags, unsigned wait_s,
	struct vfioboot_points *points)
{
	_cleanup_(close_run) struct run run = {.ctx = ctx,
		.argv = calloc(ARGUMENTS + n, sizeof(*run.argv)),
		.out = open_memory("out"),
		.err = open_memory("errors")};
	char wait[16];
	size_t at;

	if (flags &
		~(unsigned)(VFIOBOOT_DRY_RUN | VFIOBOOT_STOP_SESSION |
			VFIOBOOT_LAST_DISPLAY | VFIOBOOT_NAMED_ONLY))
		return message_set(
			context_failure(ctx), -EINVAL, "unknown flags %#x", flags);
	if (!run.argv || run.out < 0 || run.err < 0)
		return context_errno(ctx,
			!run.argv             ? -ENOMEM
				: run.out < 0 ? run.out
					      : run.err);
	snprintf(wait, sizeof(wait), "%u", wait_s);
	run.argv[0] = program_of(ctx);
	at = 1 + put_options(run.argv + 1, command, flags, wait, ctx->directory);
	memcpy(run.argv + at, names, n * sizeof(*names));
	return ask(&run, command, points);
}

/* The same, with the points for the caller. */
static int answer(struct vfioboot_ctx *ctx, const char *command, const char *const *names,
	size_t n, unsigned flags, unsigned wait_s, struct vfioboot_points **ret_points)
{
	struct vfioboot_points points = {0};
	int r = hand_over(ctx, command, names, n, flags, wait_s, &points);

	if (ret_points && (r == 0 || r == -ECANCELED) &&
		points_hand_over(&points, ret_points) < 0)
		r = context_errno(ctx, -ENOMEM);
	points_clear(&points);
	return r;
}

int vfioboot_bind(struct vfioboot_ctx *ctx, const char *const *names, size_t n,
	unsigned flags, unsigned wait_s, struct vfioboot_points **ret_points)
{
	return answer(ctx, "bind", names, n, flags, wait_s, ret_points);
}

int vfioboot_release(struct vfioboot_ctx *ctx, const char *const *names, size_t n,
	unsigned flags, unsigned wait_s, struct vfioboot_points **ret_points)
{
	return answer(ctx, "release", names, n, flags, wait_s, ret_points);
}
