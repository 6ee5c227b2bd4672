/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps that take everything of us away, and lose nothing that somebody wrote. */
#include <errno.h>
#include <stdio.h>

#include "base/base.h"
#include "decide/decide.h"
#include "deployplan.h"

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

static bool is_link(const struct sysfs_root *root, const char *path)
{
	char target[1];
	int r = sysfs_root_read_link(root, path, target, sizeof(target));

	return r == 0 || r == -ENAMETOOLONG;
}

/* Whether the name is taken, if only by a link that leads to nothing. */
static bool is_there(const struct sysfs_root *root, const char *path)
{
	return is_link(root, path) || hostfile_exists(root, "%s", path);
}

/* Moves it to a name that is free: an earlier undo may have left one. */
static int add_move(struct deploy *deploy, const char *path)
{
	for (unsigned i = 0; i < 1000; i++) {
		_cleanup_free_ char *to = NULL;

		if (asprintf(&to, i ? "%s%s.%u" : "%s%s", DEPLOY_UNDONE, path, i) < 0)
			return -ENOMEM;
		if (is_there(deploy->root, to))
			continue;
		return deployplan_add(deploy, DEPLOY_MOVE, NULL, path, to) ? 0 : -ENOMEM;
	}
	return -EEXIST;
}

/* Removes what is ours, and moves what is somebody's, as every link is. */
static int add_away(struct deploy *deploy, const char *path, bool ours)
{
	if (!ours || is_link(deploy->root, path))
		return add_move(deploy, path);
	return deployplan_add(deploy, DEPLOY_REMOVE, NULL, path, NULL) ? 0 : -ENOMEM;
}

static int add_main(struct deploy *deploy)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r;

	if (!is_there(deploy->root, CONFIGFILES_MAIN))
		return 0;
	r = hostfile_read(deploy->root, CONFIGFILES_MAIN, &text, &size);
	return add_away(deploy, CONFIGFILES_MAIN, r == 0 && is_comment_only(text, size));
}

/* All of them: what is no drop-in by its name is somebody's, too, but says nothing to us. */
static int add_dropins(struct deploy *deploy)
{
	_cleanup_(hostfile_free_names) struct hostfile_names names = {0};
	int r = hostfile_list(deploy->root, CONFIGFILES_LOCAL_DIR, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_free_ char *path = NULL;

		if (!configfiles_is_dropin(names.names[i]))
			continue;
		if (asprintf(&path, "%s/%s", CONFIGFILES_LOCAL_DIR, names.names[i]) < 0)
			return -ENOMEM;
		r = add_away(deploy, path, dropin_is_ours(deploy->root, path) == 1);
	}
	return r;
}

int deploy_plan_undo(
	const struct sysfs_root *root, struct images *images, struct deploy *ret)
{
	struct deploy deploy = {.root = root, .of = DEPLOY_UNDO, .images = images};
	int r = deployplan_add_leftovers(&deploy);

	r = r < 0 ? r : add_dropins(&deploy);
	r = r < 0 ? r : add_main(&deploy);
	if (r == 0 && is_there(root, CONFIGFILES_PROTECT))
		r = add_away(&deploy, CONFIGFILES_PROTECT, true);
	r = r < 0 ? r : deployplan_add_images(&deploy);
	if (r == 0 && hostfile_exists(root, CONFIGFILES_LOCAL_DIR))
		r = deployplan_add(
			    &deploy, DEPLOY_TIDY, NULL, CONFIGFILES_LOCAL_DIR, NULL)
			? 0
			: -ENOMEM;
	if (r < 0)
		deploy_free(&deploy);
	else
		*ret = deploy;
	return r;
}
