/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads what zpool(8) prints.  A pool is in no file that another program could read (its
 * configuration is packed in the labels of its disks), and libzfs has no stable interface.
 */
#include "zfs.h"

#include <ctype.h>

#include "base/base.h"

/* A pool whose disks hang can make its tools hang, too. */
#define DEADLINE "20"

/* What groups disks (lib/libzfs, zpool_vdev_name): its own lines say nothing of disks. */
static const char *const groups[] = {"mirror", "raidz1", "raidz2", "raidz3", "draid1",
	"draid2", "draid3", "replacing", "spare", "indirect"};

/* Whether @name is that of a group: "mirror-0", "draid1:4d:8c:1s-0". */
static bool is_group(const char *name)
{
	size_t len = strcspn(name, "-:");

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (strlen(groups[i]) == len && strncmp(name, groups[i], len) == 0)
			return true;
	return false;
}

/*
 * One line: a pool or the head of a class ("logs") at its beginning, and behind a tab one
 * disk or group, with its properties behind further ones (cmd/zpool/zpool_main.c,
 * print_list_stats, from 2.3 on collect_list_stats).  A disk that is gone is listed by
 * number, and a file by a name that is no node: both are untraced.
 */
static int add_line(const struct root *root, char *line, struct backing *backing)
{
	char *name = line + strspn(line, "\t ");

	if (name == line)
		return 0;
	name[strcspn(name, "\t")] = '\0';
	return is_group(name) ? 0 : backing_add_node(root, name, backing);
}

int zfs_add_list(const struct root *root, char *text, struct backing *backing)
{
	size_t before = backing->functions.n;
	char *line;
	int r = 0;

	while (r == 0 && (line = strsep(&text, "\n")))
		r = add_line(root, line, backing);
	backing->untraced |= backing->functions.n == before && !backing->network;
	return r;
}

int zfs_add_pool(const struct root *root, const char *source, struct backing *backing)
{
	size_t len = source ? strcspn(source, "/@") : 0;
	_cleanup_free_ char *pool = len ? strndup(source, len) : NULL, *text = NULL;
	const char *const argv[] = {
		"timeout", DEADLINE, "zpool", "list", "-v", "-H", "-P", "-L", pool, NULL};

	backing->untraced = true;
	/* The names of pools begin with a letter: no option is made of one. */
	if (!root->live || !pool || !isalpha((unsigned char)*pool) ||
		run_read(argv, &text) != 0)
		return 0;
	backing->untraced = false;
	return zfs_add_list(root, text, backing);
}
