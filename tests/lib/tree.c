/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the directories, files and links of a fake root; the first error stays. */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static void note_error(struct tree *tree)
{
	if (!tree->error)
		tree->error = -errno;
}

void tree_make_dir(struct tree *tree, const char *path)
{
	char copy[TREE_PATH_SIZE];

	if (mkdirat(tree->fd, path, 0755) == 0 || errno == EEXIST)
		return;
	snprintf(copy, sizeof(copy), "%s", path);
	for (char *p = copy; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		mkdirat(tree->fd, copy, 0755);
	}
	if (mkdirat(tree->fd, path, 0755) < 0 && errno != EEXIST)
		note_error(tree);
}

void tree_put(struct tree *tree, const char *dir, const char *name, const char *text)
{
	char path[TREE_PATH_SIZE + TREE_NAME_SIZE];
	size_t len = strlen(text);
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = openat(tree->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		note_error(tree);
	if (fd >= 0)
		close(fd);
}

void tree_put_link(
	struct tree *tree, const char *dir, const char *name, const char *target)
{
	char path[TREE_PATH_SIZE + TREE_NAME_SIZE], text[TREE_PATH_SIZE * 2] = "../";
	size_t len = strlen(text);

	for (const char *p = dir; (p = strchr(p, '/')); p++, len += 3)
		strcpy(text + len, "../");
	snprintf(text + len, sizeof(text) - len, "%s", target);
	snprintf(path, sizeof(path), "sys/%s/%s", dir, name);
	if (symlinkat(text, tree->fd, path) < 0 && errno != EEXIST)
		note_error(tree);
}

void tree_put_plain_link(struct tree *tree, const char *path, const char *target)
{
	if (symlinkat(target, tree->fd, path) < 0)
		note_error(tree);
}

/* Memory, unless it is too small for the largest machine, as that of a container can be. */
static bool memory_has_room(const char *dir)
{
	struct statvfs fs;

	return access(dir, W_OK) == 0 && statvfs(dir, &fs) == 0 &&
		fs.f_bavail * fs.f_frsize >= 512UL << 20;
}

int tree_make_temporary(char ret[static TREE_TEMPORARY_SIZE])
{
	const char *dir = memory_has_room("/dev/shm") ? "/dev/shm" : "/tmp";

	snprintf(ret, TREE_TEMPORARY_SIZE, "%s/vfioboot-test.XXXXXX", dir);
	return mkdtemp(ret) ? 0 : -errno;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int tree_remove(const char *path)
{
	return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 ? 0 : -errno;
}
