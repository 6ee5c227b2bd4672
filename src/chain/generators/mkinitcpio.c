/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mkinitcpio's images are what presets name: /etc/mkinitcpio.d/NAME.preset, a piece of bash
 * of which the usual assignments are read (mkinitcpio.d/hook.preset of its sources).  With
 * little room it writes in place, so it writes to another name, and we rename.
 */
#include <errno.h>
#include <stdio.h>

#include "base/base.h"
#include "generators.h"

#define PRESETS "/etc/mkinitcpio.d"
#define SUFFIX  ".preset"

/* One image of a preset. */
struct preset {
	char *text;
	char name[64];
};

/* The value of NAME_KEY, or of ALL_KEY.  NULL for none; else for free(). */
static char *preset_value(const struct preset *preset, const char *key)
{
	char name[128];
	char *value;

	snprintf(name, sizeof(name), "%s_%s", preset->name, key);
	value = text_value(preset->text, name);
	if (value)
		return value;
	snprintf(name, sizeof(name), "ALL_%s", key);
	return text_value(preset->text, name);
}

/* A release, or the file to boot. */
static bool is_of_kernel(const struct preset *preset, const struct kernel *kernel)
{
	_cleanup_free_ char *version = preset_value(preset, "kver");
	char with_modules[512];

	snprintf(with_modules, sizeof(with_modules), "/usr/lib/modules/%s/vmlinuz",
		kernel->release);
	return version &&
		(strcmp(version, kernel->release) == 0 ||
			strcmp(version, kernel->file) == 0 ||
			strcmp(version, with_modules) == 0);
}

/* Cuts the next word of "PRESETS=('default' 'fallback')" off. */
static bool next_name(const char **list, char *ret, size_t size)
{
	size_t len;

	*list += strspn(*list, "(\"' \t\n");
	len = strcspn(*list, "\"' \t\n)");
	if (len == 0 || **list == ')' || !copy_text(ret, size, *list, len))
		return false;
	*list += len;
	return true;
}

/* Package managers leave others beside it: .preset.pacsave, .preset.pacnew. */
static bool is_preset(const char *name)
{
	size_t len = strlen(name);

	return len > strlen(SUFFIX) && strcmp(name + len - strlen(SUFFIX), SUFFIX) == 0;
}

/* Calls @found for each image of the kernel until it returns something else than 0. */
static int each_preset(const struct root *root, const struct kernel *kernel,
	int (*found)(void *data, const struct preset *preset), void *data)
{
	_cleanup_(file_free_names) struct file_names files = {0};
	int r = file_list(root, PRESETS, &files);

	for (size_t i = 0; r == 0 && i < files.n; i++) {
		_cleanup_free_ char *text = NULL;
		struct preset preset;
		const char *list;
		char path[512];

		snprintf(path, sizeof(path), PRESETS "/%s", files.names[i]);
		if (!is_preset(files.names[i]) || file_read(root, path, &text, NULL) < 0)
			continue;
		preset.text = text;
		list = text_find_value(text, "PRESETS");
		while (r == 0 && list &&
			next_name(&list, preset.name, sizeof(preset.name)))
			if (is_of_kernel(&preset, kernel))
				r = found(data, &preset);
	}
	return r;
}

static int add_images(void *data, const struct preset *preset)
{
	static const char *const keys[] = {"image", "uki", "efi_image"};
	struct file_names *names = data;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(keys); i++) {
		_cleanup_free_ char *path = preset_value(preset, keys[i]);

		if (path && *path == '/')
			r = file_add_name(names, path);
	}
	return r;
}

static int find(
	const struct root *root, const struct kernel *kernel, struct file_names *ret)
{
	return each_preset(root, kernel, add_images, ret);
}

static int expect(
	const struct root *root, const struct kernel *kernel, struct file_names *ret)
{
	char path[512];

	(void)root;
	snprintf(path, sizeof(path), "/boot/initramfs-%s.img", kernel->release);
	return file_add_name(ret, path);
}

struct job {
	const char *path;
	struct change_step *step;
};

/* Adds the words of a value, parted by blanks, with quotes and brackets left out. */
static int add_words(struct change_step *step, const char *words)
{
	char word[256];
	int r = 0;

	while (r == 0 && next_name(&words, word, sizeof(word)))
		r = change_add_args(step, word, NULL);
	return r;
}

/* What the preset says besides, for its image that is asked for. */
static int add_options(void *data, const struct preset *preset)
{
	_cleanup_free_ char *image = preset_value(preset, "image"),
			    *config = preset_value(preset, "config"), *options = NULL;
	const struct job *job = data;
	const char *at;
	char key[128];
	int r = 0;

	if (!image || strcmp(image, job->path) != 0)
		return 0;
	if (config && *config)
		r = change_add_args(job->step, "-c", config, NULL);
	/* A text, or a list in brackets. */
	snprintf(key, sizeof(key), "%s_options", preset->name);
	at = text_find_value(preset->text, key);
	if (!at || r < 0)
		return r < 0 ? r : 1;
	options = strndup(at, strcspn(at, *at == '(' ? ")" : "\n#"));
	r = options ? add_words(job->step, options) : -ENOMEM;
	return r < 0 ? r : 1;
}

static int command(const struct root *root, const struct kernel *kernel, const char *path,
	const char *output, struct change_step *ret)
{
	struct job job = {path, ret};
	int r = change_add_args(
		ret, "mkinitcpio", "-k", kernel->release, "-g", output, NULL);

	r = r < 0 ? r : each_preset(root, kernel, add_options, &job);
	return r < 0 ? r : 0;
}

static const char *const programs[] = {
	"/usr/bin/mkinitcpio", "/usr/sbin/mkinitcpio", NULL};
static const char *const marks[] = {"buildconfig", NULL};

const struct initramfs_generator initramfs_mkinitcpio = {
	.name = "mkinitcpio",
	.programs = programs,
	.marks = marks,
	.find = find,
	.expect = expect,
	.command = command,
};
