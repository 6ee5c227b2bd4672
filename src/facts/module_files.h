/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files in which people and packages say which kernel modules are loaded, and how: those of
 * modprobe.d(5) and modules-load.d(5), which lie in directories of the same names.
 */
#ifndef VFIOBOOT_MODULE_FILES_H
#define VFIOBOOT_MODULE_FILES_H

#include "base/base.h"

#define MODULE_FILES_OPTIONS "modprobe.d"
#define MODULE_FILES_LOADED  "modules-load.d"

/*
 * Lists the paths of all files of @kind that count, in the order in which they are read: by their
 * names; of several with one name that of the first directory counts, also when it is empty.  What
 * cannot be looked at is left out.  Returns 0 with *@ret for file_free_names(), or -ENOMEM.
 */
int module_files_list(const struct root *root, const char *kind, struct file_names *ret);

/*
 * Cuts the next line of @*cursor as modprobe.d(5) has them: a backslash at its end joins it with
 * the next one.  Returns how many lines of the file it is, 0 at the end; @ret is for free(), NULL
 * without memory.
 */
unsigned module_files_next_line(const char **cursor, char **ret);

/*
 * What a parameter of a module, which is a bool, is set to: by the lines of modprobe.d(5) in @text, by
 * those of all files, and by "MODULE.NAME" on a kernel command line; the last one counts.  @module has
 * '_' where others may write '-'.  @before: what it was.
 */
bool module_files_bool_in(
	const char *text, const char *module, const char *name, bool before);
bool module_files_bool(const struct root *root, const char *module, const char *name);
bool module_files_bool_on(
	const char *cmdline, const char *module, const char *name, bool before);

#endif
