/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps of `vfioboot undo`: they remove all that vfioboot has made, and nothing that a person
 * wrote.
 */
#include "apply.h"

#include "base/base.h"
#include "decide/decide.h"
#include "facts/facts.h"

/* Whether there is nothing in it but comments and blank lines. */
static bool is_comment_only(const char *text, size_t size)
{
	if (strlen(text) != size)
		return false;
	while (*text) {
		text += strspn(text, " \t\r\n");
		if (*text && *text != '#' && *text != ';')
			return false;
		text += strcspn(text, "\n");
	}
	return true;
}

/* Whether the name is taken, if only by a link that leads to nothing. */
static bool is_there(const struct root *root, const char *path)
{
	return file_is_link(root, path) || file_exists(root, "%s", path);
}

/* Moves it to a name that is free: an earlier undo may have left one. */
static int add_move(struct apply *apply, const char *path)
{
	for (unsigned i = 0; i < 1000; i++) {
		_cleanup_free_ char *to = NULL;

		if (asprintf(&to, i ? "%s%s.%u" : "%s%s", UNDO_ARCHIVE, path, i) < 0)
			return -ENOMEM;
		if (is_there(apply->change.root, to))
			continue;
		return change_add(&apply->change, &change_move, path, to) ? 0 : -ENOMEM;
	}
	return -EEXIST;
}

/* Removes what is ours, and moves what is somebody's, as every link is. */
static int add_away(struct apply *apply, const char *path, bool ours)
{
	if (!ours || file_is_link(apply->change.root, path))
		return add_move(apply, path);
	return change_add(&apply->change, &change_remove, path, NULL) ? 0 : -ENOMEM;
}

static int add_main(struct apply *apply)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r;

	if (!is_there(apply->change.root, CONFIGFILES_MAIN))
		return 0;
	r = file_read(apply->change.root, CONFIGFILES_MAIN, &text, &size);
	return add_away(apply, CONFIGFILES_MAIN, r == 0 && is_comment_only(text, size));
}

/* All of them: what is no drop-in by its name is somebody's, too, but says nothing to us. */
static int add_dropins(struct apply *apply)
{
	_cleanup_(file_free_names) struct file_names paths = {0};
	const struct root *root = apply->change.root;
	int r = file_list_paths(
		root, CONFIGFILES_LOCAL_DIR, "*.conf", FNM_PERIOD, &paths);

	for (size_t i = 0; r == 0 && i < paths.n; i++)
		r = add_away(
			apply, paths.names[i], dropin_is_ours(root, paths.names[i]) == 1);
	return r;
}

/* What setup wrote for GVT-g, as it wrote it: else it is somebody's, and stays. */
static int add_gvt(struct apply *apply)
{
	_cleanup_free_ char *text = NULL;
	int r = file_read(apply->change.root, GVT_FILE, &text, NULL);

	if (r < 0 || strcmp(text, gvt_file_text) != 0)
		return r == -ENOMEM ? r : 0;
	return change_add(&apply->change, &change_remove, GVT_FILE, NULL) ? 0 : -ENOMEM;
}

/* ---- what `check --fix` has removed ------------------------------------------------------ */

/* Whether the file is there as it was left, and not as a person has written it since. */
static int is_left_over(const struct root *root, const char *kept, const char *path)
{
	_cleanup_free_ char *now = NULL, *was = NULL;
	int r = file_read(root, path, &now, NULL);

	r = r < 0 ? r : file_read(root, kept, &was, NULL);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	return !file_is_link(root, path) && leftovers_is_commented(now, was);
}

static int add_restore(struct apply *apply, const char *kept, const char *path, bool over,
	struct file_names *done)
{
	const struct root *root = apply->change.root;
	bool there = is_there(root, path);
	size_t before = done->n;
	int r;

	if (there != over)
		return 0;
	r = there ? is_left_over(root, kept, path) : 1;
	if (r <= 0)
		return r;
	r = file_add_name(done, path);
	if (r < 0 || done->n == before)
		return r;
	if (there && !change_add(&apply->change, &change_remove, path, NULL))
		return -ENOMEM;
	return change_add(&apply->change, &change_move, kept, path) ? 0 : -ENOMEM;
}

/* All files below @archive/@path, each to its place, but for those that are done. */
static int add_restores(struct apply *apply, const char *archive, const char *path,
	bool over, struct file_names *done)
{
	const struct root *root = apply->change.root;
	_cleanup_free_ char *directory = NULL;
	_cleanup_(file_free_names) struct file_names names = {0};
	int r = asprintf(&directory, "%s%s", archive, path) < 0
		? -ENOMEM
		: file_list(root, directory, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_free_ char *kept = NULL, *to = NULL;

		if (asprintf(&kept, "%s/%s", directory, names.names[i]) < 0 ||
			asprintf(&to, "%s/%s", path, names.names[i]) < 0)
			return -ENOMEM;
		r = file_exists(root, "%s/.", kept)
			? add_restores(apply, archive, to, over, done)
			: add_restore(apply, kept, to, over, done);
	}
	return r;
}

/*
 * Each run kept what earlier ones had left: of a file that is still there, the first has it as it
 * was before all of them; of one that is gone, the last has what was removed.
 */
static int add_all_restores(struct apply *apply)
{
	_cleanup_(file_free_names) struct file_names runs = {0}, done = {0};
	int r = file_list(apply->change.root, LEFTOVERS_ARCHIVE, &runs);

	for (size_t i = 0; r == 0 && i < 2 * runs.n; i++) {
		bool over = i < runs.n;
		const char *run = runs.names[over ? i : 2 * runs.n - 1 - i];
		_cleanup_free_ char *archive = NULL;

		if (asprintf(&archive, "%s/%s", LEFTOVERS_ARCHIVE, run) < 0)
			return -ENOMEM;
		r = add_restores(apply, archive, "", over, &done);
	}
	return r;
}

int undo_steps(const struct root *root, struct chain *chain, struct apply *ret)
{
	struct apply apply;
	int r = apply_begin(root, IMAGECHECK_UNDONE, NULL, chain, &apply);

	r = r < 0 ? r : apply_add_leftovers(&apply);
	r = r < 0 ? r : add_dropins(&apply);
	r = r < 0 ? r : add_main(&apply);
	if (r == 0 && is_there(root, CONFIGFILES_PROTECT))
		r = add_away(&apply, CONFIGFILES_PROTECT, true);
	r = r < 0 ? r : add_gvt(&apply);
	r = r < 0 ? r : add_all_restores(&apply);
	r = r < 0 ? r : apply_add_images(&apply);
	if (r == 0 && file_exists(root, CONFIGFILES_LOCAL_DIR) &&
		!change_add(&apply.change, &change_rmdir, CONFIGFILES_LOCAL_DIR, NULL))
		r = -ENOMEM;
	if (r < 0)
		apply_free(&apply);
	else
		*ret = apply;
	return r;
}
