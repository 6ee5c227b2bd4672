/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fake root that is being made.  Paths are relative to it. */
#ifndef VFIOBOOT_TESTS_TREE_H
#define VFIOBOOT_TESTS_TREE_H

#define TREE_NAME_SIZE 64
#define TREE_PATH_SIZE 1024 /* of a directory; the names of its files come on top */

struct tree {
	int fd;    /* of the root directory */
	int error; /* -errno, the first one */
};

/* Makes a directory, and those above it. */
void tree_make_dir(struct tree *tree, const char *path);

/* Writes the file @dir/@name. */
void tree_put(struct tree *tree, const char *dir, const char *name, const char *text);

/* Makes the relative link sys/@dir/@name to sys/@target. */
void tree_put_link(
	struct tree *tree, const char *dir, const char *name, const char *target);

/* Makes the link @path with the text @target. */
void tree_put_plain_link(struct tree *tree, const char *path, const char *target);

#define TREE_TEMPORARY_SIZE 48

/*
 * Makes a directory of its own for a test, in memory where that can be: a machine is made of
 * tens of thousands of files.  Returns 0, or -errno.
 */
int tree_make_temporary(char ret[static TREE_TEMPORARY_SIZE]);

/* Removes a directory with everything in it.  Returns 0, or -errno. */
int tree_remove(const char *path);

#endif
