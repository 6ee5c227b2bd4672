/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB with entries of the Boot Loader Specification, as Fedora builds it: the entry is a file
 * beside that of the kernel that runs, whose name sorts below it (bls_entry.h), so that it is
 * neither the default nor the first.  grubonce.h has it taken once: Fedora's 00_header clears
 * next_entry as everybody's does, before it reads any entry.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "bls_entry.h"
#include "bls_files.h"
#include "chain/esp.h"
#include "chain/oneshot.h"
#include "grubconfig.h"
#include "grubonce.h"

static const char *const places[] = {ESP_BOOT};

static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789")] && strcmp(text, "0") != 0;
}

/* A default that counts entries would be another one while ours is there. */
static bool find_number(const struct sysfs_root *root, const struct grubonce *grub,
	const char *config, char *ret, size_t size)
{
	/* With boot_counter 08_fallback_counting has a number as the default. */
	static const char *const names[] = {"saved_entry", "boot_counter"};

	if (grub_default(config, ret, size) && is_number(ret))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (grubonce_variable(root, grub, names[i], ret, size) && is_number(ret))
			return true;
	return false;
}

static int check(const struct sysfs_root *root, struct bootmenu_change *change)
{
	_cleanup_free_ char *config = NULL;
	const struct grubonce *grub;
	char number[64];
	int r = grubonce_read_config(root, &grub, &config, change);

	if (r < 0)
		return r;
	if (!grub_reads_bls(config))
		return bootmenu_refuse(change,
			"%s/grub.cfg does not read the entries itself (blscfg), so it would "
			"not know the one of a trial",
			grub->directory);
	if (find_number(root, grub, config, number, sizeof(number)))
		return bootmenu_refuse(change,
			"its default is entry number %.20s, which would be another one while "
			"the entry of the trial is there; name it, with 'grubby "
			"--set-default'",
			number);
	return grubonce_check(root, grub, config, change);
}

/* The file of the kernel as entries name it: BOOT_IMAGE= has the disk before it. */
static const char *without_disk(const char *kernel)
{
	const char *end = *kernel == '(' ? strchr(kernel, ')') : NULL;

	return end ? end + 1 : kernel;
}

static bool starts_kernel(const struct bls_file *file, const char *kernel)
{
	char linux_file[512];

	return file->kind == BLS_ORIGINAL &&
		bls_value(file->text, "linux", linux_file, sizeof(linux_file)) &&
		strcmp(linux_file, kernel) == 0 && !strstr(file->text, " vfioboot.");
}

/* The one normal entry of the kernel that runs.  Returns 0, or -EREMOTEIO. */
static int find_booted(const struct sysfs_root *root, const struct bls_files *files,
	const struct bls_file **ret, struct bootmenu_change *change)
{
	char text[512] = "";
	const char *kernel;
	size_t found = 0;

	grubonce_kernel(root, text, sizeof(text));
	kernel = without_disk(text);
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

int grub_bls_plan_trial(const struct sysfs_root *root, const struct bootentry *trial,
	struct bootmenu_change *change, char *ret_id)
{
	_cleanup_(bls_files_free) struct bls_files files = {0};
	const struct bls_file *original = NULL;
	int r;

	if (!trial)
		return bls_plan_no_trial(
			root, places, ARRAY_SIZE(places), BLS_TRIAL_GRUB, change);
	r = check(root, change);
	if (r < 0)
		return r;
	r = bls_files_read(root, places, ARRAY_SIZE(places), &files);
	if (r < 0)
		return bootmenu_fail(change, "cannot read %s: %s%s", files.failed,
			strerror(-r), bootmenu_remedy(r));
	r = find_booted(root, &files, &original, change);
	return r < 0 ? r
		     : bls_plan_trial(root, original, trial, false, BLS_TRIAL_GRUB, "",
			       change, ret_id);
}
