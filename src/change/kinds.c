/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of steps: what each does, and how it is undone. */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/base.h"
#include "change.h"

/* What has come of it: 0; or -errno, and then it is said. */
static int result(
	int r, const char *what, const struct change_step *step, struct message *message)
{
	return r < 0 ? message_errno(message, r, "cannot %s %s", what, step->path) : 0;
}

static bool is_there(const struct change *change, const char *path)
{
	_cleanup_close_ int fd = file_open(change->root, path, O_PATH | O_NOFOLLOW);

	return fd >= 0;
}

/* ---- texts: what was there stays open, with all that belongs to it ---------------------- */

/* The file that the step makes, replaces or removes. */
static const char *target_of(const struct change_step *step)
{
	return step->other ? step->other : step->path;
}

static int open_old(const struct change *change, struct change_step *step)
{
	close_fd(&step->old);
	step->old = file_open(
		change->root, target_of(step), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	step->was_there = step->old >= 0;
	/* What writes and removes files refuses these, and says so. */
	return step->was_there || step->old == -ENOENT || step->old == -ELOOP ? 0
									      : step->old;
}

static int run_write(
	const struct change *change, struct change_step *step, struct message *message)
{
	int r = open_old(change, step);

	if (r == 0)
		r = atomicfile_write_mode_below(change->root, step->path, step->text,
			strlen(step->text), step->mode);
	return result(r, "write", step, message);
}

static int run_remove(
	const struct change *change, struct change_step *step, struct message *message)
{
	int r = open_old(change, step);

	if (r == 0)
		r = atomicfile_remove_below(change->root, step->path);
	return result(r, "remove", step, message);
}

static int undo_text(const struct change *change, const struct change_step *step,
	struct message *message)
{
	(void)message;
	if (!step->done)
		return 0;
	return step->was_there
		? atomicfile_restore(change->root, target_of(step), step->old)
		: atomicfile_clear(change->root, target_of(step));
}

const struct change_kind change_write = {
	.text = "write %1", .run = run_write, .undo = undo_text};
const struct change_kind change_remove = {
	.text = "remove %1", .run = run_remove, .undo = undo_text};

/* ---- names ------------------------------------------------------------------------------ */

static int run_move(
	const struct change *change, struct change_step *step, struct message *message)
{
	return result(atomicfile_move(change->root, step->path, step->other), "move",
		step, message);
}

static int undo_move(const struct change *change, const struct change_step *step,
	struct message *message)
{
	(void)message;
	return step->done ? atomicfile_move(change->root, step->other, step->path) : 0;
}

const struct change_kind change_move = {
	.text = "move %1 to %2", .run = run_move, .undo = undo_move};

static int run_keep(
	const struct change *change, struct change_step *step, struct message *message)
{
	return result(atomicfile_keep(change->root, step->path, step->other), "keep",
		step, message);
}

static int undo_keep(const struct change *change, const struct change_step *step,
	struct message *message)
{
	(void)message;
	return step->done ? atomicfile_put_back(change->root, step->other, step->path)
			  : atomicfile_clear(change->root, step->other);
}

const struct change_kind change_keep = {
	.text = "keep %1 as %2", .quiet = true, .run = run_keep, .undo = undo_keep};

static int run_replace(
	const struct change *change, struct change_step *step, struct message *message)
{
	step->was_there = is_there(change, step->other);
	return result(atomicfile_replace(change->root, step->path, step->other), "rename",
		step, message);
}

/* What was there is put back by the step that kept it. */
static int undo_replace(const struct change *change, const struct change_step *step,
	struct message *message)
{
	(void)message;
	return step->done && !step->was_there
		? atomicfile_clear(change->root, step->other)
		: 0;
}

const struct change_kind change_replace = {.text = "rename %1 to %2",
	.quiet = true,
	.run = run_replace,
	.undo = undo_replace};

static int run_copy(
	const struct change *change, struct change_step *step, struct message *message)
{
	int r = open_old(change, step);

	if (r == 0)
		r = atomicfile_copy(change->root, step->path, step->other);
	return result(r, "copy", step, message);
}

const struct change_kind change_copy = {
	.text = "copy %1 to %2", .run = run_copy, .undo = undo_text};

static int run_extend(
	const struct change *change, struct change_step *step, struct message *message)
{
	const struct change_extension *extension = step->data;
	int r = open_old(change, step);

	if (r == 0)
		r = atomicfile_extend(change->root, step->path, extension->keep,
			extension->bytes, extension->size, step->other);
	return result(r, "copy", step, message);
}

const struct change_kind change_extend = {
	.text = "copy %1 to %2 and extend it", .run = run_extend, .undo = undo_text};

/* ---- programs --------------------------------------------------------------------------- */

int change_run_args(
	const struct change *change, struct change_step *step, struct message *message)
{
	return change_run_program(change, (const char *const *)step->args, message);
}

const struct change_kind change_program = {.run = change_run_args};

static int run_build(
	const struct change *change, struct change_step *step, struct message *message)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	step->was_there = is_there(change, step->path);
	r = change_run_args(change, step, message);
	if (r < 0)
		return r;
	fd = file_open(change->root, step->path, O_PATH);
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0)
		return 0;
	change_show_output(change);
	return message_set(message, -ENOENT, "%s reported success but did not create %s",
		step->args[0], step->path);
}

int change_undo_made(const struct change *change, const struct change_step *step,
	struct message *message)
{
	(void)message;
	return atomicfile_clear(change->root, step->path);
}

/* Also what the program has left beside it when it was ended. */
static int undo_build(const struct change *change, const struct change_step *step,
	struct message *message)
{
	const char *const *end = step->leavings;

	for (; end && *end; end++) {
		_cleanup_free_ char *left = NULL;

		if (asprintf(&left, "%s%s", step->path, *end) < 0)
			return -ENOMEM;
		atomicfile_clear(change->root, left);
	}
	return step->was_there || step->stays ? 0
					      : change_undo_made(change, step, message);
}

const struct change_kind change_build = {.run = run_build, .undo = undo_build};

/* ---- what is not undone ----------------------------------------------------------------- */

static int run_delete(
	const struct change *change, struct change_step *step, struct message *message)
{
	return result(
		atomicfile_clear(change->root, step->path), "delete", step, message);
}

static int run_put_back(
	const struct change *change, struct change_step *step, struct message *message)
{
	return result(atomicfile_put_back(change->root, step->path, step->other),
		"restore", step, message);
}

static int run_rmdir(
	const struct change *change, struct change_step *step, struct message *message)
{
	(void)message;
	return atomicfile_remove_directory(change->root, step->path);
}

int change_run_nothing(
	const struct change *change, struct change_step *step, struct message *message)
{
	(void)change, (void)step, (void)message;
	return 0;
}

const struct change_kind change_delete = {.text = "delete %1", .run = run_delete};
const struct change_kind change_discard = {
	.text = "remove %1", .quiet = true, .final = true, .run = run_delete};
const struct change_kind change_rmdir = {.text = "remove the directory %1 if it is empty",
	.quiet = true,
	.final = true,
	.run = run_rmdir};
const struct change_kind change_spare = {.quiet = true, .run = change_run_nothing};
const struct change_kind change_clear = {
	.text = "remove %1, left by an interrupted run", .run = run_delete};
const struct change_kind change_put_back = {
	.text = "restore %2 from %1, left by an interrupted run", .run = run_put_back};
