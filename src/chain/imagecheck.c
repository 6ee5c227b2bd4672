/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host has now, and image files opened to be compared with it. */
#include "imagecheck.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/base.h"
#include "decide/decide.h"

/* The module of the driver that sections get by themselves, and the one that guests need. */
static const char *const own_modules[] = {"vfio_pci", "vfio_iommu_type1"};

/* Notes where a file is that was opened through a link. */
static int note_target(
	const struct sysfs_root *root, const char *path, struct imagecheck *check)
{
	char name[64], target[PATH_MAX];
	_cleanup_close_ int fd = sysfs_root_open_file(root, path, O_PATH);
	size_t len = root->live ? 0 : strlen(root->path);
	ssize_t n;

	if (fd < 0)
		return 0;
	snprintf(name, sizeof(name), TREE_OWN_FD, fd);
	n = readlink(name, target, sizeof(target) - 1);
	if (n < 0 || (size_t)n <= len + 1)
		return 0;
	target[n] = '\0';
	return hostfile_add_name(&check->targets, target + len + 1);
}

/* Adds a file of the configuration, if it is there. */
static int add_file(
	const struct sysfs_root *root, const char *path, struct imagecheck *check)
{
	struct imagecheck_file file = {0}, *more;
	char target[PATH_MAX];
	int link = sysfs_root_read_link(root, path, target, sizeof(target)), r;

	if (link < 0 || strcmp(target, TREE_NULL) != 0) {
		r = hostfile_read(root, path, &file.data, &file.size);
		if (r == -ENOENT || r == -EISDIR)
			return 0; /* a link to nowhere: no hook takes it */
		if (r < 0)
			return r;
	}
	file.path = strdup(path);
	more = realloc(check->files, (check->n_files + 1) * sizeof(*more));
	if (!file.path || !more) {
		free(file.path);
		free(file.data);
		check->files = more ? more : check->files;
		return -ENOMEM;
	}
	check->files = more;
	check->files[check->n_files++] = file;
	return link == 0 ? note_target(root, path, check) : 0;
}

/* The hooks take all of them, also those that another one hides. */
static int add_dropins(
	const struct sysfs_root *root, const char *directory, struct imagecheck *check)
{
	_cleanup_(hostfile_free_names) struct hostfile_names names = {0};
	int r = hostfile_list(root, directory, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_free_ char *path = NULL;

		if (!configfiles_is_dropin(names.names[i]))
			continue;
		if (asprintf(&path, "%s/%s", directory, names.names[i]) < 0)
			return -ENOMEM;
		r = add_file(root, path, check);
	}
	return r;
}

static int add_module(struct imagecheck *check, const char *driver)
{
	char name[CONFIG_DRIVER_SIZE];

	snprintf(name, sizeof(name), "%s", driver);
	for (char *c = name; *c; c++)
		*c = *c == '-' ? '_' : *c;
	return hostfile_add_name(&check->modules, name);
}

static int add_modules(const struct sysfs_root *root, struct imagecheck *check)
{
	struct config *config = calloc(1, sizeof(*config));
	int r = config ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(own_modules); i++)
		r = add_module(check, own_modules[i]);
	if (r == 0)
		configfiles_read(root, CONFIGFILES_OF_IMAGE, config);
	for (unsigned i = 0; r == 0 && i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];

		if (!section->bad && *section->driver &&
			strcmp(section->driver, CONFIG_DRIVER_NONE) != 0)
			r = add_module(check, section->driver);
	}
	free(config);
	return r;
}

int imagecheck_read(const struct sysfs_root *root, enum imagecheck_of of,
	const struct protect_list *protect, struct imagecheck *ret)
{
	struct imagecheck check = {.protect = protect};
	int r = add_dropins(root, CONFIGFILES_VENDOR_DIR, &check);

	if (of == IMAGECHECK_NOW) {
		r = r < 0 ? r : add_file(root, CONFIGFILES_MAIN, &check);
		r = r < 0 ? r : add_dropins(root, CONFIGFILES_LOCAL_DIR, &check);
	}
	r = r < 0 ? r : add_modules(root, &check);
	if (r == 0) {
		r = hostfile_read(
			root, IMAGECHECK_PROGRAM, &check.program, &check.program_size);
		r = r == -ENOENT ? 0 : r;
	}
	if (r < 0)
		imagecheck_free(&check);
	else
		*ret = check;
	return r;
}

void imagecheck_free(struct imagecheck *check)
{
	for (size_t i = 0; i < check->n_files; i++) {
		free(check->files[i].path);
		free(check->files[i].data);
	}
	free(check->files);
	free(check->program);
	hostfile_free_names(&check->targets);
	hostfile_free_names(&check->modules);
	*check = (struct imagecheck){0};
}

/* The modules of the list that the kernel has as files: what is built in is in no image. */
static int find_needed(const struct sysfs_root *root, const char *release,
	const struct hostfile_names *modules, struct hostfile_names *ret)
{
	_cleanup_free_ char *text = NULL;
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), TREE_MODULES "/%s/modules.dep", release);
	r = hostfile_read(root, path, &text, NULL);
	if (r == -ENOENT) {
		snprintf(path, sizeof(path), TREE_USR_MODULES "/%s/modules.dep", release);
		r = hostfile_read(root, path, &text, NULL);
	}
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		for (size_t i = 0; r == 0 && i < modules->n; i++)
			if (imagejudge_is_module(
				    line, strcspn(line, ":\n"), modules->names[i]))
				r = hostfile_add_name(ret, modules->names[i]);
	}
	return r;
}

static bool keep(const void *data, const char *path)
{
	static const char *const wanted[] = {"etc/vfioboot", "usr/lib/vfioboot"};
	const struct imagecheck *check = data;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (strncmp(path, wanted[i], strlen(wanted[i])) == 0)
			return true;
	if (strcmp(path, "scripts/init-top/ORDER") == 0 || strcmp(path, "config") == 0)
		return true;
	for (size_t i = 0; i < check->targets.n; i++)
		if (strcmp(check->targets.names[i], path) == 0)
			return true;
	return false;
}

static bool keep_nothing(const void *data, const char *path)
{
	(void)data;
	(void)path;
	return false;
}

/* Opens and reads.  Returns 0, or -errno with a sentence in @why. */
static int read_image(const struct imagecheck *check, const struct sysfs_root *root,
	const char *path, struct imagefile *ret, char *why, size_t why_size)
{
	_cleanup_close_ int fd = sysfs_root_open_file(root, path, O_RDONLY | O_NONBLOCK);
	int r;

	*why = '\0';
	r = fd < 0 ? fd
		   : imagefile_read(
			     fd, check ? keep : keep_nothing, check, ret, why, why_size);
	if (r == -EACCES)
		snprintf(why, why_size, "only root may read it");
	else if (r < 0 && !*why)
		snprintf(why, why_size, "it can't be read: %s", strerror(-r));
	return r;
}

bool imagecheck_is_unified(const char *path)
{
	size_t len = strlen(path);

	return len > 4 && strcmp(path + len - 4, ".efi") == 0;
}

enum image_state imagecheck_file(const struct imagecheck *check,
	const struct sysfs_root *root, const char *release, const char *path, char *why,
	size_t why_size)
{
	_cleanup_(hostfile_free_names) struct hostfile_names needed = {0};
	_cleanup_(imagefile_free) struct imagefile image = {0};
	int r;

	if (imagecheck_is_unified(path)) {
		snprintf(why, why_size,
			"it is a unified kernel image, which vfioboot does not look into");
		return IMAGE_UNKNOWN;
	}
	r = read_image(check, root, path, &image, why, why_size);
	if (r == -ENOENT) {
		snprintf(why, why_size, "there is no image");
		return IMAGE_MISSING;
	}
	if (r < 0)
		return IMAGE_UNKNOWN;
	r = find_needed(root, release, &check->modules, &needed);
	if (r < 0) {
		snprintf(why, why_size, "the modules of %s can't be read: %s", release,
			strerror(-r));
		return IMAGE_UNKNOWN;
	}
	return imagejudge(check, &image, release, &needed, why, why_size);
}

bool imagecheck_is_whole(const struct sysfs_root *root, const char *path)
{
	_cleanup_(imagefile_free) struct imagefile image = {0};
	char why[128];

	return read_image(NULL, root, path, &image, why, sizeof(why)) == 0;
}

const struct initramfs_generator *imagecheck_maker(
	const struct sysfs_root *root, const char *path)
{
	_cleanup_(imagefile_free) struct imagefile image = {0};
	char why[128];

	if (read_image(NULL, root, path, &image, why, sizeof(why)) < 0)
		return NULL;
	return imagejudge_maker(&image);
}
