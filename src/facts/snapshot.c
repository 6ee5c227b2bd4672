/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads each fact once, so that all who ask get the same answer. */
#include "snapshot.h"

#include <errno.h>
#include <stdio.h>

/* The beginning is enough: each further processor is described alike. */
static char *read_cpuinfo(const struct sysfs_root *root)
{
	char text[16384];
	ssize_t n = sysfs_root_read_file(root, TREE_CPUINFO, text, sizeof(text));

	return n > 0 || n == -EFBIG ? strdup(text) : NULL;
}

int facts_read(const struct sysfs_root *root, struct facts *ret)
{
	int r;

	*ret = (struct facts){.root = root};
	if (kernels_running(root, ret->running, sizeof(ret->running)) < 0)
		ret->running[0] = '\0';
	r = kernels_find(root, &ret->kernels);
	if (r < 0 && r != -ENOENT && r != -EACCES)
		return r;
	r = cmdline_read(root, &ret->cmdline);
	if (r == -ENOMEM)
		return r;
	ret->cpuinfo = read_cpuinfo(root);
	ret->iommu = iommukind_find(root, ret->cpuinfo);
	r = pcibus_read(root, PCIBUS_WHOLE, &ret->bus);
	return r == -ENOMEM ? r : 0;
}

void facts_free(struct facts *facts)
{
	kernels_free(&facts->kernels);
	pcibus_free(&facts->bus);
	free(facts->cmdline);
	free(facts->cpuinfo);
}

unsigned facts_count_groups(const struct facts *facts)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const char *name;
	unsigned n = 0;

	if (tree_open_directory(facts->root, TREE_GROUPS, &dir) < 0)
		return 0;
	while ((name = tree_next(dir))) {
		char path[320], text[64] = "";

		snprintf(path, sizeof(path), TREE_GROUPS "/%s/name", name);
		tree_read_line(facts->root, path, text, sizeof(text));
		n += strcmp(text, "vfio-noiommu") != 0;
	}
	return n;
}

int facts_compare_kernel(const struct facts *facts, unsigned major, unsigned minor)
{
	unsigned a, b;

	if (sscanf(facts->running, "%u.%u", &a, &b) != 2)
		return -2;
	if (a != major)
		return a < major ? -1 : 1;
	return b == minor ? 0 : b < minor ? -1 : 1;
}
