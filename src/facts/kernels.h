/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernels that are installed: each release with modules and an image to boot. */
#ifndef VFIOBOOT_KERNELS_H
#define VFIOBOOT_KERNELS_H

#include "base/base.h"

struct kernel {
	char *release; /* as uname -r prints it, and below /lib/modules */
	char *file;    /* what a boot loader starts, such as /boot/vmlinuz-RELEASE */
};

/* Sorted by version, the newest first. */
struct kernels {
	struct kernel *kernels;
	size_t n;
};

/* Finds them below @root, for kernels_free().  Returns 0, or -errno. */
int kernels_find(const struct root *root, struct kernels *ret);

void kernels_free(struct kernels *kernels);

/* The one of the release, or NULL. */
const struct kernel *kernels_get(const struct kernels *kernels, const char *release);

/* The release of the kernel that runs, or ran when the tree was captured.  0 or -errno. */
int kernels_running(const struct root *root, char *ret, size_t size);

#endif
