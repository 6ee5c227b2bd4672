/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where unified kernel images are taken apart: a directory of root alone, always the same, so that
 * the next run empties what one that was killed left there.
 */
#ifndef VFIOBOOT_UKIWORK_H
#define VFIOBOOT_UKIWORK_H

#include "base/base.h"

#define UKIWORK_DIRECTORY "/var/lib/vfioboot/unified"

/*
 * Makes the directory, waits until nobody else works there, and empties it.  Returns its
 * descriptor, for ukiwork_close(); or -errno.
 */
int ukiwork_open(const struct sysfs_root *root);

/* Deletes all files there. */
void ukiwork_empty(int work);

/* Makes a file there for writing.  Returns its descriptor, or -errno. */
int ukiwork_make(int work, const char *name);

/* The same with a text in it.  0 or -errno. */
int ukiwork_write(int work, const char *name, const char *text);

/* For the clean-up attribute: removes the directory, and those above that are empty then. */
void ukiwork_close(int *work);
#define _cleanup_work_ __attribute__((cleanup(ukiwork_close)))

#endif
