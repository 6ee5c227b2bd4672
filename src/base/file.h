/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files below a root directory: this machine's, or the files of another one, whose links start at
 * its own root and lead to nothing outside.  Every file of a machine is reached this way, so that
 * a tree can stand in for the running machine.  Whether a path begins with '/' makes no difference.
 */
#ifndef VFIOBOOT_FILE_H
#define VFIOBOOT_FILE_H

#include <dirent.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

struct root {
	int fd;
	bool live;       /* the running machine: a kernel answers what is written */
	bool is_bridge;  /* not the root, but the directory of a bridge (sysfs.h) */
	char path[4096]; /* of another machine's tree, without links; "" if live */
};

/* Opens the root directory @dir; "/" is the running machine.  Returns 0, or -errno. */
int root_open(const char *dir, struct root *ret);
void root_close(struct root *root);

/* Whether it is an initramfs, of any generator. */
bool root_is_initramfs(const struct root *root);

/* Opens any file.  Returns a descriptor, or -errno. */
int file_open(const struct root *root, const char *path, int flags);

/* stat(2), with links followed: of a file that cannot be read, too.  Returns 0, or -errno. */
int file_stat(const struct root *root, const char *path, struct stat *ret);

/* Opens a file for getline(3) and the like, for fclose(3).  Returns 0, or -errno. */
int file_open_stream(const struct root *root, const char *path, FILE **ret);

/* For the clean-up attribute. */
void file_close_stream(FILE **stream);
#define _cleanup_fclose_ __attribute__((cleanup(file_close_stream)))

/* Whether there is a file of the name, which is made in printf's manner; links are followed. */
bool file_exists(const struct root *root, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- Reading */

/*
 * Reads a whole file of up to 16 MiB, with a NUL behind it.  Returns 0 with *@ret for free()
 * and its length in *@ret_size (NULL: not wanted); -EFBIG; -EISDIR; or another -errno.
 */
int file_read(const struct root *root, const char *path, char **ret, size_t *ret_size);

/*
 * Reads a whole small file into @buffer, with a NUL, and takes nothing from the heap.  Returns its
 * length; -EFBIG, with its beginning in @buffer; or another -errno.
 */
ssize_t file_read_fixed(
	const struct root *root, const char *path, char *buffer, size_t size);

/* Most files that are taken are shorter than the first; none is longer than the second. */
#define FILE_TAKE_SHORT 2048
#define FILE_TAKE_MAX   65536

/* Takes the text of the file @path, of @n bytes and a NUL, which it may change; or -errno. */
typedef void file_take(void *data, const char *path, char *text, ssize_t n);

/*
 * Calls @take with the whole file, as file_read_fixed() reads it.  It is on the stack, since threads of
 * other programs read at the same time (library/), and takes no more pages of it than needed: these are
 * dear in the early program.
 */
void file_take_text(
	const struct root *root, const char *path, file_take *take, void *data);

/* Reads the line of a file, without its newline.  Returns 0, or -errno. */
int file_read_line(const struct root *root, const char *path, char *ret, size_t size);

/*
 * Calls @found for each line of a file, without its newline, until it returns false.  What is longer
 * than 1 KiB comes in parts.  Takes nothing from the heap.  Returns 0, or -errno.
 */
int file_each_line(const struct root *root, const char *path,
	bool (*found)(void *data, const char *line), void *data);

/* The value of a key in a file, as text_value() has it; NULL also where it cannot be read. */
char *file_read_value(const struct root *root, const char *path, const char *key);

/* Reads the target of a link.  Returns 0, -ENAMETOOLONG when it does not fit, or -errno. */
int file_read_link(const struct root *root, const char *path, char *ret, size_t size);

/* The same of a link of this process, such as TREE_OWN_PROGRAM; and of what it has open. */
int file_read_own_link(const char *link, char *ret, size_t size);
int file_read_own_path(int fd, char *ret, size_t size);

/* Whether the name is a link, wherever that leads. */
bool file_is_link(const struct root *root, const char *path);

/*
 * Where @path leads through all links, below the root and without a leading '/', such as
 * "sys/devices/pci0000:00/0000:00:02.0".  Returns 0 with *@ret for free(), or -errno.
 */
int file_resolve(const struct root *root, const char *path, char **ret);

/* ---- Directories */

/*
 * Calls @found for each name in a directory, "." and ".." too, until it returns false.  Takes
 * nothing from the heap.  Returns 0, or -errno.
 */
int file_each_name(const struct root *root, const char *dir,
	bool (*found)(void *data, const char *name), void *data);

/* The same of an open directory. */
int file_each_entry(int fd, bool (*found)(void *data, const char *name), void *data);

/* Opens a directory for readdir(3); the caller closes @ret.  Returns 0, or -errno. */
int file_open_directory(const struct root *root, const char *path, DIR **ret);

/* The next entry that is neither "." nor "..", or NULL; belongs to @dir. */
const char *file_next_name(DIR *dir);

/* For the clean-up attribute. */
void file_close_directory(DIR **dir);
#define _cleanup_closedir_ __attribute__((cleanup(file_close_directory)))

/* Texts that are added one by one; starts as {0}. */
struct file_names {
	char **names;
	size_t n;
};

/* Adds a copy of @name, unless it is there already.  Returns 0, or -ENOMEM. */
int file_add_name(struct file_names *names, const char *name);
/* The same, also where it is there. */
int file_append_name(struct file_names *names, const char *name);
bool file_has_name(const struct file_names *names, const char *name);
/* Adds the directory of an absolute path, without a '/' at its end. */
int file_add_directory(struct file_names *names, const char *path);
void file_free_names(struct file_names *names);

/* Sorts them by strverscmp(3). */
void file_sort_names(struct file_names *names);

/* The names in a directory, sorted by strverscmp(3); none when it is not there.  0 or -errno. */
int file_list(const struct root *root, const char *directory, struct file_names *ret);

/*
 * Adds to @ret, in that order and with the directory before each, those that match @pattern with
 * the @flags of fnmatch(3).  Returns the same.
 */
int file_list_paths(const struct root *root, const char *directory, const char *pattern,
	int flags, struct file_names *ret);

/*
 * Lists the "*.conf" that count in the directories @kind below the @n directories, by their names
 * (strcmp(3)), as systemd and kmod(8) read them: of several with one name that of the first
 * directory counts, also when it is empty, or leads to /dev/null.  A directory that cannot be read
 * is left out.  Returns 0 with *@ret for file_free_names(), or -ENOMEM.
 */
int file_list_dropins(const struct root *root, const char *const *directories, size_t n,
	const char *kind, struct file_names *ret);

#endif
