/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carries a list of steps out, from the first to the last, or undoes it backwards. */
#include "deploy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/base.h"
#include "change/change.h"
#include "imagecheck.h"

#define TAIL_LINES 12

/* A run of the list. */
struct run {
	struct deploy *deploy;
	struct deploy_failure *failure;
	FILE *log;
	char *tail[TAIL_LINES]; /* of what the program prints: a ring */
	size_t n_tail;
};

/* The name, of this machine, of what is below the root. */
struct name {
	char text[PATH_MAX];
};

static struct name name_of(const struct deploy *deploy, const char *path)
{
	struct name name;

	snprintf(name.text, sizeof(name.text), "%s%s", deploy->root->path, path);
	return name;
}

/* Says why a step failed.  Returns @error. */
static int fail(struct run *run, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct run *run, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(run->failure->why, sizeof(run->failure->why), format, args);
	va_end(args);
	return error;
}

static int fail_file(struct run *run, int error, const char *what, const char *path)
{
	return fail(run, error, "cannot %s %s: %s", what, path, strerror(-error));
}

static void clear_tail(struct run *run)
{
	for (size_t i = 0; i < TAIL_LINES; i++)
		free(TAKE_PTR(run->tail[i]));
	run->n_tail = 0;
}

static void take_line(void *data, const char *text)
{
	struct run *run = data;
	char **slot = &run->tail[run->n_tail++ % TAIL_LINES];

	free(*slot);
	*slot = strdup(text);
	if (run->log)
		fprintf(run->log, "%s\n", text);
}

/* Puts the last lines together for the failure. */
static void keep_tail(struct run *run)
{
	size_t first = run->n_tail > TAIL_LINES ? run->n_tail - TAIL_LINES : 0, size;
	FILE *text = open_memstream(&run->failure->output, &size);

	for (size_t i = first; text && i < run->n_tail; i++)
		fprintf(text, "%s\n", run->tail[i % TAIL_LINES] ?: "");
	if (text)
		fclose(text);
	run->failure->logged = run->log;
}

static int run_command(struct run *run, const struct deploy_step *step)
{
	const struct initramfs_command *command = &step->command;
	int r;

	clear_tail(run);
	for (size_t i = 0; run->log && i < command->n; i++)
		fprintf(run->log, "%s%s", i ? " " : "+ ", command->args[i]);
	if (run->log)
		fputc('\n', run->log);
	r = run_program((const char *const *)command->args, take_line, run);
	if (run->log)
		fflush(run->log);
	if (run_caught_signal())
		return -EINTR;
	if (r == -ENOENT)
		return fail(run, r, "%s is not in PATH", command->args[0]);
	if (r < 0)
		return fail(run, r, "%s can't be started: %s", command->args[0],
			strerror(-r));
	if (r == 0)
		return 0;
	keep_tail(run);
	if (r > 128)
		return fail(run, -EIO, "%s was ended by signal %d", command->args[0],
			r - 128);
	return fail(run, -EIO, "%s failed with status %d", command->args[0], r);
}

static int build(struct run *run, struct deploy_step *step)
{
	struct name made = name_of(run->deploy, step->other);
	struct stat st;
	int r = run_command(run, step);

	if (r < 0)
		return r;
	if (stat(made.text, &st) < 0 || st.st_size == 0) {
		keep_tail(run);
		return fail(run, -ENOENT, "%s said it was done, and made no %s",
			step->maker->name, step->other);
	}
	return 0;
}

static int verify(struct run *run, const struct deploy_step *step)
{
	const struct deploy *deploy = run->deploy;
	_cleanup_(imagecheck_free) struct imagecheck check = {0};
	enum image_state state;
	char why[256];
	int r;

	r = imagecheck_read(deploy->root,
		deploy->of == DEPLOY_UNDO ? IMAGECHECK_UNDONE : IMAGECHECK_NOW,
		deploy->protect, &check);
	if (r < 0)
		return fail(run, r, "the configuration can't be read: %s", strerror(-r));
	state = imagecheck_file(
		&check, deploy->root, step->kernel, step->path, why, sizeof(why));
	if (state == IMAGE_FRESH) {
		struct name name = name_of(deploy, step->path);

		r = filestep_sync(name.text);
		return r < 0 ? fail_file(run, r, "sync", step->path) : 0;
	}
	keep_tail(run);
	return fail(
		run, -EBADMSG, "the new image of %s is not good: %s", step->kernel, why);
}

static int write_text(struct run *run, struct deploy_step *step)
{
	int r = hostfile_read(run->deploy->root, step->path, &step->old, &step->old_size);

	if (r < 0 && r != -ENOENT)
		return fail_file(run, r, "read", step->path);
	r = atomicfile_write_below(
		run->deploy->root, step->path, step->text, strlen(step->text));
	return r < 0 ? fail_file(run, r, "write", step->path) : 0;
}

static int remove_text(struct run *run, struct deploy_step *step)
{
	int r = hostfile_read(run->deploy->root, step->path, &step->old, &step->old_size);

	if (r == 0)
		r = atomicfile_remove_below(run->deploy->root, step->path);
	return r < 0 ? fail_file(run, r, "remove", step->path) : 0;
}

static int keep(struct run *run, const struct deploy_step *step)
{
	struct name path = name_of(run->deploy, step->path);
	struct name kept = name_of(run->deploy, step->other);
	int r = filestep_keep(path.text, kept.text);

	return r < 0 ? fail_file(run, r, "keep a copy of", step->path) : 0;
}

static int carry_out(struct run *run, struct deploy_step *step)
{
	struct name path = name_of(run->deploy, step->path);
	struct name other = name_of(run->deploy, step->other ? step->other : "");
	int r = 0;

	switch (step->kind) {
	case DEPLOY_PUT_BACK: r = filestep_put_back(path.text, other.text); break;
	case DEPLOY_CLEAR:
	case DEPLOY_DROP: r = filestep_remove(path.text); break;
	case DEPLOY_WRITE: return write_text(run, step);
	case DEPLOY_REMOVE: return remove_text(run, step);
	case DEPLOY_MOVE: r = filestep_move(path.text, other.text); break;
	case DEPLOY_KEEP: return keep(run, step);
	case DEPLOY_BUILD: return build(run, step);
	case DEPLOY_COPY: r = filestep_copy(path.text, other.text); break;
	case DEPLOY_VERIFY: return verify(run, step);
	case DEPLOY_REPLACE: r = filestep_replace(path.text, other.text); break;
	case DEPLOY_RUN: return run_command(run, step);
	case DEPLOY_TIDY: rmdir(path.text); break;
	case DEPLOY_KINDS: break;
	}
	if (r < 0)
		return fail(run, r, "%s: %s", step->path, strerror(-r));
	return 0;
}

/* Writes again what was there before a step. */
static int restore_text(const struct deploy *deploy, const struct deploy_step *step)
{
	struct name path = name_of(deploy, step->path);

	if (!step->done)
		return 0;
	if (!step->old)
		return filestep_remove(path.text);
	return atomicfile_write_below(
		deploy->root, step->path, step->old, step->old_size);
}

/* Removes what the generator has made: beside the image, or the image where there was none. */
static int undo_build(const struct deploy *deploy, const struct deploy_step *step)
{
	struct name made = name_of(deploy, step->other);
	const char *const *end = step->maker->leavings;

	for (; end && *end; end++) {
		struct name left = made;
		size_t len = strlen(left.text);

		snprintf(left.text + len, sizeof(left.text) - len, "%s", *end);
		filestep_remove(left.text);
	}
	if (step->fresh || strcmp(step->path, step->other) != 0)
		return filestep_remove(made.text);
	return 0;
}

/* Undoes one step, which may have been carried out in part.  Returns 0, or -errno. */
static int undo_step(const struct deploy *deploy, const struct deploy_step *step)
{
	struct name path = name_of(deploy, step->path);
	struct name other = name_of(deploy, step->other ? step->other : "");

	switch (step->kind) {
	case DEPLOY_WRITE:
	case DEPLOY_REMOVE: return restore_text(deploy, step);
	case DEPLOY_MOVE: return step->done ? filestep_move(other.text, path.text) : 0;
	case DEPLOY_KEEP:
		return step->done ? filestep_put_back(other.text, path.text)
				  : filestep_remove(other.text);
	case DEPLOY_BUILD: return undo_build(deploy, step);
	case DEPLOY_COPY: return filestep_remove(other.text);
	case DEPLOY_REPLACE: return step->fresh ? filestep_remove(other.text) : 0;
	default: return 0;
	}
}

/* Undoes the first @n steps, the last of them first, and goes on whatever fails. */
static void undo(struct run *run, size_t n)
{
	char *text = run->failure->undo;

	while (n--) {
		struct deploy_step *step = &run->deploy->steps[n];
		size_t len = strlen(text);
		int r = undo_step(run->deploy, step);

		if (r < 0)
			snprintf(text + len, sizeof(run->failure->undo) - len, "%s%s: %s",
				len ? "; " : "", step->path, strerror(-r));
	}
}

/* The log of this run, in place of that of the last one.  NULL: it goes without. */
static FILE *open_log(const struct sysfs_root *root)
{
	int fd;
	FILE *log;

	if (atomicfile_write_below(root, DEPLOY_LOG, "", 0) < 0)
		return NULL;
	fd = sysfs_root_open_file(root, DEPLOY_LOG, O_WRONLY | O_NOFOLLOW);
	if (fd < 0)
		return NULL;
	log = fdopen(fd, "w");
	if (!log)
		close(fd);
	return log;
}

static unsigned seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned)now.tv_sec;
}

static int run_step(
	struct run *run, struct deploy_step *step, const struct deploy_watcher *watcher)
{
	unsigned start = seconds();
	int r;

	if (watcher && watcher->begin)
		watcher->begin(watcher->data, run->deploy, step);
	r = carry_out(run, step);
	step->done = r == 0;
	if (watcher && watcher->end)
		watcher->end(watcher->data, run->deploy, step, r, seconds() - start);
	return r;
}

/* From the first DROP on all is done, and what can't be removed is no failure. */
static int run_steps(struct run *run, const struct deploy_watcher *watcher)
{
	struct deploy *deploy = run->deploy;

	for (size_t i = 0; i < deploy->n; i++) {
		struct deploy_step *step = &deploy->steps[i];
		int r = 0;

		bool last = step->kind == DEPLOY_DROP || step->kind == DEPLOY_TIDY;

		if (!last && run_caught_signal())
			r = -EINTR;
		r = r < 0 ? r : run_step(run, step, watcher);
		if (r == 0 || last)
			continue;
		undo(run, i + 1);
		return r;
	}
	return 0;
}

int deploy_run(struct deploy *deploy, const struct deploy_watcher *watcher,
	struct deploy_failure *ret)
{
	struct run run = {.deploy = deploy, .failure = ret};
	int r;

	*ret = (struct deploy_failure){0};
	run.log = open_log(deploy->root);
	r = run_steps(&run, watcher);
	if (r == -EINTR)
		snprintf(ret->why, sizeof(ret->why), "it was interrupted (%s)",
			strsignal(run_caught_signal()));
	clear_tail(&run);
	if (run.log)
		fclose(run.log);
	return r;
}

void deploy_free_failure(struct deploy_failure *failure)
{
	free(TAKE_PTR(failure->output));
}
