/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that boot entries give to the kernel as its initramfs, each opened once a command
 * however many entries, and paths, lead to it.  For follow.c alone.
 */
#ifndef VFIOBOOT_CHAIN_INITRDS_H
#define VFIOBOOT_CHAIN_INITRDS_H

#include <sys/types.h>

#include "base/base.h"
#include "imagecheck.h"

struct initrd {
	char *path;
	dev_t device;
	ino_t inode; /* 0: it is not there, or hidden */
	struct imagefile file;
	enum image_state
		state; /* IMAGE_FRESH: it could be read; else as imagecheck_open() */
	struct message why;
	bool is_early; /* imagefile_is_early() */
};

struct initrds {
	const struct root *root;
	const struct imagecheck *check;
	struct initrd *list;
	size_t n;
};

/* Finds the file among those that were opened, or opens it.  0 with its index, or -errno. */
int initrds_open(struct initrds *initrds, const char *path, size_t *ret_index);

/*
 * Judges some of them together, in the order in which the kernel gets them.  @why: of what is not
 * IMAGE_FRESH.
 */
enum image_state initrds_judge(const struct initrds *initrds, const size_t *indexes,
	size_t n, const char *release, struct message *why);

/*
 * The release of which the file has modules, which belongs to it: "" for none, or several.
 */
const char *initrds_release(const struct initrd *initrd, char *ret, size_t size);

void initrds_free(struct initrds *initrds);

#endif
