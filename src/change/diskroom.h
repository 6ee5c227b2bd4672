/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much room a file system has, for what is checked before anything is written. */
#ifndef VFIOBOOT_DISKROOM_H
#define VFIOBOOT_DISKROOM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct diskroom {
	dev_t device;
	uint64_t available; /* bytes */
	bool read_only;
	bool fat; /* which has no second names */
};

/* Of the file system that the open file is on.  Returns 0, or -errno. */
int diskroom_read(int fd, struct diskroom *ret);

/* In MiB, a begun one as a whole one. */
unsigned long diskroom_mebibytes(uint64_t bytes);

#endif
