/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dracut copies the image to its name at the end (seen in 059 to 106), so that whoever
 * boots meanwhile has half of it: it writes to another name, and we rename.
 */
#include "base/base.h"
#include "generators.h"

/* What distributions call the image of a release. */
static const struct layout {
	const char *head, *tail;
	const char *sign; /* a file of the distribution */
} layouts[] = {
	{"/boot/initrd.img-", "", "/etc/debian_version"},
	{"/boot/initrd-", "", "/usr/bin/zypper"}, /* openSUSE */
	{"/boot/initramfs-", ".img", "/"},        /* dracut's own, and Fedora's */
};

/* The name in a layout, for free(). */
static char *name_in(const struct layout *layout, const char *release)
{
	char *name;

	if (asprintf(&name, "%s%s%s", layout->head, release, layout->tail) < 0)
		return NULL;
	return name;
}

/* The first layout that the system has the sign of. */
static int expect(
	const struct root *root, const struct kernel *kernel, struct file_names *ret)
{
	const struct layout *layout = layouts;
	_cleanup_free_ char *name = NULL;

	while (!file_exists(root, "%s", layout->sign) &&
		layout + 1 < layouts + ARRAY_SIZE(layouts))
		layout++;
	name = name_in(layout, kernel->release);
	return name ? file_add_name(ret, name) : -ENOMEM;
}

static int find(
	const struct root *root, const struct kernel *kernel, struct file_names *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(layouts); i++) {
		_cleanup_free_ char *name = name_in(&layouts[i], kernel->release);

		if (!name)
			return -ENOMEM;
		if (file_exists(root, "%s", name))
			r = file_add_name(ret, name);
	}
	return r;
}

static int command(const struct root *root, const struct kernel *kernel, const char *path,
	const char *output, struct change_step *ret)
{
	int r = 0;

	(void)path;
	/* Debian's dracut calls these with the name that it wrote to, which is not yet it. */
	if (file_exists(root, INITRAMFS_POST_UPDATE))
		r = change_add_args(ret, "env", "NO_POST_UPDATE_HOOKS=1", NULL);
	return r < 0 ? r
		     : change_add_args(
			       ret, "dracut", "--force", output, kernel->release, NULL);
}

static const char *const programs[] = {
	"/usr/bin/dracut", "/usr/sbin/dracut", "/sbin/dracut", "/bin/dracut", NULL};
static const char *const marks[] = {"usr/lib/dracut/", "lib/dracut/", NULL};

const struct initramfs_generator initramfs_dracut = {
	.name = "dracut",
	.programs = programs,
	.marks = marks,
	.find = find,
	.expect = expect,
	.command = command,
};
