/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `vfioboot apply` and `vfioboot undo` do, as a list of steps that is made first and
 * carried out then, so that --dry-run shows what a run does.  All of it happens or nothing:
 * when a step fails, or a signal comes, the steps before it are undone.
 *
 * At every moment the name of an image leads to the old image or to the new one, whole.  The
 * old ones are kept aside, as .vfioboot-kept.NAME, until all new ones were looked into; a
 * new one is .vfioboot-new.NAME until then, if its generator does not replace it by itself.
 */
#ifndef VFIOBOOT_DEPLOY_H
#define VFIOBOOT_DEPLOY_H

#include "base/base.h"
#include "chain/generators/generators.h"
#include "decide/decide.h"
#include "images.h"

enum deploy_kind {
	DEPLOY_PUT_BACK, /* makes @other @path: what was kept by one that was killed */
	DEPLOY_CLEAR,    /* removes @path, which such a one has left */
	DEPLOY_WRITE,    /* writes @text into @path */
	DEPLOY_REMOVE,   /* removes @path, a file of ours */
	DEPLOY_MOVE,     /* moves @path, somebody's file, to @other */
	DEPLOY_KEEP,     /* keeps the image @path as @other */
	DEPLOY_BUILD,    /* runs @command, which makes the image @path in @other */
	DEPLOY_COPY,     /* copies the image @path to @other */
	DEPLOY_VERIFY,   /* looks into the image file @path */
	DEPLOY_REPLACE,  /* renames @path to the image @other */
	DEPLOY_RUN,      /* runs @command, when all images are good */
	DEPLOY_DROP, /* removes @path, the image that was kept; nothing is undone then */
	DEPLOY_TIDY, /* removes the directory @path, if it is empty; the same */
	DEPLOY_KINDS,
};

/* All names are absolute below the root, but those in a command, which are whole. */
struct deploy_step {
	enum deploy_kind kind;
	char *kernel; /* whose image it is; NULL: no image */
	char *path, *other;
	char *text; /* to be written */
	char *old;  /* of WRITE and REMOVE: what was there; NULL: nothing */
	size_t old_size;
	bool done;
	struct initramfs_command command;
	const struct initramfs_generator *maker; /* of BUILD */
	unsigned number; /* of BUILD and COPY: which of deploy.n_images, from 1 */
	bool fresh; /* of BUILD and REPLACE: there was no image, and shall be none if undone */
};

struct deploy {
	const struct sysfs_root *root;
	const struct protect_list
		*protect; /* images are compared with it; NULL: with none */
	enum images_of { DEPLOY_APPLY, DEPLOY_UNDO } of;
	struct deploy_step *steps;
	size_t n;
	unsigned n_images;     /* that are made */
	struct images *images; /* as they were; the caller's */
};

/*
 * Makes the list of steps that bring all images up to date, for deploy_free().  @protect is
 * the list of today (NULL: it is not known), @images what images_inspect() told with it; both
 * stay the caller's.
 * An empty list: there is nothing to do.  Returns 0, or -errno.
 */
int deploy_plan_apply(const struct sysfs_root *root, const struct protect_list *protect,
	struct images *images, struct deploy *ret);

/*
 * The same to take everything of us away: drop-ins that add wrote are removed, what others
 * wrote is moved to DEPLOY_UNDONE, and images are made without us.  @images is what
 * imagecheck_all() told with IMAGECHECK_UNDONE.
 */
int deploy_plan_undo(
	const struct sysfs_root *root, struct images *images, struct deploy *ret);

#define DEPLOY_UNDONE "/var/lib/vfioboot/undone"

void deploy_free(struct deploy *deploy);

/*
 * Whether each image has room beside it and may be written, where a loader will look for it.
 * Returns 0; or with a sentence in @why -ENOSPC, -EROFS, or -ENODEV when that place is not
 * mounted.
 */
int deploy_check_room(const struct deploy *deploy, char *why, size_t size);

/* What the step does, for people: one line, without newline. */
void deploy_format_step(const struct deploy_step *step, char *ret, size_t size);

/* Who is told of what is going on; either may be NULL. */
struct deploy_watcher {
	void (*begin)(
		void *data, const struct deploy *deploy, const struct deploy_step *step);
	void (*end)(void *data, const struct deploy *deploy,
		const struct deploy_step *step, int result, unsigned seconds);
	void *data;
};

#define DEPLOY_LOG "/run/vfioboot/apply.log" /* all that the generators printed */

/* What a failure was; for deploy_free_failure(). */
struct deploy_failure {
	char why[512];  /* a sentence without full stop */
	char *output;   /* the last lines of the generator; NULL: it is not its failure */
	bool logged;    /* all of them are in DEPLOY_LOG */
	char undo[512]; /* what could not be put back, and why; "": all is as it was */
};

/*
 * Takes the lock of what changes images and menus, until this process ends and what it has
 * started.  Returns 0; -EBUSY when another one is at work; or another -errno.
 */
int deploy_lock(const struct sysfs_root *root);

/*
 * Carries the steps out.  Returns 0; -EINTR after a signal (run_catch_signals()); or another
 * -errno; with what it was in *@ret.  All is undone then.
 */
int deploy_run(struct deploy *deploy, const struct deploy_watcher *watcher,
	struct deploy_failure *ret);

void deploy_free_failure(struct deploy_failure *failure);

#endif
