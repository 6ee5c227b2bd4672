/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pairs the directories of modules with what a boot loader starts.  Where that lies, and what it
 * is called, is the distribution's choice: where no name says it, what is in the files does.  A
 * directory without any is the rest of a kernel that was removed.
 */
#include "kernels.h"

#include <limits.h>
#include <sys/utsname.h>

#include "base/base.h"
#include "esp.h"
#include "kernel_release.h"

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

/* A file whose name is of no release may be of another kernel, such as of an update. */
static bool is_other(const struct root *root, const char *path, const char *release)
{
	char own[KERNEL_RELEASE_SIZE];

	return kernel_release_read(root, path, own, sizeof(own)) == 0 &&
		strcmp(own, release) != 0;
}

/* Arch installs the kernel by the name of its package, which is kept with the modules. */
static bool find_by_package(
	const struct root *root, const char *release, char ret[static PATH_MAX])
{
	char path[PATH_MAX], package[256];

	return put_name(path, sizeof(path), TREE_USR_MODULES "/%s/pkgbase", release) &&
		file_read_line(root, path, package, sizeof(package)) == 0 && *package &&
		put_name(ret, PATH_MAX, "/boot/vmlinuz-%s", package) &&
		file_exists(root, "%s", ret) && !is_other(root, ret, release);
}

/* ---- by what is in the files ------------------------------------------------------------- */

#define DEPTH_MAX 3    /* as in /efi/EFI/Linux/NAME.efi */
#define FILES_MAX 4096 /* that are looked at */

/* Files that may be kernels, each with its release, "" where it shows none. */
struct found {
	struct found_file {
		char *path;
		char release[KERNEL_RELEASE_SIZE];
	} * files;
	size_t n;
	bool done;
	unsigned seen;
};

static void free_found(struct found *found)
{
	for (size_t i = 0; i < found->n; i++)
		free(found->files[i].path);
	free(found->files);
}

/* What distributions and people call it, with anything behind; unified images end so. */
static bool may_be_kernel(const char *name)
{
	static const char *const heads[] = {
		"vmlinuz", "vmlinux", "linux", "kernel", "bzImage", "Image"};

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		if (text_begins_with(name, heads[i]))
			return true;
	return text_ends_with(name, ".efi");
}

static int add_found(const struct root *root, const char *path, struct found *found)
{
	struct found_file file, *added;

	if (kernel_release_read(root, path, file.release, sizeof(file.release)) < 0)
		return 0;
	added = LIST_ADD(found->files, found->n);
	if (!added)
		return -ENOMEM;
	file.path = strdup(path);
	*added = file;
	return file.path ? 0 : -ENOMEM;
}

static int look_into(const struct root *root, const char *directory, unsigned depth,
	struct found *found)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	int r = file_list(root, directory, &names);

	/* What is no directory, or cannot be read, has no kernel for us. */
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		char path[PATH_MAX];

		if (found->seen++ == FILES_MAX)
			return 0;
		if (snprintf(path, sizeof(path), "%s/%s", directory, names.names[i]) >=
			(int)sizeof(path))
			continue;
		if (may_be_kernel(names.names[i]))
			r = add_found(root, path, found);
		if (r == 0 && depth < DEPTH_MAX)
			r = look_into(root, path, depth + 1, found);
	}
	return r;
}

/*
 * Below all places where a boot loader or the firmware reads; once a search.  /boot, the last of
 * them, comes first: what lies on an ESP beside it is a copy, and generators name images after
 * the kernel in /boot.
 */
static int look_for_files(const struct root *root, struct found *found)
{
	int r = 0;

	for (size_t i = ESP_PLACES_N; r == 0 && !found->done && i-- > 0;)
		r = look_into(root, esp_places[i], 1, found);
	found->done = true;
	return r;
}

/* The first of the release; a unified image only if there is no other. */
static bool find_by_content(
	const struct found *found, const char *release, char ret[static PATH_MAX])
{
	const struct found_file *best = NULL;

	for (size_t i = 0; i < found->n; i++) {
		const struct found_file *file = &found->files[i];

		if (strcmp(file->release, release) == 0 &&
			(!best ||
				(text_ends_with(best->path, ".efi") &&
					!text_ends_with(file->path, ".efi"))))
			best = file;
	}
	return best && copy_text(ret, PATH_MAX, best->path, strlen(best->path));
}

/* Returns 0; -ENOENT; or another -errno. */
static int find_file(const struct root *root, const char *release, struct found *found,
	char ret[static PATH_MAX])
{
	int r;

	if (find_by(root, by_release, ARRAY_SIZE(by_release), release, ret) ||
		find_by_package(root, release, ret))
		return 0;
	r = look_for_files(root, found);
	if (r < 0)
		return r;
	if (find_by_content(found, release, ret) ||
		find_by(root, with_modules, ARRAY_SIZE(with_modules), release, ret))
		return 0;
	return -ENOENT;
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
	struct kernel *kernel = LIST_ADD(kernels->kernels, kernels->n);

	if (!kernel)
		return -ENOMEM;
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
	_cleanup_(free_found) struct found found = {0};
	char file[PATH_MAX];
	int r = read_releases(root, &releases);

	for (size_t i = 0; r == 0 && i < releases.n; i++) {
		if (!has_modules(root, releases.names[i]))
			continue;
		r = find_file(root, releases.names[i], &found, file);
		if (r == 0)
			r = add_kernel(&kernels, releases.names[i], file);
		else if (r == -ENOENT)
			r = 0;
	}
	if (r < 0)
		return r;
	if (kernels.n)
		qsort(kernels.kernels, kernels.n, sizeof(*kernels.kernels),
			compare_kernels);
	*ret = TAKE_STRUCT(kernels);
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

const struct kernel *kernels_get(const struct kernels *kernels, const char *release)
{
	for (size_t i = 0; i < kernels->n; i++)
		if (strcmp(kernels->kernels[i].release, release) == 0)
			return &kernels->kernels[i];
	return NULL;
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
