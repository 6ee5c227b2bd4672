/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies the entry that was booted, out of grub.cfg or the entries' directory. */
#include "grub_trial.h"

#include "base/base.h"
#include "bls_entry.h"
#include "bls_files.h"
#include "change/change.h"
#include "facts/facts.h"
#include "grub_cfg.h"
#include "grub_custom.h"
#include "grub_default.h"
#include "grub_env.h"
#include "oneshot.h"

/* The kernel file by which GRUB started this boot: BOOT_IMAGE=, with the disk it was on. */
static bool read_kernel(const struct root *root, char *ret, size_t size)
{
	_cleanup_free_ char *cmdline = NULL;
	struct cmdline_param param;

	if (cmdline_read(root, &cmdline) < 0)
		return false;
	for (const char *cursor = cmdline; cmdline_next(&cursor, &param);)
		if (cmdline_name_is(&param, "BOOT_IMAGE") && param.value)
			return copy_text(ret, size, param.value, param.value_len);
	return false;
}

/* ---- custom.cfg ------------------------------------------------------------------------ */

/* The custom.cfg with our part made @part, or with NULL without it. */
static int plan_custom(const struct root *root, const struct grub_names *names,
	const char *part, struct bootmenu_change *change)
{
	_cleanup_free_ char *old = NULL, *text = NULL;
	char path[64];
	int r;

	text_join(path, sizeof(path), names->directory, "/custom.cfg", NULL);
	r = file_read(root, path, &old, NULL);
	if (r == -ENOENT && !part)
		return 0;
	if (r < 0 && r != -ENOENT)
		return bootmenu_fail(change, "cannot read %s: %s", path, errno_text(r));
	if (grub_custom_set_part(old ? old : "", part, &text) < 0)
		return bootmenu_fail(change,
			"%s has only one of the two marks of vfioboot; remove the line with "
			"it",
			path);
	if (!part && strcmp(old, text) == 0)
		return 0;
	/* A file with nothing but our part was ours. */
	return bootmenu_write(change, root, path, *text ? text : NULL);
}

static int plan_entry(const struct root *root, const struct grub_names *names,
	const char *config, const struct bootentry *trial, struct bootmenu_change *change)
{
	char kernel[512] = "";
	const struct grub_cfg_copy copy = {
		kernel, trial->title, trial->id, trial->arguments};
	_cleanup_free_ char *text = NULL;
	int r = -ENOENT;

	if (read_kernel(root, kernel, sizeof(kernel)))
		r = grub_cfg_copy_entry(config, &copy, &text);
	if (r == -ENOENT)
		return bootmenu_fail(change,
			"grub.cfg has no entry for the kernel that runs, %s; boot a kernel "
			"that is in the menu, by a normal entry",
			kernel);
	if (r == -EBADMSG)
		return bootmenu_fail(change,
			"the entry of %s in grub.cfg cannot be copied, since its end is not "
			"clear; rebuild grub.cfg with grub-mkconfig",
			kernel);
	return r < 0 ? r : plan_custom(root, names, text, change);
}

int grub_trial_plan(const struct root *root, const struct bootentry *trial,
	struct bootmenu_change *change, char *ret_id)
{
	_cleanup_free_ char *config = NULL;
	const struct grub_names *names = grub_find(root);
	int r;

	if (!trial)
		return names ? plan_custom(root, names, NULL, change) : 0;
	r = grub_read_config(root, &names, &config, change);
	if (r < 0)
		return r;
	if (!grub_cfg_has(config, "custom.cfg"))
		return bootmenu_refuse(change,
			"%s does not read custom.cfg (41_custom); rebuild it with "
			"grub-mkconfig and all of its parts",
			names->config);
	r = grub_env_check_once(root, names, config, change);
	if (r == 0)
		r = plan_entry(root, names, config, trial, change);
	if (r == 0)
		text_join(ret_id, ONESHOT_ID_SIZE, trial->id, NULL);
	return r;
}

/* ---- entries of the Boot Loader Specification ------------------------------------------- */

int grub_trial_check_bls(const struct root *root, struct bootmenu_change *change)
{
	_cleanup_free_ char *config = NULL;
	const struct grub_names *names;
	char number[64];
	int r = grub_read_config(root, &names, &config, change);

	if (r < 0)
		return r;
	if (!grub_cfg_runs(config, "blscfg"))
		return bootmenu_refuse(change,
			"%s does not read the entries itself (blscfg), so it would not know "
			"the one of a trial",
			names->config);
	if (grub_default_is_number(root, names, config, number, sizeof(number)))
		return bootmenu_refuse(change,
			"its default is entry number %.20s, which would be another one while "
			"the entry of the trial is there; name it, with 'grubby "
			"--set-default'",
			number);
	return grub_env_check_once(root, names, config, change);
}

static bool starts_kernel(const struct bls_file *file, const char *kernel)
{
	char linux_file[512];

	return file->kind == BLS_ORIGINAL &&
		bls_value(file->text, "linux", linux_file, sizeof(linux_file)) &&
		strcmp(linux_file, kernel) == 0 && !bls_has_own(file);
}

int grub_trial_find_bls(const struct root *root, const struct bls_files *files,
	const struct bls_file **ret, struct bootmenu_change *change)
{
	char text[512] = "";
	const char *kernel = text;
	size_t found = 0;

	/* Entries name it without the disk. */
	if (read_kernel(root, text, sizeof(text)) && *text == '(' && strchr(text, ')'))
		kernel = strchr(text, ')') + 1;
	for (size_t i = 0; i < files->n; i++)
		if (starts_kernel(&files->files[i], kernel) && ++found == 1)
			*ret = &files->files[i];
	if (found == 1)
		return 0;
	return bootmenu_fail(change,
		found ? "several entries in %s start the kernel that runs, %.150s, and which "
			"of them was taken is not known"
		      : "no normal entry in %s starts the kernel that runs, %.150s; boot a "
			"kernel that is in the menu, by a normal entry",
		ESP_BOOT BLS_ENTRIES, kernel);
}
