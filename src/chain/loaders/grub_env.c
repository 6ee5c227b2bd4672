/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks at the disk that GRUB would write to, and has GRUB's own programs write. */
#include "grub_env.h"

#include <libmount.h>
#include <sys/sysmacros.h>

#include "base/base.h"
#include "efi_entry.h"
#include "facts/facts.h"
#include "grub_cfg.h"
#include "grub_uki.h"
#include "oneshot.h"
#include "place.h"
#include "sdbootutil.h"

#define TYPE_SIZE 32
#define DEPTH_MAX 16 /* of devices upon devices */

#define NAMES(directory, tools)                                                          \
	{directory, directory "/grub.cfg", directory "/grubenv", tools},

static const struct grub_names known[] = {GRUB_CFG_DIRECTORIES(NAMES)};

/* Of Fedora's relatives, whose GRUB of UEFI had all its files beside its program (grub2.spec). */
static const struct grub_names on_esp[] = {GRUB_CFG_ESP_DIRECTORIES(NAMES)};

/* Whether it has entries, and is none of the files that only lead to the one that has. */
static bool is_menu(const struct root *root, const char *path)
{
	_cleanup_(grub_cfg_free) struct grub_cfg menu = {0};
	_cleanup_free_ char *text = NULL, *lines = NULL;

	if (file_read(root, path, &text, NULL) < 0)
		return false;
	lines = grub_cfg_split(text);
	return !lines || grub_cfg_parse(lines, &menu) < 0 || menu.n ||
		grub_cfg_runs(lines, "blscfg") || grub_cfg_runs(lines, GRUB_UKI);
}

const struct grub_names *grub_find(const struct root *root)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (file_exists(root, "%s", known[i].config))
			return &known[i];
	for (size_t i = 0; i < ARRAY_SIZE(on_esp); i++)
		if (is_menu(root, on_esp[i].config))
			return &on_esp[i];
	return NULL;
}

bool grub_read_sdbootutil(const struct root *root, char *ret_id, size_t size)
{
	_cleanup_free_ char *block = NULL;
	char path[PATH_MAX], version[64], of_file[ONESHOT_ID_SIZE] = "",
					  of_variable[ONESHOT_ID_SIZE];

	sdbootutil_find(root, "grubenv", path);
	if (*path && file_read(root, path, &block, NULL) == 0)
		grub_env_value(block, "default", of_file, sizeof(of_file));
	if (efivar_read_text(
		    root, "LoaderEntryDefault", of_variable, sizeof(of_variable)) < 0)
		of_variable[0] = '\0';
	if (efivar_read_text(root, "LoaderInfo", version, sizeof(version)) < 0 ||
		!text_begins_with(version, "GRUB 2."))
		version[0] = '\0';
	text_join(ret_id, size,
		*version && atoi(version + strlen("GRUB 2.")) > 12 ? of_variable
								   : of_file,
		NULL);
	return *version || strcmp(of_file, of_variable) == 0;
}

/* Whether the file is a menu, and not the one in @own. */
static bool is_other_menu(
	const struct root *root, const char *path, const struct stat *own)
{
	struct stat st;

	return file_stat(root, path, &st) == 0 &&
		(st.st_dev != own->st_dev || st.st_ino != own->st_ino) &&
		is_menu(root, path);
}

bool grub_searches_by_name(const char *option)
{
	static const char *const options[] = {"--fs-uuid", "-u", "--label", "-l"};

	return text_is_one_of(option, options, ARRAY_SIZE(options));
}

/* The file system that a line searches for, by its UUID or label: the first word that is no option; else "". */
static void read_search(const char *line, char *ret, size_t size)
{
	bool by_name = text_begins_with(line, "search.fs_uuid") ||
		text_begins_with(line, "search.fs_label");
	char word[NAME_MAX];

	ret[0] = '\0';
	grub_cfg_next_word(&line, word, sizeof(word));
	while (grub_cfg_next_word(&line, word, sizeof(word))) {
		by_name |= grub_searches_by_name(word);
		if (*word != '-' && !ret[0])
			text_join(ret, size, word, NULL);
	}
	if (!by_name)
		ret[0] = '\0';
}

/* What is behind the device in "prefix=($root)'/boot/grub'". */
static void read_prefix(const char *setting, char *ret, size_t size)
{
	char word[PATH_MAX] = "";
	const char *end;

	grub_cfg_next_word(&setting, word, sizeof(word));
	end = strchr(word, ')');
	text_join(ret, size, end ? end + 1 : "", NULL);
}

/* The file that a line reads by @command, into @ret; else that stays. */
static void read_operand(const char *line, const char *command, const char *prefix,
	char ret[static PATH_MAX])
{
	static const char *const names[] = {"$prefix/", "${prefix}/"};
	char word[PATH_MAX];

	if (!grub_cfg_next_word(&line, word, sizeof(word)) ||
		strcmp(word, command) != 0 ||
		!grub_cfg_next_word(&line, word, sizeof(word)))
		return;
	text_join(ret, PATH_MAX, word, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (text_begins_with(word, names[i]))
			text_join(
				ret, PATH_MAX, prefix, word + strlen(names[i]) - 1, NULL);
}

/*
 * Where the few lines lead: to a file, on a file system that is searched for, or "".  `source` is for
 * parts, too.
 */
static void read_lead(
	const char *text, char ret_uuid[static NAME_MAX], char ret[static PATH_MAX])
{
	char prefix[NAME_MAX] = "", part[PATH_MAX] = "";

	ret[0] = ret_uuid[0] = '\0';
	for (const char *line = text; *line; line = text_next_line(line)) {
		const char *start = line + strspn(line, " \t");

		if (text_begins_with(start, "search"))
			read_search(start, ret_uuid, NAME_MAX);
		else if (text_begins_with(start, "set prefix="))
			read_prefix(start + strlen("set "), prefix, sizeof(prefix));
		read_operand(start, "source", prefix, part);
		read_operand(start, "configfile", prefix, ret);
	}
	if (!*ret)
		text_join(ret, PATH_MAX, *part ? part : prefix, *part ? "" : "/grub.cfg",
			NULL);
}

/* Whether the few lines at @path lead to another menu than the one in @own. */
static bool leads_elsewhere(
	const struct root *root, const char *path, const struct stat *own)
{
	_cleanup_(places_free) struct places places = {0};
	_cleanup_free_ char *text = NULL;
	char uuid[NAME_MAX], file[PATH_MAX], found[PATH_MAX];
	struct place place;
	struct stat st;

	if (file_read(root, path, &text, NULL) < 0)
		return false;
	read_lead(text, uuid, file);
	places_read(root, &places);
	if (!place_find(&places, *uuid ? uuid : NULL, file, &place))
		return true;
	place_path(&place, file, found);
	return file_stat(root, found, &st) < 0 || st.st_dev != own->st_dev ||
		st.st_ino != own->st_ino;
}

/*
 * Whether it is the program of this boot, or one beside it, as GRUB is beside shim: both read the same.  True
 * where this boot's is not known.
 */
static bool is_of_this_boot(const struct root *root, const struct efi_entry *entry)
{
	const char *end = strrchr(entry->path, '/');
	struct efi_entry now;

	return efi_entry_current(root, &now) < 0 ||
		(strcmp(now.partition, entry->partition) == 0 && strrchr(now.path, '/') &&
			strrchr(now.path, '/') - now.path == end - entry->path &&
			strncasecmp(now.path, entry->path, (size_t)(end - entry->path)) ==
				0);
}

/* Whether what is beside the program, which it reads first, is another menu, or leads to one. */
static bool has_beside(
	const struct root *root, const struct efi_entry *entry, const struct stat *own)
{
	bool found = false, is_there = false;

	for (size_t i = 0; i < ESP_PLACES_N && !found; i++) {
		char path[PATH_MAX];

		text_join(path, sizeof(path), esp_places[i], entry->path, NULL);
		text_join(strrchr(path, '/'), 16, "/grub.cfg", NULL);
		found = is_other_menu(root, path, own) ||
			leads_elsewhere(root, path, own);
		is_there |= file_exists(root, "%s", path);
	}
	/* Without it the menu of this boot's program is ours; that of another one may be anywhere. */
	return found || (!is_there && !is_of_this_boot(root, entry));
}

/*
 * Whether GRUB's program on the ESP may have another menu: distributions have either all of grub.cfg
 * beside it, or a few lines that lead to it.  Which program that is, the firmware says; else it may be
 * any that has a menu.
 */
static bool is_on_esp(const struct root *root, const struct stat *own)
{
	char instead[BOOTLOADER_SIGN_SIZE];
	struct efi_entry first;
	bool found = false, other;

	if (!file_exists(root, "%s/%s", TREE_FIRMWARE, "efi"))
		return false;
	if (bootloader_entry(root, &first, &other, instead) == 0 &&
		strrchr(first.path, '/'))
		return has_beside(root, &first, own);
	for (size_t i = 0; i < ESP_PLACES_N && !found; i++) {
		_cleanup_(file_free_names) struct file_names names = {0};
		char path[PATH_MAX];

		text_join(path, sizeof(path), esp_places[i], "/EFI", NULL);
		if (file_list(root, path, &names) < 0)
			continue;
		for (size_t j = 0; j < names.n && !found; j++) {
			text_join(path, sizeof(path), esp_places[i], "/EFI/",
				names.names[j], "/grub.cfg", NULL);
			found = is_other_menu(root, path, own);
		}
	}
	return found;
}

bool grub_is_twice(const struct root *root)
{
	const struct grub_names *first = grub_find(root);
	struct stat own, other;

	if (!first || file_stat(root, first->config, &own) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (file_stat(root, known[i].config, &other) == 0 &&
			(own.st_dev != other.st_dev || own.st_ino != other.st_ino))
			return true;
	return is_on_esp(root, &own);
}

int grub_read_config(const struct root *root, const struct grub_names **ret_names,
	char **ret, struct bootmenu_change *change)
{
	const struct grub_names *names = grub_find(root);
	int r = names ? file_read(root, names->config, ret, NULL) : -ENOENT;

	*ret_names = names;
	if (!names)
		return bootmenu_fail(change,
			"%s is missing; 'grub-mkconfig -o %s' makes it", known[0].config,
			known[0].config);
	return r < 0 ? bootmenu_fail_errno(change, r, "cannot read %s", names->config)
		     : 0;
}

/* Of lines "name=value": "" without it. */
static bool read_variable(const char *lines, const char *name, char *ret, size_t size)
{
	size_t len = strlen(name);

	ret[0] = '\0';
	for (; *lines; lines = text_next_line(lines))
		if (strncmp(lines, name, len) == 0 && lines[len] == '=')
			return copy_text(ret, size, lines + len + 1,
				strcspn(lines + len + 1, "\n"));
	return true;
}

bool grub_env_value(const char *block, const char *name, char *ret, size_t size)
{
	static const char mark[] = "# GRUB Environment Block\n";

	ret[0] = '\0';
	return strncmp(block, mark, strlen(mark)) == 0 &&
		read_variable(block, name, ret, size);
}

bool grub_env_read(const struct root *root, const struct grub_names *names,
	const char *variable, char *ret, size_t size)
{
	_cleanup_free_ char *block = NULL, *variables = NULL;
	char editor[32];
	const char *const list[] = {editor, names->environment, "list", NULL};

	ret[0] = '\0';
	text_join(editor, sizeof(editor), names->tools, "-editenv", NULL);
	if (file_read(root, names->environment, &block, NULL) < 0)
		return false;
	/* That program would make a block that is missing: it is run where one is named. */
	if (grub_env_value(block, "env_block", ret, size) && *ret && root->live &&
		run_read(list, &variables) == 0)
		return read_variable(variables, variable, ret, size);
	return grub_env_value(block, variable, ret, size);
}

/* What keeps GRUB from writing to the block device at the sysfs directory @dir, or NULL. */
static const char *find_obstacle(const struct root *root, const char *dir, unsigned depth)
{
	_cleanup_closedir_ DIR *slaves = NULL;
	const char *obstacle = NULL, *name;
	char path[512], uuid[256];

	if (depth == DEPTH_MAX || !file_exists(root, "%s/%s", dir, "."))
		return "devices that cannot be followed";
	if (file_exists(root, "%s/%s", dir, "md"))
		return "a RAID array";
	text_join(path, sizeof(path), dir, "/dm/uuid", NULL);
	if (file_read_fixed(root, path, uuid, sizeof(uuid)) > 0 &&
		strncmp(uuid, "LVM-", 4) == 0)
		return "a logical volume (LVM)";
	if (file_exists(root, "%s/%s", dir, "partition")) {
		text_join(path, sizeof(path), dir, NULL);
		*strrchr(path, '/') = '\0';
		return find_obstacle(root, path, depth + 1);
	}
	text_join(path, sizeof(path), dir, "/slaves", NULL);
	if (file_open_directory(root, path, &slaves) < 0)
		return NULL;
	while (!obstacle && (name = file_next_name(slaves))) {
		_cleanup_free_ char *real = NULL;

		text_join(path, sizeof(path), dir, "/slaves/", name, NULL);
		obstacle = file_resolve(root, path, &real) < 0
			? "devices that cannot be followed"
			: find_obstacle(root, real, depth + 1);
	}
	return obstacle;
}

/*
 * GRUB writes over the blocks that its driver says a file was read from.  Others than these
 * have small files among their own data (f2fs), compress them, or are on several disks, and the
 * drivers name no blocks.
 */
static const char *const writable[] = {"ext2", "ext3", "ext4", "vfat", "xfs"};

/* What holds the file, wherever links lead; NULL: not known. */
static struct libmnt_fs *find_holder(
	const struct root *root, struct libmnt_table *mounts, const char *path)
{
	_cleanup_free_ char *below = NULL, *real = NULL;

	if (file_resolve(root, path, &below) < 0 || asprintf(&real, "/%s", below) < 0)
		return NULL;
	return mounts_find_holder(mounts, real);
}

/* What keeps GRUB from writing to the environment: "is on ...", maybe with words in @type; or NULL. */
static const char *find_obstacle_of(const struct root *root,
	const struct grub_names *names, char type[static TYPE_SIZE])
{
	_cleanup_(mounts_unref) struct libmnt_table *mounts = NULL;
	_cleanup_free_ char *real = NULL;
	struct libmnt_fs *fs = NULL;
	char link[64];
	dev_t number;

	if (mounts_read(root, &mounts) == 0)
		fs = find_holder(root, mounts, names->directory);
	if (!fs)
		return "an unknown file system";
	/* Its drivers look for what a link names on the same file system. */
	if (file_exists(root, "%s", names->environment) &&
		find_holder(root, mounts, names->environment) != fs)
		return "another file system, by a link";
	text_join(type, TYPE_SIZE, mnt_fs_get_fstype(fs), NULL);
	if (!text_is_one_of(type, writable, ARRAY_SIZE(writable)))
		return type;
	number = mnt_fs_get_devno(fs);
	snprintf(link, sizeof(link), TREE_BLOCK_BY_NO "/%u:%u", major(number),
		minor(number));
	if (file_resolve(root, link, &real) < 0)
		return "an unknown device";
	return find_obstacle(root, real, 0);
}

int grub_env_check_once(const struct root *root, const struct grub_names *names,
	const char *config, struct bootmenu_change *change)
{
	const char *obstacle;
	char block[64], type[TYPE_SIZE];

	if (!grub_cfg_has(config, "save_env next_entry"))
		return bootmenu_refuse(change,
			"%s/grub.cfg does not take an entry once (00_header); have it made "
			"by grub-mkconfig with all of its parts",
			names->directory);
	obstacle = find_obstacle_of(root, names, type);
	if (!obstacle)
		return 0;
	if (grub_env_read(root, names, "env_block", block, sizeof(block)) && block[0])
		return 0;
	return bootmenu_refuse(change,
		"%s is on %s, which GRUB cannot write to: it could not forget the choice, "
		"and a trial that fails would be started again and again",
		names->environment, obstacle);
}

void grub_env_armed(const struct root *root, char *ret_id, size_t size)
{
	const struct grub_names *names = grub_find(root);

	*ret_id = '\0';
	if (names)
		grub_env_read(root, names, "next_entry", ret_id, size);
}

int grub_env_arm(const struct root *root, const char *id, struct message *message)
{
	const struct grub_names *names = grub_find(root);
	char program[32], setting[ONESHOT_ID_SIZE + 16], chosen[ONESHOT_ID_SIZE];
	int r;

	if (!names)
		return message_set(message, -ENOENT, "grub.cfg is missing");
	/* What grub-reboot runs: that one finds no block beside GRUB's program on the ESP. */
	text_join(program, sizeof(program), names->tools, "-editenv", NULL);
	text_join(setting, sizeof(setting), "next_entry=", id, NULL);
	r = oneshot_run(root,
		(const char *const[]){program, names->environment, "set", setting, NULL},
		message);
	grub_env_armed(root, chosen, sizeof(chosen));
	if (r < 0 || strcmp(chosen, id) == 0)
		return r;
	return message_set(message, -EIO, "%s did not set next_entry in %s", program,
		names->environment);
}

int grub_env_disarm(const struct root *root, struct message *message)
{
	const struct grub_names *names = grub_find(root);
	char program[32];

	if (!names)
		return 0;
	text_join(program, sizeof(program), names->tools, "-editenv", NULL);
	return oneshot_run(root,
		(const char *const[]){
			program, names->environment, "unset", "next_entry", NULL},
		message);
}
