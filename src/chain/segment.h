/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What brings an image up to date without its generator: one more archive behind it, with our own
 * files.  The kernel unpacks one archive after another, and of two files with one name the later
 * one stays (init/initramfs.c; Documentation/driver-api/early-userspace/buffer-format.rst).
 */
#ifndef VFIOBOOT_CHAIN_SEGMENT_H
#define VFIOBOOT_CHAIN_SEGMENT_H

#include "base/base.h"
#include "change/change.h"
#include "imagecheck.h"

/*
 * Makes the segment that brings @image, of the kernel @release, to what @check says: the
 * configuration and the protect list.  Drop-ins that are gone become empty.
 * Returns 0 with *@ret, whose bytes are for free(), and NULL where the image lacks more than that;
 * or -errno.
 */
int segment_make(const struct imagecheck *check, const struct root *root,
	const char *release, const struct imagefile *image, struct change_extension *ret);

#endif
