/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `vfioboot apply` and `vfioboot undo` do, as a list of steps (change/change.h).
 *
 * At every moment the name of an image leads to the old image or to the new one, whole.  The
 * old ones are kept aside until all new ones were checked; a new one has another name until
 * then, if its generator does not replace the image by itself.
 */
#ifndef VFIOBOOT_CHAIN_APPLY_H
#define VFIOBOOT_CHAIN_APPLY_H

#include "base/base.h"
#include "change/change.h"
#include "decide/decide.h"
#include "follow.h"
#include "imagecheck.h"

#define APPLY_LOG    RUN_DIRECTORY "/apply.log" /* all that the generators print */
#define UNDO_ARCHIVE STATE_DIRECTORY "/undone"  /* what undo moves away */

/* What new images are compared with. */
struct apply_goal {
	enum imagecheck_of of;
	const struct protect_list *protect; /* the caller's; NULL: with none */
	bool needed;                        /* they need us, whatever files say */
};

struct apply {
	struct change change;
	struct apply_goal *goal;
	struct chain *chain; /* as it was; the caller's */
	bool full;           /* the generator makes each image, whatever it lacks */
	unsigned n_images;   /* that are built or copied */
};

/*
 * Makes the list of steps that bring all images up to date which an entry starts, or which may be
 * started, for apply_free().  @protect is the current list (NULL: it is not known), which is written
 * if something is @configured that could go against it; @chain is what chain_follow() found with it.
 * Both stay the caller's.  Where devices are on the command line alone, a file is written, without which no
 * image has us.  What an image lacks of our own files alone is put behind it, unless all
 * is to be built in @full.  An empty list of steps: there is nothing to do.  Returns 0, or -errno.
 */
int apply_steps(const struct root *root, const struct protect_list *protect,
	bool configured, bool full, struct chain *chain, struct apply *ret);

/*
 * The same to take everything of us away: drop-ins that add wrote are removed, what others
 * wrote is moved to UNDO_ARCHIVE, and images are built without us, all that there are.  @chain is
 * what chain_compare() found with IMAGECHECK_UNDONE.
 */
int undo_steps(const struct root *root, struct chain *chain, struct apply *ret);

/*
 * Whether apply builds or copies the image: it is outdated or missing, something builds it, and an
 * entry starts it or may do so.  With IMAGECHECK_UNDONE: any that is there.
 */
bool apply_makes(const struct chain *chain, const struct chain_image *image,
	enum imagecheck_of of);

/* Has @chain say what is known once the steps for that are done. */
void apply_assume_done(struct chain *chain, enum imagecheck_of of);

/*
 * Whether each step can be done (change_check()), and the place of each image is mounted, where
 * a boot loader will look for it.  Returns 0; or with @message -ENODEV, -ENOSPC or -EROFS.
 */
int apply_check(const struct apply *apply, struct message *message);

void apply_free(struct apply *apply);

/* For the two plans: begins one; adds its parts.  0 or -errno. */
int apply_begin(const struct root *root, enum imagecheck_of of,
	const struct protect_list *protect, struct chain *chain, struct apply *ret);
int apply_add_leftovers(struct apply *apply);
int apply_add_images(struct apply *apply);

#endif
