/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that are replaced as a whole: readers, and crashes, see the old or the new one.  What is
 * written is synced before it gets its name, and the directory after that.
 *
 * A file that is replaced keeps its owner, mode, ACL, SELinux label and other extended
 * attributes.  Paths are absolute below @root; links in them stay below it.
 */
#ifndef VFIOBOOT_ATOMICFILE_H
#define VFIOBOOT_ATOMICFILE_H

#include "base/base.h"

/*
 * Ends of the names of temporary files and of those that are kept, which begin with a dot and the
 * file's own name: no pattern of a boot loader or a generator matches these, neither one for the
 * beginning of a name (initrd*) nor one for its end (*.conf, *.efi).
 */
#define ATOMICFILE_TEMPORARY ".vfioboot-new"
#define ATOMICFILE_KEPT      ".vfioboot-kept"

/* DIRECTORY/.NAMEend of DIRECTORY/NAME, for free().  NULL without memory. */
char *atomicfile_beside(const char *path, const char *end);

/*
 * Writes @size bytes to a temporary file beside @path, syncs it and renames it to @path: of
 * mode 0644 if it is new.  @path is of this process: absolute, or below its directory.  Returns
 * 0; -ENOTSUP when something other than a regular file is at @path, such as a device or a
 * link; or another -errno.  Nothing is left on failure.
 */
int atomicfile_write(const char *path, const char *data, size_t size);

/* The same below @root; directories that are missing are made. */
int atomicfile_write_below(
	const struct root *root, const char *path, const char *data, size_t size);

/* The same with the mode, such as 0600 or 0755, whatever is there now; 0: as above. */
int atomicfile_write_mode_below(const struct root *root, const char *path,
	const char *data, size_t size, mode_t mode);

/* Writes again what is in the open file @from, with its attributes.  The same otherwise. */
int atomicfile_restore(const struct root *root, const char *path, int from);

/*
 * Removes a file, and makes that last.  Returns 0; -ENOTSUP for what is no regular file; or
 * another -errno.
 */
int atomicfile_remove_below(const struct root *root, const char *path);

/*
 * Opens the directory @path, after making it and those above it if @make says so.  Only in
 * plain directories is one made.  Returns a descriptor, or -errno.
 */
int atomicfile_open_directory(const struct root *root, const char *path, bool make);

/*
 * Whole files that change their names.  They return 0, or -errno.
 *
 * copy: @to becomes a copy of @from, with its attributes and times.
 * extend: the same with the first @keep bytes of it, and @data behind these.
 * keep: gives @path the second name @kept; where there are no links, a copy of it.
 * put_back: makes @path again what was kept of it; @kept is gone then.
 * replace: renames the new file @from over @to, after a sync.  Its owner and mode stay those
 * that its maker gave it, for it may hold more secrets than the old one; it gets the label.
 * clear: removes whatever has the name; nothing there is no error.
 * move: moves a file, or a link, to a name that is free, also into another file system, and
 * makes the directories above it.
 * sync: makes sure that the file, and its name, last.
 * remove_directory: removes an empty one.
 */
int atomicfile_copy(const struct root *root, const char *from, const char *to);
int atomicfile_extend(const struct root *root, const char *from, uint64_t keep,
	const char *data, size_t size, const char *to);
int atomicfile_keep(const struct root *root, const char *path, const char *kept);
int atomicfile_put_back(const struct root *root, const char *kept, const char *path);
int atomicfile_replace(const struct root *root, const char *from, const char *to);
int atomicfile_clear(const struct root *root, const char *path);
int atomicfile_move(const struct root *root, const char *from, const char *to);
int atomicfile_sync(const struct root *root, const char *path);
int atomicfile_remove_directory(const struct root *root, const char *path);

#endif
