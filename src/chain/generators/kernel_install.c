/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel-install(8) puts what a generator makes into a directory of the boot loader's entries,
 * TOKEN/RELEASE on the ESP or XBOOTLDR, by plugins that copy it there.  An image that is there
 * already is replaced by a rename, so it is only asked for the image of a kernel that has none.
 */
#include <limits.h>

#include "base/base.h"
#include "facts/facts.h"
#include "generators.h"

#define PROGRAM "/usr/bin/kernel-install"

static int find(
	const struct root *root, const struct kernel *kernel, struct file_names *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ESP_PLACES_N; i++) {
		_cleanup_(file_free_names) struct file_names tokens = {0};

		/* The token may be anything; the release below it says enough. */
		if (file_list(root, esp_places[i], &tokens) < 0)
			continue;
		for (size_t j = 0; r == 0 && j < tokens.n; j++) {
			_cleanup_free_ char *directory = NULL;

			if (asprintf(&directory, "%s/%s/%s", esp_places[i],
				    tokens.names[j], kernel->release) < 0)
				return -ENOMEM;
			if (file_exists(root, "%s", directory))
				r = file_list_paths(root, directory,
					"@(initrd|initramfs)*", FNM_EXTMATCH, ret);
			r = r == -ENOTDIR ? 0 : r;
		}
	}
	return r;
}

/* ---- settings ---------------------------------------------------------------------------- */

/* Of files, and of drop-ins of one name, the first counts; all drop-ins go before the files. */
static const char *const directories[] = {
	"/etc/kernel", "/run/kernel", "/usr/local/lib/kernel", "/usr/lib/kernel"};

char *initramfs_kernel_install_setting(
	const struct root *root, const char *key, char *where, size_t size)
{
	_cleanup_(file_free_names) struct file_names dropins = {0};
	char *value = NULL;

	file_list_dropins(
		root, directories, ARRAY_SIZE(directories), "install.conf.d", &dropins);
	for (size_t i = dropins.n; !value && i-- > 0;) {
		text_join(where, size, dropins.names[i], NULL);
		value = file_read_value(root, where, key);
	}
	for (size_t i = 0; !value && i < ARRAY_SIZE(directories); i++) {
		text_join(where, size, directories[i], "/install.conf", NULL);
		if (file_exists(root, "%s", where))
			return file_read_value(root, where, key);
	}
	return value;
}

const char *initramfs_cmdline_file(const struct root *root)
{
	static const char *const files[] = {INITRAMFS_CMDLINE, "/usr/lib/kernel/cmdline"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (file_exists(root, "%s", files[i]))
			return files[i];
	return NULL;
}

/* ---- what it builds ---------------------------------------------------------------------- */

/* The file that it is given, which is none that it made itself; "": it is not known. */
static const char *kernel_to_add(
	const struct root *root, const struct kernel *kernel, char own[static PATH_MAX])
{
	text_join(own, PATH_MAX, "/" TREE_USR_MODULES "/", kernel->release, "/vmlinuz",
		NULL);
	if (file_exists(root, "%s", own))
		return own;
	return text_ends_with(kernel->file, ".efi") ? "" : kernel->file;
}

static int command(const struct root *root, const struct kernel *kernel, const char *path,
	const char *output, struct change_step *ret)
{
	char own[PATH_MAX];

	(void)path, (void)output;
	return change_add_args(ret, "kernel-install", "add", kernel->release,
		kernel_to_add(root, kernel, own), NULL);
}

/* TOKEN-RELEASE.efi, also with tries (systemd-boot(7)). */
static bool is_of_release(const char *path, const char *release)
{
	const char *name = strrchr(path, '/'), *at = name ? strstr(name, release) : NULL;
	const char *end = at ? at + strlen(release) : NULL;

	return at && at[-1] == '-' && (*end == '+' || strcmp(end, ".efi") == 0);
}

static bool knows(const struct root *root, const struct kernel *kernel, const char *path,
	struct message *why)
{
	(void)kernel;
	if (!path || !text_ends_with(path, ".efi") || initramfs_cmdline_file(root))
		return true;
	message_set(why, -ENOENT,
		"kernel-install would put the command line of this boot into %s", path);
	message_remedy(why, "write /etc/kernel/cmdline");
	return false;
}

static bool is_unified(
	const struct root *root, const struct kernel *kernel, const char *path)
{
	return strstr(path, "/EFI/Linux/") && is_of_release(path, kernel->release) &&
		file_exists(root, PROGRAM);
}

/* With tries the new image would get another name. */
bool initramfs_kernel_install_unifies(
	const struct root *root, const struct kernel *kernel, const char *path)
{
	char where[512], own[PATH_MAX];
	_cleanup_free_ char *layout =
		initramfs_kernel_install_setting(root, "layout", where, sizeof(where));

	return layout && strcmp(layout, "uki") == 0 &&
		(!path ||
			(is_unified(root, kernel, path) &&
				*kernel_to_add(root, kernel, own) &&
				!file_exists(root, "/etc/kernel/tries")));
}

static bool is_bundle_of_sbctl(const struct root *root, const char *path)
{
	static const char *const files[] = {
		"/var/lib/sbctl/bundles.json", "/usr/share/secureboot/bundles.db"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *text = NULL;

		if (file_read(root, files[i], &text, NULL) == 0 && strstr(text, path))
			return true;
	}
	return false;
}

void initramfs_by_hand(const struct root *root, const struct kernel *kernel,
	const char *path, struct message *ret)
{
	char own[PATH_MAX];
	const char *file = kernel ? kernel_to_add(root, kernel, own) : "";

	if (is_bundle_of_sbctl(root, path))
		message_remedy(ret, "run 'sbctl generate-bundles --sign' by hand");
	else if (kernel && is_unified(root, kernel, path))
		message_remedy(ret, "run 'kernel-install add %s %s' by hand",
			kernel->release, *file ? file : "VMLINUZ");
	else
		message_remedy(ret, "rebuild it with the program that built it");
}

const struct initramfs_generator initramfs_kernel_install = {
	.name = "kernel-install",
	.programs = {PROGRAM},
	/* What a person adds may sign images, or copy them to where they are started. */
	.followers = {"/etc/kernel/install.d"},
	.replaces = true,
	.adds_entry = true,
	.find = find,
	.command = command,
	.knows = knows,
};
