/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps with whole files that last, and of which a crash shows all or nothing at the name
 * that counts: what was written is synced before a rename, and the directory after it.
 * Names are those of this machine.  All return 0, or -errno.
 */
#ifndef VFIOBOOT_FILESTEP_H
#define VFIOBOOT_FILESTEP_H

/* Copies the file @from to @to, which is replaced if it is there and may end up in part. */
int filestep_copy(const char *from, const char *to);

/* Gives the file @path the second name @kept; where there are no links, a copy of it. */
int filestep_keep(const char *path, const char *kept);

/* Makes @path again what was kept of it; @kept is gone then. */
int filestep_put_back(const char *kept, const char *path);

/* Renames the new file @from over @to, after a sync. */
int filestep_replace(const char *from, const char *to);

/* Removes a file; one that is not there is no error. */
int filestep_remove(const char *path);

/*
 * Moves a file, or a link, to a name that is free, also into another file system.  The
 * directory of @to is made, with those above it.
 */
int filestep_move(const char *from, const char *to);

/* Makes sure that the file, and its name, last. */
int filestep_sync(const char *path);

#endif
