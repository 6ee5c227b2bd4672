/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pairs the directories of modules with what a boot loader starts.  Where that lies is the
 * distribution's choice; a directory without it is the rest of a kernel that was removed.
 */
#include "kernels.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "base/base.h"

/* With the release in the place of %s; the first that is there counts. */
static const char *const by_release[] = {
	"/boot/vmlinuz-%s", /* Debian, Fedora, openSUSE */
	"/boot/vmlinux-%s", "/boot/Image-%s", "/boot/kernel-%s", /* Gentoo */
};
static const char *const with_modules[] = {
	"/" TREE_USR_MODULES "/%s/vmlinuz", /* Fedora's and Arch's own copy */
	"/" TREE_MODULES "/%s/vmlinuz",
	"/" TREE_USR_MODULES "/%s/Image",
};

/* Fills in @pattern, which has one %s. */
static bool put_name(char *ret, size_t size, const char *pattern, const char *name)
{
	const char *at = strstr(pattern, "%s");
	int n = snprintf(
		ret, size, "%.*s%s%s", (int)(at - pattern), pattern, name, at + 2);

	return n >= 0 && (size_t)n < size;
}

static bool find_by(const struct root *root, const char *const *patterns, size_t n,
	const char *name, char ret[static PATH_MAX])
{
	for (size_t i = 0; i < n; i++)
		if (put_name(ret, PATH_MAX, patterns[i], name) &&
			file_exists(root, "%s", ret))
			return true;
	return false;
}

/* Arch installs the kernel by the name of its package, which is kept with the modules. */
static bool find_by_package(
	const struct root *root, const char *release, char ret[static PATH_MAX])
{
	char path[PATH_MAX], package[256];

	return put_name(path, sizeof(path), TREE_USR_MODULES "/%s/pkgbase", release) &&
		file_read_line(root, path, package, sizeof(package)) == 0 && *package &&
		put_name(ret, PATH_MAX, "/boot/vmlinuz-%s", package) &&
		file_exists(root, "%s", ret);
}

static bool find_file(
	const struct root *root, const char *release, char ret[static PATH_MAX])
{
	return find_by(root, by_release, ARRAY_SIZE(by_release), release, ret) ||
		find_by_package(root, release, ret) ||
		find_by(root, with_modules, ARRAY_SIZE(with_modules), release, ret);
}

static bool has_modules(const struct root *root, const char *release)
{
	return file_exists(root, TREE_MODULES "/%s/modules.dep", release) ||
		file_exists(root, TREE_MODULES "/%s/kernel", release) ||
		file_exists(root, TREE_USR_MODULES "/%s/modules.dep", release) ||
		file_exists(root, TREE_USR_MODULES "/%s/kernel", release);
}

static int add_kernel(struct kernels *kernels, const char *release, const char *file)
{
	struct kernel *more = realloc(kernels->kernels, (kernels->n + 1) * sizeof(*more));
	struct kernel *kernel;

	if (!more)
		return -ENOMEM;
	kernels->kernels = more;
	kernel = &more[kernels->n++];
	*kernel = (struct kernel){strdup(release), strdup(file)};
	return kernel->release && kernel->file ? 0 : -ENOMEM;
}

static int compare_kernels(const void *a, const void *b)
{
	const struct kernel *one = a, *other = b;

	return strverscmp(other->release, one->release);
}

static int read_releases(const struct root *root, struct file_names *ret)
{
	_cleanup_(file_free_names) struct file_names more = {0};
	struct file_names names = {0};
	int r = file_list(root, TREE_MODULES, &names);

	/* The same directory, where /lib is a link. */
	if (r == 0)
		r = file_list(root, TREE_USR_MODULES, &more);
	for (size_t i = 0; r == 0 && i < more.n; i++)
		r = file_add_name(&names, more.names[i]);
	if (r < 0)
		file_free_names(&names);
	else
		*ret = names;
	return r;
}

int kernels_find(const struct root *root, struct kernels *ret)
{
	_cleanup_(file_free_names) struct file_names releases = {0};
	_cleanup_(kernels_free) struct kernels kernels = {0};
	char file[PATH_MAX];
	int r = read_releases(root, &releases);

	for (size_t i = 0; r == 0 && i < releases.n; i++)
		if (has_modules(root, releases.names[i]) &&
			find_file(root, releases.names[i], file))
			r = add_kernel(&kernels, releases.names[i], file);
	if (r < 0)
		return r;
	if (kernels.n)
		qsort(kernels.kernels, kernels.n, sizeof(*kernels.kernels),
			compare_kernels);
	*ret = kernels;
	kernels = (struct kernels){0};
	return 0;
}

void kernels_free(struct kernels *kernels)
{
	for (size_t i = 0; i < kernels->n; i++) {
		free(kernels->kernels[i].release);
		free(kernels->kernels[i].file);
	}
	free(kernels->kernels);
	*kernels = (struct kernels){0};
}

int kernels_running(const struct root *root, char *ret, size_t size)
{
	int r = file_read_line(root, TREE_OSRELEASE, ret, size);
	struct utsname name;

	if (r == 0 || !root->live)
		return r;
	if (uname(&name) < 0)
		return -errno;
	return copy_text(ret, size, name.release, strlen(name.release)) ? 0
									: -ENAMETOOLONG;
}
