/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the generators there are owns a system, and what they have in common. */
#include "generators.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/base.h"
#include "chain/esp.h"
#include "chain/imagecheck.h"

/* kernel-install is above these, and owns nothing by itself. */
static const struct initramfs_generator *const generators[] = {
	&initramfs_dracut,
	&initramfs_tools,
	&initramfs_mkinitcpio,
};

#define GENERATORS ARRAY_SIZE(generators)

/* Which of them may be the owner: bits by their index. */
typedef unsigned candidates;

static bool is_installed(
	const struct sysfs_root *root, const struct initramfs_generator *generator)
{
	for (const char *const *program = generator->programs; *program; program++)
		if (hostfile_exists(root, "%s", *program))
			return true;
	return false;
}

static const struct initramfs_generator *only_one(candidates set)
{
	for (size_t i = 0; i < GENERATORS; i++)
		if (set == 1U << i)
			return generators[i];
	return NULL;
}

static const struct initramfs_generator *find_named(const char *name)
{
	for (size_t i = 0; i < GENERATORS; i++)
		if (strcmp(generators[i]->name, name) == 0)
			return generators[i];
	return NULL;
}

/* What kernel-install was told to use.  NULL for nothing; else for free(). */
static char *read_choice(const struct sysfs_root *root, const char **ret_where)
{
	static const char *const files[] = {"/etc/kernel/install.conf",
		"/usr/local/lib/kernel/install.conf", "/usr/lib/kernel/install.conf"};
	const char *variable = getenv("KERNEL_INSTALL_INITRD_GENERATOR");

	*ret_where = "KERNEL_INSTALL_INITRD_GENERATOR";
	if (root->live && variable && *variable)
		return strdup(variable);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *text = NULL;

		*ret_where = files[i];
		/* The first file hides the others, kernel-install(8). */
		if (hostfile_read(root, files[i], &text, NULL) == 0)
			return hostfile_value(text, "initrd_generator");
	}
	return NULL;
}

/* Those that Debian's kernel packages call, by scripts named like them. */
static candidates called_by_packages(const struct sysfs_root *root, candidates installed)
{
	candidates set = 0;

	for (size_t i = 0; i < GENERATORS; i++)
		if (installed & 1U << i &&
			hostfile_exists(
				root, "/etc/kernel/postinst.d/%s", generators[i]->name))
			set |= 1U << i;
	return set;
}

/* Those whose marks the images bear that there are. */
static candidates makers(const struct sysfs_root *root, const struct kernels *kernels,
	candidates installed)
{
	_cleanup_(hostfile_free_names) struct hostfile_names paths = {0};
	candidates set = 0;

	for (size_t i = 0; i < kernels->n; i++)
		for (size_t j = 0; j < GENERATORS; j++)
			if (installed & 1U << j)
				generators[j]->find(root, &kernels->kernels[i], &paths);
	for (size_t i = 0; i < paths.n; i++) {
		const struct initramfs_generator *maker =
			imagecheck_maker(root, paths.names[i]);

		for (size_t j = 0; j < GENERATORS; j++)
			if (generators[j] == maker && installed & 1U << j)
				set |= 1U << j;
	}
	return set;
}

static const struct initramfs_generator *choose(const struct sysfs_root *root,
	const struct kernels *kernels, candidates installed, char *ret_problem,
	size_t size)
{
	const struct initramfs_generator *owner = only_one(installed);
	char names[128] = "";

	owner = owner ? owner : only_one(called_by_packages(root, installed));
	owner = owner ? owner : only_one(makers(root, kernels, installed));
	if (owner)
		return owner;
	for (size_t i = 0; i < GENERATORS; i++) {
		size_t len = strlen(names);

		if (installed & 1U << i)
			snprintf(names + len, sizeof(names) - len, "%s%s",
				len ? " and " : "", generators[i]->name);
	}
	if (!installed)
		snprintf(ret_problem, size,
			"no generator of initramfs images is installed: install dracut, "
			"initramfs-tools or mkinitcpio");
	else
		snprintf(ret_problem, size,
			"%s are installed, and nothing tells which makes the images: "
			"remove one, or write initrd_generator=NAME into "
			"/etc/kernel/install.conf",
			names);
	return NULL;
}

const struct initramfs_generator *initramfs_owner(const struct sysfs_root *root,
	const struct kernels *kernels, char *ret_problem, size_t size)
{
	const struct initramfs_generator *named;
	_cleanup_free_ char *choice = NULL;
	candidates installed = 0;
	const char *where;

	choice = read_choice(root, &where);
	for (size_t i = 0; i < GENERATORS; i++)
		if (is_installed(root, generators[i]))
			installed |= 1U << i;
	if (!choice || !*choice || strcmp(choice, "none") == 0)
		return choose(root, kernels, installed, ret_problem, size);
	named = find_named(choice);
	if (named && is_installed(root, named))
		return named;
	snprintf(ret_problem, size,
		named ? "%s names the generator '%s', which is not installed: install it, or "
			"name another"
		      : "%s names the generator '%s', for which vfioboot has no hook: name "
			"dracut, initramfs-tools or mkinitcpio",
		where, choice);
	return NULL;
}

/* Adds the images of one entry directory. */
static int add_of_directory(
	const struct sysfs_root *root, const char *directory, struct hostfile_names *ret)
{
	_cleanup_(hostfile_free_names) struct hostfile_names files = {0};
	int r = hostfile_list(root, directory, &files);

	for (size_t i = 0; r == 0 && i < files.n; i++) {
		_cleanup_free_ char *path = NULL;

		if (strncmp(files.names[i], "initrd", 6) != 0 &&
			strncmp(files.names[i], "initramfs", 9) != 0)
			continue;
		if (asprintf(&path, "%s/%s", directory, files.names[i]) < 0)
			return -ENOMEM;
		r = hostfile_add_name(ret, path);
	}
	return r == -ENOTDIR ? 0 : r;
}

int initramfs_find_entries(const struct sysfs_root *root, const struct kernel *kernel,
	struct hostfile_names *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ESP_PLACES_N; i++) {
		_cleanup_(hostfile_free_names) struct hostfile_names tokens = {0};

		/* The token may be anything; the release below it tells enough. */
		if (hostfile_list(root, esp_places[i], &tokens) < 0)
			continue;
		for (size_t j = 0; r == 0 && j < tokens.n; j++) {
			_cleanup_free_ char *directory = NULL;

			if (asprintf(&directory, "%s/%s/%s", esp_places[i],
				    tokens.names[j], kernel->release) < 0)
				return -ENOMEM;
			if (hostfile_exists(root, "%s", directory))
				r = add_of_directory(root, directory, ret);
		}
	}
	return r;
}

int initramfs_add_arg(struct initramfs_command *command, const char *format, ...)
{
	va_list args;
	int n;

	if (command->n == INITRAMFS_ARGS_MAX)
		return -E2BIG;
	va_start(args, format);
	n = vasprintf(&command->args[command->n], format, args);
	va_end(args);
	if (n < 0) {
		command->args[command->n] = NULL;
		return -ENOMEM;
	}
	command->n++;
	return 0;
}

void initramfs_free_command(struct initramfs_command *command)
{
	for (size_t i = 0; i < command->n; i++)
		free(command->args[i]);
	*command = (struct initramfs_command){0};
}
