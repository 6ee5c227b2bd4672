/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dracut makes an image at the name that it is called with, or else at one that its settings and
 * the directories of the boot loader give (dracut.sh, 059 to 112).  It copies the image there
 * at the end, so that whoever boots meanwhile has half of it: it writes to another name, and we
 * rename.
 */
#include "base/base.h"
#include "generators.h"

#define CONFIG "/etc/dracut.conf"

/* Where drop-ins lie; of two with one name the first counts. */
static const char *const dropins[] = {"/etc/dracut.conf.d",
	"/usr/lib/dracut/dracut.conf.d", "/run/initramfs/dracut.conf.d"};

/* What distributions call the images of a kernel. */
static const struct layout {
	const char *head, *tail;
	const char *sign; /* a file of the distribution; NULL: all others */
} layouts[] = {
	{"/boot/initrd.img-", "", "/etc/debian_version"},
	{"/boot/initrd-", "", "/usr/bin/zypper"},    /* openSUSE */
	{"/boot/initramfs-", ".img", NULL},          /* dracut's own, and Fedora's */
	{"/boot/initramfs-", "-fallback.img", NULL}, /* scripts on Arch */
};

/* ---- settings ---------------------------------------------------------------------------- */

/* One of the drop-ins of the name. */
static int read_dropin(const struct root *root, const char *name, struct shell_vars *vars)
{
	for (size_t i = 0; i < ARRAY_SIZE(dropins); i++) {
		char path[512];
		int r;

		text_join(path, sizeof(path), dropins[i], "/", name, NULL);
		if (!file_exists(root, "%s", path))
			continue;
		r = shell_vars_read(root, path, vars);
		return r == -ENOMEM ? r : 0;
	}
	return 0;
}

/* All settings, as dracut has them for the kernel. */
static int read_settings(
	const struct root *root, const struct kernel *kernel, struct shell_vars *ret)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	int r = shell_vars_set(ret, "kernel", kernel->release);

	if (r == 0) {
		r = shell_vars_read(root, CONFIG, ret);
		r = r == -ENOMEM ? r : 0;
	}
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(dropins); i++) {
		_cleanup_(file_free_names) struct file_names files = {0};

		if (file_list(root, dropins[i], &files) < 0)
			continue;
		for (size_t j = 0; r == 0 && j < files.n; j++)
			if (text_ends_with(files.names[j], ".conf"))
				r = file_add_name(&names, files.names[j]);
	}
	file_sort_names(&names);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = read_dropin(root, names.names[i], ret);
	return r;
}

static bool is_set(const struct shell_vars *vars, const char *name, const char *value)
{
	const char *text = shell_vars_text(vars, name, NULL);

	return text && strcmp(text, value) == 0;
}

/* ---- a unified image --------------------------------------------------------------------- */

static const char *efi_directory(const struct root *root)
{
	_cleanup_(mounts_unref) struct libmnt_table *mounts = NULL;

	if (mounts_read(root, &mounts) == 0 && mounts_find(mounts, "/efi"))
		return "/efi/EFI";
	return file_exists(root, "/boot/efi/EFI") ? "/boot/efi/EFI" : "/boot/EFI";
}

/* With '-' before it; "" for none. */
static void add_machine(
	const struct root *root, const struct shell_vars *vars, char *ret, size_t size)
{
	char id[64] = "";

	*ret = '\0';
	if (is_set(vars, "machine_id", "no"))
		return;
	if (file_exists(root, "/efi/Default") || file_exists(root, "/boot/Default") ||
		file_exists(root, "/boot/efi/Default") ||
		file_read_line(root, "/etc/machine-id", id, sizeof(id)) < 0 || !*id ||
		strcmp(id, "uninitialized") == 0)
		text_join(id, sizeof(id), "Default", NULL);
	text_join(ret, size, "-", id, NULL);
}

/* BUILD_ID of os-release(5), the same way. */
static void add_build(const struct root *root, char *ret, size_t size)
{
	static const char *const files[] = {"/etc/os-release", "/usr/lib/os-release"};

	*ret = '\0';
	for (size_t i = 0; !*ret && i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *id = file_read_value(root, files[i], "BUILD_ID");

		if (id && *id)
			text_join(ret, size, "-", id, NULL);
	}
}

static int add_unified(const struct root *root, const struct kernel *kernel,
	const struct shell_vars *vars, struct file_names *ret)
{
	char path[512], machine[80], build[80];

	add_machine(root, vars, machine, sizeof(machine));
	add_build(root, build, sizeof(build));
	text_join(path, sizeof(path), efi_directory(root), "/Linux/linux-",
		kernel->release, machine, build, ".efi", NULL);
	return file_add_name(ret, path);
}

/* ---- which images ------------------------------------------------------------------------ */

static int add_existing(const struct root *root, const char *path, struct file_names *ret)
{
	return !path                            ? -ENOMEM
		: file_exists(root, "%s", path) ? file_add_name(ret, path)
						: 0;
}

static char *settings_name(const struct shell_vars *vars)
{
	const char *name = shell_vars_text(vars, "initrdname", NULL);
	char *path;

	if (!name || !*name || asprintf(&path, "/boot/%s", name) < 0)
		return NULL;
	return path;
}

/* Those named like @kernel that are there. */
static int add_named(
	const struct root *root, const struct kernel *kernel, struct file_names *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(layouts); i++) {
		_cleanup_free_ char *name =
			initramfs_name(kernel, layouts[i].head, layouts[i].tail);

		r = add_existing(root, name, ret);
	}
	return r;
}

static int find(
	const struct root *root, const struct kernel *kernel, struct file_names *ret)
{
	_cleanup_(shell_vars_free) struct shell_vars vars = {0};
	/* A name by release is another file's where the kernel has one of its own. */
	struct kernel by_release = {kernel->release, kernel->release};
	_cleanup_free_ char *named = NULL;
	size_t before = ret->n;
	int r = read_settings(root, kernel, &vars);

	if (r == 0 && is_set(&vars, "uefi", "yes"))
		return add_unified(root, kernel, &vars, ret);
	named = settings_name(&vars);
	if (r == 0 && named)
		r = add_existing(root, named, ret);
	r = r < 0 ? r : add_named(root, kernel, ret);
	if (r == 0 && ret->n == before)
		r = add_named(root, &by_release, ret);
	return r;
}

/* What the settings name, or the first layout that the system has the sign of. */
static int expect(
	const struct root *root, const struct kernel *kernel, struct file_names *ret)
{
	_cleanup_(shell_vars_free) struct shell_vars vars = {0};
	const struct layout *layout = layouts;
	_cleanup_free_ char *name = NULL;
	int r = read_settings(root, kernel, &vars);

	if (r < 0)
		return r;
	name = settings_name(&vars);
	while (layout->sign && !file_exists(root, "%s", layout->sign))
		layout++;
	if (!name)
		name = initramfs_name(kernel, layout->head, layout->tail);
	return name ? file_add_name(ret, name) : -ENOMEM;
}

/* ---- how each is made -------------------------------------------------------------------- */

static bool keep_how_made(const void *data, const char *path)
{
	(void)data;
	return text_ends_with(path, INITRAMFS_HOW_MADE);
}

/* Whether there are options besides those that every call has. */
static bool are_special(const char *options)
{
	static const char *const plain[] = {"--force", "-f", "--no-uefi", "--quiet", "-q",
		"--verbose", "-v", "--noimageifnotneeded"};
	static const char *const with_value[] = {"--kver", "--kernel-image"};

	for (size_t len; *(options += strspn(options, " \t\n")); options += len) {
		char word[64];

		len = strcspn(options, " \t\n");
		if (!copy_text(word, sizeof(word), options, len))
			return true;
		if (text_is_one_of(word, with_value, ARRAY_SIZE(with_value))) {
			len += strspn(options + len, " ");
			len += strcspn(options + len, " \t\n");
		} else if (!text_is_one_of(word, plain, ARRAY_SIZE(plain))) {
			return true;
		}
	}
	return false;
}

/* The options that the image was made with, which `--rebuild` repeats; "" for none. */
static const char *how_made(const struct imagefile *image)
{
	for (size_t i = 0; i < image->n; i++)
		if (text_ends_with(image->entries[i].path, INITRAMFS_HOW_MADE) &&
			image->entries[i].data)
			return image->entries[i].data;
	return "";
}

static bool has_options(const struct root *root, const char *path)
{
	_cleanup_(imagefile_free) struct imagefile image = {0};

	return imagefile_open(root, path, keep_how_made, NULL, &image, NULL) == 0 &&
		are_special(how_made(&image));
}

/* A unified one may be another program's work, with dracut's image in it. */
static bool remakes(const struct imagefile *image)
{
	return !image->is_unified || strstr(how_made(image), "--uefi");
}

/* What the name of the image wants and the settings do not say. */
static int add_kind(const struct root *root, const struct kernel *kernel,
	const char *path, struct change_step *step)
{
	_cleanup_(shell_vars_free) struct shell_vars vars = {0};
	bool unified = text_ends_with(path, ".efi");
	int r = read_settings(root, kernel, &vars);

	if (r < 0 || unified == is_set(&vars, "uefi", "yes"))
		return r;
	return change_add_args(step, unified ? "--uefi" : "--no-uefi", NULL);
}

static int command(const struct root *root, const struct kernel *kernel, const char *path,
	const char *output, struct change_step *ret)
{
	_cleanup_free_ char *old = NULL;
	int r = 0;

	if (asprintf(&old, "%s%s", root->path, path) < 0)
		return -ENOMEM;
	/* Debian's dracut calls these with the name that it wrote to, which is not yet it. */
	if (file_exists(root, INITRAMFS_POST_UPDATE))
		r = change_add_args(ret, "env", "NO_POST_UPDATE_HOOKS=1", NULL);
	r = r < 0 ? r : change_add_args(ret, "dracut", "--force", NULL);
	if (r == 0 && has_options(root, path))
		r = change_add_args(ret, "--rebuild", old, NULL);
	else if (r == 0)
		r = add_kind(root, kernel, path, ret);
	return r < 0 ? r : change_add_args(ret, output, kernel->release, NULL);
}

/* Names of images that are not there are those of the settings. */
static bool knows(const struct root *root, const struct kernel *kernel, const char *path,
	struct message *why)
{
	static const char *const names[] = {"uefi", "initrdname", "machine_id"};
	_cleanup_(shell_vars_free) struct shell_vars vars = {0};
	struct message unknown = {0};

	if (read_settings(root, kernel, &vars) < 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (shell_vars_text(&vars, names[i], &unknown))
			continue;
		/* Opening the image is slow, and with its own options it needs no settings. */
		if (path && has_options(root, path))
			return true;
		message_remedy(&unknown, "run 'dracut --force --kver %s' by hand",
			kernel->release);
		if (why)
			*why = unknown;
		return false;
	}
	return true;
}

const struct initramfs_generator initramfs_dracut = {
	.name = "dracut",
	.programs = {"/usr/bin/dracut", "/usr/sbin/dracut", "/sbin/dracut",
		"/bin/dracut"},
	.marks = {"usr/lib/dracut/", "lib/dracut/"},
	.hooks = {"/usr/lib/dracut/modules.d/50vfioboot/module-setup.sh"},
	.package = "vfioboot-dracut",
	.find = find,
	.expect = expect,
	.command = command,
	.remakes = remakes,
	.knows = knows,
};
