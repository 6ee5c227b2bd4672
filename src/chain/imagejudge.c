/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judges the content of an image.  What each generator makes of our hooks is in facts that
 * were seen: the name and place of what runs us is theirs.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/base.h"
#include "decide/decide.h"
#include "imagecheck.h"

#define UNIT     "vfioboot-early.service"
#define WANTS    "sysinit.target.wants/" UNIT
#define ORDER    "scripts/init-top/ORDER"
#define INIT_TOP "scripts/init-top/00-vfioboot"
#define RUN_HOOK "hooks/vfioboot"

struct judge {
	const struct imagecheck *check;
	const struct imagefile *image;
	const char *release;
	const struct hostfile_names *needed;
	char *why;
	size_t why_size;
};

/* Says why it is not good.  Returns false. */
static bool complain(const struct judge *judge, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool complain(const struct judge *judge, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(judge->why, judge->why_size, format, args);
	va_end(args);
	return false;
}

/* The entry of an absolute name, as an image has it. */
static const struct imagefile_entry *find(const struct judge *judge, const char *path)
{
	return imagefile_find(judge->image, path + strspn(path, "/"));
}

static bool has_end(const struct judge *judge, const char *end)
{
	size_t len = strlen(end);

	for (size_t i = 0; i < judge->image->n; i++) {
		const char *path = judge->image->entries[i].path;

		if (strlen(path) >= len && strcmp(path + strlen(path) - len, end) == 0)
			return true;
	}
	return false;
}

/* What is behind the absolute @directory in @path, as an image has it; NULL: it is elsewhere. */
static const char *name_below(const char *path, const char *directory)
{
	size_t len = strlen(directory) - 1;

	return strncmp(path, directory + 1, len) == 0 && path[len] == '/' ? path + len + 1
									  : NULL;
}

static bool is_config_name(const char *path)
{
	const char *name = name_below(path, CONFIGFILES_VENDOR_DIR);

	name = name ? name : name_below(path, CONFIGFILES_LOCAL_DIR);
	return strcmp(path, &CONFIGFILES_MAIN[1]) == 0 ||
		(name && configfiles_is_dropin(name));
}

/* dracut's hooks lie in lib/dracut/hooks, or in var/lib/dracut/hooks since 109. */
static bool is_dracut_hook(const char *path)
{
	const char *hook = strstr(path, "lib/dracut/hooks/cmdline/00");

	return hook && strstr(hook, "vfioboot");
}

/* Anything of us, in the place where it would work. */
static bool holds_us(const struct judge *judge)
{
	for (size_t i = 0; i < judge->image->n; i++)
		if (is_config_name(judge->image->entries[i].path) ||
			is_dracut_hook(judge->image->entries[i].path))
			return true;
	return find(judge, IMAGECHECK_PROGRAM) || find(judge, CONFIGFILES_PROTECT) ||
		find(judge, INIT_TOP) || find(judge, RUN_HOOK) ||
		has_end(judge, "/" UNIT);
}

/* Puts the directory of @path and the relative or absolute @target together. */
static bool resolve(const char *path, const char *target, char ret[static PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t len = slash && *target != '/' ? (size_t)(slash - path) : 0;

	if (!copy_text(ret, PATH_MAX, path, len))
		return false;
	while (*target) {
		size_t n = strcspn(target, "/");

		if (n == 2 && strncmp(target, "..", 2) == 0) {
			char *cut = strrchr(ret, '/');

			len = cut ? (size_t)(cut - ret) : 0;
			ret[len] = '\0';
		} else if (n && !(n == 1 && *target == '.')) {
			int added = snprintf(ret + len, PATH_MAX - len, "%s%.*s",
				len ? "/" : "", (int)n, target);

			if (added < 0 || (size_t)added >= PATH_MAX - len)
				return false;
			len += (size_t)added;
		}
		target += n + (target[n] == '/');
	}
	return true;
}

static bool check_file(const struct judge *judge, const struct imagecheck_file *file)
{
	const struct imagefile_entry *entry = find(judge, file->path);
	char target[PATH_MAX];

	if (!entry)
		return complain(judge, "it lacks %s", file->path);
	if (S_ISLNK(entry->mode) && entry->data && strcmp(entry->data, TREE_NULL) == 0)
		return !file->data ||
			complain(judge, "in it %s is masked, and here it is not",
				file->path);
	if (S_ISLNK(entry->mode) && entry->data &&
		resolve(entry->path, entry->data, target))
		entry = imagefile_find(judge->image, target);
	if (!file->data || !entry || !entry->data || entry->size != file->size ||
		memcmp(entry->data, file->data, file->size) != 0)
		return complain(judge, "its %s is not the one of today", file->path);
	return true;
}

static bool check_config(const struct judge *judge)
{
	const struct imagecheck *check = judge->check;

	for (size_t i = 0; i < check->n_files; i++)
		if (!check_file(judge, &check->files[i]))
			return false;
	for (size_t i = 0; i < judge->image->n; i++) {
		const char *path = judge->image->entries[i].path;
		bool wanted = !is_config_name(path);

		for (size_t j = 0; j < check->n_files && !wanted; j++)
			wanted = strcmp(check->files[j].path + 1, path) == 0;
		if (!wanted)
			return complain(
				judge, "it has /%s, which is not there any more", path);
	}
	return true;
}

/* update-initramfs lists in ORDER what is run, in this order. */
static bool check_init_top(const struct judge *judge)
{
	const struct imagefile_entry *order = imagefile_find(judge->image, ORDER);
	const char *own, *udev;

	if (!imagefile_find(judge->image, INIT_TOP) || !order || !order->data)
		return complain(judge, "nothing in it starts the early program");
	own = strstr(order->data, "/" INIT_TOP);
	udev = strstr(order->data, "/scripts/init-top/udev ");
	if (!own)
		return complain(judge, "nothing in it starts the early program");
	if (udev && udev < own)
		return complain(judge, "it starts the early program after udev");
	return true;
}

static bool is_systemd(const struct judge *judge)
{
	return imagefile_find(judge->image, "usr/lib/systemd/systemd") ||
		imagefile_find(judge->image, "lib/systemd/systemd");
}

static bool check_unit(const struct judge *judge)
{
	if (has_end(judge, "/systemd/system/" UNIT) && has_end(judge, "/" WANTS))
		return true;
	return complain(judge, "nothing in it starts the unit " UNIT);
}

static bool check_dracut(const struct judge *judge)
{
	if (is_systemd(judge))
		return check_unit(judge);
	for (size_t i = 0; i < judge->image->n; i++)
		if (is_dracut_hook(judge->image->entries[i].path))
			return true;
	return complain(judge, "nothing in it starts the early program");
}

/* The place of a word in the list of a line EARLYHOOKS="...", from 1; 0: it is not there. */
static size_t find_hook(const char *list, const char *name)
{
	size_t place = 0;

	while (*list) {
		size_t len = strcspn(list, " ");

		place += len > 0;
		if (len == strlen(name) && strncmp(list, name, len) == 0)
			return place;
		list += len + (list[len] == ' ');
	}
	return 0;
}

static bool check_mkinitcpio(const struct judge *judge)
{
	const struct imagefile_entry *config = imagefile_find(judge->image, "config");
	_cleanup_free_ char *hooks = NULL;
	size_t own, udev;

	if (is_systemd(judge))
		return check_unit(judge);
	hooks = config && config->data ? hostfile_value(config->data, "EARLYHOOKS")
				       : NULL;
	own = hooks ? find_hook(hooks, "vfioboot") : 0;
	udev = hooks ? find_hook(hooks, "udev") : 0;
	if (!own || !imagefile_find(judge->image, RUN_HOOK))
		return complain(judge, "nothing in it starts the early program");
	if (udev && udev < own)
		return complain(judge, "it starts the early program after udev");
	return true;
}

static bool check_start(const struct judge *judge)
{
	const struct initramfs_generator *maker = imagejudge_maker(judge->image);

	if (maker == &initramfs_tools)
		return check_init_top(judge);
	if (maker == &initramfs_dracut)
		return check_dracut(judge);
	if (maker == &initramfs_mkinitcpio)
		return check_mkinitcpio(judge);
	return complain(judge, "no generator that vfioboot knows has made it");
}

bool imagejudge_is_module(const char *path, size_t len, const char *name)
{
	const char *base = memrchr(path, '/', len);
	size_t n = strlen(name);

	base = base ? base + 1 : path;
	len -= (size_t)(base - path);
	if (len < n + 3 || strncmp(base + n, ".ko", 3) != 0 ||
		(len > n + 3 && base[n + 3] != '.'))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((base[i] == '-' ? '_' : base[i]) != name[i])
			return false;
	return true;
}

static bool has_module(const struct judge *judge, const char *name)
{
	char part[PATH_MAX];

	snprintf(part, sizeof(part), "lib/modules/%s/", judge->release);
	for (size_t i = 0; i < judge->image->n; i++) {
		const char *path = judge->image->entries[i].path;

		if (imagejudge_is_module(path, strlen(path), name) && strstr(path, part))
			return true;
	}
	return false;
}

static bool check_modules(const struct judge *judge)
{
	for (size_t i = 0; i < judge->needed->n; i++)
		if (!has_module(judge, judge->needed->names[i]))
			return complain(
				judge, "it lacks the module %s", judge->needed->names[i]);
	if (judge->needed->n && !has_end(judge, "bin/modprobe"))
		return complain(judge, "it lacks modprobe, which loads the modules");
	return true;
}

static bool check_protect(const struct judge *judge)
{
	const struct imagefile_entry *entry = find(judge, CONFIGFILES_PROTECT);
	_cleanup_free_ struct protect_list *list = calloc(1, sizeof(*list));
	const struct protect_list *today = judge->check->protect;
	char path[PCI_PATH_SIZE];

	if (!today)
		return true;
	if (!entry || !entry->data || !list)
		return complain(judge, "it has no protect list");
	/* The text is changed by reading it, and needed once. */
	if (protect_parse(list, entry->data) != 0)
		return complain(judge, "its protect list can't be read");
	if (today->incomplete && !list->incomplete)
		return complain(judge, "its protect list is older than that of today");
	for (unsigned i = 0; i < today->n_entries; i++) {
		if (protect_has(list, &today->entries[i]))
			continue;
		pci_path_format(&today->entries[i].path, path);
		return complain(judge,
			"its protect list lacks %s, which this host needs now", path);
	}
	return true;
}

static bool check_program(const struct judge *judge)
{
	const struct imagefile_entry *entry = find(judge, IMAGECHECK_PROGRAM);
	const struct imagecheck *check = judge->check;

	/* A tree of another machine may lack the program: nothing to compare. */
	if (!check->program ||
		(entry->data && entry->size == check->program_size &&
			memcmp(entry->data, check->program, entry->size) == 0))
		return true;
	return complain(judge, "it has another version of the early program");
}

const struct initramfs_generator *imagejudge_maker(const struct imagefile *image)
{
	static const struct initramfs_generator *const makers[] = {
		&initramfs_dracut, &initramfs_tools, &initramfs_mkinitcpio};

	for (size_t i = 0; i < ARRAY_SIZE(makers); i++)
		for (const char *const *mark = makers[i]->marks; *mark; mark++)
			if (imagefile_find_below(image, *mark))
				return makers[i];
	return NULL;
}

enum image_state imagejudge(const struct imagecheck *check, const struct imagefile *image,
	const char *release, const struct hostfile_names *needed, char *why,
	size_t why_size)
{
	struct judge judge = {check, image, release, needed, why, why_size};

	*why = '\0';
	if (check->n_files == 0) {
		if (!holds_us(&judge))
			return IMAGE_FRESH;
		complain(&judge, "it holds vfioboot, though nothing is configured");
		return IMAGE_STALE;
	}
	if (!find(&judge, IMAGECHECK_PROGRAM)) {
		complain(&judge, "the early program is not in it");
		return IMAGE_WITHOUT;
	}
	if (check_program(&judge) && check_start(&judge) && check_config(&judge) &&
		check_modules(&judge) && check_protect(&judge))
		return IMAGE_FRESH;
	return IMAGE_STALE;
}
