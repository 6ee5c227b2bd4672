/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The initramfs images of the installed kernels, and whether each would do at the next boot
 * what the configuration says now: they are opened, their dates count for nothing.
 */
#ifndef VFIOBOOT_IMAGES_H
#define VFIOBOOT_IMAGES_H

#include "base/base.h"
#include "chain/generators/generators.h"
#include "decide/decide.h"
#include "imagecheck.h"

struct image {
	char *kernel; /* release */
	char *path;   /* absolute, below the root; of a missing one where it would be */
	enum image_state state;
	char why[256]; /* one sentence without full stop, "" when fresh */
	const struct initramfs_generator
		*maker; /* what makes it; NULL: it is a copy, or nothing we know does */
	const char *source; /* of a copy: the path of the image that it is of */
};

struct images {
	const struct initramfs_generator
		*generator; /* that owns the system; NULL: none */
	char problem[256];  /* why there is no owner: no generator, or two and no sign */
	struct image *images;
	size_t n;
};

/*
 * Finds and opens the image of each installed kernel.  @protect is the current list, or
 * NULL not to compare it.  Returns 0 with *@ret for images_free(), or -errno.
 */
int images_inspect(
	const struct root *root, const struct protect_list *protect, struct images *ret);

/* The same, with each image compared with @check. */
int images_compare(
	const struct root *root, const struct imagecheck *check, struct images *ret);

void images_free(struct images *images);

#endif
